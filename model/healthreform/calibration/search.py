"""The search: starts spread over the ranges, screened together, and the best of them polished by least squares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..analysis import latin_hypercube
from ..stockflow.errors import RunError
from .misfit import Misfit

Numbers = NDArray[np.float64]
#: Called with the part of the work that is done, from 0 to 1, and the smallest misfit found so far.
Progress = Callable[[float, float], None]

#: Share of the time that screening takes, for the bar.
_SCREENING = 0.05
#: A step that gains less than this part of the misfit is the last: parameters that history is blind to would go on.
ENOUGH = 1e-6


@dataclass(frozen=True)
class Effort:
    """How hard to search.

    Attributes
    ----------
    starts : starting points besides the recorded values, a Latin hypercube over the ranges.
    polished : how many of the best of them are polished; the recorded values always are.
    iterations : most steps of one polishing.
    seed : of the hypercube.
    """

    starts: int = 256
    polished: int = 5
    iterations: int = 120
    seed: int = 1

    def __post_init__(self) -> None:
        for name, least in (("starts", 0), ("polished", 0), ("iterations", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
                raise RunError(f"{name} is {value!r}; give a whole number of at least {least}")


@dataclass(frozen=True)
class Attempt:
    """One start, polished.

    Attributes
    ----------
    start : 0 for the recorded values, otherwise the number of the starting point.
    before, after : misfit, the sum of squared residuals, before and after polishing.
    steps : how many it took; ``finished`` whether it came to rest.
    """

    start: int
    before: float
    after: float
    steps: int
    finished: bool
    position: Numbers


def search(misfit: Misfit, effort: Effort, progress: Progress | None = None) -> list[Attempt]:
    """Polish the recorded values and the best starts; the attempts, best first.

    Raises
    ------
    RunError
        If the run with the recorded values goes wrong.
    """
    tell = progress or (lambda done, best: None)
    starts = _starts(misfit, effort)
    costs = np.sum(misfit.residuals(starts) ** 2, axis=1)
    best = 1 + np.argsort(costs[1:], kind="stable")[: effort.polished]
    chosen = [0, *best.tolist()]
    tell(_SCREENING, float(costs.min()))
    found: list[Attempt] = []
    for turn, start in enumerate(chosen):
        reached = min([float(costs.min()), *(attempt.after for attempt in found)])

        def told(part: float, cost: float, turn: int = turn, reached: float = reached) -> None:
            tell(_SCREENING + (1 - _SCREENING) * (turn + part) / len(chosen), min(cost, reached))

        found.append(_polish(misfit, start, starts[start], float(costs[start]), effort.iterations, told))
    return sorted(found, key=lambda attempt: (attempt.after, attempt.start))


def _starts(misfit: Misfit, effort: Effort) -> Numbers:
    """The recorded values, then the hypercube."""
    recorded = misfit.recorded[np.newaxis]
    if not effort.starts:
        return recorded
    spread = latin_hypercube(max(effort.starts, 2), recorded.shape[1], effort.seed)[: effort.starts]
    return np.concatenate([recorded, spread])


def _polish(misfit: Misfit, start: int, position: Numbers, before: float, iterations: int, tell: Progress) -> Attempt:
    from scipy.optimize import least_squares

    taken, reached = 0, before

    def residuals(at: Numbers) -> Numbers:
        nonlocal taken, reached
        found = misfit.residuals(at[np.newaxis])[0]
        taken, reached = taken + 1, min(reached, float(np.sum(found**2)))
        tell(min(taken / iterations, 1.0), reached)
        return found

    def jacobian(at: Numbers) -> Numbers:
        return np.concatenate([misfit.jacobian(at), np.diag(misfit.prior_slopes)])

    found = least_squares(residuals, position, jacobian, bounds=(0.0, 1.0), ftol=ENOUGH, max_nfev=iterations)
    position = np.clip(found.x, 0.0, 1.0)
    return Attempt(start, before, 2 * float(found.cost), int(found.nfev), bool(found.status > 0), position)
