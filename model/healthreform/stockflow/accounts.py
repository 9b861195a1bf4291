"""Who pays whom, what moves which stock, and who owes what: the ends of every flow, resolved to scalars and judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .declare import Account, Subscript
from .errors import nearest, one_of
from .expand import Elements, all_elements, flat_name, flat_names
from .written import Variable

_END = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\[([^\[\]]*)\]\s*)?\Z")


@dataclass(frozen=True, slots=True)
class Movement:
    """What one scalar flow moves; accounts and stocks by flat name.

    ``kind`` is ``payment`` (an account pays another), ``due`` (a debt arises or ends without a payment), ``value`` (a
    change of a stock of value), ``quantity`` (people, beds, anything that is not money) or ``adjustment`` (a smooth
    follows its input: nothing moves).
    """

    flow: str
    variable: str
    kind: str
    payer: str | None = None
    payee: str | None = None
    out_of: str | None = None
    into: str | None = None

    @property
    def one_ended(self) -> bool:
        """Whether something comes from nowhere or goes nowhere."""
        return self.kind not in ("payment", "adjustment") and (self.out_of is None or self.into is None)


@dataclass(frozen=True, slots=True)
class Debt:
    """A stock that one account owes another."""

    stock: str
    owed_by: str
    owed_to: str


@dataclass(frozen=True)
class Ledger:
    """The transaction matrix of a model and all that moves its stocks.

    Attributes
    ----------
    accounts : all scalar accounts.
    cash : the stock that holds an account's cash; an account without one is outside the model.
    movements : every scalar flow.
    debts : every scalar debt.
    rates : for each scalar stock, the ``(sign, flow)`` pairs that change it.
    """

    accounts: tuple[str, ...]
    cash: Mapping[str, str]
    movements: tuple[Movement, ...]
    debts: tuple[Debt, ...]
    rates: Mapping[str, tuple[tuple[int, str], ...]]

    @property
    def payments(self) -> tuple[Movement, ...]:
        """Movements with a payer and a payee."""
        return tuple(movement for movement in self.movements if movement.payer is not None)

    @property
    def one_ended(self) -> tuple[Movement, ...]:
        """Flows that cross the boundary of the model: to be read through, one by one."""
        return tuple(movement for movement in self.movements if movement.one_ended)

    @property
    def outside(self) -> tuple[str, ...]:
        """Accounts without a cash stock."""
        return tuple(account for account in self.accounts if account not in self.cash)


class Bookkeeper:
    """Resolves the ends of all flows.

    Parameters
    ----------
    variables : all written variables, by name.
    accounts : declared accounts, by name.
    subscripts : all subscripts, by name.
    """

    def __init__(
        self,
        variables: Mapping[str, Variable],
        accounts: Mapping[str, Account],
        subscripts: Mapping[str, Subscript],
    ) -> None:
        self.variables = variables
        self.accounts = accounts
        self.home = {element: subscript for subscript in subscripts.values() for element in subscript.elements}
        self.stocks = {name: variable for name, variable in variables.items() if variable.role == "stock"}
        self.cash = self._cash()

    def ledger(self) -> Ledger:
        """Resolve and judge everything.

        Raises
        ------
        ModelError
            For the first end that does not exist or does not fit.
        """
        movements = [m for v in self.variables.values() if v.role == "flow" for m in self._movements(v)]
        cash = {
            flat_name(account, self.accounts[account].over, elements): flat_name(stock.name, stock.over, elements)
            for account, stock in self.cash.items()
            for elements in all_elements(stock.over)
        }
        debts = [debt for stock in self.stocks.values() for debt in self._debts(stock)]
        rates = self._rates(movements, cash)
        accounts = tuple(name for account in self.accounts.values() for name in flat_names(account.name, account.over))
        return Ledger(accounts, cash, tuple(movements), tuple(debts), rates)

    def moved_by(self, flow: Variable) -> list[Variable]:
        """The written stocks that a flow fills or drains, cash included."""
        given = flow.declaration
        stocks = [self.stocks[end_name(end)] for end in (given.out_of, given.into) if end is not None]
        accounts = [end_name(end) for end in (given.payer, given.payee) if end is not None]
        return stocks + [self.cash[account] for account in accounts if account in self.cash]

    def _cash(self) -> dict[str, Variable]:
        cash: dict[str, Variable] = {}
        for stock in self.stocks.values():
            name = stock.declaration.account
            if name is None:
                continue
            if name not in self.accounts:
                raise stock.error(self._no_account("account", name))
            if name in cash:
                raise stock.error(f"account '{name}' has its cash in '{cash[name].name}' already")
            if set(stock.over) != set(self.accounts[name].over):
                wanted = one_of(subscript.name for subscript in self.accounts[name].over)
                raise stock.error(f"account '{name}' is over {wanted}: its cash must be over the same")
            cash[name] = stock
        return cash

    def _no_account(self, key: str, name: str) -> str:
        known = nearest(name, self.accounts) or f"; accounts: {one_of(self.accounts)}"
        return f"{key}='{name}' is no account{known}"

    def _movements(self, flow: Variable) -> Iterable[Movement]:
        given = flow.declaration
        if (given.payer is None) != (given.payee is None):
            raise flow.error("payer= and payee= go together: name both or neither")
        if given.payer is None and given.out_of is None and given.into is None:
            raise flow.error("a flow with no end: give payer= and payee=, out_of= or into=, or make it an auxiliary")
        for key in ("out_of", "into"):
            self._check_stock(flow, key, getattr(given, key))
        for key in ("payer", "payee"):
            end = getattr(given, key)
            if end is not None and end_name(end) not in self.accounts:
                raise flow.error(self._no_account(key, end_name(end)))
        kind = self._kind(flow)
        for elements in all_elements(flow.over):
            ends = {
                key: self._resolve(flow, key, end, elements)
                for key in ("payer", "payee", "out_of", "into")
                if (end := getattr(given, key)) is not None
            }
            if "payer" in ends and ends["payer"] == ends["payee"]:
                raise flow.error(f"'{ends['payer']}' pays itself")
            if "out_of" in ends and ends["out_of"] == ends.get("into"):
                raise flow.error(f"it leaves '{ends['out_of']}' and enters it again")
            yield Movement(flat_name(flow.name, flow.over, elements), flow.name, kind, **ends)

    def _check_stock(self, flow: Variable, key: str, end: str | None) -> None:
        if end is None:
            return
        name = end_name(end)
        if name not in self.stocks:
            if name in self.variables:
                raise flow.error(f"{key}='{name}' is declared @{self.variables[name].kind}, not @stock")
            raise flow.error(f"{key}='{name}' is no stock{nearest(name, self.stocks)}")
        stock = self.stocks[name]
        if stock.declaration.account is not None:
            raise flow.error(
                f"{key}='{name}' is the cash of account '{stock.declaration.account}': payer= and payee= move it"
            )
        if stock.kind == "smooth" and flow.generated_by != name:
            raise flow.error(f"{key}='{name}' is a smooth: only its own input moves it")
        if flow.declaration.payer is not None:
            self._check_creditor(flow, key, stock)

    def _check_creditor(self, flow: Variable, key: str, stock: Variable) -> None:
        """A payment settles or makes a debt with the one it is owed to; or it buys something of value."""
        given = stock.declaration
        if given.value:
            return
        if given.owed_to is None:
            raise flow.error(
                f"a payment with {key}='{stock.name}': say owed_by= and owed_to= on that stock if it is a debt, or "
                "value=True if it is something of value"
            )
        side = "payee" if key == "out_of" else "payer"
        other = getattr(flow.declaration, side)
        if end_name(other) != end_name(given.owed_to):
            raise flow.error(
                f"{key}='{stock.name}' is owed to '{given.owed_to}': its {side} must be that, not '{other}'"
            )

    def _kind(self, flow: Variable) -> str:
        given = flow.declaration
        if given.payer is not None:
            return "payment"
        if flow.generated_by is not None and self.variables[flow.generated_by].kind == "smooth":
            return "adjustment"
        moved = [self.stocks[end_name(end)].declaration for end in (given.out_of, given.into) if end is not None]
        if any(stock.owed_by is not None for stock in moved):
            return "due"
        return "value" if any(stock.value for stock in moved) else "quantity"

    def _debts(self, stock: Variable) -> Iterable[Debt]:
        given = stock.declaration
        if given.owed_by is None and given.owed_to is None:
            return
        if given.owed_by is None or given.owed_to is None:
            raise stock.error("owed_by= and owed_to= go together: name both or neither")
        if given.account is not None or given.value:
            raise stock.error("a debt is neither an account's cash nor a stock of value")
        for key in ("owed_by", "owed_to"):
            if end_name(getattr(given, key)) not in self.accounts:
                raise stock.error(self._no_account(key, end_name(getattr(given, key))))
        for elements in all_elements(stock.over):
            name = flat_name(stock.name, stock.over, elements)
            by = self._resolve(stock, "owed_by", given.owed_by, elements)
            to = self._resolve(stock, "owed_to", given.owed_to, elements)
            yield Debt(name, by, to)

    def _resolve(self, variable: Variable, key: str, end: str, elements: Elements) -> str:
        """The flat name of one end, for one choice of the variable's elements."""
        name, brackets = split_end(end)
        target = self.stocks[name].over if key in ("out_of", "into") else self.accounts[name].over
        chosen = dict(elements)
        for element in brackets:
            if element not in self.home:
                raise variable.error(f"{key}='{end}': no element '{element}'{nearest(element, self.home)}")
            if self.home[element] not in target:
                raise variable.error(f"{key}='{end}': '{name}' is not over {self.home[element].name}")
            chosen[self.home[element].name] = element
        for subscript in target:
            if subscript.name not in chosen:
                example = f"{name}[{subscript.elements[0]}]"
                raise variable.error(
                    f"{key}='{end}': '{name}' is over {subscript.name}, this {variable.kind} is not: name one element, "
                    f'such as {key}="{example}", or write it over={subscript.name}'
                )
        return flat_name(name, target, chosen)

    def _rates(self, movements: Iterable[Movement], cash: Mapping[str, str]) -> dict[str, tuple[tuple[int, str], ...]]:
        rates: dict[str, list[tuple[int, str]]] = {
            name: [] for stock in self.stocks.values() for name in flat_names(stock.name, stock.over)
        }
        for movement in movements:
            ends = (
                (1, movement.into),
                (-1, movement.out_of),
                (1, cash.get(movement.payee or "")),
                (-1, cash.get(movement.payer or "")),
            )
            for sign, name in ends:
                if name is not None:
                    rates[name].append((sign, movement.flow))
        for stock in self.stocks.values():
            if not any(rates[name] for name in flat_names(stock.name, stock.over)):
                raise stock.error("no flow fills or drains it: name it in a flow, or make it a reference")
        return {name: tuple(pairs) for name, pairs in rates.items()}


def split_end(end: str) -> tuple[str, list[str]]:
    """The name and the elements of an end such as ``hospital[tertiary]``."""
    match = _END.match(end)
    if match is None:
        return end, []
    brackets = match.group(2)
    return match.group(1), [part.strip() for part in brackets.split(",")] if brackets else []


def end_name(end: str) -> str:
    """The name of an end without its brackets."""
    return split_end(end)[0]
