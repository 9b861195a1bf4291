"""Reading equations: what counts, what does not, and where the text comes from."""

from __future__ import annotations

import importlib
import linecache
import sys
from types import ModuleType

import pytest
from language_helpers import UNITS, model_from, module_from, parameter, records_from

import healthreform.stockflow
from healthreform.stockflow import Interpreter, ModelError, Records, build, compile_model, make_inputs, syntax
from healthreform.stockflow.expression import Name, Number
from healthreform.stockflow.namespace import XARRAY_ATTRIBUTES
from healthreform.stockflow.syntax import read_modules
from healthreform.stockflow.written import Call, Pick, Total

HALF = Call("divide", (Number(1.0), Number(2.0)))

SIMPLE = '''
@auxiliary("dimensionless", outcome=True, observed="yearbook", source="a book")
def half(whole):
    """Half of
    the whole."""
    return whole * (1 / 2)
'''


def expression_of(body: str, *arguments: str, head: str = "") -> object:
    module = module_from(
        f'{head}\n@auxiliary("dimensionless")\ndef x({", ".join(arguments)}):\n    """X."""\n    {body}\n'
    )
    return read_modules((module,))[0].expression


def test_an_equation_keeps_all_that_its_author_wrote():
    model = model_from(SIMPLE, parameter("whole", 3), name="package.halves")
    half = model.variables["half"]
    assert (half.kind, half.role, half.unit, half.over) == ("auxiliary", "auxiliary", "dimensionless", ())
    assert (half.sector, half.docstring, half.source) == ("halves", "Half of the whole.", "a book")
    assert (half.outcome, half.observed, half.arguments) == (True, "yearbook", ("whole",))
    assert (half.line, half.place) == (4, "package.halves.py:4 half")
    assert half.function(3) == 1.5


def test_the_authors_order_and_brackets_are_kept():
    found = expression_of("return a - (b - c) / 2", "a", "b", "c")
    inner = Call("subtract", (Name("b"), Name("c")))
    assert found == Call("subtract", (Name("a"), Call("divide", (inner, Number(2.0)))))


def test_brackets_pick_several_elements_and_total_takes_several_subscripts():
    head = 's = Subscript("s", ["a1", "a2"]); t = Subscript("t", ["b1", "b2"])'
    picked = expression_of('return x1["a1", "b2"] + total(x1, s, t)', "x1", head=head)
    assert isinstance(picked, Call)
    assert picked.arguments[0] == Pick(Pick(Name("x1"), "a1"), "b2")
    assert isinstance(picked.arguments[1], Total)
    assert [s.name for s in picked.arguments[1].subscripts] == ["s", "t"]


@pytest.mark.parametrize("literal", ["0", "1", "2", "0.5", "1.0", "2.0"])
def test_the_four_numbers_may_stand_in_an_equation(literal):
    assert expression_of(f"return a * {literal}", "a") == Call("multiply", (Name("a"), Number(float(literal))))


@pytest.mark.parametrize("literal", ["3", "0.1", "1e3", "True", "1j", "None", "...", "'x'", "-4", "10"])
def test_no_other_number_may(literal):
    with pytest.raises(ModelError, match=r"sector\.py:6 x: "):
        expression_of(f"return a * {literal}", "a")


@pytest.mark.parametrize(
    "body", ["2 * 2", "a ** (2 - 1)", "a * exp(1)", "minimum(0, 1) + a", "0 / 0 * a", "-(1 + 1) * a"]
)
def test_no_number_is_made_of_numbers(body):
    with pytest.raises(ModelError, match="is made of numbers alone"):
        expression_of(f"return {body} + a", "a")


def test_a_half_may_be_written_as_one_over_two_and_a_number_may_be_negative():
    assert expression_of("return a ** (1 / 2)", "a") == Call("power", (Name("a"), HALF))
    assert expression_of("return a ** -1 + -0 * a", "a") == Call(
        "add", (Call("power", (Name("a"), Number(-1.0))), Call("multiply", (Number(0.0), Name("a"))))
    )


@pytest.mark.parametrize(
    "body",
    [
        "return a // 2",
        "return a % 2",
        "return not a",
        "return [a]",
        "return (a, a)",
        "return {a: a}",
        "return a if a else a",
        "return (lambda: a)()",
        "return a and a",
        "return f'{a}'",
        "return [b for b in a]",
        "return (b := a)",
        "return a.b",
        "return a[0]",
        "return a[a]",
        "return minimum(*a)",
        "return +a",
        "return where(a, a, a)",
        "return where(1 > 0, a, a)",
        "return where(0 < a < 1, a, a)",
        "return abs(a)",
        "return __import__('os')",
        "pass",
        "return",
        "yield a",
    ],
)
def test_what_is_not_in_the_language_is_refused_in_one_line(body):
    with pytest.raises(ModelError, match=r"sector\.py:\d+ x: [^\n]+\Z"):
        expression_of(body, "a")


