"""How large a place is against its base, and what grows with which size.

What counts people, workers, contacts, beds or yuan is larger in a larger place; ratios, times, prices and pay are not.
So a quantity is multiplied by the ratio of populations to the power that its unit says, unless a rule below names
another size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..sectors.names import scheme
from ..stockflow import by
from ..stockflow.named import NamedArray


@dataclass(frozen=True)
class Sizes:
    """Ratios of a place to its base.

    Attributes
    ----------
    population : all people.
    people : by age.
    members : people who belong to each scheme; insured : people covered by it.
    need : visits and admissions that a person of its ages needs.
    beds, physicians : by tier.
    physicians_total : all physicians.
    wage : the economy's wage.
    """

    population: NamedArray
    people: NamedArray
    members: NamedArray
    insured: NamedArray
    need: NamedArray
    beds: NamedArray
    physicians: NamedArray
    physicians_total: NamedArray
    wage: NamedArray


@dataclass(frozen=True)
class Rule:
    """What a quantity grows with, and how a report says it."""

    text: str
    factor: Callable[[Sizes], Any]


#: Quantities that grow with something nearer than the population, or with more than their unit says.
RULES: Mapping[str, Rule] = {
    "people_at_start": Rule("with the people of each age", lambda sizes: sizes.people),
    "contacts_at_start": Rule(
        "per member of each scheme and with what people of its ages need", lambda sizes: sizes.members * sizes.need
    ),
    "beds_at_start": Rule(
        "with the admissions of each tier, else per head, where they are not known", lambda sizes: sizes.beds
    ),
    "beds_being_built_at_start": Rule("per bed of each tier", lambda sizes: sizes.beds),
    "physicians_at_start": Rule(
        "with the staff, else beds, visits or admissions of each tier, else per head, where they are not known",
        lambda sizes: sizes.physicians,
    ),
    "general_practitioners_at_start": Rule("per physician of primary care", lambda sizes: sizes.physicians["primary"]),
    "retrainees_at_start": Rule("per physician of primary care", lambda sizes: sizes.physicians["primary"]),
    "new_physicians": Rule("per physician", lambda sizes: sizes.physicians_total),
    "fund_reserve_at_start": Rule(
        "per insured person; the employees' also with the wage",
        lambda sizes: sizes.insured * by(scheme, employee=sizes.wage, resident=1),
    ),
    "account_balance_at_start": Rule(
        "per member of the employee scheme and with the wage", lambda sizes: sizes.members["employee"] * sizes.wage
    ),
    "pay_at_start": Rule("with the wage", lambda sizes: sizes.wage),
}
