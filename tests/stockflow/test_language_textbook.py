"""Textbook models against closed forms, or against equations written out by hand and integrated by SciPy."""

from __future__ import annotations

import contextlib
import io
import re
import textwrap

import numpy as np
import pytest
from language_models import (
    TEXTBOOK,
    bank_and_debts,
    draining_tank,
    epidemic,
    predator_and_prey,
    torricelli_tank,
    workforce_chain,
)
from scipy.integrate import solve_ivp

from healthreform import stockflow
from healthreform.stockflow import Interpreter
from healthreform.stockflow.conservation import check_conservation
from healthreform.stockflow.evaluate import evaluate


def test_a_draining_tank_follows_its_exponential():
    run = Interpreter(draining_tank()).run(2010, 2014, 1 / 16)
    left = 8 * np.exp(-0.5 * np.arange(1, 6))
    assert run.values["water"] == pytest.approx(left, rel=5e-8)
    assert run.values["leak"] == pytest.approx(8 * np.exp(-0.5 * np.arange(5)) - left, rel=5e-8)


def test_runge_kutta_on_a_draining_tank_is_the_polynomial_it_must_be():
    run = Interpreter(draining_tank()).run(2010, 2014, 1 / 16)
    z = 0.5 / 16
    a_step = 1 - z + z**2 / 2 - z**3 / 6 + z**4 / 24
    assert run.values["water"] == pytest.approx(8 * a_step ** (16 * np.arange(1, 6)), rel=1e-14)


def test_euler_on_a_draining_tank_is_the_power_it_must_be():
    run = Interpreter(draining_tank()).run(2010, 2012, 1 / 4, "euler")
    assert run.values["water"] == pytest.approx(8 * (1 - 0.5 / 4) ** (4 * np.arange(1, 4)), rel=1e-14)


def test_a_tank_with_a_hole_sinks_along_a_parabola():
    run = Interpreter(torricelli_tank()).run(2010, 2014, 1 / 16)
    assert run.values["depth"] == pytest.approx((2 - 0.25 * np.arange(1, 6)) ** 2, rel=1e-8)


def test_predator_and_prey_agree_with_scipy_and_keep_their_constant():
    model = predator_and_prey()
    run = Interpreter(model).run(2010, 2029, 1 / 16)

    def by_hand(_, y):
        return [y[0] * 0.5 - 0.03 * y[0] * y[1], 0.5 * 0.03 * y[0] * y[1] - 0.4 * y[1]]

    solved = solve_ivp(by_hand, (0, 20), [40, 9], rtol=1e-11, atol=1e-11, t_eval=np.arange(1, 21), method="DOP853")
    assert run.values["prey"] == pytest.approx(solved.y[0], rel=1e-6)
    assert run.values["predators"] == pytest.approx(solved.y[1], rel=1e-6)
    prey, predators = run.values["prey"], run.values["predators"]
    constant = 0.015 * prey - 0.4 * np.log(prey) + 0.03 * predators - 0.5 * np.log(predators)
    assert np.ptp(constant) < 1e-6


def test_an_epidemic_with_delays_agrees_with_its_equations_written_out():
    run = Interpreter(epidemic()).run(2010, 2011, 1 / 128)
    people, ill, weight = np.array([6000.0, 4000.0]), np.array([5.0, 1.0]), np.array([1.0, 1.4])
    rate_in, rate_out = 2 / 0.1, 3 / 0.25

    def by_hand(_, y):
        s, e1, e2, i1, i2, i3, _r = y.reshape(7, 2)
        caught = s * weight * 12 * (i1 + i2 + i3).sum() / people.sum()
        onset = e2 * rate_in
        changes = [
            -caught,
            caught - e1 * rate_in,
            e1 * rate_in - onset,
            onset - i1 * rate_out,
            (i1 - i2) * rate_out,
            (i2 - i3) * rate_out,
            i3 * rate_out,
        ]
        return np.concatenate(changes)

    start = np.concatenate([people - ill, np.zeros(4), ill / 3, ill / 3, ill / 3, np.zeros(2)])
    solved = solve_ivp(by_hand, (0, 2), start, rtol=1e-11, atol=1e-9, t_eval=[1, 2], method="DOP853").y
    found = [run.values[f"{stock}[{age}]"] for stock in ("susceptible", "recovered") for age in ("young", "old")]
    assert np.array(found) == pytest.approx(np.array([solved[0], solved[1], solved[12], solved[13]]), rel=1e-6)
    assert solved[12, -1] > 3000, "the epidemic must take off, or the test says nothing"


