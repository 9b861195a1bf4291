"""The inventories: tables indexed by name, complete, and as the model has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import healthreform as hr
from healthreform.place import Place


@pytest.fixture(scope="module")
def model():
    return Place.load("china").model


def test_levers_have_unit_range_value_description_and_document(model):
    table = hr.levers()
    assert set(table.index) == set(model.records.levers) and table.index.name == "name"
    assert (table[["unit", "description", "document"]] != "").all().all()
    assert (table.low < table.high).sum() == table.low.notna().sum()


def test_a_row_of_each_element_is_a_name_that_changes_and_designs_take(model):
    for table, names in (
        (hr.levers(elements=True), model.records.levers),
        (hr.parameters(elements=True), model.records.parameters),
    ):
        assert list(table.index) == [flat for name in names for flat in model.flat_names(name)]
        assert table[["low", "high", "value"]].notna().all().all()
        assert ((table.low <= table.value) & (table.value <= table.high)).all()


def test_a_number_of_a_whole_name_is_missing_where_elements_differ(model):
    table, flat = hr.parameters(), hr.parameters(elements=True)
    for name in table.index[table.over != ""]:
        values = {flat.value[each] for each in model.flat_names(name)}
        assert np.isnan(table.value[name]) == (len(values) > 1), name


def test_the_range_of_a_whole_name_spans_those_of_its_elements(model):
    for listed in (hr.parameters, hr.levers):
        table, flat = listed(), listed(elements=True)
        assert table[["low", "high"]].notna().all(axis=None)
        for name in table.index:
            own = flat.loc[list(model.flat_names(name))]
            assert (table.low[name], table.high[name]) == (own.low.min(), own.high.max()), name


def test_parameters_say_where_they_come_from():
    table = hr.parameters()
    assert (table[["unit", "source", "description"]] != "").all().all()
    assert set(table.grade) <= {"measured", "estimated", "calibrated", "assumed"}


def test_tables_of_inputs_have_the_column_of_documents():
    for elements in (False, True):
        for table in (hr.levers(elements=elements), hr.parameters(elements=elements)):
            assert table.document.map(type).eq(str).all()
    assert (hr.levers().document != "").all()


#: Documents that set or name the number of a parameter, and no lever.
OF_PARAMETERS_ALONE = {
    "Measures for urban and rural medical assistance funds, Ministry of Finance, No. 217 [2013], recalled",
    "Regulations on the supervision of the use of medical security funds, State Council Order No. 735, January 2021",
}


def test_a_parameter_names_a_document_only_if_it_is_known_and_says_what_stands_there():
    of_levers = {title.partition(": ")[0] for text in hr.levers().document for title in text.split("; ")}
    table = hr.parameters()
    named = table.document[table.document != ""]
    assert {
        "network_share",
        "later_deductible",
        "assistance_reserve_time",
        "maternity_merger_time",
        "audit_penalty",
    } <= set(named.index)
    for name, document in named.items():
        title, _, says = document.partition(": ")
        assert title in of_levers | OF_PARAMETERS_ALONE and says, name
    with_elements = hr.parameters(elements=True).document
    assert (with_elements["network_share[tertiary]"] == named["network_share"]) and with_elements[
        "wait_share[inpatient]"
    ] == ""


def test_variables_leave_out_what_was_made_for_delays(model):
    table, every = hr.variables(), hr.variables(generated=True)
    assert set(every.index) == set(model.variables)
    assert {model.variables[name].generated_by for name in table.index} == {None}
    assert {"stock", "flow", "auxiliary"} <= set(table.kind) and (table.description != "").all()


def test_equations_stand_as_their_authors_wrote_them(model):
    table = hr.equations()
    assert list(table.index) == list(hr.variables().index)
    assert (table.equation.str.len() > 0).all() and (table.latex.str.len() > 0).all()
    assert table.equation["cost_per_contact"] == "total(item_bill, bill_item)"
    assert table.equation["fund_reserve"].startswith("integral of ")
    assert "- claims_paid" in table.equation["fund_reserve"]
    assert "+/- beds_upgraded" in table.equation["beds"]
    for name in table.index[table.kind.isin(["smooth", "delay", "pipeline"])]:
        given = model.variables[name].declaration
        assert table.equation[name].startswith(f"{given.kind}(") and f"time={given.time}" in table.equation[name]
    assert not table.equation.str.contains("has changed").any()


def test_an_equation_is_found_by_file_and_line(model):
    table = hr.equations()
    row = table.loc["pay_per_worker"]
    text = Path(model.variables["pay_per_worker"].file).read_text(encoding="utf-8").splitlines()
    assert row.file == "compensation.py"
    assert any("def pay_per_worker" in line for line in text[row.line - 1 : row.line + 2])


def test_places_and_scenarios_are_listed():
    assert hr.places().title["china"] == "China"
    assert {"baseline", "no_reform", "linked_package", "all_at_once"} <= set(hr.scenarios().index)
    assert (hr.scenarios().description != "").all()
