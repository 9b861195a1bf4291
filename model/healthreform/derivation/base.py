"""The place that others are derived from: every value by its written name, at a date and over a year."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine_use import base_values, compiled_model
from ..stockflow.inputs import make_inputs
from ..stockflow.interpret import Interpreter
from ..stockflow.model import Model
from ..stockflow.named import NamedArray, as_named

#: Years in a step of the run that says what the base was like at a later date.
_STEP = 1 / 16

#: Named arrays by written name: parameters, levers and drivers, references, stocks and whatever follows from them.
State = Mapping[str, Any]


class Base:
    """A model with the values of a place, asked what it is like at a date or over a year.

    Parameters
    ----------
    name : of the place.
    model : its model.
    start : the year at whose beginning it starts.
    last : the last year that may be asked for.
    """

    def __init__(self, name: str, model: Model, start: int, last: int) -> None:
        self.name, self.model, self.start, self.last = name, model, start, last
        self._at: dict[int, State] = {}

    def at(self, year: int) -> State:
        """Everything at the beginning of a year; dated inputs as they hold up to that moment."""
        if year not in self._at:
            self._at[year] = self._at_the_beginning_of(year)
        return self._at[year]

    def _at_the_beginning_of(self, year: int) -> State:
        interpreter = Interpreter(self.model)
        stocks = interpreter.begin(float(self.start))
        if year > self.start:
            rows = self._years[self._row(year - 1)]
            stocks = {name: self._named(name, rows) for name in stocks}
        return interpreter.known(float(year), stocks, "left")

    def over(self, year: int) -> State:
        """Everything over a year: stocks at its end, the mean or the total of all else."""
        rows = self._years[self._row(year)]
        dated = (*self.model.records.levers, *self.model.records.drivers)
        fixed = {name: value for name, value in self.at(self.start).items() if name in self.model.records.parameters}
        return {**fixed, **{name: self._named(name, rows) for name in (*self.model.variables, *dated)}}

    @functools.cached_property
    def _columns(self) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(compiled_model(self.model, None, "rk4", False).names)}

    @functools.cached_property
    def _years(self) -> NDArray[np.float64]:
        """Yearly values of all names, shape (years, names)."""
        compiled = compiled_model(self.model, None, "rk4", False)
        inputs = make_inputs(self.model.flat, base_values(self.model, self.model.records))
        raw = compiled.run(inputs, self.start, self.last, _STEP)
        raw.raise_if_failed()
        return raw.values[0]

    def _row(self, year: int) -> int:
        return year - self.start

    def _named(self, name: str, row: NDArray[np.float64]) -> NamedArray:
        flat = {each: float(row[self._columns[each]]) for each in self.model.flat_names(name)}
        return NamedArray.from_flat(name, self.model.over(name), flat)


def call(function: Callable[..., Any], state: State) -> NamedArray:
    """A rule, written as equations are: its arguments are what it reads, by name."""
    return as_named(function(*(state[name] for name in arguments(function))))


def arguments(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names a rule reads."""
    code = function.__code__
    return code.co_varnames[: code.co_argcount]


def rules_in(module: Any) -> dict[str, Callable[..., Any]]:
    """The rules that a module writes down, by what they give."""
    return {
        name: value
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
    }
