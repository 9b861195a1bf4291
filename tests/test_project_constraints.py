"""constraints.txt pins, by name and version only, everything that the project installs."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LINES = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]

specification = importlib.util.spec_from_file_location("write_constraints", ROOT / ".ci/write_constraints.py")
assert specification is not None and specification.loader is not None
write_constraints = importlib.util.module_from_spec(specification)
specification.loader.exec_module(write_constraints)


def test_each_line_is_one_name_and_one_version() -> None:
    odd = [line for line in LINES if not re.fullmatch(r"[a-z0-9-]+==[\w.+!]+( ; sys_platform == \"\w+\")?", line)]
    assert odd == []


def test_no_package_is_pinned_twice() -> None:
    names = [canonicalize_name(Requirement(line).name) for line in LINES]
    assert len(names) == len(set(names))


def test_everything_installed_for_the_project_and_its_tests_is_pinned_at_the_version_installed() -> None:
    pinned = {Requirement(line).name: str(Requirement(line).specifier).removeprefix("==") for line in LINES}
    installed = write_constraints.installed_versions(
        write_constraints.direct_requirements(ROOT / "pyproject.toml", ["dev"])
    )
    assert len(installed) > 50
    assert {name: pinned.get(name) for name in installed} == installed
