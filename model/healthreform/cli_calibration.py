"""What ``healthreform calibrate`` does on the terminal: a bar while it works, then its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from .cli_printing import ERR, OUT
from .headed_file import files_of
from .output import OutputError, check_folder, check_not_read, check_target

if TYPE_CHECKING:
    import pandas

    from .calibration.report import Section
    from .calibration.result import Calibration
    from .calibration.standing import Standing

#: Left out of the terminal: too wide for most, and of use in a file.
_ONLY_SAVED = ("errors_by_year", "starts")


def check_wishes(
    output: Path | None, report: Path | None, write: bool, report_only: bool, place: str, plan: Path | None
) -> None:
    """Look at where results should go before a long search.

    Raises
    ------
    OutputError
        If they cannot go there, or over what is read, or nothing will be found that could.
    """
    if report_only and (output is not None or write):
        raise OutputError("--report-only finds no new values to save; leave out --output and --write, or --report-only")
    if output is not None:
        check_target(output, (".toml",))
        check_not_read(output, [*files_of(place, "places"), *([] if plan is None else [plan])])
    if report is not None:
        check_folder(report)


@contextmanager
def progress_bar() -> Iterator[Callable[[float, float], None]]:
    """A bar on the terminal, with the smallest misfit so far, if that is a number."""
    columns = (TextColumn("fitting"), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=ERR, transient=True, disable=not ERR.is_terminal) as progress:
        task = progress.add_task("", total=1.0)

        def tell(done: float, misfit: float) -> None:
            shown = "" if misfit != misfit else f"misfit {misfit:.4g}"
            progress.update(task, completed=done, description=shown)

        yield tell


def print_report(found: Calibration | Standing) -> None:
    """The summary and the tables."""
    for line in found.summary():
        OUT.print(Text(line), soft_wrap=True)
    for section in found.sections():
        if section.key not in _ONLY_SAVED:
            _print_section(section)


def _print_section(section: Section) -> None:
    """One table under its title; where it is wider than the terminal, its first columns or several tables."""
    OUT.print()
    OUT.print(Text(section.title, style="bold"))
    if not len(section.shown):
        OUT.print("none")
        return
    note = section.note
    blocks = _blocks(section.shown, OUT.width)
    if section.first and len(blocks) > 1:
        blocks = [section.shown[_first_that_fit(section, OUT.width)]]
        note += " More columns need a wider terminal, or --report."
    for place, block in enumerate(blocks):
        if place:
            OUT.print()
        OUT.print(_grid(block))
    OUT.print(Text(note))


def _grid(shown: pandas.DataFrame) -> Table:
    grid = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    grid.add_column(str(shown.index.name or ""), overflow="fold")
    for column in shown.columns:
        grid.add_column(str(column), justify="right", no_wrap=True)
    for label, row in zip(shown.index, shown.itertuples(index=False), strict=True):
        grid.add_row(*(Text(str(cell)) for cell in (label, *row)))
    return grid


def _widths(shown: pandas.DataFrame, width: int) -> tuple[int, dict[str, int]]:
    """Characters left beside the labels, and those that each column takes with the blank before it.

    Labels that take more than two thirds are folded there.
    """
    labels = max(len(str(label)) for label in (shown.index.name or "", *shown.index))
    columns = {name: 1 + max(len(str(cell)) for cell in (name, *shown[name])) for name in shown.columns}
    return width - min(labels, 2 * width // 3), columns


def _blocks(shown: pandas.DataFrame, width: int) -> list[pandas.DataFrame]:
    """A table cut between columns, so that each part with the labels is no wider than the terminal."""
    room, columns = _widths(shown, width)
    parts: list[list[str]] = [[]]
    left = room
    for name, needed in columns.items():
        if needed > left and parts[-1]:
            parts.append([])
            left = room
        parts[-1].append(name)
        left -= needed
    return [shown[part] for part in parts]


def _first_that_fit(section: Section, width: int) -> list[str]:
    """The columns that come first, and others, as long as there is room; in the order of the table."""
    left, columns = _widths(section.shown, width)
    others = [name for name in columns if name not in section.first]
    chosen = []
    for name in (*section.first, *others):
        if columns.get(name, width) <= left:
            chosen.append(name)
            left -= columns[name]
    return [name for name in columns if name in chosen]
