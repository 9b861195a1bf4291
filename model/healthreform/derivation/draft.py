"""The inputs of a place while they are derived: values with their ranges, and for each name how it came about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..size import Size
from ..stockflow.expand import all_elements
from ..stockflow.interpret import Interpreter
from ..stockflow.model import Model
from ..stockflow.named import NamedArray, as_named
from ..stockflow.paths import Path
from ..stockflow.record_values import Key, Points, at_key
from ..stockflow.records import Driver, Lever, Parameter, Records
from .base import State

#: How a number came about: the place's own, derived from the base by a rule, or taken from the base as it is.
KINDS = ("own", "derived", "taken")


@dataclass(frozen=True)
class Origin:
    """How a parameter, lever or driver of a place came about.

    Attributes
    ----------
    kind : ``own``, ``derived`` or ``taken``.
    rule : by which rule, or from where.
    source, grade : of what is own.
    whole : whether nothing of what was said before counts any more.
    """

    kind: str
    rule: str
    source: str = ""
    grade: str = ""
    whole: bool = False


class Draft:
    """Values that rules change one after the other; the model they begin with is not touched."""

    def __init__(self, model: Model, base: str) -> None:
        self.model, self.base = model, base
        records = model.records
        flat = model.parameter_values()
        self.values = {name: NamedArray.from_flat(name, model.over(name), flat) for name in records.parameters}
        points = model.path_points()
        self.paths = {
            name: dict(zip(self._keys(name), (points[flat] for flat in model.flat_names(name)), strict=True))
            for name in (*records.levers, *records.drivers)
        }
        self._factors: dict[str, NamedArray] = {}
        self.origins: dict[str, Origin] = {}
        self._states: dict[int, State] = {}
        self._empty: dict[str, set[Key]] = {}

    def _keys(self, name: str) -> list[Key]:
        return [tuple(elements.values()) for elements in all_elements(self.model.over(name))]

    def set(self, name: str, value: Any, origin: Origin) -> None:
        """Give a parameter another value."""
        self.values[name] = as_named(value).spread_over(self.model.over(name))
        self._states.clear()
        self.note(name, origin)

    def empty(self, name: str, elements: Iterable[str], origin: Origin) -> None:
        """Make a parameter nought for some elements of one of its subscripts, and let it be nothing else."""
        keys = [key for key in self._keys(name) if set(key) & set(elements)]
        numbers = self.values[name].to_flat(name)
        chosen = {
            flat: 0.0 for key, flat in zip(self._keys(name), self.model.flat_names(name), strict=True) if key in keys
        }
        self._empty.setdefault(name, set()).update(keys)
        self.set(name, NamedArray.from_flat(name, self.model.over(name), {**numbers, **chosen}), origin)

    def multiply(self, name: str, factor: Any, origin: Origin) -> None:
        """Multiply a parameter, or all points of a path."""
        spread = as_named(factor).spread_over(self.model.over(name))
        if name in self.values:
            self.set(name, self.values[name] * spread, origin)
            return
        numbers = spread.to_flat(name)
        self._factors[name] = self._factors[name] * spread if name in self._factors else spread
        by = {key: numbers[flat] for key, flat in zip(self._keys(name), self.model.flat_names(name), strict=True)}
        self.reshape(name, lambda key, value: value * by[key], origin)

    def reshape(self, name: str, change: Callable[[Key, float], float], origin: Origin) -> None:
        """Change every point of a path."""
        paths = self.paths[name].items()
        self.replace(name, {key: tuple((date, change(key, value)) for date, value in points) for key, points in paths})
        self.note(name, origin)

    def replace(self, name: str, paths: Mapping[Key, Points]) -> None:
        """Give a path other points, for all of its elements or for some."""
        self.paths[name] |= paths
        self._states.clear()

    def matters(self, name: str) -> bool:
        """Whether it is anything but nought, which stays nought however large a place is."""
        if name in self.values:
            return bool(self.values[name].values.any())
        return any(value for points in self.paths[name].values() for _, value in points)

    def state(self, start: int) -> State:
        """Every value at the beginning of the place's first year."""
        if start not in self._states:
            self._states[start] = at_start(self.interpreter(), start)
        return self._states[start]

    def interpreter(self) -> Interpreter:
        """The model with the inputs as they now are."""
        flat = {each: number for name, array in self.values.items() for each, number in array.to_flat(name).items()}
        dated = {
            each: Path.from_points(self.paths[name][key])
            for name in self.paths
            for key, each in zip(self._keys(name), self.model.flat_names(name), strict=True)
        }
        return Interpreter(self.model, flat, dated)

    def size(self, population: float) -> Size:
        """How large the place is against its base, for dated inputs that are written for the base."""
        factors = {
            name: dict(zip(self._keys(name), spread.to_flat(name).values(), strict=True))
            for name, spread in self._factors.items()
        }
        return Size(population, factors)

    def note(self, name: str, origin: Origin) -> None:
        """Say how a name came about; what was said before stays, unless it no longer counts."""
        before = self.origins.get(name)
        if before is not None and (before.kind == "own" or not origin.whole):
            kind = min(before.kind, origin.kind, key=KINDS.index)
            rules = [before.rule, *([] if origin.rule in before.rule else [origin.rule])]
            source = "; ".join(dict.fromkeys(text for text in (before.source, origin.source) if text))
            origin = Origin(kind, "; ".join(rules), source, origin.grade or before.grade)
        self.origins[name] = origin

    def records(self) -> Records:
        """The inputs as they now are; a range moves with its value."""
        given = self.model.records
        parameters = {name: self._parameter(record) for name, record in given.parameters.items()}
        levers = {name: self._dated(record) for name, record in given.levers.items()}
        drivers = {name: self._dated(record) for name, record in given.drivers.items()}
        return replace(given, parameters=parameters, levers=levers, drivers=drivers)

    def _parameter(self, record: Parameter) -> Parameter:
        numbers = self.values[record.name].to_flat(record.name)
        values, low, high = {}, {}, {}
        for key, flat in zip(self._keys(record.name), self.model.flat_names(record.name), strict=True):
            new, old = numbers[flat], _found(record.value, key)
            ends = _found(record.low, key), _found(record.high, key)
            values[key] = new
            low[key], high[key] = ends if new == old else _moved(ends, old, new, record.unit)
            if key in self._empty.get(record.name, ()):
                low[key] = high[key] = 0.0
        about: Any = self._about(record)
        if all(values[key] == _found(record.value, key) for key in values):
            return replace(record, **about)
        return replace(record, value=values, low=low, high=high, **about)

    def _dated(self, record: Any) -> Any:
        path = self.paths[record.name]
        about: Any = self._about(record)
        if all(points == _found(record.path, key) for key, points in path.items()):
            return replace(record, **about)
        low, high = {}, {}
        factor = self._factors.get(record.name)
        numbers = factor.to_flat(record.name) if factor is not None else {}
        for key, flat in zip(self._keys(record.name), self.model.flat_names(record.name), strict=True):
            ends = at_key(record.low, key), at_key(record.high, key)
            if ends[0] is None or ends[1] is None:
                continue
            scale = numbers.get(flat, 1.0)
            reached = [value for _, value in path[key]]
            low[key], high[key] = min(ends[0] * scale, *reached), max(ends[1] * scale, *reached)
        return replace(record, path=path, low=low, high=high, **about)

    def _about(self, record: Parameter | Driver | Lever) -> dict[str, str]:
        """Source and grade: of the base, but for the place it is an assumption."""
        origin = self.origins.get(record.name, Origin("taken", ""))
        if origin.kind == "own":
            return {"source": origin.source or record.source, "grade": origin.grade or record.grade}
        if _by_definition(record):
            return {}
        there = f", where: {record.source}" if record.source else ""
        return {"source": f"{origin.kind} from {self.base}{there}", "grade": "assumed"}


def at_start(interpreter: Interpreter, start: int) -> State:
    """Every value at the beginning of a first year; dated inputs as they hold up to then."""
    return interpreter.known(float(start), interpreter.begin(float(start)), "left")


def _by_definition(record: Parameter | Driver | Lever) -> bool:
    return getattr(record, "distribution", "") == "fixed" and record.source.startswith("by definition")


def _found(values: Mapping[Key, Any], key: Key) -> Any:
    found = at_key(values, key)
    assert found is not None, "a built model has a value for every element"
    return found


def _moved(ends: tuple[float, float], old: float, new: float, unit: str) -> tuple[float, float]:
    """A range that keeps its width against its value; a share stays between none and all."""
    low, high = ends
    scaled = (low * (new / old), high * (new / old)) if old * new > 0 else ends
    if unit == "dimensionless" and low >= 0 and high <= 1:
        scaled = max(scaled[0], 0.0), min(scaled[1], 1.0)
    return min(*scaled, new), max(*scaled, new)
