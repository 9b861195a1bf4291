"""What the command line shows: tables of results and of what there is, a name on one screen, progress."""

from __future__ import annotations

import json
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from .output import to_table
from .stockflow.errors import RecordError, StepWarning, nearest

if TYPE_CHECKING:
    import pandas
    import xarray

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)

_HEADLINES = (
    "total_health_expenditure",
    "out_of_pocket_share",
    "fund_time",
    "hospital_margin",
    "primary_visit_share",
    "mean_pay",
)
#: Columns of each table that are listed.
LISTED = {
    "levers": ["unit", "low", "high", "value", "over", "description", "document"],
    "parameters": ["unit", "low", "high", "value", "over", "grade", "description"],
    "variables": ["kind", "unit", "over", "sector", "description"],
    "equations": ["equation"],
    "places": ["title", "start", "based_on", "description"],
    "place_facts": ["unit", "value", "origin", "year", "description"],
    "place_report": ["unit", "value", "origin", "rule"],
    "scenarios": ["title", "based_on", "description"],
    "loops": ["title", "polarity", "description"],
}
_SHORT = {"dimensionless": ""}
#: Years, evenly spread, that fit beside names and units.
_MOST_YEARS = 4
#: Later years are far from all that was observed: a single run of them says little.
LAST_YEAR_ALONE = 2035


def warn_in_a_line() -> None:
    """Tell of too long a step in one line on the error output, without the place in the code that Python adds."""
    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        if issubclass(category, StepWarning):
            ERR.print(f"warning: {message}", markup=False, highlight=False, soft_wrap=True)
        else:
            usual(message, category, *rest, **more)

    warnings.showwarning = show


def check_shown(result: xarray.Dataset, wanted: list[str]) -> None:
    """Refuse to show what a run does not have.

    Raises
    ------
    RecordError
        Naming it.
    """
    for name in wanted:
        if name not in result:
            raise RecordError(f"--show {name}: no variable of that name{nearest(name, map(str, result.data_vars))}")


def print_run(result: xarray.Dataset, wanted: list[str]) -> None:
    """Some variables over some years."""
    OUT.print(Text(result.attrs["title"], style="bold"))
    if idle := json.loads(result.attrs["changes_without_effect"]):
        OUT.print(Text(f"note: without effect in this run: {', '.join(idle)}"), soft_wrap=True)
    names = wanted or [name for name in _HEADLINES if name in result]
    if not names:
        return
    count = result.sizes["time"]
    places = sorted({round(i * (count - 1) / (_MOST_YEARS - 1)) for i in range(_MOST_YEARS)})
    chosen, units = to_table(result[names].isel(time=places))
    grid = Table(box=None, padding=(0, 1, 0, 0))
    grid.add_column("variable", no_wrap=True)
    grid.add_column("unit", no_wrap=True)
    for time in chosen["time"]:
        grid.add_column(f"{time:g}", justify="right", no_wrap=True)
    for name, unit in zip(chosen.columns[1:], units[1:], strict=True):
        grid.add_row(Text(str(name)), Text(_SHORT.get(unit, unit)), *(_figure(value) for value in chosen[name]))
    OUT.print(grid)
    if chosen["time"].max() > LAST_YEAR_ALONE:
        OUT.print(f"After {LAST_YEAR_ALONE} read no number without its band: hr.ensemble(PLACE) has the members.")


#: Rows of a ledger by payment that fit on a screen.
_MOST_FLOWS = 20


