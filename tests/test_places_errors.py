"""A wrong file of a place, or a wrong list of places, ends in one line that says what to do about it."""

from __future__ import annotations

import gc
import re

import pandas as pd
import pytest
from places_common import HEAD, write

import healthreform as hr
from healthreform.place import Place

PEOPLE = "start = 2010\n[facts]\npopulation = 1e7\n"

WRONG = {
    # the first year
    "start = 2009\n[facts]\npopulation = 1e7": "start: 2009: a place based on china begins between 2010, where the",
    "start = 2022\n[facts]\npopulation = 1e7": "start: 2022: a place based on china begins between 2010",
    "[facts]\npopulation = 1e7": "the key 'start' is missing",
    # what is needed
    "start = 2010": "facts: the key 'population' is missing; nothing can be derived from china without it",
    "start = 2010\n[facts]\nbeds = 5e4": "facts: the key 'population' is missing",
    "start = 2010\n[facts]\npopulation = { children = 1e6, adults = 1e7 }": "facts.population: 'older' is missing",
    # unknown names
    PEOPLE + "bed = 5e4": "facts.bed: unknown fact; nearest valid name: beds",
    PEOPLE + "zzz = 1": "facts.zzz: unknown fact; known: population, insured",
    PEOPLE + "beds = { tertary = 1e3 }": "facts.beds.tertary: it is no element of tier; nearest valid name: tertiary",
    PEOPLE + "beds = { value = 1e3, sourc = 'x' }": "facts.beds.sourc: unknown key; nearest valid name: source",
    PEOPLE + "facts = 3": "facts.facts: unknown fact",
    PEOPLE + "[misses]\n'adaptive solver' = ''": "misses.adaptive solver: '' must be the reason, a text that is not em",
    PEOPLE + "[value]\nx = 3": "unknown key 'value'; nearest valid name: values",
    PEOPLE + "[values]\npayroll_limt = 2": "nearest valid name: payroll_limit",
    PEOPLE + "[values]\npayroll_limit = { value = 2, grad = 'x' }": "values.payroll_limit.grad: unknown key; nearest",
    PEOPLE + "'beds[tertiary]' = 1e3": "facts.beds[tertiary]: unknown fact; write beds = { tertiary = ... }",
    PEOPLE + "drug_share = 0.4": "facts.drug_share: unknown fact; write item_share = { drugs = ... }",
    PEOPLE + "nurses = 2e4": "facts.nurses: unknown fact; write staff, which is all who work there",
    # numbers in another unit
    "start = 2010\n[facts]\npopulation = 3800": "facts.population: 3800 is 2.8e-06 times that of china; give it in per",
    PEOPLE + "beds = 4": "facts.beds: 4 is 0.00013 times that of china for each person; give it in bed",
    PEOPLE + "beds = { tertiary = 1e9 }": "facts.beds: 1e+09 is ",
    PEOPLE + "gdp = 1.6": "facts.gdp: 1.6 is ",
    PEOPLE + "fund_balance = 30": "facts.fund_balance: 30 is 1",
    PEOPLE + "wage = 3100": "facts.wage: 3100 is 0.09",
    # numbers that cannot be
    PEOPLE + "item_share = { drugs = 1.4 }": "facts.item_share.drugs: 1.4 is a share; it must lie between 0 and 1",
    PEOPLE + "beds = -5": "facts.beds: -5 must be above 0, in bed; leave out what is not known",
    PEOPLE + "outpatient_visits = { primary = -1 }": "facts.outpatient_visits.primary: -1 must be above 0, in cont",
    PEOPLE + "beds = 'many'": "facts.beds: 'many' must be a finite number, in bed",
    PEOPLE + "beds = true": "facts.beds: True must be a finite number",
    PEOPLE + "gdp = inf": "facts.gdp: inf must be a finite number, in yuan/year",
    PEOPLE + "gdp = { east = 1e9 }": "facts.gdp: it is one number, not a table",
    PEOPLE + "beds = {}": "facts.beds: it is empty; give it by tier: tertiary, secondary, primary",
    PEOPLE + "active_share = 1.2": "facts.active_share: 1.2 is a share; it must lie between 0 and 1",
    PEOPLE + "item_share = 0.4": "facts.item_share: give it by bill_item: drugs, consumables, tests, services",
    PEOPLE + "beds = { value = 5e4, grade = 'sure' }": "facts.beds.grade: 'sure' is not one of measured",
    PEOPLE + "beds = { value = 5e4, source = '' }": "facts.beds.source: '' must be text, and not empty",
    PEOPLE + "beds = { value = 5e4, year = 2010.5 }": "facts.beds.year: 2010.5 must be a calendar year",
    PEOPLE + "beds = { value = 5e4, year = 2009 }": "facts.beds.year: 2009 is outside the history of china, 2010 to",
    PEOPLE + "fund_deficit = { value = { employee = 1e8 }, year = 2011 }": "facts.fund_deficit.year: give fund_deficit",
    # numbers that do not go together
    PEOPLE + "insured = { employee = 3e6, resident = 8e6 }": "facts.insured: 1.1e+07 insured are more than the popu",
    PEOPLE + "insured = { employee = 1e7 }": "facts.insured.employee: it leaves nobody for the residents' scheme",
    PEOPLE + "hospital_income = 1e8": "facts: tertiary: its bills leave nothing to pay its staff from; check hosp",
    PEOPLE + "pay = 1.4e5": "facts.pay: it cannot be met beside the other facts, but to 0.4; check the unit of each",
    PEOPLE + "staff = 2e4\nphysicians = 3e4": "facts.staff: it is less than its physicians, who are among the staff",
    PEOPLE + "item_share = { drugs = 0.7, tests = 0.5 }": "facts.item_share: the shares sum to 1.2; they must sum to",
    PEOPLE + "item_share = { drugs = 0.4, consumables = 0.1, tests = 0.2, services = 0.2 }": "they must sum to 1",
    PEOPLE + "admissions = 3e6\nbeds = 2e4": "facts.beds and facts.admissions: tertiary: admissions fill its beds",
    PEOPLE + "physicians = 2e3": "facts.physicians and facts.outpatient_visits: tertiary: outpatient visits fill",
    PEOPLE + "fund_deficit = { employee = 1e11 }": "facts.fund_deficit.employee: claims of 1.0",
    PEOPLE + "fund_deficit = { employee = -1e11 }": "facts.fund_deficit.employee: claims of -9.",
    PEOPLE + "beds = 5e4\n[values]\nbeds_at_start = 5e4": "values.beds_at_start: the fact 'beds' sets it too; keep one",
    PEOPLE + "[values]\npayroll_limit = { value = 99 }": "levers.payroll_limit.path: 99 is out of its range",
    # what the file says of itself
    PEOPLE + "[origin]\nown = ['beds']": "origin: 'population' is own; list it under own",
    PEOPLE + "[origin]\nown = ['poplation']": "origin.own: 'poplation' is no fact and no value; nearest valid",
    PEOPLE + "[origin]\nmine = []": "origin.mine: unknown key",
    PEOPLE + "[origin]\nown = 'population'": "origin.own: 'population' must be a list of names",
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=range(len(WRONG)))
def test_a_wrong_file_of_a_derived_place_is_one_line_that_names_file_key_and_remedy(tmp_path, text, message):
    with pytest.raises(hr.RecordError) as caught:
        Place.load(write(tmp_path, text))
    said = str(caught.value)
    assert message in said, said
    assert "somewhere.toml" in said and "\n" not in said and len(said) < 400


