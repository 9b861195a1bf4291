"""``hr.simulate`` and ``hr.sweep`` on China: what a result holds, and what made it."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import healthreform as hr
from healthreform.place import Place


@pytest.fixture(scope="module")
def run():
    return hr.simulate("china", "baseline")


def test_importing_the_package_prints_nothing_and_imports_nothing_heavy():
    heavy = "numpy pandas xarray scipy sympy llvmlite pint matplotlib typer rich h5netcdf"
    code = f"import sys, healthreform; print([m for m in {heavy.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_every_public_name_is_there_and_no_module_hides_a_function():
    for module in pkgutil.iter_modules(hr.__path__):
        if module.name not in ("cli",):
            importlib.import_module(f"healthreform.{module.name}")
    for name in hr.__all__:
        assert name == "__version__" or callable(getattr(hr, name)), name
    assert set(dir(hr)) == set(hr.__all__)


def test_the_version_is_that_of_the_project():
    project = Path(__file__).parents[1] / "pyproject.toml"
    assert hr.__version__ == tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        hr.simulat  # noqa: B018


def test_a_result_covers_the_years_asked_for(run):
    assert run.sizes["time"] == 31 and list(run.time.values[[0, -1]]) == [2010, 2040]
    assert hr.simulate("china", "baseline", stop=2012).sizes["time"] == 3


def test_the_past_does_not_depend_on_where_a_run_stops(run):
    short = hr.simulate("china", "baseline", stop=2012)
    for name in ("total_health_expenditure", "fund_reserve", "physicians"):
        assert np.array_equal(short[name], run[name].sel(time=slice(2010, 2012)))


def test_every_variable_says_its_unit_and_what_it_is(run):
    for name, values in run.data_vars.items():
        assert values.attrs["units"] and values.attrs["description"] and values.attrs["reported"], name


def test_every_variable_is_finite(run):
    for name, values in run.data_vars.items():
        assert np.isfinite(values.values).all(), name


def test_a_result_says_what_made_it(run):
    with pytest.warns(hr.StepWarning):
        made = hr.simulate("china", "no_reform", {"fixed_pay_share": 0.6}, stop=2011, step=1 / 20, method="euler")
    assert (made.attrs["place"], made.attrs["scenario"], made.attrs["method"]) == ("china", "no_reform", "euler")
    assert (made.attrs["start"], made.attrs["stop"], made.attrs["step"]) == (2010, 2011, 0.05)
    assert json.loads(made.attrs["changes"]) == {"fixed_pay_share": 0.6}
    assert made.attrs["equations"] == run.attrs["equations"] and len(run.attrs["equations"]) == 64
    assert json.loads(run.attrs["versions"])["healthreform"] == hr.__version__


def test_subscripts_are_labelled_dimensions(run):
    assert list(run.tier.values) == ["tertiary", "secondary", "primary"]
    assert run.physicians.dims == ("time", "tier")
    assert float(run.physicians.sel(tier="tertiary", time=2020)) > 0


def test_a_reference_is_one_value_and_has_no_time(run):
    references = hr.variables().query("kind == 'reference'").index
    assert len(references) and all("time" not in run[name].dims for name in references)


def test_the_example_of_a_dated_and_a_constant_change_runs():
    changes = {"drug_procurement_rounds": {2019: 0.0, 2024: 60.0}, "fixed_pay_share": 0.6}
    run = hr.simulate("china", "baseline", changes=changes, start=2010, stop=2025, step=1 / 16, method="rk4")
    assert run.fixed_pay_share.values == pytest.approx(0.6)
    assert float(run.drug_procurement_rounds.sel(time=2021)) == pytest.approx(30.0)


def test_no_reform_holds_every_lever_at_its_value_of_2010():
    run = hr.simulate("china", "no_reform")
    model = Place.load("china").model
    for name in model.records.levers:
        assert np.ptp(run[name].values, axis=0) == pytest.approx(0.0), name
    moving = [name for name in model.records.drivers if np.ptp(run[name].values, axis=0).max() > 0]
    assert "gdp" in moving


def test_a_sweep_reports_the_outcomes_and_what_is_compared_with_history():
    runs = hr.sweep("china", "baseline", pd.DataFrame({"inducement_limit": [1.12, 1.2]}))
    table = hr.variables()
    wanted = set(table.index[table.outcome | (table.observed != "")])
    assert set(runs.data_vars) == wanted | {"failure", "design"}
    assert runs.sizes["run"] == 2 and not np.array_equal(runs.mean_pay[0], runs.mean_pay[1])


def test_a_row_at_the_values_of_the_place_is_the_place():
    table = hr.parameters(elements=True)
    some = table[table.distribution != "fixed"].iloc[::25]
    runs = hr.sweep("china", "baseline", pd.DataFrame([some.value]))
    run = hr.simulate("china", "baseline")
    assert np.array_equal(runs.total_health_expenditure[0], run.total_health_expenditure)
