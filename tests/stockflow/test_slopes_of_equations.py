"""Exact slopes of flat expressions: against finite differences, and one-sided where there is a kink."""

from __future__ import annotations

import numpy as np
import pytest
from language_clinic import clinic
from language_models import epidemic, workforce_chain

from healthreform.stockflow import ModelError
from healthreform.stockflow.evaluate import evaluate
from healthreform.stockflow.expression import Apply, Lookup, Name, Number, names_in
from healthreform.stockflow.flat import Table
from healthreform.stockflow.interpret import Interpreter
from healthreform.stockflow.slopes import slope

X, Y, THREE = Name("x"), Name("y"), Number(3.0)
TABLES = {"steps": Table((0.0, 1.0, 3.0), (2.0, 5.0, 4.0))}
SMOOTH = {
    "sum and difference": Apply("subtract", (Apply("add", (X, Y)), Apply("multiply", (X, X)))),
    "quotient": Apply("divide", (X, Apply("add", (Y, X)))),
    "power of both": Apply("power", (X, Y)),
    "power of a number": Apply("power", (X, THREE)),
    "negative": Apply("negate", (Apply("exp", (X,)),)),
    "logarithm and root": Apply("multiply", (Apply("log", (X,)), Apply("sqrt", (Y,)))),
    "normal": Apply("normal_cdf", (Apply("subtract", (X, Y)),)),
    "smooth minimum": Apply("smooth_minimum", (X, Y, THREE)),
    "choice": Apply("where", (Apply("less", (X, Y)), Apply("multiply", (X, Y)), X)),
    "both conditions": Apply("where", (Apply("and", (Apply("less", (X, Y)), Apply("greater", (Y, X)))), Y, X)),
    "smaller and larger": Apply("add", (Apply("minimum", (X, Y)), Apply("maximum", (X, THREE)))),
    "table": Lookup("steps", X),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("by", ["x", "y"])
def test_slopes_are_those_of_finite_differences(name, by):
    at = {"x": np.array([0.4, 1.7, 2.9]), "y": np.array([1.2, 0.8, 1.1])}
    up, down = ({**at, by: at[by] + change} for change in (1e-6, -1e-6))
    expected = (evaluate(SMOOTH[name], up, TABLES) - evaluate(SMOOTH[name], down, TABLES)) / 2e-6
    found = np.broadcast_to(slope(SMOOTH[name], at, {by: 1.0}, TABLES), (3,))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


KINKS = {
    "maximum": (Apply("maximum", (X, Number(0.0))), 0.0, 1.0, 0.0),
    "minimum": (Apply("minimum", (X, Number(0.0))), 0.0, 0.0, -1.0),
    "table in the middle": (Lookup("steps", X), 1.0, -0.5, -3.0),
    "table at its end": (Lookup("steps", X), 3.0, 0.0, 0.5),
    "choice": (Apply("where", (Apply("greater", (X, Number(2.0))), Apply("multiply", (X, X)), X)), 2.0, 4.0, -1.0),
    "choice with equality": (Apply("where", (Apply("greater_equal", (X, X)), X, Number(1.0))), 2.0, 1.0, -1.0),
}


@pytest.mark.parametrize("name", KINKS)
def test_at_a_kink_each_side_has_its_own_slope(name):
    expression, at, right, left = KINKS[name]
    assert float(slope(expression, {"x": at}, {"x": 1.0}, TABLES)) == right
    assert float(slope(expression, {"x": at}, {"x": -1.0}, TABLES)) == left


def test_what_does_not_change_has_no_slope():
    assert slope(Apply("multiply", (X, Y)), {"x": 1.0, "y": 2.0}, {"z": 1.0}, TABLES) == 0.0
    assert float(slope(Apply("multiply", (X, Y)), {"x": 1.0, "y": 2.0}, {"x": 0.5, "y": 1.0}, TABLES)) == 2.0


def test_a_sharpness_that_changes_is_refused():
    with pytest.raises(ModelError, match="sharpness"):
        slope(Apply("smooth_minimum", (THREE, THREE, X)), {"x": 2.0}, {"x": 1.0}, TABLES)


@pytest.mark.parametrize("build", [clinic, epidemic, workforce_chain])
def test_every_equation_of_a_model_has_the_slopes_of_finite_differences(build):
    model = build()
    interpreter = Interpreter(model)
    stocks = interpreter.begin(2010.0)
    known = {
        flat: value
        for name, array in interpreter.known(2010.3, stocks).items()
        if hasattr(array, "to_flat")
        for flat, value in array.to_flat(name).items()
    }
    checked = 0
    for _, expression in model.flat.equations:
        for name in names_in(expression):
            by = 1e-6 * max(abs(known[name]), 1e-3)
            sides = [evaluate(expression, {**known, name: known[name] + s * by}, model.flat.tables) for s in (1, 0, -1)]
            right, left = (sides[0] - sides[1]) / by, (sides[1] - sides[2]) / by
            if abs(right - left) <= 1e-4 * abs(right) + 1e-9:  # no kink here
                found = slope(expression, known, {name: 1.0}, model.flat.tables)
                lost = 1e-14 * max(abs(known[other]) for other in names_in(expression)) / by  # digits that cancel
                assert float(found) == pytest.approx((right + left) / 2, rel=1e-4, abs=1e-7 + lost), (name, expression)
                checked += 1
    assert checked > 10
