"""Commercial health insurance: policies, the city supplement and its adverse selection, and the insurers' account."""

from ..stockflow import auxiliary, exp, flow, log, maximum, minimum, normal_cdf, smooth, stock
from .grounds import START

# --- policies ---


@flow("yuan/year", payer="household", payee="insurer", source="share of output as published, times what policy adds")
def commercial_premiums(gdp, commercial_premium_share, commercial_support):
    """Premiums of commercial health insurance, the city supplement apart."""
    return gdp * commercial_premium_share * commercial_support


@auxiliary("dimensionless", source="own formulation: later policies go in part to those who have one")
def policy_cover(commercial_premiums, persons_total, income_per_person, policy_price_ratio):
    """Share of people with a commercial policy."""
    return 1 - exp(0 - commercial_premiums / (persons_total * income_per_person * policy_price_ratio))


@auxiliary("yuan/person/year", source="share of the excess over a point, after other cover")
def private_benefit(private_pay_share, later_excess):
    """What a commercial policy pays a mean person in a year: a share of large bills, inside the list or out of it."""
    return private_pay_share * later_excess


@flow("yuan/year", payer="insurer", payee="household", source="share of the excess over a point, after other cover")
def commercial_claims(persons_total, policy_cover, private_benefit):
    """Claims on commercial policies that reimburse care."""
    return persons_total * policy_cover * private_benefit


@flow("yuan/year", payer="insurer", payee="household", source="own formulation: a share of premiums")
def lump_sums_paid(commercial_premiums, lump_sum_share):
    """Lump sums paid when a disease is found, and other benefits that reimburse no care."""
    return commercial_premiums * lump_sum_share


# --- the city supplement: who enrols is who expects to need it ---


@auxiliary(
    "dimensionless", source="own formulation: lognormal risks in the model of Einav and Finkelstein 2011, JEP 25:115"
)
def supplement_distance(
    supplement_premium, private_benefit, supplement_scope, supplement_worth, risk_dispersion, supplement_distance_limit
):
    """Risk at which enrolling is just worth its premium, above the mean, in standard deviations of its logarithm."""
    return minimum(
        supplement_distance_limit,
        log(supplement_premium / (private_benefit * supplement_scope * supplement_worth)) / risk_dispersion
        + risk_dispersion / 2,
    )


@smooth("dimensionless", time="supplement_time", start="no_effect", source="own formulation: people enrol by the year")
def supplement_enrolment(supplement_offer, supplement_distance):
    """Share of people in a city supplement: of those offered one, who expect more of it than it costs."""
    return supplement_offer * normal_cdf(0 - supplement_distance)


@auxiliary("dimensionless", source="mean of the upper part of a lognormal; Akerlof 1970, Q J Econ 84:488")
def supplement_risk(supplement_distance, risk_dispersion):
    """Risk of those who enrol against the mean: the dearer the supplement, the higher (adverse selection)."""
    return normal_cdf(risk_dispersion - supplement_distance) / normal_cdf(0 - supplement_distance)


@smooth(
    "yuan/person/year",
    time="supplement_time",
    start="supplement_premium_at_start",
    source="own formulation: the next premium follows the last claims and a loading",
)
def supplement_premium(private_benefit, supplement_scope, supplement_risk, supplement_loading):
    """Premium of the city supplement, which pays a part of what a commercial policy does."""
    return private_benefit * supplement_scope * supplement_risk * (1 + supplement_loading)


@flow("yuan/year", payer="household", payee="insurer", source="premium times those enrolled")
def supplement_premiums(persons_total, supplement_enrolment, supplement_premium):
    """Premiums of city supplements."""
    return persons_total * supplement_enrolment * supplement_premium


@flow("yuan/year", payer="insurer", payee="household", source="claims of those enrolled, at their risk")
def supplement_claims(persons_total, supplement_enrolment, private_benefit, supplement_scope, supplement_risk):
    """Claims on city supplements."""
    return persons_total * supplement_enrolment * private_benefit * supplement_scope * supplement_risk


@auxiliary("dimensionless", source="definition: a supplement counts for the part of a policy's benefit that it pays")
def private_cover(policy_cover, supplement_enrolment, supplement_scope):
    """Share of people with commercial cover, in policies' worth."""
    return policy_cover + (1 - policy_cover) * supplement_enrolment * supplement_scope


# --- the insurers' account ---


@stock("yuan", account="insurer", outcome=True, source=START)
def insurer_reserve(insurer_reserve_at_start):
    """Money commercial health insurers hold."""
    return insurer_reserve_at_start


@flow("yuan/year", payer="insurer", payee="economy", source="own formulation: a share of premiums, and a fee")
def insurer_costs(
    commercial_premiums, supplement_premiums, insurer_cost_share, critical_illness_paid, critical_illness_fee
):
    """Sales and administration: a share of premiums, and the fee for running critical-illness insurance."""
    return (
        insurer_cost_share * (commercial_premiums + supplement_premiums) + critical_illness_fee * critical_illness_paid
    )


@flow(
    "yuan/year", payer="insurer", payee="economy", source="own formulation: paid out is what exceeds an ample reserve"
)
def insurer_profit(insurer_reserve, commercial_premiums, insurer_ample_time, insurer_profit_time):
    """Profits, and savings that mature: what insurers hold beyond an ample reserve."""
    return maximum(0, insurer_reserve - insurer_ample_time * commercial_premiums) / insurer_profit_time


@flow("yuan/year", payer="economy", payee="insurer", source="own formulation: a solvency rule")
def insurer_capital(
    insurer_reserve,
    commercial_claims,
    lump_sums_paid,
    supplement_claims,
    critical_illness_paid,
    insurer_costs,
    insurer_solvency_time,
    insurer_capital_time,
):
    """Capital that owners must put in where the reserve falls short of some months of all that insurers pay."""
    return (
        maximum(
            0,
            insurer_solvency_time
            * (commercial_claims + lump_sums_paid + supplement_claims + critical_illness_paid + insurer_costs)
            - insurer_reserve,
        )
        / insurer_capital_time
    )
