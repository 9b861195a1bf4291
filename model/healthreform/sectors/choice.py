"""Which tier patients choose: by quality and trust, size, habit, price, a family doctor, and the rule of first contact.

A hospital that is upgraded takes its patients along. So what the choice is measured against (the shares, doctors and
beds of the start) is regrouped: every hospital of the start counts in the tier to which it belongs now. An upgrade then
changes the names of tiers and nobody's way, and the coefficients speak of what grows or shrinks apart from it.
"""

from ..stockflow import auxiliary, by, exp, flow, log, reference, stock, total, where
from .grounds import AT_START, UPGRADED
from .names import care, scheme, tier

# --- the start, with every hospital in the tier it belongs to now ---


@auxiliary("1/year", source="definition: what is upgraded moves from a tier that there is to one that there is")
def upgrading(upgrade_rate, tier_presence):
    """Share of secondary hospitals upgraded in a year; none where the place has no tertiary hospital to join."""
    return where(tier_presence["tertiary"] * tier_presence["secondary"] > 0, upgrade_rate, 0)


@stock("dimensionless", source=UPGRADED)
def never_upgraded(full):
    """Part of the start's secondary hospitals, by beds, that are secondary hospitals still."""
    return full


@flow("1/year", out_of="never_upgraded", source=UPGRADED)
def upgraded(never_upgraded, upgrading):
    """Hospitals of the start that are upgraded."""
    return never_upgraded * upgrading


@auxiliary("dimensionless", over=(tier, care, scheme), source=UPGRADED)
def contact_share_regrouped(contact_share_at_start, never_upgraded):
    """Tier shares of each scheme's contacts at the start, by the tier in which the hospitals are now."""
    return by(
        tier,
        tertiary=contact_share_at_start["tertiary"] + contact_share_at_start["secondary"] * (1 - never_upgraded),
        secondary=contact_share_at_start["secondary"] * never_upgraded,
        primary=contact_share_at_start["primary"],
    )


@auxiliary("dimensionless", over=(tier, care), source=UPGRADED)
def tier_share_regrouped(tier_share_at_start, never_upgraded):
    """Tier shares of all contacts at the start, by the tier in which the hospitals are now."""
    return by(
        tier,
        tertiary=tier_share_at_start["tertiary"] + tier_share_at_start["secondary"] * (1 - never_upgraded),
        secondary=tier_share_at_start["secondary"] * never_upgraded,
        primary=tier_share_at_start["primary"],
    )


@auxiliary("bed", over=tier, source=UPGRADED)
def beds_regrouped(beds_at_start, never_upgraded):
    """Beds of the start, by the tier in which the hospitals are now."""
    return by(
        tier,
        tertiary=beds_at_start["tertiary"] + beds_at_start["secondary"] * (1 - never_upgraded),
        secondary=beds_at_start["secondary"] * never_upgraded,
        primary=beds_at_start["primary"],
    )


@auxiliary("worker", over=tier, source=UPGRADED)
def headcount_regrouped(headcount_at_start, never_upgraded):
    """Doctors of the start, by the tier in which their hospitals are now."""
    return by(
        tier,
        tertiary=headcount_at_start["tertiary"] + headcount_at_start["secondary"] * (1 - never_upgraded),
        secondary=headcount_at_start["secondary"] * never_upgraded,
        primary=headcount_at_start["primary"],
    )


# --- what draws people to a tier ---


@auxiliary(
    "dimensionless",
    over=tier,
    source="own formulation: ratios to the start multiply; trust is asked for where people doubt",
)
def appeal(perceived_quality, quality_at_start, trust, trust_at_start):
    """How good a tier seems; for primary care, also whether people trust it."""
    return perceived_quality / quality_at_start * by(tier, tertiary=1, secondary=1, primary=trust / trust_at_start)


@auxiliary("dimensionless", over=(tier, care), source="size term of a choice among aggregates, McFadden 1978")
def tier_size(headcount, headcount_regrouped, beds, beds_regrouped):
    """How much of a tier there is: doctors for outpatients, beds for inpatients, against the start's.

    The size term of a choice among aggregates.  A tier that had no doctor or no bed at the start drew its patients by
    something else, and goes on to.
    """
    return by(
        care,
        outpatient=where(headcount_regrouped > 0, headcount / headcount_regrouped, 1),
        inpatient=where(beds_regrouped > 0, beds / beds_regrouped, 1),
    )


@reference("dimensionless", over=(tier, care), source=AT_START)
def tier_share_at_start(contacts_at_start):
    """Tier shares of all contacts at the start."""
    return total(contacts_at_start, scheme) / total(contacts_at_start, tier, scheme)


@stock(
    "dimensionless",
    over=(tier, care),
    source="loyalty as smoothed past choice: Guadagni and Little 1983, Marketing Science 2:203",
)
def habit(tier_share_at_start):
    """Where people are used to going."""
    return tier_share_at_start


@flow(
    "1/year",
    over=(tier, care),
    into="habit",
    source="loyalty as smoothed past choice: Guadagni and Little 1983, Marketing Science 2:203",
)
def habit_change(contact_share, habit, habit_time):
    """Habits follow where people go, over years."""
    return (contact_share - habit) / habit_time


@flow("1/year", over=care, out_of="habit[secondary]", into="habit[tertiary]", source=UPGRADED)
def habit_upgraded(habit, upgrading):
    """Habits that move with a hospital when it is upgraded."""
    return habit["secondary"] * upgrading


@auxiliary(
    "dimensionless",
    over=(tier, care),
    source="utility of a logit, McFadden 1974 and 1978; habit as in Guadagni and Little 1983",
)
def pull(
    appeal,
    tier_size,
    habit,
    tier_share_regrouped,
    quality_coefficient,
    size_coefficient,
    habit_coefficient,
    contract_coefficient,
    contract_appeal,
):
    """What draws patients to a tier, price apart, as a logarithm: quality, size, habit, a family doctor.

    Nobody is used to a tier that the place has not.
    """
    return (
        quality_coefficient * log(appeal)
        + size_coefficient * log(tier_size)
        + habit_coefficient * log(where(tier_share_regrouped > 0, habit / tier_share_regrouped, 1))
        + by(
            tier,
            tertiary=0,
            secondary=0,
            primary=contract_coefficient * contract_appeal,
        )
    )


@auxiliary("dimensionless", over=(tier, care, scheme), source="multinomial logit, McFadden 1974")
def attraction(contact_share_regrouped, felt_price, felt_price_at_start, tier_price_coefficient, pull):
    """Weight of a tier in the choice; its constants are the shares of the start, hospitals upgraded since regrouped."""
    return contact_share_regrouped * exp(pull - tier_price_coefficient * log(felt_price / felt_price_at_start))


@auxiliary(
    "dimensionless", over=(tier, care, scheme), source="multinomial logit, McFadden 1974; size term, McFadden 1978"
)
def chosen_share(attraction, first_contact_share, gatekept_share):
    """Shares of the tiers: free choice (logit), and the rule of first contact where it is applied and kept."""
    return (1 - first_contact_share) * attraction / total(attraction, tier) + first_contact_share * gatekept_share
