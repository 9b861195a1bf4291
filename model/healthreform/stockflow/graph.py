"""What depends on what: links with their signs, feedback loops, and what each sector takes from which.

Written variables are the nodes, so that a model of a thousand scalars stays readable.  A link has the sign of its
partial derivative at the start of the run, all elements moved together; ``mixed`` where elements disagree.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .accounts import end_name, split_end
from .declare import Subscript
from .errors import ModelError, nearest, one_of
from .interpret import Interpreter
from .model import Model
from .named import NamedArray, as_named
from .written import Variable

SIGNS = {1: "+", -1: "-", 0: "0", None: "mixed"}
_STEP = 1e-5


@dataclass(frozen=True, slots=True)
class Loop:
    """A feedback loop.

    Attributes
    ----------
    names : its variables in order; each acts on the next, and the last on the first.
    signs : of the link from each variable to the next: 1, -1, 0 (no effect in the state looked at) or None (mixed).
    """

    names: tuple[str, ...]
    signs: tuple[int | None, ...]

    @property
    def polarity(self) -> str:
        """``reinforcing``, ``balancing``, ``inactive`` (a link has no effect in this state) or ``mixed``."""
        product = 1
        if 0 in self.signs:
            return "inactive"
        for sign in self.signs:
            if sign is None:
                return "mixed"
            product *= sign
        return "reinforcing" if product > 0 else "balancing"

    def __str__(self) -> str:
        links = "".join(f" -({SIGNS[sign]})-> {name}" for name, sign in zip(self._after, self.signs, strict=True))
        return f"{self.names[0]}{links}: {self.polarity}"

    @property
    def _after(self) -> tuple[str, ...]:
        return (*self.names[1:], self.names[0])


class Graph:
    """The dependency graph of a model.

    Parameters
    ----------
    model : the model.
    start : the time at which signs are taken, with the stocks at their starting values.
    parameters, paths : values in place of those in the model's records, as for the interpreter.
    """

    def __init__(
        self,
        model: Model,
        start: float = 2010.0,
        *,
        parameters: Mapping[str, float] | None = None,
        paths: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.start = start
        self._given = (parameters, paths)
        self.takes = {name: _takes(variable, model) for name, variable in model.variables.items()}
        self.gives: dict[str, list[str]] = {}
        for name, sources in self.takes.items():
            for source in sources:
                self.gives.setdefault(source, []).append(name)
        self._signs: dict[tuple[str, str], int | None] = {}

    # ------------------------------------------------------------------------------------------------------- links

    def depends_on(self, name: str) -> tuple[str, ...]:
        """What a variable is computed from: its arguments, or for a stock the flows that move it."""
        return tuple(self.takes.get(self._known(name), ()))

    def acts_on(self, name: str) -> tuple[str, ...]:
        """What is computed from a variable or an input."""
        return tuple(self.gives.get(self._known(name), ()))

    def sign(self, source: str, target: str) -> int | None:
        """The sign of a link: 1, -1, 0 (no effect) or None if elements disagree.

        Either name may have elements in brackets, ``pay[primary]``: then only these are moved, or looked at.

        Raises
        ------
        ModelError
            If there is no such link.
        """
        giver, taker = self._known(source), self._known(target)
        if giver not in self.takes.get(taker, ()):
            known = one_of(self.takes.get(taker, ()))
            raise ModelError(f"'{taker}' does not depend on '{giver}'; it depends on: {known}")
        if (source, target) not in self._signs:
            variable = self.model.variables[taker]
            by_flow = variable.role == "stock"
            self._signs[source, target] = (self._flow_sign if by_flow else self._slope_sign)(source, target)
        return self._signs[source, target]

    @cached_property
    def _state(self) -> dict[str, Any]:
        interpreter = Interpreter(self.model, *self._given)
        return interpreter.known(self.start, interpreter.begin(self.start))

    def _flow_sign(self, source: str, target: str) -> int | None:
        """Whether a flow fills a stock, drains it, or moves between its elements."""
        flows = set(self._chosen(source))
        signs = {
            sign for stock in self._chosen(target) for sign, flow in self.model.ledger.rates[stock] if flow in flows
        }
        return _one(signs)

    def _slope_sign(self, source: str, target: str) -> int | None:
        """The sign of the change of an equation when one argument moves a little up and down."""
        giver, taker = end_name(source), self.model.variables[end_name(target)]
        value = self._state[giver]
        moved = _mask(value.over, source) * _STEP * np.maximum(np.abs(value.values), _STEP)
        up = self._equation(taker, giver, NamedArray(value.values + moved, value.over))
        down = self._equation(taker, giver, NamedArray(value.values - moved, value.over))
        change = np.sign(up - down)[_mask(taker.over, target)]
        return _one({int(sign) for sign in change.ravel()}) if np.isfinite(change).all() else None

    def _equation(self, target: Variable, source: str, value: NamedArray) -> Any:
        known = [value if name == source else self._state[name] for name in target.arguments]
        return as_named(target.function(*known)).spread_over(target.over).values

    def _chosen(self, name: str) -> tuple[str, ...]:
        written, elements = split_end(name)
        chosen = [flat for flat in self.model.flat_names(written) if set(elements) <= set(split_end(flat)[1])]
        return tuple(chosen)

    def _known(self, name: str) -> str:
        """The written name of a node, which must exist with all of its elements."""
        written, elements = split_end(name)
        known = {*self.model.variables, *(record.name for record in self.model.records)}
        if written not in known:
            raise ModelError(f"'{written}' is no variable or input of this model{nearest(written, known)}")
        if elements and not self._chosen(name):
            raise ModelError(
                f"'{name}': '{written}' has no such element; it has {one_of(self.model.flat_names(written))}"
            )
        return written

    # ------------------------------------------------------------------------------------------------------- loops

    def loop(self, names: Sequence[str], *, fill: bool = False) -> Loop:
        """The loop through these variables, in this order, and its polarity; as ``circle``, with signs."""
        return self._signed(self.circle(names, fill=fill))

    def circle(self, names: Sequence[str], *, fill: bool = False) -> list[str]:
        """All variables of the loop through these, in this order.

        Stages and flows generated for a delay, pipeline or smooth need not be named.

        Parameters
        ----------
        names : variables, each plain or with elements in brackets; the last acts on the first.
        fill : whether to look for the shortest way where one name does not act on the next directly.

        Raises
        ------
        ModelError
            If the loop does not exist; the missing link is named.
        """
        if not names:
            raise ModelError("a loop needs at least one name")
        whole: list[str] = []
        for source, target in zip(names, [*names[1:], names[0]], strict=True):
            giver, taker = self._known(source), self._known(target)
            way = self._way(giver, taker, None if fill else self._generated)
            if way is None:
                known = one_of(self.takes.get(taker, ()))
                raise ModelError(f"no loop: '{giver}' does not act on '{taker}', which depends on: {known}")
            whole.extend([source, *way[1:-1]])
        return whole

    def shortest_loops(self, through: Iterable[str] | None = None) -> tuple[Loop, ...]:
        """For each link out of these variables the shortest loop that it closes, each loop once.

        Parameters
        ----------
        through : variables; all stocks that an author wrote, if not given.
        """
        chosen = list(through) if through is not None else self._authored_stocks()
        found: dict[frozenset[tuple[str, str]], list[str]] = {}
        for name in chosen:
            self._known(name)
            for after in self.gives.get(name, ()):
                way = [name] if after == name else self._way(after, name, None)
                if way is not None:
                    circle = [name] if after == name else [name, *way[:-1]]
                    links = frozenset(zip(circle, [*circle[1:], circle[0]], strict=True))
                    found.setdefault(links, circle)
        return tuple(self._signed(circle) for circle in sorted(found.values(), key=lambda c: (len(c), c)))

    def _authored_stocks(self) -> list[str]:
        return [name for name, v in self.model.variables.items() if v.role == "stock" and v.generated_by is None]

    def _generated(self, name: str) -> bool:
        return name in self.model.variables and self.model.variables[name].generated_by is not None

    def _signed(self, circle: Sequence[str]) -> Loop:
        pairs = zip(circle, [*circle[1:], circle[0]], strict=True)
        return Loop(tuple(circle), tuple(self.sign(source, target) for source, target in pairs))

    def _way(self, source: str, target: str, through: Callable[[str], bool] | None) -> list[str] | None:
        """The shortest way of at least one link, over variables that ``through`` allows; None if there is none."""
        before: dict[str, str] = {}
        pending = deque([source])
        while pending:
            name = pending.popleft()
            for after in self.gives.get(name, ()):
                if after == target:
                    way = [target, name]
                    while way[-1] != source:
                        way.append(before[way[-1]])
                    return way[::-1]
                if after not in before and after != source and (through is None or through(after)):
                    before[after] = name
                    pending.append(after)
        return None

    # ----------------------------------------------------------------------------------------------------- sectors

    def sector_table(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """What sector takes what from which: ``(taker, giver)`` to the variables taken."""
        table: dict[tuple[str, str], dict[str, None]] = {}
        for name, sources in self.takes.items():
            taker = self.model.variables[name].sector
            for source in sources:
                giver = self.model.variables[source].sector if source in self.model.variables else "inputs"
                if giver not in (taker, "inputs"):
                    table.setdefault((taker, giver), {})[source] = None
        return {pair: tuple(names) for pair, names in sorted(table.items())}


def _takes(variable: Variable, model: Model) -> tuple[str, ...]:
    if variable.role == "reference":
        return ()
    if variable.role != "stock":
        return variable.arguments
    own = set(model.flat_names(variable.name))
    moved = (m for m in model.ledger.movements if own & set(_stocks_of(m, model)))
    return tuple(dict.fromkeys(movement.variable for movement in moved))


def _stocks_of(movement: Any, model: Model) -> list[str | None]:
    cash = model.ledger.cash
    return [movement.into, movement.out_of, cash.get(movement.payer or ""), cash.get(movement.payee or "")]


def _mask(over: tuple[Subscript, ...], name: str) -> Any:
    """Which elements of an array a name with brackets means; all of them without brackets."""
    mask = np.ones([len(subscript.elements) for subscript in over], dtype=bool)
    for element in split_end(name)[1]:
        for axis, subscript in enumerate(over):
            if element in subscript.elements:
                along = np.array([own == element for own in subscript.elements])
                mask &= along.reshape([-1 if axis == i else 1 for i in range(len(over))])
    return mask


def _one(signs: set[int]) -> int | None:
    """The sign that all elements share, if those without effect are left out."""
    signs = signs - {0}
    if not signs:
        return 0
    return signs.pop() if len(signs) == 1 else None
