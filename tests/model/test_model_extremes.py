"""Extreme conditions: each ends in sense, or in the run's own error of one line; never in what is no number."""

from __future__ import annotations

import numpy as np
import pytest

from healthreform import extremes
from healthreform.extremes import EXTREMES, TIMES, Extreme, endings
from healthreform.place import Place

PLACE = Place.load("china")
TITLES = [
    *(extreme.title for extreme in EXTREMES),
    f"{TIMES:g} times the people",
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
        "overnight",
        "never ends",
        "times",
    )
    assert all(any(word in title for title in TITLES) for word in asked)


def test_without_a_doctor_the_run_says_what_cannot_be_computed_and_when(found):
    told = found["no doctors from the start"].told
    assert told.startswith("ends: ") and " at 2010" in told and "\n" not in told


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
