"""What ``healthreform check`` does: the battery that a model has to pass before its numbers are believed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .assembly import sector_modules
from .behaviour_checks import Judged, judged, too_early
from .changes import split_name
from .engine_use import assert_conserved
from .extremes import SMALL, endings
from .family_members import family_members, policies_of_others
from .flows_of_money import ROUND_OFF, national_accounts, untold_payments
from .gains_and_losses import TOTAL, ledger
from .gains_of_loops import gains
from .headed_file import shipped_names
from .inventory import levers
from .named_loops import read_loops
from .place import Place
from .scenario import Scenario
from .setting import LAST_YEAR, STEP, Setting
from .side_by_side import run_beside
from .simulation import run_setting, simulate
from .stockflow.conservation import negative_payments
from .stockflow.errors import StockflowError
from .stockflow.interpret import Interpreter
from .stockflow.model import build
from .structural_sensitivity import WHOLE, answered_gains, loop_cuts
from .sweeping import sweep

if TYPE_CHECKING:
    import pandas

    from .stockflow.results import RawResult

#: Largest error of the step that passes, as a share of a variable's largest value.
INTEGRATION_ERROR = 1e-3
#: A share, ratio or index that never reaches this is judged as if it did: what is nearly nothing may err by as much.
NEARLY_NOTHING = 1e-3
#: Units of shares, ratios and indices, and of their rates.
_PLAIN = ("dimensionless", "1/year")
#: Largest difference between the kernel and the interpreter that passes, likewise.
KERNEL_ERROR = 1e-9
#: Years over which the slow interpreter is compared with the kernel.
REFERENCE_YEARS = 2
#: The year in which each lever is moved to see whether it does anything.
LEVER_YEAR = 2026
#: The reform, and the year of its effect, of which it is told how much hangs on each loop and who gains by it.
PACKAGE, PACKAGE_YEAR = "linked_package", 2035


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    passed : false where something is wrong that nobody has accounted for.
    miss : whether it is a miss that is known and explained where the claim is written.
    """

    name: str
    passed: bool
    result: str
    miss: bool = False


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
        By check: passed, the result in a line, and miss: whether it is known and explained, which passes.
    """
    import pandas

    found = [vars(finding) for finding in findings(place, quick=quick)]
    return pandas.DataFrame(found).set_index("name")


def findings(place: str | os.PathLike[str] | Place, *, quick: bool = False) -> Iterator[Finding]:
    """The checks one by one, quick ones first, each as it is done; an error of the package is a finding, not an end."""
    here = Place.load(place)
    missed = set()
    for finding in _found(here, quick):
        told = _explained(here, finding)
        missed |= {told.name} if told.miss else set()
        yield told
    if not quick and (stale := sorted(set(here.misses) - missed)):
        yield Finding("known misses", False, f"{here.file}: misses: nothing of the name fails: {', '.join(stale)}")


def _explained(here: Place, finding: Finding) -> Finding:
    """What fails and is accounted for in the place's own file is a known miss."""
    reason = "" if finding.passed else here.misses.get(finding.name, "")
    return (
        replace(finding, passed=True, miss=True, result=f"{finding.result} Known miss: {reason}") if reason else finding
    )


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
        yield Finding(name, False, str(error))


def _judged(name: str, judge: Callable[[Place], tuple[bool, str]], place: Place) -> Finding:
    try:
        return Finding(name, *judge(place))
    except StockflowError as error:
        return Finding(name, False, str(error))


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


def _units(place: Place) -> tuple[bool, str]:
    """Build again with nothing remembered: every equation is executed on units, every name must be known and used."""
    modules = sector_modules()
    model = build(modules, place.model.records, check_units=True)
    return True, f"{len(model.variables)} equations executed on units; every name known, every input used"


def _conservation(place: Place) -> tuple[bool, str]:
    worst: dict[str, float] = {}
    wrong_way: set[str] = set()
    names = shipped_names("scenarios")
    for scenario in names:
        setting = _setting(place, scenario)
        raw, start = run_setting(setting)
        for kind, error in assert_conserved(place.model, raw, start).items():
            worst[kind] = max(worst.get(kind, 0.0), error)
        values = dict(raw.columns())
        wrong_way |= {split_name(flow)[0] for flow in negative_payments(place.model.ledger, values)}
    errors = ", ".join(f"{kind} {error:.1e}" for kind, error in worst.items())
    backward = f"; payments that run backward: {', '.join(sorted(wrong_way))}" if wrong_way else ""
    return not wrong_way, f"{len(names)} scenarios to {LAST_YEAR}; largest error: {errors}{backward}"


def _setting(place: Place, scenario: str = "baseline", stop: int = LAST_YEAR, step: float = STEP) -> Setting:
    return Setting.read(place, scenario, None, start=None, stop=stop, step=step, method="rk4")


