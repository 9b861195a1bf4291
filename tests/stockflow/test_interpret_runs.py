"""The interpreter: steps, jumps, yearly outputs and failures, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from language_helpers import driver, lever, model_from, parameter
from language_models import TEXTBOOK, draining_tank, epidemic
from scipy.integrate import solve_ivp

from healthreform.stockflow import Interpreter, RunError
from healthreform.stockflow.paths import Path

PUMPED = '''
@stock("item", signed=True)
def level(nothing):
    """What was pumped in."""
    return nothing

@flow("item/year", into="level")
def pump(speed):
    """Pumping."""
    return speed

@reference("item/year")
def speed_at_start(pump):
    """Pumping at the start."""
    return pump

@auxiliary("dimensionless")
def pump_index(pump, speed_at_start):
    """Pumping against the start."""
    return pump / speed_at_start
'''
NOTHING = parameter("nothing", 0, "item")


def pumped(path):
    return Interpreter(model_from(PUMPED, NOTHING, driver("speed", path, "item/year")))


@pytest.mark.parametrize("method", ["rk4", "euler"])
def test_a_jump_on_a_step_counts_from_its_right_and_up_to_its_left(method):
    run = pumped([[2010, 1.0], [2010.5, 1.0], [2010.5, 3.0], [2012, 3.0], [2012, 0.0]]).run(2010, 2012, 1 / 4, method)
    assert run.values["level"] == pytest.approx([2.0, 5.0, 5.0], rel=1e-15)
    assert run.values["pump"] == pytest.approx([2.0, 3.0, 0.0], rel=1e-15)


def test_a_jump_keeps_the_order_of_runge_kutta():
    text = '''
    @stock("item")
    def level(start):
        """Level."""
        return start

    @flow("item/year", out_of="level")
    def leak(level, rate):
        """Leak."""
        return level * rate
    '''
    model = model_from(
        text, parameter("start", 1, "item"), lever("rate", [[2010, 1], [2010.5, 1], [2010.5, 2]], "1/year")
    )
    errors = [
        abs(Interpreter(model).run(2010, 2010, step).values["level"][-1] - np.exp(-1.5)) for step in (1 / 4, 1 / 8)
    ]
    assert errors[0] / errors[1] > 12, "halving the step divides the error by about 16"


def test_a_ramp_is_integrated_exactly():
    run = pumped([[2010, 0.0], [2014, 8.0]]).run(2010, 2014, 1 / 2)
    assert run.values["level"] == pytest.approx([1, 4, 9, 16, 24], rel=1e-14)
    assert run.values["pump"] == pytest.approx([1, 3, 5, 7, 8], rel=1e-14)


def test_a_reference_is_evaluated_once_and_held():
    run = pumped([[2010, 2.0], [2011, 2.0], [2011, 5.0]]).run(2010, 2011, 1 / 2)
    assert run.values["speed_at_start"] == pytest.approx([2, 2])
    assert run.values["pump_index"] == pytest.approx([1, 2.5])


def test_a_jump_at_the_very_start_is_a_change_that_references_do_not_know():
    run = pumped([[2010, 2.0], [2010, 5.0]]).run(2010, 2010, 1 / 2, every_step=True)
    assert run.values["speed_at_start"] == pytest.approx([2, 2, 2], rel=1e-15)
    assert run.values["pump"] == pytest.approx([5, 5, 5], rel=1e-15)
    assert run.values["pump_index"] == pytest.approx([2.5, 2.5, 2.5], rel=1e-15)
    assert run.values["level"] == pytest.approx([0, 2.5, 5], rel=1e-15)


FILLED = '''
@stock("item")
def level(speed, filling_time):
    """What a pump at its speed holds."""
    return speed * filling_time

@flow("item/year", into="level")
def pump(speed):
    """Pumping."""
    return speed
'''


def test_starting_values_are_those_before_a_jump_at_the_very_start():
    records = (
        parameter("filling_time", 3, "year"),
        driver("speed", [[2009, 1.0], [2010, 2.0], [2010, 5.0]], "item/year"),
    )
    interpreter = Interpreter(model_from(FILLED, *records))
    run = interpreter.run(2010, 2010, 1 / 2)
    assert (run.start["level"], run.values["level"][0]) == pytest.approx((6.0, 11.0), rel=1e-15)
    assert interpreter.right_hand_side(2010.0)[1].tolist() == [6.0]


def test_every_step_gives_the_right_limit_at_each_start_and_the_end():
    run = pumped([[2010, 1.0], [2010.5, 1.0], [2010.5, 3.0]]).run(2010, 2010, 1 / 4, every_step=True)
    assert run.time == pytest.approx([2010, 2010.25, 2010.5, 2010.75, 2011])
    assert run.values["pump"] == pytest.approx([1, 1, 3, 3, 3])
    assert run.values["level"] == pytest.approx([0, 0.25, 0.5, 1.25, 2.0])


@pytest.mark.parametrize("method", ["rk4", "euler"])
@pytest.mark.parametrize("name", TEXTBOOK)
def test_a_stock_changes_by_the_sum_of_its_yearly_flows(name, method):
    model = TEXTBOOK[name]()
    run = Interpreter(model).run(2010, 2012, 1 / 32, method)
    for stock, pairs in model.ledger.rates.items():
        change = np.diff(np.concatenate([[run.start[stock]], run.values[stock]]))
        size = max(1.0, np.abs(run.values[stock]).max())
        assert sum(sign * run.values[flow] for sign, flow in pairs) == pytest.approx(change, abs=1e-12 * size)


def test_other_values_and_paths_take_the_place_of_the_records():
    model = model_from(PUMPED, NOTHING, driver("speed", [[2010, 1.0]], "item/year"))
    steady = Interpreter(model, parameters={"nothing": 7.0}, paths={"speed": 2.0}).run(2010, 2010, 1)
    assert (steady.start["level"], steady.values["level"][0]) == (7.0, 9.0)
    dated = Interpreter(model, paths={"speed": Path.from_points([[2010, 0.0], [2011, 2.0]])}).run(2010, 2010, 1)
    assert dated.values["level"][0] == pytest.approx(1.0)
    with pytest.raises(RunError, match="'spee' is no lever or driver of this model; nearest valid name: speed"):
        Interpreter(model, paths={"spee": 1.0})
    with pytest.raises(RunError, match="'nothin' is no parameter of this model; nearest valid name: nothing"):
        Interpreter(model, parameters={"nothin": 1.0})


def test_anything_with_a_value_at_a_time_serves_as_a_dated_input():
    class Wave:
        def value(self, time, side="right"):
            return np.sin(2 * np.pi * time)

    model = model_from(PUMPED, NOTHING, driver("speed", [[2010, 1.0]], "item/year"))
    run = Interpreter(model, paths={"speed": Wave()}).run(2010, 2010, 1 / 64, every_step=True)
    assert run.values["level"][32] == pytest.approx(1 / np.pi, rel=1e-7)


def test_a_negative_stock_ends_the_run_unless_it_may_be_negative():
    model = model_from(
        PUMPED.replace(", signed=True", ""), NOTHING, driver("speed", [[2010, 1.0], [2012, -3.0]], "item/year")
    )
    with pytest.raises(RunError, match=r"level is negative, -[\d.e-]+, at 2011\.25: .*signed=True"):
        Interpreter(model).run(2010, 2012, 1 / 4)
    signed = pumped([[2010, 1.0], [2012, -3.0]]).run(2010, 2012, 1 / 4)
    assert signed.values["level"][-1] == pytest.approx(-5.0)


def test_a_value_that_is_no_number_ends_the_run_and_says_when():
    with pytest.raises(RunError, match=r"water is nan at 2010\.5"):
        Interpreter(draining_tank(), parameters={"leak_rate": np.inf}).run(2010, 2011, 1 / 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": 0.0}, "whole number of steps"),
        ({"step": -0.5}, "whole number of steps"),
        ({"step": 0.3}, "whole number of steps"),
        ({"step": 2.0}, "whole number of steps"),
        ({"step": np.nan}, "whole number of steps"),
        ({"method": "rk5"}, "method 'rk5' is unknown; use one of: rk4, euler"),
        ({"stop": 2009}, "stop 2009 is before start 2010"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(RunError, match=message):
        Interpreter(draining_tank()).run(**{"start": 2010, "stop": 2011, "step": 0.5, "method": "rk4", **change})


def test_a_jump_between_steps_is_refused_and_named():
    with pytest.raises(RunError, match=r"speed: its jump at 2010\.3 falls between steps of 1/4 year"):
        pumped([[2010, 1.0], [2010.3, 1.0], [2010.3, 3.0]]).run(2010, 2010, 1 / 4)
    after = pumped([[2010, 1.0], [2011.3, 1.0], [2011.3, 3.0]]).run(2010, 2010, 1 / 4)
    assert after.values["level"][0] == pytest.approx(1.0), "a jump after the run is nobody's concern"


def test_the_interpreter_runs_twice_alike():
    interpreter = Interpreter(epidemic())
    first, second = (interpreter.run(2010, 2010, 1 / 32).values for _ in range(2))
    assert all((first[name] == second[name]).all() for name in first)


def test_the_right_hand_side_serves_any_solver():
    interpreter = Interpreter(draining_tank())
    rate, start = interpreter.right_hand_side(2010.0)
    assert (interpreter.stock_names(), start.tolist(), rate(2010.0, start).tolist()) == (("water",), [8.0], [-4.0])
    end = solve_ivp(rate, (2010.0, 2013.0), start, rtol=1e-10, atol=1e-12).y[0, -1]
    assert end == pytest.approx(8 * np.exp(-1.5), rel=1e-8)
    assert interpreter.state(np.array([5.0]))["water"].values == 5.0


def test_nothing_in_the_interpreter_reads_the_syntax_tree_or_the_flat_model():
    """It can only bear witness against what it does not use."""
    model = draining_tank()
    blind = {name: None for name in ("flat", "ledger", "hash")}
    for name in blind:
        object.__setattr__(model, name, None)
    for variable in model.variables.values():
        object.__setattr__(variable, "expression", None)
    assert Interpreter(model).run(2010, 2010, 1 / 16).values["water"][0] == pytest.approx(8 * np.exp(-0.5), rel=1e-7)
