"""The named feedback loops: declared in ``data/loops.toml``, found again in the model's graph, with their polarity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .assembly import DATA
from .place import Place
from .size import Size
from .stockflow.errors import RecordError, StockflowError, nearest, one_of
from .stockflow.graph import Graph, Loop
from .stockflow.model import Model
from .stockflow.record_values import read_toml

_KEYS = ("title", "polarity", "variables", "description", "state", "cut")
POLARITIES = ("balancing", "reinforcing")


@dataclass(frozen=True)
class NamedLoop:
    """A loop as it is declared.

    Attributes
    ----------
    polarity : ``balancing`` or ``reinforcing``.
    variables : its marks in order.
    state : values of inputs with which it can act.
    cut : the link, from one variable to another, at which it is cut; empty if that is left to the loops that share it.
    """

    name: str
    title: str
    polarity: str
    description: str
    variables: tuple[str, ...]
    state: Mapping[str, float]
    cut: tuple[str, ...] = ()

    def found(self, place: Place) -> Loop:
        """The loop in the model of a place, with the sign of every link.

        Raises
        ------
        StockflowError
            If a variable is unknown, or one mark does not act on the next.
        """
        try:
            parameters, paths = values_by_flat_name(place.model, self.state, place.size)
            graph = Graph(place.model, float(place.start), parameters=parameters, paths=paths)
            return graph.loop(self.variables, fill=True)
        except StockflowError as error:
            raise RecordError(f"loop '{self.name}': {error}") from None

    def names(self, graph: Graph) -> list[str]:
        """All its variables in a model's graph; as ``found``, without signs, which take longer."""
        try:
            return graph.circle(self.variables, fill=True)
        except StockflowError as error:
            raise RecordError(f"loop '{self.name}': {error}") from None


def read_loops(file: Path | None = None) -> dict[str, NamedLoop]:
    """The declared loops by name.

    Raises
    ------
    RecordError
        If the file is wrong: which loop, which key.
    """
    chosen = file or DATA / "loops.toml"
    return {name: _read(str(chosen), name, content) for name, content in read_toml(chosen).items()}


def _read(file: str, name: str, content: Any) -> NamedLoop:
    def wrong(key: str, message: str) -> RecordError:
        return RecordError(f"{file}: {name}{'.' + key if key else ''}: {message}")

    if not isinstance(content, Mapping):
        raise wrong("", f"{content!r} must be a table, [{name}]")
    for key in content:
        if key not in _KEYS:
            raise wrong(key, f"unknown key{nearest(key, _KEYS) or '; known: ' + one_of(_KEYS)}")
    for key in _KEYS[:3]:
        if key not in content:
            raise wrong("", f"the key '{key}' is missing")
    for key in ("title", "description"):
        if not isinstance(content.get(key, ""), str):
            raise wrong(key, f"{content[key]!r} must be text")
    if content["polarity"] not in POLARITIES:
        raise wrong("polarity", f"{content['polarity']!r} is not one of {one_of(POLARITIES)}")
    variables, state = content["variables"], content.get("state", {})
    if not isinstance(variables, list) or not variables or not all(isinstance(item, str) for item in variables):
        raise wrong("variables", f"{variables!r} must be a list of names")
    if not isinstance(state, Mapping) or not all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in state.values()
    ):
        raise wrong("state", f"{state!r} must be a table of numbers")
    values = {key: float(value) for key, value in state.items()}
    cut = content.get("cut", [])
    if not isinstance(cut, list) or len(cut) not in (0, 2) or not all(isinstance(item, str) for item in cut):
        raise wrong("cut", f'{cut!r} must be a link, ["source", "target"]')
    return NamedLoop(
        name,
        content["title"],
        content["polarity"],
        content.get("description", ""),
        tuple(variables),
        values,
        tuple(cut),
    )


def values_by_flat_name(
    model: Model, state: Mapping[str, float], size: Size | None = None
) -> tuple[dict[str, float], dict[str, float]]:
    """Values for all elements of each name, parameters and dated inputs apart; of the size of a place, if given."""
    parameters: dict[str, float] = {}
    paths: dict[str, float] = {}
    for name, value in state.items():
        model.records.find(name)
        group = parameters if name in model.records.parameters else paths
        group.update(dict.fromkeys(model.flat_names(name), value * (size or Size()).factor(model, name)))
    return parameters, paths
