"""Many runs at once: a place under a scenario, and a design with one row for each run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .datasets import to_dataset, written_names
from .design_table import Design, Ramp, check_apart, read_design
from .engine_use import assert_conserved, base_values, compiled_model, needed_for_checks, values_at_start
from .observations import observed_variables
from .place import Place
from .scenario import Scenario
from .setting import LAST_YEAR, STEP, Setting
from .stockflow.errors import RecordError, RunError, nearest
from .stockflow.expand import flat_names
from .stockflow.inputs import RunInputs, make_inputs
from .stockflow.model import Model

if TYPE_CHECKING:
    import pandas
    import xarray

    from .stockflow.kernel import Compiled

#: Runs computed together: many enough to fill the vectors of all threads, few enough to keep memory flat.
CHUNK = 512


def sweep(
    place: str | os.PathLike[str] | Place,
    scenario: str | os.PathLike[str] | Scenario,
    design: pandas.DataFrame,
    *,
    changes: Mapping[str, Any] | None = None,
    ramp: Ramp | None = None,
    keep: Sequence[str] | None = None,
    start: int | None = None,
    stop: int = LAST_YEAR,
    step: float = STEP,
    method: str = "rk4",
    threads: int | None = None,
    conservation: bool = True,
    progress: Callable[[int], None] | None = None,
) -> xarray.Dataset:
    """Run a place under a scenario once for each row of a design.

    Parameters
    ----------
    place, scenario, changes, start, stop, step, method, conservation : as for ``simulate``; they hold for all runs.
    design : a table; columns are names of levers, drivers or parameters, or ``name[element]``, rows are runs.
    ramp : two dates: levers and drivers of the design follow history to the first and reach the design's value at the
        second, on a straight line. Without it they have the design's value from the start.
    keep : names of the variables to report; without it the headline outcomes and what is compared with history.
    threads : how many to use; the numbers do not depend on it. Without it, as many as there are processors.
    progress : called with the number of runs finished so far.

    Returns
    -------
    xarray.Dataset
        Over run, time and subscripts; ``design`` holds the table, ``failure`` is empty, or says in a line what went
        wrong in a run and when; from then on its values are NaN. The other runs are not touched by it.

    Raises
    ------
    RecordError, RunError
        As for ``simulate``, and if the design or ``keep`` is wrong; nothing has run then.
    """
    import xarray

    parts = list(
        sweep_in_chunks(
            place,
            scenario,
            design,
            changes=changes,
            ramp=ramp,
            keep=keep,
            start=start,
            stop=stop,
            step=step,
            method=method,
            threads=threads,
            conservation=conservation,
            progress=progress,
        )
    )
    if len(parts) == 1:
        return parts[0]
    return xarray.concat(
        parts,
        "run",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
        combine_attrs="override",
    )


def sweep_in_chunks(
    place: str | os.PathLike[str] | Place,
    scenario: str | os.PathLike[str] | Scenario,
    design: pandas.DataFrame,
    *,
    changes: Mapping[str, Any] | None = None,
    ramp: Ramp | None = None,
    keep: Sequence[str] | None = None,
    start: int | None = None,
    stop: int = LAST_YEAR,
    step: float = STEP,
    method: str = "rk4",
    threads: int | None = None,
    conservation: bool = True,
    progress: Callable[[int], None] | None = None,
    chunk: int = CHUNK,
) -> Iterator[xarray.Dataset]:
    """As ``sweep``, but part by part: memory stays flat however many runs there are.

    Yields
    ------
    xarray.Dataset
        The next ``chunk`` runs. Everything given is judged before the first of them.
    """
    setting = Setting.read(place, scenario, changes, start=start, stop=stop, step=step, method=method)
    model = setting.model
    table = read_design(model, setting.records, design)
    check_apart(model, setting.records, table, setting.changes)
    dates = _checked_ramp(ramp, setting.first, setting.last)
    names = _kept(model, keep)
    kept = [flat for name in names for flat in flat_names(name, model.over(name))]
    if conservation:
        kept += needed_for_checks(model)
    job = _Job(
        setting,
        compiled_model(model, tuple(dict.fromkeys(kept)), method, False),
        make_inputs(
            model.flat,
            base_values(model, setting.records),
            table.varied(model, setting.records, dates or (setting.first, setting.first)),
        ),
        table,
        names,
        setting.provenance(f", {table.runs} runs", ramp=list(dates or ())),
        _checked_count("threads", os.cpu_count() or 1 if threads is None else threads),
        conservation,
    )
    return job.parts(_checked_count("chunk", chunk), progress)


@dataclass(frozen=True)
class _Job:
    """A sweep that was found in order."""

    setting: Setting
    compiled: Compiled
    inputs: RunInputs
    table: Design
    names: list[str]
    attributes: dict[str, Any]
    threads: int
    conservation: bool

    def parts(self, chunk: int, progress: Callable[[int], None] | None) -> Iterator[xarray.Dataset]:
        for begin in range(0, self.table.runs, chunk):
            end = min(begin + chunk, self.table.runs)
            yield self._part(begin, end)
            if progress is not None:
                progress(end)

    def _part(self, begin: int, end: int) -> xarray.Dataset:
        inputs, model = self.inputs.part(begin, end), self.setting.model
        first, last, step = self.setting.first, self.setting.last, self.setting.step
        raw = self.compiled.run(inputs, first, last, step, self.threads)
        if self.conservation:
            assert_conserved(model, raw, values_at_start(model, inputs, first, model.flat.stocks))
        columns = {name: index for index, name in enumerate(raw.names)}
        labels = self.table.labels[begin:end]
        result = to_dataset(model, self.names, raw.values, columns, raw.times, every_step=False, runs=labels)
        failures = np.full(end - begin, "", dtype=object)
        for failure in raw.failures:
            failures[failure.run] = failure.message.partition(": ")[2]
        about = {"long_name": "what went wrong in the run; empty if nothing did"}
        result["failure"] = ("run", failures.astype(str), about)
        result["design"] = (("run", "input"), self.table.values[begin:end], {"long_name": "values of the design"})
        result = result.assign_coords(input=("input", list(self.table.columns), {"long_name": "lever or parameter"}))
        result.attrs = dict(self.attributes)
        return result


def _checked_count(name: str, count: object) -> int:
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
        raise RunError(f"{name} is {count!r}; give a whole number of at least 1")
    return int(count)


def _checked_ramp(ramp: Any, first: int, last: int) -> Ramp | None:
    if ramp is None:
        return None
    try:
        begin, end = (float(date) for date in ramp)
    except (TypeError, ValueError):
        raise RunError(f"ramp {ramp!r} must be two dates, such as (2026, 2031)") from None
    if not first <= begin <= end <= last + 1:
        raise RunError(f"ramp {begin:g} to {end:g} must rise and lie inside the run, {first} to {last + 1}")
    return begin, end


def _kept(model: Model, keep: Sequence[str] | None) -> list[str]:
    if keep is None:
        observed = observed_variables(model)
        return [name for name, variable in model.variables.items() if variable.outcome or name in observed]
    chosen = [keep] if isinstance(keep, str) else list(keep)
    known = written_names(model)
    for name in chosen:
        if name not in known:
            raise RecordError(f"keep: '{name}' is no variable, lever or driver{nearest(name, known)}")
    if not chosen:
        raise RecordError("keep: it is empty; name at least one variable")
    return list(dict.fromkeys(chosen))
