"""The family of places: the same equations, sound in every member, and different where and as their facts differ."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from places_common import write

import healthreform as hr
from healthreform import check_model, family_members
from healthreform.changes import split_name
from healthreform.engine_use import base_values
from healthreform.family_members import policies_of_others
from healthreform.place import Place
from healthreform.setting import Setting
from healthreform.side_by_side import run_beside
from healthreform.simulation import run_setting

STOP = 2030
#: Ten million people, the country's age groups.
PLAIN = "population = { children = 1.68e6, adults = 7.45e6, older = 0.87e6 }\n"
#: Each moves one fact of that place. The country has, for as many people, 31.6 thousand beds and 15.9 thousand
#: physicians; 75 % of members are at work, and 46 % of bills are for drugs.
MOVED = {
    "plain": PLAIN,
    "older": PLAIN.replace("7.45e6", "7.15e6").replace("0.87e6", "1.17e6"),
    "fewer_beds": PLAIN + "beds = 30e3\n",
    "fewer_physicians": PLAIN + "physicians = 14e3\n",
    "fewer_at_work": PLAIN + "active_share = 0.65\n",
    "more_drugs": PLAIN + "item_share = { drugs = 0.52 }\n",
}
MARK_UPS_GO = {"drug_mark_up": {2012: 0.15, 2012.0625: 0.0}, "mark_up_price_compensation": 0.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("places")


@pytest.fixture(scope="module")
def later(folder):
    """A province of which two facts are known, from 2016."""
    text = "start = 2016\n[facts]\npopulation = 38e6\nitem_share = { drugs = 0.42 }"
    return Place.load(write(folder, text, "later"))


@pytest.fixture(scope="module")
def members(later):
    return {"china": Place.load("china"), "sanming": Place.load("sanming"), "later": later}


@pytest.fixture(scope="module")
def baselines(members):
    """The run of each."""
    return {name: hr.simulate(place) for name, place in members.items()}


@pytest.fixture(scope="module")
def moved(folder):
    """Places that differ in one fact."""
    return {name: Place.load(write(folder, f"start = 2010\n[facts]\n{facts}", name)) for name, facts in MOVED.items()}


@pytest.fixture(scope="module")
def runs(moved):
    """Each under the nation's policy."""
    return {name: hr.simulate(place, stop=2020) for name, place in moved.items()}


def baseline(place):
    return Setting.read(place, "baseline", None, start=None, stop=STOP, step=1 / 16, method="rk4")


# -------------------------------------------------------------------------------------------- the same, and sound


@pytest.mark.parametrize("name", ["sanming", "later"])
def test_every_equation_and_input_has_the_unit_and_the_subscripts_it_has_in_the_country(members, name):
    here, china = members[name].model, members["china"].model
    assert list(here.variables) == list(china.variables) and here.structure == china.structure
    records = here.records, china.records
    for inputs in ("parameters", "levers", "drivers"):
        ours, theirs = (getattr(each, inputs) for each in records)
        assert list(ours) == list(theirs)
        assert [record.unit for record in ours.values()] == [record.unit for record in theirs.values()]
    for variable in (*here.variables, *here.records.parameters):
        assert (here.unit(variable), here.over(variable)) == (china.unit(variable), china.over(variable)), variable


@pytest.mark.parametrize("name", ["china", "sanming", "later"])
def test_the_books_of_every_member_close_in_every_year(baselines, name):
    run = baselines[name]
    for year in run.time.values[::5]:
        assert abs(hr.bridge(run, int(year))["not explained"]) < 1e-9 * float(
            run.total_health_expenditure.sel(time=year)
        )


