"""Measures of agreement: worked by hand, as other programs print them, and their bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from healthreform.agreement import MEASURES, agreement

VALUES = st.lists(st.integers(-1000, 1000).filter(bool), min_size=2, max_size=8)


def test_the_shares_are_those_worked_by_hand():
    found = agreement([1, 2, 3], [2, 2, 5])
    square = 5 / 3
    assert found["bias"] == pytest.approx((2 - 3) ** 2 / square)
    assert found["variance"] == pytest.approx((math.sqrt(2 / 3) - math.sqrt(2)) ** 2 / square)
    assert found["covariance"] == pytest.approx(2 * (math.sqrt(2 / 3) * math.sqrt(2) - 1) / square)
    assert found["mape"] == pytest.approx((1 / 2 + 0 + 2 / 5) / 3)
    assert found["r2"] == pytest.approx(1 - 5 / 6)


def test_the_inequality_coefficient_is_the_one_that_desctools_prints_as_its_first_type():
    """R's DescTools: TheilU(1:10, 2:11, type = 1) is 0.07512486."""
    assert agreement(np.arange(2, 12), np.arange(1, 11))["theil_u"] == pytest.approx(0.07512486, abs=5e-9)


def test_a_shift_is_all_bias_a_stretch_all_variance_and_a_wrong_order_all_covariance():
    o = np.array([-1.0, 0.0, 1.0])
    assert agreement(o + 3, o)["bias"] == pytest.approx(1)
    assert agreement(2 * o, o)["variance"] == pytest.approx(1)
    assert agreement(o[::-1], o)["covariance"] == pytest.approx(1)


def test_a_perfect_run_has_no_error_to_divide():
    found = agreement([1, 2], [1, 2])
    assert (found["mape"], found["theil_u"], found["r2"]) == (0, 0, 1)
    assert all(math.isnan(found[name]) for name in ("bias", "variance", "covariance"))


def test_a_run_worse_than_the_mean_has_a_negative_coefficient_of_determination():
    assert agreement([5, 1], [1, 2])["r2"] < 0
    assert math.isnan(agreement([5, 1], [2, 2])["r2"])


@settings(max_examples=50)
@given(VALUES, st.randoms(use_true_random=False))
def test_shares_add_up_to_one_and_the_inequality_coefficient_is_at_most_one(values, random):
    o = np.array(values, dtype=float)
    s = o + np.array([random.uniform(-1, 1) for _ in values]) * (1 + np.abs(o))
    assume(np.mean((s - o) ** 2) > 0)  # what has no error has no shares
    found = agreement(s, o)
    assert set(found) == set(MEASURES)
    assert 0 <= found["theil_u"] <= 1 + 1e-12
    assert found["bias"] + found["variance"] + found["covariance"] == pytest.approx(1, abs=1e-6)
    assert min(found["bias"], found["variance"], found["covariance"]) > -1e-6