def test_a_workforce_chain_agrees_with_its_equations_written_out():
    run = Interpreter(workforce_chain()).run(2010, 2019, 1 / 16)
    start_stages = 50 / (1 + 0.06) * np.array([1 / 1.06**i for i in range(5)])
    assert [run.start[f"graduation_stage_{i}"] for i in range(1, 6)] == pytest.approx(start_stages, rel=1e-12)

    def by_hand(t, y):
        intake = np.interp(t, [0, 5], [50, 80])
        effect = 1.0 if t < 4 else np.interp(1.3, [0.5, 1.0, 1.5], [2.0, 1.0, 0.6])
        stages, (early, middle, late), first, seen = y[:5], y[5:8], y[8], y[9]
        entering = np.concatenate([[intake], stages[:4]])
        left = np.array([0.05, 0.03, 0.15]) * effect * np.array([early, middle, late])
        change = np.array([stages[4] - early / 12, (early - middle) / 12, middle / 12]) - left
        smoothing = [(early + middle + late - first) * 2 / 1.5, (first - seen) * 2 / 1.5]
        return np.concatenate([entering - stages - 0.06 * stages, change, smoothing])

    y = np.concatenate([start_stages, [300, 300, 200, 800, 800]])
    rows = []
    for year in range(10):  # restarted at each year, so that no step strides over the jump
        y = solve_ivp(by_hand, (year, year + 1 - 1e-12), y, rtol=1e-11, atol=1e-9, method="DOP853").y[:, -1]
        rows.append(y)
    wanted = np.array(rows).T
    names = [*(f"graduation_stage_{i}" for i in range(1, 6)), "staff[early]", "staff[middle]", "staff[late]"]
    names += ["staff_reported_stage_1", "staff_reported"]
    assert np.array([run.values[name] for name in names]) == pytest.approx(wanted, rel=1e-7)


def test_money_and_debts_agree_with_their_equations_written_out():
    run = Interpreter(bank_and_debts()).run(2010, 2019, 1 / 16)
    sales, share = np.array([80.0, 50.0]), np.array([0.6, 0.4])

    def by_hand(_, y):
        cash, loan, first, second, vault = y[0:2], y[2:4], y[4:6], y[6:8], y[8]
        lent, back, tax = vault * 0.05 * share, loan * 0.1, second * 2 / 0.75
        changes = [
            sales - 0.6 * cash + lent - back - tax,
            lent - back,
            sales * 0.2 - first * 2 / 0.75,
            first * 2 / 0.75 - tax,
            [back.sum() - lent.sum()],
        ]
        return np.concatenate(changes)

    start = np.concatenate([[100, 60], [50, 30], sales * 0.2 * 0.375, sales * 0.2 * 0.375, [500]])
    solved = solve_ivp(by_hand, (0, 10), start, rtol=1e-11, atol=1e-9, t_eval=np.arange(1, 11), method="DOP853").y
    names = [f"{name}[{r}]" for name in ("cash", "loan", "tax_stage_1", "tax_stage_2") for r in ("north", "south")]
    assert np.array([run.values[name] for name in [*names, "vault"]]) == pytest.approx(solved, rel=1e-7)


@pytest.mark.parametrize("name", TEXTBOOK)
def test_every_textbook_model_conserves_what_it_holds(name):
    model = TEXTBOOK[name]()
    run = Interpreter(model).run(2010, 2013, 1 / 16)
    assert max(check_conservation(model, run.values, run.start, 1e-12).values()) <= 1e-12


@pytest.mark.parametrize("name", TEXTBOOK)
def test_the_flat_model_says_the_same_as_the_authors_functions(name):
    model = TEXTBOOK[name]()
    interpreter = Interpreter(model)
    stocks = interpreter.begin(2012.0)
    values = interpreter.values(2012.0, stocks)
    known = {**model.parameter_values(), **{name: path.value(2012.0) for name, path in interpreter.paths.items()}}
    for flat, expression in model.flat.initial:
        known[flat] = evaluate(expression, known, model.flat.tables)
    for flat, expression in model.flat.equations:
        known[flat] = evaluate(expression, known, model.flat.tables)
    assert set(model.flat.stocks) == {flat for name in stocks for flat in model.flat_names(name)}
    for written, array in values.items():
        for flat, value in array.to_flat(written).items():
            assert known[flat] == pytest.approx(value, rel=1e-13, abs=1e-13), flat
    rates = {flat: r for name, array in interpreter.rates(values).items() for flat, r in array.to_flat(name).items()}
    for stock, pairs in zip(model.flat.stocks, model.flat.rates, strict=True):
        assert sum(sign * known[flow] for sign, flow in pairs) == pytest.approx(rates[stock], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", TEXTBOOK)
def test_scipy_on_the_reference_agrees_with_its_own_steps(name):
    interpreter = Interpreter(TEXTBOOK[name]())
    run = interpreter.run(2010, 2010, 1 / 128)
    rate, start = interpreter.right_hand_side(2010.0)
    end = solve_ivp(rate, (2010.0, 2011.0), start, rtol=1e-9, atol=1e-9).y[:, -1]
    stepped = [run.values[stock][-1] for stock in interpreter.stock_names()]
    assert stepped == pytest.approx(end, rel=1e-6, abs=1e-6)


def test_the_example_in_the_docstring_of_stockflow_prints_what_it_says(tmp_path, monkeypatch):
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", stockflow.__doc__, flags=re.MULTILINE)
    equations, inputs, program, printed = (textwrap.dedent(block).strip() for block in blocks)
    (tmp_path / "tank.py").write_text(equations)
    (tmp_path / "tank.toml").write_text(inputs)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(program, {})
    assert out.getvalue().strip() == printed
