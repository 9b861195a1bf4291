"""The kernel against the reference integrator and against closed forms."""

import math

import numpy as np
import pytest
from engine_models import TimeConstant, apply, model, reference_run, synthetic_model, table_lookup, with_year_ends

from healthreform.stockflow.compile import compile_model
from healthreform.stockflow.errors import ModelError
from healthreform.stockflow.flat import Table
from healthreform.stockflow.inputs import make_inputs
from healthreform.stockflow.paths import Path

DECAY = model({"y": "y0"}, {"out": apply("multiply", "y", "rate")}, {"y": ((-1, "out"),)}, parameters=("y0", "rate"))


def run(flat, values, start=2010, stop=2014, step=1 / 16, keep=None, method="rk4", every_step=False, **options):
    compiled = compile_model(flat, keep, method, every_step=every_step, **options)
    return compiled.run(make_inputs(flat, values), start, stop, step)


@pytest.mark.parametrize("method", ["rk4", "euler"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kernel_and_reference_agree_on_models_of_every_operation(method, seed):
    made = synthetic_model(240, 30, 8, seed)
    flat = with_year_ends(made.model)
    result = run(flat, made.values, stop=2013, step=1 / 8, method=method)
    expected = reference_run(flat, made.values, 2010, 2013, 8, method)
    assert not result.failures
    for name, values in result.columns():
        np.testing.assert_allclose(values[0], expected[name], rtol=1e-12, err_msg=name)


OPERATIONS = {
    "less": apply("where", apply("less", "a", "b"), 1, 2),
    "less_equal": apply("where", apply("less_equal", "a", "a"), 1, 2),
    "greater": apply("where", apply("greater", "a", "b"), 1, 2),
    "greater_equal": apply("where", apply("greater_equal", "a", "b"), 1, 2),
    "both": apply("where", apply("and", apply("less", "a", "b"), apply("greater", "b", 1)), 1, 2),
    "either": apply("where", apply("or", apply("greater", "a", "b"), apply("greater", "b", 1)), 1, 2),
    "smooth": apply("smooth_minimum", "a", "b", 4),
    "smooth_of_nothing": apply("smooth_minimum", 0, 0, 4),
    "smooth_of_one": apply("smooth_minimum", 0, "b", 4),
    "normal": apply("normal_cdf", apply("subtract", "a", "b")),
    "square": apply("power", "a", 2),
    "root": apply("power", "a", 0.5),
    "power": apply("power", "a", "b"),
    "sqrt": apply("sqrt", "b"),
    "negate": apply("negate", apply("divide", "a", "b")),
    "add_product": apply("add", "a", apply("multiply", "b", "b")),
    "product_less": apply("subtract", apply("multiply", "a", "b"), "b"),
    "less_product": apply("subtract", "b", apply("multiply", "a", "b")),
    "log": apply("log", "a"),
    "exp": apply("exp", "b"),
}


@pytest.mark.parametrize("permuting", [True, False])
def test_every_operation_has_its_value(permuting):
    flat = model({}, OPERATIONS, {}, parameters=("a", "b"))
    values = {"a": 0.37, "b": 1.9}
    result = run(flat, values, stop=2010, step=1.0, every_step=True, width=None if permuting else 4)
    expected = reference_run(flat, values, 2010, 2010, 1)
    for name in OPERATIONS:
        assert result[name][0, 0] == pytest.approx(expected[name][0], rel=1e-13), name


@pytest.mark.parametrize("points", [1, 2, 3, 4, 8, 9, 16, 17, 40])
@pytest.mark.parametrize("width", [None, 4])
def test_a_table_of_any_length_is_exact_at_its_points_and_flat_beyond(points, width):
    rng = np.random.default_rng(points)
    table = Table(tuple(np.cumsum(rng.uniform(0.1, 1, points))), tuple(rng.normal(0, 1, points)))
    flat = model({}, {"read": table_lookup("t", "x")}, {}, parameters=("x",), tables={"t": table})
    x = np.concatenate([table.x, [-5.0, 99.0, -1e308, 1e308], rng.uniform(0, points * 0.6, 200)])
    compiled = compile_model(flat, every_step=True, width=width)
    result = compiled.run(make_inputs(flat, {}, {"x": x}), 2010, 2010, 1.0)
    np.testing.assert_allclose(result["read"][:, 0], np.interp(x, table.x, table.y), rtol=1e-13, atol=1e-14)
    np.testing.assert_array_equal(result["read"][:points, 0], table.y)
    np.testing.assert_array_equal(result["read"][points : points + 4 : 2, 0], [table.y[0]] * 2)
    np.testing.assert_array_equal(result["read"][points + 1 : points + 4 : 2, 0], [table.y[-1]] * 2)


@pytest.mark.parametrize("points", [1, 3, 8, 16, 17])
def test_a_table_read_at_nan_is_nan(points):
    table = Table(tuple(float(x) for x in range(points)), (1.0,) * points)
    read = table_lookup("t", apply("log", apply("negate", "one")))
    equations = {"seen": apply("where", apply("greater", read, 0), 5, 7)}
    flat = model({}, equations, {}, parameters=("one",), tables={"t": table})
    assert run(flat, {"one": 1.0}, stop=2010, step=1.0, every_step=True)["seen"][0, 0] == 7.0


@pytest.mark.parametrize("operation", ["minimum", "maximum"])
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("other", ["one", 1.0, "moving"])
def test_minimum_and_maximum_are_nan_if_either_argument_is(operation, which, other):
    not_a_number = apply("log", apply("negate", "one"))
    parts = [other, other]
    parts[which] = not_a_number
    caught = apply("where", apply("greater_equal", apply(operation, *parts), apply("negate", 1e9)), 5, 7)
    equations = {"moving": apply("exp", "one"), "seen": caught}
    result = run(model({}, equations, {}, parameters=("one",)), {"one": 1.0}, stop=2010, step=1.0, every_step=True)
    assert result["seen"][0, 0] == 7.0


@pytest.mark.parametrize(("method", "order"), [("rk4", 4), ("euler", 1)])
def test_the_error_falls_with_the_method_s_order(method, order):
    errors = [
        abs(run(DECAY, {"y0": 1.0, "rate": 0.8}, stop=2010, step=1 / n, method=method)["y"][0, 0] - math.exp(-0.8))
        for n in (8, 16)
    ]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.1)


def test_a_year_s_mean_of_the_flows_explains_the_change_of_the_stock():
    made = synthetic_model(150, 20, 5, seed=4)
    result = run(made.model, made.values, stop=2030)
    for stock, pairs in zip(made.model.stocks, made.model.rates, strict=True):
        change = np.diff(result[stock][0])
        flows = sum(sign * result[name][0, 1:] for sign, name in pairs)
        np.testing.assert_allclose(change, flows, atol=1e-12)


JUMPING = model(
    {"z": 0}, {"push": apply("multiply", "lever", "one")}, {"z": ((1, "push"),)}, paths=("lever",), parameters=("one",)
)


def test_a_jump_on_a_step_costs_no_accuracy():
    driven = model(
        {"y": 1},
        {"pull": apply("multiply", apply("subtract", "lever", "y"), "rate")},
        {"y": ((1, "pull"),)},
        paths=("lever",),
        parameters=("rate",),
    )
    lever = Path((2010, 2010.5, 2010.5), (2.0, 2.0, 5.0))
    error = []
    for steps in (16, 256):
        got = run(driven, {"rate": 0.7, "lever": lever}, stop=2010, step=1 / steps)["y"][0, 0]
        middle = 2.0 + (1.0 - 2.0) * math.exp(-0.35)
        error.append(abs(got - (5.0 + (middle - 5.0) * math.exp(-0.35))))
    assert error[0] < 1e-7
    assert error[1] < 2e-12
    assert error[0] / error[1] > 16**4 / 3


def test_integrals_of_ramps_and_jumps_are_exact():
    lever = Path((2010, 2011, 2011, 2012.5, 2012.5), (0.0, 1.0, 3.0, 0.0, 4.0))
    result = run(JUMPING, {"lever": lever, "one": 1.0}, stop=2013)
    np.testing.assert_allclose(np.diff(result["z"][0], prepend=0.0), [0.5, 2.0, 2.25, 4.0], atol=1e-12)
    np.testing.assert_allclose(result["push"][0], result["lever"][0], atol=1e-15)


def test_a_kink_between_steps_is_allowed_and_met_to_second_order():
    lever = Path((2010, 2010.53, 2011), (0.0, 1.0, 0.0))
    result = run(JUMPING, {"lever": lever, "one": 1.0}, stop=2010, step=1 / 64)
    assert result["z"][0, 0] == pytest.approx(0.5, abs=1e-4)


def test_paths_with_any_number_of_points_in_each_run():
    rng = np.random.default_rng(5)
    paths = [
        Path(tuple(2010 + np.sort(rng.choice(48, n, replace=False)) / 16), tuple(rng.uniform(0, 1, n)))
        for n in (1, 2, 40, 7, 48, 3, 1, 19, 5, 33)
    ]
    compiled = compile_model(JUMPING, ["z"])
    result = compiled.run(make_inputs(JUMPING, {"one": 1.0}, {"lever": paths}), 2010, 2012, 1 / 16)
    for number, path in enumerate(paths):
        alone = compiled.run(make_inputs(JUMPING, {"one": 1.0, "lever": path}), 2010, 2012, 1 / 16)
        np.testing.assert_array_equal(result["z"][number], alone["z"][0])
        grid = 2010 + np.arange(49) / 16
        exact = np.trapezoid([path.value(float(time)) for time in grid], grid)
        assert result["z"][number, -1] == pytest.approx(exact, abs=1e-13)


def test_time_does_not_drift_with_steps_that_are_no_binary_fraction():
    lever = Path((2010, 2039, 2039), (0.0, 0.0, 1.0))
    result = run(JUMPING, {"lever": lever, "one": 1.0}, stop=2040, step=0.1)
    assert result["z"][0, -3] == 0.0
    assert result["z"][0, -2:] == pytest.approx([1.0, 2.0], abs=1e-14)


def test_every_step_reports_right_limits_and_the_end():
    lever = Path((2010, 2010.5, 2010.5, 2011, 2011), (0.0, 0.0, 1.0, 1.0, 9.0))
    result = run(JUMPING, {"lever": lever, "one": 1.0}, stop=2010, step=0.25, every_step=True)
    np.testing.assert_array_equal(result.times, [2010, 2010.25, 2010.5, 2010.75, 2011])
    np.testing.assert_array_equal(result["lever"][0], [0, 0, 1, 1, 1])
    np.testing.assert_allclose(result["z"][0], [0, 0, 0, 0.25, 0.5], atol=1e-15)


def test_references_hold_their_starting_value_and_see_left_limits():
    """A jump on the very date of the start is a change: references and starting values are of the time before it."""
    flat = model(
        {"z": apply("multiply", "base", 2)},
        {"push": apply("subtract", "lever", "base")},
        {"z": ((1, "push"),)},
        paths=("lever",),
        references={"base": apply("add", "lever", "one")},
        parameters=("one",),
    )
    values = {"lever": Path((2010, 2010, 2012), (7.0, 1.0, 3.0)), "one": 1.0}
    result = run(flat, values, stop=2011, keep=["base", "one", "z", "lever"])
    np.testing.assert_array_equal(result["base"][0], [8.0, 8.0])
    np.testing.assert_array_equal(result["one"][0], [1.0, 1.0])
    np.testing.assert_allclose(result["lever"][0], [1.5, 2.5], atol=1e-15)
    np.testing.assert_allclose(result["z"][0], [16.0 + 1.5 - 8.0, 16.0 + 4.0 - 16.0], atol=1e-13)
    steps = run(flat, values, stop=2010, step=1 / 2, keep=["base", "z", "lever", "push"], every_step=True)
    assert [steps[name][0, 0] for name in ("base", "z", "lever", "push")] == [8.0, 16.0, 1.0, -7.0]
    expected = reference_run(flat, values, 2010, 2011, 16)
    for name in ("base", "z", "lever"):
        np.testing.assert_allclose(result[name][0], expected[name], atol=1e-13)


def test_what_is_kept_does_not_change_the_numbers():
    made = synthetic_model(150, 20, 5, seed=6)
    full = run(made.model, made.values)
    few = run(made.model, made.values, keep=["stock_3", "auxiliary_7", "lever_1"])
    for name in few.names:
        np.testing.assert_array_equal(few[name], full[name])


def test_dead_equations_cost_nothing_but_kept_ones_are_computed():
    flat = model(
        {"y": 1},
        {"out": apply("multiply", "y", "rate"), "idle": apply("log", apply("negate", "rate"))},
        {"y": ((-1, "out"),)},
        parameters=("rate",),
    )
    assert not run(flat, {"rate": 0.5}, keep=["y"]).failures
    assert run(flat, {"rate": 0.5}, keep=["y", "idle"]).failures


def test_a_long_sum_is_compiled_without_running_out_of_stack():
    total = apply("add", "one", 0)
    for _ in range(20_000):
        total = apply("add", total, "one")
    flat = model({}, {"total": total}, {}, parameters=("one",))
    assert run(flat, {"one": 1.0}, stop=2010, step=1.0, every_step=True)["total"][0, 0] == 20_001.0


def test_equal_parts_are_written_once():
    from healthreform.stockflow.chunks import divide
    from healthreform.stockflow.layout import Options, plan
    from healthreform.stockflow.write_ir import rates_text

    shared = apply("exp", apply("negate", "a"))
    flat = model({}, {"x": apply("add", shared, 1), "y": apply("multiply", shared, 2)}, {}, parameters=("a",))
    layout = plan(flat, Options(("x", "y"), "rk4", False, 8))
    text, used = rates_text(layout, divide(layout))
    usual, thorough = text.split("_thorough(", 1)[0], text.split("_thorough(", 1)[1]
    assert usual.count("shl <8 x i64>") == thorough.count("@hr_exp(") == 1
    assert used == {"exp"}


def test_unknown_names_and_methods_are_refused():
    with pytest.raises(ModelError, match="keep: 'yy' is no variable of this model"):
        compile_model(DECAY, ["yy"])
    with pytest.raises(ModelError, match="'y' is listed twice"):
        compile_model(DECAY, ["y", "out", "y"])
    with pytest.raises(ModelError, match="method 'rk5' is unknown; use one of: rk4, euler"):
        compile_model(DECAY, method="rk5")
    broken = model({"y": 1}, {"out": apply("multiply", "y", "missing")}, {"y": ((-1, "out"),)})
    with pytest.raises(ModelError, match="missing: no equation"):
        compile_model(broken)


def test_a_time_constant_may_be_a_parameter_a_reference_a_path_or_an_equation():
    flat = model(
        {"y": 1},
        {"moving": apply("add", "lever", "p")},
        {"y": ((1, "moving"),)},
        parameters=("p",),
        paths=("lever",),
        references={"r": apply("multiply", "p", 2)},
        time_constants=(
            TimeConstant("p", 1, "a"),
            TimeConstant("r", 1, "b"),
            TimeConstant("lever", 1, "c"),
            TimeConstant("moving", 4, "d"),
        ),
    )
    result = run(flat, {"p": 2.0, "lever": Path((2010, 2012, 2013), (8.0, 1.0, 8.0))})
    assert result.shortest_time[0] == pytest.approx(0.75)
    assert result.shortest_name == ("moving",)
    assert run(flat, {"p": 0.25, "lever": 9.0}).shortest_name == ("p",)
    assert run(flat, {"p": 2.0, "lever": 0.25}).shortest_name == ("lever",)
