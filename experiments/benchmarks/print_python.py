"""The same equations as Python source: on numpy arrays over all runs, and on plain floats for SciPy."""

# ruff: noqa: D102 - methods that stand in for those of a base class are documented there
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from healthreform.stockflow.equations_ir import EquationWriter
from healthreform.stockflow.flat import FlatModel, Table
from healthreform.stockflow.functions import numeric_functions
from healthreform.stockflow.inputs import RunInputs
from healthreform.stockflow.layout import Layout, Options, needed_at_start, needed_equations, places, plan
from healthreform.stockflow.paths import Path
from healthreform.stockflow.vector_ir import FunctionWriter

SIGNS = {"olt": "<", "ole": "<=", "ogt": ">", "oge": ">=", "oeq": "=="}


class PythonWriter(FunctionWriter):
    """Writes Python statements; ``arrays`` says whether values are arrays or floats."""

    def __init__(self, *, arrays: bool) -> None:
        super().__init__(1)
        self.real, self.arrays = "", arrays

    def emit(self, expression: str) -> str:
        self._count += 1
        self.lines.append(f"    t{self._count} = {expression}")
        return f"t{self._count}"

    def number(self, value: float) -> str:
        return repr(float(value))

    def add(self, a: str, b: str) -> str:
        return self.emit(f"{a} + {b}")

    def subtract(self, a: str, b: str) -> str:
        return self.emit(f"{a} - {b}")

    def multiply(self, a: str, b: str) -> str:
        return self.emit(f"{a} * {b}")

    def divide(self, a: str, b: str) -> str:
        # A choice computes both its sides; Python's floats raise where IEEE 754 goes on.
        return self.emit(f"{a} / {b}" if self.arrays else f"{a} / {b} if {b} else {a} * INFINITE")

    def negate(self, a: str) -> str:
        return self.emit(f"-{a}")

    def fma(self, a: str, b: str, c: str) -> str:
        return self.emit(f"{a} * {b} + {c}")

    def sqrt(self, a: str) -> str:
        return self.emit(f"sqrt({a})")

    def compare(self, predicate: str, a: str, b: str) -> str:
        return self.emit(f"{a} {SIGNS[predicate]} {b}")

    def select(self, mask: str, a: str, b: str) -> str:
        return self.emit(f"where({mask}, {a}, {b})" if self.arrays else f"{a} if {mask} else {b}")

    def both(self, a: str, b: str) -> str:
        return self.emit(f"{a} & {b}")

    def either(self, a: str, b: str) -> str:
        return self.emit(f"{a} | {b}")

    def load(self, pointer: str, index: str | int = 0) -> str:
        return self.emit(f"{pointer}[{index}]")


class PythonEquations(EquationWriter):
    """Equations in Python."""

    def _call(self, function: str, arguments: tuple[str, ...]) -> str:
        if function == "power":
            return self.writer.emit(f"{arguments[0]} ** {arguments[1]}")
        return self.writer.emit(f"{function}({', '.join(arguments)})")

    def _minimum(self, a: str, b: str) -> str:
        return self.writer.emit(f"minimum({a}, {b})")

    def _maximum(self, a: str, b: str) -> str:
        return self.writer.emit(f"maximum({a}, {b})")

    def _lookup(self, table: Table, x: str) -> str:
        return self.writer.emit(f"interp({x}, {list(table.x)!r}, {list(table.y)!r})")