def _integration(place: Place) -> tuple[bool, str]:
    """Judged on the outcomes of every scenario; of the stocks, of which some hover about zero, the worst is told."""
    foreign = policies_of_others(place)
    names = [name for name in shipped_names("scenarios") if name not in foreign]
    records = [Scenario.load(name).apply(place.model, begin=float(place.start), size=place.against) for name in names]
    whole, half = (run_beside(place.model, records, place.start, step=STEP / parts).raw for parts in (1, 2))
    for raw in (whole, half):
        raw.raise_if_failed()
    variables = place.model.variables.items()
    outcomes = {name for name, variable in variables if variable.outcome}
    found = {name: _largest_difference(place, whole, half, outcomes, run) for run, name in enumerate(names)}
    stocks = {name for name, variable in variables if variable.role == "stock"}
    stock, other = _largest_difference(place, whole, half, stocks, names.index("baseline"))
    told = ", ".join(f"{name} {error:.1e} ({worst})" for name, (worst, error) in found.items())
    text = f"step 1/{round(1 / STEP)} against half of it, outcomes at most: {told}"
    text += f"; stocks in baseline {other:.1e} ({stock})"
    if foreign:
        text += f"; not asked, as it is the policy of another place and years: {', '.join(foreign)}"
    return max(error for _, error in found.values()) <= INTEGRATION_ERROR, text


def _largest_difference(
    place: Place, found: RawResult, true: RawResult, among: set[str], run: int
) -> tuple[str, float]:
    """Of some written names, the one with the largest difference as a share of its largest value."""
    written = {name for name in among if _is_compared(place, name)}
    columns = [i for i, name in enumerate(true.names) if split_name(name)[0] in written]
    plain = [place.model.unit(split_name(true.names[i])[0]) == "dimensionless" for i in columns]
    sizes = np.maximum(np.abs(true.values[run][:, columns]).max(axis=0), np.where(plain, NEARLY_NOTHING, 0.0))
    apart = np.abs(found.values[run] - true.values[run])[:, columns].max(axis=0) / np.where(sizes > 0, sizes, 1.0)
    index = int(np.argmax(apart))
    return true.names[columns[index]], float(apart[index])


def _is_compared(place: Place, name: str) -> bool:
    """Whether its size means something: not made for a delay or smooth, and not a balance, which is round-off."""
    variable = place.model.variables.get(name)
    return variable is None or (variable.generated_by is None and variable.kind != "balance")


def _reference(place: Place) -> tuple[bool, str]:
    last = place.start + REFERENCE_YEARS - 1
    raw, _ = run_setting(_setting(place, stop=last))
    trajectory = Interpreter(place.model).run(place.start, last, STEP)
    names = [name for name in raw.names if name in trajectory.values and _is_compared(place, split_name(name)[0])]
    units = {name: place.model.unit(split_name(name)[0]) for name in names}
    sizes = {name: float(np.abs(trajectory.values[name]).max()) for name in names}
    largest: dict[str, float] = {}
    for name, size in sizes.items():
        largest[units[name]] = max(largest.get(units[name], 0.0), size)
    worst, error = "", 0.0
    for name in names:
        # Less than this may be round-off itself.
        least = NEARLY_NOTHING if units[name] in _PLAIN else SMALL * largest[units[name]]
        size = max(sizes[name], least) or 1.0
        apart = float(np.abs(raw[name][0] - trajectory.values[name]).max()) / size
        if not apart <= error:
            worst, error = name, apart
    return error <= KERNEL_ERROR, f"{REFERENCE_YEARS} years by kernel and by interpreter: at most {error:.1e} ({worst})"


def _adaptive(place: Place) -> tuple[bool, str]:
    """Integrate piece by piece between the dates at which an input bends, so that the solver meets no kink."""
    from scipy.integrate import solve_ivp

    stop = place.start + REFERENCE_YEARS
    interpreter = Interpreter(place.model)
    rate, state = interpreter.right_hand_side(float(place.start))
    bends = {date for points in place.model.path_points().values() for date, _ in points}
    dates = sorted({float(place.start), float(stop)} | {date for date in bends if place.start < date < stop})
    for begin, end in pairwise(dates):
        solved = solve_ivp(rate, (begin, np.nextafter(end, begin)), state, method="RK45", rtol=1e-8, atol=1e-6)
        if not solved.success:
            return False, f"the solver stopped at {solved.t[-1]:g}: {solved.message}"
        state = solved.y[:, -1]
    raw, _ = run_setting(_setting(place, stop=stop - 1))
    true = dict(zip(interpreter.stock_names(), state, strict=True))
    sizes = {name: max(abs(value), float(np.abs(raw[name]).max())) or 1.0 for name, value in true.items()}
    apart = {name: abs(raw[name][0, -1] - value) / sizes[name] for name, value in true.items()}
    worst = max(apart, key=lambda name: apart[name])
    error = float(apart[worst])
    return error <= INTEGRATION_ERROR, f"RK45, rtol 1e-8, {REFERENCE_YEARS} years: at most {error:.1e} ({worst})"


