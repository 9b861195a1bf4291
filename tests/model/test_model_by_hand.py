"""Small cores of the model written again by hand from its documents, integrated by another hand: the same numbers."""

import numpy as np
import pytest
from model_runs import TIERS, flat_names, from_date, run, scenario_values
from scipy.stats import norm

VALUES = scenario_values()
PRODUCTS = ("winners", "originators", "other_generics")
AGES = ("children", "adults", "older")
FAMILIES = ("need_bound", "expandable", "bulk")
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def dated(name, time, side):
    """A dated input by linear interpolation; at a jump the left or the right limit."""
    path = VALUES[name]
    dates, values = np.array(path.dates), np.array(path.values)
    after = int(np.searchsorted(dates, time, side="right" if side == "right" else "left"))
    if after == 0:
        return values[0]
    if after == len(dates):
        return values[-1]
    width = dates[after] - dates[after - 1]
    return values[after - 1] + (values[after] - values[after - 1]) * (time - dates[after - 1]) / width


def integrate(slope, state, start, stop, step):
    """Runge-Kutta of order four; a jump at a step's start counts from its right, one at its end from its left."""
    states, time = [state], start
    while time < stop - step / 2:
        k1 = slope(time, state, "right")
        k2 = slope(time + step / 2, state + step / 2 * k1, "right")
        k3 = slope(time + step / 2, state + step / 2 * k2, "right")
        k4 = slope(time + step, state + step * k3, "left")
        state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        time += step
        states.append(state)
    return np.array(states)


@pytest.fixture(scope="module")
def steps():
    return run(last=2040, every_step=True)


def test_people_by_age(steps):
    """Births, coming of age at fifteen, turning sixty-five, and deaths by age."""

    def slope(time, people, side):
        children, adults, _ = people
        grown = children / VALUES["childhood_time"]
        aged = adults * dated("ageing_rate", time, side)
        lost = dated("mortality_index", time, side) * people * [VALUES[f"mortality_rate[{a}]"] for a in AGES]
        return np.array([dated("birth_count", time, side) - grown, grown - aged, aged]) - lost

    start = np.array([VALUES[f"people_at_start[{age}]"] for age in AGES])
    expected = integrate(slope, start, 2010.0, 2041.0, 1 / 16)
    for place, age in enumerate(AGES):
        np.testing.assert_allclose(steps[f"people[{age}]"][0], expected[:, place], **CLOSE)


def test_chronic_disease_given_places_for_management(steps):
    """Found, managed, complicated: the flows from the equations, with places and people as the model has them."""
    places = steps["management_places"][0]
    adults, older = steps["people[adults]"][0], steps["people[older]"][0]
    names = ("unfound", "found", "managed", "complicated")
    state = {name: steps[f"chronic_{name}"][0] for name in names}
    free = adults + older - sum(state.values())
    onset = free * VALUES["onset_rate"] * (adults + VALUES["older_onset_ratio"] * older) / (adults + older)
    effort = np.array([dated("screening_effort", time, "right") for time in steps.raw.times])
    finding = state["unfound"] * (VALUES["finding_rate"] * effort + steps["screened_rate"][0])
    enrolled = state["found"] / VALUES["enrolment_time"] * places / (places + state["managed"])
    dropped = state["managed"] * VALUES["drop_out_rate"] * 2 * state["managed"] / (state["managed"] + places)
    rate, death = VALUES["complication_rate"], VALUES["chronic_death_rate"]
    for name, expected in {
        "onset": onset, "finding": finding, "enrolment": enrolled, "drop_out": dropped,
        "complications_unfound": state["unfound"] * rate * VALUES["unfound_complication_ratio"],
        "complications_managed": state["managed"] * rate * (1 - VALUES["management_protection"]),
        "deaths_found": state["found"] * death,
    }.items():  # fmt: skip
        np.testing.assert_allclose(steps[name][0], expected, **CLOSE, err_msg=name)


