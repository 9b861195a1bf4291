"""The constrained ensemble: parameters sampled within their ranges, by how well their runs fit history and evidence.

A sample from the ranges alone hardly ever fits a dozen series at once. So it is drawn where the model's errors, taken
as straight lines around the fitted values, allow it; the draws whose runs fit best begin chains, and these carry them
to where the errors of the runs themselves, times each parameter's own distribution, say they belong (see `sampling`).
What history and evidence cannot tell keeps its whole range.

The years of a series are not independent: a series weighs as two values that are off by its target. An effect weighs as
one value, off by one where it lies half the width of its accepted range outside.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..analysis import uncertain_parameters
from ..place import Place
from ..setting import STEP, Setting
from ..stockflow.errors import RunError
from .calibrating import SCENARIO, one_thread_for_algebra
from .compared import compared_series
from .free import MIDDLE, Free, free_parameters
from .misfit import Misfit
from .plan import Plan
from .sampling import Straight, beyond, gibbs, walk

if TYPE_CHECKING:
    import pandas

Numbers = NDArray[np.float64]
PlaceLike = str | os.PathLike[str] | Place

#: A series weighs as so many independent values.
VALUES_IN_SERIES = 2.0
#: Draws that are run in one batch.
_BATCH = 200


@dataclass(frozen=True)
class Recipe:
    """How an ensemble is made.

    Attributes
    ----------
    members : how many.
    draws : how many they are chosen from.
    sweeps : rounds of Gibbs sampling over all parameters.
    steps : of the chain that each member is the end of.
    seed : of everything random.
    """

    members: int = 300
    draws: int = 900
    sweeps: int = 120
    steps: int = 200
    seed: int = 1

    def __post_init__(self) -> None:
        for name, least in (("members", 2), ("draws", 2), ("sweeps", 1), ("steps", 0), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
                raise RunError(f"{name} is {value!r}; give a whole number of at least {least}")
        if self.draws < self.members:
            raise RunError(f"draws is {self.draws}; give at least as many as members, {self.members}")


@dataclass(frozen=True)
class Constrained:
    """An ensemble and how it came about.

    Attributes
    ----------
    members : a row for each member, a column for each uncertain parameter.
    errors : root of the mean squared error of the fitted run, of the draws' middle one, of the one at the beginning of
        the chains and of the members' middle one, in targets.
    failed : draws whose run went wrong.
    taken, changed : share of a chain's steps that were taken, and how many parameters a step draws afresh.
    settling : mean sum of squared errors over the chains in the last quarter of the steps, over that in the third: one
        where the chains have settled.
    """

    members: pandas.DataFrame
    errors: tuple[float, ...]
    failed: int
    taken: float
    changed: int
    settling: float

    def summary(self) -> str:
        """In a sentence or two."""
        fitted, drawn, begun, ended = self.errors
        return (
            f"{len(self.members)} members of {len(self.members.columns)} parameters; error in targets {fitted:.2f} "
            f"fitted, {drawn:.2f} middle draw, {begun:.2f} where the chains begin, {ended:.2f} middle member; "
            f"{self.failed} draws failed; {self.taken:.0%} of the steps taken, {self.changed} parameters drawn afresh "
            f"in each; squared error of the last quarter over the third {self.settling:.3f}"
        )


def constrained_ensemble(
    place: PlaceLike = "china",
    recipe: Recipe | None = None,
    *,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Constrained:
    """Make an ensemble around a place's fitted values.

    Raises
    ------
    RecordError
        If the place has no history or no plan of calibration.
    RunError
        If the fitted run goes wrong, or too few draws run.
    """
    chosen, tell = recipe or Recipe(), progress or (lambda done: None)
    here = Place.load(place)
    plan = Plan.load(here)
    setting = Setting.read(here, SCENARIO, None, start=None, stop=plan.years[1], step=STEP, method="rk4")
    ranges = uncertain_parameters(here)
    peaks = _peaks(
        ranges, [each.name for each in free_parameters(setting.model, setting.records, plan.free, plan.file)]
    )
    misfit = Misfit.of(setting, _all_free(ranges), compared_series(here, plan), 0.0, threads, evidence=1.0)
    fitted, scale = misfit.recorded, _scale(misfit)

    def run(positions: Numbers) -> Numbers:
        return scale * misfit.errors(positions)

    with one_thread_for_algebra():
        errors = scale * misfit.errors(fitted[np.newaxis])[0]
        if not np.isfinite(errors).all():
            raise RunError(
                f"place '{here.name}': the run with its own values goes wrong, so nothing can be drawn around it"
            )
        straight = Straight(errors, scale[:, np.newaxis] * misfit.jacobian(fitted), fitted)
        tell(0.05)
        drawn = gibbs(straight, chosen.draws, chosen.sweeps, chosen.seed)
        tell(0.15)
        true = _in_batches(run, drawn, lambda done: tell(0.15 + 0.1 * done))
        weights = beyond(straight, _log_density(drawn, peaks), drawn, true)
        picked = choose(weights, chosen.members, chosen.seed)
        walked = walk(
            straight,
            run,
            lambda positions: _log_density(positions, peaks),
            drawn[picked],
            true[picked],
            chosen.steps,
            chosen.seed,
            lambda done: tell(0.25 + 0.75 * done),
        )
    members = _frame(misfit.values(walked.positions), misfit.free)
    made = setting.provenance()
    members.attrs = {"place": here.name, "plan": plan.title, **asdict(chosen), "equations": made["equations"]}
    middles = (float(np.nanmedian(_roots(each))) for each in (true, true[picked], walked.errors))
    return Constrained(
        members,
        (_root(errors), *middles),
        int(np.sum(~np.isfinite(true).all(axis=1))),
        walked.taken,
        walked.changed,
        _settling(walked.squares),
    )


def choose(weights: Numbers, members: int, seed: int) -> NDArray[np.int64]:
    """Rows drawn by logarithmic weights without putting any back.

    The weights are taken to a power so small that the rows do not all come from a few of the largest.

    Raises
    ------
    RunError
        If fewer rows than members have any weight.
    """
    usable = int(np.sum(np.isfinite(weights)))
    if usable < members:
        raise RunError(f"only {usable} of {len(weights)} draws ran, too few for {members} members; draw more")
    power = 1.0
    while power > 1e-3 and effective_size(power * weights) < min(1.25 * members, 0.9 * usable):
        power *= 0.9
    noise = np.random.default_rng(seed).gumbel(size=len(weights))
    keys = np.where(np.isfinite(weights), power * np.where(np.isfinite(weights), weights, 0.0) + noise, -np.inf)
    return np.sort(np.argsort(-keys, kind="stable")[:members])


def effective_size(weights: Numbers) -> float:
    """How many draws of equal weight some logarithmic weights are worth (Kish 1965)."""
    shares = np.exp(weights - np.max(weights))
    return float(shares.sum() ** 2 / np.sum(shares**2))


def _all_free(ranges: pandas.DataFrame) -> list[Free]:
    return [
        Free(str(name), row["value"], row["low"], row["high"], row["distribution"] == "loguniform", 12**-0.5, "")
        for name, row in ranges.iterrows()
    ]


def _scale(misfit: Misfit) -> Numbers:
    """What the calibration's errors are multiplied by, so that their squares are those of independent values."""
    parts = []
    for each in misfit.series:
        counted = int(np.count_nonzero(each.weights))
        parts.append(np.full(len(each.weights), np.sqrt(min(1.0, VALUES_IN_SERIES / max(counted, 1)))))
    effects = np.ones(len(misfit.measured.records) if misfit.measured else 0)
    return np.concatenate([*parts, effects])


