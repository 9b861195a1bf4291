"""Outcomes: what is published, and what a reform is judged by. No stocks here."""

from ..stockflow import auxiliary, balance, by, total, where
from .grounds import COUNTED, DEFINITION, IDENTITY, PUBLISHED
from .names import bill_item, care, scheme, tier

# --- funds raised: total health expenditure as published ---


@auxiliary("yuan/year", outcome=True, source=PUBLISHED)
def government_health_expenditure(
    resident_subsidies,
    recurrent_subsidy,
    losses_covered,
    capital_subsidy,
    public_health_paid,
    public_health_paid_elsewhere,
    assistance_transfer,
    waived_paid,
    maternity_backed,
    other_government_health,
    teaching_paid,
    retraining_paid,
    village_support_paid,
    pay_floor_paid,
    activity_pay_paid,
):
    """Government's part of total health expenditure."""
    return (
        resident_subsidies
        + total(recurrent_subsidy + losses_covered + capital_subsidy + waived_paid, tier)
        + public_health_paid
        + public_health_paid_elsewhere
        + assistance_transfer
        + maternity_backed
        + other_government_health
        + teaching_paid
        + retraining_paid
        + village_support_paid
        + pay_floor_paid
        + activity_pay_paid
    )


@auxiliary("yuan/year", outcome=True, source=PUBLISHED)
def social_health_expenditure(
    contributions,
    maternity_contributions,
    resident_premiums,
    commercial_premiums,
    supplement_premiums,
    other_paid,
    other_social_health,
):
    """Social part: contributions and premiums as received, commercial premiums in full, employers and others."""
    return (
        contributions
        + maternity_contributions
        + resident_premiums
        + commercial_premiums
        + supplement_premiums
        + total(other_paid, tier, care, scheme)
        + other_social_health
    )


@auxiliary("yuan/year", outcome=True, source=PUBLISHED)
def out_of_pocket_expenditure(
    patients_paid, household_retail, other_household_health, outside_paid_by_patients, reimbursed
):
    """Households' part: cash paid for care and goods, less what they get back."""
    return (
        total(patients_paid, tier, care)
        + household_retail
        + other_household_health
        + total(outside_paid_by_patients, scheme)
        - reimbursed
    )


@auxiliary("yuan/year", outcome=True, source=IDENTITY)
def reimbursed(critical_illness_paid, aid_paid, commercial_claims, supplement_claims, delivery_reimbursed):
    """What households get back of what they paid for care: from insurers, assistance and maternity insurance."""
    return critical_illness_paid + aid_paid + commercial_claims + supplement_claims + delivery_reimbursed


@auxiliary("yuan/year", outcome=True, source=PUBLISHED)
def total_health_expenditure(government_health_expenditure, social_health_expenditure, out_of_pocket_expenditure):
    """Total health expenditure: funds raised, the sum of its three parts."""
    return government_health_expenditure + social_health_expenditure + out_of_pocket_expenditure


@auxiliary("dimensionless", outcome=True, source=PUBLISHED)
def out_of_pocket_share(out_of_pocket_expenditure, total_health_expenditure):
    """Households' part of total health expenditure."""
    return out_of_pocket_expenditure / total_health_expenditure


@auxiliary("dimensionless", outcome=True, source=PUBLISHED)
def health_expenditure_to_gdp(total_health_expenditure, gdp):
    """Total health expenditure as a share of output."""
    return total_health_expenditure / gdp


# --- use ---


@auxiliary("contact/year", over=care, outcome=True, source=COUNTED)
def contacts_total(tier_contacts, other_institution_share):
    """All visits and admissions, other institutions included."""
    return total(tier_contacts, tier) / (1 - other_institution_share)


@auxiliary("dimensionless", outcome=True, source=COUNTED)
def primary_visit_share(tier_contacts, contacts_total):
    """Share of visits that primary care sees; nought where there are none."""
    return where(
        contacts_total["outpatient"] > 0, tier_contacts["primary", "outpatient"] / contacts_total["outpatient"], 0
    )


@auxiliary("contact/year", over=care, source=DEFINITION)
def hospital_contacts(tier_contacts):
    """Visits and admissions of hospitals."""
    return tier_contacts["tertiary"] + tier_contacts["secondary"]


