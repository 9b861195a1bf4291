"""What a batch of runs starts from: parameters and dated inputs, with what differs between runs stored apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import RecordError, nearest
from .flat import FlatModel
from .paths import PackedPaths, Path, PathBatch, pack_paths

Varied = ArrayLike | PathBatch | Sequence[Path]


@dataclass(frozen=True)
class RunInputs:
    """Inputs of a batch.

    Attributes
    ----------
    base : all parameters, in the model's column order.
    index : columns of the parameters in which runs differ.
    matrix : their values, shape (runs, len(index)).
    paths : the dated inputs.
    """

    base: NDArray[np.float64]
    index: NDArray[np.int64]
    matrix: NDArray[np.float64]
    paths: PackedPaths

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.matrix)

    def part(self, begin: int, end: int) -> RunInputs:
        """The runs from ``begin`` up to ``end``."""
        return RunInputs(self.base, self.index, self.matrix[begin:end], self.paths.part(begin, end))

    def of(self, runs: NDArray[np.int64]) -> RunInputs:
        """Some of the runs, by their numbers."""
        return RunInputs(self.base, self.index, self.matrix[runs], self.paths.of(runs))

    def with_matrix(self, matrix: NDArray[np.float64]) -> RunInputs:
        """A batch of other runs: the same inputs, other values of the parameters in which runs differ.

        Parameters
        ----------
        matrix : shape (runs, len(index)), in the order of ``index``.

        Raises
        ------
        RecordError
            If dated inputs differ between runs, the shape is wrong, or a value is not finite.
        """
        if self.paths.first.shape[1]:
            raise RecordError("dated inputs differ between the runs of this batch; make its inputs anew")
        if matrix.ndim != 2 or matrix.shape[1] != len(self.index) or not len(matrix):
            raise RecordError(f"{matrix.shape} values for {len(self.index)} parameters; give one row for each run")
        if not np.isfinite(matrix).all():
            raise RecordError("a value is not finite; give finite numbers")
        paths = replace(self.paths, first=np.zeros((len(matrix), 0), np.int64))
        return RunInputs(self.base, self.index, np.ascontiguousarray(matrix, dtype=np.float64), paths)

    def parameters(self, runs: NDArray[np.int64]) -> NDArray[np.float64]:
        """All parameters of some runs, shape (len(runs), parameters)."""
        full = np.repeat(self.base[np.newaxis], len(runs), axis=0)
        full[:, self.index] = self.matrix[runs]
        return full


def make_inputs(
    flat: FlatModel,
    values: Mapping[str, float | Path],
    varied: Mapping[str, Varied] | None = None,
    runs: int | None = None,
) -> RunInputs:
    """Inputs by flat name.

    Parameters
    ----------
    flat : the model.
    values : a number for each parameter, a path (or a number, held for ever) for each dated input.
    varied : for each name in which runs differ an array with one number per run, or for a dated input a `PathBatch` or
        one path per run.  A name in ``varied`` needs no entry in ``values``.
    runs : number of runs; needed only if nothing is varied and more than one run is wanted.

    Raises
    ------
    RecordError
        If a name is unknown, a value is missing or not finite, or the lengths differ.
    """
    changed = dict(varied or {})
    known = (*flat.parameters, *flat.paths)
    for name in (*values, *changed):
        if name not in set(known):
            raise RecordError(f"{name!r} is no parameter and no dated input of this model{nearest(name, known)}")
    batches = {name: _batch(name, given) for name, given in changed.items() if name in set(flat.paths)}
    arrays = {name: _array(name, given) for name, given in changed.items() if name not in batches}
    lengths = {name: len(batch) for name, batch in batches.items()} | {name: len(item) for name, item in arrays.items()}
    count = _count(runs, lengths)
    places = {name: index for index, name in enumerate(flat.parameters)}
    base = np.zeros(len(flat.parameters))
    for name in flat.parameters:
        if name in arrays:
            base[places[name]] = arrays[name][0] if count else 0.0
        elif name in values:
            base[places[name]] = _number(name, values[name])
        else:
            raise RecordError(f"{name}: no value is given for this parameter")
    order = sorted(arrays, key=lambda name: places[name])
    matrix = np.stack([arrays[name] for name in order], axis=1) if order else np.zeros((count, 0))
    fixed = {name: _path(name, given) for name, given in values.items() if name in set(flat.paths) - set(batches)}
    return RunInputs(
        base,
        np.array([places[name] for name in order], dtype=np.int64),
        np.ascontiguousarray(matrix),
        pack_paths(flat.paths, fixed, batches, count),
    )


def _count(runs: int | None, lengths: Mapping[str, int]) -> int:
    count = runs if runs is not None else next(iter(lengths.values()), 1)
    for name, length in lengths.items():
        if length != count:
            raise RecordError(f"{name}: {length} values for {count} runs; give one for each run")
    if count < 1:
        raise RecordError("a batch has no runs; give at least one")
    return count


def _number(name: str, given: float | Path) -> float:
    if isinstance(given, Path):
        raise RecordError(f"{name}: a parameter cannot change over time; give a number")
    return float(_array(name, [given])[0])


def _path(name: str, given: float | Path) -> Path:
    if isinstance(given, Path):
        return given
    return Path.constant(float(_array(name, [given])[0]))


def _array(name: str, given: Varied) -> NDArray[np.float64]:
    """Finite numbers, one per run."""
    found = np.asarray(given)
    if found.dtype.kind not in "iuf" or found.ndim != 1:
        raise RecordError(f"{name}: {np.shape(found)} {found.dtype} values; give one number for each run")
    numbers = found.astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        where = f"run {wrong[0]}: " if len(numbers) > 1 else ""
        raise RecordError(f"{where}{name} is {numbers[wrong[0]]}; give a finite number")
    return numbers


def _batch(name: str, given: Varied) -> PathBatch:
    if isinstance(given, PathBatch):
        return given
    if isinstance(given, (list, tuple)) and given and all(isinstance(item, Path) for item in given):
        return PathBatch.from_paths([item for item in given if isinstance(item, Path)])
    numbers = _array(name, given)
    return PathBatch.from_arrays([0.0], numbers[:, np.newaxis])
