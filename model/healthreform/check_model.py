"""What ``healthreform check`` does: the battery that a model has to pass before its numbers are believed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .assembly import sector_modules
from .behaviour_checks import judged, too_early
from .changes import split_name
from .check_findings import Finding, Verdict
from .check_numbers import adaptive, integration, reference, setting_of
from .endings import end_if_told
from .engine_use import assert_conserved
from .extremes import endings
from .family_members import family_members
from .flows_of_money import ROUND_OFF, national_accounts, untold_payments
from .gains_and_losses import TOTAL, ledger
from .gains_of_loops import gains
from .headed_file import shipped_names
from .inventory import levers
from .known_misses import KnownMisses
from .named_loops import read_loops
from .place import Place
from .setting import LAST_YEAR
from .simulation import run_setting, simulate
from .stockflow.conservation import negative_payments
from .stockflow.errors import StockflowError, one_of
from .stockflow.model import build
from .structural_sensitivity import WHOLE, answered_gains, loop_cuts
from .sweeping import sweep

if TYPE_CHECKING:
    import pandas

#: The year in which each lever is moved to see whether it does anything.
LEVER_YEAR = 2026
#: The reform, and the year of its effect, of which it is told how much hangs on each loop and who gains by it.
PACKAGE, PACKAGE_YEAR = "linked_package", 2035


def check(place: str | os.PathLike[str] | Place = "china", *, quick: bool = False) -> pandas.DataFrame:
    """Check a place's model.

    Parameters
    ----------
    place : as for ``simulate``.
    quick : leave out what takes more than a few seconds: the interpreter, SciPy's adaptive solver, levers one by one
        and loops cut one by one.

    Returns
    -------
    pandas.DataFrame
        By check: passed, the result in a line, miss: whether it is known and explained, which passes, failed: the
        claims that fail, if the check makes several, and error: whether no claim failed but the check or a run of it.

    Raises
    ------
    RecordError
        If the place's file explains a miss of a check or a claim that there is not.
    """
    import pandas

    found = [vars(finding) for finding in findings(place, quick=quick)]
    return pandas.DataFrame(found).set_index("name")


def findings(place: str | os.PathLike[str] | Place, *, quick: bool = False) -> Iterator[Finding]:
    """The checks one by one, quick ones first, each as it is done; an error of the package is a finding, not an end."""
    here = Place.load(place)
    known = KnownMisses.of(here)
    told = []
    for finding in _found(here, quick):
        end_if_told()
        told.append(known.explained(finding))
        yield told[-1]
    if gone := known.gone(told, _SLOW if quick else ()):
        yield gone


def _found(here: Place, quick: bool) -> Iterator[Finding]:
    yield _counts(here)
    for name, judge in _CHECKS.items():
        yield _judged(name, judge, here)
    for name, several in _SEVERAL.items():
        yield from _each(name, several, here)
    for name, judge in _SLOW.items() if not quick else ():
        yield _judged(name, judge, here)


def _each(name: str, several: Callable[[Place], Iterator[Finding]], place: Place) -> Iterator[Finding]:
    try:
        yield from several(place)
    except StockflowError as error:
        yield Finding(name, False, str(error), error=True)


def _judged(name: str, judge: Callable[[Place], Verdict], place: Place) -> Finding:
    try:
        passed, told, failed = judge(place)
    except StockflowError as error:
        return Finding(name, False, str(error), error=True)
    return Finding(name, passed, told, failed=failed)


def _counts(place: Place) -> Finding:
    model = place.model
    written = [variable for variable in model.variables.values() if variable.generated_by is None]
    moving = [variable for variable in written if variable.role == "stock" or variable.kind in ("delay", "pipeline")]
    systems = {row for lever in model.records.levers.values() for row in lever.system}
    return Finding(
        "size",
        True,
        f"{len(written)} written equations, {len(model.flat.equations) + len(model.flat.stocks)} after expansion; "
        f"{len(model.flat.stocks)} stocks ({len(moving)} written); {len(model.records.levers)} levers "
        f"({len(model.flat.paths)} dated inputs), {len(systems)} of 32 systems; "
        f"{len(model.flat.parameters)} parameter values; {len(model.payments)} payments",
    )


def _units(place: Place) -> Verdict:
    """Build again with nothing remembered: every equation is executed on units, every name must be known and used."""
    modules = sector_modules()
    model = build(modules, place.model.records, check_units=True)
    return Verdict(True, f"{len(model.variables)} equations executed on units; every name known, every input used")


def _conservation(place: Place) -> Verdict:
    worst: dict[str, float] = {}
    wrong_way: set[str] = set()
    names = shipped_names("scenarios")
    for scenario in names:
        raw, start = run_setting(setting_of(place, scenario))
        for kind, error in assert_conserved(place.model, raw, start).items():
            worst[kind] = max(worst.get(kind, 0.0), error)
        values = dict(raw.columns())
        wrong_way |= {split_name(flow)[0] for flow in negative_payments(place.model.ledger, values)}
    errors = ", ".join(f"{kind} {error:.1e}" for kind, error in worst.items())
    backward = f"; payments that run backward: {', '.join(sorted(wrong_way))}" if wrong_way else ""
    told = f"{len(names)} scenarios to {LAST_YEAR}; largest error: {errors}{backward}"
    return Verdict(not wrong_way, told, tuple(sorted(wrong_way)))


def _levers(place: Place) -> Verdict:
    """Each lever alone to the ends of its range, against none moved; one that moves no outcome is named."""
    import pandas

    table = levers(place, elements=True)
    base = table["value"].to_numpy(float)
    rows = [base]
    for column, (low, high) in enumerate(zip(table["low"], table["high"], strict=True)):
        for end in (low, high):
            row = base.copy()
            row[column] = end
            rows.append(row)
    design = pandas.DataFrame(rows, columns=list(table.index))
    runs: Any = sweep(place, "baseline", design, ramp=(LEVER_YEAR, LEVER_YEAR))
    failures = [(number, text) for number, text in enumerate(runs["failure"].values) if text]
    failed = [design.columns[(number - 1) // 2] if number else "none moved" for number, _ in failures]
    dead = [
        name
        for column, name in enumerate(table.index)
        if not any(_differs(runs, run) for run in (1 + 2 * column, 2 + 2 * column))
    ]
    text = f"{len(table)} levers from {LEVER_YEAR}, each alone to both ends of its range: {len(table) - len(dead)} act"
    if dead:
        text += f"; without effect there: {', '.join(dead)}"
    if failures:
        number, why = failures[0]
        moved = f" at {design.iloc[number, (number - 1) // 2]:g}" if number else ""
        text += f"; {len(failures)} runs failed, the first: {failed[0]}{moved}: {why}"
    return Verdict(not failures, text, tuple(dict.fromkeys(failed)))


def _differs(runs: Any, run: int) -> bool:
    outcomes = [values for values in runs.data_vars.values() if {"run", "time"} <= set(values.dims)]
    return any(not np.array_equal(values[run].values, values[0].values) for values in outcomes)


def _loops(place: Place) -> Iterator[Finding]:
    for loop in read_loops().values():
        name = f"loop: {loop.title}"
        try:
            found = loop.found(place)
        except StockflowError as error:
            yield Finding(name, False, str(error), error=True)
            continue
        fits = found.polarity == loop.polarity
        wanted = "" if fits else f", declared {loop.polarity}: {found}"
        yield Finding(name, fits, f"{found.polarity}, {len(found.names)} links{wanted}")


def _gains(place: Place) -> Iterator[Finding]:
    """Gains of the reinforcing loops, at the start and at the ends of the ranges of the parameters on them."""
    for gain in gains(place):
        yield Finding(f"gain: {gain.loop.title}", gain.passed, str(gain))


def _accounts(place: Place) -> Verdict:
    """National accounts told by provider and by function, and the ledger of a reform, add up to round-off."""
    base, reform = (simulate(place, scenario) for scenario in ("baseline", PACKAGE))
    untold = untold_payments(base)
    worst = 0.0
    for year in (place.start, PACKAGE_YEAR, LAST_YEAR):
        plain = national_accounts(base, year)
        for by in ("function", "both"):
            told = national_accounts(base, year, by=by).iloc[:, -1]
            worst = max(worst, float((told - plain[TOTAL]).abs().max()) / plain.loc[TOTAL, TOTAL])
    gained = ledger(reform, base)
    worst = max(worst, float((gained.sum().abs() / gained.abs().sum().replace(0.0, 1.0)).max()))
    sides = gained[PACKAGE_YEAR].sort_values() / 1e9
    text = (
        f"by provider, function and both, and the ledger of every year: off by at most {worst:.1e}; {PACKAGE} in "
        f"{PACKAGE_YEAR}, billion yuan: most for {sides.index[-1]} {sides.iloc[-1]:+.0f}, {sides.index[-2]} "
        f"{sides.iloc[-2]:+.0f}, most from {sides.index[0]} {sides.iloc[0]:+.0f}, {sides.index[1]} {sides.iloc[1]:+.0f}"
    )
    if untold:
        text += f"; what for is not told of: {', '.join(untold)} (name them in functions_of_care.toml)"
    closed = worst <= ROUND_OFF
    return Verdict(closed and not untold, text, tuple(untold) if closed else ())


def _behaviour(place: Place) -> Iterator[Finding]:
    """All claims of ``behaviour.toml``; what does not hold is a finding of its own, and passes if explained."""
    found, known = list(judged(place)), KnownMisses.of(place)
    broken = []
    for each in found:
        if not each.holds:
            text = f"{each.claim.text}: {each.found}; expected because: {each.behaviour.why}"
            name = f"behaviour: {each.behaviour.name}"
            broken.append(known.explained(Finding(name, False, text, failed=(each.claim.text,))))
    checks = len({each.behaviour.name for each in found})
    text = f"{len(found) - len(broken)} of {len(found)} claims hold, in {checks} checks"
    if place.policy:
        text += f"; asked under the policy of {place.based_on}, without {place.policy}"
    if early := too_early(place):
        text += f"; not asked, as they need years before {place.start}: {len(early)}"
    if place.missing_tiers:
        text += f"; nothing is asked about {one_of(place.missing_tiers)} hospitals, which it has not"
    yield Finding("behaviour", all(finding.passed for finding in broken), text)
    yield from broken


def _extremes(place: Place) -> Iterator[Finding]:
    for ending in endings(place):
        name = f"extreme: {ending.title}"
        yield Finding(name, ending.sense, ending.told, failed=ending.failed, error=ending.senseless)


def _cuts(place: Place) -> Verdict:
    """How much of a reform's effect hangs on one loop: the one without which each outcome changes most."""
    table = loop_cuts(place, PACKAGE, year=PACKAGE_YEAR)
    told = []
    for outcome, unit in table.attrs["units"].items():
        effect = table[outcome].astype(float)
        loop = (effect - effect[WHOLE]).abs().idxmax()
        told.append(f"{outcome} {effect[WHOLE]:+.3g} {unit} ({effect[loop]:+.3g} without {loop})")
    text = f"{PACKAGE} in {PACKAGE_YEAR}, {len(table) - 1} loops cut one by one: {', '.join(told)}"
    ended = [f"{loop} ({reason})" for loop, reason in table.attrs["ended"].items()]
    if ended:
        text += f"; nothing told of loops whose cut takes what is not there: {', '.join(ended)}"
    return Verdict(len(ended) < len(table) - 1, text)


