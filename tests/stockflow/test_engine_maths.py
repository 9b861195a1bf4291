"""The kernel's own exp, log, power and normal distribution function against exact values."""

import ctypes
import functools
import math

import mpmath
import numpy as np
import pytest

from healthreform.stockflow.machine import LoadedCode, assemble, attributes, host
from healthreform.stockflow.maths_ir import ARGUMENTS, USUAL, intrinsics_text, maths_text
from healthreform.stockflow.vector_ir import PERMUTE_TEXT, FunctionWriter

WIDTHS = sorted({2, 4, host().width})
SPECIAL = np.array(
    [
        *(0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, 7.5, -7.5, math.inf, -math.inf, math.nan),
        *(5e-324, -5e-324, 1e-310, 2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308),
        *(2.0**53, 2.0**53 + 2, 2.0**53 - 1, 1.0000000000000002, 0.9999999999999999, 709.8, -745.2, 38.6, -38.6),
    ]
)


@functools.cache
def compiled(name, width, form):
    """A function of the kernel's as one on arrays: its thorough form, its usual form, or where the usual one holds."""
    w, count = FunctionWriter(width, permute=width == host().width == 8), ARGUMENTS[name]
    with w.loop(0, "%n") as index:
        values = [w.load(f"%a{number}", index) for number in range(count)]
        if form == "thorough":
            result = w.emit(f"call {w.real} @hr_{name}({', '.join(f'{w.real} {value}' for value in values)})")
        else:
            usual = USUAL[name](w, *values)
            result = usual.value
        if form == "holds":
            holds = functools.reduce(w.both, [w.below(*pair) for pair in usual.below])
            result = w.select(holds, w.number(1.0), w.number(0.0))
        w.store(result, "%out", index)
    w.do("ret void")
    arguments = ", ".join(f"ptr %a{number}" for number in range(count))
    text = [
        PERMUTE_TEXT,
        intrinsics_text(width),
        maths_text(width, frozenset([name]), permute=width == host().width == 8),
    ]
    text += [w.function(f"void @apply({arguments}, ptr %out, i64 %n) #0"), attributes(width)]
    code = LoadedCode(assemble("\n".join(text)))
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (count + 1), ctypes.c_int64)(code.address("apply"))
    call.kept_alive = code
    return call


def kernel(name, *arguments, width=None, form="thorough"):
    width = width or host().width
    length = len(arguments[0])
    padded = -(-length // width) * width
    rooms = []
    for argument in (*arguments, np.zeros(length)):
        room = np.ones(padded + 8)
        room = room[(-room.ctypes.data // 8) % 8 :][:padded]
        room[:length] = argument
        rooms.append(room)
    compiled(name, width, form)(*(room.ctypes.data for room in rooms), padded // width)
    return rooms[-1][:length].copy()


def exact(name, *arguments):
    with mpmath.workprec(240):
        values = [mpmath.mpf(float(argument)) for argument in arguments]
        if name == "exp":
            return mpmath.exp(values[0])
        if name == "log":
            return mpmath.log(values[0])
        if name == "power":
            return mpmath.exp(values[1] * mpmath.log(values[0]))
        return mpmath.erfc(-values[0] / mpmath.sqrt(2)) / 2


def worst_error(name, *arguments):
    """Largest error in units in the last place of the exact result."""
    worst = 0.0
    with mpmath.workprec(240):
        for got, *given in zip(kernel(name, *arguments), *arguments, strict=True):
            true = exact(name, *given)
            if math.isinf(got):
                assert abs(true) > mpmath.mpf(1.7976931348623157e308), given
                continue
            unit = mpmath.mpf(2) ** max(mpmath.frexp(true)[1] - 53, -1074)
            worst = max(worst, float(abs(mpmath.mpf(float(got)) - true) / unit))
    return worst


def any_positive(rng, count):
    """Doubles with every exponent alike, subnormal ones included."""
    return rng.integers(1, 0x7FF0000000000000, count).view(np.float64)


def test_exp_is_within_two_units_in_the_last_place_over_its_whole_range():
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(-746, 710, 3000), rng.normal(0, 1, 3000), rng.uniform(-745.2, -707, 1000)])
    x = np.concatenate([x, rng.normal(0, 1e-6, 500), np.arange(-1075, 1025) * math.log(2)])
    assert 0.4 < worst_error("exp", x) < 2


def test_log_is_within_two_units_in_the_last_place_over_its_whole_range():
    rng = np.random.default_rng(2)
    x = np.concatenate([any_positive(rng, 3000), rng.uniform(0.4, 2.5, 3000), 1 + rng.normal(0, 1e-5, 2000)])
    x = np.concatenate([x, rng.integers(1, 1 << 52, 500).view(np.float64)])
    assert 0.4 < worst_error("log", x) < 2


def test_power_is_within_two_units_in_the_last_place_over_its_whole_range():
    rng = np.random.default_rng(3)
    x = np.concatenate([any_positive(rng, 2000), rng.uniform(0.4, 2.5, 2000), 1 + rng.normal(0, 1e-7, 1000)])
    y = np.concatenate([rng.uniform(-745, 709.7, 2000) / np.log(x[:2000]), rng.uniform(-60, 60, 2000)])
    y = np.concatenate([y, rng.uniform(-745, 709.7, 1000) / np.log(x[4000:])])
    near, power = rng.uniform(0.5, 2.0, 3000), rng.uniform(15.0, 16.0, 3000)  # where the short form is least precise
    x, y = np.concatenate([x, near]), np.concatenate([y, power])
    small = rng.integers(1, 1 << 52, 300).view(np.float64)
    x, y = np.concatenate([x, small]), np.concatenate([y, rng.uniform(-0.9, 1.0, 300)])
    assert 0.4 < worst_error("power", x, y) < 2


@pytest.mark.parametrize(
    ("low", "high", "units"),
    [
        *((-38.6, -37.4, 6.5), (-37.4, -3.0, 6.5), (-3.0, 0.0, 6.5), (-1e-5, 0.0, 6.5)),
        *((0.0, 0.5, 3.5), (0.5, 2.0, 2.5), (2.0, 9.0, 1.0)),
    ],
)  # fmt: skip
def test_normal_cdf_is_within_six_and_a_half_units_in_the_last_place_and_nearer_above_nought(low, high, units):
    """Below nought it is a product of three rounded factors; above, one less that, of which less and less is seen."""
    assert 0.4 < worst_error("normal_cdf", np.random.default_rng(4).uniform(low, high, 2000)) < units


@pytest.mark.parametrize(("name", "same"), [("exp", np.exp), ("log", np.log)])
def test_exp_and_log_of_special_values(name, same):
    with np.errstate(all="ignore"):
        expected = same(SPECIAL)
    got = kernel(name, SPECIAL)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    np.testing.assert_allclose(got, expected, rtol=4e-16, atol=5e-324)


def test_power_of_special_values_is_that_of_c99():
    x, y = (grid.ravel() for grid in np.meshgrid(SPECIAL, SPECIAL))
    with np.errstate(all="ignore"):
        expected = np.power(x, y)
    got = kernel("power", x, y)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got[known]), np.signbit(expected[known]))
    np.testing.assert_allclose(got, expected, rtol=5e-16, atol=5e-324)


