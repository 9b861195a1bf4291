"""Equations executed on units without magnitude: what passes, what does not, and what the line says."""

from __future__ import annotations

import numpy as np
import pytest
from language_clinic import EQUATIONS, INPUTS
from language_helpers import UNITS, model_from, module_from, parameter, records_from, table

from healthreform.stockflow import UnitError, build, maximum, minimum, normal_cdf, total, where
from healthreform.stockflow.cache import engine_version
from healthreform.stockflow.measure import Measure, TableMeasure

GIVEN = [
    parameter("money", 1, "yuan"),
    parameter("spent", 1, "yuan/year"),
    parameter("people", 1, "person"),
    parameter("share", 0.5),
    parameter("elasticity", 0.5),
    parameter("area", 1, "metre**2"),
    table("answer", [[0, 0], [1, 1]], "yuan/person", "1/year"),
]


def unit_error(unit: str, body: str) -> str | None:
    names = [name for name in ("money", "spent", "people", "share", "elasticity", "area", "answer") if name in body]
    text = f'@auxiliary("{unit}")\ndef x({", ".join(names)}):\n    """X."""\n    return {body}\n'
    try:
        model_from(text, *(given for given in GIVEN if given.split(".")[1].split("]")[0] in names))
    except UnitError as error:
        assert "\n" not in str(error)
        return str(error)
    return None


@pytest.mark.parametrize(
    ("unit", "body"),
    [
        ("yuan/person", "money / people"),
        ("1/person", "1 / people"),
        ("dimensionless", "1 / (1 - share)"),
        ("dimensionless", "share ** elasticity"),
        ("dimensionless", "2 ** elasticity"),
        ("yuan**2", "money ** 2"),
        ("1/yuan", "money ** -1"),
        ("metre", "area ** 0.5"),
        ("metre", "sqrt(area)"),
        ("yuan", "maximum(money, 0)"),
        ("yuan", "minimum(0, money)"),
        ("yuan", "0 + money - 0"),
        ("yuan", "-money"),
        ("yuan", "where(money > 0, 0, money)"),
        ("yuan", "where((money > 0) & (people <= 0) | (share < 1), money, 0)"),
        ("yuan", "smooth_minimum(money, 2 * money, elasticity)"),
        ("yuan", "smooth_minimum(money, 2 * money, 2)"),
        ("1/year", "answer(money / people)"),
        ("1/year", "answer(0) * share"),
        ("dimensionless", "exp(share) * log(1 + share) * normal_cdf(money / money)"),
        ("dimensionless", "where(money > 0, 0, 1) * share"),
        ("dimensionless", "1 + 0 * share"),
        ("yuan/year", "spent"),
    ],
)
def test_equations_whose_units_fit_pass(unit, body):
    assert unit_error(unit, body) is None


@pytest.mark.parametrize(
    ("unit", "body", "message"),
    [
        ("yuan", "money + spent", "the two sides of + differ in unit: 'money' (yuan) and 'spent' (yuan/year)"),
        ("yuan", "spent - money", "the two sides of - differ in unit: 'spent' (yuan/year) and 'money' (yuan)"),
        ("yuan", "1 - money", "the two sides of - differ in unit: 1 (a number) and 'money' (yuan)"),
        ("yuan", "money + 2", "the two sides of + differ in unit: 'money' (yuan) and 2 (a number)"),
        ("yuan", "money * share + people / share", "'money * share' (yuan) and 'people / share' (person)"),
        ("yuan", "money / people", "its equation gives yuan/person, but its unit is yuan"),
        ("yuan", "where(money > 0, 1, 0) * share", "its equation gives dimensionless, but its unit is yuan"),
        ("yuan", "money ** share", "needs a dimensionless base: 'money' (yuan)"),
        ("yuan", "share ** money", "a power must be dimensionless: 'money' (yuan)"),
        ("yuan", "2 ** money", "a power must be dimensionless: 'money' (yuan)"),
        ("yuan", "exp(money)", "exp() needs a dimensionless argument: 'money' (yuan)"),
        ("yuan", "normal_cdf(money)", "normal_cdf() needs a dimensionless argument"),
        (
            "yuan",
            "minimum(money, people)",
            "the two sides of minimum() differ in unit: 'money' (yuan) and 'people' (person)",
        ),
        ("yuan", "maximum(1, money)", "the two sides of maximum() differ in unit: 1 (a number) and 'money' (yuan)"),
        ("yuan", "smooth_minimum(money, people, 2)", "the two sides of smooth_minimum() differ in unit"),
        ("yuan", "smooth_minimum(money, money, people)", "the sharpness of smooth_minimum must be dimensionless"),
        (
            "yuan",
            "where(money > people, money, 0)",
            "the two sides of a comparison differ in unit: 'money' (yuan) and 'people' (person)",
        ),
        ("yuan", "where(money > 0, money, people)", "the two sides of where() differ in unit"),
        ("yuan", "where(share > 0, 1, 2) * money + where(share > 0, 1, 0)", "(yuan)"),
        ("1/year", "answer(money)", "the table 'answer' is read at yuan/person, but is given 'money' (yuan)"),
        ("1/year", "answer(1) * share", "but is given 1 (a number)"),
        ("yuan", "answer(money / people)", "its equation gives 1/year, but its unit is yuan"),
    ],
)
def test_equations_whose_units_do_not_fit_name_both(unit, body, message):
    found = unit_error(unit, body)
    assert found is not None
    assert found.startswith("sector.py:3 x: ")
    assert message in found


