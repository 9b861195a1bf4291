"""Equations as text, the way their authors wrote them: for tables and for ``healthreform show``."""

from __future__ import annotations

import ast
import functools
import linecache

from .stockflow.model import Model
from .stockflow.written import Variable


def equation_text(model: Model, name: str) -> str:
    """What a variable is computed from; for a stock what moves it, for a delay or smooth what goes in."""
    variable = model.variables[name]
    given = variable.declaration
    if variable.kind in ("delay", "pipeline", "smooth"):
        entry = model.variables[f"{name}_input" if variable.kind == "smooth" else f"{name}_inflow"]
        more = f", loss={given.loss}" if given.loss else ""
        return f"{variable.kind}({_body(entry)}, time={given.time}, order={given.order}{more})"
    if variable.role == "stock":
        return f"integral of {rate_text(model, name) or '0'}, from {_body(variable)}"
    return f"{_body(variable)}, at the start" if variable.role == "reference" else _body(variable)


def rate_text(model: Model, name: str) -> str:
    """The flows of a stock with their signs, each written name once, what fills it first; +/- moves among elements."""
    written = {movement.flow: movement.variable for movement in model.ledger.movements}
    signs: dict[str, set[int]] = {}
    for flat in model.flat_names(name):
        for sign, flow in model.ledger.rates[flat]:
            signs.setdefault(written[flow], set()).add(sign)
    marks = {flow: "+/-" if len(both) > 1 else "+" if 1 in both else "-" for flow, both in signs.items()}
    ordered = sorted(marks.items(), key=lambda item: ("+", "-", "+/-").index(item[1]))
    return " ".join(f"{mark} {flow}" for flow, mark in ordered).removeprefix("+ ")


def _body(variable: Variable) -> str:
    """The expression a function returns, on one line."""
    if variable.generated_text is not None:
        return variable.generated_text
    function = _functions(variable.file).get(variable.generated_by or variable.name)
    if function is None or not isinstance(function.body[-1], ast.Return) or function.body[-1].value is None:
        return "(its source file has changed)"
    return ast.unparse(function.body[-1].value)


@functools.lru_cache(maxsize=64)
def _functions(file: str) -> dict[str, ast.FunctionDef]:
    """Functions of a source file by name."""
    tree = ast.parse("".join(linecache.getlines(file)))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
