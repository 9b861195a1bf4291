"""Small flat models, and a reference integrator that is slow, obvious and shares no code with the kernel."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath

import numpy as np

from healthreform.stockflow.expression import Apply, Expression, Lookup, Name, Number
from healthreform.stockflow.flat import FlatModel, Table, TimeConstant
from healthreform.stockflow.machine import host
from healthreform.stockflow.paths import Path

sys.path.append(str(FilePath(__file__).parents[2] / "experiments" / "benchmarks"))

from synthetic import Synthetic, synthetic_model

__all__ = [
    "Synthetic",
    "TimeConstant",
    "apply",
    "host",
    "model",
    "reference_run",
    "synthetic_model",
    "table_lookup",
    "with_year_ends",
]


def apply(operation: str, *parts: Expression | str | float) -> Apply:
    """An operation on expressions, names and numbers."""
    return Apply(operation, tuple(_expression(part) for part in parts))


def table_lookup(table: str, argument: Expression | str) -> Lookup:
    return Lookup(table, _expression(argument))


def _expression(part: Expression | str | float) -> Expression:
    if isinstance(part, str):
        return Name(part)
    return Number(float(part)) if isinstance(part, (int, float)) else part


def model(
    stocks: Mapping[str, Expression | str | float],
    equations: Mapping[str, Expression | str | float],
    rates: Mapping[str, tuple[tuple[int, str], ...]],
    *,
    parameters: tuple[str, ...] = (),
    paths: tuple[str, ...] = (),
    tables: Mapping[str, Table] | None = None,
    references: Mapping[str, Expression | str | float] | None = None,
    signed: frozenset[str] = frozenset(),
    time_constants: tuple[TimeConstant, ...] = (),
) -> FlatModel:
    """A flat model from starting values, equations and rates by name; references are computed before the stocks."""
    held = dict(references or {})
    return FlatModel(
        parameters=parameters,
        paths=paths,
        tables=dict(tables or {}),
        initial=tuple((name, _expression(item)) for name, item in (*held.items(), *stocks.items())),
        references=tuple(held),
        stocks=tuple(stocks),
        signed=signed,
        equations=tuple((name, _expression(item)) for name, item in equations.items()),
        rates=tuple(rates.get(name, ()) for name in stocks),
        time_constants=time_constants,
    )


def with_year_ends(flat: FlatModel) -> FlatModel:
    """The same model with every third equation reported at the year's end, flows and what reads paths among them."""
    return replace(flat, at_year_end=frozenset(name for name, _ in flat.equations[::3]))


def scalar_value(expression: Expression, known: Mapping[str, float], tables: Mapping[str, Table]) -> float:
    """One expression by recursion on numpy scalars, which follow IEEE and never raise."""
    if isinstance(expression, Number):
        return np.float64(expression.value)
    if isinstance(expression, Name):
        return np.float64(known[expression.name])
    if isinstance(expression, Lookup):
        table = tables[expression.table]
        return np.float64(np.interp(scalar_value(expression.argument, known, tables), table.x, table.y))
    a, *rest = (scalar_value(part, known, tables) for part in expression.arguments)
    b = rest[0] if rest else np.float64(0)
    match expression.operation:
        case "add":
            return a + b
        case "subtract":
            return a - b
        case "multiply":
            return a * b
        case "divide":
            return a / b
        case "power":
            return np.power(a, b)
        case "negate":
            return -a
        case "less":
            return a < b
        case "less_equal":
            return a <= b
        case "greater":
            return a > b
        case "greater_equal":
            return a >= b
        case "and":
            return bool(a) and bool(b)
        case "or":
            return bool(a) or bool(b)
        case "minimum":
            return np.float64(math.nan) if math.isnan(a) or math.isnan(b) else min(a, b)
        case "maximum":
            return np.float64(math.nan) if math.isnan(a) or math.isnan(b) else max(a, b)
        case "exp":
            return np.exp(a)
        case "log":
            return np.log(a)
        case "sqrt":
            return np.sqrt(a)
        case "where":
            return b if a else rest[1]
        case "normal_cdf":
            return np.float64(0.5 * math.erfc(-a / math.sqrt(2)))
        case "smooth_minimum":
            small, large = min(a, b), max(a, b)
            return np.float64(0) if large == 0 else small / (1 + (small / large) ** rest[1]) ** (1 / rest[1])
    raise AssertionError(expression.operation)


def reference_run(
    flat: FlatModel, values: Mapping[str, float | Path], start: int, stop: int, steps: int, method: str = "rk4"
) -> dict[str, list[float]]:
    """Yearly values of everything, as the kernel defines them."""
    parameters = {name: values[name] for name in flat.parameters}
    at_start = {**parameters, **_path_values(flat, values, start, "left")}
    with np.errstate(all="ignore"):
        for name, expression in flat.initial:
            at_start[name] = scalar_value(expression, at_start, flat.tables)
        held = {**parameters, **{name: at_start[name] for name in flat.references}}
        state = [at_start[name] for name in flat.stocks]
        results: dict[str, list[float]] = {}
        stages = [(0, 0.0, 1 / 6), (1, 0.5, 1 / 3), (1, 0.5, 1 / 3), (2, 1.0, 1 / 6)]
        stages = stages if method == "rk4" else [(0, 0.0, 1.0)]
        for year in range(start, stop + 1):
            means: dict[str, float] = {}
            for step in range(steps):
                rates, change = [0.0] * len(state), [0.0] * len(state)
                for halves, share, weight in stages:
                    time = year + (2 * step + halves) / (2 * steps)
                    stage = [level + share / steps * rate for level, rate in zip(state, rates, strict=True)]
                    seen = _stage(
                        flat, held, stage, _path_values(flat, values, time, "left" if halves == 2 else "right")
                    )
                    rates = [sum(sign * seen[flow] for sign, flow in pairs) for pairs in flat.rates]
                    change = [total + weight / steps * rate for total, rate in zip(change, rates, strict=True)]
                    for name in (*flat.paths, *(name for name, _ in flat.equations)):
                        means[name] = means.get(name, 0.0) + weight / steps * seen[name]
                state = [level + item for level, item in zip(state, change, strict=True)]
            at_end = _stage(flat, held, state, _path_values(flat, values, year + 1, "left"))
            means |= {name: at_end[name] for name in flat.at_year_end}
            for name, value in (*zip(flat.stocks, state, strict=True), *means.items(), *held.items()):
                results.setdefault(name, []).append(float(value))
    return results


def _stage(
    flat: FlatModel, held: Mapping[str, float], state: list[float], paths: Mapping[str, float]
) -> dict[str, float]:
    seen = {**held, **paths, **dict(zip(flat.stocks, state, strict=True))}
    for name, expression in flat.equations:
        seen[name] = scalar_value(expression, seen, flat.tables)
    return seen


def _path_values(flat: FlatModel, values: Mapping[str, float | Path], time: float, side: str) -> dict[str, float]:
    found = {}
    for name in flat.paths:
        given = values[name]
        found[name] = given.value(time, side) if isinstance(given, Path) else given
    return found
