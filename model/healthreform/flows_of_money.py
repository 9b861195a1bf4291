"""The money of a run: who pays whom, the national health account, the bridge to the published total, gains and losses.

Everything is read from a result alone: its payments say who pays and who is paid, its cash stocks whose they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

from .stockflow.accounts import split_end
from .stockflow.errors import RecordError, RunError, nearest

if TYPE_CHECKING:
    import pandas
    import xarray

#: Accounts through which care is financed, and accounts that provide it.
FINANCING = ("government", "fund", "personal_account", "household", "other_payer", "economy")
PROVIDERS = ("provider", "consortium", "pharmacy", "other_provider", "outside_provider")
#: Largest difference that counts as round-off, as a share of the largest number of the table.
ROUND_OFF = 1e-9


def transactions(run: xarray.Dataset, year: int) -> pandas.DataFrame:
    """What each account (row) paid each other one (column) in a calendar year, in yuan.

    Parameters
    ----------
    run : a result of ``simulate`` by years.
    year : one of its years.

    Raises
    ------
    RecordError
        If the result has no such year, holds several runs or steps in place of years, or lacks a payment.
    """
    import pandas

    chosen = _year(run, year)
    accounts = _accounts(run)
    matrix = pandas.DataFrame(0.0, index=accounts, columns=accounts)
    for payer, payee, amount in _payments(chosen):
        matrix.loc[payer, payee] += amount
    matrix.index.name, matrix.columns.name = "pays", "receives"
    return matrix


def national_accounts(run: xarray.Dataset, year: int) -> pandas.DataFrame:
    """The national health account: who finances care (rows) and who provides it (columns), in yuan, with totals.

    Loans, transfers among providers and what insurers pay to their customers are no financing of care and stay out;
    grants for building are in.

    Parameters
    ----------
    run, year : as for ``transactions``.

    Raises
    ------
    RecordError
        As ``transactions``.
    RunError
        If the books of an account with cash do not balance: its receipts less its payments are not its change of cash.
    """
    matrix = transactions(run, year)
    _assert_balanced(run, year, matrix)
    rows = [name for kind in FINANCING for name in matrix.index if split_end(name)[0] == kind]
    columns = [name for kind in PROVIDERS for name in matrix.columns if split_end(name)[0] == kind]
    table = matrix.loc[rows, columns]
    table = table.loc[(table != 0).any(axis=1)]
    table["total"] = table.sum(axis=1)
    table.loc["total"] = table.sum(axis=0)
    table.index.name, table.columns.name = "finances", "provides"
    return table


def bridge(run: xarray.Dataset, year: int) -> pandas.Series:
    """From funds raised, which is total health expenditure as published, to what is spent on care, in yuan.

    The last line is what the lines before it do not explain: nothing but round-off.

    Parameters
    ----------
    run, year : as for ``transactions``.
    """
    import pandas

    chosen = _year(run, year)

    def amount(*names: str) -> float:
        for name in names:
            if name not in chosen:
                raise RecordError(f"this result lacks '{name}', which the bridge needs; keep it, or use simulate")
        return float(sum(float(chosen[name].sum()) for name in names))

    kept = sum(_change(run, year, name) for name in ("fund_reserve", "account_balance", "maternity_reserve"))
    insurers = amount("commercial_premiums", "supplement_premiums", "critical_premium_paid") - amount(
        "commercial_claims", "supplement_claims", "critical_illness_paid"
    )
    lines = {
        "funds raised: total health expenditure": amount("total_health_expenditure"),
        "less what funds and personal accounts keep": -kept,
        "less insurers' premiums, net of claims that reimburse patients": -insurers,
        "less maternity allowances": -amount("maternity_allowances"),
        "less grants for building": -amount("capital_subsidy"),
        "less other government programmes and administration": -amount("other_government_health"),
        "less other social spending": -amount("other_social_health"),
        "less procurement savings left with hospitals": -amount("savings_retained"),
        "less savings on total budgets left with consortia": -amount("consortium_savings"),
        "plus claims accepted and not yet paid": _change(run, year, "claims_payable"),
    }
    spent = amount("spent_on_care")
    explained = sum(lines.values())
    lines |= {"spent on care": spent, "not explained": spent - explained}
    return pandas.Series(lines, name=int(year))


def ledger(run: xarray.Dataset, against: xarray.Dataset) -> pandas.DataFrame:
    """Who gains and who pays under a reform: each account's receipts and payments against those of another run.

    Parameters
    ----------
    run : the reform.
    against : what it is compared with, over the same years.

    Returns
    -------
    pandas.DataFrame
        By account, in yuan over all years together: receives, pays (both against the other run), and net, which adds up
        to zero over all accounts.
    """
    import pandas

    years = [int(year) for year in run["time"].values]
    if years != [int(year) for year in against["time"].values]:
        raise RecordError("the two runs do not cover the same years; run both to the same stop")
    difference: Any = sum(transactions(run, year) - transactions(against, year) for year in years)
    table = pandas.DataFrame({"receives": difference.sum(axis=0), "pays": difference.sum(axis=1)})
    table["net"] = table["receives"] - table["pays"]
    table.index.name = "account"
    return table


def _year(run: xarray.Dataset, year: int) -> xarray.Dataset:
    if "time" not in getattr(run, "dims", ()):
        raise RecordError(f"a {type(run).__name__} is no result over years; give a result of simulate")
    if "run" in run.dims:
        raise RecordError("this result holds several runs; choose one: runs.sel(run=...)")
    if run["time"].dtype.kind != "i":
        raise RecordError("this result holds steps in place of years; run it without every_step")
    years = run["time"].values
    if isinstance(year, bool) or year not in years:
        raise RecordError(f"year {year!r} is not in this result; it covers {years[0]} to {years[-1]}")
    return run.sel(time=int(year))


def _accounts(run: xarray.Dataset) -> list[str]:
    if "accounts" not in run.attrs:
        raise RecordError("this result does not say which accounts there are; use a result of simulate")
    names: list[str] = json.loads(run.attrs["accounts"])
    return names


def _payments(chosen: xarray.Dataset) -> Iterator[tuple[str, str, float]]:
    """Every scalar payment: who pays, who receives, how much."""
    known = set(json.loads(chosen.attrs["accounts"]))
    for name in json.loads(chosen.attrs["payments"]):
        if name not in chosen:
            raise RecordError(f"this result lacks the payment '{name}'; use a result of simulate, or keep all payments")
        flow = chosen[name]
        elements = [[str(element) for element in flow[dimension].values] for dimension in flow.dims]
        for place, value in zip(product(*elements), flow.values.ravel(), strict=True):
            payer, payee = (_end(flow.attrs[key], set(place), known) for key in ("payer", "payee"))
            yield payer, payee, float(value)


def _end(end: str, place: set[str], known: set[str]) -> str:
    """The scalar account at one end of a payment, for one choice of the payment's elements."""
    if end in known:
        return end
    name, _ = split_end(end)
    fitting = [each for each in known if split_end(each)[0] == name and set(split_end(each)[1]) <= place]
    if len(fitting) != 1:
        raise RecordError(f"account '{end}': no such account in this result{nearest(end, known)}")
    return fitting[0]


