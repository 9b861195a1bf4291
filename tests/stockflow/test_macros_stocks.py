"""Delays, pipelines and smooths: the stocks they stand for, their start, and what comes out."""

from __future__ import annotations

import numpy as np
import pytest
from language_helpers import driver, lever, model_from, parameter
from scipy.stats import gamma

from healthreform.stockflow import Interpreter, ModelError
from healthreform.stockflow.flat import TimeConstant

DELAY = '''
@delay("item/year", time="lag", order=ORDER, into="store")
def arrival(dispatch):
    """What arrives."""
    return 2 * dispatch

@stock("item")
def store(nothing):
    """What has arrived."""
    return nothing
'''
NOTHING = parameter("nothing", 0, "item")


def delayed(order, path, lag=0.5, **options):
    text = DELAY.replace("ORDER", str(order))
    for key, value in options.items():
        text = text.replace("time=", f'{key}="{value}", time=')
    extra = [parameter(value, 9, "item") for key, value in options.items() if key == "start"]
    return model_from(text, NOTHING, parameter("lag", lag, "year"), driver("dispatch", path, "item/year"), *extra)


@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_a_delay_in_steady_state_stays_there(order):
    model = delayed(order, [[2010, 3.0]])
    run = Interpreter(model).run(2010, 2012, 1 / 16)
    assert [run.start[f"arrival_stage_{i + 1}"] for i in range(order)] == pytest.approx([6 * 0.5 / order] * order)
    assert run.values["arrival"] == pytest.approx([6.0] * 3, rel=1e-12)
    assert run.values["store"] == pytest.approx([6.0, 12.0, 18.0], rel=1e-12)


@pytest.mark.parametrize("order", [1, 3, 5])
def test_a_step_comes_out_of_a_delay_as_an_erlang_distribution(order):
    model = delayed(order, [[2010, 0.0], [2011, 0.0], [2011, 1.0]])
    run = Interpreter(model).run(2010, 2012, 1 / 64, every_step=True)
    expected = 2 * gamma.cdf(run.time - 2011, order, scale=0.5 / order)
    assert run.values["arrival"] == pytest.approx(expected, abs=1e-5)


def test_a_delay_started_with_a_content_shares_it_evenly():
    run = Interpreter(delayed(3, [[2010, 0.0]], start="content")).run(2010, 2019, 1 / 16)
    assert [run.start[f"arrival_stage_{i}"] for i in (1, 2, 3)] == [3.0, 3.0, 3.0]
    assert run.values["store"][-1] == pytest.approx(9.0, rel=1e-10), "all that was inside comes out, and no more"


def test_a_delay_is_made_of_named_variables_that_carry_their_owners_place():
    model = delayed(2, [[2010, 1.0]])
    made = {name: (v.kind, v.unit) for name, v in model.variables.items() if v.generated_by == "arrival"}
    assert made == {
        "arrival_inflow": ("flow", "item/year"),
        "arrival_stage_1": ("stock", "item"),
        "arrival_stage_2": ("stock", "item"),
        "arrival_transit_1": ("flow", "item/year"),
    }
    assert {(v.file, v.line) for n, v in model.variables.items() if n.startswith("arrival")} == {
        (model.variables["arrival"].file, model.variables["arrival"].line)
    }
    assert (model.variables["arrival"].role, model.variables["arrival"].docstring) == ("flow", "What arrives.")
    assert model.flat.time_constants == (TimeConstant("lag", 2, "arrival"),)
    assert dict(zip(model.flat.stocks, model.flat.rates, strict=True))["arrival_stage_1"] == (
        (1, "arrival_inflow"),
        (-1, "arrival_transit_1"),
    )


def test_a_pipeline_with_a_loss_starts_in_its_steady_state_and_loses_a_known_share():
    text = '''
    @pipeline("item/year", time="lag", stages=4, loss="loss_rate", into="store")
    def arrival(dispatch):
        """What arrives."""
        return dispatch

    @stock("item")
    def store(nothing):
        """What has arrived."""
        return nothing
    '''
    model = model_from(
        text,
        NOTHING,
        parameter("lag", 2, "year"),
        parameter("loss_rate", 10, "percent/year"),
        driver("dispatch", [[2010, 5.0]], "item/year"),
    )
    run = Interpreter(model).run(2010, 2012, 1 / 16)
    survive = (2 / 2.1) ** 4
    assert run.values["arrival"] == pytest.approx([5 * survive] * 3, rel=1e-12)
    assert run.values["arrival_loss"] == pytest.approx([5 * (1 - survive)] * 3, rel=1e-12)
    assert [m.flow for m in model.ledger.one_ended if m.into is None] == [f"arrival_loss_{i}" for i in (1, 2, 3, 4)]
    assert model.flat.time_constants == (TimeConstant("lag", 4, "arrival"),)


SMOOTH = '''
@smooth("item", time="lag", order=ORDEROPTIONS)
def seen(actual):
    """What is seen."""
    return 2 * actual
'''