def _in_batches(run: Callable[[Numbers], Numbers], positions: Numbers, tell: Callable[[float], None]) -> Numbers:
    parts = []
    for begin in range(0, len(positions), _BATCH):
        parts.append(run(positions[begin : begin + _BATCH]))
        tell(min(1.0, (begin + _BATCH) / len(positions)))
    return np.concatenate(parts)


def _settling(squares: Numbers) -> float:
    """The last quarter's mean over the third's; one if there are too few steps to tell."""
    quarter = (len(squares) - 1) // 4
    return float(np.mean(squares[-quarter:]) / np.mean(squares[-2 * quarter : -quarter])) if quarter else 1.0


def _peaks(ranges: pandas.DataFrame, fitted: Iterable[str]) -> Numbers:
    """Where in its range each parameter's distribution has its peak, NaN where it is flat.

    A value that was fitted is no knowledge apart from history, which has its say already: its peak is in the middle.
    """
    peaks = (ranges["value"] - ranges["low"]) / (ranges["high"] - ranges["low"])
    peaks[ranges.index.isin(list(fitted))] = MIDDLE
    return peaks.where(ranges["distribution"] == "triangular").to_numpy(dtype=float)


def _log_density(positions: Numbers, peaks: Numbers) -> Numbers:
    """Logarithm of the prior density, for the parameters whose distribution has a peak; the others' is flat."""
    at, peak = positions[:, np.isfinite(peaks)], peaks[np.isfinite(peaks)]
    rising = at / np.where(peak > 0, peak, 1.0)
    falling = (1 - at) / np.where(peak < 1, 1 - peak, 1.0)
    return np.asarray(np.sum(np.log(np.maximum(np.where(at < peak, rising, falling), 1e-12)), axis=1))


def _frame(values: Numbers, free: tuple[Free, ...]) -> pandas.DataFrame:
    import pandas

    rounded = [[each.rounded(float(value)) for value in values[:, place]] for place, each in enumerate(free)]
    return pandas.DataFrame(dict(zip((each.name for each in free), rounded, strict=True)))


def _root(errors: Numbers) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _roots(errors: Numbers) -> Numbers:
    return np.asarray(np.sqrt(np.mean(errors**2, axis=1)))
