"""Changes of levers and parameters, from a scenario's file, a place's file or a call: checked, and set into history.

A constant holds from the start of the run; what the place was like up to then, and so every reference, stays its own.
In the file of a place it replaces the lever's whole path.  A dated change leaves the path alone before its first date;
from there on its own points count, straight between them and held after the last.  Values are in the units that
``hr.levers()`` and ``hr.parameters()`` show.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from typing import Any

from .stockflow.errors import RecordError, nearest, one_of
from .stockflow.expand import all_elements
from .stockflow.model import Model
from .stockflow.paths import Path
from .stockflow.record_values import Key, Points, at_key
from .stockflow.records import Driver, Lever, Parameter, Records

#: How a name may be written, with blanks around its parts but no other white space.
_SPELLING = re.compile(r" *\w+ *(\[ *\w+ *(, *\w+ *)*\] *)?")

#: The first and last moment of a run, outside which a change would do nothing.
Span = tuple[float, float]


def apply_changes(
    model: Model,
    records: Records,
    changes: Mapping[str, Any],
    *,
    where: str,
    span: Span | None = None,
    begin: float | None = None,
) -> Records:
    """New records with some levers, drivers or parameters changed; the given ones stay as they are.

    Parameters
    ----------
    model : the model the records belong to.
    changes : by name or ``name[element]``: a number; for levers and drivers also dated values, as a mapping from dates
        or a list of ``[date, value]``; or a mapping by element of any of these.
    where : what an error line calls the place of the changes.
    span : refuse dates outside this span.
    begin : the date from which a constant holds; if None it replaces the whole path, as in the file of a place.

    Raises
    ------
    RecordError
        If a name or an element is unknown, a value is no finite number or out of its range, dates are out of order or
        outside the span, or two changes overlap.
    """
    if not isinstance(changes, Mapping):
        raise RecordError(f"{where}: {changes!r} must be a mapping from names to values")
    _check_overlaps(changes, where)
    for text, change in changes.items():
        name, elements = split_name(text)
        check_spelling(records, text, where)
        plain = _plain(change, f"{where}: {text}")
        if elements and not isinstance(plain, Mapping):
            _check_full(model, records, name, elements, f"{where}: {text}")
        changed = records.with_values({str(text): plain}, where=where)
        _check_elements(model, changed, name, where)
        if name in records.parameters:
            records = changed
        else:
            records = _set_into_history(model, records, changed, name, where, span, begin)
    return records


def split_name(text: object) -> tuple[str, Key]:
    """``pay[primary]`` as the name and its elements."""
    name, _, rest = str(text).partition("[")
    elements = tuple(part.strip() for part in rest.rstrip().removesuffix("]").split(",")) if rest else ()
    return name.strip(), elements


def check_spelling(records: Records, text: object, where: str) -> None:
    """Refuse a known name with something odd around it, such as brackets with nothing between them.

    Raises
    ------
    RecordError
        Showing how to write it.
    """
    name, _ = split_name(text)
    known = (*records.parameters, *records.levers, *records.drivers)
    if name in known and not _SPELLING.fullmatch(str(text)):
        over = ",".join(records.find(name).over)  # type: ignore[union-attr]
        offer = f"{name}, or {name}[{over}] for one element" if over else name
        raise RecordError(f"{where}: {str(text)!r} is no way to write a name; write {offer}")


def _check_overlaps(changes: Mapping[str, Any], where: str) -> None:
    seen: dict[str, list[tuple[str, Key]]] = {}
    for text in changes:
        name, elements = split_name(text)
        for other, taken in seen.setdefault(name, []):
            if not elements or not taken or elements == taken:
                raise RecordError(f"{where}: '{other}' and '{text}' overlap; change each value once")
        seen[name].append((str(text), elements))


def _check_full(model: Model, records: Records, name: str, elements: Key, where: str) -> None:
    """Refuse brackets that leave elements out where one value goes, and show what they must hold."""
    over = model.over(name) if name in (*records.parameters, *records.levers, *records.drivers) else ()
    if len(elements) >= len(over):
        return
    known = [element for subscript in over for element in subscript.elements]
    named = [subscript.name for subscript in over]
    given = [next((e for e in elements if e in subscript.elements), subscript.elements[0]) for subscript in over]
    full = f"write {name}[{','.join(named)}], such as {name}[{','.join(given)}]"
    for element in elements:
        if element not in known:
            raise RecordError(f"{where}: '{element}' is no element of {one_of(named)}{nearest(element, known)}; {full}")
    raise RecordError(f"{where}: it needs an element each of {one_of(named)}: {full}")


def _plain(change: Any, where: str) -> Any:
    """Numbers of numpy as Python's, and dates as keys of a mapping as points."""
    if isinstance(change, Mapping):
        dates = [_date(key) for key in change]
        if change and all(date is not None for date in dates):
            points = [[date, _plain(value, where)] for date, value in zip(dates, change.values(), strict=True)]
            return points
        if any(date is not None for date in dates):
            raise RecordError(f"{where}: {list(change)} mixes dates and elements; give one or the other")
        return {str(key): _plain(value, where) for key, value in change.items()}
    if hasattr(change, "tolist"):
        change = change.tolist()
    return [_plain(item, where) for item in change] if isinstance(change, (list, tuple)) else change


