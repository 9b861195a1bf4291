"""Exponential, logarithm, power and normal distribution function as vector code.

They are polynomials.  Each is within two units in the last place over the whole range
(tests/stockflow/test_engine_maths.py measures them against exact values), and zero, negative, subnormal, infinite and
NaN arguments give what IEEE 754 and C99 ask for.

Each is written twice, with the same bits wherever both hold.  The usual form is inlined into the equations, because
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
    LN2_HIGH,
    LN2_LOW,
    LOG_HIGH,
    LOG_INVERSE,
    LOG_LOW,
    LOG_START_BITS,
    LOG_TAIL,
    MANTISSA_MASK,
    NORMAL_EXPONENTS,
    NORMAL_LOW,
    NORMAL_SHIFT,
    NORMAL_TAIL,
    NORMAL_TAIL_END,
    ROUND_TO_WHOLE,
    SHORT_EXP_TAIL,
    SIXTEENTHS,
    SMALLEST_NORMAL,
    TWO_TO_54,
)
from .vector_ir import FunctionWriter, bits


@dataclass(frozen=True, slots=True)
class Pair:
    """A number as the sum of two doubles, the second below the rounding of the first."""

    high: str
    low: str


def fast_sum(writer: FunctionWriter, a: str, b: str) -> Pair:
    """``a + b`` without error, for |a| >= |b| or a == 0."""
    high = writer.add(a, b)
    return Pair(high, writer.subtract(b, writer.subtract(high, a)))


def exact_sum(writer: FunctionWriter, a: str, b: str) -> Pair:
    """``a + b`` without error."""
    high = writer.add(a, b)
    of_b = writer.subtract(high, a)
    of_a = writer.subtract(high, of_b)
    return Pair(high, writer.add(writer.subtract(a, of_a), writer.subtract(b, of_b)))


def exact_product(writer: FunctionWriter, a: str, b: str) -> Pair:
    """``a * b`` without error."""
    high = writer.multiply(a, b)
    return Pair(high, writer.fma(a, b, writer.negate(high)))


def write_usual_exp(writer: FunctionWriter, x: str) -> tuple[str, str]:
    """Exponential of x, and where it is right: where the result is a normal number."""
    usual = writer.compare("olt", writer.absolute(x), writer.number(NORMAL_EXPONENTS))
    return _scale_usual(writer, *_exp_by_table(writer, x, None)), usual


def write_exp(writer: FunctionWriter, x: str) -> str:
    """Exponential of any x."""
    w = writer
    inside = w.larger(w.number(-BEYOND_EXPONENTS), w.smaller(w.number(BEYOND_EXPONENTS), x))
    return _scale(w, *_exp_by_table(w, inside, None))


def _exp_by_table(w: FunctionWriter, x: str, low: str | None) -> tuple[str, str]:
    """exp(x + low) as a mantissa from 1 to 2 and the bits of a whole power of two; |x| <= 1100 or NaN.

    A sixteenth of a power of two comes from a table, which leaves so little that a short polynomial is enough.
    """
    shifted = w.fma(x, w.number(16.0 * INVERSE_LN2), w.number(ROUND_TO_WHOLE))
    whole = w.subtract(shifted, w.number(ROUND_TO_WHOLE))
    remainder = w.fma(whole, w.number(-LN2_HIGH / 16.0), x)
    remainder = w.fma(whole, w.number(-LN2_LOW / 16.0), remainder)
    if low is not None:
        remainder = w.add(remainder, low)
    square = w.multiply(remainder, remainder)
    excess = w.fma(square, w.polynomial(remainder, SHORT_EXP_TAIL), remainder)
    number = w.as_integer(shifted)
    power = w.pick(SIXTEENTHS, number, "hr_exp_sixteenths")
    return w.fma(power, excess, power), w.whole("ashr", number, 4)


def _exp_parts(w: FunctionWriter, x: str, low: str) -> tuple[Pair, str]:
    """exp(x + low) as a mantissa near 1 in two parts and the bits of a power of two; |x| <= 1100 or NaN."""
    shifted = w.fma(x, w.number(INVERSE_LN2), w.number(ROUND_TO_WHOLE))
    whole = w.subtract(shifted, w.number(ROUND_TO_WHOLE))
    remainder = w.fma(whole, w.number(-LN2_HIGH), x)
    remainder = w.add(w.fma(whole, w.number(-LN2_LOW), remainder), low)
    square = w.multiply(remainder, remainder)
    excess = w.fma(square, w.polynomial(remainder, EXP_TAIL), remainder)
    return fast_sum(w, w.number(1.0), excess), w.as_integer(shifted)


def _scale(w: FunctionWriter, mantissa: str, exponent: str) -> str:
    """Mantissa * 2**n in two steps, so that subnormal results are rounded once and overflow gives infinity."""
    # The low bits of `exponent` hold n; a shift to the exponent's place drops everything above them.
    half = w.whole("ashr", w.whole("shl", exponent, 51), 52)
    rest = w.whole("sub", exponent, half)
    first = w.as_real(w.whole("add", w.whole("shl", half, 52), 0x3FF0000000000000))
    second = w.as_real(w.whole("add", w.whole("shl", rest, 52), 0x3FF0000000000000))
    return w.multiply(w.multiply(mantissa, first), second)


def _scale_usual(w: FunctionWriter, mantissa: str, exponent: str) -> str:
    """Mantissa * 2**n where the result is normal."""
    return w.as_real(w.whole("add", w.as_integer(mantissa), w.whole("shl", exponent, 52)))


def _split(w: FunctionWriter, x: str) -> tuple[str, str, str]:
    """X = m * 2**k with m in an octave from 0.705 on: m, k and the number of m's sixteenth, for normal x > 0."""
    offset = w.whole("sub", w.as_integer(x), LOG_START_BITS)
    mantissa = w.as_real(w.whole("add", w.whole("and", offset, MANTISSA_MASK), LOG_START_BITS))
    # A small whole number becomes a double by standing in the low bits of 1.5 * 2**52.
    magic = w.as_real(w.whole("add", w.whole("ashr", offset, 52), 0x4338000000000000))
    return mantissa, w.subtract(magic, w.number(ROUND_TO_WHOLE)), w.whole("lshr", offset, 48)


