"""What a reform does first: the sign of the answer, one lever moved and all else as in the baseline."""

import functools

import numpy as np
import pytest
from model_runs import TIERS, Runs, flat_names, from_date, run, scenario_values, together


def summed(runs: Runs, names: str) -> np.ndarray:
    """A variable, summed over its elements; ``a / b`` is a ratio."""
    top, _, bottom = names.partition(" / ")
    value = np.sum([runs[flat] for flat in flat_names(top)], axis=0)
    return value / summed(runs, bottom) if bottom else value


UP, DOWN = 1, -1
ALL_IN = {"consortium_coverage": 1.0, "total_budget_share": 1.0}

#: When, which levers or drivers go where; what answers, by which year, and which way.
CLAIMS = {
    "a higher reimbursement brings admissions":
        (2016, {"reimbursement_rate": 0.95}, "contacts_total[inpatient]", 2020, UP),
    "a higher reimbursement brings visits":
        (2016, {"reimbursement_rate": 0.9}, "contacts_total[outpatient]", 2020, UP),
    "a higher reimbursement lowers the share out of pocket":
        (2016, {"reimbursement_rate": 0.9}, "out_of_pocket_share", 2020, DOWN),
    "a higher reimbursement costs the funds":
        (2016, {"reimbursement_rate": 0.95}, "claims_due", 2020, UP),
    "a deeper price cut lowers drug spending":
        (2019, {"procurement_price_cut": 0.6}, "drugs_bought", 2024, DOWN),
    "a deeper price cut saves more":
        (2019, {"procurement_price_cut": 0.6}, "saving_cumulated", 2024, UP),
    "rounds cut the drug share":
        (2019, {"drug_procurement_rounds": 450.0}, "hospital_income_share[drugs]", 2023, DOWN),
    "compliance lowers the price of a molecule":
        (2019, {"volume_compliance": 0.2}, "molecule_price", 2023, UP),
    "off-platform purchases keep old prices":
        (2019, {"platform_share": 0.2}, "drug_price_paid[tertiary]", 2023, UP),
    "off-platform purchases keep promotion":
        (2019, {"platform_share": 0.2}, "promoted_share[tertiary,drugs]", 2023, UP),
    "a small reported volume keeps old products":
        (2019, {"reported_volume_ratio": 0.3}, "molecule_price", 2023, UP),
    "a small quota keeps old products":
        (2019, {"contract_quota": 0.2}, "molecule_price", 2023, UP),
    "who does not keep the quota keeps no saving":
        (2021.5, {"volume_compliance": 0.2}, "savings_retained", 2023, DOWN),
    "quality supervision keeps volume with winners":
        (2019, {"quality_supervision": 0.0}, "product_share[winners]", 2023, DOWN),
    "savings retained reach those who work there":
        (2019, {"retention_share": 0.5}, "pay_paid[tertiary]", 2021, UP),
    "a cap on all holds admissions back":
        (2014, {"capped_share": 1.0}, "contacts_total[inpatient]", 2017, DOWN),
    "what is not renewed is sold as before in the end":
        (2024, {"renewal_effort": 0.0}, "drug_price_paid[tertiary]", 2038, UP),
    "what is not renewed leaves procurement":
        (2024, {"renewal_effort": 0.0}, "covered_share", 2032, DOWN),
    "savings retained go to hospitals":
        (2019, {"retention_share": 0.5}, "savings_retained", 2022, UP),
    "consumables bought in volume cost less":
        (2018, {"consumables_procurement_coverage": 0.9}, "hospital_income_share[consumables]", 2022, DOWN),
    "prescribing control lowers drug spending":
        (2013, {"prescribing_control": 0.9}, "hospital_item_share[outpatient,drugs]", 2016, DOWN),
    "no mark-up lowers drug cost per visit":
        (2012, {"drug_mark_up": 0.0}, "item_bill[tertiary,outpatient,drugs]", 2014, DOWN),
    "no mark-up costs hospitals their drug margin":
        (2012, {"drug_mark_up": 0.0}, "net_income[secondary]", 2012, DOWN),
    "lost mark-ups raise service prices":
        (2012, {"drug_mark_up": 0.0}, "service_price[tertiary]", 2015, UP),
    "no bonus on tests lowers tests":
        (2014, {"bonus_weight[tests]": 0.0}, "intensity[tertiary,inpatient,tests]", 2019, DOWN),
    "a bonus on services raises them":
        (2014, {"bonus_weight[services]": 0.4}, "intensity[tertiary,inpatient,services]", 2019, UP),
    "dynamic adjustment raises service prices":
        (2020, {"service_price_adjustment": 1.0}, "service_price[tertiary]", 2024, UP),
    "dynamic adjustment uses room":
        (2021, {"service_price_adjustment": 1.0}, "room", 2026, DOWN),
    "a payroll limit lowers pay":
        (2016, {"payroll_limit": 1.5}, "pay_per_worker[tertiary]", 2018, DOWN),
    "a higher standard raises pay in primary care":
        (2012, {"pay_standard_lift[primary]": 1.4}, "pay_ratio[primary]", 2016, UP),
    "better pay keeps primary-care doctors":
        (2012, {"pay_standard_lift[primary]": 1.4}, "primary_physicians", 2017, UP),
    "a subsidy lifts the surplus":
        (2016, {"recurrent_subsidy_share": 0.004}, "surplus_margin[secondary]", 2017, UP),
    "a grant for building adds equipment":
        (2014, {"capital_subsidy_share": 0.0015}, "equipment", 2020, UP),
    "a tighter bed plan holds beds":
        (2012, {"bed_plan_limit": 0.2}, "beds", 2018, DOWN),
    "fewer beds, fewer admissions":
        (2012, {"bed_plan_limit": 0.2}, "contacts_total[inpatient]", 2020, DOWN),
    "contracts draw people to primary care":
        (2014, {"family_doctor_coverage": 1.0, "contract_content": 1.0}, "primary_visit_share", 2019, UP),
    "gatekeeping draws people to primary care":
        (2014, {"gatekeeping_coverage": 0.8}, "primary_visit_share", 2016, UP),
    "dispatch makes primary care abler":
        (2014, {"dispatched_time_share": 0.12}, "capability[primary]", 2020, UP),
    "dispatch takes doctors from hospitals":
        (2014, {"dispatched_time_share": 0.12}, "doctors[tertiary]", 2014, DOWN),
    "telemedicine makes primary care abler":
        (2014, {"telemedicine_between": 1.0}, "capability[primary]", 2020, UP),
    "more training places, more general practitioners":
        (2011, {"general_practitioner_enrolment": 60000.0}, "general_practitioners", 2024, UP),
    "training takes eight years":
        (2011, {"general_practitioner_enrolment": 60000.0}, "general_practitioners", 2012, UP),
    "a bond brings graduates to primary care":
        (2011, {"bonded_share": 1.0}, "general_practitioners", 2024, UP),
    "retraining makes general practitioners":
        (2012, {"retraining_share": 0.12}, "general_practitioners", 2016, UP),
    "support keeps village doctors":
        (2012, {"village_doctor_support": 3.0}, "village_doctors", 2018, UP),
    "activity pay raises what primary care can serve":
        (2014, {"activity_pay_share": 0.4}, "capacity[primary,outpatient]", 2016, UP),
    "a grant buys follow-up":
        (2014, {"public_health_grant": 150.0}, "chronic_managed", 2018, UP),
    "follow-up prevents complications":
        (2012, {"public_health_grant": 200.0}, "chronic_complicated", 2028, DOWN),
    "screening finds disease":
        (2014, {"screening_effort": 2.0}, "chronic_unfound", 2018, DOWN),
    "screening raises use first":
        (2014, {"screening_effort": 2.0}, "need[outpatient]", 2017, UP),
    "supervision curbs upcoding":
        (2021, {"fund_supervision": 1.0}, "upcoding", 2026, DOWN),
    "supervision deters false claims":
        (2016, {"fund_supervision": 1.0}, "false_claims_paid / claims_paid", 2019, DOWN),
    "supervision recovers more at first":
        (2016, {"fund_supervision": 1.0}, "recoveries_paid", 2016, UP),
    "a cap lowers what the next yuan earns":
        (2012, {"capped_share": 1.0}, "marginal_revenue[tertiary]", 2013, DOWN),
    "flat fees hold cost down":
        (2012, {"flat_fee_share": 0.8}, "cost_per_contact[tertiary,inpatient]", 2015, DOWN),
    "days paid lengthen the stay":
        (2012, {"per_diem_share": 0.8}, "stay_length[tertiary]", 2015, UP),
    "a cap leaves claims with hospitals":
        (2012, {"capped_share": 1.0}, "claims_due / bills", 2013, DOWN),
    "a larger budget lets more claims through":
        (2012, {"budget_growth": 0.5}, "claims_due", 2013, UP),
    "a higher contribution fills the reserve":
        (2014, {"contribution_rate": 0.12}, "fund_reserve[employee]", 2018, UP),
    "a larger account starves the pool":
        (2014, {"account_split": 0.65}, "fund_reserve[employee]", 2018, DOWN),
    "a larger account fills the accounts":
        (2014, {"account_split": 0.65}, "account_balance", 2018, UP),
    "a higher premium fills the reserve":
        (2014, {"resident_premium": 600.0}, "fund_reserve[resident]", 2017, UP),
    "a higher subsidy fills the reserve":
        (2014, {"resident_subsidy": 900.0}, "fund_reserve[resident]", 2017, UP),
    "assistance takes from patients":
        (2014, {"assistance_share": 0.3}, "patients_paid", 2016, DOWN),
    "assistance costs government":
        (2014, {"assistance_share": 0.3}, "government_health_expenditure", 2016, UP),
    "an outbreak keeps people away":
        (2014, {"outbreak_restriction": 0.3}, "contacts_total[outpatient]", 2014, DOWN),
    "excluding cases from the rates raises their marginal revenue":
        (2022, {"case_payment_exclusion": 0.4}, "marginal_revenue[tertiary]", 2024, UP),
    "losses made good lighten the debt":
        (2030, {"loss_cover_share[primary]": 0.0}, "losses_covered[primary]", 2038, DOWN),
    "a total budget lowers the cost of a case":
        (2019, ALL_IN, "cost_per_contact[secondary,inpatient]", 2022, DOWN),
    "a total budget keeps members out of tertiary hospitals":
        (2019, ALL_IN, "tier_contacts[tertiary,inpatient]", 2022, DOWN),
    "room falls to consortia":
        (2020, ALL_IN, "room", 2023, DOWN),
    "a higher total budget leaves consortia more":
        (2019, {"total_budget_level": 1.1}, "consortium_savings", 2021, UP),
    "consortia that keep their savings have a surplus to share":
        (2019, {"savings_kept_share": 1.0}, "surplus_shared", 2022, UP),
    "an overspend shared falls on the members":
        (2019, {"total_budget_level": 0.7, "overspend_shared": 1.0}, "borne_by_provider[secondary]", 2021, UP),
    "surplus for primary care raises its pay":
        (2019, {"surplus_to_primary_care": 1.0}, "pay_per_worker[primary]", 2020, UP),
    "surplus given for pay raises pay at once":
        (2019, {"surplus_to_pay": 1.0}, "pay_per_worker[primary]", 2020, UP),
    "surplus spent on prevention finds disease":
        (2019, {"surplus_to_prevention": 0.6}, "chronic_unfound", 2026, DOWN),
    "surplus spent on prevention follows more people up":
        (2019, {"surplus_to_prevention": 0.6}, "chronic_managed", 2026, UP),
    "days shared make primary care abler":
        (2019, {"consortium_shared_days": 0.2}, "capability[primary]", 2023, UP),
    "days shared are missing in hospitals":
        (2019, {"consortium_shared_days": 0.2}, "doctors[secondary]", 2019, DOWN),
    "days shared are worked in primary care":
        (2019, {"consortium_shared_days": 0.2}, "capacity[primary,outpatient]", 2019, UP),
    "guided patients begin in primary care":
        (2019, {"consortium_referral": 0.6}, "primary_visit_share", 2021, UP),
    "patients come where their drug is":
        (2019, {"unified_drug_list": 1.0}, "tier_contacts[primary,outpatient]", 2021, UP),
    "and some who went without come too":
        (2019, {"unified_drug_list": 1.0}, "contacts_total[outpatient]", 2021, UP),
    "a gap of cover between tiers draws people to primary care":
        (2016, {"reimbursement_gap": 0.3}, "primary_visit_share", 2019, UP),
    "patients sent down stay shorter in hospital":
        (2016, {"return_referral": 0.4}, "stay_length[secondary]", 2019, DOWN),
    "patients sent down fill beds of primary care":
        (2016, {"return_referral": 0.4}, "occupancy[primary]", 2019, UP),
    "patients sent down cost their hospital less":
        (2016, {"return_referral": 0.4}, "cost_per_contact[tertiary,inpatient]", 2019, DOWN),
    "internet hospitals add visits":
        (2019, {"internet_hospital_share": 1.0}, "contacts_total[outpatient]", 2022, UP),
    "internet hospitals add spending":
        (2019, {"internet_hospital_share": 1.0}, "cost_per_contact[tertiary,outpatient]", 2022, UP),
    "treatment by hand needs fewer consumables":
        (2016, {"traditional_payment": 1.0}, "hospital_item_share[inpatient,consumables]", 2018, DOWN),
    "treatment by hand is service":
        (2016, {"traditional_payment": 1.0}, "hospital_item_share[inpatient,services]", 2018, UP),
    "a bundle paid better leaves hospitals more":
        (2024, {"traditional_payment": 1.0, "traditional_parity": 1.2}, "net_income[secondary]", 2025, UP),
    "centres add beds":
        (2014, {"centre_programme": 5e4}, "beds[tertiary]", 2019, UP),
    "centres raise the standing of tertiary hospitals":
        (2014, {"centre_programme": 5e4}, "perceived_quality[tertiary]", 2022, UP),
    "centres draw doctors to hospitals":
        (2014, {"centre_programme": 5e4}, "primary_physicians", 2024, DOWN),
    "government pays for centres":
        (2014, {"centre_programme": 5e4}, "government_health_expenditure", 2015, UP),
    "hospitals that join the rules buy drugs for less":
        (2021, {"other_hospitals_joining": 1.0}, "item_price[secondary,drugs]", 2024, DOWN),
    "hospitals that join are paid by the case":
        (2023, {"other_hospitals_joining": 1.0}, "marginal_revenue[secondary]", 2025, DOWN),
    "a guarantee lifts primary care's pay":
        (2016, {"primary_pay_floor": 1.0}, "pay_ratio[primary]", 2018, UP),
    "a guarantee keeps doctors in primary care":
        (2016, {"primary_pay_floor": 1.2}, "primary_physicians", 2024, UP),
    "government pays for the guarantee":
        (2016, {"primary_pay_floor": 1.0}, "government_health_expenditure", 2018, UP),
    "a fee per head gives contracts content":
        (2018, {"contract_fee": 100.0}, "effective_contract_share", 2020, UP),
    "a fee per head costs the funds":
        (2018, {"contract_fee": 100.0}, "scheme_expenditure", 2018, UP),
    "a trigger holds the dynamic adjustment back":
        (2021, {"service_price_trigger": 0.6}, "service_price[tertiary]", 2026, DOWN),
    "a small step holds the dynamic adjustment back":
        (2021, {"service_price_step": 0.002}, "service_price[tertiary]", 2026, DOWN),
    "higher wages raise pay":
        (2020, {"wage": 2e5}, "mean_pay", 2022, UP),
    "richer people seek more care":
        (2016, {"gdp": 1.5e14}, "contacts_total[outpatient]", 2018, UP),
    "more upgrades, larger tertiary tier":
        (2012, {"upgrade_rate": 0.1}, "tier_contacts[tertiary,inpatient]", 2018, UP),
}  # fmt: skip


