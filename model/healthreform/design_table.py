"""A design: a table of lever and parameter values, one row for each run; judged as a whole before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .changes import check_spelling, split_name
from .stockflow.errors import RecordError, nearest
from .stockflow.expand import all_elements, flat_name
from .stockflow.model import Model
from .stockflow.paths import Path, PathBatch
from .stockflow.record_values import at_key
from .stockflow.records import Records, TableRecord

if TYPE_CHECKING:
    import pandas

#: The two dates between which a lever moves from its history to the design's value.
Ramp = tuple[float, float]


@dataclass(frozen=True)
class Design:
    """A design that was found in order.

    Attributes
    ----------
    labels : of the runs; the table's index.
    columns : names as the table has them.
    values : shape (runs, columns).
    flat : the flat names that each column moves.
    """

    labels: NDArray[Any]
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    flat: tuple[tuple[str, ...], ...]

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.values)

    def varied(self, model: Model, records: Records, ramp: Ramp) -> dict[str, Any]:
        """What the engine needs: a number for each run, or for levers and drivers a path."""
        paths, points = set(model.flat.paths), model.path_points(records)
        found: dict[str, Any] = {}
        for column, names in enumerate(self.flat):
            for name in names:
                chosen = self.values[:, column]
                found[name] = _batch(points[name], chosen, ramp) if name in paths else chosen
        return found


def _batch(history: Sequence[tuple[float, float]], values: NDArray[np.float64], ramp: Ramp) -> PathBatch:
    """History to a date and then a straight line to the value at another, or a jump if both are one."""
    path = Path.from_points(history)
    before = [point for point in history if point[0] < ramp[0]]
    kept = [*before, (ramp[0], path.value(ramp[0], "left"))]
    if ramp[0] == ramp[1] and before and before[-1][0] == ramp[0]:
        kept.pop()
    dates = [*(date for date, _ in kept), ramp[1]]
    matrix = np.empty((len(values), len(dates)))
    matrix[:, :-1] = [value for _, value in kept]
    matrix[:, -1] = values
    return PathBatch.from_arrays(dates, matrix)


def read_design(model: Model, records: Records, table: pandas.DataFrame) -> Design:
    """Judge a design.

    Raises
    ------
    RecordError
        If it is no table, empty, has a column that is unknown, missing its name, or moves what another column moves,
        a row label given twice, or a value that is missing, no finite number, or out of its range.
    """
    columns = getattr(table, "columns", None)
    if columns is None or getattr(table, "index", None) is None:
        raise RecordError(
            f"design: a {type(table).__name__} is no table; give a pandas.DataFrame, one row for each run"
        )
    if not len(table):
        raise RecordError("design: it has no rows; give at least one, each is a run")
    if not len(columns):
        raise RecordError("design: it has no columns; name levers or parameters")
    _check_labels(table)
    flat = _flat_columns(model, records, list(columns))
    values = np.empty((len(table), len(columns)))
    for place, name in enumerate(columns):
        values[:, place] = _numbers(table.iloc[:, place], str(name), table.index)
        _check_range(model, records, str(name), flat[place], values[:, place], table.index)
    return Design(np.asarray(table.index), tuple(str(name) for name in columns), values, tuple(flat))


def check_apart(model: Model, records: Records, design: Design, changes: Mapping[str, Any]) -> None:
    """Refuse changes for all runs of what the design sets run by run.

    Raises
    ------
    RecordError
        Naming what is set twice.
    """
    moved = {flat: column for column, names in zip(design.columns, design.flat, strict=True) for flat in names}
    for text in changes:
        both = [moved[flat] for flat in _moved_by(model, records, str(text)) if flat in moved]
        if both:
            raise RecordError(f"changes: '{text}' is set by the design too, in column '{both[0]}'; keep one of them")


def _plain(label: Any) -> Any:
    """A label of numpy as Python's, for an error line."""
    return label.item() if hasattr(label, "item") else label


def _check_labels(table: pandas.DataFrame) -> None:
    if table.index.nlevels > 1 or table.columns.nlevels > 1:
        raise RecordError("design: it has labels of several levels; flatten them with reset_index()")
    if not table.index.is_unique:
        label = repr(_plain(table.index[table.index.duplicated()][0]))
        raise RecordError(f"design: the row label {label} is given twice; number the rows with reset_index(drop=True)")


def _flat_columns(model: Model, records: Records, columns: list[Any]) -> list[tuple[str, ...]]:
    taken: dict[str, str] = {}
    found = []
    for name in columns:
        if not isinstance(name, str) or not name.strip() or name.startswith("Unnamed:"):
            raise RecordError(f"design: a column has no name ({name!r}); name it after a lever or a parameter")
        flat = _moved_by(model, records, name)
        for each in flat:
            if each in taken:
                again = "is given twice" if taken[each] == name else f"moves {each}, which '{taken[each]}' moves too"
                raise RecordError(f"design: column '{name}' {again}; keep one column for each value")
            taken[each] = name
        found.append(flat)
    return found


def _moved_by(model: Model, records: Records, column: str) -> tuple[str, ...]:
    name, chosen = split_name(column)
    check_spelling(records, column, "design: column")
    try:
        record = records.find(name)
    except RecordError as error:
        raise RecordError(f"design: column {error}") from None
    if isinstance(record, TableRecord):
        raise RecordError(f"design: column '{column}' is a table of points, which a design cannot change")
    over = model.over(name)
    if not chosen:
        return model.flat_names(name)
    if len(chosen) != len(over):
        wanted = f"[{','.join(s.name for s in over)}]" if over else "no brackets, it has no subscripts"
        raise RecordError(f"design: column '{column}': {name} takes {wanted}")
    for element, subscript in zip(chosen, over, strict=True):
        if element not in subscript.elements:
            hint = nearest(element, subscript.elements) or f"; elements: {', '.join(subscript.elements)}"
            raise RecordError(f"design: column '{column}': '{element}' is no element of {subscript.name}{hint}")
    return (flat_name(name, over, dict(zip((s.name for s in over), chosen, strict=True))),)


def _numbers(column: pandas.Series, name: str, index: pandas.Index) -> NDArray[np.float64]:
    if column.dtype.kind not in "iuf":
        for label, value in zip(index, column, strict=True):
            if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
                raise RecordError(f"design: row {_plain(label)!r}, column '{name}': {value!r} is not a number")
    numbers = column.to_numpy(dtype=float)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        what = "is missing" if np.isnan(numbers[wrong[0]]) else "is infinite"
        raise RecordError(
            f"design: row {_plain(index[wrong[0]])!r}, column '{name}': the value {what}; give a finite number"
        )
    return numbers


def _check_range(
    model: Model,
    records: Records,
    column: str,
    flat: tuple[str, ...],
    values: NDArray[np.float64],
    index: pandas.Index,
) -> None:
    name, _ = split_name(column)
    record: Any = records.find(name)
    over = model.over(name)
    for elements in all_elements(over):
        if flat_name(name, over, elements) not in flat:
            continue
        key = tuple(elements.values())
        low, high = at_key(record.low, key), at_key(record.high, key)
        if low is None or high is None:
            continue
        wrong = np.flatnonzero((values < low) | (values > high))
        if wrong.size:
            where = f"design: row {_plain(index[wrong[0]])!r}, column '{column}'"
            raise RecordError(f"{where}: {values[wrong[0]]:g} is out of its range, {low:g} to {high:g}")
