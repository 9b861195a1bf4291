"""The report for values as they stand: fit, moves and what history can tell, with nothing fitted; how it is printed."""

from __future__ import annotations

import math
import os

import numpy as np
import pandas as pd
import pytest
from calibration_models import observed, small_place

import healthreform as hr
from healthreform.calibration import calibrating
from healthreform.calibration.plan import Plan
from healthreform.calibration.standing import standing

PLAN = Plan("by hand", "by hand", (2010, 2021), prior=0.1, targets={"turnover": 0.03})
FREE = ["level", "idle", "base[left]", "other"]
LEVELS = (90.0, 120.0, 100.0, 150.0)
TABLE = pd.concat([observed("turnover", *LEVELS), observed("product[left]", 12.0, 14.0, 13.0)])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return small_place(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def found(place):
    return standing(place, plan=PLAN, free=FREE, observed=TABLE)


@pytest.fixture(scope="module")
def of_china():
    return standing("china", free=["contacts_at_start", "village_entry_rate", "village_exit_rate"])


def test_a_move_is_counted_from_the_middle_of_the_range_in_logarithms_where_the_distribution_is(tmp_path):
    moved = small_place(tmp_path, "[values]\nlevel = 150.0\nidle = 0.75\n")
    table = standing(moved, plan=PLAN, free=["level", "idle"], observed=TABLE).parameters
    assert table.middle.to_dict() == pytest.approx({"level": 100.0, "idle": 0.5})
    assert table.value.to_dict() == {"level": 150.0, "idle": 0.75}
    assert table.moved.to_dict() == pytest.approx({"level": math.log(1.5) / math.log(4), "idle": 0.25})


def test_what_history_cannot_tell_apart_or_see_is_told_without_a_fit(found):
    assert found.groups.members.tolist() == ["base[left], other"]
    assert found.pairs.loc[0, ["one", "other"]].tolist() == ["base[left]", "other"]
    assert found.parameters.blind.to_dict() == {"level": False, "idle": True, "base[left]": False, "other": False}
    assert "History is blind to 1 of 4: idle; of the others it can tell 2 apart all at once." in found.summary()


def test_the_misfit_is_that_of_the_recorded_values(found, place):
    before = hr.calibrate(place, plan=PLAN, free=FREE, observed=TABLE, starts=0, polished=1)
    assert found.misfit == pytest.approx(before.misfit[0], rel=1e-12) and found.misfit > before.misfit[1]
    pd.testing.assert_frame_equal(found.fit, before.before, check_exact=True)


def test_a_fit_says_how_far_each_parameter_moved_from_where_the_prior_has_its_centre(place):
    table = hr.calibrate(place, plan=PLAN, free=["level"], observed=TABLE, starts=0, polished=1).parameters
    assert table.moved["level"] == pytest.approx(math.log(table.fitted["level"] / 100.0) / math.log(4))
    assert abs(table.moved["level"]) > 0.01


def test_without_a_plan_only_the_fit_is_told(place):
    found = standing(place, observed=TABLE)
    assert [each.key for each in found.sections()] == ["fit", "errors_by_year"]
    assert "No parameter is free" in found.summary()[-1]


@pytest.mark.slow
def test_china_is_told_for_every_parameter_of_its_plan():
    found = standing("china")
    names = {name.partition("[")[0] for name in found.parameters.index}
    assert names == {name.partition("[")[0] for name in Plan.load(hr.Place.load("china")).free}
    assert found.parameters.moved.between(-0.5, 0.5).all()
    assert found.fit.equals(hr.fit("china")) and len(found.groups) and len(found.pairs)


def test_the_command_tells_fit_moves_and_what_cannot_be_told_apart_and_fits_nothing(command, tmp_path, monkeypatch):
    monkeypatch.setattr(calibrating, "calibrate", lambda *a, **k: pytest.fail("it searched"))
    asked = ("--free", "village_exit_rate", "--free", "village_entry_rate")
    code, out, err = command("calibrate", "china", "--report-only", *asked, "--report", tmp_path)
    assert (code, err) == (0, "") and "total_health_expenditure" in out and out.startswith("Misfit ")
    for title in ("Fit, series by series", "Parameters", "Groups that history cannot tell apart", "Pairs that go"):
        assert f"\n{title}" in out
    for measure in ("error", "R2", "U1", "bias", "variance", "covariance", "moved", "collinearity", "cosine"):
        assert f" {measure}" in out
    names = ("errors_by_year", "fit", "groups", "pairs", "parameters")
    assert sorted(os.listdir(tmp_path)) == [*(f"{name}.csv" for name in names), "report.md"]
    saved = pd.read_csv(tmp_path / "fit.csv", index_col="name")
    assert np.array_equal(saved.mape, hr.fit("china").mape)
    assert pd.read_csv(tmp_path / "parameters.csv", index_col="name").index.tolist() == list(asked[1::2])


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_no_cell_of_the_report_is_cut_and_no_line_is_too_long(command, of_china, monkeypatch, columns):
    monkeypatch.setattr("healthreform.calibration.standing.standing", lambda *a, **k: of_china)
    code, out, _ = command("calibrate", "china", "--report-only", columns=columns)
    tables = out.partition("\n\n")[2].splitlines()
    assert code == 0 and "…" not in out and max(map(len, tables)) <= columns
    for section in of_china.sections():
        if section.key in ("fit", "parameters"):
            printed = [line.split() for line in tables]
            for name in section.shown.index:
                assert any(words[:1] == [name] for words in printed), name
    assert {"R2", "U1", "bias", "variance", "covariance"} <= set(out.split())
    assert ("standard" in out.partition("\nParameters")[2].splitlines()[1]) == (columns > 80)
