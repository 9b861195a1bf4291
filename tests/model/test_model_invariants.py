"""What must hold however the parameters stand: savings counted once, losses not overpaid, an end to every change."""

import functools

import numpy as np
import pytest
from model_runs import TIERS, Runs, every, flat_names, from_date, held, jump, model, run, scenario_values
from numpy.typing import NDArray

from healthreform.stockflow.paths import Path

#: Nothing answers: with these a change of price changes bills, and no volume; nor is a fee pegged to other prices.
NO_ANSWER = {
    key: value
    for name, number in (
        ("price_elasticity", 0.0), ("tier_price_coefficient", 0.0), ("own_price_volume", 0.0), ("leakage_share", 0.0),
        ("inducement_slope", 0.0), ("exit_morale_elasticity", 0.0), ("hiring_pay_elasticity", 0.0),
        ("siphon_elasticity", 0.0), ("bed_surplus_response", 0.0), ("capability_of_equipment", 0.0),
        ("promotion_share", 0.0), ("service_price_adjustment", 0.0), ("mark_up_price_compensation", 0.0),
        ("admission_response", 0.0), ("list_response", 0.0), ("cost_response", 0.0), ("stay_response", 0.0),
        ("family_price_elasticity", 0.0), ("surplus_to_prevention", 0.0), ("traditional_payment", 0.0),
        ("exit_shortage", 0.0), ("debt_limit", 1e9),
    )
    for key, value in every(name, number).items()
}  # fmt: skip


@functools.cache
def with_and_without_rounds() -> Runs:
    bought = NO_ANSWER | every("drg_share", 0.3) | every("dip_share", 0.3)
    return run(bought, bought | {"drug_procurement_rounds": 0.0} | every("consumables_procurement_coverage", 0.0))


def test_savings_of_procurement_sum_over_those_who_gain_to_price_cut_times_volume():
    runs = with_and_without_rounds()
    gained = 0.0
    for name in ("claims_due", "left_to_patients", "other_paid", "assistance_paid", "waived_paid", "borne_by_provider"):
        gained = gained + runs.sum(name)[1] - runs.sum(name)[0]
    saving = runs["saving_total"][0]
    assert saving[-1] > 1e11 and runs["saving_total"][1].max() == 0
    np.testing.assert_allclose(gained[saving > 1e9], saving[saving > 1e9], rtol=1e-6)


@pytest.mark.parametrize(("elasticity", "leaks"), [(0.0, 0.0), (0.15, 0.1), (0.6, 0.2)])
def test_bills_fall_by_what_molecules_and_their_alternatives_cost_less(elasticity, leaks):
    """A molecule's further volume is paid at its own price, not at that of all drugs."""
    bought = NO_ANSWER | {"own_price_volume": elasticity, "leakage_share": leaks}
    runs = run(bought, bought | {"drug_procurement_rounds": 0.0})
    for tier in TIERS:
        bill = runs[f"item_bill[{tier},outpatient,drugs]"] - runs[f"innovation_cost[{tier},outpatient]"]
        covered = runs[f"procured_share[{tier}]"][0]
        saved = 1 - runs["molecule_spending"][0] - leaks * (1 - runs["molecule_price"][0])
        np.testing.assert_allclose(bill[0] / bill[1], 1 - covered * saved, rtol=1e-3)
    assert covered[-1] > 0.1 and saved[-1] > 0.1


def test_what_buyers_save_firms_lose():
    runs = with_and_without_rounds()
    lost = runs.sum("drugs_bought") + runs.sum("consumables_paid")
    late = runs.raw.times > 2020  # no mark-up is left then
    np.testing.assert_allclose((lost[1] - lost[0])[late], runs["saving_total"][0][late], rtol=1e-6)


def test_room_is_what_is_saved_less_what_leaks_or_falls_to_consortia_and_savings_retained_come_out_of_it(baseline):
    leak, steps = scenario_values()["room_leakage"], run({}, every_step=True)
    kept_out = steps["consortium_room_share"]
    assert 0.01 < kept_out[0, -1] < 0.5 and kept_out[0, 0] == 0
    np.testing.assert_allclose(steps["room_made"], steps["saving_total"] * (1 - leak) * (1 - kept_out), rtol=1e-12)
    np.testing.assert_allclose(baseline["retained_total"], baseline.sum("savings_retained"), rtol=1e-12, atol=1e-3)
    assert (baseline["retained_total"] <= baseline["saving_total"] * (1 + 1e-12)).all()


def test_contracts_stay_in_their_first_cycle_until_it_ends():
    """One round and no other: half a year later no contract has run out and been renewed for long."""
    one_round = from_date("drug_procurement_rounds", 2015.0, 200.0, until=2015.5)
    runs = run(one_round, last=2017, every_step=True)
    half_a_year_on = int(np.searchsorted(runs.raw.times, 2016.0))
    assert runs["molecules_contracted"][0, half_a_year_on] > 50
    assert runs["first_cycle_share"][0, half_a_year_on] > 0.5


