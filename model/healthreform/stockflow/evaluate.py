"""Flat expressions computed in numpy: slow, plain, used to find out what went wrong in a run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .expression import Apply, Expression, Lookup, Name, Number, children
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
    """Value of an expression; numbers or arrays, IEEE results, never exceptions; without recursion."""
    operations = _operations()
    values: list[Any] = []
    pending: list[tuple[Expression, bool]] = [(expression, False)]
    with np.errstate(all="ignore"):
        while pending:
            node, ready = pending.pop()
            if isinstance(node, Number):
                values.append(np.float64(node.value))
            elif isinstance(node, Name):
                values.append(names[node.name])
            elif not ready:
                pending.append((node, True))
                pending.extend((part, False) for part in reversed(children(node)))
            elif isinstance(node, Lookup):
                table = tables[node.table]
                values.append(np.interp(values.pop(), table.x, table.y))
            elif isinstance(node, Apply):
                count = len(node.arguments)
                arguments = values[len(values) - count :]
                del values[len(values) - count :]
                values.append(operations[node.operation](*arguments))
    return values[0]
