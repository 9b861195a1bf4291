"""Benefits, maternity, outbreaks and new drugs: limits, who pays, and what follows what."""

import numpy as np
import pytest
from model_runs import TIERS, every, flat_names, from_date, run, scenario_values, together
from scipy.integrate import quad
from scipy.stats import norm

VALUES = scenario_values()


# --- deductible, ceiling, designation ---


@pytest.mark.parametrize("deductible", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("ceiling", [0.5, 6.0])
def test_the_band_between_deductible_and_ceiling_is_the_integral_it_stands_for(deductible, ceiling):
    runs = run(together(2012.0, basic_deductible=deductible, basic_ceiling=ceiling), last=2015, every_step=True)
    spread = VALUES["bill_dispersion"]
    for place in (40, 70):
        bill = (runs["reported_cost[tertiary]"][0, place] + runs["reported_cost[secondary]"][0, place]) / 2
        top = ceiling * runs["income_per_person"][0, place] / (bill * VALUES["admissions_per_patient"])
        assert runs["edge_ratio[top]"][0, place] == pytest.approx(max(top, deductible), rel=1e-12)

        def paid(z, top=top):
            cost = np.exp(spread * z - spread**2 / 2)
            return (min(cost, max(top, deductible)) - min(cost, deductible)) * norm.pdf(z)

        bends = [(np.log(edge) + spread**2 / 2) / spread for edge in (deductible, top) if edge > 0]
        expected = quad(paid, -12, 12, points=bends, limit=400, epsrel=1e-10)[0]
        assert runs["band_share"][0, place] == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("change", [{"basic_deductible": 1e6}, {"basic_ceiling": 0.0}])
def test_an_endless_deductible_or_no_ceiling_to_pay_up_to_leaves_inpatients_to_themselves(change):
    runs = run(together(2016.0, **change), last=2018)
    for flat in flat_names("fund_share"):
        share = runs.year(flat, 2018)[0]
        assert share == pytest.approx(0.0, abs=1e-9) if "inpatient" in flat else share > 0, flat


def test_a_fund_never_pays_more_than_what_is_on_the_list():
    runs = run(together(2016.0, basic_deductible=0.0, designated_primary_share=1.0, reimbursement_rate=0.99))
    for flat in flat_names("fund_share"):
        outside = runs[f"out_of_list_share[{','.join(flat.partition('[')[2].split(',')[:2])}]"]
        assert (runs[flat] <= 1 - outside + 1e-12).all(), flat


def test_bills_of_primary_institutions_that_are_not_designated_are_the_patients():
    runs = run(
        {}, from_date("designated_primary_share", 2016.0, 0.0), from_date("designated_primary_share", 2016.0, 1.0)
    )
    for scheme in ("employee", "resident"):
        assert runs.year(f"fund_share[primary,outpatient,{scheme}]", 2018)[1] == 0
    base, none, all_of_them = runs.year("primary_visit_share", 2020)
    assert none < base < all_of_them


# --- maternity ---


def test_before_the_merger_the_account_pays_and_after_it_the_pool():
    runs = run({})
    benefits = runs["maternity_allowances"][0] + runs["delivery_reimbursed"][0]
    share = runs["maternity_financed"][0] / benefits
    years = runs.raw.times
    assert share[years < 2018].max() < 0.06
    assert share[years > 2020].min() > 0.9
    assert runs.year("maternity_contributions_apart", 2021)[0] == 0


@pytest.mark.parametrize("merged", [0.0, 1.0])
def test_a_merger_changes_who_pays_and_not_what_mothers_receive(merged):
    runs = run({}, from_date("maternity_merged", 2016.0, merged), last=2016)
    for name in ("maternity_allowances", "maternity_contributions"):
        assert runs.year(name, 2016)[1] == pytest.approx(runs.year(name, 2016)[0], rel=1e-4)
    money = runs["maternity_reserve"] + runs["fund_reserve[employee]"]
    assert money[1, -1] == pytest.approx(money[0, -1], rel=5e-3)  # pools answer a better margin a little


def test_allowances_are_births_times_participation_times_wage_times_leave():
    runs = run({}, every_step=True)
    product = 1.0
    for name in ("births", "maternity_participation", "wage", "maternity_leave"):
        product = product * runs[name][0]
    np.testing.assert_allclose(runs["maternity_allowances"][0], product, rtol=1e-12)


def test_an_account_without_contributions_is_backed_and_never_overdrawn():
    runs = run(together(2012.0, maternity_contribution_rate=0.0, maternity_merged=0.0), may_fail=True)
    assert runs.raw.failures == ()
    assert runs["maternity_reserve"].min() > 0
    benefits = runs["maternity_allowances"] + runs["delivery_reimbursed"]
    backed = runs["maternity_financed"] + runs["maternity_backed"]
    assert backed[0, -1] == pytest.approx(benefits[0, -1], rel=0.02)


def test_where_the_pool_is_empty_too_government_pays_mothers():
    poor = together(2018.0, contribution_rate=0.0005, account_split=0.7, maternity_contribution_rate=0.0)
    runs = run(poor, may_fail=True)
    assert runs.raw.failures == ()
    assert runs["maternity_backed"][0, -1] > runs["maternity_financed"][0, -1]


# --- treatment before payment in an outbreak ---

OUTBREAK = from_date("outbreak_restriction", 2015.0, 0.6, until=2015.5)


def outbreak_rules(waiver: float, advance: float):
    return OUTBREAK | from_date("outbreak_waiver", 2015.0, waiver) | from_date("outbreak_advance", 2015.0, advance)


def test_cases_of_an_outbreak_pay_nothing_and_government_pays_it():
    runs = run(outbreak_rules(0.0, 0.0), outbreak_rules(1.0, 0.0), last=2017, every_step=True)
    inside = int(np.searchsorted(runs.raw.times, 2015.25))
    after = int(np.searchsorted(runs.raw.times, 2016.0))
    share = runs["patient_share[tertiary,inpatient,resident]"]
    cases = VALUES["outbreak_case_ratio"] * 0.6
    assert share[1, inside] / share[0, inside] == pytest.approx(1 - cases, rel=1e-3)
    assert runs["waived_share"][1, inside] == pytest.approx(cases, rel=1e-12)
    waived = sum(runs[f"waived_paid[{tier}]"][1, inside] for tier in TIERS)
    left = runs.sum("left_to_patients")[1, inside]
    assert waived == pytest.approx((waived + left) * cases, rel=1e-9)
    assert runs.sum("waived_paid")[1, after] == 0


def test_an_advance_reaches_hospitals_early_and_is_no_gift():
    runs = run(outbreak_rules(0.0, 0.0), outbreak_rules(0.0, 0.5), last=2018, every_step=True)
    inside = int(np.searchsorted(runs.raw.times, 2015.25))
    owed, cash = runs.sum("claims_payable"), runs.sum("provider_cash")
    assert owed[1, inside] < 0.85 * owed[0, inside]
    assert cash[1, inside] > cash[0, inside]
    assert owed[1, -1] == pytest.approx(owed[0, -1], rel=1e-3)
    assert cash[1, -1] == pytest.approx(cash[0, -1], rel=1e-2)


def test_outside_an_outbreak_its_rules_do_nothing():
    rules = from_date("outbreak_waiver", 2012.0, 1.0) | from_date("outbreak_advance", 2012.0, 0.5)
    runs = run({}, rules, last=2018)
    assert np.array_equal(runs.raw.values[0][:, kept(runs)], runs.raw.values[1][:, kept(runs)])


def kept(runs):
    """Columns other than the rules themselves and what only names them."""
    own = ("outbreak_waiver", "outbreak_advance")
    return np.array([place for place, name in enumerate(runs.raw.names) if name not in own])


# --- new drugs ---


def test_every_drug_approved_is_unlisted_listed_in_use_or_outlived():
    runs = run({}, together(2015.0, listing_time=0.5, review_time=0.5), last=2040)
    approved, outlived = runs["approved"].cumsum(axis=1), runs["outlived"].cumsum(axis=1)
    there = runs["drugs_unlisted"] + runs["drugs_listed"] + runs["drugs_in_use"]
    np.testing.assert_allclose(approved - outlived, there, rtol=1e-9)


def test_approvals_are_near_those_published():
    """353 new drugs in 2011-2021, 70 of them in 2021 (Su 2022, Ther Innov Regul Sci)."""
    runs = run({})
    years = (runs.raw.times >= 2011) & (runs.raw.times <= 2021)
    assert runs["approved"][0, years].sum() == pytest.approx(353, rel=0.15)
    assert runs.year("approved", 2021)[0] == pytest.approx(70, rel=0.15)


def test_listing_multiplies_spending_on_a_drug_three_to_six_times():
    """Negotiated drugs: price -24 to -63 %, doses four to fourteen times as many (Liu G 2025)."""
    runs = run({})
    for year in (2019, 2020, 2021):
        ratio = (1 - runs.year("negotiated_price_cut", year)[0]) / VALUES["unlisted_use"]
        assert 3 <= ratio <= 6, year


def test_no_new_drug_no_spending_on_them():
    runs = run(every("new_drug_applications", 0.0), last=2020)
    assert runs["innovation_spending"].max() < 1e-3


@pytest.mark.parametrize(
    ("change", "up"),
    [
        ({"listing_time": 0.5}, True),
        ({"review_time": 0.5}, True),
        ({"hospital_access": 1.0}, True),
        ({"negotiated_price_cut": 0.9}, False),
        ({"innovation_exclusion": 1.0}, True),
    ],
)
def test_what_brings_new_drugs_to_patients_raises_spending_on_them(change, up):
    runs = run({}, together(2026.0, **change))
    base, changed = runs.year("innovation_spending", 2032)
    assert changed > 1.003 * base if up else changed < 0.9 * base


def test_listing_leaves_less_outside_the_list():
    runs = run({}, from_date("listing_time", 2018.0, 10.0))
    inside, outside = (runs.year(f"out_of_list_share[{tier},outpatient]", 2030) for tier in ("tertiary", "secondary"))
    assert inside[1] > inside[0] and outside[1] > outside[0]


def test_new_drugs_let_out_of_the_rates_stay_under_their_cap():
    runs = run(together(2026.0, innovation_exclusion=1.0, hospital_access=1.0) | {"innovation_exclusion_cap": 0.02})
    let_out = runs["excluded_share"] - runs["case_payment_exclusion"]
    assert let_out.max() == pytest.approx(0.02)


def test_new_drugs_are_in_the_drug_bill_and_in_what_is_bought():
    """At the moment hospitals drop them, with demand that does not answer price, both fall by just that much."""
    blind = every("price_elasticity", 0.0) | {"tier_price_coefficient": 0.0}
    runs = run(blind, blind | from_date("hospital_access", 2026.0, 0.0), last=2026, every_step=True)
    moment = int(np.searchsorted(runs.raw.times, 2026.0))
    spent = runs["innovation_spending"][:, moment]
    assert spent[1] == 0 and spent[0] > 5e10
    drugs = sum(runs[f"item_income[{tier},drugs]"][:, moment] for tier in TIERS)
    assert drugs[0] - drugs[1] == pytest.approx(spent[0], rel=1e-3)  # consortia guide patients by the budget
    bought = runs.sum("drugs_bought")[:, moment]
    assert bought[0] - bought[1] == pytest.approx(spent[0], rel=1e-3)  # no mark-up is left by then


# --- supply ---


def test_shortages_that_are_followed_up_are_fewer_and_the_drug_bill_is_lower():
    runs = run({}, from_date("shortage_repair", 2015.0, 3.0), from_date("shortage_repair", 2015.0, 0.2))
    base, better, worse = runs.year("short_share", 2020)
    assert better < base < worse
    cost = runs.year("shortage_effect", 2020)
    assert cost[1] < cost[0] < cost[2]


def test_shortages_settle_where_onset_equals_repair():
    runs = run({"supplier_entry_time": 1e-1} | from_date("shortage_repair", 2015.0, 2.0), last=2024)
    rate, time = VALUES["shortage_rate"], VALUES["shortage_time"]
    assert runs.year("short_share", 2018)[0] == pytest.approx(rate / (rate + 2.0 / time), rel=1e-3)


def test_suppliers_who_give_up_leave_shortages():
    runs = run({}, from_date("procurement_price_cut", 2019.0, 0.78))
    assert runs.year("short_share", 2026)[1] > 1.01 * runs.year("short_share", 2026)[0]


# --- family doctors ---


def test_contracts_draw_in_proportion_at_first_and_ever_less_for_more_of_them():
    signed = from_date("family_doctor_coverage", 2013.0, 1.0)
    contents = (0.15, 0.3, 0.6, 1.0)
    runs = run(*(signed | from_date("contract_content", 2013.0, content) for content in contents))
    contracts = runs.year("effective_contract_share", 2016) - VALUES["contract_share_at_start"]
    drawn = runs.year("contract_appeal", 2016)
    for each in (drawn / contracts, np.diff(runs.year("primary_visit_share", 2016)) / np.diff(contracts)):
        assert (np.diff(each) < 0).all()
    assert 0.85 < drawn[0] / contracts[0] < 1 and (np.diff(drawn) > 0).all()


def test_rich_contracts_for_all_bring_hardly_more_visits_to_primary_care_than_a_rule_did():
    """Xu J 2020: a compulsory rule of first contact, of 2013, had brought some fifteen points by the end of 2014."""
    rich = from_date("family_doctor_coverage", 2012.0, 1.0) | from_date("contract_content", 2012.0, 1.0)
    unsaturated = {"contract_saturation": 0.0}
    runs = run({}, rich, unsaturated, rich | unsaturated)
    base, share, base_of_other, other = runs.year("primary_visit_share", 2015)
    assert 0.08 < share - base < 0.16 < other - base_of_other
