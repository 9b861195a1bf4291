"""Consortia, referral, centres, treatment by hand, other hospitals and floors: limits, books, what was measured."""

import functools

import numpy as np
import pytest
from model_runs import FIRST, TIERS, Runs, every, flat_names, from_date, model, run, scenario_values, together
from scipy.stats import norm

VALUES = scenario_values()
SCHEMES = ("employee", "resident")
CLOSE = {"rtol": 1e-9, "atol": 1e-9}

#: With this there is none of it, and whatever else belongs to it does nothing.
NONE_OF_IT = {
    "consortia": (
        every("consortium_coverage", 0.0),
        every("total_budget_share", 1.0) | every("total_budget_level", 1.1) | every("consortium_shared_days", 0.2)
        | every("consortium_referral", 0.6) | every("unified_drug_list", 1.0) | every("overspend_shared", 1.0)
        | every("surplus_to_prevention", 0.6) | every("surplus_to_pay", 0.0) | {"drug_list_relief": 0.7},
    ),
    "total budgets": (
        every("total_budget_share", 0.0),
        every("total_budget_level", 0.6) | every("savings_kept_share", 1.0) | every("overspend_shared", 1.0),
    ),
    "return referral": (every("return_referral", 0.0), {"return_acceptance": 0.6, "recovery_stay": 0.022}),
    "internet hospitals": (every("internet_hospital_share", 0.0), {"internet_hospital_uptake": 0.3}),
    "traditional medicine":
        (every("traditional_payment", 0.0), {"suitable_share": 0.12} | every("traditional_parity", 1.2)),
    "patients who leave": ({"leaving_odds": 0.0}, every("travel_reimbursement", 0.0) | {"outside_cost_ratio": 2.0}),
    "hospitals outside the rules": (every("other_hospitals_joining", 1.0), every("other_hospital_share", 0.9)),
    "a fee per head": (every("contract_fee", 0.0), {"contract_fee_half": 25.0}),
    "centres": (every("centre_programme", 0.0), {"capability_of_centres": 0.4}),
}  # fmt: skip


@functools.cache
def without() -> Runs:
    return run(*(case for none, rest in NONE_OF_IT.values() for case in (none, none | rest)))


@pytest.mark.parametrize("what", NONE_OF_IT)
def test_at_nought_it_is_the_model_without_it(what):
    """Bit for bit, in all that is computed in a run."""
    runs, place = without(), 2 * list(NONE_OF_IT).index(what)
    moved = {name.partition("[")[0] for name in NONE_OF_IT[what][1]}
    inputs = {flat for name in (*model().records.levers, *model().records.drivers) for flat in flat_names(name)}
    of_itself = {"paid_content", "guided_share", "recovery_room", "other_hospital_share", *moved, *inputs}
    for flat, values in runs.columns.items():
        if flat not in of_itself:
            assert np.array_equal(values[place], values[place + 1]), flat


def test_members_of_a_consortium_with_a_budget_earn_it_nothing_more():
    """Share one: of the funds' part, only what is treated outside the consortium brings revenue."""
    case = together(2014.0, consortium_coverage=1.0, total_budget_share=1.0)
    for name in ("capped_share", "flat_fee_share", "per_diem_share"):
        case |= every(name, 0.0)
    runs = run(case, last=2016, every_step=True)
    for tier in TIERS:
        margin = runs[f"mean_margin_at_start[{tier}]"][0]
        paid = runs[f"fund_weight[{tier}]"][0]
        expected = 1 + margin - VALUES[f"consortium_member_share[{tier}]"] * paid * (1 + margin)
        late = runs.raw.times > 2014
        assert runs["capitated_share[resident]"][0, late].min() == 1.0
        np.testing.assert_allclose(runs[f"marginal_revenue[{tier}]"][0, late], expected[late], **CLOSE)
        np.testing.assert_allclose(runs[f"marginal_revenue[{tier}]"][0, 0], 1 + margin[0], **CLOSE)