def _answered(place: Place) -> Verdict:
    """The reinforcing loops by experiment, with all else answering: no change may feed itself."""
    names = [name for name, loop in read_loops().items() if loop.polarity == "reinforcing"]
    found = answered_gains(place, names)
    told = ", ".join(f"{name} {gain:.2g} ({element})" for name, (gain, element) in found.items())
    failed = tuple(name for name, (gain, _) in found.items() if not gain < 1)
    text = f"one percent more at each loop's cut, for all years; what has come back by {LAST_YEAR}: {told}"
    return Verdict(not failed, text, failed)


#: By name, checks with one finding; those with several; and those that take more than a few seconds.
_CHECKS: dict[str, Callable[[Place], Verdict]] = {
    "units and closed world": _units,
    "conservation": _conservation,
    "accounts": _accounts,
    "integration error": integration,
    "family members": family_members,
}
_SEVERAL: dict[str, Callable[[Place], Iterator[Finding]]] = {
    "loops": _loops,
    "gains": _gains,
    "behaviour": _behaviour,
    "extremes": _extremes,
}
_SLOW: dict[str, Callable[[Place], Verdict]] = {
    "kernel and reference": reference,
    "levers": _levers,
    "loops cut": _cuts,
    "gains with all else answering": _answered,
    "adaptive solver": adaptive,
}
