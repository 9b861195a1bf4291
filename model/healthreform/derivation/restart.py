"""What a parameter of the start is at a later date: read from the state that the base has reached by then.

Each rule bears the name of what it gives and is written as equations are; a place's report prints its docstring.
A parameter ``..._at_start`` without a rule here is read from the stock, smooth or delay that starts from it.
Quantities in yuan of 2010 keep their meaning: prices start at the price index of the date, not at one.
"""

from __future__ import annotations

from ..sectors.names import tier
from ..stockflow import total, where


def one_yuan(price_index):
    """Price index of the date."""
    return price_index


def service_price_at_start(price_index):
    """Price index of the date, as for all prices."""
    return price_index


def price_count_at_start(price_count_at_start):
    """An index: one at the start."""
    return price_count_at_start


def technology_at_start(intensity_input, intensity):
    """How far practice is on its way to what technology asks for."""
    return total(intensity_input, tier) / total(intensity, tier)


def product_share_at_start(product_share_at_start):
    """Shares before any procurement."""
    return product_share_at_start


def contacts_at_start(contacts_sought, contacts_needed, contacts_wanted):
    """Visits and admissions of the date, those put off before apart."""
    return contacts_sought * contacts_needed / contacts_wanted


def intensity_at_start(item_bill, price_index):
    """Bill of the date by item, in yuan of 2010."""
    return item_bill / price_index


def retail_at_start(retail_sales, persons_total, price_index):
    """Sales per head of the date, in yuan of 2010."""
    return retail_sales / (persons_total * price_index)


def pay_at_start(pay_per_worker, pay_standard_lift):
    """Pay of the date, without what pay reform has lifted it by."""
    return pay_per_worker / pay_standard_lift


def cash_time_at_start(provider_cash, medical_income):
    """Cash of all tiers over their bills."""
    return total(provider_cash, tier) / total(medical_income, tier)


def loan_ratio_at_start(loans, medical_income, loan_ratio_at_start):
    """Loans over bills."""
    return where(medical_income > 0, loans / medical_income, loan_ratio_at_start)


def equipment_per_bed_at_start(equipment, beds, equipment_per_bed_at_start):
    """Buildings and equipment over beds."""
    return where(beds > 0, equipment / beds, equipment_per_bed_at_start)


def chronic_prevalence_at_start(chronic_unfound, chronic_found, chronic_managed, chronic_complicated, people):
    """People with the disease among adults."""
    return (chronic_unfound + chronic_found + chronic_managed + chronic_complicated) / (
        people["adults"] + people["older"]
    )


def chronic_found_share_at_start(chronic_unfound, chronic_found, chronic_managed, chronic_complicated):
    """Those who know of it among them."""
    return (chronic_found + chronic_managed + chronic_complicated) / (
        chronic_unfound + chronic_found + chronic_managed + chronic_complicated
    )


def chronic_managed_share_at_start(chronic_found, chronic_managed, chronic_complicated):
    """Those followed up among those who know."""
    return chronic_managed / (chronic_found + chronic_managed + chronic_complicated)


def chronic_complicated_share_at_start(chronic_found, chronic_managed, chronic_complicated):
    """Those with complications among those who know."""
    return chronic_complicated / (chronic_found + chronic_managed + chronic_complicated)


def chronic_care_capacity(chronic_care_capacity, grant_effect):
    """Places that the public-health grant of the date pays for."""
    return chronic_care_capacity * grant_effect


def wage_growth_at_start(income_reference_input, income_reference, income_reference_time):
    """Growth that explains how far the income reference lags."""
    return (total(income_reference_input, tier) / total(income_reference, tier) - 1) / income_reference_time


def claims_growth_at_start(usual_claims_input, usual_claims, budget_time):
    """Growth that explains how far usual claims lag."""
    return (
        (usual_claims_input["employee"] + usual_claims_input["resident"])
        / (usual_claims["employee"] + usual_claims["resident"])
        - 1
    ) / budget_time


def operating_share(operating_paid, item_income, operating_share):
    """Running costs over income from tests and services."""
    return where(
        item_income["tests"] + item_income["services"] > 0,
        operating_paid / (item_income["tests"] + item_income["services"]),
        operating_share,
    )


def production_cost_share(production_cost_share, production_cost_index, item_income, item_price):
    """Production cost over the price of the date, mean of the tiers."""
    return (
        production_cost_share * production_cost_index * total(item_income / item_price, tier) / total(item_income, tier)
    )


def income_effect_limit(income_effect_limit, income_effect):
    """What is left of the rise of use with income."""
    return income_effect_limit / income_effect


def income_elasticity(income_elasticity, income_effect_limit, income_effect):
    """Slope on the same curve of use against income."""
    return income_elasticity * (income_effect_limit / income_effect - 1) / (income_effect_limit - 1)


def exit_rate(exit_rate, morale_exit):
    """With the morale of the date."""
    return exit_rate * morale_exit


def siphon_rate(siphon_rate, capability, siphon_elasticity, vacancy):
    """With the capability and the open posts of the date."""
    return siphon_rate * (capability["secondary"] / capability["primary"]) ** siphon_elasticity * vacancy


def post_taken_freely(hospital_chosen_share):
    """With the draw of hospitals at the date."""
    return 1 - hospital_chosen_share["graduate"]


def post_taken_under_bond(hospital_chosen_share):
    """With the draw of hospitals at the date."""
    return 1 - hospital_chosen_share["bonded_graduate"]


def leaving_after_bond_usual(hospital_chosen_share):
    """With the draw of hospitals at the date."""
    return hospital_chosen_share["bond_end"]


def capability_of_training(
    capability_of_training, general_practitioners, physicians, village_doctors, village_doctors_at_start
):
    """With the village doctors of the date among all."""
    return (
        capability_of_training
        * (general_practitioners + physicians["primary"] + village_doctors)
        / (general_practitioners + physicians["primary"] + village_doctors_at_start)
    )


def hiring_tilt(hiring_tilt, posts, physicians):
    """With the open posts of the date."""
    return hiring_tilt * where(physicians > 0, posts / physicians, 1) ** 2


def village_entry_rate(village_doctor_entry, village_doctors, village_doctor_support):
    """New village doctors over those there are."""
    return village_doctor_entry / (village_doctors * village_doctor_support)


def hospital_progress(capability_aimed, perceived_quality):
    """An index: how far hospitals are ahead of what patients have noticed."""
    return capability_aimed / perceived_quality
