"""The reference: the authors' own functions run step by step on named arrays.  Slow and obvious.

Nothing here reads the syntax tree or the flat model, so that it can bear witness against both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .accounts import split_end
from .errors import RunError, nearest
from .methods import why_unknown
from .model import Model
from .named import NamedArray, NamedTable, as_named
from .paths import GRID_TOLERANCE, Path
from .written import Variable

#: Named arrays by written name.
State = dict[str, NamedArray]


class DatedValue(Protocol):
    """What the interpreter asks of a dated input."""

    def value(self, time: float, side: str = "right") -> float:
        """The value at a time; ``side`` says which limit counts where it jumps."""


@dataclass(frozen=True)
class Trajectory:
    """A run's numbers.

    Attributes
    ----------
    time : calendar years, or with ``every_step`` the start of each step and the end of the run.
    values : by flat name, along ``time``: at the year's end a stock and what is declared so, all else as its mean over
        the year.
    start : every stock at the start, by flat name.
    """

    time: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float64]]
    start: Mapping[str, float]


class Interpreter:
    """Runs a model as it is written.

    Parameters
    ----------
    model : the model.
    parameters : values by flat name in place of those in its records.
    paths : dated inputs by flat name in place of those in its records: a path, or a number held for all time.
    """

    def __init__(
        self,
        model: Model,
        parameters: Mapping[str, float] | None = None,
        paths: Mapping[str, DatedValue | float] | None = None,
    ) -> None:
        self.model = model
        values = _updated(model.parameter_values(), parameters or {}, "parameter")
        self.paths: dict[str, Any] = {
            name: given if hasattr(given, "value") else Path.constant(float(given))
            for name, given in _updated(_paths_of(model), paths or {}, "lever or driver").items()
        }
        records = model.records
        self.constants: dict[str, Any] = {
            name: NamedArray.from_flat(name, model.over(name), values) for name in records.parameters
        }
        self.constants |= {name: NamedTable(table.points) for name, table in records.tables.items()}
        self.dated = (*records.levers, *records.drivers)
        self.stocks = [variable for variable in model.variables.values() if variable.role == "stock"]
        self.flows = [variable for variable in model.variables.values() if variable.role == "flow"]
        self.at_year_end = [variable.name for variable in model.variables.values() if variable.declaration.at_year_end]
        self.cash = {stock.declaration.account: stock for stock in self.stocks if stock.declaration.account}
        self.references: State = {}

    # ------------------------------------------------------------------------------------------------ one moment

    def begin(self, time: float) -> State:
        """The state at the start; also fixes the references for the run.

        Dated inputs count as they hold up to that moment: a jump on that very date is a change from what was.
        """
        known: State = {**self.constants, **self._inputs(time, "left")}
        for name in self.model.start_order:
            known[name] = self._evaluate(self.model.variables[name], known)
        self.references = {
            name: known[name] for name, variable in self.model.variables.items() if variable.role == "reference"
        }
        return {stock.name: known[stock.name] for stock in self.stocks}

    def values(self, time: float, stocks: State, side: str = "right") -> State:
        """Every variable at one moment, from the stocks at that moment."""
        known = self.known(time, stocks, side)
        return {name: known[name] for name in self.model.variables}

    def known(self, time: float, stocks: State, side: str = "right") -> State:
        """As ``values``, with parameters, dated inputs and tables."""
        known: State = {**self.constants, **self._inputs(time, side), **self.references, **stocks}
        for name in self.model.order:
            known[name] = self._evaluate(self.model.variables[name], known)
        return known

    def rates(self, values: State) -> State:
        """The change of each stock a year, from the values of the flows."""
        rates = {stock.name: np.zeros([len(s.elements) for s in stock.over]) for stock in self.stocks}
        for flow in self.flows:
            given = flow.declaration
            ends: list[tuple[Variable | None, str | None, float]] = [
                (self._stock(given.into), given.into, 1.0),
                (self._stock(given.out_of), given.out_of, -1.0),
                (self._cash(given.payee), given.payee, 1.0),
                (self._cash(given.payer), given.payer, -1.0),
            ]
            for stock, end, sign in ends:
                if stock is not None and end is not None:
                    place, amount = _share(values[flow.name], stock, end)
                    rates[stock.name][place] += sign * amount
        return {stock.name: NamedArray(rates[stock.name], stock.over) for stock in self.stocks}

    def _inputs(self, time: float, side: str) -> State:
        flat = {flat: self.paths[flat].value(time, side) for name in self.dated for flat in self.model.flat_names(name)}
        return {name: NamedArray.from_flat(name, self.model.over(name), flat) for name in self.dated}

    @staticmethod
    def _evaluate(variable: Variable, known: Mapping[str, Any]) -> NamedArray:
        result = variable.function(*[known[argument] for argument in variable.arguments])
        return as_named(result).spread_over(variable.over)

    def _stock(self, end: str | None) -> Variable | None:
        return None if end is None else self.model.variables[split_end(end)[0]]

    def _cash(self, end: str | None) -> Variable | None:
        return None if end is None else self.cash.get(split_end(end)[0])

    # -------------------------------------------------------------------------------------------------- whole runs

    def run(
        self, start: int, stop: int, step: float = 1 / 16, method: str = "rk4", *, every_step: bool = False
    ) -> Trajectory:
        """Run from the start of one calendar year to the end of another.

        Parameters
        ----------
        start, stop : first and last calendar year reported; the run goes to ``stop + 1``.
        step : in years, a whole number of them to a year.
        method : ``"rk4"`` or ``"euler"``.
        every_step : whether to give the values at each step's start, and at the end, instead of years.

        Raises
        ------
        RunError
            If the step or the years make no sense, a path jumps between steps, or a value goes wrong on the way.
        """
        per_year = _steps_per_year(start, stop, step, method)
        original = self.paths
        self.paths = {name: _on_grid(name, path, (start, stop), per_year) for name, path in original.items()}
        try:
            return self._run(start, stop, per_year, method, every_step)
        finally:
            self.paths = original

    def _run(self, start: int, stop: int, per_year: int, method: str, every_step: bool) -> Trajectory:
        stocks = self.begin(float(start))
        first = self._flat(stocks)
        self._check(stocks, float(start))
        rows, times = [], []
        advance = self._rk4 if method == "rk4" else self._euler
        for year in range(start, stop + 1):
            mean: dict[str, float] = {}
            for number in range(per_year):
                time, after = year + number / per_year, year + (number + 1) / per_year
                if every_step:
                    times.append(time)
                    rows.append(self._flat(self.values(time, stocks)))
                stocks, through = advance(time, after, stocks)
                for name, value in self._flat(through).items():
                    mean[name] = mean.get(name, 0.0) + value / per_year
                self._check(stocks, after)
            if not every_step:
                times.append(float(year))
                rows.append(mean | self._flat(stocks) | self._flat(self._closing(float(year + 1), stocks)))
        if every_step:
            times.append(float(stop + 1))
            rows.append(self._flat(self.values(float(stop + 1), stocks)))
        return Trajectory(np.array(times), {name: np.array([row[name] for row in rows]) for name in rows[0]}, first)

    def _closing(self, time: float, stocks: State) -> State:
        """What is reported at a year's end, besides the stocks; a jump on that very date is of the next year."""
        if not self.at_year_end:
            return {}
        values = self.values(time, stocks, "left")
        return {name: values[name] for name in self.at_year_end}

    def _euler(self, time: float, after: float, stocks: State) -> tuple[State, State]:
        values = self.values(time, stocks, "right")
        return _moved(stocks, self.rates(values), after - time), values

    def _rk4(self, time: float, after: float, stocks: State) -> tuple[State, State]:
        """A jump at the start of the step counts from its right, one at its end from its left."""
        step, middle = after - time, (time + after) / 2
        values_1 = self.values(time, stocks, "right")
        rates_1 = self.rates(values_1)
        values_2 = self.values(middle, _moved(stocks, rates_1, step / 2))
        rates_2 = self.rates(values_2)
        values_3 = self.values(middle, _moved(stocks, rates_2, step / 2))
        rates_3 = self.rates(values_3)
        values_4 = self.values(after, _moved(stocks, rates_3, step), "left")
        rates_4 = self.rates(values_4)
        rate = {n: (rates_1[n] + 2 * rates_2[n] + 2 * rates_3[n] + rates_4[n]) / 6 for n in rates_1}
        mean = {n: (values_1[n] + 2 * values_2[n] + 2 * values_3[n] + values_4[n]) / 6 for n in values_1}
        return _moved(stocks, rate, step), mean

    def _check(self, stocks: State, time: float) -> None:
        """A stock that is not a number, or negative without leave, ends the run."""
        for stock in self.stocks:
            for name, value in stocks[stock.name].to_flat(stock.name).items():
                if not np.isfinite(value):
                    raise RunError(f"{name} is {value} at {time:g}")
                if value < 0 and not stock.declaration.signed:
                    raise RunError(
                        f"{name} is negative, {value:g}, at {time:g}: limit what leaves it, or declare it signed=True"
                    )

    @staticmethod
    def _flat(state: State) -> dict[str, float]:
        return {flat: value for name, array in state.items() for flat, value in array.to_flat(name).items()}

    # ------------------------------------------------------------------------------------------- for other solvers

    def stock_names(self) -> tuple[str, ...]:
        """Flat names of the stocks, in the order of the state vector."""
        return tuple(flat for stock in self.stocks for flat in self.model.flat_names(stock.name))

    def right_hand_side(
        self, start: float
    ) -> tuple[Callable[[float, NDArray[np.float64]], NDArray[np.float64]], NDArray[np.float64]]:
        """``f(t, y)`` and the state vector at the start, as SciPy's ``solve_ivp`` wants them."""
        beginning = self.begin(start)

        def vector(state: State) -> NDArray[np.float64]:
            return np.concatenate([np.ravel(state[stock.name].values) for stock in self.stocks]).astype(float)

        def rate(time: float, y: NDArray[np.float64]) -> NDArray[np.float64]:
            return vector(self.rates(self.values(time, self.state(y))))

        return rate, vector(beginning)

    def state(self, y: NDArray[np.float64]) -> State:
        """The stocks that a state vector stands for."""
        stocks, place = {}, 0
        for stock in self.stocks:
            shape = [len(subscript.elements) for subscript in stock.over]
            size = int(np.prod(shape))
            stocks[stock.name] = NamedArray(np.reshape(y[place : place + size], shape), stock.over)
            place += size
        return stocks


