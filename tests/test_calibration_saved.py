"""What a calibration saves: the file of a place, tables, and values in the parameter files with all else as it was."""

from __future__ import annotations

import difflib
import re
import shutil
import sys
import tomllib

import numpy as np
import pandas as pd
import pytest
from calibration_models import RECORDS, observed, small_place

import healthreform as hr
from healthreform.assembly import DATA, UNITS
from healthreform.calibration.plan import Plan
from healthreform.calibration.writing import place_text, written_into_package
from healthreform.output import write_together
from healthreform.place import Place
from healthreform.stockflow import Records

YEARS = (2010, 2021)
PLAN = Plan("by hand", "by hand", YEARS, prior=0.1)


@pytest.fixture
def place(tmp_path):
    return small_place(tmp_path)


@pytest.fixture
def found(place):
    table = pd.concat([observed("turnover", 90.0, 120.0), observed("line", 0.3, 0.33, 0.31)])
    return hr.calibrate(place, plan=PLAN, free=["level", "slope", "idle"], observed=table, starts=4, polished=1)


def lines_changed(before, after):
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[:1] in "+-"]


def test_fitted_values_stand_in_the_parameter_file_and_nothing_else_changes(place, found, tmp_path):
    assert found.write() == [tmp_path / "parameters.toml"]
    text = (tmp_path / "parameters.toml").read_text()
    level, slope = found.values["level"], found.values["slope"]
    why = "fitted to history 2010-2021 and measured effects inside its range"
    assert sorted(lines_changed(RECORDS, text)) == sorted([
        "- value = 100.0", f"+ value = {level}", '- source = "a guess"', '- grade = "assumed"',
        f'+ source = "a guess; {why}"', '+ grade = "calibrated"',
        "- value = 0.0", f"+ value = {slope}", '- source = "s"',
        f'+ source = "s; {why}"', '- grade = "estimated"', '+ grade = "calibrated"',
    ])  # fmt: skip
    assert "[parameters.level]  # first" in text


def test_values_are_written_in_the_unit_of_the_file_and_a_spread_stays_where_it_was(place):
    values = {"delay": 0.25, "waiting": 0.12, "base[left]": 15.0, "one[right]": 2.0}
    ((_, text),) = written_into_package(place, values, YEARS).items()
    written = tomllib.loads(text)["parameters"]
    assert written["delay"]["value"] == 3.0
    assert written["waiting"]["value"] == 12.0
    assert (written["waiting"]["low"], written["waiting"]["high"]) == (7.0, 13.0)
    assert written["base"]["value"] == {"left": 15.0, "right": 20.0} and "spread" not in written["base"]
    assert written["base"]["low"] == {"left": 5.0, "right": 10.0}
    assert written["one"]["value"] == {"left": 1.0, "right": 2.0}
    assert list(written["base"])[3:6] == ["low", "high", "description"]
    assert "# in this order" in text
    records = Records.from_text(text, units=UNITS)
    assert records.parameters["delay"].value[()] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"level": 200.1}, r"parameters\.level\.value: 200.1 is out of its range, 50 to 200"),
        ({"base[left]": 4.9}, r"parameters\.base\.value\[left\]: 4.9 is out of its range, 5 to 15"),
    ],
)
def test_a_value_outside_its_range_is_never_written(place, values, message):
    with pytest.raises(hr.RecordError, match=message):
        written_into_package(place, values, YEARS)


def test_a_source_says_only_once_that_it_was_fitted(place, tmp_path):
    write_together(written_into_package(place, {"level": 110.0}, YEARS))
    write_together(written_into_package(small_place(tmp_path), {"level": 120.0}, YEARS))
    record = small_place(tmp_path).model.records.parameters["level"]
    assert record.value[()] == 120.0
    assert record.source == "a guess; fitted to history 2010-2021 and measured effects inside its range"


