"""Compensation and promotion, each equation worked by hand on the engine's own values, with inputs that differ."""

import numpy as np
import pytest
from model_runs import TIERS, from_date, run, scenario_values

UNLIKE = {
    "promotion_share[drugs]": 0.20,
    "promotion_share[consumables]": 0.07,
    **from_date("drug_mark_up[tertiary]", 2011.0, 0.12),
    **from_date("consumables_mark_up[tertiary]", 2011.0, 0.03),
    **from_date("drug_mark_up[primary]", 2011.0, 0.09),
    **from_date("consumables_mark_up[primary]", 2011.0, 0.02),
}


@pytest.fixture(scope="module")
def runs():
    """Values at every step, so that products are exact; drugs and consumables are unlike in all they have."""
    return run(UNLIKE, last=2022, every_step=True)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-9)


@pytest.mark.parametrize("tier", TIERS)
def test_firms_pay_a_share_of_what_they_sell_before_mark_up(runs, tier):
    for flow, item in (("drug_promotion", "drugs"), ("device_promotion", "consumables")):
        sold = runs[f"item_income[{tier},{item}]"] / (1 + runs[f"mark_up[{tier},{item}]"])
        promoted = runs[f"promoted_share[{tier},{item}]"]
        expected = sold * UNLIKE[f"promotion_share[{item}]"] * promoted
        close(runs[f"{flow}[{tier}]"], expected)


def test_mean_pay_weights_each_tier_by_its_own_staff(runs):
    paid = sum(runs[f"pay_per_worker[{tier}]"] * runs[f"staff[{tier}]"] for tier in TIERS)
    staff = sum(runs[f"staff[{tier}]"] for tier in TIERS)
    close(runs["mean_pay"], paid / staff / (1 + scenario_values()["on_cost_ratio"]))


@pytest.mark.parametrize("tier", TIERS)
def test_pay_is_fixed_and_performance_pay_within_the_limit(runs, tier):
    limit = runs["payroll_limit"] * runs["wage"] * (1 + scenario_values()["on_cost_ratio"])
    earned = runs[f"fixed_pay[{tier}]"] + runs[f"performance_pay[{tier}]"] + runs[f"surplus_for_pay[{tier}]"]
    restraint = 1 - scenario_values()["pay_restraint"] * runs[f"debt_strain[{tier}]"]
    paid = np.minimum(limit, earned / runs[f"staff[{tier}]"]) * restraint
    close(runs[f"pay_earned[{tier}]"], paid)
    lifted = runs["pay_floor_gap"] if tier == "primary" else 0.0
    close(runs[f"pay_per_worker[{tier}]"], paid + lifted)
    close(runs[f"pay_paid[{tier}]"], runs[f"pay_per_worker[{tier}]"] * runs[f"staff[{tier}]"])


@pytest.mark.parametrize("tier", ["tertiary", "secondary"])
def test_a_house_deep_in_debt_pays_and_hires_less_begins_less_building_and_is_helped_more(tier):
    """Wages that treble in 2012 and no subsidy drive all into debt; twins differ in whether debt counts."""
    laden = from_date("wage", 2012.0, 3e5) | from_date("recurrent_subsidy_share", 2012.0, 0.0)
    runs = run(laden | {"debt_limit": 0.6}, laden | {"debt_limit": 1e9}, last=2017)
    strain, ratio = runs[f"debt_strain[{tier}]"], lambda name: np.divide(*runs[f"{name}[{tier}]"][:, 5])
    assert strain[0, 5] > 0.4 and strain[1, 5] < 1e-9
    for name in ("pay_per_worker", "bed_growth_wanted", "recruiting"):
        assert ratio(name) < 0.95, name
    assert ratio("losses_covered") > 1.5 and runs[f"loans[{tier}]"][0, 5] < runs[f"loans[{tier}]"][1, 5]


@pytest.mark.parametrize("tier", TIERS)
def test_what_was_owed_at_the_start_ties_nobodys_hands(tier):
    """Effects count against the start: what was owed then, practice had already borne."""
    runs = run({f"loan_ratio_at_start[{tier}]": 1.5}, last=2011, every_step=True)
    assert runs[f"debt_burden[{tier}]"][0, 0] > 1 and runs[f"debt_strain[{tier}]"][0, 0] == 0


@pytest.mark.parametrize("tier", TIERS)
def test_low_morale_drives_people_out(runs, tier):
    elasticity = scenario_values()["exit_morale_elasticity"]
    assert elasticity > 0
    close(runs[f"morale_exit[{tier}]"], runs[f"morale[{tier}]"] ** -elasticity)
    spread = runs[f"morale[{tier}]"].max() - runs[f"morale[{tier}]"].min()
    assert spread > 0.01


def test_lower_pay_raises_exits():
    runs = run({}, from_date("pay_standard_lift[secondary]", 2014.0, 0.7), last=2020)
    leaving = runs["physician_exit[secondary]"] / runs["physicians[secondary]"]
    assert (leaving[1, 6:] > leaving[0, 6:]).all()


@pytest.mark.parametrize("tier", TIERS)
def test_however_much_of_pay_is_fixed_no_more_is_paid_than_is_earned_unless_it_is_fixed(tier):
    """What is not fixed is a share of what is left, so that only fixed pay can exceed what the house earns."""
    runs = run(*(from_date(f"fixed_pay_share[{tier}]", 2026.0, share) for share in (0.0, 0.3, 0.6, 1.0)), last=2035,
               every_step=True)  # fmt: skip
    shares = runs[f"performance_share[{tier}]"][:, -1]
    assert (np.diff(shares) < 0).all() and shares[-1] == 0 and shares[0] < 1
    spent = runs[f"fixed_pay[{tier}]"] + runs[f"performance_pay[{tier}]"]
    most = np.maximum(runs[f"fixed_pay[{tier}]"], runs[f"net_income[{tier}]"])
    assert (spent <= most * (1 + 1e-9))[:, runs.raw.times >= 2026].all()


def test_at_the_income_of_the_start_pay_is_the_standard_however_much_of_it_is_fixed():
    shares = (0.1, 0.5, 0.9)
    runs = run(*({f"fixed_pay_share[{tier}]": share for tier in TIERS} for share in shares), last=2010, every_step=True)
    for tier in TIERS:
        paid = runs[f"pay_per_worker[{tier}]"][:, 0]
        np.testing.assert_allclose(paid, scenario_values()[f"pay_at_start[{tier}]"], rtol=1e-6)