def test_choice_of_tier_is_the_logit_of_the_brief(steps):
    """``V = a - b ln p + g quality + t habit + k contract`` and size, with constants from the first year's shares.

    Hospitals upgraded since count where they are now, in the start's shares, doctors, beds and habits.
    """
    trust = steps["trust"][0] / VALUES["trust_at_start"]
    signed = steps["effective_contract_share"][0] - VALUES["contract_share_at_start"]
    signed = signed / (1 + VALUES["contract_saturation"] * signed)
    left = steps["never_upgraded"][0]

    def regrouped(start):
        moved = start["secondary"] * (1 - left)
        return {
            "tertiary": start["tertiary"] + moved,
            "secondary": start["secondary"] * left,
            "primary": start["primary"],
        }

    for care, bracket in (("outpatient", "outpatient,resident]"), ("inpatient", "inpatient,employee]")):
        utility = {}
        measure = "headcount" if care == "outpatient" else "beds"
        constants = regrouped({tier: VALUES[f"contacts_at_start[{tier},{bracket}"] for tier in TIERS})
        usual = regrouped({tier: steps[f"habit[{tier},{care}]"][0, 0] for tier in TIERS})
        for tier in TIERS:
            quality = steps[f"perceived_quality[{tier}]"][0] / steps[f"perceived_quality[{tier}]"][0, 0]
            size = (
                steps[f"{measure}[{tier}]"][0]
                / regrouped({each: steps[f"{measure}[{each}]"][0, 0] for each in TIERS})[tier]
            )
            habit = steps[f"habit[{tier},{care}]"][0]
            price = steps[f"felt_price[{tier},{bracket}"][0]
            own = tier == "primary"
            utility[tier] = (
                np.log(constants[tier])
                - VALUES["tier_price_coefficient"] * np.log(price / price[0])
                + VALUES["quality_coefficient"] * np.log(quality * (trust if own else 1))
                + VALUES["size_coefficient"] * np.log(size)
                + VALUES["habit_coefficient"] * np.log(habit / usual[tier])
                + VALUES["contract_coefficient"] * signed * own
            )
        weights = {tier: np.exp(each) for tier, each in utility.items()}
        for tier in TIERS:
            guided = steps[f"first_contact_share[{bracket.partition(',')[2]}"][0]
            rule = VALUES[f"gatekept_share[{tier},{care}]"]
            expected = (1 - guided) * weights[tier] / sum(weights.values()) + guided * rule
            np.testing.assert_allclose(steps[f"chosen_share[{tier},{bracket}"][0], expected, rtol=1e-9)


def test_molecules_under_contract(steps):
    """Open, in a first contract, in a renewed one, expired: rounds as enacted, agreements that run out, renewal."""

    def slope(time, state, side):
        free, first, again, expired = state
        won = min(dated("drug_procurement_rounds", time, side), free / VALUES["round_time"])
        first_ended, again_ended = first / VALUES["agreement_time"], again / VALUES["agreement_time"]
        renewed = expired / VALUES["renewal_time"] * dated("renewal_effort", time, side)
        lapsed = expired / VALUES["lapse_time"]
        ended = first_ended + again_ended
        return np.array([lapsed - won, won - first_ended, renewed - again_ended, ended - renewed - lapsed])

    expected = integrate(slope, np.array([VALUES["molecules_total"], 0.0, 0.0, 0.0]), 2010.0, 2041.0, 1 / 16)
    for place, name in enumerate(("molecules_open", "molecules_first", "molecules_renewed", "molecules_expired")):
        np.testing.assert_allclose(steps[name][0], expected[:, place], rtol=1e-9, atol=1e-6)
    under = expected[:, 1] + expected[:, 2]
    np.testing.assert_allclose(steps["molecules_contracted"][0], under, rtol=1e-9, atol=1e-6)
    first_cycle = expected[:, 1] / (under + VALUES["molecules_floor"])
    assert first_cycle.max() > 0.9 and first_cycle[-1] < 0.1
    np.testing.assert_allclose(steps["first_cycle_share"][0], first_cycle, rtol=1e-9, atol=1e-9)
    ever = under + expected[:, 3]
    buying = np.array([dated("drug_procurement_coverage", time, "right") for time in steps.raw.times])
    covered = buying * VALUES["coverage_limit"] * (1 - np.exp(-ever / VALUES["coverage_scale"]))
    np.testing.assert_allclose(steps["covered_share"][0], covered, rtol=1e-9, atol=1e-9)


