"""Flat expressions: what an equation becomes once subscripts are gone.

Four kinds of node are enough.  Everything that walks expressions (the kernel's writer, LaTeX, symbols, the graph) walks
these, so nothing downstream has to know Python's syntax tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide", "power", "negate"})
COMPARISONS = frozenset({"less", "less_equal", "greater", "greater_equal"})
LOGICAL = frozenset({"and", "or"})
FUNCTIONS = frozenset({"minimum", "maximum", "exp", "log", "sqrt", "where", "smooth_minimum", "normal_cdf"})
OPERATIONS = ARITHMETIC | COMPARISONS | LOGICAL | FUNCTIONS


@dataclass(frozen=True, slots=True)
class Number:
    """A literal."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A scalar quantity by its flat name, for example ``spending[tertiary,outpatient]``."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation of the closed set on its arguments."""

    operation: str
    arguments: tuple[Expression, ...]

    def __post_init__(self) -> None:
        if self.operation not in OPERATIONS:
            raise ValueError(f"unknown operation {self.operation!r}")


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table read at an argument: linear between its points, held flat beyond its ends."""

    table: str
    argument: Expression


Expression = Number | Name | Apply | Lookup

Label = TypeVar("Label")
Value = TypeVar("Value")


def children(expression: Expression) -> tuple[Expression, ...]:
    """The direct parts of an expression, in the author's order."""
    if isinstance(expression, Apply):
        return expression.arguments
    if isinstance(expression, Lookup):
        return (expression.argument,)
    return ()


def with_parts(node: Expression, parts: tuple[Expression, ...]) -> Expression:
    """The same operation or table on other parts, as many as `children` gives; a name or a number as it is."""
    if isinstance(node, Lookup):
        return Lookup(node.table, *parts)
    return Apply(node.operation, parts) if isinstance(node, Apply) else node


def walk(expression: Expression) -> Iterator[Expression]:
    """Every node, parents before children, left to right; iterative, because a sum over ages nests deeply."""
    pending = [expression]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(children(node)))


def bottom_up(
    expression: Expression,
    make: Callable[[Label, tuple[Value, ...]], Value],
    split: Callable[[Expression], tuple[Label, tuple[Expression, ...]]],
) -> Value:
    """What an expression comes to when each node is made of what its parts come to, left to right.

    Iterative, because a sum over many elements nests deeply.

    Parameters
    ----------
    make : from what ``split`` calls a node, and what its parts came to.
    split : what a node is called, and its parts.
    """
    values: list[Value] = []
    pending: list[Any] = [expression]  # nodes to take apart; and, as (label, count), those whose parts are done
    while pending:
        node = pending.pop()
        if type(node) is tuple:
            label, count = node
            parts = tuple(values[-count:])
            del values[-count:]
            values.append(make(label, parts))
            continue
        label, below = split(node)
        if below:
            pending.append((label, len(below)))
            pending.extend(reversed(below))
        else:
            values.append(make(label, ()))
    return values[0]


def as_written(node: Expression) -> tuple[Expression, tuple[Expression, ...]]:
    """A node and its parts, as `bottom_up` takes them."""
    return node, children(node)


def names_in(expression: Expression) -> tuple[str, ...]:
    """Flat names an expression reads, each once, in order of first appearance."""
    return tuple(dict.fromkeys(node.name for node in walk(expression) if isinstance(node, Name)))
