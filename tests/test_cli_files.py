"""Files on the command line: none that is read is written over, and none that cannot be written is found out late."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PLACE = 'title = "Mine"\nstart = 2010\nbased_on = "base.toml"\n'
BASE = 'title = "Base"\nstart = 2010\n'
SCENARIO = 'title = "Plan"\nbased_on = "baseline"\n[changes]\npayroll_limit = 2.0\n'
DESIGN = "inducement_limit\n1.12\n1.15\n"


def refused(result, message):
    code, out, err = result
    assert code == 2 and out == "", (code, out, err)
    assert err.startswith("error: ") and err.count("\n") == 1 and message in err, err


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in {"mine.toml": PLACE, "base.toml": BASE, "plan.toml": SCENARIO, "ok.csv": DESIGN}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name, other in {"design.nc": "ok.csv", "place.csv": "mine.toml", "base.csv": "base.toml"}.items():
        os.link(other, name)
    os.symlink("plan.toml", "plan.csv")
    return tmp_path


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder in which rights say more than is true")
def test_a_folder_that_takes_no_file_is_refused_before_the_run(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("ok.csv").write_text(DESIGN, encoding="utf-8")
    for words in ("run china baseline -o /proc/y.nc", "sweep ok.csv -o /proc/y.csv", "calibrate --report /proc"):
        refused(command(*words.split()), "/proc: the folder cannot be written; choose another")


def test_a_name_that_leaves_no_room_to_write_aside_is_refused_before_the_run(command, tmp_path):
    refused(command("run", "-o", tmp_path / f"{'x' * 250}.nc"), "give a shorter name")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "words",
    [
        "sweep ok.csv china baseline -o ok.csv",
        "sweep ok.csv china baseline -o ./design.nc",
        "sweep ok.csv china plan.toml -o plan.csv",
        "sweep ok.csv china,mine.toml baseline -o place.csv",
        "run mine.toml baseline -o place.csv",
        "run mine.toml baseline -o base.csv",
        "run china plan.toml -o plan.csv",
        "ledger baseline --against plan.toml -o plan.csv",
        "calibrate mine.toml -o ../{folder}/mine.toml",
        "calibrate mine.toml -o base.toml",
        "calibrate china --plan plan.toml -o plan.toml",
        "validate --place mine.toml -o place.csv",
        "ensemble mine.toml -o place.csv",
    ],
)
def test_a_file_that_is_read_is_not_written_over(command, files, words):
    before = {file.name: file.read_bytes() for file in files.iterdir()}
    refused(command(*words.format(folder=files.name).split()), "would be lost; save under another name")
    assert {file.name: file.read_bytes() for file in files.iterdir()} == before
