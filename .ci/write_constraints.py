"""Write constraints.txt: the version of every package that the project, its tests and its notebooks install.

The versions are those of the environment it runs in, which must hold all of them (`pip install -e '.[dev,notebooks]'`);
what else is installed there is left out.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEADING = """\
# The version of every package that is installed with healthreform, its tests and its notebooks; written by
# `make constraints`.  All of them serve Python 3.11, 3.12 and 3.13; a line with a condition serves that system only.
"""
# What other systems install besides; this cannot be read from an environment on Linux.
OTHER_SYSTEMS = {
    "appnope": '1.0.0 ; sys_platform == "darwin"',
    "colorama": '0.4.6 ; sys_platform == "win32"',
}
INSTALLERS = ("pip", "setuptools")


def direct_requirements(pyproject: Path, extras: Iterable[str]) -> list[Requirement]:
    """Return what pyproject.toml asks for, with the extras named."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for name in extras for line in optional[name])]
    return [Requirement(line) for line in lines]


def installed_versions(requirements: Iterable[Requirement]) -> dict[str, str]:
    """Return the version of each package that the requirements bring in, and those that these bring in in turn.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        One of them is not installed.
    """
    versions: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        distribution = metadata.distribution(requirement.name)
        versions[key[0]] = distribution.version
        for line in distribution.requires or []:
            further = Requirement(line)
            if further.marker is None or any(applies(further, extra) for extra in ("", *requirement.extras)):
                waiting.append(further)
    return versions


def applies(requirement: Requirement, extra: str) -> bool:
    """Tell whether a requirement with a condition counts here, for one extra of the package that asks."""
    assert requirement.marker is not None
    return requirement.marker.evaluate({"extra": extra})


def main() -> int:
    """Write the file; return the exit code."""
    root = Path(__file__).resolve().parent.parent
    wanted = direct_requirements(root / "pyproject.toml", ["dev", "notebooks"])
    try:
        versions = installed_versions([*wanted, *map(Requirement, INSTALLERS)])
    except metadata.PackageNotFoundError as error:
        print(f"constraints: {error.name} is not installed: pip install -e '.[dev,notebooks]' first", file=sys.stderr)
        return 1
    lines = [f"{name}=={version}\n" for name, version in sorted((versions | OTHER_SYSTEMS).items())]
    (root / "constraints.txt").write_text(HEADING + "".join(lines), encoding="utf-8")
    print(f"constraints: {len(lines)} packages pinned")
    return 0


if __name__ == "__main__":
    sys.exit(main())
