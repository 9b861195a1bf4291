"""Results on disk: the same when read back, and whole or not there at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray

import healthreform as hr
from healthreform import output

FEW = ["mean_pay", "fund_reserve", "contacts_total"]
DESIGN = pd.DataFrame({"inducement_limit": np.linspace(1.12, 1.2, 20)})


@pytest.fixture(scope="module")
def run():
    whole = hr.simulate("china", "baseline", {"fixed_pay_share": 0.6})
    return whole[[*list(whole.data_vars)[::20], "fund_reserve", "physicians", "reference_wage_ratio"]]


def test_netcdf_gives_back_what_was_saved(run, tmp_path):
    file = hr.save(run, tmp_path / "new" / "run.nc")
    stored = hr.load(file)
    xarray.testing.assert_equal(stored, run)
    assert stored.attrs["changes"] == run.attrs["changes"]
    for name in run.data_vars:
        assert stored[name].attrs.keys() == run[name].attrs.keys(), name


def test_a_sweep_saved_in_parts_is_the_sweep(tmp_path):
    parts = hr.sweep_in_chunks("china", "baseline", DESIGN, chunk=8, keep=FEW)
    stored = hr.load(hr.save_in_parts(parts, tmp_path / "runs.nc"))
    xarray.testing.assert_identical(stored, hr.sweep("china", "baseline", DESIGN, keep=FEW))


def test_csv_is_a_table_with_units_and_what_made_it(run, tmp_path):
    file = hr.save(run, tmp_path / "run.csv")
    lines = file.read_text(encoding="utf-8").splitlines()
    table = pd.read_csv(file, comment="#")
    units = next(line for line in lines if line.startswith("# units: ")).removeprefix("# units: ").split(",")
    assert "# scenario: baseline" in lines and len(units) == len(table.columns)
    assert dict(zip(table.columns, units, strict=True))["fund_reserve[employee]"] == "yuan"
    assert np.array_equal(table["physicians[tertiary]"], run.physicians.sel(tier="tertiary"))
    assert list(table.time) == list(run.time.values)


def test_csv_of_a_sweep_has_a_row_for_each_run_and_year(tmp_path):
    file = hr.save_in_parts(hr.sweep_in_chunks("china", "baseline", DESIGN, chunk=8, keep=FEW), tmp_path / "runs.csv")
    table = pd.read_csv(file, comment="#")
    assert len(table) == 20 * 31
    assert np.array_equal(table.groupby("run")["design[inducement_limit]"].first(), DESIGN.inducement_limit)


@pytest.mark.parametrize("ending", [".nc", ".csv"])
@pytest.mark.parametrize("disturbance", [KeyboardInterrupt(), MemoryError(), hr.RunError("it went wrong")])
def test_an_interruption_leaves_nothing_behind_and_the_old_file_as_it_was(tmp_path, ending, disturbance):
    file = tmp_path / f"runs{ending}"
    file.write_text("old")

    def parts():
        yield from hr.sweep_in_chunks("china", "baseline", DESIGN.iloc[:2])
        raise disturbance

    with pytest.raises(type(disturbance)):
        hr.save_in_parts(parts(), file)
    assert os.listdir(tmp_path) == [file.name] and file.read_text() == "old"


def test_a_disk_that_is_full_is_one_clear_line(run, tmp_path, monkeypatch):
    def full(parts, file):
        file.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, "_write_csv", full)
    with pytest.raises(hr.OutputError, match=r"run\.csv: it cannot be written \(No space left on device\)"):
        hr.save(run, tmp_path / "run.csv")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("parts", [[], iter(())])
def test_nothing_is_not_saved(tmp_path, parts):
    with pytest.raises(hr.StockflowError, match="nothing to save"):
        hr.save_in_parts(parts, tmp_path / "runs.nc")
    assert os.listdir(tmp_path) == []


def test_a_target_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.nc").mkdir()
    for path, message in {
        "run.txt": "use .nc or .csv",
        "file/run.nc": "the folder cannot be made",
        "folder.nc": "it is a folder",
    }.items():
        with pytest.raises(hr.OutputError, match=message):
            output.check_target(tmp_path / path)


@pytest.mark.parametrize("name", ["x" * 300 + ".nc", "x" * 300 + "/run.nc", "a\0b.nc", "a\0b/run.nc"])
def test_a_path_that_cannot_be_one_is_refused(tmp_path, run, name):
    for call in (output.check_target, lambda path: hr.save(run, path)):
        with pytest.raises(hr.OutputError, match=r"the folder cannot be made|it cannot be written") as caught:
            call(tmp_path / name)
        assert "\n" not in str(caught.value) and "\0" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(hr.OutputError, match="the folder cannot be written; choose another"):
        output.check_target(tmp_path / "run.nc")


@pytest.mark.parametrize("content", [None, b"", b"text", b"\x89HDF\r\n\x1a\n" + b"\0" * 50])
def test_what_is_no_result_cannot_be_loaded(tmp_path, content):
    file = tmp_path / "run.nc"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(hr.OutputError, match=r"run\.nc: (there is no such file|it cannot be read)"):
        hr.load(file)


def test_a_whole_result_is_saved_without_a_dimension_that_grows(tmp_path):
    h5netcdf = pytest.importorskip("h5netcdf")
    runs = hr.sweep("china", "baseline", pd.DataFrame({"payroll_limit": [1.0, 2.0]}), stop=2011, keep=["mean_pay"])
    with h5netcdf.File(hr.save(runs, tmp_path / "runs.nc")) as stored:
        assert not stored.dimensions["run"].isunlimited()


def test_what_the_library_says_of_itself_is_not_passed_on(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise FileNotFoundError(2, "Unable to synchronously create file (name = 'x', errno = 2)")

    monkeypatch.setattr(xarray.Dataset, "dump_to_store", refuse)
    result = hr.simulate("china", "baseline", stop=2010)
    with pytest.raises(hr.OutputError, match=r"run\.nc: it cannot be written \(No such file or directory\)$"):
        hr.save(result, tmp_path / "run.nc")
