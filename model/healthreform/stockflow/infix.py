"""Arithmetic as Python and C both write it."""

# ruff: noqa: D102 - methods that stand in for those of a base class are documented there
from __future__ import annotations

from collections.abc import Iterable

from .vector_ir import FunctionWriter


class InfixWriter(FunctionWriter):
    """Writes sums, products and the like between their operands; an heir says how a statement looks, and all else."""

    def add(self, a: str, b: str) -> str:
        return self.emit(f"{a} + {b}")

    def subtract(self, a: str, b: str) -> str:
        return self.emit(f"{a} - {b}")

    def multiply(self, a: str, b: str) -> str:
        return self.emit(f"{a} * {b}")

    def divide(self, a: str, b: str) -> str:
        return self.emit(f"{a} / {b}")

    def negate(self, a: str) -> str:
        return self.emit(f"-{a}")

    def signed_sum(self, terms: Iterable[tuple[int, str]]) -> str:
        """A sum of terms, each with its sign, as an expression; nought if there are none."""
        text = " ".join(f"{'+' if sign > 0 else '-'} {term}" for sign, term in terms)
        return text.removeprefix("+ ") or self.number(0.0)
