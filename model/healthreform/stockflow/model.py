"""Building a model: every name known, every subscript lined up, everything sorted, one frozen result with its hash."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path as FilePath
from types import ModuleType

from .accounts import Bookkeeper, Ledger, Movement
from .cache import engine_version
from .declare import Account, Subscript
from .errors import ModelError, UnitError
from .expand import Expander, all_elements, flat_name, flat_names
from .expression import Expression
from .flat import FlatModel, Table, TimeConstant
from .macros import expand_macros
from .measure import check_ends, check_units
from .namespace import (
    check_closed_world,
    check_elements,
    check_namespace,
    collect_variables,
    find_accounts,
    find_over,
    find_subscripts,
)
from .record_values import Key, Leaf, Points, at_key
from .records import Records
from .syntax import read_modules
from .written import Variable


@dataclass(frozen=True, slots=True)
class Balance:
    """A scalar that must be zero to round-off against the value of ``scale``; both are flat names."""

    name: str
    scale: str


@dataclass(frozen=True)
class Range:
    """What is known of an uncertain parameter."""

    value: float
    low: float
    high: float
    distribution: str


@dataclass(frozen=True)
class Model:
    """A built model.

    Attributes
    ----------
    variables : every written variable by name, in the order of their files; those made for delays and smooths too.
    subscripts, accounts : by name.
    records : the inputs it was built with.
    flat : the scalar model, for the engine.
    ledger : who pays whom, what moves which stock, who owes what.
    balances : what must be zero.
    order : written auxiliaries and flows in the order in which they can be computed.
    start_order : written names in the order in which the start can be computed.
    hash : sha256 of equations, units and inputs.
    structure : sha256 of the equations alone: models that differ in the values of their inputs share the kernel.
    """

    variables: Mapping[str, Variable] = field(repr=False)
    subscripts: Mapping[str, Subscript] = field(repr=False)
    accounts: Mapping[str, Account] = field(repr=False)
    records: Records = field(repr=False)
    flat: FlatModel = field(repr=False)
    ledger: Ledger = field(repr=False)
    balances: tuple[Balance, ...] = field(repr=False)
    order: tuple[str, ...] = field(repr=False)
    start_order: tuple[str, ...] = field(repr=False)
    hash: str
    structure: str

    @property
    def payments(self) -> tuple[Movement, ...]:
        """Every scalar payment, with its payer and payee."""
        return self.ledger.payments

    def over(self, name: str) -> tuple[Subscript, ...]:
        """The subscripts of a variable or an input."""
        if name in self.variables:
            return self.variables[name].over
        record = self.records.find(name)
        return tuple(self.subscripts[subscript] for subscript in getattr(record, "over", ()))

    def unit(self, name: str) -> str:
        """The coherent unit of a variable or an input."""
        return self.variables[name].unit if name in self.variables else self.records.find(name).unit

    def flat_names(self, name: str) -> tuple[str, ...]:
        """The flat names of a variable or an input, in order."""
        return flat_names(name, self.over(name))

    def parameter_values(self, records: Records | None = None) -> dict[str, float]:
        """The value of every parameter by flat name; of these records, if they are others than the model's own."""
        chosen = (records or self.records).parameters
        return dict(_resolved((name, record.over, record.value) for name, record in chosen.items())(self.subscripts))

    def path_points(self, records: Records | None = None) -> dict[str, Points]:
        """The ``(date, value)`` points of every lever and driver by flat name."""
        chosen = records or self.records
        both = {**chosen.levers, **chosen.drivers}
        return dict(_resolved((name, record.over, record.path) for name, record in both.items())(self.subscripts))

    def parameter_ranges(self, records: Records | None = None) -> dict[str, Range]:
        """Value, range and distribution of every parameter by flat name."""
        chosen = (records or self.records).parameters
        low = dict(_resolved((name, record.over, record.low) for name, record in chosen.items())(self.subscripts))
        high = dict(_resolved((name, record.over, record.high) for name, record in chosen.items())(self.subscripts))
        values = self.parameter_values(records)
        return {
            flat: Range(values[flat], low[flat], high[flat], record.distribution)
            for name, record in chosen.items()
            for flat in self.flat_names(name)
        }


def _resolved(
    entries: Iterable[tuple[str, Key, Mapping[Key, Leaf]]],
) -> Callable[[Mapping[str, Subscript]], Iterator[tuple[str, Leaf]]]:
    """Values by flat name, each element's own or the one that holds for all."""

    def resolve(subscripts: Mapping[str, Subscript]) -> Iterator[tuple[str, Leaf]]:
        for name, over, values in entries:
            own = tuple(subscripts[subscript] for subscript in over)
            for elements in all_elements(own):
                value = at_key(values, tuple(elements.values()))
                if value is None:
                    raise ModelError(f"{name}: it has no value for {','.join(elements.values())}")
                yield flat_name(name, own, elements), value

    return resolve


