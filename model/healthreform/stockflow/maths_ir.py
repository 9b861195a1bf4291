"""Exponential, logarithm, power and normal distribution function as vector code.

They are polynomials.  Each is within two units in the last place over the whole range, the normal distribution
function within eight (tests/stockflow/test_engine_maths.py measures them against exact values), and zero, negative,
subnormal, infinite and NaN arguments give what IEEE 754 and C99 ask for.

Each is written twice, with the same bits wherever both hold.  The usual form is written into the equations, because
calls would cost more than all else together; it is right for normal arguments and results, and says in which lanes it
is.  The thorough form is right for all arguments, and is called where the usual one is not enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan

from .maths_constants import (
    BEYOND_EXPONENTS,
    EXP_TAIL,
    INVERSE_LN2,
    LARGEST_SHORT_POWER,
    LN2_HIGH,
    LN2_LOW,
    LOG_HIGH,
    LOG_INVERSE,
    LOG_LOW,
    LOG_START_BITS,
    LOG_TAIL,
    MANTISSA_MASK,
    NORMAL_CENTRE,
    NORMAL_CENTRE_END,
    NORMAL_CENTRE_SHIFT,
    NORMAL_CENTRE_TOP,
    NORMAL_EXPONENTS,
    NORMAL_TAIL,
    NORMAL_TAIL_SHIFT,
    NORMAL_TAIL_TOP,
    ROUND_TO_WHOLE,
    SIXTEENTHS,
    SIXTEENTHS_LESS_PART,
    SMALLEST_NORMAL,
    TWO_TO_54,
)
from .vector_ir import FunctionWriter, bits


@dataclass(frozen=True, slots=True)
class Usual:
    """A value in its usual form.

    Attributes
    ----------
    value : the vector.
    below : whole numbers without sign and limits; the value is right where each number is below its limit.
    """

    value: str
    below: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A number as the sum of two doubles, the second below the rounding of the first."""

    high: str
    low: str


def fast_sum(writer: FunctionWriter, a: str, b: str) -> Pair:
    """``a + b`` without error, for |a| >= |b| or a == 0."""
    high = writer.add(a, b)
    return Pair(high, writer.subtract(b, writer.subtract(high, a)))


def exact_product(writer: FunctionWriter, a: str, b: str) -> Pair:
    """``a * b`` without error."""
    high = writer.multiply(a, b)
    return Pair(high, writer.fma(a, b, writer.negate(high)))


def _size_below(w: FunctionWriter, x: str, limit: float) -> tuple[str, int]:
    """That a number is smaller than a limit, as whole numbers: not a number counts as larger than all."""
    return w.as_integer(w.absolute(x)), int(bits(limit), 16)


def write_usual_exp(writer: FunctionWriter, x: str) -> Usual:
    """Exponential of x, right where the result is a normal number."""
    return Usual(_usual_exp(writer, x, None), (_size_below(writer, x, NORMAL_EXPONENTS),))


def _usual_exp(w: FunctionWriter, x: str, low: str | None) -> str:
    """exp(x + low) where the result is normal."""
    number, excess = _exp_reduced(w, x, low)
    part = w.as_integer(w.pick(SIXTEENTHS_LESS_PART, number, "hr_exp_less_part"))
    power = w.as_real(w.whole("add", part, w.whole("shl", number, 48)))
    return w.fma(power, excess, power)


def write_exp(writer: FunctionWriter, x: str) -> str:
    """Exponential of any x."""
    w = writer
    inside = w.larger(w.number(-BEYOND_EXPONENTS), w.smaller(w.number(BEYOND_EXPONENTS), x))
    return _scale(w, *_exp_by_table(w, inside, None))


def _exp_by_table(w: FunctionWriter, x: str, low: str | None) -> tuple[str, str]:
    """exp(x + low) as a mantissa from 1 to 2 and the bits of a whole power of two; |x| <= 1100 or NaN."""
    number, excess = _exp_reduced(w, x, low)
    power = w.pick(SIXTEENTHS, number, "hr_exp_sixteenths")
    return w.fma(power, excess, power), w.whole("ashr", number, 4)