# --- the budget ---


def budgets() -> Runs:
    levels = (0.6, 0.9, 1.1)
    case = together(2014.0, consortium_coverage=0.8, total_budget_share=0.7, savings_kept_share=0.9)
    return run(*(case | from_date("total_budget_level", 2014.0, level) for level in levels), last=2020, every_step=True)


def test_what_consortia_save_is_the_tail_of_their_margins_and_what_they_overspend_the_other():
    runs, spread = budgets(), VALUES["consortium_dispersion"]
    late = runs.raw.times > 2014
    for scheme in SCHEMES:
        budget, claims = (runs[f"{name}[{scheme}]"][:, late] for name in ("consortium_budget", "consortium_claims"))
        margin = 1 - claims / budget
        tail = norm.pdf(margin / spread) * spread + margin * norm.cdf(margin / spread)
        saved = runs[f"budget_saved[{scheme}]"][:, late]
        np.testing.assert_allclose(saved, budget * tail, rtol=1e-7, atol=1.0)
        kept = 0.9 * saved * runs[f"payable_share[{scheme}]"][:, late]
        np.testing.assert_allclose(runs[f"consortium_savings[{scheme}]"][:, late], kept, **CLOSE)
        other_tail = norm.pdf(margin / spread) * spread - margin * norm.sf(margin / spread)
        members = sum(
            runs[f"claims_made[{tier},{care},{scheme}]"][:, late] * VALUES[f"consortium_member_share[{tier}]"]
            for tier in TIERS
            for care in ("outpatient", "inpatient")
        )
        borne = runs[f"overspend_cut[{scheme}]"][:, late] * members
        np.testing.assert_allclose(borne, 0.3 * budget * other_tail, rtol=1e-7, atol=1.0)


def test_every_yuan_saved_is_spent_or_still_there():
    """An identity of its own beside the books: savings = to houses, to pay, to prevention, and left over."""
    runs = run(together(2014.0, consortium_coverage=0.8, total_budget_share=0.8, total_budget_level=1.05))
    came = runs.sum("consortium_savings")[0].sum()
    went = sum(runs.sum(name)[0].sum() for name in ("surplus_shared", "surplus_for_pay", "prevention_by_consortium"))
    assert came > 1e11
    assert came - went == pytest.approx(runs["consortium_surplus"][0, -1], rel=1e-9)


def test_savings_of_procurement_made_under_a_budget_are_left_with_nobody_else():
    """At share one no fund has a saving to leave with hospitals, and there is no room but patients' and others'."""
    runs = run({}, together(2018.0, consortium_coverage=1.0, total_budget_share=1.0), last=2026)
    assert runs.year("retained_total", 2024)[0] > 1e8
    assert runs.year("retained_total", 2024)[1] == 0
    assert runs.year("room_made", 2024)[1] < 0.7 * runs.year("room_made", 2024)[0]


# --- books ---


def all_on() -> dict:
    return together(
        2014.0, consortium_coverage=0.9, total_budget_share=0.8, total_budget_level=1.0, consortium_shared_days=0.1,
        consortium_referral=0.4, unified_drug_list=1.0, reimbursement_gap=0.2, return_referral=0.4,
        internet_hospital_share=1.0, traditional_payment=0.8, centre_programme=3e4, other_hospitals_joining=0.1,
        primary_pay_floor=0.9, contract_fee=80.0, surplus_to_prevention=0.3,
    )  # fmt: skip


@functools.cache
def everything() -> Runs:
    """All levers at work; the second run is of a place that people leave."""
    return run(all_on(), all_on() | {"leaving_odds": 0.3})


def test_books_close_with_all_of_it_at_work_and_where_people_leave():
    errors = everything().conservation_errors()
    worst = max(errors, key=lambda name: np.abs(errors[name]).max())
    assert {"account consortium", "balance bridge", "balance bills_settled"} <= set(errors)
    assert np.abs(errors[worst]).max() < 1e-9, worst


