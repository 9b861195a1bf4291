"""What the kernel computes once at the start, and products and steps it writes with fewer operations."""

import numpy as np
import pytest
from engine_models import apply, model, reference_run
from test_engine_agreement import run

from healthreform.stockflow.expression import Apply, walk
from healthreform.stockflow.reduction import with_inverses


def divisions(flat):
    return [
        node
        for _, expression in flat.equations
        for node in walk(expression)
        if isinstance(node, Apply) and node.operation == "divide"
    ]


def one(expression, **values):
    flat = model({}, {"x": expression}, {}, parameters=tuple(values))
    return run(flat, values, stop=2010, step=1.0)["x"][0, 0]


def test_only_divisors_that_hold_for_a_whole_run_are_inverted():
    y = {"y": "a"}
    flat = model(y, {"held": apply("divide", "y", "a"), "moving": apply("divide", "a", "y")}, {}, parameters=("a",))
    assert [node.arguments[1].name for node in divisions(with_inverses(flat))] == ["y"]


def test_a_divisor_is_inverted_once_however_many_read_it():
    equations = {name: apply("divide", "y", "a") for name in ("u", "v", "w")}
    flat = model({"y": "a"}, equations, {}, parameters=("a",))
    assert len(with_inverses(flat).references) == len(flat.references) + 1


def test_divisions_of_what_was_divided_agree_with_the_interpreter():
    nested = apply("divide", apply("divide", apply("divide", "y", "a"), apply("add", "a", "b")), "y")
    held = apply("divide", "a", apply("divide", "b", "a"))
    flat = model({"y": "a"}, {"flow": apply("add", nested, held)}, {"y": ((1, "flow"),)}, parameters=("a", "b"))
    values = {"a": 3.0, "b": 0.7}
    expected = reference_run(flat, values, 2010, 2013, 8, "rk4")
    for name, got in run(flat, values, stop=2013, step=1 / 8).columns():
        np.testing.assert_allclose(got[0], expected[name], rtol=1e-14, err_msg=name)


def test_a_deep_sum_under_a_division_is_reduced_without_running_out_of_stack():
    total = apply("add", "y", "a")
    for _ in range(20_000):
        total = apply("add", total, "a")
    flat = model({"y": "a"}, {"x": apply("divide", total, "a")}, {}, parameters=("a",))
    assert run(flat, {"a": 2.0}, stop=2010, step=1.0, every_step=True)["x"][0, 0] == 20_002.0


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (apply("multiply", "a", apply("subtract", 1, "b")), 3 * 0.75),
        (apply("multiply", apply("subtract", 1, "b"), "a"), 3 * 0.75),
        (apply("multiply", "a", apply("add", 1, "b")), 3 * 1.25),
        (apply("multiply", "a", apply("add", "b", 1)), 3 * 1.25),
        (apply("multiply", "a", apply("subtract", "b", 1)), 3 * -0.75),
        (apply("multiply", apply("subtract", 1, "a"), apply("subtract", 1, "b")), -2 * 0.75),
        (apply("subtract", 0, "a"), -3),
        (apply("add", apply("add", 0, "a"), 0), 3),
        (apply("subtract", apply("multiply", "a", "b"), 0), 0.75),
        (apply("subtract", 0, apply("multiply", "a", "b")), -0.75),
    ],
)
def test_products_with_one_more_or_less_and_sums_with_nought_have_their_values(expression, expected):
    assert one(expression, a=3.0, b=0.25) == expected


def test_a_product_with_what_is_missing_to_one_keeps_its_precision_where_little_is_missing():
    b = 1 - 2.0**-50
    assert one(apply("multiply", "a", apply("subtract", 1, "b")), a=0.1, b=b) == 0.1 * 2.0**-50


def test_a_stock_that_is_drained_evenly_arrives_at_exactly_nought():
    flat = model({"y": "y0"}, {"out": apply("multiply", "rate", 1)}, {"y": ((-1, "out"),)}, parameters=("y0", "rate"))
    result = run(flat, {"y0": 10.0, "rate": 2.0}, stop=2014, step=1 / 16)
    assert not result.failures
    assert result["y"][0, -1] == 0.0


def test_a_stock_at_rest_keeps_its_bits_for_a_century():
    flat = model({"y": "y0"}, {"out": apply("multiply", "y", 0)}, {"y": ((-1, "out"),)}, parameters=("y0",))
    assert run(flat, {"y0": 0.1}, stop=2109)["y"][0, -1] == 0.1
