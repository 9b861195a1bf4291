"""Dimensions of the model: every equation has the unit it says, and no unit is another's by accident."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from model_runs import Runs, flat_names, model, run, scenario_values

from healthreform.assembly import build_model
from healthreform.stockflow import UnitError
from healthreform.stockflow.paths import Path


def test_every_equation_executed_on_units_has_the_unit_it_says():
    again = build_model(model().records, check_units=True)
    assert len(again.variables) > 500
    assert {name: again.unit(name) for name in again.variables} == {
        name: model().unit(name) for name in model().variables
    }


@pytest.mark.parametrize("place", range(6))
def test_a_parameter_in_another_unit_is_told_with_the_equation_that_it_spoils(place):
    """Any of them: six drawn by chance, a kind of unit each."""
    records = model().records
    units = sorted({record.unit for record in records.parameters.values()})
    unit = units[int(np.random.default_rng(7).permutation(len(units))[place])]
    name = sorted(name for name, record in records.parameters.items() if record.unit == unit)[0]
    other = replace(records.parameters[name], unit=f"{unit}*bed")
    with pytest.raises(UnitError) as told:
        build_model(replace(records, parameters={**records.parameters, name: other}), check_units=True)
    assert re.match(r"\w+\.py:\d+ \w+", str(told.value)) and "bed" in str(told.value)


def test_the_model_scaled_in_any_base_unit_is_the_same_model(baseline):
    """People, staff, beds, contacts and money a hundredfold: shares and ratios stay, amounts are a hundredfold."""
    scale = {"person": 100.0, "worker": 100.0, "contact": 100.0, "bed": 100.0, "yuan": 100.0, "yuan_2010": 100.0}
    runs = run(_scaled(scale))
    _assert_scaled(runs, baseline, scale)


def test_money_of_other_denomination_is_the_same_model(baseline):
    scale = {"yuan": 0.01, "yuan_2010": 0.01}
    _assert_scaled(run(_scaled(scale)), baseline, scale)


def _factor(unit: str, scale: dict[str, float]) -> float:
    """What a unit is multiplied by when base units are: ``yuan/person/year**2``."""
    factor = 1.0
    for mark, base, power in re.findall(r"([*/]?)\s*([A-Za-z_]\w*)(?:\s*\*\*\s*(\d+))?", unit):
        factor *= scale.get(base, 1.0) ** ((-1 if mark == "/" else 1) * int(power or 1))
    return factor


def _scaled(scale: dict[str, float]) -> dict[str, float | Path]:
    case: dict[str, float | Path] = {}
    records = model().records
    for name in (*records.parameters, *records.levers, *records.drivers):
        factor = _factor(model().unit(name), scale)
        for flat in flat_names(name):
            value = scenario_values()[flat]
            if factor != 1.0:
                case[flat] = (
                    Path(value.dates, tuple(factor * each for each in value.values))
                    if isinstance(value, Path)
                    else factor * value
                )
    return case


def _assert_scaled(runs: Runs, baseline: Runs, scale: dict[str, float]) -> None:
    skipped = {balance.name for balance in model().balances}
    for name in model().variables:
        for flat in flat_names(name):
            if flat in runs.columns and flat not in skipped:
                expected = _factor(model().unit(name), scale) * baseline[flat]
                size = np.abs(expected).max()
                np.testing.assert_allclose(runs[flat], expected, rtol=1e-7, atol=1e-7 * size, err_msg=flat)
