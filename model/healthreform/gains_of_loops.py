"""Gains of the reinforcing loops: at the start of a run, and at the ends of the ranges of the parameters on the loop.

What a gain is stands in ``stockflow/round_trip.py``.  A gain of one or more means that a change, with all else held,
would feed itself; whether it does in the model depends on the balancing loops that share its links.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .engine_use import base_values
from .named_loops import NamedLoop, read_loops, values_by_flat_name
from .place import Place
from .stockflow.accounts import split_end
from .stockflow.graph import Loop
from .stockflow.model import Model
from .stockflow.round_trip import Moment

if TYPE_CHECKING:
    import pandas

#: A gain below this is one under which changes die out.
LIMIT = 1.0
#: Points of a range looked at to find where a gain crosses the limit; between two of them the line is straight.
POINTS = 33

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Gain:
    """The gain of one loop.

    Attributes
    ----------
    start : with all parameters at their values.
    ends : by parameter, the gains with all of its elements at the low and at the high ends of their ranges.
    crosses : by parameter, the place in its range where the gain crosses one: its value, or for several elements the
        share of the way to that end, in words.
    """

    loop: NamedLoop
    start: float
    ends: Mapping[str, tuple[float, float]]
    crosses: Mapping[str, str]

    @property
    def passed(self) -> bool:
        """Whether the gain is below one at the start and at every end."""
        return bool(np.max([self.start, *(gain for ends in self.ends.values() for gain in ends)]) < LIMIT)

    def extreme(self, largest: bool) -> tuple[float, str]:
        """The largest or smallest gain, and the parameter and the end that bring it; nothing if that is the start's."""
        found = {
            f"{name} {end}": gain for name, ends in self.ends.items() for end, gain in zip(_ENDS, ends, strict=True)
        }
        sign = 1 if largest else -1
        where = max(found, key=lambda key: sign * np.nan_to_num(found[key], nan=np.inf * sign), default="")
        if not where or sign * found[where] <= sign * self.start:
            return self.start, ""
        return found[where], where

    def __str__(self) -> str:
        low, high = self.extreme(False), self.extreme(True)
        text = f"{self.start:.3g} at the start; {_told(*low)} to {_told(*high)} over {len(self.ends)} parameters"
        if self.crosses:
            text += "; crosses one at " + ", ".join(f"{name} {value}" for name, value in self.crosses.items())
        return text


_ENDS = ("low", "high")


def _told(gain: float, where: str) -> str:
    return f"{gain:.3g} ({where})" if where else f"{gain:.3g}"


def loop_gains(place: str | os.PathLike[str] | Place = "china", *, by_parameter: bool = False) -> pandas.DataFrame:
    """Gains of the named reinforcing loops: how much of a small change comes back after one time round.

    Everything off the loop is held; stocks on it settle by their own flows. Below one, changes die out.

    Parameters
    ----------
    place : as for ``simulate``; gains are taken at the start of its runs.
    by_parameter : a row for each parameter that enters a loop, in place of one for each loop.

    Returns
    -------
    pandas.DataFrame
        By loop: title, start (the gain with all parameters at their values), lowest, lowest_at, highest, highest_at (a
        parameter and an end of its range), crosses_one (parameters and the values at which the gain crosses one),
        below_one (whether it is, at the start and at every end).
        By loop and parameter: low, high (the gain at the ends of its range), crosses_one.
    """
    import pandas

    found = {gain.loop.name: gain for gain in gains(Place.load(place))}
    if by_parameter:
        rows = {
            (name, parameter): {"low": ends[0], "high": ends[1], "crosses_one": gain.crosses.get(parameter, "")}
            for name, gain in found.items()
            for parameter, ends in gain.ends.items()
        }
        table = pandas.DataFrame.from_dict(rows, orient="index")
        table.index = pandas.MultiIndex.from_tuples(list(rows), names=["loop", "parameter"])
        return table
    table = pandas.DataFrame.from_dict({name: _row(gain) for name, gain in found.items()}, orient="index")
    table.index.name = "loop"
    return table


def _row(gain: Gain) -> dict[str, Any]:
    (lowest, lowest_at), (highest, highest_at) = gain.extreme(False), gain.extreme(True)
    return {
        "title": gain.loop.title,
        "start": gain.start,
        "lowest": lowest,
        "lowest_at": lowest_at,
        "highest": highest,
        "highest_at": highest_at,
        "crosses_one": ", ".join(f"{name} {value}" for name, value in gain.crosses.items()),
        "below_one": gain.passed,
    }


