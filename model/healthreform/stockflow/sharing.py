"""What several equations compute alike, computed once: costly parts get an equation of their own in the kernel.

An author writes each equation whole, as a reader wants it, so the same quotient or logarithm stands in several of them.
Within a chunk of equations the writer notices; across chunks it cannot.  The values stay what they were, bit for bit.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from .expression import Apply, Expression, Lookup, Name, Number, as_written, bottom_up, with_parts
from .flat import FlatModel

COSTLY = frozenset({"divide", "exp", "log", "sqrt", "normal_cdf", "smooth_minimum"})
"""What takes longer than to put a value aside and to fetch it again."""


def with_shared(model: FlatModel) -> FlatModel:
    """The same model with an equation for each costly part that two or more equations hold.

    Each stands right before the first equation that needs it, and has a name that no written quantity can have.
    """
    parts = _Parts()
    roots = [(name, parts.number(expression)) for name, expression in model.equations]
    shared = parts.shared([root for _, root in roots])
    written = _Written(parts, shared)
    for name, root in roots:
        written.add(name, root)
    return replace(model, equations=tuple(written.equations))


class _Parts:
    """All different expressions, numbered so that parts come before what holds them."""

    def __init__(self) -> None:
        self.nodes: list[Expression] = []
        self.below: list[tuple[int, ...]] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, expression: Expression) -> int:
        """The number of an expression."""
        return bottom_up(expression, self._place, as_written)

    def _place(self, node: Expression, below: tuple[int, ...]) -> int:
        key: Hashable
        if isinstance(node, Apply):
            key = (node.operation, below)
        elif isinstance(node, Lookup):
            key = ("table", node.table, below)
        else:
            key = node if isinstance(node, Name) else repr(node)  # 0.0 and -0.0 are equal, and yet not the same
        if key not in self._numbers:
            self._numbers[key] = len(self.nodes)
            self.nodes.append(node)
            self.below.append(below)
        return self._numbers[key]

    def shared(self, roots: list[int]) -> dict[int, str]:
        """Names for the costly parts with more than one owner; a part's owners are equations and shared parts."""
        owners: list[set[int]] = [set() for _ in self.nodes]
        for place, root in enumerate(roots):
            owners[root].add(-1 - place)
        names: dict[int, str] = {}
        for number in reversed(range(len(self.nodes))):
            if len(owners[number]) > 1 and self._is_costly(number):
                names[number] = f"shared {len(names)}"
            given = {number} if number in names else owners[number]
            for part in self.below[number]:
                owners[part] |= given
        return names

    def _is_costly(self, number: int) -> bool:
        node = self.nodes[number]
        if isinstance(node, Apply) and node.operation == "power":
            return not isinstance(node.arguments[1], Number)
        return isinstance(node, Lookup) or (isinstance(node, Apply) and node.operation in COSTLY)


class _Written:
    """The equations anew, with names in place of what is shared."""

    def __init__(self, parts: _Parts, shared: dict[int, str]) -> None:
        self.parts = parts
        self.shared = shared
        self.equations: list[tuple[str, Expression]] = []
        self._made: dict[int, Expression] = {}

    def add(self, name: str, root: int) -> None:
        """Write one equation, before it the shared parts that it is the first to need."""
        self.equations.append((name, self._expression(root)))

    def _expression(self, root: int) -> Expression:
        pending = [root]
        while pending:
            number = pending[-1]
            missing = [part for part in self.parts.below[number] if part not in self._made]
            if number in self._made or missing:
                pending.extend(missing)
                if not missing:
                    pending.pop()
                continue
            self._make(pending.pop())
        return self._made[root]

    def _make(self, number: int) -> None:
        parts = tuple(self._made[part] for part in self.parts.below[number])
        node = with_parts(self.parts.nodes[number], parts)
        if number in self.shared:
            self.equations.append((self.shared[number], node))
            node = Name(self.shared[number])
        self._made[number] = node