def test_no_payment_runs_backwards_with_all_of_it_at_work_and_where_people_leave():
    for payment in model().payments:
        assert everything()[payment.flow].min() >= 0, payment.flow


def test_staff_shared_inside_a_consortium_are_missing_in_hospitals_and_found_in_primary_care():
    runs = run(all_on(), last=2016, every_step=True)
    shared = runs["shared_time_share"] * runs["physicians[secondary]"]
    there = runs["physicians[secondary]"] * (1 - runs["dispatched_time_share"]) - runs["doctors[secondary]"]
    own = (runs["physicians[primary]"] + runs["general_practitioners"]) * runs["activity_effort"]
    here = runs["doctors[primary]"] - own - VALUES["village_doctor_weight"] * runs["village_doctors"]
    assert shared[0, -1] > 5e4
    np.testing.assert_allclose(there, shared, rtol=1e-9, atol=1e-3)
    np.testing.assert_allclose(here, shared, rtol=1e-9, atol=1e-3)


def test_days_not_spent_in_hospital_are_spent_in_primary_care():
    runs = run(from_date("return_referral", 2014.0, 0.3), last=2018, every_step=True)
    returned, recovery = runs.sum("returned"), VALUES["recovery_stay"]
    saved = 0.0
    for tier in TIERS:
        trend = runs[f"stay_trend[{tier}]"] * runs[f"stay_payment_effect[{tier}]"]
        own = VALUES[f"stay_length_at_start[{tier}]"] * trend
        patients, stay = runs[f"tier_contacts[{tier},inpatient]"], runs[f"stay_aimed[{tier}]"]
        assert (stay > VALUES[f"stay_floor[{tier}]"]).all()
        if tier == "primary":
            found = stay * patients - own * (patients - returned)
        else:
            saved = saved + (own - stay) * patients
    assert returned[0, -1] > 1e6
    np.testing.assert_allclose(saved, returned * recovery, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(found, returned * recovery, rtol=1e-9, atol=1e-6)


def test_a_case_treated_by_hand_is_paid_in_parity_with_the_case_it_replaces():
    share, parity = VALUES["suitable_share"], 0.9
    runs = run(together(2014.0, traditional_payment=1.0, traditional_parity=parity, return_referral=0.0,
                        hospital_access=0.0), last=2018, every_step=True)  # fmt: skip
    for tier in TIERS:
        ordinary = sum(
            runs[f"intensity[{tier},inpatient,{item}]"]
            * runs[f"item_volume[{tier},{item}]"]
            * runs[f"item_price[{tier},{item}]"]
            * runs["severity[inpatient]"]
            for item in ("drugs", "consumables", "tests", "services")
        )
        late = runs.raw.times > 2014
        expected = ordinary * (1 - share + share * parity) * runs[f"charged_ratio[{tier},inpatient]"]
        np.testing.assert_allclose(runs[f"cost_per_contact[{tier},inpatient]"][0, late], expected[0, late], **CLOSE)


def test_a_guaranteed_floor_holds_and_government_pays_what_is_missing():
    runs = run(from_date("primary_pay_floor", 2014.0, 0.9), last=2030, every_step=True)
    late = runs.raw.times > 2014
    assert runs["pay_ratio[primary]"][0, late].min() >= 0.9 - 1e-9
    missing = (runs["pay_per_worker[primary]"] - runs["pay_earned[primary]"]) * runs["staff[primary]"]
    np.testing.assert_allclose(runs["pay_floor_paid"], missing, rtol=1e-9, atol=1.0)
    assert runs["pay_floor_paid"][0, runs.raw.times < 2014].max() == 0 < runs["pay_floor_paid"][0, -1]


def test_hospitals_outside_the_rules_buy_as_before_and_the_tier_is_the_mean_of_them_and_the_others():
    runs = run(together(2014.0, other_hospitals_joining=0.2), last=2026, every_step=True)
    outside = 0.8 * runs["other_hospital_share"]
    late = runs.raw.times > 2014
    for bought in ("drug_outlay", "drug_volume", "consumables_outlay", "consumables_volume"):
        mean = (1 - outside) * runs[f"{bought}[tertiary]"] + outside
        np.testing.assert_allclose(runs[f"{bought}[secondary]"][0, late], mean[0, late], rtol=1e-12)
    for item in ("drug", "consumables"):
        paid = (runs[f"{item}_price_paid[{tier}]"][0, -1] for tier in ("tertiary", "secondary"))
        assert next(paid) < next(paid) < runs[f"other_{item}_price"][0, -1]


# --- a place that people leave ---


def leaving(**values: float) -> dict:
    return {"leaving_odds": 0.3} | together(2014.0, **values)


def test_nobody_leaves_the_country():
    runs = run({})
    for name in ("leaving_share", "contacts_leaving", "outside_claims_paid", "outside_paid_by_patients"):
        assert runs.sum(name).max() == 0


def test_contacts_at_the_start_are_of_those_who_stay():
    runs = run({"leaving_odds": 0.3}, last=FIRST, every_step=True)
    assert 0.05 < runs["leaving_share[resident]"][0, 0] < 0.3
    given = [VALUES[name] for name in flat_names("contacts_at_start")]
    np.testing.assert_allclose([runs[name][0, 0] for name in flat_names("contacts")], given, rtol=1e-12)


def test_centres_keep_patients_and_better_cover_outside_lets_them_go():
    runs = run(leaving(), leaving(centre_programme=5e4), leaving(travel_reimbursement=1.0), last=2026)
    left = runs.sum("contacts_leaving")[:, -1]
    assert left[1] < 0.99 * left[0] and left[2] > 1.02 * left[0]
    money = runs.sum("outside_claims_paid") + runs.sum("outside_paid_by_patients")
    np.testing.assert_allclose(money, runs.sum("outside_bills"), rtol=1e-12)
    assert runs.year("fund_reserve[resident]", 2026)[2] < runs.year("fund_reserve[resident]", 2026)[0]


# --- what was measured, switched on at full intensity; a mechanism must be able to do it, and need not do it always ---

FROM = 2016.0


def consortium(days: float, referral: float, drug_list: float, budget: float, **parameters: float) -> tuple:
    """A close consortium everywhere against none, the rest of it alike."""
    rest = together(
        FROM, consortium_shared_days=days, consortium_referral=referral, unified_drug_list=drug_list,
        total_budget_share=budget,
    ) | parameters  # fmt: skip
    return rest | every("consortium_coverage", 0.0), rest | from_date("consortium_coverage", FROM, 1.0)


#: What the price of access can do at most: the upper ends of three ranges.
ACCESS = {
    name: model().parameter_ranges()[name].high
    for name in ("drug_list_relief", "access_cost[outpatient]", "price_elasticity[outpatient]")
}

CONSORTIA = {
    "on paper": consortium(0.005, 0.02, 0.1, 0.2),
    "as found on the whole": consortium(0.015, 0.08, 0.4, 1.0),
    "at its best": consortium(0.03, 0.15, 1.0, 1.0, **ACCESS),
}


@functools.cache
def with_consortia() -> Runs:
    return run(*(case for pair in CONSORTIA.values() for case in pair), last=2019)


def effect(name: str, per_head: bool, kind: str, years: slice = slice(6, 8)) -> float:
    """Difference, or ratio less one, over the two years from the date."""
    runs, place = with_consortia(), 2 * list(CONSORTIA).index(kind)
    values = runs.sum(name) if "[" not in name else runs[name]
    values = values / runs["persons_total"] if per_head else values
    off, on = values[place, years].mean(), values[place + 1, years].mean()
    return float(on - off if per_head else on / off - 1)


def visits(kind: str) -> tuple[float, float]:
    """Visits per head gained, all and in primary care."""
    parts = [effect(f"tier_contacts[{tier},outpatient]", True, kind) for tier in TIERS]
    return sum(parts), parts[-1]


def test_a_consortium_can_bring_the_visits_measured_at_best():
    """Ding S 2024: +0.43 visits per head, +0.34 of them in primary care."""
    every_visit, in_primary_care = visits("at its best")
    assert every_visit > 0.43 and in_primary_care > 0.34


def test_a_consortium_on_paper_changes_next_to_nothing():
    """Yang X 2024: often no change in primary care."""
    every_visit, in_primary_care = visits("on paper")
    assert 0 < every_visit < 0.05 and 0 < in_primary_care < 0.10


@pytest.mark.parametrize("kind", CONSORTIA)
def test_staff_and_beds_do_not_change_by_a_consortium(kind):
    """Ding S 2024: no significant change of staff and beds."""
    late = slice(8, 10)
    assert abs(effect("physicians", False, kind, late)) < 0.005
    assert abs(effect("beds", False, kind, late)) < 0.01


def test_members_of_a_consortium_are_treated_nearer_home():
    kind = "as found on the whole"
    assert effect("tier_contacts[tertiary,inpatient]", False, kind) < -0.02
    assert effect("tier_contacts[secondary,inpatient]", False, kind) > -0.01


def test_an_internet_hospital_adds_a_few_visits_and_more_spending_as_a_level():
    """Liu Y 2024: users' visits +2.4 %, their spending +15.5 %; here every patient of tertiary hospitals is a user."""
    users = {"internet_hospital_uptake": 1.0, "internet_hospital_time": 0.25}
    runs = run(every("internet_hospital_share", 0.0) | users, from_date("internet_hospital_share", 2016.0, 1.0) | users)
    contacts, bills = (
        sum(runs[f"tier_contacts[{tier},outpatient]"] * (runs[f"cost_per_contact[{tier},outpatient]"] if paid else 1)
            for tier in TIERS)
        for paid in (False, True)
    )  # fmt: skip
    more, dearer = contacts[1] / contacts[0] - 1, bills[1] / bills[0] - 1
    assert 0.002 < more[7] < 0.05 and 2 * more[7] < dearer[7] < 0.2
    assert abs(dearer[9] - dearer[7]) < 0.03
    own = runs["tier_contacts[tertiary,outpatient]"] * runs["cost_per_contact[tertiary,outpatient]"]
    assert 0.08 < (own[1] / own[0] - 1)[7] < 0.2


def test_drugs_prescribed_at_a_distance_raise_the_bill_and_keep_nobody_away():
    """Liu Y 2024: users spend far more and come no less."""
    online = from_date("internet_hospital_share", 2016.0, 1.0) | {
        "internet_hospital_uptake": 0.3,
        "remote_follow_up": 0.0,
    }
    runs = run(online | {"remote_prescribing": 0.0}, online | {"remote_prescribing": 0.4})
    few, many = runs.year("tier_contacts[tertiary,outpatient]", 2019)
    cheap, dear = runs.year("cost_per_contact[tertiary,outpatient]", 2019)
    assert dear / cheap > 1.03 and many / few == pytest.approx(1, abs=0.003)
    bill = runs.year("remote_bill", 2019)
    assert bill[0] == 0 and bill[1] == pytest.approx(dear - cheap, rel=0.15)


def test_users_of_an_internet_hospital_travel_to_all_visits_but_those_arranged_at_a_distance():
    online = from_date("internet_hospital_share", 2016.0, 1.0) | {"internet_hospital_uptake": 0.3}
    runs = run(online | {"remote_follow_up": 0.0}, online | {"remote_follow_up": 0.1}, last=2022)
    none, some = runs.year("journey_share[tertiary]", 2022)
    assert none == 1 and some == pytest.approx(1 - 0.1 * 0.3 / (1 + 0.1 * 0.3), abs=0.002)