def print_ledger(table: pandas.DataFrame, title: str) -> None:
    """A ledger in billion yuan: some of the years that differ, and the total."""
    OUT.print(Text(f"{title}; billion yuan", style="bold"))
    changed = [year for year in table.columns[:-1] if table[year].any()]
    if not changed:
        OUT.print("no difference: the two scenarios pay the same")
        return
    several = table.index.nlevels > 1
    years = 1 if several and OUT.width < NARROW else _MOST_YEARS
    places = sorted({round((i + 1) * (len(changed) - 1) / years) for i in range(years)})
    shown = [*(changed[place] for place in places), table.columns[-1]]
    grid = Table(box=None, padding=(0, 1, 0, 0))
    for name in table.index.names:
        grid.add_column(str(name), no_wrap=True)
    for column in shown:
        heading = f"{changed[0]}-{changed[-1]}" if column == shown[-1] else str(column)
        grid.add_column(heading, justify="right", no_wrap=True)
    for label, row in (table.head(_MOST_FLOWS) if several else table).iterrows():
        names = label if several else (label,)
        grid.add_row(*(Text(str(name)) for name in names), *(_signed(row[column] / 1e9) for column in shown))
    if several and len(table) > _MOST_FLOWS:
        grid.caption = f"the {_MOST_FLOWS} that differ most of {len(table)}; all of them with --output"
        grid.caption_justify = "left"
    OUT.print(grid)


def _signed(value: float) -> str:
    text = f"{value:+.1f}"
    return "0" if not text.strip("+-0.") else text


def _figure(value: float) -> str:
    """Three figures, without the zeros and the plus that make a power of ten long."""
    return f"{value:.3g}".replace("e+", "e").replace("e0", "e")


#: Characters on a line below which some tables leave columns to the saved ones.
NARROW = 110


def with_differing(table: pandas.DataFrame) -> pandas.DataFrame:
    """The same table, with a word in place of a value that is missing because elements differ."""
    if not {"value", "over"} <= set(table.columns):
        return table
    pairs = zip(table["value"], table["over"], strict=True)
    return table.assign(value=["differs" if over and value != value else value for value, over in pairs])


#: Columns of sentences, and the characters below which one is too narrow to read.
_SENTENCES = ("description", "rule", "document")
_READABLE = 40


def print_table(table: pandas.DataFrame, title: str) -> None:
    """A table of what there is; names stay whole, so that they can be copied.

    Where sentences beside the other columns would be too narrow to read, they stand below each row.
    """
    cells = {str(name): [_cell(value, str(name)) for value in table[name]] for name in table.columns}
    sentences = [name for name in cells if name in _SENTENCES]
    widths = {name: max(map(len, (name, *cells[name]))) + 2 for name in cells if name not in sentences}
    if sentences and OUT.width - sum(widths.values()) < len(sentences) * (_READABLE + 2):
        _print_sentences_below(cells, widths, sentences)
        OUT.print(Text(title, style="italic"))
        return
    grid = Table(*cells, box=None, caption=title, caption_justify="left")
    for column, name in zip(grid.columns, cells, strict=True):
        column.overflow = "fold"
        column.no_wrap = name in ("name", "unit", "low", "high", "value")
    for row in zip(*cells.values(), strict=True):
        grid.add_row(*map(Text, row))
    OUT.print(grid)


#: Columns that have the first claim to a place on the row.
_ON_ROW = ("name", "value", "low", "high")


def _print_sentences_below(cells: dict[str, list[str]], widths: dict[str, int], sentences: list[str]) -> None:
    """Each row on a line, as far as there is room; below it in paler letters the rest, and then sentences."""
    left, on_row = OUT.width + 2, []
    for name in sorted(widths, key=lambda each: each not in _ON_ROW):
        if widths[name] <= left:
            on_row.append(name)
            left -= widths[name]
    shown = [name for name in widths if name in on_row]
    indent = " " * 4
    lines = textwrap.TextWrapper(OUT.width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    OUT.print(Text("".join(name.ljust(widths[name]) for name in shown).rstrip(), style="bold"))
    for values in zip(*cells.values(), strict=True):
        row = dict(zip(cells, values, strict=True))
        OUT.print(Text("".join(row[name].ljust(widths[name]) for name in shown).rstrip()))
        rest = "; ".join(f"{name} {row[name]}" for name in widths if name not in shown and row[name])
        labelled = [f"{name}: {row[name]}" if name == "document" else row[name] for name in sentences if row[name]]
        for text in (rest, *labelled):
            for line in lines.wrap(text):
                OUT.print(Text(line, style="dim"))


def _cell(value: Any, column: str) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:g}"
    return str(_SHORT.get(value, value) if column == "unit" else value)


