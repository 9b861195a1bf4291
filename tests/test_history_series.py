"""Observed series: read as published, put under the model's names, and compared with a run."""

from __future__ import annotations

import numpy as np
import pytest

import healthreform as hr
from healthreform.observations import Counterpart, Row, counterparts, read_series
from healthreform.place import Place

LAST_YEAR_OF_OUTCOMES = 2021
HEADING = "series,year,value,unit,grade,source\n"


def published(**series):
    return {
        name: {year: Row(value, grade, "s") for year, (value, grade) in rows.items()} for name, rows in series.items()
    }


def counterpart(series, **more):
    given = {"factor": 1.0, "skip": (), "optional": (), "note": ""} | more
    return Counterpart("x", tuple(series), **given)


@pytest.fixture(scope="module")
def history():
    return hr.history("china")


def test_values_are_in_the_models_units(history):
    assert float(history.total_health_expenditure.sel(time=2020)) == pytest.approx(7.2175e12, rel=1e-4)
    assert 0.2 < float(history.out_of_pocket_share.sel(time=2020)) < 0.4
    assert 1e9 < float(history.people.sel(time=2020).sum()) < 1.6e9


def test_every_series_stands_under_a_variable_with_its_dimensions_and_unit(history):
    run = hr.simulate("china", "baseline")
    for name, values in history.data_vars.items():
        assert set(values.dims) == set(run[name].dims), name
        assert values.attrs["units"] == run[name].attrs["units"] and values.attrs["series"], name


def test_a_difference_of_run_and_history_needs_no_fitting(history):
    run = hr.simulate("china", "baseline")
    apart = (run.total_health_expenditure - history.total_health_expenditure) / history.total_health_expenditure
    assert float(np.abs(apart).mean()) < 0.08


def test_outcomes_end_where_forecasts_begin(history):
    inputs = {"people"}
    for name in set(history.data_vars) - inputs:
        years = history.time.values[np.isfinite(history[name].values.reshape(len(history.time), -1)).any(axis=1)]
        assert years.max() <= LAST_YEAR_OF_OUTCOMES, name


def test_as_a_table_each_value_has_grade_and_source():
    table = hr.history("china", table=True)
    assert set(table.grade) <= {"verified", "recalled", "conflicting"}
    assert (table.source != "").all() and len(table) > 300


def test_variables_name_the_series_they_are_compared_with():
    observed = hr.variables().observed
    assert observed["total_health_expenditure"] == "THE_total_final"
    assert set(observed.index[observed != ""]) == set(hr.history("china").data_vars)


def test_a_sum_is_as_sure_as_its_least_sure_part():
    parts = published(a={2010: (1.0, "verified")}, b={2010: (2.0, "recalled")})
    assert dict(counterpart(["a", "b"], factor=10.0).values(parts))[2010] == Row(30.0, "recalled", "s")


def test_a_year_in_which_one_part_is_missing_is_left_out():
    parts = published(a={2010: (1.0, "verified"), 2011: (1.0, "verified")}, b={2011: (2.0, "verified")})
    assert [year for year, _ in counterpart(["a", "-b"]).values(parts)] == [2011]
    assert dict(counterpart(["a", "-b"]).values(parts))[2011].value == -1.0


def test_a_series_that_ended_counts_as_zero_only_after_its_end():
    parts = published(a={year: (1.0, "verified") for year in (2009, 2010, 2012)}, b={2010: (2.0, "verified")})
    values = {year: row.value for year, row in counterpart(["a", "b"], optional=("b",)).values(parts)}
    assert values == {2010: 3.0, 2012: 1.0}


def test_a_year_with_a_break_is_skipped():
    parts = published(a={2016: (1.0, "verified"), 2018: (1.0, "verified")})
    assert [year for year, _ in counterpart(["a"], skip=(2016,)).values(parts)] == [2018]


def test_of_two_values_the_surer_counts(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text(HEADING + "a,2010,1,u,recalled,r\na,2010,2,u,verified,v\na,2010,3,u,conflicting,c\n")
    assert read_series(file)["a"][2010] == Row(2.0, "verified", "v")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("series,year\n", "its columns must be series, year, value, unit, grade, source"),
        (HEADING + "a,then,1,u,verified,s\n", "line 2: year 'then' and value '1' must be numbers"),
        (HEADING + "a,2010,1,u,sure,s\n", "line 2: grade 'sure' is not one of verified, recalled, conflicting"),
    ],
)
def test_a_wrong_file_of_series_names_the_line(tmp_path, text, message):
    file = tmp_path / "x.csv"
    file.write_text(text)
    with pytest.raises(hr.RecordError, match=message):
        read_series(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 3", "it must hold tables"),
        ("[observed.mean_pai]\nseries = ['a']", "'mean_pai' is no variable of the model; nearest valid name: mean_pay"),
        ("[observed.'beds[x]']\nseries = ['a']", "'beds\\[x\\]' is no element of 'beds'; it has beds\\[tertiary\\]"),
        ("[observed.mean_pay]\nserie = ['a']", "unknown key; nearest valid name: series"),
        ("[observed.mean_pay]\nseries = []", "name at least one series"),
        ("[observed.mean_pay]\nseries = ['a']\nfactor = 0", "factor: 0 must be a number other than zero"),
        ("[observed.mean_pay]\nseries = ['a']\nskip = ['x']", "skip: \\['x'\\] must be a list of years"),
    ],
)
def test_a_wrong_list_of_counterparts_names_the_key(tmp_path, text, message):
    file = tmp_path / "observed.toml"
    file.write_text(text)
    with pytest.raises(hr.RecordError, match=message):
        counterparts(Place.load("china").model, file)


def test_a_place_without_history_says_which_have_one(tmp_path):
    file = tmp_path / "atlantis.toml"
    file.write_text('title = "Atlantis"\nstart = 2010\n')
    with pytest.raises(hr.RecordError, match="place 'atlantis' has no history; places that have: china"):
        hr.history(file)


def test_errors_against_history_are_what_they_say():
    run = hr.simulate("china", "baseline")
    fit = hr.fit_to_history(run)
    observed = hr.history("china").mean_pay.dropna("time")
    simulated = run.mean_pay.sel(time=observed.time)
    assert fit.mape["mean_pay"] == pytest.approx(float((np.abs(simulated - observed) / observed).mean()))
    assert fit[["bias", "variance", "covariance"]].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert fit.years["fund_reserve[resident]"] == 2
