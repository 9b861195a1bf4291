"""Validation against measured effects: what studies accept, what the model gives, and whether it lies inside."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .analysis import band
from .changes import split_name
from .evidence_files import check_names, shipped_groups
from .evidence_records import GRADES, Record
from .place import Place
from .replaying import replay
from .stockflow.paths import Path

if TYPE_CHECKING:
    import pandas

PlaceLike = str | os.PathLike[str] | Place

#: What a table of verdicts takes over from the records.
_SHARED = ("name", "kind", "reform", "row", "effect", "experiment", "measure", "low", "high", "unit")


def evidence() -> pandas.DataFrame:
    """Measured effects, as the files have them.

    Returns
    -------
    pandas.DataFrame
        By name: kind (``effect``, ``parameter`` or ``outside``), reform, row (of the review), effect (title), low and
        high (range accepted), unit, measure, outcome (what it is read from), window, experiment, study, grade (of the
        surest study), reading (how the range was made), note, miss (why the model lies outside), reason (why the model
        does not hold it).
    """
    return _table([_about(record) for group in shipped_groups() for record in group.records])


def validate(
    place: PlaceLike = "china", members: pandas.DataFrame | None = None, *, threads: int | None = None
) -> pandas.DataFrame:
    """Replay every measured effect inside the model.

    Twin runs follow history to the year of the experiment; from there every other lever is held, drivers run on, and
    the twins differ in one reform at full strength.

    Parameters
    ----------
    place : a name that ``hr.places()`` lists, a file, or a place loaded before.
    members : parameters of an ensemble, a row for each member, columns as of a design; see ``ensemble``.
    threads : how many to use; the numbers do not depend on it.

    Returns
    -------
    pandas.DataFrame
        By name: kind, reform, row, effect, experiment, measure, low, high, unit, model (the value with the place's own
        parameters), band_low and band_high (ten to ninety in a hundred members; of a parameter without members its own
        range), band_median (of the members), verdict (``inside``, ``below``, ``above``; empty for what is outside the
        model), verdict_at_median (likewise; empty without members), study, grade, note, miss (of rows that are not
        inside). Only rows of the kind ``effect`` count as evidence.

    Raises
    ------
    RecordError
        If a record or a member is wrong.
    RunError
        If a run goes wrong.
    """
    here = Place.load(place)
    records = [record for group in shipped_groups() for record in group.records]
    check_names(records, here.model)
    effects = [record for record in records if record.kind == "effect"]
    twins = replay(here, effects, members, threads)
    found = {record.name: twins.effect(record) for record in effects}
    return _table([_judged(record, here, members, found.get(record.name)) for record in records])


def count_inside(table: pandas.DataFrame, verdict: str = "verdict") -> tuple[int, int]:
    """How many of the effects that count lie inside their range, and how many count; by either column of verdicts."""
    counted = table[table["kind"] == "effect"]
    return int((counted[verdict] == "inside").sum()), len(counted)


def summary(table: pandas.DataFrame) -> str:
    """How many lie inside, of all that count and by the grade of the surest study; in a sentence."""
    inside, counted = count_inside(table)
    grades = []
    for grade in GRADES:
        found = count_inside(table[table["grade"] == grade])
        if found[1]:
            grades.append(f"{grade} {found[0]} of {found[1]}")
    by_grade = f" ({', '.join(grades)})" if grades else ""
    return f"{inside} of {counted} measured effects lie inside the accepted range{by_grade}."


def summary_at_median(table: pandas.DataFrame) -> str:
    """How many lie inside where the members' median stands for the model, in a sentence; nothing without members."""
    inside, counted = count_inside(table, "verdict_at_median")
    if (table.loc[table["kind"] == "effect", "verdict_at_median"] == "").all():
        return ""
    return f"At the members' median {inside} of {counted} do."


_JUDGED = "| effect | accepted | model | band | verdict | grade | studies |\n|---|---|---|---|---|---|---|"


def as_markdown(table: pandas.DataFrame, title: str) -> str:
    """The table of ``validate`` as a page: what counts, by reform; then parameters; then what is outside."""
    lines = [f"# {title}", "", f"{summary(table)} {summary_at_median(table)}".strip(), ""]
    for reform, part in table[table["kind"] == "effect"].groupby("reform", sort=False):
        lines += [f"## {reform}", "", _JUDGED, *_judged_lines(part), ""]
        missed = [f"- **{row.effect}**, {row.verdict}: {row.miss}" for row in part.itertuples() if row.miss]
        lines += [*missed, ""] if missed else []
    measured = table[table["kind"] == "parameter"]
    lines += ["## Parameters that studies measured (not counted)", "", _JUDGED, *_judged_lines(measured), ""]
    lines += [f"- **{row.effect}**, {row.verdict}: {row.miss}" for row in measured.itertuples() if row.miss]
    lines += ["", "## Outside the model (not counted)", "", "| effect | why | grade | studies |", "|---|---|---|---|"]
    outside = table[table["kind"] == "outside"]
    lines += [_line(row.effect, row.note, row.grade, row.study) for row in outside.itertuples()]
    return "\n".join(lines) + "\n"


