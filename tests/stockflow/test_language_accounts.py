"""Who pays whom: the matrix of payments, debts, what crosses the boundary, and what a run must conserve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from language_clinic import clinic
from language_models import bank_and_debts, epidemic

from healthreform.stockflow import Account, Interpreter, ModelError, RunError, Subscript
from healthreform.stockflow.accounts import Debt, Movement
from healthreform.stockflow.conservation import (
    account_errors,
    account_nets,
    balance_errors,
    check_conservation,
    negative_payments,
    open_books,
    stock_errors,
    transactions,
)

BANK = bank_and_debts()


@pytest.fixture(scope="module")
def bank():
    return BANK, Interpreter(BANK).run(2010, 2012, 1 / 16)


def test_every_payment_names_its_scalar_ends():
    model = clinic()
    purchase = next(p for p in model.payments if p.flow == "purchases[primary]")
    assert purchase == Movement(
        "purchases[primary]", "purchases", "payment", "hospital[primary]", "household", None, "equipment[primary]"
    )
    assert model.ledger.cash == {
        "fund": "fund_reserve",
        "hospital[tertiary]": "hospital_cash[tertiary]",
        "hospital[primary]": "hospital_cash[primary]",
    }
    assert model.ledger.outside == ("household",)
    assert Debt("claims_owed[primary]", "fund", "hospital[primary]") in model.ledger.debts


def test_a_flow_over_more_subscripts_than_its_stock_is_summed():
    rates = clinic().ledger.rates["claims_owed[primary]"]
    assert rates == (
        (1, "claims_due[primary,outpatient]"),
        (1, "claims_due[primary,inpatient]"),
        (-1, "claims_paid[primary]"),
    )


def test_a_flow_with_all_of_its_money_to_one_account_is_summed_into_it():
    assert clinic().ledger.rates["fund_reserve"] == (
        (1, "premiums_paid"),
        (-1, "claims_paid[tertiary]"),
        (-1, "claims_paid[primary]"),
    )


def test_kinds_of_flows_are_told_apart_and_one_ended_ones_listed():
    ledger = clinic().ledger
    kinds = {movement.variable: movement.kind for movement in ledger.movements}
    assert kinds == {
        "premiums_paid": "payment",
        "claims_due": "due",
        "claims_paid": "payment",
        "purchases": "payment",
        "wear": "value",
        "pay_seen_adjustment_1": "adjustment",
        "drawn_up": "quantity",
        "graduation_inflow": "quantity",
        "graduation_transit_1": "quantity",
        "graduation_transit_2": "quantity",
        "graduation": "quantity",
    }
    assert {movement.variable for movement in ledger.one_ended} == {"claims_due", "wear", "graduation_inflow"}


def test_what_is_paid_is_received(bank):
    model, run = bank
    matrix = transactions(model.ledger, run.values)
    assert matrix["firm[north]", "household"] == pytest.approx(run.values["wages[north]"])
    nets = account_nets(model.ledger, run.values)
    assert sum(nets.values()) == pytest.approx(np.zeros(3), abs=1e-12)
    assert nets["household"] == pytest.approx(
        sum(run.values[f"wages[{r}]"] - run.values[f"sales[{r}]"] for r in ("north", "south"))
    )
    assert set(nets) == {"firm[north]", "firm[south]", "bank", "household", "state"}


def test_a_conserving_run_passes_and_says_how_well(bank):
    model, run = bank
    worst = check_conservation(model, run.values, run.start)
    assert set(worst) == {"stock", "account", "balance"}
    assert all(0 <= error < 1e-12 for error in worst.values())


def test_without_the_start_the_first_year_is_left_out(bank):
    model, run = bank
    assert stock_errors(model.ledger, run.values)["vault"].shape == (2,)
    assert stock_errors(model.ledger, run.values, run.start)["vault"].shape == (3,)


def test_many_runs_are_checked_at_once(bank):
    model, run = bank
    runs = {name: np.stack([values, 2 * values]) for name, values in run.values.items()}
    start = {name: np.array([value, 2 * value]) for name, value in run.start.items()}
    assert account_errors(model.ledger, runs, start)["bank"].shape == (2, 3)
    assert max(check_conservation(model, runs, start).values()) < 1e-12


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cash[south]", r"stock cash\[south\] does not change by the sum of its flows"),
        ("sales[south]", r"stock cash\[south\]"),
        ("loan[north]", r"stock loan\[north\]"),
        ("loans_untold", "balance loans_untold is not zero"),
    ],
)
def test_money_from_nowhere_is_found_and_named(bank, name, message):
    model, run = bank
    spoilt = dict(run.values)
    spoilt[name] = run.values[name] + np.array([0.0, 1e-4, 0.0])
    with pytest.raises(RunError, match=message):
        check_conservation(model, spoilt, run.start)


def test_what_is_nothing_at_all_raises_no_alarm(bank):
    model, run = bank
    dust = {name: np.array([3e-318, 1e-318, 0.0]) for name in run.values}
    start = {name: 5e-318 for name in run.start}
    assert max(check_conservation(model, dust, start).values()) <= 1e-100


def test_what_is_left_of_a_stock_is_judged_by_what_it_held(bank):
    model, run = bank
    empty, held = (dict(run.values) for _ in range(2))
    moves = [flow for _, flow in model.ledger.rates["vault"]]
    for values in (empty, held):
        values.update({flow: np.zeros(3) for flow in moves})
        values["vault"] = np.array([1e-9, 0.0, 0.0])
    held_before = {**run.start, "vault": 1e-9}
    assert np.abs(stock_errors(model.ledger, empty, held_before)["vault"]).max() == 1.0
    held["vault"] = np.array([1e6, 1e6 + 1e-9, 1e6])
    assert np.abs(stock_errors(model.ledger, held, {**run.start, "vault": 1e6})["vault"]).max() < 1e-14


def test_of_many_runs_those_whose_books_are_open_are_told_with_the_year(bank):
    model, run = bank
    runs = {name: np.stack([values] * 3) for name, values in run.values.items()}
    start = {name: np.full(3, value) for name, value in run.start.items()}
    assert open_books(model, runs, start, [2010, 2011, 2012]) == {}
    runs["vault"][1, 1] *= 1.01
    runs["loans_untold"][2, 2] = np.nan
    found = open_books(model, runs, start, [2010, 2011, 2012])
    assert set(found) == {1, 2}
    assert found[1][0] == 1
    assert found[1][1].startswith("stock vault does not change by the sum of its flows in 2011: error 0.0")
    assert found[2] == (2, "balance loans_untold is not zero in 2012: error nan of its size, 1e-09 allowed")


def test_a_value_that_is_no_number_is_not_conserved(bank):
    model, run = bank
    with pytest.raises(RunError, match="stock vault"):
        check_conservation(model, {**run.values, "vault": np.full(3, np.nan)}, run.start)


def test_what_was_not_kept_cannot_be_checked(bank):
    model, run = bank
    kept = {name: values for name, values in run.values.items() if name != "borrowing[south]"}
    with pytest.raises(RunError, match=r"the values of 'borrowing\[south\]' were not kept"):
        check_conservation(model, kept, run.start)
    with pytest.raises(RunError, match="the values of 'vault_at_start' were not kept"):
        check_conservation(model, run.values, run.start, scales={})


@settings(max_examples=25)
@given(
    rates=st.fixed_dictionaries(
        {name: st.floats(0, 2) for name in ("wage_rate", "lending_rate", "repayment_rate", "tax_share")}
    ),
    delay=st.floats(0.2, 5),
    method=st.sampled_from(["rk4", "euler"]),
)
def test_money_is_conserved_whatever_the_rates(rates, delay, method):
    interpreter = Interpreter(BANK, {**rates, "tax_delay": delay})
    try:
        run = interpreter.run(2010, 2011, 1 / 8, method)
    except RunError as error:
        assert "is negative" in str(error)
    else:
        assert max(check_conservation(BANK, run.values, run.start, 1e-11).values()) <= 1e-11


def test_a_payment_that_runs_the_wrong_way_is_named(bank):
    model, run = bank
    assert negative_payments(model.ledger, run.values) == ()
    spoilt = {**run.values, "wages[north]": np.array([1.0, -1.0, 1.0])}
    assert negative_payments(model.ledger, spoilt) == ("wages[north]",)


def test_a_balance_is_measured_against_its_scale():
    model = epidemic()
    run = Interpreter(model).run(2010, 2010, 1 / 16)
    spoilt = {**run.values, "people_lost": np.array([1.0])}
    assert balance_errors(model.balances, spoilt)["people_lost"] == pytest.approx([1e-4])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Subscript("tier", []), "at least one element"),
        (lambda: Subscript("tier", "abc"), "give a list"),
        (lambda: Subscript("tier", ["a", "a"]), "element 'a' is given twice"),
        (lambda: Subscript("tier", ["a b"]), "a name is letters"),
        (lambda: Subscript("tier", [3]), "a name is letters"),
        (lambda: Subscript("2tier", ["a"]), "a name is letters"),
        (lambda: Account("the fund"), "a name is letters"),
        (lambda: Account("fund", over="tier"), "must be a Subscript"),
        (lambda: Account("fund", over=(Subscript("s", ["a"]), Subscript("s", ["a"]))), "names one subscript twice"),
    ],
)
def test_a_subscript_or_account_that_makes_no_sense_is_refused_at_once(make, message):
    with pytest.raises(ModelError, match=message):
        make()
