"""Checks of a run's numbers: against half the step, the interpreter, and a solver that chooses its own steps."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .changes import split_name
from .check_findings import Verdict
from .engine_use import base_values
from .extremes import SMALL
from .family_members import policies_of_others
from .headed_file import shipped_names
from .place import Place
from .scenario import Scenario
from .setting import LAST_YEAR, STEP, Setting
from .side_by_side import run_beside
from .simulation import run_setting
from .stockflow.adaptive import AdaptiveSolver
from .stockflow.interpret import Interpreter
from .stockflow.results import RawResult
from .stockflow.step_error import compared_names, sizes

#: Largest error of the step that passes, as a share of a variable's largest value: less than any figure told shows, and
#: far less than what parameters leave open.  A user is warned from five times as much on: in a run at ends of its
#: ranges an outbreak's turns alone move what crosses nought by more than passes in a scenario.
INTEGRATION_ERROR = 1e-3
#: A share, ratio or index that never reaches this is judged as if it did: what is nearly nothing may err by as much.
NEARLY_NOTHING = 1e-3
#: Units of shares, ratios and indices, and of their rates.
_PLAIN = ("dimensionless", "1/year")
#: Largest difference between the kernel and the interpreter that passes, likewise.
KERNEL_ERROR = 1e-9
#: Years over which the slow interpreter is compared with the kernel.
REFERENCE_YEARS = 2
#: What the adaptive solver is allowed in each step: its own error over a whole run is then below 1e-5 (against 1e-9),
#: a hundredth of the error that passes.
TOLERANCE = 1e-8
#: The scenarios that it runs: each takes two seconds.
ADAPTIVE = ("baseline", "linked_package")


def setting_of(place: Place, scenario: str = "baseline", stop: int = LAST_YEAR, step: float = STEP) -> Setting:
    """A run of a place from its start, by Runge-Kutta."""
    return Setting.read(place, scenario, None, start=None, stop=stop, step=step, method="rk4")


def integration(place: Place) -> Verdict:
    """Judged on the outcomes of every scenario; of the stocks, of which some hover about zero, the worst is told."""
    foreign = policies_of_others(place)
    names = [name for name in shipped_names("scenarios") if name not in foreign]
    records = [Scenario.load(name).apply(place.model, begin=float(place.start), size=place.against) for name in names]
    whole, half = (run_beside(place.model, records, place.start, step=STEP / parts).raw for parts in (1, 2))
    for raw in (whole, half):
        raw.raise_if_failed()
    variables = place.model.variables.items()
    outcomes = {name for name, variable in variables if variable.outcome}
    found = {name: _differences(place, whole, half, outcomes, run) for run, name in enumerate(names)}
    stocks = {name for name, variable in variables if variable.role == "stock"}
    of_stocks = _differences(place, whole, half, stocks, names.index("baseline"))
    told = ", ".join(f"{name} {_worst(errors)}" for name, errors in found.items())
    text = f"step 1/{round(1 / STEP)} against half of it, outcomes at most: {told}"
    text += f"; stocks in baseline {_worst(of_stocks)}"
    if foreign:
        text += f"; not asked, as it is the policy of another place and years: {', '.join(foreign)}"
    failed = _beyond(found.values(), INTEGRATION_ERROR)
    return Verdict(not failed, text, failed)


def _differences(place: Place, found: RawResult, true: RawResult, among: set[str], run: int) -> dict[str, float]:
    """Of some written names, by flat name the largest difference as a share of the largest value."""
    written = set(compared_names(place.model, among))
    columns = [i for i, name in enumerate(true.names) if split_name(name)[0] in written]
    names = [true.names[i] for i in columns]
    right = true.values[run][:, columns]
    apart = np.abs(found.values[run][:, columns] - right).max(axis=0) / sizes(place.model, names, right, NEARLY_NOTHING)
    return dict(zip(names, apart.tolist(), strict=True))


def _worst(errors: dict[str, float]) -> str:
    name = max(errors, key=lambda each: np.nan_to_num(errors[each], nan=np.inf))
    return f"{errors[name]:.1e} ({name})"


def _beyond(errors: Iterable[dict[str, float]], limit: float) -> tuple[str, ...]:
    """Written names of what errs by more than a limit; no number is more."""
    flats = (name for each in errors for name, error in each.items() if not error <= limit)
    return tuple(dict.fromkeys(split_name(name)[0] for name in flats))


def reference(place: Place) -> Verdict:
    """The kernel against the plain interpreter of the equations as they are written."""
    last = place.start + REFERENCE_YEARS - 1
    raw, _ = run_setting(setting_of(place, stop=last))
    trajectory = Interpreter(place.model).run(place.start, last, STEP)
    written = set(compared_names(place.model, place.model.variables))
    names = [name for name in raw.names if name in trajectory.values and split_name(name)[0] in written]
    units = {name: place.model.unit(split_name(name)[0]) for name in names}
    reached = {name: float(np.abs(trajectory.values[name]).max()) for name in names}
    largest: dict[str, float] = {}
    for name, size in reached.items():
        largest[units[name]] = max(largest.get(units[name], 0.0), size)
    errors = {}
    for name in names:
        # Less than this may be round-off itself.
        least = NEARLY_NOTHING if units[name] in _PLAIN else SMALL * largest[units[name]]
        size = max(reached[name], least) or 1.0
        errors[name] = float(np.abs(raw[name][0] - trajectory.values[name]).max()) / size
    failed = _beyond([errors], KERNEL_ERROR)
    return Verdict(
        not failed, f"{REFERENCE_YEARS} years by kernel and by interpreter: at most {_worst(errors)}", failed
    )


def adaptive(place: Place) -> Verdict:
    """Stocks at the end of each year of whole runs; told too is the worst beside what a stock had reached by then."""
    solver = AdaptiveSolver(place.model.flat, TOLERANCE)
    names = list(place.model.flat.stocks)
    found: dict[str, dict[str, float]] = {}
    early: dict[str, float] = {}
    for scenario in ADAPTIVE:
        setting = setting_of(place, scenario)
        raw, _ = run_setting(setting)
        true = solver.run(base_values(setting.model, setting.records), setting.first, setting.last)
        stepped = np.array([raw[name][0] for name in names]).T
        largest = sizes(place.model, names, true, NEARLY_NOTHING)
        apart = np.abs(stepped - true)
        found[scenario] = dict(zip(names, (apart / largest).max(axis=0).tolist(), strict=True))
        reached = np.maximum.accumulate(np.maximum(np.abs(true), NEARLY_NOTHING * largest))
        for name, error in zip(names, (apart / reached).max(axis=0).tolist(), strict=True):
            early[name] = max(early.get(name, 0.0), error)
    told = ", ".join(f"{scenario} {_worst(errors)}" for scenario, errors in found.items())
    text = f"RK45, rtol {TOLERANCE:.0e}, {place.start} to {LAST_YEAR}, stocks at most: {told}"
    text += f"; beside what was reached by then {_worst(early)}"
    failed = _beyond(found.values(), INTEGRATION_ERROR)
    return Verdict(not failed, text, failed)