def _judged_lines(part: pandas.DataFrame) -> list[str]:
    return [
        _line(
            row.effect,
            span_text(row.low, row.high, row.unit),
            figure_text(row.model),
            span_text(row.band_low, row.band_high, ""),
            row.verdict,
            row.grade,
            row.study,
        )
        for row in part.itertuples()
    ]


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def figure_text(value: float, figures: int = 3) -> str:
    """A number with so many figures, dates and years in full; nothing for what is missing."""
    if math.isnan(value):
        return ""
    text = f"{value:.4g}" if abs(value) >= 1000 else f"{value:.{figures}g}"
    return "0" if float(text) == 0 else text


def span_text(low: float, high: float, unit: str) -> str:
    """A range with its unit."""
    if math.isnan(low):
        return ""
    text = figure_text(low) if low == high else f"{figure_text(low)} to {figure_text(high)}"
    return f"{text} {unit}".strip()


# ------------------------------------------------------------------------------------------------------------- rows


def _table(rows: Sequence[dict[str, Any]]) -> pandas.DataFrame:
    import pandas

    return pandas.DataFrame(rows).set_index("name")


def _about(record: Record) -> dict[str, Any]:
    return {
        "name": record.name,
        "kind": record.kind,
        "reform": record.reform,
        "row": record.row,
        "effect": record.title,
        "low": record.low,
        "high": record.high,
        "unit": record.unit,
        "measure": record.measure,
        "outcome": record.parameter or str(record.outcome or ""),
        "window": str(record.window or ""),
        "experiment": record.experiment.title if record.experiment else "",
        "study": _study_text(record),
        "grade": record.grade,
        "reading": record.reading,
        "note": record.note,
        "miss": record.miss,
        "reason": record.reason,
    }


def _study_text(record: Record) -> str:
    parts = (f"{study.cite} ({study.grade}{': ' + study.found if study.found else ''})" for study in record.studies)
    return "; ".join(parts)


def _judged(record: Record, place: Place, members: pandas.DataFrame | None, found: Any) -> dict[str, Any]:
    row = _about(record)
    model = low = high = median = math.nan
    if found is not None:
        model = float(found[0])
        if len(found) > 1:
            low, high = (float(end) for end in band(found[1:]))
            median = float(np.nanmedian(found[1:]))
    elif record.parameter:
        model, low, high = _parameter(record, place, members)
        if members is not None and record.parameter in members:
            median = float(members[record.parameter].median())
    verdict = _verdict(model, record)
    return {
        **{key: row[key] for key in _SHARED},
        "model": model,
        "band_low": low,
        "band_high": high,
        "band_median": median,
        "verdict": verdict,
        "verdict_at_median": _verdict(median, record),
        "study": row["study"],
        "grade": record.grade,
        "note": record.reason or " ".join(text for text in (record.reading, record.note) if text),
        "miss": record.miss if verdict not in ("", "inside") else "",
    }


def _verdict(value: float, record: Record) -> str:
    if math.isnan(value):
        return ""
    return "below" if value < record.low else "above" if value > record.high else "inside"


def _parameter(record: Record, place: Place, members: pandas.DataFrame | None) -> tuple[float, float, float]:
    """Value and range of a parameter, or value or a date of a lever's path."""
    model, name = place.model, split_name(record.parameter)[0]
    if name in model.records.levers:
        return _of_path(Path.from_points(model.path_points()[record.parameter]), record.of), math.nan, math.nan
    span = model.parameter_ranges()[record.parameter]
    low, high = span.low, span.high
    if members is not None and record.parameter in members:
        low, high = np.quantile(members[record.parameter].to_numpy(float), (0.1, 0.9))
    return float(span.value), math.nan if low is None else float(low), math.nan if high is None else float(high)


def _of_path(path: Path, of: str) -> float:
    """The last value of a path, the date at which it first leaves its first, or that at which it reaches its last."""
    if of == "value":
        return path.values[-1]
    moving = [at for at in range(1, len(path.dates)) if path.values[at] != path.values[at - 1]]
    if not moving:
        return math.nan
    return path.dates[moving[0] - 1] if of == "begins" else path.dates[moving[-1]]