def test_consumables_bought_in_volume(steps):
    """Families under contract follow coverage with a delay; price and use follow them."""

    def slope(time, state, side):
        aimed = np.array([dated(f"consumables_procurement_coverage[{f}]", time, side) for f in FAMILIES])
        return (aimed - state) / VALUES["consumables_time"]

    covered = integrate(slope, np.zeros(3), 2010.0, 2041.0, 1 / 16)
    share = np.array([VALUES[f"family_share[{f}]"] for f in FAMILIES])
    cut = np.array([VALUES[f"consumables_price_cut[{f}]"] for f in FAMILIES])
    other = np.array([dated("other_consumables_price", time, "right") for time in steps.raw.times])
    for place, each in enumerate(FAMILIES):
        np.testing.assert_allclose(steps[f"family_covered[{each}]"][0], covered[:, place], **CLOSE)
    elasticity = np.array([VALUES[f"family_price_elasticity[{f}]"] for f in FAMILIES])
    price = 1 - covered * cut
    used, spent = price**-elasticity @ share, price ** (1 - elasticity) @ share
    np.testing.assert_allclose(steps["consumables_volume[tertiary]"][0], used, **CLOSE)
    np.testing.assert_allclose(steps["consumables_price_paid[tertiary]"][0], other * spent / used, **CLOSE)


def test_price_of_drugs_follows_from_shares_and_prices_of_products(steps):
    mean = sum(steps[f"product_share[{p}]"][0] * steps[f"product_price[{p}]"][0] for p in PRODUCTS)
    before = sum(VALUES[f"product_share_at_start[{p}]"] * VALUES[f"product_price_at_start[{p}]"] for p in PRODUCTS)
    other = np.array([dated("other_drug_price", time, "right") for time in steps.raw.times])
    price = mean / before
    platform = np.array([dated("platform_share", time, "right") for time in steps.raw.times])
    share, volume = steps["covered_share"][0] * platform, price ** -VALUES["own_price_volume"]
    leaking = VALUES["leakage_share"] * (1 - price)
    spent, used = 1 + share * (price * volume - 1 + leaking), 1 + share * (volume - 1 + leaking)
    np.testing.assert_allclose(steps["drug_price_paid[tertiary]"][0], other * spent / used, **CLOSE)


ITEMS = ("drugs", "consumables", "tests", "services")


