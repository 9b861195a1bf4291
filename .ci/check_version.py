"""Check that the project says one version everywhere: pyproject.toml, CITATION.cff, CHANGELOG.md and the package.

Each fault is one line, and the exit code is 1 if there is any.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

# Where else the version stands, and the line it stands in (the changelog's newest version is its first).
PLACES = {
    "CITATION.cff": re.compile(r"^version: *['\"]?([^'\"\s]+)", re.MULTILINE),
    "CHANGELOG.md": re.compile(r"^## \[(\d[^\]]*)\]", re.MULTILINE),
}
# The package need not say its version; where it does, it says the same.
OPTIONAL_PLACES = {
    "model/healthreform/version.py": re.compile(r"^__version__(?:: *\w+)? *= *['\"]([^'\"]+)", re.MULTILINE),
}


def check(root: Path) -> list[str]:
    """Return the faults, one line each."""
    try:
        version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        return [f"pyproject.toml: no version can be read: {error}"]
    faults = []
    for name, pattern in (PLACES | OPTIONAL_PLACES).items():
        path = root / name
        found = pattern.search(path.read_text(encoding="utf-8")) if path.exists() else None
        if found is None and name in PLACES:
            faults.append(f"{name}: says no version; pyproject.toml says {version}")
        elif found is not None and found[1] != version:
            faults.append(f"{name}: says version {found[1]}, but pyproject.toml says {version}")
    return faults


def main(arguments: list[str]) -> int:
    """Check the project in a folder, this one by default; return the exit code."""
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    faults = check(root)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print("version: the same everywhere")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
