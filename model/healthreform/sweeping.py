"""Many runs at once: places under a scenario, and a design with one row for each run of each place."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .datasets import to_dataset, written_names
from .design_table import Design, Ramp, check_apart, read_design
from .endings import end_if_told
from .engine_use import base_values, compiled_model, needed_for_checks, unconserved, values_at_start
from .observations import observed_variables
from .place import Place
from .scenario import Scenario
from .setting import LAST_YEAR, STEP, Setting
from .stockflow.errors import RecordError, RunError, nearest
from .stockflow.expand import flat_names
from .stockflow.inputs import RunInputs, make_inputs
from .stockflow.model import Model
from .stockflow.paths import Path, PathBatch
from .stockflow.step_error import SAMPLE, StepError, half_step_error, sample_of

if TYPE_CHECKING:
    import pandas
    import xarray

    from .stockflow.kernel import Compiled

#: Runs computed together: many enough to fill the vectors of all threads, few enough to keep memory flat.
CHUNK = 512

PlaceLike = str | os.PathLike[str] | Place


def sweep(
    place: PlaceLike | Sequence[PlaceLike],
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
    """Run a place, or several, under a scenario once for each row of a design.

    Parameters
    ----------
    place : as for ``simulate``; or a list of places, each of which is run for each row. Values of the design and of
        changes are taken as they stand for every place, whatever its size; those of a scenario are of the country's.
    scenario, changes, start, stop, step, method, conservation : as for ``simulate``; they hold for all runs. A run that
        does not conserve something is a run that failed.
    design : a table; columns are names of levers, drivers or parameters, or ``name[element]``, rows are runs.
    ramp : two dates: levers and drivers of the design follow history to the first and reach the design's value at the
        second, on a straight line, or with a jump if both are one. Without it they have the design's value from the
        start.
    keep : names of the variables to report; without it the headline outcomes and what is compared with history.
    threads : how many to use; the numbers do not depend on it. Without it, as many as there are processors.
    progress : called with the number of runs finished so far.

    Returns
    -------
    xarray.Dataset
        Over run, time and subscripts; ``design`` holds the table, ``failure`` is empty, or says in a line what went
        wrong in a run and when; from then on its values are NaN. The other runs are not touched by it. Of a list of
        places also over place; what lies before the first year of a place is NaN. A few runs, spread over the design,
        are run at half the step too: of its attributes ``step_error`` is the largest difference that it makes to what
        is kept, as a share of the largest value in the run, ``step_error_variable`` and ``step_error_row`` say where.

    Warns
    -----
    StepWarning
        If half the step makes five times the difference that ``healthreform check`` lets pass in a scenario, or more.

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
    place: PlaceLike | Sequence[PlaceLike],
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
        The next rows, ``chunk`` runs of all places together. Everything given is judged before the first of them.
    """
    several = isinstance(place, (list, tuple))
    settings = [
        Setting.read(each, scenario, changes, start=start, stop=stop, step=step, method=method)
        for each in _places(place)
    ]
    tables = [_read_design(setting, design, several) for setting in settings]
    model = settings[0].model
    dates = _checked_ramp(ramp, max(setting.first for setting in settings), settings[0].last)
    names = _kept(model, keep)
    kept = [flat for name in names for flat in flat_names(name, model.over(name))]
    if conservation:
        kept += needed_for_checks(model)
    job = _Job(
        settings,
        compiled_model(model, tuple(dict.fromkeys(kept)), method, False),
        tables[0],
        dates,
        names,
        _provenance(settings, tables[0].runs, dates, several),
        _checked_count("threads", os.cpu_count() or 1 if threads is None else threads),
        conservation,
        several,
    )
    return job.parts(_checked_count("chunk", chunk), progress)


def _places(place: PlaceLike | Sequence[PlaceLike]) -> list[Place]:
    """The places of a sweep, each once, all with the same equations."""
    if not isinstance(place, (list, tuple)):
        return [Place.load(place)]  # type: ignore[arg-type]
    if not place:
        raise RecordError("place: the list is empty; name at least one place")
    found: list[Place] = []
    for each in place:
        here = Place.load(each)
        if any(here.name == other.name for other in found):
            raise RecordError(f"place: '{here.name}' is given twice; name each place once")
        if found and here.model.structure != found[0].model.structure:
            raise RecordError(f"place: '{here.name}' has other equations than '{found[0].name}'; sweep them apart")
        found.append(here)
    return found


def _read_design(setting: Setting, design: pandas.DataFrame, several: bool) -> Design:
    try:
        table = read_design(setting.model, setting.records, design)
        check_apart(setting.model, setting.records, table, setting.changes)
    except RecordError as error:
        if not several:
            raise
        raise RecordError(f"{setting.place.name}: {error}") from None
    return table


def _provenance(settings: Sequence[Setting], runs: int, dates: Ramp | None, several: bool) -> dict[str, Any]:
    """Attributes of a sweep; of several places what differs between them is a list."""
    each = [setting.provenance(f", {runs} runs", ramp=list(dates or ())) for setting in settings]
    if not several:
        return each[0]
    titles = ", ".join(setting.place.title for setting in settings)
    listed = {key: json.dumps([one[key] for one in each]) for key in ("place", "start", "equations")}
    idle = list(dict.fromkeys(name for setting in settings for name in setting.idle))
    return {
        **each[0],
        **listed,
        "title": f"{titles}: {settings[0].scenario.title}, {runs} runs each",
        "changes_without_effect": json.dumps(idle),
    }


@dataclass(frozen=True)
class _Job:
    """A sweep that was found in order."""

    settings: Sequence[Setting]
    compiled: Compiled
    table: Design
    dates: Ramp | None
    names: list[str]
    attributes: dict[str, Any]
    threads: int
    conservation: bool
    several: bool

    def parts(self, chunk: int, progress: Callable[[int], None] | None) -> Iterator[xarray.Dataset]:
        rows = max(1, chunk // len(self.settings))
        about = dict(self.attributes)
        if (found := self._step_error()) is not None:
            error, row = found
            about |= error.attributes(row)
            error.warn(self.settings[0].step, self.settings[0].method, row, where=3)
        for begin in range(0, self.table.runs, rows):
            end_if_told()
            end = min(begin + rows, self.table.runs)
            yield self._part(begin, end).assign_attrs(about)
            if progress is not None:
                progress(end * len(self.settings))

    def _part(self, begin: int, end: int) -> xarray.Dataset:
        rows = replace(self.table, labels=self.table.labels[begin:end], values=self.table.values[begin:end])
        found: dict[str, xarray.Dataset] = {}
        for together in self._groups():
            found |= self._batch(together, rows)
        result = self._joined([found[setting.place.name] for setting in self.settings])
        result["design"] = (("run", "input"), rows.values, {"long_name": "values of the design"})
        result = result.assign_coords(input=("input", list(self.table.columns), {"long_name": "lever or parameter"}))
        return result

    def _step_error(self) -> tuple[StepError, str] | None:
        """Of some rows, spread over the design, the largest difference that half the step makes, and in which row."""
        model, step = self.settings[0].model, self.settings[0].step
        chosen = sample_of(self.table.runs, max(1, SAMPLE // len(self.settings)))
        rows = replace(self.table, labels=self.table.labels[chosen], values=self.table.values[chosen])
        found = []
        for together in self._groups():
            inputs = _inputs(together, rows, self.dates)
            years = (together[0].first, together[0].last)
            error = half_step_error(model, self.compiled, inputs, years, step, self.names, threads=self.threads)
            if error is not None:
                place, row = divmod(error.run, rows.runs)
                label = f"{rows.labels[row]}{f' of {together[place].place.name}' if self.several else ''}"
                found.append((error, label))
        return max(found, key=lambda each: each[0].size, default=None)

    def _groups(self) -> list[list[Setting]]:
        """Places that begin in one year: a batch has one start."""
        years = dict.fromkeys(setting.first for setting in self.settings)
        return [[setting for setting in self.settings if setting.first == year] for year in years]

    def _batch(self, settings: Sequence[Setting], rows: Design) -> dict[str, xarray.Dataset]:
        """The rows for all places that begin in one year, in one batch; a dataset for each place."""
        model, first, last, step = settings[0].model, settings[0].first, settings[0].last, settings[0].step
        inputs = _inputs(settings, rows, self.dates)
        raw = self.compiled.run(inputs, first, last, step, self.threads)
        columns = {name: index for index, name in enumerate(raw.names)}
        failures = np.full(raw.runs, "", dtype=object)
        for failure in raw.failures:
            failures[failure.run] = failure.message.partition(": ")[2]
        if self.conservation:
            start = values_at_start(model, inputs, first, model.flat.stocks)
            for run, (year, text) in unconserved(model, raw, start).items():
                failures[run] = text
                raw.values[run, year:] = np.nan
        found = {}
        for place, setting in enumerate(settings):
            own = slice(place * rows.runs, (place + 1) * rows.runs)
            values = raw.values[own]
            one = to_dataset(model, self.names, values, columns, raw.times, every_step=False, runs=rows.labels)
            about = {"long_name": "what went wrong in the run; empty if nothing did"}
            one["failure"] = ("run", failures[own].astype(str), about)
            found[setting.place.name] = one
        return found

    def _joined(self, parts: Sequence[xarray.Dataset]) -> xarray.Dataset:
        import xarray

        if not self.several:
            return parts[0]
        names = xarray.DataArray(
            [setting.place.name for setting in self.settings], dims="place", attrs={"long_name": "place"}
        )
        joined = xarray.concat(parts, names.rename("place"), join="outer", combine_attrs="override")
        joined["time"].attrs = parts[0]["time"].attrs
        return joined


def _inputs(settings: Sequence[Setting], rows: Design, dates: Ramp | None) -> RunInputs:
    """The inputs of a batch: all rows of the first place, then of the next; what places share is stored once."""
    bases = [base_values(setting.model, setting.records) for setting in settings]
    varied = [
        rows.varied(setting.model, setting.records, dates or (setting.first, setting.first)) for setting in settings
    ]
    together: dict[str, Any] = {}
    for name, first in bases[0].items():
        given = [one.get(name, base[name]) for one, base in zip(varied, bases, strict=True)]
        if name in varied[0]:
            together[name] = _run_by_run(given)
        elif any(value != first for value in given):
            together[name] = _place_by_place(given, rows.runs)
    return make_inputs(settings[0].model.flat, bases[0], together, rows.runs * len(settings))


def _run_by_run(given: Sequence[Any]) -> Any:
    return PathBatch.joined(given) if isinstance(given[0], PathBatch) else np.concatenate(given)


def _place_by_place(given: Sequence[Any], runs: int) -> Any:
    if isinstance(given[0], Path):
        return PathBatch.from_paths([path for path in given for _ in range(runs)])
    return np.repeat(np.array(given, dtype=float), runs)


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
        raise RunError(
            f"ramp {begin:g} to {end:g} must lie inside the run, {first} to {last + 1}, and not end before it begins"
        )
    return begin, end


def _kept(model: Model, keep: Sequence[str] | None) -> list[str]:
    if keep is None:
        observed = observed_variables(model)
        return [name for name, variable in model.variables.items() if variable.outcome or name in observed]
    if not isinstance(keep, Iterable):
        raise RecordError(f"keep: {keep!r} is no name of a variable; give one or several, as keep=['mean_pay']")
    chosen = [keep] if isinstance(keep, str) else list(keep)
    known = written_names(model)
    for name in chosen:
        if name not in known:
            raise RecordError(f"keep: '{name}' is no variable, lever or driver{nearest(name, known)}")
    if not chosen:
        raise RecordError("keep: it is empty; name at least one variable")
    return list(dict.fromkeys(chosen))
