"""Methods of payment, each against payment by item, and the hospital's cap: what the next yuan, day and case earn."""

import functools
import itertools

import numpy as np
import pytest
from model_runs import TIERS, Case, Runs, every, from_date, model, run, scenario_values

METHODS = ("flat_fee_share", "per_diem_share", "drg_share", "dip_share")
SCHEMES = ("employee", "resident")
VALUES = scenario_values()
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def only(date: float, **shares: float) -> Case:
    """From a date on some methods have a share, and the others none."""
    return {flat: p for name in METHODS for flat, p in from_date(name, date, shares.get(name, 0.0)).items()}


@functools.cache
def each_method(date: float) -> Runs:
    """Payment by item, then four fifths by each method."""
    return run(only(date), *(only(date, **{name: 0.8}) for name in METHODS))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("date", [2012.0, 2018.0, 2028.0])
def test_every_method_but_payment_by_item_lowers_the_cost_of_a_case(date, method):
    cost = each_method(date).year("hospital_cost_per_contact[inpatient]", int(date) + 3)
    assert cost[1 + METHODS.index(method)] < 0.99 * cost[0]


@pytest.mark.parametrize("date", [2012.0, 2018.0, 2028.0])
@pytest.mark.parametrize("tier", TIERS)
def test_days_paid_lengthen_the_stay_and_every_other_method_shortens_it(date, tier):
    stay = each_method(date).year(f"stay_length[{tier}]", int(date) + 3)
    longer, shorter = (
        stay[1 + METHODS.index("per_diem_share")],
        np.delete(stay, [0, 1 + METHODS.index("per_diem_share")]),
    )
    assert longer > stay[0] * 1.002
    assert (shorter < stay[0] * 0.998).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_rate_above_cost_brings_admissions_under_every_method_and_one_below_it_keeps_them_away(method):
    paid = only(2016.0, **{method: 0.8})
    runs = run(paid, paid | {"rate_margin": 0.05}, paid | {"rate_margin": -0.03}, last=2021)
    effect = runs.year("admission_payment_effect[tertiary]", 2021)
    admitted = runs.year("tier_contacts[tertiary,inpatient]", 2021)
    assert effect[2] < effect[0] < effect[1]
    assert admitted[2] < admitted[0] < admitted[1]


def test_by_item_alone_no_result_on_a_rate_moves_admissions():
    still = every("flat_fee_share", 0.0) | every("per_diem_share", 0.0) | only(FIRST)
    runs = run(still, last=2030, every_step=True)
    for tier in TIERS:
        assert runs["rate_share"].max() == 0
        np.testing.assert_array_equal(runs[f"rate_multiple[{tier}]"], 1.0)
        moved_by = runs[f"budget_restraint[{tier}]"] + runs[f"perceived_cap[{tier}]"]
        restraint = np.exp(-VALUES["admission_response"] * moved_by)
        np.testing.assert_allclose(runs[f"admission_payment_effect[{tier}]"], restraint, rtol=1e-9)


FIRST = 2010.0
#: Every method at nothing or all, together with the cap.
CORNERS = list(itertools.product((0.0, 1.0), repeat=len(METHODS) + 1))


@functools.cache
def corners() -> Runs:
    cases = []
    for *shares, cap in CORNERS:
        case = only(2014.0, **dict(zip(METHODS, shares, strict=True)))
        cases.append(case | from_date("capped_share", 2014.0, cap) | {"overspend_on_hospitals": 0.9})
    return run(*cases, may_fail=True)


