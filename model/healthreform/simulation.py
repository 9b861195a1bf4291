"""One run: a place under a scenario."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .datasets import to_dataset, written_names
from .engine_use import assert_conserved, base_values, compiled_model, values_at_start
from .place import Place
from .scenario import Scenario
from .setting import LAST_YEAR, STEP, Setting
from .stockflow.errors import RunError

if TYPE_CHECKING:
    import numpy as np
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
        Over time and subscripts, everything with its unit: a stock's value at the end of each year, the total of each
        year of a flow, the mean of anything else.

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
    return result


def run_setting(setting: Setting, *, every_step: bool = False) -> tuple[RawResult, dict[str, NDArray[np.float64]]]:
    """Run a setting once: all values by flat name, and the stocks at the start.

    Raises
    ------
    RunError
        If the run goes wrong: which variable, and when.
    """
    from .stockflow.inputs import make_inputs

    model = setting.model
    compiled = compiled_model(model, None, setting.method, every_step)
    inputs = make_inputs(model.flat, base_values(model, setting.records))
    raw = compiled.run(inputs, setting.first, setting.last, setting.step)
    if raw.failures:
        raise RunError(raw.failures[0].message.removeprefix("run 0: "))
    return raw, values_at_start(model, inputs, setting.first, model.flat.stocks)
