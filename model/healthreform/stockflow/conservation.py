"""What a run must conserve: cash, stocks and balances, checked on its numbers.

The matrix of payments balances by construction, so the checks compare what the flows say with what the stocks did.
``values`` maps flat names to arrays whose last axis is the calendar year: a stock at the year's end, a flow as its
total over the year.  ``start`` maps stocks to their values before the first year; without it that year is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .accounts import Ledger
from .errors import RunError
from .model import Balance, Model

Values = Mapping[str, ArrayLike]
Numbers = NDArray[np.float64]


def _numbers(values: Values, name: str) -> Numbers:
    if name not in values:
        raise RunError(f"conservation cannot be checked: the values of '{name}' were not kept")
    return np.asarray(values[name], dtype=float)


def stock_errors(ledger: Ledger, values: Values, start: Values | None = None) -> dict[str, Numbers]:
    """For each stock, its change less the sum of its flows, as a share of the largest number involved."""
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
    flows = np.zeros_like(change)
    largest = np.maximum(np.abs(level[..., 1:]), np.abs(level[..., :-1]))
    for sign, flow in moves:
        amount = _numbers(values, flow)[..., first:]
        flows = flows + sign * amount
        largest = np.maximum(largest, np.abs(amount))
    return (change - flows) / np.where(largest > 0, largest, 1.0)


def balance_errors(balances: Iterable[Balance], values: Values, scales: Values | None = None) -> dict[str, Numbers]:
    """For each balance, its value as a share of its scale; a scale that is a parameter is found in ``scales``."""
    found = {}
    for balance in balances:
        size = np.abs(_numbers(values if balance.scale in values else scales or {}, balance.scale))
        value = _numbers(values, balance.name)
        found[balance.name] = value / np.where(size > 0, size, 1.0)
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


def check_conservation(
    model: Model, values: Values, start: Values | None = None, tolerance: float = 1e-9, *, scales: Values | None = None
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
    groups = {
        "stock": stock_errors(model.ledger, values, start),
        "account": account_errors(model.ledger, values, start),
        "balance": balance_errors(model.balances, values, model.parameter_values() if scales is None else scales),
    }
    worst = {}
    for kind, errors in groups.items():
        sizes = {name: float(np.max(np.abs(error), initial=0.0)) for name, error in errors.items()}
        name = max(sizes, key=lambda key: np.inf if np.isnan(sizes[key]) else sizes[key], default="")
        worst[kind] = sizes.get(name, 0.0)
        if not worst[kind] <= tolerance:
            what = "is not zero" if kind == "balance" else "does not change by the sum of its flows"
            raise RunError(f"{kind} {name} {what}: error {worst[kind]:.3g} of its size, {tolerance:g} allowed")
    return worst