def test_way_of_payment_moves_the_cost_of_a_case_by_what_the_next_yuan_earns():
    """Marginal revenue as a mean over who pays and how, at the margin of the start; both methods at most all cases.

    By item a yuan of cost earns itself and the margin; a fund that pays by the case pays its share of that yuan only
    as far as the method follows cost, and in full for cases left out of the rates; of that a cap takes its part, but
    not of points.
    """
    both = from_date("drg_share", 2016.0, 0.9) | from_date("dip_share", 2016.0, 0.6)
    runs = run(both | from_date("case_payment_exclusion", 2016.0, 0.1), last=2018, every_step=True)
    drg, dip, left_out = (runs[name][0] for name in ("drg_share", "dip_share", "case_payment_exclusion"))
    parts = 1 / np.maximum(1, drg + dip)
    assert parts[0] == 1.0 and parts[-1] == pytest.approx(1 / 1.5)
    drg, dip = drg * parts, dip * parts
    flat_fee, per_diem = ((1 - drg - dip) * runs[name][0] for name in ("flat_fee_share", "per_diem_share"))
    np.testing.assert_allclose(runs["case_share"][0], drg + dip, **CLOSE)
    for tier in TIERS:
        bill = np.array([VALUES[f"intensity_at_start[{tier},inpatient,{item}]"] for item in ITEMS])
        margin = np.array([runs[f"item_margin[{tier},{item}]"][0, 0] for item in ITEMS]) @ bill / bill.sum()
        admitted = [
            sum(VALUES[f"contacts_at_start[{each},inpatient,{scheme}]"] for each in TIERS)
            for scheme in ("employee", "resident")
        ]
        paid = [runs[f"fund_share[{tier},inpatient,{scheme}]"][0] for scheme in ("employee", "resident")]
        fund = (admitted[0] * paid[0] + admitted[1] * paid[1]) / sum(admitted)
        ruled = runs[f"rule_share[{tier}]"][0] * (1 - left_out)
        by_drg, by_dip = drg * ruled, dip * ruled
        older = (flat_fee + per_diem) * ruled  # earn nothing more
        capped = by_drg * VALUES["drg_marginal_revenue"] + (1 - by_drg - by_dip - older) * (1 + margin)
        taken = runs[f"capped_weight[{tier}]"][0]
        revenue = (1 - fund) * (1 + margin) + (fund - taken) * capped + fund * by_dip * VALUES["dip_marginal_revenue"]
        np.testing.assert_allclose(runs[f"marginal_revenue[{tier}]"][0], revenue, **CLOSE)
        # Of the answer to the change, a part wears off as practice gets used to the new way.
        used_to, part = runs[f"usual_marginal_revenue[{tier}]"][0], VALUES["adapted_share"]
        assert 0 < part < 1 and used_to[-1] > revenue[-1] + 0.01
        pull = VALUES["cost_response"] * ((1 - part) * (revenue - revenue[0]) + part * (revenue - used_to))
        assert pull.min() < -0.01
        np.testing.assert_allclose(runs[f"payment_pull[{tier}]"][0], pull, **CLOSE)
        mean_gain = np.array([runs[f"item_incentive[{tier},{item}]"][0, 0] for item in ITEMS]) @ bill / bill.sum()
        for care, weight in (("outpatient", 0.0), ("inpatient", 1.0)):
            for item in ITEMS:
                gain = runs[f"item_incentive[{tier},{item}]"][0]
                answer = VALUES[f"incentive_sensitivity[{item}]"] * (gain - gain[0])
                answer = answer + weight * VALUES[f"payment_weight[{item}]"] * pull
                earning = np.maximum(0, 1 + VALUES["earning_weight"] * (gain - gain[0]) / mean_gain)
                wanted = VALUES[f"inducement_weight[{item}]"] * earning
                expected = runs[f"inducement[{tier}]"][0] ** wanted * np.exp(answer)
                np.testing.assert_allclose(runs[f"item_response[{tier},{care},{item}]"][0], expected, **CLOSE)


def test_performance_pay_is_the_share_of_what_is_left_that_pays_the_standard_at_income_of_the_start(steps):
    """What is not fixed of standard pay, over what would be left of the start's income were so much fixed."""
    for tier in TIERS:
        staff, fixed = steps[f"staff[{tier}]"][0], steps[f"fixed_pay_share[{tier}]"][0]
        wage = steps["wage"][0]
        standard = VALUES[f"pay_at_start[{tier}]"] * wage / wage[0] * steps[f"pay_standard_lift[{tier}]"][0]
        left = np.maximum(0, steps[f"net_income[{tier}]"][0] - fixed * standard * staff)
        paid, earned = standard[0] * staff[0], steps[f"net_income[{tier}]"][0, 0]
        share = (1 - fixed) * paid / (earned - fixed * paid)
        assert 0 < share.min() <= share.max() < 1
        np.testing.assert_allclose(steps[f"performance_pay[{tier}]"][0], share * left, **CLOSE)


