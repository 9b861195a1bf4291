"""General practitioners in training and under bond: how long it takes, what holds them, and who draws them up."""

import functools

import numpy as np
import pytest
from model_runs import Runs, every, from_date, run, scenario_values, together

from healthreform.sectors.names import training_year
from healthreform.stockflow.paths import Path

VALUES = scenario_values()
CLOSE = {"rtol": 1e-9}
YEARS = training_year.elements

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
    """The first students came in the autumn of 2010, so that nine in ten of all who serve by 2021 began after 2015."""
    served = of("as it is", "bond_begun")
    before = runs().raw.times < 2016
    assert served[before].sum() < 0.1 * served[runs().raw.times < 2022].sum()


def test_students_are_those_who_entered_less_those_who_gave_up_and_who_finished():
    """Nobody appears or vanishes between the years of training."""
    many = run(CASES["many, all under bond"], last=2035)
    for kind, finished in (("free", "graduation"), ("bonded", "bonded_graduation")):
        inside = sum(many[f"students[{kind},{year}]"][0] for year in YEARS)
        lost = sum(many[f"training_given_up[{kind},{year}]"][0] for year in YEARS)
        entered = many[f"training_begun[{kind}]"][0]
        np.testing.assert_allclose(np.diff(inside), (entered - lost - many[finished][0])[1:], rtol=1e-9, atol=1e-6)


def test_training_takes_as_long_as_it_is_said_to():
    """Half of a cohort have finished after eight years, and hardly anybody after four."""
    entering = {**every("trainees_at_start", 0.0), "training_drop_out_rate": 0.0, "bonded_share": 1.0}
    entering["general_practitioner_enrolment"] = Path.from_points([(2010.0, 8e4), (2011.0, 8e4), (2011.0, 0.0)])
    cohort = run(entering, last=2040, every_step=True)
    done = np.cumsum(cohort["bonded_graduation"][0]) / 16 / 8e4
    assert done[np.searchsorted(cohort.raw.times, 2014.5)] < 0.06
    assert abs(done[np.searchsorted(cohort.raw.times, 2018.5)] - 0.5) < 0.1
    assert done[-1] == pytest.approx(1, abs=0.01)


def test_students_under_bond_are_paid_for_by_government_and_the_others_are_not():
    paid, price = of("as it is", "teaching_paid"), of("as it is", "price_index")
    costs = [VALUES[f"teaching_cost[{year}]"] for year in YEARS]
    due = sum(cost * of("as it is", f"students[bonded,{year}]") for cost, year in zip(costs, YEARS, strict=True))
    np.testing.assert_allclose(paid, due * price, **CLOSE)
    assert paid[0] == 0 and at("all under bond", "teaching_paid", 2025) > 1.5 * at("as it is", "teaching_paid", 2025)
    assert at("none under bond", "teaching_paid", 2035) < 0.01 * at("as it is", "teaching_paid", 2035)


def test_who_is_drawn_up_is_free_or_has_served():
    free = runs()["general_practitioners"] - runs()["under_bond"]
    leaving = runs()["bond_served"] * runs()["hospital_chosen_share[bond_end]"]
    np.testing.assert_allclose(runs()["general_practitioner_drawn_up"], free * runs()["siphon_pull"] + leaving, **CLOSE)


def test_odds_of_going_to_a_hospital_go_with_its_draw():
    draw = runs()["hospital_draw"] / runs()["hospital_draw_at_start"]
    shares = {
        "hospital_chosen_share[bond_end]": VALUES["leaving_after_bond_usual"],
        "hospital_chosen_share[graduate]": 1 - VALUES["post_taken_freely"],
        "hospital_chosen_share[bonded_graduate]": 1 - VALUES["post_taken_under_bond"],
    }
    for name, usual in shares.items():
        share = runs()[name]
        np.testing.assert_allclose(share / (1 - share) / (usual / (1 - usual)), draw, **CLOSE)
        assert at("better paid", name, 2017) < at("as it is", name, 2017)


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


def test_where_hospitals_have_no_post_open_everybody_stays():
    """Without physicians at the start hospitals have no posts; who finishes training takes up the post at home."""
    none = run({"physicians_at_start[tertiary]": 0.0, "physicians_at_start[secondary]": 0.0}, last=2025)
    for name in ("vacancy", "post_declined", "general_practitioner_drawn_up", "drawn_up"):
        assert (none[name] == 0).all(), name
    np.testing.assert_array_equal(none["bond_begun"], none["bonded_graduation"])


def test_full_hospitals_take_fewer_graduates():
    full = run({}, {"physicians_at_start[tertiary]": 410000.0, **from_date("new_physicians", 2011.0, 9e5)}, last=2025)
    assert (full["vacancy"][1, 5:] < 0.8 * full["vacancy"][0, 5:]).all()
    chosen = full["hospital_chosen_share[graduate]"]
    assert (chosen[1, 5:] < chosen[0, 5:] - 0.03).all()


def test_doctors_drawn_up_leave_primary_care_less_well_trained():
    """Those who go were formally taught, and village doctors stay."""
    drawn = run({}, {"siphon_rate": 0.04}, last=2016)
    assert (drawn["training_level"][1, 2:] < drawn["training_level"][0, 2:]).all()
    assert drawn["capability[primary]"][1, -1] < drawn["capability[primary]"][0, -1]
