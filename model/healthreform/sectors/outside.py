"""Beyond the place: patients and money that leave it, and the centres built to keep them or to draw more of them in."""

from ..stockflow import auxiliary, delay, exp, flow, minimum, reference, stock, where
from .names import scheme

# --- national and regional centres ---


@auxiliary("bed/year", source="definition: a centre is a part of a tertiary hospital that there is")
def centre_begun(centre_programme, tier_presence):
    """Beds of centres begun; none where the place has no tertiary hospital."""
    return where(tier_presence["tertiary"] > 0, centre_programme, 0)


@auxiliary("yuan/year", source="accounting identity: beds begun times their cost")
def centre_building(centre_begun, bed_cost, price_index):
    """Grants for the beds of centres, which government pays in full."""
    return centre_begun * bed_cost["tertiary"] * price_index


@delay(
    "bed/year",
    time="building_time",
    order=1,
    into="beds[tertiary]",
    start="no_beds",
    source="own formulation: first-order building time",
)
def centre_beds_opened(centre_begun):
    """Beds of centres opened in tertiary hospitals, years after they were begun."""
    return centre_begun


@flow("bed/year", into="centre_beds", source="accounting identity")
def centre_beds_counted(centre_beds_opened):
    """Beds of centres added to their count."""
    return centre_beds_opened


@stock("bed", source="accounting identity: a count of beds that are part of tertiary hospitals' beds")
def centre_beds(no_beds):
    """Beds of national and regional centres."""
    return no_beds


@auxiliary("dimensionless", at_year_end=True, source="accounting identity")
def centre_share(centre_beds, beds, tier_presence):
    """Centres' share of tertiary hospitals' beds."""
    return where(tier_presence["tertiary"] > 0, minimum(1, centre_beds / beds["tertiary"]), 0)


# --- patients who leave ---


@auxiliary("dimensionless", over=scheme, source="binary logit, McFadden 1974; the terms of the choice of tier")
def leaving_share(
    leaving_odds,
    hospital_progress,
    perceived_quality,
    quality_coefficient,
    travel_price_coefficient,
    fund_share,
    travel_reimbursement,
):
    """Share of those who seek admission and leave the place for it: drawn by better hospitals, held by lower cover."""
    return 1 - 1 / (
        1
        + leaving_odds
        * (hospital_progress["tertiary"] / perceived_quality["tertiary"]) ** quality_coefficient
        * exp(0 - travel_price_coefficient * fund_share["tertiary", "inpatient"] * (1 - travel_reimbursement))
    )


@reference("dimensionless", over=scheme, source="by definition")
def leaving_share_at_start(leaving_share):
    """The same at the start: contacts at the start are of those who stayed."""
    return leaving_share


@auxiliary("contact/year", over=scheme, source="accounting identity")
def contacts_leaving(contacts_wanted, leaving_share, leaving_share_at_start):
    """Admissions outside the place."""
    return contacts_wanted["inpatient"] * leaving_share / (1 - leaving_share_at_start)


@auxiliary("yuan/year", over=scheme, source="accounting identity")
def outside_bills(contacts_leaving, cost_per_contact, outside_cost_ratio):
    """Bills of those who are treated outside the place."""
    return contacts_leaving * cost_per_contact["tertiary", "inpatient"] * outside_cost_ratio


@auxiliary("yuan/year", over=scheme, source="accounting identity")
def outside_claims(outside_bills, fund_share, travel_reimbursement):
    """What the fund is due to pay of them."""
    return outside_bills * fund_share["tertiary", "inpatient"] * travel_reimbursement


@flow("yuan/year", over=scheme, payer="fund", payee="outside_provider", source="accounting identity")
def outside_claims_paid(outside_claims, payable_share):
    """Claims paid to hospitals outside, as far as the reserve reaches."""
    return outside_claims * payable_share


@flow("yuan/year", over=scheme, payer="household", payee="outside_provider", source="accounting identity")
def outside_paid_by_patients(outside_bills, outside_claims_paid):
    """What patients pay to hospitals outside: all the fund does not, for they pay in advance."""
    return outside_bills - outside_claims_paid
