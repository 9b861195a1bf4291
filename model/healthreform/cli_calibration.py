"""What ``healthreform calibrate`` does on the terminal: a bar while it works, then its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from .cli_printing import ERR, NARROW, OUT
from .output import OutputError, check_folder, check_target, write_together

if TYPE_CHECKING:
    from .calibration.report import Section
    from .calibration.result import Calibration

#: Left out of the terminal: too wide for most, and of use in a file.
_ONLY_SAVED = ("errors_by_year", "starts")


def check_wishes(output: Path | None, report: Path | None, write: bool, report_only: bool) -> None:
    """Look at where results should go before a long search.

    Raises
    ------
    OutputError
        If they cannot go there, or nothing will be found that could.
    """
    if report_only and (output is not None or write):
        raise OutputError("--report-only finds no new values to save; leave out --output and --write, or --report-only")
    if output is not None:
        check_target(output, (".toml",))
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


def print_calibration(found: Calibration) -> None:
    """The summary and the tables."""
    for line in found.summary():
        OUT.print(Text(line), soft_wrap=True)
    for section in found.sections():
        if section.key not in _ONLY_SAVED:
            print_section(section)


def print_section(section: Section) -> None:
    """One table under its title; on a narrow terminal with fewer columns where it has many."""
    shown, note = section.shown, section.note
    if section.short and OUT.width < NARROW:
        shown = shown[[column for column in section.short if column in shown.columns]]
        note += " More columns need a wider terminal, or --report."
    OUT.print()
    OUT.print(Text(section.title, style="bold"))
    if not len(shown):
        OUT.print("none")
        return
    grid = Table(box=None, padding=(0, 1, 0, 0), caption=note, caption_justify="left")
    grid.add_column(str(shown.index.name or ""), overflow="fold", no_wrap=bool(section.short))
    for column in shown.columns:
        grid.add_column(str(column), justify="right", no_wrap=True)
    for label, row in zip(shown.index, shown.itertuples(index=False), strict=True):
        grid.add_row(*(Text(str(cell)) for cell in (label, *row)))
    OUT.print(grid)


def save_fit(section: Section, folder: Path, title: str) -> None:
    """The table of fit alone, as CSV and as a page."""
    from .calibration.report import csv_texts, markdown

    texts = csv_texts([section]) | {"report.md": markdown(title, [], [section], {})}
    write_together({folder / name: text for name, text in texts.items()})
