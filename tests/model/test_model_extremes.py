"""The extreme conditions of ``healthreform check``: each ends in sense, answers as it must, and could fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from healthreform import extremes
from healthreform.engine_use import base_values
from healthreform.extremes import EXTREMES, TIMES, Extreme, endings
from healthreform.place import Place
from healthreform.setting import LAST_YEAR
from healthreform.side_by_side import run_beside

PLACE = Place.load("china")
TITLES = [
    *(extreme.title for extreme in EXTREMES),
    f"everything {TIMES:g} times as large",
]


@pytest.fixture(scope="module")
def found():
    return {ending.title: ending for ending in endings(PLACE)}


@pytest.mark.parametrize("title", TITLES)
def test_it_ends_in_sense(found, title):
    assert found[title].sense, found[title].told


def test_the_conditions_are_those_asked_for(found):
    assert list(found) == TITLES
    asked = (
        "no doctors",
        "no fund reserve and no contributions",
        "drugs for nothing",
        "nothing costs anything",
        "full cover overnight",
        "bought in volume overnight",
        "never ends",
        "times the people",
        "times as large",
    )
    assert all(any(word in title for title in TITLES) for word in asked)


@pytest.fixture(scope="module")
def runs():
    base = base_values(PLACE.model, PLACE.model.records)
    extreme = {extreme.title: extreme.inputs(PLACE.model, base) for extreme in EXTREMES}
    return dict(zip(("base", *extreme), range(len(extreme) + 1), strict=True)), run_beside(
        PLACE.model, [base, *extreme.values()], PLACE.start
    )


def levels(runs, title, name):
    """A variable by year, summed over its elements, from 2010 on."""
    number, beside = runs
    flats = [name] if "[" in name else PLACE.model.flat_names(name)
    return np.sum([beside.raw[flat][number[title]] for flat in flats], axis=0)


def test_where_there_is_no_doctor_nobody_is_treated_nor_paid_and_claims_die_out(runs):
    title = "no doctors from the start"
    for name in ("contacts_total", "medical_income", "claims_made", "pay_paid", "drugs_bought"):
        assert np.abs(levels(runs, title, name)).max() == 0, name
    assert levels(runs, title, "claims_payable")[-1] < 1e-6 * levels(runs, "base", "claims_payable")[-1]
    saved, income = levels(runs, title, "fund_reserve")[-1], levels(runs, title, "scheme_income").sum()
    assert saved > max(0.6 * income, 5 * levels(runs, "base", "fund_reserve")[-1])  # the rest lies on accounts


def test_without_doctors_beds_treat_nobody(runs):
    """It is not beds alone that admit: as doctors leave, admissions fall, though the beds still stand."""
    title, year = "doctors leave within a year, and none come", 4
    assert levels(runs, title, "beds")[year] > 0.5 * levels(runs, "base", "beds")[year]
    for tier in ("tertiary", "secondary", "primary"):
        admissions = levels(runs, title, f"tier_contacts[{tier},inpatient]")
        assert admissions[year] < 0.05 * levels(runs, "base", f"tier_contacts[{tier},inpatient]")[year], tier


def test_in_ordinary_times_every_bed_has_a_doctor(runs):
    for tier in ("tertiary", "secondary", "primary"):
        assert levels(runs, "base", f"attended_share[{tier}]").min() > 0.99


def test_a_hundred_times_the_people_fill_what_there_is_and_most_are_not_served(runs):
    title = f"{TIMES:g} times the people within a year"
    people, served = (levels(runs, title, name)[4] for name in ("persons_total", "contacts_total[outpatient]"))
    assert people > 90 * levels(runs, "base", "persons_total")[4] and served < 0.25 * people
    for tier in ("tertiary", "secondary", "primary"):
        for care in ("outpatient", "inpatient"):
            full = levels(runs, title, f"tier_contacts[{tier},{care}]") / levels(
                runs, title, f"capacity[{tier},{care}]"
            )
            assert full[4] > 0.95, (tier, care)


def test_a_run_that_fails_makes_no_sense():
    ending = only(Extreme("no such thing as a bed", {"beds_at_start": 0.0}, {}, 2020))
    assert not ending.sense and ending.told.startswith("ends: ") and "\n" not in ending.told


@pytest.mark.parametrize("wrong", [{"most": {"pay_paid": 0.5}}, {"least": {"unmet_share": 0.5}}])
def test_an_answer_of_the_wrong_size_makes_no_sense(wrong):
    assert not only(Extreme("nothing done", {"outbreak_waiver": 0.1}, {}, 2020, 2015.0, **wrong)).sense


def test_a_place_a_hundred_times_as_large_is_the_same_place(found):
    told = found[f"everything {TIMES:g} times as large"].told
    assert "every result scales as its unit says" in told


# --- that each judgement can fail ---


def only(extreme):
    return next(iter(endings(PLACE, [extreme])))


def test_an_answer_of_the_wrong_sign_makes_no_sense():
    wrong = Extreme(
        "more subsidy", {"recurrent_subsidy_share": 0.004}, {"government_health_expenditure": -1}, 2020, 2015.0
    )
    assert not only(wrong).sense
    right = Extreme(
        "more subsidy", {"recurrent_subsidy_share": 0.004}, {"government_health_expenditure": 1}, 2020, 2015.0
    )
    assert only(right).sense and "government_health_expenditure x 1." in only(right).told


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("mean_pay", np.nan, "mean_pay is no number"),
        ("trust", -0.1, "trust is negative"),
        ("patients_paid[tertiary,outpatient]", -1.0, "runs backward"),
        ("provider_cash[tertiary]", 1e12, "does not change by the sum of its flows"),
    ],
)
def test_a_run_that_makes_no_sense_is_told_of(monkeypatch, name, change, told):
    honest = extremes.run_beside

    def astray(*arguments):
        runs = honest(*arguments)
        runs.raw.values[1, 5, runs.raw.names.index(name)] = change
        return runs

    monkeypatch.setattr(extremes, "run_beside", astray)
    ending = only(Extreme("nothing done", {}, {}, 2020))
    assert not ending.sense and told in ending.told


def test_a_number_of_its_own_in_an_equation_would_show(monkeypatch):
    """If a yearly total did not scale, the place would not be the same at a hundred times its size."""
    honest = extremes.run_beside

    def astray(*arguments):
        runs = honest(*arguments)
        runs.raw.values[-1, :, runs.raw.names.index("mean_pay")] *= 1.001
        return runs

    monkeypatch.setattr(extremes, "run_beside", astray)
    *_, last = endings(PLACE, [])
    assert not last.sense and "mean_pay" in last.told


def test_conditions_are_of_the_size_of_a_place_and_as_much_later_as_it_begins_later():
    sanming = Place.load("sanming")
    (people,) = (extreme for extreme in EXTREMES if "times the people" in extreme.title)
    there = people.at(sanming)
    assert (there.date, there.until, there.year) == (people.date + 1, people.until + 1, people.year + 1)
    shrunk = there.values["arrival_count"] / people.values["arrival_count"]
    assert shrunk == pytest.approx(sanming.size.population) and shrunk < 0.01
    assert all(extreme.at(PLACE) == extreme for extreme in EXTREMES)
    (late,) = (extreme for extreme in EXTREMES if extreme.title == "funds that lose all income")
    assert late.at(replace(PLACE, start=2019)).year == LAST_YEAR


def test_where_all_come_at_once_a_city_too_has_a_hundred_times_its_people():
    told = {ending.title: ending.told for ending in endings(Place.load("sanming"))}
    (people,) = (text for title, text in told.items() if "times the people" in title)
    times = float(people.split(",")[0].removeprefix("persons_total x "))
    assert 80 < times < 120
