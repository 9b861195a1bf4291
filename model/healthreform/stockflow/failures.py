"""After a batch: which variable went wrong first in each run that failed, and which step was too long."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .evaluate import evaluate
from .expression import Apply, Expression, Name, children, names_in, walk
from .inputs import RunInputs
from .layout import Layout, needed_at_start, needed_equations
from .loop_ir import FAILED_AT_START, NOT_FAILED
from .paths import MOST_STEPS
from .results import Failure

EDGE = 1e-12
"""Share of what a number is computed from below which it may be no more than round-off."""
REMEDY_OF_NEGATIVE = "limit what leaves it by what is there, or declare it signed"
UNDEFINED_BELOW: Mapping[str, int] = {"log": 0, "sqrt": 0, "power": 0, "divide": 1}
"""Operations that are not defined everywhere, and which of their arguments says so."""
AT_ONCE = 1024
"""Runs examined together: enough to make numpy worth while, few enough to keep memory flat."""


@dataclass(frozen=True)
class Recorded:
    """What the kernel wrote down of each run."""

    step: NDArray[np.int64]
    item: NDArray[np.int64]
    state: NDArray[np.float64]
    shortest: NDArray[np.float64]
    which: NDArray[np.int64]


@dataclass(frozen=True)
class Clock:
    """Start, steps a year and last year of a batch."""

    start: int
    steps: int
    stop: int

    def time(self, step: NDArray[np.int64] | int, halves: int = 0) -> Any:
        """Time of a step's start, plus half steps; computed as in the kernel."""
        return self.start + (2 * np.asarray(step) + halves) / (2 * self.steps)


def find_failures(
    layout: Layout, inputs: RunInputs, records: NDArray[np.float64], clock: Clock, recorded: Recorded
) -> list[Failure]:
    """All failures of a batch, in the order of runs."""
    found = {failure.run: failure for failure in _went_wrong(layout, inputs, records, clock, recorded)}
    # Too long a step is the cause where both are true, so it is the failure told.
    for run in np.flatnonzero(recorded.shortest * (1 + 1e-9) < 1.0 / clock.steps).tolist():
        found[run] = _too_long(layout, inputs, clock, recorded, run)
    return [found[run] for run in sorted(found)]


def steps_needed(shortest: float) -> int | None:
    """The fewest steps a year that are no longer than a time constant; None if a run does not take as many."""
    return math.ceil(1.0 / shortest - 1e-9) if shortest >= 1 / MOST_STEPS else None


def _too_long(layout: Layout, inputs: RunInputs, clock: Clock, recorded: Recorded, run: int) -> Failure:
    constant = layout.model.time_constants[int(recorded.which[run])]
    shortest = float(recorded.shortest[run])
    stages = "" if constant.order == 1 else f" (divided by its order {constant.order})"
    needed = steps_needed(shortest)
    # Not any shorter step will do: dated inputs that jump must jump between two of them.
    fitting = None if needed is None else inputs.paths.fitting_steps(clock.start, clock.stop, needed)
    remedy = "lengthen it" if fitting is None else f"use a step of 1/{fitting} year"
    message = (
        f"run {run}: step 1/{clock.steps} year is longer than the time constant {constant.name!r} of "
        f"{constant.owner!r}, which comes down to {shortest:.4g} year{stages}; {remedy}"
    )
    return Failure(run, constant.name, float(clock.start), message)


def _went_wrong(
    layout: Layout, inputs: RunInputs, records: NDArray[np.float64], clock: Clock, recorded: Recorded
) -> Iterator[Failure]:
    failed = np.flatnonzero(recorded.step != NOT_FAILED)
    for begin in range(0, len(failed), AT_ONCE):
        group = failed[begin : begin + AT_ONCE]
        yield from _Examination(layout, inputs, records, clock, recorded, group).failures()


