"""Medical assistance: an account of its own, which government fills, and what it pays for the poor."""

from ..stockflow import auxiliary, flow, maximum, stock, total
from .grounds import IDENTITY, STEADY
from .names import care, scheme, tier


@stock("yuan", account="medical_assistance", outcome=True, source=STEADY)
def assistance_reserve(assistance_spending, assistance_reserve_time):
    """Money that medical assistance holds: at the start, so long a time of what it pays."""
    return assistance_spending * assistance_reserve_time


@auxiliary("yuan/year", outcome=True, source=IDENTITY)
def assistance_spending(assistance_paid, assisted_premiums, aid_paid):
    """What medical assistance pays: at the point of care, towards premiums, and with large bills."""
    return total(assistance_paid, tier, care, scheme) + assisted_premiums + aid_paid


@flow(
    "yuan/year",
    payer="government",
    payee="medical_assistance",
    source="first-order filling up to a reserve, as budgets follow what was paid; never taken back",
)
def assistance_transfer(assistance_spending, assistance_reserve, assistance_reserve_time, assistance_filling_time):
    """What government gives to medical assistance: what it pays, and what its reserve is short of or beyond need.

    So the account is never without money, and nothing that is promised to the poor stays unpaid.
    """
    return maximum(
        0,
        assistance_spending
        + (assistance_spending * assistance_reserve_time - assistance_reserve) / assistance_filling_time,
    )


# --- what it pays ---


@flow("yuan/year", over=(tier, care, scheme), payer="medical_assistance", payee="provider", source=IDENTITY)
def assistance_paid(bills, fund_share, other_payer_share, assistance_share):
    """Medical assistance to the poor, at the point of care."""
    return bills * (1 - fund_share) * (1 - other_payer_share) * assistance_share


@flow("yuan/year", payer="medical_assistance", payee="fund[resident]", source="premium times the poor who are helped")
def assisted_premiums(
    insured_persons, poor_share, assisted_premium_share, resident_premium, resident_financing_ratio, premium_answer
):
    """Premiums of the poor that medical assistance pays."""
    return (
        insured_persons["resident"]
        * poor_share
        * assisted_premium_share
        * resident_premium
        * resident_financing_ratio
        * premium_answer["resident"]
    )


@flow(
    "yuan/year",
    payer="medical_assistance",
    payee="household",
    source="share of the excess over a point, after other cover",
)
def aid_paid(persons_total, cover_weight, assistance_tail_share, later_excess):
    """Medical assistance with the large bills of the poor."""
    return persons_total * cover_weight["aided"] * assistance_tail_share * later_excess
