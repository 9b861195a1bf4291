"""What there is: levers, parameters, variables, equations, places, scenarios and loops, as tables indexed by name."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .datasets import yearly_value
from .equation_text import equation_text
from .headed_file import shipped_names
from .named_loops import read_loops
from .observations import observed_variables
from .place import Place, read_header
from .scenario import Scenario
from .stockflow.expand import all_elements, flat_name
from .stockflow.model import Model
from .stockflow.paths import Path as DatedPath
from .stockflow.record_values import Key, at_key
from .stockflow.records import Driver, Parameter

if TYPE_CHECKING:
    import pandas

PlaceLike = str | os.PathLike[str] | Place

_NUMBERS = ("value", "low", "high")


def levers(place: PlaceLike = "china", *, elements: bool = False) -> pandas.DataFrame:
    """What policy can move.

    Parameters
    ----------
    place : whose history counts.
    elements : one row for each element, ``name[element]``, in place of one for each name. In a row for a whole name,
        low and high are the lowest and the highest of its elements, and any other number is missing where they differ;
        a change of a whole name must lie in the range of each.

    Returns
    -------
    pandas.DataFrame
        unit, low, high, value (policy as enacted, after its last date), at_start, over, grade, source, description,
        document, system (rows of the table of reform systems).
    """
    model = Place.load(place).model
    start = float(Place.load(place).start)
    return _rows(model, model.records.levers.values(), elements, lambda record: _of_lever(record, start))


def parameters(place: PlaceLike = "china", *, elements: bool = False) -> pandas.DataFrame:
    """Constants of a run, each with its range.

    Parameters
    ----------
    place, elements : as for ``levers``.

    Returns
    -------
    pandas.DataFrame
        unit, low, high, value, distribution, over, grade, source, description, document (as for levers; empty where no
        document names it).
    """
    model = Place.load(place).model
    return _rows(model, model.records.parameters.values(), elements, _of_parameter)


def _of_lever(record: Any, start: float) -> dict[str, Any]:
    paths = {key: DatedPath.from_points(points) for key, points in record.path.items()}
    return {
        "value": {key: path.values[-1] for key, path in paths.items()},
        "at_start": {key: path.value(start) for key, path in paths.items()},
        "system": ", ".join(str(row) for row in record.system),
    }


def _of_parameter(record: Any) -> dict[str, Any]:
    return {"value": record.value, "distribution": record.distribution}


def _rows(
    model: Model,
    records: Iterable[Parameter | Driver],
    elements: bool,
    more: Callable[[Any], dict[str, Any]],
) -> pandas.DataFrame:
    rows: dict[str, dict[str, Any]] = {}
    for record in records:
        about = {
            "unit": record.unit,
            "low": record.low,
            "high": record.high,
            **more(record),
            "over": ", ".join(record.over),
            "grade": record.grade,
            "source": record.source,
            "description": record.description,
            "document": record.document,
        }
        for name, keys in _named_keys(model, record, elements).items():
            rows[name] = {
                column: _TOGETHER.get(column, _shared)(_numbers(entry, keys)) if isinstance(entry, Mapping) else entry
                for column, entry in about.items()
            }
    return _table(rows)


def _named_keys(model: Model, record: Parameter | Driver, elements: bool) -> dict[str, list[Key]]:
    """The rows of a record, and the elements each stands for."""
    over = model.over(record.name)
    every = list(all_elements(over))
    if not elements:
        return {record.name: [tuple(chosen.values()) for chosen in every]}
    return {flat_name(record.name, over, chosen): [tuple(chosen.values())] for chosen in every}


def _numbers(values: Mapping[Key, float], keys: list[Key]) -> set[float]:
    """The numbers that some elements have, those that have one."""
    found = {at_key(values, key) for key in keys}
    return {number for number in found if number is not None}


def _shared(found: set[float]) -> float:
    """The number that all elements share, or NaN if they differ or there is none."""
    return found.pop() if len(found) == 1 else math.nan


#: How the numbers of several elements make one, by column, where it is not the one that they share.
_TOGETHER: Mapping[str, Callable[[set[float]], float]] = {
    "low": lambda found: min(found, default=math.nan),
    "high": lambda found: max(found, default=math.nan),
}


def variables(place: PlaceLike = "china", *, generated: bool = False) -> pandas.DataFrame:
    """Everything a run computes.

    Parameters
    ----------
    generated : also the stages and flows made for delays, pipelines and smooths.

    Returns
    -------
    pandas.DataFrame
        kind, sector, unit, over, reported (what the value of a year is), outcome (whether it is a headline result),
        observed (the published series it is compared with, empty if none), description, source.
    """
    model = Place.load(place).model
    series = observed_variables(model)
    return _table(
        {
            name: {
                "kind": variable.kind,
                "sector": variable.sector,
                "unit": variable.unit,
                "over": ", ".join(subscript.name for subscript in variable.over),
                "reported": yearly_value(model, name),
                "outcome": variable.outcome,
                "observed": series.get(name, ""),
                "description": variable.docstring.strip().partition("\n")[0],
                "source": variable.source,
            }
            for name, variable in model.variables.items()
            if generated or variable.generated_by is None
        }
    )


def equations(place: PlaceLike = "china") -> pandas.DataFrame:
    """How everything is computed.

    Returns
    -------
    pandas.DataFrame
        equation (as its author wrote it), latex, unit, kind, sector, depends_on, source, file, line.
    """
    from .stockflow.latex import equation_latex

    model = Place.load(place).model
    return _table(
        {
            name: {
                "equation": equation_text(model, name),
                "latex": equation_latex(model, name),
                "unit": variable.unit,
                "kind": variable.kind,
                "sector": variable.sector,
                "depends_on": ", ".join(variable.arguments),
                "source": variable.source,
                "file": Path(variable.file).name,
                "line": variable.line,
            }
            for name, variable in model.variables.items()
            if variable.generated_by is None
        }
    )


def places() -> pandas.DataFrame:
    """The places that come with the package: title, start, based_on, description, file."""
    found = {name: read_header(name) for name in shipped_names("places")}
    return _table(
        {
            name: {
                "title": header.text("title"),
                "start": header.year("start"),
                "based_on": header.text("based_on"),
                "description": header.text("description"),
                "file": header.file,
            }
            for name, header in found.items()
        }
    )


def scenarios() -> pandas.DataFrame:
    """The scenarios that come with the package: title, based_on, freeze, changes (names), description, file."""
    found = {name: Scenario.load(name) for name in shipped_names("scenarios")}
    return _table(
        {
            name: {
                "title": scenario.title,
                "based_on": scenario.based_on.name if scenario.based_on else "",
                "freeze": math.nan if scenario.freeze is None else scenario.freeze,
                "changes": ", ".join(scenario.changes),
                "not_modelled": "; ".join(scenario.not_modelled),
                "description": scenario.description,
                "file": scenario.file,
            }
            for name, scenario in found.items()
        }
    )


def loops(place: PlaceLike = "china") -> pandas.DataFrame:
    """The named feedback loops, found again in the model's graph.

    Returns
    -------
    pandas.DataFrame
        title, polarity (as the equations give it), declared (polarity), variables (all, in order), links (with signs),
        description.

    Raises
    ------
    RecordError
        If the equations do not close a loop.
    """
    here = Place.load(place)
    rows = {}
    for name, loop in read_loops().items():
        found = loop.found(here)
        rows[name] = {
            "title": loop.title,
            "polarity": found.polarity,
            "declared": loop.polarity,
            "variables": ", ".join(found.names),
            "links": str(found).rpartition(": ")[0],
            "description": loop.description,
        }
    return _table(rows)


def _table(rows: Mapping[str, Mapping[str, Any]]) -> pandas.DataFrame:
    import pandas

    table = pandas.DataFrame.from_dict(dict(rows), orient="index")
    table.index.name = "name"
    return table