@pytest.mark.parametrize("name", ["sanming", "later"])
def test_a_member_is_the_countrys_equations_with_other_numbers_bit_for_bit(members, name):
    """No equation asks where it is: whatever starts with a member's numbers runs as it."""
    place, china = members[name], members["china"]
    raw, _ = run_setting(baseline(place))
    numbers = base_values(place.model, place.model.records)
    again = run_beside(china.model, [numbers], place.start, STOP).raw
    assert again.names == raw.names and np.array_equal(again.values, raw.values)
    one = next(flat for flat in place.model.flat.parameters if split_name(flat)[0] == "beds_at_start")
    other = run_beside(china.model, [numbers | {one: 1.001 * numbers[one]}], place.start, STOP).raw
    assert not np.array_equal(other.values, raw.values)


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ('title = "A twin"\n', "start = 2010\n"),
        (
            'title = "A twin"\nbased_on = "china"\n',
            "start = 2010\n[facts]\npopulation = { children = 224e6, adults = 994.5e6, older = 116e6 }\n",
        ),
    ],
    ids=["no fact of its own", "the people of the country"],
)
def test_a_place_that_starts_with_the_countrys_numbers_has_its_run_bit_for_bit(folder, head, text):
    twin, china = (run_setting(baseline(place))[0] for place in (write(folder, text, "twin", head), "china"))
    assert twin.names == china.names and np.array_equal(twin.values, china.values)


# ----------------------------------------------------------------------------- what is known of Sanming shows there


def at(run, year):
    """What is known of Sanming, in a run."""
    now = run.sel(time=year)
    people = now.people.sum()
    return {
        "people of 65 and over": float(now.people.sel(age="older") / people),
        "product per head": float(now.gdp / people),
        "members at work": float(now.active_share),
        "margin of the employees' funds": float(now.fund_margin.sel(scheme="employee")),
        "drugs in bills": float(now.hospital_income_share.sel(bill_item="drugs")),
        "pay": float(now.mean_pay),
    }


def test_sanming_begins_on_the_side_of_the_country_that_its_facts_say(baselines):
    """Older, with fewer at work for each pensioner, funds short, more spent on drugs; more is produced, less paid."""
    china, sanming = (at(baselines[name], 2011) for name in ("china", "sanming"))
    more = {name for name, value in sanming.items() if value > china[name]}
    assert more == {"people of 65 and over", "product per head", "drugs in bills"}
    assert sanming["margin of the employees' funds"] < 0 < china["margin of the employees' funds"]


def test_its_facts_part_it_from_the_country_and_its_policy_parts_it_from_itself(members, baselines):
    """Under the nation's policy its funds stay short and drugs stay as they are in the nation; its own moves both."""
    without = hr.simulate(members["sanming"].without_policy(), stop=2015)
    china, plain, own = (at(run, 2015) for run in (baselines["china"], without, baselines["sanming"]))
    for name in ("margin of the employees' funds", "pay"):
        assert plain[name] < china[name], name
    assert plain["drugs in bills"] > china["drugs in bills"] > own["drugs in bills"] + 0.05
    assert own["margin of the employees' funds"] > plain["margin of the employees' funds"]


# --------------------------------------------------------------------------------------- one fact moves, and the run


def admissions_per_head(run):
    return run.tier_contacts.sel(care="inpatient").sum("tier") / run.people.sum("age")


def beds_filled(run):
    return run.bed_pressure.sel(tier=["tertiary", "secondary"]).mean("tier")


def unmet(run, care):
    return run.unmet_share.sel(care=care)


def employee(run, name):
    return run[name].sel(scheme="employee")


@pytest.mark.parametrize(
    ("fact", "of", "year", "sign"),
    [
        pytest.param("older", admissions_per_head, 2011, 1, id="older people are admitted more"),
        pytest.param("older", admissions_per_head, 2015, 1, id="and go on being admitted more"),
        pytest.param("fewer_beds", beds_filled, 2013, 1, id="fewer beds are fuller"),
        pytest.param("fewer_beds", lambda run: unmet(run, "inpatient"), 2010, 1, id="fewer beds leave more without"),
        pytest.param(
            "fewer_physicians", lambda run: unmet(run, "outpatient"), 2010, 1, id="fewer physicians leave more without"
        ),
        pytest.param(
            "fewer_at_work", lambda run: employee(run, "fund_margin"), 2010, -1, id="fewer who pay leave funds less"
        ),
        pytest.param(
            "fewer_at_work", lambda run: employee(run, "fund_reserve"), 2020, -1, id="and less in reserve"
        ),
    ],
)  # fmt: skip
def test_one_fact_that_moves_moves_the_run_as_a_reader_expects(runs, fact, of, year, sign):
    plain, other = (float(of(runs[name].sel(time=year))) for name in ("plain", fact))
    assert np.sign(other - plain) == sign, (plain, other)


