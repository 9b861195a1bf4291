"""The money of a run: who pays whom, the national health account, and the bridge to the published total.

Everything is read from a result alone: its payments say who pays and who is paid, its cash stocks whose they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from .functions_of_care import CARE, read_functions
from .stockflow.accounts import split_end
from .stockflow.errors import RecordError, RunError, nearest, one_of

if TYPE_CHECKING:
    import pandas
    import xarray

#: Accounts through which care is financed, and accounts that provide it.
FINANCING = ("government", "medical_assistance", "fund", "personal_account", "household", "other_payer", "economy")
PROVIDERS = ("provider", "consortium", "pharmacy", "other_provider", "outside_provider")
#: How the national health account may be told.
ACCOUNTS_BY = ("provider", "function", "both")
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

    chosen = year_of(run, year)
    accounts = accounts_of(run)
    matrix = pandas.DataFrame(0.0, index=accounts, columns=accounts)
    for payer, payee, amount in _payments(chosen):
        matrix.loc[payer, payee] += amount
    matrix.index.name, matrix.columns.name = "pays", "receives"
    return matrix


def national_accounts(run: xarray.Dataset, year: int, *, by: str = "provider") -> pandas.DataFrame:
    """The national health account: who finances care (rows), who provides it and what for (columns), with totals.

    Loans, transfers among providers and what insurers pay to their customers are no financing of care and stay out;
    grants for building are in. What providers pay back, as false claims that funds recover, is set against it. What
    each payment is for is told in ``data/functions_of_care.toml``.

    Parameters
    ----------
    run, year : as for ``transactions``.
    by : ``provider``, ``function`` (of care: what for), or ``both``, function within provider.

    Returns
    -------
    pandas.DataFrame
        In yuan. Each way of telling has the same totals, to round-off.

    Raises
    ------
    RecordError
        As ``transactions``.
    RunError
        If the books of an account with cash do not balance: its receipts less its payments are not its change of cash.
    """
    import pandas

    if by not in ACCOUNTS_BY:
        raise RecordError(f"by={by!r} is not one of {one_of(ACCOUNTS_BY)}{nearest(str(by), ACCOUNTS_BY)}")
    _assert_balanced(run, year, transactions(run, year))
    cells: dict[tuple[str, str, str], float] = {}
    for cell, amount in _financed(year_of(run, year), what_for=by != "provider"):
        cells[cell] = cells.get(cell, 0.0) + amount
    long = pandas.Series(cells).rename_axis(["finances", "provides", "what_for"])
    levels = {"provider": ["provides"], "function": ["what_for"], "both": ["provides", "what_for"]}[by]
    wide = long.groupby(["finances", *levels]).sum().unstack(levels, fill_value=0.0)
    table = wide.loc[_ordered(run, wide.index), _ordered(run, wide.columns)]
    table = table.loc[(table != 0).any(axis=1)]
    if by != "provider":
        table = table.loc[:, (table != 0).any(axis=0)]
    table[("total", "total") if by == "both" else "total"] = table.sum(axis=1)
    table.loc["total"] = table.sum(axis=0)
    table.columns.names = levels
    return table


def _financed(chosen: xarray.Dataset, *, what_for: bool) -> Iterator[tuple[tuple[str, str, str], float]]:
    """What is financed in a year: who finances, who provides, what for, how much."""
    functions = read_functions()
    for name in json.loads(chosen.attrs["payments"]):
        ends = ends_of(chosen, name, "payer", "payee")
        if not any(_sign(payer, payee) for payer, payee in ends):
            continue
        parts = functions.spread(chosen, name) if what_for else {"": chosen[name].values}
        for function, amounts in parts.items():
            for (payer, payee), amount in zip(ends, np.ravel(amounts), strict=True):
                if sign := _sign(payer, payee):
                    yield (*((payer, payee) if sign > 0 else (payee, payer)), function), sign * float(amount)


def untold_payments(run: xarray.Dataset) -> list[str]:
    """Payments from those who finance to those who provide, and back, of which it is told nowhere what they are for."""
    found = []
    for name in json.loads(run.attrs["payments"]):
        pairs = ends_of(run, name, "payer", "payee")
        financed = any(_sign(payer, payee) for payer, payee in pairs)
        if financed and CARE not in run[name].dims and name not in read_functions().payments:
            found.append(name)
    return found


def _sign(payer: str, payee: str) -> int:
    """One for care that is financed, minus one for what a provider pays back, nought for any other payment."""
    kinds = split_end(payer)[0], split_end(payee)[0]
    financed = kinds[0] in FINANCING and kinds[1] in PROVIDERS
    returned = kinds[0] in PROVIDERS and kinds[1] in FINANCING
    return int(financed) - int(returned)


def _ordered(run: xarray.Dataset, labels: pandas.Index) -> list[Any]:
    """Accounts in the order of the account's kinds, functions in that of their file."""
    kinds, accounts, functions = (*FINANCING, *PROVIDERS), accounts_of(run), read_functions()

    def place(name: str) -> tuple[int, ...]:
        return (kinds.index(split_end(name)[0]), accounts.index(name)) if name in accounts else (functions.order(name),)

    return sorted(labels, key=lambda label: tuple(map(place, label)) if isinstance(label, tuple) else place(label))


