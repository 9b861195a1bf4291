"""Files of measured effects: complete, readable, and every fault in them one clear line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import healthreform as hr
from healthreform.evidence_files import check_names, read_group, read_groups, shipped_groups
from healthreform.evidence_records import Reading, Record
from healthreform.place import Place

#: Rows of the review in each of its tables, in its order.
ROWS = {
    "Zero mark-up on drugs": 9,
    "Volume-based procurement": 8,
    "Case payment": 7,
    "Hospital pay and induced demand": 3,
    "Primary care, consortia, family doctors": 9,
    "Cover and prices paid by patients": 7,
    "The outbreak of 2020": 3,
    "How long things take": 6,
}

FILE = """
title = "A group"
rows = ["first row", "second row", "third row"]

[experiments.reform]
title = "Mark-up goes"
begin = 2012
treated = { "drug_mark_up[tertiary]" = 0.0 }

[records.cost]
kind = "effect"
row = "first row"
title = "Cost"
experiment = "reform"
outcome = "cost_per_contact[tertiary,outpatient]"
measure = "percent"
months = [1, 24]
low = -11.0
high = 0.0
studies = [{ grade = "S", cite = "A study 2020" }]

[records.delay]
kind = "parameter"
row = "second row"
title = "Delay"
parameter = "switching_time"
low = 0.1
high = 0.2
studies = [{ grade = "O", cite = "A report 2020", found = "two months" }]

