"""Running a compiled model: batches of runs over threads, in chunks, with every failure told."""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import RunError
from .failures import REMEDY_OF_NEGATIVE, Clock, Recorded, find_failures, steps_needed
from .flat import FlatModel
from .inputs import RunInputs
from .layout import Layout
from .loop_ir import KERNEL_ARGUMENTS, NOT_FAILED
from .machine import LoadedCode
from .paths import MOST_STEPS
from .results import Failure, RawResult

KINDS: dict[str, Any] = {"i64": ctypes.c_int64, "double": ctypes.c_double, "ptr": ctypes.c_void_p}
LONGEST_TASK = 32
"""Vectors of runs in one call of the kernel: short enough for a keyboard interrupt to be heard."""
SHORTER = (2, 4)
"""How many times as many steps are tried where a stock is negative."""
RERUN_TOGETHER = 64
SMALLEST_STEP = 1 / MOST_STEPS


def steps_per_year(step: float) -> int:
    """Whole number of steps in a year.

    Raises
    ------
    RunError
        If the step is not a positive number that divides the year.
    """
    if isinstance(step, (bool, str)) or not isinstance(step, (int, float, np.integer, np.floating)):
        raise RunError(f"step {step!r} is not a number; give years, for example 1/16")
    if not math.isfinite(step) or step <= 0:
        raise RunError(f"step {step:g} is not a positive number of years; use for example 1/16")
    if step < SMALLEST_STEP:
        raise RunError(f"step {step:g} year is shorter than {SMALLEST_STEP:g}; use for example 1/16")
    if step > 1.0:
        raise RunError(f"step {step:g} is longer than a year; use for example 1/16")
    count = round(1.0 / step)
    if count < 1 or abs(count * step - 1.0) > 1e-9:
        near = max(1, math.ceil(1.0 / step))
        raise RunError(f"step {step:g} does not divide a year into whole steps; use 1/{near}")
    return count


def check_years(start: float, stop: float) -> tuple[int, int]:
    """First and last calendar year as whole numbers."""
    for name, year in (("start", start), ("stop", stop)):
        if isinstance(year, (bool, str)) or not math.isfinite(year) or year != int(year):
            raise RunError(f"{name} {year!r} is not a calendar year; give a whole number")
    if stop < start:
        raise RunError(f"stop {int(stop)} lies before start {int(start)}; stop is the last calendar year reported")
    return int(start), int(stop)


