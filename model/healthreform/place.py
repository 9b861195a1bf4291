"""Places: a country, a province or a city, as its own values of the common parameters, drivers and levers."""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .assembly import DATA, build_model, common_records
from .changes import apply_changes
from .headed_file import HeadedFile, find_file, reasons_by_claim
from .scenario import Scenario
from .size import Size
from .stockflow.errors import RecordError, RunError
from .stockflow.model import Model, rebuild
from .stockflow.records import Records

if TYPE_CHECKING:
    from .derivation.derive import Derived
    from .derivation.draft import Origin
    from .derivation.given import Given

_REQUIRED = ("title", "start")
_OPTIONAL = ("description", "history", "based_on", "policy", "facts", "values", "origin", "misses")
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
    policy : name of the scenario that is its policy as enacted; empty if that is the policy of ``based_on``.
    facts : what is known of it, by name, as its file gives it.
    size : how large it is against the country.
    origins : for each parameter, lever and driver that is not as in the place it is based on, how it came about.
    missing_tiers : tiers that it has not, such as tertiary hospitals; nothing is there, nobody treated.
    misses : why checks are known to fail of it: by name of the check the reason, or by claim if it makes several.
    """

    name: str
    title: str
    description: str
    start: int
    history: str
    file: str
    model: Model = field(repr=False)
    based_on: str = ""
    policy: str = ""
    size: Size = field(default_factory=Size, repr=False)
    facts: Mapping[str, Given] = field(default_factory=dict, repr=False)
    origins: Mapping[str, Origin] = field(default_factory=dict, repr=False)
    missing_tiers: tuple[str, ...] = ()
    misses: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict, repr=False)
    _unreformed: Callable[[], Place] | None = field(default=None, repr=False)

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
        inputs = _Inputs(records, modules)
        with _garbage_left():
            if inputs.shipped and not isinstance(place, os.PathLike) and not place.endswith(".toml"):
                return _shipped(file)
            return _read(file, inputs)

    def without_policy(self) -> Place:
        """The same place under the policy of the one it is based on; itself if it has no policy of its own."""
        return self if self._unreformed is None else self._unreformed()

    def against(self, other: str) -> Size | None:
        """How large the place is against another, the country if none is named; None if that is not known."""
        return _against(other, self.name, self.size)


def read_header(place: str | os.PathLike[str]) -> HeadedFile:
    """The file of a place, read and no more."""
    return HeadedFile.read(find_file(place, "places"), _REQUIRED, _OPTIONAL)


@dataclass(frozen=True)
class _Inputs:
    """What the files of places are read with: records and equations, the package's own where there are none."""

    records: Records | None = None
    modules: tuple[ModuleType, ...] | None = None

    @property
    def shipped(self) -> bool:
        return self.records is None and self.modules is None


