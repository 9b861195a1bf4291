"""What providers are paid for: how each payment is spread over the functions of the national health account."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .assembly import DATA
from .stockflow.errors import RecordError, nearest, one_of
from .stockflow.record_values import read_toml

if TYPE_CHECKING:
    import xarray

FILE = DATA / "functions_of_care.toml"
#: The function of what is not told, and the subscript of a payment that says by itself what it is for.
NOT_TOLD, CARE = "not_told", "care"


@dataclass(frozen=True)
class Functions:
    """Functions of care.

    Attributes
    ----------
    titles : of each function, by its name.
    payments : for a payment, the one function it is for, or ``like:`` and the quantity it is spread like.
    """

    titles: Mapping[str, str]
    payments: Mapping[str, str]

    def spread(self, year: xarray.Dataset, payment: str) -> dict[str, NDArray[np.float64]]:
        """One year of a payment by function; the parts add up to it, element by element.

        Parameters
        ----------
        year : a year of a result.

        Returns
        -------
        dict
            By function, an array of the payment's own shape.

        Raises
        ------
        RecordError
            If the result lacks the quantity in whose proportions the payment is spread.
        """
        flow = year[payment]
        if CARE in flow.dims:
            return {str(element): flow.where(flow[CARE] == element, 0.0).values for element in flow[CARE].values}
        rule = self.payments.get(payment, NOT_TOLD)
        if not rule.startswith(_LIKE):
            return {rule: flow.values}
        return self._like(year, payment, rule.removeprefix(_LIKE))

    @staticmethod
    def _like(year: xarray.Dataset, payment: str, name: str) -> dict[str, NDArray[np.float64]]:
        if name not in year:
            raise RecordError(f"this result lacks '{name}', by which '{payment}' is spread over care; use simulate")
        flow, pattern = year[payment], year[name]
        if CARE not in pattern.dims or not set(flow.dims) <= set(pattern.dims):
            raise RecordError(
                f"{FILE}: payments.{payment}: '{name}' must be over {CARE} and all that the payment is over"
            )
        kept = (CARE, *flow.dims)
        weights = pattern.sum([dimension for dimension in pattern.dims if dimension not in kept]).transpose(*kept)
        whole = weights.sum(CARE).values
        found = {}
        for element, part in zip(weights[CARE].values, weights.values, strict=True):
            share = np.divide(part, whole, out=np.zeros(np.shape(whole)), where=whole > 0)
            found[str(element)] = flow.values * share
        found[NOT_TOLD] = np.where(whole > 0, 0.0, flow.values)
        return found

    def order(self, name: str) -> int:
        """The place of a function in a table; what is not told comes last."""
        names = list(self.titles)
        return names.index(name) if name in names else len(names)


_LIKE = "like:"


@functools.cache
def read_functions(file: Path = FILE) -> Functions:
    """The functions of care and the rule of every payment.

    Raises
    ------
    RecordError
        If the file is wrong: which key, and the nearest valid name.
    """
    content = read_toml(file)
    for key in ("functions", "payments"):
        if not isinstance(content.get(key), Mapping):
            raise RecordError(f"{file}: the table [{key}] is missing")
    for key in content:
        if key not in ("functions", "payments"):
            raise RecordError(f"{file}: unknown table [{key}]{nearest(key, ('functions', 'payments'))}")
    titles: dict[str, str] = {}
    for name, title in content["functions"].items():
        if not isinstance(title, str) or not title.strip():
            raise RecordError(f"{file}: functions.{name}: {title!r} must be text, and not empty")
        titles[name] = title
    return Functions(titles, {name: _rule(file, name, rule, titles) for name, rule in content["payments"].items()})


def _rule(file: Path, payment: str, rule: Any, titles: Mapping[str, str]) -> str:
    where = f"{file}: payments.{payment}"
    if isinstance(rule, Mapping):
        if list(rule) != ["like"] or not isinstance(rule["like"], str) or not rule["like"].strip():
            raise RecordError(f'{where}: {dict(rule)!r} must be {{ like = "quantity" }}')
        return _LIKE + rule["like"]
    if rule not in titles:
        offer = nearest(str(rule), titles) or f"; functions: {one_of(titles)}"
        raise RecordError(f"{where}: {rule!r} is no function{offer}")
    return str(rule)