@functools.cache
def runs_of_claims() -> Runs:
    return run({}, *(together(float(date), **values) for date, values, *_ in CLAIMS.values()))


@pytest.mark.parametrize("claim", CLAIMS)
def test_sign(claim):
    *_, names, year, sign = CLAIMS[claim]
    runs = runs_of_claims()
    values = summed(runs, names)[:, int(np.searchsorted(runs.raw.times, year))]
    change = values[1 + list(CLAIMS).index(claim)] - values[0]
    assert sign * change > 1e-6 * abs(values[0])


# --- payment by the case, against the same run without it ---


def _payment(date, drg, dip):
    return from_date("drg_share", date, drg) | from_date("dip_share", date, dip)


@functools.cache
def paid_by_item_or_case(date: float) -> Runs:
    return run(_payment(date, 0.0, 0.0), _payment(date, 0.8, 0.0), _payment(date, 0.0, 0.8))


@pytest.mark.parametrize("method", ["drg", "dip"])
@pytest.mark.parametrize("date", [2012.0, 2018.0, 2028.0, 2034.0])
def test_case_payment_lowers_cost_per_admission_whenever_it_comes(date, method):
    runs = paid_by_item_or_case(date)
    cost = runs.year("hospital_cost_per_contact[inpatient]", int(date) + 6)
    assert cost[1 + ("drg", "dip").index(method)] < 0.995 * cost[0]


