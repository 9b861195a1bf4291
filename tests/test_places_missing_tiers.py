"""Places without tertiary or secondary hospitals: nothing of the tier is there, and all else holds."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from places_common import HEAD, write

import healthreform as hr
from healthreform.behaviour_checks import judged
from healthreform.behaviour_file import read_behaviour
from healthreform.derivation.base import Base
from healthreform.derivation.facts import facts_of
from healthreform.place import Place

#: Units of what is counted or paid; the rest is said per contact, bed or worker.
COUNTED = {f"{unit}{end}" for unit in ("yuan", "bed", "worker", "contact", "person") for end in ("", "/year")}
ROUND_OFF_ONLY = ("bills_settled", "bridge")
PEOPLE = "start = 2010\n[facts]\npopulation = 1e6\n"


def county_text(tertiary: float) -> str:
    """A county of 420 thousand people, with so large a part of an ordinary tertiary hospital."""
    return f"""start = 2012
[facts]
population = 420e3
outpatient_visits = {{ tertiary = {tertiary * 300e3!r}, secondary = 560e3, primary = 1.3e6 }}
admissions = {{ tertiary = {tertiary * 15e3!r}, secondary = 26e3, primary = 12e3 }}
beds = {{ tertiary = {tertiary * 400!r}, secondary = 900, primary = 420 }}
physicians = {{ tertiary = {tertiary * 120!r}, secondary = 330, primary = 390 }}
gdp = 11e9
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tiers")


@pytest.fixture(scope="module")
def county(folder):
    """A county without a tertiary hospital."""
    return Place.load(write(folder, county_text(0.0), "county"))


@pytest.fixture(scope="module")
def town(folder):
    """A place without secondary hospitals, of which hardly anything else is known."""
    return Place.load(write(folder, PEOPLE + "beds = { secondary = 0 }\n", "town"))


def told_idle(place, changes):
    run = hr.simulate(place, "linked_package", changes)
    return json.loads(run.attrs["changes_without_effect"])


# ------------------------------------------------------------------------------------------------ runs


@pytest.mark.parametrize("scenario", ["baseline", "linked_package"])
@pytest.mark.parametrize(("name", "missing"), [("county", "tertiary"), ("town", "secondary")])
def test_a_place_without_a_tier_runs_to_2040_and_has_nothing_of_it(name, missing, scenario, request):
    place = request.getfixturevalue(name)
    assert place.missing_tiers == (missing,)
    run = hr.simulate(place, scenario)  # which checks every account, stock and balance
    assert int(run.time[-1]) == 2040 and float(run.fund_reserve.min()) > 0
    for year in (place.start, 2040):
        assert abs(hr.bridge(run, year)["not explained"]) < 1e-3
    for name, values in run.data_vars.items():
        assert "time" not in values.dims or np.isfinite(values.values).all(), name
        if "tier" in values.dims and values.attrs["units"] in COUNTED:
            assert not values.sel(tier=missing).values.any(), name
    for shares in ("chosen_share", "contact_share", "habit"):
        assert not run[shares].sel(tier=missing).values.any(), shares
        np.testing.assert_allclose(run[shares].sum("tier").values, 1, rtol=1e-12, err_msg=shares)
    assert float(run.tier_contacts.sum("tier").min()) > 0


def test_a_tier_that_is_not_there_is_like_one_too_small_to_matter(county, folder):
    """At the start all of the other tiers is the same; to 2040 nine in ten outcomes are within a fiftieth.

    They are not the same later on, because the funds' ceiling is reckoned against the mean bill of the tiers there
    are, whatever their size, and the rule of first contact refers people to hospitals by name.
    """
    no_rule = {"gatekeeping_coverage": 0.0, "consortium_referral": 0.0}
    values = "[values]\nupgrade_rate = 0\ncentre_programme = 0\n" + "".join(
        f'"{name}[tertiary]" = 0\n' for name in ("recurrent_subsidy_share", "capital_subsidy_share")
    )
    tiny = Place.load(write(folder, county_text(1e-6) + values, "tiny"))
    assert tiny.missing_tiers == ()
    outcomes = hr.variables().query("outcome").index
    one, two = hr.simulate(county, "baseline", no_rule), hr.simulate(tiny, "baseline", no_rule)
    away = {}
    for name in outcomes.difference(ROUND_OFF_ONLY):
        ours, theirs = one[name], two[name]
        if "tier" in ours.dims:
            ours, theirs = (each.sel(tier=["secondary", "primary"]) for each in (ours, theirs))
        size = np.abs(ours.values).max()
        away[name] = np.abs(ours.values - theirs.values).max() / size if size else 0.0
    assert np.quantile(list(away.values()), 0.9) < 0.025 and max(away.values()) < 0.05, away
    states = [Base("p", place.model, 2012, 2012).at(2012) for place in (county, tiny)]
    for name in ("tier_contacts", "medical_income", "pay_paid", "capacity", "claims_due", "surplus", "hired", "beds"):
        for tier in ("secondary", "primary"):
            ours, theirs = (state[name][tier].values for state in states)
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3, err_msg=f"{name} {tier}")  # a surplus of 0


