"""``a * b + c`` rounded once, as the kernel's instruction rounds it, and slopes that never lead past their end."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]

_SPLITTER = 2.0**27 + 1.0
#: Sizes between which nothing of a product is lost; outside of them whole numbers are used.
_SMALLEST, _LARGEST = 2.0**-900, 2.0**900


def fused(a: float, b: float, c: float) -> float:
    """``a * b + c`` of finite numbers, rounded once."""
    if a == 0.0 or b == 0.0:
        return c + 0.0
    (a_top, a_base), (b_top, b_base), (c_top, c_base) = (part.as_integer_ratio() for part in (a, b, c))
    try:  # Python rounds the quotient of whole numbers once
        return (a_top * b_top * c_base + c_top * a_base * b_base) / (a_base * b_base * c_base)
    except OverflowError:
        return a * b + c


def fused_arrays(a: ArrayLike, b: ArrayLike, c: ArrayLike) -> Numbers:
    """``a * b + c`` of arrays, each rounded once.

    What the product and the sums lose is kept beside them, and their small parts are added rounded to odd, so that the
    last rounding sees on which side of a tie they lie (Boldo and Melquiond, IEEE Transactions on Computers 57, 2008).
    """
    a, b, c = np.broadcast_arrays(*(np.asarray(each, dtype=np.float64) for each in (a, b, c)))
    with np.errstate(all="ignore"):
        rough = a * b
        product, lost = _product(a, b)
        low, rest = _sum(c, lost)
        high, middle = _sum(product, low)
        found = np.array(high + _odd(*_sum(rest, middle)))
        safe = (c == 0) | _ordinary(c)
        for part in (a, b, rough):
            safe &= _ordinary(part)
    none = (a == 0) | (b == 0)
    found[none] = c[none] + 0.0
    for place in zip(*np.nonzero(~safe & ~none), strict=True):
        one = (float(a[place]), float(b[place]), float(c[place]))
        found[place] = fused(*one) if np.isfinite(one).all() else one[0] * one[1] + one[2]
    return found


def _ordinary(x: Numbers) -> NDArray[np.bool_]:
    size = np.abs(x)
    return np.asarray((size > _SMALLEST) & (size < _LARGEST))


def _sum(a: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    """A sum, and exactly what rounding it lost."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _product(a: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    """A product, and exactly what rounding it lost."""
    total = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    return total, ((a_high * b_high - total) + a_high * b_low + a_low * b_high) + a_low * b_low


def _halves(x: Numbers) -> tuple[Numbers, Numbers]:
    scaled = _SPLITTER * x
    high = scaled - (scaled - x)
    return high, x - high


def _odd(total: Numbers, lost: Numbers) -> Numbers:
    """A sum rounded to odd: of two neighbours between which it lies, the one whose last bit is set."""
    even = (total.view(np.int64) & 1) == 0
    return np.where((lost != 0) & even, np.nextafter(total, np.where(lost > 0, np.inf, -np.inf)), total)


def slopes(x: ArrayLike, y: ArrayLike) -> Numbers:
    """Slope from each point to the next, shape (points,); zero at the end, at a jump, and where the next is not finite.

    ``fused(slope, x - x0, y0)`` never passes the next value ``y1``: rounding is monotone, so it is enough that it does
    not at the end of the way, ``x1 - x0`` as rounded.  The quotient of two rounded differences is too large by less
    than the factor (1 + u)**2, u = 2**-53, and each neighbour toward zero is smaller by at least the factor (1 - u); so
    two neighbours at most are needed, and slopes that lead past nothing stay as they are.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    found = np.zeros(len(x))
    with np.errstate(all="ignore"):
        way, rise = np.diff(x), np.diff(y)
        rising = np.flatnonzero((way > 0) & np.isfinite(way) & (rise != 0))
        way, rise, begin, end = way[rising], rise[rising], y[:-1][rising], y[1:][rising]
        slope = rise / way
        for _ in range(2):
            past = (fused_arrays(slope, way, begin) - end) * np.sign(rise) > 0
            slope = np.where(past, np.nextafter(slope, 0.0), slope)
    found[rising] = slope
    return found
