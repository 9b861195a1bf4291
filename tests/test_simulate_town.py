"""The layers above the engine on a model small enough to compute by hand: a town's fund, hospital and clinic."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pandas as pd
import pytest

import healthreform as hr
from healthreform import simulation
from healthreform.assembly import UNITS
from healthreform.showing import describe_name
from healthreform.stockflow import Records
from healthreform.stockflow.kernel import Compiled

EQUATIONS = '''"""A town's money."""

from healthreform.stockflow import Account, Subscript, auxiliary, balance, flow, stock, total

tier = Subscript("tier", ["hospital", "clinic"])
fund = Account("fund")
provider = Account("provider", over=tier)
household = Account("household")


@stock("yuan", account="fund", outcome=True)
def reserve(reserve_at_start):
    """Money the fund holds."""
    return reserve_at_start


@stock("yuan", over=tier, account="provider")
def cash(cash_at_start):
    """Money a tier holds."""
    return cash_at_start


@flow("yuan/year", payer="household", payee="fund")
def premiums(premium):
    """Premiums."""
    return premium


@flow("yuan/year", over=tier, payer="fund", payee="provider")
def claims(premium, tier_share, generosity):
    """Claims, which do not look at what the fund has left."""
    return premium * generosity * tier_share


@flow("yuan/year", over=tier, payer="provider", payee="household")
def wages(cash, pay_time):
    """Pay."""
    return cash / pay_time


@auxiliary("yuan/year", outcome=True)
def claims_total(claims):
    """All claims."""
    return total(claims, tier)


@balance("yuan/year", scale="premiums")
def claims_split(claims, claims_total):
    """Claims of the tiers add up."""
    return total(claims, tier) - claims_total
