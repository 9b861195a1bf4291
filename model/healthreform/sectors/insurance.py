"""Insurance: money in, cover of a contact, claims, what is owed and paid, and what pools do when they run short.

What is left of a bill, and who pays it, is in ``left_to_patients``.
"""

from ..stockflow import auxiliary, by, exp, flow, maximum, minimum, normal_cdf, smooth, stock, total, where
from .grounds import AS_CASH_ALLOWS, DECISION, DEFINITION, IDENTITY, LEARNED, START, STEADY
from .names import care, scheme, tier

# --- money in ---


@stock("yuan", over=scheme, account="fund", outcome=True, source=START)
def fund_reserve(fund_reserve_at_start):
    """Money the pooled funds hold."""
    return fund_reserve_at_start


@stock("yuan", account="personal_account", outcome=True, source=START)
def account_balance(account_balance_at_start):
    """Money on the personal accounts of the employee scheme."""
    return account_balance_at_start


@auxiliary("yuan/year", source=f"{DECISION}: a rate on the wage bill")
def contributions(contribution_rate, contribution_base_ratio, wage, active_members, premium_relief, premium_answer):
    """Contributions of employers and employees."""
    return (
        contribution_rate
        * contribution_base_ratio
        * wage
        * active_members
        * (1 - premium_relief)
        * premium_answer["employee"]
    )


@auxiliary("worker", at_year_end=True, source=f"{DECISION}: retired members are exempt")
def active_members(persons, active_share, worker_per_person):
    """Members of the employee scheme at work; retired members pay nothing."""
    return persons["employee"] * active_share * worker_per_person


@flow("yuan/year", payer="economy", payee="fund[employee]", source=f"{DECISION}: pool and accounts")
def contributions_pooled(contributions, account_split):
    """Contributions that go to the employee scheme's pool."""
    return contributions * (1 - account_split)


@flow("yuan/year", payer="economy", payee="personal_account", source=f"{DECISION}: pool and accounts")
def contributions_to_accounts(contributions, account_split):
    """Contributions that go to personal accounts."""
    return contributions * account_split


@flow(
    "yuan/year",
    payer="household",
    payee="fund[resident]",
    source="a sum per insured head: 14th Five-Year Plan for medical security; answer to deficits own",
)
def resident_premiums(
    insured_persons, resident_premium, resident_financing_ratio, premium_answer, poor_share, assisted_premium_share
):
    """Premiums residents pay; medical assistance pays for some of the poor."""
    return (
        insured_persons["resident"]
        * (1 - poor_share * assisted_premium_share)
        * resident_premium
        * resident_financing_ratio
        * premium_answer["resident"]
    )


@flow(
    "yuan/year",
    payer="government",
    payee="fund[resident]",
    source="a sum per insured head: 14th Five-Year Plan for medical security; answer to deficits own",
)
def resident_subsidies(insured_persons, resident_subsidy, resident_financing_ratio, premium_answer):
    """Subsidies government pays for residents' cover."""
    return insured_persons["resident"] * resident_subsidy * resident_financing_ratio * premium_answer["resident"]


@auxiliary("yuan/year", over=scheme, source=IDENTITY)
def pool_income(
    contributions_pooled, maternity_contributions_merged, resident_premiums, assisted_premiums, resident_subsidies
):
    """Income of the pools."""
    return by(
        scheme,
        employee=contributions_pooled + maternity_contributions_merged,
        resident=resident_premiums + assisted_premiums + resident_subsidies,
    )


# --- what a contact is covered for ---


@auxiliary(
    "dimensionless",
    over=(tier, care, scheme),
    source="own formulation: product of mean shares, each for reasons of its own",
)
def fund_share(
    enrolled_share,
    out_of_list_share,
    reimbursement_rate,
    reimbursement_gap,
    band_share,
    band_share_at_start,
    designated_primary_share,
    designated_at_start,
    benefit_cut,
):
    """Share of a bill that the fund is due to pay: insured, on the list, at the scheme's rate for that tier.

    A gap between tiers takes part of tertiary hospitals' rate, and pays primary care's patients part of what was left.
    Rates are means over deductible, ceiling and designated institutions of the start, or stand if no bill lay between.
    """
    return (
        enrolled_share
        * (1 - out_of_list_share)
        * minimum(
            1,
            (
                reimbursement_rate
                + reimbursement_gap
                * by(
                    tier,
                    tertiary=0 - reimbursement_rate["tertiary"],
                    secondary=0,
                    primary=1 - reimbursement_rate["primary"],
                )
            )
            * by(care, outpatient=1, inpatient=where(band_share_at_start > 0, band_share / band_share_at_start, 1))
            * by(tier, tertiary=1, secondary=1, primary=designated_primary_share / designated_at_start),
        )
        * (1 - benefit_cut)
    )


