"""Ranges, Latin hypercubes, agreement with history, effects: what experiments are made of."""

from __future__ import annotations

import numpy as np
import pandas
import pytest
import xarray
from scipy import stats

import healthreform as hr
from healthreform import analysis


def test_a_latin_hypercube_fills_every_dimension_evenly_and_repeats_with_its_seed() -> None:
    at = analysis.latin_hypercube(50, 7, seed=3)
    cells = np.sort((at * 50).astype(int), axis=0)
    assert (cells == np.arange(50)[:, np.newaxis]).all()
    assert (at == analysis.latin_hypercube(50, 7, seed=3)).all()
    assert (at != analysis.latin_hypercube(50, 7, seed=4)).any()


def test_positions_become_quantiles_of_each_distribution() -> None:
    ranges = pandas.DataFrame(
        {"low": 1.0, "high": 4.0, "value": 1.5, "distribution": ["uniform", "loguniform", "triangular"]},
        index=["flat", "log", "peaked"],
    )
    at = np.array([[0.0] * 3, [0.3] * 3, [0.5] * 3, [1.0] * 3])
    found = analysis.parameter_values(at, ranges)
    assert found["flat"].tolist() == pytest.approx([1.0, 1.9, 2.5, 4.0])
    assert found["log"].tolist() == pytest.approx(stats.loguniform(1, 4).ppf([0, 0.3, 0.5, 1]))
    assert found["peaked"].tolist() == pytest.approx(stats.triang(0.5 / 3, 1, 3).ppf([0, 0.3, 0.5, 1]))


def test_uncertain_parameters_leave_out_what_is_fixed_and_hold_their_value_within_their_range() -> None:
    ranges, all_of_them = analysis.uncertain_parameters(), hr.parameters(elements=True)
    assert 0 < len(ranges) < len(all_of_them)
    rest = all_of_them.loc[all_of_them.index.difference(ranges.index)]
    assert ((rest["distribution"] == "fixed") | (rest["low"] == rest["high"])).all()
    assert ranges["value"].between(ranges["low"], ranges["high"]).all()


def test_levers_reach_half_way_to_their_ends_from_policy_as_enacted() -> None:
    reach, levers = analysis.lever_reach(), hr.levers(elements=True)
    kept = reach[~reach["drifts"]]
    expected = (kept["value"] + levers.loc[kept.index, "high"]) / 2
    assert np.allclose(kept["high"], expected)
    run = hr.simulate(stop=2035)
    assert kept.loc["contract_content", "value"] == pytest.approx(float(run["contract_content"].sel(time=2035)))
    drifting = set(reach.loc[reach["drifts"], "lever"])
    moving = {
        name
        for name in hr.levers().index
        if not np.allclose(run[name].sel(time=slice(2026, None)), run[name].sel(time=2035), rtol=1e-9)
    }
    assert drifting == moving


def test_a_lever_that_drifts_is_moved_from_wherever_policy_has_it() -> None:
    reach = analysis.Reach(share=0.5, ramp=(2026.0, 2028.0), until=2035)
    changes = analysis.moved_paths("resident_premium", "high", reach=reach)
    moved, base = (
        hr.simulate(changes=changes, stop=2035)["resident_premium"],
        hr.simulate(stop=2035)["resident_premium"],
    )
    high = hr.levers().loc["resident_premium", "high"]
    expected = base + 0.5 * (high - base)
    later, before = slice(2028, None), slice(None, 2025)
    assert np.allclose(moved.sel(time=later), expected.sel(time=later), rtol=1e-9)
    assert np.allclose(moved.sel(time=before), base.sel(time=before), rtol=1e-12)


@pytest.mark.parametrize(
    ("values", "message"),
    [({"share": 0.0}, "above 0"), ({"share": 1.5}, "not above 1"), ({"ramp": (2028.0, 2026.0)}, "must rise")],
)
def test_a_reach_that_cannot_be_is_refused(values: dict, message: str) -> None:
    with pytest.raises(hr.RunError, match=message):
        analysis.Reach(**values)


def test_each_row_of_levers_alone_moves_one_lever_all_elements_together() -> None:
    reach = analysis.lever_reach()
    drifting = set(reach.loc[reach["drifts"], "lever"])
    still = reach[~reach["lever"].isin(drifting)]
    design = analysis.each_lever_alone(still)
    assert (design.loc["as enacted"] == still["value"]).all()
    for name, row in design.drop(index="as enacted").iterrows():
        moved = row[row != still["value"]].index
        assert set(still.loc[moved, "lever"]) == {str(name).partition(": ")[0]}
    with pytest.raises(hr.RunError, match="use moved_paths"):
        analysis.each_lever_alone(reach)


def test_lever_values_move_elements_together_between_their_reaches() -> None:
    reach = analysis.lever_reach()
    reach = reach[reach["lever"].isin(["fixed_pay_share", "contract_content"])]
    names = list(dict.fromkeys(reach["lever"]))
    design = analysis.lever_values(np.array([[0.0, 1.0], [1.0, 0.0]]), reach)
    for row, ends in enumerate((("low", "high"), ("high", "low"))):
        for name, end in zip(names, ends, strict=True):
            part = reach[reach["lever"] == name]
            assert design.loc[row, part.index].tolist() == pytest.approx(part[end].tolist())


def test_an_element_is_picked_by_name_and_a_wrong_name_is_refused() -> None:
    run = hr.simulate(stop=2012)
    assert analysis.pick(run, "pay_ratio[primary]").equals(run["pay_ratio"].sel(tier="primary", drop=True))
    with pytest.raises(hr.RecordError, match="nearest valid name: pay_ratio"):
        analysis.pick(run, "pay_rato")
    with pytest.raises(hr.RecordError, match="'outpatient' is no element of 'pay_ratio'"):
        analysis.pick(run, "pay_ratio[outpatient]")


def test_outcomes_are_read_in_their_printed_units() -> None:
    run = hr.simulate(stop=2021).sel(time=2021)
    read = {key: float(outcome.read(run)) for key, outcome in analysis.OUTCOMES.items()}
    assert 6 < read["total_health_expenditure"] < 10, "trillion yuan"
    assert 20 < read["out_of_pocket_share"] < 35, "percent"
    assert read["fund_months"] == pytest.approx(12 * float(run["reserve_time"]))
    assert analysis.variables_of(analysis.OUTCOMES.values()).count("pay_ratio") == 1


def test_effects_are_differences_of_members_with_the_same_parameters() -> None:
    members = {"hospital_margin": np.array([np.arange(11.0), 2 * np.arange(11.0)])}
    central = {"hospital_margin": np.array([5.0, 7.0])}
    table = analysis.effects(central, members, ["base", "reform"], "base").set_index("name")
    assert table.loc["base", ["effect", "effect_low", "effect_high"]].tolist() == [0, 0, 0]
    columns = ["effect", "effect_low", "effect_median", "effect_high"]
    assert table.loc["reform", columns].tolist() == pytest.approx([2, 1, 5, 9])
    assert table.loc["reform", "unit"] == "percentage points"


def test_a_band_leaves_out_runs_that_failed() -> None:
    low, high = analysis.band(xarray.DataArray([[0.0], [np.nan], [10.0]]))
    assert (float(low[0]), float(high[0])) == pytest.approx((1.0, 9.0))
