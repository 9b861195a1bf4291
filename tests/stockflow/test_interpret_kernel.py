"""The interpreter and the compiled kernel: two ways from the same text to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from language_helpers import lever, model_from, parameter, table
from language_models import TEXTBOOK

from healthreform.stockflow import Interpreter
from healthreform.stockflow.compile import compile_model
from healthreform.stockflow.evaluate import evaluate
from healthreform.stockflow.inputs import make_inputs
from healthreform.stockflow.paths import Path


def inputs_of(model):
    paths = {name: Path.from_points(points) for name, points in model.path_points().items()}
    return make_inputs(model.flat, {**model.parameter_values(), **paths})


@pytest.mark.parametrize("name", TEXTBOOK)
def test_the_kernel_gives_the_interpreters_numbers(name):
    model = TEXTBOOK[name]()
    reference = Interpreter(model).run(2010, 2015, 1 / 32).values
    raw = compile_model(model.flat).run(inputs_of(model), 2010, 2015, 1 / 32)
    raw.raise_if_failed()
    for flat, numbers in reference.items():
        scale = max(1.0, np.abs(numbers).max())
        assert np.abs(np.asarray(raw[flat]).ravel() - numbers).max() <= 1e-11 * scale, flat


def test_both_take_references_and_stocks_from_before_a_jump_at_the_very_start():
    text = '''
    @stock("dimensionless")
    def level(push):
        """Starts where the push was."""
        return push

    @reference("dimensionless")
    def push_at_start(push):
        """The push as it was."""
        return push

    @flow("1/year", into="level")
    def rise(push, push_at_start, one_year):
        """Follows the push against what it was."""
        return push / push_at_start / one_year
    '''
    model = model_from(text, lever("push", [[2010, 2], [2010, 6], [2011, 8]]), parameter("one_year", 1, "year"))
    reference = Interpreter(model).run(2010, 2010, 1 / 4).values
    raw = compile_model(model.flat).run(inputs_of(model), 2010, 2010, 1 / 4)
    for found in (reference, {name: raw[name][0] for name in reference}):
        assert found["push_at_start"] == pytest.approx([2.0], rel=1e-15)
        assert found["level"] == pytest.approx([2.0 + 7.0 / 2.0], rel=1e-14)


ATOMS = st.sampled_from(
    ["a", "b", "c", "(a + 0)", "(b * 1)", "(2 - a)", "(b ** 2)", "curve(0.5)", 'd["up"]', "(-1 * c)", "total(d, s)"]
)


def _grow(inner):
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda x: f"-{x}"),
        inner.map(lambda x: f"curve({x})"),
        st.tuples(st.sampled_from(["exp", "log", "sqrt", "normal_cdf"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(["minimum", "maximum"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"smooth_minimum({t[0]}, {t[1]}, c)"),
        st.tuples(inner, st.sampled_from(["<", "<=", ">", ">="]), inner, inner, inner).map(
            lambda t: f"where(({t[0]} {t[1]} {t[2]}) | ({t[2]} < {t[3]}) & (a > b), {t[3]}, {t[4]})"
        ),
        st.tuples(inner, inner).map(lambda t: f"total(by(s, up={t[0]} + a, down={t[1]}), s)"),
    )


@settings(max_examples=60)
@given(
    body=st.recursive(ATOMS, _grow, max_leaves=12),
    a=st.floats(-5, 5),
    b=st.floats(0.1, 5),
    c=st.floats(0.5, 8),
)
def test_any_equation_means_the_same_as_function_and_as_flat_expression(body, a, b, c):
    """The authors' function runs on named arrays; the flat expression comes from its text."""
    text = f'''
    s = Subscript("s", ["up", "down"])

    @auxiliary("dimensionless")
    def x(a, b, c, d, curve):
        """Any equation, and all of its arguments."""
        return {body} + 0 * (a + b + c + total(d, s) + curve(a))
    '''
    model = model_from(
        text,
        parameter("a", a),
        parameter("b", b),
        parameter("d", {"up": 2.5, "down": -0.5}, over="s"),
        lever("c", [[2010, c]]),
        table("curve", [[-1, 2], [0, 0.5], [2, -1]]),
    )
    interpreter = Interpreter(model)
    expected = float(interpreter.values(2010.0, interpreter.begin(2010.0))["x"].values)
    known = {**model.parameter_values(), "c": c}
    found = float(evaluate(dict(model.flat.equations)["x"], known, model.flat.tables))
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)
