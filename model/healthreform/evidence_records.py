"""Measured effects: what studies found when one reform was switched on, and how the model is to replay it.

A record is one of three kinds: an ``effect``, which the model is to reproduce; a ``parameter``, where the study
measured what is a number of the model anyway; or ``outside``, what the model does not hold, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .stockflow.record_values import Entry

#: How sure a study is: experiments and their likes, time series and panels, comparisons, official figures.
GRADES = ("S", "M", "W", "O")
#: How an effect is got from the outcome with the reform and without it; with the unit it is given in.
MEASURES: Mapping[str, str] = {
    "percent": "%",
    "points": "pp",
    "difference": "",
    "times": "x",
    "left": "x",
    "index": "%",
    "level": "",
    "growth": "%",
    "rise": "pp",
}
#: Measures of one run, with the reform or in history, for which there is no twin.
ALONE = ("index", "level", "growth", "rise")
#: Measures that compare two windows.
TWO_WINDOWS = ("left", "growth", "rise")
#: What of an input's path a study is held against.
PARTS = ("value", "begins", "ends")


@dataclass(frozen=True)
class Study:
    """A study: who and where, how sure, what it found."""

    grade: str
    cite: str
    found: str


@dataclass(frozen=True)
class Reading:
    """How an outcome is read from a run: a sum, a sum over another sum, or a mean with weights.

    Attributes
    ----------
    of : flat names of variables, levers or parameters, which are added.
    over : flat names that are added and divide.
    weights : flat names, one for each of ``of``.
    """

    of: tuple[str, ...]
    over: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All flat names it needs."""
        return (*self.of, *self.over, *self.weights)

    def value(self, columns: Mapping[str, Any]) -> Any:
        """The outcome, from arrays of one shape by flat name."""
        if self.weights:
            weights = [columns[name] for name in self.weights]
            return sum(columns[name] * weight for name, weight in zip(self.of, weights, strict=True)) / sum(weights)
        top = sum(columns[name] for name in self.of)
        return top / sum(columns[name] for name in self.over) if self.over else top

    def __str__(self) -> str:
        text = " + ".join(self.of)
        if self.weights:
            return f"mean of {', '.join(self.of)}"
        return f"({text}) / ({' + '.join(self.over)})" if self.over else text


@dataclass(frozen=True)
class Window:
    """Whole calendar years, first and last, or a moment."""

    first: float
    last: float
    moment: bool = False

    def __str__(self) -> str:
        if self.moment or self.first == self.last:
            return f"{self.first:g}"
        return f"{self.first:g}-{self.last:g}"


@dataclass(frozen=True)
class Dose:
    """What the reform moved, by which an effect is divided: the change of an outcome, in units of an amount."""

    reading: Reading
    measure: str
    amount: float


@dataclass(frozen=True)
class Experiment:
    """Twin runs that differ in one reform.

    Attributes
    ----------
    begin : the year from whose beginning every lever is frozen; None for history as it was.
    treated, untreated : changes of levers in the one and in the other, on top of the freezing.
    as_enacted : levers that go on as enacted in the treated run.
    """

    name: str
    title: str
    begin: int | None
    treated: Mapping[str, Any]
    untreated: Mapping[str, Any]
    as_enacted: tuple[str, ...]
    note: str
    entry: Entry = field(repr=False)

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others: its file and its name."""
        return self.entry.file, self.name


@dataclass(frozen=True)
class Record:
    """One effect that was measured.

    Attributes
    ----------
    reform : title of the group it belongs to.
    row : the row of the review it stands for; a row may have several records.
    low, high : range that a reasonable reading of the studies accepts.
    reading : how the range was made, where the review gives no range.
    miss : why the model lies outside the range, if it does.
    reason : why the model does not hold it, if it is of the kind ``outside``.
    """

    name: str
    kind: str
    reform: str
    row: str
    title: str
    studies: tuple[Study, ...]
    reading: str
    note: str
    entry: Entry = field(repr=False)
    low: float = math.nan
    high: float = math.nan
    unit: str = ""
    miss: str = ""
    reason: str = ""
    experiment: Experiment | None = None
    outcome: Reading | None = None
    measure: str = ""
    window: Window | None = None
    against: Window | None = None
    factor: float = 1.0
    per: Dose | None = None
    parameter: str = ""
    of: str = "value"

    @property
    def grade(self) -> str:
        """The surest grade among its studies."""
        return min((study.grade for study in self.studies), key=GRADES.index)

    @property
    def names(self) -> tuple[str, ...]:
        """Flat names of all it is read from."""
        parts = (self.outcome, self.per.reading if self.per else None)
        return tuple(name for part in parts if part is not None for name in part.names)


@dataclass(frozen=True)
class Group:
    """The content of a file."""

    title: str
    rows: tuple[str, ...]
    records: tuple[Record, ...]
