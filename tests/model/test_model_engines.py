"""The kernel against the interpreter and against an adaptive solver, and the error of the step, on the real model."""

from dataclasses import replace

import numpy as np
import pytest
from model_runs import TIERS, every, model, run
from scipy.integrate import solve_ivp

from healthreform import check_numbers
from healthreform.place import Place
from healthreform.setting import LAST_YEAR
from healthreform.stockflow.interpret import Interpreter

#: The result by the case is a difference from a first year of one, and starts at nought: its round-off is that of one.
FROM_NOUGHT = {f"perceived_result[{tier}]" for tier in TIERS}
#: Largest change of a headline outcome when the step is halved, as a share of its largest value: stated with results.
STEP_ERROR = 5e-4


@pytest.fixture(scope="module")
def interpreter():
    return Interpreter(model())


def test_interpreter_and_kernel_give_the_same_two_years(interpreter):
    slow, fast = interpreter.run(2010, 2011), run(last=2011)
    balances = {balance.name for balance in model().balances}
    outcomes = (name for name, variable in model().variables.items() if variable.outcome)
    exact = {*model().flat.stocks, *(flat for name in outcomes for flat in model().flat_names(name))}
    assert exact >= FROM_NOUGHT
    for name, values in slow.values.items():
        if name in fast.columns and name not in balances:
            bound = 1e-12 if name in exact else 1e-10  # a difference of two numbers nearly alike loses two digits
            np.testing.assert_allclose(
                fast[name][0], values, rtol=bound, atol=1e-15 * (name in FROM_NOUGHT), err_msg=name
            )


def test_half_the_step_changes_headline_outcomes_less_than_stated():
    coarse, fine = run(), run(step=1 / 32)
    for name, variable in model().variables.items():
        for flat in model().flat_names(name) if variable.outcome else ():
            error = np.abs(coarse[flat] - fine[flat]).max() / np.abs(fine[flat]).max()
            assert error < STEP_ERROR, flat


def test_error_of_the_step_falls_with_its_fourth_power_where_nothing_jumps():
    """Before the first kinks of policy: halving the step leaves a sixteenth of the error, give or take.

    Without the answers to deficits beyond those of the start, which begin at a kink.
    """
    still = every("premium_response", 0.0) | {"benefit_response": 0.0}
    smooth_ones = ("people", "beds[", "intensity", "income_reference")
    names = [flat for flat in model().flat.stocks if flat.startswith(smooth_ones)]
    ends = [run(still, last=2010, step=step) for step in (1 / 16, 1 / 32, 1 / 256)]
    stacked = [np.array([each[flat][0, 0] for flat in names]) for each in ends]
    coarse, fine = (np.abs(stack / stacked[2] - 1) for stack in stacked[:2])
    large = coarse > 1e-12
    assert large.any()
    assert np.median(coarse[large] / fine[large]) > 8


@pytest.mark.slow
def test_adaptive_solver_agrees_over_a_year(interpreter):
    rate, start = interpreter.right_hand_side(2010.0)
    size = np.maximum(np.abs(start), 1e-3)
    span, options = (2010.0, 2011.0), {"method": "LSODA", "rtol": 1e-8, "atol": 1e-9}
    solved = solve_ivp(lambda time, y: rate(time, y * size) / size, span, start / size, **options)
    assert solved.success
    stepped = run(last=2010, every_step=True)
    assert stepped.raw.times[-1] == 2011.0
    for name, value in zip(interpreter.stock_names(), solved.y[:, -1] * size, strict=True):
        assert stepped[name][0, -1] == pytest.approx(value, rel=STEP_ERROR / 5, abs=1e-6), name


def test_the_kernel_agrees_with_the_reference():
    passed, text, _ = check_numbers.reference(Place.load("china"))
    assert passed, text


def test_a_step_that_is_too_coarse_fails(monkeypatch):
    monkeypatch.setattr(check_numbers, "INTEGRATION_ERROR", 1e-12)
    passed, text, failed = check_numbers.integration(Place.load("china"))
    assert not passed and "outcomes at most" in text and "total_health_expenditure" in failed


def test_a_kernel_that_disagrees_with_the_interpreter_fails(monkeypatch):
    honest = check_numbers.run_setting

    def astray(setting, **options):
        raw, start = honest(setting, **options)
        raw.values[0, -1, raw.names.index("mean_pay")] *= 1 + 1e-6
        return raw, start

    monkeypatch.setattr(check_numbers, "run_setting", astray)
    passed, text, failed = check_numbers.reference(Place.load("china"))
    assert not passed and "mean_pay" in text and failed == ("mean_pay",)


@pytest.mark.slow
def test_the_adaptive_solver_agrees_over_the_whole_run():
    passed, text, _ = check_numbers.adaptive(Place.load("china"))
    assert passed and f"2010 to {LAST_YEAR}" in text and "linked_package" in text


@pytest.mark.slow
def test_steps_that_are_too_coarse_are_found_by_the_adaptive_solver(monkeypatch):
    """Euler's, whose error is of the size of the step; in Runge-Kutta's a longer one than this is refused."""
    honest = check_numbers.setting_of
    monkeypatch.setattr(
        check_numbers, "setting_of", lambda *arguments: replace(honest(*arguments), method="euler", step=1 / 16)
    )
    monkeypatch.setattr(check_numbers, "ADAPTIVE", ("baseline",))
    passed, text, failed = check_numbers.adaptive(Place.load("china"))
    assert not passed and len(failed) > 10 and "baseline" in text