def _updated(base: Mapping[str, Any], changes: Mapping[str, Any], what: str) -> dict[str, Any]:
    for name in changes:
        if name not in base:
            raise RunError(f"'{name}' is no {what} of this model{nearest(name, base)}")
    return {**base, **changes}


def _paths_of(model: Model) -> dict[str, Any]:
    return {name: Path.from_points(points) for name, points in model.path_points().items()}


def _moved(stocks: State, rates: State, step: float) -> State:
    return {name: stocks[name] + step * rates[name] for name in stocks}


def _share(flow: NamedArray, stock: Variable, end: str) -> tuple[Any, NDArray[Any]]:
    """Where in the stock a flow arrives, and how much arrives there."""
    chosen = {s: e for e in split_end(end)[1] for s in stock.over if e in s.elements}
    open_ends = tuple(subscript for subscript in stock.over if subscript not in chosen)
    extra = [subscript for subscript in flow.over if subscript not in open_ends]
    amount = (flow.total(*extra) if extra else flow).spread_over(open_ends)
    place = tuple(s.elements.index(chosen[s]) if s in chosen else slice(None) for s in stock.over)
    return place, amount.values


def _steps_per_year(start: int, stop: int, step: float, method: str) -> int:
    if wrong := why_unknown(method):
        raise RunError(wrong)
    if not (np.isfinite(step) and 0 < step <= 1) or abs(round(1 / step) * step - 1) > 1e-9:
        raise RunError(f"step {step}: give a whole number of steps to a year, such as 1/16")
    if stop < start:
        raise RunError(f"stop {stop} is before start {start}")
    return round(1 / step)


def _on_grid(name: str, path: Any, years: tuple[int, int], per_year: int) -> Any:
    """The path with dates that mean a step's boundary put exactly on it; a jump must lie on one."""
    if not isinstance(path, Path):
        return path
    start, stop = years
    dates: Sequence[float] = [start + round((d - start) * per_year) / per_year for d in path.dates]
    moved = [g if abs(g - d) * per_year <= GRID_TOLERANCE else d for d, g in zip(path.dates, dates, strict=True)]
    for jump in path.jumps:
        place = (jump - start) * per_year
        inside = 0 < place < (stop + 1 - start) * per_year
        if inside and abs(place - round(place)) > GRID_TOLERANCE:
            raise RunError(f"{name}: its jump at {jump:g} falls between steps of 1/{per_year} year")
    return Path(tuple(moved), path.values)
