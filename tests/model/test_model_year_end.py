"""What is counted at a year's end is reported so, as published counts are."""

from __future__ import annotations

import numpy as np
import pytest
from model_runs import model

import healthreform as hr
from healthreform.changes import split_name
from healthreform.observations import counterparts

#: Units of what is counted at a moment.
COUNTED = ("person", "worker", "bed", "molecule")


@pytest.fixture(scope="module")
def run():
    return hr.simulate("china", stop=2022)


def at_year_end():
    return [name for name, variable in model().variables.items() if variable.declaration.at_year_end]


def test_what_is_compared_with_a_published_count_is_reported_at_the_year_s_end(run):
    counts = {split_name(name)[0] for name in counterparts(model())}
    counts = {name for name in counts if model().unit(name) in COUNTED}
    assert {"physicians_total", "primary_physicians", "general_practitioners", "people", "beds"} <= counts
    for name in counts:
        assert run[name].attrs["reported"] == "value at the end of the year", name


def test_sums_and_shares_of_stocks_are_those_of_the_stocks_reports(run):
    close = {"rtol": 1e-14}
    own = model().parameter_values()["other_physician_ratio"]
    doctors, general = run.physicians, run.general_practitioners
    np.testing.assert_allclose(run.persons_total, run.people.sum("age"), **close)
    np.testing.assert_allclose(run.persons.sum("scheme"), run.people.sum("age"), **close)
    np.testing.assert_allclose(run.primary_physicians, doctors.sel(tier="primary") + general, **close)
    np.testing.assert_allclose(run.physicians_total, (doctors.sum("tier") + general) * (1 + own), **close)
    np.testing.assert_allclose(run.centre_share, run.centre_beds / run.beds.sel(tier="tertiary"), **close)
    np.testing.assert_array_equal(run.molecules_contracted, run.molecules_first + run.molecules_renewed)


def test_members_at_a_year_s_end_are_the_share_given_for_the_turn_of_the_year(run):
    share = dict(model().path_points()["employee_member_share"])
    members = run.persons.sel(scheme="employee") / run.persons_total
    np.testing.assert_allclose(members.sel(time=[2010, 2015]), [share[2011.0], share[2016.0]], rtol=1e-14)


def test_nothing_that_moves_within_a_year_is_reported_at_its_end():
    """A flow in it would make a year of its last moment, and the rates would be computed once more for it."""
    variables, pending = model().variables, at_year_end()
    assert pending
    while pending:
        for name in variables[pending.pop()].arguments:
            if name in variables and variables[name].role != "stock":
                assert variables[name].role in ("auxiliary", "reference"), name
                pending.append(name)


def test_the_tables_say_which(run):
    reported = hr.variables().reported
    assert set(reported.index[reported == "value at the end of the year"]) == {
        *at_year_end(),
        *(name for name in reported.index if model().variables[name].role == "stock"),
    }
    assert reported["claims_paid"] == "total of the year" and reported["occupancy"] == "mean over the year"
    assert reported["visits_at_start"] == "value at the start, held"
    stepwise = hr.simulate("china", stop=2010, every_step=True)
    assert stepwise.physicians_total.attrs["reported"] == "value at the time"