def smoothed(order, path, options="", *extra):
    text = SMOOTH.replace("ORDER", str(order)).replace("OPTIONS", options)
    return model_from(text, parameter("lag", 0.5, "year"), driver("actual", path, "item"), *extra)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_a_smooth_follows_a_jump_as_an_erlang_distribution(order):
    model = smoothed(order, [[2010, 1.0], [2011, 1.0], [2011, 2.0]])
    run = Interpreter(model).run(2010, 2012, 1 / 64, every_step=True)
    assert run.start["seen"] == 2.0
    expected = 2 + 2 * gamma.cdf(run.time - 2011, order, scale=0.5 / order)
    assert run.values["seen"] == pytest.approx(expected, abs=1e-5)
    assert model.variables["seen"].role == "stock"


@pytest.mark.parametrize("order", [1, 3])
def test_a_smooth_of_a_growing_input_starts_as_far_behind_as_it_stays(order):
    """An input that grows at rate g for ever is seen at x / (1 + g T / n)**n."""
    text = (
        SMOOTH.replace("ORDER", str(order)).replace("OPTIONS", ', growth="growth_rate"')
        + '''
@stock("item")
def actual(actual_at_start):
    """It grows."""
    return actual_at_start

@flow("item/year", into="actual")
def growing(actual, growth_rate):
    """Growth."""
    return actual * growth_rate
'''
    )
    model = model_from(
        text,
        parameter("lag", 0.5, "year"),
        parameter("actual_at_start", 1, "item"),
        parameter("growth_rate", 0.3, "1/year"),
    )
    run = Interpreter(model).run(2010, 2014, 1 / 64)
    behind = run.values["seen"] / (2 * run.values["actual"])
    assert run.start["seen"] == pytest.approx(2 / (1 + 0.3 * 0.5 / order) ** order, rel=1e-12)
    assert behind == pytest.approx(np.full(5, run.start["seen"] / 2), rel=1e-7)


def test_a_smooth_can_start_elsewhere_and_be_signed():
    model = smoothed(2, [[2010, -1.0]], ', start="first", signed=True', parameter("first", -5, "item"))
    run = Interpreter(model).run(2010, 2019, 1 / 16)
    assert (run.start["seen_stage_1"], run.start["seen"]) == (-5.0, -5.0)
    assert run.values["seen"][-1] == pytest.approx(-2.0, rel=1e-6)
    assert model.flat.signed == {"seen_stage_1", "seen"}


def test_adjusting_a_smooth_moves_nothing_across_the_boundary():
    model = smoothed(3, [[2010, 1.0]])
    assert model.ledger.one_ended == ()
    assert {movement.kind for movement in model.ledger.movements} == {"adjustment"}


def test_a_payment_by_delay_is_owed_until_it_is_paid():
    text = '''
    s = Subscript("s", ["up", "down"])
    buyer = Account("buyer")
    seller = Account("seller", over=s)

    @delay("yuan/year", over=s, time="terms", order=2, payer="buyer", payee="seller")
    def payment(price):
        """Paid on terms."""
        return price

    @stock("yuan", account="buyer", signed=True)
    def purse(money):
        """Money of the buyer."""
        return money
    '''
    model = model_from(
        text,
        parameter("price", {"up": 3, "down": 4}, "yuan/year", over="s"),
        parameter("terms", 6, "month"),
        parameter("money", 100, "yuan"),
    )
    debts = {(debt.stock, debt.owed_by, debt.owed_to) for debt in model.ledger.debts}
    assert ("payment_stage_2[down]", "buyer", "seller[down]") in debts
    assert len(debts) == 4
    kinds = {movement.flow: movement.kind for movement in model.ledger.movements}
    assert (kinds["payment[up]"], kinds["payment_inflow[up]"], kinds["payment_transit_1[up]"]) == (
        "payment",
        "due",
        "due",
    )
    assert [movement.flow for movement in model.ledger.one_ended] == ["payment_inflow[up]", "payment_inflow[down]"]
    assert model.ledger.outside == ("seller[up]", "seller[down]")


def test_a_time_over_a_subscript_gives_a_time_constant_for_each_element():
    text = '''
    s = Subscript("s", ["up", "down"])

    @smooth("item", over=s, time="lag")
    def seen(actual):
        """What is seen."""
        return actual
    '''
    lag = parameter("lag", {"up": 1, "down": 2}, "year", over="s")
    actual = lever("actual", "{ up = [[2010, 1]], down = [[2010, 2]] }", "item").replace("path", "over = ['s']\npath")
    model = model_from(text, lag, actual)
    assert model.flat.time_constants == (
        TimeConstant("lag[up]", 1, "seen[up]"),
        TimeConstant("lag[down]", 1, "seen[down]"),
    )


def test_start_and_growth_exclude_each_other():
    with pytest.raises(ModelError, match=r"sector\.py:4 seen: start= and growth= both say where it starts"):
        smoothed(1, [[2010, 1]], ', start="lag", growth="lag"')


def test_a_time_in_another_unit_is_told_by_its_name():
    text = SMOOTH.replace("ORDER", "1").replace("OPTIONS", "")
    with pytest.raises(ModelError, match=r"sector\.py:4 seen: time='lag' is in 1/year; it must be in year$"):
        model_from(text, parameter("lag", 2, "1/year"), driver("actual", [[2010, 1.0]], "item"))
