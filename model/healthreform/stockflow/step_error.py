"""How far the step moves the numbers: some runs again at half of it, and a word where that is more than passes."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .accounts import split_end
from .errors import RunError, StepWarning
from .expand import flat_names
from .inputs import RunInputs
from .kernel import SMALLEST_STEP, Compiled
from .model import Model
from .results import RawResult
from .units import DIMENSIONLESS

#: Share of a variable's largest value from which on a user is warned: about what a figure's line is wide.
WARNED = 5e-3
#: A share, ratio or index that never reaches this is told of as if it did: shares and margins are told in points, and a
#: hundredth of a point shows in no figure.
TOLD_IN_POINTS = 0.1
#: Runs of a batch that are run at half the step too: as many as the vectors of a processor hold.
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

    def warn(self, step: float, method: str, row: object = None, *, what: str = "row", where: int = 2) -> None:
        """Warn if it is more than passes, with the remedy.

        Parameters
        ----------
        row, what : the run's label, if there are several, and what it is a label of.
        where : counts the calls from here up to the user's.
        """
        if self.size <= WARNED:
            return
        steps = round(1 / step)
        which = "" if row is None else f" in {what} {row}"
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


def sizes(model: Model, flats: Sequence[str], values: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """What an error of each quantity is a share of: its largest value in a run; one where all are nought.

    Parameters
    ----------
    flats : flat names of the columns.
    values : shape (..., times, columns).
    least : the smallest size of shares, ratios and indices.

    Returns
    -------
    numpy.ndarray
        Shape (..., columns).
    """
    plain = [model.unit(split_end(name)[0]) == DIMENSIONLESS for name in flats]
    found = np.maximum(np.abs(values).max(axis=-2), np.where(plain, least, 0.0))
    return np.where(found > 0, found, 1.0)


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
    columns = [whole.names.index(flat) for flat in flats]
    true = half.values[runs][:, :, columns]
    apart = np.abs(whole.values[runs][:, :, columns] - true).max(axis=1) / sizes(model, flats, true, TOLD_IN_POINTS)
    run, column = np.unravel_index(int(np.argmax(apart)), apart.shape)
    return StepError(float(apart[run, column]), flats[int(column)], runs[int(run)])


def half_step_error(
    model: Model,
    compiled: Compiled,
    inputs: RunInputs,
    years: tuple[int, int],
    step: float,
    names: Iterable[str],
    *,
    threads: int = 1,
    whole: RawResult | None = None,
) -> StepError | None:
    """The largest difference that half the step makes to some runs, all of them run at both.

    Parameters
    ----------
    model, compiled : the model, and its kernel by years.
    years : first and last calendar year reported.
    names : written names, of which those are compared whose size means something.
    whole : the runs at the step itself, if they are at hand; there may be more after them.

    Returns
    -------
    StepError
        None if none of the runs went well at both steps, or the step cannot be halved.
    """
    if step / 2 < SMALLEST_STEP:
        return None
    if whole is None:
        whole = compiled.run(inputs, *years, step, threads)
    half = compiled.run(inputs, *years, step / 2, threads)
    return largest_error(model, whole, half, compared_names(model, names))


def check_step(
    model: Model,
    compiled: Compiled,
    inputs: RunInputs,
    start: int,
    stop: int,
    step: float,
    *,
    threads: int = 1,
) -> StepError | None:
    """Run some of a batch at half the step too, and warn if that moves a number by more than passes.

    A stock that is drained much faster than a step is long gives numbers that look sound and are wrong; only a shorter
    step tells, and of it the stock's own values more than the means of its flows.

    Parameters
    ----------
    model, compiled : the model, and its kernel by years; what was kept is compared.
    inputs, start, stop, step, threads : as for ``Compiled.run``.

    Returns
    -------
    StepError
        The largest difference, as a share of the variable's largest value in the run; ``run`` is its number in the
        batch. None if none of the runs went well at both steps, or the step cannot be halved.

    Warns
    -----
    StepWarning
        If it is more than half a hundredth.

    Raises
    ------
    RunError
        If the kernel reports steps in place of years, or for the reasons of ``Compiled.run``.
    """
    if compiled.layout.options.every_step:
        raise RunError("the error of the step is judged by years; compile the model without every_step")
    chosen = sample_of(inputs.runs)
    kept = frozenset(compiled.names)
    names = [name for name in model.variables if kept.issuperset(model.flat_names(name))]
    some = inputs.of(np.array(chosen))
    found = half_step_error(model, compiled, some, (start, stop), step, names, threads=threads)
    if found is None:
        return None
    found = replace(found, run=chosen[found.run])
    found.warn(step, compiled.layout.options.method, found.run if inputs.runs > 1 else None, what="run")
    return found