@auxiliary("yuan/contact", over=care, outcome=True, source=COUNTED)
def hospital_cost_per_contact(cost_per_contact, tier_contacts, hospital_contacts):
    """Cost per visit and per admission, mean of all hospitals; nought where there are none."""
    return where(
        hospital_contacts > 0,
        (
            cost_per_contact["tertiary"] * tier_contacts["tertiary"]
            + cost_per_contact["secondary"] * tier_contacts["secondary"]
        )
        / hospital_contacts,
        0,
    )


@auxiliary("dimensionless", over=(care, bill_item), outcome=True, source=COUNTED)
def hospital_item_share(item_bill, tier_contacts, hospital_cost_per_contact, hospital_contacts):
    """Share of an item in hospitals' bills; nought where there are none."""
    return where(
        hospital_cost_per_contact * hospital_contacts > 0,
        (item_bill["tertiary"] * tier_contacts["tertiary"] + item_bill["secondary"] * tier_contacts["secondary"])
        / (hospital_cost_per_contact * hospital_contacts),
        0,
    )


@auxiliary("dimensionless", over=bill_item, outcome=True, source=DEFINITION)
def hospital_income_share(item_income, hospital_medical_income):
    """Share of an item in hospitals' bills, visits and admissions together; nought where there are none."""
    return where(
        hospital_medical_income > 0,
        (item_income["tertiary"] + item_income["secondary"]) / hospital_medical_income,
        0,
    )


@auxiliary("worker", at_year_end=True, outcome=True, source=COUNTED)
def physicians_total(physicians, general_practitioners, other_physician_ratio):
    """All licensed and assistant physicians, those of other institutions included."""
    return (total(physicians, tier) + general_practitioners) * (1 + other_physician_ratio)


@auxiliary("worker", at_year_end=True, outcome=True, source=COUNTED)
def primary_physicians(physicians, general_practitioners):
    """Physicians of primary care, general practitioners included."""
    return physicians["primary"] + general_practitioners


@auxiliary("dimensionless", over=care, outcome=True, source=DEFINITION)
def unmet_share(unserved, contacts_needed, seeking, contacts_sought):
    """Share of the contacts needed or asked for that do not take place."""
    return total(unserved + contacts_needed * (1 - seeking), scheme) / (
        total(contacts_sought, tier, scheme) + total(contacts_needed * (1 - seeking), scheme)
    )


# --- burden (how many bear too much: protection) ---


@auxiliary("yuan/person/year", outcome=True, source=DEFINITION)
def out_of_pocket_per_person(out_of_pocket_expenditure, persons_total):
    """Out-of-pocket spending per head."""
    return out_of_pocket_expenditure / persons_total


# --- money as published ---


@auxiliary("yuan/year", source=IDENTITY)
def medical_income_total(medical_income):
    """Bills of all tiers."""
    return total(medical_income, tier)


@auxiliary("yuan/year", outcome=True, source=IDENTITY)
def hospital_medical_income(medical_income):
    """Bills of hospitals."""
    return medical_income["tertiary"] + medical_income["secondary"]


@auxiliary("dimensionless", outcome=True, source=DEFINITION)
def hospital_margin(surplus, revenue):
    """Hospitals' surplus as a share of their revenue."""
    return (surplus["tertiary"] + surplus["secondary"]) / (revenue["tertiary"] + revenue["secondary"])


@auxiliary("dimensionless", outcome=True, source=DEFINITION)
def personnel_share(pay_paid, spending, interest_paid, depreciation):
    """Share of pay in hospitals' expenditure."""
    return (pay_paid["tertiary"] + pay_paid["secondary"]) / (
        spending["tertiary"]
        + spending["secondary"]
        + interest_paid["tertiary"]
        + interest_paid["secondary"]
        + depreciation["tertiary"]
        + depreciation["secondary"]
    )


@auxiliary(
    "yuan/year", over=scheme, outcome=True, source="as reported by the National Healthcare Security Administration"
)
def scheme_income(pool_income, contributions_to_accounts):
    """Income of a scheme as published: for employees, pool and personal accounts together."""
    return by(scheme, employee=pool_income["employee"] + contributions_to_accounts, resident=pool_income["resident"])