def test_the_higher_the_share_of_drugs_the_more_pay_falls_when_mark_ups_go(moved):
    """Pay has a part in what is left of income: of hospitals that live on drugs more is left out of it."""
    lost = {}
    for name in ("plain", "more_drugs"):
        before, after = (hr.simulate(moved[name], changes=changes, stop=2014) for changes in (
            {"mark_up_price_compensation": 0.0}, MARK_UPS_GO,
        ))  # fmt: skip
        lost[name] = float((1 - after.mean_pay / before.mean_pay).sel(time=2013))
    assert lost["more_drugs"] > lost["plain"] > 0, lost


# ------------------------------------------------------------------------------ the check says so, and it can fail


@pytest.mark.slow
def test_a_province_that_begins_later_passes_what_china_passes(later):
    found = {finding.name: finding for finding in check_model.findings(later, quick=True)}
    assert [f"{finding.name}: {finding.result}" for finding in found.values() if not finding.passed] == []
    assert not any(finding.miss for finding in found.values())
    told = found["integration error"].result
    assert told.endswith("not asked, as it is the policy of another place and years: sanming_path")
    assert "sanming_path " not in told


def test_the_policy_of_another_place_is_asked_of_the_country_and_of_that_place(later):
    places = (Place.load("china"), Place.load("sanming"), later)
    assert [policies_of_others(place) for place in places] == [[], [], ["sanming_path"]]


@pytest.mark.parametrize(("place", "other"), [("china", "sanming"), ("sanming", "china")])
def test_the_other_member_of_the_family_runs_on_the_same_equations(place, other):
    passed, told, _ = family_members.family_members(Place.load(place))
    assert passed and told.startswith(f"{other}: ") and "equations and their units as here" in told
    assert f"points) in {other}" in told and f"points) in {place}" in told


def test_a_province_is_held_against_the_country(later):
    """Of the claims fewer are asked than of two whole members: some need years before it begins."""
    assert family_members.other_member(later).name == "china"
    passed, told, _ = family_members.family_members(later)
    _, whole, _ = family_members.family_members(Place.load("sanming"))
    asked, of_both = (int(re.search(r"of (\d+) claims", text)[1]) for text in (told, whole))
    assert passed and told.startswith("china: ") and 0 < asked < of_both


def test_a_member_that_answers_otherwise_or_pays_backward_fails(monkeypatch):
    honest = family_members.judged

    def astray(place, **options):
        for each in honest(place, **options):
            yield replace(each, holds=each.holds and place.name != "sanming")

    monkeypatch.setattr(family_members, "judged", astray)
    passed, told, _ = family_members.family_members(Place.load("china"))
    assert not passed and "; 7 of 14 claims" in told and "not: sanming: hospital_margin falls" in told
    monkeypatch.setattr(family_members, "judged", honest)
    monkeypatch.setattr(family_members, "negative_payments", lambda ledger, values: ("claims_paid[primary,resident]",))
    passed, told, _ = family_members.family_members(Place.load("china"))
    assert not passed and "payments that run backward: claims_paid" in told


def test_a_member_with_other_equations_or_units_fails(monkeypatch):
    here, other = Place.load("china"), Place.load("sanming")
    honest = family_members.run_setting
    monkeypatch.setattr(family_members, "run_setting", lambda setting: honest(baseline(other)))
    monkeypatch.setattr(family_members, "judged", lambda place, **options: iter(()))
    unlike = replace(other, model=replace(other.model, structure="another"))
    monkeypatch.setattr(family_members, "other_member", lambda place: unlike)
    passed, told, _ = family_members.family_members(here)
    assert not passed and told.startswith("sanming: another set of equations than here")
    beds = other.model.variables["beds"]
    rooms = replace(beds, declaration=replace(beds.declaration, unit="worker"))
    unlike = replace(other, model=replace(other.model, variables={**other.model.variables, "beds": rooms}))
    passed, told, _ = family_members.family_members(here)
    assert not passed and told.startswith("sanming: another unit of beds than here")
