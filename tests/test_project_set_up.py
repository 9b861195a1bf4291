""".ci/set_up.sh finds a Python, makes the environment by whatever way works, once, and says plainly when none does.

The Pythons here are stand-ins, shell scripts that note how they were called; nothing is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STAMP = ".venv/set-up-done"

# A Python that makes environments holding a copy of itself.  It reads from its surroundings whether it is RECENT, has
# ENSUREPIP, has a PIP that works from outside, and whether an INSTALL succeeds.
STAND_IN = r"""#!/bin/sh
echo "$(basename "$0") $*" >>"$CALLS"
here=$(dirname "$0")
case "$*" in
    *version_info*) [ "${RECENT:-yes}" = yes ] ;;
    *ensurepip*) [ "${ENSUREPIP:-yes}" = yes ] ;;
    "-c "*) echo "$0 3.11.0" ;;
    "-m venv --without-pip "*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
    "-m venv "*) [ "${ENSUREPIP:-yes}" = yes ] && mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && : >"$3/bin/has-pip" ;;
    "-m pip --python "*) [ "${PIP:-yes}" = yes ] && : >"$(dirname "$4")/has-pip" ;;
    "-m pip --version") [ -e "$here/has-pip" ] ;;
    "-m pip install "*--editable*)
        [ "${INSTALL:-yes}" = killed ] && kill -9 $PPID
        [ "${INSTALL:-yes}" = yes ] ;;
    "-m pip install "*) ;;
    *) exit 1 ;;
esac
"""


class Project:
    """A folder with the set-up script, and a search path that holds the stand-in and the shell's tools only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a project"
        self.calls_file = folder / "calls"
        self.programs = folder / "programs"
        self.programs.mkdir()
        for tool in ("sh", "cat", "cksum", "cp", "rm", "mkdir", "dirname", "basename"):
            (self.programs / tool).symlink_to(str(shutil.which(tool)))
        (self.folder / ".ci").mkdir(parents=True)
        shutil.copy(ROOT / ".ci/set_up.sh", self.folder / ".ci")
        for name in ("pyproject.toml", "constraints.txt"):
            (self.folder / name).write_text(f"# {name}\n", encoding="utf-8")

    def add_python(self, name: str) -> None:
        path = self.programs / name
        path.write_text(STAND_IN, encoding="utf-8")
        path.chmod(0o755)

    def set_up(self, **conditions: str) -> subprocess.CompletedProcess[str]:
        self.calls_file.write_text("", encoding="utf-8")
        environment = {"PATH": str(self.programs), "CALLS": str(self.calls_file), **conditions}
        command = [self.programs / "sh", ".ci/set_up.sh"]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=30
        )

    @property
    def calls(self) -> str:
        return self.calls_file.read_text(encoding="utf-8")

    @property
    def stamped(self) -> bool:
        return (self.folder / STAMP).exists()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_the_first_call_installs_and_the_second_does_not(project: Project) -> None:
    project.add_python("python3")
    first = project.set_up()
    assert first.returncode == 0, first.stderr
    assert project.stamped
    assert "--editable .[dev]" in project.calls
    second = project.set_up()
    assert second.returncode == 0
    assert "pip" not in project.calls
    assert second.stderr == ""


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_requirement_installs_again_into_the_same_environment(project: Project, name: str) -> None:
    project.add_python("python3")
    project.set_up()
    (project.folder / name).write_text("# changed\n", encoding="utf-8")
    project.set_up()
    assert "--editable .[dev]" in project.calls
    assert "-m venv" not in project.calls


def test_a_folder_moved_elsewhere_installs_again(project: Project) -> None:
    project.add_python("python3")
    project.set_up()
    project.folder = project.folder.rename(project.folder.with_name("moved"))
    project.set_up()
    assert "--editable .[dev]" in project.calls


def test_a_failed_install_leaves_no_stamp_and_the_next_call_goes_on(project: Project) -> None:
    project.add_python("python3")
    failed = project.set_up(INSTALL="no")
    assert failed.returncode == 1
    assert "the packages could not be installed" in failed.stderr
    assert not project.stamped
    assert project.set_up().returncode == 0
    assert project.stamped
    assert "-m venv" not in project.calls


def test_a_killed_install_leaves_no_stamp_and_the_next_call_starts_afresh(project: Project) -> None:
    project.add_python("python3")
    assert project.set_up(INSTALL="killed").returncode != 0
    assert not project.stamped
    assert project.set_up().returncode == 0
    assert "-m venv" in project.calls
    assert project.stamped


def test_a_failed_renewal_takes_the_old_stamp_away(project: Project) -> None:
    project.add_python("python3")
    project.set_up()
    (project.folder / "constraints.txt").write_text("# changed\n", encoding="utf-8")
    assert project.set_up(INSTALL="no").returncode == 1
    assert not project.stamped


def test_without_ensurepip_a_pip_from_outside_makes_the_environment(project: Project) -> None:
    project.add_python("python3")
    result = project.set_up(ENSUREPIP="no")
    assert result.returncode == 0, result.stderr
    assert "-m venv --without-pip .venv" in project.calls
    assert "-m pip --python .venv/bin/python install" in project.calls
    assert project.stamped


def test_without_ensurepip_and_pip_one_line_says_what_to_install(project: Project) -> None:
    project.add_python("python3")
    result = project.set_up(ENSUREPIP="no", PIP="no")
    assert result.returncode == 1
    assert "apt install python3-venv" in result.stderr.splitlines()[-1]
    assert not (project.folder / ".venv").exists()


def test_without_any_python_one_line_says_so(project: Project) -> None:
    result = project.set_up()
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "no Python of 3.11 or later found" in result.stderr


def test_a_python_that_is_too_old_is_not_used(project: Project) -> None:
    project.add_python("python3")
    result = project.set_up(RECENT="no")
    assert result.returncode == 1
    assert "no Python of 3.11 or later found" in result.stderr
    assert not (project.folder / ".venv").exists()


def test_the_python_that_is_named_is_the_one_used(project: Project) -> None:
    project.add_python("python3.12")
    project.add_python("mine")
    project.set_up(PYTHON="mine")
    assert "mine -m venv" in project.calls
    assert "python3.12" not in project.calls


def test_a_named_python_that_does_not_exist_is_an_error_even_if_another_would_do(project: Project) -> None:
    project.add_python("python3")
    result = project.set_up(PYTHON="missing")
    assert result.returncode == 1
    assert "(tried: missing)" in result.stderr


def test_make_help_names_every_command_that_make_has() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not on this machine")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    result = subprocess.run([make, "help"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    phony = (ROOT / "Makefile").read_text(encoding="utf-8").partition(".PHONY:")[2].split("\n\n")[0]
    named = {line.split()[0] for line in result.stdout.splitlines() if line.startswith("  ")}
    assert set(phony.replace("\\", " ").split()) <= named
