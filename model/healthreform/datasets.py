"""Results as ``xarray.Dataset``: one variable for each written name, with its unit, what it is, and what made it."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .stockflow.expand import flat_names
from .stockflow.model import Model
from .version import __version__

if TYPE_CHECKING:
    import xarray

#: How a value of a year is to be read, by how the variable is computed.
_YEARLY = {
    "stock": "value at the end of the year",
    "flow": "total of the year",
    "auxiliary": "mean over the year",
    "input": "mean over the year",
    "reference": "value at the start, held",
}


def written_names(model: Model) -> list[str]:
    """Everything that has a history: variables, levers and drivers; parameters have none."""
    return [*model.variables, *model.records.levers, *model.records.drivers]


def to_dataset(
    model: Model,
    names: Iterable[str],
    values: NDArray[np.float64],
    columns: Mapping[str, int],
    times: NDArray[np.float64],
    *,
    every_step: bool,
    runs: Any = None,
) -> xarray.Dataset:
    """The values of some written names.

    Parameters
    ----------
    values : shape (runs, times, columns).
    columns : column of each flat name.
    runs : labels of the runs; None for one run, which then has no dimension of its own.
    """
    import xarray

    data, coordinates = {}, {"time": _time(times, every_step)}
    lead = ("time",) if runs is None else ("run", "time")
    if runs is not None:
        coordinates["run"] = ("run", np.asarray(runs), {"long_name": "run"})
    for name in names:
        over = model.over(name)
        chosen = values[:, :, [columns[flat] for flat in flat_names(name, over)]]
        block: Any = chosen.reshape(*values.shape[:2], *(len(subscript.elements) for subscript in over))
        dimensions = (*lead, *(subscript.name for subscript in over))
        block = block[0] if runs is None else block
        if _role(model, name) == "reference":
            axis = len(lead) - 1
            block, dimensions = block.take(0, axis=axis), tuple(d for d in dimensions if d != "time")
        data[name] = (dimensions, block, describe(model, name, every_step))
        for subscript in over:
            coordinates[subscript.name] = (subscript.name, list(subscript.elements), {"long_name": subscript.name})
    return xarray.Dataset(data, coords=coordinates)


def _time(times: NDArray[np.float64], every_step: bool) -> tuple[str, Any, dict[str, str]]:
    if every_step:
        return "time", times, {"long_name": "time in decimal years"}
    return "time", times.astype(int), {"long_name": "calendar year"}


def _role(model: Model, name: str) -> str:
    return model.variables[name].role if name in model.variables else "input"


def describe(model: Model, name: str, every_step: bool = False) -> dict[str, str]:
    """Attributes of a variable: unit, what it is, its kind and sector, and what a yearly value means."""
    role = _role(model, name)
    described = {"units": model.unit(name), "long_name": name.replace("_", " ")}
    if name in model.variables:
        variable = model.variables[name]
        described["description"] = variable.docstring.strip().partition("\n")[0]
        described |= {"kind": variable.kind, "sector": variable.sector}
        given = variable.declaration
        for key in ("observed", "payer", "payee", "account", "owed_by", "owed_to"):
            if getattr(given, key):
                described[key] = getattr(given, key)
    else:
        described["description"] = model.records.find(name).description
        described["kind"] = "lever" if name in model.records.levers else "driver"
    described["reported"] = "value at the time" if every_step and role != "reference" else yearly_value(model, name)
    return described


def yearly_value(model: Model, name: str) -> str:
    """What the value of a year is."""
    role = _role(model, name)
    at_year_end = name in model.variables and model.variables[name].declaration.at_year_end
    return _YEARLY["stock" if at_year_end else role]


def provenance(model: Model, **made_by: Any) -> dict[str, Any]:
    """What made a result: what was asked for, the versions of what computed it, and the hash of the equations."""
    attributes = {key: _storable(value) for key, value in made_by.items()}
    payments = dict.fromkeys(payment.variable for payment in model.payments)
    attributes |= {"accounts": json.dumps(model.ledger.accounts), "payments": json.dumps(list(payments))}
    attributes["equations"] = model.hash
    attributes["versions"] = json.dumps(
        {"healthreform": __version__, "python": platform.python_version(), **_versions("numpy", "llvmlite", "xarray")}
    )
    return attributes


def _versions(*packages: str) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def _storable(value: Any) -> Any:
    """A value as NetCDF can keep it: numbers and text as they are, anything else as JSON."""
    return value if isinstance(value, (str, int, float)) else json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Mappings and arrays, also of numpy, as JSON can keep them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value.tolist() if hasattr(value, "tolist") else value
