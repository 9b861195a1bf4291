"""Files of measured effects: read, and checked key by key.

Each file of ``data/evidence`` holds one group of effects: its title, the rows of the review it stands for, the
experiments, and the records. The page beside the files says what each key means.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .assembly import DATA
from .changes import split_name
from .evidence_records import (
    ALONE,
    GRADES,
    MEASURES,
    PARTS,
    TWO_WINDOWS,
    Dose,
    Experiment,
    Group,
    Reading,
    Record,
    Study,
    Window,
)
from .headed_file import HeadedFile
from .stockflow.errors import RecordError, nearest, one_of
from .stockflow.model import Model
from .stockflow.record_values import Entry

_EXPERIMENT = ("title",), ("begin", "treated", "untreated", "as_enacted", "note")
_KEYS = {
    "effect": (
        ("experiment", "outcome", "measure", "low", "high"),
        ("months", "year", "date", "against", "factor", "per", "unit", "miss"),
    ),
    "parameter": (("parameter", "low", "high"), ("of", "unit", "miss")),
    "outside": (("reason",), ()),
}
_ALWAYS = ("kind", "row", "title", "studies")
_SOMETIMES = ("reading", "note")


@functools.cache
def shipped_groups() -> tuple[Group, ...]:
    """The groups that come with the package, in the order of their numbers."""
    return read_groups(sorted((DATA / "evidence").glob("*.toml")))


def read_groups(files: Sequence[Path]) -> tuple[Group, ...]:
    """Groups from files.

    Raises
    ------
    RecordError
        In one line, if a file is wrong, or two records have one name.
    """
    groups = tuple(read_group(file) for file in files)
    seen: dict[str, Record] = {}
    for record in (record for group in groups for record in group.records):
        if record.name in seen:
            raise record.entry.error(f"the name is given twice, also in {seen[record.name].entry.file}")
        seen[record.name] = record
    return groups


def read_group(file: Path) -> Group:
    """One file, every key of it checked; names of the model are checked by ``check_names``."""
    header = HeadedFile.read(file, ("title", "rows", "records"), ("experiments",))
    rows = header.texts("rows")
    experiments = {
        name: _experiment(_entry(file, "experiments", name, content))
        for name, content in header.table("experiments").items()
    }
    title = header.text("title")
    records = tuple(
        _record(_entry(file, "records", name, content), title, experiments)
        for name, content in header.table("records").items()
    )
    for record in records:
        if record.row not in rows:
            raise record.entry.error(f"'{record.row}' is not among the file's rows{nearest(record.row, rows)}", "row")
    for row in rows:
        if row not in {record.row for record in records}:
            raise header.error("rows", f"'{row}' has no record; give it one, of the kind outside if need be")
    for name, experiment in experiments.items():
        if not any(record.experiment is experiment for record in records):
            raise experiment.entry.error(f"no record uses it; remove it or name it in a record ({name})")
    return Group(title, rows, records)


def _entry(file: Path, kind: str, name: str, content: Any) -> Entry:
    if not isinstance(content, Mapping):
        raise RecordError(f"{file}: {kind}.{name}: {content!r} must be a table")
    return Entry(str(file), kind, name, content)


def _experiment(entry: Entry) -> Experiment:
    entry.check_keys(*_EXPERIMENT)
    begin = _number(entry, "begin") if "begin" in entry.content else None
    if begin is not None and begin != int(begin):
        raise entry.error(f"{begin:g} is no whole year; levers are frozen at the beginning of one", "begin")
    treated, untreated = _table(entry, "treated"), _table(entry, "untreated")
    if begin is None and (treated or untreated):
        raise entry.error("history as it was has no changes; give the year in which the reform begins", "begin")
    return Experiment(
        entry.name,
        entry.text("title"),
        None if begin is None else int(begin),
        treated,
        untreated,
        _texts(entry, "as_enacted"),
        entry.text("note"),
        entry,
    )


def _record(entry: Entry, reform: str, experiments: Mapping[str, Experiment]) -> Record:
    kind = entry.choice("kind", tuple(_KEYS), "")
    if not kind:
        raise entry.error("the key 'kind' is missing")
    required, optional = _KEYS[kind]
    entry.check_keys((*_ALWAYS, *required), (*_SOMETIMES, *optional))
    shared: dict[str, Any] = {
        "name": entry.name,
        "kind": kind,
        "reform": reform,
        **{key: entry.text(key) for key in ("row", "title", "reading", "note")},
        "studies": _studies(entry),
        "entry": entry,
    }
    if kind == "outside":
        return Record(**shared, reason=entry.text("reason"))
    shared |= {"low": _number(entry, "low"), "high": _number(entry, "high"), "miss": entry.text("miss")}
    if shared["low"] > shared["high"]:
        raise entry.error(f"the range {shared['low']:g} to {shared['high']:g} is upside down", "low")
    if kind == "parameter":
        of = entry.choice("of", PARTS, "value")
        return Record(**shared, parameter=entry.text("parameter"), of=of, unit=entry.text("unit"))
    return Record(**shared, **_effect(entry, experiments))


def _effect(entry: Entry, experiments: Mapping[str, Experiment]) -> dict[str, Any]:
    name = entry.text("experiment")
    if name not in experiments:
        known = nearest(name, experiments) or f"; the file has: {one_of(experiments)}"
        raise entry.error(f"there is no experiment '{name}'{known}", "experiment")
    measure = entry.choice("measure", tuple(MEASURES), "")
    begin = experiments[name].begin
    if begin is None and measure not in ALONE:
        raise entry.error(f"'{measure}' compares twin runs, and history has no twin; use {one_of(ALONE)}", "measure")
    window, against = _windows(entry, begin), None
    if (measure in TWO_WINDOWS) != ("against" in entry.content):
        what = "is missing" if measure in TWO_WINDOWS else f"means nothing to the measure '{measure}'"
        raise entry.error(f"the key 'against' {what}; it is the earlier window of {one_of(TWO_WINDOWS)}")
    if "against" in entry.content:
        against = _window(entry, "against", begin, months="months" in entry.content)
    unit = entry.text("unit") or MEASURES[measure]
    if not unit:
        raise entry.error(f"the key 'unit' is missing; the measure '{measure}' has none of its own")
    return {
        "experiment": experiments[name],
        "outcome": _reading(entry, "outcome", entry.content["outcome"]),
        "measure": measure,
        "window": window,
        "against": against,
        "factor": _number(entry, "factor") if "factor" in entry.content else 1.0,
        "per": _dose(entry) if "per" in entry.content else None,
        "unit": unit,
    }


def _windows(entry: Entry, begin: int | None) -> Window:
    given = [key for key in ("months", "year", "date") if key in entry.content]
    if len(given) != 1:
        raise entry.error(f"it needs one of months, year and date, and has {one_of(given)}")
    return _window(entry, given[0], begin, months=given[0] == "months")


def _window(entry: Entry, key: str, begin: int | None, *, months: bool) -> Window:
    if key == "date":
        moment = _number(entry, key)
        return Window(moment, moment, moment=True)
    if not months:
        year = _number(entry, key)
        if year != int(year):
            raise entry.error(f"{year:g} is no calendar year", key)
        return Window(year, year)
    if begin is None:
        raise entry.error("history has no month one; give a year", key)
    value = entry.content[key]
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(month, int) for month in value):
        raise entry.error(f"{value!r} must be two months, such as [1, 12]", key)
    first, last = value
    if (first - 1) % 12 or last % 12 or not 0 < first < last:
        raise entry.error(f"{first} to {last} must be whole years after the beginning, such as [13, 24]", key)
    return Window(begin + (first - 1) // 12, begin + last // 12 - 1)


def _reading(entry: Entry, key: str, value: Any) -> Reading:
    if isinstance(value, str):
        return Reading((value,))
    if not isinstance(value, Mapping) or not set(value) <= {"of", "over", "weights"} or not value.get("of"):
        raise entry.error(f"{value!r} must be a name, or a table with of and, if need be, over or weights", key)
    parts = {part: _name_list(entry, f"{key}.{part}", names) for part, names in value.items()}
    if "weights" in parts and ("over" in parts or len(parts["weights"]) != len(parts["of"])):
        raise entry.error("give one weight for each name, and no over beside weights", f"{key}.weights")
    return Reading(**parts)


def _dose(entry: Entry) -> Dose:
    value = entry.content["per"]
    if not isinstance(value, Mapping) or set(value) != {"outcome", "measure", "amount"}:
        raise entry.error("it must be a table of outcome, measure and amount", "per")
    amount, measure = value["amount"], value["measure"]
    if isinstance(amount, bool) or not isinstance(amount, (int, float)) or not amount:
        raise entry.error(f"{amount!r} must be a number other than zero", "per.amount")
    if measure not in ("percent", "difference"):
        raise entry.error(f"{measure!r} is not one of percent, difference", "per.measure")
    return Dose(_reading(entry, "per.outcome", value["outcome"]), str(measure), float(amount))


def _studies(entry: Entry) -> tuple[Study, ...]:
    given = entry.content["studies"]
    if not isinstance(given, list) or not given:
        raise entry.error("name at least one study: { grade, cite, found }", "studies")
    studies = []
    for study in given:
        if not isinstance(study, Mapping) or not {"grade", "cite"} <= set(study) <= {"grade", "cite", "found"}:
            raise entry.error(f"{study!r} must be a table of grade, cite and, if known, found", "studies")
        if study["grade"] not in GRADES:
            raise entry.error(f"the grade {study['grade']!r} is not one of {one_of(GRADES)}", "studies")
        if not isinstance(study["cite"], str) or not study["cite"].strip():
            raise entry.error("the cite of a study is empty", "studies")
        studies.append(Study(study["grade"], study["cite"], str(study.get("found", ""))))
    return tuple(studies)


def _number(entry: Entry, key: str) -> float:
    value = entry.content[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise entry.error(f"{value!r} must be a finite number", key)
    return float(value)


def _table(entry: Entry, key: str) -> Mapping[str, Any]:
    value = entry.content.get(key, {})
    if not isinstance(value, Mapping):
        raise entry.error(f"{value!r} must be a table of levers and values", key)
    return value


def _texts(entry: Entry, key: str) -> tuple[str, ...]:
    return _name_list(entry, key, entry.content.get(key, []))


def _name_list(entry: Entry, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise entry.error(f"{value!r} must be a list of names", key)
    return tuple(value)


# ------------------------------------------------------------------------------------------------ names of the model


def check_names(records: Sequence[Record], model: Model) -> None:
    """Refuse records that name what a model does not have.

    Raises
    ------
    RecordError
        In one line: the file, the record, what is unknown and the nearest valid name.
    """
    inputs = (*model.records.levers, *model.records.parameters)
    flats = [flat for name in (*model.variables, *inputs, *model.records.drivers) for flat in model.flat_names(name)]
    known = frozenset(flats)
    for record in records:
        for name in record.names:
            if name not in known:
                raise record.entry.error(f"'{name}' is no variable of the model{nearest(name, flats)}", "outcome")
        if record.names and all(split_name(name)[0] in model.records.parameters for name in record.names):
            raise record.entry.error("it reads parameters only, which no reform moves; name a variable", "outcome")
        if record.parameter:
            written = split_name(record.parameter)[0]
            if written not in inputs:
                hint = nearest(written, inputs)
                raise record.entry.error(f"'{written}' is no parameter and no lever{hint}", "parameter")
            if record.parameter not in model.flat_names(written):
                wanted = one_of(model.flat_names(written))
                raise record.entry.error(f"'{record.parameter}' is not one of {wanted}", "parameter")
    for experiment in experiments_of(records):
        for name in (*experiment.treated, *experiment.untreated, *experiment.as_enacted):
            written = split_name(name)[0]
            if written not in model.records.levers:
                hint = nearest(written, model.records.levers)
                raise experiment.entry.error(f"'{written}' is no lever, and an experiment moves levers only{hint}")


def experiments_of(records: Sequence[Record]) -> list[Experiment]:
    """The experiments that records use, each once."""
    found = {record.experiment.key: record.experiment for record in records if record.experiment is not None}
    return list(found.values())
