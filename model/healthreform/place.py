"""Places: a country, a province or a city, as its own values of the common parameters, drivers and levers."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from .assembly import build_model, common_records
from .changes import apply_changes
from .headed_file import HeadedFile, find_file
from .stockflow.model import Model
from .stockflow.records import Records


@dataclass(frozen=True, eq=False)
class Place:
    """A place, with the model of it.

    Attributes
    ----------
    name : short name; the file's name without its ending.
    title, description : what it stands for.
    start : the calendar year at whose beginning its stocks are given, and every run begins.
    history : name of the observed series it is compared with; its own name if its file says nothing.
    file : where it was read from.
    model : the equations with the place's values.
    """

    name: str
    title: str
    description: str
    start: int
    history: str
    file: str
    model: Model = field(repr=False)

    @classmethod
    def load(
        cls,
        place: str | os.PathLike[str] | Place,
        *,
        records: Records | None = None,
        modules: tuple[ModuleType, ...] | None = None,
    ) -> Place:
        """A place by its name, or from a file.

        Parameters
        ----------
        place : a name that ``hr.places()`` lists, the path of a ``.toml`` file, or a place that was loaded before.
        records, modules : inputs and equations other than the package's own.

        Raises
        ------
        RecordError
            If there is no such place, or its file is wrong.
        """
        if isinstance(place, Place):
            return place
        file = find_file(place, "places")
        if records is None and modules is None and not isinstance(place, os.PathLike) and not place.endswith(".toml"):
            return _shipped(file)
        return _read(file, records or common_records(), modules)


@functools.cache
def _shipped(file: Path) -> Place:
    return _read(file, common_records(), None)


def _read(file: Path, common: Records, modules: tuple[ModuleType, ...] | None) -> Place:
    header = HeadedFile.read(file, ("title", "start"), ("description", "history", "values"))
    values: Mapping[str, Any] = header.table("values")
    model = build_model(common, modules)
    if values:
        records = apply_changes(model, common, values, where=str(file))
        model = build_model(records, modules, check_units=False)  # other values, the same units
    return Place(
        name=file.stem,
        title=header.text("title"),
        description=header.text("description"),
        start=header.year("start"),
        history=header.text("history") or file.stem,
        file=str(file),
        model=model,
    )
