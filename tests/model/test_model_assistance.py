"""Medical assistance: an account of its own, filled by government, that pays premiums and bills of the poor."""

import functools

import numpy as np
import pytest
from model_runs import Runs, every, from_date, model, run, scenario_values, together

import healthreform as hr

PAID = ("assistance_paid", "assisted_premiums", "aid_paid")

#: Conditions under which what is paid jumps, or stops.
CASES = {
    "as enacted": {},
    "tenfold overnight": together(2015.0, assistance_share=0.5, assisted_premium_share=1.0, assistance_tail_share=0.8),
    "stopped overnight": together(2015.0, assistance_share=0.0, assisted_premium_share=0.0, assistance_tail_share=0.0),
    "slowly filled, small reserve": {"assistance_filling_time": 1.0, "assistance_reserve_time": 0.05}
    | from_date("assistance_share", 2015.0, 0.5),
}


@functools.cache
def runs() -> Runs:
    return run(*CASES.values())


@functools.cache
def baseline():
    return hr.simulate("china", "baseline")


def paid(of: Runs) -> np.ndarray:
    return np.sum([of.sum(name) for name in PAID], axis=0)


def test_everything_it_pays_comes_out_of_its_account_and_government_alone_fills_it():
    payments = {(payment.flow.partition("[")[0], payment.payer, payment.payee) for payment in model().payments}
    out = {name for name, payer, _ in payments if payer == "medical_assistance"}
    assert out == set(PAID)
    assert {(name, payer) for name, payer, payee in payments if payee == "medical_assistance"} == {
        ("assistance_transfer", "government")
    }
    assert not {name for name, payer, _ in payments if payer == "government"} & set(PAID)


@pytest.mark.parametrize("case", range(len(CASES)), ids=list(CASES))
def test_its_reserve_changes_by_what_it_receives_less_what_it_pays(case):
    reserve = np.concatenate([[runs().start["assistance_reserve"][case]], runs()["assistance_reserve"][case]])
    change = runs()["assistance_transfer"][case] - paid(runs())[case]
    np.testing.assert_allclose(np.diff(reserve), change, rtol=1e-9, atol=1e-3)


@pytest.mark.parametrize("case", range(len(CASES)), ids=list(CASES))
def test_it_is_never_without_money_and_gives_none_back(case):
    assert runs()["assistance_reserve"][case].min() > 0
    assert runs()["assistance_transfer"][case].min() >= 0


def test_its_reserve_is_about_the_time_of_what_it_pays_that_is_meant():
    held = runs()["assistance_reserve"][0] / paid(runs())[0]
    assert held == pytest.approx(scenario_values()["assistance_reserve_time"], rel=0.15)
    twice = run(every("assistance_reserve_time", 0.24))
    assert twice["assistance_reserve"][0, -1] > 1.9 * runs()["assistance_reserve"][0, -1]


def test_when_it_stops_its_reserve_runs_down_no_further_than_what_was_still_paid():
    reserve = runs()["assistance_reserve"][2]
    assert reserve[5] == pytest.approx(reserve[-1], rel=1e-9) and runs()["assistance_transfer"][2, 6] == 0


@pytest.mark.parametrize("year", [2012, 2020, 2035])
def test_governments_part_of_health_expenditure_is_all_it_pays_its_transfers_to_assistance_among_it(year):
    pays = hr.transactions(baseline(), year).loc["government"]
    assert pays["medical_assistance"] > 1e9
    assert float(baseline()["government_health_expenditure"].sel(time=year)) == pytest.approx(pays.sum(), rel=1e-12)


def test_it_is_named_in_transactions_accounts_and_ledger_and_the_bridge_closes_with_it():
    run_, year = baseline(), 2020
    matrix, account = hr.transactions(run_, year), hr.national_accounts(run_, year)
    spent = {name: float(run_[name].sel(time=year).sum()) for name in PAID}
    assert matrix.loc["government", "medical_assistance"] == float(run_["assistance_transfer"].sel(time=year))
    assert matrix.loc["medical_assistance"].sum() == pytest.approx(sum(spent.values()), rel=1e-12)
    assert matrix.loc["medical_assistance", "household"] == pytest.approx(spent["aid_paid"], abs=1e-3)
    assert account.loc["medical_assistance", "total"] == pytest.approx(spent["assistance_paid"], rel=1e-12)
    bridge = hr.bridge(run_, year)
    assert abs(bridge["not explained"]) < 1e-9 * bridge.iloc[0]
    more = hr.simulate("china", "financial_protection")
    gains = hr.ledger(more, run_)
    change = np.diff(more["assistance_reserve"] - run_["assistance_reserve"], prepend=0.0)
    np.testing.assert_allclose(gains.loc["medical_assistance"].to_numpy()[:-1], change, atol=1.0)
    assert abs(gains.loc["medical_assistance", "total"]) > 1e8


def test_the_bridge_would_not_close_if_what_assistance_keeps_were_left_out():
    run_ = baseline()
    kept = float(run_["assistance_reserve"].diff("time").sel(time=2020))
    assert kept > 1e8
    told = hr.bridge(run_.assign(assistance_reserve=run_["assistance_reserve"] * 0).copy(), 2020)
    assert told["not explained"] == pytest.approx(-kept, rel=1e-6)
