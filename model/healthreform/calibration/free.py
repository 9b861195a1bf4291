"""Free parameters: where each may go, and where it is thought to be before history is looked at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..changes import split_name
from ..stockflow.errors import RecordError, nearest, one_of
from ..stockflow.model import Model
from ..stockflow.record_values import at_key
from ..stockflow.records import Parameter, Records

Numbers = NDArray[np.float64]

#: Fitted values are rounded to this many significant digits, or as many more as a narrow range asks for.
DIGITS = 4
#: Where in its range a parameter is thought to be that a fit moves: its recorded value may be that of the fit before.
MIDDLE = 0.5
#: A range is to be at least this many rounded steps wide.
STEPS_IN_RANGE = 1000


@dataclass(frozen=True)
class Free:
    """One number that a calibration may move.

    Attributes
    ----------
    name : flat name.
    recorded : the value it has now; ``low`` and ``high`` are the ends of its range.
    logarithmic : whether its position in the range is counted in logarithms, as a loguniform distribution does.
    deviation : standard deviation of its distribution, in positions.
    """

    name: str
    recorded: float
    low: float
    high: float
    logarithmic: bool
    deviation: float
    grade: str

    def value(self, position: Numbers) -> Numbers:
        """Values at positions between 0, the low end of the range, and 1, the high end; never beyond them."""
        at = np.asarray(position, dtype=float)
        straight = self.low + at * (self.high - self.low)
        return np.clip(self.low * (self.high / self.low) ** at if self.logarithmic else straight, self.low, self.high)

    def position(self, value: float) -> float:
        """Where in the range a value lies, from 0 to 1."""
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def slope(self, value: float) -> float:
        """How fast the value changes with the position."""
        return value * math.log(self.high / self.low) if self.logarithmic else self.high - self.low

    def rounded(self, value: float) -> float:
        """A value with few digits, inside the range."""
        if value == 0:
            return value
        size = math.floor(math.log10(abs(value)))
        narrow = math.floor(math.log10((self.high - self.low) / STEPS_IN_RANGE))
        digits = max(DIGITS, size - narrow + 1)
        return min(max(float(f"{value:.{digits}g}"), self.low), self.high)


def free_parameters(model: Model, records: Records, names: Mapping[str, str] | Iterable[str], where: str) -> list[Free]:
    """The numbers that some names of parameters, or ``name[element]``, stand for.

    Parameters
    ----------
    records : with the values from which a calibration begins.
    where : what an error line calls the place of the names.

    Raises
    ------
    RecordError
        If there is no name; or one is unknown, no parameter, graded ``measured``, given twice, or has a range without
        width.
    """
    found: dict[str, Free] = {}
    for text in names:
        for flat in _flat_names(model, records, text, where):
            if flat in found:
                raise RecordError(f"{where}: '{text}' frees {flat} a second time; name it once")
            found[flat] = _free(records, flat, where)
    if not found:
        raise RecordError(f"{where}: no parameter is free; name at least one, with its reason")
    return list(found.values())


def _flat_names(model: Model, records: Records, text: str, where: str) -> tuple[str, ...]:
    name, elements = split_name(text)
    if name not in records.parameters:
        if name in records.levers or name in records.drivers:
            kind = "lever" if name in records.levers else "driver"
            raise RecordError(f"{where}: '{name}' is a {kind}, whose past is a fact; only parameters can be free")
        raise RecordError(f"{where}: '{name}' is no parameter{nearest(name, records.parameters)}")
    if records.parameters[name].grade == "measured":
        raise RecordError(f"{where}: '{name}' is graded measured; a fact is not fitted, so take it out")
    every = model.flat_names(name)
    if not elements:
        return every
    flat = f"{name}[{','.join(elements)}]"
    if flat not in every:
        raise RecordError(f"{where}: '{flat}' is no element of '{name}'; it has {one_of(every)}")
    return (flat,)


def _free(records: Records, flat: str, where: str) -> Free:
    name, key = split_name(flat)
    record = records.parameters[name]
    value, low, high = (at_key(numbers, key) for numbers in (record.value, record.low, record.high))
    assert value is not None and low is not None and high is not None, "a record's range covers its elements"
    if not low < high:
        raise RecordError(
            f"{where}: {flat}: its range, {low:g} to {high:g}, has no width; name only elements that can move"
        )
    return Free(
        flat,
        value,
        low,
        high,
        record.distribution == "loguniform",
        _deviation(record),
        record.grade,
    )


def _deviation(record: Parameter) -> float:
    """Standard deviation of a parameter's distribution, in parts of its range; a triangle's peak in the middle."""
    return 1 / math.sqrt(24 if record.distribution == "triangular" else 12)
