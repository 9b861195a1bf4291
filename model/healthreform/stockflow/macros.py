"""Delays, pipelines and smooths become real stocks and flows.

What is generated is text in the same language, one line for each variable, read and run like the author's equations;
its source is its owner's.
Names, for a delay or pipeline: ``NAME_inflow``, ``NAME_stage_1`` ..., ``NAME_transit_1`` ..., ``NAME_loss_1`` ... and
their sum ``NAME_loss``; for a smooth: ``NAME_input``, ``NAME_stage_1`` ..., ``NAME_adjustment_1`` ...
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from keyword import iskeyword
from typing import Any

from .declare import TIME_UNIT, Declaration
from .errors import ModelError
from .syntax import Reader
from .written import Variable, Written, reads_of

_NAME = re.compile(r"[A-Za-z_]\w*")


def expand_macros(variables: Iterable[Variable]) -> list[Variable]:
    """Replace each delay, pipeline and smooth by the stocks and flows it stands for."""
    expanded: list[Variable] = []
    for variable in variables:
        _check_names(variable)
        if variable.kind in ("delay", "pipeline"):
            expanded.extend(_delay(variable))
        elif variable.kind == "smooth":
            expanded.extend(_smooth(variable))
        else:
            expanded.append(variable)
    return expanded


def _check_names(owner: Variable) -> None:
    given = owner.declaration
    for key in ("time", "start", "growth", "loss", "scale"):
        name = getattr(given, key)
        if name is not None and (not name.isidentifier() or iskeyword(name)):
            raise owner.error(f"{key}={name!r} must be the plain name of a variable, parameter, lever or driver")


def _delay(owner: Variable) -> Iterator[Variable]:
    given, name, order = owner.declaration, owner.name, owner.declaration.order
    stages = [f"{name}_stage_{i}" for i in range(1, order + 1)]
    rate = f"{order} / {given.time}"
    if (given.payer is None) != (given.payee is None):
        raise owner.error("payer= and payee= go together: name both or neither")
    yield _authored(owner, f"{name}_inflow", "flow", out_of=given.out_of, into=stages[0])
    for i, stage in enumerate(stages):
        yield _make(
            owner,
            stage,
            _stage_at_start(owner, stages, i, rate),
            Declaration("stock", f"({given.unit}) * {TIME_UNIT}", given.over, owed_by=given.payer, owed_to=given.payee),
            f"Stage {i + 1} of {order} of what is inside {name}.",
        )
    for i in range(order - 1):
        moved = Declaration("flow", given.unit, given.over, out_of=stages[i], into=stages[i + 1])
        text = f"Moves on from stage {i + 1} to stage {i + 2} of {name}."
        yield _make(owner, f"{name}_transit_{i + 1}", f"{stages[i]} * {rate}", moved, text)
    if given.loss is not None:
        yield from _losses(owner, stages)
    ending = replace(given, out_of=stages[-1])
    yield _make(owner, name, f"{stages[-1]} * {rate}", ending, owner.docstring, owned=False)


def _stage_at_start(owner: Variable, stages: list[str], i: int, rate: str) -> str:
    """Starting value of a stage: an even share of ``start``, or what steady state holds."""
    given = owner.declaration
    if given.start is not None:
        return f"{given.start} / {given.order}"
    if given.loss is None:
        return f"{owner.name}_inflow * {given.time} / {given.order}"
    entering = f"{owner.name}_inflow" if i == 0 else f"{stages[i - 1]} * {rate}"
    return f"{entering} / ({rate} + {given.loss})"


def _losses(owner: Variable, stages: list[str]) -> Iterator[Variable]:
    given, names = owner.declaration, []
    for i, stage in enumerate(stages):
        names.append(f"{owner.name}_loss_{i + 1}")
        leaving = Declaration("flow", given.unit, given.over, out_of=stage)
        yield _make(owner, names[-1], f"{stage} * {given.loss}", leaving, f"Lost from stage {i + 1} of {owner.name}.")
    summed = Declaration("auxiliary", given.unit, given.over)
    yield _make(owner, f"{owner.name}_loss", " + ".join(names), summed, f"Lost from all stages of {owner.name}.")


def _smooth(owner: Variable) -> Iterator[Variable]:
    given, name, order = owner.declaration, owner.name, owner.declaration.order
    if given.start is not None and given.growth is not None:
        raise owner.error("start= and growth= both say where it starts: keep one")
    entry = f"{name}_input"
    levels = [*(f"{name}_stage_{i}" for i in range(1, order)), name]
    yield _authored(owner, entry, "auxiliary")
    for i, level in enumerate(levels):
        before = entry if i == 0 else levels[i - 1]
        start = given.start or entry
        if given.growth is not None:
            start = f"{before} / (1 + {given.growth} * {given.time} / {order})"
        if level == name:
            yield _make(owner, name, start, given, owner.docstring, owned=False)
        else:
            stock = Declaration("stock", given.unit, given.over, signed=given.signed)
            yield _make(owner, level, start, stock, f"Stage {i + 1} of {order} on the way to {name}.")
        change = Declaration("flow", f"({given.unit}) / {TIME_UNIT}", given.over, into=level)
        text = f"({before} - {level}) * {order} / {given.time}"
        yield _make(owner, f"{name}_adjustment_{i + 1}", text, change, f"Moves stage {i + 1} of {name} to its input.")


def _authored(owner: Variable, name: str, kind: str, *, out_of: str | None = None, into: str | None = None) -> Variable:
    """The author's own function under the name of what goes in."""
    declaration = Declaration(kind, owner.unit, owner.over, source=owner.source, out_of=out_of, into=into)
    return replace(
        owner, name=name, declaration=declaration, generated_by=owner.name, docstring=f"What enters {owner.name}."
    )


def _make(
    owner: Variable, name: str, text: str, declaration: Declaration, docstring: str, *, owned: bool = True
) -> Variable:
    expression = _parsed(text)
    arguments = reads_of(expression)
    return replace(
        owner,
        name=name,
        declaration=replace(declaration, source=owner.source),
        docstring=docstring,
        arguments=arguments,
        function=_function(text, arguments),
        expression=expression,
        author=None if owned else owner.expression,
        generated_by=owner.name if owned else None,
        generated_text=text,
    )


def _refuse(node: ast.AST, message: str) -> ModelError:
    return ModelError(f"generated '{ast.unparse(node)}': {message}")


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Written:
    tree = ast.parse(text, mode="eval")
    return Reader(tuple(_NAME.findall(text)), {}, _refuse, literals=None).read(tree.body)


@lru_cache(maxsize=4096)
def _function(text: str, arguments: tuple[str, ...]) -> Any:
    return eval(f"lambda {', '.join(arguments)}: {text}", {"__builtins__": {}})