def _exp_reduced(w: FunctionWriter, x: str, low: str | None) -> tuple[str, str]:
    """X + low in sixteenths of a power of two, in the low bits of a whole number, and exp of what is left less one.

    A table of sixteenths leaves so little that a short polynomial is enough.
    """
    shifted = w.fma(x, w.number(16.0 * INVERSE_LN2), w.number(ROUND_TO_WHOLE))
    whole = w.subtract(shifted, w.number(ROUND_TO_WHOLE))
    remainder = w.fma(whole, w.number(-LN2_HIGH / 16.0), x)
    remainder = w.fma(whole, w.number(-LN2_LOW / 16.0), remainder)
    if low is not None:
        remainder = w.add(remainder, low)
    square = w.multiply(remainder, remainder)
    return w.as_integer(shifted), w.fma(square, w.polynomial(remainder, EXP_TAIL), remainder)


def _scale(w: FunctionWriter, mantissa: str, exponent: str) -> str:
    """Mantissa * 2**n in two steps, so that subnormal results are rounded once and overflow gives infinity."""
    # The low bits of `exponent` hold n; a shift to the exponent's place drops everything above them.
    half = w.whole("ashr", w.whole("shl", exponent, 51), 52)
    rest = w.whole("sub", exponent, half)
    first = w.as_real(w.whole("add", w.whole("shl", half, 52), 0x3FF0000000000000))
    second = w.as_real(w.whole("add", w.whole("shl", rest, 52), 0x3FF0000000000000))
    return w.multiply(w.multiply(mantissa, first), second)


def _split(w: FunctionWriter, x: str) -> tuple[str, str, str]:
    """X = m * 2**k with m in an octave from 0.705 on: m, k and the number of m's sixteenth, for normal x > 0."""
    offset = w.whole("sub", w.as_integer(x), LOG_START_BITS)
    mantissa = w.as_real(w.whole("add", w.whole("and", offset, MANTISSA_MASK), LOG_START_BITS))
    return mantissa, w.to_real(w.whole("ashr", offset, 52)), w.whole("lshr", offset, 48)


def _normal(w: FunctionWriter, x: str) -> tuple[str, int]:
    """That x is a normal positive number."""
    return w.whole("sub", w.as_integer(x), 1 << 52), 0x7FE << 52


def _make_normal(w: FunctionWriter, x: str) -> tuple[str, str]:
    """A subnormal number times 2**54, and the 54; others as they are, and 0."""
    small = w.compare("olt", x, w.number(SMALLEST_NORMAL))
    scaled = w.select(small, w.multiply(x, w.number(TWO_TO_54)), x)
    return scaled, w.select(small, w.number(54.0), w.number(0.0))


def write_usual_log(writer: FunctionWriter, x: str) -> Usual:
    """log(x), right where x is a normal positive number."""
    return Usual(_log_of_split(writer, *_split(writer, x)), (_normal(writer, x),))


def write_log(writer: FunctionWriter, x: str) -> str:
    """log(x) for any x."""
    w = writer
    scaled, extra = _make_normal(w, x)
    mantissa, exponent, number = _split(w, scaled)
    result = _log_of_split(w, mantissa, w.subtract(exponent, extra), number)
    result = w.select(w.compare("olt", x, w.number(inf)), result, x)
    result = w.select(w.compare("oeq", x, w.number(0.0)), w.number(-inf), result)
    return w.select(w.compare("olt", x, w.number(0.0)), w.number(nan), result)


def _log_of_split(w: FunctionWriter, mantissa: str, exponent: str, number: str) -> str:
    known, r, tail = _log_terms(w, mantissa, exponent, number)
    return w.add(w.add(known, r), tail)


def _short_log(w: FunctionWriter, mantissa: str, exponent: str, number: str) -> Pair:
    """A logarithm within 2**-57."""
    known, r, tail = _log_terms(w, mantissa, exponent, number)
    return fast_sum(w, known, w.add(r, tail))


def _log_terms(w: FunctionWriter, mantissa: str, exponent: str, number: str) -> tuple[str, str, str]:
    """A logarithm as the sum of what is known, a remainder below 0.04 and the series' tail."""
    r = w.fma(mantissa, w.pick(LOG_INVERSE, number, "hr_log_inverse"), w.number(-1.0))
    known = w.fma(exponent, w.number(LN2_HIGH), w.pick(LOG_HIGH, number, "hr_log_high"))
    square = w.multiply(r, w.multiply(w.number(-0.5), r))
    rest = w.fma(exponent, w.number(LN2_LOW), square)
    return known, r, w.fma(w.multiply(r, square), w.polynomial(r, LOG_TAIL), rest)


