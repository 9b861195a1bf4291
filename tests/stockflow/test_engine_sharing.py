"""What several equations compute alike is computed once, and nothing else changes."""

from dataclasses import replace

import numpy as np
from engine_models import apply, model, reference_run
from test_engine_agreement import run

from healthreform.stockflow.sharing import with_shared

QUOTIENT = apply("divide", "y", "a")
LOGARITHM = apply("log", QUOTIENT)


def three(first, second, third):
    equations = {"u": first, "v": second, "w": third}
    return model({"y": "a"}, equations, {"y": ((1, "u"), (-1, "v"))}, parameters=("a", "b"))


def added(flat):
    return {name: expression for name, expression in flat.equations if name.startswith("shared ")}


def test_the_outermost_common_part_is_shared_and_its_own_parts_are_not():
    flat = with_shared(three(apply("add", LOGARITHM, "b"), apply("multiply", LOGARITHM, "b"), "y"))
    assert list(added(flat).values()) == [LOGARITHM]


def test_a_part_of_what_is_shared_that_stands_alone_elsewhere_is_shared_too():
    flat = with_shared(three(apply("add", LOGARITHM, "b"), apply("multiply", LOGARITHM, "b"), QUOTIENT))
    assert len(added(flat)) == 2
    assert QUOTIENT in added(flat).values()


def test_what_one_equation_alone_repeats_stays_where_it_is():
    flat = three(apply("add", LOGARITHM, LOGARITHM), "y", "y")
    assert with_shared(flat).equations == flat.equations


def test_what_is_cheap_is_computed_again():
    product, square = apply("multiply", "y", "b"), apply("power", "y", 2)
    flat = three(apply("add", product, square), apply("subtract", product, square), product)
    assert with_shared(flat).equations == flat.equations


def test_nought_and_minus_nought_are_not_taken_for_the_same():
    quotients = [apply("divide", "y", apply("add", zero, apply("multiply", "a", 0))) for zero in (0.0, -0.0)]
    assert not added(with_shared(three(*quotients, "y")))


def test_a_kernel_with_shared_parts_agrees_with_the_interpreter():
    slow = three(apply("multiply", LOGARITHM, "b"), apply("divide", LOGARITHM, apply("add", QUOTIENT, 1)), QUOTIENT)
    values = {"a": 3.0, "b": 0.7}
    expected = reference_run(slow, values, 2010, 2013, 8, "rk4")
    for name, got in run(slow, values, stop=2013, step=1 / 8).columns():
        np.testing.assert_allclose(got[0], expected[name], rtol=1e-13, atol=1e-15, err_msg=name)


def test_a_deep_sum_is_shared_without_running_out_of_stack():
    total = apply("add", "y", "a")
    for _ in range(20_000):
        total = apply("add", total, "a")
    quotient = apply("divide", total, "y")
    flat = with_shared(replace(three(quotient, quotient, "y"), rates=((),)))
    assert len(added(flat)) == 1
