"""What a batch of runs gives: arrays, the runs that went wrong, and the values by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import RunError, nearest, one_of


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that went wrong.

    Attributes
    ----------
    run : its number in the batch.
    variable : flat name of what went wrong first.
    time : when, in years.
    message : one line that says so.
    negative : whether it is a stock below zero, which a shorter step may mend.
    """

    run: int
    variable: str
    time: float
    message: str
    negative: bool = False


@dataclass(frozen=True)
class RawResult:
    """Kept values of all runs.

    Attributes
    ----------
    values : shape (runs, times, names); NaN from a run's failure on.
    times : calendar years, or with ``every_step`` the times of the steps and of the end.
    names : flat names of the columns.
    failures : the runs that went wrong, in the order of runs.
    shortest_time : shortest (time constant / order) each run met, infinite if the model has none.
    shortest_name : flat name of the time constant it belongs to, empty if there is none.
    """

    values: NDArray[np.float64]
    times: NDArray[np.float64]
    names: tuple[str, ...]
    failures: tuple[Failure, ...]
    shortest_time: NDArray[np.float64]
    shortest_name: tuple[str, ...]

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.values)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Values of one name, shape (runs, times).

        Raises
        ------
        RunError
            If no value of that name was kept.
        """
        if name not in self.names:
            elements = [each for each in self.names if each.startswith(f"{name}[")]
            hint = f"; it has elements: {one_of(elements)}" if elements else nearest(name, self.names)
            raise RunError(f"{name!r} is not among the values kept of this run{hint}")
        return self.values[:, :, self.names.index(name)]

    def columns(self) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Each name with its values, shape (runs, times)."""
        for index, name in enumerate(self.names):
            yield name, self.values[:, :, index]

    def raise_if_failed(self) -> None:
        """Raise the first failure as a `RunError`, if there is one."""
        if self.failures:
            more = f" (and {len(self.failures) - 1} more runs)" if len(self.failures) > 1 else ""
            raise RunError(self.failures[0].message + more)
