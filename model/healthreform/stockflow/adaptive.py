"""A run by SciPy's adaptive solver, to hold the kernel's fixed step against."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .errors import RunError
from .flat import FlatModel
from .layout import Options, plan
from .paths import Path
from .plain_python import python_function


class AdaptiveSolver:
    """SciPy's RK45, which chooses its steps by the error it finds; one run at a time, stocks only.

    Parameters
    ----------
    flat : the model.
    tolerance : of the error of each step, as a share of each stock.
    """

    def __init__(self, flat: FlatModel, tolerance: float = 1e-6) -> None:
        self.flat, self.tolerance = flat, tolerance
        layout = plan(flat, Options(flat.stocks, "rk4", False, 1))
        self.start = python_function(layout, start=True)
        self.rates = python_function(layout, start=False)

    def run(self, values: Mapping[str, float | Path], start: int, stop: int) -> NDArray[np.float64]:
        """Stocks at the end of each year, shape (years, stocks), from the start of one year to the end of another.

        Parameters
        ----------
        values : a number for each parameter, a path or a number for each dated input.

        Raises
        ------
        RunError
            If the solver stops before the end: when, and why.
        """
        from scipy.integrate import solve_ivp

        parameter = [float(values[name]) for name in self.flat.parameters]  # type: ignore[arg-type]
        given = [values[name] for name in self.flat.paths]

        def paths(time: float, side: str) -> list[float]:
            # Plain floats: those of numpy would warn of what IEEE 754 gives without a word.
            return [float(item.value(time, side) if isinstance(item, Path) else item) for item in given]

        state, reference = self.start(None, parameter, paths(start, "left"), None)
        # A restart at each jump, where no adaptive step should cross, and at each year, where values are wanted.
        jumps = {date for item in given if isinstance(item, Path) for date in item.jumps}
        ends = {float(year) for year in range(start, stop + 2)} | {date for date in jumps if start < date < stop + 1}
        found = []
        for begin, end in pairwise(sorted(ends)):

            def rates(time: float, state: NDArray[np.float64], end: float = end) -> list[float]:
                side = "left" if time >= end else "right"
                change: list[float] = self.rates(state.tolist(), parameter, paths(time, side), reference)[0]
                return change

            solved = solve_ivp(rates, (begin, end), state, "RK45", rtol=self.tolerance, atol=1e-9)
            if not solved.success:
                raise RunError(f"the adaptive solver stops at {solved.t[-1]:.6g}: {solved.message}")
            state = solved.y[:, -1]
            if end == int(end):
                found.append(state)
        return np.array(found)