@auxiliary("dimensionless", over=(tier, care, scheme), source=IDENTITY)
def patient_share(fund_share, other_payer_share, assistance_share, waived_share):
    """Share of a bill left to the patient, personal account included."""
    return (1 - fund_share) * (1 - other_payer_share) * (1 - assistance_share) * (1 - waived_share)


@auxiliary("dimensionless", over=(care, scheme), source="range of the felt price of account money: parameter file")
def felt_share(account_use, known_account_reach, felt_account_price):
    """Part of a patient's share that is felt: money on the account counts for less."""
    return by(scheme, employee=1 - account_use * known_account_reach * (1 - felt_account_price), resident=1)


@auxiliary("yuan/year", over=(tier, care, scheme), source=IDENTITY)
def bills(contacts, cost_per_contact):
    """Bills of a scheme's patients."""
    return contacts * cost_per_contact


# --- claims ---


@auxiliary(
    "yuan/year",
    over=(tier, care, scheme),
    source="accounting identity; by the case as in the DRG/DIP action plan, NHSA 2021",
)
def claims_made(
    contacts,
    cost_per_contact,
    fund_share,
    rate_share,
    rule_share,
    case_rate,
    rate_multiple,
    excluded_share,
    false_claims_ratio,
):
    """Claims before any cap, false ones among them: by item, or at a rate where that is how the fund pays."""
    return (
        contacts
        * fund_share
        * false_claims_ratio
        * by(
            care,
            outpatient=cost_per_contact["outpatient"],
            inpatient=cost_per_contact["inpatient"]
            + (case_rate * rate_multiple - cost_per_contact["inpatient"])
            * rate_share
            * rule_share
            * (1 - excluded_share),
        )
    )


@smooth("yuan/year", over=scheme, time="budget_time", growth="claims_growth_at_start", source=LEARNED)
def usual_claims(claims_made):
    """Claims the fund has grown used to: the base of its budget."""
    return total(claims_made, tier, care)


@auxiliary(
    "yuan/year", over=scheme, source="total control opinions 2012: past claims and growth; answer to deficits own"
)
def claims_budget(usual_claims, budget_growth, deficit_share, budget_response, budget_time):
    """Budget for claims: past claims and the growth allowed, less where many pools run short (fund solvency)."""
    return usual_claims * (1 + budget_growth * budget_time) * (1 - budget_response * deficit_share)


@auxiliary(
    "dimensionless",
    over=scheme,
    source="total control opinions 2012: hospitals bear a share of what exceeds the budget",
)
def cap_cut(capped_share, overspend_on_hospitals, overspend_position, cap_dispersion, normal_density):
    """Part of claims above hospitals' caps that they must bear: some overspend where the mean one does not."""
    return (
        capped_share
        * overspend_on_hospitals
        * cap_dispersion
        * maximum(
            0,
            normal_density * exp(0 - overspend_position * overspend_position / 2)
            + overspend_position * normal_cdf(overspend_position),
        )
    )


@auxiliary("dimensionless", over=scheme, source="own formulation: normal spread of overspending among hospitals")
def overspend_position(claims_made, claims_budget, cap_dispersion):
    """How far the mean hospital is beyond its cap, in standard deviations; below it no farther than without claims."""
    return where(
        total(claims_made, tier, care) > 0,
        (1 - minimum(2, claims_budget / total(claims_made, tier, care))) / cap_dispersion,
        0 - 1 / cap_dispersion,
    )


@flow("yuan/year", over=(tier, care, scheme), into="claims_payable", source=IDENTITY)
def claims_due(claims_made, cap_cut, point_share, capitated_share, consortium_member_share, overspend_cut):
    """Claims the fund accepts: cut by the cap, which points have not, or by what a consortium bears that overspent."""
    return (
        claims_made
        * (1 - cap_cut * (1 - capitated_share) * by(care, outpatient=1, inpatient=1 - point_share))
        * (1 - consortium_member_share * overspend_cut)
    )


