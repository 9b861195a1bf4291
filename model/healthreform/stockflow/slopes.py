"""Exact slopes of flat expressions: the change of a value along a direction, one-sided where there is a kink.

An expression is walked once with each value beside its change a unit of the way in a direction (forward derivation).
Where two branches of a minimum, a maximum, a comparison or a table meet, the branch that is entered counts, so that the
two sides of a kink are two directions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .errors import ModelError
from .evaluate import OPERATORS, evaluate
from .expression import Apply, Expression, Lookup, Name, Number, as_written, bottom_up
from .flat import Table

#: A value and its change; None stands for no change at all.
Moving = tuple[Any, Any]


def slope(
    expression: Expression, names: Mapping[str, Any], changes: Mapping[str, Any], tables: Mapping[str, Table]
) -> Any:
    """The change of an expression while some names change.

    Parameters
    ----------
    names : the value of every name.
    changes : how fast some of them change; the others are held.

    Returns
    -------
    Its change a unit of the way, zero if it reads none of the names that change.

    Raises
    ------
    ModelError
        If the sharpness of a smooth minimum is to change.
    """

    def moving(node: Expression, parts: tuple[Moving, ...]) -> Moving:
        if isinstance(node, Number):
            return node.value, None
        return (names[node.name], changes.get(node.name)) if isinstance(node, Name) else _combined(node, parts, tables)

    with np.errstate(all="ignore"):
        _, change = bottom_up(expression, moving, as_written)
    return 0.0 if change is None else change


def _combined(node: Expression, arguments: tuple[Moving, ...], tables: Mapping[str, Table]) -> Moving:
    if all(change is None for _, change in arguments):
        places = {str(place): value for place, (value, _) in enumerate(arguments)}
        return evaluate(_same_on(node, len(arguments)), places, tables), None
    if isinstance(node, Lookup):
        return _read(tables[node.table], *arguments[0])
    assert isinstance(node, Apply)
    if node.operation in _COMPARED:
        return _compared(node.operation, *arguments), None
    return _RULES[node.operation](*((value, 0.0 if change is None else change) for value, change in arguments))


def _same_on(node: Expression, count: int) -> Expression:
    """The same operation on plain names."""
    names = tuple(Name(str(place)) for place in range(count))
    return Lookup(node.table, names[0]) if isinstance(node, Lookup) else Apply(node.operation, names)  # type: ignore[union-attr]


def _compared(operation: str, a: Moving, b: Moving) -> Any:
    """A comparison just beyond the point: where both sides are equal, their changes are compared."""
    ahead = OPERATORS[operation](*(0.0 if change is None else change for _, change in (a, b)))
    return np.where(np.equal(a[0], b[0]), ahead, OPERATORS[operation](a[0], b[0]))


def _read(table: Table, x: Any, change: Any) -> Moving:
    edges, heights = np.array(table.x), np.array(table.y)
    steps = np.concatenate([[0.0], np.diff(heights) / np.diff(edges), [0.0]])
    right, left = (steps[np.searchsorted(edges, x, side=side)] for side in ("right", "left"))
    return np.interp(x, edges, heights), np.where(np.asarray(change) >= 0, right, left) * change


_COMPARED = frozenset({"less", "less_equal", "greater", "greater_equal"})


def _either(choose: Callable[[Any, Any], Any], first_counts: Callable[[Any, Any], Any]) -> Callable[..., Moving]:
    """Minimum or maximum: the change of the one that counts, of both together where they meet."""

    def rule(a: Moving, b: Moving) -> Moving:
        apart = np.where(first_counts(a[0], b[0]), a[1], b[1])
        return choose(a[0], b[0]), np.where(np.equal(a[0], b[0]), choose(a[1], b[1]), apart)

    return rule


def _power(a: Moving, b: Moving) -> Moving:
    value = np.power(a[0], b[0])
    of_base = np.where(np.equal(a[1], 0), 0.0, b[0] * np.power(a[0], b[0] - 1.0) * a[1])
    of_exponent = np.where(np.equal(b[1], 0), 0.0, value * np.log(a[0]) * b[1])
    return value, of_base + of_exponent


def _smooth_minimum(a: Moving, b: Moving, sharpness: Moving) -> Moving:
    if np.any(sharpness[1]):
        raise ModelError("smooth_minimum: a slope by its sharpness is not known")
    n = sharpness[0]
    value = evaluate(_SMOOTH, {"a": a[0], "b": b[0], "n": n}, {})
    falls = -(n + 1.0) / n
    by_a = (1.0 + np.power(np.divide(a[0], b[0]), n)) ** falls
    by_b = (1.0 + np.power(np.divide(b[0], a[0]), n)) ** falls
    return value, np.nan_to_num(by_a) * a[1] + np.nan_to_num(by_b) * b[1]


_SMOOTH = Apply("smooth_minimum", (Name("a"), Name("b"), Name("n")))


def _normal_cdf(x: Moving) -> Moving:
    density = np.exp(-0.5 * np.square(x[0])) / np.sqrt(2.0 * np.pi)
    return evaluate(Apply("normal_cdf", (Name("x"),)), {"x": x[0]}, {}), density * x[1]


def _quotient(a: Moving, b: Moving) -> Moving:
    value = np.divide(a[0], b[0])
    return value, (a[1] - value * b[1]) / b[0]


_RULES: dict[str, Callable[..., Moving]] = {
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "subtract": lambda a, b: (a[0] - b[0], a[1] - b[1]),
    "multiply": lambda a, b: (a[0] * b[0], a[1] * b[0] + a[0] * b[1]),
    "divide": _quotient,
    "power": _power,
    "negate": lambda a: (-a[0], -a[1]),
    "minimum": _either(np.minimum, np.less),
    "maximum": _either(np.maximum, np.greater),
    "exp": lambda x: (np.exp(x[0]), np.exp(x[0]) * x[1]),
    "log": lambda x: (np.log(x[0]), x[1] / x[0]),
    "sqrt": lambda x: (np.sqrt(x[0]), x[1] / (2.0 * np.sqrt(x[0]))),
    "where": lambda c, a, b: (np.where(c[0], a[0], b[0]), np.where(c[0], a[1], b[1])),
    "and": lambda a, b: (np.logical_and(a[0], b[0]), None),
    "or": lambda a, b: (np.logical_or(a[0], b[0]), None),
    "smooth_minimum": _smooth_minimum,
    "normal_cdf": _normal_cdf,
}
