"""How far the step moves the numbers: some runs again at half of it, and a word where that is more than passes."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .stockflow.errors import StepWarning
from .stockflow.expand import flat_names
from .stockflow.model import Model
from .stockflow.results import RawResult

#: Largest error of the step that passes, as a share of a variable's largest value: less than any figure told shows, and
#: far less than what parameters leave open.
INTEGRATION_ERROR = 1e-3
#: A share, ratio or index that never reaches this is judged as if it did: what is nearly nothing may err by as much.
NEARLY_NOTHING = 1e-3
#: From here on a user is warned: in a run at ends of its ranges, an outbreak's turns alone move what crosses nought by
#: more than passes in a scenario; half a hundredth of the largest value is about what a figure's line is wide.
WARNED = 5e-3
#: So where a run is told of: shares and margins are told in points, and a hundredth of a point shows in no figure.
TOLD_IN_POINTS = 0.1
#: Runs of a sweep that are run at half the step too: as many as the vectors of a processor hold.
SAMPLE = 8


@dataclass(frozen=True)
class StepError:
    """The largest difference that half the step makes.

    Attributes
    ----------
    size : as a share of the variable's largest value in the run.
    variable : its flat name.
    run : the number of the run among those compared.
    """

    size: float
    variable: str
    run: int

    def attributes(self, row: object = None) -> dict[str, Any]:
        """As the attributes of a result say it."""
        found: dict[str, Any] = {"step_error": self.size, "step_error_variable": self.variable}
        return found if row is None else {**found, "step_error_row": str(row)}

    def warn(self, step: float, method: str, row: object = None, *, where: int = 2) -> None:
        """Warn if it is more than passes, with the remedy; ``where`` counts the calls from here up to the user's."""
        if self.size <= WARNED:
            return
        steps = round(1 / step)
        which = "" if row is None else f" in row {row}"
        other = ", or method rk4" if method == "euler" else ""
        warnings.warn(
            f"step 1/{steps} year: half of it moves {self.variable}{which} by {self.size:.1e} of its largest value, "
            f"where {WARNED:g} passes; use a shorter step, such as 1/{2 * steps}{other}",
            StepWarning,
            stacklevel=where + 1,
        )


def sample_of(runs: int, most: int = SAMPLE) -> list[int]:
    """The numbers of some runs, spread over all from the first to the last."""
    return sorted({round(place) for place in np.linspace(0, runs - 1, min(runs, most)).tolist()})


def compared_names(model: Model, names: Iterable[str]) -> list[str]:
    """Of written names those whose size means something: not made for a delay or smooth, and no balance."""
    return [
        name
        for name in names
        if name in model.variables
        and model.variables[name].generated_by is None
        and model.variables[name].kind != "balance"
    ]


def largest_error(model: Model, whole: RawResult, half: RawResult, names: Sequence[str]) -> StepError | None:
    """The largest difference between runs at a step and at half of it; None if none went well at both.

    Parameters
    ----------
    whole, half : the same runs, by years; ``whole`` may have more after them.
    names : written names to compare.
    """
    failed = {failure.run for raw in (whole, half) for failure in raw.failures}
    runs = [run for run in range(half.runs) if run not in failed]
    flats = [flat for name in names for flat in flat_names(name, model.over(name))]
    if not runs or not flats:
        return None
    plain = [model.unit(name) == "dimensionless" for name in names for _ in flat_names(name, model.over(name))]
    columns = [whole.names.index(flat) for flat in flats]
    true = half.values[runs][:, :, columns]
    sizes = np.maximum(np.abs(true).max(axis=1), np.where(plain, TOLD_IN_POINTS, 0.0))
    apart = np.abs(whole.values[runs][:, :, columns] - true).max(axis=1) / np.where(sizes > 0, sizes, 1.0)
    run, column = np.unravel_index(int(np.argmax(apart)), apart.shape)
    return StepError(float(apart[run, column]), flats[int(column)], runs[int(run)])
