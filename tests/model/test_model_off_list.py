"""Charges off the benefit list: who wishes them, what audits strike off, and who is spared by it."""

import functools

import numpy as np
import pytest
from model_runs import TIERS, Runs, from_date, run, scenario_values, together
from scipy.integrate import quad

VALUES = scenario_values()
CARES = ("outpatient", "inpatient")
PLACES = [f"{tier},{care}" for tier in TIERS for care in CARES]


@functools.cache
def audited() -> Runs:
    """The baseline, and supervision full, absent, and full with a low ceiling from 2016 on."""
    full = from_date("fund_supervision", 2016.0, 1.0)
    return run(
        {}, full, from_date("fund_supervision", 2016.0, 0.0), full | {"out_of_list_ceiling": 0.1}, every_step=True
    )


@pytest.mark.parametrize("place", PLACES)
def test_what_is_struck_off_is_found_beyond_the_ceiling_of_an_exponential_spread(place):
    runs, tier = audited(), place.partition(",")[0]
    wished, struck = (runs[f"{name}[{place}]"] for name in ("wished_off_list", "struck_off"))
    for row, ceiling in ((1, VALUES["out_of_list_ceiling"]), (3, 0.1)):
        mean = wished[row, -1]
        beyond = quad(lambda x, c=ceiling, m=mean: (x - c) * np.exp(-x / m) / m, ceiling, np.inf, epsrel=1e-11)[0]
        found = runs["expected_finding"][row, -1] * runs[f"rule_share[{tier}]"][row, -1]
        assert struck[row, -1] == pytest.approx(beyond * found, rel=1e-8)
    assert (struck[3] > struck[1]).all()


@pytest.mark.parametrize("place", PLACES)
def test_what_is_on_the_list_is_charged_whatever_is_struck_off(place):
    """So that audits take nothing from funds' patients but charges that only patients would have paid."""
    runs = audited()
    names = ("out_of_list_share", "charged_ratio", "struck_off_at_start", "wished_off_list")
    share, charged, at_start, wished = (runs[f"{name}[{place}]"] for name in names)
    np.testing.assert_allclose((1 - share) * charged * (1 - at_start), 1 - wished, rtol=1e-12)
    assert charged[1, -1] < charged[0, -1] < 1


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_struck_off_where_nobody_is_found(place):
    runs = run(together(2011.0, fund_supervision=0.0, drg_share=0.0, dip_share=0.0), last=2040, every_step=True)
    assert 0 < runs[f"struck_off[{place}]"][0, -1] < 1e-6
    assert runs[f"out_of_list_share[{place}]"][0, -1] == pytest.approx(
        runs[f"wished_off_list[{place}]"][0, -1], rel=1e-5
    )


def test_supervision_spares_patients_charges_and_funds_nothing_by_them():
    runs = audited()
    year = np.searchsorted(runs.raw.times, 2024.0)
    for place in PLACES:
        share = runs[f"out_of_list_share[{place}]"][:, year]
        assert share[3] < share[1] < share[0] < share[2], place
    for name in ("patients_paid", "claims_due"):
        paid = runs.sum(name)[:, year]
        assert paid[1] < paid[0] < paid[2], name


def test_audits_take_part_of_what_payment_by_the_case_drives_off_the_list():
    low = together(2016.0, dip_share=0.0, fund_supervision=1.0) | {"out_of_list_ceiling": 0.1}
    runs = run(low | from_date("drg_share", 2016.0, 0.0), low | from_date("drg_share", 2016.0, 0.9), last=2024)
    wished, share = (
        runs.year(f"{name}[tertiary,inpatient]", 2024) for name in ("wished_off_list", "out_of_list_share")
    )
    assert 0.1 * (wished[1] - wished[0]) < share[1] - share[0] < 0.8 * (wished[1] - wished[0])


def test_charges_off_the_list_never_reach_the_whole_bill():
    strong = {"list_response": 1.0, "out_of_list_at_start[tertiary,inpatient]": 0.95}
    runs = run(*(strong | together(2012.0, drg_share=s, dip_share=0.0, fund_supervision=0.0) for s in (0.0, 1.0)))
    wished = runs["wished_off_list[tertiary,inpatient]"]
    assert 0.94 < runs["out_of_list_share[tertiary,inpatient]"].max() < 1 and wished.max() < 1
    assert wished[1, -1] > wished[0, -1]
