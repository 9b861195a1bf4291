"""What the command line's options say: changes, steps, ramps and designs, read from text."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .stockflow.errors import RecordError
from .stockflow.record_values import check_regular

if TYPE_CHECKING:
    import pandas


def read_changes(texts: list[str]) -> dict[str, Any]:
    """``NAME=0.6`` and ``NAME=2019:0.0,2024:0.8`` as changes.

    Raises
    ------
    RecordError
        If a text is neither, or changes a name twice.
    """
    changes: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        name = name.strip()
        if not sign or not name or not value.strip():
            raise RecordError(f"--set {text}: write NAME=VALUE, or NAME=DATE:VALUE,DATE:VALUE")
        if name in changes:
            raise RecordError(f"--set {text}: '{name}' is changed twice; give all its dates at once")
        changes[name] = _read_value(text, value)
    return changes


def _read_value(text: str, value: str) -> Any:
    if ":" not in value:
        return _read_number(text, value)
    points = []
    for part in value.split(","):
        date, sign, number = part.partition(":")
        if not sign:
            raise RecordError(f"--set {text}: '{part}' is no DATE:VALUE")
        points.append([_read_number(text, date), _read_number(text, number)])
    return points


def _read_number(text: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise RecordError(f"--set {text}: '{value.strip()}' is not a number") from None


def read_places(text: str) -> str | list[str]:
    """``china``, or several places, ``china,sanming``."""
    names = [name.strip() for name in text.split(",")]
    return text if len(names) == 1 else names


def read_step(text: str) -> float:
    """``1/16`` or ``0.0625`` as a number; whether it makes sense is judged by the run.

    Raises
    ------
    RecordError
        If it is neither.
    """
    above, sign, below = text.partition("/")
    try:
        return float(above) / float(below) if sign else float(above)
    except (ValueError, ZeroDivisionError):
        raise RecordError(f"--step {text}: it is not a number of years; write 1/16 or 0.0625") from None


def read_ramp(text: str | None) -> tuple[float, float] | None:
    """``2026:2031`` as two dates."""
    if text is None:
        return None
    begin, _, end = text.partition(":")
    try:
        return float(begin), float(end)
    except ValueError:
        raise RecordError(f"--ramp {text}: write two dates, such as 2026:2031") from None


def read_design_file(file: Path) -> pandas.DataFrame:
    """A design from a CSV file; a column called ``run`` labels the rows.

    Raises
    ------
    RecordError
        If there is no such file, or it is no regular one, or no table in UTF-8, or names a column twice, or has a row
        with more values than there are names.
    """
    import pandas

    try:
        check_regular(file)
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines)
            heading = next(rows, [])
            _check_widths(file, rows, heading)
        table = pandas.read_csv(file, encoding="utf-8-sig")
    except FileNotFoundError:
        raise RecordError(f"{file}: there is no such file") from None
    except OSError as error:
        raise RecordError(f"{file}: it cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, ValueError, csv.Error) as error:
        raise RecordError(f"{file}: it is no table in UTF-8 ({str(error).partition(chr(10))[0].strip()})") from None
    for name, times in Counter(heading).items():
        if times > 1:
            raise RecordError(f"{file}: column '{name}' is given twice; keep one column for each value")
    texts = set(table.select_dtypes(exclude="number").columns) - {"run"}
    if texts:  # all at once: of many columns each replaced alone moves all the others
        columns = {
            name: [_number_or_text(value) for value in values] for name, values in table.items() if name in texts
        }
        table = pandas.concat([table.drop(columns=list(texts)), pandas.DataFrame(columns)], axis=1)[list(table.columns)]
    return table.set_index("run") if "run" in table.columns else table


def _check_widths(file: Path, rows: Any, heading: list[str]) -> None:
    """Refuse rows that are longer than the heading: pandas would take their first values for labels."""
    for row in rows:
        if len(row) > len(heading) > 0:
            raise RecordError(
                f"{file}: line {rows.line_num} has {len(row)} values for {len(heading)} column names; separate values "
                "by commas, and write decimals with a point"
            )


def _number_or_text(value: Any) -> Any:
    """A cell of a column that is not all numbers, so that an error names the cell that is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
