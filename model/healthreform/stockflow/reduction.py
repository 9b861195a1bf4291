"""The equations as a kernel computes them: divisions by parameters become products with inverses known from the start.

A division takes a processor about ten times as long as a product, and many of a model's divisions are by time constants
and other parameters, which do not change while a run lasts.  By references it is divided as written, for a value over
itself must be exactly one: effects are nothing at the start.  The interpreter divides as written throughout, and so
keeps watch over this: the two agree to round-off.
"""

from __future__ import annotations

from dataclasses import replace

from .expression import Apply, Expression, Name, Number, children, names_in, with_parts
from .flat import FlatModel


def with_inverses(model: FlatModel) -> FlatModel:
    """The same model with references for the inverses of all divisors that are made of parameters alone.

    The new references come last, and have names that no written quantity can have.
    """
    reduction = _Reduction(frozenset(model.parameters))
    equations = tuple((name, reduction.expression(expression)) for name, expression in model.equations)
    return replace(
        model,
        equations=equations,
        initial=(*model.initial, *reduction.added),
        references=(*model.references, *(name for name, _ in reduction.added)),
    )


class _Reduction:
    """Rewrites expressions, and gathers what they need at the start."""

    def __init__(self, held: frozenset[str]) -> None:
        self.held = held
        self.added: list[tuple[str, Expression]] = []
        self._inverses: dict[str, Name] = {}

    def expression(self, expression: Expression) -> Expression:
        """An expression with its divisions reduced; without recursion, because sums over many elements nest deeply."""
        values: list[Expression] = []
        pending: list[tuple[Expression, bool]] = [(expression, False)]
        while pending:
            node, parts_done = pending.pop()
            if parts_done:
                count = len(children(node))
                parts = tuple(values[len(values) - count :])
                del values[len(values) - count :]
                values.append(with_parts(node, parts))
            elif not children(node):
                values.append(node)
            elif self._is_division(node) and self._holds(node):
                values.append(self._at_start(node))
            elif self._is_division(node) and self._holds(children(node)[1]):
                dividend, divisor = children(node)
                product = Apply("multiply", (dividend, self._inverse(divisor)))
                pending.append((product, False))
            else:
                pending.append((node, True))
                pending.extend((part, False) for part in reversed(children(node)))
        return values[0]

    def _is_division(self, node: Expression) -> bool:
        return isinstance(node, Apply) and node.operation == "divide"

    def _holds(self, node: Expression) -> bool:
        return all(name in self.held for name in names_in(node))

    def _inverse(self, divisor: Expression) -> Expression:
        inverse = Apply("divide", (Number(1.0), divisor))
        if not isinstance(divisor, Name):
            return self._at_start(inverse)
        if divisor.name not in self._inverses:
            self._inverses[divisor.name] = self._at_start(inverse)
        return self._inverses[divisor.name]

    def _at_start(self, node: Expression) -> Name:
        self.added.append((f"at start {len(self.added)}", node))
        return Name(self.added[-1][0])