#: How a verdict is set apart: by its word, and by colour where there is any.
_VERDICT_STYLE = {"inside": "green", "below": "yellow", "above": "yellow"}


def print_validation(table: pandas.DataFrame, on: Console = OUT) -> None:
    """Measured effects and the model's, by reform; why the model misses; what is not counted; the counts."""
    from .validation import summary, summary_at_median

    bands = bool(table.loc[table["kind"] == "effect", "band_low"].notna().any())
    _print_judged(on, table[table["kind"] == "effect"], "Measured effects replayed", "members" if bands else "")
    for row in table[table["miss"] != ""].itertuples():
        on.print(Text.assemble((f"{row.effect}: ", "bold"), str(row.miss)))
    _print_judged(on, table[table["kind"] == "parameter"], "\nParameters that studies measured (not counted)", "")
    on.print(Text("\nOutside the model (not counted)", style="bold"))
    for row in table[table["kind"] == "outside"].itertuples():
        on.print(Text.assemble((f"{row.effect}: ", "cyan"), str(row.note)))
    on.print(Text("\n" + summary(table), style="bold"))
    if at_median := summary_at_median(table):
        on.print(Text(at_median, style="bold"))


def _print_judged(on: Console, part: pandas.DataFrame, title: str, band: str) -> None:
    from .validation import figure_text, span_text

    grid = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
    # A narrow terminal has no room for both the band and the grade, which the saved table has.
    graded = not band or on.width >= NARROW
    for heading in (
        "effect",
        "accepted",
        "model",
        *([band] if band else []),
        "verdict",
        *(["grade"] if graded else []),
    ):
        words = heading in ("effect", "verdict", "grade")
        grid.add_column(heading, justify="left" if words else "right", no_wrap=heading != "effect")
    for reform, rows in part.groupby("reform", sort=False):
        grid.add_row(Text(str(reform), style="cyan"))
        for row in rows.itertuples():
            cells = [f"  {row.effect}", span_text(row.low, row.high, row.unit), figure_text(row.model)]
            cells += [span_text(row.band_low, row.band_high, "")] if band else []
            verdict = Text(row.verdict, style=_VERDICT_STYLE.get(row.verdict, ""))
            grid.add_row(*map(Text, cells), verdict, *([Text(row.grade)] if graded else []))
    on.print(grid)


def with_progress(parts: Iterator[xarray.Dataset], runs: int, failures: dict[Any, str]) -> Iterator[xarray.Dataset]:
    """Pass the parts of a sweep on, with a bar on the terminal, and note which runs failed."""
    columns = (TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as progress:
        task = progress.add_task("", total=runs)
        for part in parts:
            failures |= _failures(part)
            yield part
            progress.advance(task, part["failure"].size)


def _failures(part: xarray.Dataset) -> dict[Any, str]:
    """What went wrong by row; of several places, by row and place."""
    if "place" not in part.dims:
        return {
            label: str(text) for label, text in zip(part["run"].values, part["failure"].values, strict=True) if text
        }
    each = (part.sel(place=place) for place in part["place"].values)
    return {f"{label} of {one['place'].item()}": text for one in each for label, text in _failures(one).items()}


def print_lines(lines: Iterable[tuple[str, str]]) -> None:
    """Headings and texts side by side; the first heading is the name of it all."""
    grid = Table.grid(padding=(0, 2))
    for place, (heading, text) in enumerate(lines):
        grid.add_row(Text(heading, style="bold" if place == 0 else "cyan"), Text(text))
    OUT.print(grid)
