"""One namespace for everything that has a name, and the names that nothing may have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from keyword import iskeyword
from types import ModuleType
from typing import Any

from .declare import Account, Subscript
from .errors import ModelError, nearest
from .expand import Over, all_elements, flat_names
from .functions import CLOSED_SET
from .record_values import Key, at_key
from .records import Records
from .written import By, Previous, Total, Variable, uses_of, walk_written

_XARRAY = """
T all any apply argmax argmin argsort as_numpy assign assign_attrs assign_coords astype attrs bfill broadcast_equals
broadcast_like chunk chunks chunksizes clip close coarsen combine_first compute conj conjugate convert_calendar coords
copy count cumprod cumsum cumulative cumulative_integrate curvefit data data_vars diff differentiate dims dot drop
drop_attrs drop_dims drop_duplicates drop_encoding drop_indexes drop_isel drop_sel drop_vars dropna dt dtype dtypes
dump_to_store encoding equals eval expand_dims ffill fillna filter_by_attrs from_dataframe from_dict from_iris
from_series get get_axis_num get_index groupby groupby_bins head identical idxmax idxmin imag indexes info integrate
interp interp_calendar interp_like interpolate_na isel isin isnull item items keys load load_async load_store loc map
map_blocks max mean median merge min name nbytes ndim notnull pad persist pipe plot polyfit prod quantile query rank
real reduce reindex reindex_like rename rename_dims rename_vars reorder_levels resample reset_coords reset_encoding
reset_index roll rolling rolling_exp round searchsorted sel set_close set_coords set_index set_xindex shape shift size
sizes sortby squeeze stack std str sum swap_dims tail thin to_array to_dask_dataframe to_dataarray to_dataframe
to_dataset to_dict to_index to_iris to_masked_array to_netcdf to_numpy to_pandas to_series to_stacked_array
to_unstacked_dataset to_zarr transpose unify_chunks unstack update values var variable variables weighted where
xindexes
"""
#: Attributes of xarray's Dataset and DataArray: a result's variable of such a name could not be read as an attribute.
XARRAY_ATTRIBUTES = frozenset(_XARRAY.split())
#: Dimensions of results.
DIMENSIONS = frozenset({"run", "time", "year"})

_PLAIN = re.compile(r"[^a-z0-9]+")


def plain(name: str) -> str:
    """A name in lower case without anything but letters and digits, as some other tools will see it."""
    return _PLAIN.sub("", name.lower())


def check_namespace(
    variables: Mapping[str, Variable],
    records: Records,
    subscripts: Mapping[str, Subscript],
    accounts: Mapping[str, Account],
    over: Over,
) -> None:
    """Refuse a name that is given twice, is reserved, or differs from another only in case or punctuation.

    Parameters
    ----------
    over : subscripts of every variable and input; their flat names must stay distinct too.

    Raises
    ------
    ModelError
        Naming both places.
    """
    space = _Namespace()
    for name in CLOSED_SET:
        space.add(name, f"the function {name}()")
    for subscript in subscripts.values():
        _check_reserved(subscript.name, f"Subscript '{subscript.name}'")
        space.add(subscript.name, f"the subscript '{subscript.name}'")
        for element in subscript.elements:
            space.add(element, f"the element '{element}' of {subscript.name}")
    for account in accounts.values():
        space.add(account.name, f"the account '{account.name}'")
    for record in records:
        where = f"{record.file}: {record.entry.kind}.{record.name}"
        _check_reserved(record.name, where)
        space.add(record.name, where)
    for variable in variables.values():
        where = variable.place
        _check_reserved(variable.name, where)
        space.add(variable.name, where)
    for name, subscripts_of_it in over.items():
        if subscripts_of_it:
            for flat in flat_names(name, subscripts_of_it):
                space.add(flat, f"'{flat}'")


class _Namespace:
    """Names seen so far, as other tools will see them."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[str, str]] = {}

    def add(self, name: str, where: str) -> None:
        key = plain(name)
        if key in self.seen:
            other, place = self.seen[key]
            if other == name:
                raise ModelError(f"{where}: the name '{name}' is given twice, also by {place}")
            raise ModelError(
                f"{where}: '{name}' is too like '{other}' ({place}): names must differ in letters or digits"
            )
        self.seen[key] = (name, where)


def _check_reserved(name: str, where: str) -> None:
    if name in XARRAY_ATTRIBUTES or name in DIMENSIONS:
        raise ModelError(f"{where}: the name '{name}' is reserved (results are xarray datasets); choose another")
    if iskeyword(name) or not name.isidentifier() or name.startswith("_"):
        raise ModelError(f"{where}: '{name}' cannot be a name: letters, digits and underscores, a letter first")