def _interp(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    if x <= xs[0]:
        return ys[0]
    for x0, x1, y0, y1 in zip(xs, xs[1:], ys, ys[1:], strict=False):
        if x < x1:
            return y0 + (y1 - y0) / (x1 - x0) * (x - x0)
    return ys[-1]


def _function(layout: Layout, *, arrays: bool, start: bool) -> Callable[..., Any]:
    model, writer = layout.model, PythonWriter(arrays=arrays)
    equations = PythonEquations(writer, model.tables, thorough=True)
    equations.provide(places(model.parameters), "parameter")
    equations.provide(places(model.paths), "path")
    needed = needed_at_start(model) if start else needed_equations(layout)
    if not start:
        equations.provide(places(model.stocks), "state")
        equations.provide(places(model.references), "reference")
    for name, expression in model.initial if start else model.equations:
        if name in needed:
            equations.define(name, expression)
    if start:
        first, second = model.stocks, model.references
        results = [f"[{', '.join(equations.name(name) for name in names)}]" for names in (first, second)]
    else:
        rates = [
            " ".join(f"{'+' if sign > 0 else '-'} {equations.name(flow)}" for sign, flow in pairs) or "0.0"
            for pairs in model.rates
        ]
        kept = [equations.name(name) for name in layout.moving]
        results = [f"[{', '.join(rates)}]", f"[{', '.join(kept)}]"]
    body = "\n".join([*writer.lines, f"    return {', '.join(results)}"])
    scalars = {
        "minimum": lambda a, b: a if a < b else b,
        "maximum": lambda a, b: a if a > b else b,
        "exp": math.exp,
        "log": math.log,
        "sqrt": math.sqrt,
        "interp": _interp,
        "INFINITE": math.inf,
        "normal_cdf": lambda x: 0.5 * math.erfc(-x / math.sqrt(2)),
    }
    known = {**numeric_functions(), "interp": np.interp, "where": np.where} if arrays else scalars
    exec(f"def function(state, parameter, path, reference):\n{body}\n", known)  # our own text, from checked expressions
    return known["function"]  # type: ignore[return-value]


class NumpyModel:
    """Runge-Kutta 4 in numpy, vectorised over runs."""

    def __init__(self, flat: FlatModel, keep: tuple[str, ...]) -> None:
        self.layout = plan(flat, Options(keep, "rk4", False, 1))
        self.start = _function(self.layout, arrays=True, start=True)
        self.rates = _function(self.layout, arrays=True, start=False)

    @np.errstate(divide="ignore", invalid="ignore")
    def run(self, inputs: RunInputs, values: dict[str, float | Path], start: int, stop: int, steps: int) -> np.ndarray:
        """Kept values, shape (runs, years, kept); paths are those of ``values``, the same in all runs."""
        layout, runs = self.layout, inputs.runs
        parameter = np.ascontiguousarray(inputs.parameters(np.arange(runs)).T)

        def paths(time: float, side: str) -> list[float]:
            given = [values[name] for name in layout.model.paths]
            return [item.value(time, side) if isinstance(item, Path) else item for item in given]

        def rates(state: np.ndarray, path: list[float]) -> tuple[np.ndarray, np.ndarray]:
            change, kept = self.rates(state, parameter, path, reference)
            return np.array(np.broadcast_arrays(*change)), np.array([np.broadcast_to(item, runs) for item in kept])

        first, reference = self.start(None, parameter, paths(start, "left"), None)
        state = np.array([np.broadcast_to(item, runs) for item in first])
        out, h = np.empty((runs, stop + 1 - start, len(layout.options.keep))), 1.0 / steps
        for year in range(start, stop + 1):
            means: Any = 0.0
            for step in range(steps):
                begin, middle, end = (year + (step + part) / steps for part in (0.0, 0.5, 1.0))
                k1, m1 = rates(state, paths(begin, "right"))
                k2, m2 = rates(state + 0.5 * h * k1, paths(middle, "right"))
                k3, m3 = rates(state + 0.5 * h * k2, paths(middle, "right"))
                k4, m4 = rates(state + h * k3, paths(end, "left"))
                state = state + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
                means = means + h / 6.0 * (m1 + 2.0 * m2 + 2.0 * m3 + m4)
            for place, column in layout.kept_stocks:
                out[:, year - start, column] = state[place]
            for place, column in layout.kept_moving:
                out[:, year - start, column] = means[place]
        return out


class ScipyModel:
    """SciPy's adaptive RK45 with a right-hand side in Python, one run at a time; reports stocks only."""

    def __init__(self, flat: FlatModel, tolerance: float = 1e-6) -> None:
        self.flat, self.tolerance = flat, tolerance
        self.layout = plan(flat, Options(flat.stocks, "rk4", False, 1))
        self.start = _function(self.layout, arrays=False, start=True)
        self.rates = _function(self.layout, arrays=False, start=False)

    def run(self, inputs: RunInputs, values: dict[str, float | Path], run: int, start: int, stop: int) -> np.ndarray:
        """Stocks at the end of each year, shape (years, stocks)."""
        from scipy.integrate import solve_ivp

        parameter = inputs.parameters(np.array([run]))[0].tolist()
        given = [values[name] for name in self.flat.paths]

        def paths(time: float, side: str) -> list[float]:
            # Plain floats: those of numpy would warn of what IEEE 754 gives without a word.
            return [float(item.value(time, side) if isinstance(item, Path) else item) for item in given]

        state, reference = self.start(None, parameter, paths(start, "left"), None)
        # A restart at each jump, where no adaptive step should cross, and at each year, where values are wanted.
        jumps = {date for item in given if isinstance(item, Path) for date in item.jumps}
        ends = sorted(
            {float(year) for year in range(start, stop + 2)} | {date for date in jumps if start < date <= stop}
        )
        found = []
        for begin, end in pairwise(ends):

            def rates(time: float, state: np.ndarray, end: float = end) -> list[float]:
                side = "left" if time >= end else "right"
                return self.rates(state.tolist(), parameter, paths(time, side), reference)[0]

            solved = solve_ivp(rates, (begin, end), state, "RK45", rtol=self.tolerance, atol=1e-9)
            if not solved.success:
                raise AssertionError(f"SciPy RK45 stops at {solved.t[-1]:.6g}: {solved.message}")
            state = solved.y[:, -1]
            if end == int(end):
                found.append(state)
        return np.array(found)
