"""Behaviour checks run and judged: all of a file beside each other, each against its base."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .behaviour_file import ABOVE, BELOW, FALLS, FILE, ITSELF, RISES, Behaviour, Claim, read_behaviour
from .changes import apply_changes, split_name
from .place import Place
from .scenario import Scenario
from .setting import LAST_YEAR
from .side_by_side import Beside, run_beside
from .size import grows
from .stockflow.errors import RecordError, nearest, one_of
from .stockflow.model import Model
from .stockflow.paths import Path
from .stockflow.records import Records

if TYPE_CHECKING:
    import pandas

#: A change by no more than this share of the value is none.
NOTICEABLE = 1e-4


@dataclass(frozen=True)
class Judged:
    """What became of one claim: whether it holds, and the numbers that say so."""

    behaviour: Behaviour
    claim: Claim
    holds: bool
    found: str


def behaviour(
    place: str | os.PathLike[str] | Place = "china", file: str | os.PathLike[str] | None = None
) -> pandas.DataFrame:
    """Whether the model behaves as mechanism and literature say.

    Parameters
    ----------
    place : as for ``simulate``; one with a policy of its own is asked without it.  Checks that need years before a
        derived place begins are left out.
    file : checks of your own, written as those in ``data/behaviour.toml``, which are run if none is given.

    Returns
    -------
    pandas.DataFrame
        A row for each claim: check (its name), claim, holds, found (the numbers), why, miss (why it is known not to).

    Raises
    ------
    RecordError
        If the file is wrong, or names what the model does not have: which check, and the nearest valid name.
    """
    import pandas

    rows = [
        {
            "check": each.behaviour.name,
            "claim": each.claim.text,
            "holds": each.holds,
            "found": each.found,
            "why": each.behaviour.why,
            "miss": each.behaviour.misses.get(each.claim.text, ""),
        }
        for each in judged(Place.load(place), FILE if file is None else FilePath(file))
    ]
    return pandas.DataFrame(rows, columns=["check", "claim", "holds", "found", "why", "miss"])


def judged(place: Place, file: FilePath = FILE, among: Collection[str] | None = None) -> Iterator[Judged]:
    """Every claim of a file, or of some of its checks, judged; all is read and looked up before anything runs.

    Claims are of what follows when something is done under the policy of the country: a place that did it long before
    by a policy of its own is asked without that policy.  Nothing is asked about a tier that it has not.
    """
    place = place.without_policy()
    read = read_behaviour(file).items()
    chosen = [check for name, check in read if (among is None or name in among) and _can_be_asked(place, check)]
    checks = [asked for check in chosen if (asked := _of_tiers_there(place, check)).claims]
    for check in checks:
        for claim in check.claims:
            _check_claim(place, check, claim)
    inputs: dict[str, Records] = {}
    for check in checks:
        for scenario in (check.base, check.scenario):
            if scenario not in inputs:
                inputs[scenario] = _under(place, check, scenario)
        if check.when:
            inputs[check.where] = _changed(place, check, inputs[check.base])
    if not checks:
        return
    last = max(claim.last for check in checks for claim in check.claims)
    runs = run_beside(place.model, list(inputs.values()), place.start, last)
    number = {name: place_of for place_of, name in enumerate(inputs)}
    for check in checks:
        pair = number[check.where if check.when else check.scenario], number[check.base]
        for claim in check.claims:
            yield Judged(check, claim, *_judge(runs, check, claim, *pair))


# --------------------------------------------------------------------------------------------------- what is asked for


def too_early(place: Place, file: FilePath = FILE) -> list[str]:
    """Names of the checks that need years before a derived place begins, and are not asked of it."""
    return [check.name for check in read_behaviour(file).values() if not _can_be_asked(place, check)]


def _can_be_asked(place: Place, check: Behaviour) -> bool:
    """Checks are dated for the country; one that needs years before a derived place begins is not asked of it."""
    if not place.based_on:
        return True
    needed = [claim.first - 1 if claim.against == ITSELF else claim.first for claim in check.claims]
    dated = [check.date - 1] if any(claim.against == ITSELF for claim in check.claims) or check.when else []
    return min([*needed, *dated]) >= place.start


def _of_tiers_there(place: Place, check: Behaviour) -> Behaviour:
    """A check without its claims about tiers that the place has not."""
    missing = set(place.missing_tiers)
    names = {claim: (claim.top, claim.bottom) for claim in check.claims}
    kept = [claim for claim in check.claims if all(missing.isdisjoint(split_name(name)[1]) for name in names[claim])]
    return check if len(kept) == len(check.claims) else replace(check, claims=tuple(kept))


def _check_claim(place: Place, check: Behaviour, claim: Claim) -> None:
    where = f"{check.where}: then: '{claim.text}'"
    for name in (claim.top, claim.bottom) if claim.bottom else (claim.top,):
        _flat(place.model, where, name)
    if not place.start <= claim.first <= claim.last <= LAST_YEAR:
        raise RecordError(f"{where}: its years must lie between {place.start} and {LAST_YEAR}")
    if claim.against == ITSELF and claim.first <= place.start:
        raise RecordError(f"{where}: there is no year before {place.start} with which it could be compared")


def _flat(model: Model, where: str, name: str) -> tuple[str, ...]:
    """The scalars of a variable; those of one without elements are to be summed, which only quantities can be."""
    written, elements = split_name(name)
    if written not in model.variables:
        raise RecordError(f"{where}: '{written}' is no variable{nearest(written, model.variables)}")
    flats = model.flat_names(written)
    if elements:
        wanted = f"{written}[{','.join(elements)}]"
        if wanted not in flats:
            raise RecordError(f"{where}: '{name}': there is no such element{nearest(wanted, flats)}")
        return (wanted,)
    if len(flats) > 1 and not _can_be_summed(model.unit(written)):
        raise RecordError(f"{where}: '{name}' cannot be summed over its elements; name one of {one_of(flats)}")
    return flats


def _can_be_summed(unit: str) -> bool:
    """Whether a unit counts something, at a moment or in a year; shares, prices and times are not summed."""
    counted = unit.removesuffix("/year")
    return "/" not in counted and counted not in ("dimensionless", "year", "1")


def _under(place: Place, check: Behaviour, scenario: str) -> Records:
    try:
        return Scenario.load(scenario).apply(place.model, begin=float(place.start), size=place.against)
    except RecordError as error:
        raise RecordError(f"{check.where}: {error}") from None


def _changed(place: Place, check: Behaviour, base: Records) -> Records:
    """The base's inputs with what is done from its date on; its numbers are of the country's size."""
    model, where = place.model, f"{check.where}: when"
    names = grows(base, (split_name(name)[0] for name in check.when))
    base = place.size.resized(model, base, names, back=True)
    paths = model.path_points(base)
    changes: dict[str, Any] = {}
    for name, value in check.when.items():
        written, elements = split_name(name)
        dated = written in base.levers or written in base.drivers
        if not dated or isinstance(value, (list, Mapping)):
            changes[name] = value
            continue
        for flat in (name,) if elements else model.flat_names(written):
            points = paths.get(flat.replace(" ", ""), ((0.0, value),))
            changes[flat] = _from_to(Path.from_points(points), check.date, check.until, value)
    span = (float(place.start), LAST_YEAR + 1.0)
    changed = apply_changes(model, base, changes, where=where, span=span, begin=span[0])
    return place.size.resized(model, changed, names)


def _from_to(path: Path, date: float, until: float | None, value: float) -> list[list[float]]:
    """A value from a date on; from another date on, the path again."""
    points = [[date, value]]
    if until is not None:
        points += [[until, value], [until, path.value(until)]]
        points += [[day, level] for day, level in zip(path.dates, path.values, strict=True) if day > until]
    return points


# -------------------------------------------------------------------------------------------------------- what is found


def _judge(runs: Beside, check: Behaviour, claim: Claim, run: int, base: int) -> tuple[bool, str]:
    for each in (run, base):
        if runs.failure(each):
            return False, f"the run failed: {runs.failure(each)}"
    years = [int(year) for year in runs.raw.times]
    chosen = [years.index(year) for year in range(claim.first, claim.last + 1)]
    values = _series(runs, check, claim, run)
    if claim.verb in (ABOVE, BELOW):
        return _beyond(claim, [years[place] for place in chosen], values[chosen])
    before = years.index(int(np.floor(check.date)) - 1) if claim.against == ITSELF else 0
    against = np.full(len(years), values[before]) if claim.against == ITSELF else _series(runs, check, claim, base)
    change = values - against
    if claim.unit == "%":
        change = 100 * np.divide(change, np.abs(against), out=np.full(len(change), np.nan), where=against != 0)
    else:
        change = 100 * change
    place, holds = _decisive(claim, change, against, chosen)
    told = f"{against[place]:.4g} to {values[place]:.4g} in {years[place]} ({change[place]:+.3g} {claim.unit})"
    return holds, told


def _series(runs: Beside, check: Behaviour, claim: Claim, run: int) -> NDArray[np.float64]:
    def summed(name: str) -> Any:
        return np.sum([runs.raw[flat][run] for flat in _flat(runs.model, check.where, name)], axis=0)

    return np.asarray(summed(claim.top) / summed(claim.bottom) if claim.bottom else summed(claim.top))


def _beyond(claim: Claim, years: Sequence[int], values: NDArray[np.float64]) -> tuple[bool, str]:
    sign = 1 if claim.verb == ABOVE else -1
    worst = int(np.argmin(sign * values))
    return bool((sign * values > sign * claim.size).all()), f"{values[worst]:.4g} in {years[worst]}"


def _decisive(
    claim: Claim, change: NDArray[np.float64], against: NDArray[np.float64], chosen: Sequence[int]
) -> tuple[int, bool]:
    """The year that decides, and whether the claim holds in it; no number counts as a miss."""
    if claim.verb in (RISES, FALLS):
        sign = 1.0 if claim.verb == RISES else -1.0
        place = max(chosen, key=lambda each: np.nan_to_num(sign * change[each], nan=-np.inf))
        least = claim.size
        if not least:  # a change that can be noticed at all
            least = 100 * NOTICEABLE * (1.0 if claim.unit == "%" else abs(against[place]))
        return place, bool(sign * change[place] >= least)
    place = max(chosen, key=lambda each: np.nan_to_num(abs(change[each]), nan=np.inf))
    return place, bool(abs(change[place]) <= claim.size)
