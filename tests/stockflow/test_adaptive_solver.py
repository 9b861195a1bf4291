"""The adaptive solver and the Python that it calls: right where the answer is known, and equal to the kernel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from engine_models import apply, model, table_lookup

from healthreform.stockflow.adaptive import AdaptiveSolver
from healthreform.stockflow.compile import compile_model
from healthreform.stockflow.errors import RunError
from healthreform.stockflow.evaluate import evaluate
from healthreform.stockflow.flat import Table
from healthreform.stockflow.inputs import make_inputs
from healthreform.stockflow.layout import Options, plan
from healthreform.stockflow.paths import Path
from healthreform.stockflow.plain_python import python_function


def filling(equation="inflow"):
    return model(
        {"level": "level_at_start"},
        {"flow": equation},
        {"level": ((1, "flow"),)},
        parameters=("level_at_start",),
        paths=("inflow",),
    )


def test_what_grows_by_its_own_size_grows_exponentially():
    flat = filling(apply("multiply", "inflow", "level"))
    found = AdaptiveSolver(flat, 1e-9).run({"level_at_start": 2.0, "inflow": 0.3}, 2010, 2014)
    assert found.shape == (5, 1)
    assert found[:, 0] == pytest.approx([2.0 * math.exp(0.3 * year) for year in range(1, 6)], rel=1e-8)


@pytest.mark.parametrize("date", [2011.0, 2011.3, 2012.625])
def test_a_jump_is_met_on_its_date_in_the_last_year_too(date):
    inflow = Path.from_points([[2010, 1.0], [date, 1.0], [date, 101.0]])
    found = AdaptiveSolver(filling()).run({"level_at_start": 0.0, "inflow": inflow}, 2010, 2012)
    assert found[-1, 0] == pytest.approx(3.0 + 100.0 * (2013 - date), rel=1e-12)


def test_a_solver_that_gets_no_further_is_one_line():
    flat = filling(apply("multiply", "level", apply("multiply", "level", "inflow")))
    with pytest.raises(RunError, match=r"the adaptive solver stops at 2011: ") as error:
        AdaptiveSolver(flat).run({"level_at_start": 1.0, "inflow": 1.0}, 2010, 2014)
    assert "\n" not in str(error.value)


STEPS = Table((0.0, 1.0, 3.0), (2.0, 4.0, 3.0))
ODD = {
    "side not taken": apply(
        "where", apply("less", "x", 0), apply("log", "x"), apply("exp", apply("multiply", "x", 900))
    ),
    "root": apply("where", apply("and", apply("less", 0, "x"), apply("less_equal", "x", 9)), apply("sqrt", "x"), 1),
    "power": apply("where", apply("or", apply("less", "x", 0), apply("greater", "x", 9)), 7, apply("power", "x", 1.7)),
    "quotient": apply("where", apply("greater_equal", "x", 1), apply("divide", "x", apply("subtract", "x", 2)), 0),
    "least": apply("smooth_minimum", apply("maximum", "x", 0), 2, 4),
    "least of all": apply("minimum", "x", apply("normal_cdf", "x")),
    "table": table_lookup("steps", "x"),
    "straight": apply("negate", apply("add", apply("multiply", "x", 3), 1)),
}


@pytest.mark.parametrize("x", [-2.0, 0.0, 0.5, 2.0, 3.5, 40.0])
def test_printed_python_gives_the_values_of_the_expressions(x):
    """Also where one side of a choice is no number, or beyond all numbers: that side is computed and not taken."""
    flat = model({"level": 0}, ODD, {}, parameters=("x",), tables={"steps": STEPS})
    function = python_function(plan(flat, Options(tuple(ODD), "rk4", False, 1)), start=False)
    _, found = function([0.0], [x], [], [])
    for name, value in zip(ODD, found, strict=True):
        expected = float(evaluate(ODD[name], {"x": np.float64(x)}, {"steps": STEPS}))
        assert value == pytest.approx(expected, rel=1e-12, nan_ok=True), name


def test_it_agrees_with_the_kernel_and_shows_how_much_a_longer_step_errs():
    flat = filling(apply("multiply", apply("log", "level"), apply("negate", "level")))
    values = {"level_at_start": 40.0, "inflow": 1.0}
    true = AdaptiveSolver(flat, 1e-10).run(values, 2010, 2014)[:, 0]
    compiled = compile_model(flat, ("level",))
    errors = [
        np.abs(compiled.run(make_inputs(flat, values), 2010, 2014, step)["level"][0] - true).max()
        for step in (0.25, 1 / 32)
    ]
    assert errors[1] < 1e-5 < 1e-2 < errors[0]