'''

RECORDS = """
[parameters]
pay_time = { unit = "month", value = 6, low = 1, high = 24, description = "d", source = "s", grade = "assumed" }
[parameters.reserve_at_start]
unit = "100M yuan"
value = 10
low = 1
high = 100
description = "d"
source = "s"
grade = "assumed"
[parameters.cash_at_start]
unit = "yuan"
over = ["tier"]
value = { hospital = 1e8, clinic = 2e7 }
spread = 0.5
description = "d"
source = "s"
grade = "assumed"
[parameters.tier_share]
unit = "dimensionless"
over = ["tier"]
value = { hospital = 0.7, clinic = 0.3 }
low = 0
high = 1
description = "d"
source = "s"
grade = "assumed"
[levers.generosity]
unit = "dimensionless"
path = [[2010, 0.5], [2020, 0.8]]
low = 0
high = 2
description = "d"
document = "a document"
system = 23
[drivers.premium]
unit = "yuan/year"
path = [[2010, 1e9]]
description = "d"
source = "s"
"""
PLACE = 'title = "A town"\nstart = 2010\n[values]\nreserve_at_start = 9e8\n'


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    (folder / "money.py").write_text(EQUATIONS)
    (folder / "town.toml").write_text(PLACE)
    specification = importlib.util.spec_from_file_location("money", folder / "money.py")
    equations = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(equations)
    records = Records.from_text(RECORDS, units=UNITS)
    return hr.Place.load(folder / "town.toml", records=records, modules=(equations,))


def test_a_name_whose_author_gave_no_source_is_shown_to_have_none(town):
    for name in ("claims", "generosity"):
        assert ("source", "none given") in describe_name(town, name)


def test_yearly_values_are_totals_of_flows_and_ends_of_stocks(town):
    run = hr.simulate(town, "baseline", {"generosity": 0.5})
    assert run.premiums.values == pytest.approx(np.full(31, 1e9))
    assert run.reserve.values == pytest.approx(9e8 + 5e8 * np.arange(1, 32))
    assert run.claims.sel(tier="hospital").values == pytest.approx(np.full(31, 3.5e8))


def test_a_place_says_how_it_differs_in_coherent_units(town):
    run = hr.simulate(town)
    assert run.reserve.attrs["at_start"] == 9e8
    assert run.cash.attrs["at_start"] == [1e8, 2e7]


def test_a_dated_change_leaves_history_alone_before_its_first_date(town):
    run = hr.simulate(town, "baseline", {"generosity": {2015: 0.0, 2025: 1.0}})
    history = hr.simulate(town, "baseline")
    assert np.array_equal(run.generosity.sel(time=slice(2010, 2014)), history.generosity.sel(time=slice(2010, 2014)))
    assert float(run.generosity.sel(time=2015)) == pytest.approx(0.05)
    assert run.generosity.sel(time=slice(2025, None)).values == pytest.approx(1.0)


def test_a_change_may_be_given_as_points_or_as_a_mapping(town):
    points = hr.simulate(town, "baseline", {"generosity": [[2015, 0.0], [2025, 1.0]]})
    mapping = hr.simulate(town, "baseline", {"generosity": {"2015": 0.0, "2025": 1.0}})
    assert points.drop_attrs().identical(mapping.drop_attrs())


def test_years_of_a_mapping_out_of_order_are_refused(town):
    with pytest.raises(hr.RecordError, match="2015 comes after 2025"):
        hr.simulate(town, "baseline", {"generosity": {2025: 1.0, 2015: 0.0}})


def test_a_change_that_begins_with_a_jump_begins_after_it(town):
    jump = hr.simulate(town, "baseline", {"generosity": [[2016, 0.2], [2016, 0.6], [2020, 0.6]]})
    assert float(jump.generosity.sel(time=2015)) == pytest.approx(0.665)
    assert jump.generosity.sel(time=slice(2016, None)).values == pytest.approx(0.6)


def test_one_element_of_a_parameter_changes_alone(town):
    run = hr.simulate(town, "baseline", {"tier_share[clinic]": 0.1, "generosity": 1})
    assert float(run.claims.sel(tier="clinic", time=2012)) == pytest.approx(1e8)
    assert float(run.claims.sel(tier="hospital", time=2012)) == pytest.approx(7e8)


def test_numbers_of_numpy_are_numbers(town):
    with_numpy = hr.simulate(town, "baseline", {"generosity": {np.int64(2015): np.float32(0.5)}})
    plain = hr.simulate(town, "baseline", {"generosity": {2015: 0.5}})
    assert np.array_equal(with_numpy.reserve, plain.reserve)


def test_applying_changes_touches_nothing_shared(town):
    before = hr.simulate(town, "baseline")
    hr.simulate(town, "no_reform", {"generosity": 0.0, "pay_time": 1.0})
    assert before.identical(hr.simulate(town, "baseline"))


def test_a_sweep_gives_the_bits_of_single_runs_wherever_a_run_stands(town):
    design = pd.DataFrame(
        {"generosity": np.linspace(0.1, 0.9, 700), "tier_share[clinic]": np.linspace(0.1, 0.3, 700)},
        index=[f"row {i}" for i in range(700)],
    )
    runs = hr.sweep(town, "baseline", design, ramp=(2026, 2031), keep=["reserve", "cash"], threads=2)
    assert (runs.failure == "").all()
    for i in (0, 511, 512, 699):
        changes = {"generosity": [[2026, 0.8], [2031, design.iloc[i, 0]]], "tier_share[clinic]": design.iloc[i, 1]}
        alone = hr.simulate(town, "baseline", changes)
        assert np.array_equal(alone.cash, runs.cash.sel(run=f"row {i}"))


def test_without_a_ramp_a_lever_of_a_design_holds_from_the_start(town):
    runs = hr.sweep(town, "baseline", pd.DataFrame({"generosity": [0.25, 1.0]}))
    assert runs.claims_total.values == pytest.approx(np.repeat([[2.5e8], [1e9]], 31, axis=1))
    assert runs.design.sel(run=0, input="generosity") == 0.25


def test_a_run_that_fails_is_told_and_leaves_the_others_alone(town):
    runs = hr.sweep(town, "baseline", pd.DataFrame({"generosity": [0.5, 2.0, 0.5]}))
    assert "reserve is negative" in str(runs.failure.values[1]) and " at 2010.9" in str(runs.failure.values[1])
    assert np.isnan(runs.reserve.sel(run=1, time=2012))
    assert np.array_equal(runs.reserve.sel(run=0), runs.reserve.sel(run=2))
    assert np.isfinite(runs.reserve.sel(run=2)).all()


def test_a_single_run_that_fails_says_what_and_when(town):
    with pytest.raises(hr.RunError, match=r"^reserve is negative .* at 2010\.9"):
        hr.simulate(town, "baseline", {"generosity": 2.0})


def test_chunks_do_not_move_numbers(town):
    design = pd.DataFrame({"generosity": np.linspace(0, 1, 50)})
    whole = hr.sweep(town, "baseline", design)
    parts = list(hr.sweep_in_chunks(town, "baseline", design, chunk=7))
    assert [part.sizes["run"] for part in parts] == [7] * 7 + [1]
    assert np.array_equal(np.concatenate([part.reserve for part in parts]), whole.reserve)


def test_progress_counts_the_runs_that_are_done(town):
    told: list[int] = []
    hr.sweep(town, "baseline", pd.DataFrame({"generosity": np.linspace(0, 1, 600)}), progress=told.append)
    assert told == [512, 600]


def test_money_that_appears_from_nowhere_stops_a_run(town, monkeypatch):
    honest = simulation.run_setting

    def tampered(setting, **options):
        raw, start = honest(setting, **options)
        raw.values[0, 5, raw.names.index("claims[clinic]")] += 1.0e4
        return raw, start

    monkeypatch.setattr(simulation, "run_setting", tampered)
    with pytest.raises(hr.RunError, match=r"stock (reserve|cash\[clinic\]) does not change by the sum of its flows"):
        hr.simulate(town)
    assert hr.simulate(town, conservation=False).sizes["time"] == 31


def test_a_run_of_a_sweep_whose_books_do_not_close_fails_alone(town, monkeypatch):
    honest = Compiled.run
    design = pd.DataFrame({"generosity": [0.4, 0.5, 0.6]}, index=["a", "b", "c"])
    sound = hr.sweep(town, "baseline", design)

    def tampered(self, inputs, *rest, **options):
        raw = honest(self, inputs, *rest, **options)
        if raw.runs == len(design):
            raw.values[1, 5, raw.names.index("claims[clinic]")] += 1.0e4
        return raw

    monkeypatch.setattr(Compiled, "run", tampered)
    runs = hr.sweep(town, "baseline", design)
    assert runs.failure.values[[0, 2]].tolist() == ["", ""]
    assert "does not change by the sum of its flows in 2015: error" in runs.failure.sel(run="b").item()
    assert np.isfinite(runs.reserve.sel(run="b", time=slice(None, 2014))).all()
    assert np.isnan(runs.reserve.sel(run="b", time=slice(2015, None))).all()
    assert np.array_equal(runs.reserve.sel(run=["a", "c"]), sound.reserve.sel(run=["a", "c"]))


def test_the_first_year_is_checked_too(town, monkeypatch):
    honest = simulation.run_setting

    def tampered(setting, **options):
        raw, start = honest(setting, **options)
        return raw, {**start, "reserve": start["reserve"] * 1.001}

    monkeypatch.setattr(simulation, "run_setting", tampered)
    with pytest.raises(hr.RunError, match="stock reserve"):
        hr.simulate(town)


def test_transactions_say_who_paid_whom(town):
    matrix = hr.transactions(hr.simulate(town, "baseline", {"generosity": 1.0}), 2012)
    assert matrix.loc["household", "fund"] == pytest.approx(1e9)
    assert matrix.loc["fund", "provider[hospital]"] == pytest.approx(7e8)
    assert matrix.loc["fund", "provider[clinic]"] == pytest.approx(3e8)
    assert matrix.loc["provider[clinic]", "fund"] == 0


def test_steps_are_reported_on_request(town):
    run = hr.simulate(town, "baseline", {"generosity": 0.5}, stop=2011, step=1 / 4, every_step=True)
    assert run.time.values == pytest.approx(np.arange(2010, 2012.01, 0.25))
    assert run.reserve.values == pytest.approx(9e8 + 5e8 * (run.time.values - 2010))
    with pytest.raises(hr.RecordError, match="steps in place of years"):
        hr.transactions(run, 2010)


def test_a_change_to_what_is_there_anyway_is_told(town):
    changes = {"generosity": {2021: 0.8}, "pay_time": 0.5, "tier_share[clinic]": 0.2}
    run = hr.simulate(town, "baseline", changes)
    assert json.loads(run.attrs["changes_without_effect"]) == ["generosity", "pay_time"]
    short = hr.simulate(town, "baseline", {"generosity": {2019.5: 0.78, 2020: 0.8, 2020.5: 0.1}}, stop=2020)
    assert json.loads(short.attrs["changes_without_effect"]) == []
