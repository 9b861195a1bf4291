"""Close consortia: the budget they hold for their members, what they save or overspend, and what a surplus pays for."""

from ..stockflow import auxiliary, by, exp, flow, maximum, minimum, normal_cdf, stock, total, where
from .grounds import AS_CASH_ALLOWS
from .names import care, scheme, tier


@auxiliary("dimensionless", over=scheme, source="own formulation: places with a consortium times those paid by budget")
def capitated_share(consortium_coverage, total_budget_share):
    """Share of a scheme's members whose care is paid from the total budget of their consortium."""
    return consortium_coverage * total_budget_share


@auxiliary("dimensionless", over=(tier, care), source="own formulation: mean over schemes, weighted by admissions")
def own_budget_weight(consortium_member_share, fund_share, capitated_share, scheme_weight_at_start):
    """Part of a mean bill that a house pays itself, out of the budget of the consortium it belongs to."""
    return consortium_member_share * total(fund_share * capitated_share * scheme_weight_at_start, scheme)


@auxiliary("dimensionless", over=tier, source="Ellis and McGuire 1986, J Health Econ 5:129")
def budget_pull(cost_response, own_budget_weight, mean_margin_at_start):
    """What a total budget does to an outpatient bill, as a logarithm: the part paid from it earns nothing more."""
    return 0 - cost_response * own_budget_weight["outpatient"] * (1 + mean_margin_at_start)


@auxiliary(
    "dimensionless", over=tier, source="Hodgkin and McGuire 1994, J Health Econ 13:1; diversion: own formulation"
)
def budget_restraint(own_budget_weight, diverted_share, cost_per_contact):
    """Loss on an admission paid from an own budget, less what the budget would pay if the patient went up instead."""
    return own_budget_weight["inpatient"] * maximum(
        0, 1 - diverted_share * cost_per_contact["tertiary", "inpatient"] / cost_per_contact["inpatient"]
    )


# --- the budget, and who keeps or bears the difference ---


@auxiliary("yuan/year", over=scheme, source="Priority Tasks for 2024, No. 29 [2024], II.5; spending set by income")
def consortium_budget(capitated_share, pool_income, total_budget_level):
    """Total budgets: the part of the pool's income that is handed over for the members, whatever they use."""
    return capitated_share * pool_income * total_budget_level


@auxiliary("yuan/year", over=scheme, source="accounting identity")
def consortium_claims(capitated_share, claims_made, outside_claims):
    """Claims of the members of consortia with a budget, wherever they are treated."""
    return capitated_share * (total(claims_made, tier, care) + outside_claims)


@auxiliary("dimensionless", over=scheme, source="normal spread of margins among consortia")
def budget_position(consortium_budget, consortium_claims, consortium_dispersion):
    """How far the mean consortium is from using up its budget, in standard deviations of its margin among consortia."""
    return where(
        consortium_budget > 0,
        (consortium_budget - consortium_claims) / (consortium_budget * consortium_dispersion),
        0,
    )


@auxiliary("yuan/year", over=scheme, source="expected positive part of a normal variable, in closed form")
def budget_saved(consortium_budget, consortium_claims, consortium_dispersion, budget_position, normal_density):
    """What those consortia save that save at all: some do where the mean one overspends."""
    return maximum(
        0,
        consortium_budget * consortium_dispersion * normal_density * exp(0 - budget_position * budget_position / 2)
        + (consortium_budget - consortium_claims) * normal_cdf(budget_position),
    )


@auxiliary("yuan/year", over=scheme, source="Priority Tasks for 2024, No. 29 [2024], II.5: savings retained")
def savings_due(budget_saved, savings_kept_share):
    """Savings on the budget that consortia may keep."""
    return savings_kept_share * budget_saved


@flow("yuan/year", over=scheme, payer="fund", payee="consortium", source=AS_CASH_ALLOWS)
def consortium_savings(savings_due, payable_share):
    """What of these the funds pay, as far as the reserve reaches."""
    return savings_due * payable_share


@auxiliary(
    "dimensionless", over=scheme, source="Priority Tasks for 2024, No. 29 [2024], II.5: excess reasonably shared"
)
def overspend_cut(
    budget_saved, consortium_budget, consortium_claims, overspend_shared, claims_made, consortium_member_share
):
    """Part of a member's claims that is not accepted, because consortia that overspend bear their share of it."""
    return where(
        total(claims_made * consortium_member_share, tier, care) > 0,
        minimum(
            1,
            overspend_shared
            * maximum(0, budget_saved - consortium_budget + consortium_claims)
            / total(claims_made * consortium_member_share, tier, care),
        ),
        0,
    )