def collect_variables(variables: Iterable[Variable]) -> dict[str, Variable]:
    """Variables by name; refuses a name that two modules define."""
    found: dict[str, Variable] = {}
    for variable in variables:
        if variable.name in found:
            other = found[variable.name].place
            raise ModelError(f"{variable.place}: the name '{variable.name}' is given twice, also by {other}")
        found[variable.name] = variable
    return found


def find_accounts(modules: Iterable[ModuleType]) -> dict[str, Account]:
    """The accounts visible in modules, by name."""
    found: dict[str, Account] = {}
    for module in modules:
        for account in vars(module).values():
            if isinstance(account, Account) and found.setdefault(account.name, account) != account:
                raise ModelError(f"{module.__name__}: the account '{account.name}' is declared twice, differently")
    return found


def find_subscripts(variables: Iterable[Variable], accounts: Iterable[Account]) -> dict[str, Subscript]:
    """The subscripts that equations and accounts use, by name."""
    found: dict[str, Subscript] = {}

    def add(subscripts: Iterable[Subscript], where: str) -> None:
        for subscript in subscripts:
            if found.setdefault(subscript.name, subscript) != subscript:
                raise ModelError(f"{where}: the subscript '{subscript.name}' is declared twice, differently")

    for account in accounts:
        add(account.over, f"account '{account.name}'")
    for variable in variables:
        add(variable.over, variable.place)
        for node in walk_written(variable.expression):
            if isinstance(node, Total):
                add(node.subscripts, variable.place)
            elif isinstance(node, (Previous, By)):
                add((node.subscript,), variable.place)
    return found


def find_over(
    variables: Mapping[str, Variable], records: Records, subscripts: Mapping[str, Subscript]
) -> dict[str, tuple[Subscript, ...]]:
    """The subscripts of every variable, parameter, lever and driver."""
    over = {name: variable.over for name, variable in variables.items()}
    for record in records:
        own: list[Subscript] = []
        for name in getattr(record, "over", ()):
            if name not in subscripts:
                raise ModelError(str(record.entry.error(f"no subscript '{name}'{nearest(name, subscripts)}", "over")))
            own.append(subscripts[name])
        if record.name not in records.tables:
            over.setdefault(record.name, tuple(own))
    return over


def check_elements(records: Records, over: Over) -> None:
    """Every record has a value for each of its elements, and for no other."""
    for record in records:
        for key in ("value", "path", "low", "high"):
            values = getattr(record, key, None)
            if values:
                _check_keys(record, key, values, over[record.name])


def _check_keys(record: Any, key: str, values: Mapping[Key, object], own: tuple[Subscript, ...]) -> None:
    for chosen in values:
        for element, subscript in zip(chosen, own, strict=False):
            if element not in subscript.elements:
                hint = nearest(element, subscript.elements)
                raise ModelError(str(record.entry.error(f"'{element}' is no element of {subscript.name}{hint}", key)))
    for elements in all_elements(own):
        if at_key(values, tuple(elements.values())) is None:
            raise ModelError(str(record.entry.error(f"it has no value for {','.join(elements.values())}", key)))


def check_closed_world(
    variables: Mapping[str, Variable],
    records: Records,
    subscripts: Mapping[str, Subscript],
    accounts: Mapping[str, Account],
    over: Over,
) -> None:
    """Every name that an equation reads exists and is what it is used as; every input is read."""
    kinds = {name: "an account" for name in accounts} | {name: "a subscript" for name in subscripts}
    read: set[str] = set()

    def check(variable: Variable, what: str, name: str, called: bool) -> None:
        read.add(name)
        if name in records.tables:
            if not called:
                raise variable.error(f"{what} is a table: call it, {name}(...)")
        elif name in over:
            if called:
                raise variable.error(f"{what} is called, but it is no table")
        elif name in kinds:
            raise variable.error(f"{what} is {kinds[name]}, not a quantity")
        else:
            hint = nearest(name, [*over, *records.tables])
            raise variable.error(f"unknown {what}: no variable, parameter, lever, driver or table of that name{hint}")

    for variable in variables.values():
        if variable.generated_by is None:
            for key in ("time", "start", "growth", "loss", "scale"):
                name = getattr(variable.declaration, key)
                if name is not None:
                    check(variable, f"{key}='{name}'", name, called=False)
            scale = variable.declaration.scale
            if scale is not None and not set(over[scale]) <= set(variable.over):
                raise variable.error(f"scale='{scale}' is over subscripts that this equation is not over")
    for variable in variables.values():
        for name, called in dict.fromkeys(uses_of(variable.expression)):
            check(variable, f"argument '{name}'", name, called)
    for record in records:
        if record.name not in read:
            raise ModelError(str(record.entry.error("no equation uses it; use it or take it out")))
