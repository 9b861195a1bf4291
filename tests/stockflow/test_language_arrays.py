"""Functions of the closed set, named arrays, and symbols: one meaning for every kind of argument."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from language_clinic import clinic
from language_helpers import lever, model_from, parameter, table

from healthreform.stockflow import (
    Interpreter,
    ModelError,
    Subscript,
    by,
    exp,
    log,
    maximum,
    minimum,
    normal_cdf,
    previous,
    smooth_minimum,
    sqrt,
    total,
    where,
)
from healthreform.stockflow.named import NamedArray, NamedTable
from healthreform.stockflow.symbols import derivative, flat_equation, flat_symbol

TIER = Subscript("tier", ["tertiary", "primary"])
CARE = Subscript("care", ["outpatient", "inpatient", "emergency"])
NUMBERS = st.floats(-1e6, 1e6)
NAN, INF = float("nan"), float("inf")


def matrix() -> NamedArray:
    return NamedArray(np.arange(6.0).reshape(2, 3), (TIER, CARE))


def test_plain_numbers_and_arrays_are_served_alike():
    for function, arguments in [
        (minimum, (2.0, 3.0)),
        (maximum, (2.0, 3.0)),
        (exp, (0.5,)),
        (log, (0.5,)),
        (sqrt, (2.0,)),
        (normal_cdf, (0.3,)),
        (smooth_minimum, (2.0, 3.0, 4.0)),
        (where, (True, 2.0, 3.0)),
    ]:
        alone = function(*arguments)
        assert isinstance(alone, float)
        many = function(*(np.array([argument, argument]) for argument in arguments))
        named = function(*(NamedArray(np.array([argument] * 2), (TIER,)) for argument in arguments))
        assert many.tolist() == named.values.tolist() == [alone, alone]


@pytest.mark.parametrize("function", [minimum, maximum])
@pytest.mark.parametrize("pair", [(NAN, 1.0), (1.0, NAN), (NAN, NAN)])
def test_a_value_that_is_no_number_is_kept_in_either_argument(function, pair):
    assert np.isnan(function(*pair))
    assert np.isnan(function(NamedArray(pair[0]), NamedArray(pair[1])).values)


def test_outside_their_domain_functions_give_what_ieee_gives_and_never_raise():
    assert (log(0.0), exp(1e4), normal_cdf(-INF), normal_cdf(INF)) == (-INF, INF, 0.0, 1.0)
    assert all(np.isnan(value) for value in (log(-1.0), sqrt(-1.0), exp(NAN), normal_cdf(NAN)))
    assert (NamedArray(1.0) / NamedArray(0.0)).values == INF
    assert where(NamedArray(NAN) < 1, 2.0, 3.0).values == 3.0, "a comparison with NaN does not hold"


def test_the_normal_distribution_function_has_its_known_values():
    assert normal_cdf(np.array([0.0, 1.959963984540054, -1.0])) == pytest.approx([0.5, 0.975, 0.15865525393145707])


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0.5, 50))
def test_a_smooth_minimum_lies_below_both_and_near_the_smaller(a, b, sharpness):
    found = smooth_minimum(a, b, sharpness)
    assert found <= min(a, b) * (1 + 1e-12)
    assert found >= min(a, b) * 2 ** (-1 / sharpness) * (1 - 1e-12)
    assert found == smooth_minimum(b, a, sharpness)


def test_a_smooth_minimum_of_nothing_is_nothing():
    assert (smooth_minimum(0.0, 0.0, 4.0), smooth_minimum(0.0, 5.0, 4.0)) == (0.0, 0.0)


def test_arrays_line_up_by_the_names_of_their_axes():
    swapped = NamedArray(matrix().values.T, (CARE, TIER))
    difference = matrix() - swapped
    assert difference.over == (TIER, CARE)
    assert not difference.values.any()
    per_tier = NamedArray(np.array([10.0, 20.0]), (TIER,))
    assert (swapped * per_tier).values.tolist() == [[0, 60], [10, 80], [20, 100]]
    assert (2**per_tier).values.tolist() == [2.0**10, 2.0**20]
    assert repr(per_tier) == "NamedArray(array([10., 20.]), over=tier)"
    assert (2 / (1 + per_tier)).values == pytest.approx([2 / 11, 2 / 21])


def test_picking_summing_and_shifting_follow_the_names():
    array = matrix()
    assert array["primary"].values.tolist() == [3, 4, 5]
    assert array["inpatient", "primary"].values == 4
    assert total(array, CARE).values.tolist() == [3, 12]
    assert total(array, CARE, TIER).values == 15
    assert previous(array, CARE).values.tolist() == [[0, 0, 1], [0, 3, 4]]
    assert previous(array, TIER).values.tolist() == [[0, 0, 0], [0, 1, 2]]
    assert by(TIER, primary=array["primary"], tertiary=1).values.tolist() == [[1, 1, 1], [3, 4, 5]]
    assert by(TIER, primary=array, tertiary=0).values.tolist() == [[0, 0, 0], [3, 4, 5]]


def test_what_does_not_fit_raises():
    array = matrix()
    with pytest.raises(ModelError, match="'nowhere' is no element of tier, care"):
        array["nowhere"]
    with pytest.raises(ModelError, match="not over care"):
        total(array["inpatient"], CARE)
    with pytest.raises(ModelError, match="do not fit"):
        NamedArray(np.zeros(3), (TIER,))
    with pytest.raises(ModelError, match="it is over care"):
        array.spread_over((TIER,))
    with pytest.raises(ModelError, match="not a condition"):
        bool(array > 1)
    with pytest.raises(TypeError):
        iter(array)
    with pytest.raises(TypeError, match="neither a number nor a named array"):
        array + "text"
    with pytest.raises(TypeError, match="needs at least one quantity"):
        by(TIER, tertiary=1.0, primary=2.0)


@given(st.permutations([0, 1]), st.lists(NUMBERS, min_size=6, max_size=6))
def test_flat_names_and_arrays_are_two_forms_of_one_thing(axes, numbers):
    over = tuple((TIER, CARE)[axis] for axis in axes)
    names = [f"x[{a},{b}]" for a, b in itertools.product(*(subscript.elements for subscript in over))]
    flat = dict(zip(names, numbers, strict=True))
    array = NamedArray.from_flat("x", over, flat)
    assert array.to_flat("x") == flat
    assert array.spread_over((TIER, CARE)).spread_over(over).to_flat("x") == flat


def test_a_table_is_straight_between_its_points_and_flat_beyond():
    curve = NamedTable(((0.0, 1.0), (2.0, 5.0), (3.0, 5.5)))
    read = curve(NamedArray(np.array([-1.0, 1.0]), (TIER,))).values.tolist()
    assert [*read, float(curve(2.5).values), float(curve(99).values)] == [1.0, 3.0, 5.25, 5.5]
    assert np.isnan(curve(NAN).values)


def test_an_equation_is_a_plain_function_in_a_unit_test():
    wear = clinic().variables["wear"].function
    assert wear(200.0, 0.1) == 20.0
    purchases = clinic().variables["purchases"].function
    assert purchases(np.array([10.0, 100.0]), 0.5, 4.0).tolist() == [5.0, 8.0]


@pytest.mark.parametrize("name", ["visits[tertiary,inpatient]", "drawn_up", "purchases[primary]", "pay[tertiary]"])
def test_symbols_have_the_values_and_slopes_of_the_reference(name):
    model = clinic()
    interpreter = Interpreter(model)
    state = interpreter.known(2010.0, interpreter.begin(2010.0))
    numbers = {
        flat_symbol(flat): value
        for written, array in state.items()
        if isinstance(array, NamedArray)
        for flat, value in array.to_flat(written).items()
    }
    equation = flat_equation(model.flat, name)
    known = {str(symbol): value for symbol, value in numbers.items()}
    assert float(equation.subs(numbers)) == pytest.approx(known[name], rel=1e-12)
    for symbol in equation.free_symbols:
        step = 1e-6 * max(abs(numbers[symbol]), 1e-3)
        up = float(equation.subs({**numbers, symbol: numbers[symbol] + step}))
        down = float(equation.subs({**numbers, symbol: numbers[symbol] - step}))
        slope = float(derivative(model.flat, name, str(symbol)).subs(numbers))
        assert slope == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-7)


def test_a_stocks_symbol_is_the_sum_of_its_flows_and_a_wrong_name_is_refused():
    flat = clinic().flat
    assert flat_equation(flat, "fund_reserve") == flat_symbol("premiums_paid") - flat_symbol(
        "claims_paid[tertiary]"
    ) - flat_symbol("claims_paid[primary]")
    with pytest.raises(ModelError, match="'fund_reserves' has no equation; nearest valid name: fund_reserve"):
        flat_equation(flat, "fund_reserves")


def test_every_function_of_the_closed_set_has_its_symbols():
    text = '''
    @auxiliary("dimensionless")
    def x(a, b, curve):
        """All of them."""
        return (
            minimum(a, b) + maximum(a, b) + exp(a) + log(b) + sqrt(b) + normal_cdf(a) + smooth_minimum(a, b, 2)
            + where((a < b) & (a <= b) | (a > b), -a, a ** b) + where(a >= b, 1, 0) * a + curve(a) - a / b
        )
    '''
    model = model_from(
        text, lever("a", [[2010, 0.7]]), parameter("b", 1.3), table("curve", [[0, 1.0], [1, 3.0], [2, 0.5]])
    )
    interpreter = Interpreter(model)
    expected = float(interpreter.values(2010.0, interpreter.begin(2010.0))["x"].values)
    symbols = flat_equation(model.flat, "x").subs({flat_symbol("a"): 0.7, flat_symbol("b"): 1.3})
    assert float(symbols) == pytest.approx(expected, rel=1e-12)
