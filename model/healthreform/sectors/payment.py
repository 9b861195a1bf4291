"""Payment: what the next yuan of care earns under each method, and the rates."""

from ..stockflow import auxiliary, exp, flow, maximum, normal_cdf, reference, smooth, stock, total, where
from .grounds import AT_START, DEFINITION, HELD, LEARNED
from .names import bill_item, care, scheme, tier


@auxiliary("dimensionless", source="definition, scaled so that overlapping levers cannot pay more than all")
def drg_part(drg_share, dip_share):
    """Share of the funds' inpatient spending paid by DRG; both methods together never pay more than all of it."""
    return drg_share / maximum(1, drg_share + dip_share)


@auxiliary("dimensionless", source="definition, scaled so that overlapping levers cannot pay more than all")
def dip_part(drg_share, dip_share):
    """Share of the funds' inpatient spending paid by DIP."""
    return dip_share / maximum(1, drg_share + dip_share)


@auxiliary("dimensionless", source=DEFINITION)
def case_share(drg_part, dip_part):
    """Share of the funds' inpatient spending paid by the case and its weight as coded."""
    return drg_part + dip_part


@auxiliary("dimensionless", source="definition, scaled so that all methods together pay no more than all")
def flat_fee_part(case_share, flat_fee_share, per_diem_share):
    """Share of the funds' inpatient spending paid by a flat fee for an admission; DRG and DIP take its place."""
    return (1 - case_share) * flat_fee_share / maximum(1, flat_fee_share + per_diem_share)


@auxiliary("dimensionless", source="definition, scaled so that all methods together pay no more than all")
def per_diem_part(case_share, flat_fee_share, per_diem_share):
    """Share of the funds' inpatient spending paid by the day; DRG and DIP take its place."""
    return (1 - case_share) * per_diem_share / maximum(1, flat_fee_share + per_diem_share)


@auxiliary("dimensionless", source=DEFINITION)
def rate_share(case_share, flat_fee_part, per_diem_part):
    """Share of the funds' inpatient spending paid at a rate, by the case, admission or day; the rest is by item."""
    return case_share + flat_fee_part + per_diem_part


@auxiliary("dimensionless", over=tier, source="Ellis and McGuire 1986; Hodgkin and McGuire 1994")
def marginal_revenue(
    fund_weight,
    own_budget_weight,
    capped_weight,
    rate_share,
    drg_part,
    point_share,
    rate_reach,
    drg_marginal_revenue,
    dip_marginal_revenue,
    mean_margin_at_start,
):
    """Revenue from one more yuan of inpatient cost.

    By item in full, by the case in part, by a flat fee or within a day nothing, from an own budget nothing; less what
    a hospital's cap takes, save of points, which have a budget of their own that no house feels by itself.
    The margin is that of the start: later margins act on each item by itself, and must not count twice.
    """
    return (
        (1 - fund_weight) * (1 + mean_margin_at_start)
        + (fund_weight - own_budget_weight["inpatient"] - capped_weight)
        * ((1 - rate_share * rate_reach) * (1 + mean_margin_at_start) + drg_part * rate_reach * drg_marginal_revenue)
        + (fund_weight - own_budget_weight["inpatient"]) * point_share * dip_marginal_revenue
    )


@auxiliary("dimensionless", over=scheme, source="own formulation: normal spread of overspending among hospitals")
def cap_bite(capped_share, overspend_on_hospitals, overspend_position):
    """Part of the next yuan claimed that a cap takes: hospitals' share of it in those that are beyond theirs.

    What the cap takes of all claims lowers income, in ``cap_cut``; this is what it does to the next one.
    """
    return capped_share * overspend_on_hospitals * normal_cdf(overspend_position)


@auxiliary("dimensionless", over=tier, source=DEFINITION)
def inpatient_claim_share(claims_made):
    """Share of a tier's claims that is for inpatients; none where nobody claims."""
    return where(
        total(claims_made, care, scheme) > 0,
        total(claims_made["inpatient"], scheme) / total(claims_made, care, scheme),
        0,
    )


@auxiliary("dimensionless", over=tier, source=DEFINITION)
def rate_reach(excluded_share, rule_share):
    """Part of the funds' inpatient spending that rates can reach: no drug paid apart, no hospital outside the rules."""
    return (1 - excluded_share) * rule_share


