"""Who gains and who pays under a reform: the accounts of two runs, year by year, and the flows that differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .flows_of_money import accounts_of, ends_of, levels_of, year_of
from .stockflow.errors import RecordError, RunError, nearest

if TYPE_CHECKING:
    import pandas
    import xarray

#: How the differences may be told.
WAYS = ("account", "payment")
TOTAL = "total"

#: A payment or a debt: its name, who pays or owes, who receives or is owed, and what of it falls to each year.
Flow = tuple[str, str, str, NDArray[np.float64]]


def ledger(run: xarray.Dataset, against: xarray.Dataset, *, by: str = "account") -> pandas.DataFrame:
    """Who gains and who pays under a reform: every account's net in each calendar year against another run.

    The net of an account is what it receives less what it pays, and the change of what it is owed less that of what it
    owes, so that who pays late gains nothing by it. What one account gains others lose: each year adds up to zero.

    Parameters
    ----------
    run, against : results of ``simulate`` by years, of one place and over the same years: the reform, and what it is
        compared with.
    by : ``account``, or ``payment``: which payments and debts differ, the largest differences first.

    Returns
    -------
    pandas.DataFrame
        In yuan, a column for each year and ``total``. By account, a row for each one; gains are positive. By payment, a
        row for each payment or debt, who pays (or owes) and who receives (or is owed), if it differs at all: payments
        as they are made, debts as they grow. Receipts less payments of an account are its net.

    Raises
    ------
    RecordError
        If a result is no such run, the two are of different places or years, or one lacks a payment or a debt.
    RunError
        If a run failed and has no numbers from then on.
    """
    import pandas

    if by not in WAYS:
        raise RecordError(f"by={by!r} is not one of {', '.join(WAYS)}{nearest(str(by), WAYS)}")
    years = _years(run, against)
    found = {_key(flow): flow[3] for flow in _flows(run, "the run")}
    base = {_key(flow): flow[3] for flow in _flows(against, "the run it is compared with")}
    if found.keys() != base.keys():
        alone = next(iter(sorted(found.keys() ^ base.keys())))
        where = "the other run" if alone in found else "the run"
        raise RecordError(
            f"{where} lacks '{alone[0]}' from {alone[1]} to {alone[2]}; compare runs of the same equations"
        )
    changes = {key: found[key] - base[key] for key in found}
    if by == "payment":
        rows = {key: change for key, change in changes.items() if change.any()}
        index = pandas.MultiIndex.from_tuples(list(rows), names=["payment", "pays", "receives"])
        table = pandas.DataFrame(np.array(list(rows.values())).reshape(len(rows), len(years)), index, years)
        table[TOTAL] = table.sum(axis=1)
        return table.loc[table.abs().max(axis=1).sort_values(ascending=False, kind="stable").index]
    nets = {account: np.zeros(len(years)) for account in accounts_of(run)}
    for (_, payer, payee), change in changes.items():
        nets[payer] = nets[payer] - change
        nets[payee] = nets[payee] + change
    table = pandas.DataFrame.from_dict(nets, orient="index", columns=years)
    table.index.name = "account"
    table[TOTAL] = table.sum(axis=1)
    return table


def _years(run: xarray.Dataset, against: xarray.Dataset) -> list[int]:
    for result in (run, against):
        year_of(result, int(result["time"].values[0]) if "time" in getattr(result, "dims", ()) else 0)
        accounts_of(result)
    places = [result.attrs.get("place", "") for result in (run, against)]
    if places[0] != places[1]:
        raise RecordError(
            f"the two runs are of different places, {places[0]} and {places[1]}; compare runs of one place"
        )
    years = [[int(year) for year in result["time"].values] for result in (run, against)]
    if years[0] != years[1]:
        spans = " and ".join(f"{each[0]} to {each[-1]}" for each in years)
        raise RecordError(f"the two runs do not cover the same years, but {spans}; run both to the same stop")
    return years[0]


def _key(flow: Flow) -> tuple[str, str, str]:
    return flow[:3]


def _flows(run: xarray.Dataset, what: str) -> Iterator[Flow]:
    """Every payment and every debt of a run, summed by who pays whom; a debt counts by its change over each year."""
    sums: dict[tuple[str, str, str], Any] = {}
    for name in _payments(run):
        amounts = run[name].values.reshape(run.sizes["time"], -1)
        for place, ends in enumerate(ends_of(run, name, "payer", "payee")):
            _add(sums, (name, *ends), amounts[:, place])
    for name in [str(name) for name, values in run.data_vars.items() if "owed_by" in values.attrs]:
        amounts = np.diff(levels_of(run, name), axis=0)
        for place, ends in enumerate(ends_of(run, name, "owed_by", "owed_to")):
            _add(sums, (name, *ends), amounts[:, place])
    for key, amounts in sums.items():
        missing = ~np.isfinite(amounts)
        if missing.any():
            raise RunError(f"{what} failed{_failure(run)}: '{key[0]}' is no number in {_first(run, missing)}")
        yield *key, amounts


def _add(sums: dict[tuple[str, str, str], Any], key: tuple[str, str, str], amounts: NDArray[np.float64]) -> None:
    sums[key] = sums[key] + amounts if key in sums else amounts


def _payments(run: xarray.Dataset) -> list[str]:
    names: list[str] = json.loads(run.attrs["payments"])
    for name in names:
        if name not in run:
            raise RecordError(f"this result lacks the payment '{name}'; use a result of simulate, or keep all payments")
    return names


def _failure(run: xarray.Dataset) -> str:
    text = str(run["failure"].values) if "failure" in run and run["failure"].ndim == 0 else ""
    return f" ({text})" if text else ""


def _first(run: xarray.Dataset, missing: NDArray[np.bool_]) -> int:
    return int(run["time"].values[int(np.argmax(missing))])
