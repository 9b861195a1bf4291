"""From a place and a scenario to arrays: compiled code kept at hand, start values, and the checks on every run."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .stockflow.compile import compile_model
from .stockflow.conservation import check_conservation, open_books
from .stockflow.evaluate import evaluate
from .stockflow.model import Model
from .stockflow.paths import Path
from .stockflow.records import Records

if TYPE_CHECKING:
    from .stockflow.inputs import RunInputs
    from .stockflow.kernel import Compiled
    from .stockflow.results import RawResult

_AT_HAND: OrderedDict[tuple[Any, ...], Compiled] = OrderedDict()
_MOST_AT_HAND = 8


def compiled_model(model: Model, keep: Sequence[str] | None, method: str, every_step: bool) -> Compiled:
    """Compiled code for a model; what was used last stays in memory, the rest is found in the cache on disk."""
    key = (model.structure, None if keep is None else tuple(keep), method, every_step)
    if key not in _AT_HAND:
        _AT_HAND[key] = compile_model(model.flat, keep, method, every_step=every_step, model_hash=model.structure)
        if len(_AT_HAND) > _MOST_AT_HAND:
            _AT_HAND.popitem(last=False)
    _AT_HAND.move_to_end(key)
    return _AT_HAND[key]


def base_values(model: Model, records: Records) -> dict[str, float | Path]:
    """Every input of a run by flat name."""
    paths = {name: Path.from_points(points) for name, points in model.path_points(records).items()}
    return {**model.parameter_values(records), **paths}


def varied_between(model: Model, runs: Sequence[Mapping[str, float | Path]]) -> dict[str, Any]:
    """Inputs in which runs differ, given every input of each by flat name: one value or path for each run."""
    found: dict[str, Any] = {}
    for name in model.flat.parameters:
        column = [each[name] for each in runs]
        if any(value != column[0] for value in column):
            found[name] = np.array(column, dtype=float)
    for name in model.flat.paths:
        paths = [value if isinstance(value, Path) else Path.constant(value) for value in (each[name] for each in runs)]
        if any(path != paths[0] for path in paths):
            found[name] = paths
    return found


def needed_for_checks(model: Model) -> list[str]:
    """Flat names without which conservation cannot be checked: stocks, their flows, balances and their scales."""
    parameters = set(model.flat.parameters)
    flows = (flow for rates in model.ledger.rates.values() for _, flow in rates)
    balances = (name for each in model.balances for name in (each.name, each.scale) if name not in parameters)
    payments = (payment.flow for payment in model.payments)
    return list(dict.fromkeys([*model.flat.stocks, *flows, *payments, *balances]))


def assert_conserved(model: Model, raw: RawResult, start: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """Cash, debts and stocks change by the sum of their flows, and balances are zero, in every run that did not fail.

    Raises
    ------
    RunError
        Naming what is not conserved, and its error.
    """
    failed = {failure.run for failure in raw.failures}
    good = [run for run in range(raw.runs) if run not in failed]
    if not good:
        return {}
    chosen: Any = slice(None) if not failed else good
    values = {name: column[chosen] for name, column in raw.columns()}
    return check_conservation(model, values, {name: value[chosen] for name, value in start.items()})


def unconserved(model: Model, raw: RawResult, start: Mapping[str, NDArray[np.float64]]) -> dict[int, tuple[int, str]]:
    """Runs that did not fail and yet do not conserve something: the place of the first year in which, and a line."""
    failed = {failure.run for failure in raw.failures}
    good = np.array([run for run in range(raw.runs) if run not in failed], dtype=np.int64)
    if not good.size:
        return {}
    chosen: Any = slice(None) if not failed else good
    values = {name: column[chosen] for name, column in raw.columns()}
    before = {name: value[chosen] for name, value in start.items()}
    found = open_books(model, values, before, raw.times.tolist())
    return {int(good[place]): what for place, what in found.items()}


def values_at_start(
    model: Model, inputs: RunInputs, start: int, names: Iterable[str]
) -> dict[str, NDArray[np.float64]]:
    """Some of the starting values, of stocks or of whatever they are computed from, one for each run."""
    runs = np.arange(inputs.runs)
    parameters = inputs.parameters(runs)
    known: dict[str, Any] = {name: parameters[:, i] for i, name in enumerate(model.flat.parameters)}
    known.update(inputs.paths.values_at(np.full(inputs.runs, float(start)), "left", runs))
    for name, expression in model.flat.initial:
        known[name] = evaluate(expression, known, model.flat.tables)
    return {name: np.broadcast_to(np.asarray(known[name], dtype=float), runs.shape) for name in names}
