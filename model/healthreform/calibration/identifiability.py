"""What history can tell about each free parameter, and what it cannot: sensitivity, standard errors, collinear groups.

Everything is linear, around the fitted values: a statement about small changes, in units of each parameter's range.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas

Numbers = NDArray[np.float64]

#: A fit is blind to a parameter that over its whole range changes the misfit by less than one value observed that is
#: off by what an error is counted in.
BLIND = 1.0
#: Correlation above which a pair is listed.
CORRELATED = 0.95
#: Collinearity index above which a group cannot be told apart. In use are limits of about 10 to 20: the documentation
#: of the R package FME calls a set below about 20 identifiable.
COLLINEAR = 15.0
#: Members of the largest group that is listed: beyond it, one parameter stands against all others.
LARGEST_GROUP = 6
#: Others that are tried together when a group is looked for.
LONGEST_TRIAL = 10


@dataclass(frozen=True)
class Identifiability:
    """What history can tell.

    Attributes
    ----------
    sensitivity : root of the sum of squared weighted errors that a move over the whole range would make.
    blind : whether the fit is blind to a parameter.
    standard_error : of positions, from history and the prior together; ``from_history`` from history alone, infinite
        where it cannot tell.
    learned : share of the prior's variance that history takes away: 0 nothing, 1 all; NaN without a prior.
    apart : whether a parameter is one of those that history can tell apart all at once.
    pairs : one, other, correlation (of the estimates), cosine (of their effects on what is observed).
    groups : members, size, collinearity (index), of small groups that cannot be told apart.
    """

    sensitivity: Numbers
    blind: NDArray[np.bool_]
    standard_error: Numbers
    from_history: Numbers
    learned: Numbers
    apart: NDArray[np.bool_]
    pairs: pandas.DataFrame
    groups: pandas.DataFrame


def is_blind(jacobian: Numbers) -> NDArray[np.bool_]:
    """Whether the fit is blind to each parameter."""
    return np.asarray(np.linalg.norm(jacobian, axis=0) < BLIND)


def identifiability(names: list[str], jacobian: Numbers, prior: Numbers, squares: float, facts: int) -> Identifiability:
    """Judge a fit by how errors change with positions.

    Parameters
    ----------
    jacobian : shape (values observed, parameters).
    prior : slopes of the residuals of the prior, shape (parameters,); all zero without one.
    squares : sum of the squared weighted errors, without the prior.
    facts : how many values observed count.
    """
    sensitivity = np.linalg.norm(jacobian, axis=0)
    blind = is_blind(jacobian)
    inverse = np.asarray(np.linalg.pinv(jacobian.T @ jacobian + np.diag(prior**2), hermitian=True), dtype=np.float64)
    used = float(np.sum((jacobian @ inverse) * jacobian))  # degrees of freedom that the parameters take up
    variance = squares / (facts - used) if facts > used else np.nan
    from_history = _errors_from_history(jacobian, blind, variance)
    with_prior = np.where(prior > 0, np.sqrt(np.diagonal(inverse) * variance), from_history)
    cosines, live = _cosines(jacobian), np.flatnonzero(~blind).tolist()
    apart = _told_apart(cosines, sorted(live, key=lambda each: -sensitivity[each]))
    return Identifiability(
        sensitivity,
        blind,
        with_prior,
        from_history,
        np.where(prior > 0, 1 - np.diagonal(inverse) * prior**2, np.nan),
        np.isin(np.arange(len(names)), apart),
        _pairs(names, cosines, inverse, live),
        _table_of_groups(names, _groups(cosines, live, apart)),
    )


def _table_of_groups(names: list[str], groups: list[tuple[tuple[int, ...], float]]) -> pandas.DataFrame:
    import pandas

    rows = [(", ".join(names[each] for each in group), len(group), index) for group, index in groups]
    return pandas.DataFrame(rows, columns=["members", "size", "collinearity"])


def _errors_from_history(jacobian: Numbers, blind: NDArray[np.bool_], variance: float) -> Numbers:
    """Standard errors without a prior; a direction that history does not see makes all that share it infinite."""
    found = np.full(jacobian.shape[1], np.inf)
    seen = np.flatnonzero(~blind)
    if len(seen):
        _, sizes, directions = np.linalg.svd(jacobian[:, seen], full_matrices=False)
        unseen = sizes <= sizes[0] * max(jacobian.shape) * np.finfo(float).eps
        shared = np.any(np.abs(directions[unseen]) > np.sqrt(np.finfo(float).eps), axis=0)
        if len(sizes) < len(seen):
            shared[:] = True  # fewer values observed than parameters
        spread = np.sum((directions[~unseen] / sizes[~unseen, np.newaxis]) ** 2, axis=0)
        found[seen] = np.where(shared, np.inf, np.sqrt(variance * spread))
    return found


def _pairs(names: list[str], cosines: Numbers, covariance: Numbers, live: list[int]) -> pandas.DataFrame:
    """Pairs whose estimates are correlated, or whose effects are alike."""
    import pandas

    deviation = np.sqrt(np.diagonal(covariance))
    rows = []
    for one, other in combinations(live, 2):
        correlation = covariance[one, other] / (deviation[one] * deviation[other])
        if max(abs(correlation), abs(cosines[one, other])) > CORRELATED:
            rows.append((names[one], names[other], correlation, cosines[one, other]))
    rows.sort(key=lambda row: -max(abs(row[2]), abs(row[3])))
    return pandas.DataFrame(rows, columns=["one", "other", "correlation", "cosine"])


def _cosines(jacobian: Numbers) -> Numbers:
    sizes = np.linalg.norm(jacobian, axis=0)
    scaled = jacobian / np.where(sizes > 0, sizes, 1.0)
    return np.asarray(scaled.T @ scaled)


def collinearity_index(jacobian: Numbers) -> float:
    """How nearly the columns of a Jacobian, each scaled to length 1, depend on each other.

    One over the root of the smallest eigenvalue of their products: 1 where they are at right angles, infinite where
    one follows from the others; a change of one parameter can be made good by the others up to one part in so many
    (Brun, Reichert and Künsch 2001, Water Resources Research 37:1015).
    """
    return _index(_cosines(jacobian))


def _index(cosines: Numbers) -> float:
    smallest = float(np.linalg.eigvalsh(cosines)[0])
    return 1 / np.sqrt(smallest) if smallest > len(cosines) * np.finfo(float).eps else np.inf


def _told_apart(cosines: Numbers, order: list[int]) -> list[int]:
    """Parameters that history can tell apart all at once: taken up in order while the index stays below the limit."""
    taken: list[int] = []
    for each in order:
        if _index(cosines[np.ix_([*taken, each], [*taken, each])]) <= COLLINEAR:
            taken.append(each)
    return taken


def _groups(cosines: Numbers, live: list[int], apart: list[int]) -> list[tuple[tuple[int, ...], float]]:
    """Groups that cannot be told apart, none of which holds a smaller one: every pair, every three, and some larger.

    Larger ones are looked for around each parameter that is in none yet and is not told apart.
    """
    found: list[tuple[tuple[int, ...], float]] = []
    for size in (2, 3):
        smaller = [set(group) for group, _ in found]
        found += [each for each in _all_of_size(cosines, live, size) if not any(s <= set(each[0]) for s in smaller)]
    named = {member for group, _ in found for member in group}
    for each in (each for each in live if each not in named and each not in apart):
        group = _group_around(cosines, each, [other for other in live if other != each])
        if group is not None and group[0] not in [known for known, _ in found]:
            found.append(group)
    return found


def _all_of_size(cosines: Numbers, live: list[int], size: int) -> list[tuple[tuple[int, ...], float]]:
    found = []
    for place, first in enumerate(live):
        rest = list(combinations(live[place + 1 :], size - 1))
        if rest:
            sets = np.column_stack([np.full(len(rest), first), np.array(rest)])
            smallest = np.linalg.eigvalsh(cosines[sets[:, :, np.newaxis], sets[:, np.newaxis, :]])[:, 0]
            found += [tuple(group.tolist()) for group in sets[smallest < 1 / COLLINEAR**2]]
    return [(group, _index(cosines[np.ix_(group, group)])) for group in found]


def _group_around(cosines: Numbers, each: int, others: list[int]) -> tuple[tuple[int, ...], float] | None:
    """The fewest others found that together do what one does; None if that takes too many.

    Others are added one by one, always the one that leaves least unexplained, and then taken away where they can be.
    """

    def index(group: list[int]) -> float:
        return _index(cosines[np.ix_([each, *group], [each, *group])])

    group: list[int] = []
    while others and index(group) <= COLLINEAR:
        if len(group) == LONGEST_TRIAL:
            return None
        rest = {other: _unexplained(cosines, each, [*group, other]) for other in others}
        group.append(min(rest, key=lambda other: rest[other]))
        others = [other for other in others if other != group[-1]]
    for other in list(group):
        fewer = [member for member in group if member != other]
        if index(fewer) > COLLINEAR:
            group = fewer
    if len(group) >= LARGEST_GROUP or index(group) <= COLLINEAR:
        return None
    return tuple(sorted([each, *group])), index(group)


def _unexplained(cosines: Numbers, each: int, group: list[int]) -> float:
    """Squared length of what is left of a column of length 1 when others have explained what they can."""
    among, toward = cosines[np.ix_(group, group)], cosines[group, each]
    return 1.0 - float(toward @ np.linalg.lstsq(among, toward, rcond=None)[0])