def _long_log(w: FunctionWriter, mantissa: str, exponent: str, number: str) -> Pair:
    """A logarithm to about 63 bits."""
    known = w.fma(exponent, w.number(LN2_HIGH), w.pick(LOG_HIGH, number, "hr_log_high"))
    known_low = w.fma(exponent, w.number(LN2_LOW), w.pick(LOG_LOW, number, "hr_log_low"))
    product = exact_product(w, mantissa, w.pick(LOG_INVERSE, number, "hr_log_inverse"))
    ratio = fast_sum(w, w.subtract(product.high, w.number(1.0)), product.low)
    r, r_low = ratio.high, ratio.low
    first = fast_sum(w, known, r)
    minus_half = w.multiply(w.number(-0.5), r)
    square = w.multiply(r, minus_half)
    square_low = w.fma(r, minus_half, w.negate(square))
    second = fast_sum(w, first.high, square)
    tail = w.multiply(w.multiply(r, square), w.polynomial(r, LOG_TAIL))
    low = w.add(w.add(known_low, first.low), w.fma(w.negate(r), r_low, r_low))
    low = w.add(w.add(low, w.add(square_low, second.low)), tail)
    return fast_sum(w, second.high, low)


def write_usual_power(writer: FunctionWriter, x: str, y: str) -> Usual:
    """X ** y, right where x is normal and positive, y is not large and the result is normal."""
    w = writer
    logarithm = _short_log(w, *_split(w, x))
    power = exact_product(w, y, logarithm.high)
    result = _usual_exp(w, power.high, w.fma(y, logarithm.low, power.low))
    sizes = _size_below(w, power.high, NORMAL_EXPONENTS), _size_below(w, y, LARGEST_SHORT_POWER)
    return Usual(result, (_normal(w, x), *sizes))


def write_power(writer: FunctionWriter, x: str, y: str) -> str:
    """X ** y for any x and y, with the special cases of C99."""
    w = writer
    size = w.absolute(x)
    scaled, extra = _make_normal(w, size)
    mantissa, exponent, number = _split(w, scaled)
    exponent = w.subtract(exponent, extra)
    long, short = _long_log(w, mantissa, exponent, number), _short_log(w, mantissa, exponent, number)
    shortly = w.compare("olt", w.absolute(y), w.number(LARGEST_SHORT_POWER))
    logarithm = Pair(w.select(shortly, short.high, long.high), w.select(shortly, short.low, long.low))
    finite = w.compare("olt", size, w.number(inf))
    zero = w.compare("oeq", size, w.number(0.0))
    log_high = w.select(finite, logarithm.high, size)
    log_high = w.select(zero, w.number(-inf), log_high)
    power = exact_product(w, y, log_high)
    power_low = w.fma(y, logarithm.low, power.low)
    inside = w.larger(w.number(-BEYOND_EXPONENTS), w.smaller(w.number(BEYOND_EXPONENTS), power.high))
    usual = w.compare("olt", w.absolute(power.high), w.number(BEYOND_EXPONENTS))
    result = _scale(w, *_exp_by_table(w, inside, w.select(usual, power_low, w.number(0.0))))
    result = _give_sign(w, x, y, result)
    # 1 to any power and anything to the power 0 are 1, even if the other is NaN; so is -1 to an infinite power.
    infinite_power = w.compare("oeq", w.absolute(y), w.number(inf))
    unit = w.both(w.compare("oeq", size, w.number(1.0)), infinite_power)
    unit = w.either(unit, w.compare("oeq", x, w.number(1.0)))
    unit = w.either(unit, w.compare("oeq", y, w.number(0.0)))
    return w.select(unit, w.number(1.0), result)


def _give_sign(w: FunctionWriter, x: str, y: str, size: str) -> str:
    """The power of a negative base: minus at odd powers, NaN at powers that are not whole."""
    half = w.multiply(y, w.number(0.5))
    whole = w.compare("oeq", w.call("floor", y), y)
    odd = w.both(whole, w.compare("one", w.call("floor", half), half))
    sign = w.whole("and", w.as_integer(x), -(2**63))
    signed = w.as_real(w.whole("or", w.as_integer(size), sign))
    result = w.select(odd, signed, size)
    broken = w.compare("olt", x, w.number(0.0))
    broken = w.both(broken, w.compare("one", x, w.number(-inf)))
    broken = w.both(broken, w.compare("one", w.call("floor", y), y))
    return w.select(broken, w.number(nan), result)