@auxiliary("dimensionless", over=tier, source=DEFINITION)
def rate_claim_share(inpatient_claim_share, rate_share, rate_reach):
    """Share of a tier's claims that is paid at a rate, whatever the care cost."""
    return inpatient_claim_share * rate_share * rate_reach


@auxiliary("dimensionless", over=tier, source="definition: points have a budget of their own, and no other cap")
def point_share(dip_part, rate_reach):
    """Share of the funds' inpatient spending in a tier that is paid by points."""
    return dip_part * rate_reach


@auxiliary("dimensionless", over=tier, source=DEFINITION)
def capped_weight(fund_share, scheme_weight_at_start, cap_bite, capitated_share):
    """Part of the next yuan of a mean inpatient bill that the funds' caps take; a total budget has no other cap."""
    return total(fund_share["inpatient"] * scheme_weight_at_start * cap_bite * (1 - capitated_share), scheme)


@reference("dimensionless", over=(tier, bill_item), source=AT_START)
def item_share_at_start(intensity_at_start):
    """Shares of the items in an inpatient bill at the start."""
    return intensity_at_start["inpatient"] / total(intensity_at_start["inpatient"], bill_item)


@reference("dimensionless", over=tier, source=AT_START)
def mean_margin_at_start(item_margin, item_share_at_start):
    """Mean margin on what a tier bills to inpatients at the start."""
    return total(item_margin * item_share_at_start, bill_item)


@reference("dimensionless", over=scheme, source=AT_START)
def scheme_weight_at_start(contacts_at_start):
    """Shares of the schemes in admissions at the start."""
    return total(contacts_at_start["inpatient"], tier) / total(contacts_at_start["inpatient"], tier, scheme)


@auxiliary("dimensionless", over=tier, source="definition, with weights of the start so that mix alone moves nothing")
def fund_weight(fund_share, scheme_weight_at_start):
    """Share of a mean inpatient bill that the funds pay."""
    return total(fund_share["inpatient"] * scheme_weight_at_start, scheme)


@reference("dimensionless", over=tier, source=HELD)
def marginal_revenue_at_start(marginal_revenue):
    """Marginal revenue at the start: the previous method sets sign and size of every later change."""
    return marginal_revenue


@auxiliary("dimensionless", over=tier, source="Ellis and McGuire 1986, J Health Econ 5:129")
def payment_pull(marginal_revenue, marginal_revenue_at_start, usual_marginal_revenue, cost_response, adapted_share):
    """What the way of payment does to the cost of a case, as a logarithm: it moves with marginal revenue.

    Part of the answer is to the change and not to the level: it wears off as practice gets used to the new way.
    """
    return cost_response * (
        (1 - adapted_share) * (marginal_revenue - marginal_revenue_at_start)
        + adapted_share * (marginal_revenue - usual_marginal_revenue)
    )


@smooth(
    "dimensionless",
    over=tier,
    time="adapting_time",
    source="effects that decay partly: Liu Y 2025, Front Public Health 13:1523067; first-order",
)
def usual_marginal_revenue(marginal_revenue):
    """Marginal revenue that practice has got used to."""
    return marginal_revenue


@auxiliary(
    "dimensionless", over=tier, source="Ellis and McGuire 1986; by the day: Norton et al 2002, Health Econ 11:377"
)
def day_revenue(
    marginal_revenue,
    fund_weight,
    own_budget_weight,
    capped_weight,
    per_diem_part,
    further_day_revenue,
    rate_reach,
):
    """Revenue from one more yuan spent on a longer stay: paid by the day, one more day earns a day's rate."""
    return (
        marginal_revenue
        + (fund_weight - own_budget_weight["inpatient"] - capped_weight)
        * per_diem_part
        * rate_reach
        * further_day_revenue
    )


@reference("dimensionless", over=tier, source=HELD)
def day_revenue_at_start(day_revenue):
    """The same at the start."""
    return day_revenue


@auxiliary("dimensionless", over=tier, source="Ellis and McGuire 1986, J Health Econ 5:129")
def stay_payment_effect(day_revenue, day_revenue_at_start, stay_response):
    """What the way of payment does to length of stay."""
    return exp(stay_response * (day_revenue - day_revenue_at_start))


