"""A language and an engine for system dynamics: one plain function for each variable.

It knows nothing of health care.  A model is a module of equations, such as ``tank.py``:

    from healthreform.stockflow import flow, stock

    @stock("metre**3")
    def water(water_at_start):
        "Water in the tank; a stock's function is its value at the start."
        return water_at_start

    @flow("metre**3/year", out_of="water")
    def leak(water, leak_rate):
        "Water running out."
        return water * leak_rate

and its inputs as text, such as ``tank.toml``:

    [parameters.water_at_start]
    unit = "metre**3"
    value = 8
    low = 1
    high = 10
    description = "Water in the tank at the start."
    source = "an example"
    grade = "assumed"

    [parameters.leak_rate]
    unit = "1/year"
    value = 0.5
    low = 0
    high = 1
    description = "Share of the water that runs out in a year."
    source = "an example"
    grade = "assumed"

It is built, run as written by the interpreter, and run in batches by the compiled kernel:

    import tank
    from healthreform import stockflow

    model = stockflow.build(tank, stockflow.Records.load("tank.toml"))
    print(stockflow.Interpreter(model).run(2020, 2022, 1 / 16).values["water"].round(3))

    values = model.parameter_values()
    values |= {name: stockflow.Path.from_points(points) for name, points in model.path_points().items()}
    inputs = stockflow.make_inputs(model.flat, values, {"leak_rate": [0.5, 0.1]})
    compiled = stockflow.compile_model(model.flat)
    result = compiled.run(inputs, 2020, 2022, 1 / 16)
    result.raise_if_failed()
    stockflow.check_step(model, compiled, inputs, 2020, 2022, 1 / 16)
    print(result["water"].round(3))

which prints water at the end of each year, for the run as given and for each of the two leaks:

    [4.852 2.943 1.785]
    [[4.852 2.943 1.785]
     [7.239 6.55  5.927]]

A step too long for what a stock loses gives numbers that look sound and are wrong.  ``check_step`` runs some of the
batch at half the step too, warns where that moves a number by more than passes, and gives back by how much at most.

The names for writing equations are at hand; building, running and drawing are imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .declare import Account, Subscript
from .decorators import auxiliary, balance, delay, flow, pipeline, reference, smooth, stock
from .errors import ModelError, RecordError, RunError, StepWarning, StockflowError, UnitError
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
    from .step_error import check_step
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
    "check_step": "step_error",
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
    "check_step",
    "Graph",
    "equation_latex",
    # what can go wrong
    "StockflowError",
    "ModelError",
    "UnitError",
    "RecordError",
    "RunError",
    "StepWarning",
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