@pytest.mark.parametrize("signature", ["a=1", "*a", "**a", "*, a", "a, /"])
def test_arguments_are_plain_names(signature):
    with pytest.raises(ModelError, match="its arguments are plain names"):
        module = module_from(f'@auxiliary("year")\ndef x({signature}):\n    """X."""\n    return a\n')
        read_modules((module,))


def test_a_file_is_read_once_for_all_of_its_equations(monkeypatch):
    module = module_from(SIMPLE + SIMPLE.replace("half", "other_half"))
    read, original = [], linecache.getlines
    monkeypatch.setattr(linecache, "getlines", lambda name, *rest: read.append(name) or original(name, *rest))
    build(module, records_from(parameter("whole", 3)))
    assert len(read) == 1


def test_equations_of_a_notebook_come_from_several_cells():
    notebook = ModuleType("__main__")
    for number, (name, of) in enumerate([("a", "p"), ("b", "a"), ("b", "p")]):
        text = f'@auxiliary("year")\ndef {name}({of}):\n    """It."""\n    return 2 * {of}\n'
        cell = f"<cell {number}>"
        linecache.cache[cell] = (len(text), None, text.splitlines(keepends=True), cell)
        vars(notebook).setdefault("auxiliary", healthreform.stockflow.auxiliary)
        exec(compile(text, cell, "exec"), vars(notebook))
    model = build(notebook, records_from(parameter("p", 1, "year")))
    assert model.variables["b"].arguments == ("p",), "the cell run last counts"
    assert model.variables["a"].line == 2


def test_equations_imported_from_another_module_belong_to_that_module():
    other = module_from(SIMPLE, "other")
    text = '@auxiliary("dimensionless")\ndef twice(half):\n    """Twice."""\n    return 2 * half\n'
    module = module_from(text, "taker")
    module.__dict__["half"] = other.__dict__["half"]
    model = build([module, other], records_from(parameter("whole", 3)))
    assert {name: v.sector for name, v in model.variables.items()} == {"twice": "taker", "half": "other"}
    with pytest.raises(ModelError, match="unknown argument 'half'"):
        build(module, Records(units=UNITS))


def test_an_equation_that_is_hidden_in_a_block_is_not_passed_over():
    text = 'if True:\n    @auxiliary("year")\n    def x(p):\n        """X."""\n        return p * 2\n'
    with pytest.raises(ModelError, match=r"sector\.py:3 x: .*write each equation at the outermost level"):
        build(module_from(text), records_from(parameter("p", 1, "year")))


def test_a_second_name_for_an_equation_is_no_second_equation():
    model = model_from(SIMPLE + "\nalso_half = half\n", parameter("whole", 3))
    assert list(model.variables) == ["half"]


def test_an_empty_module_holds_no_equations(tmp_path):
    file = tmp_path / "empty.py"
    file.write_text("")
    module = ModuleType("empty")
    module.__file__ = str(file)
    assert build(module).variables == {}


def test_a_file_changed_after_its_import_is_noticed_and_reloading_heals_it(tmp_path, monkeypatch):
    file = tmp_path / "changing_sector.py"
    text = "from healthreform.stockflow import *\n" + SIMPLE
    file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = importlib.import_module("changing_sector")
    records = records_from(parameter("whole", 3))
    assert build(module, records).variables["half"].function(4) == 2
    file.write_text(text.replace("whole * (1 / 2)", "2 * whole"))
    with pytest.raises(
        ModelError, match=r"changing_sector\.py:3 half: its text is not what was imported: import the file again"
    ):
        build(module, records)
    file.write_text(text + SIMPLE.replace("half", "other_half"))
    with pytest.raises(ModelError, match=r"changing_sector\.py:10 other_half: its text is not what was imported"):
        build(module, records)
    file.write_text(text.replace("whole * (1 / 2)", "2 * whole"))
    importlib.reload(module)
    assert build(module, records).variables["half"].function(4) == 8
    del sys.modules["changing_sector"]


def test_a_file_that_no_longer_parses_or_is_gone_is_named(tmp_path):
    module = module_from(SIMPLE)
    file = module.__file__
    linecache.cache[file] = (0, None, ["def half(:\n"], file)
    with pytest.raises(ModelError, match=r"sector\.py:1: "):
        build(module)
    module.__file__ = str(tmp_path / "gone.py")
    with pytest.raises(ModelError, match=r"gone\.py: its text cannot be read"):
        build(module)


def test_two_modules_cannot_define_one_name():
    with pytest.raises(
        ModelError, match=r"second\.py:4 half: the name 'half' is given twice, also by first\.py:4 half"
    ):
        build([module_from(SIMPLE, "first"), module_from(SIMPLE, "second")], records_from(parameter("whole", 3)))


def test_the_reserved_names_are_those_of_the_installed_xarray():
    import xarray

    public = {name for kind in (xarray.Dataset, xarray.DataArray) for name in dir(kind) if not name.startswith("_")}
    assert public <= XARRAY_ATTRIBUTES


