"""Patients: whether to seek care, what they wait for, and what is served where; `choice` says which tier they seek."""

from ..stockflow import (
    auxiliary,
    by,
    flow,
    maximum,
    minimum,
    reference,
    smooth,
    smooth_minimum,
    stock,
    total,
    where,
)
from .grounds import AT_START, CONTACTS, DEFINITION, HELD, MULTIPLIED, START
from .names import care, scheme, tier


@auxiliary("yuan_2010/person/year", source="definition; output per head stands for income, which is projected with it")
def real_income(gdp, persons_total, price_index):
    """Output per head at prices of 2010: what people can afford."""
    return gdp / (persons_total * price_index)


@reference("yuan_2010/person/year", source=HELD)
def real_income_at_start(real_income):
    """Output per head at the start."""
    return real_income


@auxiliary(
    "yuan_2010/contact",
    over=(tier, care, scheme),
    source="definition of a full price: money felt and the cost of access, in real terms",
)
def felt_price(cost_per_contact, remote_bill, patient_share, felt_share, price_index, access_cost, journey_share):
    """Price felt at the point of care: the patient's share of the bill in real terms, and the cost of getting there."""
    return (
        cost_per_contact - by(care, outpatient=by(tier, tertiary=remote_bill, secondary=0, primary=0), inpatient=0)
    ) * patient_share * felt_share / price_index + access_cost * by(care, outpatient=journey_share, inpatient=1)


@reference("yuan_2010/contact", over=(tier, care, scheme), source=HELD)
def felt_price_at_start(felt_price):
    """Felt price at the start."""
    return felt_price


@reference("dimensionless", over=(tier, care, scheme), source=AT_START)
def contact_share_at_start(contacts_at_start):
    """Tier shares of each scheme's contacts at the start."""
    return contacts_at_start / total(contacts_at_start, tier)


@reference("contact/person/year", over=(care, scheme), source=AT_START)
def use_rate_at_start(contacts_at_start, persons):
    """Contacts a person has in a year at the start."""
    return total(contacts_at_start, tier) / persons


@auxiliary(
    "dimensionless",
    over=(care, scheme),
    source="constant elasticity of a Laspeyres index; Zhou Z 2011, Huang F 2015, Feng J 2020",
)
def price_effect(felt_price, felt_price_at_start, contact_share_at_start, price_elasticity):
    """Less care is sought where it costs the patient more; tiers weighted as at the start (Laspeyres)."""
    return total(contact_share_at_start * felt_price / felt_price_at_start, tier) ** (0 - price_elasticity)


@auxiliary(
    "dimensionless",
    over=care,
    source="own formulation: constant elasticities, the upper one that of what is left to want",
)
def income_power(real_income, real_income_at_start, income_elasticity, income_effect_limit):
    """Growing poorer, the part of care still sought; growing richer, the part of the room to the limit still left."""
    return (real_income / real_income_at_start) ** where(
        real_income > real_income_at_start, 0 - income_elasticity / (income_effect_limit - 1), income_elasticity
    )


@auxiliary(
    "dimensionless",
    over=care,
    source="own formulation: constant elasticity at first, then a ceiling, as use cannot grow for ever",
)
def income_effect(income_power, real_income, real_income_at_start, income_effect_limit):
    """More care is sought as people grow richer, up to a limit; growing poorer, they forgo it in proportion."""
    return where(real_income > real_income_at_start, 1 + (income_effect_limit - 1) * (1 - income_power), income_power)


@smooth(
    "dimensionless",
    time="fear_time",
    start="no_fear",
    source="own formulation: first-order memory of restrictions, as visits of 2021 stayed below trend",
)
def fear(outbreak_restriction):
    """Fear of infection that outlasts the restrictions."""
    return outbreak_restriction


@auxiliary(
    "dimensionless",
    over=care,
    source="own formulation: linear in restriction and fear, to fit the fall of Xiao H 2021; a floor",
)
def seeking(outbreak_restriction, fear, outbreak_sensitivity, fear_weight, emergency_share):
    """Share of normal seeking left in an outbreak; emergencies come whatever is closed."""
    return maximum(
        emergency_share,
        maximum(0, 1 - outbreak_sensitivity * outbreak_restriction)
        * maximum(0, 1 - fear_weight * outbreak_sensitivity * fear),
    )


@auxiliary("contact/year", over=(care, scheme), source=MULTIPLIED)
def contacts_needed(persons, use_rate_at_start, need, need_at_start, income_effect, price_effect, access_index):
    """Contacts people would have without an outbreak: need, income, price and access (supply within reach)."""
    return persons * use_rate_at_start * need / need_at_start * income_effect * price_effect * access_index


@stock("contact", over=(care, scheme), source=START)
def backlog(backlog_at_start):
    """Contacts put off and still wanted."""
    return backlog_at_start


