"""The money of a run: the national health account, the bridge to the published total, and who gains and pays."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import healthreform as hr


@pytest.fixture(scope="module")
def run():
    return hr.simulate("china", "baseline")


@pytest.mark.parametrize("year", [2010, 2020, 2040])
def test_the_national_account_adds_up_both_ways(run, year):
    table = hr.national_accounts(run, year)
    inner = table.drop(index="total", columns="total")
    assert (inner.to_numpy() >= 0).all()
    assert table.loc["total", "total"] == pytest.approx(inner.to_numpy().sum(), rel=1e-12)
    assert table["total"].drop("total").sum() == pytest.approx(table.loc["total"].drop("total").sum(), rel=1e-12)


def test_what_funds_finance_is_what_the_model_says_they_paid_less_what_they_recovered(run):
    table = hr.national_accounts(run, 2020)
    year = run.sel(time=2020)
    for scheme in ("employee", "resident"):
        flows = (
            "claims_paid", "false_claims_paid", "savings_retained", "consortium_savings", "contract_fees",
            "outside_claims_paid",
        )  # fmt: skip
        paid = sum(year[name].sel(scheme=scheme).sum() for name in flows)
        paid = paid - year.recoveries_paid.sel(scheme=scheme).sum()
        assert table.loc[f"fund[{scheme}]", "total"] == pytest.approx(float(paid))


def test_loans_and_transfers_among_providers_finance_no_care(run):
    assert {"lender", "provider[secondary]"}.isdisjoint(hr.national_accounts(run, 2020).index)
    assert hr.transactions(run, 2020).loc["lender", "provider[tertiary]"] >= 0


def test_every_account_with_cash_explains_its_change_of_cash(run):
    for year in (2010, 2011, 2039):
        matrix = hr.transactions(run, year)
        before = run.fund_reserve.attrs["at_start"] if year == 2010 else run.fund_reserve.sel(time=year - 1).values
        change = run.fund_reserve.sel(time=year).values - before
        for scheme, moved in zip(run.scheme.values, change, strict=True):
            account = f"fund[{scheme}]"
            assert matrix[account].sum() - matrix.loc[account].sum() == pytest.approx(moved, rel=1e-9)


def test_books_that_do_not_balance_are_refused(run):
    false = run.copy(deep=True)
    false.claims_paid.loc[{"time": 2020, "tier": "primary", "scheme": "employee"}] += 1e6
    with pytest.raises(hr.RunError, match=r"2020: (provider\[primary\]|fund\[employee\]) took in"):
        hr.national_accounts(false, 2020)
    assert hr.national_accounts(false, 2019).shape == hr.national_accounts(run, 2019).shape


@pytest.mark.parametrize("year", range(2010, 2041, 5))
def test_the_bridge_from_funds_raised_to_spending_on_care_closes(run, year):
    bridge = hr.bridge(run, year)
    assert abs(bridge["not explained"]) <= 1e-9 * bridge.iloc[0]
    assert bridge["spent on care"] < bridge.iloc[0] == float(run.total_health_expenditure.sel(time=year))


def test_funds_raised_are_the_published_total(run):
    assert hr.bridge(run, 2010).iloc[0] == pytest.approx(
        float(hr.history().total_health_expenditure.sel(time=2010)), rel=0.08
    )


def test_gains_and_losses_of_a_reform_cancel(run):
    table = hr.ledger(hr.simulate("china", "procurement"), run)
    assert abs(table.total.sum()) <= 1e-9 * table.total.abs().sum()
    assert table.loc["drug_firm", "total"] < 0


def test_a_run_gains_nothing_against_itself(run):
    assert not hr.ledger(run, run).to_numpy().any()


def test_runs_over_other_years_are_not_compared(run):
    with pytest.raises(hr.RecordError, match="do not cover the same years"):
        hr.ledger(run, hr.simulate("china", "baseline", stop=2020))


def test_a_year_outside_the_run_is_refused(run):
    with pytest.raises(hr.RecordError, match="year 2041 is not in this result; it covers 2010 to 2040"):
        hr.national_accounts(run, 2041)


def test_several_runs_at_once_are_refused():
    runs = hr.sweep("china", "baseline", pd.DataFrame({"inducement_limit": [1.12, 1.2]}))
    with pytest.raises(hr.RecordError, match="several runs; choose one"):
        hr.national_accounts(runs, 2020)
    with pytest.raises(hr.RecordError, match="lacks the payment"):
        hr.national_accounts(runs.sel(run=0), 2020)


def test_a_saved_run_gives_the_same_accounts(run, tmp_path):
    cash = [name for name, values in run.data_vars.items() if "account" in values.attrs]
    bridged = [
        "total_health_expenditure",
        "spent_on_care",
        "claims_payable",
        "recoveries_payable",
        "maternity_allowances",
    ]
    needed = dict.fromkeys([*json.loads(run.attrs["payments"]), *cash, *bridged])
    stored = hr.load(hr.save(run[list(needed)], tmp_path / "run.nc"))
    for year in (2010, 2030):
        pd.testing.assert_frame_equal(hr.national_accounts(stored, year), hr.national_accounts(run, year))
        assert np.array_equal(hr.bridge(stored, year), hr.bridge(run, year))


def test_accounts_of_what_is_no_run_are_refused_in_one_line():
    with pytest.raises(hr.RecordError, match="a dict is no result over years"):
        hr.national_accounts({}, 2020)