def test_normal_cdf_of_special_values():
    got = kernel("normal_cdf", np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 40.0, -40.0, 1e300, -1e300]))
    np.testing.assert_array_equal(got, [0.5, 0.5, 1.0, 0.0, math.nan, 1.0, 0.0, 1.0, 0.0])


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_the_bits_do_not_depend_on_the_width_of_the_vectors(name):
    rng = np.random.default_rng(5)
    arguments = [np.concatenate([any_positive(rng, 4000), -any_positive(rng, 4000), rng.normal(0, 9, 4000)])]
    arguments += [rng.permutation(rng.normal(0, 3, 12000))] * (ARGUMENTS[name] - 1)
    first, *others = (kernel(name, *arguments, width=width) for width in WIDTHS)
    for other in others:
        np.testing.assert_array_equal(other, first)


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
@pytest.mark.parametrize("width", WIDTHS)
def test_where_the_usual_form_holds_it_has_the_bits_of_the_thorough_one(name, width):
    rng = np.random.default_rng(6)
    arguments = [np.concatenate([any_positive(rng, 3000), rng.normal(0, 300, 3000), rng.normal(0, 3, 3000)])]
    arguments[0] = np.concatenate([arguments[0], SPECIAL, np.linspace(-760, 760, 5000)])
    arguments += [rng.normal(0, 30, len(arguments[0]))] * (ARGUMENTS[name] - 1)
    holds = kernel(name, *arguments, width=width, form="holds") == 1.0
    assert 0.1 < holds.mean() < 0.99
    usual, thorough = (kernel(name, *arguments, width=width, form=form)[holds] for form in ("usual", "thorough"))
    np.testing.assert_array_equal(usual, thorough)
    assert np.isfinite(usual).all()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *(("exp", (x,)) for x in (709.9, -745.2, math.inf, -math.inf, math.nan)),
        *(("log", (x,)) for x in (0.0, -0.0, -1.0, 1e-310, math.inf, -math.inf, math.nan)),
        *(("power", pair) for pair in ((0.0, 2.0), (-1.0, 2.0), (1e-310, 0.5), (math.nan, 0.0), (1.0, math.nan))),
        *(("power", pair) for pair in ((2.0, 1100.0), (2.0, -1100.0), (1.5, 16.1), (2.0, math.inf), (math.inf, 1.0))),
        *(("normal_cdf", (x,)) for x in (38.4, -38.4, math.inf, -math.inf, math.nan)),
    ],
)
def test_the_usual_form_knows_where_it_does_not_hold(name, arguments):
    given = [np.array([argument, 0.5]) for argument in arguments]
    np.testing.assert_array_equal(kernel(name, *given, form="holds"), [0.0, 1.0])