def _date(key: object) -> float | None:
    """A key of a mapping as a date, if it is one; in a TOML table keys are text."""
    if isinstance(key, Real) and not isinstance(key, bool):
        return float(key)
    try:
        return float(key) if isinstance(key, str) else None
    except ValueError:
        return None


def _check_elements(model: Model, records: Records, name: str, where: str) -> None:
    """Refuse elements that the subscripts do not have, also where one value held for all so far."""
    record = records.find(name)
    values: Mapping[Key, Any] = record.value if isinstance(record, Parameter) else record.path  # type: ignore[union-attr]
    for chosen in values:
        for element, subscript in zip(chosen, model.over(name), strict=False):
            if element not in subscript.elements:
                hint = nearest(element, subscript.elements) or f"; elements: {', '.join(subscript.elements)}"
                raise RecordError(f"{where}: {name}: '{element}' is no element of {subscript.name}{hint}")


def _set_into_history(
    model: Model,
    records: Records,
    changed: Records,
    name: str,
    where: str,
    span: Span | None,
    begin: float | None,
) -> Records:
    before, after = _dated(records, name), _dated(changed, name)
    paths: dict[Key, Points] = {}
    for key in _keys(model, name):
        old, new = _at(before.path, key), _at(after.path, key)
        if new is not old:
            if span is not None:
                _check_span(new, span, f"{where}: {name}")
            if begin is not None and is_constant(new):
                new = ((begin, new[0][1]),)
            new = splice(old, new)
        paths[key] = new
    return _with_path(records, replace(before, path=paths))


def _dated(records: Records, name: str) -> Driver:
    return records.levers[name] if name in records.levers else records.drivers[name]


def _with_path(records: Records, record: Driver) -> Records:
    if isinstance(record, Lever):
        return replace(records, levers={**records.levers, record.name: record})
    return replace(records, drivers={**records.drivers, record.name: record})


def _keys(model: Model, name: str) -> list[Key]:
    return [tuple(elements.values()) for elements in all_elements(model.over(name))]


def _at(values: Mapping[Key, Points], key: Key) -> Points:
    found = at_key(values, key)
    assert found is not None, "a built model has a path for every element"
    return found


def _check_span(points: Points, span: Span, where: str) -> None:
    if not is_constant(points):
        for date, _ in points:
            check_date(date, span, where)


def check_date(date: float, span: Span, where: str) -> None:
    """Refuse a date that lies outside a run, where it would do nothing.

    Raises
    ------
    RecordError
        Saying what the run spans.
    """
    if not span[0] <= date <= span[1]:
        raise RecordError(
            f"{where}: the date {date:g} is outside the run, {span[0]:g} to {span[1]:g}; give dates inside it"
        )


def is_constant(points: Points) -> bool:
    """Whether a path was given as one number, which holds for all time."""
    return len(points) == 1 and points[0][0] == 0.0


def splice(history: Points, change: Points) -> Points:
    """History up to the first date of a change, then the change; a jump where they do not meet.

    Of a change that begins with a jump of its own, the value before that jump holds for no time and falls away.
    """
    if is_constant(change):
        return change
    if len(change) > 1 and change[0][0] == change[1][0]:
        change = change[1:]
    date, value = change[0]
    before = [point for point in history if point[0] < date]
    reached = Path.from_points(history).value(date, "left")
    if reached != value:
        before.append((date, reached))
    return (*before, *change)


def freeze(model: Model, records: Records, date: float) -> Records:
    """New records in which every lever is held from a date on at its value at that date; drivers run on.

    Where a lever jumps on that very date, the value after the jump counts.
    """
    for name, lever in records.levers.items():
        paths = {}
        for key in _keys(model, name):
            history = _at(lever.path, key)
            paths[key] = splice(history, ((date, Path.from_points(history).value(date, "right")),))
        records = _with_path(records, replace(lever, path=paths))
    return records


def without_effect(model: Model, before: Records, after: Records, changes: Mapping[str, Any], span: Span) -> list[str]:
    """The changes that leave every value as it was all through a run."""
    values = [(model.parameter_values(records), model.path_points(records)) for records in (before, after)]
    idle = []
    for text in changes:
        flats = model.flat_names(split_name(text)[0])
        if all(_same(name, values[0], values[1], span) for name in flats):
            idle.append(str(text))
    return idle


def _same(name: str, before: tuple[Any, Any], after: tuple[Any, Any], span: Span) -> bool:
    if name in before[0]:
        return bool(before[0][name] == after[0][name])
    old, new = Path.from_points(before[1][name]), Path.from_points(after[1][name])
    dates = [*span, *(date for date in (*old.dates, *new.dates) if span[0] < date < span[1])]
    return all(old.value(date, side) == new.value(date, side) for date in dates for side in ("left", "right"))