@stock("yuan", over=(tier, scheme), owed_by="fund", owed_to="provider", source=STEADY)
def claims_payable(bills_at_start, claim_time, fund_share):
    """Claims accepted and not yet paid."""
    return total(bills_at_start * fund_share, care) * claim_time


@auxiliary("yuan/year", over=scheme, source=DEFINITION)
def claims_falling_due(claims_payable, settlement_time, critical_premium_payable, claim_time, maternity_call):
    """Claims to be paid, premiums for critical illness and maternity benefits among them."""
    return (
        total(claims_payable, tier) / settlement_time
        + critical_premium_payable / claim_time
        + by(scheme, employee=maternity_call, resident=0)
    )


@auxiliary("yuan/year", over=scheme, source=DEFINITION)
def calls_on_fund(claims_falling_due, outside_claims, contract_fees_due, savings_due, savings_to_leave):
    """All that a fund should pay in a year, were its reserve large enough."""
    return claims_falling_due + outside_claims + contract_fees_due + savings_due + total(savings_to_leave, tier)


@auxiliary(
    "dimensionless",
    over=scheme,
    source="own formulation: smooth in reserve over calls, so that the reserve cannot turn negative",
)
def payable_share(fund_reserve, calls_on_fund, working_reserve_time):
    """How far the reserve reaches: near one with months of money, nothing when it is empty; the rest stays owed."""
    return where(calls_on_fund > 0, fund_reserve / (fund_reserve + calls_on_fund * working_reserve_time), 1)


@flow("yuan/year", over=(tier, scheme), payer="fund", payee="provider", out_of="claims_payable", source=AS_CASH_ALLOWS)
def claims_paid(claims_payable, settlement_time, payable_share, false_claim_share):
    """Claims paid, false ones apart: what is due, as far as the reserve reaches."""
    return claims_payable / settlement_time * payable_share * (1 - false_claim_share)


# --- solvency of many pools, not of a national mean ---


@auxiliary("dimensionless", over=scheme, source=DEFINITION)
def fund_margin(
    pool_income,
    claims_due,
    consortium_savings,
    contract_fees,
    outside_claims,
    critical_premium_due,
    maternity_financed,
    recoveries_due,
):
    """Income over claims and all else that is due, as a share; a fund without income has lost all of it.

    What is to be paid back of claims is set against them.
    """
    return where(
        pool_income > 0,
        1
        - (
            total(claims_due, tier, care)
            - total(recoveries_due, tier)
            + consortium_savings
            + contract_fees
            + outside_claims
            + critical_premium_due
            + by(scheme, employee=maternity_financed, resident=0)
        )
        / pool_income,
        -1,
    )


@smooth(
    "dimensionless",
    over=scheme,
    time="deficit_time",
    start="deficit_share_at_start",
    outcome=True,
    source="normal spread of margins among pools",
)
def deficit_share(fund_margin, pool_balance_point, pool_dispersion):
    """Share of pools in deficit, from the spread of margins among them."""
    return normal_cdf((pool_balance_point - fund_margin) / pool_dispersion)


@auxiliary(
    "dimensionless",
    over=scheme,
    source="own formulation: linear beyond the deficits of the start, which policy then bore",
)
def premium_answer(deficit_share, deficit_share_at_start, premium_response):
    """Premiums, subsidies and contributions raised where many pools run short."""
    return 1 + premium_response * maximum(0, deficit_share - deficit_share_at_start)


@auxiliary(
    "dimensionless",
    over=scheme,
    source="own formulation: linear beyond the deficits of the start, which policy then bore",
)
def benefit_cut(deficit_share, deficit_share_at_start, benefit_response):
    """Benefits trimmed where many pools run short."""
    return maximum(0, benefit_response * (deficit_share - deficit_share_at_start))


@auxiliary("year", over=scheme, outcome=True, source=DEFINITION)
def fund_time(fund_reserve, claims_due):
    """How long the reserve would last at today's claims; nought where there are none."""
    return where(total(claims_due, tier, care) > 0, fund_reserve / total(claims_due, tier, care), 0)
