"""The gain of a feedback loop: how much of a small change comes back after one time round the loop.

Everything off the loop is held.  A link to an equation counts with its partial derivatives, exact ones of the flat
equations; where the slopes to both sides differ, at a kink, the steeper one counts.  A link from a flow to the stock it
moves counts with what the stock settles to: its deviation from its own path, relative to that path, ends to change when
the flow's deviation is met by the stock's own effect, within the same moment, on all of its flows (at a kink the weaker
effect counts), the link by which the loop enters the flow held.  For a stock at rest this is the usual steady state;
for one that grows it is that of balanced growth.

Over subscripts a link is a matrix, and the gain is the eigenvalue of the largest size of the product of all of them:
the share in which a change that comes back in the proportions in which it set out does come back.  It does not depend
on where the loop is entered, nor on units.  Below one, the changes of many rounds add up to something finite.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .accounts import split_end
from .errors import ModelError
from .evaluate import evaluate
from .expression import names_in
from .graph import Loop
from .model import Model
from .paths import Path
from .slopes import slope

#: The directions to both sides of a value.
_SIDES = (1.0, -1.0)

Numbers = NDArray[np.float64]


class Moment:
    """Every quantity of a model at the start of a run, for several cases at once.

    Parameters
    ----------
    model : the model.
    start : when; stocks stand at their starting values.
    parameters : values by flat name, each a number or one for each case.
    paths : dated inputs by flat name: a path, or a number held for all time.
    """

    def __init__(
        self,
        model: Model,
        start: float,
        parameters: Mapping[str, float | Numbers],
        paths: Mapping[str, Path | float],
    ) -> None:
        self.model = model
        flat = model.flat
        dated = {name: paths[name] for name in flat.paths}
        known: dict[str, Any] = {name: parameters[name] for name in flat.parameters}
        known |= {name: _at(path, start, "left") for name, path in dated.items()}
        for name, expression in flat.initial:
            known[name] = evaluate(expression, known, flat.tables)
        held = {name: known[name] for name in (*flat.parameters, *flat.references, *flat.stocks)}
        self.known: dict[str, Any] = held | {name: _at(path, start, "right") for name, path in dated.items()}
        for name, expression in flat.equations:
            self.known[name] = evaluate(expression, self.known, flat.tables)
        self.cases = max((np.size(value) for value in parameters.values()), default=1)
        self._expressions = dict(flat.equations)
        self._reads = {name: names_in(expression) for name, expression in flat.equations}
        self._rates = dict(zip(flat.stocks, flat.rates, strict=True))

    def value(self, name: str) -> Numbers:
        """A quantity by flat name, one number for each case."""
        return np.broadcast_to(np.asarray(self.known[name], dtype=float), (self.cases,))

    def gain(self, loop: Loop) -> Numbers:
        """The gain of a loop in each case; NaN where a slope is no number, infinite where a stock does not settle.

        Raises
        ------
        ModelError
            If the loop's names are not those of this model.
        """
        names = [self._chosen(name) for name in loop.names]
        links = []
        for place, target in enumerate(names):
            source, before = names[place - 1], names[place - 2]
            settles = target[0] in self._rates
            links.append(self._settled(before, source, target) if settles else self._slopes(source, target))
        return np.array([_largest_eigenvalue([link[case] for link in links]) for case in range(self.cases)])

    def _chosen(self, name: str) -> tuple[str, ...]:
        written, elements = split_end(name)
        if written not in self.model.variables:
            raise ModelError(f"'{written}' is no variable of this model")
        return tuple(f for f in self.model.flat_names(written) if set(elements) <= set(split_end(f)[1]))

    # ------------------------------------------------------------------------------------------------------ one link

    def _slopes(self, sources: tuple[str, ...], targets: tuple[str, ...]) -> Numbers:
        """Partial derivatives of equations, shape (cases, targets, sources)."""
        matrix = np.zeros((self.cases, len(targets), len(sources)))
        for row, target in enumerate(targets):
            for column, source in enumerate(sources):
                if source in self._reads[target]:
                    right, left = (self._slope(target, {source: side}) * side for side in _SIDES)
                    matrix[:, row, column] = np.where(np.abs(right) >= np.abs(left), right, left)
        return matrix

    def _slope(self, target: str, changes: Mapping[str, Any]) -> Any:
        return slope(self._expressions[target], self.known, changes, self.model.flat.tables)

    def _settled(self, before: tuple[str, ...], flows: tuple[str, ...], stocks: tuple[str, ...]) -> Numbers:
        """What stocks settle to for each flow's deviation, shape (cases, stocks, flows)."""
        inflow = np.zeros((self.cases, len(stocks), len(flows)))
        for row, stock in enumerate(stocks):
            for sign, flow in self._rates[stock]:
                if flow in flows:
                    inflow[:, row, flows.index(flow)] += sign
        own = np.zeros((self.cases, len(stocks), len(stocks)))
        for column, stock in enumerate(stocks):
            right, left = (side * self._stock_rates(stocks, {stock: side}, before, flows) for side in _SIDES)
            own[:, :, column] = np.maximum(right, left).T
        growth = np.stack([self._growth(stock) for stock in stocks], axis=1)
        settling = growth[:, :, np.newaxis] * np.eye(len(stocks)) - own
        settled = np.full(inflow.shape, np.nan)
        for case in range(self.cases):
            if np.isfinite(settling[case]).all():
                stable = np.linalg.eigvals(settling[case]).real.min() > 0
                settled[case] = np.linalg.solve(settling[case], inflow[case]) if stable else np.inf
        return settled

    def _growth(self, stock: str) -> Numbers:
        """Growth of a stock a year; none where it shrinks, is empty, or may be negative."""
        value = self.value(stock)
        if stock in self.model.flat.signed:
            return np.zeros(self.cases)
        rate = sum((sign * self.value(flow) for sign, flow in self._rates[stock]), start=np.zeros(self.cases))
        return np.divide(rate, value, out=np.zeros(self.cases), where=(value > 0) & (rate > 0))

    def _stock_rates(
        self, stocks: tuple[str, ...], moved: Mapping[str, float], held: tuple[str, ...], flows: tuple[str, ...]
    ) -> Numbers:
        """Slopes of the rates of stocks, shape (stocks, cases), while one moves; ``flows`` read ``held`` unmoved."""
        changes: dict[str, Any] = dict(moved)
        wanted = {flow for stock in stocks for _, flow in self._rates[stock]}
        for name in self._between(tuple(moved), wanted):
            seen = {key: change for key, change in changes.items() if key not in held} if name in flows else changes
            changes[name] = self._slope(name, seen)
        rates = [sum(sign * changes.get(flow, 0.0) for sign, flow in self._rates[stock]) for stock in stocks]
        return np.array([np.broadcast_to(np.asarray(rate, dtype=float), (self.cases,)) for rate in rates])

    def _between(self, sources: Iterable[str], wanted: set[str]) -> Iterator[str]:
        """Equations that depend on some names and on which others depend, in the order of evaluation."""
        reached = set(sources)
        order = []
        for name, reads in self._reads.items():
            if not reached.isdisjoint(reads):
                reached.add(name)
                order.append(name)
        needed: set[str] = set()
        for name in reversed(order):
            if name in wanted or name in needed:
                needed.add(name)
                needed.update(self._reads[name])
        return (name for name in order if name in needed)


def _largest_eigenvalue(links: list[Numbers]) -> float:
    """Of the product of a loop's matrices, first to last: with its sign if it is real, else its size."""
    if any(np.isinf(link).any() for link in links):
        return np.inf
    if any(np.isnan(link).any() for link in links):
        return np.nan
    values = np.linalg.eigvals(reduce(lambda around, link: link @ around, links))
    largest = values[np.abs(values).argmax()]
    return float(largest.real if abs(largest.imag) <= 1e-9 * abs(largest) else abs(largest))


def _at(path: Path | float, time: float, side: str) -> float:
    return path.value(time, side) if isinstance(path, Path) else float(path)
