"""Facts as the file of a place gives them: read, checked one by one and together, and carried to the start."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..headed_file import HeadedFile
from ..sectors.names import tier
from ..stockflow.errors import RecordError, nearest, one_of
from ..stockflow.named import NamedArray
from ..stockflow.records import GRADES
from .base import Base
from .facts import FACTS, REQUIRED, Fact

_KEYS = ("value", "year", "source", "grade")
#: What facts are called elsewhere.
CALLED = {
    "people": "population",
    "persons": "population",
    "members": "insured",
    "visits": "outpatient_visits",
    "outpatients": "outpatient_visits",
    "inpatients": "admissions",
    "discharges": "admissions",
    "doctors": "physicians",
    "nurses": "staff, which is all who work there",
    "workers": "staff",
    "drug_share": "item_share = { drugs = ... }",
    "fund_reserve": "fund_balance",
    "salary": "pay",
}
#: Tiers that a place need not have: 0 says that it has none of them.
MAY_BE_MISSING = ("tertiary", "secondary")
#: Largest sum of shares that counts as one.
_ROUND_OFF = 1e-6


@dataclass(frozen=True)
class Given:
    """A fact as given.

    Attributes
    ----------
    values : by element; under ``""`` a number that stands for all of them.
    year : the calendar year that it is of; None if it is of the beginning of the place's first year.
    """

    fact: Fact
    values: Mapping[str, float]
    year: int | None
    source: str
    grade: str

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements that it is given for; all if it is one number."""
        every = self.fact.over.elements if self.fact.over is not None else ("",)
        return every if "" in self.values else tuple(self.values)


def read_facts(header: HeadedFile, base: Base, start: int) -> dict[str, Given]:
    """The facts of a file.

    Raises
    ------
    RecordError
        If a fact is unknown, one that is needed is missing, or one cannot be, alone or beside the others.
    """
    given = {}
    for name, content in header.table("facts").items():
        if name not in FACTS:
            raise header.error(f"facts.{name}", f"unknown fact{_other_name(name)}")
        given[name] = _Reader(header, base, start, FACTS[name]).read(content)
    for name in REQUIRED:
        if name not in given:
            raise header.error(
                "facts", f"the key '{name}' is missing; nothing can be derived from {base.name} without it"
            )
    _check_together(header, given)
    return given


def _other_name(name: str) -> str:
    """What an unknown fact is called here."""
    plain = name.partition("[")[0]
    if plain in FACTS:
        over = FACTS[plain].over
        return f"; write {plain} = {{ {over.elements[0]} = ... }}" if over is not None else f"; write {plain} = ..."
    if plain in CALLED:
        return f"; write {CALLED[plain]}"
    return nearest(name, FACTS) or f"; known: {one_of(FACTS)}"