@pytest.mark.parametrize("date", [2012.0, 2018.0])
def test_case_payment_shortens_the_stay_and_charges_outside_the_list(date):
    runs = paid_by_item_or_case(date)
    assert runs.year("stay_length[tertiary]", int(date) + 4)[1] < runs.year("stay_length[tertiary]", int(date) + 4)[0]
    outside = runs.year("out_of_list_share[tertiary,inpatient]", int(date) + 4)
    assert outside[1] > outside[0]


def test_a_cut_below_production_cost_defeats_itself():
    """Deep cuts and supplier exit: winners give up, volume goes back to dearer products."""
    runs = run({}, from_date("procurement_price_cut", 2019.0, 0.78))
    assert scenario_values()["procured_production_cost"] > 1 - 0.78
    capacity = runs.year("supplier_capacity", 2026)
    assert capacity[1] < 0.95 * capacity[0]
    assert runs.year("product_share[winners]", 2026)[1] < runs.year("product_share[winners]", 2026)[0]


def test_sharper_case_payment_saves_more():
    runs = paid_by_item_or_case(2018.0)
    cost = runs.year("hospital_cost_per_contact[inpatient]", 2024)
    assert cost[1] < cost[2] < cost[0]


def test_procurement_takes_nothing_back_of_what_was_granted_for_lost_mark_ups():
    no_rule = from_date("service_price_adjustment", 2015.0, 0.0)
    runs = run(no_rule, no_rule | from_date("drug_procurement_rounds", 2015.0, 0.0))
    for tier in TIERS:
        price = runs.year(f"service_price[{tier}]", 2030)
        assert price[0] >= price[1] * (1 - 1e-9)


