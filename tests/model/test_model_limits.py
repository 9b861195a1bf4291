"""Levers and parameters at their limits, alone and drawn together: no run fails, and shares stay shares.

Wider than the extreme conditions of ``healthreform check``, and judged by less: by what must hold in any run at all.
"""

import functools

import numpy as np
import pytest
from model_runs import FIRST, STEP, TIERS, Runs, every, flat_names, jump, model, run, scenario_values, together

from healthreform.stockflow.record_values import at_key

EXTREMES = {
    "no new physicians": (together(2012.0, new_physicians=0.0), ()),
    "nobody trained for primary care": (together(2011.0, general_practitioner_enrolment=0.0, retraining_share=0.0), ()),
    "physicians leave in two years": (every("exit_rate", 0.5), ()),
    "not a bed built": (together(2011.0, bed_plan_limit=0.0), ()),
    "half the beds closed each year": (every("bed_closing_rate", 0.5) | together(2011.0, bed_plan_limit=0.0), ()),
    "no care to speak of": (every("intensity_at_start", 1e-9), ()),
    "drugs for nothing": (together(2020.0, other_drug_price=1e-9), ()),
    "tests for nothing": (together(2020.0, test_price=1e-6), ()),
    "full cover overnight": (together(2020.0, reimbursement_rate=1.0), ()),
    "hardly any cover": (together(2020.0, reimbursement_rate=1e-6), ()),
    "no cover at all": (together(2020.0, reimbursement_rate=0.0), ()),
    "an epidemic that never ends": (together(2022.0, outbreak_restriction=0.5), ()),
    "an epidemic that shuts everything": (together(2022.0, outbreak_restriction=1.0), ()),
    "hardly a contribution": (together(2020.0, contribution_rate=0.001), ()),
    "funds without any income":
        (together(2020.0, contribution_rate=0.0, resident_premium=0.0, resident_subsidy=0.0), ()),
    "an empty fund that must share its savings":
        (together(2020.0, contribution_rate=0.0005, account_split=0.7, retention_share=0.5), ()),
    "no personal accounts": (together(2020.0, account_split=0.0), ()),
    "prices cut to a fifth": (together(2019.0, procurement_price_cut=0.8, drug_procurement_rounds=500.0), ()),
    "everything upgraded": (together(2012.0, upgrade_rate=0.2), ()),
    "an economy down by nine tenths": (together(2020.0, gdp=1e13), ()),
    "wages tenfold overnight": (together(2020.0, wage=1e6), ()),
    "no births": (together(2012.0, birth_count=0.0), ()),
    "all pay fixed in 2020": (together(2020.0, fixed_pay_share=1.0), ()),
    "all pay fixed from the start": (every("fixed_pay_share", 1.0), ()),
    "pay capped at half the wage": (together(2020.0, payroll_limit=0.5), ()),
    "not a yuan of subsidy":
        (together(2012.0, recurrent_subsidy_share=0.0, capital_subsidy_share=0.0, loss_cover_share=0.0), ()),
    "first contact for all, and kept":
        (together(2016.0, gatekeeping_coverage=1.0) | {"gatekeeping_compliance": 1.0}, ()),
    "no public-health grant": (together(2020.0, public_health_grant=0.0), ()),
    "no public-health grant from the start": (together(FIRST, public_health_grant=0.0), ()),
    "never a public-health grant": (every("public_health_grant", 0.0), ()),
    "all by the case": (together(2012.0, drg_share=1.0, dip_share=0.0), ()),
    "every tenth of a wage into accounts": (together(2014.0, contribution_rate=0.2, account_split=0.7), ()),
    "everybody in a consortium on a short budget":
        (together(2014.0, consortium_coverage=1.0, total_budget_share=1.0, total_budget_level=0.6, overspend_shared=1.0,
                  consortium_shared_days=0.2, consortium_referral=0.6), ()),
    "everybody in a consortium on an ample budget, all of it for prevention":
        (together(2014.0, consortium_coverage=1.0, total_budget_share=1.0, total_budget_level=1.1,
                  savings_kept_share=1.0, surplus_to_prevention=0.6, contribution_rate=0.2), ()),
    "total budgets out of nothing":
        (together(2020.0, consortium_coverage=1.0, total_budget_share=1.0, overspend_shared=1.0, contribution_rate=0.0,
                  resident_premium=0.0, resident_subsidy=0.0), ()),
    "whoever can is sent down to recover":
        (together(2014.0, return_referral=0.5) | {"return_acceptance": 0.6, "recovery_stay": 0.022}, ()),
    "nothing but cover at the base": (together(2014.0, reimbursement_gap=0.5), ()),
    "all suitable cases by hand":
        (together(2014.0, traditional_payment=1.0, traditional_parity=0.6) | {"suitable_share": 0.12}, ()),
    "two patients in three leave":
        ({"leaving_odds": 2.0, "outside_cost_ratio": 2.0} | together(2014.0, travel_reimbursement=1.0), ()),
    "one tertiary bed in two a centre's": (together(2012.0, centre_programme=6e4), ()),
    "no other hospital under the rules": (together(2012.0, other_hospital_share=1.0, other_hospitals_joining=0.0), ()),
    "half as much again as the wage for primary care":
        (together(2014.0, primary_pay_floor=1.5, contract_fee=200.0), ()),
}  # fmt: skip


def names_with_marks():
    return [pytest.param(name, marks=marks) for name, (_, marks) in EXTREMES.items()]


@functools.cache
def extremes() -> Runs:
    return run(*(case for case, _ in EXTREMES.values()), may_fail=True)


