"""Tiered care: the rule of first contact, patients sent down to recover, and the cost of getting to a doctor."""

from ..stockflow import auxiliary, by, maximum, minimum, smooth, total, where
from .names import scheme, tier


@auxiliary("dimensionless", over=scheme, source="own formulation: a rule or a guide, whichever reaches a person first")
def first_contact_share(gatekeeping_coverage, gatekeeping_compliance, guided_share):
    """Share of people who enter care at the base: by the compulsory rule as far as it is kept, or guided there."""
    return gatekeeping_coverage * gatekeeping_compliance + (1 - gatekeeping_coverage * gatekeeping_compliance) * (
        guided_share
    )


# --- return referral ---


@auxiliary("dimensionless", source="own formulation: linear in what is free")
def recovery_room(usual_occupancy, occupancy_limit):
    """Share of primary care's beds, as far as they can be used, that is known to be free for patients sent down."""
    return maximum(0, 1 - usual_occupancy["primary"] / occupancy_limit["primary"])


@auxiliary("dimensionless", source="Yu W 2017, BMJ Open 7:e012565: few patients are willing")
def returned_share(return_referral, return_acceptance, recovery_room):
    """Share of hospital inpatients who recover in primary care: offered it, willing, and with a bed there."""
    return return_referral * return_acceptance * recovery_room


@auxiliary("contact/year", over=scheme, source="accounting identity")
def returned(returned_share, contacts_sought, served_share, served_share_at_start, redirected):
    """Hospital inpatients sent down to recover: stays that primary care has besides those sought there."""
    return returned_share * (
        contacts_sought["tertiary", "inpatient"]
        * minimum(1, served_share["tertiary", "inpatient"] / served_share_at_start["tertiary", "inpatient"])
        + contacts_sought["secondary", "inpatient"]
        * minimum(1, served_share["secondary", "inpatient"] / served_share_at_start["secondary", "inpatient"])
        + redirected["inpatient"]
    )


@auxiliary("dimensionless", source="accounting identity")
def returned_weight(returned, tier_contacts):
    """Share of primary care's inpatients who were sent down; none where it has none."""
    return where(
        tier_contacts["primary", "inpatient"] > 0, total(returned, scheme) / tier_contacts["primary", "inpatient"], 0
    )


@auxiliary("dimensionless", over=tier, source="own formulation: the last days of a stay cost less than a mean day")
def kept_bill(returned_share, recovery_stay, recovery_cost_share, stay_length):
    """What is left of a hospital's mean inpatient bill when the last days of some are spent in primary care."""
    return by(
        tier,
        tertiary=1 - returned_share * recovery_cost_share * minimum(1, recovery_stay / stay_length["tertiary"]),
        secondary=1 - returned_share * recovery_cost_share * minimum(1, recovery_stay / stay_length["secondary"]),
        primary=1,
    )


# --- getting there: telemedicine to patients, and drugs in primary care ---


@smooth("dimensionless", time="internet_hospital_time", start="no_effect", source="own formulation: gradual uptake")
def remote_share(internet_hospital_share, internet_hospital_uptake, tier_presence):
    """Share of tertiary hospitals' outpatients who use an internet hospital; nought where there are none."""
    return where(tier_presence["tertiary"] > 0, internet_hospital_share * internet_hospital_uptake, 0)


@auxiliary("dimensionless", source="Liu Y 2024, J Med Internet Res 26:e57609: it adds visits and replaces none")
def remote_follow_ups(remote_share, remote_follow_up):
    """Visits at a distance that doctors arrange besides those their outpatients come for."""
    return remote_follow_up * remote_share


@auxiliary("dimensionless", source="Liu Y 2024, J Med Internet Res 26:e57609: adopters' spending rises")
def remote_prescriptions(remote_share, remote_prescribing):
    """Drugs prescribed to tertiary hospitals' outpatients, against none prescribed at a distance."""
    return 1 + remote_prescribing * remote_share


@auxiliary(
    "yuan/contact", source="Liu Y 2024, J Med Internet Res 26:e57609: adopters' spending rises, their visits too"
)
def remote_bill(intensity, item_volume, item_price, remote_prescriptions):
    """Part of a tertiary hospital's mean bill of a visit that is drugs prescribed at a distance.

    Whoever asks for more of a drug he takes for years is not kept from the next visit by its price.
    """
    return (
        intensity["tertiary", "outpatient", "drugs"]
        * item_volume["tertiary", "drugs"]
        * item_price["tertiary", "drugs"]
        * (1 - 1 / remote_prescriptions)
    )


@auxiliary("dimensionless", over=tier, source="own formulation: price of time and travel, as in access_cost")
def journey_share(remote_follow_ups, consortium_coverage, unified_drug_list, drug_list_relief):
    """Part of the cost of getting to an outpatient clinic that is left.

    Nobody travels to a follow-up at a distance, which replaces no other visit; where primary care has the drugs of the
    hospital's list, nobody travels twice for one.
    """
    return by(
        tier,
        tertiary=1 / (1 + remote_follow_ups),
        secondary=1,
        primary=1 - drug_list_relief * consortium_coverage * unified_drug_list,
    )
