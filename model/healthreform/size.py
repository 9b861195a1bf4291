"""How large a place is against the country, and what a number written for the one is in the other.

What counts people, workers, contacts, beds or yuan is larger in a larger place; ratios, times, prices and pay are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .stockflow.expand import all_elements
from .stockflow.model import Model
from .stockflow.record_values import Key, at_key
from .stockflow.records import Parameter, Records
from .stockflow.units import UnitSystem

#: Base units of what a larger place has more of. Molecules are on one national list, and years are years everywhere.
EXTENSIVE = frozenset({"yuan", "yuan_2010", "person", "worker", "contact", "bed"})


def power(unit: str, units: UnitSystem) -> float:
    """How a quantity grows with the size of a place: 1 in proportion, 0 not at all."""
    return float(sum(exponent for name, exponent in units.read(unit).dimension if name in EXTENSIVE))


def grows(records: Records, names: Iterable[str]) -> list[str]:
    """Those of some names of inputs that are larger in a larger place, each once."""
    known = {record.name: record for record in records}
    chosen = (known[name] for name in dict.fromkeys(names) if name in known)
    return [record.name for record in chosen if power(record.unit, records.units)]


@dataclass(frozen=True)
class Size:
    """The size of a place against the country.

    Attributes
    ----------
    population : ratio of the populations.
    factors : for dated inputs that grow with something nearer than the population, their own ratio.
    """

    population: float = 1.0
    factors: Mapping[str, Mapping[Key, float]] = field(default_factory=dict)

    def factor(self, model: Model, name: str, key: Key = ()) -> float:
        """By what a number of the country is multiplied to be of the size of the place."""
        record = model.records.find(name)
        exponent = power(record.unit, model.records.units)
        if not exponent:
            return 1.0
        own = at_key(self.factors.get(name, {}), key)
        return self.population**exponent if own is None else own

    def within(self, other: Size) -> Size:
        """The size against the country of a place whose size against another place this is."""
        factors = {
            name: {key: factor * (at_key(other.factors.get(name, {}), key) or 1.0) for key, factor in own.items()}
            for name, own in self.factors.items()
        }
        return Size(self.population * other.population, {**other.factors, **factors})

    def resized(self, model: Model, records: Records, names: Iterable[str], *, back: bool = False) -> Records:
        """Some inputs as they are written for the place, or ``back`` as they would be for the country."""
        for name in grows(records, names) if self != Size() else ():
            record: Any = records.find(name)
            keys = [tuple(elements.values()) for elements in all_elements(model.over(name))]
            factors = {key: self.factor(model, name, key) for key in keys}
            by = {key: 1 / factor if back else factor for key, factor in factors.items()}
            group = "parameters" if isinstance(record, Parameter) else _group(records, name)
            changed: Any = {group: {**getattr(records, group), name: _times(record, by)}}
            records = replace(records, **changed)
        return records


def _group(records: Records, name: str) -> str:
    return "levers" if name in records.levers else "drivers"


def _times(record: Any, by: Mapping[Key, float]) -> Any:
    ends = {side: _each(getattr(record, side), by) for side in ("low", "high")}
    if isinstance(record, Parameter):
        changed: Any = {"value": _each(record.value, by), **ends}
        return replace(record, **changed)
    points = {key: at_key(record.path, key) or () for key in by}
    path = {key: tuple((date, value * by[key]) for date, value in points[key]) for key in by}
    return replace(record, path=path, **ends)


def _each(values: Mapping[Key, float], by: Mapping[Key, float]) -> dict[Key, float]:
    found = {key: at_key(values, key) for key in by}
    return {key: number * by[key] for key, number in found.items() if number is not None}
