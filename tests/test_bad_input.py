"""Bad input of every kind ends in one clear line, before anything runs, with nothing left behind."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import healthreform as hr
from healthreform.cli_reading import read_design_file
from healthreform.setting import LONGEST_RUN
from healthreform.stockflow.record_values import LARGEST_FILE

GOOD = pd.DataFrame({"fixed_pay_share": [0.5, 0.6], "inducement_limit": [1.12, 1.2]})


def refused(message, call, *arguments, **options):
    with pytest.raises(hr.StockflowError) as caught:
        call(*arguments, **options)
    text = str(caught.value)
    assert message in text, text
    assert "\n" not in text and len(text) < 600
    return text


@pytest.mark.parametrize(
    ("place", "scenario", "message"),
    [
        ("chian", "baseline", "unknown place 'chian'; nearest valid name: china"),
        ("", "baseline", "unknown place ''; places: china"),
        (3, "baseline", "place 3: give a name, or the path of a .toml file"),
        (None, "baseline", "place None: give a name"),
        ("china", "baselin", "unknown scenario 'baselin'; nearest valid name: baseline"),
        ("china", "zzz", "unknown scenario 'zzz'; scenarios: "),
        ("china", None, "scenario None: give a name"),
        ("nowhere.toml", "baseline", "nowhere.toml: there is no such file"),
        ("china", "nowhere.toml", "nowhere.toml: there is no such file"),
    ],
)
def test_an_unknown_place_or_scenario_offers_the_nearest(place, scenario, message):
    refused(message, hr.simulate, place, scenario)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fixed_pay_shar": 1}, "'fixed_pay_shar' is no parameter, lever, driver or table; nearest valid name: fixed"),
        ({"inducement_limt": 1}, "nearest valid name: inducement_limit"),
        ({"fund_reserve": 1}, "'fund_reserve' is no parameter, lever, driver or table"),
        ({"fixed_pay_share": 1.5}, "1.5 is out of its range, 0 to 1"),
        ({"fixed_pay_share": -0.1}, "-0.1 is out of its range"),
        ({"fixed_pay_share": math.nan}, "nan is not a finite number"),
        ({"fixed_pay_share": math.inf}, "inf is not a finite number"),
        ({"fixed_pay_share": np.float64("nan")}, "nan is not a finite number"),
        ({"fixed_pay_share": "half"}, "'half' is text; a number goes here"),
        ({"fixed_pay_share": True}, "True is bool; a number goes here"),
        ({"fixed_pay_share": None}, "None"),
        ({"fixed_pay_share": 10**400}, "too large"),
        ({"fixed_pay_share": {}}, "fixed_pay_share"),
        ({"fixed_pay_share": []}, "must be a list of points"),
        ({"fixed_pay_share": [[2020, 0.5, 1]]}, "must be [date, value]"),
        ({"fixed_pay_share": [[2020, "x"]]}, "'x' is text"),
        ({"fixed_pay_share": [["x", 0.5]]}, "'x' is text"),
        ({"fixed_pay_share": [[math.nan, 0.5]]}, "not a finite number"),
        ({"fixed_pay_share": [[2030, 0.5], [2020, 0.6]]}, "the dates are out of order: 2020 comes after 2030"),
        ({"fixed_pay_share": [[2020, 0.5]] * 3}, "given three times"),
        ({"fixed_pay_share": {2000: 0.5}}, "the date 2000 is outside the run, 2010 to 2041"),
        ({"fixed_pay_share": {2020: 0.5, 2042: 0.6}}, "the date 2042 is outside the run"),
        ({"fixed_pay_share": {2020: 0.5, "tertiary": 0.6}}, "mixes dates and elements"),
        ({"fixed_pay_share": {2020.01: 0.5}}, "falls between two steps of 1/16 year"),
        ({"fixed_pay_share[tertairy]": 0.5}, "'tertairy' is no element of it; nearest valid name: tertiary"),
        ({"fixed_pay_share": {"tertairy": 0.5}}, "nearest valid name: tertiary"),
        (
            {"reimbursement_rate[employe]": 0.5},
            "changes: reimbursement_rate[employe]: 'employe' is no element of tier, care, scheme; nearest valid name: "
            "employee; write reimbursement_rate[tier,care,scheme], such as "
            "reimbursement_rate[tertiary,outpatient,employee]",
        ),
        (
            {"reimbursement_rate[resident]": {2020: 0.5}},
            "needs an element each of tier, care, scheme: write reimbursement_rate[tier,care,scheme], such as "
            "reimbursement_rate[tertiary,outpatient,resident]",
        ),
        ({"reimbursement_rate[primary, inpatient]": [[2020, 0.5]]}, "reimbursement_rate[primary,inpatient,employee]"),
        ({"payroll_limit[tertiary]": 2.0}, "no subscripts"),
        ({"fixed_pay_share": 0.5, "fixed_pay_share[tertiary]": 0.6}, "overlap; change each value once"),
        ({"inducement_limit": {2020: 1.2}}, "a number goes here"),
        ([("fixed_pay_share", 0.5)], "must be a mapping from names to values"),
        ("fixed_pay_share=0.5", "must be a mapping from names to values"),
        ({3: 0.5}, "'3' is no parameter"),
        ({"fixed_pay_share[]": 0.5}, "write fixed_pay_share, or fixed_pay_share[tier] for one element"),
        ({"fixed_pay_share[tertiary": 0.5}, "'fixed_pay_share[tertiary' is no way to write a name"),
        ({"fixed_pay_share[tertiary]y": 0.5}, "'fixed_pay_share[tertiary]y' is no way to write a name"),
        ({"fixed_pay_share\n": 0.5}, "'fixed_pay_share\\n' is no way to write a name; write fixed_pay_share, or"),
        ({"payroll_limit\t": 2.0}, "'payroll_limit\\t' is no way to write a name; write payroll_limit"),
        ({"payroll_limit[]": 2.0}, "'payroll_limit[]' is no way to write a name; write payroll_limit"),
    ],
)
def test_a_wrong_change_names_what_is_wrong(changes, message):
    refused(message, hr.simulate, "china", "baseline", changes)


def test_a_change_of_an_element_is_judged_where_one_value_held_for_all():
    names = [name for name, row in hr.levers().iterrows() if row.over == "tier"]
    refused("is no element of", hr.simulate, "china", "baseline", {f"{names[0]}[quaternary]": 0.0})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": 0}, "step 0 is not a positive number of years"),
        ({"step": -1 / 16}, "step -0.0625 is not a positive number of years"),
        ({"step": math.nan}, "step nan is not a positive number"),
        ({"step": math.inf}, "step inf is not a positive number"),
        ({"step": 0.3}, "step 0.3 does not divide a year into whole steps; use 1/4"),
        ({"step": 2}, "step 2 is longer than a year; use for example 1/16"),
        ({"step": 1e-9}, "is shorter than"),
        ({"step": "1/16"}, "step '1/16' is not a number"),
        ({"step": None}, "step None is not a number"),
        ({"stop": 2009}, "stop 2009 lies before the start 2010"),
        ({"stop": 2030.5}, "stop 2030.5 is not a calendar year"),
        ({"stop": "2030"}, "stop '2030' is not a calendar year"),
        ({"stop": math.nan}, "stop nan is not a calendar year"),
        ({"stop": True}, "stop True is not a calendar year"),
        ({"stop": 2010 + LONGEST_RUN}, f"makes a run of more than {LONGEST_RUN} years"),
        ({"start": 2015}, "start 2015: a run of china begins in 2010"),
        ({"start": "2010"}, "start '2010' is not a calendar year"),
        ({"method": "rk5"}, "method 'rk5' is unknown; use one of: rk4, euler"),
    ],
)
def test_wrong_years_steps_and_methods_are_refused(options, message):
    refused(message, hr.simulate, "china", "baseline", **options)
    refused(message, hr.sweep, "china", "baseline", GOOD, **options)


def test_a_step_longer_than_the_shortest_time_constant_is_refused():
    text = refused("is longer than the time constant", hr.simulate, "china", "no_reform", step=1 / 4)
    assert "switching_time" in text and "use a step of 1/" in text


def test_the_step_that_is_offered_runs():
    offered = {}
    for step in (4, 8, 9, 12):
        text = refused("use a step of 1/", hr.simulate, "china", "baseline", step=1 / step, stop=2022)
        offered[step] = int(re.search(r"use a step of 1/(\d+) year", text)[1])
    assert len(set(offered.values())) == 1
    [steps] = set(offered.values())
    hr.simulate("china", "baseline", step=1 / steps, stop=2022)
    for fewer in range(1, steps):
        with pytest.raises(hr.StockflowError):
            hr.simulate("china", "baseline", step=1 / fewer, stop=2022)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.rename(columns={"fixed_pay_share": "fixed_pay_shar"}), "nearest valid name: fixed_pay_share"),
        (lambda d: d.rename(columns={"fixed_pay_share": ""}), "a column has no name ('')"),
        (lambda d: d.rename(columns={"fixed_pay_share": None}), "a column has no name"),
        (lambda d: d.rename(columns={"fixed_pay_share": 7}), "a column has no name (7)"),
        (lambda d: d.rename(columns={"fixed_pay_share": "Unnamed: 0"}), "a column has no name"),
        (lambda d: pd.concat([d, d[["fixed_pay_share"]]], axis=1), "column 'fixed_pay_share' is given twice"),
        (lambda d: d.assign(**{"fixed_pay_share[primary]": 0.5}), "which 'fixed_pay_share' moves too"),
        (lambda d: d.rename(columns={"fixed_pay_share": "fixed_pay_share[primry]"}), "nearest valid name: primary"),
        (lambda d: d.rename(columns={"inducement_limit": "inducement_limit[x]"}), "takes no brackets"),
        (lambda d: d.rename(columns={"fixed_pay_share": "fixed_pay_share[primary,x]"}), "takes [tier]"),
        (
            lambda d: d.rename(columns={"fixed_pay_share": "fixed_pay_share[]"}),
            "'fixed_pay_share[]' is no way to write",
        ),
        (lambda d: d.rename(columns={"fixed_pay_share": "fixed_pay_share\n"}), "'fixed_pay_share\\n' is no way to"),
        (lambda d: d.rename(columns={"fixed_pay_share": "fixed_pay_share[primary"}), "is no way to write a name"),
        (lambda d: d.assign(fixed_pay_share=[0.5, 1.5]), "row 1, column 'fixed_pay_share': 1.5 is out of its range"),
        (lambda d: d.assign(fixed_pay_share=[0.5, np.nan]), "row 1, column 'fixed_pay_share': the value is missing"),
        (lambda d: d.assign(fixed_pay_share=[np.inf, 0.5]), "row 0, column 'fixed_pay_share': the value is infinite"),
        (lambda d: d.assign(fixed_pay_share=["a", 0.5]), "row 0, column 'fixed_pay_share': 'a' is not a number"),
        (lambda d: d.assign(fixed_pay_share=[True, False]), "True is not a number"),
        (lambda d: d.assign(fixed_pay_share=[0.5, None]), "row 1, column 'fixed_pay_share': the value is missing"),
        (lambda d: d.iloc[:0], "it has no rows"),
        (lambda d: d.iloc[:, :0], "it has no columns"),
        (lambda d: pd.concat([d, d]), "the row label 0 is given twice"),
        (lambda d: d.set_index(["fixed_pay_share", "inducement_limit"], append=True), "it has no columns"),
        (lambda d: d.set_index("inducement_limit", append=True), "labels of several levels"),
        (lambda d: d.to_numpy(), "a ndarray is no table; give a pandas.DataFrame"),
        (lambda d: d.to_dict(), "a dict is no table"),
        (lambda d: None, "a NoneType is no table"),
    ],
    ids=range(27),
)
def test_a_wrong_design_is_refused_before_anything_runs(change, message, monkeypatch):
    monkeypatch.setattr("healthreform.stockflow.kernel.Compiled.run", lambda *a, **k: pytest.fail("it ran"))
    refused(message, hr.sweep, "china", "baseline", change(GOOD))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": []}, "keep: it is empty"),
        ({"keep": 5}, "keep: 5 is no name of a variable"),
        ({"keep": ["mean_pai"]}, "keep: 'mean_pai' is no variable, lever or driver; nearest valid name: mean_pay"),
        ({"ramp": 2026}, "ramp 2026 must be two dates"),
        ({"ramp": (2031, 2026)}, "2010 to 2041, and not end before it begins"),
        ({"ramp": (2026, 2050)}, "ramp 2026 to 2050 must lie inside the run, 2010 to 2041"),
        ({"ramp": ("a", "b")}, "must be two dates"),
        ({"threads": 0}, "threads is 0; give a whole number of at least 1"),
        ({"threads": 1.5}, "threads is 1.5"),
        (
            {"changes": {"fixed_pay_share": 0.5}},
            "'fixed_pay_share' is set by the design too, in column 'fixed_pay_share'",
        ),
    ],
)
def test_wrong_options_of_a_sweep_are_refused(options, message):
    refused(message, hr.sweep, "china", "baseline", GOOD, **options)


FILES = {
    "empty": (b"", "it is empty"),
    "blank": (b" \n\t\n", "it is empty"),
    "malformed": (b"title = \n", "malformed TOML"),
    "unclosed": (b'title = "x\n', "malformed TOML"),
    "twice": (b'title = "x"\ntitle = "y"\n', "malformed TOML"),
    "binary": (b"\x7fELF\0\0\0\0", "it is binary"),
    "latin": ('title = "Zürich"\n'.encode("latin-1"), "it is not UTF-8 text"),
    "utf16": ('title = "x"\n'.encode("utf-16"), "it is binary, or not saved as UTF-8"),
    "huge": (b"# " + b"x" * (5 * 2**20), "too large"),
    "deep": (b"a = " + b"[" * 100_000, "malformed TOML"),
}


@pytest.mark.parametrize("kind", ["place", "scenario"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_toml_is_refused(tmp_path, kind, name):
    content, message = FILES[name]
    file = tmp_path / "mine.toml"
    file.write_bytes(content)
    text = refused(message, hr.simulate, **{"place": "china", kind: file})
    assert "mine.toml" in text


def test_a_link_to_nothing_says_where_it_leads(tmp_path):
    os.symlink("away.toml", tmp_path / "mine.toml")
    text = refused("mine.toml: it is a link to away.toml, where there is no file", hr.simulate, tmp_path / "mine.toml")
    assert "nearest" not in text


def test_blanks_around_the_parts_of_a_name_do_no_harm():
    run = hr.simulate("china", "baseline", {" fixed_pay_share [ primary ] ": 0.6}, stop=2010)
    assert float(run["fixed_pay_share"].sel(tier="primary", time=2010)) == pytest.approx(0.6)


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "mine.toml").mkdir()
    refused("it cannot be read", hr.simulate, "china", tmp_path / "mine.toml")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_or_device_in_place_of_a_file_is_refused_unopened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.toml")
    os.symlink(os.devnull, tmp_path / "device.toml")
    monkeypatch.setattr(Path, "open", lambda *a, **k: pytest.fail("it was opened"))
    monkeypatch.setattr(Path, "read_bytes", lambda *a, **k: pytest.fail("it was opened"))
    for name in ("pipe.toml", "device.toml"):
        refused("it is no regular file", hr.simulate, "china", tmp_path / name)
        refused("it is no regular file", hr.simulate, tmp_path / name)
        refused("it is no regular file", read_design_file, tmp_path / name)


@pytest.mark.parametrize("cell", ["1", "x"])
def test_a_design_of_many_columns_is_read_whole(tmp_path, cell):
    file = tmp_path / "design.csv"
    file.write_text(",".join(f"x{i}" for i in range(5_000)) + "\n" + ",".join([cell] * 5_000) + "\n")
    table = read_design_file(file)
    assert table.shape == (1, 5_000) and list(table.columns)[-1] == "x4999"


def test_a_cell_that_is_no_number_is_kept_as_text_and_the_others_are_numbers(tmp_path):
    file = tmp_path / "design.csv"
    file.write_text("run,a,b,c\nfirst,1,2,3\nsecond,x,4,0.5\n")
    table = read_design_file(file)
    assert list(table.columns) == ["a", "b", "c"] and list(table.index) == ["first", "second"]
    assert table["a"].tolist() == [1.0, "x"] and table["c"].tolist() == [3.0, 0.5]


def test_a_path_with_a_nul_is_refused():
    for name in ("a\0b.toml", "a\0b/c.toml"):
        refused("a path holds no NUL", hr.simulate, "china", name)
        refused("a path holds no NUL", hr.Place.load, name)
        refused("a path holds no NUL", read_design_file, Path(name))


def test_no_more_is_read_than_a_file_may_hold_whatever_size_it_says(tmp_path, monkeypatch):
    asked = []

    class Endless:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

        def read(self, size):
            asked.append(size)
            return b"#" * size

    (tmp_path / "mine.toml").write_bytes(b"#")
    monkeypatch.setattr(Path, "open", lambda *a, **k: Endless())
    refused("more than 4 MiB is too large", hr.simulate, "china", tmp_path / "mine.toml")
    assert asked == [LARGEST_FILE + 1]


def test_nothing_is_written_where_nothing_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hr.simulate("china", "baseline", stop=2011)
    hr.sweep("china", "baseline", GOOD, stop=2011)
    assert os.listdir(tmp_path) == []