def test_rate_of_a_case(steps):
    """Yardstick with a floor and a lag; the reported cost as the model has it, the rate by the trapezoid rule."""
    tier = "tertiary"
    weight, time = VALUES["rate_cost_weight"], VALUES["rate_update_time"]
    inflation = np.array([dated("inflation", t, "right") for t in steps.raw.times])
    price = np.array([dated("price_index", t, "right") for t in steps.raw.times])
    items = [
        name for name in flat_names("intensity_at_start") if name.startswith(f"intensity_at_start[{tier},inpatient")
    ]
    base = sum(VALUES[name] for name in items)
    rate, known = steps[f"case_rate[{tier}]"][0], steps[f"reported_cost[{tier}]"][0]
    aimed = (1 - weight) * rate * (1 + inflation * time) + weight * known * (1 + VALUES["rate_margin"])
    expected = (np.maximum(base * price * VALUES["rate_floor_share"], aimed) - rate) / time
    np.testing.assert_allclose(steps[f"rate_update[{tier}]"][0], expected, rtol=1e-9, atol=1e-6)
    moved = np.diff(rate) * 16
    np.testing.assert_allclose(moved, (expected[1:] + expected[:-1]) / 2, rtol=2e-2, atol=5.0)


def test_claims_beyond_the_budget_are_cut_by_the_share_hospitals_bear(steps):
    for scheme in ("employee", "resident"):
        claims = [name for name in flat_names("claims_made") if name.endswith(f"{scheme}]")]
        made = sum(steps[name][0] for name in claims)
        growth = np.array([dated(f"budget_growth[{scheme}]", time, "right") for time in steps.raw.times])
        capped = np.array([dated("capped_share", time, "right") for time in steps.raw.times])
        allowed = 1 + growth * VALUES["budget_time"]
        budget = steps[f"usual_claims[{scheme}]"][0] * allowed
        budget = budget * (1 - VALUES["budget_response"] * steps[f"deficit_share[{scheme}]"][0])
        beyond, spread = np.maximum(-1, 1 - budget / made), VALUES["cap_dispersion"]
        expected_part = beyond * norm.cdf(beyond / spread) + spread * norm.pdf(beyond / spread)
        cut = capped * VALUES["overspend_on_hospitals"] * expected_part
        assert cut.max() > 0.005
        in_budget, overspent = (steps[f"{name}[{scheme}]"][0] for name in ("capitated_share", "overspend_cut"))
        for name in claims:
            due = steps[name.replace("made", "due")][0]
            member = VALUES[f"consortium_member_share[{name.partition('[')[2].partition(',')[0]}]"]
            of_tier = name.partition("[")[2].partition(",")[0]
            points = steps[f"point_share[{of_tier}]"][0] if ",inpatient," in name else 0.0
            expected = steps[name][0] * (1 - cut * (1 - in_budget) * (1 - points)) * (1 - member * overspent)
            np.testing.assert_allclose(due, expected, rtol=1e-9)


def test_of_those_turned_away_by_the_other_tiers_a_share_is_sent_on_as_far_as_there_is_room(steps):
    for care in ("outpatient", "inpatient"):
        sought = sum(steps[f"contacts_sought[secondary,{care},{scheme}]"][0] for scheme in ("employee", "resident"))
        room = np.maximum(0, 1 - sought / steps[f"capacity[secondary,{care}]"][0])
        assert 0 < room.max() < 1
        for scheme in ("employee", "resident"):
            away = sum(steps[f"turned_away[{tier},{care},{scheme}]"][0] for tier in ("tertiary", "primary"))
            sent_on = steps[f"redirected[{care},{scheme}]"][0]
            np.testing.assert_allclose(sent_on, VALUES[f"redirect_share[{care}]"] * away * room, rtol=1e-9, atol=1e-6)
