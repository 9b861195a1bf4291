"""Traditional medicine: suitable conditions treated by hand and paid as the case they replace."""

from ..stockflow import auxiliary, maximum, total
from .names import bill_item, tier


@auxiliary("dimensionless", source="Priority Tasks for 2024, No. 29 [2024], II.5: a pilot for suitable conditions")
def traditional_share(traditional_payment, suitable_share):
    """Share of admissions treated by traditional medicine under a payment of its own."""
    return traditional_payment * suitable_share


@auxiliary("yuan/contact", over=tier, source="own formulation: alike paid for like effect, the service takes the rest")
def traditional_fee(
    traditional_share, traditional_parity, bundle_ratio, intensity, item_volume, item_price, severity, kept_bill
):
    """Fee for the service in such a case, spread over all admissions.

    The bundle is paid in parity with the case it replaces, and holds fewer drugs, consumables and tests.
    """
    return (
        traditional_share
        * maximum(
            0, total(intensity["inpatient"] * item_volume * item_price * (traditional_parity - bundle_ratio), bill_item)
        )
        * severity["inpatient"]
        * kept_bill
    )
