"""Levers that are money: somebody pays them, somebody gets them, and a budget that is shared out pays nothing twice."""

import functools

import numpy as np
import pytest
from model_runs import TIERS, Runs, from_date, run, scenario_values, together

VALUES = scenario_values()
CLOSE = {"rtol": 1e-9, "atol": 1e-6}


def inpatient_claims(runs: Runs) -> np.ndarray:
    return sum(runs[f"claims_due[{tier},inpatient,{scheme}]"] for tier in TIERS for scheme in ("employee", "resident"))


# --- points of a regional budget ---


@functools.cache
def coded(method: str) -> Runs:
    """All paid one way from 2014, audits absent: with upcoding as it is limited, and with none."""
    way = together(2014.0, fund_supervision=0.0, **{"drg_share": 0.0, "dip_share": 0.0, method: 1.0})
    way |= {"audit_answer": 0.0}
    return run(way, way | {"upcoding_limit": 1e-9})


def test_upcoding_costs_funds_under_open_rates_and_is_shared_out_under_points():
    for method, least, most in (("drg_share", 0.02, 0.1), ("dip_share", -1e-3, 1e-3)):
        upcoded, honest = inpatient_claims(coded(method))[:, -1]
        assert least < upcoded / honest - 1 < most, method


def test_points_are_worth_what_the_budget_of_true_cases_holds():
    runs = run(together(2014.0, dip_share=1.0, drg_share=0.0), last=2030, every_step=True)
    late = runs.raw.times > 2015
    budget = runs["usual_cases"] * (1 + VALUES["case_growth_allowed"] * VALUES["budget_time"])
    paid = runs["points_value"] * runs["points_made"]
    share = runs["points_share"]
    np.testing.assert_allclose(paid[0, late], (share * budget + (1 - share) * runs["points_made"])[0, late], rtol=1e-9)
    cases = sum(runs[f"tier_contacts[{tier},inpatient]"] for tier in TIERS)
    assert 0.9 * cases[0, -1] < runs["usual_cases"][0, -1] < cases[0, -1]


# --- primary care: who pays for what acts there ---


def test_activity_pay_is_paid_by_government_and_reaches_the_staff():
    runs = run({}, from_date("activity_pay_share", 2016.0, 0.2), last=2024, every_step=True)
    late = runs.raw.times >= 2016
    paid, staff = runs["activity_pay_paid"], runs["staff[primary]"]
    assert (paid[0] == 0).all() and (paid[1, late] > 0).all()
    np.testing.assert_allclose(paid[1], 0.2 * late * runs["pay_earned[primary]"][1] * staff[1], **CLOSE)
    earned = runs["pay_earned[primary]"] * staff + paid + runs["pay_floor_paid"]
    np.testing.assert_allclose(runs["pay_paid[primary]"], earned, rtol=1e-9)
    assert runs["pay_per_worker[primary]"][1, -1] > 1.15 * runs["pay_per_worker[primary]"][0, -1]


def test_activity_pay_counts_towards_the_floor():
    floor = from_date("primary_pay_floor", 2016.0, 0.9)
    runs = run(floor, floor | from_date("activity_pay_share", 2016.0, 0.2), last=2024, every_step=True)
    assert runs["pay_floor_paid"][1, -1] < runs["pay_floor_paid"][0, -1]
    assert runs["pay_ratio[primary]"][:, -1].min() >= 0.9 - 1e-9


@pytest.mark.parametrize(
    ("lever", "value", "flow"),
    [("village_doctor_support", 4.0, "village_support_paid"), ("retraining_share", 0.15, "retraining_paid")],
)
def test_who_is_supported_or_retrained_is_paid_for_by_government(lever, value, flow):
    runs = run({}, from_date(lever, 2016.0, value), last=2018)
    more = runs.year(flow, 2017)
    assert more[1] > 1.5 * more[0] > 0
    spent = runs.year("government_health_expenditure", 2017)
    assert spent[1] - spent[0] > 0.7 * (more[1] - more[0])


# --- grants for building ---


@pytest.mark.parametrize("tier", TIERS)
def test_a_small_grant_is_saved_and_of_a_large_one_most_is_built(tier):
    lever = f"capital_subsidy_share[{tier}]"
    sizes = (0.0, 1e-7, 0.02)
    runs = run(*({lever: size} for size in sizes), last=2010, every_step=True)
    built, grant = (runs[f"{name}[{tier}]"][:, 0] for name in ("invested", "capital_subsidy"))
    assert grant[0] == 0 and runs[f"own_building_share[{tier}]"][0, 0] == 1
    assert built[1] - built[0] < 0.35 * (grant[1] - grant[0])
    assert built[2] - built[0] > 0.8 * (grant[2] - grant[0])


@pytest.mark.parametrize("tier", TIERS)
def test_a_grant_for_building_makes_nobody_poorer(tier):
    lever = f"capital_subsidy_share[{tier}]"
    runs = run({}, from_date(lever, 2016.0, 0.001), last=2030)
    for name in ("pay_per_worker", "provider_cash"):
        poor, rich = runs.year(f"{name}[{tier}]", 2022)
        assert rich > poor, name