@auxiliary(
    "dimensionless", source="own formulation: savings are counted once; under a budget they are the consortium's"
)
def consortium_room_share(capitated_share, claims_made, medical_income_total):
    """Share of all bills that consortia pay from their budgets: room made there falls to them (consortium's room).

    Nothing falls to them where there are no bills.
    """
    return where(
        medical_income_total > 0,
        total(capitated_share * total(claims_made, tier, care), scheme) / medical_income_total,
        0,
    )


# --- what a surplus is used for (consortium reinvestment) ---


@stock("yuan", account="consortium", outcome=True, source="accounting identity")
def consortium_surplus(no_money):
    """Savings kept and not yet used."""
    return no_money


@auxiliary("yuan/year", source="own formulation: a surplus is used up in a first-order way")
def surplus_used(consortium_surplus, surplus_time):
    """Surplus used in a year."""
    return consortium_surplus / surplus_time


@auxiliary("dimensionless", source="own formulation: what one member house cannot take falls to the other")
def primary_surplus_share(surplus_to_primary_care, tier_presence):
    """Part of the surplus shared that primary care gets: all of it where there is no secondary hospital."""
    return where(tier_presence["secondary"] > 0, surplus_to_primary_care, 1)


@flow(
    "yuan/year",
    over=tier,
    payer="consortium",
    payee="provider",
    source="own formulation: surplus split between county hospital and primary care",
)
def surplus_shared(surplus_used, surplus_to_prevention, surplus_to_pay, primary_surplus_share):
    """Surplus given to the member houses for whatever they need."""
    return (
        surplus_used
        * (1 - surplus_to_prevention)
        * (1 - surplus_to_pay)
        * by(tier, tertiary=0, secondary=1 - primary_surplus_share, primary=primary_surplus_share)
    )


@flow(
    "yuan/year",
    over=tier,
    payer="consortium",
    payee="provider",
    source="own formulation: surplus split between county hospital and primary care",
)
def surplus_for_pay(surplus_used, surplus_to_prevention, surplus_to_pay, primary_surplus_share):
    """Surplus given to the member houses to pay their staff more."""
    return (
        surplus_used
        * (1 - surplus_to_prevention)
        * surplus_to_pay
        * by(tier, tertiary=0, secondary=1 - primary_surplus_share, primary=primary_surplus_share)
    )


@flow(
    "yuan/year",
    payer="consortium",
    payee="provider[primary]",
    source="Priority Tasks for 2024, No. 29 [2024], II.2: from treatment to health",
)
def prevention_by_consortium(surplus_used, surplus_to_prevention):
    """Surplus spent on prevention: screening and follow-up by primary care."""
    return surplus_used * surplus_to_prevention


@auxiliary("yuan/person/year", source="accounting identity")
def prevention_per_person(prevention_by_consortium, persons_total):
    """Consortia's spending on prevention, per head."""
    return prevention_by_consortium / persons_total


@auxiliary("1/year", source="own formulation: people screened are those whom the money pays for; saturating")
def screened_rate(prevention_per_person, prevention_to_screening, screening_cost, price_index, screening_limit):
    """Share of people screened in a year at consortia's expense; hardly anybody comes more often than is of use."""
    return (
        screening_limit
        * prevention_per_person
        * prevention_to_screening
        / (prevention_per_person * prevention_to_screening + screening_limit * screening_cost * price_index)
    )


# --- one house: staff and referral inside the consortium ---


@auxiliary("dimensionless", source="own formulation: places with a consortium times days shared there; nobody is hired")
def shared_time_share(consortium_coverage, consortium_shared_days, tier_presence):
    """Part of secondary hospitals' physicians' time that is worked at primary care's own clinics."""
    return where(tier_presence["secondary"] > 0, consortium_coverage * consortium_shared_days, 0)


@auxiliary("dimensionless", over=scheme, source="own formulation: who holds the budget has a reason to guide patients")
def guided_share(consortium_coverage, consortium_referral, total_budget_share, referral_without_budget):
    """Share of a scheme's members whose way through the tiers their consortium guides."""
    return (
        consortium_coverage
        * consortium_referral
        * (total_budget_share + (1 - total_budget_share) * referral_without_budget)
    )