def bridge(run: xarray.Dataset, year: int) -> pandas.Series:
    """From funds raised, which is total health expenditure as published, to what is spent on care, in yuan.

    The last line is what the lines before it do not explain: nothing but round-off.

    Parameters
    ----------
    run, year : as for ``transactions``.
    """
    import pandas

    chosen = year_of(run, year)

    def amount(*names: str) -> float:
        for name in names:
            if name not in chosen:
                raise RecordError(f"this result lacks '{name}', which the bridge needs; keep it, or use simulate")
        return float(sum(float(chosen[name].sum()) for name in names))

    reserves = ("fund_reserve", "account_balance", "maternity_reserve", "assistance_reserve")
    kept = sum(_change(run, year, name) for name in reserves)
    insurers = amount("commercial_premiums", "supplement_premiums", "critical_premium_paid") - amount(
        "commercial_claims", "supplement_claims", "critical_illness_paid"
    )
    lines = {
        "funds raised: total health expenditure": amount("total_health_expenditure"),
        "less what funds and personal accounts keep": -kept,
        "less insurers' premiums, net of claims that reimburse patients": -insurers,
        "less maternity allowances": -amount("maternity_allowances"),
        "less grants for building": -amount("capital_subsidy"),
        "less other government programmes and administration": -amount(
            "other_government_health", "teaching_paid", "retraining_paid", "village_support_paid"
        ),
        "less other social spending": -amount("other_social_health"),
        "less procurement savings left with hospitals": -amount("savings_retained"),
        "less savings on total budgets left with consortia": -amount("consortium_savings"),
        "plus claims accepted and not yet paid": _change(run, year, "claims_payable"),
        "less recoveries due and not yet paid": -_change(run, year, "recoveries_payable"),
    }
    spent = amount("spent_on_care")
    explained = sum(lines.values())
    lines |= {"spent on care": spent, "not explained": spent - explained}
    return pandas.Series(lines, name=int(year))


def year_of(run: xarray.Dataset, year: int) -> xarray.Dataset:
    """One year of a result, which must be one run by years."""
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


def accounts_of(run: xarray.Dataset) -> list[str]:
    """All scalar accounts of a result."""
    if "accounts" not in run.attrs:
        raise RecordError("this result does not say which accounts there are; use a result of simulate")
    names: list[str] = json.loads(run.attrs["accounts"])
    return names


def _payments(chosen: xarray.Dataset) -> Iterator[tuple[str, str, float]]:
    """Every scalar payment: who pays, who receives, how much."""
    for name in json.loads(chosen.attrs["payments"]):
        if name not in chosen:
            raise RecordError(f"this result lacks the payment '{name}'; use a result of simulate, or keep all payments")
        ends = ends_of(chosen, name, "payer", "payee")
        for (payer, payee), value in zip(ends, chosen[name].values.ravel(), strict=True):
            yield payer, payee, float(value)


def ends_of(run: xarray.Dataset, name: str, giver: str, taker: str) -> list[tuple[str, str]]:
    """The accounts at both ends of each scalar of a payment or a debt, in the order of its elements.

    Parameters
    ----------
    giver, taker : the attributes that name the ends.
    """
    known = set(accounts_of(run))
    flow = run[name]
    elements = [[str(element) for element in flow[dimension].values] for dimension in flow.dims if dimension != "time"]
    return [
        (_end(flow.attrs[giver], set(place), known), _end(flow.attrs[taker], set(place), known))
        for place in product(*elements)
    ]


def levels_of(run: xarray.Dataset, stock: str) -> Any:
    """A stock before the first year and at the end of each, shape (years + 1, elements)."""
    levels = run[stock].values.reshape(run.sizes["time"], -1)
    if "at_start" not in run[stock].attrs:
        raise RecordError(f"this result does not say where '{stock}' started; use a result of simulate")
    return np.concatenate([np.reshape(run[stock].attrs["at_start"], (1, -1)), levels])


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
