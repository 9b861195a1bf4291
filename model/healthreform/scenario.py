"""Scenarios: differences from a place's policy as enacted, each with the provisions that it stands for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .changes import Span, apply_changes, check_date, freeze, split_name
from .headed_file import HeadedFile, find_file
from .size import Size, grows
from .stockflow.errors import RecordError, nearest, one_of
from .stockflow.model import Model
from .stockflow.records import Records

_OPTIONAL = ("description", "based_on", "place", "freeze", "changes", "provisions", "not_modelled")


@dataclass(frozen=True)
class Scenario:
    """A scenario, as its file says it.

    Attributes
    ----------
    based_on : the scenario it differs from; None if it differs from the place as it is.
    place : the place whose size its numbers are of; empty for the country.
    freeze : a date from which every lever is held at its value at that date.
    changes : new values, constant or dated, by lever or parameter.
    provisions : for a lever, the provision of the document that moves it.
    not_modelled : what the documents ask for and the model leaves out.
    """

    name: str
    title: str
    description: str
    file: str
    based_on: Scenario | None
    place: str
    freeze: float | None
    changes: Mapping[str, Any]
    provisions: Mapping[str, str]
    not_modelled: tuple[str, ...]

    @classmethod
    def load(cls, scenario: str | os.PathLike[str] | Scenario) -> Scenario:
        """A scenario by its name, or from a file.

        Parameters
        ----------
        scenario : a name that ``hr.scenarios()`` lists, the path of a ``.toml`` file, or a scenario loaded before.

        Raises
        ------
        RecordError
            If there is no such scenario, or its file is wrong.
        """
        return scenario if isinstance(scenario, Scenario) else _read(find_file(scenario, "scenarios"), ())

    def apply(
        self,
        model: Model,
        records: Records | None = None,
        *,
        begin: float | None = None,
        size: Callable[[str], Size | None] | None = None,
        span: Span | None = None,
    ) -> Records:
        """The inputs of a model under this scenario; neither the model nor the records are touched.

        Parameters
        ----------
        begin : the start of the run; before it levers that a constant changes keep the place's own values.
        size : how large the model's place is against the one that a scenario is written for, by that one's name; None
            if that is not known. Without it they are alike.
        span : refuse dates outside this span, of changes and of ``freeze``.

        Raises
        ------
        RecordError
            If a change cannot be, or its number is of the size of another place, or the place it is written for is
            unknown.
        """
        if self.based_on is not None:
            records = self.based_on.apply(model, records, begin=begin, size=size, span=span)
        if self.place and (size is None or size(self.place) is None):
            self._check_place()
        result = records if records is not None else model.records
        if self.freeze is not None:
            if span is not None:
                check_date(self.freeze, span, f"{self.file}: freeze")
            result = freeze(model, result, self.freeze)
        names = grows(result, (split_name(text)[0] for text in self.changes))
        here = Size() if size is None or not names else size(self.place)
        if here is None:
            raise RecordError(
                f"{self.file}: place: it is written for '{self.place}' and changes '{names[0]}', which grows with the "
                "size of a place; write it for this place, or for the country"
            )
        result = here.resized(model, result, names, back=True)
        result = apply_changes(model, result, self.changes, where=self.file, span=span, begin=begin)
        return here.resized(model, result, names)

    def _check_place(self) -> None:
        """Refuse a place that is neither one of the package nor a file, beside the scenario or where its path says."""
        try:
            file = find_file(self.place, "places", Path(self.file).parent)
        except RecordError as error:
            raise RecordError(f"{self.file}: place: {error}, or give the path of its .toml file") from None
        if not file.exists():
            raise RecordError(f"{self.file}: place: {file}: there is no such file")


def _read(file: Path, above: tuple[Path, ...]) -> Scenario:
    file = file.absolute()
    if file in above:
        circle = " -> ".join(each.stem for each in (*above[above.index(file) :], file))
        raise RecordError(f"{file}: based_on: circular: {circle}; one of them must stand on its own")
    header = HeadedFile.read(file, ("title",), _OPTIONAL)
    changes, provisions = header.table("changes"), header.table("provisions")
    moved = [split_name(name)[0] for name in changes]
    for name, text in provisions.items():
        if not isinstance(text, str) or not text.strip():
            raise header.error(f"provisions.{name}", f"{text!r} must be text, and not empty")
        if split_name(name)[0] not in moved:
            offer = nearest(name, moved) or f"; [changes] has: {one_of(dict.fromkeys(moved))}"
            raise header.error(f"provisions.{name}", f"[changes] does not change it{offer}")
    base = header.text("based_on")
    try:
        based_on = _read(find_file(base, "scenarios", file.parent), (*above, file)) if base else None
    except RecordError as error:
        raise error if above or "circular" in str(error) else header.error("based_on", str(error)) from None
    return Scenario(
        name=file.stem,
        title=header.text("title"),
        description=header.text("description"),
        file=str(file),
        based_on=based_on,
        place=header.text("place"),
        freeze=header.number("freeze"),
        changes=changes,
        provisions=provisions,
        not_modelled=header.texts("not_modelled"),
    )
