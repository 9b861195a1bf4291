"""Drawing parameters by how well their runs fit: first by straight lines, then, along chains, by the runs themselves.

Around one point a model's errors are nearly straight in its parameters, and the distribution that straight errors allow
can be drawn from exactly: by Gibbs sampling of a truncated normal distribution (Geweke 1991). Further out they bend.
So each draw is the beginning of a chain: some parameters are drawn afresh from the straight distribution, the others as
they are; the model is run; and the step is taken with the probability that makes the chain's distribution the true one
(a surrogate transition: Liu 2001, Monte Carlo Strategies in Scientific Computing, section 9.4.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

#: Parameters drawn afresh in a chain's first step; how many later ones draw follows how often steps are taken.
FIRST_CHANGED = 40
#: Between these shares of steps taken a chain moves well.
TAKEN_AT_LEAST, TAKEN_AT_MOST = 0.15, 0.35


@dataclass(frozen=True)
class Straight:
    """Errors taken as straight lines around a centre.

    Attributes
    ----------
    errors : at the centre, in standard deviations, shape (values,).
    slopes : how they change with each position, shape (values, parameters).
    centre : positions between 0 and 1, shape (parameters,).
    """

    errors: Numbers
    slopes: Numbers
    centre: Numbers

    @cached_property
    def _precision(self) -> Numbers:
        return np.asarray(self.slopes.T @ self.slopes)

    def squares(self, positions: Numbers) -> Numbers:
        """Sum of squared errors at some positions, shape (rows,)."""
        return np.asarray(np.sum((self.errors + (positions - self.centre) @ self.slopes.T) ** 2, axis=1))

    def redraw(self, positions: Numbers, order: NDArray[np.int64], random: np.random.Generator) -> Numbers:
        """Positions with some parameters drawn afresh, one after the other, each given all others; same shape."""
        from scipy.special import ndtr, ndtri

        at = np.ascontiguousarray(positions.T)
        pull = -self.slopes.T @ self.errors
        for place in order.tolist():
            strength = self._precision[place, place]
            uniform = random.random(at.shape[1])
            if strength < 1e-6:  # neither history nor evidence sees it
                at[place] = uniform
                continue
            moved = at - self.centre[:, np.newaxis]
            rest = pull[place] - self._precision[place] @ moved + strength * moved[place]
            middle, width = self.centre[place] + rest / strength, strength**-0.5
            low, high = ndtr((0.0 - middle) / width), ndtr((1.0 - middle) / width)
            drawn = middle + width * ndtri(low + uniform * (high - low))
            # So far out in a tail that the distribution function has no digits left, the nearer end is as good.
            nearer = np.where(middle < 0.5, 0.0, 1.0)
            at[place] = np.clip(np.where(np.isfinite(drawn) & (high > low), drawn, nearer), 0.0, 1.0)
        return np.ascontiguousarray(at.T)


def gibbs(straight: Straight, draws: int, sweeps: int, seed: int) -> Numbers:
    """Positions between 0 and 1 by the likelihood of straight errors, shape (draws, parameters)."""
    random = np.random.default_rng(seed)
    at = np.repeat(straight.centre[np.newaxis], draws, axis=0)
    for _ in range(sweeps):
        at = straight.redraw(at, random.permutation(len(straight.centre)), random)
    return at


def beyond(straight: Straight, log_prior: Numbers, positions: Numbers, errors: Numbers) -> Numbers:
    """Logarithm of what the true distribution says beyond the straight one; minus infinity where a run failed."""
    weights = (straight.squares(positions) - np.sum(errors**2, axis=1)) / 2 + log_prior
    return np.where(np.isfinite(errors).all(axis=1), weights, -np.inf)


@dataclass(frozen=True)
class Walked:
    """Where chains have come to.

    Attributes
    ----------
    positions : the chains' last, shape (chains, parameters).
    errors : of their runs, in standard deviations, shape (chains, values).
    taken : share of steps taken, in the second half.
    changed : parameters drawn afresh in each step of the second half.
    squares : mean over the chains of the sum of squared errors, before the first step and after each.
    """

    positions: Numbers
    errors: Numbers
    taken: float
    changed: int
    squares: Numbers


def walk(
    straight: Straight,
    run: Callable[[Numbers], Numbers],
    log_prior: Callable[[Numbers], Numbers],
    positions: Numbers,
    errors: Numbers,
    steps: int,
    seed: int,
    tell: Callable[[float], None] = lambda done: None,
) -> Walked:
    """Carry draws to the true distribution, many chains at once.

    Parameters
    ----------
    run : the errors of runs at some positions, in standard deviations; not finite where a run fails.
    log_prior : logarithm of the prior density at some positions, less that which the straight distribution has.
    positions, errors : where the chains begin, and the errors there.
    """
    random = np.random.default_rng(seed)
    count = len(straight.centre)
    changed, taken, squares = min(FIRST_CHANGED, count), [], [_mean_square_sum(errors)]

    weights = beyond(straight, log_prior(positions), positions, errors)
    for step in range(steps):
        # A random order of a random choice: the way back is as likely, as the probability of a step requires.
        proposed = straight.redraw(positions, random.permutation(count)[:changed], random)
        found = run(proposed)
        new = beyond(straight, log_prior(proposed), proposed, found)
        accepted = np.log(random.random(len(positions))) < new - weights
        positions = np.where(accepted[:, np.newaxis], proposed, positions)
        errors = np.where(accepted[:, np.newaxis], found, errors)
        weights = np.where(accepted, new, weights)
        taken.append(float(np.mean(accepted)))
        squares.append(_mean_square_sum(errors))
        if 2 * step < steps:  # later the chains must not learn from where they have been
            changed = _changed_next(changed, taken[-1], count)
        tell((step + 1) / steps)
    return Walked(positions, errors, float(np.mean(taken[steps // 2 :])), changed, np.array(squares))


def _changed_next(changed: int, taken: float, count: int) -> int:
    if taken < TAKEN_AT_LEAST:
        return max(1, int(0.8 * changed))
    return min(count, int(1.25 * changed) + 1) if taken > TAKEN_AT_MOST else changed


def _mean_square_sum(errors: Numbers) -> float:
    return float(np.mean(np.sum(errors**2, axis=1)))
