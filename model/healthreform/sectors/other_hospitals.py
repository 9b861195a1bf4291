"""Other hospitals: private, state-owned enterprises' and military ones, and how far they work under the same rules."""

from ..stockflow import auxiliary, by, reference
from .names import bill_item, tier


@auxiliary("dimensionless", over=tier, source="own formulation: those outside the rules are part of the secondary tier")
def rule_share(other_hospital_share, other_hospitals_joining):
    """Share of a tier's care given under the rules of procurement, service prices, payment, bonuses and supervision."""
    return by(tier, tertiary=1, secondary=1 - other_hospital_share * (1 - other_hospitals_joining), primary=1)


@reference("dimensionless", over=bill_item, source="by definition")
def bonus_weight_at_start(bonus_weight):
    """Bonus weights at the start, which hospitals outside the rules have kept."""
    return bonus_weight
