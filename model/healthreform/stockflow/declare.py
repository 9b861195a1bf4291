"""What an author declares: subscripts, accounts, and what stands above an equation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import ModelError

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")

#: The unit of time of every equation; a flow is measured in its stock's unit per this.
TIME_UNIT = "year"

#: How a variable of each kind is computed.
ROLES = {
    "stock": "stock",
    "smooth": "stock",
    "flow": "flow",
    "delay": "flow",
    "pipeline": "flow",
    "auxiliary": "auxiliary",
    "balance": "auxiliary",
    "reference": "reference",
}


def _identifier(what: str, name: object) -> None:
    if not isinstance(name, str) or not IDENTIFIER.match(name):
        raise ModelError(f"{what} {name!r}: a name is letters, digits and underscores, and begins with a letter")


@dataclass(frozen=True, init=False)
class Subscript:
    """A dimension with named elements, for example tiers of hospitals.

    Parameters
    ----------
    name : name of the dimension.
    elements : names of its elements, in order (``previous`` follows this order).
    """

    name: str
    elements: tuple[str, ...]

    def __init__(self, name: str, elements: Sequence[str]) -> None:
        _identifier("Subscript", name)
        if isinstance(elements, str) or not elements:
            raise ModelError(f"Subscript {name!r}: give a list of at least one element")
        for element in elements:
            _identifier(f"Subscript {name!r}: element", element)
        if len(set(elements)) < len(elements):
            twice = next(element for element in elements if list(elements).count(element) > 1)
            raise ModelError(f"Subscript {name!r}: element {twice!r} is given twice")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "elements", tuple(elements))


@dataclass(frozen=True, init=False)
class Account:
    """Someone who pays and is paid.

    Parameters
    ----------
    name : name of the account.
    over : subscripts, if there is one account for each element.
    """

    name: str
    over: tuple[Subscript, ...]

    def __init__(self, name: str, over: Subscript | Sequence[Subscript] = ()) -> None:
        _identifier("Account", name)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "over", subscripts_of(over, f"Account {name!r}"))


@dataclass(frozen=True)
class Declaration:
    """All that stands in a decorator."""

    kind: str
    unit: str
    over: tuple[Subscript, ...] = ()
    source: str = ""
    outcome: bool = False
    observed: str | None = None
    payer: str | None = None
    payee: str | None = None
    out_of: str | None = None
    into: str | None = None
    account: str | None = None
    signed: bool = False
    value: bool = False
    owed_by: str | None = None
    owed_to: str | None = None
    time: str | None = None
    order: int = 0
    start: str | None = None
    growth: str | None = None
    loss: str | None = None
    scale: str | None = None
    at_year_end: bool = False


def subscripts_of(over: object, where: str) -> tuple[Subscript, ...]:
    """The subscripts of an ``over=``, whether one or several were given."""
    several = (over,) if isinstance(over, (Subscript, str)) else over
    if not isinstance(several, (tuple, list)) or not all(isinstance(item, Subscript) for item in several):
        raise ModelError(f"{where}: over={over!r} must be a Subscript or a tuple of them, such as over=(tier, care)")
    if len({item.name for item in several}) < len(several):
        raise ModelError(f"{where}: over= names one subscript twice")
    return tuple(several)
