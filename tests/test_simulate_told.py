"""What a run says of itself: how far its step moves the numbers, and which changes do nothing."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import healthreform as hr
from healthreform.check_numbers import INTEGRATION_ERROR
from healthreform.stockflow import step_error
from healthreform.stockflow.results import Failure, RawResult
from healthreform.stockflow.step_error import WARNED, sample_of

DESIGN = pd.DataFrame({"fixed_pay_share": [0.2, 0.3, 0.4, 0.5]}, index=["a", "b", "c", "d"])


def test_a_run_and_a_sweep_within_what_passes_say_how_far_and_warn_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = hr.simulate("china", stop=2020)
        runs = hr.sweep("china", "baseline", DESIGN, stop=2020)
    for result in (run, runs):
        assert 0 < result.attrs["step_error"] <= INTEGRATION_ERROR
        assert result.attrs["step_error_variable"].partition("[")[0] in hr.variables("china").index
    assert "step_error_row" not in run.attrs
    assert runs.attrs["step_error_row"] in DESIGN.index


def test_the_difference_told_is_that_between_two_runs():
    run, half = (hr.simulate("china", stop=2020, step=step) for step in (1 / 16, 1 / 32))
    name, _, element = run.attrs["step_error_variable"].removesuffix("]").partition("[")
    chosen = {run[name].dims[1]: element} if element else {}
    one, other = run[name].sel(chosen), half[name].sel(chosen)
    assert run.attrs["step_error"] == pytest.approx(float(abs(one - other).max() / abs(other).max()), rel=1e-9)


def test_too_long_a_step_warns_with_the_variable_the_row_and_the_remedy():
    with pytest.warns(
        hr.StepWarning, match=r"^step 1/16 year: half of it moves \S+ by .* such as 1/32, or method rk4$"
    ):
        run = hr.simulate("china", stop=2020, method="euler")
    assert run.attrs["step_error"] > WARNED
    with pytest.warns(hr.StepWarning, match=r"half of it moves \S+ in row [abcd] by .*, where 0.005 passes") as told:
        hr.sweep("china", "baseline", DESIGN, stop=2020, method="euler")
    assert told[0].filename == __file__


def test_a_run_warns_from_five_times_what_the_check_allows():
    assert pytest.approx(5 * INTEGRATION_ERROR) == WARNED


def test_a_sample_is_spread_over_the_design_and_the_whole_of_a_small_one():
    assert sample_of(3) == [0, 1, 2]
    assert sample_of(1) == [0]
    assert sample_of(5000)[0] == 0 and sample_of(5000)[-1] == 4999 and len(sample_of(5000)) == 8
    assert sample_of(5000, 1) == [0]


def test_all_parts_of_a_sweep_tell_of_one_sample(monkeypatch):
    whole = hr.sweep("china", "baseline", DESIGN, stop=2012)
    parts = list(hr.sweep_in_chunks("china", "baseline", DESIGN, stop=2012, chunk=1))
    assert len(parts) == 4 and all(part.attrs == whole.attrs for part in parts)
    counted = []
    monkeypatch.setattr(step_error, "largest_error", lambda model, whole, half, names: counted.append(whole.runs))
    runs = hr.sweep("china", "baseline", pd.concat([DESIGN] * 10, ignore_index=True), stop=2012)
    assert counted == [8]
    assert "step_error" not in runs.attrs


def test_of_several_places_the_row_says_which():
    runs = hr.sweep(["china", "sanming"], "baseline", DESIGN, stop=2016)
    row, place = runs.attrs["step_error_row"].split(" of ")
    assert row in DESIGN.index and place in ("china", "sanming")


def test_a_run_that_failed_at_either_step_is_not_compared():
    model = hr.Place.load("china").model
    flats = model.flat_names("mean_pay")
    failures = (Failure(0, "x", 2010.0, ""),), (Failure(2, "x", 2010.0, ""),)
    shape = (4, 2, len(flats))
    whole, half = (
        RawResult(np.full(shape, 1.0), np.arange(2), flats, failed, np.full(4, np.inf), ("",) * 4)
        for failed in failures
    )
    half.values[[0, 2]], half.values[1], half.values[3] = 9.0, 1.01, 1.02
    found = step_error.largest_error(model, whole, half, ["mean_pay"])
    assert found.run == 3 and found.variable == flats[0] and found.size == pytest.approx(0.02 / 1.02)
    empty = replace(half, failures=tuple(Failure(run, "x", 2010.0, "") for run in range(4)))
    assert step_error.largest_error(model, whole, empty, ["mean_pay"]) is None


def test_a_step_that_cannot_be_halved_is_not_judged():
    assert "step_error" not in hr.simulate("china", stop=2010, step=1 / 6000).attrs


@pytest.mark.parametrize("change", [{"outbreak_waiver": {2030: 0.3}}, {"drug_procurement_coverage": {2041: 0.5}}])
def test_a_change_that_moves_nothing_else_is_listed(change):
    run, plain = hr.simulate("china", changes=change), hr.simulate("china")
    assert json.loads(run.attrs["changes_without_effect"]) == list(change)
    others = plain.drop_vars(list(change))
    assert others.equals(run.drop_vars(list(change)))


def test_of_many_changes_those_without_effect_are_listed_in_their_order():
    change = {
        "outbreak_waiver": {2030: 0.3},
        "fixed_pay_share": {2030: 0.5},
        "drug_procurement_coverage": {2041: 0.5},
    }
    for lever in list(hr.levers().query("unit == 'dimensionless'").dropna(subset=["low", "value"]).index)[:12]:
        change.setdefault(lever, {2030: float(hr.levers().high[lever])})
    run = hr.simulate("china", changes=change)
    idle = json.loads(run.attrs["changes_without_effect"])
    assert {"outbreak_waiver", "drug_procurement_coverage"} <= set(idle) and "fixed_pay_share" not in idle
    assert idle == [name for name in change if name in idle]


def test_steps_in_place_of_years_tell_the_same():
    change = {"outbreak_waiver": {2012: 0.3}, "fixed_pay_share": {2012: 0.5}}
    yearly = hr.simulate("china", changes=change, stop=2013)
    stepwise = hr.simulate("china", changes=change, stop=2013, every_step=True)
    for name in ("changes_without_effect", "step_error", "step_error_variable"):
        assert yearly.attrs[name] == stepwise.attrs[name]


def test_the_command_line_says_both_in_a_line_each(command):
    code, out, err = command("run", "china", "--method", "euler", "--stop", "2020", "--set", "outbreak_waiver=2021:0.3")
    assert code == 0
    assert "note: without effect in this run: outbreak_waiver\n" in out
    [line] = err.splitlines()
    assert line.startswith("warning: step 1/16 year: half of it moves ") and line.endswith("or method rk4")


def test_a_warning_of_a_sweep_is_one_line_too(command, tmp_path):
    DESIGN.to_csv(tmp_path / "design.csv", index=False)
    saved = tmp_path / "runs.nc"
    code, _, err = command("sweep", tmp_path / "design.csv", "--method", "euler", "--stop", "2014", "-o", saved)
    assert code == 0
    assert sum(line.startswith("warning: step 1/16 year") for line in err.splitlines()) == 1
    assert hr.load(saved).attrs["step_error"] > WARNED
