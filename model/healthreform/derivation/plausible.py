"""Facts held against the place that the rest is derived from: one in thousands, or in millions of yuan, is found out.

The limits are for slips of the pen and of the unit, not for what is likely: provinces differ by a few times at most.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..headed_file import HeadedFile
from .base import Base, State
from .given import Given
from .missing_tiers import of_other_tiers

#: How many times as large as the base a place can be, and how many times as small.
LARGEST, SMALLEST = 100.0, 20_000.0
#: How many times as much, or as little, of something there can be for each person.
PER_HEAD = 100.0
#: How many times as little money there can be for each person: funds and accounts can be nearly empty.
NEARLY_EMPTY = 1000.0
#: How many times as high, or as low, pay and wages can be.
OF_PAY = 5.0


def check_sizes(
    header: HeadedFile, given: Mapping[str, Given], base: Base, start: int, missing: tuple[str, ...] = ()
) -> None:
    """Refuse a fact whose size says that its unit is another; of tiers that are missing there is nothing to say.

    Raises
    ------
    RecordError
        Naming the fact, how far it is from the base, and the unit in which it is to be given.
    """
    state = base.at(start)
    people = _ratio(given["population"], state, ())
    if not 1 / SMALLEST <= people <= LARGEST:
        raise _error(header, given["population"], people, base, "")
    for fact in given.values():
        if not any(fact.values.values()):
            continue
        if fact.fact.kind == "level":
            ratio, low, high, text = _ratio(fact, state, missing), OF_PAY, OF_PAY, ""
        elif fact.fact.kind == "count":
            low = NEARLY_EMPTY if fact.fact.unit == "yuan" else PER_HEAD
            ratio, high, text = _ratio(fact, state, missing) / people, PER_HEAD, " for each person"
        else:
            continue
        if not 1 / low <= ratio <= high:
            raise _error(header, fact, ratio, base, text)


def _ratio(given: Given, state: State, missing: tuple[str, ...]) -> float:
    """A fact over that of the base, for the elements that are given together."""
    there = of_other_tiers(given.fact, state, missing)
    if "" in given.values:
        return given.values[""] / float(np.sum(there.values))
    return sum(given.values.values()) / sum(float(there[element].values) for element in given.values)


def _error(header: HeadedFile, given: Given, ratio: float, base: Base, text: str) -> Exception:
    unit = given.fact.unit
    return header.error(
        f"facts.{given.fact.name}",
        f"{sum(given.values.values()):g} is {ratio:.2g} times that of {base.name}{text}; give it in {unit}, not in "
        f"thousands or millions of it",
    )
