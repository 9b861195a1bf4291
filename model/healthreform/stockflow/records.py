"""Inputs as text: parameters, levers, drivers and tables in TOML, each value with a unit, a range and a source.

A record may be written in any unit that converts to the coherent unit of the equations: ``percent`` becomes
dimensionless, ``month`` and ``day`` become years, ``10k person`` and ``100M yuan`` persons and yuan.  Values, ranges
and the points of paths and tables are multiplied once, here; what is kept is coherent, as is every value given later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from os import PathLike
from typing import Any

from .errors import RecordError, nearest
from .record_values import (
    Entry,
    Key,
    Points,
    at_key,
    number_reader,
    parse_toml,
    path_reader,
    read_toml,
    table_points,
)
from .units import GENERAL, UnitSystem

GRADES = ("measured", "estimated", "calibrated", "assumed")
DISTRIBUTIONS = ("uniform", "triangular", "loguniform", "fixed")
_ABOUT = ("description", "source", "grade")
_RANGE = ("low", "high", "spread", "distribution")


@dataclass(frozen=True)
class _Record:
    """What every record has.

    Attributes
    ----------
    unit : coherent unit of the values kept here; ``written_unit`` is the one in the file.
    document : the official document that names it; empty if none does.
    file : the file it was read from.
    """

    name: str
    unit: str
    written_unit: str
    description: str
    source: str
    grade: str
    document: str
    file: str

    @property
    def entry(self) -> Entry:
        """Points at this record in an error line."""
        return Entry(self.file, _TABLE_OF[type(self)], self.name, {})


@dataclass(frozen=True)
class Parameter(_Record):
    """A constant of a run, with the range it may lie in; values by elements, ``()`` for one that holds for all."""

    over: Key
    value: Mapping[Key, float]
    low: Mapping[Key, float]
    high: Mapping[Key, float]
    distribution: str


@dataclass(frozen=True)
class Driver(_Record):
    """Exogenous history: a dated path; the range is empty if none is given."""

    over: Key
    path: Mapping[Key, Points]
    low: Mapping[Key, float]
    high: Mapping[Key, float]


@dataclass(frozen=True)
class Lever(Driver):
    """What policy can move: a dated path with a range."""

    system: tuple[int, ...]


@dataclass(frozen=True)
class TableRecord(_Record):
    """Points of a table function; ``x_unit`` is coherent too."""

    x_unit: str
    points: Points


_TABLE_OF: dict[type, str] = {
    Parameter: "parameters",
    Lever: "levers",
    Driver: "drivers",
    TableRecord: "tables",
}


@dataclass(frozen=True)
class Records:
    """All inputs of a model; never changed, a change gives a new object."""

    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    levers: Mapping[str, Lever] = field(default_factory=dict)
    drivers: Mapping[str, Driver] = field(default_factory=dict)
    tables: Mapping[str, TableRecord] = field(default_factory=dict)
    units: UnitSystem = GENERAL

    @classmethod
    def load(
        cls, paths: str | PathLike[str] | Iterable[str | PathLike[str]], *, units: UnitSystem = GENERAL
    ) -> Records:
        """Read one or several TOML files; no name may be given twice.

        Raises
        ------
        RecordError
            In one line: the file, the record, the key, what is wrong and the nearest valid name.
        """
        several = [paths] if isinstance(paths, (str, PathLike)) else list(paths)
        records = cls(units=units)
        for path in several:
            records = records.merge(_read(read_toml(path), str(path), units))
        return records

    @classmethod
    def from_text(cls, text: str, *, file: str = "<text>", units: UnitSystem = GENERAL) -> Records:
        """Read TOML that is at hand as text; ``file`` is what errors call it."""
        return _read(parse_toml(text, file), file, units)

    def __iter__(self) -> Any:
        """Every record, kind by kind."""
        for group in (self.parameters, self.levers, self.drivers, self.tables):
            yield from group.values()

    def find(self, name: str) -> Parameter | Driver | TableRecord:
        """The record of a name.

        Raises
        ------
        RecordError
            If there is none; the nearest name is offered.
        """
        for group in (self.parameters, self.levers, self.drivers, self.tables):
            if name in group:
                return group[name]
        known = [record.name for record in self]
        raise RecordError(f"'{name}' is no parameter, lever, driver or table{nearest(name, known)}")

    def merge(self, other: Records, *, replacing: bool = False) -> Records:
        """These records and others.

        Parameters
        ----------
        replacing : whether a record of the others may take the place of one of these (of the same kind).
        """
        own = {record.name: record for record in self}
        for record in other:
            twin = own.get(record.name)
            if twin is not None and (not replacing or type(twin) is not type(record)):
                raise record.entry.error(f"the name is given twice, also in {twin.file} ({twin.entry.kind})")
        return replace(
            self,
            parameters={**self.parameters, **other.parameters},
            levers={**self.levers, **other.levers},
            drivers={**self.drivers, **other.drivers},
            tables={**self.tables, **other.tables},
        )

    def with_values(self, changes: Mapping[str, Any], *, where: str = "changes") -> Records:
        """New records with some values changed.

        Parameters
        ----------
        changes : by name, or by name and element (``"pay[primary]"``), in coherent units.  For a parameter a number, or
            a mapping by element; for a lever or driver a number (held for all time), ``[date, value]`` points, a
            mapping from dates to values, or a mapping by element of any of these.
        where : what an error line calls the place of the changes.

        Raises
        ------
        RecordError
            If a name or an element is unknown, or a value is not a number or out of its range.
        """
        records = self
        for text, change in changes.items():
            match = _NAME.match(str(text))
            name = match.group(1) if match else str(text)
            try:
                record = self.find(name)
            except RecordError as error:
                raise RecordError(f"{where}: {error}") from None
            if isinstance(record, TableRecord):
                raise RecordError(f"{where}: '{name}' is a table; change its record")
            for part in reversed([e.strip() for e in match.group(2).split(",")] if match and match.group(2) else []):
                change = {part: change}
            records = records._changed(records.find(name), change, where)
        return records

    def _changed(self, record: Any, change: Any, where: str) -> Records:
        group = _TABLE_OF[type(record)]
        entry = Entry(where, group, record.name, {})
        key = "value" if isinstance(record, Parameter) else "path"
        read: Any = number_reader(entry, _SAME) if key == "value" else _change_reader(entry)
        if key == "path" and _is_dated(change):
            change = sorted(change.items())
        given = entry.nested_value(change, key, record.over, read)
        current: dict[Key, Any] = dict(getattr(record, key))
        for chosen in given:
            known = [",".join(existing) for existing in current]
            if chosen and () not in current and chosen not in current:
                element = ",".join(chosen)
                raise entry.error(f"'{element}' is no element of it{nearest(element, known)}", key)
        updated = given if () in given else {**current, **given}
        _check_range(entry, key, given, record.low, record.high)
        changed: Any = {group: {**getattr(self, group), record.name: replace(record, **{key: updated})}}
        return replace(self, **changed)


_NAME = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\[([^\[\]]*)\]\s*)?\Z")
_SAME = Fraction(1)


def _is_dated(change: Any) -> bool:
    return isinstance(change, Mapping) and bool(change) and all(isinstance(key, (int, float)) for key in change)


def _change_reader(entry: Entry) -> Any:
    read_number, read_path = number_reader(entry, _SAME), path_reader(entry, _SAME)

    def read(value: Any, key: str) -> Points:
        if isinstance(value, (int, float, str)):
            return ((0.0, read_number(value, key)),)
        return read_path(value, key)

    return read


def _read(content: Mapping[str, Any], file: str, units: UnitSystem) -> Records:
    groups: dict[str, dict[str, Any]] = {kind: {} for kind in _READERS}
    seen: dict[str, str] = {}
    for kind, table in content.items():
        if kind not in _READERS:
            raise RecordError(f"{file}: unknown table [{kind}]{nearest(kind, _READERS)}; known: {', '.join(_READERS)}")
        if not isinstance(table, Mapping):
            raise RecordError(f"{file}: {kind} must hold one table for each name, [{kind}.NAME]")
        for name, record in table.items():
            entry = Entry(file, kind, name, record if isinstance(record, Mapping) else {})
            if not isinstance(record, Mapping):
                raise entry.error(f"{record!r} must be a table, [{kind}.{name}]")
            if name in seen:
                raise entry.error(f"the name is given twice, also under [{seen[name]}]")
            seen[name] = kind
            groups[kind][name] = _READERS[kind](entry, units)
    return Records(**groups, units=units)


def _about(entry: Entry, units: UnitSystem) -> tuple[dict[str, str], Fraction]:
    unit, factor = entry.unit("unit", units)
    about = {key: entry.text(key) for key in ("description", "source", "document")}
    about["grade"] = entry.choice("grade", GRADES, "")
    return {"name": entry.name, "unit": unit, "written_unit": entry.text("unit"), "file": entry.file, **about}, factor


def _read_parameter(entry: Entry, units: UnitSystem) -> Parameter:
    entry.check_keys(("unit", "value", *_ABOUT), ("over", "document", *_RANGE))
    about, factor = _about(entry, units)
    over = entry.over()
    value = entry.nested("value", over, number_reader(entry, factor))
    distribution = entry.choice("distribution", DISTRIBUTIONS, "uniform")
    if distribution == "fixed" and not {"low", "high", "spread"} & set(entry.content):
        low, high = dict(value), dict(value)
    else:
        low, high = _range(entry, over, factor, value)
    if not low:
        raise entry.error('it has no range: give low and high, or spread, or distribution = "fixed"')
    _check_range(entry, "value", value, low, high)
    if distribution == "loguniform" and any(bound <= 0 for bound in low.values()):
        raise entry.error("a loguniform distribution needs low above 0", "low")
    return Parameter(**about, over=over, value=value, low=low, high=high, distribution=distribution)


def _range(
    entry: Entry, over: Key, factor: Fraction, value: Mapping[Key, float] | None
) -> tuple[dict[Key, float], dict[Key, float]]:
    """Low and high, as given or from ``spread``; empty if there is none."""
    given = {key for key in ("low", "high", "spread") if key in entry.content}
    if given == {"spread"} and value is not None:
        spread = number_reader(entry, _SAME)(entry.content["spread"], "spread")
        if not spread > 0:
            raise entry.error(f"{spread:g} must be above 0", "spread")
        return (
            {key: number - abs(number) * spread for key, number in value.items()},
            {key: number + abs(number) * spread for key, number in value.items()},
        )
    if not given:
        return {}, {}
    if given != {"low", "high"}:
        raise entry.error("give both low and high, or spread alone")
    read = number_reader(entry, factor)
    return entry.nested("low", over, read), entry.nested("high", over, read)


def _check_range(
    entry: Entry,
    what: str,
    values: Mapping[Key, Any],
    low: Mapping[Key, float],
    high: Mapping[Key, float],
) -> None:
    for key, value in values.items():
        named = f"{what}[{','.join(key)}]" if key else what
        lowest, highest = at_key(low, key), at_key(high, key)
        if low and (lowest is None or highest is None) and key:
            raise entry.error(f"low and high say nothing of {','.join(key)}", named)
        if lowest is None or highest is None:
            lowest, highest = max(low.values(), default=None), min(high.values(), default=None)
        if lowest is None or highest is None:
            continue
        if lowest > highest:
            raise entry.error(f"low {lowest:g} is above high {highest:g}", named)
        for number in (value,) if isinstance(value, float) else [point[1] for point in value]:
            if not lowest <= number <= highest:
                raise entry.error(f"{number:g} is out of its range, {lowest:g} to {highest:g}", named)


def _read_path_record(entry: Entry, units: UnitSystem) -> tuple[dict[str, Any], Fraction]:
    about, factor = _about(entry, units)
    over = entry.over()
    path = entry.nested("path", over, path_reader(entry, factor))
    low, high = _range(entry, over, factor, None)
    _check_range(entry, "path", path, low, high)
    return {**about, "over": over, "path": path, "low": low, "high": high}, factor


def _read_lever(entry: Entry, units: UnitSystem) -> Lever:
    entry.check_keys(("unit", "path", "low", "high", "description"), ("over", "source", "grade", "document", "system"))
    system = entry.content.get("system", [])
    rows = system if isinstance(system, list) else [system]
    if not all(isinstance(row, int) and not isinstance(row, bool) and row > 0 for row in rows):
        raise entry.error(f"{system!r} must be a row number, or a list of them", "system")
    content, _ = _read_path_record(entry, units)
    return Lever(**content, system=tuple(rows))


def _read_driver(entry: Entry, units: UnitSystem) -> Driver:
    entry.check_keys(("unit", "path", "description", "source"), ("over", "low", "high", "grade"))
    return Driver(**_read_path_record(entry, units)[0])


def _read_table(entry: Entry, units: UnitSystem) -> TableRecord:
    entry.check_keys(("x_unit", "unit", "points", *_ABOUT), ())
    about, factor = _about(entry, units)
    x_unit, x_factor = entry.unit("x_unit", units)
    return TableRecord(**about, x_unit=x_unit, points=table_points(entry, x_factor, factor))


_READERS: dict[str, Any] = {
    "parameters": _read_parameter,
    "levers": _read_lever,
    "drivers": _read_driver,
    "tables": _read_table,
}
