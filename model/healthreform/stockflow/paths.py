"""Dated inputs: piecewise-linear paths with jumps, and the packing of a whole sweep's paths into one ragged array.

A path is a list of dates and values, straight between its points and held flat outside them; a date given twice is a
jump.  At a jump the value has two limits: the right one counts at the start of a step, the left one at its end.
Between two points a value never lies outside theirs, not by the last bit, so that a share that falls to zero is never
negative; and it is computed to the same bits here, in numpy and in the kernel.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import RecordError
from .fused import fused, fused_arrays, slopes

MOST_STEPS = 10_000  # a year
GRID_TOLERANCE = 1e-7
"""Share of a step within which a date counts as lying on a step boundary; dates come from text with few decimals."""


@dataclass(frozen=True, slots=True)
class Path:
    """A value over time, straight between its points and held flat outside them.

    Parameters
    ----------
    dates : decimal years in rising order; a date given twice is a jump.
    values : the value at each date.

    Raises
    ------
    RecordError
        If there is no point, the lengths differ, a number is not finite, or dates fall or stand three times.
    """

    dates: tuple[float, ...]
    values: tuple[float, ...]
    _slopes: tuple[float, ...] = field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dates", _numbers(self.dates, "dates"))
        object.__setattr__(self, "values", _numbers(self.values, "values"))
        if not self.dates:
            raise RecordError("path: it has no points; give at least one [date, value]")
        if len(self.dates) != len(self.values):
            raise RecordError(f"path: {len(self.dates)} dates but {len(self.values)} values; give one value per date")
        for earlier, later in zip(self.dates, self.dates[1:], strict=False):
            if later < earlier:
                raise RecordError(f"path: date {later:g} stands after {earlier:g}; give dates in rising order")
        for first, third in zip(self.dates, self.dates[2:], strict=False):
            if first == third:
                raise RecordError(f"path: date {first:g} is given three times; a jump needs it exactly twice")

    @classmethod
    def constant(cls, value: float) -> Path:
        """A path that never changes."""
        return cls((0.0,), (value,))

    @classmethod
    def from_points(cls, points: Iterable[Sequence[float]]) -> Path:
        """A path from ``[date, value]`` pairs."""
        pairs = [tuple(point) for point in points]
        for pair in pairs:
            if len(pair) != 2:
                raise RecordError(f"path: point {list(pair)} is not a pair; give [date, value]")
        return cls(tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))

    @property
    def jumps(self) -> tuple[float, ...]:
        """Dates at which the value jumps."""
        pairs = zip(self.dates, self.dates[1:], strict=False)
        return tuple(later for earlier, later in pairs if earlier == later)

    def value(self, time: float, side: str = "right") -> float:
        """Value at a time; ``side`` says which limit counts where the path jumps."""
        index = self._segment(time, side)
        if index < 0:
            return self.values[0]
        return fused(self._slope_after(index), time - self.dates[index], self.values[index])

    def slope(self, time: float, side: str = "right") -> float:
        """Change a year at a time; ``side`` says on which side of a bend it is taken."""
        index = self._segment(time, side)
        return 0.0 if index < 0 else self._slope_after(index)

    def _segment(self, time: float, side: str) -> int:
        """Index of the last point that has passed, or -1 before the first."""
        if side == "right":
            return bisect_right(self.dates, time) - 1
        if side == "left":
            return bisect_left(self.dates, time) - 1
        raise ValueError(f"side is {side!r}; it must be 'right' or 'left'")

    def _slope_after(self, index: int) -> float:
        if index + 1 == len(self.dates):
            return 0.0
        if not self._slopes:
            object.__setattr__(self, "_slopes", tuple(slopes(self.dates, self.values).tolist()))
        return self._slopes[index]


def _numbers(given: Sequence[float], what: str) -> tuple[float, ...]:
    """Finite floats, or a clear error: text, truth values, NaN and infinity are refused."""
    numbers = []
    for item in given:
        if isinstance(item, (bool, str)):
            raise RecordError(f"path: {item!r} among its {what} is not a number")
        try:
            number = float(item)
        except (TypeError, ValueError):
            raise RecordError(f"path: {item!r} among its {what} is not a number") from None
        if not math.isfinite(number):
            raise RecordError(f"path: {number} among its {what} is not finite")
        numbers.append(number)
    return tuple(numbers)


@dataclass(frozen=True)
class PathBatch:
    """One dated input for every run of a sweep: run ``r`` has the points ``offsets[r]`` to ``offsets[r + 1]``."""

    dates: NDArray[np.float64]
    values: NDArray[np.float64]
    offsets: NDArray[np.int64]

    @classmethod
    def from_paths(cls, paths: Sequence[Path]) -> PathBatch:
        """One path per run, each with any number of points."""
        counts = np.fromiter((len(path.dates) for path in paths), dtype=np.int64, count=len(paths))
        dates = np.array([date for path in paths for date in path.dates], dtype=np.float64)
        values = np.array([value for path in paths for value in path.values], dtype=np.float64)
        return cls(dates, values, np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]))

    @classmethod
    def from_arrays(cls, dates: ArrayLike, values: ArrayLike) -> PathBatch:
        """The same number of points in every run, without a Python loop.

        Parameters
        ----------
        dates : shape (points,) when all runs share the dates, or (runs, points).
        values : shape (runs, points); a constant per run is one point.

        Raises
        ------
        RecordError
            As for `Path`, naming the run.
        """
        value_matrix = np.array(values, dtype=np.float64, ndmin=2)
        try:
            date_matrix = np.broadcast_to(np.asarray(dates, dtype=np.float64), value_matrix.shape)
        except ValueError:
            shapes = f"dates of shape {np.shape(dates)}, values of shape {value_matrix.shape}"
            raise RecordError(f"path: {shapes}; give one date per value") from None
        _check_matrix(date_matrix, value_matrix)
        runs, points = value_matrix.shape
        return cls(date_matrix.ravel(), value_matrix.ravel(), np.arange(runs + 1, dtype=np.int64) * points)

    @classmethod
    def joined(cls, batches: Sequence[PathBatch]) -> PathBatch:
        """The runs of several batches, one batch after the other."""
        ends = np.cumsum([0, *(len(batch.dates) for batch in batches)])
        offsets = [batch.offsets[:-1] + end for batch, end in zip(batches, ends, strict=False)]
        return cls(
            np.concatenate([batch.dates for batch in batches]),
            np.concatenate([batch.values for batch in batches]),
            np.concatenate([*offsets, ends[-1:]]).astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def part(self, begin: int, end: int) -> PathBatch:
        """The runs from ``begin`` up to ``end``."""
        first, last = self.offsets[begin], self.offsets[end]
        return PathBatch(self.dates[first:last], self.values[first:last], self.offsets[begin : end + 1] - first)


def _check_matrix(dates: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    """The checks of `Path` on all runs at once."""
    if values.shape[1] == 0:
        raise RecordError("path: it has no points; give at least one [date, value]")
    wrong = ~(np.isfinite(dates) & np.isfinite(values)).all(axis=1)
    wrong |= (np.diff(dates, axis=1) < 0).any(axis=1) | (dates[:, 2:] == dates[:, :-2]).any(axis=1)
    if wrong.any():
        run = int(np.argmax(wrong))
        try:
            Path(tuple(dates[run].tolist()), tuple(values[run].tolist()))
        except RecordError as error:
            raise RecordError(f"run {run}: {error}") from None


@dataclass(frozen=True)
class PackedPaths:
    """All dated inputs of a sweep as the kernel walks them.

    Attributes
    ----------
    names : the dated inputs, in the model's column order.
    records : rows (date, value, slope).  Each path is a row that holds before its first date, one row per point, and a
        closing row dated infinity.
    jumps : whether the value jumps at a row.
    shared : for each name, the first row of the path that all runs share.
    column : for each name, its column in ``first`` if runs differ, else -1.
    first : for each run and each name in which runs differ, the first row of its path.
    """

    names: tuple[str, ...]
    records: NDArray[np.float64]
    jumps: NDArray[np.bool_]
    shared: NDArray[np.int64]
    column: NDArray[np.int64]
    first: NDArray[np.int64]

    def part(self, begin: int, end: int) -> PackedPaths:
        """The runs from ``begin`` up to ``end``; the records are shared, not copied."""
        return PackedPaths(self.names, self.records, self.jumps, self.shared, self.column, self.first[begin:end])

    def of(self, runs: NDArray[np.int64]) -> PackedPaths:
        """Some of the runs; the records are shared, not copied."""
        return PackedPaths(self.names, self.records, self.jumps, self.shared, self.column, self.first[runs])

    def on_grid(
        self, start: int, stop: int, steps_per_year: int, offer: Callable[[], int | None] = lambda: None
    ) -> NDArray[np.float64]:
        """Records with dates that mean a step boundary moved onto it exactly.

        Parameters
        ----------
        offer : steps a year that would do, if there are any, for the error.

        Raises
        ------
        RecordError
            If a path jumps strictly inside the run between two step boundaries, where no fixed step can see it.
        """
        inside, nearest, on_step = _steps_of(self.records[:, 0], start, stop, steps_per_year)
        astray = np.flatnonzero(self.jumps & inside & ~on_step)
        if astray.size:
            row = int(astray[0])
            fitting = offer()
            raise RecordError(
                f"{self.owner(row)}: jump at {self.records[row, 0]:.10g} falls between two steps of "
                f"1/{steps_per_year} year; {f'use a step of 1/{fitting} year or ' if fitting else ''}"
                f"move it to {start + nearest[row] / steps_per_year:.10g}"
            )
        records = self.records.copy()
        records[on_step, 0] = start + nearest[on_step] / steps_per_year
        if not np.array_equal(records[:, 0], self.records[:, 0]):
            records[:, 2] = slopes(records[:, 0], records[:, 1])
        return records

    def fitting_steps(self, start: int, stop: int, at_least: int) -> int | None:
        """The fewest steps a year from ``at_least`` on between which no path jumps; None if there are none."""
        dates = np.unique(self.records[self.jumps, 0])
        for steps in range(at_least, MOST_STEPS + 1):
            inside, _, on_step = _steps_of(dates, start, stop, steps)
            if not (inside & ~on_step).any():
                return steps
        return None

    def values_at(
        self,
        times: NDArray[np.float64],
        side: str,
        runs: NDArray[np.int64],
        records: NDArray[np.float64] | None = None,
    ) -> dict[str, NDArray[np.float64]]:
        """Dated inputs of some runs, each at its own time.

        Parameters
        ----------
        times : one for each of ``runs``.
        side : what a jump at that very time gives: ``left`` what was before it, ``right`` what comes after.
        records : those that ``on_grid`` gave, if dates on a step's boundary are to count as there.
        """
        rows = self.records if records is None else records
        values = {}
        for index, name in enumerate(self.names):
            column = self.column[index]
            row = np.full(len(runs), self.shared[index]) if column < 0 else self.first[runs, column].copy()
            while True:
                date = rows[row + 1, 0]
                passed = date <= times if side == "right" else date < times
                if not passed.any():
                    break
                row += passed
            slope, value = rows[row, 2], rows[row, 1]
            values[name] = fused_arrays(slope, times - rows[row, 0], value) if slope.any() else value + 0.0
        return values

    def owner(self, row: int) -> str:
        """Name of the dated input, and the run if it differs between runs, to which a row belongs."""
        candidates = [
            (int(self.shared[index]), name) for index, name in enumerate(self.names) if self.column[index] < 0
        ]
        for index, name in enumerate(self.names):
            if self.column[index] >= 0:
                starts = self.first[:, self.column[index]]
                run = int(np.searchsorted(starts, row, side="right")) - 1
                if run >= 0:
                    candidates.append((int(starts[run]), f"{name} (run {run})"))
        return max(candidate for candidate in candidates if candidate[0] <= row)[1]


def _steps_of(
    dates: NDArray[np.float64], start: int, stop: int, steps_per_year: int
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.bool_]]:
    """Of each date: whether it is inside a run, the number of the nearest step boundary, whether it means that one."""
    position = (dates - start) * steps_per_year
    inside = (position > -0.5) & (position < (stop + 1 - start) * steps_per_year + 0.5)
    nearest = np.rint(np.where(inside, position, 0.0))
    return inside, nearest, inside & (np.abs(position - nearest) <= GRID_TOLERANCE)


def pack_paths(
    names: Sequence[str], base: Mapping[str, Path | float], varied: Mapping[str, PathBatch], runs: int
) -> PackedPaths:
    """Pack the dated inputs of a sweep; a path that runs do not change is stored once.

    Parameters
    ----------
    names : the model's dated inputs in column order.
    base : the path, or a constant, of each name that is not varied.
    varied : names in which runs differ, with one path for each run.
    runs : number of runs.
    """
    unknown = sorted((set(base) | set(varied)) - set(names))
    if unknown:
        raise RecordError(f"paths: {unknown[0]!r} is no dated input of this model")
    blocks, jump_blocks = [], []
    shared, column = np.full(len(names), -1, np.int64), np.full(len(names), -1, np.int64)
    firsts: list[NDArray[np.int64]] = []
    rows = 0
    for index, name in enumerate(names):
        if name in varied:
            if len(varied[name]) != runs:
                raise RecordError(f"{name}: paths for {len(varied[name])} runs, but the sweep has {runs}")
            batch, column[index] = varied[name], len(firsts)
        elif name in base:
            given = base[name]
            batch = PathBatch.from_paths([given if isinstance(given, Path) else Path.constant(given)])
        else:
            raise RecordError(f"{name}: no path is given for this dated input")
        records, jumps, first = _records(batch)
        if column[index] >= 0:
            firsts.append(first + rows)
        else:
            shared[index] = rows
        blocks.append(records)
        jump_blocks.append(jumps)
        rows += len(records)
    packed = np.concatenate(blocks) if blocks else np.zeros((0, 3))
    packed[:, 2] = slopes(packed[:, 0], packed[:, 1])  # a closing row, dated infinity, parts one path from the next
    return PackedPaths(
        tuple(names),
        packed,
        np.concatenate(jump_blocks) if blocks else np.zeros(0, np.bool_),
        shared,
        column,
        np.ascontiguousarray(np.stack(firsts, axis=1)) if firsts else np.zeros((runs, 0), np.int64),
    )


def _records(batch: PathBatch) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Rows of all runs of one dated input, their slopes still open; which of them jump; the first row of each run."""
    runs, points = len(batch), len(batch.dates)
    counts = np.diff(batch.offsets)
    owner = np.repeat(np.arange(runs), counts)
    rows = np.arange(points) + 2 * owner + 1
    first = batch.offsets[:-1] + 2 * np.arange(runs)
    last_of_run = batch.offsets[1:] - 1
    records = np.zeros((points + 2 * runs, 3))
    records[rows, 0], records[rows, 1] = batch.dates, batch.values
    records[first, :2] = records[first + 1, :2]
    records[first + counts + 1, 0] = np.inf
    jumps = np.zeros(len(records), np.bool_)
    repeated = np.append(np.diff(batch.dates) == 0, False)
    repeated[last_of_run] = False
    jumps[rows[repeated] + 1] = True
    return records, jumps, first