def build(
    modules: ModuleType | Sequence[ModuleType],
    records: Records | None = None,
    *,
    check_units: bool = True,
    cache: FilePath | None = None,
) -> Model:
    """Build a model from the equations in modules and the inputs in records.

    Parameters
    ----------
    modules : modules with equations; the accounts and subscripts visible in them count too.
    records : inputs; their system of units is that of the model.
    check_units : whether to execute every equation on units.
    cache : folder in which a stamp says that this very model passed its unit check, so that it need not be repeated.

    Raises
    ------
    ModelError
        In one line: file and line, variable, what is wrong, and the nearest valid name.
    """
    chosen = (modules,) if isinstance(modules, ModuleType | str) else tuple(modules)
    for module in chosen:
        if not isinstance(module, ModuleType):
            raise ModelError(f"{module!r} is no module: import the file of equations, and give the module itself")
    variables = collect_variables(expand_macros(read_modules(chosen)))
    given = records if records is not None else Records()
    return _Builder(variables, find_accounts(chosen), given).build(check_units, cache)


def rebuild(
    model: Model,
    variables: Iterable[Variable],
    records: Records,
    *,
    check_units: bool = True,
    cache: FilePath | None = None,
) -> Model:
    """A model with other equations or inputs than one that was built, judged in the same way; that one is not touched.

    Parameters
    ----------
    model : whose accounts count.
    variables : all written variables, those made for delays and smooths too.
    records, check_units, cache : as for `build`.

    Raises
    ------
    ModelError
        As `build`.
    """
    return _Builder(collect_variables(variables), dict(model.accounts), records).build(check_units, cache)