def number(name: str) -> int:
    return list(EXTREMES).index(name)


@pytest.mark.parametrize("name", names_with_marks())
def test_run_comes_to_its_end_with_numbers_and_no_negative_stock(name):
    runs, place = extremes(), number(name)
    assert [failure.message for failure in runs.raw.failures if failure.run == place] == []
    assert np.isfinite(runs.raw.values[place]).all()
    for stock in model().flat.stocks:
        assert stock in model().flat.signed or runs[stock][place].min() >= 0, stock
    for payment in model().payments:
        assert runs[payment.flow][place].min() >= 0, payment.flow


@pytest.mark.parametrize("name", names_with_marks())
def test_shares_stay_between_none_and_all(name):
    runs, place = extremes(), number(name)
    for share in (
        "out_of_pocket_share", "primary_visit_share", "catastrophic_share", "deficit_share", "payable_share",
        "unmet_share", "served_share", "chosen_share", "fund_share", "patient_share", "trust", "out_of_list_share",
        "account_reach", "affordability", "seeking", "product_share", "covered_share", "supplier_capacity",
        "first_cycle_share", "capitated_share", "own_budget_weight", "overspend_cut", "consortium_room_share",
        "first_contact_share", "returned_share", "returned_weight", "kept_bill", "journey_share", "remote_share",
        "false_claim_share", "found_share", "rate_share", "capped_weight", "traditional_share", "centre_share",
        "leaving_share", "rule_share", "paid_content",
    ):  # fmt: skip
        for flat in flat_names(share):
            values = runs[flat][place]
            assert values.min() >= -1e-12 and values.max() <= 1 + 1e-12, flat


def test_without_new_physicians_there_are_fewer_each_year():
    physicians = extremes()["physicians_total"][number("no new physicians")]
    assert (np.diff(physicians[3:]) < 0).all()


def test_without_building_beds_only_close():
    runs = extremes()
    for tier in ("secondary", "primary"):
        assert (np.diff(runs[f"beds[{tier}]"][number("not a bed built")][8:]) < 0).all()


def test_full_cover_leaves_patients_only_what_is_outside_the_list():
    runs, place = extremes(), number("full cover overnight")
    outside = runs["out_of_list_share[tertiary,inpatient]"][place, -1]
    cut = runs["benefit_cut[employee]"][place, -1]
    share = runs["patient_share[tertiary,inpatient,employee]"][place, -1]
    assert share <= outside + cut + 1e-9
    assert runs.sum("claims_due")[place, -1] > 0


def test_an_epidemic_that_never_ends_holds_visits_down_for_ever():
    runs, place = extremes(), number("an epidemic that never ends")
    visits = runs["contacts_total[outpatient]"]
    assert visits[place, 13] < 0.7 * runs["contacts_total[outpatient]"][number("no births"), 13]
    assert visits[place, -1] < 0.75 * visits[number("no births"), -1]


def test_a_fund_that_runs_dry_owes_what_it_does_not_pay():
    runs, place = extremes(), number("hardly a contribution")
    late = runs.raw.times > 2030
    assert runs["fund_reserve[employee]"][place, late].max() < 0.2 * runs["fund_reserve[employee]"][place].max()
    owed = sum(runs[f"claims_payable[{tier},employee]"][place] for tier in TIERS)
    assert owed[-1] > 3 * owed[9]
    assert runs["deficit_share[employee]"][place, -1] > 0.95


def test_whoever_is_admitted_has_a_bed_within_the_limit_a_tier_can_stretch_to():
    runs = extremes()
    place = number("not a bed built")
    for tier in TIERS:
        usual = runs.start[f"served_share_at_start[{tier},inpatient]"][0]
        limit = scenario_values()[f"occupancy_limit[{tier}]"] / usual
        assert runs[f"occupancy[{tier}]"][place].max() < 1.1 * limit


def test_case_payment_never_covers_more_than_all_cases():
    """Both shares at their highest must not pay every case twice."""
    runs = run(together(2026.0, drg_share=1.0, dip_share=1.0), may_fail=True)
    assert runs["case_share"].max() <= 1.0


def _anywhere_in_their_ranges(generator, count):
    ranges = {name: r for name, r in model().parameter_ranges().items() if r.low < r.high}
    cases = []
    for _ in range(count):
        case = {name: generator.uniform(r.low, r.high) for name, r in ranges.items()}
        for name, lever in model().records.levers.items():
            for flat in flat_names(name):
                key = tuple(flat.partition("[")[2].rstrip("]").split(",")) if "[" in flat else ()
                low, high = at_key(lever.low, key), at_key(lever.high, key)
                path = scenario_values()[flat]
                now, end = path.value(2026.25), generator.choice((low, high))
                case[flat] = jump(path, 2026.25, now + generator.uniform(0, 0.5) * (end - now))
        cases.append(case)
    return cases


def test_every_draw_of_levers_and_parameters_comes_to_its_end():
    """Levers up to half-way to the ends of their ranges, parameters anywhere in theirs: what a sweep asks for."""
    runs = run(*_anywhere_in_their_ranges(np.random.default_rng(21), 200), may_fail=True)
    assert [failure.message for failure in runs.raw.failures] == []


@pytest.mark.parametrize("name", ["working_reserve_time", "cash_cushion"])
def test_an_emptying_till_is_not_too_quick_for_the_step(name):
    """Payments fall with what is left over this time; Runge-Kutta is stable up to 2.78 times a rate per step."""
    assert model().parameter_ranges()[name].low > STEP / 2.78
