"""Flat expressions computed in numpy: slow, plain, used to find out what went wrong in a run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .expression import Expression, Lookup, Name, Number, as_written, bottom_up
from .flat import Table
from .functions import numeric_functions

OPERATORS: Mapping[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.power,
    "negate": np.negative,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "and": np.logical_and,
    "or": np.logical_or,
}


@functools.cache
def _operations() -> Mapping[str, Callable[..., Any]]:
    return {**OPERATORS, **numeric_functions()}


def evaluate(expression: Expression, names: Mapping[str, Any], tables: Mapping[str, Table]) -> Any:
    """Value of an expression; numbers or arrays, IEEE results, never exceptions."""
    operations = _operations()

    def value(node: Expression, parts: tuple[Any, ...]) -> Any:
        if isinstance(node, Number):
            return np.float64(node.value)
        if isinstance(node, Name):
            return names[node.name]
        if isinstance(node, Lookup):
            table = tables[node.table]
            return np.interp(parts[0], table.x, table.y)
        return operations[node.operation](*parts)

    with np.errstate(all="ignore"):
        return bottom_up(expression, value, as_written)
