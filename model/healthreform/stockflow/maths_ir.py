"""Exponential, logarithm, power and normal distribution function as vector code.

They are inlined polynomials: a call per scenario would cost more than all other equations together.  Each is within two
units in the last place over the whole range (tests/stockflow/test_engine_maths.py measures them against exact values),
and zero, negative, subnormal, infinite and NaN arguments give what IEEE 754 and C99 ask for.
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
    POWER_LOG_TAIL,
    ROUND_TO_WHOLE,
    SMALLEST_NORMAL,
    SQRT_HALF_BITS,
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


def write_exp(writer: FunctionWriter, x: str) -> str:
    """Exponential of x."""
    w = writer
    inside = w.larger(w.number(-BEYOND_EXPONENTS), w.smaller(w.number(BEYOND_EXPONENTS), x))
    mantissa, exponent = _exp_parts(w, inside, None)
    return _scale(w, mantissa.high, exponent)


def _exp_parts(w: FunctionWriter, x: str, low: str | None) -> tuple[Pair, str]:
    """exp(x + low) as a mantissa near 1 and the bits of a whole power of two; |x| <= 1100 or NaN."""
    shifted = w.fma(x, w.number(INVERSE_LN2), w.number(ROUND_TO_WHOLE))
    whole = w.subtract(shifted, w.number(ROUND_TO_WHOLE))
    remainder = w.fma(whole, w.number(-LN2_HIGH), x)
    remainder = w.fma(whole, w.number(-LN2_LOW), remainder)
    if low is not None:
        remainder = w.add(remainder, low)
    square = w.multiply(remainder, remainder)
    excess = w.fma(square, w.wide_polynomial(remainder, EXP_TAIL), remainder)
    return fast_sum(w, w.number(1.0), excess), w.as_integer(shifted)


def _scale(w: FunctionWriter, mantissa: str, exponent: str) -> str:
    """Mantissa * 2**n in two steps, so that subnormal results are rounded once and overflow gives infinity."""
    # The low bits of `exponent` hold n; a shift to the exponent's place drops everything above them.
    half = w.whole("ashr", w.whole("shl", exponent, 51), 52)
    rest = w.whole("sub", exponent, half)
    first = w.as_real(w.whole("add", w.whole("shl", half, 52), 0x3FF0000000000000))
    second = w.as_real(w.whole("add", w.whole("shl", rest, 52), 0x3FF0000000000000))
    return w.multiply(w.multiply(mantissa, first), second)


def _split(w: FunctionWriter, x: str, start_bits: int = SQRT_HALF_BITS) -> tuple[str, str, str]:
    """X = m * 2**k with m in an octave from that start on: m, k and the bits of both, for normal x > 0."""
    offset = w.whole("sub", w.as_integer(x), start_bits)
    mantissa = w.as_real(w.whole("add", w.whole("and", offset, MANTISSA_MASK), start_bits))
    # A small whole number becomes a double by standing in the low bits of 1.5 * 2**52.
    magic = w.as_real(w.whole("add", w.whole("ashr", offset, 52), 0x4338000000000000))
    return mantissa, w.subtract(magic, w.number(ROUND_TO_WHOLE)), offset


def _normal(w: FunctionWriter, x: str) -> str:
    """Whether x is a normal positive number."""
    return w.emit(f"icmp ult {w.integer} {w.whole('sub', w.as_integer(x), 1 << 52)}, splat (i64 {0x7FE << 52})")


def _make_normal(w: FunctionWriter, x: str) -> tuple[str, str]:
    """A subnormal number times 2**54, and the 54; others as they are, and 0."""
    small = w.compare("olt", x, w.number(SMALLEST_NORMAL))
    scaled = w.select(small, w.multiply(x, w.number(TWO_TO_54)), x)
    return scaled, w.select(small, w.number(54.0), w.number(0.0))


def write_log(writer: FunctionWriter, x: str) -> str:
    """log(x); whatever is not a normal positive number goes to a part of its own."""
    w = writer
    result = w.variable(w.real, _log_of_split(w, *_split(w, x)[:2]))
    with w.when(w.any_lane(w.invert(_normal(w, x))), rare=True):
        w.assign(w.real, w.emit(f"call {w.real} @hr_log_any({w.real} {x})"), result)
    return w.read(w.real, result)


def write_any_log(writer: FunctionWriter, x: str) -> str:
    """log(x) for any x; the same bits as `write_log` where that does without."""
    w = writer
    scaled, extra = _make_normal(w, x)
    mantissa, exponent, _ = _split(w, scaled)
    result = _log_of_split(w, mantissa, w.subtract(exponent, extra))
    result = w.select(w.compare("olt", x, w.number(inf)), result, x)
    result = w.select(w.compare("oeq", x, w.number(0.0)), w.number(-inf), result)
    return w.select(w.compare("olt", x, w.number(0.0)), w.number(nan), result)


def _log_of_split(w: FunctionWriter, mantissa: str, exponent: str) -> str:
    f = w.subtract(mantissa, w.number(1.0))
    s = w.divide(f, w.add(f, w.number(2.0)))
    z = w.multiply(s, s)
    tail = w.multiply(z, w.wide_polynomial(z, LOG_TAIL))
    half_square = w.multiply(w.multiply(w.number(0.5), f), f)
    correction = w.fma(s, w.add(half_square, tail), w.multiply(exponent, w.number(LN2_LOW)))
    return w.fma(exponent, w.number(LN2_HIGH), w.subtract(f, w.subtract(half_square, correction)))


def _log_pair(w: FunctionWriter, x: str, extra: str | None = None) -> Pair:
    """log(x * 2**-extra) to about 63 bits, for normal x > 0."""
    mantissa, exponent, offset = _split(w, x, LOG_START_BITS)
    if extra is not None:
        exponent = w.subtract(exponent, extra)
    number = w.whole("lshr", offset, 48)
    r = w.fma(mantissa, w.pick(LOG_INVERSE, number, "hr_log_inverse"), w.number(-1.0))
    known = w.fma(exponent, w.number(LN2_HIGH), w.pick(LOG_HIGH, number, "hr_log_high"))
    known_low = w.fma(exponent, w.number(LN2_LOW), w.pick(LOG_LOW, number, "hr_log_low"))
    first = fast_sum(w, known, r)
    minus_half = w.multiply(w.number(-0.5), r)
    square = w.multiply(r, minus_half)
    square_low = w.fma(r, minus_half, w.negate(square))
    second = fast_sum(w, first.high, square)
    tail = w.multiply(w.multiply(r, square), w.wide_polynomial(r, POWER_LOG_TAIL))
    low = w.add(w.add(w.add(known_low, first.low), w.add(square_low, second.low)), tail)
    return fast_sum(w, second.high, low)


def write_power(writer: FunctionWriter, x: str, y: str) -> str:
    """X ** y; bases that are not normal positive numbers and results that are not normal go to a part of their own."""
    w = writer
    scaled, power = _usual_power(w, x, y)
    usual = w.both(_normal(w, x), w.compare("olt", w.absolute(power), w.number(NORMAL_EXPONENTS)))
    result = w.variable(w.real, scaled)
    with w.when(w.any_lane(w.invert(usual)), rare=True):
        w.assign(w.real, w.emit(f"call {w.real} @hr_power_any({w.real} {x}, {w.real} {y})"), result)
    return w.read(w.real, result)


def _usual_power(w: FunctionWriter, x: str, y: str) -> tuple[str, str]:
    """X ** y where x and the result are normal, and y * log(x)."""
    logarithm = _log_pair(w, x)
    power = exact_product(w, y, logarithm.high)
    mantissa, exponent = _exp_parts(w, power.high, w.fma(y, logarithm.low, power.low))
    return w.as_real(w.whole("add", w.as_integer(mantissa.high), w.whole("shl", exponent, 52))), power.high


def write_any_power(writer: FunctionWriter, x: str, y: str) -> str:
    """X ** y with the special cases of C99; the same bits as `write_power` where that does without."""
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
    mantissa, exponent = _exp_parts(w, inside, w.select(usual, power_low, w.number(0.0)))
    result = _scale(w, mantissa.high, exponent)
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


def write_normal_cdf(writer: FunctionWriter, x: str) -> str:
    """Distribution function of the standard normal distribution; its lower tail keeps its relative precision."""
    w = writer
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
    tail = _scale(w, w.add(second.high, correction), exponent)
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


Writer = Callable[..., str]

FUNCTIONS: dict[str, tuple[Writer, int]] = {
    "exp": (write_exp, 1),
    "log": (write_log, 1),
    "power": (write_power, 2),
    "normal_cdf": (write_normal_cdf, 1),
}
RARE_PARTS: dict[str, Writer] = {"log": write_any_log, "power": write_any_power}


def maths_text(width: int, inlined: frozenset[str], called: frozenset[str], *, permute: bool = False) -> str:
    """Definitions of the functions an equation set uses.

    Parameters
    ----------
    width : scenarios in a vector.
    inlined : names out of `FUNCTIONS` whose calls are to be replaced by the body.
    called : likewise, of which a copy is to be called; its name ends in ``_call``.
    permute : see `FunctionWriter`.
    """
    parts = []
    for name, column in (("inverse", LOG_INVERSE), ("high", LOG_HIGH), ("low", LOG_LOW)):
        listed = ", ".join(f"double {bits(item)}" for item in column)
        parts.append(f"@hr_log_{name} = internal constant [{len(column)} x double] [{listed}]\n")
    wanted = [
        (f"{name}_any", RARE_PARTS[name], name, "noinline cold") for name in RARE_PARTS if name in inlined | called
    ]
    wanted += [(name, FUNCTIONS[name][0], name, "alwaysinline") for name in sorted(inlined)]
    wanted += [(f"{name}_call", FUNCTIONS[name][0], name, "noinline") for name in sorted(called)]
    for name, write, function, how in wanted:
        parts.append(_definition(FunctionWriter(width, permute=permute), name, write, FUNCTIONS[function][1], how))
    return "\n".join(parts)


def _definition(writer: FunctionWriter, name: str, write: Writer, count: int, how: str) -> str:
    arguments = [f"%a{index}" for index in range(count)]
    writer.do(f"ret {writer.real} {write(writer, *arguments)}")
    listed = ", ".join(f"{writer.real} {argument}" for argument in arguments)
    return writer.function(f"internal {writer.real} @hr_{name}({listed}) {how} nounwind #0")


def intrinsics_text(width: int) -> str:
    """Declarations of the LLVM intrinsics that equations and functions call, and the weight of a rare branch."""
    real, suffix = f"<{width} x double>", f"v{width}f64"
    one = "".join(f"declare {real} @llvm.{name}.{suffix}({real})\n" for name in ("sqrt", "fabs", "floor"))
    return (
        f"declare {real} @llvm.fma.{suffix}({real}, {real}, {real})\n{one}"
        '!0 = !{!"branch_weights", i32 1, i32 1000000}\n'
    )