@pytest.mark.parametrize(
    ("head", "text", "message"),
    [
        ('title = "x"\n', "start = 2010\n[facts]\npopulation = 1e7", 'facts: it needs based_on, the place'),
        ('title = "x"\n', "start = 2015\n", "start: 2015: the common inputs are of 2010; with based_on and [facts]"),
        (HEAD.replace("china", "chin"), PEOPLE, "based_on: unknown place 'chin'; nearest valid name: china"),
        (HEAD.replace("china", "somewhere"), PEOPLE, "based_on: circular: somewhere -> somewhere; one of them"),
        (HEAD + 'policy = "sanming_pat"\n', PEOPLE, "nearest valid name: sanming_path"),
        ('based_on = "china"\n', PEOPLE, "the key 'title' is missing"),
    ],
)  # fmt: skip
def test_a_place_that_stands_on_nothing_or_on_itself_is_refused(tmp_path, head, text, message):
    with pytest.raises(hr.RecordError) as caught:
        Place.load(write(tmp_path, text, head=head))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_empty_or_in_another_encoding_is_refused(tmp_path):
    empty, other = tmp_path / "empty.toml", tmp_path / "other.toml"
    empty.write_text("")
    other.write_bytes('title = "福建"'.encode("gb18030"))
    for file, message in ((empty, "it is empty"), (other, "it is not UTF-8 text (byte 9); save it as UTF-8")):
        with pytest.raises(hr.RecordError, match=re.escape(f"{file}: {message}")):
            Place.load(file)


