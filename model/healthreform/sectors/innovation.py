"""Innovation and supply: new drugs under review, listed and in use, what they cost, and shortages that are repaired.

Drugs count as new from the start of the run on: what was in use before is in the drug bill of the start.
"""

from ..stockflow import auxiliary, exp, flow, minimum, reference, stock, total, where
from .grounds import HELD, IDENTITY, STEADY
from .names import care, tier

# --- under review -> approved -> listed -> in use -> no longer new ---


@stock("molecule", source=STEADY)
def drugs_in_review(new_drug_applications, review_time):
    """New drugs whose approval is being reviewed."""
    return new_drug_applications * review_time


@stock("molecule", source="definition: none is new before the start")
def drugs_unlisted(no_molecules):
    """New drugs approved and not on the benefit list."""
    return no_molecules


@stock("molecule", source="definition: none is new before the start")
def drugs_listed(no_molecules):
    """New drugs on the benefit list that hospitals are only beginning to use."""
    return no_molecules


@stock("molecule", source="definition: none is new before the start")
def drugs_in_use(no_molecules):
    """New drugs on the benefit list and in use."""
    return no_molecules


@flow("molecule/year", into="drugs_in_review", source="given: data and judgement, parameter file")
def applications(new_drug_applications):
    """Applications for approval of new drugs."""
    return new_drug_applications


@flow("molecule/year", out_of="drugs_in_review", into="drugs_unlisted", source="first-order delay")
def approved(drugs_in_review, review_time):
    """New drugs approved."""
    return drugs_in_review / review_time


@flow("molecule/year", out_of="drugs_unlisted", into="drugs_listed", source="first-order delay")
def newly_listed(drugs_unlisted, listing_time):
    """New drugs taken on the benefit list."""
    return drugs_unlisted / listing_time


@flow("molecule/year", out_of="drugs_listed", into="drugs_in_use", source="first-order delay")
def adopted(drugs_listed, diffusion_time):
    """Listed drugs that come into use: committees meet, doctors learn."""
    return drugs_listed / diffusion_time


@flow("molecule/year", out_of="drugs_in_use", source="first-order delay")
def outlived(drugs_in_use, novelty_time):
    """New drugs that lose their patents."""
    return drugs_in_use / novelty_time


# --- what they cost, and who uses them ---


@auxiliary("dimensionless", source="own formulation: a dear drug inside a rate is a loss to the hospital")
def innovation_access(hospital_access, case_share, innovation_exclusion, case_deterrence):
    """Share of the hospitals that ought to have a listed drug that do; payment by the case keeps dear ones out."""
    return hospital_access * (1 - case_deterrence * case_share * (1 - innovation_exclusion))


@auxiliary("molecule", source="own formulation: listing cuts the price and multiplies the doses; drugs compete")
def innovation_use(
    drugs_in_use, drugs_unlisted, innovation_access, negotiated_price_cut, unlisted_use, innovation_crowding
):
    """New drugs in use, each weighted with its price and with how widely it is used; the more, the less each adds."""
    return (
        innovation_access
        * (drugs_in_use * (1 - negotiated_price_cut) + drugs_unlisted * unlisted_use)
        / (1 + (drugs_in_use + drugs_unlisted * unlisted_use) / innovation_crowding)
    )


@auxiliary("yuan/contact", over=(tier, care), source="own formulation: in proportion to the drug bill of the start")
def innovation_cost(intensity_at_start, innovation_weight, innovation_use, price_index, severity, charged_ratio):
    """What new drugs add to the bill of one contact, as it is charged."""
    return intensity_at_start["drugs"] * innovation_weight * innovation_use * price_index * severity * charged_ratio


@auxiliary("yuan/year", outcome=True, source=IDENTITY)
def innovation_spending(innovation_cost, tier_contacts):
    """Spending on new drugs in hospitals, whoever pays."""
    return total(innovation_cost * tier_contacts, tier, care)


@auxiliary("dimensionless", source="Priority Tasks for 2024, No. 29 [2024], II.5: new drugs outside the rates; capped")
def excluded_share(
    case_payment_exclusion,
    innovation_exclusion,
    innovation_exclusion_cap,
    innovation_cost,
    cost_per_contact,
    tier_contacts,
):
    """Share of inpatient care paid outside the rates: severe cases, and the new drugs let out, up to a cap.

    No new drugs are let out where there are no inpatients.
    """
    return case_payment_exclusion + minimum(
        innovation_exclusion_cap,
        innovation_exclusion
        * where(
            total(cost_per_contact["inpatient"] * tier_contacts["inpatient"], tier) > 0,
            total(innovation_cost["inpatient"] * tier_contacts["inpatient"], tier)
            / total(cost_per_contact["inpatient"] * tier_contacts["inpatient"], tier),
            0,
        ),
    )


@auxiliary("dimensionless", source="own formulation: saturating in the number of drugs listed")
def list_widening(drugs_listed, drugs_in_use, list_room, list_scale):
    """What is left of out-of-list charging as the benefit list widens."""
    return 1 - list_room * (1 - exp(0 - (drugs_listed + drugs_in_use) / list_scale))


# --- supply: shortages and their repair ---


@stock("dimensionless", source=STEADY)
def short_share(shortage_rate, shortage_repair, shortage_time):
    """Share of drugs that cannot be had where they are needed."""
    return shortage_rate / (shortage_rate + shortage_repair / shortage_time)


@flow("1/year", into="short_share", source="own formulation: more where suppliers have given up")
def shortage_onset(short_share, shortage_rate, supplier_capacity, exit_shortage):
    """Drugs that run short."""
    return (1 - short_share) * shortage_rate * (1 + exit_shortage * (1 - supplier_capacity))


@flow("1/year", out_of="short_share", source="first-order delay, shorter where shortages are followed up")
def shortage_repaired(short_share, shortage_repair, shortage_time):
    """Shortages that end."""
    return short_share * shortage_repair / shortage_time


@reference("dimensionless", source=HELD)
def short_share_at_start(short_share):
    """Share of drugs short at the start."""
    return short_share


@auxiliary("dimensionless", source="own formulation: in place of a drug that is short a dearer one is used")
def shortage_effect(short_share, short_share_at_start, dearer_alternative):
    """Drug bill with shortages, against the start."""
    return 1 + dearer_alternative * (short_share - short_share_at_start)
