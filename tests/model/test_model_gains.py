"""Gains of the reinforcing loops of the real model, at the start and over the ranges of their parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import healthreform as hr
from healthreform.gains_of_loops import gains, parameters_of
from healthreform.named_loops import NamedLoop, read_loops
from healthreform.place import Place

PLACE = Place.load("china")
LOOPS = read_loops()


@pytest.fixture(scope="module")
def table():
    return hr.loop_gains()


@pytest.fixture(scope="module")
def by_parameter():
    return hr.loop_gains(by_parameter=True)


def test_every_reinforcing_loop_has_a_gain_that_is_a_number(table):
    assert set(table.index) == {name for name, loop in LOOPS.items() if loop.polarity == "reinforcing"}
    assert np.isfinite(table[["start", "lowest", "highest"]].to_numpy(float)).all()
    assert (table.lowest <= table.start).all() and (table.start <= table.highest).all()


@pytest.mark.parametrize("name", ["siphon", "capability_and_trust", "beds_fill_themselves"])
def test_siphon_trust_and_beds_stay_below_one_over_all_ranges(table, name):
    assert 0 < table.start[name] <= table.highest[name] < 1


def test_a_reinforcing_loop_gives_back_what_it_got_in_the_same_direction(table):
    assert (table.start > 0).all()


def test_at_the_start_every_gain_is_below_one(table):
    assert (table.start < 1).all(), table.start[table.start >= 1]


def test_a_loop_that_reaches_one_is_told_with_the_values_at_which_it_does(table):
    for name, row in table.iterrows():
        assert row.below_one == (row.highest < 1)
        assert bool(row.crosses_one) == (row.highest >= 1), name


def test_at_the_value_told_the_gain_is_one():
    """The answer to want of income spans one on this loop, wherever its value stands between the ends of its range."""
    loop = replace(LOOPS["income_reference"], state={"reference_wage_weight": 0.3, "inducement_weight": 2.0})
    (gain,) = gains(PLACE, [loop])
    assert not gain.passed and "(range 0.1 to 0.5)" in gain.crosses["inducement_slope"]
    value = float(gain.crosses["inducement_slope"].split()[0])
    (there,) = gains(PLACE, [replace(loop, state={**loop.state, "inducement_slope": value})])
    assert there.start == pytest.approx(1, abs=0.02)


def along(first, *last, **state):
    """The gain of tertiary hospitals' loop from a want through volume to net income and back to that want."""
    path = (first, "pressure", "inducement", *last)
    loop = NamedLoop("round", "", "balancing", "", tuple(f"{name}[tertiary]" for name in path), state)
    (gain,) = gains(PLACE, [loop])
    return abs(gain.start)


def test_at_the_high_end_of_its_range_want_of_income_recovers_four_tenths_in_steady_state_and_never_more_than_half():
    """Recovered is (w k + b) / (1 + w k + b), with k and b the gains of income's and the budget's want."""
    record = PLACE.model.records.parameters["inducement_slope"]
    weight = PLACE.model.records.parameters["reference_wage_weight"].value[()]

    def recovered(slope):
        earned = ("item_income", "value_added", "net_income")
        by_intensity, by_contacts = ("intensity", *earned), ("inducement_on_contacts", "contacts", *earned)
        ways, state = (by_intensity, by_contacts), {"inducement_slope": slope}
        income = sum(along("income_gap", *way, "pay_per_worker", "doctor_income", **state) for way in ways)
        budget = sum(along("budget_gap", *way, "surplus", "surplus_margin", **state) for way in ways)
        return (weight * income + budget) / (1 + weight * income + budget)

    low, high = record.low[()], record.high[()]
    assert 0.05 < recovered(low) < 0.2
    assert 0.4 < recovered(high) <= 0.5
    assert recovered(0.8) > 0.5


def test_the_loop_of_income_counts_what_volume_earns_and_not_what_it_sells():
    """What is bought in for more volume is paid for: a yuan of drugs brings the mark-up, not the yuan."""
    found = LOOPS["income_reference"].found(PLACE)
    assert any(name.startswith("value_added") for name in found.names)
    assert not any(name.startswith("medical_income") for name in found.names)


def test_the_ends_of_a_range_are_those_of_its_parameter(by_parameter):
    """Twice the elasticity, twice the gain: the siphon's is in proportion to its elasticity to capability."""
    record = PLACE.model.records.parameters["siphon_elasticity"]
    row = by_parameter.loc[("siphon", "siphon_elasticity")]
    assert row.high / row.low > 1
    (low,) = gains(PLACE, [replace(LOOPS["siphon"], state={"siphon_elasticity": record.low[()]})])
    assert low.start == pytest.approx(row.low, rel=1e-9)


def test_parameters_are_those_of_the_loops_equations_and_of_its_stocks_flows():
    found = parameters_of(PLACE.model, LOOPS["siphon"].found(PLACE))
    assert {"siphon_elasticity", "capability_of_training", "exit_rate"} <= set(found)
    assert "price_elasticity" not in found and "full" not in found


def test_an_error_of_a_loop_names_it():
    with pytest.raises(hr.RecordError, match="loop 'siphon'"):
        list(gains(PLACE, [replace(LOOPS["siphon"], variables=("siphon_pull", "nothing"))]))
