"""What the tests of the language share: modules made from text, short records, small textbook models."""

from __future__ import annotations

import itertools
import linecache
import textwrap
from types import ModuleType

from healthreform.stockflow import GENERAL, Model, Records, UnitSystem, build

UNITS = GENERAL.extended("worker", "contact", "bed", currencies=("yuan",))
_NUMBERS = itertools.count(1)


def module_from(text: str, name: str = "sector") -> ModuleType:
    """A module whose text is known to ``linecache`` alone, as a notebook's is."""
    source = "from healthreform.stockflow import *\n" + textwrap.dedent(text)
    file = f"/nowhere/{next(_NUMBERS)}/{name}.py"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    module = ModuleType(name)
    module.__file__ = file
    exec(compile(source, file, "exec"), vars(module))
    return module


def parameter(name: str, value: object, unit: str = "dimensionless", over: str = "") -> str:
    """The TOML of a fixed parameter; ``value`` is a number, or a mapping by element."""
    text = str(value) if not isinstance(value, dict) else _inline(value)
    head = f"[parameters.{name}]\nunit = {unit!r}\nvalue = {text}\n"
    over_line = f"over = [{', '.join(repr(part) for part in over.split())}]\n" if over else ""
    return head + over_line + "distribution = 'fixed'\n" + about()


def lever(name: str, path: object, unit: str = "dimensionless", low: float = -1e9, high: float = 1e9) -> str:
    return f"[levers.{name}]\nunit = {unit!r}\npath = {path}\nlow = {low}\nhigh = {high}\n" + about()


def driver(name: str, path: object, unit: str = "dimensionless") -> str:
    return f"[drivers.{name}]\nunit = {unit!r}\npath = {path}\n" + about()


def table(name: str, points: object, x_unit: str = "dimensionless", unit: str = "dimensionless") -> str:
    return f"[tables.{name}]\nx_unit = {x_unit!r}\nunit = {unit!r}\npoints = {points}\n" + about()


def about() -> str:
    return "description = 'a thing'\nsource = 'a book'\ngrade = 'assumed'\n\n"


def _inline(value: dict[str, object]) -> str:
    inner = (f"{key} = {_inline(part) if isinstance(part, dict) else part}" for key, part in value.items())
    return "{ " + ", ".join(inner) + " }"


def records_from(*texts: str, units: UnitSystem = UNITS) -> Records:
    return Records.from_text("".join(texts), file="inputs.toml", units=units)


def model_from(text: str, *records: str, name: str = "sector", check_units: bool = True) -> Model:
    inputs = records_from(*records) if records else Records(units=UNITS)
    return build(module_from(text, name), inputs, check_units=check_units)