def _levers(place: Place) -> tuple[bool, str]:
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
    failures = [
        f"{design.columns[(run - 1) // 2]} at {design.iloc[run, (run - 1) // 2]:g}: {text}"
        for run, text in enumerate(runs["failure"].values)
        if text
    ]
    dead = [
        name
        for column, name in enumerate(table.index)
        if not any(_differs(runs, run) for run in (1 + 2 * column, 2 + 2 * column))
    ]
    text = f"{len(table)} levers from {LEVER_YEAR}, each alone to both ends of its range: {len(table) - len(dead)} act"
    if dead:
        text += f"; without effect there: {', '.join(dead)}"
    if failures:
        text += f"; {len(failures)} runs failed, the first: {failures[0]}"
    return not failures, text


def _differs(runs: Any, run: int) -> bool:
    outcomes = [values for values in runs.data_vars.values() if {"run", "time"} <= set(values.dims)]
    return any(not np.array_equal(values[run].values, values[0].values) for values in outcomes)


def _loops(place: Place) -> Iterator[Finding]:
    for loop in read_loops().values():
        name = f"loop: {loop.title}"
        try:
            found = loop.found(place)
        except StockflowError as error:
            yield Finding(name, False, str(error))
            continue
        fits = found.polarity == loop.polarity
        wanted = "" if fits else f", declared {loop.polarity}: {found}"
        yield Finding(name, fits, f"{found.polarity}, {len(found.names)} links{wanted}")


def _gains(place: Place) -> Iterator[Finding]:
    """Gains of the reinforcing loops, at the start and at the ends of the ranges of the parameters on them."""
    for gain in gains(place):
        yield Finding(f"gain: {gain.loop.title}", gain.passed, str(gain))


def _accounts(place: Place) -> tuple[bool, str]:
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
    return worst <= ROUND_OFF and not untold, text


def _behaviour(place: Place) -> Iterator[Finding]:
    """All claims of ``behaviour.toml``; what does not hold is a finding of its own, and passes if explained."""
    found = list(judged(place))
    held = sum(each.holds for each in found)
    known = {each.behaviour.name: _why_missed(place, each) for each in found}
    passed = all(each.holds or known[each.behaviour.name] for each in found)
    checks = len({each.behaviour.name for each in found})
    text = f"{held} of {len(found)} claims hold, in {checks} checks"
    if place.policy:
        text += f"; asked under the policy of {place.based_on}, without {place.policy}"
    if early := too_early(place):
        text += f"; not asked, as they need years before {place.start}: {len(early)}"
    yield Finding("behaviour", passed, text)
    for each in found:
        if not each.holds:
            miss = known[each.behaviour.name]
            text = f"{each.claim.text}: {each.found}; expected because: {each.behaviour.why}"
            text += f" Known miss: {miss}" if miss else ""
            yield Finding(f"behaviour: {each.behaviour.name}", bool(miss), text, bool(miss))


def _why_missed(place: Place, each: Judged) -> str:
    return each.behaviour.miss or place.misses.get(f"behaviour: {each.behaviour.name}", "")


def _extremes(place: Place) -> Iterator[Finding]:
    for ending in endings(place):
        yield Finding(f"extreme: {ending.title}", ending.sense, ending.told)


def _cuts(place: Place) -> tuple[bool, str]:
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
    return len(ended) < len(table) - 1, text


def _answered(place: Place) -> tuple[bool, str]:
    """The reinforcing loops by experiment, with all else answering: no change may feed itself."""
    names = [name for name, loop in read_loops().items() if loop.polarity == "reinforcing"]
    found = answered_gains(place, names)
    told = ", ".join(f"{name} {gain:.2g} ({element})" for name, (gain, element) in found.items())
    largest = max(gain for gain, _ in found.values())
    return largest < 1, f"one percent more at each loop's cut, for all years; what has come back by {LAST_YEAR}: {told}"


#: By name, checks with one finding; those with several; and those that take more than a few seconds.
_CHECKS: dict[str, Callable[[Place], tuple[bool, str]]] = {
    "units and closed world": _units,
    "conservation": _conservation,
    "accounts": _accounts,
    "integration error": _integration,
    "family members": family_members,
}
_SEVERAL: dict[str, Callable[[Place], Iterator[Finding]]] = {
    "loops": _loops,
    "gains": _gains,
    "behaviour": _behaviour,
    "extremes": _extremes,
}
_SLOW: dict[str, Callable[[Place], tuple[bool, str]]] = {
    "kernel and reference": _reference,
    "levers": _levers,
    "loops cut": _cuts,
    "gains with all else answering": _answered,
    "adaptive solver": _adaptive,
}
