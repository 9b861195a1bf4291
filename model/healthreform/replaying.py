"""Measured effects replayed: all twin runs of all experiments in one batch, and what each record reads from them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .changes import apply_changes, freeze
from .design_table import read_design
from .endings import end_if_told
from .engine_use import base_values, compiled_model
from .evidence_files import experiments_of
from .evidence_records import ALONE, Experiment, Reading, Record, Window
from .place import Place
from .scenario import Scenario
from .setting import STEP
from .stockflow.errors import RecordError, RunError
from .stockflow.inputs import RunInputs, make_inputs
from .stockflow.paths import Path
from .stockflow.records import Records

if TYPE_CHECKING:
    import pandas

    from .stockflow.kernel import Compiled
    from .stockflow.results import RawResult

Values = NDArray[np.float64]
#: An experiment's key, and whether the reform is there.
Arm = tuple[tuple[str, str], bool]
#: Runs computed at a time, so that memory stays flat however many members there are.
CHUNK = 4096


@dataclass(frozen=True)
class Replay:
    """The twin runs of some records.

    Attributes
    ----------
    years, moments : by arm and flat name, shape (runs, times): the run with the parameters of the files first, then one
        for each member; NaN where a member's run failed.
    times : calendar years.
    dates : times of the steps; empty if no record is read at a moment.
    """

    years: Mapping[Arm, Mapping[str, Values]]
    times: Values
    moments: Mapping[Arm, Mapping[str, Values]]
    dates: Values

    def effect(self, record: Record) -> Values:
        """What a record measures, shape (runs,)."""
        assert record.window is not None and record.outcome is not None
        size = self._compared(record, record.window)
        if record.measure == "left":
            assert record.against is not None
            return size / self._compared(record, record.against)
        if record.per is None:
            return size
        moved = self._change(record, record.per.reading, record.per.measure, record.window)
        return size / (moved / record.per.amount)

    def _compared(self, record: Record, window: Window) -> Values:
        assert record.outcome is not None
        measure = "percent" if record.measure == "left" else record.measure
        if measure not in ALONE:
            return record.factor * self._change(record, record.outcome, measure, window)
        value = self._outcome(record, record.outcome, True, window)
        if measure == "index":
            return 100 * (value - 1)
        if record.against is None:
            return record.factor * value
        earlier = self._outcome(record, record.outcome, True, record.against)
        return 100 * (value / earlier - 1) if measure == "growth" else 100 * (value - earlier)

    def _change(self, record: Record, reading: Reading, measure: str, window: Window) -> Values:
        treated, untreated = (self._outcome(record, reading, arm, window) for arm in (True, False))
        if measure == "percent":
            return 100 * (treated / untreated - 1)
        if measure == "times":
            return treated / untreated
        return (treated - untreated) * (100 if measure == "points" else 1)

    def _outcome(self, record: Record, reading: Reading, treated: bool, window: Window) -> Values:
        """An outcome over a window: the mean of its yearly values, or its value at a moment."""
        assert record.experiment is not None
        arm = record.experiment.key, treated
        if window.moment:
            at = int(np.argmin(np.abs(self.dates - window.first)))
            return np.asarray(reading.value({name: self.moments[arm][name][:, at] for name in reading.names}))
        chosen = (self.times >= window.first) & (self.times <= window.last)
        columns = {name: self.years[arm][name][:, chosen] for name in reading.names}
        if not chosen.any():  # years before the place begins
            return np.full(len(next(iter(columns.values()))), np.nan)
        return np.asarray(np.mean(reading.value(columns), axis=1))


def replay(
    place: Place, records: Sequence[Record], members: pandas.DataFrame | None = None, threads: int | None = None
) -> Replay:
    """Run every experiment with the reform and without it.

    Parameters
    ----------
    records : of the kind ``effect``, checked against the place's model.
    members : parameters that differ from the place's own, a row for each member.
    threads : how many to use; the numbers do not depend on it.

    Raises
    ------
    RecordError
        If a change of an experiment or the table of members is wrong.
    RunError
        If a run with the place's own parameters goes wrong.
    """
    return Experiments.of(place, records).replay(members, threads)


@dataclass(frozen=True)
class Experiments:
    """The experiments of some records, made ready to be run with one table of members after another."""

    batches: tuple[_Batch | None, _Batch | None]

    @classmethod
    def of(cls, place: Place, records: Sequence[Record]) -> Experiments:
        """Arguments and errors are those of ``replay``."""
        yearly = [record for record in records if record.window is not None and not record.window.moment]
        sudden = [record for record in records if record.window is not None and record.window.moment]
        return cls((_Batch.of(place, yearly, every_step=False), _Batch.of(place, sudden, every_step=True)))

    def replay(self, members: pandas.DataFrame | None = None, threads: int | None = None) -> Replay:
        """Arguments and errors are those of the function."""
        used = os.cpu_count() or 1 if threads is None else threads
        none: tuple[dict[Arm, dict[str, Values]], Values] = {}, np.empty(0)
        years, moments = (none if each is None else each.run(members, used) for each in self.batches)
        return Replay(*years, *moments)


@dataclass(frozen=True)
class _Batch:
    """Runs to the same year of which the same is kept.

    ``plain`` are the inputs, one run for all arms that have the same; ``rows`` say which of them each arm has.
    """

    place: Place
    rows: Mapping[Arm, int]
    plain: RunInputs
    compiled: Compiled
    constants: tuple[str, ...]
    last: int

    @classmethod
    def of(cls, place: Place, records: Sequence[Record], *, every_step: bool) -> _Batch | None:
        if not records:
            return None
        model = place.model
        last = max(int(window.last) for record in records for window in (record.window, record.against) if window)
        arms = {arm: inputs for each in experiments_of(records) for arm, inputs in _arms(place, each, last).items()}
        names = tuple(dict.fromkeys(name for record in records for name in record.names))
        constants = tuple(name for name in names if name in model.flat.parameters)
        kept = tuple(name for name in names if name not in constants)
        numbers: dict[str, int] = {}
        rows: dict[Arm, int] = {}
        points: list[Mapping[str, Sequence[tuple[float, float]]]] = []
        for arm, records_of_arm in arms.items():
            found = model.path_points(records_of_arm)
            rows[arm] = numbers.setdefault(repr(found), len(numbers))
            if rows[arm] == len(points):
                points.append(found)
        varied = {
            name: [Path.from_points(each[name]) for each in points]
            for name in points[0]
            if any(each[name] != points[0][name] for each in points)
        }
        plain = make_inputs(model.flat, base_values(model, next(iter(arms.values()))), varied, len(points))
        return cls(place, rows, plain, compiled_model(model, kept, "rk4", every_step), constants, last)

    def run(self, members: pandas.DataFrame | None, threads: int) -> tuple[dict[Arm, dict[str, Values]], Values]:
        inputs, runs = self._inputs(members)
        parts = []
        for part in self.compiled.run_chunks(inputs, self.place.start, self.last, STEP, threads, CHUNK):
            end_if_told()
            parts.append(part)
        called = {row: f"{key[1]} {'with' if on else 'without'} the reform" for (key, on), row in self.rows.items()}
        _check_own_runs(parts, runs, called)
        kept = self.compiled.names
        values = np.concatenate([part.values for part in parts]).reshape(len(called), runs, -1, len(kept))
        same = self._constants(inputs.part(0, runs), values.shape[2])
        found = {
            arm: {**same, **{name: values[row, :, :, column] for column, name in enumerate(kept)}}
            for arm, row in self.rows.items()
        }
        return found, parts[0].times

    def _constants(self, inputs: RunInputs, times: int) -> dict[str, Values]:
        """Parameters as if they were variables: the same at all times, and in the runs of every arm."""
        values = inputs.parameters(np.arange(inputs.runs))
        places = {name: at for at, name in enumerate(self.place.model.flat.parameters)}
        return {name: np.repeat(values[:, [places[name]]], times, axis=1) for name in self.constants}

    def _inputs(self, members: pandas.DataFrame | None) -> tuple[RunInputs, int]:
        """One run for each kind of arm and member, and the number of runs of an arm."""
        index, matrix = _parameters(self.place, members)
        runs = len(matrix)
        paths = replace(self.plain.paths, first=np.repeat(self.plain.paths.first, runs, axis=0))
        return RunInputs(self.plain.base, index, np.tile(matrix, (self.plain.runs, 1)), paths), runs


def _arms(place: Place, experiment: Experiment, last: int) -> dict[Arm, Records]:
    """The inputs with the reform and without it; history has no twin."""
    model, start = place.model, place.start
    enacted = Scenario.load("baseline").apply(model, begin=float(start))
    if experiment.begin is None:
        return {(experiment.key, True): enacted}
    if not start <= experiment.begin <= last:
        raise experiment.entry.error(f"{experiment.begin} lies outside the run, {start} to {last}", "begin")
    held = freeze(model, enacted, float(experiment.begin))
    going_on = {name: enacted.levers[name] for name in experiment.as_enacted}
    arms = {}
    for on, key in ((True, "treated"), (False, "untreated")):
        base = replace(held, levers={**held.levers, **going_on}) if on else held
        where = f"{experiment.entry.file}: experiments.{experiment.name}.{key}"
        changes, begin = getattr(experiment, key), float(experiment.begin)
        span = begin, last + 1.0
        arms[experiment.key, on] = apply_changes(model, base, changes, where=where, span=span, begin=begin)
    return arms


def _parameters(place: Place, members: pandas.DataFrame | None) -> tuple[NDArray[np.int64], Values]:
    """Columns in which members differ, and the values: the place's own first."""
    if members is None:
        return np.empty(0, np.int64), np.empty((1, 0))
    model = place.model
    table = read_design(model, model.records, members)
    own, places = model.parameter_values(), {name: at for at, name in enumerate(model.flat.parameters)}
    names = [name for flat in table.flat for name in flat]
    for name in names:
        if name not in places:
            raise RecordError(f"members: '{name}' is no parameter; levers belong to the experiments")
    columns = [table.values[:, column] for column, flat in enumerate(table.flat) for _ in flat]
    order = sorted(range(len(names)), key=lambda column: places[names[column]])
    values = np.column_stack([np.append(own[names[column]], columns[column]) for column in order])
    return np.array([places[names[column]] for column in order], np.int64), np.ascontiguousarray(values)


def _check_own_runs(parts: Sequence[RawResult], runs: int, names: Mapping[int, str]) -> None:
    """Refuse a failure with the place's own parameters, the first run of each arm; a member's becomes NaN."""
    before = 0
    for part in parts:
        for failure in part.failures:
            arm, member = divmod(before + failure.run, runs)
            if member == 0:
                raise RunError(f"{names[arm]}: {failure.message.partition(': ')[2] or failure.message}")
        before += part.runs
