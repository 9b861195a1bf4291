"""A system-dynamics model of China's healthcare reform.

>>> import healthreform as hr
>>> run = hr.simulate("china", "baseline")

Names are imported on first use, so that importing the package is quick and prints nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .behaviour_checks import behaviour
    from .calibration.calibrating import calibrate, fit
    from .check_model import check
    from .ensembles import ensemble
    from .flows_of_money import bridge, national_accounts, transactions
    from .gains_and_losses import ledger
    from .gains_of_loops import loop_gains
    from .inventory import equations, levers, loops, parameters, places, scenarios, variables
    from .observations import fit_to_history, history
    from .output import OutputError, load, save, save_in_parts
    from .place import Place
    from .place_tables import place_facts, place_report
    from .scenario import Scenario
    from .simulation import simulate
    from .stockflow.errors import ModelError, RecordError, RunError, StepWarning, StockflowError
    from .structural_sensitivity import loop_cuts
    from .sweeping import sweep, sweep_in_chunks
    from .validation import evidence, validate

#: Every public name and the module that defines it. No module has the name of a function: importing the module would
#: hide the function.
_WHERE = {
    "simulate": "simulation",
    "sweep": "sweeping",
    "sweep_in_chunks": "sweeping",
    "levers": "inventory",
    "parameters": "inventory",
    "variables": "inventory",
    "equations": "inventory",
    "places": "inventory",
    "place_facts": "place_tables",
    "place_report": "place_tables",
    "scenarios": "inventory",
    "loops": "inventory",
    "history": "observations",
    "fit_to_history": "observations",
    "fit": "calibration.calibrating",
    "calibrate": "calibration.calibrating",
    "ensemble": "ensembles",
    "national_accounts": "flows_of_money",
    "transactions": "flows_of_money",
    "bridge": "flows_of_money",
    "ledger": "gains_and_losses",
    "evidence": "validation",
    "validate": "validation",
    "check": "check_model",
    "behaviour": "behaviour_checks",
    "loop_gains": "gains_of_loops",
    "loop_cuts": "structural_sensitivity",
    "save": "output",
    "save_in_parts": "output",
    "load": "output",
    "OutputError": "output",
    "Place": "place",
    "Scenario": "scenario",
    "StockflowError": "stockflow.errors",
    "ModelError": "stockflow.errors",
    "RecordError": "stockflow.errors",
    "RunError": "stockflow.errors",
    "StepWarning": "stockflow.errors",
}

__all__ = [
    "simulate",
    "sweep",
    "sweep_in_chunks",
    "levers",
    "parameters",
    "variables",
    "equations",
    "places",
    "place_facts",
    "place_report",
    "scenarios",
    "loops",
    "history",
    "fit_to_history",
    "fit",
    "calibrate",
    "ensemble",
    "national_accounts",
    "transactions",
    "bridge",
    "ledger",
    "evidence",
    "validate",
    "check",
    "behaviour",
    "loop_gains",
    "loop_cuts",
    "save",
    "save_in_parts",
    "load",
    "Place",
    "Scenario",
    "StockflowError",
    "ModelError",
    "RecordError",
    "RunError",
    "OutputError",
    "StepWarning",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
