"""Plans of calibration: what may be free, how near is near enough, and that a wrong plan is one clear line."""

from __future__ import annotations

import pandas as pd
import pytest
from calibration_models import observed, small_place

import healthreform as hr
from healthreform.calibration.compared import compared_series
from healthreform.calibration.free import free_parameters
from healthreform.calibration.plan import Plan
from healthreform.place import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return small_place(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def shipped():
    return Plan.load(Place.load("china"))


def refused(message, call, *arguments, **options):
    with pytest.raises(hr.StockflowError) as caught:
        call(*arguments, **options)
    text = str(caught.value)
    assert message in text, text
    assert "\n" not in text and len(text) < 400


def test_the_shipped_plan_frees_only_what_may_be_freed_and_says_why(shipped):
    place = Place.load("china")
    found = free_parameters(place.model, place.model.records, shipped.free, shipped.file)
    assert len(found) > 50 and all(each.low <= each.recorded <= each.high for each in found)
    assert all(len(reason) > 10 for reason in shipped.free.values())


def test_the_shipped_plan_ends_with_the_outcomes_and_counts_the_year_of_the_epidemic(shipped):
    series = {each.name: each for each in compared_series(Place.load("china"), shipped)}
    assert max(max(each.years) for each in series.values()) == 2021
    assert all(2020 in each.years for name, each in series.items() if name in shipped.targets)
    assert not {2016, 2017} & set(series["scheme_income[resident]"].years.tolist())  # the merger breaks the series


def test_values_published_less_surely_weigh_less(shipped):
    weights = [shipped.weight("mean_pay", grade, source) for grade, source in (
        ("verified", ""), ("recalled", ""), ("conflicting", ""), ("verified", "ESTIMATE of the yearbook"))]  # fmt: skip
    assert weights == sorted(weights, reverse=True) and len(set(weights)) == 4
    assert shipped.weight("saving_cumulated", "verified", "") == 0


def test_shares_are_compared_by_difference_and_the_rest_by_ratio(shipped):
    series = {each.name: each for each in compared_series(Place.load("china"), shipped)}
    assert series["out_of_pocket_share"].difference and not series["mean_pay"].difference
    assert series["mean_pay"].unit_of_error == 0.04 and series["beds[tertiary]"].unit_of_error == 0.05


@pytest.mark.parametrize(
    ("free", "message"),
    [
        ([], "free: no parameter is free; name at least one"),
        (["levl"], "'levl' is no parameter; nearest valid name: level"),
        (["turnover"], "'turnover' is no parameter"),
        (["push"], "'push' is a lever, whose past is a fact"),
        (["clock"], "'clock' is a driver, whose past is a fact"),
        (["known"], "'known' is graded measured; a fact is not fitted"),
        (["narrow"], "narrow: its range, 1 to 1, has no width"),
        (["level", "level"], "'level' frees level a second time"),
        (["base", "base[left]"], "'base[left]' frees base[left] a second time"),
        (["base[up]"], "'base[up]' is no element of 'base'; it has base[left], base[right]"),
        (["level[left]"], "'level[left]' is no element of 'level'; it has level"),
        ("level", "'level' must be a list of names"),
        ([3], "must be a list of names"),
    ],
)
def test_what_cannot_be_free_is_refused(place, free, message):
    refused(message, hr.calibrate, place, free=free, observed=observed("turnover", 1.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("years = [2010, 2021]", "the key 'title' is missing"),
        ("tite = 'x'", "unknown key 'tite'; nearest valid name: title"),
        ("title = 'x'\nyears = [2010, 2022]", "years: 2022 lies after 2021: what came later is kept to test forecasts"),
        ("title = 'x'\nyears = [2009, 2021]", "must be two years, the first not before 2010"),
        ("title = 'x'\nyears = [2015, 2012]", "must be two years"),
        ("title = 'x'\nyears = 2015", "must be two years"),
        ("title = 'x'\nprior = -1", "prior: -1 must not be below 0"),
        ("title = 'x'\nprior = 'light'", "prior: 'light' must be a finite number"),
        ("title = 'x'\n[free]\nlevel = ''", "free.level: '' must be text: the reason why it is free"),
        ("title = 'x'\n[free]\nlevel = 3", "free.level: 3 must be text"),
        ("title = 'x'\n[targets]\nturnove = 0.1", "nothing of that name; nearest valid name: turnover"),
        ("title = 'x'\n[targets]\nproduct = 0.1", "name an element: product[left], product[right]"),
        ("title = 'x'\n[targets]\nturnover = 0", "targets.turnover: 0 must be a number above 0"),
        ("title = 'x'\n[targets]\nturnover = nan", "targets.turnover: nan must be a number above 0"),
        ("title = 'x'\n[errors]\nratio = 0.1", "errors.ratio: there is nothing of that name"),
        ("title = 'x'\n[grades]\nsure = 1", "grades.sure: there is nothing of that name"),
        ("title = 'x'\n[grades]\nverified = -1", "grades.verified: -1 must be a number not below 0"),
        ("title = 'x'\n[weights]\nturnover = 0.5", "weights.turnover: 0.5 must be { weight = 0.5, reason"),
        ("title = 'x'\n[weights]\nturnover = { weight = 0.5, reason = '' }", "must be { weight = 0.5, reason"),
        ("title = 'x'\n[misses]\nturnover = 'hard'", "misses.turnover: there is nothing of that name"),
        (
            "title = 'x'\n[targets]\nturnover = 0.1\n[misses]\nturnover = ''",
            "must be text: the reason why it is missed",
        ),
        ("title = 'x'", "no parameter is free"),
    ],
)
def test_a_wrong_plan_names_file_and_key(place, tmp_path, text, message):
    file = tmp_path / "plan.toml"
    file.write_text(text)
    with pytest.raises(hr.RecordError, match=r"plan\.toml"):
        hr.calibrate(place, plan=file, observed=observed("turnover", 1.0))
    refused(message, hr.calibrate, place, plan=file, observed=observed("turnover", 1.0))


def test_a_place_without_a_plan_can_be_compared_but_not_fitted(place):
    table = observed("turnover", 100.0, 100.0)
    assert hr.fit(place, observed=table).met.tolist() == [""]
    refused(
        "place 'small' has no plan of calibration; give one as a file; places that have: china", hr.calibrate, place
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"name": ["turnover"]}), "the column 'year' is missing"),
        (3, "the column 'name' is missing"),
        (observed("turnove", 1.0), "'turnove' is no variable of the model, or no element of one; nearest"),
        (observed("product", 1.0), "'product' is no variable of the model, or no element of one"),
        (observed("turnover", float("nan")), "a year or a value is no finite number"),
        (pd.concat([observed("turnover", 1.0)] * 2), "turnover is given twice for 2010"),
        (observed("turnover", 1.0, grade="sure"), "a grade is not one of verified, recalled, conflicting"),
        (observed("turnover", 1.0, first=2022), "nothing was observed in small from 2010 to 2021"),
        (observed("turnover", -1.0), "nothing was observed in small"),
    ],
)
def test_a_wrong_table_of_what_was_observed_is_refused(place, table, message):
    refused(message, hr.fit, place, observed=table)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"starts": -1}, "starts is -1; give a whole number of at least 0"),
        ({"polished": 1.5}, "polished is 1.5"),
        ({"iterations": 0}, "iterations is 0; give a whole number of at least 1"),
        ({"seed": True}, "seed is True"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_an_effort_that_cannot_be_is_refused(place, options, message):
    refused(message, hr.calibrate, place, free=["level"], observed=observed("turnover", 1.0), **options)
