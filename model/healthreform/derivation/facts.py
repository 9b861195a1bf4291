"""Facts about a place that an analyst has at hand, each with what stands against it in the model.

Each fact is written as equations are: its name is what the file of a place calls it, its arguments are what it depends
on in the model, its docstring says what it is.  It returns the fact of a place whose model that is, so it serves to
carry a fact from a year to the start, to split a total, and to test that a place starts where its facts say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..sectors.names import age, bill_item, care, scheme, tier
from ..stockflow import Subscript, by, total
from .base import State, call


@dataclass(frozen=True)
class Fact:
    """A fact that can be given.

    Attributes
    ----------
    unit : in which it is given.
    over : the subscript whose elements it is given by, if any.
    sets : parameters, levers and drivers that follow from it.
    kind : ``count``, of which a total can be given; ``level``; ``share``, between none and all; ``difference``, with
        any sign.
    """

    name: str
    unit: str
    over: Subscript | None
    sets: tuple[str, ...]
    kind: str
    description: str
    function: Callable[..., Any]

    def of(self, state: State) -> Any:
        """The fact of a place in some state, over its subscript."""
        return call(self.function, state)


FACTS: dict[str, Fact] = {}


def _fact(unit: str, *sets: str, kind: str, over: Subscript | None = None) -> Callable[[Any], Any]:
    def note(function: Any) -> Any:
        text = " ".join(function.__doc__.split())
        FACTS[function.__name__] = Fact(function.__name__, unit, over, sets, kind, text, function)
        return function

    return note


@_fact("person", "people_at_start", kind="count", over=age)
def population(people):
    """People who live there; a number, or by age (0-14, 15-64, 65 and over)."""
    return people


@_fact("person", "employee_member_share", "insured_share", kind="count", over=scheme)
def insured(insured_persons):
    """People insured, by scheme."""
    return insured_persons


@_fact("dimensionless", "active_share", kind="share")
def active_share(active_share):
    """Members of the employee scheme who work and pay, among all members."""
    return active_share


@_fact("yuan/year", "gdp", kind="count")
def gdp(gdp):
    """Gross domestic product."""
    return gdp


@_fact("yuan/worker/year", "wage", kind="level")
def wage(wage):
    """Average wage of the economy."""
    return wage


@_fact("contact/year", "contacts_at_start", kind="count", over=tier)
def outpatient_visits(tier_contacts):
    """Outpatient visits, by tier."""
    return tier_contacts["outpatient"]


@_fact("contact/year", "contacts_at_start", kind="count", over=tier)
def admissions(tier_contacts):
    """Admissions, by tier."""
    return tier_contacts["inpatient"]


@_fact("bed", "beds_at_start", kind="count", over=tier)
def beds(beds):
    """Beds, by tier."""
    return beds


@_fact("worker", "physicians_at_start", "general_practitioners_at_start", kind="count", over=tier)
def physicians(physicians, general_practitioners):
    """Licensed and assistant physicians, by tier; general practitioners are in, village doctors are not."""
    return physicians + by(tier, tertiary=0, secondary=0, primary=general_practitioners)


@_fact("worker", "staff_per_physician", kind="count", over=tier)
def staff(physicians, general_practitioners, staff_per_physician):
    """All who work there, by tier, physicians among them; village doctors are not."""
    return staff_per_physician * (physicians + by(tier, tertiary=0, secondary=0, primary=general_practitioners))


@_fact("worker", "village_doctors_at_start", kind="count")
def village_doctors(village_doctors):
    """Village doctors and aides."""
    return village_doctors


@_fact("dimensionless", "intensity_at_start", kind="share", over=bill_item)
def item_share(item_income):
    """Share of drugs, consumables, tests or services in hospitals' bills; those not given share the rest."""
    return (item_income["tertiary"] + item_income["secondary"]) / total(
        item_income["tertiary"] + item_income["secondary"], bill_item
    )


@_fact("yuan/year", "intensity_at_start", kind="count")
def hospital_income(medical_income):
    """Hospitals' bills, drugs included and subsidies apart."""
    return medical_income["tertiary"] + medical_income["secondary"]


@_fact("yuan/worker/year", "pay_at_start", kind="level")
def pay(pay_per_worker, staff, on_cost_ratio):
    """Pay of a hospital worker, without what employers pay on top; that of primary care moves along."""
    return (
        (pay_per_worker["tertiary"] * staff["tertiary"] + pay_per_worker["secondary"] * staff["secondary"])
        / (staff["tertiary"] + staff["secondary"])
        / (1 + on_cost_ratio)
    )


@_fact("yuan", "fund_reserve_at_start", kind="count", over=scheme)
def fund_balance(fund_reserve):
    """Money the pooled funds hold, by scheme; personal accounts apart."""
    return fund_reserve


@_fact("yuan", "account_balance_at_start", kind="count")
def account_balance(account_balance):
    """Money on personal accounts."""
    return account_balance


@_fact("yuan/year", "contribution_base_ratio", "resident_financing_ratio", kind="count", over=scheme)
def fund_income(pool_income):
    """Income of the pooled funds, by scheme; what goes to personal accounts apart."""
    return pool_income


@_fact("yuan/year", "reimbursement_rate", "deficit_share_at_start", kind="difference", over=scheme)
def fund_deficit(claims_due, pool_income):
    """What the pooled funds accept in claims beyond their income, by scheme; a surplus is negative."""
    return total(claims_due, tier, care) - pool_income


#: Without these nothing can be derived.
REQUIRED = ("population",)


def facts_of(state: State) -> Mapping[str, Any]:
    """Every fact of a place in some state."""
    return {name: fact.of(state) for name, fact in FACTS.items()}
