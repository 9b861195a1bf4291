"""Written equations: the forms an expression takes before its subscripts are expanded, and a variable as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from os.path import basename
from typing import Any

from .declare import ROLES, Declaration, Subscript
from .errors import ModelError
from .expression import Name, Number


@dataclass(frozen=True, slots=True)
class Call:
    """An operation of the closed set."""

    operation: str
    arguments: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A table read at an argument."""

    table: str
    argument: Written


@dataclass(frozen=True, slots=True)
class Pick:
    """One element along one subscript: ``x["primary"]``."""

    operand: Written
    element: str


@dataclass(frozen=True, slots=True)
class Total:
    """A sum over subscripts."""

    operand: Written
    subscripts: tuple[Subscript, ...]


@dataclass(frozen=True, slots=True)
class Previous:
    """The element before, along a subscript."""

    operand: Written
    subscript: Subscript


@dataclass(frozen=True, slots=True)
class By:
    """One branch for each element of a subscript, in the order of its elements."""

    subscript: Subscript
    branches: tuple[Written, ...]


#: What an equation says, before its subscripts are expanded; the author's order is kept.
Written = Number | Name | Call | Read | Pick | Total | Previous | By


def parts(expression: Written) -> tuple[Written, ...]:
    """The direct parts of a written expression, in the author's order."""
    if isinstance(expression, Call):
        return expression.arguments
    if isinstance(expression, Read):
        return (expression.argument,)
    if isinstance(expression, (Pick, Total, Previous)):
        return (expression.operand,)
    if isinstance(expression, By):
        return expression.branches
    return ()


def walk_written(expression: Written) -> Iterator[Written]:
    """Every node, parents before children."""
    pending = [expression]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(parts(node)))


def uses_of(expression: Written) -> Iterator[tuple[str, bool]]:
    """Every use of a written name, in order; True where the name is called as a table."""
    for node in walk_written(expression):
        if isinstance(node, Name):
            yield node.name, False
        elif isinstance(node, Read):
            yield node.table, True


def reads_of(expression: Written) -> tuple[str, ...]:
    """Written names an expression reads, each once, in order."""
    return tuple(dict.fromkeys(name for name, _ in uses_of(expression)))


@dataclass(frozen=True)
class Variable:
    """A written variable: its decorator, its function and what the function says.

    Attributes
    ----------
    declaration : what stands in the decorator.
    function : the Python function, called with its ``arguments`` in order.
    expression : what it returns.
    author : for a delay, pipeline or smooth, the expression of the author's function (what goes in).
    generated_by : the delay, pipeline or smooth that this variable was made for, if the author did not write it.
    generated_text : the text of its equation, if the author did not write that.
    """

    name: str
    declaration: Declaration
    sector: str
    docstring: str
    file: str
    line: int
    arguments: tuple[str, ...]
    function: Callable[..., Any] = field(repr=False)
    expression: Written = field(repr=False)
    author: Written | None = field(default=None, repr=False)
    generated_by: str | None = None
    generated_text: str | None = None

    @property
    def kind(self) -> str:
        """The decorator's name."""
        return self.declaration.kind

    @property
    def role(self) -> str:
        """How it is computed: stock, flow, auxiliary or reference."""
        return ROLES[self.declaration.kind]

    @property
    def unit(self) -> str:
        """The unit, as the author wrote it."""
        return self.declaration.unit

    @property
    def over(self) -> tuple[Subscript, ...]:
        """The subscripts it is written over."""
        return self.declaration.over

    @property
    def source(self) -> str:
        """Where its form comes from."""
        return self.declaration.source

    @property
    def outcome(self) -> bool:
        """Whether it is a headline output."""
        return self.declaration.outcome

    @property
    def observed(self) -> str | None:
        """The published series it is compared with."""
        return self.declaration.observed

    @property
    def place(self) -> str:
        """Where it stands, for an error line: ``insurance.py:34 payable_share``."""
        authored = self.generated_text is None and self.generated_by  # what goes into a delay is its owner's equation
        return f"{basename(self.file)}:{self.line} {authored or self.name}"

    def error(self, message: str) -> ModelError:
        """An error that points at this variable."""
        return ModelError(f"{self.place}: {message}")