@dataclass(frozen=True)
class _Reader:
    header: HeadedFile
    base: Base
    start: int
    fact: Fact

    def read(self, content: Any) -> Given:
        record = content if isinstance(content, Mapping) and "value" in content else {"value": content}
        for key in record:
            if key not in _KEYS:
                raise self._error(f".{key}", f"unknown key{nearest(key, _KEYS) or '; known: ' + one_of(_KEYS)}")
        source = record.get("source", "the file of the place")
        if not isinstance(source, str) or not source.strip():
            raise self._error(".source", f"{source!r} must be text, and not empty")
        grade = record.get("grade", "estimated")
        if grade not in GRADES:
            raise self._error(".grade", f"'{grade}' is not one of {one_of(GRADES)}{nearest(grade, GRADES)}")
        year = self._year(record.get("year"))
        return Given(self.fact, self._values(record["value"]), year, source, grade)

    def _values(self, value: Any) -> dict[str, float]:
        over = self.fact.over
        if not isinstance(value, Mapping):
            if over is not None and self.fact.kind != "count":
                raise self._error("", f"give it by {over.name}: {', '.join(over.elements)}")
            return {"": self._number(value, "")}
        if over is None:
            raise self._error("", "it is one number, not a table")
        if not value:
            raise self._error("", f"it is empty; give it by {over.name}: {', '.join(over.elements)}")
        for element in value:
            if element not in over.elements:
                hint = nearest(element, over.elements) or f"; elements: {', '.join(over.elements)}"
                raise self._error(f".{element}", f"it is no element of {over.name}{hint}")
        if self.fact.name in REQUIRED and len(value) < len(over.elements):
            missing = [element for element in over.elements if element not in value]
            raise self._error("", f"'{missing[0]}' is missing; give one number, or all of {', '.join(over.elements)}")
        return {str(element): self._number(number, f".{element}") for element, number in value.items()}

    def _number(self, value: Any, key: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self._error(key, f"{value!r} must be a finite number, in {self.fact.unit}")
        if self.fact.kind == "share" and not 0 < value < 1:
            raise self._error(key, f"{value:g} is a share; it must lie between 0 and 1")
        if value == 0 and self.fact.over is tier and key.removeprefix(".") in MAY_BE_MISSING:
            return 0.0
        if self.fact.kind in ("count", "level") and value <= 0:
            raise self._error(key, f"{value:g} must be above 0, in {self.fact.unit}; leave out what is not known")
        return float(value)

    def _year(self, year: Any) -> int | None:
        if year is None:
            return None
        if isinstance(year, bool) or not isinstance(year, int):
            raise self._error(".year", f"{year!r} must be a calendar year, a whole number")
        if self.fact.kind == "difference":
            raise self._error(
                ".year", f"give {self.fact.name} as it is at the beginning of {self.start}, without a year"
            )
        if not self.base.start <= year <= self.base.last:
            raise self._error(
                ".year", f"{year} is outside the history of {self.base.name}, {self.base.start} to {self.base.last}"
            )
        return year

    def _error(self, key: str, message: str) -> RecordError:
        return self.header.error(f"facts.{self.fact.name}{key}", message)


def _check_together(header: HeadedFile, given: Mapping[str, Given]) -> None:
    people = sum(given["population"].values.values())
    if "insured" in given:
        insured = sum(given["insured"].values.values())
        if insured > people:
            raise header.error(
                "facts.insured",
                f"{insured:g} insured are more than the population of {people:g}; count each person once",
            )
        if given["insured"].values.get("employee", 0.0) >= people * (1 - _ROUND_OFF):
            raise header.error("facts.insured.employee", "it leaves nobody for the residents' scheme; check both")
    if "staff" in given and "physicians" in given:
        staff, physicians = given["staff"].values, given["physicians"].values
        for element in ("",) if "" in staff or "" in physicians else sorted({*staff} & {*physicians}):
            if _sum(staff, element) < _sum(physicians, element):
                raise header.error(
                    f"facts.staff{element and '.' + element}", "it is less than its physicians, who are among the staff"
                )
    if "item_share" in given:
        shares = given["item_share"].values
        total, whole = sum(shares.values()), len(shares) == len(FACTS["item_share"].over.elements)  # type: ignore[union-attr]
        if total > 1 + _ROUND_OFF or (whole and total < 1 - _ROUND_OFF) or (not whole and total > 1 - _ROUND_OFF):
            wanted = "1" if whole else "less than 1, as there are other items"
            raise header.error("facts.item_share", f"the shares sum to {total:g}; they must sum to {wanted}")


def _sum(values: Mapping[str, float], element: str) -> float:
    """The number of an element, or of all of them together."""
    return values[element] if element else sum(values.values())


def carried(given: Given, base: Base, start: int) -> dict[str, float]:
    """The fact at the start, of what there is: one of a year changes from that year to the start as in the base."""
    values = {element: value for element, value in given.values.items() if value or given.fact.over is not tier}
    if given.year is None:
        return values
    now, then = given.fact.of(base.at(start)), given.fact.of(base.over(given.year))
    if "" in values and given.fact.over is not None:
        now, then = NamedArray(np.sum(now.values)), NamedArray(np.sum(then.values))
    found = {}
    for element, value in values.items():
        before, after = (float((state[element] if element else state).values) for state in (then, now))
        found[element] = _share(value, before, after) if given.fact.kind == "share" else value * (after / before)
    return found


def _share(value: float, before: float, after: float) -> float:
    """A share whose odds change as those of another share do."""
    return from_odds(odds(value) * odds(after) / odds(before))


def odds(share: Any) -> Any:
    """Odds of a share."""
    return share / (1 - share)


def from_odds(number: Any) -> Any:
    """The share that has some odds."""
    return number / (1 + number)