@pytest.mark.parametrize(
    ("place", "idle", "live"),
    [
        (
            "county",
            {
                "recurrent_subsidy_share[tertiary]": 0.003, "capital_subsidy_share[tertiary]": 0.001,
                "centre_programme": {2026: 10.0}, "upgrade_rate": 0.1, "internet_hospital_share": 0.9,
                "bed_plan_limit[tertiary]": 0.5,
            },
            "recurrent_subsidy_share[secondary]",
        ),
        (
            "town",
            {
                "recurrent_subsidy_share[secondary]": 0.003, "consortium_shared_days": 0.2, "upgrade_rate": 0.1,
                "surplus_to_primary_care": 0.9, "other_hospitals_joining": 1.0,
            },
            "recurrent_subsidy_share[tertiary]",
        ),
    ],
)  # fmt: skip
def test_levers_of_a_tier_that_is_not_there_do_nothing_and_are_told(place, idle, live, request):
    assert told_idle(request.getfixturevalue(place), {**idle, live: 0.003}) == list(idle)


def test_in_a_place_with_all_tiers_the_same_levers_act(folder):
    whole = Place.load(write(folder, PEOPLE, "whole"))
    assert told_idle(whole, {"recurrent_subsidy_share[tertiary]": 0.003, "upgrade_rate": 0.1}) == []


def test_consortia_without_a_secondary_hospital_spend_on_primary_care(town):
    run = hr.simulate(town, "linked_package")
    shared = run.surplus_shared.sel(time=2040)
    assert float(shared.sel(tier="primary")) > 0 and float(shared.sum("tier")) == float(shared.sel(tier="primary"))


def test_a_sweep_takes_places_with_and_without_the_tier(county):
    runs = hr.sweep(["china", county], "baseline", pd.DataFrame({"fixed_pay_share": [0.5]}), keep=["beds"])
    assert (runs.failure == "").all()
    beds = runs.beds.sel(tier="tertiary", time=2040).values.ravel()
    assert beds[0] > 0 and beds[1] == 0


def test_loops_have_gains_and_checks_ask_nothing_about_the_missing_tier(county):
    assert np.isfinite(hr.loop_gains(county)["start"]).all()
    asked = [each.claim.text for each in judged(county, among=["dispatch_helps_below_and_costs_above"])]
    every = [claim.text for claim in read_behaviour()["dispatch_helps_below_and_costs_above"].claims]
    assert asked and not any("tertiary" in text for text in asked) and any("tertiary" in text for text in every)


# ------------------------------------------------------------------------------------------------ what is derived


def test_what_is_derived_leaves_the_tier_out_and_the_others_as_in_the_base(folder):
    one = Place.load(write(folder, PEOPLE + "admissions = { tertiary = 0 }\nbeds = 4e3\n", "one"))
    found, there = (facts_of(Base("p", place.model, 2010, 2010).at(2010)) for place in (one, Place.load("china")))
    others = there["beds"].values[1:]
    np.testing.assert_allclose(found["beds"].values, [0, *4e3 * others / others.sum()], rtol=1e-9)
    per_head = found["population"].values.sum() / there["population"].values.sum()
    for name in ("outpatient_visits", "admissions"):
        np.testing.assert_allclose(found[name].values[1:], there[name].values[1:] * per_head, rtol=1e-9)
        assert found[name].values[0] == 0
    report = hr.place_report(one)
    for name in ("contacts_at_start", "physicians_at_start", "beds_being_built_at_start", "gatekept_share"):
        assert "none of tertiary, which the place has not" in report.rule[name], name
    values, ranges = one.model.parameter_values(), one.model.parameter_ranges()
    assert ranges["physicians_at_start[tertiary]"].high == 0
    for care, sent in (("outpatient", 0.25), ("inpatient", 0.7)):  # what the country's rule sends to both tiers
        assert values[f"gatekept_share[tertiary,{care}]"] == 0
        assert values[f"gatekept_share[secondary,{care}]"] == pytest.approx(sent)