def test_a_place_with_values_of_its_own_is_saved_as_a_place_and_not_in_the_common_files(tmp_path):
    place = small_place(tmp_path, '[values]\n"base[left]" = 12.0\nlevel = 70\npush = [[2010, 0.1], [2015, 0.9]]\n')
    with pytest.raises(hr.RecordError, match="hides the common values from this place; save the fit as a place"):
        written_into_package(place, {"level": 80.0}, YEARS)
    text = place_text(place, {"base[right]": 21.0, "level": 80.5}, {})
    assert tomllib.loads(text)["values"] == {
        "base[left]": 12.0, "base[right]": 21.0, "level": 80.5, "push": [[2010, 0.1], [2015, 0.9]]
    }  # fmt: skip


def test_a_file_that_cannot_be_written_leaves_all_files_as_they_were(tmp_path):
    one, other = tmp_path / "one.toml", tmp_path / "missing" / f"{'x' * 245}.toml"  # no room for the name aside
    one.write_text("before")
    with pytest.raises(hr.OutputError, match="it cannot be written"):
        write_together({one: "after", other: "after"})
    assert one.read_text() == "before" and [each.name for each in tmp_path.iterdir()] == ["one.toml"]


def test_an_interrupt_between_two_files_puts_the_first_back(tmp_path, monkeypatch):
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text("before")
    honest, calls = __import__("os").replace, []

    def interrupted(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        honest(source, target)

    monkeypatch.setattr("healthreform.output.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_together({one: "after", other: "after"})
    assert one.read_text() == "before" and sorted(each.name for each in tmp_path.iterdir()) == ["one.toml"]


def test_the_report_holds_every_table_in_full_and_a_page(found, tmp_path):
    folder = found.save_report(tmp_path / "report")
    names = {"fit", "errors_by_year", "parameters", "groups", "pairs", "starts"}
    assert {each.name for each in folder.iterdir()} == {f"{name}.csv" for name in names} | {"report.md"}
    saved = pd.read_csv(folder / "parameters.csv", index_col="name")
    assert np.array_equal(saved.fitted, found.parameters.fitted) and saved.blind["idle"]
    page = (folder / "report.md").read_text()
    assert page.startswith("# Calibration of A small place\n\n- Misfit ")
    assert "\n| turnover | " in page and "- seed: 1" in page


# ------------------------------------------------------------------------------------------------------- the package


def test_parameter_files_of_the_package_can_be_written_too(tmp_path):
    shutil.copytree(DATA / "parameters", tmp_path / "parameters")
    place = Place.load("china")
    values = {
        "contacts_at_start[tertiary,inpatient,employee]": 1.6e7,
        "fear_time": 1.25,
        "access_cost[inpatient]": 250.0,
    }
    texts = written_into_package(place, values, YEARS, tmp_path / "parameters")
    assert [file.name for file in texts] == ["patients.toml"]
    before = (DATA / "parameters" / "patients.toml").read_text()
    changed = lines_changed(before, next(iter(texts.values())))
    added = [line for line in changed if line.startswith("+")]
    assert all(re.match(r"\+ *(value|source|grade|low|high)\b", line) for line in added)
    assert sum(bool(re.match(r"\+ *value\b", line)) for line in added) == 3
    write_together(texts)
    records = Records.load(sorted((tmp_path / "parameters").glob("*.toml")), units=UNITS)
    assert records.parameters["contacts_at_start"].value["tertiary", "inpatient", "employee"] == 1.6e7
    assert records.parameters["access_cost"].high["inpatient",] == 450.0
    assert records.parameters.keys() == place.model.records.parameters.keys()


def test_without_tomlkit_the_parameter_files_are_left_alone(place, monkeypatch):
    monkeypatch.setitem(sys.modules, "tomlkit", None)
    with pytest.raises(hr.OutputError, match="tomlkit is not installed"):
        written_into_package(place, {"level": 80.0}, YEARS)
