"""Units as text: what they mean, what records in other units become, and what is no unit."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language_helpers import UNITS, parameter, records_from

from healthreform.stockflow import GENERAL, RecordError, Records, UnitError, UnitSystem


@pytest.mark.parametrize(
    ("written", "coherent", "factor"),
    [
        ("year", "year", 1),
        ("month", "year", Fraction(1, 12)),
        ("9 month", "year", Fraction(3, 4)),
        ("day", "year", Fraction(4, 1461)),
        ("percent", "dimensionless", Fraction(1, 100)),
        ("percent/year", "1/year", Fraction(1, 100)),
        ("10k person", "person", 10_000),
        ("100M yuan", "yuan", 100_000_000),
        ("100M yuan/year", "yuan/year", 100_000_000),
        ("contact/10k person/year", "contact/person/year", Fraction(1, 10_000)),
        ("yuan / (worker * month)", "yuan/worker/year", 12),
        ("yuan/month", "yuan/year", 12),
        ("year*yuan", "yuan*year", 1),
        ("litre", "metre**3", Fraction(1, 1000)),
        ("metre ** 2 / metre", "metre", 1),
        ("metre**0.5", "metre**0.5", 1),
        ("metre^-1", "1/metre", 1),
        ("1/year", "1/year", 1),
        ("1 / year ** 2", "1/year**2", 1),
        ("2.5 kilogram", "kilogram", Fraction(5, 2)),
        ("1G yuan", "yuan", 10**9),
        ("dimensionless", "dimensionless", 1),
        ("1", "dimensionless", 1),
        ("person/person", "dimensionless", 1),
    ],
)
def test_a_unit_means_a_multiple_of_base_units(written, coherent, factor):
    unit = UNITS.read(written)
    assert (UNITS.text(unit.dimension), unit.factor) == (coherent, factor)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "an empty unit"),
        ("yaun", "unknown unit 'yaun' in 'yaun'; nearest valid name: yuan"),
        ("yuan per year", "'yuan per year' is not a unit: 'per' makes no sense there"),
        ("yuan//year", "a name is missing"),
        ("yuan/", "a name is missing"),
        ("(yuan", "a bracket is not closed"),
        ("yuan)", "')' makes no sense"),
        ("yuan**year", "a power must be a number"),
        ("yuan$", "'$' makes no sense"),
        ("10x person", "makes no sense"),
        ("year year", "'year' makes no sense"),
        ("0 year", "it holds a zero"),
        ("year**10", "a power above 9"),
        ("(" * 200 + "year", "longer than 100 characters"),
        ("litre**0.5", "a fractional power of a unit that is not a base unit"),
    ],
)
def test_what_is_no_unit_is_refused(written, message):
    with pytest.raises(UnitError) as caught:
        UNITS.read(written)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_only_coherent_units_stand_in_equations():
    assert UNITS.coherent("year * yuan / year / year") == "yuan/year"
    with pytest.raises(UnitError, match="'month' would need converting: write 'year' here"):
        UNITS.coherent("month")


@given(
    st.dictionaries(
        st.sampled_from(UNITS.base), st.integers(-3, 3).filter(bool) | st.sampled_from([0.5, -0.5, 1.5]), max_size=5
    )
)
def test_the_standard_text_of_a_unit_reads_back_as_the_same_unit(powers):
    dimension = tuple(sorted((name, Fraction(power)) for name, power in powers.items()))
    assert UNITS.read(UNITS.text(dimension)).dimension == dimension
    assert UNITS.coherent(UNITS.text(dimension)) == UNITS.text(dimension)


PIECES = ["(", ")", "*", "/", "**", "-", "1", "0", "2k", "3.5M", "year", "person", "month"]


@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_any_text_is_a_unit_or_ends_in_one_line(text):
    try:
        unit = UNITS.read(text)
    except UnitError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert unit.factor > 0


def test_pint_and_the_reader_mean_the_same():
    assert UNITS.pint_unit("yuan/person/year") == UNITS.pint_unit("yuan") / (
        UNITS.pint_unit("person") * UNITS.pint_unit("year")
    )
    assert set(UNITS.registry) >= set(UNITS.base)
    assert "bit" not in UNITS.registry, "the registry knows our units and no others"


def test_a_system_can_be_extended_and_stays_as_it_was():
    more = GENERAL.extended("shell", derived={"dozen": "12 shell"}, currencies=("cowrie",))
    assert more.read("dozen/cowrie").factor == 12
    assert more.currencies == (*GENERAL.currencies, "cowrie")
    assert "shell" not in GENERAL.base
    with pytest.raises(UnitError, match="the base units lack 'year'"):
        UnitSystem(("second",))
    with pytest.raises(UnitError, match="the currency 'cowry' is not among the base units"):
        UnitSystem(("year",), currencies=("cowry",))
    with pytest.raises(UnitError, match="unknown unit 'shel'"):
        UnitSystem(("year", "shell"), {"dozen": "12 shel"})


def test_records_are_converted_once_with_no_rounding_of_their_own():
    records = records_from(
        parameter("share", 35, "percent"), parameter("lag", 9, "month"), parameter("people", 13.4, "100M person")
    )
    values = {name: (p.value[()], p.unit, p.written_unit) for name, p in records.parameters.items()}
    assert values == {
        "share": (0.35, "dimensionless", "percent"),
        "lag": (0.75, "year", "month"),
        "people": (1.34e9, "person", "100M person"),
    }


def test_ranges_paths_and_tables_are_converted_too():
    text = """
    [parameters.lag]
    unit = "month"
    value = 6
    low = 3
    high = 12
    description = "d"
    source = "s"
    grade = "assumed"

    [levers.cover]
    unit = "percent"
    path = [[2010, 50], [2012, 60]]
    low = 0
    high = 100
    description = "d"

    [tables.use]
    x_unit = "percent"
    unit = "contact/10k person/year"
    points = [[0, 100], [50, 200]]
    description = "d"
    source = "s"
    grade = "assumed"
    """
    records = Records.from_text(text, units=UNITS)
    lag, cover, use = records.parameters["lag"], records.levers["cover"], records.tables["use"]
    assert (lag.low[()], lag.value[()], lag.high[()]) == (0.25, 0.5, 1.0)
    assert (cover.path[()], cover.high[()]) == (((2010.0, 0.5), (2012.0, 0.6)), 1.0)
    assert (use.points, use.x_unit, use.unit) == (((0.0, 0.01), (0.5, 0.02)), "dimensionless", "contact/person/year")


def test_a_wrong_unit_in_a_record_names_file_record_and_key():
    with pytest.raises(RecordError, match=r"inputs\.toml: parameters\.lag\.unit: unknown unit 'mouth'.*month"):
        records_from(parameter("lag", 9, "mouth"))