def write_usual_normal_cdf(writer: FunctionWriter, x: str) -> Usual:
    """The standard normal distribution function, right where x is not far from nought."""
    w = writer
    a = w.absolute(x)
    square, minus_half = exact_product(w, a, a), w.number(-0.5)
    density = _usual_exp(w, w.multiply(square.high, minus_half), w.multiply(square.low, minus_half))
    value = _from_tail(w, x, w.multiply(*_normal_factors(w, a, density, centre=True)))
    return Usual(value, (_size_below(w, x, NORMAL_CENTRE_END),))


def write_normal_cdf(writer: FunctionWriter, x: str) -> str:
    """Distribution function of the standard normal distribution; its lower tail keeps its relative precision."""
    w = writer
    a = w.smaller(w.number(39.0), w.absolute(x))
    square, minus_half = exact_product(w, a, a), w.number(-0.5)
    mantissa, exponent = _exp_by_table(w, w.multiply(square.high, minus_half), w.multiply(square.low, minus_half))
    in_centre = w.compare("olt", a, w.number(NORMAL_CENTRE_END))
    centre, tail = (_normal_factors(w, a, mantissa, centre=which) for which in (True, False))
    first, second = (w.select(in_centre, *pair) for pair in zip(centre, tail, strict=True))
    return _from_tail(w, x, _scale(w, w.multiply(first, second), exponent))


def _normal_factors(w: FunctionWriter, a: str, density: str, *, centre: bool) -> tuple[str, str]:
    """The distribution function at -a as a product: ``exp(-a**2 / 2) / (a + shift)`` and a polynomial."""
    shift = NORMAL_CENTRE_SHIFT if centre else NORMAL_TAIL_SHIFT
    slope, constant = NORMAL_CENTRE_TOP if centre else NORMAL_TAIL_TOP
    inverse = w.divide(w.number(1.0), w.add(a, w.number(shift)))
    t = w.multiply(w.fma(w.number(slope), a, w.number(constant)), inverse)
    return w.multiply(density, inverse), w.polynomial(t, NORMAL_CENTRE if centre else NORMAL_TAIL)


def _from_tail(w: FunctionWriter, x: str, tail: str) -> str:
    result = w.select(w.compare("ogt", x, w.number(0.0)), w.subtract(w.number(1.0), tail), tail)
    return w.select(w.compare("oeq", x, w.number(0.0)), w.number(0.5), result)


USUAL: dict[str, Callable[..., Usual]] = {
    "exp": write_usual_exp,
    "log": write_usual_log,
    "power": write_usual_power,
    "normal_cdf": write_usual_normal_cdf,
}
THOROUGH: dict[str, Callable[..., str]] = {
    "exp": write_exp,
    "log": write_log,
    "power": write_power,
    "normal_cdf": write_normal_cdf,
}
ARGUMENTS = {"exp": 1, "log": 1, "power": 2, "normal_cdf": 1}


def maths_text(width: int, used: frozenset[str], *, permute: bool = False) -> str:
    """Definitions of the thorough forms an equation set uses, ``hr_NAME``, and tables in memory.

    Parameters
    ----------
    width : scenarios in a vector.
    used : names out of `ARGUMENTS`.
    permute : see `FunctionWriter`.
    """
    parts = []
    columns: dict[str, tuple[float, ...]] = {
        "log_inverse": LOG_INVERSE,
        "log_high": LOG_HIGH,
        "log_low": LOG_LOW,
        "exp_sixteenths": SIXTEENTHS,
        "exp_less_part": SIXTEENTHS_LESS_PART,
    }
    for name, column in columns.items():
        listed = ", ".join(f"double {bits(item)}" for item in column)
        parts.append(f"@hr_{name} = internal constant [{len(column)} x double] [{listed}]\n")
    for name in sorted(used):
        w = FunctionWriter(width, permute=permute)
        arguments = [f"%a{index}" for index in range(ARGUMENTS[name])]
        listed = ", ".join(f"{w.real} {argument}" for argument in arguments)
        w.do(f"ret {w.real} {THOROUGH[name](w, *arguments)}")
        parts.append(w.function(f"internal {w.real} @hr_{name}({listed}) noinline nounwind #0"))
    return "\n".join(parts)


def intrinsics_text(width: int) -> str:
    """Declarations of the LLVM intrinsics that equations and functions call, and the weight of a rare branch."""
    real, suffix = f"<{width} x double>", f"v{width}f64"
    one = "".join(f"declare {real} @llvm.{name}.{suffix}({real})\n" for name in ("sqrt", "fabs", "floor"))
    return (
        f"declare {real} @llvm.fma.{suffix}({real}, {real}, {real})\n{one}"
        '!0 = !{!"branch_weights", i32 1, i32 1000000}\n'
    )