def test_the_public_names_are_there_and_importing_them_brings_nothing_heavy():
    import subprocess

    listed = healthreform.stockflow.__all__
    assert len(set(listed)) == len(listed)
    for name in listed:
        assert getattr(healthreform.stockflow, name) is not None
    assert set(listed) == set(dir(healthreform.stockflow))
    code = (
        "import sys, healthreform.stockflow; print(*sorted({'numpy', 'pint', 'sympy', 'llvmlite'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == ""
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = healthreform.stockflow.nonsense


def test_by_puts_a_quantity_together_element_by_element():
    text = '''
    s = Subscript("s", ["a1", "a2", "a3"])

    @auxiliary("dimensionless", over=s)
    def made(p, q):
        """Put together; a branch over the subscript gives its own element."""
        return by(s, a3=q, a1=p, a2=0)
    '''
    model = model_from(text, parameter("p", 5), parameter("q", {"a1": 1, "a2": 2, "a3": 3}, over="s"))
    assert [expression for _, expression in model.flat.equations] == [Name("p"), Number(0.0), Name("q[a3]")]
    values = healthreform.stockflow.Interpreter(model)
    assert values.values(2010.0, values.begin(2010.0))["made"].values.tolist() == [5, 0, 3]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("by(s, a1=p)", r"by\(s, \.\.\.\) has no branch for 'a2'"),
        ("by(s, a1=p, a2=p, a22=p)", "'a22' is no element of s; nearest valid name"),
        ("by(s, a1=1, a2=0) * p", "by\\(\\) of numbers alone"),
        ("by(p, a1=p, a2=p)", "'p' in by\\(\\) is not a Subscript"),
        ("by(s, p, a1=p, a2=p)", "takes one subscript"),
        ("by(s, a1=p, a2=p)  # noqa\n\nby = minimum", "'by' is not the function of stockflow"),
        ("total(by(s, a1=p, a2=p))", "needs a subscript"),
        ("by(s, a1=p, a2=p)", r"'by\(s, \.\.\.\)' is over s, this equation is not"),
    ],
)
def test_by_must_name_each_element_once(call, message):
    head = 's = Subscript("s", ["a1", "a2"])\n'
    with pytest.raises(ModelError, match=message):
        model_from(f'{head}@auxiliary("year")\ndef x(p):\n    """X."""\n    return {call}\n', parameter("p", 1, "year"))


def test_previous_shifts_along_a_subscript_and_begins_with_nothing():
    text = '''
    age = Subscript("age", ["child", "adult", "old"])

    @stock("person", over=age)
    def people(p):
        """People."""
        return p

    @flow("person/year", over=age, out_of="people")
    def leaving(people, rate):
        """Leaving an age."""
        return people * rate

    @flow("person/year", over=age, into="people")
    def arriving(leaving):
        """Arriving from the age before."""
        return previous(leaving, age)
    '''
    model = model_from(
        text,
        parameter("p", {"child": 3, "adult": 5, "old": 2}, "person", over="age"),
        parameter("rate", 0.1, "1/year"),
    )
    equations = dict(model.flat.equations)
    assert [equations[f"arriving[{a}]"] for a in ("child", "adult", "old")] == [
        Number(0.0),
        Name("leaving[child]"),
        Name("leaving[adult]"),
    ]


def test_a_decorator_above_a_class_is_one_line():
    with pytest.raises(ModelError, match=r"^Tank: @auxiliary stands above a plain function, and this is none$"):
        module_from('@auxiliary("year")\nclass Tank:\n    """A tank."""\n')


@pytest.mark.parametrize("given", ["tank", ["tank"], [None]])
def test_what_is_no_module_is_refused_in_one_line(given):
    with pytest.raises(ModelError, match=r"is no module: import the file of equations"):
        build(given)


@pytest.mark.parametrize(
    "body", ["-" * 2000 + "a", "(" * 60 + "a" + " + 1)" * 60 + " + a" * 60, "log(" * 101 + "a" + ")" * 101]
)
def test_an_equation_that_nests_too_deeply_is_one_line(body):
    with pytest.raises(ModelError, match=r"sector\.py:\d+ x: operations stand inside each other more than 100"):
        model_from(f'@auxiliary("1")\ndef x(a):\n    """X."""\n    return {body}\n', parameter("a", 1.0))


def test_an_equation_as_deep_as_it_may_be_builds_and_runs():
    body = "minimum(a, " * 98 + "a" + ")" * 98
    model = model_from(f'@auxiliary("1")\ndef x(a):\n    """X."""\n    return {body}\n', parameter("a", 3.0))
    assert Interpreter(model).run(2010, 2010).values["x"] == [3.0]
    assert compile_model(model.flat).run(make_inputs(model.flat, {"a": 3.0}), 2010, 2010, 1)["x"][0, 0] == 3.0


def test_a_file_too_deep_for_python_is_named():
    with pytest.raises(ModelError, match=r"^deep\.py: operations stand inside each other more than 100 deep"):
        syntax._parse("deep.py", "x = " + "-" * 100_000 + "1")
