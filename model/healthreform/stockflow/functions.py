"""The closed set of functions an equation may call.

One name serves every kind of argument: plain floats and numpy arrays here; named arrays and units through the method
``__stockflow__`` of their class.  A type that is neither raises: there is no silent fallback.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

_SQRT_HALF = math.sqrt(0.5)


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two values; NaN if either is NaN."""
    return apply_function("minimum", a, b)


def maximum(a: Any, b: Any) -> Any:
    """The larger of two values; NaN if either is NaN."""
    return apply_function("maximum", a, b)


def exp(x: Any) -> Any:
    """The exponential of a dimensionless value."""
    return apply_function("exp", x)


def log(x: Any) -> Any:
    """The natural logarithm of a dimensionless value; minus infinity at 0, NaN below."""
    return apply_function("log", x)


def sqrt(x: Any) -> Any:
    """The square root; NaN below 0."""
    return apply_function("sqrt", x)


def where(condition: Any, a: Any, b: Any) -> Any:
    """``a`` where the condition holds, else ``b``; both are computed, and a comparison with NaN does not hold."""
    return apply_function("where", condition, a, b)


def smooth_minimum(a: Any, b: Any, sharpness: Any) -> Any:
    """A limit without a kink: with m the smaller and M the larger, m / (1 + (m/M)**n)**(1/n), and 0 if M is 0.

    Parameters
    ----------
    a, b : not negative, of one unit.
    sharpness : n, dimensionless, above 0; the larger, the nearer to the minimum.
    """
    return apply_function("smooth_minimum", a, b, sharpness)


def normal_cdf(x: Any) -> Any:
    """The distribution function of the standard normal distribution."""
    return apply_function("normal_cdf", x)


def total(x: Any, *subscripts: object) -> Any:
    """The sum of ``x`` over one or several of its subscripts."""
    return _reshape("total", x, subscripts)


def previous(x: Any, subscript: object) -> Any:
    """``x`` at the element before, along one subscript; 0 at the first element."""
    return _reshape("previous", x, (subscript,))


def by(subscript: object, **branches: Any) -> Any:
    """A quantity put together from one branch for each element of a subscript: ``by(tier, tertiary=a, primary=0)``."""
    handled = [branch for branch in branches.values() if hasattr(type(branch), "__stockflow__")]
    if not handled:
        raise TypeError("by() needs at least one quantity among its branches, not numbers alone")
    elements = getattr(subscript, "elements", tuple(branches))
    arguments = (subscript, *(branches[element] for element in elements))
    return type(handled[0]).__stockflow__(handled[0], "by", arguments)


def apply_function(name: str, *arguments: Any) -> Any:
    """Call a function of the closed set, by the rules of its arguments' class."""
    for argument in arguments:
        handler = getattr(type(argument), "__stockflow__", None)
        if handler is not None:
            return handler(argument, name, arguments)
    return _numeric(name, arguments)


def _reshape(name: str, x: Any, subscripts: tuple[object, ...]) -> Any:
    handler = getattr(type(x), "__stockflow__", None)
    if handler is None:
        raise TypeError(f"{name}() needs a quantity with subscripts, not {type(x).__name__}")
    return handler(x, name, (x, *subscripts))


def _numeric(name: str, arguments: tuple[Any, ...]) -> Any:
    import numpy as np

    for argument in arguments:
        if not isinstance(argument, (bool, int, float, np.ndarray, np.generic)):
            raise TypeError(f"{name}() does not know what to do with {type(argument).__name__}")
    with np.errstate(all="ignore"):
        value = numeric_functions()[name](*arguments)
    return float(value) if np.ndim(value) == 0 else value


_NUMERIC: dict[str, Callable[..., Any]] = {}


def numeric_functions() -> Mapping[str, Callable[..., Any]]:
    """The closed set on numpy arrays, by name; IEEE results, never exceptions."""
    if not _NUMERIC:
        import numpy as np

        def numeric_smooth_minimum(a: Any, b: Any, sharpness: Any) -> Any:
            small, large = np.minimum(a, b), np.maximum(a, b)
            ratio = small / np.where(large == 0, 1.0, large)
            return np.where(large == 0, 0.0, small / (1.0 + ratio**sharpness) ** (1.0 / sharpness))

        def numeric_normal_cdf(x: Any) -> Any:
            tail = np.vectorize(math.erfc, otypes=[float])
            return 0.5 * tail(-np.asarray(x, dtype=float) * _SQRT_HALF)

        _NUMERIC.update(
            minimum=np.minimum,
            maximum=np.maximum,
            exp=np.exp,
            log=np.log,
            sqrt=np.sqrt,
            where=np.where,
            smooth_minimum=numeric_smooth_minimum,
            normal_cdf=numeric_normal_cdf,
        )
    return MappingProxyType(_NUMERIC)


#: Every name an equation may call, apart from its tables, and how many arguments it takes.
CLOSED_SET: Mapping[str, int] = MappingProxyType(
    {
        "minimum": 2,
        "maximum": 2,
        "exp": 1,
        "log": 1,
        "sqrt": 1,
        "where": 3,
        "smooth_minimum": 3,
        "normal_cdf": 1,
        "by": -1,
        "previous": 2,
        "total": -1,
    }
)
