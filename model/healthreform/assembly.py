"""What the model is made of: the sectors' modules, the units they are written in, and the folder of data."""

from __future__ import annotations

import functools
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

from .stockflow.cache import cache_folder
from .stockflow.model import Model, build
from .stockflow.records import Records
from .stockflow.units import GENERAL, UnitSystem

#: Where parameters, places, scenarios and history are.
DATA = Path(__file__).parent / "data"

#: Workers are a dimension apart from persons, so that pay per head and premium per head cannot mix; real prices are in
#: yuan of 2010, a unit of their own, so that they cannot mix with current ones.
UNITS: UnitSystem = GENERAL.extended(
    "worker", "contact", "bed", "molecule", "yuan_2010", derived={"head": "person"}, currencies=("yuan",)
)


@functools.cache
def sector_modules() -> tuple[ModuleType, ...]:
    """The modules with equations: every file of the folder ``sectors``, by name."""
    package = import_module(".sectors", __package__)
    found = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(import_module(f".sectors.{name}", __package__) for name in found)


@functools.cache
def common_records() -> Records:
    """Parameters, levers, drivers and tables of all places; a place says how it differs."""
    return Records.load(sorted((DATA / "parameters").glob("*.toml")), units=UNITS)


def build_model(records: Records, modules: tuple[ModuleType, ...] | None = None, *, check_units: bool = True) -> Model:
    """The model with some inputs; its units are executed once for each version of the equations, then remembered."""
    return build(modules or sector_modules(), records, check_units=check_units, cache=cache_folder() / "units")