def _change(run: xarray.Dataset, year: int, stock: str) -> float:
    """Change of a stock over a year, summed over its elements."""
    return float(sum(_changes(run, year, stock)))


def _changes(run: xarray.Dataset, year: int, stock: str) -> list[float]:
    if stock not in run:
        raise RecordError(f"this result lacks the stock '{stock}'; use a result of simulate")
    levels = run[stock]
    after = levels.sel(time=int(year)).values.ravel()
    if int(year) == int(run["time"].values[0]):
        if "at_start" not in levels.attrs:
            raise RecordError(f"this result does not say where '{stock}' started; choose a later year")
        before: Any = levels.attrs["at_start"]
        before = [before] if isinstance(before, (int, float)) else before
    else:
        before = levels.sel(time=int(year) - 1).values.ravel()
    return [float(end) - float(begin) for end, begin in zip(after, before, strict=True)]


def _assert_balanced(run: xarray.Dataset, year: int, matrix: pandas.DataFrame) -> None:
    """Receipts less payments of every account with cash are its change of cash."""
    for name, levels in run.data_vars.items():
        account = levels.attrs.get("account")
        if account is None:
            continue
        owners = [each for each in matrix.index if split_end(each)[0] == split_end(account)[0]]
        for owner, change in zip(owners, _changes(run, year, str(name)), strict=True):
            net = matrix[owner].sum() - matrix.loc[owner].sum()
            size = max(matrix[owner].abs().sum(), matrix.loc[owner].abs().sum(), 1.0)
            if not abs(net - change) <= ROUND_OFF * size:
                raise RunError(
                    f"{year}: {owner} took in {net:.6g} yuan more than it paid, but its cash changed by {change:.6g}"
                )
