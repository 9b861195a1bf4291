"""Batches of runs of the real model for its tests: any input, also beyond its range, and the values by name."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthreform.engine_use import base_values, compiled_model, values_at_start
from healthreform.place import Place
from healthreform.scenario import Scenario
from healthreform.stockflow.conservation import account_errors, balance_errors, stock_errors
from healthreform.stockflow.inputs import RunInputs, make_inputs
from healthreform.stockflow.model import Model
from healthreform.stockflow.paths import Path
from healthreform.stockflow.results import RawResult

FIRST, LAST, STEP = 2010, 2040, 1 / 16
TIERS = ("tertiary", "secondary", "primary")

#: Changes of one run: by written name (all elements) or flat name, a number or a path.
Case = Mapping[str, float | Path]


@functools.cache
def model() -> Model:
    """The model of the place china."""
    return Place.load("china").model


@functools.cache
def scenario_values(scenario: str = "baseline") -> Mapping[str, float | Path]:
    """Every input under a scenario, by flat name."""
    return base_values(model(), Scenario.load(scenario).apply(model()))


def flat_names(name: str) -> tuple[str, ...]:
    """The flat names that a written or flat name stands for."""
    return (name,) if "[" in name else model().flat_names(name)


def is_dated(name: str) -> bool:
    """Whether an input is a lever or a driver."""
    return flat_names(name)[0] in set(model().flat.paths)


def from_date(name: str, date: float, value: float, scenario: str = "baseline", until: float | None = None) -> Case:
    """A lever or driver that follows its path to a date and then jumps to a value, for good or until another date."""
    return {flat: jump(_path(flat, scenario), date, value, until) for flat in flat_names(name)}


def together(date: float, **values: float) -> Case:
    """Several levers or drivers that jump at one date; names with brackets go in a mapping that is spread."""
    return {flat: path for name, value in values.items() for flat, path in from_date(name, date, value).items()}


def every(name: str, value: float) -> dict[str, float | Path]:
    """One value for all elements of an input, for the whole run."""
    return dict.fromkeys(flat_names(name), value)


def jump(path: Path, date: float, value: float, until: float | None = None) -> Path:
    """A path followed to a date, then a value, for good or until another date."""
    history = list(zip(path.dates, path.values, strict=True))
    points = [*(point for point in history if point[0] < date), (date, path.value(date, "left")), (date, value)]
    if until is not None:
        points += [(until, value), (until, path.value(until)), *(point for point in history if point[0] > until)]
    return Path.from_points(points)


def held(date: float, scenario: str = "baseline", only: Sequence[str] | None = None) -> dict[str, float | Path]:
    """Dated inputs held at their value at a date for all time; all of them, or some."""
    names = model().flat.paths if only is None else [flat for name in only for flat in flat_names(name)]
    return {name: Path.constant(_path(name, scenario).value(date)) for name in names}


def _path(name: str, scenario: str) -> Path:
    path = scenario_values(scenario)[name]
    assert isinstance(path, Path)
    return path


@dataclass(frozen=True)
class Runs:
    """Some runs: ``runs["contacts[primary,inpatient,resident]"]`` has the shape (runs, times)."""

    raw: RawResult
    inputs: RunInputs
    first: int

    @functools.cached_property
    def columns(self) -> Mapping[str, NDArray[np.float64]]:
        """All values by flat name; a parameter's too."""
        return dict(self.raw.columns())

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        return self.columns[name]

    def sum(self, name: str) -> NDArray[np.float64]:
        """A variable summed over its elements."""
        return np.sum([self[flat] for flat in model().flat_names(name)], axis=0)

    def year(self, name: str, year: int) -> NDArray[np.float64]:
        """A variable in one year, one number for each run."""
        return self[name][:, int(np.searchsorted(self.raw.times, year))]

    @functools.cached_property
    def start(self) -> Mapping[str, NDArray[np.float64]]:
        """All that has a value at the start."""
        known = list(dict.fromkeys([*(name for name, _ in model().flat.initial), *model().flat.stocks]))
        return values_at_start(model(), self.inputs, self.first, known)

    def conservation_errors(self) -> dict[str, NDArray[np.float64]]:
        """By stock, account and balance, what is unexplained as a share of its size."""
        ledger = model().ledger
        scales = dict(zip(model().flat.parameters, self.inputs.base, strict=True))
        return {
            **{f"stock {name}": error for name, error in stock_errors(ledger, self.columns, self.start).items()},
            **{f"account {name}": error for name, error in account_errors(ledger, self.columns, self.start).items()},
            **{f"balance {name}": e for name, e in balance_errors(model().balances, self.columns, scales).items()},
        }


def run(
    *cases: Case,
    scenario: str = "baseline",
    first: int = FIRST,
    last: int = LAST,
    step: float = STEP,
    every_step: bool = False,
    may_fail: bool = False,
) -> Runs:
    """Run cases beside each other, one compiled kernel for all tests."""
    inputs = _inputs(cases or ({},), scenario)
    raw = compiled_model(model(), None, "rk4", every_step).run(inputs, first, last, step)
    if not may_fail:
        raw.raise_if_failed()
    return Runs(raw, inputs, first)


def _inputs(cases: Sequence[Case], scenario: str) -> RunInputs:
    values, dated = scenario_values(scenario), set(model().flat.paths)
    flat = [{each: value for name, value in case.items() for each in flat_names(name)} for case in cases]
    varied: dict[str, Any] = {}
    for name in dict.fromkeys(name for case in flat for name in case):
        column = [case.get(name, values[name]) for case in flat]
        varied[name] = [_as_path(value) for value in column] if name in dated else np.array(column, dtype=float)
    return make_inputs(model().flat, dict(values), varied, len(flat))


def _as_path(value: float | Path) -> Path:
    return value if isinstance(value, Path) else Path.constant(float(value))
