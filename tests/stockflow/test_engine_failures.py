"""Runs that go wrong are told, one by one, and disturb no other."""

import math

import numpy as np
import pytest
from engine_models import TimeConstant, apply, model

from healthreform.stockflow.compile import compile_model
from healthreform.stockflow.errors import RecordError, RunError
from healthreform.stockflow.inputs import make_inputs
from healthreform.stockflow.paths import Path

FRAGILE = model(
    {"fund": "fund_at_start", "debt": 0},
    {
        "ratio": apply("divide", "one", apply("subtract", "fund", "edge")),
        "inner": apply("log", apply("subtract", "fund", "edge")),
        "spent": apply("add", "spending", apply("multiply", 0, "inner")),
        "growth": apply("multiply", "debt_rate", apply("multiply", "debt", "debt")),
        "seed": "one",
    },
    {"fund": ((-1, "spent"),), "debt": ((1, "growth"), (1, "seed"))},
    parameters=("fund_at_start", "one", "edge", "spending", "debt_rate"),
)
SOUND = {"fund_at_start": 10.0, "one": 1.0, "edge": -100.0, "spending": 1.0, "debt_rate": 0.0}


def sweep(changes, keep=("fund", "debt", "spent"), every_step=False, threads=1, start=2010, stop=2014):
    """Runs that differ from the sound one by one change each."""
    varied = {name: np.array([change.get(name, SOUND[name]) for change in changes]) for name in SOUND}
    compiled = compile_model(FRAGILE, keep, every_step=every_step)
    return compiled.run(make_inputs(FRAGILE, SOUND, varied), start, stop, 1 / 16, threads)


def test_nan_names_the_first_bad_variable_its_time_and_its_inputs():
    result = sweep([{}, {"edge": 8.5}, {}])
    [failure] = result.failures
    assert (failure.run, failure.variable) == (1, "inner")
    assert failure.time == pytest.approx(2011.5, abs=1 / 16)
    assert failure.message.startswith("run 1: inner is -inf at 2011.5, computed from fund = 8.5, edge = 8.5")
    assert "\n" not in failure.message
    assert np.isfinite(result["fund"][1, 0])
    assert np.isnan(result.values[1, 1:]).all()


def test_other_runs_keep_their_bits_when_neighbours_fail():
    sound = sweep([{}, {"spending": 0.5}, {"fund_at_start": 11.0}] * 5)
    mixed_changes = []
    for number in range(15):
        mixed_changes += [[{}, {"spending": 0.5}, {"fund_at_start": 11.0}][number % 3]]
        mixed_changes += [[{"edge": 8.5}, {"spending": 4.0}, {"debt_rate": 50.0}][number % 3]]
    mixed = sweep(mixed_changes)
    np.testing.assert_array_equal(mixed.values[::2], sound.values)
    assert [failure.run for failure in mixed.failures] == list(range(1, 30, 2))


def test_overflow_is_told():
    [failure] = sweep([{"debt_rate": 50.0}]).failures
    assert failure.variable == "growth"
    assert "is inf" in failure.message or "is nan" in failure.message


def test_a_negative_stock_is_told_with_its_value_and_the_remedy():
    result = sweep([{"spending": 4.0}])
    [failure] = result.failures
    assert failure.variable == "fund"
    assert failure.time == pytest.approx(2012.5, abs=0.1)
    assert "fund is negative (-" in failure.message
    assert "declare it signed" in failure.message
    np.testing.assert_allclose(result["fund"][0, :2], [6.0, 2.0])
    assert np.isnan(result["fund"][0, 2:]).all()


def test_a_signed_stock_may_be_negative():
    flat = model({"y": 1}, {"out": "one"}, {"y": ((-1, "out"),)}, parameters=("one",), signed=frozenset({"y"}))
    result = compile_model(flat).run(make_inputs(flat, {"one": 1.0}), 2010, 2014, 1 / 16)
    assert not result.failures
    assert result["y"][0, -1] == pytest.approx(-4.0)


def test_a_signed_stock_must_be_finite():
    flat = model(
        {"y": 1},
        {"out": apply("multiply", "y", apply("multiply", "y", "y"))},
        {"y": ((1, "out"),)},
        signed=frozenset({"y"}),
    )
    [failure] = compile_model(flat).run(make_inputs(flat, {}), 2010, 2014, 1 / 16).failures
    assert failure.variable in ("out", "y")


def test_a_bad_starting_value_is_told_at_the_start():
    flat = model(
        {"y": apply("log", "p"), "z": apply("add", "y", "p")}, {}, {}, parameters=("p",), signed=frozenset("z")
    )
    compiled = compile_model(flat)
    failures = compiled.run(make_inputs(flat, {}, {"p": [2.0, -1.0, 0.5]}), 2010, 2011, 1 / 4).failures
    assert [(failure.run, failure.variable, failure.time) for failure in failures] == [(1, "y", 2010), (2, "y", 2010)]
    assert "y is nan at 2010, computed from p = -1" in failures[0].message
    assert "y is negative (-0.693147)" in failures[1].message