# --- rates: yardstick with a floor and a lag ---


@smooth("yuan/contact", over=tier, time="cost_reporting_time", source=LEARNED)
def reported_cost(cost_per_contact):
    """Cost of a case as the fund knows it: one to three years old."""
    return cost_per_contact["inpatient"]


@auxiliary(
    "yuan/contact",
    over=tier,
    source="own formulation: real cost of the start, so that rate and cost cannot slide to nought",
)
def rate_floor(intensity_at_start, price_index, rate_floor_share):
    """The rate below which a case cannot be treated."""
    return total(intensity_at_start["inpatient"], bill_item) * price_index * rate_floor_share


@stock("yuan/contact", over=tier, source="yardstick, starting at cost: Shleifer 1985, RAND J Econ 16:319")
def case_rate(cost_per_contact):
    """Rate paid for a case of weight one."""
    return cost_per_contact["inpatient"]


@flow("yuan/contact/year", over=tier, into="case_rate", source="Shleifer 1985, RAND J Econ 16:319")
def rate_update(case_rate, reported_cost, rate_floor, rate_cost_weight, rate_margin, inflation, rate_update_time):
    """Yardstick update: old rate and the region's lagged cost in parts, not below a floor."""
    return (
        maximum(
            rate_floor,
            (1 - rate_cost_weight) * case_rate * (1 + inflation * rate_update_time)
            + rate_cost_weight * reported_cost * (1 + rate_margin),
        )
        - case_rate
    ) / rate_update_time


@smooth("bed*year/contact", over=tier, time="cost_reporting_time", source=LEARNED)
def reported_stay(stay_length):
    """Length of stay as the fund knows it: what a day's rate is made from."""
    return stay_length


@auxiliary("dimensionless", over=tier, source="definition: mean over methods; by item nothing is paid at a rate")
def rate_multiple(
    case_share, coding_index, points_value, flat_fee_part, per_diem_part, stay_length, reported_stay, no_division
):
    """What is paid for an admission against its rate: weight as coded and worth of points, or days against the usual.

    A flat fee is the rate itself.
    """
    return (
        case_share * coding_index * points_value
        + flat_fee_part
        + per_diem_part * stay_length / reported_stay
        + no_division
    ) / (case_share + flat_fee_part + per_diem_part + no_division)


@auxiliary("dimensionless", over=tier, source=DEFINITION)
def case_result(case_rate, rate_multiple, cost_per_contact):
    """Gain on a case: what the rate pays, coding included, less what the case costs, over the mean of the two.

    Against the mean, not against cost, so that a case that costs nothing is no boundless gain.
    """
    return (
        2
        * (case_rate * rate_multiple - cost_per_contact["inpatient"])
        / (case_rate * rate_multiple + cost_per_contact["inpatient"])
    )


@smooth("dimensionless", over=tier, time="result_time", start="no_effect", signed=True, source=LEARNED)
def perceived_result(case_result):
    """Gain on a case as the hospital has learned it."""
    return case_result


@auxiliary("dimensionless", over=tier, source="Hodgkin and McGuire 1994, J Health Econ 13:1")
def admission_payment_effect(
    rate_share,
    rule_share,
    perceived_result,
    admission_response,
    budget_restraint,
    perceived_cap,
):
    """Admissions answer the gain on a case, as far as rates are paid; one paid from an own budget brings none.

    One beyond a hospital's cap brings less than it costs, by what the cap takes of it.
    """
    return exp(admission_response * (rate_share * rule_share * perceived_result - budget_restraint - perceived_cap))


@smooth("dimensionless", over=tier, time="result_time", start="no_effect", signed=True, source=LEARNED)
def perceived_cap(cap_on_next, cap_on_next_at_start):
    """What caps take of one more admission, more than at the start, as hospitals have learned it."""
    return cap_on_next - cap_on_next_at_start


@auxiliary("dimensionless", over=tier, source=DEFINITION)
def cap_on_next(capped_weight, point_share):
    """Part of one more admission that caps take: none of what is paid by points."""
    return capped_weight * (1 - point_share)


@reference("dimensionless", over=tier, source=HELD)
def cap_on_next_at_start(cap_on_next):
    """The same at the start."""
    return cap_on_next
