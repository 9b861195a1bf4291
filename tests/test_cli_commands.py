"""The command line: what each command prints and writes, and that whatever a user does wrong is one line and code 2."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import xarray

import healthreform as hr
from healthreform import check_model, sweeping
from healthreform.check_model import Finding


@pytest.fixture
def design(tmp_path):
    file = tmp_path / "design.csv"
    pd.DataFrame({"run": ["a", "b", "c"], "inducement_limit": [1.12, 1.15, 1.2]}).to_csv(file, index=False)
    return file


def refused(result, message):
    code, out, err = result
    assert code == 2 and out == ""
    assert err.startswith("error: ") and err.count("\n") == 1 and message in err, err
    assert "Traceback" not in err


def test_run_prints_headlines_and_saves_the_run(command, tmp_path):
    code, out, err = command("run", "china", "no_reform", "--stop", 2012, "-o", tmp_path / "run.nc")
    assert (code, err) == (0, "")
    assert out.startswith("China: Policy of 2010 frozen") and "total_health_expenditure yuan/year" in out
    xarray.testing.assert_equal(hr.load(tmp_path / "run.nc"), hr.simulate("china", "no_reform", stop=2012))


def test_run_says_where_a_single_run_is_not_to_be_trusted_alone(command):
    warned = {stop: "without its band" in command("run", "--stop", stop)[1] for stop in (2035, 2036)}
    assert warned == {2035: False, 2036: True}


def test_sweep_takes_several_places(command, design, tmp_path):
    code, out, err = command("sweep", design, "china,sanming", "baseline", "-o", tmp_path / "runs.nc", "--stop", 2013)
    assert (code, err) == (0, "") and out.startswith("6 of 6 runs went well")
    runs = hr.load(tmp_path / "runs.nc")
    assert runs.place.values.tolist() == ["china", "sanming"] and runs.run.values.tolist() == ["a", "b", "c"]
    refused(command("sweep", design, "china,sanmin", "-o", tmp_path / "x.nc"), "nearest valid name: sanming")
    refused(command("sweep", design, "china,china", "-o", tmp_path / "x.nc"), "'china' is given twice")
    assert not (tmp_path / "x.nc").exists()


def test_where_a_places_numbers_come_from_can_be_listed(command):
    code, out, _ = command("list", "place_report", "--place", "sanming", "--containing", "fact pay")
    assert code == 0 and "pay_at_start" in out and "own" in out
    code, out, _ = command("list", "place_facts", "--place", "sanming")
    assert code == 0 and "beds[tertiary]" in out and "derived" in out


def test_run_takes_changes_constant_dated_and_of_one_element(command, tmp_path):
    changes = ("--set", "payroll_limit=2.5", "--set", "fixed_pay_share[primary]=2012:0.7,2014:0.9")
    code, _, _ = command(
        "run", "--stop", 2015, *changes, "--step", "1/32", "-o", tmp_path / "run.csv", "--show", "mean_pay"
    )
    table = pd.read_csv(tmp_path / "run.csv", comment="#")
    assert code == 0 and (table.payroll_limit == 2.5).all()
    assert table["fixed_pay_share[primary]"].iloc[-1] == pytest.approx(0.9)


def test_sweep_saves_a_run_for_each_row_under_its_label(command, design, tmp_path):
    code, out, err = command("sweep", design, "-o", tmp_path / "runs.nc", "--ramp", "2026:2031", "--keep", "mean_pay")
    runs = hr.load(tmp_path / "runs.nc")
    assert (code, err.strip()) == (0, "") and "3 of 3 runs went well" in out
    assert list(runs.run.values) == ["a", "b", "c"] and set(runs.data_vars) == {"mean_pay", "failure", "design"}


def test_sweep_takes_place_and_scenario_as_run_does(command, design, tmp_path):
    arguments = ("china", "no_reform", "-o", tmp_path / "runs.nc", "--stop", 2012, "--keep", "mean_pay")
    code, _, _ = command("sweep", design, *arguments)
    assert code == 0 and hr.load(tmp_path / "runs.nc").attrs["scenario"] == "no_reform"


def test_sweep_tells_which_rows_failed_and_keeps_the_others(command, design, tmp_path, monkeypatch):
    honest = sweeping.sweep_in_chunks

    def one_fails(*arguments, **options):
        for part in honest(*arguments, **options):
            part["failure"] = part.failure.astype("U40")
            part.failure[1] = "reserve is negative"
            yield part

    monkeypatch.setattr(sweeping, "sweep_in_chunks", one_fails)
    code, out, err = command("sweep", design, "-o", tmp_path / "runs.nc")
    assert code == 0 and "2 of 3 runs went well" in out and "row b failed: reserve is negative" in err


def test_list_finds_rows_by_their_text(command):
    code, out, _ = command("list", "levers", "--containing", "mark-up")
    assert code == 0 and "drug_mark_up" in out and "payroll_limit" not in out


def test_a_value_that_differs_between_elements_is_said_to(command):
    _, out, _ = command("list", "levers", columns=300)
    rows = {line.split()[0]: line for line in out.splitlines()[1:-1]}
    table = hr.levers()
    assert {name for name, line in rows.items() if " differs " in line} == set(table.index[table.value.isna()])


@pytest.mark.parametrize("kind", ["levers", "parameters", "variables", "equations", "places", "scenarios", "loops"])
def test_everything_can_be_listed(command, kind):
    code, out, err = command("list", kind)
    assert (code, err) == (0, "") and len(out.splitlines()) > 2


@pytest.mark.parametrize("columns", [80, 300])
@pytest.mark.parametrize("kind", ["levers", "equations", "scenarios"])
def test_a_list_of_nothing_says_so(command, kind, columns):
    code, out, err = command("list", kind, "--containing", "no such thing", columns=columns)
    assert (code, err) == (0, "") and f"0 {kind}" in out and "name" in out


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_nothing_about_a_lever_is_lost_on_a_narrow_terminal(command, columns):
    _, out, _ = command("list", "levers", columns=columns)
    assert max(map(len, out.splitlines())) <= columns
    listed = {line.split()[0]: line.split() for line in out.splitlines() if line[:1].strip()}
    told = " ".join(out.split())
    for name, row in hr.levers().iterrows():
        assert " ".join(row.description.split()) in told and " ".join(row.document.split()) in told, name
        assert {f"{row[each]:g}" for each in ("low", "high", "value") if row[each] == row[each]} <= set(listed[name])
        assert not row.over or f"over {row.over}" in told or row.over in " ".join(listed[name]), name


def test_a_wide_terminal_has_sentences_in_columns(command):
    _, out, _ = command("list", "levers", columns=300)
    row = hr.levers().loc["basic_ceiling"]
    (line,) = [line for line in out.splitlines() if line.split()[:1] == ["basic_ceiling"]]
    assert row.description in line and "description" in out.splitlines()[0] and "document" in out.splitlines()[0]


@pytest.mark.parametrize("kind", ["parameters", "variables", "scenarios", "loops", "place_facts", "place_report"])
def test_no_list_is_cut_on_a_narrow_terminal(command, kind):
    _, out, _ = command("list", kind, "--place", "sanming", columns=80)
    assert "…" not in out and max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    "name", ["pay_per_worker", "fund_reserve", "drug_mark_up", "inducement_limit", "claims_paid", "gdp"]
)
def test_show_fits_one_screen_and_says_what_depends_on_it(command, name):
    code, out, _ = command("show", name)
    assert code == 0 and len(out.splitlines()) <= 24
    assert "what depends on it" in out and "written in" in out


def test_show_gives_equation_unit_and_place(command):
    _, out, _ = command("show", "payable_share")
    assert "fund_reserve / (fund_reserve" in out and "dimensionless" in out and "sectors/insurance.py, line" in out
    assert "sectors/left_to_patients.py, line" in command("show", "account_paid")[1]


def test_every_variable_is_said_to_be_written_in_the_file_that_it_is_in():
    written = hr.equations()
    for name, row in written.iterrows():
        text = (Path(hr.__file__).parent / "sectors" / f"{row.sector}.py").read_text().splitlines()
        assert row.file == f"{row.sector}.py" and f"def {name}(" in "".join(text[row.line - 1 : row.line + 12]), name


def test_show_names_the_file_of_a_record_in_full(command):
    _, out, _ = command("show", "fixed_pay_share")
    assert "data/parameters/compensation.toml" in out


@pytest.mark.parametrize("name", ["payable_share", "trust", "usual_claims", "beds_opened_stage_1", "bridge", "gdp"])
def test_show_says_where_it_comes_from(command, name):
    _, out, _ = command("show", name)
    (row,) = [line for line in out.splitlines() if line.startswith("source ")]
    assert row.removeprefix("source").strip()


def test_no_variable_takes_more_than_one_screen_to_show():
    from healthreform.place import Place
    from healthreform.showing import describe_name

    place = Place.load("china")
    for name in [*hr.variables().index, *hr.levers().index]:
        text = describe_name(place, name)
        assert sum(1 + len(line) // 60 for _, line in text) <= 24, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "chin"), "unknown place 'chin'; nearest valid name: china"),
        (("run", "china", "basline"), "unknown scenario 'basline'; nearest valid name: baseline"),
        (("run", "--set", "x"), "--set x: write NAME=VALUE"),
        (("run", "--set", "=3"), "write NAME=VALUE"),
        (("run", "--set", "payroll_limit=two"), "'two' is not a number"),
        (("run", "--set", "payroll_limit=2020:2,2.5"), "'2.5' is no DATE:VALUE"),
        (("run", "--set", "payroll_limit=nan"), "nan is not a finite number"),
        (("run", "--set", "payroll_limit=99"), "99 is out of its range"),
        (("run", "--set", "payroll_limi=2"), "nearest valid name: payroll_limit"),
        (("run", "--set", "payroll_limit=2", "--set", "payroll_limit=3"), "'payroll_limit' is changed twice"),
        (("run", "--set", "payroll_limit=2020:2,2019:3"), "the dates are out of order"),
        (("run", "--set", "payroll_limit=1990:2"), "the date 1990 is outside the run"),
        (("run", "--step", "0"), "step 0 is not a positive number"),
        (("run", "--step", "1/0"), "--step 1/0: it is not a number of years"),
        (("run", "--step", "often"), "--step often: it is not a number of years"),
        (("run", "china", "no_reform", "--step", "1/4"), "is longer than the time constant"),
        (("run", "--stop", "1990"), "stop 1990 lies before the start 2010"),
        (("run", "--stop", "soon"), "Invalid value for '--stop'"),
        (("run", "--method", "magic"), "Invalid value for '--method'"),
        (("run", "--show", "mean_pai"), "--show mean_pai: no variable of that name; nearest valid name: mean_pay"),
        (("run", "-o", "run.txt"), "use .nc or .csv"),
        (("run", "--fast"), "No such option"),
        (("walk",), "No such command"),
        (("show", "mean_pai"), "nothing is called 'mean_pai'; nearest valid name: mean_pay"),
        (("show",), "Missing argument"),
        (("list", "wishes"), "Invalid value for 'kind'"),
        (("check", "chin"), "unknown place 'chin'"),
        (("ledger", "makng_room"), "unknown scenario 'makng_room'; nearest valid name: making_room"),
        (("ledger", "making_room", "--output", "ledger.nc"), "a table is saved as .csv"),
        (("ledger", "making_room", "--by", "year"), "'year' is not one of"),
        (("sweep", "no.csv", "-o", "x.nc"), "no.csv: there is no such file"),
        (("sweep", "no.csv"), "Missing option '--output'"),
    ],
)
def test_what_a_user_does_wrong_is_one_line_and_code_2(command, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    refused(command(*arguments), message)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is no table in UTF-8"),
        (b"inducement_limit\n", "design: it has no rows"),
        (b"\xff\xfe\x00x", "it is no table in UTF-8"),
        (b"inducement_limit,inducement_limit\n1.1,1.2\n", "column 'inducement_limit' is given twice"),
        (b"inducement_limt\n1.1\n", "nearest valid name: inducement_limit"),
        (b"inducement_limit,\n1.15,3\n", "a column has no name"),
        (b'inducement_limit\n1.15\n"a"\n', "row 1, column 'inducement_limit': 'a' is not a number"),
        (b"inducement_limit,payroll_limit\n1.15\n", "column 'payroll_limit': the value is missing"),
        (b"run,inducement_limit\n1,1.15\n1,1.2\n", "the row label 1 is given twice"),
        (b"inducement_limit\n1.15,2,3\n1.15\n", "line 2 has 3 values for 1 column names"),
        (b"inducement_limit,payroll_limit\n1.15,1.2,2.5\n", "line 2 has 3 values for 2 column names"),
        (b"inducement_limit;payroll_limit\n1,15;2,5\n", "separate values by commas"),
    ],
)
def test_a_wrong_design_file_is_one_line_and_code_2(command, tmp_path, content, message):
    file = tmp_path / "design.csv"
    file.write_bytes(content)
    refused(command("sweep", file, "-o", tmp_path / "runs.nc"), message)
    assert os.listdir(tmp_path) == ["design.csv"]


def test_an_output_that_cannot_be_written_is_refused_before_the_run(command, tmp_path, monkeypatch):
    monkeypatch.setattr("healthreform.simulation.simulate", lambda *a, **k: pytest.fail("it ran"))
    (tmp_path / "file").write_text("x")
    refused(command("run", "-o", tmp_path / "file" / "run.nc"), "the folder cannot be made")


def test_an_interrupt_ends_in_one_line_and_leaves_nothing(command, design, tmp_path, monkeypatch):
    part = hr.sweep("china", "baseline", pd.DataFrame({"inducement_limit": [1.15]}))

    def interrupted(*arguments, **options):
        yield part
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeping, "sweep_in_chunks", interrupted)
    code, _, err = command("sweep", design, "-o", tmp_path / "runs.nc")
    assert code == 2 and err == "error: interrupted; nothing half-written is left\n"
    assert os.listdir(tmp_path) == ["design.csv"]


@pytest.mark.slow
def test_control_c_in_the_middle_of_a_sweep_leaves_nothing(tmp_path):
    file = tmp_path / "design.csv"
    pd.DataFrame({"inducement_limit": [1.15] * 100_000}).to_csv(file, index=False)
    arguments = ["sweep", str(file), "-o", str(tmp_path / "runs.nc")]
    running = subprocess.Popen(
        [sys.executable, "-m", "healthreform.cli", *arguments], stderr=subprocess.PIPE, text=True
    )
    while not any(Path(tmp_path).glob(".runs.*")):
        assert running.poll() is None
        time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 2 and "interrupted" in err and "Traceback" not in err
    assert os.listdir(tmp_path) == ["design.csv"]


def test_help_teaches_by_example(command):
    for arguments in (("run", "--help"), ("sweep", "--help")):
        code, out, _ = command(*arguments)
        assert code == 0 and f"healthreform {arguments[0]} " in out
    assert command()[0] == 2
    assert command("--version")[:2] == (0, f"healthreform {hr.__version__}\n")


def test_ledger_prints_who_gains_and_who_pays_and_saves_it_whole(command, tmp_path):
    file = tmp_path / "ledger.csv"
    code, out, err = command("ledger", "making_room", "--stop", 2028, "-o", file)
    assert (code, err) == (0, "") and "making room" in out and "drug_firm" in out and "2026-2028" in out
    saved = pd.read_csv(file, index_col="account")
    assert saved.total.sum() == pytest.approx(0, abs=1e-6 * saved.total.abs().sum())
    code, out, _ = command("ledger", "making_room", "--against", "making_room", "--stop", 2028)
    assert code == 0 and "no difference" in out
    code, out, _ = command("ledger", "making_room", "--by", "payment", "--stop", 2028)
    assert code == 0 and "drugs_paid" in out and "all of them with --output" in out


def test_check_prints_each_finding_and_fails_if_one_does(command, monkeypatch):
    monkeypatch.setattr(check_model, "findings", lambda place, quick: iter([Finding("units", True, "12 equations")]))
    code, out, _ = command("check")
    assert (code, out) == (0, "ok     units: 12 equations\n")
    bad = [Finding("units", True, "fine"), Finding("loop: Siphon", False, "balancing")]
    monkeypatch.setattr(check_model, "findings", lambda place, quick: iter(bad))
    code, out, _ = command("check")
    assert code == 1 and "FAILED loop: Siphon: balancing" in out
