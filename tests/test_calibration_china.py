"""Calibration of the real model: known values come back from what they made, and the command line around it."""

from __future__ import annotations

import dataclasses
import inspect
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

import healthreform as hr
from healthreform import cli
from healthreform.analysis import pick
from healthreform.calibration import calibrating
from healthreform.calibration.plan import Plan
from healthreform.calibration.search import Effort
from healthreform.place import Place

#: What is to be found again: every sector of the model has one.
TRUTH = {
    "price_elasticity[outpatient]": 0.55,
    "contribution_base_ratio": 0.8,
    "technology_drift[inpatient,services]": 0.055,
    "bed_drive[tertiary]": 0.07,
    "retail_at_start": 100.0,
    "village_exit_rate": 0.045,
}


@pytest.fixture(scope="module")
def synthetic():
    """History as the model itself makes it with the true values."""
    run = hr.simulate("china", "baseline", TRUTH, stop=2021)
    table = hr.history("china", table=True)
    table = table[table["year"].between(2010, 2021)]
    facts = zip(table["name"], table["year"], strict=True)
    return table.assign(value=[float(pick(run, name).sel(time=year)) for name, year in facts])


@pytest.fixture(scope="module")
def found(synthetic):
    plan = dataclasses.replace(Plan.load(Place.load("china")), prior=0.0, evidence=0.0)
    return hr.calibrate("china", plan=plan, free=list(TRUTH), observed=synthetic, starts=32, polished=2)


def test_values_come_back_from_the_history_they_made(found):
    assert found.values == pytest.approx(TRUTH, rel=1e-3)
    assert found.misfit[1] < 1e-3 < 10 < found.misfit[0]


def test_every_start_finds_them(found):
    assert len(found.attempts) == 3 and (found.attempts.after < 1e-6).all()


def test_what_comes_back_exactly_meets_every_target_and_is_told_apart(found):
    assert (found.after.met != "no").all() and (found.before.met == "no").any()
    assert found.parameters.apart.all() and not len(found.groups)


def test_the_fit_of_the_values_as_they_stand_agrees_with_the_measures_of_a_run():
    fit = hr.fit("china")
    known = hr.fit_to_history(hr.simulate("china", "baseline", stop=2021))
    for measure in ("mape", "r2", "theil_u", "bias", "variance", "covariance"):
        assert fit[measure].to_numpy() == pytest.approx(known.loc[fit.index, measure].to_numpy(), nan_ok=True)
    assert fit["last"].max() == 2021 and set(Plan.load(Place.load("china")).targets) <= set(fit.index)


def test_every_missed_target_has_a_reason_and_no_reason_outlives_its_miss():
    fit, plan = hr.fit("china"), Plan.load(Place.load("china"))
    missed = set(fit.index[fit.met == "no"])
    assert missed == set(plan.misses) == set(fit.index[fit.miss != ""])


def test_a_saved_fit_is_a_place_that_runs_and_is_compared_with_the_same_history(found, tmp_path):
    file = found.save(tmp_path / "fitted.toml")
    run = hr.simulate(file, "baseline", stop=2021)
    assert run.equals(hr.simulate("china", "baseline", found.values, stop=2021))
    fit = hr.fit(file)
    pd.testing.assert_frame_equal(fit, hr.fit("china", found.values), check_exact=True)


@pytest.mark.slow
def test_a_fit_that_goes_nowhere_near_is_told():
    table = hr.history("china", table=True)
    table = table[(table["name"] == "mean_pay") & (table["year"] <= 2021)].assign(value=lambda each: 10 * each["value"])
    found = hr.calibrate("china", free=["exit_rate"], observed=table, starts=0)
    assert found.after.met["mean_pay"] == "no" and "missed: mean_pay" in " ".join(found.summary())
    assert (found.parameters.fitted >= found.parameters.low).all()
    assert (found.parameters.fitted <= found.parameters.high).all()


# -------------------------------------------------------------------------------------------------- the command line


SHORT = ("calibrate", "china", "--free", "village_exit_rate", "--free", "village_entry_rate", "--starts", 8)


def test_the_command_prints_and_saves_what_was_found(command, tmp_path):
    code, out, err = command(*SHORT, "--polished", 1, "-o", tmp_path / "fit.toml", "--report", tmp_path / "tables")
    assert code == 0 and err.strip() == ""
    assert out.startswith("Misfit ") and "village_exit_rate, village_entry_rate" in out
    assert "Fit, series by series" in out and "Parameters" in out and "saved to" in out
    assert hr.Place.load(tmp_path / "fit.toml").history == "china"
    assert (tmp_path / "tables" / "report.md").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("calibrate", "chin"), "unknown place 'chin'; nearest valid name: china"),
        (("calibrate", "--free", "village_exit_rat"), "nearest valid name: village_exit_rate"),
        (("calibrate", "--free", "drug_mark_up"), "is a lever, whose past is a fact"),
        (("calibrate", "--plan", "no.toml"), "no.toml: there is no such file"),
        (("calibrate", "-o", "fit.nc"), "fit.nc: the ending says what to write; use .toml"),
        (("calibrate", "--report-only", "-o", "fit.toml"), "--report-only finds no new values"),
        (("calibrate", "--report-only", "--write"), "--report-only finds no new values"),
        (("calibrate", "--starts", "-1"), "starts is -1"),
        (("calibrate", "--seed", "now"), "Invalid value for '--seed'"),
    ],
)
def test_what_a_user_does_wrong_is_one_line_and_code_2(command, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = command(*arguments)
    assert (code, out) == (2, "") and err.startswith("error: ") and err.count("\n") == 1 and message in err
    assert os.listdir(tmp_path) == []


def test_an_interrupt_ends_in_one_line_and_leaves_nothing(command, tmp_path, monkeypatch):
    def interrupted(*arguments, **options):
        options["progress"](0.1, 1.0)
        raise KeyboardInterrupt

    monkeypatch.setattr(calibrating, "calibrate", interrupted)
    code, _, err = command(*SHORT, "-o", tmp_path / "fit.toml", "--report", tmp_path, "--write")
    assert code == 2 and err == "error: interrupted; nothing half-written is left\n"
    assert os.listdir(tmp_path) == []


def test_the_command_searches_as_hard_as_the_function():
    given = inspect.signature(cli.calibrate).parameters
    effort = {name: given[name].default for name in ("starts", "polished", "seed")}
    assert effort == {name: getattr(Effort(), name) for name in effort}


def test_help_teaches_by_example(command):
    code, out, _ = command("calibrate", "--help")
    assert code == 0 and "healthreform calibrate china -o fit.toml" in out


@pytest.mark.slow
def test_control_c_in_the_middle_of_a_search_ends_in_one_line(tmp_path):
    arguments = ["calibrate", "--polished", "50", "-o", str(tmp_path / "fit.toml"), "--report", str(tmp_path)]
    running = subprocess.Popen(
        [sys.executable, "-m", "healthreform.cli", *arguments], stderr=subprocess.PIPE, text=True
    )
    time.sleep(8)
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 2 and err == "error: interrupted; nothing half-written is left\n"
    assert os.listdir(tmp_path) == []
