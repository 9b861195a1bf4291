"""The decorators that stand above an equation.  They only write down; the build judges."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from os.path import basename
from types import FunctionType
from typing import Any, ParamSpec, TypeVar

from .declare import Declaration, Subscript, subscripts_of
from .errors import ModelError, nearest, one_of

Equation = TypeVar("Equation", bound=Callable[..., Any])
Given = ParamSpec("Given")
Found = TypeVar("Found")

#: Keywords that are either true or false.
SWITCHES = ("outcome", "signed", "value", "at_year_end")


def _decorator(kind: str, unit: object, over: object, **details: Any) -> Callable[[Equation], Equation]:
    if isinstance(unit, FunctionType):
        raise ModelError(f'{_place(unit)}: write @{kind}("unit") above it, with the unit in brackets')

    def write_down(function: Equation) -> Equation:
        if not isinstance(function, FunctionType):
            what = getattr(function, "__name__", repr(function))
            raise ModelError(f"{what}: @{kind} stands above a plain function, and this is none")
        place = _place(function)
        if not function.__name__.isidentifier():
            place = place.replace(function.__name__, f"{kind}()")
            raise ModelError(f"{place}: it stands above a def, whose name is the variable's; a lambda has none")
        if not isinstance(unit, str) or not unit.strip():
            raise ModelError(f'{place}: the first argument of @{kind} is the unit, such as "yuan/year"')
        for key in SWITCHES:
            if not isinstance(details.get(key, False), bool):
                raise ModelError(f"{place}: {key}={details[key]!r} must be True or False")
        for key, entry in details.items():
            if key not in (*SWITCHES, "order") and not (entry is None or isinstance(entry, str)):
                raise ModelError(f"{place}: {key}={entry!r} must be text, the name of something")
        order = details.get("order", 1)
        if isinstance(order, bool) or not isinstance(order, int) or order < 1:
            word = "stages" if kind == "pipeline" else "order"
            raise ModelError(f"{place}: {word}={order!r} must be a whole number of at least 1")
        declaration = Declaration(kind, unit, subscripts_of(over, place), **details)
        function.__dict__["__stockflow__"] = declaration
        return function

    return write_down


def _place(function: Any) -> str:
    code = function.__code__
    return f"{basename(code.co_filename)}:{code.co_firstlineno} {function.__name__}"


def _checked(decorator: Callable[Given, Found]) -> Callable[Given, Found]:
    """A decorator that tells in one line, with the place, of a keyword that it does not have or that is missing."""
    signature = inspect.signature(decorator)

    @functools.wraps(decorator)
    def told(*given: Given.args, **named: Given.kwargs) -> Found:
        try:
            signature.bind(*given, **named)
        except TypeError:
            above = sys._getframe(1)
            place = f"{basename(above.f_code.co_filename)}:{above.f_lineno}"
            what = _misuse(decorator.__name__, signature, len(given), named)
            raise ModelError(f"{place} {decorator.__name__}(): {what}") from None
        return decorator(*given, **named)

    return told


def _misuse(kind: str, signature: inspect.Signature, count: int, named: Mapping[str, object]) -> str:
    keywords = [name for name in signature.parameters if name != "unit"]
    for name in named:
        if name not in signature.parameters:
            return f"it has no {name}={nearest(name, keywords)}; it takes {one_of(f'{each}=' for each in keywords)}"
    if count + ("unit" in named) != 1:
        return f'it takes one argument without a name, the unit, such as @{kind}("yuan/year"), and {count} are given'
    needed = [name for name in keywords if signature.parameters[name].default is inspect.Parameter.empty]
    missing = [name for name in needed if name not in named]
    return f"it needs {one_of(f'{name}=' for name in missing)}"


Over = Subscript | Sequence[Subscript]


@_checked
def auxiliary(
    unit: str,
    *,
    over: Over = (),
    at_year_end: bool = False,
    source: str = "",
    outcome: bool = False,
    observed: str | None = None,
) -> Callable[[Equation], Equation]:
    """A quantity computed at every moment.

    Parameters
    ----------
    unit : its unit, coherent with the model's base units.
    over : subscript or subscripts it is written over.
    at_year_end : whether a year's value is that at the year's end, as a stock's is, in place of the mean over the year;
        for counts that are made of stocks.
    source : where the form comes from.
    outcome : whether it is one of the headline outputs.
    observed : name of the published series it is compared with.
    """
    return _decorator(
        "auxiliary", unit, over, at_year_end=at_year_end, source=source, outcome=outcome, observed=observed
    )


@_checked
def reference(
    unit: str, *, over: Over = (), source: str = "", outcome: bool = False, observed: str | None = None
) -> Callable[[Equation], Equation]:
    """A quantity evaluated once, at the start, and held for the run."""
    return _decorator("reference", unit, over, source=source, outcome=outcome, observed=observed)


@_checked
def balance(
    unit: str, *, scale: str, over: Over = (), source: str = "", outcome: bool = False, observed: str | None = None
) -> Callable[[Equation], Equation]:
    """A quantity that must be zero in every run, to round-off against the quantity named by ``scale``."""
    return _decorator("balance", unit, over, scale=scale, source=source, outcome=outcome, observed=observed)


@_checked
def stock(
    unit: str,
    *,
    over: Over = (),
    account: str | None = None,
    signed: bool = False,
    value: bool = False,
    owed_by: str | None = None,
    owed_to: str | None = None,
    source: str = "",
    outcome: bool = False,
    observed: str | None = None,
) -> Callable[[Equation], Equation]:
    """What accumulates; the function gives its value at the start, the flows say what moves it.

    Parameters
    ----------
    account : the account whose cash this is.
    signed : whether it may be negative.
    value : whether it is a stock of value, such as equipment, that a payment may fill and nobody owes.
    owed_by, owed_to : for a debt, the accounts that owe and are owed.
    """
    return _decorator(
        "stock",
        unit,
        over,
        account=account,
        signed=signed,
        value=value,
        owed_by=owed_by,
        owed_to=owed_to,
        source=source,
        outcome=outcome,
        observed=observed,
    )


@_checked
def flow(
    unit: str,
    *,
    over: Over = (),
    payer: str | None = None,
    payee: str | None = None,
    out_of: str | None = None,
    into: str | None = None,
    source: str = "",
    outcome: bool = False,
    observed: str | None = None,
) -> Callable[[Equation], Equation]:
    """What moves stocks: money from payer to payee, anything else out of one stock and into another.

    Parameters
    ----------
    payer, payee : accounts, both or neither; ``"hospital[tertiary]"`` for one element.
    out_of, into : stocks, likewise.
    """
    return _decorator(
        "flow",
        unit,
        over,
        payer=payer,
        payee=payee,
        out_of=out_of,
        into=into,
        source=source,
        outcome=outcome,
        observed=observed,
    )


@_checked
def delay(
    unit: str,
    *,
    time: str,
    order: int = 3,
    over: Over = (),
    out_of: str | None = None,
    into: str | None = None,
    payer: str | None = None,
    payee: str | None = None,
    start: str | None = None,
    source: str = "",
    outcome: bool = False,
    observed: str | None = None,
) -> Callable[[Equation], Equation]:
    """A flow that comes out some time after it went in; the function is what goes in, the variable what comes out.

    Parameters
    ----------
    time : name of the mean time inside, in years.
    order : number of stages.
    out_of, into : stocks that what goes in leaves, and that what comes out enters.
    payer, payee : accounts, for a payment made when it comes out; until then its stages are owed.
    start : name of the total content at the start; without it, the stages start in steady state.
    """
    return _decorator(
        "delay",
        unit,
        over,
        time=time,
        order=order,
        out_of=out_of,
        into=into,
        payer=payer,
        payee=payee,
        start=start,
        source=source,
        outcome=outcome,
        observed=observed,
    )


@_checked
def pipeline(
    unit: str,
    *,
    time: str,
    stages: int,
    over: Over = (),
    loss: str | None = None,
    out_of: str | None = None,
    into: str | None = None,
    start: str | None = None,
    source: str = "",
    outcome: bool = False,
    observed: str | None = None,
) -> Callable[[Equation], Equation]:
    """A delay of any number of stages; ``loss`` names a rate, 1/year, at which each stage leaks."""
    return _decorator(
        "pipeline",
        unit,
        over,
        time=time,
        order=stages,
        loss=loss,
        out_of=out_of,
        into=into,
        start=start,
        source=source,
        outcome=outcome,
        observed=observed,
    )


@_checked
def smooth(
    unit: str,
    *,
    time: str,
    order: int = 1,
    over: Over = (),
    start: str | None = None,
    growth: str | None = None,
    signed: bool = False,
    source: str = "",
    outcome: bool = False,
    observed: str | None = None,
) -> Callable[[Equation], Equation]:
    """A quantity that follows its input; the function is the input, the variable the smoothed value, a stock.

    Parameters
    ----------
    time : name of the mean lag, in years.
    order : number of stages.
    start : name of its value at the start; without it, it starts at the input.
    growth : name of a rate, 1/year, at which the input has been growing, so that it starts behind it.
    signed : whether it may be negative.
    """
    return _decorator(
        "smooth",
        unit,
        over,
        time=time,
        order=order,
        start=start,
        growth=growth,
        signed=signed,
        source=source,
        outcome=outcome,
        observed=observed,
    )