# --- what is recovered of a loss ---

MARK_UP_GONE = Path.from_points([(2010.0, 0.15), (2013.0, 0.15), (2013.25, 0.0)])


@functools.cache
def mark_up_kept_and_gone(slope: float, background: str) -> Runs:
    base = dict(held(2010.0)) if background == "held" else {}
    base |= every("mark_up_price_compensation", 0.0) | every("price_elasticity", 0.0) | {"tier_price_coefficient": 0.0}
    kept = base | {"inducement_slope": slope} | every("drug_mark_up", 0.15)
    return run(kept, kept | {flat: MARK_UP_GONE for flat in flat_names("drug_mark_up")}, last=2030)


@pytest.mark.parametrize("background", ["history", "held"])
@pytest.mark.parametrize("slope", [0.1, 0.35, 0.5])
def test_what_hospitals_recover_of_a_loss_never_exceeds_half_of_it(slope, background):
    """A mark-up goes and no price makes it up: more volume wins back a part of the income lost.

    Income is taken before wear: who has less idle cash buys less equipment, and less wear is no recovery by volume.
    All tiers count together, as all lose their mark-up: patients whom one wins from another, because the other builds
    fewer beds or keeps fewer doctors, bring back nothing of what was lost.
    """
    runs = mark_up_kept_and_gone(slope, background)
    reserve = scenario_values()["upkeep_reserve"]
    lost = missing = 0.0
    for tier in TIERS:
        lost = lost + runs[f"item_income[{tier},drugs]"][0] * 0.15 / 1.15
        income = runs[f"net_income[{tier}]"] + reserve * runs[f"depreciation[{tier}]"]
        missing = missing + income[0] - income[1]
    assert (1 - missing / lost)[4:].max() < 0.5


#: Answers other than want of income, and whatever else would move tiers apart, are still.
WANT_ALONE = {
    key: value
    for name in ("price_elasticity", "tier_price_coefficient", "own_price_volume", "exit_morale_elasticity",
                 "hiring_pay_elasticity", "siphon_elasticity", "bed_surplus_response", "capability_of_equipment")
    for key, value in every(name, 0.0).items()
} | {"inducement_limit": 50.0, "inducement_mirror": 1.0, "debt_limit": 1e9}  # fmt: skip


@functools.cache
def recovered_of_a_subsidy(slope: float, weight: float) -> dict[str, NDArray[np.float64]]:
    """By tier, what volume wins back of a tenth of its subsidy, by year, without a ceiling on inducement."""
    base = nothing_changes(**PAYMENT_ALONE) | WANT_ALONE
    base |= {"inducement_slope": slope, "reference_wage_weight": weight}
    less = {flat: jump(Path.constant(value), 2012.0, 0.9 * value) for flat, value in subsidies().items()}
    runs, reserve = run(base, base | less, last=2040), scenario_values()["upkeep_reserve"]
    found = {}
    for tier in TIERS:
        lost = -np.diff(runs[f"recurrent_subsidy[{tier}]"], axis=0)[0]
        income = runs[f"net_income[{tier}]"] + reserve * runs[f"depreciation[{tier}]"]
        found[tier] = 1 + np.diff(income, axis=0)[0][2:] / lost[2:]
    return found


def subsidies() -> dict[str, float]:
    return {flat: path.value(2010.0) for flat, path in held(2010.0, only=["recurrent_subsidy_share"]).items()}


@pytest.mark.parametrize("weight", ["low", "value", "high"])
@pytest.mark.parametrize("end", ["low", "high"])
def test_at_both_ends_of_its_range_want_of_income_recovers_at_most_half_of_a_small_loss(end, weight):
    """In the whole model, in every year, and whatever the weight of the economy's wage in what is thought fair."""
    slope, wage = (model().records.parameters[name] for name in ("inducement_slope", "reference_wage_weight"))
    for tier in TIERS:
        recovered = recovered_of_a_subsidy(getattr(slope, end)[()], getattr(wage, weight)[()])[tier]
        assert 0 < recovered.max() <= 0.5, tier


def test_a_slope_far_beyond_its_range_would_recover_more_than_half():
    assert recovered_of_a_subsidy(3.0, 0.5)["tertiary"].max() > 0.5


@pytest.mark.parametrize("tier", TIERS)
def test_inducement_stays_inside_its_limits(baseline, tier):
    limit = scenario_values()["inducement_limit"]
    mirror = scenario_values()["inducement_mirror"]
    assert baseline[f"inducement[{tier}]"].max() <= limit
    assert baseline[f"inducement[{tier}]"].min() >= 1 - mirror * (limit - 1)