def test_what_is_based_on_a_place_without_the_tier_has_none_either(folder):
    write(folder, PEOPLE + "beds = { tertiary = 0 }\n", "district")
    text = "start = 2013\n[facts]\npopulation = 42e3\n"
    part = Place.load(write(folder, text, "part", HEAD.replace("china", "district")))
    assert part.missing_tiers == ("tertiary",)
    assert np.isfinite(hr.simulate(part, stop=2020).total_health_expenditure.values).all()


def test_physicians_of_a_tier_that_are_not_given_go_with_what_is_known_of_it(folder):
    text = (
        "start = 2010\n[facts]\npopulation = 4e5\n"
        "outpatient_visits = { tertiary = 3e4, secondary = 4e5, primary = 1.2e6 }\n"
        "admissions = { tertiary = 1e3, secondary = 25e3, primary = 10e3 }\n"
        "physicians = { secondary = 300, primary = 300 }\n"
    )
    place, china = Place.load(write(folder, text, "two")), Place.load("china")
    found, there = (facts_of(Base("p", each.model, 2010, 2010).at(2010)) for each in (place, china))
    np.testing.assert_allclose(found["physicians"].values[1:], 300, rtol=1e-9)
    for name, known in (("physicians", "outpatient_visits"), ("beds", "admissions")):
        ratio = found[known].values / there[known].values
        np.testing.assert_allclose(found[name].values[0], there[name].values[0] * ratio[0], rtol=1e-9)
    assert "visits" in hr.place_report(place).rule["physicians_at_start"]


# ------------------------------------------------------------------------------------------------ refused

HALF = "; a tier that is not there has nothing: give 0 for it in each of these facts, or leave it out of them"
NO_HOSPITALS = "facts: it has neither tertiary nor secondary hospitals; a place needs one of these tiers at least"
WRONG = {
    "beds = { tertiary = 0 }\nphysicians = { tertiary = 200 }":
        f"facts.physicians.tertiary: 200, but facts.beds.tertiary is 0{HALF}",
    "beds = { tertiary = 300 }\noutpatient_visits = { tertiary = 0 }":
        f"facts.beds.tertiary: 300, but facts.outpatient_visits.tertiary is 0{HALF}",
    "admissions = { secondary = 0 }\nstaff = { secondary = 900 }":
        f"facts.staff.secondary: 900, but facts.admissions.secondary is 0{HALF}",
    "beds = { tertiary = 0, secondary = 0, primary = 300 }": NO_HOSPITALS,
    "beds = { tertiary = 0 }\nadmissions = { secondary = 0 }": NO_HOSPITALS,
    "beds = { primary = 0 }": "facts.beds.primary: 0 must be above 0, in bed; leave out what is not known",
    "beds = 0": "facts.beds: 0 must be above 0, in bed; leave out what is not known",
    "fund_balance = { employee = 0 }": "facts.fund_balance.employee: 0 must be above 0, in yuan",
    "beds = { tertiary = 0 }\n[values]\n'physicians_at_start[tertiary]' = 30": "30 is out of its range, 0 to 0",
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=range(len(WRONG)))
def test_a_tier_that_is_half_there_is_one_line_that_names_file_key_and_remedy(tmp_path, text, message):
    with pytest.raises(hr.RecordError) as caught:
        Place.load(write(tmp_path, PEOPLE + text))
    said = str(caught.value)
    assert message in said, said
    assert "somewhere.toml" in said and "\n" not in said and len(said) < 400


def test_a_tier_that_the_base_has_not_cannot_be_derived_from_it(county, folder):
    file = write(
        folder, PEOPLE.replace("2010", "2012") + "beds = { tertiary = 300 }", "more", HEAD.replace("china", "county")
    )
    with pytest.raises(hr.RecordError, match=r"facts\.beds\.tertiary: county has no such tier to derive the rest from"):
        Place.load(file)


def test_a_change_cannot_fill_half_of_a_tier_that_is_not_there(county):
    with pytest.raises(hr.RecordError, match=r"beds_at_start.*30 is out of its range, 0 to 0"):
        hr.simulate(county, changes={"beds_at_start[tertiary]": 30.0})