def test_a_bad_reference_is_told_with_what_held_before_a_jump_at_the_start():
    flat = model(
        {"y": "base"}, {}, {}, paths=("lever",), references={"base": apply("log", "lever")}, signed=frozenset("y")
    )
    paths = [Path((2010, 2010), values) for values in ((1.0, -4.0), (-3.0, 1.0))]
    [failure] = compile_model(flat).run(make_inputs(flat, {}, {"lever": paths}), 2010, 2011, 1 / 4).failures
    assert (failure.run, failure.variable, failure.time) == (1, "base", 2010)
    assert "base is nan at 2010, computed from lever = -3" in failure.message


def test_a_kept_value_that_is_not_finite_fails_the_run():
    unused = model({"y": 1}, {"ratio": apply("divide", "one", apply("subtract", "y", "one"))}, {}, parameters=("one",))
    [failure] = compile_model(unused).run(make_inputs(unused, {"one": 1.0}), 2010, 2011, 1 / 4).failures
    assert failure.variable == "ratio"
    assert "not finite" in failure.message


def test_a_harmless_infinity_is_not_blamed():
    flat = model(
        {"y": 1},
        {
            "reach": apply("divide", "one", "nothing"),
            "limited": apply("minimum", "one", "reach"),
            "broken": apply("log", apply("subtract", "y", "one")),
            "out": apply("add", "limited", "broken"),
        },
        {"y": ((1, "out"),)},
        parameters=("one", "nothing"),
    )
    inputs = make_inputs(flat, {"one": 1.0, "nothing": 0.0})
    [failure] = compile_model(flat, ["y"]).run(inputs, 2010, 2011, 1 / 4).failures
    assert failure.variable == "broken"


def test_every_step_reports_up_to_the_failure():
    result = sweep([{"spending": 4.0}], every_step=True)
    fund = result["fund"][0]
    last = int(np.flatnonzero(np.isfinite(fund))[-1])
    assert result.times[last] == 2012.5
    assert np.isnan(fund[last + 1 :]).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_thousand_failures_are_all_told(threads):
    result = sweep([{"spending": 4.0 + number / 1000} for number in range(1000)], threads=threads)
    assert [failure.run for failure in result.failures] == list(range(1000))
    assert {failure.variable for failure in result.failures} == {"fund"}


def test_failures_of_paths_are_seen_at_the_right_limit():
    flat = model({"y": 1}, {"out": apply("sqrt", "lever")}, {"y": ((1, "out"),)}, paths=("lever",))
    lever = Path((2011.5, 2011.5), (1.0, -1.0))
    [failure] = compile_model(flat).run(make_inputs(flat, {"lever": lever}), 2010, 2014, 1 / 4).failures
    assert failure.time == 2011.5
    assert "out is nan at 2011.5, computed from lever = -1" in failure.message


def test_raise_if_failed_tells_the_first_and_how_many_more():
    sweep([{}]).raise_if_failed()
    with pytest.raises(RunError, match=r"run 1: inner is -inf .* \(and 1 more runs\)"):
        sweep([{}, {"edge": 8.5}, {"spending": 4.0}]).raise_if_failed()


QUICK = model(
    {"y": 1},
    {"out": apply("divide", "y", "time")},
    {"y": ((-1, "out"),)},
    parameters=("time",),
    time_constants=(TimeConstant("time", 3, "y"),),
)


@pytest.mark.parametrize("method", ["rk4", "euler"])
def test_a_step_longer_than_the_shortest_time_constant_is_that_run_s_error(method):
    compiled = compile_model(QUICK, method=method)
    result = compiled.run(make_inputs(QUICK, {}, {"time": [1.0, 0.1, 3 / 16]}), 2010, 2012, 1 / 16)
    [failure] = result.failures
    assert failure.run == 1
    assert "time constant 'time' of 'y'" in failure.message
    assert "0.03333 year (divided by its order 3); use a step of 1/30 year" in failure.message
    assert np.isnan(result.values[1]).all()
    assert np.isfinite(result.values[[0, 2]]).all()
    assert not compiled.run(make_inputs(QUICK, {"time": 0.1}), 2010, 2012, 1 / 30).failures


def test_a_time_constant_that_is_not_positive_is_told():
    result = compile_model(QUICK).run(make_inputs(QUICK, {}, {"time": [-1.0]}), 2010, 2010, 1 / 16)
    assert result.failures[0].variable == "time"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (0, "step 0 is not a positive number"),
        (-0.5, "step -0.5 is not a positive"),
        (math.nan, "step nan is not a positive"),
        (math.inf, "step inf is not a positive"),
        (0.3, "step 0.3 does not divide a year into whole steps; use 1/4"),
        (2.0, "step 2 is longer than a year; use for example 1/16"),
        (1e-9, "shorter than 0.0001"),
        ("1/16", "step '1/16' is not a number"),
        (True, "step True is not a number"),
        (None, "step None is not a number"),
    ],
)
def test_a_wrong_step_is_refused_in_one_line(step, said):
    with pytest.raises(RunError) as raised:
        compile_model(QUICK).run(make_inputs(QUICK, {"time": 1.0}), 2010, 2011, step)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("start", "stop", "said"),
    [
        (2010.5, 2012, "start 2010.5 is not a calendar year"),
        (2010, math.nan, "stop nan is not a calendar year"),
        (2012, 2010, "stop 2010 lies before start 2012"),
    ],
)
def test_wrong_years_are_refused(start, stop, said):
    with pytest.raises(RunError, match=said):
        compile_model(QUICK).run(make_inputs(QUICK, {"time": 1.0}), start, stop, 1 / 4)


