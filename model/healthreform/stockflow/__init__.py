"""A language and an engine for system dynamics: one plain function for each variable.

The names for writing equations are at hand; building, running and drawing are imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .declare import Account, Subscript, auxiliary, balance, delay, flow, pipeline, reference, smooth, stock
from .errors import ModelError, RecordError, RunError, StockflowError, UnitError
from .functions import by, exp, log, maximum, minimum, normal_cdf, previous, smooth_minimum, sqrt, total, where

if TYPE_CHECKING:
    from .compile import compile_model
    from .conservation import check_conservation
    from .graph import Graph
    from .inputs import make_inputs
    from .interpret import Interpreter
    from .latex import equation_latex
    from .model import Model, build
    from .named import NamedArray
    from .paths import Path
    from .records import Records
    from .units import GENERAL, UnitSystem

_WHERE = {
    "build": "model",
    "Model": "model",
    "Records": "records",
    "UnitSystem": "units",
    "GENERAL": "units",
    "Path": "paths",
    "NamedArray": "named",
    "Interpreter": "interpret",
    "compile_model": "compile",
    "make_inputs": "inputs",
    "check_conservation": "conservation",
    "Graph": "graph",
    "equation_latex": "latex",
}

__all__ = [
    # what an author writes with
    "Subscript",
    "Account",
    "stock",
    "flow",
    "auxiliary",
    "reference",
    "delay",
    "pipeline",
    "smooth",
    "balance",
    # what an equation may call
    "minimum",
    "maximum",
    "exp",
    "log",
    "sqrt",
    "where",
    "smooth_minimum",
    "normal_cdf",
    "total",
    "previous",
    "by",
    # building, running and looking at a model
    "Records",
    "UnitSystem",
    "GENERAL",
    "build",
    "Model",
    "Path",
    "NamedArray",
    "Interpreter",
    "compile_model",
    "make_inputs",
    "check_conservation",
    "Graph",
    "equation_latex",
    # what can go wrong
    "StockflowError",
    "ModelError",
    "UnitError",
    "RecordError",
    "RunError",
]


def __getattr__(name: str) -> Any:
    """Import what is seldom needed on first use, so that importing the language stays light."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
