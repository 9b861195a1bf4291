"""Files of places for tests, and how far two runs are apart once sizes are allowed for."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np

from healthreform.derivation.base import Base
from healthreform.derivation.facts import FACTS
from healthreform.place import Place
from healthreform.size import power

HEAD = 'title = "A place"\nbased_on = "china"\n'
#: Balances are round-off and have no size of their own.
ROUND_OFF_ONLY = ("bills_settled", "bridge")


@functools.cache
def china(start: int) -> dict[str, Any]:
    """The facts of china at the beginning of a year."""
    place = Place.load("china")
    state = Base("china", place.model, place.start, 2021).at(start)
    return {name: fact.of(state) for name, fact in FACTS.items()}


def write(folder: Path, text: str, name: str = "somewhere", head: str = HEAD) -> Path:
    """A file of a place."""
    file = folder / f"{name}.toml"
    file.write_text(head + text, encoding="utf-8")
    return file


def part_of_china(folder: Path, start: int, parts: float, facts: tuple[str, ...] = ("population",)) -> Place:
    """A place whose facts are those of china over a number."""
    lines = [f"start = {start}", "[facts]"]
    for name in facts:
        fact, value = FACTS[name], china(start)[name] * parts ** -power(FACTS[name].unit, units())
        if fact.over is None:
            lines.append(f"{name} = {float(value.values)!r}")
        else:
            pairs = zip(fact.over.elements, value.values.tolist(), strict=True)
            lines.append(f"{name} = {{ {', '.join(f'{element} = {number!r}' for element, number in pairs)} }}")
    return Place.load(write(folder, "\n".join(lines), f"part_{start}_{len(facts)}"))


def units() -> Any:
    """The units of the model."""
    return Place.load("china").model.records.units


def apart(whole: Any, part: Any, parts: float) -> dict[str, float]:
    """By variable, how far a part is from the whole over its number of parts, as a share of the largest value."""
    found = {}
    for name, values in whole.data_vars.items():
        if "time" not in values.dims or name in ROUND_OFF_ONLY:
            continue
        expected = values.sel(time=part.time).values * parts ** -power(values.attrs["units"], units())
        size = np.abs(expected).max()
        found[str(name)] = float(np.abs(part[name].values - expected).max() / size) if size else 0.0
    return found