def _normal(w: FunctionWriter, x: str) -> str:
    """Whether x is a normal positive number."""
    return w.below(w.whole("sub", w.as_integer(x), 1 << 52), 0x7FE << 52)


def _make_normal(w: FunctionWriter, x: str) -> tuple[str, str]:
    """A subnormal number times 2**54, and the 54; others as they are, and 0."""
    small = w.compare("olt", x, w.number(SMALLEST_NORMAL))
    scaled = w.select(small, w.multiply(x, w.number(TWO_TO_54)), x)
    return scaled, w.select(small, w.number(54.0), w.number(0.0))


def write_usual_log(writer: FunctionWriter, x: str) -> tuple[str, str]:
    """log(x), and where it is right: where x is a normal positive number."""
    return _log_of_split(writer, *_split(writer, x)), _normal(writer, x)


def write_log(writer: FunctionWriter, x: str) -> str:
    """log(x) for any x."""
    w = writer
    scaled, extra = _make_normal(w, x)
    mantissa, exponent, number = _split(w, scaled)
    result = _log_of_split(w, mantissa, w.subtract(exponent, extra), number)
    result = w.select(w.compare("olt", x, w.number(inf)), result, x)
    result = w.select(w.compare("oeq", x, w.number(0.0)), w.number(-inf), result)
    return w.select(w.compare("olt", x, w.number(0.0)), w.number(nan), result)


def _log_known(w: FunctionWriter, mantissa: str, exponent: str, number: str) -> tuple[str, str, str]:
    """A short number near the mantissa and the logarithm of it and of the power of two: r, and that in two parts."""
    r = w.fma(mantissa, w.pick(LOG_INVERSE, number, "hr_log_inverse"), w.number(-1.0))
    known = w.fma(exponent, w.number(LN2_HIGH), w.pick(LOG_HIGH, number, "hr_log_high"))
    known_low = w.fma(exponent, w.number(LN2_LOW), w.pick(LOG_LOW, number, "hr_log_low"))
    return r, known, known_low