def test_a_long_operand_is_shortened_in_the_line():
    found = unit_error("yuan", "money * share * share * share * share * share * share * share * share * share + people")
    assert found is not None
    assert "..." in found
    assert len(found) < 200


def test_a_measure_is_neither_iterated_nor_a_condition():
    money = Measure(UNITS.pint_unit("yuan"), "money")
    with pytest.raises(TypeError):
        iter(money)
    with pytest.raises(UnitError, match="not a condition"):
        bool(money)
    assert total(money, None) is money


def test_a_function_that_meets_what_it_does_not_know_raises():
    money = Measure(UNITS.pint_unit("yuan"), "money")
    for wrong in ("text", None, [1.0], np.array([1.0]), TableMeasure("t", money.unit, money.unit)):
        with pytest.raises(UnitError):
            minimum(money, wrong)
    with pytest.raises(UnitError):
        where(money > 0, "text", 0)
    with pytest.raises(UnitError, match="takes quantities"):
        maximum(money > 0, money > 0)
    for wrong in ("text", None, [1.0], object()):
        with pytest.raises(TypeError, match="does not know what to do with"):
            normal_cdf(wrong)
        with pytest.raises(TypeError, match="needs a quantity with subscripts"):
            total(wrong)


def test_the_unit_check_can_be_left_out_and_a_stamp_spares_it(tmp_path, monkeypatch):
    module, records = module_from(EQUATIONS, "clinic"), records_from(INPUTS)
    wrong = module_from(
        EQUATIONS.replace('"yuan/worker", over=tier)\ndef pay(', '"yuan", over=tier)\ndef pay('), "clinic"
    )
    with pytest.raises(UnitError):
        build(wrong, records)
    assert build(wrong, records, check_units=False).variables["pay"].unit == "yuan"

    cache = tmp_path / "deep" / "cache"
    first = build(module, records, cache=cache)
    assert [file.name for file in cache.iterdir()] == [f"units-{first.hash}-{engine_version()}.ok"]
    monkeypatch.setattr("healthreform.stockflow.model.check_units", lambda *_: pytest.fail("checked again"))
    assert build(module, records, cache=cache).hash == first.hash
    with pytest.raises(pytest.fail.Exception):
        build(wrong, records, cache=cache)
    monkeypatch.setattr("healthreform.stockflow.model.engine_version", lambda: "another")
    with pytest.raises(pytest.fail.Exception):
        build(module, records, cache=cache)


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(tmp_path):
    file = tmp_path / "a_file"
    file.write_text("")
    assert build(module_from(EQUATIONS, "clinic"), records_from(INPUTS), cache=file / "cache").hash


def test_the_hash_knows_what_matters_and_nothing_else():
    def hash_of(equations=EQUATIONS, inputs=INPUTS):
        return build(module_from(equations, "clinic"), records_from(inputs)).hash

    same = hash_of()
    assert hash_of(EQUATIONS.replace("Pay as it is known", "What people think")) == same
    assert hash_of("\n\n" + EQUATIONS) == same
    assert hash_of(inputs=INPUTS.replace("'a book'", "'another book'")) == same
    ruled = INPUTS.replace("description", "document = 'a rule'\ndescription", 1)
    assert "document" in ruled and hash_of(inputs=ruled) == same
    changes = [("2 * wear)", "wear)"), ("order=3", "order=2"), ("(1 - dropout_share)", "(1 + dropout_share)")]
    hashes = {hash_of(EQUATIONS.replace(*change)) for change in changes}
    hashes |= {
        hash_of(inputs=INPUTS.replace(*change)) for change in [("value = 0.1", "value = 0.2"), ("0.8]]", "0.7]]")]
    }
    assert len(hashes | {same}) == 6
