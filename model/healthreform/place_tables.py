"""Where the numbers of a place come from: what is its own, what is derived and by which rule, what is taken."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .derivation.base import Base
from .derivation.facts import FACTS, REQUIRED
from .derivation.finish import origin_of
from .place import Place
from .stockflow.expand import all_elements
from .stockflow.paths import Path
from .stockflow.record_values import at_key

if TYPE_CHECKING:
    import pandas

PlaceLike = str | os.PathLike[str] | Place


def place_report(place: PlaceLike, *, origin: str | None = None) -> pandas.DataFrame:
    """How each parameter, lever and driver of a place came about.

    Parameters
    ----------
    place : as for ``simulate``.
    origin : only rows that are ``own``, ``derived`` or ``taken``.

    Returns
    -------
    pandas.DataFrame
        By name: kind (parameter, lever, driver), unit, value (at the start; missing where elements differ), origin,
        rule (by which it was derived, or where it stands), source, grade. Of a place that stands on its own all is its
        own.

    Raises
    ------
    RecordError
        As for ``Place.load``.
    """
    import pandas

    here = Place.load(place)
    records = here.model.records
    rows = {}
    for kind, group in (("parameter", records.parameters), ("lever", records.levers), ("driver", records.drivers)):
        for name, record in group.items():
            word, rule = _how(here, name)
            if origin in (None, word):
                value = _at_start(here, record, name)
                about = {"origin": word, "rule": rule, "source": record.source, "grade": record.grade}
                rows[name] = {"kind": kind, "unit": record.unit, "value": value, **about}
    columns = ("kind", "unit", "value", "origin", "rule", "source", "grade")
    table = pandas.DataFrame.from_dict(rows, orient="index", columns=None if rows else list(columns))
    table.index.name = "name"
    return table


def _how(place: Place, name: str) -> tuple[str, str]:
    if not place.based_on:
        return "own", "the common inputs, or the file of the place"
    found = place.origins.get(name)
    return (found.kind, found.rule) if found is not None else ("taken", f"as in {place.based_on}")


def _at_start(place: Place, record: Any, name: str) -> float:
    """The number that all elements share at the start, or NaN if they differ."""
    keys = [tuple(elements.values()) for elements in all_elements(place.model.over(name))]
    if hasattr(record, "path"):
        points = (at_key(record.path, key) for key in keys)
        found = {Path.from_points(each or ()).value(float(place.start), "left") for each in points}
    else:
        found = {at_key(record.value, key) or 0.0 for key in keys}
    return found.pop() if len(found) == 1 else math.nan


def place_facts(place: PlaceLike | None = None) -> pandas.DataFrame:
    """The facts by which a place can be described; of a place, what they are at its start.

    Parameters
    ----------
    place : as for ``simulate``; without it the list of what can be given.

    Returns
    -------
    pandas.DataFrame
        By fact, or ``fact[element]``: unit, value (what the place's model starts with), origin, year and source of what
        was given; without a place: unit, by (what it is given by), required, sets (parameters, levers and drivers
        that follow from it). And for both the description.
    """
    import pandas

    rows = _known() if place is None else _facts_at_start(Place.load(place))
    table = pandas.DataFrame.from_dict(rows, orient="index")
    table.index.name = "name"
    return table


def _known() -> dict[str, Mapping[str, Any]]:
    return {
        name: {
            "unit": fact.unit,
            "by": "" if fact.over is None else fact.over.name,
            "required": name in REQUIRED,
            "sets": ", ".join(fact.sets),
            "description": fact.description,
        }
        for name, fact in FACTS.items()
    }


def _facts_at_start(place: Place) -> dict[str, Mapping[str, Any]]:
    state = Base(place.name, place.model, place.start, place.start).at(place.start)
    rows: dict[str, Mapping[str, Any]] = {}
    for name, fact in FACTS.items():
        given = place.facts.get(name)
        for flat, value in fact.of(state).to_flat(name).items():
            element = flat.partition("[")[2].removesuffix("]")
            own = given is not None and element in given.elements
            origin = "own" if own or not place.based_on else "derived" if given is not None else origin_of(name, {})
            rows[flat] = {
                "unit": fact.unit,
                "value": value,
                "origin": origin,
                "year": given.year if own and given is not None and given.year is not None else math.nan,
                "source": given.source if own and given is not None else "",
                "description": fact.description,
            }
    return rows