def _log_of_split(w: FunctionWriter, mantissa: str, exponent: str, number: str) -> str:
    r, known, known_low = _log_known(w, mantissa, exponent, number)
    square = w.multiply(r, w.multiply(w.number(-0.5), r))
    tail = w.fma(w.multiply(r, square), w.polynomial(r, LOG_TAIL), square)
    return w.add(known, w.add(r, w.add(known_low, tail)))


def _log_pair(w: FunctionWriter, x: str, extra: str | None = None) -> Pair:
    """log(x * 2**-extra) to about 63 bits, for normal x > 0."""
    mantissa, exponent, number = _split(w, x)
    if extra is not None:
        exponent = w.subtract(exponent, extra)
    r, known, known_low = _log_known(w, mantissa, exponent, number)
    first = fast_sum(w, known, r)
    minus_half = w.multiply(w.number(-0.5), r)
    square = w.multiply(r, minus_half)
    square_low = w.fma(r, minus_half, w.negate(square))
    second = fast_sum(w, first.high, square)
    tail = w.multiply(w.multiply(r, square), w.polynomial(r, LOG_TAIL))
    low = w.add(w.add(w.add(known_low, first.low), w.add(square_low, second.low)), tail)
    return fast_sum(w, second.high, low)


def write_usual_power(writer: FunctionWriter, x: str, y: str) -> tuple[str, str]:
    """X ** y, and where it is right: where x is normal and positive and so is the result."""
    w = writer
    logarithm = _log_pair(w, x)
    power = exact_product(w, y, logarithm.high)
    result = _scale_usual(w, *_exp_by_table(w, power.high, w.fma(y, logarithm.low, power.low)))
    return result, w.both(_normal(w, x), w.compare("olt", w.absolute(power.high), w.number(NORMAL_EXPONENTS)))


def write_power(writer: FunctionWriter, x: str, y: str) -> str:
    """X ** y for any x and y, with the special cases of C99."""
    w = writer
    size = w.absolute(x)
    scaled, extra = _make_normal(w, size)
    logarithm = _log_pair(w, scaled, extra)
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


def write_usual_normal_cdf(writer: FunctionWriter, x: str) -> tuple[str, str]:
    """The distribution function, and where it is right: where its lower tail is a normal number."""
    usual = writer.compare("olt", writer.absolute(x), writer.number(NORMAL_TAIL_END))
    return _normal_cdf(writer, x, _scale_usual), usual


def write_normal_cdf(writer: FunctionWriter, x: str) -> str:
    """Distribution function of the standard normal distribution; its lower tail keeps its relative precision."""
    return _normal_cdf(writer, x, _scale)


def _normal_cdf(w: FunctionWriter, x: str, scale: Callable[[FunctionWriter, str, str], str]) -> str:
    a = w.smaller(w.number(39.0), w.absolute(x))
    square = exact_product(w, a, a)
    minus_half = w.number(-0.5)
    mantissa, exponent = _exp_parts(w, w.multiply(square.high, minus_half), w.multiply(square.low, minus_half))
    bottom = w.add(a, w.number(NORMAL_SHIFT))
    # Whichever is larger goes first, so that the rounding of the sum is known exactly.
    large, small = w.larger(a, w.number(NORMAL_SHIFT)), w.smaller(a, w.number(NORMAL_SHIFT))
    bottom_low = w.subtract(small, w.subtract(bottom, large))
    inverse = w.divide(w.number(1.0), bottom)
    error = w.fma(w.negate(inverse), bottom_low, w.fma(w.negate(inverse), bottom, w.number(1.0)))
    factor = _normal_factor(w, inverse, error)
    first = exact_product(w, mantissa.high, inverse)
    second = exact_product(w, first.high, factor.high)
    correction = w.fma(first.low, factor.high, w.fma(first.high, factor.low, w.multiply(second.high, error)))
    correction = w.add(second.low, w.fma(w.multiply(mantissa.low, inverse), factor.high, correction))
    tail = scale(w, w.add(second.high, correction), exponent)
    result = w.select(w.compare("ogt", x, w.number(0.0)), w.subtract(w.number(1.0), tail), tail)
    return w.select(w.compare("oeq", x, w.number(0.0)), w.number(0.5), result)


