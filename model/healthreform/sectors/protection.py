"""Protection against large bills: the tail of own spending, critical-illness insurance, medical assistance, incidence.

What households pay of their own in a year is lognormal across households, per member, with the mean of the flows of
money.  Households pool what their members spend and earn, and in the tail the spending is that of one sick member; so a
deductible for a patient is, per member, the deductible over the size of a household.  Every cover pays a share of what
lies between two points, after the covers before it, so all of them are sums of expected excesses over a few points.
"""

from ..stockflow import auxiliary, by, flow, log, maximum, minimum, normal_cdf, stock, total, where
from .grounds import AS_CASH_ALLOWS, DEFINITION, IDENTITY
from .names import burden, care, cover, scheme, tail_cut, tier

# --- own spending and its tail ---


@auxiliary("yuan/person/year", source="definition: disposable income as a share of output")
def income_per_person(gdp, persons_total, income_to_output):
    """Disposable income per head."""
    return gdp * income_to_output / persons_total


@auxiliary("yuan/person/year", source=IDENTITY)
def own_spending(
    patients_paid,
    household_retail,
    other_household_health,
    outside_paid_by_patients,
    delivery_reimbursed,
    persons_total,
):
    """What households pay of their own per head, before any cover of the tail."""
    return (
        total(patients_paid, tier, care)
        + household_retail
        + other_household_health
        + total(outside_paid_by_patients, scheme)
        - delivery_reimbursed
    ) / persons_total


@auxiliary("dimensionless", source="own formulation: the tail of spending is that of inpatients")
def counted_share(left_to_patients, out_of_list_share, fund_share):
    """Share of a large own spending that critical-illness insurance counts: what is inside the benefit list.

    All of it where nothing is left to inpatients.
    """
    return 1 - where(
        total(left_to_patients["inpatient"], tier, scheme) > 0,
        total(
            left_to_patients["inpatient"] * out_of_list_share["inpatient"] / (1 - fund_share["inpatient"]), tier, scheme
        )
        / total(left_to_patients["inpatient"], tier, scheme),
        0,
    )


@auxiliary("yuan/person/year", over=tail_cut, source="own formulation: points at which some cover begins or ends")
def tail_point(critical_start, critical_end, critical_rate, later_start):
    """Own spending at which covers begin and end; a later cover sees what critical-illness insurance leaves.

    Between its start and its end that insurance pays a constant rate of each further yuan, so what it leaves rises in
    three straight pieces.  What lies above a point of it is the sum of three excesses: below the start (low), between
    start and end (mid) and above the end (top).
    """
    return by(
        tail_cut,
        critical_from=critical_start,
        critical_to=critical_end,
        later_low=minimum(later_start, critical_start),
        later_mid=minimum(
            critical_end,
            maximum(critical_start, (later_start - critical_rate * critical_start) / (1 - critical_rate)),
        ),
        later_top=maximum(critical_end, later_start + critical_rate * (critical_end - critical_start)),
    )


@auxiliary(
    "yuan/person/year", over=tail_cut, source="mean excess of a lognormal: Klugman, Panjer and Willmot, Loss Models"
)
def tail_excess(own_spending, tail_point, out_of_pocket_dispersion):
    """Own spending beyond a point, mean over all people."""
    return maximum(
        0,
        own_spending
        * normal_cdf(log(own_spending / tail_point) / out_of_pocket_dispersion + out_of_pocket_dispersion / 2)
        - tail_point
        * normal_cdf(log(own_spending / tail_point) / out_of_pocket_dispersion - out_of_pocket_dispersion / 2),
    )


@auxiliary("yuan/person/year", source="own formulation: one point for assistance and for commercial policies")
def later_start(later_deductible, income_per_person, household_size, one_member):
    """Own spending per member, after critical-illness insurance, at which assistance and commercial cover begin."""
    return later_deductible * income_per_person * one_member / household_size


@auxiliary("yuan/person/year", source="own formulation: excess over a point of what critical-illness insurance leaves")
def later_excess(tail_excess, critical_rate):
    """What is left of own spending above the point at which later covers begin, mean over all people."""
    return (
        tail_excess["later_low"]
        - tail_excess["critical_from"]
        + (1 - critical_rate) * (tail_excess["later_mid"] - tail_excess["critical_to"])
        + tail_excess["later_top"]
    )


# --- critical-illness insurance: the premium comes out of the schemes' funds, an insurer pays the patients ---


@auxiliary("yuan/person/year", source="Guiding opinions of August 2012: what a patient pays above local income")
def critical_start(critical_illness_deductible, income_per_person, household_size, one_member, counted_share):
    """Own spending per member at which critical-illness insurance begins to pay."""
    return critical_illness_deductible * income_per_person * one_member / household_size / counted_share


@auxiliary("yuan/person/year", source="definition: the ceiling lies so much above the deductible")
def critical_end(
    critical_start, critical_illness_ceiling, income_per_person, household_size, one_member, counted_share
):
    """Own spending per member at which critical-illness insurance pays no more."""
    return critical_start + critical_illness_ceiling * income_per_person * one_member / household_size / counted_share


@auxiliary("dimensionless", source=DEFINITION)
def critical_rate(critical_illness_share, critical_illness_coverage, insured_persons, persons_total, counted_share):
    """Part of each further yuan of own spending that critical-illness insurance pays, mean over all people."""
    return (
        critical_illness_share
        * counted_share
        * total(critical_illness_coverage * insured_persons, scheme)
        / persons_total
    )


