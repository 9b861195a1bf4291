"""One name on one screen: what it is, how it is computed, what it depends on and what depends on it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .assembly import DATA
from .equation_text import equation_text
from .observations import observed_variables
from .place import Place
from .stockflow.errors import RecordError, nearest
from .stockflow.graph import Graph
from .stockflow.records import Driver, Parameter, TableRecord

if TYPE_CHECKING:
    from .stockflow.model import Model

#: Elements, points and neighbours beyond these are counted, not listed, so that all fits on one screen.
_MOST_ELEMENTS = 6
_MOST_POINTS = 6
_MOST_NEIGHBOURS = 14
#: Stands where an author gave no source, so that the row is never missing.
_NO_SOURCE = "none given"


def describe_name(place: Place, name: str) -> list[tuple[str, str]]:
    """Lines about a variable, lever, driver, parameter or table: a heading each, and its text.

    Raises
    ------
    RecordError
        If there is nothing of that name; the nearest is offered.
    """
    model = place.model
    if name in model.variables:
        lines = _variable(model, name)
    else:
        known = [*model.variables, *(record.name for record in model.records)]
        if name not in known:
            raise RecordError(f"nothing is called '{name}'{_offer(name, known)}")
        lines = _record(model.records.find(name))
    graph = Graph(model, float(place.start))
    takes, gives = graph.depends_on(name), graph.acts_on(name)
    lines += [("depends on", _listed(takes)), ("what depends on it", _listed(gives))]
    return [(heading, text) for heading, text in lines if text]


def _offer(name: str, known: list[str]) -> str:
    """The nearest names, or those that contain what was written, or where to look."""
    containing = [each for each in known if name.lower() in each]
    within = f"; names with it: {', '.join(containing[:_MOST_NEIGHBOURS])}" if containing else ""
    return nearest(name, known, several=3) or within or "; see healthreform list variables"


def _variable(model: Model, name: str) -> list[tuple[str, str]]:
    variable = model.variables[name]
    given = variable.declaration
    ends = [
        f"{key.replace('_', ' ')} {getattr(given, key)}"
        for key in ("payer", "payee", "out_of", "into", "account")
        if getattr(given, key)
    ]
    over = ", ".join(subscript.name for subscript in variable.over)
    return [
        (name, " ".join(variable.docstring.split())),
        ("kind", f"{variable.kind}{' over ' + over if over else ''}, in {variable.unit}"),
        ("equation", equation_text(model, name)),
        ("ends", ", ".join(ends)),
        ("source", variable.source or _NO_SOURCE),
        ("observed", observed_variables(model).get(name, "")),
        ("written in", f"sectors/{variable.sector}.py, line {variable.line}"),
    ]


def _record(record: Any) -> list[tuple[str, str]]:
    kind = record.entry.kind.removesuffix("s")
    lines = [(record.name, record.description), ("kind", f"{kind}, in {record.unit}")]
    if isinstance(record, Parameter):
        lines += [("value", _numbers(record.value)), ("range", _range(record)), ("distribution", record.distribution)]
    elif isinstance(record, Driver):
        lines += [("range", _range(record))]
        lines += [
            (f"path{_bracket(key)}", _points(points)) for key, points in list(record.path.items())[:_MOST_ELEMENTS]
        ]
    elif isinstance(record, TableRecord):
        lines += [("points", _points(record.points))]
    return [
        *lines,
        *([("document", record.document)] if record.document else []),
        ("source", _source(record)),
        ("written in", _file(record.file)),
    ]


def _file(file: str) -> str:
    """A file of the package as its folders are named there, so that the line is never cut; others as they are."""
    path = Path(file)
    return path.relative_to(DATA.parent).as_posix() if path.is_relative_to(DATA.parent) else file


def _source(record: Any) -> str:
    given = record.source or _NO_SOURCE
    return f"{given} ({record.grade})" if record.grade else given


def _range(record: Any) -> str:
    return f"{_numbers(record.low)} to {_numbers(record.high)}" if record.low else ""


def _bracket(key: tuple[str, ...]) -> str:
    return f"[{','.join(key)}]" if key else ""


def _numbers(values: Any) -> str:
    if set(values) == {()}:
        return f"{values[()]:g}"
    shown = [f"{','.join(key)} {value:g}" for key, value in list(values.items())[:_MOST_ELEMENTS]]
    return ", ".join(shown) + _more(len(values) - _MOST_ELEMENTS)


def _points(points: Any) -> str:
    shown = (
        list(points) if len(points) <= _MOST_POINTS else [*points[: _MOST_POINTS // 2], *points[-_MOST_POINTS // 2 :]]
    )
    text = [f"{x:g}: {y:g}" for x, y in shown]
    if len(points) > _MOST_POINTS:
        text.insert(_MOST_POINTS // 2, f"... {len(points) - _MOST_POINTS} more ...")
    return ", ".join(text)


def _listed(names: Iterable[str]) -> str:
    chosen = list(names)
    return ", ".join(chosen[:_MOST_NEIGHBOURS]) + _more(len(chosen) - _MOST_NEIGHBOURS)


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""