def test_what_the_model_cannot_start_from_is_told_of_the_file(tmp_path, monkeypatch):
    def astray(self, year):
        raise hr.RunError("pay is nan at 2010")

    file = write(tmp_path, PEOPLE)
    monkeypatch.setattr("healthreform.derivation.finish.Base.at", astray)
    message = f"{file}: facts: the model cannot start from them; check the size and the unit of each: pay is nan at"
    with pytest.raises(hr.RecordError, match=re.escape(message)):
        Place.load(file)


DESIGN = pd.DataFrame({"fixed_pay_share": [0.5, 0.6]})


@pytest.mark.parametrize(
    ("places", "options", "message"),
    [
        ([], {}, "place: the list is empty; name at least one place"),
        (["china", "china"], {}, "place: 'china' is given twice; name each place once"),
        (["china", "sanmin"], {}, "unknown place 'sanmin'; nearest valid name: sanming"),
        (["china", "sanming"], {"start": 2010}, "start 2010: a run of sanming begins in 2011"),
        (["china", "sanming"], {"stop": 2010}, "stop 2010 lies before the start 2011"),
        (["china", "sanming"], {"ramp": (2010, 2012)}, "ramp 2010 to 2012 must lie inside the run, 2011 to"),
        ("sanming", {"start": 2010}, "start 2010: a run of sanming begins in 2011"),
    ],
)  # fmt: skip
def test_a_wrong_list_of_places_is_refused_before_anything_runs(places, options, message):
    with pytest.raises(hr.StockflowError) as caught:
        hr.sweep(places, "baseline", DESIGN, **options)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_value_that_one_of_the_places_refuses_names_that_place():
    design = pd.DataFrame({"general_practitioner_enrolment": [10000.0]})
    with pytest.raises(
        hr.RecordError, match="sanming: design: row 0, column 'general_practitioner_enrolment': 10000 is"
    ):
        hr.sweep(["china", "sanming"], "baseline", design)


def test_places_with_other_equations_are_not_swept_together(monkeypatch):
    from dataclasses import replace

    china = Place.load("china")
    other = replace(china, name="other", model=replace(china.model, structure="another"))
    with pytest.raises(hr.RecordError, match="'other' has other equations than 'china'; sweep them apart"):
        hr.sweep([china, other], "baseline", DESIGN)


@pytest.mark.parametrize("looked_for", [True, False])
def test_garbage_is_looked_for_after_a_place_as_before_it_even_if_it_is_wrong(tmp_path, looked_for):
    (tmp_path / "wrong.toml").write_text('title = "Wrong"\nstart = "soon"\n')
    before = gc.isenabled()
    (gc.enable if looked_for else gc.disable)()
    try:
        Place.load("china")
        assert gc.isenabled() is looked_for
        with pytest.raises(hr.RecordError):
            Place.load(tmp_path / "wrong.toml")
        assert gc.isenabled() is looked_for
    finally:
        (gc.enable if before else gc.disable)()
