"""Tiers that a place has not: a county without a tertiary hospital, a town without a secondary one.

A file says so with 0 for the tier, in any of the facts that are given by tier; then it has nothing of it, whatever else
is derived from the base.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..headed_file import HeadedFile
from ..sectors.names import tier
from ..stockflow.named import NamedArray
from .base import Base, State
from .draft import Draft, Origin
from .facts import FACTS, Fact
from .given import MAY_BE_MISSING, Given

#: What a tier has at the start; nothing else is of its own size.
_CONTENT = ("contacts_at_start", "physicians_at_start", "beds_at_start", "beds_being_built_at_start")
#: Where the rule of first contact sends people who would go to a tier: to the other hospitals.
_SENT = "gatekept_share"


def missing_tiers(header: HeadedFile, given: Mapping[str, Given], base: Base, start: int) -> tuple[str, ...]:
    """The tiers that a place has not: those of which a fact says 0, and those that its base has not.

    Raises
    ------
    RecordError
        If another fact says that there is such a tier after all, or no hospital is left.
    """
    facts = {name: fact for name, fact in given.items() if fact.fact.over is tier}
    none = {element: name for name, fact in facts.items() for element, value in fact.values.items() if value == 0}
    without = [element for element in MAY_BE_MISSING if not _contacts(base.at(start), element)]
    for name, fact in facts.items():
        for element, value in fact.values.items():
            if not value:
                continue
            said = f"facts.{name}.{element}"
            if element in none:
                raise header.error(
                    said,
                    f"{value:g}, but facts.{none[element]}.{element} is 0; a tier that is not there has nothing: "
                    "give 0 for it in each of these facts, or leave it out of them",
                )
            if element in without:
                raise header.error(
                    said, f"{base.name} has no such tier to derive the rest from; base the place on one that has"
                )
    missing = tuple(element for element in MAY_BE_MISSING if element in none or element in without)
    if missing == MAY_BE_MISSING:
        raise header.error(
            "facts", f"it has neither {' nor '.join(missing)} hospitals; a place needs one of these tiers at least"
        )
    return missing


def _contacts(state: State, element: str) -> float:
    return sum(float(FACTS[name].of(state)[element].values) for name in ("outpatient_visits", "admissions"))


def of_other_tiers(fact: Fact, state: State, missing: tuple[str, ...]) -> NamedArray:
    """A fact of the base without the tiers that a place has not, so that a total is shared by those it has."""
    there: NamedArray = fact.of(state)
    return there * _presence(missing) if missing and fact.over is tier else there


def _presence(missing: tuple[str, ...]) -> NamedArray:
    return NamedArray(np.array([float(element not in missing) for element in tier.elements]), (tier,))


def leave_out(draft: Draft, missing: tuple[str, ...]) -> None:
    """Nothing of the tiers that a place has not; the rule of first contact sends people to the other hospitals."""
    if not missing:
        return
    text = f"none of {' and '.join(missing)}, which the place has not"
    for name in _CONTENT:
        draft.empty(name, missing, Origin("derived", text))
    other = next(element for element in MAY_BE_MISSING if element not in missing)
    sent, presence = draft.values[_SENT], _presence(missing)
    hospitals = NamedArray(np.array([float(element == other) for element in tier.elements]), (tier,))
    for element in missing:
        sent = sent * presence + hospitals * sent[element]
    draft.set(_SENT, sent, Origin("derived", f"{text}: its patients go to {other} hospitals"))
    draft.empty(_SENT, missing, Origin("derived", text))