def test_wrong_threads_and_chunks_are_refused():
    inputs = make_inputs(QUICK, {"time": 1.0})
    with pytest.raises(RunError, match="threads is 0"):
        compile_model(QUICK).run(inputs, 2010, 2011, 1 / 4, threads=0)
    with pytest.raises(RunError, match="chunk is 0"):
        list(compile_model(QUICK).run_chunks(inputs, 2010, 2011, 1 / 4, chunk=0))


@pytest.mark.parametrize(
    ("values", "varied", "runs", "said"),
    [
        ({"time": 1.0, "tim": 2.0}, {}, None, "'tim' is no parameter and no dated input of this model; nearest"),
        ({}, {}, None, "time: no value is given"),
        ({"time": math.nan}, {}, None, "time is nan; give a finite number"),
        ({"time": Path.constant(1.0)}, {}, None, "time: a parameter cannot change over time"),
        ({"time": "fast"}, {}, None, "give one number"),
        ({}, {"time": [1.0, math.inf]}, None, "run 1: time is inf"),
        ({}, {"time": [1.0, 2.0]}, 3, "time: 2 values for 3 runs"),
        ({}, {"time": []}, None, "a batch has no runs"),
        ({"time": 1.0}, {}, 0, "a batch has no runs"),
    ],
)
def test_wrong_inputs_are_refused_in_one_line(values, varied, runs, said):
    with pytest.raises(RecordError) as raised:
        make_inputs(QUICK, values, varied, runs)
    assert said in str(raised.value)


DRAINED = model({"y": 1}, {"out": apply("multiply", "rate", "y")}, {"y": ((-1, "out"),)}, parameters=("rate",))


def test_a_stock_that_only_the_step_makes_negative_is_told_the_step_that_mends_it():
    compiled = compile_model(DRAINED, ["y"], method="euler")
    rates = [1.0, 20.0, 40.0, 200.0]
    failures = compiled.run(make_inputs(DRAINED, {}, {"rate": rates}), 2010, 2012, 1 / 16).failures
    assert [failure.run for failure in failures] == [1, 2, 3]
    told = [failure.message.partition("; ")[2] for failure in failures]
    either = "or limit what leaves it by what is there, or declare it signed"
    assert told[0] == f"use a step of 1/32 year, with which the run does not fail; {either}"
    assert told[1] == f"use a step of 1/64 year, with which the run does not fail; {either}"
    assert told[2] == either.removeprefix("or ")
    assert not compiled.run(make_inputs(DRAINED, {"rate": 40.0}), 2010, 2012, 1 / 64).failures


def test_an_equation_that_is_undefined_by_a_last_digit_is_named_and_no_sound_number_is():
    probe = model({}, {"out": apply("exp", "x")}, {}, parameters=("x",))
    x = np.linspace(0.1, 3.0, 4000)
    by_kernel = compile_model(probe).run(make_inputs(probe, {}, {"x": x}), 2010, 2010, 1, 1)["out"][:, 0]
    above = np.flatnonzero(by_kernel > np.exp(x))  # where the two last digits differ, and only the kernel's reaches it
    assert above.size, "kernel and numpy agree to the last digit; the guard cannot be tried"
    flat = model(
        {"y": 1},
        {
            "plain": apply("divide", "y", "limit"),
            "gap": apply("subtract", "limit", apply("exp", "x")),
            "spent": apply("log", "gap"),
            "out": apply("multiply", 0, apply("maximum", "spent", -1)),
            "root": apply("multiply", 0, apply("divide", "y", "gap")),
        },
        {"y": ((-1, "out"), (-1, "root"), (-1, "plain"))},
        parameters=("x", "limit"),
    )
    place = above[0]
    values = {"x": float(x[place]), "limit": float(by_kernel[place])}
    [failure] = compile_model(flat).run(make_inputs(flat, values), 2010, 2012, 1 / 4).failures
    assert (failure.variable, failure.time) == ("spent", 2010.0)
    assert "spent is within round-off of where it is not defined at 2010, computed from gap = " in failure.message
    assert failure.message.endswith("; y is not finite after it")


def test_a_name_that_was_not_kept_is_refused_with_the_nearest_one():
    flat = model({"water": 1, "dry[north]": 1, "dry[south]": 1}, {}, {})
    result = compile_model(flat).run(make_inputs(flat, {}), 2010, 2010, 1)
    with pytest.raises(RunError, match=r"^'watr' is not among the values kept of this run; nearest valid name: water$"):
        result["watr"]
    with pytest.raises(RunError, match=r"'dry' is not .*; it has elements: dry\[north\], dry\[south\]$"):
        result["dry"]