# --- constant drivers ---

STILL = (
    "technology_pace", "inflation", "service_price_drift", "upgrade_rate", "budget_growth", "birth_count",
    "ageing_rate", "mortality_rate", "service_price_adjustment",
)  # fmt: skip


def nothing_changes(**changes: float) -> dict[str, float | Path]:
    """Drivers and policy of the start held for ever, and a population that neither grows nor ages."""
    case = dict(held(2010.0)) | {"childhood_time": 1e12}
    for name in STILL:
        case |= every(name, 0.0)
    for name, value in changes.items():
        case |= every(name, value)
    return case


#: Tiers neither compete nor build: what is left is payment, incentives and prices.
PAYMENT_ALONE = {
    "bed_plan_limit": 0.0, "bed_closing_rate": 0.0, "size_coefficient": 0.0, "exit_rate": 0.0, "new_physicians": 0.0,
    "siphon_rate": 0.0, "retraining_share": 0.0, "general_practitioner_enrolment": 0.0, "village_entry_rate": 0.0,
    "village_exit_rate": 0.0, "trainees_at_start": 0.0, "retrainees_at_start": 0.0, "beds_being_built_at_start": 0.0,
}  # fmt: skip


@functools.cache
def century(floor: float = 0.7) -> Runs:
    """By the case from 2012 on, at three update weights, with constant drivers."""
    by_case = nothing_changes(**PAYMENT_ALONE, rate_floor_share=floor)
    by_case |= {"drg_share": Path.from_points([(2012.0, 0.0), (2014.0, 0.8)]), "rate_margin": 0.0}
    return run(*(by_case | {"rate_cost_weight": weight} for weight in (0.3, 0.6, 1.0)), last=2110)


@pytest.mark.parametrize("tier", TIERS)
def test_rates_and_cost_converge_under_constant_drivers_for_a_century(tier):
    runs = century()
    for name in (f"case_rate[{tier}]", f"cost_per_contact[{tier},inpatient]", f"intensity[{tier},inpatient,drugs]"):
        values = runs[name]
        last, middle = (np.abs(values[:, end] / values[:, end - 10] - 1).max() for end in (100, 50))
        assert last < 0.005 and (last < 0.7 * middle or max(last, middle) < 1e-4), name  # or at rest long before
        assert values[:, -1].min() > 0.75 * values[:, 0].max(), name  # no slide of rate and cost to nothing


@pytest.mark.parametrize("tier", TIERS)
def test_a_rate_never_falls_below_its_floor_and_ends_at_cost_above_it(tier):
    runs = century()
    assert (runs[f"case_rate[{tier}]"] >= runs[f"rate_floor[{tier}]"]).all()
    cost = runs[f"cost_per_contact[{tier},inpatient]"][:, -1]
    np.testing.assert_allclose(runs[f"case_rate[{tier}]"][:, -1], cost, rtol=2e-3)


def test_a_floor_above_cost_holds_the_rate():
    runs = century(floor=1.3)
    for tier in TIERS:
        np.testing.assert_allclose(runs[f"case_rate[{tier}]"][:, -1], runs[f"rate_floor[{tier}]"][:, -1], rtol=1e-6)


@functools.cache
def settled(**changes: float) -> Runs:
    """Everything works, and nothing drives it, for four centuries.

    What comes to rest last is what primary care owes and owns: its debts and equipment close a gap by two thirds in a
    hundred years and more.
    """
    return run(nothing_changes(new_physicians=1.1e5, **changes), last=2409, may_fail=True)


def test_frozen_drivers_and_policy_come_to_their_end():
    assert settled().raw.failures == ()


def debt(runs, tier):
    """Loans in years of revenue."""
    return runs[f"loans[{tier}]"][0] / runs[f"revenue[{tier}]"][0]


@pytest.mark.parametrize("tier", TIERS)
def test_frozen_drivers_and_policy_never_bankrupt_a_tier(tier):
    """Debt comes to rest, by a thousandth a year, and is never more than two and a half times the lenders' limit."""
    owed = debt(settled(), tier)
    assert owed.max() < 2.5 * scenario_values()["debt_limit"]
    assert owed[-1] == pytest.approx(owed[-21], rel=0.02)


def test_it_is_restraint_that_ends_borrowing():
    """Whose losses nobody covers comes to rest in debt; cut the loop, and he borrows interest upon interest."""
    uncovered = {"loss_cover_share": 0.0}
    owed = debt(settled(**uncovered), "primary")
    assert 0.5 < owed[-1] < 1 and owed[-1] == pytest.approx(owed[-51], rel=0.02)
    runs = settled(debt_limit=1e9, **uncovered)
    assert debt(runs, "primary")[-1] > 20
    assert runs["loans[primary]"][0, -1] > 2 * runs["loans[primary]"][0, -21]