@auxiliary(
    "yuan/year", over=scheme, outcome=True, source="as reported by the National Healthcare Security Administration"
)
def scheme_expenditure(
    claims_paid,
    false_claims_paid,
    savings_retained,
    consortium_savings,
    contract_fees,
    outside_claims_paid,
    critical_premium_paid,
    maternity_financed,
    account_paid,
    account_retail,
):
    """Expenditure of a scheme as published: for employees, pool and personal accounts together."""
    return (
        total(claims_paid + false_claims_paid + savings_retained, tier)
        + consortium_savings
        + contract_fees
        + outside_claims_paid
        + critical_premium_paid
        + by(scheme, employee=maternity_financed + total(account_paid, tier, care) + account_retail, resident=0)
    )


@auxiliary("year", outcome=True, source=DEFINITION)
def reserve_time(fund_reserve, claims_due):
    """How long the pooled reserves of both schemes would last at today's claims; nought where there are none."""
    return where(
        total(claims_due, tier, care, scheme) > 0,
        total(fund_reserve, scheme) / total(claims_due, tier, care, scheme),
        0,
    )


# --- spent on care: the other view of the same matrix ---


@auxiliary("yuan/year", outcome=True, source=IDENTITY)
def spent_on_care(
    medical_income,
    borne_by_provider,
    recurrent_subsidy,
    losses_covered,
    public_health_paid,
    public_health_paid_elsewhere,
    retail_sales,
    other_household_health,
    contract_fees,
    pay_floor_paid,
    activity_pay_paid,
    outside_bills,
    recoveries_due,
):
    """What providers and pharmacies receive for care and goods: the second view of the same payments."""
    return (
        total(medical_income - borne_by_provider + recurrent_subsidy + losses_covered, tier)
        + public_health_paid
        + public_health_paid_elsewhere
        + retail_sales
        + other_household_health
        + total(contract_fees + outside_bills, scheme)
        + pay_floor_paid
        + activity_pay_paid
        - total(recoveries_due, tier, scheme)
    )


# --- the bridge between the two views ---


@auxiliary("yuan/year", outcome=True, source=IDENTITY)
def funds_kept(
    pool_income,
    maternity_contributions_apart,
    maternity_backed,
    maternity_allowances,
    delivery_reimbursed,
    contributions_to_accounts,
    claims_due,
    contract_fees,
    outside_claims_paid,
    critical_premium_due,
    account_paid,
    account_retail,
    assistance_transfer,
    assistance_spending,
    recoveries_due,
):
    """What pools, accounts and assistance take in beyond what they owe and pay for care, for cover and to mothers."""
    return (
        total(pool_income, scheme)
        + maternity_contributions_apart
        + maternity_backed
        - maternity_allowances
        - delivery_reimbursed
        - total(claims_due, tier, care, scheme)
        + total(recoveries_due, tier, scheme)
        - total(contract_fees + outside_claims_paid + critical_premium_due, scheme)
        + contributions_to_accounts
        - total(account_paid, tier, care)
        - account_retail
        + assistance_transfer
        - assistance_spending
    )


@auxiliary("yuan/year", outcome=True, source=IDENTITY)
def insurers_kept(
    commercial_premiums,
    supplement_premiums,
    critical_premium_due,
    commercial_claims,
    supplement_claims,
    critical_illness_paid,
):
    """Insurers' premiums beyond the claims that reimburse care counted elsewhere."""
    return (
        commercial_premiums
        + supplement_premiums
        + total(critical_premium_due, scheme)
        - commercial_claims
        - supplement_claims
        - critical_illness_paid
    )


@auxiliary("yuan/year", outcome=True, source=IDENTITY)
def capital_and_administration(
    capital_subsidy,
    other_government_health,
    teaching_paid,
    retraining_paid,
    village_support_paid,
    other_social_health,
):
    """Building, administration, teaching, public-health bodies: raised for health, not spent on care by the tiers."""
    return (
        total(capital_subsidy, tier)
        + other_government_health
        + teaching_paid
        + retraining_paid
        + village_support_paid
        + other_social_health
    )


@balance("yuan/year", scale="total_health_expenditure", source=IDENTITY)
def bridge(
    total_health_expenditure,
    spent_on_care,
    funds_kept,
    insurers_kept,
    maternity_allowances,
    capital_and_administration,
):
    """Funds raised equal what is spent on care, mothers' allowances, and what funds, insurers and offices keep."""
    return (
        total_health_expenditure
        - spent_on_care
        - funds_kept
        - insurers_kept
        - maternity_allowances
        - capital_and_administration
    )
