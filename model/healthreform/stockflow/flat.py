"""The flat model: the one form that the kernel, the exporters and the graph read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .expression import Expression


@dataclass(frozen=True, slots=True)
class Table:
    """Points of a table function: ``x`` strictly rises; linear between points, held flat beyond the ends."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TimeConstant:
    """A time over which something adjusts, divided by the stages it is spread over.

    ``name`` is the flat name of a parameter, path or equation in years; the step guard compares ``value(name) / order``
    with the step.
    """

    name: str
    order: int
    owner: str


@dataclass(frozen=True)
class FlatModel:
    """A model of scalars, sorted, ready to be written as straight-line code.

    Attributes
    ----------
    parameters : constants of a run, in column order.
    paths : dated inputs (levers and drivers), in column order.
    tables : table functions by name.
    initial : ``(name, expression)`` in evaluation order: all that is computed once at the start (references, starting
        values of stocks, and whatever these need).  Names may repeat those of ``equations``: there they are the values
        at the start.
    references : names in ``initial`` that are held for the whole run.
    stocks : state variables; each has its starting value in ``initial``.
    signed : stocks that may be negative.
    equations : ``(name, expression)`` in evaluation order, computed at every stage: auxiliaries and flows.
    rates : for each stock, in the order of ``stocks``, the ``(sign, flow)`` pairs that change it (sign is +1 or -1).
    time_constants : what the step guard watches.
    at_year_end : equations whose value of a year is that at the year's end, as a stock's is; of all others it is the
        mean over the year.
    """

    parameters: tuple[str, ...]
    paths: tuple[str, ...]
    tables: Mapping[str, Table]
    initial: tuple[tuple[str, Expression], ...]
    references: tuple[str, ...]
    stocks: tuple[str, ...]
    signed: frozenset[str]
    equations: tuple[tuple[str, Expression], ...]
    rates: tuple[tuple[tuple[int, str], ...], ...]
    time_constants: tuple[TimeConstant, ...]
    at_year_end: frozenset[str] = frozenset()