@pytest.mark.parametrize(("name", "value"), [("loss_cover_share", 0.0), ("interest_rate", 0.065), ("debt_limit", 1.6)])
def test_debt_comes_to_rest_with_less_help_dearer_loans_and_laxer_lenders(name, value):
    """By a twentieth in fifty years at most, or slower and slower: laxer lenders wait longer for their money."""
    owed = debt(settled(**{name: value}), "secondary")
    last, before = (abs(owed[end] / owed[end - 50] - 1) for end in (-1, -51))
    assert owed.max() < 5
    assert last < max(0.05, before) and last < 0.1


@pytest.mark.parametrize("tier", TIERS)
def test_restraint_sleeps_while_debt_is_what_it_was_in_these_years(baseline, tier):
    assert baseline[f"debt_strain[{tier}]"][0, :12].max() < 0.002


@pytest.mark.parametrize("tier", TIERS)
def test_the_network_that_planning_keeps_is_never_closed(tier):
    share = scenario_values()[f"network_share[{tier}]"]
    empty = run(nothing_changes(new_physicians=1.1e5, bed_plan_limit=0.0, bed_closing_rate=0.2), last=2309)
    kept = share * scenario_values()[f"beds_at_start[{tier}]"]
    assert empty[f"beds[{tier}]"].min() > 0.99 * kept
    assert empty[f"beds[{tier}]"][0, -1] < 1.1 * kept


@pytest.mark.parametrize("name", ["beds", "physicians", "tier_contacts", "occupancy", "intensity"])
def test_frozen_drivers_and_policy_settle(name):
    runs = settled()
    for flat in flat_names(name):
        assert abs(runs[flat][0, -1] / runs[flat][0, -21] - 1) < 0.01, flat


@pytest.mark.parametrize(
    ("case", "tiers"),
    [
        pytest.param(from_date("outbreak_restriction", 2014.0, 0.8), TIERS, id="epidemic"),
        pytest.param(nothing_changes(new_physicians=1.1e5), ("secondary",), id="frozen"),
    ],
)
def test_nobody_builds_beds_for_wards_half_empty(case, tiers):
    """Face validity of the bed-building loop: at less than six tenths of target, no net growth of beds is wanted.

    Of a hospital that is a little more than half its beds. Looked at step by step: a year in which wards empty has
    months in which they are full. The target of primary care is lower, and half-full wards of it do grow.
    """
    runs = run(case, every_step=True)
    for tier in tiers:
        target = scenario_values()[f"occupancy_target[{tier}]"]
        assert tier == "primary" or 0.6 * target > 0.5
        empty = runs[f"usual_occupancy[{tier}]"] < 0.6 * target
        assert empty.sum() > 32, f"no ward of {tier} is empty for two years: nothing to look at"
        closing = runs[f"beds_closed[{tier}]"] / runs[f"beds[{tier}]"]
        assert (runs[f"bed_growth_wanted[{tier}]"][empty] <= closing[empty]).all(), tier


def test_a_larger_tier_draws_patients_less_than_in_proportion_in_the_long_run():
    """Gain of the loop of size, habit and beds: with size s and habit h the long-run answer is s / (1 - h)."""
    values = scenario_values()
    assert values["size_coefficient"] / (1 - values["habit_coefficient"]) < 1


def test_winners_gain_what_the_others_lose_generics_first():
    """Lu J 2022: all that lost fell by 62 %; Chen Y 2021: originators by 38 %, or by up to a half."""
    bought = from_date("drug_procurement_rounds", 2019.0, 100.0)
    alike = {f"giving_way[{product}]": 1.0 for product in ("winners", "originators", "other_generics")}
    first = scenario_values()["giving_way[other_generics]"] / scenario_values()["giving_way[originators]"]
    assert first > 1.5
    runs = run(bought, bought | alike, last=2020)
    before = {
        product: scenario_values()[f"product_share_at_start[{product}]"]
        for product in ("originators", "other_generics")
    }
    for place, ratio in ((0, first), (1, 1.0)):
        lost = {each: 1 - runs.year(f"product_share[{each}]", 2020)[place] / before[each] for each in before}
        volume = runs.year("product_volume[originators]", 2020)[place] / before["originators"]
        assert 0.38 < 1 - volume < 0.51
        assert lost["other_generics"] == pytest.approx(ratio * lost["originators"], rel=1e-3)
        gained = runs.year("product_share[winners]", 2020)[place] - scenario_values()["product_share_at_start[winners]"]
        assert gained == pytest.approx(sum(before[each] * lost[each] for each in before), rel=1e-9)
        if ratio > 1:
            assert gained / sum(before.values()) == pytest.approx(0.6228, abs=0.05)