def _normal_factor(w: FunctionWriter, inverse: str, error: str) -> Pair:
    """The polynomial of `NORMAL_TAIL` with its two largest terms added without rounding; inverse = 1/(a+3)(1-error)."""
    scale = w.number(-2.0 * NORMAL_SHIFT)
    t = w.fma(scale, inverse, w.number(1.0))
    t_low = w.fma(scale, inverse, w.subtract(w.number(1.0), t))
    t_low = w.fma(w.multiply(scale, inverse), error, t_low)
    rest = w.polynomial(t, NORMAL_TAIL[2:])
    product = exact_product(w, t, rest)
    inner = fast_sum(w, w.number(NORMAL_TAIL[1]), product.high)
    inner_low = w.add(w.add(inner.low, product.low), w.number(NORMAL_LOW[1]))
    outer = exact_product(w, t, inner.high)
    total = exact_sum(w, w.number(NORMAL_TAIL[0]), outer.high)
    slope = w.add(inner.high, product.high)
    low = w.fma(t_low, slope, w.fma(t, inner_low, w.add(outer.low, w.number(NORMAL_LOW[0]))))
    return Pair(total.high, w.add(total.low, low))


USUAL: dict[str, Callable[..., tuple[str, str]]] = {
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
    """Definitions of the functions an equation set uses: ``hr_NAME_usual`` to be inlined, ``hr_NAME`` to be called.

    Parameters
    ----------
    width : scenarios in a vector.
    used : names out of `ARGUMENTS`.
    permute : see `FunctionWriter`.
    """
    parts = []
    columns = {"log_inverse": LOG_INVERSE, "log_high": LOG_HIGH, "log_low": LOG_LOW, "exp_sixteenths": SIXTEENTHS}
    for name, column in columns.items():
        listed = ", ".join(f"double {bits(item)}" for item in column)
        parts.append(f"@hr_{name} = internal constant [{len(column)} x double] [{listed}]\n")
    for name in sorted(used):
        for usual in (True, False):
            parts.append(_definition(FunctionWriter(width, permute=permute), name, usual))
    return "\n".join(parts)


def _definition(w: FunctionWriter, name: str, usual: bool) -> str:
    arguments = [f"%a{index}" for index in range(ARGUMENTS[name])]
    listed = ", ".join(f"{w.real} {argument}" for argument in arguments)
    if not usual:
        w.do(f"ret {w.real} {THOROUGH[name](w, *arguments)}")
        return w.function(f"internal {w.real} @hr_{name}({listed}) noinline nounwind #0")
    value, mask = USUAL[name](w, *arguments)
    both = usual_type(w)
    first = w.emit(f"insertvalue {both} poison, {w.real} {value}, 0")
    w.do(f"ret {both} {w.emit(f'insertvalue {both} {first}, {w.mask} {mask}, 1')}")
    return w.function(f"internal {both} @hr_{name}_usual({listed}) alwaysinline nounwind #0")


def usual_type(w: FunctionWriter) -> str:
    """Type of what a usual form gives back: the values, and where they are right."""
    return f"{{{w.real}, {w.mask}}}"


def intrinsics_text(width: int) -> str:
    """Declarations of the LLVM intrinsics that equations and functions call, and the weight of a rare branch."""
    real, suffix = f"<{width} x double>", f"v{width}f64"
    one = "".join(f"declare {real} @llvm.{name}.{suffix}({real})\n" for name in ("sqrt", "fabs", "floor"))
    return (
        f"declare {real} @llvm.fma.{suffix}({real}, {real}, {real})\n{one}"
        '!0 = !{!"branch_weights", i32 1, i32 1000000}\n'
    )