class _Examination:
    """The failing steps of some runs, computed again equation by equation."""

    def __init__(
        self,
        layout: Layout,
        inputs: RunInputs,
        records: NDArray[np.float64],
        clock: Clock,
        recorded: Recorded,
        runs: NDArray[np.int64],
    ) -> None:
        self.layout, self.model, self.runs, self.clock = layout, layout.model, runs, clock
        self.inputs, self.records = inputs, records
        self.step, self.item = recorded.step[runs], recorded.item[runs]
        self.state = recorded.state[runs]
        self.parameters = dict(zip(self.model.parameters, inputs.parameters(runs).T, strict=True))
        self.found: dict[int, Failure] = {}
        self.end_state = self.state
        self.stages: list[tuple[NDArray[np.float64], dict[str, Any], dict[str, Expression]]] = []

    def failures(self) -> list[Failure]:
        first_time = np.full(len(self.runs), float(self.clock.start))
        known = {**self.parameters, **self._paths(first_time, "left")}
        at_start = self.step == FAILED_AT_START
        initial = self._evaluate(self.model.initial, needed_at_start(self.model), known)
        self._trace((*self.model.references, *self.model.stocks), initial, known, first_time, at_start)
        references = {name: known[name] for name in self.model.references}
        in_stocks = ~at_start & (self.item < len(self.model.stocks))
        if in_stocks.any():
            self._repeat_step(references, in_stocks)
        for place in range(len(self.runs)):
            if place not in self.found:
                self._blame_item(place, known if at_start[place] else None)
        return [self.found[place] for place in range(len(self.runs))]

    def _evaluate(
        self, ordered: tuple[tuple[str, Expression], ...], needed: frozenset[str], known: dict[str, Any]
    ) -> dict[str, Expression]:
        """Compute equations in order into ``known``; gives back those computed."""
        computed = {name: expression for name, expression in ordered if name in needed}
        for name, expression in computed.items():
            known[name] = np.broadcast_to(evaluate(expression, known, self.model.tables), self.runs.shape)
        return computed

    def _trace(
        self,
        targets: tuple[str, ...],
        computed: dict[str, Expression],
        known: dict[str, Any],
        times: NDArray[np.float64],
        active: NDArray[np.bool_],
    ) -> None:
        """From a target that is not finite back to where it comes from: an equation whose inputs are all finite."""
        for name in targets:
            for place in np.flatnonzero(active & ~np.isfinite(known[name])).tolist():
                if place in self.found:
                    continue
                origin = name
                while origin in computed:
                    inputs = names_in(computed[origin])
                    bad = [part for part in inputs if part in computed and not np.isfinite(known[part][place])]
                    if not bad:
                        break
                    origin = bad[0]
                shown = names_in(computed[origin]) if origin in computed else ()
                values = {part: float(known[part][place]) for part in shown}
                self._note(place, origin, float(times[place]), f"is {known[origin][place]:g}", values)

    def _repeat_step(self, references: dict[str, Any], active: NDArray[np.bool_]) -> None:
        step = np.maximum(self.step, 0)
        length, rk4 = 1.0 / self.clock.steps, self.layout.options.method == "rk4"
        stages = [(0, 0.0, 1.0), (1, 0.5, 2.0), (1, 0.5, 2.0), (2, 1.0, 1.0)] if rk4 else [(0, 0.0, 1.0)]
        rates, total, weights = np.zeros_like(self.state), np.zeros_like(self.state), 0.0
        needed = needed_equations(self.layout)
        flows = tuple(dict.fromkeys(name for pairs in self.model.rates for _, name in pairs))
        with np.errstate(all="ignore"):
            for halves, share, weight in stages:
                times = self.clock.time(step, halves)
                known = {**self.parameters, **references, **self._paths(times, "left" if halves == 2 else "right")}
                state = self.state + share * length * rates
                known.update(zip(self.model.stocks, state.T, strict=True))
                computed = self._evaluate(self.model.equations, needed, known)
                self._trace(flows, computed, known, times, active)
                self.stages.append((times, known, computed))
                rates = self._rates(known)
                total, weights = total + weight * rates, weights + weight
            self.end_state = self.state + length * total / weights

    def _rates(self, known: dict[str, Any]) -> NDArray[np.float64]:
        rates = np.zeros_like(self.state)
        for index, pairs in enumerate(self.model.rates):
            for sign, name in pairs:
                rates[:, index] += sign * known[name]
        return rates

    def _paths(self, times: NDArray[np.float64], side: str) -> dict[str, Any]:
        """Dated inputs of the runs, each at its own time."""
        return dict(self.inputs.paths.values_at(times, side, self.runs, self.records))

    def _blame_item(self, place: int, start_values: dict[str, Any] | None) -> None:
        """No equation is to blame: a stock is negative or overflows, or a kept value is not finite."""
        item, stocks = int(self.item[place]), len(self.model.stocks)
        time = float(self.clock.time(max(int(self.step[place]), 0), 0 if start_values is not None else 2))
        if item >= stocks:
            name = (*self.layout.moving, *self.layout.closing)[item - stocks]
            when = "" if name in self.layout.closing else " in the time before"
            self._note(place, name, time, f"is not finite{when}", {})
            return
        name = self.model.stocks[item]
        value = float(self.end_state[place, item] if start_values is None else start_values[name][place])
        remedy = f"; {REMEDY_OF_NEGATIVE}"
        if value < 0:
            self._note(place, name, time, f"is negative ({value:g})", {}, remedy, negative=True)
        elif not math.isfinite(value):
            self._note(place, name, time, f"is {value:g}", {})
        elif not self._blame_edge(place, item):
            self._note(place, name, time, "is not finite in the kernel", {}, f"; computed anew it is {value:g}")

    def _blame_edge(self, place: int, item: int) -> bool:
        """Whether an equation that moves a stock is at the edge of where it is defined; the first of them is told.

        All is finite when the step is computed anew, so the kernel's last digits made the difference.
        """
        name = self.model.stocks[item]
        for times, known, computed in self.stages:
            here = {part: value[place] for part, value in known.items()}
            movers = _sources((flow for _, flow in self.model.rates[item]), computed)
            for origin in (each for each in computed if each in movers):
                if self._at_edge(computed[origin], here, computed):
                    values = {part: float(here[part]) for part in names_in(computed[origin])}
                    what = "is within round-off of where it is not defined"
                    after = f"; {name} is not finite after it"
                    self._note(place, origin, float(times[place]), what, values, after)
                    return True
        return False

    def _at_edge(self, expression: Expression, here: Mapping[str, Any], computed: Mapping[str, Expression]) -> bool:
        for node in walk(expression):
            if isinstance(node, Apply) and node.operation in UNDEFINED_BELOW:
                argument = node.arguments[UNDEFINED_BELOW[node.operation]]
                made_of = computed.get(argument.name, argument) if isinstance(argument, Name) else argument
                sizes = [abs(evaluate(part, here, self.model.tables)) for part in (argument, *children(made_of))]
                if sizes[0] <= EDGE * max(sizes):
                    return True
        return False

    def _note(
        self,
        place: int,
        name: str,
        time: float,
        what: str,
        inputs: dict[str, float],
        remedy: str = "",
        *,
        negative: bool = False,
    ) -> None:
        run = int(self.runs[place])
        listed = ", ".join(f"{part} = {value:.6g}" for part, value in inputs.items())
        origin = f", computed from {listed}" if listed else ""
        message = f"run {run}: {name} {what} at {time:.6g}{origin}{remedy}"
        self.found[place] = Failure(run, name, time, message, negative)


def _sources(names: Iterable[str], computed: Mapping[str, Expression]) -> set[str]:
    """Computed names that some names come from, themselves too."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name in computed and name not in found:
            found.add(name)
            pending.extend(names_in(computed[name]))
    return found
