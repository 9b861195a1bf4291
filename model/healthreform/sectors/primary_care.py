"""Primary care: what its doctors are able to do, family-doctor contracts, and trust."""

from ..stockflow import auxiliary, by, flow, log, maximum, minimum, reference, smooth, stock, where
from .grounds import ADJUSTED, AS_CASH_ALLOWS, HELD, LEARNED, START, TASKS
from .names import scheme, tier

# --- capability ---


@auxiliary("dimensionless", source="own formulation: mean of a scale; those drawn up were formally taught: Meng Q 2009")
def training_level(general_practitioners, physicians, physician_training, village_doctors_at_start):
    """Training of primary care's doctors: one for a general practitioner, part of it for others, nought in a village.

    Villages count as at the start: one that loses its doctor is served no better for it, and whoever is drawn up is
    missed.  None where there is no doctor.
    """
    return where(
        general_practitioners + physicians["primary"] + village_doctors_at_start > 0,
        (general_practitioners + physician_training * physicians["primary"])
        / (general_practitioners + physicians["primary"] + village_doctors_at_start),
        0,
    )


@reference("dimensionless", source=HELD)
def training_level_at_start(training_level):
    """The same at the start."""
    return training_level


@auxiliary("dimensionless", source=f"definition; dispatch of staff as in {TASKS}")
def dispatched_share(
    dispatched_time_share, dispatch_effectiveness, physicians, shared_time_share, sharing_effectiveness
):
    """Specialists' time lent to primary care or shared with it, effective part, against that of its own physicians too.

    Where primary care has no physician there is nobody whom specialists could teach.
    """
    return where(
        physicians["primary"] > 0,
        1
        - physicians["primary"]
        / (
            physicians["primary"]
            + dispatched_time_share * dispatch_effectiveness * (physicians["tertiary"] + physicians["secondary"])
            + shared_time_share * sharing_effectiveness * physicians["secondary"]
        ),
        0,
    )


@reference("dimensionless", source=HELD)
def dispatched_share_at_start(dispatched_share):
    """The same at the start."""
    return dispatched_share


@reference("dimensionless", source=HELD)
def telemedicine_at_start(telemedicine_between):
    """Telemedicine between institutions at the start."""
    return telemedicine_between


@auxiliary("dimensionless", over=tier, source="own formulation: small gains add up, as no study measured them together")
def capability_aimed(
    training_level,
    training_level_at_start,
    capability_of_training,
    dispatched_share,
    dispatched_share_at_start,
    telemedicine_at_start,
    capability_of_dispatch,
    telemedicine_between,
    capability_of_telemedicine,
    capability_of_equipment,
    capability_of_effort,
    activity_effort,
    equipment_ratio,
    hospital_progress,
    capability_of_centres,
    centre_share,
):
    """What a tier would be able to do with its present staff, help and equipment; hospitals gain with technology."""
    return by(
        tier,
        tertiary=hospital_progress["tertiary"] + capability_of_centres * centre_share,
        secondary=hospital_progress["secondary"],
        primary=hospital_progress["primary"]
        + capability_of_training * (training_level - training_level_at_start)
        + capability_of_dispatch * (dispatched_share - dispatched_share_at_start)
        + capability_of_telemedicine * (telemedicine_between - telemedicine_at_start)
        + capability_of_effort * (activity_effort - 1)
        + capability_of_equipment * log(equipment_ratio["primary"]),
    )


@smooth("dimensionless", over=tier, time="capability_time", start="full", source=ADJUSTED)
def capability(capability_aimed):
    """What a tier is able to do, against the start."""
    return capability_aimed


@smooth("dimensionless", over=tier, time="perception_time", start="full", source=LEARNED)
def perceived_quality(capability):
    """Quality as patients see it, a year or two late."""
    return capability


@reference("dimensionless", over=tier, source=HELD)
def quality_at_start(perceived_quality):
    """Perceived quality at the start."""
    return perceived_quality


@stock("dimensionless", outcome=True, source=START)
def trust(trust_at_start):
    """Trust in primary care, between none and full."""
    return trust_at_start


@auxiliary(
    "dimensionless", source="own formulation: linear in gaps, as only changes count on a scale; kept inside the scale"
)
def trust_earned(
    trust_at_start,
    capability,
    contract_appeal,
    trust_of_capability,
    trust_of_contract,
):
    """Trust that capability against hospitals and real contracts deserve, kept between none and full."""
    return maximum(
        0,
        minimum(
            1,
            trust_at_start
            + trust_of_capability * (capability["primary"] - capability["secondary"])
            + trust_of_contract * contract_appeal,
        ),
    )


@flow(
    "1/year",
    into="trust",
    source="own formulation: first-order approach with a time of its own, so that gain and loss differ",
)
def trust_won(trust, trust_earned, trust_winning_time):
    """Trust won: slowly."""
    return maximum(0, trust_earned - trust) / trust_winning_time


@flow(
    "1/year",
    out_of="trust",
    source="own formulation: first-order approach with a time of its own, so that gain and loss differ",
)
def trust_lost(trust, trust_earned, trust_losing_time):
    """Trust lost: faster than it is won."""
    return maximum(0, trust - trust_earned) / trust_losing_time


