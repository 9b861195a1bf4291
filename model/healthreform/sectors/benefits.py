"""Design of benefits: deductible and ceiling of inpatient cover, designated institutions, and outbreak rules."""

from ..stockflow import auxiliary, by, flow, log, maximum, normal_cdf, reference, total, where
from .grounds import HELD
from .names import band_edge, care, scheme, tier

# --- deductible and ceiling of basic insurance ---


@auxiliary("dimensionless", over=band_edge, source="definition; a ceiling below the deductible leaves nothing to pay")
def edge_ratio(
    basic_deductible, basic_ceiling, income_per_person, reported_cost, admissions_per_patient, tier_presence
):
    """Deductible and ceiling of basic insurance, for a patient in a year, over the inpatient bill that funds know.

    They know the bills of the hospitals that there are.
    """
    return by(
        band_edge,
        floor=basic_deductible,
        top=maximum(
            basic_deductible,
            basic_ceiling
            * income_per_person
            * (tier_presence["tertiary"] + tier_presence["secondary"])
            / (
                (
                    where(tier_presence["tertiary"] > 0, reported_cost["tertiary"], 0)
                    + where(tier_presence["secondary"] > 0, reported_cost["secondary"], 0)
                )
                * admissions_per_patient
            ),
        ),
    )


@auxiliary(
    "dimensionless", over=band_edge, source="mean excess of a lognormal: Klugman, Panjer and Willmot, Loss Models"
)
def edge_excess(edge_ratio, bill_dispersion):
    """Inpatient bills beyond an edge, over all inpatient bills."""
    return normal_cdf(bill_dispersion / 2 - log(edge_ratio) / bill_dispersion) - edge_ratio * normal_cdf(
        0 - bill_dispersion / 2 - log(edge_ratio) / bill_dispersion
    )


@auxiliary("dimensionless", source="limited expected value: what lies between two points")
def band_share(edge_excess):
    """Part of inpatients' bills between the deductible and the ceiling of basic insurance."""
    return edge_excess["floor"] - edge_excess["top"]


@reference("dimensionless", source=HELD)
def band_share_at_start(band_share):
    """That part at the start, which the rates of reimbursement are means over."""
    return band_share


# --- primary institutions whose bills the schemes pay ---


@reference("dimensionless", source=HELD)
def designated_at_start(designated_primary_share):
    """Share of primary contacts in designated institutions at the start."""
    return designated_primary_share


# --- in an outbreak: treatment before payment ---


@auxiliary("dimensionless", source="own formulation: cases of the outbreak go with its restrictions")
def waived_share(outbreak_waiver, outbreak_case_ratio, outbreak_restriction):
    """Share of what is left to patients that is waived: cases of the outbreak pay nothing at the point of care."""
    return outbreak_waiver * outbreak_case_ratio * outbreak_restriction


@flow(
    "yuan/year",
    over=tier,
    payer="government",
    payee="provider",
    source="Notice of January 2020: government pays the rest",
)
def waived_paid(left_to_patients, waived_share):
    """Bills of outbreak cases that government pays in place of the patients."""
    return total(left_to_patients, care, scheme) * waived_share / (1 - waived_share)


@auxiliary("year", source="own formulation: what is advanced is paid at once, the rest after the usual time")
def settlement_time(claim_time, outbreak_advance, outbreak_restriction):
    """Time until a claim is paid, shorter where the funds advance a share of the bill in an outbreak."""
    return claim_time * (1 - outbreak_advance * outbreak_restriction)
