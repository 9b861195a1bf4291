"""A step too long for a model gives numbers that look sound: half of it tells."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from language_helpers import model_from, parameter

from healthreform.stockflow import RunError, StepWarning, check_step, compile_model, make_inputs
from healthreform.stockflow.step_error import WARNED

TEXT = '''
@stock("metre**3")
def water(water_at_start):
    """Water in the tank."""
    return water_at_start

@flow("metre**3/year", out_of="water")
def leak(water, leak_rate):
    """Water running out."""
    return water * leak_rate
'''


def tank():
    return model_from(TEXT, parameter("water_at_start", 8, "metre**3"), parameter("leak_rate", 0.5, "1/year"))


def checked(leaks, keep=None, step=1 / 16, **options):
    model = tank()
    compiled = compile_model(model.flat, keep, **options)
    inputs = make_inputs(model.flat, model.parameter_values(), {"leak_rate": np.asarray(leaks, dtype=float)})
    result = compiled.run(inputs, 2020, 2021, step)
    return result, check_step(model, compiled, inputs, 2020, 2021, step)


def test_a_stock_drained_faster_than_a_step_is_long_runs_well_and_is_told_of():
    with pytest.warns(
        StepWarning, match=r"^step 1/16 year: half of it moves water by \S+ of its largest value, where"
    ) as told:
        result, error = checked([40.0])
    assert not result.failures
    assert result["water"][0, 0] > 1e14 * 8 * np.exp(-40.0)
    assert error.variable == "water" and error.size > 0.9
    assert str(told[0].message).endswith("use a shorter step, such as 1/32")


def test_the_run_that_is_worst_is_named_by_its_number_in_the_batch():
    leaks = np.full(50, 0.5)
    leaks[-1] = 40.0
    with pytest.warns(StepWarning, match="half of it moves water in run 49 by"):
        _, error = checked(leaks)
    assert error.run == 49


def test_a_step_short_enough_is_told_of_by_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, error = checked([0.5, 1.0])
    one, half = (checked([1.0], step=step)[0]["water"][0] for step in (1 / 16, 1 / 32))
    assert error.run == 1 and 0 < error.size < 1e-6
    assert error.size == pytest.approx(np.max(np.abs(one - half)) / half.max(), rel=1e-6)


def test_only_what_is_kept_is_compared():
    """What leaves in a year is right however it is spread inside it, so without the stock nothing is told."""
    _, error = checked([40.0], keep=["leak"])
    assert error.variable == "leak" and error.size < WARNED


def test_a_step_that_cannot_be_halved_and_runs_that_failed_are_not_judged():
    assert checked([0.5], step=1 / 8192)[1] is None
    result, error = checked([np.float64(1e200)])
    assert result.failures and error is None


def test_values_by_steps_are_not_judged():
    with pytest.raises(RunError, match="judged by years; compile the model without every_step"):
        checked([0.5], every_step=True)
