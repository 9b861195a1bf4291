"""What a run must conserve: cash, stocks and balances, checked on its numbers.

The matrix of payments balances by construction, so the checks compare what the flows say with what the stocks did.
``values`` maps flat names to arrays whose last axis is the calendar year: a stock at the year's end, a flow as its
total over the year.  ``start`` maps stocks to their values before the first year; without it that year is left out.

An error is a share of what a run holds or moves at its largest: against the little that is left of a stock that ran
empty, round-off of what went before would look like money lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .accounts import Ledger
from .errors import RunError
from .model import Balance, Model

TOLERANCE = 1e-9
"""Largest share that counts as round-off."""
NOTHING = 1e-200
"""What is less than this is nothing: numbers near the smallest there are have few digits or none, so no share of them
means anything."""

Values = Mapping[str, ArrayLike]
Numbers = NDArray[np.float64]
Errors = Mapping[str, Numbers]


def _numbers(values: Values, name: str) -> Numbers:
    if name not in values:
        raise RunError(f"conservation cannot be checked: the values of '{name}' were not kept")
    return np.asarray(values[name], dtype=float)


def stock_errors(ledger: Ledger, values: Values, start: Values | None = None) -> dict[str, Numbers]:
    """For each stock, its change less the sum of its flows, as a share of the most it holds or its flows move."""
    return {stock: _unexplained(stock, rates, values, start) for stock, rates in ledger.rates.items()}


def account_errors(ledger: Ledger, values: Values, start: Values | None = None) -> dict[str, Numbers]:
    """For each account with cash, the change of its cash less what came in and plus what went out, as a share."""
    moved: dict[str, list[tuple[int, str]]] = {account: [] for account in ledger.cash}
    for payment in ledger.payments:
        for sign, account in ((1, payment.payee), (-1, payment.payer)):
            if account in moved:
                moved[account].append((sign, payment.flow))
    return {account: _unexplained(ledger.cash[account], moves, values, start) for account, moves in moved.items()}


def _unexplained(stock: str, moves: Iterable[tuple[int, str]], values: Values, start: Values | None) -> Numbers:
    level = _numbers(values, stock)
    first = 1
    if start is not None:
        before = np.broadcast_to(_numbers(start, stock), level.shape[:-1])
        level = np.concatenate([before[..., None], level], axis=-1)
        first = 0
    change = np.diff(level, axis=-1)
    flows, moved = np.zeros_like(change), np.zeros_like(change)
    for sign, flow in moves:
        amount = _numbers(values, flow)[..., first:]
        flows = flows + sign * amount
        moved = moved + np.abs(amount)
    return (change - flows) / np.maximum(_most(level), _most(moved))


def _most(numbers: Numbers) -> Numbers:
    """The largest size along a run, at least what counts as something."""
    return np.asarray(np.max(np.abs(numbers), axis=-1, keepdims=True, initial=NOTHING))


def balance_errors(balances: Iterable[Balance], values: Values, scales: Values | None = None) -> dict[str, Numbers]:
    """For each balance, its value as a share of its scale at its largest; a parameter is found in ``scales``."""
    found = {}
    for balance in balances:
        if balance.scale in values:
            size = _most(_numbers(values, balance.scale))
        else:
            size = np.maximum(np.abs(_numbers(scales or {}, balance.scale)), NOTHING)
        found[balance.name] = _numbers(values, balance.name) / size
    return found


def transactions(ledger: Ledger, values: Values) -> dict[tuple[str, str], Numbers]:
    """The transaction matrix: what each account paid each other one."""
    matrix: dict[tuple[str, str], Numbers] = {}
    for payment in ledger.payments:
        pair = (str(payment.payer), str(payment.payee))
        amount = _numbers(values, payment.flow)
        matrix[pair] = matrix[pair] + amount if pair in matrix else amount
    return matrix


def account_nets(ledger: Ledger, values: Values) -> dict[str, Numbers]:
    """What each account took in less what it paid out; over all accounts these add up to zero."""
    nets: dict[str, Any] = {account: 0.0 for account in ledger.accounts}
    for (payer, payee), amount in transactions(ledger, values).items():
        nets[payer] = nets[payer] - amount
        nets[payee] = nets[payee] + amount
    return {account: np.asarray(net) for account, net in nets.items()}


def negative_payments(ledger: Ledger, values: Values) -> tuple[str, ...]:
    """Payments that somewhere run the wrong way."""
    return tuple(p.flow for p in ledger.payments if bool(np.any(_numbers(values, p.flow) < 0)))


def _all_errors(model: Model, values: Values, start: Values | None, scales: Values | None) -> dict[str, Errors]:
    return {
        "stock": stock_errors(model.ledger, values, start),
        "account": account_errors(model.ledger, values, start),
        "balance": balance_errors(model.balances, values, model.parameter_values() if scales is None else scales),
    }


def _complaint(kind: str, name: str, error: float, tolerance: float, when: str = "") -> str:
    what = "is not zero" if kind == "balance" else "does not change by the sum of its flows"
    return f"{kind} {name} {what}{when}: error {error:.3g} of its size, {tolerance:g} allowed"


def check_conservation(
    model: Model,
    values: Values,
    start: Values | None = None,
    tolerance: float = TOLERANCE,
    *,
    scales: Values | None = None,
) -> dict[str, float]:
    """The largest error of each kind, if all is conserved.

    Parameters
    ----------
    model : the model that was run.
    values : yearly results by flat name.
    start : stocks before the first year.
    tolerance : largest share that counts as round-off.
    scales : values of inputs that serve as the scale of a balance; those of the model's records, if not given.

    Raises
    ------
    RunError
        Naming the stock, account or balance with the largest error.
    """
    worst = {}
    for kind, errors in _all_errors(model, values, start, scales).items():
        sizes = {name: float(np.max(np.abs(error), initial=0.0)) for name, error in errors.items()}
        name = max(sizes, key=lambda key: np.inf if np.isnan(sizes[key]) else sizes[key], default="")
        worst[kind] = sizes.get(name, 0.0)
        if not worst[kind] <= tolerance:
            raise RunError(_complaint(kind, name, worst[kind], tolerance))
    return worst


def open_books(model: Model, values: Values, start: Values, years: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Of a batch, the runs that do not conserve something, each with the first year in which, and what, in a line.

    Parameters
    ----------
    model : the model that was run.
    values : yearly results by flat name, shape (runs, years).
    start : stocks before the first year, shape (runs,).
    years : the calendar years.
    """
    found: dict[int, tuple[int, str]] = {}
    for kind, errors in _all_errors(model, values, start, None).items():
        for name, error in errors.items():
            sizes = np.abs(error)
            if np.max(sizes, initial=0.0) <= TOLERANCE:
                continue
            wrong = ~(sizes <= TOLERANCE)
            for run in np.flatnonzero(wrong.any(axis=-1)).tolist():
                first = int(np.argmax(wrong[run]))
                if run not in found or first < found[run][0]:
                    size, when = float(sizes[run, first]), f" in {years[first]:g}"
                    found[run] = (first, _complaint(kind, name, size, TOLERANCE, when))
    return found
