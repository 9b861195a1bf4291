"""Coding and charging: what is recorded to be paid for, points of a regional budget, and charges off the list."""

from ..stockflow import auxiliary, by, exp, reference, smooth, total, where
from .grounds import AT_START, DEFINITION, IDENTITY, LEARNED
from .names import care, scheme, tier


@smooth(
    "dimensionless",
    time="documentation_time",
    start="no_effect",
    source="Liu Y 2025, Front Public Health 13:1523067: a step that flattens",
)
def documentation(case_share, documentation_limit):
    """Honest catch-up of records once they are paid by: saturating in about a year."""
    return documentation_limit * case_share


@smooth(
    "dimensionless",
    time="upcoding_time",
    start="no_effect",
    source="own formulation: gain over gain and penalty, so bounded; size by Zhou W 2025",
)
def upcoding(case_share, upcoding_limit, upcoding_gain, audit_penalty, audit_effort):
    """Upcoding: the gain against the penalty that audits threaten."""
    return upcoding_limit * case_share * upcoding_gain / (upcoding_gain + audit_penalty * audit_effort)


@auxiliary("dimensionless", source="own formulation: linear in upcoding, as inspections widened after cases of fraud")
def audit_effort(fund_supervision, upcoding, upcoding_limit, audit_answer):
    """Audits: those of policy, and more where records are found upcoded (upcoding and audit)."""
    return fund_supervision + audit_answer * upcoding / upcoding_limit


@auxiliary("dimensionless", source=DEFINITION)
def coding_index(documentation, upcoding):
    """Weight of coded cases against true ones."""
    return 1 + documentation + upcoding


@auxiliary("contact/year", source=DEFINITION)
def points_made(tier_contacts, coding_index):
    """Weight of all cases as coded, in cases of weight one."""
    return total(tier_contacts["inpatient"], tier) * coding_index


@smooth("contact/year", time="budget_time", start="cases_at_start", source=LEARNED)
def usual_cases(tier_contacts):
    """Cases the region's budget was made for, in their true weight: coding brings no region more money."""
    return total(tier_contacts["inpatient"], tier)


@reference("contact/year", source=AT_START)
def cases_at_start(contacts_at_start):
    """Cases of all tiers at the start."""
    return total(contacts_at_start["inpatient"], tier, scheme)


@auxiliary("dimensionless", source="Benstetter and Wambach 2006, J Health Econ 25")
def points_value(usual_cases, points_made, points_share, case_growth_allowed, budget_time):
    """Value of a point against its base: a budget over the sum of points, so that more points for all lower it.

    Each hospital sees its own points only (points treadmill): what all of them code higher, none is paid for.  Where no
    points are made, one keeps its value.
    """
    return 1 - points_share * where(
        points_made > 0, 1 - usual_cases * (1 + case_growth_allowed * budget_time) / points_made, 0
    )


@auxiliary("dimensionless", source="definition: DIP pays points of a regional budget, DRG a rate")
def points_share(dip_part, drg_part, no_division):
    """Part of case payment that is paid by points of a regional budget."""
    return dip_part / (drg_part + dip_part + no_division)


# --- out of the list ---


@smooth(
    "dimensionless",
    over=(tier, care),
    time="list_time",
    start="out_of_list_at_start",
    source="own formulation: payment_pull with the opposite sign, as uncovered care is paid in full",
)
def wished_off_list(out_of_list_at_start, list_odds):
    """Share of a bill that would be charged off the benefit list if no audit struck any of it off.

    By odds, so that it stays below one.
    """
    return out_of_list_at_start * list_odds / (1 + out_of_list_at_start * (list_odds - 1))


@auxiliary(
    "dimensionless",
    over=(tier, care),
    source="own formulation: no measurement of off-list charges by way of payment; exponential",
)
def list_odds(marginal_revenue, marginal_revenue_at_start, list_response, list_widening):
    """Odds of charging off the list over the start's: fewer as the list widens, more where covered care earns less."""
    return list_widening * by(
        care, outpatient=1, inpatient=exp(list_response * (marginal_revenue_at_start - marginal_revenue))
    )


@auxiliary(
    "dimensionless",
    over=(tier, care),
    source="own formulation: exponential spread among bills, of which a part lies beyond any ceiling",
)
def struck_off(wished_off_list, out_of_list_ceiling, expected_finding, rule_share):
    """Share of a full bill that is not charged for fear of audits: what is off the list beyond the contract's ceiling.

    Bills differ: of a mean share spread exponentially, the exponential of minus ceiling over mean lies beyond the
    ceiling.  Of that, providers leave out as much as they expect to be found.
    """
    return where(
        wished_off_list > 0,
        wished_off_list * exp(0 - out_of_list_ceiling / wished_off_list) * expected_finding * rule_share,
        0,
    )


@reference("dimensionless", over=(tier, care), source=AT_START)
def struck_off_at_start(struck_off):
    """The same at the start, whose bills hold it already."""
    return struck_off


@auxiliary("dimensionless", over=(tier, care), source=IDENTITY)
def charged_ratio(struck_off, struck_off_at_start):
    """Bill charged against what it would be with as much struck off as at the start."""
    return (1 - struck_off) / (1 - struck_off_at_start)


@auxiliary("dimensionless", over=(tier, care), source=IDENTITY)
def out_of_list_share(wished_off_list, struck_off):
    """Share of a bill, as it is charged, outside the benefit list: patients pay it, not funds."""
    return (wished_off_list - struck_off) / (1 - struck_off)