[records.deaths]
kind = "outside"
row = "third row"
title = "Deaths"
reason = "Deaths are given."
studies = [{ grade = "M", cite = "Another study 2020" }]
"""


def shipped() -> list[Record]:
    return [record for group in shipped_groups() for record in group.records]


def written(folder: Path, text: str = FILE, name: str = "group.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_every_row_of_the_review_has_a_record_of_one_of_the_three_kinds() -> None:
    found = {group.title: {record.row for record in group.records} for group in shipped_groups()}
    assert {title: len(rows) for title, rows in found.items()} == ROWS
    assert {record.kind for record in shipped()} == {"effect", "parameter", "outside"}


def test_a_study_that_measured_a_parameter_sets_its_range():
    """Levers have ranges of policy; parameters lie within what was measured of them."""
    table = hr.parameters(elements=True)
    measured = [record for record in shipped() if record.kind == "parameter" and record.parameter in table.index]
    assert len(measured) > 10
    for record in measured:
        low, high = table.loc[record.parameter, ["low", "high"]]
        assert record.low - 1e-9 <= low <= high <= record.high + 1e-9, record.parameter


def test_the_table_of_records_holds_each_once_with_its_range_or_its_reason() -> None:
    table = hr.evidence()
    assert list(table.index) == [record.name for record in shipped()] and table.index.is_unique
    judged = table[table["kind"] != "outside"]
    assert (judged["low"] <= judged["high"]).all()
    effects = table[table["kind"] == "effect"]
    assert (effects["low"] < effects["high"]).all() and (effects["experiment"] != "").all()
    assert (table.loc[table["kind"] == "outside", "reason"] != "").all()
    assert table["study"].str.contains(r"\((?:S|M|W|O)").all()


def test_a_range_that_the_review_does_not_give_says_how_it_was_read() -> None:
    single = hr.evidence().query("kind == 'effect' and grade == 'O'")
    assert len(single) >= 3 and (single["reading"] != "").all()


def test_titles_are_short_enough_for_a_column_of_a_journal() -> None:
    assert max(len(record.title) for record in shipped() if record.kind == "effect") <= 32


def test_all_names_in_the_files_are_names_of_the_model() -> None:
    check_names(shipped(), Place.load("china").model)


def test_a_file_without_fault_is_read(tmp_path: Path) -> None:
    group = read_group(written(tmp_path))
    effect, parameter, outside = group.records
    assert (effect.grade, effect.unit, str(effect.window)) == ("S", "%", "2012-2013")
    assert effect.experiment is not None and effect.experiment.begin == 2012
    assert (parameter.parameter, parameter.of, parameter.studies[0].found) == ("switching_time", "value", "two months")
    assert outside.reason == "Deaths are given."


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("low = -11.0", "low = 11.0", "records.cost.low: the range 11 to 0 is upside down"),
        ("low = -11.0", 'low = "low"', "records.cost.low: 'low' must be a finite number"),
        ("low = -11.0", "", "records.cost: the key 'low' is missing"),
        ("low = -11.0", "low = -11.0\nnotes = 1", "records.cost.notes: unknown key; nearest valid name: note"),
        ('kind = "effect"', "", "records.cost: the key 'kind' is missing"),
        ('kind = "effect"', 'kind = "efect"', "records.cost.kind: 'efect' is not one of effect, parameter, outside"),
        ('row = "first row"', 'row = "fist row"', "'fist row' is not among the file's rows; nearest valid name"),
        ('"third row"]', '"third row", "fourth row"]', "rows: 'fourth row' has no record"),
        ('experiment = "reform"', 'experiment = "reforms"', "no experiment 'reforms'; nearest valid name: reform"),
        ('measure = "percent"', 'measure = "per cent"', "records.cost.measure: 'per cent' is not one of percent"),
        ('measure = "percent"', 'measure = "left"', "the key 'against' is missing"),
        ('measure = "percent"', 'measure = "percent"\nagainst = [1, 12]', "'against' means nothing to the measure"),
        ('measure = "percent"', 'measure = "level"', "the key 'unit' is missing"),
        ("months = [1, 24]", "months = [1, 18]", "records.cost.months: 1 to 18 must be whole years"),
        ("months = [1, 24]", "months = [24, 1]", "24 to 1 must be whole years"),
        ("months = [1, 24]", "months = 24", "24 must be two months, such as [1, 12]"),
        ("months = [1, 24]", "", "it needs one of months, year and date, and has none"),
        ("months = [1, 24]", "months = [1, 24]\nyear = 2013", "it needs one of months, year and date"),
        ("months = [1, 24]", "year = 2012.5", "records.cost.year: 2012.5 is no calendar year"),
        ('[{ grade = "S", cite = "A study 2020" }]', "[]", "records.cost.studies: name at least one study"),
        ('grade = "S"', 'grade = "A"', "records.cost.studies: the grade 'A' is not one of S, M, W, O"),
        ('cite = "A study 2020"', 'cite = ""', "records.cost.studies: the cite of a study is empty"),
        ('cite = "A study 2020"', 'site = "A study 2020"', "must be a table of grade, cite and, if known, found"),
        ('outcome = "cost_per_contact[tertiary,outpatient]"', "outcome = { over = ['a'] }", "with of and, if need be"),
        (
            'outcome = "cost_per_contact[tertiary,outpatient]"',
            "outcome = { of = ['a', 'b'], weights = ['c'] }",
            "records.cost.outcome.weights: give one weight for each name",
        ),
        (
            'measure = "percent"',
            'measure = "percent"\nper = { outcome = "mean_pay", measure = "percent", amount = 0 }',
            "records.cost.per.amount: 0 must be a number other than zero",
        ),
        ("begin = 2012", "begin = 2012.5", "experiments.reform.begin: 2012.5 is no whole year"),
        ("begin = 2012", "", "history as it was has no changes"),
        ('begin = 2012\ntreated = { "drug_mark_up[tertiary]" = 0.0 }', "", "'percent' compares twin runs, and history"),
        ('treated = { "drug_mark_up[tertiary]" = 0.0 }', "treated = 0.0", "0.0 must be a table of levers and values"),
        ('reason = "Deaths are given."', "", "records.deaths: the key 'reason' is missing"),
        ('of = "ends"', 'of = "stops"', "records.delay.of: 'stops' is not one of value, begins, ends"),
        ('title = "A group"', "", "the key 'title' is missing"),
    ],
)
def test_a_fault_is_one_line_that_names_file_and_key(right: str, wrong: str, message: str, tmp_path: Path) -> None:
    text = FILE.replace('parameter = "switching_time"', 'parameter = "switching_time"\nof = "ends"')
    assert right in text
    with pytest.raises(hr.RecordError) as error:
        read_group(written(tmp_path, text.replace(right, wrong, 1)))
    assert message in str(error.value) and str(error.value).startswith(str(tmp_path))


def test_an_experiment_that_no_record_uses_is_refused(tmp_path: Path) -> None:
    text = FILE + '\n[experiments.idle]\ntitle = "Nothing"\nbegin = 2012\n'
    with pytest.raises(hr.RecordError, match=r"experiments\.idle: no record uses it"):
        read_group(written(tmp_path, text))


def test_one_name_in_two_files_is_refused(tmp_path: Path) -> None:
    files = [written(tmp_path), written(tmp_path, name="other.toml")]
    with pytest.raises(hr.RecordError, match=r"other\.toml: records\.cost: the name is given twice, also in .*group"):
        read_groups(files)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (
            "cost_per_contact[tertiary,outpatient]",
            "cost_per_contact",
            "is no variable of the model; nearest valid name",
        ),
        ("cost_per_contact[tertiary,outpatient]", "cost_per_visit", "'cost_per_visit' is no variable of the model"),
        ("cost_per_contact[tertiary,outpatient]", "switching_time", "it reads parameters only, which no reform moves"),
        ('"drug_mark_up[tertiary]"', '"drug_markup[tertiary]"', "'drug_markup' is no lever, and .*: drug_mark_up"),
        ('"drug_mark_up[tertiary]"', "gdp", "'gdp' is no lever, and an experiment moves levers only"),
        ('"drug_mark_up[tertiary]"', "inducement_limit", "'inducement_limit' is no lever"),
        ('"switching_time"', '"switch_time"', "'switch_time' is no parameter and no lever; .*: switching_time"),
        ('"switching_time"', '"price_elasticity"', r"is not one of price_elasticity\[outpatient\]"),
    ],
)
def test_a_name_that_the_model_does_not_have_is_refused(right: str, wrong: str, message: str, tmp_path: Path) -> None:
    assert right in FILE
    group = read_group(written(tmp_path, FILE.replace(right, wrong, 1)))
    with pytest.raises(hr.RecordError, match=message):
        check_names(group.records, Place.load("china").model)


def test_an_outcome_is_a_sum_a_ratio_of_sums_or_a_weighted_mean() -> None:
    columns = {
        "a": np.array([1.0, 2.0]),
        "b": np.array([3.0, 6.0]),
        "w": np.array([1.0, 1.0]),
        "v": np.array([3.0, 1.0]),
    }
    assert Reading(("a",)).value(columns).tolist() == [1.0, 2.0]
    assert Reading(("a", "b")).value(columns).tolist() == [4.0, 8.0]
    assert Reading(("a", "b"), over=("w", "v")).value(columns).tolist() == [1.0, 4.0]
    assert Reading(("a", "b"), weights=("w", "v")).value(columns).tolist() == [2.5, 4.0]