# --- family doctors ---


@smooth(
    "dimensionless",
    time="contract_time",
    start="contract_share_at_start",
    source="coverage planned in the guiding opinions on family doctors 2016, reached with a delay",
)
def contract_share(family_doctor_coverage):
    """Share of people who have signed with a family doctor."""
    return family_doctor_coverage


@auxiliary(
    "dimensionless", source="own formulation: product of content and capacity, as a contract without either is nominal"
)
def effective_contract_share(contract_share, paid_content, contract_capacity, contract_share_at_start):
    """Contracts that mean something: those signed, as far as their content and the doctors' time go."""
    return contract_share_at_start + (contract_share - contract_share_at_start) * paid_content * contract_capacity


@auxiliary("dimensionless", source="own formulation: falling gain, as those readiest to come are the first to come")
def contract_appeal(effective_contract_share, contract_share_at_start, contract_saturation):
    """What effective contracts beyond those of the start do to choice and trust: in proportion first, then less.

    The services most wanted, and the patients readiest to come, are won first.
    """
    return (effective_contract_share - contract_share_at_start) / (
        1 + contract_saturation * (effective_contract_share - contract_share_at_start)
    )


@auxiliary("dimensionless", source="own formulation: saturating in the fee")
def paid_content(contract_content, contract_fee, contract_fee_half, price_index):
    """Content of a contract: what is done anyway, and part of the rest for a fee."""
    return contract_content + (1 - contract_content) * contract_fee / (contract_fee + contract_fee_half * price_index)


@auxiliary("yuan/year", over=scheme, source="guiding opinions on family doctors of June 2016: the fund shares the fee")
def contract_fees_due(contract_fee, contract_share, insured_persons):
    """Fees per head under contract."""
    return contract_fee * contract_share * insured_persons


@flow("yuan/year", over=scheme, payer="fund", payee="provider[primary]", source=AS_CASH_ALLOWS)
def contract_fees(contract_fees_due, payable_share):
    """Fees that the funds pay to primary care, as far as their reserves reach."""
    return contract_fees_due * payable_share


@auxiliary(
    "dimensionless", source="own formulation: work that doctors can do over people signed; one while few have signed"
)
def contract_capacity(
    general_practitioners, contract_share, persons_total, people_per_contract_doctor, physicians, team_share
):
    """How far doctors' time reaches over the people who signed."""
    return minimum(
        1,
        (general_practitioners + team_share * physicians["primary"])
        * people_per_contract_doctor
        / (contract_share * persons_total + people_per_contract_doctor * team_share * physicians["primary"] / 2),
    )


@auxiliary("worker", over=tier, source="definition of full-time equivalents, less the time lent to others")
def doctors(
    physicians,
    general_practitioners,
    village_doctors,
    village_doctor_weight,
    activity_effort,
    dispatched_time_share,
    shared_time_share,
):
    """Doctors who see patients: village doctors count in part; time lent or shared is missing at the sender's.

    Time shared inside a consortium is worked at primary care's clinics; visits of dispatched staff are for teaching.
    """
    return by(
        tier,
        tertiary=physicians["tertiary"] * (1 - dispatched_time_share),
        secondary=physicians["secondary"] * (1 - dispatched_time_share - shared_time_share),
        primary=(physicians["primary"] + general_practitioners) * activity_effort
        + village_doctor_weight * village_doctors
        + physicians["secondary"] * shared_time_share,
    )


@auxiliary(
    "worker", over=tier, at_year_end=True, source="definition of full-time equivalents, apart from place and effort"
)
def headcount(physicians, general_practitioners, village_doctors, village_doctor_weight):
    """Doctors of a tier, wherever they spend their days and however hard they work."""
    return physicians + by(
        tier,
        tertiary=0,
        secondary=0,
        primary=general_practitioners + village_doctor_weight * village_doctors,
    )


@reference("worker", over=tier, source=HELD)
def headcount_at_start(headcount):
    """The same at the start."""
    return headcount


@auxiliary("dimensionless", source="linear in activity pay; its gain of effort has Pu X 2026 as upper bound")
def activity_effort(activity_pay_share, effort_of_activity_pay):
    """Effort of primary-care staff: activity pay on top of a fixed salary raises it."""
    return 1 + effort_of_activity_pay * activity_pay_share


@auxiliary("dimensionless", source="own formulation: constant elasticity, as places grew far less than the grant did")
def grant_effect(
    public_health_grant,
    public_health_grant_at_start,
    prevention_per_person,
    price_index,
    one_yuan,
    grant_elasticity,
):
    """Places that public-health grant and consortia pay for, in real terms, against the start; one if never a grant."""
    return where(
        public_health_grant_at_start > 0,
        maximum(
            0, (public_health_grant + prevention_per_person) / (public_health_grant_at_start * price_index / one_yuan)
        )
        ** grant_elasticity,
        1,
    )


@reference("yuan/person/year", source=HELD)
def public_health_grant_at_start(public_health_grant):
    """The grant per head at the start."""
    return public_health_grant
