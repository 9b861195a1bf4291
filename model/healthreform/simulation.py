"""One run: a place under a scenario."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .changes import split_name
from .datasets import to_dataset, written_names
from .endings import end_if_told
from .engine_use import assert_conserved, base_values, compiled_model, values_at_start, varied_between
from .place import Place
from .scenario import Scenario
from .setting import LAST_YEAR, STEP, Setting
from .stockflow.errors import RunError
from .stockflow.step_error import StepError, half_step_error

if TYPE_CHECKING:
    import xarray
    from numpy.typing import NDArray

    from .stockflow.results import RawResult


def simulate(
    place: str | os.PathLike[str] | Place = "china",
    scenario: str | os.PathLike[str] | Scenario = "baseline",
    changes: Mapping[str, Any] | None = None,
    *,
    start: int | None = None,
    stop: int = LAST_YEAR,
    step: float = STEP,
    method: str = "rk4",
    every_step: bool = False,
    conservation: bool = True,
) -> xarray.Dataset:
    """Run a place under a scenario.

    Parameters
    ----------
    place, scenario : a name that ``hr.places()`` or ``hr.scenarios()`` lists, or the path of a ``.toml`` file.
    changes : on top of the scenario, by name of a lever, driver or parameter, or ``name[element]``: a number, which
        holds for the whole run, or for levers and drivers dated values, ``{2019: 0.0, 2024: 0.8}``, before the first of
        which history counts, between which the path is straight, and after the last of which it is held; dates may lie
        in the past. In the units of ``hr.levers()`` and ``hr.parameters()``.
    start : the place's first year, which is also what it is if left out.
    stop : last calendar year reported.
    step : in years; must divide a year into whole steps.
    method : ``rk4`` (Runge-Kutta of order four) or ``euler``.
    every_step : values at every step in place of years.
    conservation : whether to check that cash, debts and stocks change by the sum of their flows.

    Returns
    -------
    xarray.Dataset
        Over time and subscripts, everything with its unit: the value at the end of each year of a stock and of a count
        made of stocks, the total of each year of a flow, the mean of anything else; ``reported`` among a variable's
        attributes says which. Of its attributes ``changes_without_effect`` lists the changes
        without any of which everything else would be the same, bit by bit; ``step_error`` is the largest difference
        that half the step makes to a headline outcome, as a share of its largest value, ``step_error_variable`` which.

    Warns
    -----
    StepWarning
        If half the step makes five times the difference that ``healthreform check`` lets pass in a scenario, or more.

    Raises
    ------
    RecordError
        If a name is unknown, or a value or a date cannot be.
    RunError
        If the years, the step or the method cannot be, or the run goes wrong: which variable, and when.
    """
    setting = Setting.read(place, scenario, changes, start=start, stop=stop, step=step, method=method)
    raw, start_values = run_setting(setting, every_step=every_step)
    model = setting.model
    if conservation and not every_step:
        assert_conserved(model, raw, start_values)
    columns = {name: index for index, name in enumerate(raw.names)}
    result = to_dataset(model, written_names(model), raw.values, columns, raw.times, every_step=every_step)
    for name, variable in model.variables.items():
        if variable.role == "stock":
            begun = [float(start_values[flat][0]) for flat in model.flat_names(name)]
            result[name].attrs["at_start"] = begun if variable.over else begun[0]
    result.attrs = setting.provenance()
    beside = _Beside.run(setting, None if every_step else raw)
    if beside.error is not None:
        result.attrs |= beside.error.attributes()
        beside.error.warn(setting.step, setting.method)
    result.attrs["changes_without_effect"] = json.dumps(beside.without_effect())
    return result


def run_setting(setting: Setting, *, every_step: bool = False) -> tuple[RawResult, dict[str, NDArray[np.float64]]]:
    """Run a setting once: all values by flat name, and the stocks at the start.

    Raises
    ------
    RunError
        If the run goes wrong: which variable, and when.
    """
    from .stockflow.inputs import make_inputs

    end_if_told()
    model = setting.model
    compiled = compiled_model(model, None, setting.method, every_step)
    inputs = make_inputs(model.flat, base_values(model, setting.records))
    raw = compiled.run(inputs, setting.first, setting.last, setting.step)
    if raw.failures:
        raise RunError(raw.failures[0].message.removeprefix("run 0: "))
    return raw, values_at_start(model, inputs, setting.first, model.flat.stocks)


@dataclass(frozen=True)
class _Beside:
    """Runs that tell about a run: itself, then itself without each of its changes, and itself at half the step.

    A vector has lanes for eight runs, so that up to seven changes are tried out in the time of one run.  The error of
    the step is judged on the headline outcomes; of a model that has none, on everything.
    """

    setting: Setting
    live: tuple[str, ...]
    runs: RawResult
    error: StepError | None

    @classmethod
    def run(cls, setting: Setting, raw: RawResult | None) -> _Beside:
        """Run them; ``raw`` is the run itself by years, if it is known."""
        from .stockflow.inputs import make_inputs

        model, step = setting.model, setting.step
        live = tuple(str(text) for text in setting.changes if str(text) not in setting.idle)
        values = [base_values(model, records) for records in (setting.records, *map(setting.without, live))]
        inputs = make_inputs(model.flat, values[0], varied_between(model, values), len(values))
        compiled = compiled_model(model, None, setting.method, False)
        years = (setting.first, setting.last)
        runs = raw if raw is not None and not live else compiled.run(inputs, *years, step)
        names = [name for name, variable in model.variables.items() if variable.outcome] or model.variables
        error = half_step_error(model, compiled, inputs.part(0, 1), years, step, names, whole=runs)
        return cls(setting, live, runs, error)

    def without_effect(self) -> list[str]:
        """Changes to what holds anyway, and those without which everything else is the same, bit by bit.

        Prices and shares of a tier that the place has not are of no account: nobody pays them.
        """
        model, idle, missing = self.setting.model, set(self.setting.idle), set(self.setting.place.missing_tiers)
        for run, text in enumerate(self.live, start=1):
            own = model.flat_names(split_name(text)[0])
            others = [
                column
                for column, name in enumerate(self.runs.names)
                if name not in own and missing.isdisjoint(split_name(name)[1])
            ]
            if np.array_equal(self.runs.values[0][:, others], self.runs.values[run][:, others]):
                idle.add(text)
        return [str(text) for text in self.setting.changes if str(text) in idle]
