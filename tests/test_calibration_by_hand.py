"""Calibration where the answer is known in closed form: means, regression, ridge, collinear and idle parameters."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from calibration_models import observed, small_place

import healthreform as hr
from healthreform.calibration.compared import compared_series
from healthreform.calibration.free import free_parameters
from healthreform.calibration.identifiability import collinearity_index
from healthreform.calibration.misfit import Misfit
from healthreform.calibration.plan import Plan
from healthreform.engine_use import base_values, compiled_model
from healthreform.setting import Setting
from healthreform.stockflow.inputs import make_inputs

PLAN = Plan("by hand", "by hand", (2010, 2021), prior=0.0)
QUICK = {"starts": 8, "polished": 1}
LEVELS = (90.0, 120.0, 100.0, 150.0)
LINE = (0.30, 0.33, 0.31, 0.38, 0.36, 0.40)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return small_place(tmp_path_factory.mktemp("small"))


def fitted(place, free, table, plan=PLAN, **more):
    return hr.calibrate(place, plan=plan, free=free, observed=table, **QUICK | more)


def test_a_level_is_fitted_by_the_geometric_mean_with_the_standard_error_of_a_mean(place):
    found = fitted(place, ["level"], observed("turnover", *LEVELS))
    logarithms = np.log(LEVELS)
    assert found.values["level"] == pytest.approx(math.exp(logarithms.mean()), rel=5e-4)
    error = logarithms.std(ddof=1) / math.sqrt(len(LEVELS)) * found.values["level"]
    assert found.parameters.standard_error["level"] == pytest.approx(error, rel=1e-3)
    assert found.parameters.from_history["level"] == pytest.approx(error, rel=1e-3)


def test_values_count_by_their_grade_and_doubtful_ones_by_their_source(place):
    plan = dataclasses.replace(PLAN, grades={"recalled": 0.5, "conflicting": 0.25, "doubtful": 0.1})
    table = observed("turnover", *LEVELS, grade=["verified", "recalled", "conflicting", "recalled"])
    table["source"] = ["a bulletin", "", "", "LOW: a guess"]
    found = fitted(place, ["level"], table, plan)
    expected = np.average(np.log(LEVELS), weights=[1, 0.5, 0.25, 0.1])
    assert found.values["level"] == pytest.approx(math.exp(expected), rel=5e-4)
    assert found.after.weight["turnover"] == pytest.approx(1.85 / 4)


def test_a_series_of_weight_zero_is_compared_but_does_not_count(place):
    plan = dataclasses.replace(PLAN, weights={"product[left]": (0.0, "not comparable")})
    table = pd.concat([observed("turnover", *LEVELS), observed("product[left]", 3.0, 5.0)])
    found = fitted(place, ["level", "other"], table, dataclasses.replace(plan, prior=0.1))
    assert found.values["other"] == 1.0 and found.parameters.blind["other"]
    assert set(found.after.index) == {"turnover", "product[left]"}


def test_a_line_is_fitted_by_regression_with_its_standard_errors(place):
    found = fitted(place, ["intercept", "slope"], observed("line", *LINE))
    known = scipy.stats.linregress(range(len(LINE)), LINE)
    table = found.parameters
    assert found.values["slope"] == pytest.approx(known.slope, abs=1e-5)
    assert found.values["intercept"] == pytest.approx(known.intercept, abs=1e-4)
    assert table.standard_error["slope"] == pytest.approx(known.stderr, rel=2e-3)
    assert table.standard_error["intercept"] == pytest.approx(known.intercept_stderr, rel=2e-3)
    assert not table.blind.any() and table.apart.all()


@pytest.mark.parametrize("grade", [1.0, 0.3])
def test_the_prior_pulls_towards_the_middle_of_the_range_as_ridge_regression_does(place, grade):
    plan = dataclasses.replace(PLAN, prior=2.0, errors={"share": 1.0, "difference": 0.1}, grades={"verified": grade})
    found = fitted(place, ["intercept"], observed("line", *LINE), plan)
    deviation = scipy.stats.triang(0.5, 0.0, 1.0).std()
    data, prior = grade * len(LINE) / 0.1**2, 2.0**2 / deviation**2
    expected = (data * np.mean(LINE) + prior * 0.5) / (data + prior)
    assert found.values["intercept"] == pytest.approx(expected, abs=1e-4)
    assert found.parameters.learned["intercept"] == pytest.approx(data / (data + prior), rel=1e-4)


def test_the_misfit_is_the_sum_of_squares_it_says(place):
    plan = dataclasses.replace(PLAN, targets={"turnover": 0.03})
    found = fitted(place, ["level"], observed("turnover", *LEVELS), plan)
    for value, misfit in zip((100.0, found.values["level"]), found.misfit, strict=True):
        assert misfit == pytest.approx(sum((math.log(value / level) / 0.03) ** 2 for level in LEVELS))


def test_how_errors_change_with_positions_is_what_calculus_says(place):
    setting = Setting.read(place, "baseline", None, start=None, stop=2021, step=1 / 16, method="rk4")
    free = free_parameters(place.model, place.model.records, ["level", "intercept", "slope"], "x")
    table = pd.concat([observed("turnover", 100.0), observed("line", *LINE)])
    problem = Misfit.of(setting, free, compared_series(place, PLAN, table), 0.0)
    expected = np.zeros((7, 3))
    expected[0, 0] = math.log(200 / 50) / 0.05
    expected[1:, 1], expected[1:, 2] = 1 / 0.02, np.arange(6) * 0.1 / 0.02
    for position in ([0.5, 0.4, 0.5], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]):
        for central in (False, True):
            found = problem.jacobian(np.array(position), central=central)
            assert found == pytest.approx(expected, abs=1e-6 * expected.max())


def test_a_batch_with_other_values_gives_the_bits_of_a_batch_made_anew(place):
    flat, values = place.model.flat, base_values(place.model, place.model.records)
    levels, slopes = np.array([60.0, 70.0, 80.0]), np.array([0.01, 0.02, -0.01])
    made = make_inputs(flat, values, {"level": levels, "slope": slopes})
    other = make_inputs(flat, values, {"level": [100.0], "slope": [0.0]}).with_matrix(made.matrix)
    compiled = compiled_model(place.model, ("turnover", "line"), "rk4", False)
    runs = [compiled.run(inputs, 2010, 2021, 1 / 16).values for inputs in (made, other)]
    assert np.array_equal(*runs) and not np.array_equal(runs[0][0], runs[0][1])


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((2, 1)), r"\(2, 1\) values for 2 parameters"),
        (np.ones((0, 2)), r"\(0, 2\) values for 2 parameters"),
        (np.array([[1.0, np.nan]]), "a value is not finite"),
    ],
)
def test_a_batch_with_values_that_cannot_be_is_refused(place, matrix, message):
    values = base_values(place.model, place.model.records)
    inputs = make_inputs(place.model.flat, values, {"level": [100.0], "slope": [0.0]})
    with pytest.raises(hr.RecordError, match=message):
        inputs.with_matrix(matrix)


def test_values_beyond_the_range_end_at_its_end_and_the_table_says_so(place):
    found = fitted(place, ["level"], observed("turnover", 500.0, 600.0))
    assert found.values == {"level": 200.0}
    assert found.parameters.at_end["level"] == "high" and found.parameters.position["level"] == 1.0
    assert fitted(place, ["level"], observed("turnover", 5.0)).values == {"level": 50.0}


def test_a_parameter_that_does_nothing_is_reported_as_blind_and_keeps_its_value(place):
    found = fitted(place, ["idle", "level"], observed("turnover", *LEVELS), starts=16)
    assert found.parameters.blind.to_dict() == {"idle": True, "level": False}
    assert found.values["idle"] == 0.5 and math.isinf(found.parameters.from_history["idle"])
    assert not found.parameters.apart["idle"] and found.parameters.apart["level"]
    assert "History is blind to 1 of 2: idle" in " ".join(found.summary())


def test_two_parameters_of_which_only_the_product_shows_are_listed_as_a_pair_and_a_group(place):
    plan = dataclasses.replace(PLAN, prior=0.1)
    found = fitted(place, ["base[left]", "other", "level"], pd.concat([
        observed("product[left]", 12.0, 14.0, 13.0), observed("turnover", *LEVELS)
    ]), plan)  # fmt: skip
    assert found.groups.members.tolist() == ["base[left], other"]
    assert found.groups.collinearity[0] > 1e4
    assert found.pairs.loc[0, ["one", "other"]].tolist() == ["base[left]", "other"]
    assert found.pairs.cosine[0] == pytest.approx(1.0) and found.pairs.correlation[0] < -0.95
    product = found.values["base[left]"] * found.values["other"]
    assert product == pytest.approx(scipy.stats.gmean([12, 14, 13]), rel=1e-3)
    assert found.parameters.apart.sum() == 2 and found.parameters.apart["level"]


def test_a_group_of_three_is_found_where_no_pair_is_collinear(place):
    """Two sides, a base for each and a factor for both: any two are told apart, all three are not."""
    table = pd.concat([observed("product[left]", 12.0, 14.0), observed("product[right]", 25.0, 22.0)])
    found = fitted(place, ["base", "other"], table, dataclasses.replace(PLAN, prior=0.1))
    assert found.groups.members.tolist() == ["base[left], base[right], other"]
    assert found.groups["size"].tolist() == [3]


@pytest.mark.parametrize("angle", [1.5, 0.8, 0.1])
def test_the_collinearity_index_of_two_columns_follows_from_their_angle(angle):
    columns = np.array([[2.0, 0.0], [5 * math.cos(angle), 5 * math.sin(angle)], [0.0, 0.0]][:2]).T
    assert collinearity_index(columns) == pytest.approx(1 / math.sqrt(1 - math.cos(angle)))


def test_the_collinearity_index_is_one_at_right_angles_and_infinite_for_twins():
    assert collinearity_index(np.eye(3) * [1, 20, 300]) == pytest.approx(1)
    assert math.isinf(collinearity_index(np.array([[1.0, 2.0], [1.0, 2.0]])))


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(place):
    table = pd.concat([observed("turnover", *LEVELS), observed("line", *LINE)])
    names = ["level", "intercept", "slope"]
    first = fitted(place, names, table, threads=1)
    again = fitted(place, names, table, threads=2)
    assert first.values == again.values and first.misfit == again.misfit
    for name in ("parameters", "attempts", "after"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name), check_exact=True)


def test_another_seed_starts_elsewhere_and_ends_in_the_same_place(place):
    table = observed("line", *LINE)
    one, other = (fitted(place, ["intercept", "slope"], table, seed=seed, polished=3) for seed in (1, 2))
    assert one.attempts.before.tolist() != other.attempts.before.tolist()
    assert one.values == other.values and len(one.attempts) == 4


def test_progress_rises_to_the_end_and_the_misfit_falls(place):
    told: list[tuple[float, float]] = []
    fitted(place, ["intercept", "slope"], observed("line", *LINE), progress=lambda *each: told.append(each))
    done, misfit = zip(*told, strict=True)
    assert list(done) == sorted(done) and 0 < done[0] < done[-1] <= 1
    assert list(misfit) == sorted(misfit, reverse=True)


def test_the_table_of_fit_is_what_the_run_says(place):
    plan = dataclasses.replace(PLAN, targets={"turnover": 0.2, "line": 0.01})
    table = pd.concat(
        [observed("turnover", *LEVELS), observed("line", 0.5, 0.5, first=2015), observed("line", 9, first=2025)]
    )
    fit = hr.fit(place, {"level": 110.0, "intercept": 0.45}, plan=plan, observed=table)
    row = fit.loc["turnover"]
    assert row["error"] == row["mape"] == pytest.approx(np.mean([abs(110 / level - 1) for level in LEVELS]))
    assert (row["worst_year"], row["met"], row["counted_in"]) == (2013, "yes", "share")
    assert row["worst"] == pytest.approx(110 / 150 - 1)
    line = fit.loc["line"]
    assert line["error"] == pytest.approx(0.05) and line["met"] == "no" and line["worst"] == pytest.approx(-0.05)
    assert (line["years"], line["first"], line["last"]) == (2, 2015, 2016)