@flow("yuan/year", over=scheme, into="critical_premium_payable", source="own formulation: premium at cost and a fee")
def critical_premium_due(
    critical_illness_share,
    critical_illness_coverage,
    insured_persons,
    counted_share,
    tail_excess,
    critical_illness_fee,
):
    """Premiums a scheme owes for critical-illness insurance: gains and losses are settled, so they follow claims."""
    return (
        critical_illness_share
        * critical_illness_coverage
        * insured_persons
        * counted_share
        * (tail_excess["critical_from"] - tail_excess["critical_to"])
        * (1 + critical_illness_fee)
    )


@stock(
    "yuan",
    over=scheme,
    owed_by="fund",
    owed_to="insurer",
    source="nought at the start, when critical-illness insurance had not begun",
)
def critical_premium_payable(no_money, critical_illness_coverage):
    """Premiums for critical-illness insurance owed and not yet paid."""
    return no_money * critical_illness_coverage


@flow(
    "yuan/year",
    over=scheme,
    payer="fund",
    payee="insurer",
    out_of="critical_premium_payable",
    source=AS_CASH_ALLOWS,
)
def critical_premium_paid(critical_premium_payable, claim_time, payable_share):
    """Premiums passed from the schemes' funds to the insurers of critical illness."""
    return critical_premium_payable / claim_time * payable_share


@flow("yuan/year", payer="insurer", payee="household", source="share of the excess between two points of a lognormal")
def critical_illness_paid(persons_total, critical_rate, tail_excess):
    """Claims of critical-illness insurance."""
    return persons_total * critical_rate * (tail_excess["critical_from"] - tail_excess["critical_to"])


# --- the poor who stay out; what medical assistance pays is in its own sector ---


@auxiliary("dimensionless", over=scheme, source="own formulation: some of the poor who must pay themselves stay out")
def enrolled_share(insured_share, poor_share, assisted_premium_share, unaided_drop_out):
    """People insured in a scheme; the poor who must find the premium themselves stay out more often."""
    return insured_share * by(
        scheme, employee=1, resident=1 - poor_share * unaided_drop_out * (1 - assisted_premium_share)
    )


# --- how many pass a share of their income ---


@auxiliary("dimensionless", over=cover, source="definition: shares that add up to one")
def cover_weight(poor_share, insured_persons, persons_total, private_cover):
    """People by the cover they have beyond basic and critical-illness insurance."""
    return by(
        cover,
        ordinary=(1 - poor_share * insured_persons["resident"] / persons_total) * (1 - private_cover),
        aided=poor_share * insured_persons["resident"] / persons_total,
        private=(1 - poor_share * insured_persons["resident"] / persons_total) * private_cover,
    )


@auxiliary("dimensionless", over=cover, source="definition; incomes of the poor and of the others average out")
def income_ratio(cover_weight, poor_income_ratio):
    """Income of those who have a cover over the mean."""
    return by(
        cover,
        ordinary=(1 - cover_weight["aided"] * poor_income_ratio) / (1 - cover_weight["aided"]),
        aided=poor_income_ratio,
        private=(1 - cover_weight["aided"] * poor_income_ratio) / (1 - cover_weight["aided"]),
    )


@auxiliary("yuan/person/year", over=(burden, cover), source="inverse of what a later cover leaves: two straight pieces")
def burden_left(
    catastrophic_threshold,
    severe_threshold,
    income_per_person,
    income_ratio,
    assistance_tail_share,
    private_pay_share,
    later_start,
):
    """What critical-illness insurance must leave for the rest, after a later cover, to pass a share of income."""
    return by(burden, catastrophic=catastrophic_threshold, severe=severe_threshold) * (
        income_per_person * income_ratio
    ) + by(
        cover,
        ordinary=0,
        aided=assistance_tail_share / (1 - assistance_tail_share),
        private=private_pay_share / (1 - private_pay_share),
    ) * maximum(
        0,
        by(burden, catastrophic=catastrophic_threshold, severe=severe_threshold) * (income_per_person * income_ratio)
        - later_start,
    )


@auxiliary("dimensionless", over=(burden, cover), source="tail of a lognormal; inverse of what insurance leaves")
def burdened_share(burden_left, critical_start, critical_end, critical_rate, own_spending, out_of_pocket_dispersion):
    """Share of people who pass a share of their income after all cover: a lognormal with the mean of the flows."""
    return normal_cdf(
        log(
            own_spending
            / minimum(
                maximum(burden_left, (burden_left - critical_rate * critical_start) / (1 - critical_rate)),
                burden_left + critical_rate * (critical_end - critical_start),
            )
        )
        / out_of_pocket_dispersion
        - out_of_pocket_dispersion / 2
    )


@auxiliary("dimensionless", outcome=True, source="definition: mean over people by their cover")
def catastrophic_share(burdened_share, cover_weight):
    """Share of people whose own spending, after all cover, passes a share of their income (see ``burdened_share``)."""
    return total(burdened_share["catastrophic"] * cover_weight, cover)


@auxiliary("dimensionless", outcome=True, source="definition: mean over people by their cover")
def severe_share(burdened_share, cover_weight):
    """Share of people whose own spending, after all cover, takes a far larger share of their income."""
    return total(burdened_share["severe"] * cover_weight, cover)
