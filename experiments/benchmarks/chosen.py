"""The model that is timed, and what is kept of it: all that a fresh process imports besides the package."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from healthreform.stockflow.flat import FlatModel
    from healthreform.stockflow.paths import Path

    Values = dict[str, "float | Path"]


def load(model: str, equations: int, stocks: int) -> tuple[FlatModel, Values]:
    """The model to time."""
    if equations:
        from synthetic import synthetic_model

        made = synthetic_model(equations, stocks)
        return made.model, made.values
    module, _, function = model.partition(":")
    flat, values = getattr(importlib.import_module(module), function)()
    return flat, dict(values)


def some_names(flat: FlatModel, count: int = 30) -> tuple[str, ...]:
    """A third stocks, two thirds equations, of those whose means every engine here adds up."""
    equations = [name for name, _ in flat.equations if name not in flat.at_year_end]
    stocks = flat.stocks[: count // 3]
    return (*stocks, *equations[:: max(1, len(equations) // (count - len(stocks)))][: count - len(stocks)])
