"""Runs beside each other, each with inputs of its own: what checks need, in one call of the kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .engine_use import base_values, compiled_model, values_at_start, varied_between
from .setting import LAST_YEAR, STEP
from .stockflow.conservation import check_conservation
from .stockflow.model import Model
from .stockflow.paths import Path
from .stockflow.records import Records

if TYPE_CHECKING:
    from .stockflow.inputs import RunInputs
    from .stockflow.results import RawResult

#: Every input of a run by flat name.
Values = Mapping[str, float | Path]


@dataclass(frozen=True)
class Beside:
    """Some runs.

    Attributes
    ----------
    raw : values of everything, shape (runs, times, names).
    inputs : what each run started from.
    first : first calendar year.
    """

    model: Model
    raw: RawResult
    inputs: RunInputs
    first: int

    @property
    def columns(self) -> dict[str, NDArray[np.float64]]:
        """All values by flat name, shape (runs, times)."""
        return dict(self.raw.columns())

    def failure(self, run: int) -> str:
        """What went wrong in a run and when, in a line; empty if nothing did."""
        told = (failure.message.partition(": ")[2] for failure in self.raw.failures if failure.run == run)
        return next(told, "")

    def start(self, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """Some of the starting values, one for each run."""
        return values_at_start(self.model, self.inputs, self.first, names)

    def assert_conserved(self, chosen: Sequence[int]) -> dict[str, float]:
        """Money and stocks of some runs change by the sum of their flows; the largest error of each kind.

        Raises
        ------
        RunError
            Naming what is not conserved, and its error.
        """
        runs: Any = list(chosen)
        values = {name: column[runs] for name, column in self.raw.columns()}
        start = {name: value[runs] for name, value in self.start(self.model.flat.stocks).items()}
        scales = dict(zip(self.model.flat.parameters, self.inputs.parameters(np.array(runs)).T, strict=True))
        return check_conservation(
            self.model, values, start, scales={name: value[:, np.newaxis] for name, value in scales.items()}
        )


def run_beside(
    model: Model, runs: Sequence[Records | Values], first: int, last: int = LAST_YEAR, step: float = STEP
) -> Beside:
    """Run a model once for each set of inputs; a run that goes wrong leaves the others alone.

    Parameters
    ----------
    runs : of each run the records, or every input by flat name, also outside its range.
    """
    from .stockflow.inputs import make_inputs

    values = [base_values(model, given) if isinstance(given, Records) else given for given in runs]
    base = dict(values[0])
    inputs = make_inputs(model.flat, base, varied_between(model, values), len(values))
    raw = compiled_model(model, None, "rk4", False).run(inputs, first, last, step)
    return Beside(model, raw, inputs, first)
