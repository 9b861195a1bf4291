"""Equations as LaTeX: the author's order, as few brackets as can be, and each kind in its form."""

from __future__ import annotations

import pytest
from language_clinic import clinic
from language_helpers import lever, model_from, parameter, table
from language_models import workforce_chain

from healthreform.stockflow.latex import equation_latex, model_latex


def latex_of(body: str) -> str:
    text = f'''
    s = Subscript("s", ["up", "down"])

    @auxiliary("dimensionless")
    def x(a, b, c, d, curve):
        """Anything."""
        return {body} + 0 * (a + b + c + total(d, s) + curve(a))
    '''
    model = model_from(
        text,
        *(parameter(name, 1) for name in "ab"),
        parameter("d", 1, over="s"),
        lever("c", [[2010, 1]]),
        table("curve", [[0, 0], [1, 1]]),
    )
    whole = equation_latex(model, "x")
    for name in "abcdx":
        whole = whole.replace(rf"\mathrm{{{name}}}", name)
    return whole.removeprefix("x = ").partition(r" + 0 \,")[0].replace(r"\mathrm{curve}", "curve")


@pytest.mark.parametrize(
    ("body", "latex"),
    [
        ("b + a", "b + a"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("a - b - c", "a - b - c"),
        ("a - (b + c)", r"a - \left(b + c\right)"),
        ("a + (b - c)", "a + b - c"),
        ("a * (b + c)", r"a \, \left(b + c\right)"),
        ("a * b / c", r"\frac{a \, b}{c}"),
        ("a * (b / c)", r"a \, \frac{b}{c}"),
        ("(a / b) ** 2", r"{\left(\frac{a}{b}\right)}^{2}"),
        ("(a + b) ** 2", r"{\left(a + b\right)}^{2}"),
        ("-a * b", r"\left(-a\right) \, b"),
        ("-(a + b)", r"-\left(a + b\right)"),
        ("a * -1", r"a \, \left(-1\right)"),
        ("sqrt(a) + exp(b) + log(c)", r"\sqrt{a} + \exp\left(b\right) + \ln\left(c\right)"),
        ("minimum(a, b) * normal_cdf(c)", r"\min\left(a, b\right) \, \Phi\left(c\right)"),
        ("smooth_minimum(a, b, 2)", r"\min_{2}\left(a, b\right)"),
        ("curve(a / b)", r"curve\!\left(\frac{a}{b}\right)"),
        ('d["up"]', r"d_{\mathrm{up}}"),
        ("total(d * a, s)", r"\sum_{\mathit{s}} d_{\mathit{s}} \, a"),
        ("total(d + a, s)", r"\sum_{\mathit{s}} \left(d_{\mathit{s}} + a\right)"),
        ("a * total(d, s)", r"a \, \left(\sum_{\mathit{s}} d_{\mathit{s}}\right)"),
        ("total(previous(d, s), s)", r"\sum_{\mathit{s}} d_{\mathit{s}-1}"),
        ("where(a > b, a, b)", r"\begin{cases} a & \text{if } a > b \\ b & \text{otherwise} \end{cases}"),
        (
            "where(((a > b) | (b <= c)) & (a < c), a, 0)",
            r"\begin{cases} a & \text{if } \left(a > b \lor b \le c\right) \land a < c "
            r"\\ 0 & \text{otherwise} \end{cases}",
        ),
    ],
)
def test_an_expression_reads_as_it_was_written(body, latex):
    assert latex_of(body) == latex


def test_by_is_written_as_cases_over_its_subscript():
    text = '''
    s = Subscript("s", ["up", "down"])

    @auxiliary("year", over=s)
    def x(a):
        """X."""
        return by(s, up=a, down=0)
    '''
    assert equation_latex(model_from(text, parameter("a", 1, "year")), "x") == (
        r"\mathrm{x}_{\mathit{s}} = \begin{cases}\mathrm{a} & \mathit{s} = \mathrm{up} \\ "
        r"0 & \mathit{s} = \mathrm{down}\end{cases}"
    )


def test_each_kind_has_its_form():
    model = clinic()
    equations = model_latex(model)
    assert set(equations) == {name for name, v in model.variables.items() if v.generated_by is None}
    assert equations["graduation"] == (
        r"\mathrm{graduation} = \operatorname{delay}_{3}\!\left(\mathrm{enrolment} \, "
        r"\left(1 - \mathrm{dropout\ share}\right);\ \mathrm{training\ time}\right)"
    )
    chain = equation_latex(workforce_chain(), "graduation")
    assert chain.endswith(r";\ \mathrm{training\ time};\ \mathrm{dropout\ rate}\right)")
    assert r"\operatorname{smooth}_{1}" in equations["pay_seen"]
    assert equations["pay_at_start"].endswith(r"\big|_{t_0}")
    doctors = equations["doctors"]
    assert doctors.startswith(r"\frac{d}{dt}\,\mathrm{doctors}_{\mathit{tier}} = ")
    assert r"\mathrm{drawn\ up}\,[\mathit{tier} = \mathrm{tertiary}]" in doctors
    assert r" - \mathrm{drawn\ up}\,[\mathit{tier} = \mathrm{primary}]" in doctors
    assert doctors.endswith(r"\mathrm{doctors}_{\mathit{tier}}(t_0) = \mathrm{doctors\ at\ start}_{\mathit{tier}}")
    assert r"\sum_{\mathit{tier}} \mathrm{claims\ paid}_{\mathit{tier}}" in equations["fund_reserve"]
    assert r"\sum_{\mathit{care}} \mathrm{claims\ due}_{\mathit{tier},\mathit{care}}" in equations["claims_owed"]


def test_brackets_and_braces_are_balanced_in_every_equation():
    for text in model_latex(clinic()).values():
        assert text.count("{") == text.count("}")
        assert text.count(r"\left(") == text.count(r"\right)")
        assert "_" not in text.replace("_{", "").replace("t_0", "")