class _Builder:
    """The steps of a build, each relying on those before it."""

    def __init__(self, variables: dict[str, Variable], accounts: dict[str, Account], records: Records) -> None:
        self.records = records
        self.variables = variables
        self.accounts = accounts
        self.subscripts = find_subscripts(self.variables.values(), self.accounts.values())
        self.over = find_over(self.variables, records, self.subscripts)

    def build(self, units_too: bool, cache: FilePath | None) -> Model:
        check_namespace(self.variables, self.records, self.subscripts, self.accounts, self.over)
        check_elements(self.records, self.over)
        check_closed_world(self.variables, self.records, self.subscripts, self.accounts, self.over)
        expander = Expander(self.over, self.subscripts)
        for variable in self.variables.values():
            expander.check(variable)
        books = Bookkeeper(self.variables, self.accounts, self.subscripts)
        ledger = books.ledger()
        order, start_order = self._order(), self._start_order()
        self._coherent_units()
        flat = self._flatten(expander, ledger, order, start_order)
        model = Model(
            variables=self.variables,
            subscripts=self.subscripts,
            accounts=self.accounts,
            records=self.records,
            flat=flat,
            ledger=ledger,
            balances=self._balances(),
            order=order,
            start_order=start_order,
            hash=self._hash(flat, ledger),
            structure=_structure(flat),
        )
        if units_too:
            self._check_units(books, model.hash, cache)
        return model

    def _order(self) -> tuple[str, ...]:
        computed = [name for name, variable in self.variables.items() if variable.role in ("auxiliary", "flow")]
        return self._sorted(computed, set(computed), "circular definition")

    def _start_order(self) -> tuple[str, ...]:
        wanted = [name for name, variable in self.variables.items() if variable.role in ("stock", "reference")]
        reached, pending = set(wanted), list(wanted)
        while pending:
            for name in self.variables[pending.pop()].arguments:
                if name in self.variables and name not in reached:
                    reached.add(name)
                    pending.append(name)
        names = [name for name in self.variables if name in reached]
        return self._sorted(
            names, reached, "circular starting values (break the circle, for a delay or smooth with start=)"
        )

    def _sorted(self, names: Iterable[str], within: set[str], complaint: str) -> tuple[str, ...]:
        needs = {name: [read for read in self.variables[name].arguments if read in within] for name in names}
        try:
            return tuple(TopologicalSorter(needs).static_order())
        except CycleError as error:
            circle = list(reversed(error.args[1]))
            first = min(range(len(circle) - 1), key=lambda i: list(needs).index(circle[i]))
            circle = [*circle[first:-1], *circle[:first], circle[first]]
            raise self.variables[circle[0]].error(f"{complaint}: {' -> '.join(circle)} (each needs the next)") from None

    def _coherent_units(self) -> None:
        for name, variable in self.variables.items():
            try:
                unit = self.records.units.coherent(variable.unit)
            except UnitError as error:
                raise UnitError(str(variable.error(str(error)))) from None
            self.variables[name] = replace(variable, declaration=replace(variable.declaration, unit=unit))

    def _flatten(
        self, expander: Expander, ledger: Ledger, order: tuple[str, ...], start_order: tuple[str, ...]
    ) -> FlatModel:
        flat = {
            name: tuple(
                (flat_name(name, variable.over, elements), expander.flatten(variable.expression, elements))
                for elements in all_elements(variable.over)
            )
            for name, variable in self.variables.items()
        }
        stocks = tuple(ledger.rates)
        by_role = {name: variable.role for name, variable in self.variables.items()}
        signed = [v for v in self.variables.values() if v.role == "stock" and v.declaration.signed]
        at_year_end = [v for v in self.variables.values() if v.declaration.at_year_end]
        records = self.records
        tables = {
            name: Table(tuple(x for x, _ in record.points), tuple(y for _, y in record.points))
            for name, record in records.tables.items()
        }
        return FlatModel(
            parameters=tuple(f for name in records.parameters for f in flat_names(name, self.over[name])),
            paths=tuple(f for name in (*records.levers, *records.drivers) for f in flat_names(name, self.over[name])),
            tables=tables,
            initial=_pairs(flat, start_order),
            references=tuple(f for name in flat if by_role[name] == "reference" for f, _ in flat[name]),
            stocks=stocks,
            signed=_every_element(signed),
            equations=_pairs(flat, order),
            rates=tuple(ledger.rates[stock] for stock in stocks),
            time_constants=self._time_constants(),
            at_year_end=_every_element(at_year_end),
        )

    def _time_constants(self) -> tuple[TimeConstant, ...]:
        found: dict[tuple[str, int], TimeConstant] = {}
        for variable in self.variables.values():
            given = variable.declaration
            if given.time is None:
                continue
            for elements in all_elements(variable.over):
                name = flat_name(given.time, self.over[given.time], elements)
                owner = flat_name(variable.name, variable.over, elements)
                found.setdefault((name, given.order), TimeConstant(name, given.order, owner))
        return tuple(found.values())

    def _balances(self) -> tuple[Balance, ...]:
        return tuple(
            Balance(flat_name(v.name, v.over, elements), flat_name(scale, self.over[scale], elements))
            for v in self.variables.values()
            if (scale := v.declaration.scale) is not None
            for elements in all_elements(v.over)
        )

    def _hash(self, flat: FlatModel, ledger: Ledger) -> str:
        """Over everything that can change a number or a unit, and nothing else."""
        digest = hashlib.sha256()
        for variable in self.variables.values():
            given = replace(variable.declaration, source="", observed=None, outcome=False)
            digest.update(f"{variable.name} {given!r} {variable.expression!r}\n".encode())
        for record in self.records:
            plain = replace(record, description="", source="", grade="", document="", file="", written_unit="")
            digest.update(f"{plain!r}\n".encode())
        digest.update(f"{flat.rates!r} {ledger.cash!r} {ledger.debts!r}".encode())
        return digest.hexdigest()

    def _check_units(self, books: Bookkeeper, model_hash: str, cache: FilePath | None) -> None:
        # The rules of the check are in the stamp's name, so that none of other rules is believed.
        stamp = cache / f"units-{model_hash}-{engine_version()}.ok" if cache is not None else None
        if stamp is not None and stamp.exists():
            return
        inputs = {record.name: record.unit for record in self.records if record.name not in self.records.tables}
        tables = {name: (table.x_unit, table.unit) for name, table in self.records.tables.items()}
        check_ends(self.variables, books.moved_by, self.records.units)
        check_units(self.variables.values(), inputs, tables, self.records.units)
        if stamp is not None:
            with contextlib.suppress(OSError):  # a folder that cannot be written costs time, not correctness
                stamp.parent.mkdir(parents=True, exist_ok=True)
                stamp.touch()


def _structure(flat: FlatModel) -> str:
    """Over everything that can change the code; a set has no order of its own, so it is sorted."""
    ordered = replace(flat, signed=frozenset(), at_year_end=frozenset())
    plain = f"{ordered!r} {sorted(flat.signed)!r} {sorted(flat.at_year_end)!r}"
    return hashlib.sha256(plain.encode()).hexdigest()


def _every_element(variables: Iterable[Variable]) -> frozenset[str]:
    """The flat names of all elements of some variables."""
    return frozenset(name for variable in variables for name in flat_names(variable.name, variable.over))


def _pairs(
    flat: Mapping[str, tuple[tuple[str, Expression], ...]], names: Iterable[str]
) -> tuple[tuple[str, Expression], ...]:
    return tuple(pair for name in names for pair in flat[name])
