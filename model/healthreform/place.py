"""Places: a country, a province or a city, as its own values of the common parameters, drivers and levers."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .assembly import DATA, build_model, common_records
from .changes import apply_changes
from .headed_file import HeadedFile, find_file
from .scenario import Scenario
from .size import Size
from .stockflow.errors import RecordError
from .stockflow.model import Model
from .stockflow.records import Records

if TYPE_CHECKING:
    from .derivation.draft import Origin
    from .derivation.given import Given

_REQUIRED = ("title", "start")
_OPTIONAL = ("description", "history", "based_on", "policy", "facts", "values", "origin")
#: Keys that say nothing without a place to derive the rest from.
_OF_DERIVED = ("policy", "facts", "origin")
#: The place whose values the common inputs are.
ROOT = "china"


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
    based_on : name of the place that what is not known of it is derived from; empty if there is none.
    facts : what is known of it, by name, as its file gives it.
    size : how large it is against the country.
    origins : for each parameter, lever and driver that is not as in the place it is based on, how it came about.
    """

    name: str
    title: str
    description: str
    start: int
    history: str
    file: str
    model: Model = field(repr=False)
    based_on: str = ""
    size: Size = field(default_factory=Size, repr=False)
    facts: Mapping[str, Given] = field(default_factory=dict, repr=False)
    origins: Mapping[str, Origin] = field(default_factory=dict, repr=False)

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
        return _read(file, records, modules, ())

    def against(self, other: str) -> Size | None:
        """How large the place is against another, the country if none is named; None if that is not known."""
        return _against(other, self.name, self.size)


def read_header(place: str | os.PathLike[str]) -> HeadedFile:
    """The file of a place, read and no more."""
    return HeadedFile.read(find_file(place, "places"), _REQUIRED, _OPTIONAL)


@functools.cache
def _shipped(file: Path) -> Place:
    return _read(file, None, None, ())


def _read(
    file: Path, records: Records | None, modules: tuple[ModuleType, ...] | None, above: tuple[Path, ...]
) -> Place:
    header = HeadedFile.read(file, _REQUIRED, _OPTIONAL)
    if "based_on" in header.content:
        return _read_derived(file, header, records, modules, above)
    for key in _OF_DERIVED:
        if key in header.content:
            raise header.error(key, f'it needs based_on, the place that the rest is derived from: based_on = "{ROOT}"')
    start = header.year("start")
    if records is None and modules is None and file.stem != ROOT and start != read_header(ROOT).year("start"):
        known = read_header(ROOT).year("start")
        raise header.error(
            "start", f"{start}: the common inputs are of {known}; with based_on and [facts] a place can begin later"
        )
    common = common_records() if records is None else records
    model = build_model(common, modules)
    values: Mapping[str, Any] = header.table("values")
    if values:
        changed = apply_changes(model, common, values, where=str(file))
        model = build_model(changed, modules, check_units=False)  # other values, the same units
    return Place(
        name=file.stem,
        title=header.text("title"),
        description=header.text("description"),
        start=start,
        history=header.text("history") or file.stem,
        file=str(file),
        model=model,
    )


def _read_derived(
    file: Path,
    header: HeadedFile,
    records: Records | None,
    modules: tuple[ModuleType, ...] | None,
    above: tuple[Path, ...],
) -> Place:
    from .derivation.base import Base
    from .derivation.derive import derive
    from .derivation.draft import Origin
    from .derivation.finish import check_filling, check_origin, hold_start, read_values, with_origins

    base = _base(file.absolute(), header, records, modules, above)
    derived = derive(header, base.name, base.model, base.start)
    size = derived.size.within(base.size)
    values, own = read_values(header, derived.facts)
    policy = header.text("policy")
    found, origins = derived.records, dict(derived.origins)
    if policy:
        plan = Scenario.load(find_file(policy, "scenarios", file.parent))
        found = plan.apply(base.model, found, size=lambda other: _against(other, file.stem, size))
        about = {str(name).partition("[")[0]: plan.provisions.get(name, "") for name in plan.changes}
        origins |= {name: Origin("own", f"policy {plan.name}", text) for name, text in about.items()}
    found = apply_changes(base.model, found, values, where=f"{file}: values")
    origins |= own
    found = hold_start(base.model, with_origins(found, origins), header.year("start"))
    model = build_model(found, modules, check_units=False)  # other values, the same units
    check_origin(header, derived.facts, values)
    check_filling(header, derived.facts, Base(file.stem, model, header.year("start"), header.year("start")))
    return Place(
        name=file.stem,
        title=header.text("title"),
        description=header.text("description"),
        start=header.year("start"),
        history=header.text("history") or file.stem,
        file=str(file),
        model=model,
        based_on=base.name,
        size=size,
        facts=derived.facts,
        origins=origins,
    )


def _against(other: str, name: str, size: Size) -> Size | None:
    """The size of a place against another, the country if none is named; None if it is not known."""
    if other == name:
        return Size()
    return size if other in ("", ROOT) else None


def _base(
    file: Path,
    header: HeadedFile,
    records: Records | None,
    modules: tuple[ModuleType, ...] | None,
    above: tuple[Path, ...],
) -> Place:
    """The place that a file is based on."""
    name = header.text("based_on")
    try:
        below = find_file(name, "places", file.parent).absolute()
    except RecordError as error:
        raise header.error("based_on", str(error)) from None
    if below in (file, *above):
        circle = " -> ".join(each.stem for each in (*above, file, below))
        raise header.error("based_on", f"circular: {circle}; one of them must stand on its own")
    if records is None and modules is None and below.parent == (DATA / "places").absolute():
        return _shipped(below)
    return _read(below, records, modules, (*above, file))
