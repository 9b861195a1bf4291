"""The flat equations printed as one Python function, which other solvers can call: on plain floats, one run at a time.

Much quicker than the interpreter, which looks up every array by name.  The equations are taken apart as for the kernel;
what is not shared is machine code, functions and steps.
"""

# ruff: noqa: D102 - methods that stand in for those of a base class are documented there
from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .equations_ir import EquationWriter
from .flat import Table
from .infix import InfixWriter
from .layout import Layout, needed_at_start, needed_equations, places

_SIGNS = {"olt": "<", "ole": "<=", "ogt": ">", "oge": ">=", "oeq": "=="}


class PythonWriter(InfixWriter):
    """Writes Python statements on plain floats; every method gives the name of its result."""

    def __init__(self) -> None:
        super().__init__(1)
        self.real = ""

    def emit(self, instruction: str) -> str:
        self._count += 1
        self.lines.append(f"    t{self._count} = {instruction}")
        return f"t{self._count}"

    def number(self, value: float) -> str:
        return repr(float(value))

    def divide(self, a: str, b: str) -> str:
        # A choice computes both its sides; Python's floats raise where IEEE 754 goes on.
        return self.emit(f"{a} / {b} if {b} else {a} * INFINITE")

    def fma(self, a: str, b: str, c: str) -> str:
        return self.emit(f"{a} * {b} + {c}")

    def sqrt(self, a: str) -> str:
        return self.emit(f"sqrt({a})")

    def compare(self, predicate: str, a: str, b: str) -> str:
        return self.emit(f"{a} {_SIGNS[predicate]} {b}")

    def select(self, mask: str, a: str, b: str) -> str:
        return self.emit(f"{a} if {mask} else {b}")

    def both(self, a: str, b: str) -> str:
        return self.emit(f"{a} & {b}")

    def either(self, a: str, b: str) -> str:
        return self.emit(f"{a} | {b}")

    def load(self, pointer: str, index: str | int = 0) -> str:
        return self.emit(f"{pointer}[{index}]")


class _PythonEquations(EquationWriter):
    """Equations as calls of Python's own functions."""

    def _call(self, function: str, arguments: tuple[str, ...]) -> str:
        return self.writer.emit(f"{function}({', '.join(arguments)})")

    def _minimum(self, a: str, b: str) -> str:
        return self._call("minimum", (a, b))

    def _maximum(self, a: str, b: str) -> str:
        return self._call("maximum", (a, b))

    def _lookup(self, table: Table, x: str) -> str:
        return self.writer.emit(f"interp({x}, {list(table.x)!r}, {list(table.y)!r})")


def python_function(
    layout: Layout,
    *,
    start: bool,
    writer: PythonWriter | None = None,
    functions: Mapping[str, Any] | None = None,
) -> Callable[..., Any]:
    """One Python function of the whole model.

    Parameters
    ----------
    layout : where each number stands; see `layout.plan`.
    start : whether it is what is computed once at the start, or what is computed at every moment.
    writer, functions : other statements, and other functions to call in them, than those of plain floats.

    Returns
    -------
    Callable
        Of (state, parameter, path, reference), each a sequence in the model's order: at the start the stocks and the
        references, which need neither of them; else the rates of the stocks, and the values that are kept.
    """
    model, writer = layout.model, writer or PythonWriter()
    equations = _PythonEquations(writer, model.tables, thorough=True)
    equations.provide(places(model.parameters), "parameter")
    equations.provide(places(model.paths), "path")
    needed = needed_at_start(model) if start else needed_equations(layout)
    if not start:
        equations.provide(places(model.stocks), "state")
        equations.provide(places(model.references), "reference")
    for name, expression in model.initial if start else model.equations:
        if name in needed:
            equations.define(name, expression)
    if start:
        results = [[equations.name(name) for name in names] for names in (model.stocks, model.references)]
    else:
        rates = [writer.signed_sum((sign, equations.name(flow)) for sign, flow in pairs) for pairs in model.rates]
        results = [rates, [equations.name(name) for name in layout.moving]]
    lists = [f"[{', '.join(each)}]" for each in results]
    body = "\n".join([*writer.lines, f"    return {', '.join(lists)}"])
    known = dict(_ON_FLOATS if functions is None else functions)
    exec(f"def function(state, parameter, path, reference):\n{body}\n", known)  # our own text, from checked expressions
    found: Callable[..., Any] = known["function"]
    return found


def _interp(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    if x <= xs[0]:
        return ys[0]
    for x0, x1, y0, y1 in zip(xs, xs[1:], ys, ys[1:], strict=False):
        if x < x1:
            return y0 + (y1 - y0) / (x1 - x0) * (x - x0)
    return ys[-1]


# Where Python raises, IEEE 754 goes on: a choice computes the side that is not taken too.


def _log(x: float) -> float:
    try:
        return math.log(x)
    except ValueError:
        return math.nan if x else -math.inf


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _sqrt(x: float) -> float:
    try:
        return math.sqrt(x)
    except ValueError:
        return math.nan


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan if base else math.inf


_ON_FLOATS: Mapping[str, Any] = {
    "minimum": lambda a, b: a if a < b else b,
    "maximum": lambda a, b: a if a > b else b,
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "power": _power,
    "interp": _interp,
    "INFINITE": math.inf,
    "normal_cdf": lambda x: 0.5 * math.erfc(-x / math.sqrt(2)),
}
