"""What every run begins with, one or many: a place, a scenario, changes and years, all judged before anything runs."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .changes import Span, apply_changes, without_effect
from .datasets import provenance
from .place import ROOT, Place, read_header
from .scenario import Scenario
from .stockflow.errors import RunError
from .stockflow.methods import why_unknown
from .stockflow.model import Model
from .stockflow.records import Records

#: The last calendar year reported, if nothing else is asked for.
LAST_YEAR = 2040
#: Years in a step, if nothing else is asked for.
STEP = 1 / 16
#: A longer run is taken for a slip of the pen.
LONGEST_RUN = 500


@dataclass(frozen=True)
class Setting:
    """A place under a scenario, with changes, over some years.

    Attributes
    ----------
    idle : those of the changes that change nothing, because the values are what they were anyway.
    planned : the inputs that place and scenario add up to, without the changes.
    records : the inputs that place, scenario and changes add up to.
    first, last : first and last calendar year.
    step : in years.
    """

    place: Place
    scenario: Scenario
    changes: Mapping[str, Any]
    idle: tuple[str, ...]
    planned: Records = field(repr=False)
    records: Records = field(repr=False)
    first: int
    last: int
    step: float
    method: str

    @property
    def model(self) -> Model:
        """The place's model."""
        return self.place.model

    @classmethod
    def read(
        cls,
        place: str | os.PathLike[str] | Place,
        scenario: str | os.PathLike[str] | Scenario,
        changes: Mapping[str, Any] | None,
        *,
        start: int | None,
        stop: int,
        step: float,
        method: str,
    ) -> Setting:
        """Judge what was asked for.

        Raises
        ------
        RecordError
            If a name is unknown, or a value or a date cannot be.
        RunError
            If the years, the step or the method cannot be.
        """
        from .stockflow.kernel import steps_per_year

        here, plan = Place.load(place), Scenario.load(scenario)
        first, last = _years(here, start, stop)
        if wrong := why_unknown(method):
            raise RunError(wrong)
        steps = steps_per_year(step)
        changed = {} if changes is None else changes
        span = (float(first), last + 1.0)
        planned = plan.apply(here.model, begin=span[0], size=here.against, span=_span_of_plans(here, last))
        records = apply_changes(here.model, planned, changed, where="changes", span=span, begin=span[0])
        idle = tuple(without_effect(here.model, planned, records, changed, span)) if changed else ()
        return cls(here, plan, dict(changed), idle, planned, records, first, last, 1 / steps, method)

    def without(self, change: str) -> Records:
        """The inputs with one of the changes left out."""
        others = {text: value for text, value in self.changes.items() if str(text) != change}
        return apply_changes(
            self.model, self.planned, others, where="changes", span=(self.first, self.last + 1.0), begin=self.first
        )

    def provenance(self, title: str = "", **more: Any) -> dict[str, Any]:
        """Attributes of a result: all that made it."""
        return provenance(
            self.model,
            title=f"{self.place.title}: {self.scenario.title}{title}",
            place=self.place.name,
            scenario=self.scenario.name,
            changes=self.changes,
            changes_without_effect=list(self.idle),
            start=self.first,
            stop=self.last,
            step=self.step,
            method=self.method,
            **more,
        )


def _span_of_plans(place: Place, last: int) -> Span:
    """Within which a scenario's dates must lie.

    The same file serves runs that end early, and places that begin later than the country: its dates may lie outside
    the run that is asked for, but not outside every run of the years that are reported by default.
    """
    return float(min(place.start, _start_of_country())), max(last, LAST_YEAR) + 1.0


@functools.cache
def _start_of_country() -> int:
    return read_header(ROOT).year("start")


def _years(place: Place, start: object, stop: object) -> tuple[int, int]:
    first = place.start if start is None else _year("start", start)
    last = _year("stop", stop)
    if first != place.start:
        raise RunError(
            f"start {first}: a run of {place.name} begins in {place.start}, when its stocks are known; leave start out"
        )
    if last < first:
        raise RunError(f"stop {last} lies before the start {first}; stop is the last calendar year reported")
    if last >= first + LONGEST_RUN:
        raise RunError(f"stop {last} makes a run of more than {LONGEST_RUN} years; choose an earlier year")
    return first, last


def _year(name: str, year: object) -> int:
    number = isinstance(year, (int, float, np.integer, np.floating)) and not isinstance(year, bool)
    if not number or not math.isfinite(year) or year != int(year):  # type: ignore[arg-type, call-overload]
        raise RunError(f"{name} {year!r} is not a calendar year; give a whole number")
    return int(year)  # type: ignore[call-overload]
