"""The same equations as Python source on numpy arrays, over all runs at once."""

# ruff: noqa: D102 - methods that stand in for those of a base class are documented there
from __future__ import annotations

from typing import Any

import numpy as np

from healthreform.stockflow.flat import FlatModel
from healthreform.stockflow.functions import numeric_functions
from healthreform.stockflow.inputs import RunInputs
from healthreform.stockflow.layout import Options, plan
from healthreform.stockflow.paths import Path
from healthreform.stockflow.plain_python import PythonWriter, python_function

ON_ARRAYS = {**numeric_functions(), "power": np.power, "interp": np.interp}


class ArrayWriter(PythonWriter):
    """Statements whose values are arrays."""

    def divide(self, a: str, b: str) -> str:
        return self.emit(f"{a} / {b}")

    def select(self, mask: str, a: str, b: str) -> str:
        return self.emit(f"where({mask}, {a}, {b})")


class NumpyModel:
    """Runge-Kutta 4 in numpy, vectorised over runs."""

    def __init__(self, flat: FlatModel, keep: tuple[str, ...]) -> None:
        self.layout = plan(flat, Options(keep, "rk4", False, 1))
        self.start = python_function(self.layout, start=True, writer=ArrayWriter(), functions=ON_ARRAYS)
        self.rates = python_function(self.layout, start=False, writer=ArrayWriter(), functions=ON_ARRAYS)

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
