"""Records: what they keep, how they change, and every way in which a file can be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language_helpers import UNITS, driver, lever, model_from, module_from, parameter, records_from

from healthreform.stockflow import ModelError, RecordError, Records, build
from healthreform.stockflow.record_values import LARGEST_FILE

FULL = """
[parameters.pay]
unit = "yuan/worker/year"
over = ["tier"]
value = { tertiary = 50, primary = 20 }
spread = 0.2
distribution = "triangular"
description = "Pay."
source = "Yearbook 2011, table 4."
grade = "measured"

[parameters.weight]
unit = "dimensionless"
value = 0.5
low = 0.3
high = 0.7
description = "Weight."
source = "Judgement."
grade = "assumed"

[levers.cover]
unit = "percent"
over = ["tier"]
path = { tertiary = [[2010, 0], [2019, 0], [2019, 10]], primary = [[2010, 5]] }
low = 0
high = 100
description = "Cover."
document = "State Council 2019 no. 2"
system = [3, 7]

[drivers.wage]
unit = "dimensionless"
path = [[2010, 1.0], [2020, 2.0]]
description = "Wages."
source = "Yearbook."

[tables.morale]
x_unit = "dimensionless"
unit = "dimensionless"
points = [[0, 0.2], [1, 1.0]]
description = "Morale."
source = "Judgement."
grade = "assumed"
"""


def records() -> Records:
    return Records.from_text(FULL, file="inputs.toml", units=UNITS)


def test_a_parameter_may_name_a_document_as_a_lever_does_and_what_is_given_may_not():
    with_document = FULL.replace('source = "Judgement."', 'source = "Judgement."\ndocument = "Decision of 1998"', 1)
    found = Records.from_text(with_document, file="inputs.toml", units=UNITS)
    assert (found.parameters["weight"].document, found.parameters["pay"].document) == ("Decision of 1998", "")
    with pytest.raises(RecordError, match=r"weight\.document: it is empty"):
        Records.from_text(with_document.replace("Decision of 1998", " "), file="inputs.toml", units=UNITS)
    driver_with_one = FULL.replace('source = "Yearbook."', 'source = "Yearbook."\ndocument = "Decision of 1998"')
    with pytest.raises(RecordError, match=r"wage\.document: unknown key"):
        Records.from_text(driver_with_one, file="inputs.toml", units=UNITS)


def test_a_record_keeps_all_that_is_written():
    found = records()
    pay, cover = found.parameters["pay"], found.levers["cover"]
    assert (pay.unit, pay.over, pay.grade, pay.distribution) == (
        "yuan/worker/year",
        ("tier",),
        "measured",
        "triangular",
    )
    assert dict(pay.value) == {("tertiary",): 50.0, ("primary",): 20.0}
    assert (pay.low["tertiary",], pay.high["primary",]) == (40.0, 24.0)
    assert (cover.document, cover.system, cover.file) == ("State Council 2019 no. 2", (3, 7), "inputs.toml")
    assert cover.path["tertiary",] == ((2010.0, 0.0), (2019.0, 0.0), (2019.0, 0.1))
    assert [record.name for record in found] == ["pay", "weight", "cover", "wage", "morale"]
    assert found.find("wage").description == "Wages."


def test_a_spread_around_a_negative_value_keeps_low_below_high():
    text = FULL.replace("value = { tertiary = 50, primary = 20 }", "value = { tertiary = -50, primary = 20 }")
    pay = Records.from_text(text, units=UNITS).parameters["pay"]
    assert (pay.low["tertiary",], pay.high["tertiary",]) == (-60.0, -40.0)


# a replacement in FULL, and what the one line must hold
WRONG = {
    "an unknown table": ("[drivers.wage]", "[driver.wage]", "unknown table [driver]; nearest valid name: drivers"),
    "an unknown key": (
        'grade = "measured"',
        'grad = "measured"',
        "parameters.pay.grad: unknown key; nearest valid name: grade",
    ),
    "a missing key": ('source = "Yearbook 2011, table 4."\n', "", "parameters.pay: the key 'source' is missing"),
    "an unknown grade": ('"measured"', '"measure"', "parameters.pay.grade: 'measure' is not one of"),
    "an unknown distribution": ('"triangular"', '"triangle"', "'triangle' is not one of uniform, triangular"),
    "an empty text": ('"Weight."', '" "', "parameters.weight.description: it is empty"),
    "text in place of a number": (
        "value = 0.5",
        'value = "0.5"',
        "parameters.weight.value: '0.5' is text; a number goes here",
    ),
    "a truth value in place of a number": ("value = 0.5", "value = true", "True is bool; a number goes here"),
    "no number": ("value = 0.5", "value = nan", "parameters.weight.value: nan is not a finite number"),
    "an infinite number": ("value = 0.5", "value = -inf", "-inf is not a finite number"),
    "a number too large": ("value = 0.5", f"value = 1{'0' * 400}", "parameters.weight.value: the number is too large"),
    "a number of thousands of digits": ("value = 0.5", f"value = 1{'0' * 5000}", "malformed TOML: "),
    "a value below its range": (
        "value = 0.5",
        "value = 0.2",
        "parameters.weight.value: 0.2 is out of its range, 0.3 to 0.7",
    ),
    "a range upside down": ("low = 0.3", "low = 0.9", "low 0.9 is above high 0.7"),
    "half a range": ("low = 0.3\n", "", "parameters.weight: give both low and high, or spread alone"),
    "a range and a spread": ("low = 0.3\n", "low = 0.3\nspread = 0.1\n", "give both low and high, or spread alone"),
    "no range": ("low = 0.3\nhigh = 0.7\n", "", "parameters.weight: it has no range"),
    "a negative spread": ("spread = 0.2", "spread = -0.2", "parameters.pay.spread: -0.2 must be above 0"),
    "a loguniform range from zero": ("low = 0.3\n", 'low = 0\ndistribution = "loguniform"\n', "needs low above 0"),
    "over as text": ('over = ["tier"]\nvalue', 'over = "tier"\nvalue', "parameters.pay.over: 'tier' must be a list"),
    "over naming one twice": ('over = ["tier"]\nvalue', 'over = ["tier", "tier"]\nvalue', "names one subscript twice"),
    "elements without over": ('over = ["tier"]\nvalue', "value", "the record has no subscripts"),
    "elements nested too deeply": ("tertiary = 50", "tertiary = { a = 50 }", "nested too deeply: over = [tier]"),
    "elements not nested deeply enough": (
        'over = ["tier"]\nvalue',
        'over = ["tier", "care"]\nvalue',
        "it needs a table by element of care",
    ),
    "dates out of order": (
        "[2020, 2.0]",
        "[2009, 2.0]",
        "drivers.wage.path: the dates are out of order: 2009 comes after 2010",
    ),
    "a date three times": ("[2019, 10]]", "[2019, 5], [2019, 10]]", "the date 2019 is given three times"),
    "a point that is no pair": ("[2020, 2.0]", "[2020]", "the point [2020] must be [date, value]"),
    "a date as text": ("[2020, 2.0]", '["2020", 2.0]', "'2020' is text"),
    "an empty path": (
        "path = [[2010, 1.0], [2020, 2.0]]",
        "path = []",
        "drivers.wage.path: [] must be a list of points",
    ),
    "a number in place of a path": (
        "path = [[2010, 1.0], [2020, 2.0]]",
        "path = 1.0",
        "drivers.wage.path: 1.0 must be a list",
    ),
    "a path outside its range": (
        "[2019, 10]]",
        "[2019, 101]]",
        "levers.cover.path[tertiary]: 1.01 is out of its range, 0 to 1",
    ),
    "a table with one point": (
        "points = [[0, 0.2], [1, 1.0]]",
        "points = [[0, 0.2]]",
        "tables.morale.points: a table needs at least two",
    ),
    "a table whose x falls": ("[1, 1.0]]", "[0, 1.0]]", "tables.morale.points: x must rise"),
    "a row that is no number": ("system = [3, 7]", 'system = ["3"]', "levers.cover.system: ['3'] must be a row number"),
    "a name in two tables": (
        "[drivers.wage]",
        "[drivers.pay]",
        "drivers.pay: the name is given twice, also under [parameters]",
    ),
    "a table that is none": (
        "[tables.morale]",
        "[tables]\nspare = 3\n[tables.morale]",
        "tables.spare: 3 must be a table",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_record_gives_one_line_with_file_record_and_key(old, new, message):
    assert old in FULL
    with pytest.raises(RecordError) as caught:
        Records.from_text(FULL.replace(old, new, 1), file="inputs.toml", units=UNITS)
    found = str(caught.value)
    assert found.startswith("inputs.toml: ")
    assert message in found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (b"[parameters\n", "malformed TOML: "),
        (b"a = 1\na = 2\n", "malformed TOML: "),
        (b"x = " + b"[" * 5000, "malformed TOML: "),
        (b"\x00\x01\x02", "it is binary"),
        ("[parameters]".encode("utf-16"), "it is binary, or not saved as UTF-8"),
        ("# médecin".encode("latin-1"), "it is not UTF-8 text (byte 3)"),
        (b"#" * (LARGEST_FILE + 1), "more than 4 MiB is too large"),
    ],
)
def test_a_file_that_is_no_file_of_records_gives_one_line(tmp_path, content, message):
    file = tmp_path / "inputs.toml"
    file.write_bytes(content)
    with pytest.raises(RecordError) as caught:
        Records.load(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode()))
def test_no_content_of_a_file_ends_in_anything_but_records_or_one_line(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("records") / "any.toml"
    file.write_bytes(content)
    try:
        assert isinstance(Records.load(file), Records)
    except RecordError as error:
        assert "\n" not in str(error)


def test_a_name_with_a_line_break_still_gives_one_line():
    with pytest.raises(RecordError) as caught:
        Records.from_text('[parameters."two\\nlines"]\nunit = "year"\n')
    assert len(str(caught.value).splitlines()) == 1
    assert "two lines" in str(caught.value)


def test_a_file_that_is_not_there_offers_its_neighbour(tmp_path):
    (tmp_path / "insurance.toml").write_text(FULL)
    with pytest.raises(
        RecordError, match=r"insurence\.toml: there is no such file; nearest valid name: insurance\.toml"
    ):
        Records.load(tmp_path / "insurence.toml")
    with pytest.raises(RecordError, match="it cannot be read"):
        Records.load(tmp_path)


def test_several_files_make_one_set_of_records_and_no_name_comes_twice(tmp_path):
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text("\ufeff" + parameter("x", 1), encoding="utf-8")
    second.write_text(parameter("y", 2))
    assert sorted(Records.load([first, second]).parameters) == ["x", "y"]
    second.write_text(driver("x", [[2010, 1]]))
    with pytest.raises(RecordError, match=r"b\.toml: drivers\.x: the name is given twice, also in .*a\.toml"):
        Records.load([first, second])


def test_merging_may_replace_a_record_by_one_of_its_kind():
    base, other = records_from(parameter("x", 1), parameter("y", 1)), records_from(parameter("x", 5))
    with pytest.raises(RecordError, match="given twice"):
        base.merge(other)
    merged = base.merge(other, replacing=True)
    assert (merged.parameters["x"].value[()], merged.parameters["y"].value[()]) == (5.0, 1.0)
    assert base.parameters["x"].value[()] == 1.0, "records are never changed in place"
    with pytest.raises(RecordError, match="given twice"):
        base.merge(records_from(driver("x", [[2010, 1]])), replacing=True)


def test_changed_values_give_new_records_and_leave_the_old_ones():
    base = records()
    changed = base.with_values(
        {
            "weight": 0.6,
            "pay[primary]": 22,
            "pay": {"tertiary": 55},
            "wage": {2012: 1.5, 2010: 1.0},
            "cover": {"tertiary": 0.3, "primary": [[2010, 0.0], [2020, 1.0]]},
        }
    )
    assert changed.parameters["weight"].value == {(): 0.6}
    assert dict(changed.parameters["pay"].value) == {("tertiary",): 55.0, ("primary",): 22.0}
    assert changed.drivers["wage"].path[()] == ((2010.0, 1.0), (2012.0, 1.5))
    assert changed.levers["cover"].path["tertiary",] == ((0.0, 0.3),)
    assert changed.levers["cover"].path["primary",] == ((2010.0, 0.0), (2020.0, 1.0))
    assert dict(base.parameters["pay"].value) == {("tertiary",): 50.0, ("primary",): 20.0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"wieght": 0.5}, "'wieght' is no parameter, lever, driver or table; nearest valid name: weight"),
        ({"weight": 0.8}, "parameters.weight.value: 0.8 is out of its range, 0.3 to 0.7"),
        ({"weight": float("nan")}, "nan is not a finite number"),
        ({"weight": "much"}, "'much' is text"),
        ({"weight": None}, "a number goes here"),
        ({"weight": True}, "a number goes here"),
        ({"weight[primary]": 0.5}, "nested too deeply"),
        ({"pay[primry]": 20}, "'primry' is no element of it; nearest valid name: primary"),
        ({"pay[primary": 20}, "is no parameter"),
        ({"cover": 1.5}, "levers.cover.path: 1.5 is out of its range, 0 to 1"),
        ({"cover": [[2012, 0.1], [2011, 0.2]]}, "out of order"),
        ({"cover": "all"}, "'all' is text"),
        ({"morale": 1.0}, "'morale' is a table"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_in_one_line(changes, message):
    with pytest.raises(RecordError) as caught:
        records().with_values(changes, where="scenario.toml")
    assert str(caught.value).startswith("scenario.toml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_built_model_gives_every_value_and_path_by_flat_name():
    text = '''
    tier = Subscript("tier", ["tertiary", "primary"])

    @auxiliary("dimensionless", over=tier)
    def x(pay, same, cover):
        """Anything."""
        return pay * same * cover
    '''
    toml = [
        parameter("pay", {"tertiary": 5, "primary": 2}, over="tier"),
        parameter("same", 3, over="tier"),
        lever("cover", [[2010, 0.5]], low=0, high=1).replace("path", "over = ['tier']\npath"),
    ]
    model = model_from(text, *toml)
    assert model.flat.parameters == ("pay[tertiary]", "pay[primary]", "same[tertiary]", "same[primary]")
    assert model.parameter_values() == dict(zip(model.flat.parameters, [5.0, 2.0, 3.0, 3.0], strict=True))
    assert model.path_points() == {"cover[tertiary]": ((2010.0, 0.5),), "cover[primary]": ((2010.0, 0.5),)}
    changed = model.records.with_values({"same[primary]": 3.0, "cover[primary]": 0.7})
    assert model.parameter_values(changed)["same[primary]"] == 3.0
    assert model.path_points(changed)["cover[tertiary]"] == ((2010.0, 0.5),)
    assert model.path_points(changed)["cover[primary]"] == ((0.0, 0.7),)
    with pytest.raises(ModelError, match="pay: it has no value for primary"):
        model.parameter_values(records_from(parameter("pay", {"tertiary": 5}, over="tier")))
    ranges = model.parameter_ranges()["pay[primary]"]
    assert (ranges.value, ranges.low, ranges.high, ranges.distribution) == (2.0, 2.0, 2.0, "fixed")
    assert (model.over("pay")[0].name, model.unit("cover"), model.unit("x")) == ("tier", *["dimensionless"] * 2)
    with pytest.raises(RecordError, match="'payy' is no parameter, lever, driver or table; nearest valid name: pay"):
        model.unit("payy")


def test_a_lever_without_one_element_is_refused_when_the_model_is_built():
    module = module_from(
        't = Subscript("t", ["up", "down"])\n@auxiliary("year", over=t)\ndef x(p):\n    """X."""\n    return 2 * p\n'
    )
    toml = lever("p", "{ up = [[2010, 1]] }", "year").replace("path", "over = ['t']\npath")
    with pytest.raises(ModelError, match=r"inputs\.toml: levers\.p\.path: it has no value for down"):
        build(module, records_from(toml))