def test_methods_at_the_ends_of_their_ranges_run_and_never_pay_more_than_all():
    runs = corners()
    assert [failure.message for failure in runs.raw.failures] == []
    parts = {name: runs[name] for name in ("drg_part", "dip_part", "flat_fee_part", "per_diem_part")}
    for name, part in parts.items():
        assert part.min() >= 0, name
    whole = sum(parts.values())
    assert whole.max() <= 1 + 1e-12
    np.testing.assert_allclose(runs["rate_share"], whole, **CLOSE)
    for tier in TIERS:
        assert runs[f"marginal_revenue[{tier}]"].min() > 0
        assert runs[f"capped_weight[{tier}]"].max() <= runs[f"fund_weight[{tier}]"].max()
    errors = runs.conservation_errors()
    assert max(np.abs(error).max() for error in errors.values()) < 1e-9


def test_drg_and_points_take_the_place_of_flat_fees_and_days():
    runs = run(only(2016.0, flat_fee_share=0.6, per_diem_share=0.6), only(2016.0, flat_fee_share=0.6, drg_share=0.75))
    late = runs.raw.times > 2016
    for name, shares in (("flat_fee_part", (0.5, 0.15)), ("per_diem_part", (0.5, 0.0)), ("drg_part", (0.0, 0.75))):
        for place, share in enumerate(shares):
            np.testing.assert_allclose(runs[name][place, late], share, **CLOSE)


def _by_tier(runs: Runs, tier: str) -> tuple[float, np.ndarray, np.ndarray]:
    """Mean margin of the start, the funds' part of a mean bill, and what of it is under the rules."""
    items = ("drugs", "consumables", "tests", "services")
    bill = np.array([VALUES[f"intensity_at_start[{tier},inpatient,{item}]"] for item in items])
    margin = np.array([runs[f"item_margin[{tier},{item}]"][0, 0] for item in items]) @ bill / bill.sum()
    return margin, runs[f"fund_weight[{tier}]"], runs[f"rule_share[{tier}]"] * (1 - runs["excluded_share"])


def test_the_next_yuan_earns_nothing_under_a_flat_fee_or_within_a_day_and_the_next_day_its_rate():
    paid = every("capped_share", 0.0) | only(2016.0, flat_fee_share=0.3, per_diem_share=0.5)
    runs = run(paid, last=2018, every_step=True)
    for tier in TIERS:
        margin, fund, ruled = _by_tier(runs, tier)
        flat, by_day = runs["flat_fee_part"], runs["per_diem_part"]
        yuan = (1 + margin) * (1 - fund * ruled * (flat + by_day))
        np.testing.assert_allclose(runs[f"marginal_revenue[{tier}]"], yuan, **CLOSE)
        day = yuan + fund * ruled * by_day * VALUES["further_day_revenue"]
        np.testing.assert_allclose(runs[f"day_revenue[{tier}]"], day, **CLOSE)
        answer = np.exp(VALUES["stay_response"] * (day - day[:, :1]))
        np.testing.assert_allclose(runs[f"stay_payment_effect[{tier}]"], answer, **CLOSE)
        assert yuan[0, -1] < yuan[0, 0] - 0.2 and day[0, -1] > yuan[0, -1] + 0.2


def test_a_flat_fee_pays_the_rate_and_days_as_many_rates_as_the_stay_is_longer_than_usual():
    shares = {"flat_fee_share": 0.3, "per_diem_share": 0.5}
    runs = run(only(2012.0, **shares), last=2016, every_step=True)
    for tier in TIERS:
        _, _, ruled = _by_tier(runs, tier)
        cost, rate = runs[f"cost_per_contact[{tier},inpatient]"], runs[f"case_rate[{tier}]"]
        days = runs[f"stay_length[{tier}]"] / runs[f"reported_stay[{tier}]"]
        flat, by_day = runs["flat_fee_part"], runs["per_diem_part"]
        paid = cost * (1 - ruled * (flat + by_day)) + rate * ruled * (flat + by_day * days)
        for scheme in SCHEMES:
            made = runs[f"contacts[{tier},inpatient,{scheme}]"] * runs[f"fund_share[{tier},inpatient,{scheme}]"] * paid
            made = made * runs[f"false_claims_ratio[{tier}]"]
            np.testing.assert_allclose(runs[f"claims_made[{tier},inpatient,{scheme}]"], made, rtol=1e-7)


