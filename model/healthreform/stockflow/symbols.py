"""Flat equations as sympy expressions, for derivatives and cross-checks; sympy is imported when first used."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from .errors import ModelError, nearest
from .expression import Expression, Lookup, Name, Number
from .flat import FlatModel, Table


def flat_symbol(name: str) -> Any:
    """The real symbol of a flat name."""
    import sympy

    return sympy.Symbol(name, real=True)


def flat_equation(flat: FlatModel, name: str) -> Any:
    """The sympy expression of an auxiliary, a flow, or the rate of change of a stock.

    Raises
    ------
    ModelError
        If the name is none of these.
    """
    if name in flat.stocks:
        rates = flat.rates[flat.stocks.index(name)]
        return sum((sign * flat_symbol(flow) for sign, flow in rates), start=_number(0.0))
    for known, expression in flat.equations:
        if known == name:
            return symbolic(expression, flat.tables)
    known_names = [*flat.stocks, *(known for known, _ in flat.equations)]
    raise ModelError(f"'{name}' has no equation{nearest(name, known_names)}")


def derivative(flat: FlatModel, name: str, by: str) -> Any:
    """The partial derivative of an equation by one of the flat names that stand in it."""
    import sympy

    return sympy.diff(flat_equation(flat, name), flat_symbol(by))


def symbolic(expression: Expression, tables: Mapping[str, Table]) -> Any:
    """The sympy form of a flat expression; a table becomes straight pieces."""
    import sympy

    if isinstance(expression, Number):
        return _number(expression.value)
    if isinstance(expression, Name):
        return flat_symbol(expression.name)
    if isinstance(expression, Lookup):
        return _table(tables[expression.table], symbolic(expression.argument, tables))
    parts = [symbolic(part, tables) for part in expression.arguments]
    operation = expression.operation
    if operation in _SIMPLE:
        return _SIMPLE[operation](*parts)
    functions: dict[str, Any] = {
        "minimum": sympy.Min,
        "maximum": sympy.Max,
        "exp": sympy.exp,
        "log": sympy.log,
        "sqrt": sympy.sqrt,
        "less": sympy.StrictLessThan,
        "less_equal": sympy.LessThan,
        "greater": sympy.StrictGreaterThan,
        "greater_equal": sympy.GreaterThan,
        "and": sympy.And,
        "or": sympy.Or,
        "where": lambda condition, yes, no: sympy.Piecewise((yes, condition), (no, True)),
        "normal_cdf": lambda x: (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
        "smooth_minimum": _smooth_minimum,
    }
    return functions[operation](*parts)


_SIMPLE: dict[str, Any] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "negate": lambda a: -a,
}


def _number(value: float) -> Any:
    import sympy

    return sympy.Integer(int(value)) if value == int(value) else sympy.Rational(value)


def _smooth_minimum(a: Any, b: Any, sharpness: Any) -> Any:
    """A b / (a**n + b**n)**(1/n): the same function, written so that it can be differentiated."""
    return a * b / (a**sharpness + b**sharpness) ** (1 / sharpness)


def _table(table: Table, argument: Any) -> Any:
    import sympy

    pieces: list[tuple[Any, Any]] = [(sympy.Float(table.y[0]), argument <= table.x[0])]
    points = list(zip(table.x, table.y, strict=True))
    for (x0, y0), (x1, y1) in pairwise(points):
        pieces.append((y0 + (y1 - y0) / (x1 - x0) * (argument - x0), argument <= x1))
    pieces.append((sympy.Float(table.y[-1]), True))
    return sympy.Piecewise(*pieces)