def gains(place: Place, loops: Sequence[NamedLoop] | None = None) -> Iterator[Gain]:
    """The gains of loops one by one; of all that are declared reinforcing, if none are given."""
    chosen = [loop for loop in read_loops().values() if loop.polarity == "reinforcing"] if loops is None else loops
    for loop in chosen:
        yield _gain(place, loop)


def _gain(place: Place, loop: NamedLoop) -> Gain:
    found = loop.found(place)
    names = parameters_of(place.model, found, leave=loop.state)
    cases = _Cases(place, loop, found)
    ends = [cases.moved(name, share) for name in names for share in (-1.0, 1.0)]
    start, *rest = cases.gains([{}, *ends])
    by_end = {name: (rest[2 * place], rest[2 * place + 1]) for place, name in enumerate(names)}
    return Gain(loop, start, by_end, dict(cases.crossings(start, by_end)))


def parameters_of(model: Model, loop: Loop, leave: Mapping[str, float] | None = None) -> list[str]:
    """Uncertain parameters that stand in the equations of a loop, or of the flows of its stocks, by written name."""
    flows = {movement.flow: movement.variable for movement in model.ledger.movements}
    reading: list[str] = []
    for name in loop.names:
        written = split_end(name)[0]
        reading.append(written)
        for flat in model.flat_names(written) if model.variables[written].role == "stock" else ():
            reading.extend(flows[flow] for _, flow in model.ledger.rates[flat])
    ranges = model.parameter_ranges()
    read = dict.fromkeys(argument for name in dict.fromkeys(reading) for argument in model.variables[name].arguments)
    return [
        name
        for name in read
        if name in model.records.parameters
        and name not in (leave or ())
        and any(ranges[flat].low < ranges[flat].high for flat in model.flat_names(name))
    ]


class _Cases:
    """Parameter values under which one loop's gain is wanted."""

    def __init__(self, place: Place, loop: NamedLoop, found: Loop) -> None:
        self.place, self.found = place, found
        model = place.model
        parameters, paths = values_by_flat_name(model, loop.state, place.size)
        values: dict[str, Any] = {**base_values(model, model.records), **parameters, **paths}
        self.parameters = {name: float(values[name]) for name in model.flat.parameters}
        self.paths = {name: values[name] for name in model.flat.paths}
        self.ranges = model.parameter_ranges()

    def moved(self, name: str, share: float) -> dict[str, float]:
        """All elements of a parameter moved by a share of the way to an end: to the low end by -1, to the high by 1."""
        found = {}
        for flat in self.place.model.flat_names(name):
            value, end = self.parameters[flat], self.ranges[flat].high if share > 0 else self.ranges[flat].low
            found[flat] = value + abs(share) * (end - value)
        return found

    def gains(self, cases: Sequence[Mapping[str, float]]) -> list[float]:
        """The gain under each set of changed parameters, in one evaluation."""
        values: dict[str, Any] = dict(self.parameters)
        for name in dict.fromkeys(name for case in cases for name in case):
            values[name] = np.array([case.get(name, self.parameters[name]) for case in cases])
        moment = Moment(self.place.model, float(self.place.start), values, self.paths)
        return [float(gain) for gain in np.broadcast_to(moment.gain(self.found), (len(cases),))]

    def crossings(self, start: float, ends: Mapping[str, tuple[float, float]]) -> Iterator[tuple[str, str]]:
        """Where in its range each parameter takes the gain across the limit."""
        across = [
            (name, sign)
            for name, pair in ends.items()
            for sign, gain in zip((-1.0, 1.0), pair, strict=True)
            if (gain < LIMIT) != (start < LIMIT)
        ]
        shares = np.linspace(0, 1, POINTS)
        if not across:
            return
        found = np.array(self.gains([self.moved(name, sign * share) for name, sign in across for share in shares]))
        for (name, sign), line in zip(across, found.reshape(len(across), POINTS), strict=True):
            after = int(np.argmax((line < LIMIT) != (start < LIMIT)))
            before = line[after - 1]
            part = (LIMIT - before) / (line[after] - before) if np.isfinite(line[after]) else 1.0
            yield name, self._named(name, sign, shares[after - 1] + part / (POINTS - 1))

    def _named(self, name: str, sign: float, share: float) -> str:
        values = self.moved(name, sign * share)
        if len(values) == 1:
            (flat, value), *_ = values.items()
            return f"{value:.3g} (range {self.ranges[flat].low:g} to {self.ranges[flat].high:g})"
        return f"{share:.0%} of the way to its {'high' if sign > 0 else 'low'} ends"
