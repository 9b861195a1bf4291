"""A model with links that can be cut: what one equation reads of another is held on a path of its own.

A link from ``source`` to the equation of ``target`` gets a switch.  While the switch is 0 the equation reads ``source``
as before; while it is 1, a dated input instead, for example the path that ``source`` took in another run.  Everything
else that reads ``source`` reads it still, so that a feedback loop through the link is broken and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path as FilePath
from typing import Any

from .declare import Declaration
from .errors import ModelError, nearest, one_of
from .expression import Name, Number
from .functions import where
from .model import Model, rebuild
from .records import Driver, Parameter, Records
from .written import Call, Variable, Written

_FILE = "<cut>"
_SOURCE = "a link that can be cut, made in memory"


@dataclass(frozen=True, slots=True)
class Cut:
    """A link that can be cut, both ends by their written names.

    Attributes
    ----------
    source : what is read.
    target : the variable whose equation reads it.
    """

    source: str
    target: str

    @property
    def switch(self) -> str:
        """The parameter that cuts the link at 1 and leaves it whole at 0."""
        return f"{self.source}_cut_for_{self.target}"

    @property
    def held(self) -> str:
        """The dated input read in place of the source, over the same subscripts."""
        return f"{self.source}_held_for_{self.target}"

    @property
    def seen(self) -> str:
        """What the equation reads: the source, or what is held."""
        return f"{self.source}_seen_by_{self.target}"

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


def with_cuts(model: Model, cuts: Iterable[Cut], *, cache: FilePath | None = None) -> Model:
    """A model in which some links can be cut, built in memory with all checks; with no link cut it is the same model.

    Parameters
    ----------
    model : the model; it is not touched.
    cuts : the links, each once.
    cache : as for `build`.

    Raises
    ------
    ModelError
        If a link does not exist, or cannot be cut because it is that of a flow to the stock it moves.
    """
    variables = dict(model.variables)
    records = model.records
    for cut in dict.fromkeys(cuts):
        _check(cut, variables)
        seen = _seen(cut, variables)
        target = _reading(variables[cut.target], cut)
        variables = {cut.seen: seen, **variables, cut.target: target}
        records = records.merge(_inputs(cut, variables[cut.source], records))
    return rebuild(model, variables.values(), records, cache=cache)


def _check(cut: Cut, variables: dict[str, Variable]) -> None:
    for name in (cut.source, cut.target):
        if name not in variables:
            raise ModelError(f"cut {cut}: '{name}' is no variable of this model{nearest(name, variables)}")
    target = variables[cut.target]
    if target.role in ("stock", "reference"):
        kind = "a stock, moved by flows" if target.role == "stock" else "a reference, read at the start alone"
        raise ModelError(f"cut {cut}: '{cut.target}' is {kind}; cut a link to an equation that is computed all along")
    if cut.source not in target.arguments:
        known = one_of(name for name in target.arguments if name in variables)
        raise ModelError(f"cut {cut}: '{cut.target}' does not read '{cut.source}'; it reads: {known}")


def _seen(cut: Cut, variables: dict[str, Variable]) -> Variable:
    """What the equation reads: ``where(switch > 0, held, source)``."""
    source, target = variables[cut.source], variables[cut.target]
    switched = Call("greater", (Name(cut.switch), Number(0.0)))
    return replace(
        target,
        name=cut.seen,
        declaration=Declaration("auxiliary", source.unit, source.over, source=_SOURCE),
        docstring=f"What {cut.target} reads of {cut.source}: itself, or the path it is held on.",
        arguments=(cut.switch, cut.held, cut.source),
        function=_switched,
        expression=Call("where", (switched, Name(cut.held), Name(cut.source))),
        author=None,
        generated_by=cut.target,
        generated_text=f"where({cut.switch} > 0, {cut.held}, {cut.source})",
    )


def _switched(switch: Any, held: Any, source: Any) -> Any:
    return where(switch > 0, held, source)


def _reading(target: Variable, cut: Cut) -> Variable:
    """The same equation, which reads what it is shown; its function takes arguments by position."""
    arguments = tuple(cut.seen if name == cut.source else name for name in target.arguments)
    return replace(target, arguments=arguments, expression=_renamed(target.expression, cut.source, cut.seen))


def _renamed(node: Any, old: str, new: str) -> Any:
    """A written expression in which one name stands for another; the rest is kept as it is."""
    if isinstance(node, Name):
        return Name(new) if node.name == old else node
    if isinstance(node, tuple):
        return tuple(_renamed(part, old, new) for part in node)
    if not isinstance(node, Written):
        return node  # a subscript, an element, the name of an operation or table
    return type(node)(*(_renamed(getattr(node, field.name), old, new) for field in fields(node)))


def _inputs(cut: Cut, source: Variable, records: Records) -> Records:
    about = {"source": _SOURCE, "grade": "assumed", "document": "", "file": _FILE}
    plain = {"unit": "dimensionless", "written_unit": "dimensionless"}
    everywhere: dict[tuple[str, ...], float] = {(): 0.0}
    switch = Parameter(
        name=cut.switch,
        description=f"Whether {cut.target} is cut off from {cut.source}: 1 if it is.",
        over=(),
        value=everywhere,
        low=everywhere,
        high={(): 1.0},
        distribution="fixed",
        **plain,
        **about,
    )
    held = Driver(
        name=cut.held,
        unit=source.unit,
        written_unit=source.unit,
        description=f"What {cut.target} reads in place of {cut.source} where the link is cut.",
        over=tuple(subscript.name for subscript in source.over),
        path={(): ((0.0, 0.0),)},
        low={},
        high={},
        **about,
    )
    return Records(parameters={cut.switch: switch}, drivers={cut.held: held}, units=records.units)