@dataclass(frozen=True)
class Compiled:
    """A compiled model.  It may be used from several threads at once.

    Attributes
    ----------
    model : what was compiled.
    layout : its layout in memory; ``layout.options`` says what it was compiled for.
    """

    model: FlatModel
    layout: Layout
    _code: LoadedCode

    @property
    def names(self) -> tuple[str, ...]:
        """Flat names of the columns of a result."""
        return self.layout.options.keep

    def run(
        self,
        inputs: RunInputs,
        start: float,
        stop: float,
        step: float,
        threads: int = 1,
        progress: Callable[[int], None] | None = None,
    ) -> RawResult:
        """Run a batch.

        Parameters
        ----------
        inputs : parameters and dated inputs of all runs.
        start, stop : first and last calendar year reported; the runs go to the end of ``stop``.
        step : in years; must divide a year into whole steps.
        threads : how many to use; the numbers do not depend on it.
        progress : called with the number of runs finished so far.

        Returns
        -------
        RawResult
            At the end of each year the value of a stock, and of an equation that says so; of everything else the mean
            over each year. With ``every_step`` the values at each step and at the end.

        Raises
        ------
        RunError
            If the step or the years are wrong.
        RecordError
            If a dated input jumps between two steps.
        """
        first_year, last_year = check_years(start, stop)
        clock = Clock(first_year, steps_per_year(step), last_year)
        if threads < 1:
            raise RunError(f"threads is {threads}; use at least 1")
        result = self._run(inputs, clock, threads, progress)
        return replace(result, failures=tuple(self._with_remedies(result.failures, inputs, clock, threads)))

    def _run(
        self, inputs: RunInputs, clock: Clock, threads: int, progress: Callable[[int], None] | None = None
    ) -> RawResult:
        first_year, last_year = clock.start, clock.stop

        def offer() -> int | None:
            return self._steps_that_do(inputs, clock)

        records = np.ascontiguousarray(inputs.paths.on_grid(first_year, last_year, clock.steps, offer))
        years = last_year - first_year + 1
        times = self._times(clock, years)
        values = np.empty((inputs.runs, len(times), len(self.names)))
        recorded = self._compute(inputs, records, clock, years, values, threads, progress)
        failures = find_failures(self.layout, inputs, records, clock, recorded)
        too_long = recorded.shortest * (1 + 1e-9) < 1.0 / clock.steps
        values[too_long] = np.nan
        names = tuple(self.model.time_constants[i].name if i >= 0 else "" for i in recorded.which.tolist())
        return RawResult(values, times, self.names, tuple(failures), recorded.shortest, names)

    def _steps_that_do(self, inputs: RunInputs, clock: Clock) -> int | None:
        """The fewest steps a year that fit all jumps and, as the first run shows, all time constants."""
        fitting = inputs.paths.fitting_steps(clock.start, clock.stop, clock.steps)
        if fitting is None:
            return None
        shortest = float(self.run(inputs.part(0, 1), clock.start, clock.stop, 1 / fitting).shortest_time[0])
        needed = steps_needed(shortest)
        return None if needed is None else inputs.paths.fitting_steps(clock.start, clock.stop, max(fitting, needed))

    def _with_remedies(
        self, failures: Sequence[Failure], inputs: RunInputs, clock: Clock, threads: int
    ) -> Iterator[Failure]:
        """Failures, with a shorter step as the remedy where a stock is negative only because the step is too long."""
        remedies: dict[int, int] = {}
        open_ones = [failure.run for failure in failures if failure.negative]
        for steps in (clock.steps * times for times in SHORTER if clock.steps * times <= MOST_STEPS):
            shorter = Clock(clock.start, steps, clock.stop)
            for begin in range(0, len(open_ones), RERUN_TOGETHER):
                group = np.array(open_ones[begin : begin + RERUN_TOGETHER])
                failed = {failure.run for failure in self._run(inputs.of(group), shorter, threads).failures}
                remedies |= {int(run): steps for place, run in enumerate(group) if place not in failed}
            open_ones = [run for run in open_ones if run not in remedies]
        for failure in failures:
            remedy = f"use a step of 1/{remedies.get(failure.run)} year, with which the run does not fail; or "
            message = failure.message.replace(REMEDY_OF_NEGATIVE, remedy + REMEDY_OF_NEGATIVE)
            yield replace(failure, message=message) if failure.run in remedies else failure

    def run_chunks(
        self, inputs: RunInputs, start: float, stop: float, step: float, threads: int = 1, chunk: int = 2048
    ) -> Iterator[RawResult]:
        """Run a batch in chunks, so that memory stays flat however many runs there are.

        Each result holds the next ``chunk`` runs; its failures are numbered within it.
        """
        if chunk < 1:
            raise RunError(f"chunk is {chunk}; use at least 1 run")
        for begin in range(0, inputs.runs, chunk):
            yield self.run(inputs.part(begin, min(begin + chunk, inputs.runs)), start, stop, step, threads)

    def _times(self, clock: Clock, years: int) -> NDArray[np.float64]:
        if self.layout.options.every_step:
            return np.asarray(clock.time(np.arange(years * clock.steps + 1)), dtype=np.float64)
        return clock.start + np.arange(years, dtype=np.float64)

    def _compute(
        self,
        inputs: RunInputs,
        records: NDArray[np.float64],
        clock: Clock,
        years: int,
        values: NDArray[np.float64],
        threads: int,
        progress: Callable[[int], None] | None,
    ) -> Recorded:
        runs = inputs.runs
        recorded = Recorded(
            np.full(runs, NOT_FAILED, np.int64),
            np.zeros(runs, np.int64),
            np.empty((runs, len(self.model.stocks))),
            np.empty(runs),
            np.empty(runs, np.int64),
        )
        paths = inputs.paths
        arrays = {
            "base": np.ascontiguousarray(inputs.base),
            "index": np.ascontiguousarray(inputs.index),
            "matrix": np.ascontiguousarray(inputs.matrix),
            "records": records,
            "shared": paths.shared,
            "column": paths.column,
            "first": np.ascontiguousarray(paths.first),
            "out": values,
            "failed_step": recorded.step,
            "failed_item": recorded.item,
            "failed_state": recorded.state,
            "shortest": recorded.shortest,
            "which": recorded.which,
        }
        given: dict[str, float] = {
            "start": float(clock.start),
            "steps": clock.steps,
            "years": years,
            "varied": len(inputs.index),
            "columns": paths.first.shape[1],
            **{name: array.ctypes.data for name, array in arrays.items()},
        }
        kernel = ctypes.CFUNCTYPE(None, *(KINDS[kind] for kind, _ in KERNEL_ARGUMENTS))(self._code.address("run"))

        room = ctypes.CFUNCTYPE(ctypes.c_int64)(self._code.address("room"))()

        own = threading.local()  # each thread's work space stays in its caches from one task to the next

        # An interrupt may lose sight of a thread that is just begun: what it works on stays for as long as it works.
        def compute(begin: int, end: int, held: object = (arrays, self._code)) -> int:
            if not hasattr(own, "work"):
                own.work = _aligned(room)
            values_given = {**given, "begin": begin, "end": end, "work": own.work.ctypes.data}
            kernel(*(values_given[name] for _, name in KERNEL_ARGUMENTS))
            return end - begin

        _spread(compute, self._tasks(runs, threads), threads, progress)
        return recorded

    def _tasks(self, runs: int, threads: int) -> list[tuple[int, int]]:
        width = self.layout.options.width
        vectors = math.ceil(runs / width)
        size = width * max(1, min(LONGEST_TASK, math.ceil(vectors / (32 * threads) if threads > 1 else vectors)))
        return [(begin, min(begin + size, runs)) for begin in range(0, runs, size)]


def _spread(
    compute: Callable[[int, int], int],
    tasks: list[tuple[int, int]],
    threads: int,
    progress: Callable[[int], None] | None,
) -> None:
    """Compute all tasks; the kernel lets other threads run, so threads are enough."""
    finished = 0
    if threads == 1 or len(tasks) == 1:
        for begin, end in tasks:
            finished += compute(begin, end)
            if progress:
                progress(finished)
        return
    with ThreadPoolExecutor(threads) as pool:
        try:
            waiting = [pool.submit(compute, begin, end) for begin, end in tasks]
            for done in as_completed(waiting):
                finished += done.result()
                if progress:
                    progress(finished)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _aligned(count: int) -> NDArray[np.float64]:
    """Room for doubles that starts where a vector may start."""
    room = np.empty(count + 8)
    offset = (-room.ctypes.data // 8) % 8
    return room[offset : offset + count]