# --- the cap ---


def _bite(runs: Runs, scheme: str) -> np.ndarray:
    """Hospitals' share of an overspend in those beyond their cap, whose overspending has a normal spread."""
    from scipy.stats import norm

    claims = [name for name in model().flat_names("claims_made") if name.endswith(f"{scheme}]")]
    over = 1 - runs[f"claims_budget[{scheme}]"] / sum(runs[name] for name in claims)
    beyond = norm.cdf(over / VALUES["cap_dispersion"])
    return runs["capped_share"] * VALUES["overspend_on_hospitals"] * beyond


def test_a_cap_takes_hospitals_share_of_the_next_yuan_save_of_points_and_total_budgets():
    runs = run({}, every_step=True)
    admitted = {
        scheme: sum(VALUES[f"contacts_at_start[{tier},inpatient,{scheme}]"] for tier in TIERS) for scheme in SCHEMES
    }
    for tier in TIERS:
        taken, own = 0.0, 0.0
        for scheme in SCHEMES:
            weight = runs[f"fund_share[{tier},inpatient,{scheme}]"] * admitted[scheme] / sum(admitted.values())
            taken = taken + weight * _bite(runs, scheme) * (1 - runs[f"capitated_share[{scheme}]"])
            own = own + weight * runs[f"capitated_share[{scheme}]"] * VALUES[f"consortium_member_share[{tier}]"]
        np.testing.assert_allclose(runs[f"capped_weight[{tier}]"], taken, rtol=1e-6)
        margin, fund, ruled = _by_tier(runs, tier)
        by_item = (1 - runs["rate_share"] * ruled) * (1 + margin)
        capped = by_item + runs["drg_part"] * ruled * VALUES["drg_marginal_revenue"]
        points = runs["dip_part"] * ruled * VALUES["dip_marginal_revenue"]
        revenue = (1 - fund) * (1 + margin) + (fund - own - taken) * capped + (fund - own) * points
        np.testing.assert_allclose(runs[f"marginal_revenue[{tier}]"], revenue, rtol=1e-6)
        assert taken.max() > 0.05


def test_a_tighter_cap_lowers_the_cost_of_a_case_and_sends_charges_outside_the_list():
    runs = run(*(only(2012.0) | from_date("capped_share", 2012.0, share) for share in (0.0, 1.0)), last=2016)
    for name, sign in (
        ("marginal_revenue[tertiary]", -1),
        ("payment_pull[tertiary]", -1),
        ("stay_length[tertiary]", -1),
        ("out_of_list_share[tertiary,inpatient]", 1),
    ):
        free, capped = runs.year(name, 2014)
        assert sign * (capped - free) > 1e-4 * abs(free), name


def test_where_all_is_paid_by_points_no_hospitals_cap_moves_its_margin():
    paid = only(2014.0, dip_share=1.0) | from_date("case_payment_exclusion", 2014.0, 0.0)
    runs = run(*(paid | from_date("capped_share", 2014.0, share) for share in (0.0, 1.0)), last=2016, every_step=True)
    late = runs.raw.times > 2014
    margin, fund, _ = _by_tier(runs, "tertiary")
    expected = (1 - fund) * (1 + margin) + fund * VALUES["dip_marginal_revenue"]
    np.testing.assert_allclose(runs["marginal_revenue[tertiary]"][:, late], expected[:, late], **CLOSE)


def test_what_a_cap_takes_of_all_claims_and_what_it_takes_of_the_next_are_two_things():
    """The cut is of what is beyond the budget and lowers income; the bite is of the next yuan, and of what it earns."""
    runs = run({}, every_step=True)
    for scheme in SCHEMES:
        cut, bite = runs[f"cap_cut[{scheme}]"], runs[f"cap_bite[{scheme}]"]
        assert (cut < bite).all() and bite.max() < VALUES["overspend_on_hospitals"]