@contextmanager
def _garbage_left() -> Iterator[None]:
    """Inside, nobody looks for garbage: what a build makes stays, and looking takes a tenth of its time."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()


@functools.cache
def _shipped(file: Path) -> Place:
    return _read(file, _Inputs())


def _read(file: Path, inputs: _Inputs, above: tuple[Path, ...] = ()) -> Place:
    """The place of a file; ``above`` are the files that are based on it."""
    header = HeadedFile.read(file, _REQUIRED, _OPTIONAL)
    if "based_on" in header.content:
        return _read_derived(file, header, inputs, above)
    for key in _OF_DERIVED:
        if key in header.content:
            raise header.error(key, f'it needs based_on, the place that the rest is derived from: based_on = "{ROOT}"')
    start = header.year("start")
    if inputs.shipped and file.stem != ROOT and start != read_header(ROOT).year("start"):
        known = read_header(ROOT).year("start")
        raise header.error(
            "start", f"{start}: the common inputs are of {known}; with based_on and [facts] a place can begin later"
        )
    common = common_records() if inputs.records is None else inputs.records
    model = build_model(common, inputs.modules)
    values: Mapping[str, Any] = header.table("values")
    if values:
        changed = apply_changes(model, common, values, where=str(file))
        model = _with_values(model, changed)
    return Place(**_headed(file, header), model=model)


def _headed(file: Path, header: HeadedFile) -> dict[str, Any]:
    """What the head of a file says of its place."""
    return {
        "name": file.stem,
        "title": header.text("title"),
        "description": header.text("description"),
        "start": header.year("start"),
        "history": header.text("history") or file.stem,
        "file": str(file),
        "misses": _misses(header),
    }


def _misses(header: HeadedFile) -> Mapping[str, str | Mapping[str, str]]:
    """Checks that a place is known not to pass, with the reasons, by claim where they make several."""
    found = {}
    for name, given in header.table("misses").items():
        found[name] = reasons_by_claim(given)
        if not found[name]:
            raise header.error(
                f"misses.{name}", f"{given!r} must be the reason, a text that is not empty, or a table of them by claim"
            )
    return found


def _read_derived(file: Path, header: HeadedFile, inputs: _Inputs, above: tuple[Path, ...]) -> Place:
    from .derivation.derive import derive
    from .derivation.finish import cannot_be

    base = _base(file.absolute(), header, inputs, above)
    try:
        derived = derive(header, base.name, base.model, base.start)
    except RunError as error:
        raise cannot_be(header, error) from None
    name, policy = header.text("policy"), None
    if name:
        policy = Scenario.load(find_file(name, "scenarios", file.parent))
    return _finished(file, header, base, derived, policy)


def _finished(file: Path, header: HeadedFile, base: Place, derived: Derived, policy: Scenario | None) -> Place:
    """A derived place, with its own policy, its own values, and what hangs on both."""
    from .derivation.draft import Origin
    from .derivation.finish import check_origin, check_start, hold_start, read_values, with_origins

    size = derived.size.within(base.size)
    values, own = read_values(header, derived.facts)
    found, origins = derived.records, dict(derived.origins)
    if policy is not None:
        found = policy.apply(base.model, found, size=lambda other: _against(other, file.stem, size))
        about = {str(name).partition("[")[0]: policy.provisions.get(name, "") for name in policy.changes}
        origins |= {name: Origin("own", f"policy {policy.name}", text) for name, text in about.items()}
    found = apply_changes(base.model, found, values, where=f"{file}: values")
    origins |= own
    found = hold_start(base.model, with_origins(found, origins), header.year("start"))
    model = _with_values(base.model, found)
    check_origin(header, derived.facts, values)
    check_start(header, derived.facts, file.stem, model)
    return Place(
        **_headed(file, header),
        model=model,
        based_on=base.name,
        policy="" if policy is None else policy.name,
        size=size,
        facts=derived.facts,
        origins=origins,
        missing_tiers=derived.missing,
        _unreformed=None if policy is None else partial(_finished, file, header, base, derived, None),
    )


def _with_values(model: Model, records: Records) -> Model:
    """The same equations with other values of their inputs, whose units are the same."""
    return rebuild(model, model.variables.values(), records, check_units=False)


def _against(other: str, name: str, size: Size) -> Size | None:
    """The size of a place against another, the country if none is named; None if it is not known."""
    if other == name:
        return Size()
    return size if other in ("", ROOT) else None


def _base(file: Path, header: HeadedFile, inputs: _Inputs, above: tuple[Path, ...]) -> Place:
    """The place that a file is based on."""
    name = header.text("based_on")
    try:
        below = find_file(name, "places", file.parent).absolute()
    except RecordError as error:
        raise header.error("based_on", str(error)) from None
    if below in (file, *above):
        circle = " -> ".join(each.stem for each in (*above, file, below))
        raise header.error("based_on", f"circular: {circle}; one of them must stand on its own")
    if inputs.shipped and below.parent == (DATA / "places").absolute():
        return _shipped(below)
    return _read(below, inputs, (*above, file))
