"""General practitioners under bond: who they are, what holds them, and what they do when it ends."""

import functools

import numpy as np
from model_runs import Runs, from_date, run, scenario_values, together

VALUES = scenario_values()
CLOSE = {"rtol": 1e-9}

CASES = {
    "as it is": {},
    "all under bond": from_date("bonded_share", 2011.0, 1.0),
    "none under bond": from_date("bonded_share", 2011.0, 0.0),
    "many, all under bond": together(2011.0, bonded_share=1.0, general_practitioner_enrolment=60000.0),
    "a longer bond": {"bond_time": 6.0},
    "better paid": together(2014.0, **{"pay_standard_lift[primary]": 1.4}),
}


@functools.cache
def runs() -> Runs:
    return run(*CASES.values(), last=2035, every_step=True)


def of(case: str, name: str) -> np.ndarray:
    return runs()[name][list(CASES).index(case)]


def at(case: str, name: str, year: int) -> float:
    return float(of(case, name)[np.searchsorted(runs().raw.times, year)])


def test_those_under_bond_are_a_part_of_all():
    assert (runs()["under_bond"] >= 0).all()
    assert (runs()["under_bond"] < runs()["general_practitioners"]).all()
    assert at("many, all under bond", "under_bond", 2035) > 0.05 * at(
        "many, all under bond", "general_practitioners", 2035
    )


def test_nobody_serves_before_school_and_residency_are_over():
    """The first students came in the autumn of 2010, so that four in five of all who serve by 2021 began after 2017."""
    served = of("as it is", "bond_begun")
    before = runs().raw.times < 2016
    assert served[before].sum() < 0.2 * served[runs().raw.times < 2022].sum()


def test_who_is_drawn_up_is_free_or_has_served():
    free = runs()["general_practitioners"] - runs()["under_bond"]
    leaving = runs()["bond_served"] * runs()["leaving_after_bond"]
    np.testing.assert_allclose(runs()["general_practitioner_drawn_up"], free * runs()["siphon_pull"] + leaving, **CLOSE)


def test_odds_of_leaving_after_a_bond_go_with_the_pull_of_hospitals():
    leaving, usual = runs()["leaving_after_bond"], VALUES["leaving_after_bond_usual"]
    pull = runs()["siphon_pull"] / runs()["siphon_pull_at_start"]
    np.testing.assert_allclose(leaving / (1 - leaving) / (usual / (1 - usual)), pull, **CLOSE)
    assert at("better paid", "leaving_after_bond", 2017) < at("as it is", "leaving_after_bond", 2017)


def test_a_bond_brings_graduates_but_holds_them_for_a_time_only():
    """More of those under bond take up a post; what they add later is far less than those who came."""
    more = of("all under bond", "general_practitioners") - of("none under bond", "general_practitioners")
    begun = of("all under bond", "bond_begun") - of("none under bond", "bond_begun")
    came = np.cumsum(begun) / 16
    year = np.searchsorted(runs().raw.times, 2035)
    assert more[np.searchsorted(runs().raw.times, 2022)] > 0
    assert 0 < more[year] < 0.3 * came[year]


def test_a_longer_bond_keeps_more_of_them():
    for year in (2022, 2030):
        for name in ("under_bond", "general_practitioners"):
            assert at("a longer bond", name, year) > at("as it is", name, year)


def test_where_hospitals_drew_nobody_at_the_start_the_usual_share_leaves():
    none = run({"siphon_rate": 0.0}, last=2025)
    np.testing.assert_allclose(none["leaving_after_bond"], VALUES["leaving_after_bond_usual"], rtol=1e-14)
