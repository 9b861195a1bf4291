"""Who gains and who pays: accounts of two runs against each other, year by year, and the flows that differ."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import xarray

import healthreform as hr

STOP = 2032


@pytest.fixture(scope="module")
def base():
    return hr.simulate("china", "baseline", stop=STOP)


@pytest.fixture(scope="module")
def reform():
    return hr.simulate("china", "linked_package", stop=STOP)


@pytest.fixture(scope="module")
def table(reform, base):
    return hr.ledger(reform, base)


def test_every_year_adds_up_to_nothing_to_round_off(table):
    assert (table.sum().abs() <= 1e-12 * table.abs().sum()).all()


def test_every_account_has_a_row_and_every_year_a_column(table, base):
    assert list(table.index) == json.loads(base.attrs["accounts"])
    assert {"household", "health_worker", "government", "lender", "fund[resident]"} <= set(table.index)
    assert list(table.columns) == [*range(2010, STOP + 1), "total"]
    assert table.index.name == "account"


def test_the_total_is_the_sum_of_the_years(table):
    pd.testing.assert_series_equal(table["total"], table[list(range(2010, STOP + 1))].sum(axis=1), check_names=False)


def test_before_a_reform_nobody_gains(table):
    assert not table[list(range(2010, 2026))].to_numpy().any()
    assert table[2030].abs().max() > 1e9


def test_a_run_gains_nothing_against_itself(base):
    assert not hr.ledger(base, base).to_numpy().any()
    assert hr.ledger(base, base, by="payment").empty


def test_the_gain_of_an_account_is_that_of_its_flows_and_debts_by_hand(table, reform, base):
    """Drug firms: what they are paid, less what they pay for prescribing, and what is owed to them more at the end."""

    def net(run):
        year, before = run.sel(time=2030), run.sel(time=2029)
        paid = float(year.drugs_paid.sum() + year.pharmacy_purchases - year.drug_promotion.sum())
        return paid + float(year.drug_payables.sum() - before.drug_payables.sum())

    assert table.loc["drug_firm", 2030] == pytest.approx(net(reform) - net(base), rel=1e-9)


def test_who_pays_late_gains_nothing_by_it(base):
    """A fund that keeps more in hand pays its claims later: it has more cash, and owes as much more.

    Audits take back a little of what is paid, and so a little less as long as less is.
    """
    late = hr.simulate("china", "baseline", {"working_reserve_time": 0.1}, stop=STOP)
    flows = hr.ledger(late, base, by="payment")
    kept = -flows.xs("fund[resident]", level="pays").loc["claims_paid", 2010].sum()
    assert kept > 1e9
    assert abs(hr.ledger(late, base).loc["fund[resident]", 2010]) < 1e-2 * kept


def test_payments_and_debts_make_up_the_accounts(table, reform, base):
    flows = hr.ledger(reform, base, by="payment").reset_index()
    for account in table.index:
        received = flows[flows.receives == account][2031].sum()
        paid = flows[flows.pays == account][2031].sum()
        assert received - paid == pytest.approx(table.loc[account, 2031], rel=1e-9, abs=1.0)


def test_the_flows_that_differ_most_come_first_and_those_that_do_not_differ_are_left_out(reform, base):
    flows = hr.ledger(reform, base, by="payment")
    sizes = flows.abs().max(axis=1).to_numpy()
    assert (np.diff(sizes) <= 0).all() and sizes[-1] > 0
    assert flows.index.names == ["payment", "pays", "receives"]
    assert ("patients_paid", "household", "provider[tertiary]") in flows.index[:10]
    assert "premium_relief" not in flows.index.get_level_values("payment")


def test_a_saved_run_gives_the_same_ledger(table, reform, base, tmp_path):
    debts = [name for name, values in base.data_vars.items() if "owed_by" in values.attrs]
    kept = [*json.loads(base.attrs["payments"]), *debts]
    stored = [hr.load(hr.save(run[kept], tmp_path / f"{place}.nc")) for place, run in enumerate((reform, base))]
    pd.testing.assert_frame_equal(hr.ledger(*stored), table)


# --- what cannot be compared ---


def refused(error, message, *runs, **options):
    with pytest.raises(error, match=message) as found:
        hr.ledger(*runs, **options)
    assert "\n" not in str(found.value)


def test_runs_of_different_places_are_not_compared(reform, base):
    other = base.copy()
    other.attrs = base.attrs | {"place": "sanming"}
    refused(hr.RecordError, "of different places, china and sanming", reform, other)


def test_runs_over_different_years_are_not_compared(reform, base):
    shorter = base.sel(time=slice(2010, 2020))
    refused(hr.RecordError, "not cover the same years, but 2010 to 2032 and 2010 to 2020", reform, shorter)


def test_a_run_that_lacks_a_flow_is_refused(reform, base):
    refused(hr.RecordError, "lacks the payment 'drugs_paid'", reform.drop_vars("drugs_paid"), base)
    refused(hr.RecordError, "the run lacks 'drug_payables' from provider", reform.drop_vars("drug_payables"), base)


def test_a_run_that_failed_is_refused_with_what_went_wrong(reform, base):
    failed = reform.copy(deep=True)
    failed["claims_paid"].loc[{"time": slice(2028, None)}] = np.nan
    failed["failure"] = ((), "fund_reserve is nan at 2028.3")
    refused(
        hr.RunError,
        r"the run failed \(fund_reserve is nan at 2028.3\): 'claims_paid' is no number in 2028",
        failed,
        base,
    )
    refused(hr.RunError, "the run it is compared with failed", base, failed)


def test_what_is_no_run_by_years_is_refused(reform, base):
    refused(hr.RecordError, "a dict is no result over years", {}, base)
    refused(hr.RecordError, "steps in place of years", reform.assign_coords(time=reform.time + 0.5), base)
    refused(hr.RecordError, "several runs; choose one", xarray.concat([reform, reform], "run"), base)
    refused(hr.RecordError, "lacks the payment", reform[["mean_pay"]], base)


def test_an_unknown_way_of_telling_is_refused(reform, base):
    refused(
        hr.RecordError,
        "by='payments' is not one of account, payment; nearest valid name: payment",
        reform,
        base,
        by="payments",
    )
