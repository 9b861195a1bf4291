"""Scenarios thrown at the model: whatever is changed within its range, a run is sound or says in a line why not."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

import healthreform as hr
from healthreform.changes import apply_changes, splice
from healthreform.place import Place
from healthreform.stockflow.paths import Path

CHINA = Place.load("china")
MODEL = CHINA.model
LEVERS = hr.levers(elements=True)
PARAMETERS = hr.parameters(elements=True).query("distribution != 'fixed'")
STEPS = 16
SAID = re.compile(r"is longer than the time constant")

shares = st.floats(0, 1)
dates = st.integers(0, 31 * STEPS).map(lambda step: 2010 + step / STEPS)


def within(row, share):
    return min(max(row.low + share * (row.high - row.low), row.low), row.high)


@st.composite
def lever_changes(draw):
    """Some levers, each constant or on a dated path, all within their ranges."""
    changes = {}
    for name in draw(st.lists(st.sampled_from(list(LEVERS.index)), max_size=6, unique=True)):
        row = LEVERS.loc[name]
        if draw(st.booleans()):
            changes[name] = within(row, draw(shares))
        else:
            chosen = sorted(draw(st.lists(dates, min_size=1, max_size=4, unique=True)))
            changes[name] = {date: within(row, draw(shares)) for date in chosen}
    return changes


@st.composite
def parameter_changes(draw):
    names = draw(st.lists(st.sampled_from(list(PARAMETERS.index)), max_size=6, unique=True))
    return {name: within(PARAMETERS.loc[name], draw(shares)) for name in names}


def assert_sound(run):
    for name, values in run.data_vars.items():
        assert np.isfinite(values.values).all(), name
    for name, variable in MODEL.variables.items():
        if variable.role == "stock" and not variable.declaration.signed:
            assert (run[name].values >= 0).all(), name


@settings(max_examples=20)
@given(levers=lever_changes(), parameters=parameter_changes(), scenario=st.sampled_from(["baseline", "no_reform"]))
def test_any_scenario_is_sound_or_one_line_says_that_the_step_is_too_long(levers, parameters, scenario):
    try:
        run = hr.simulate("china", scenario, {**levers, **parameters})  # money is checked on every run
    except hr.RunError as error:
        assert SAID.search(str(error)) and "\n" not in str(error), error
    else:
        assert_sound(run)


def test_all_levers_and_parameters_anywhere_inside_their_ranges_at_once_end_no_run():
    table = pd.concat([LEVERS, PARAMETERS])
    sample = qmc.LatinHypercube(len(table), seed=7).random(400)
    low, high = table["low"].to_numpy(float), table["high"].to_numpy(float)
    design = pd.DataFrame(low + sample * (high - low), columns=table.index)
    runs = hr.sweep("china", "baseline", design, keep=["mean_pay", "fund_reserve"])
    assert list(runs["failure"].values) == [""] * len(design)
    assert np.isfinite(runs["mean_pay"].values).all() and (runs["fund_reserve"].values >= 0).all()


def test_all_levers_at_ends_of_their_ranges_end_hardly_a_run_and_none_at_a_shorter_step():
    ends = np.random.default_rng(7).random((400, len(LEVERS))) < 0.5
    design = pd.DataFrame(np.where(ends, LEVERS["low"], LEVERS["high"]).astype(float), columns=LEVERS.index)
    failed = hr.sweep("china", "baseline", design, keep=["mean_pay"])["failure"].values != ""
    assert failed.sum() <= 4
    if failed.any():
        again = hr.sweep("china", "baseline", design[failed], keep=["mean_pay"], step=1 / 64)
        assert (again["failure"].values == "").all()


@settings(max_examples=15)
@given(levers=lever_changes(), first=st.integers(2011, 2039))
def test_what_is_changed_from_a_date_on_leaves_the_years_before_alone(levers, first):
    ends = {name: change if isinstance(change, float) else change[max(change)] for name, change in levers.items()}
    design = pd.DataFrame([ends]) if ends else pd.DataFrame({"payroll_limit": [2.0]})
    run = hr.sweep("china", "baseline", design, ramp=(first, first), keep=["mean_pay", "fund_reserve"])
    base = hr.simulate("china", "baseline")
    for name in ("mean_pay", "fund_reserve"):
        before = slice(2010, first - 1)
        # A date put into the middle of a slope may turn the slope's last bit.
        np.testing.assert_allclose(run[name].isel(run=0).sel(time=before), base[name].sel(time=before), rtol=1e-13)


@settings(max_examples=10)
@given(rows=st.lists(st.tuples(shares, shares, shares), min_size=1, max_size=20), data=st.data())
def test_a_run_has_the_same_bits_alone_and_at_any_place_of_a_sweep(rows, data):
    names = ["inducement_limit", "fixed_pay_share[tertiary]", "payroll_limit"]
    table = pd.concat([LEVERS, PARAMETERS])
    design = pd.DataFrame(
        [[within(table.loc[n], s) for n, s in zip(names, row, strict=True)] for row in rows], columns=names
    )
    order = data.draw(st.permutations(range(len(rows))))
    runs = hr.sweep("china", "baseline", design, ramp=(2026, 2031), threads=data.draw(st.sampled_from([1, 2])))
    mixed = hr.sweep("china", "baseline", design.iloc[list(order)], ramp=(2026, 2031), threads=1)
    chosen = order[0]
    for name in ("mean_pay", "fund_reserve", "total_health_expenditure"):
        assert np.array_equal(runs[name].sel(run=chosen), mixed[name].sel(run=chosen), equal_nan=True)


points = st.lists(st.tuples(dates, st.floats(-1e6, 1e6)), min_size=1, max_size=5, unique_by=lambda p: p[0]).map(
    lambda found: tuple(sorted(found))
)


@given(history=points, change=points, date=dates)
def test_a_change_is_history_before_and_itself_after(history, change, date):
    joined, was, new = (Path.from_points(each) for each in (splice(history, change), history, change))
    expected = was if date < change[0][0] else new
    assert joined.value(date) == pytest.approx(expected.value(date), rel=1e-9, abs=1e-3)


@given(text=st.text(max_size=20))
def test_any_name_is_a_lever_or_one_clear_line(text):
    try:
        apply_changes(MODEL, MODEL.records, {text: 0.5}, where="changes")
    except hr.RecordError as error:
        assert "changes" in str(error)


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.floats(), inner, max_size=3)
        ),
        max_leaves=6,
    )
)
def test_any_value_is_a_change_or_one_clear_line(value):
    try:
        apply_changes(MODEL, MODEL.records, {"fixed_pay_share": value}, where="changes", span=(2010, 2041))
    except hr.RecordError as error:
        assert "changes" in str(error) and "\n" not in str(error)
