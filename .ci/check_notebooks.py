"""Check that no notebook stores outputs or execution counts.

Each fault is one line, `file: cell N: what is wrong`, and the exit code is 1 if there is any. A folder without
notebooks is a fault too: then there was nothing to check.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat


def check(path: Path) -> list[str]:
    """Return the faults of one notebook, one line each."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
        return [f"{path}: is not a notebook: {str(error).splitlines()[0]}"]
    faults = []
    if "widgets" in notebook.metadata:
        faults.append(f"{path}: the state of widgets is stored; clear all outputs")
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        if cell.outputs:
            faults.append(f"{path}: cell {number}: an output is stored; clear all outputs")
        if cell.execution_count is not None:
            faults.append(f"{path}: cell {number}: the execution count {cell.execution_count} is stored; clear it")
        if "execution" in cell.metadata:
            faults.append(f"{path}: cell {number}: the time of execution is stored; clear it")
    return faults


def main(arguments: list[str]) -> int:
    """Check every notebook of a folder, `notebooks` by default; return the exit code."""
    folder = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent / "notebooks"
    notebooks = [path for path in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts]
    faults = [fault for path in notebooks for fault in check(path)]
    if not notebooks:
        faults = [f"{folder}: there is no notebook to check"]
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"notebooks: {len(notebooks)} without outputs")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