@flow(
    "contact/year",
    over=(care, scheme),
    into="backlog",
    source="own formulation: a fixed share waits, for want of any count of care put off",
)
def postponed(contacts_needed, seeking, unserved, wait_share):
    """Contacts put off in an outbreak or for want of capacity; the others are given up."""
    return wait_share * (contacts_needed * (1 - seeking) + unserved)


@flow(
    "contact/year",
    over=(care, scheme),
    out_of="backlog",
    source="own formulation: first-order release, held back while people do not seek care",
)
def resumed(backlog, backlog_time, seeking):
    """Contacts put off that come back, as far as people seek care at all."""
    return backlog / backlog_time * seeking


@auxiliary("contact/year", over=(care, scheme), source=CONTACTS)
def contacts_wanted(contacts_needed, seeking, resumed):
    """Contacts people ask for."""
    return contacts_needed * seeking + resumed


# --- what is asked for where, and what is served ---


@auxiliary(
    "contact/year",
    over=(tier, care, scheme),
    source="own formulation: induced contacts in proportion to those sought, as they arise from them",
)
def contacts_sought(contacts_wanted, chosen_share, induced_contacts, leaving_share, leaving_share_at_start):
    """Contacts asked for in a tier, with those its doctors add, by people who do not leave the place for them."""
    return (
        contacts_wanted
        * by(care, outpatient=1, inpatient=(1 - leaving_share) / (1 - leaving_share_at_start))
        * chosen_share
        * induced_contacts
    )


@auxiliary(
    "dimensionless",
    over=(tier, care),
    source="own formulation: smooth minimum of demand and capacity, since tiers overfill by degrees",
)
def served_share(contacts_sought, capacity, capacity_sharpness):
    """Share of contacts a tier can serve: a smooth limit that lets it run above normal for a while."""
    return where(
        total(contacts_sought, scheme) > 0,
        smooth_minimum(total(contacts_sought, scheme), capacity, capacity_sharpness) / total(contacts_sought, scheme),
        1,
    )


@reference("dimensionless", over=(tier, care), source=HELD)
def served_share_at_start(contacts_at_start, capacity, capacity_sharpness):
    """Share served at the start; whoever could serve nobody then has lost nobody to want of capacity."""
    return where(
        capacity > 0,
        smooth_minimum(total(contacts_at_start, scheme), capacity, capacity_sharpness)
        / total(contacts_at_start, scheme),
        1,
    )


@auxiliary(
    "contact/year",
    over=(tier, care, scheme),
    source="own formulation: only what exceeds the start's loss, which the data already contain",
)
def turned_away(contacts_sought, served_share, served_share_at_start):
    """Contacts a tier cannot serve, beyond what was normal at the start."""
    return contacts_sought * maximum(0, 1 - served_share / served_share_at_start)


@auxiliary(
    "contact/year",
    over=(care, scheme),
    source="own formulation: proportional to room, so that one overflow does not make the next",
)
def redirected(turned_away, redirect_share, spare_share):
    """Contacts that go from a full tier to a secondary hospital instead, as far as there is room."""
    return redirect_share * (turned_away["tertiary"] + turned_away["primary"]) * spare_share


@auxiliary("dimensionless", over=care, source=DEFINITION)
def spare_share(contacts_sought, capacity):
    """Room that secondary hospitals have left, as a share of what they can serve; none where they can serve nobody."""
    return where(
        capacity["secondary"] > 0,
        maximum(0, 1 - total(contacts_sought["secondary"], scheme) / capacity["secondary"]),
        0,
    )


@auxiliary("contact/year", over=(care, scheme), source=CONTACTS)
def unserved(turned_away, redirected):
    """Contacts nobody serves."""
    return total(turned_away, tier) - redirected


@auxiliary("contact/year", over=(tier, care, scheme), source=CONTACTS)
def contacts(contacts_sought, served_share, served_share_at_start, redirected, returned):
    """Visits and admissions that take place, stays of those sent down to recover among them."""
    return contacts_sought * minimum(1, served_share / served_share_at_start) + by(
        tier, tertiary=0, secondary=redirected, primary=by(care, outpatient=0, inpatient=returned)
    )


@auxiliary("contact/year", over=(tier, care), source=DEFINITION)
def tier_contacts(contacts):
    """Visits and admissions by tier."""
    return total(contacts, scheme)


@auxiliary(
    "dimensionless",
    over=(tier, care),
    source="definition; habit stands in where nobody goes, so that it is always defined",
)
def contact_share(tier_contacts, habit):
    """Shares of the tiers in visits and in admissions; where there are none, people think of where they used to go."""
    return where(total(tier_contacts, tier) > 0, tier_contacts / total(tier_contacts, tier), habit)