def test_losses_covered_in_full_once_they_are_known_leave_less_than_a_fifth():
    poor = from_date("recurrent_subsidy_share[primary]", 2016.0, 0.001)
    full, none = (poor | from_date("loss_cover_share[primary]", 2016.0, share) for share in (1.0, 0.0))
    runs = run(full, none, last=2026)
    loss = 0 - runs.year("surplus[primary]", 2026)
    assert loss[1] > 0
    assert loss[0] < 0.2 * loss[1]


def test_demand_answers_price_and_income_with_the_elasticities_given():
    """Income: its elasticity at the start, less and less towards a limit above it, a plain power below it."""
    values = scenario_values()
    runs = run({}, from_date("gdp", 2012.0, 2e13), last=2014, every_step=True)
    income = runs["real_income"] / runs["real_income_at_start"]
    assert income[0].max() > 1.2 and income[1].min() < 0.7
    for care in ("outpatient", "inpatient"):
        elasticity, room = values[f"income_elasticity[{care}]"], values[f"income_effect_limit[{care}]"] - 1
        richer, poorer = 1 + room * (1 - income ** (-elasticity / room)), income**elasticity
        expected = np.where(income > 1, richer, poorer)
        np.testing.assert_allclose(runs[f"income_effect[{care}]"], expected, rtol=1e-12)
        assert (runs[f"income_effect[{care}]"] < 1 + room).all()
        for scheme in ("employee", "resident"):
            bracket = f"{care},{scheme}]"
            shares = np.array([values[f"contacts_at_start[{tier},{bracket}"] for tier in TIERS])
            prices = np.array([runs[f"felt_price[{tier},{bracket}"][0] for tier in TIERS])
            index = (shares / shares.sum()) @ (prices / prices[:, :1])
            expected = index ** -values[f"price_elasticity[{care}]"]
            np.testing.assert_allclose(runs[f"price_effect[{bracket}"][0], expected, rtol=1e-12)
