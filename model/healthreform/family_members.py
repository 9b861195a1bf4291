"""Another place beside the one that is checked: the same equations must serve the whole family."""

from __future__ import annotations

from .behaviour_checks import judged
from .behaviour_file import read_behaviour
from .changes import split_name
from .check_findings import Verdict
from .engine_use import assert_conserved
from .headed_file import shipped_names
from .place import ROOT, Place, read_header
from .setting import LAST_YEAR, STEP, Setting
from .simulation import run_setting
from .stockflow.conservation import negative_payments

#: Checks of ``behaviour.toml`` that have to hold in both members.
SHARED = ("procurement_cuts_prices_and_drug_bills", "mark_up_gone_costs_margin")


def other_member(place: Place) -> Place:
    """The place to hold another one against: the country, or for the country itself another that is shipped."""
    if place.based_on:
        return Place.load(ROOT)
    return Place.load(next(name for name in shipped_names("places") if name != ROOT))


def policies_of_others(place: Place) -> list[str]:
    """Scenarios that are the policy of another shipped place: their dates are its own, and need years from its start.

    The country begins before all of them, and can run them all.
    """
    policies = {read_header(name).text("policy") for name in shipped_names("places")} - {"", place.policy}
    return sorted(policies) if place.based_on else []


def family_members(place: Place) -> Verdict:
    """Whether another place runs on the same equations and units, keeps its books, and answers alike; and the line."""
    other = other_member(place)
    differing = _differing(place, other)
    raw, start = run_setting(Setting.read(other, "baseline", None, start=None, stop=LAST_YEAR, step=STEP, method="rk4"))
    error = max(assert_conserved(other.model, raw, start).values())
    backward = {split_name(flow)[0] for flow in negative_payments(other.model.ledger, dict(raw.columns()))}
    claims = [(each, one) for each in (other, place) for one in judged(each, among=SHARED)]
    broken = {f"{each.name}: {one.claim.text}": one.found for each, one in claims if not one.holds}
    told = f"{len(other.model.variables)} equations and their units as here"
    told = f"another {differing} than here" if differing else told
    text = f"{other.name}: {told}; baseline from {other.start} to {LAST_YEAR} conserved to {error:.1e}"
    if backward:
        text += f"; payments that run backward: {', '.join(sorted(backward))}"
    shares = [
        f"{one.found} in {each.name}"
        for each, one in claims
        if one.claim.top == "hospital_income_share[drugs]" and one.holds
    ]
    text += f"; {len(claims) - len(broken)} of {len(claims)} claims of {' and '.join(SHARED)} hold"
    text += " in both" if any(each is place for each, _ in claims) else f" there; {place.name} begins too late for them"
    if shares:
        text += f"; without mark-ups drugs' share of hospital income {', '.join(shares)}"
    if broken:
        text += f"; not: {'; '.join(f'{claim} ({found})' for claim, found in broken.items())}"
    wrong = differing or backward
    return Verdict(not (wrong or broken), text, () if wrong else tuple(broken))


def claims_of_members(place: Place) -> tuple[str, ...]:
    """What is claimed of both members, by the place and the claim."""
    checks = [check for name, check in read_behaviour().items() if name in SHARED]
    both = (other_member(place), place)
    return tuple(f"{each.name}: {claim.text}" for each in both for check in checks for claim in check.claims)


def _differing(here: Place, other: Place) -> str:
    """What of the other's equations is not as here; empty if all is."""
    ours, theirs = here.model, other.model
    if ours.structure != theirs.structure:
        return "set of equations"
    units = {name: ours.unit(name) for name in ours.variables}
    return next((f"unit of {name}" for name, unit in units.items() if theirs.unit(name) != unit), "")
