"""One rounding for a product and a sum, the same everywhere, and ramps that never lead past their ends."""

import math
from fractions import Fraction

import numpy as np
from engine_models import apply, model, table_lookup
from hypothesis import given
from hypothesis import strategies as st

from healthreform.stockflow.compile import compile_model
from healthreform.stockflow.flat import Table
from healthreform.stockflow.fused import fused, fused_arrays, slopes
from healthreform.stockflow.inputs import make_inputs
from healthreform.stockflow.paths import Path, PathBatch, pack_paths

numbers = st.floats(allow_nan=False, allow_infinity=False)
dates = st.one_of(st.integers(2000, 2041).map(float), st.floats(2000, 2041))
values = st.one_of(st.floats(-1e12, 1e12), st.floats(0, 1), st.sampled_from([0.0, 1.0, 0.1, 1e-300, 5e-324]))


def exactly(a, b, c):
    try:
        return float(Fraction(a) * Fraction(b) + Fraction(c))
    except OverflowError:
        return None


@given(numbers, numbers, numbers, st.integers(-3, 3))
def test_a_product_and_a_sum_are_rounded_once(a, b, c, ulps):
    near = -a * b * (1 + ulps * 2**-52)
    for third in (c, near if math.isfinite(near) else c):
        wanted = exactly(a, b, third)
        if wanted is not None:
            assert fused(a, b, third) == wanted
            assert fused_arrays([a, a], b, third).tolist() == [wanted, wanted]


def test_what_is_not_finite_is_what_the_operations_give():
    assert math.isnan(fused_arrays([math.nan], [1.0], [1.0])[0])
    assert fused_arrays([1e200, 1.0, 0.0], [1e200, math.inf, 5.0], [1.0, 1.0, -0.0]).tolist() == [math.inf, math.inf, 0]
    assert fused(1e200, 1e200, 1.0) == math.inf


@given(dates, dates, values, values, st.lists(st.floats(0, 1), max_size=8))
def test_no_value_on_a_ramp_lies_past_its_ends(first, second, begin, end, shares):
    first, second = sorted((first, second))
    low, high = sorted((begin, end))
    [slope, _] = slopes([first, second], [begin, end]).tolist()
    for share in (*shares, 1.0):
        passed = min(first + share * (second - first), second) - first
        assert low <= fused(slope, passed, begin) <= high
    path = Path((first, second), (begin, end))
    for share in (*shares, 1.0):
        assert low <= path.value(min(first + share * (second - first), second), "left") <= high


def test_a_slope_that_is_exact_stays_exact():
    assert slopes([2010, 2012, 2012, 2014], [0.0, 1.0, 3.0, 3.5]).tolist() == [0.5, 0.0, 0.25, 0.0]


def test_a_share_that_falls_to_zero_in_five_years_is_not_negative_at_its_end():
    plain = (0.0 - 0.9) / 5.0
    falls = [share / 1000 for share in range(1, 1000) if fused((0.0 - share / 1000) / 5.0, 5.0, share / 1000) < 0.0]
    assert falls, f"the plain quotient, such as {plain}, leads past zero for some"
    for share in falls:
        assert Path((2026, 2031), (share, 0.0)).value(2031, "left") >= 0.0


@given(st.lists(st.tuples(dates, dates, values, values), min_size=1, max_size=9))
def test_kernel_numpy_and_plain_floats_give_a_ramp_the_same_bits(ramps):
    paths = [Path(tuple(sorted((a, b))), (v, w)) for a, b, v, w in ramps]
    flat = model({}, {"out": apply("multiply", "lever", 1)}, {}, paths=("lever",))
    inputs = make_inputs(flat, {}, {"lever": PathBatch.from_paths(paths)})
    result = COMPILED.run(inputs, 2010, 2012, 1 / 10)
    records = inputs.paths.on_grid(2010, 2012, 10)
    for place, time in enumerate(result.times[:-1]):
        runs = np.arange(len(paths))
        by_numpy = inputs.paths.values_at(np.full(len(paths), time), "right", runs, records)["lever"]
        assert result["out"][:, place].tolist() == by_numpy.tolist()
        off_grid = inputs.paths.values_at(np.full(len(paths), time), "right", runs)["lever"]
        assert off_grid.tolist() == [path.value(float(time)) for path in paths]


COMPILED = compile_model(
    model({}, {"out": apply("multiply", "lever", 1)}, {}, paths=("lever",)), ["out"], every_step=True
)


def test_a_date_moved_onto_the_grid_moves_its_slope_too():
    near = 2011 + 1e-9
    packed = pack_paths(("a",), {"a": Path((2010, near), (1.0, 0.0))}, {}, 1)
    row = packed.on_grid(2010, 2012, 16)[1]
    assert row[2] == -1.0 and packed.records[1, 2] != -1.0


def test_no_value_of_a_table_lies_past_the_next_point():
    tops = [share / 1000 for share in range(1, 400)]
    tables = {f"t{number}": Table((0.0, 7.9, 9.0), (top, 0.0, 0.0)) for number, top in enumerate(tops)}
    flat = model(
        {}, {f"y{n}": table_lookup(f"t{n}", "x") for n in range(len(tops))}, {}, parameters=("x",), tables=tables
    )
    x = [np.nextafter(7.9, 0.0), 7.9]
    result = compile_model(flat).run(make_inputs(flat, {}, {"x": x}), 2010, 2010, 1)
    assert (result.values >= 0.0).all()
