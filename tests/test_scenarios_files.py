"""Scenario and place files: what they may say, what they do to history, and that each that ships runs."""

from __future__ import annotations

import numpy as np
import pytest

import healthreform as hr
from healthreform.changes import freeze, splice
from healthreform.headed_file import shipped_names
from healthreform.place import Place
from healthreform.scenario import Scenario

HISTORY = ((2010.0, 0.0), (2020.0, 1.0))


@pytest.fixture(scope="module")
def model():
    return Place.load("china").model


@pytest.fixture
def write(tmp_path):
    def to_file(text, name="mine"):
        file = tmp_path / f"{name}.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return to_file


def test_a_change_jumps_from_what_history_had_reached():
    assert splice(HISTORY, ((2015.0, 0.2), (2016.0, 0.3))) == (
        (2010.0, 0.0), (2015.0, 0.5), (2015.0, 0.2), (2016.0, 0.3)
    )  # fmt: skip


def test_a_change_that_begins_where_history_is_makes_no_jump():
    assert splice(HISTORY, ((2015.0, 0.5), (2016.0, 0.3))) == ((2010.0, 0.0), (2015.0, 0.5), (2016.0, 0.3))


def test_a_change_before_all_history_replaces_it():
    assert splice(HISTORY, ((0.0, 0.7),)) == ((0.0, 0.7),)


def test_a_change_takes_over_from_a_jump_on_its_own_date():
    jump = ((2010.0, 0.0), (2015.0, 0.0), (2015.0, 1.0))
    assert splice(jump, ((2015.0, 0.4),)) == ((2010.0, 0.0), (2015.0, 0.0), (2015.0, 0.4))


def test_freezing_holds_levers_and_lets_drivers_run(model):
    frozen = freeze(model, model.records, 2015.0)
    assert frozen.drivers == model.records.drivers
    for lever in frozen.levers.values():
        assert all(points[-1][0] <= 2015.0 for points in lever.path.values())
    assert model.records.levers != frozen.levers


@pytest.mark.parametrize("name", shipped_names("scenarios"))
def test_every_scenario_runs_conserves_and_maps_its_provisions(name):
    scenario = Scenario.load(name)
    assert scenario.description
    assert len(hr.simulate("china", name).time) == 31


#: What was enacted, what would have been without it, and a path that begins in the past.
OF_THE_PAST = {"baseline", "no_reform", "sanming_path"}


@pytest.mark.parametrize("name", sorted(set(shipped_names("scenarios")) - OF_THE_PAST))
def test_every_reform_leaves_the_past_alone_and_moves_the_future(name):
    base, reform = hr.simulate("china", "baseline"), hr.simulate("china", name)
    outcomes = hr.variables().query("outcome").index
    for outcome in outcomes:
        assert base[outcome].sel(time=slice(None, 2025)).equals(reform[outcome].sel(time=slice(None, 2025))), outcome
    assert any(not base[outcome].equals(reform[outcome]) for outcome in outcomes)


def test_the_package_and_all_at_once_end_with_the_same_levers(model):
    def ends(name):
        levers = Scenario.load(name).apply(model).levers.values()
        return {(lever.name, key): path[-1][1] for lever in levers for key, path in lever.path.items()}

    assert ends("linked_package") == ends("all_at_once")
    assert Scenario.load("linked_package").changes != Scenario.load("all_at_once").changes


def test_a_scenario_stands_on_another_and_has_the_last_word(write, model):
    write('title = "Below"\n[changes]\nfixed_pay_share = 0.3\ndrug_mark_up = 0.1\n', "below")
    top = write('title = "Top"\nbased_on = "below"\n[changes]\nfixed_pay_share = 0.9\n', "top")
    levers = Scenario.load(top).apply(model).levers
    assert {points[0][1] for points in levers["fixed_pay_share"].path.values()} == {0.9}
    assert {points[0][1] for points in levers["drug_mark_up"].path.values()} == {0.1}


def test_freezing_comes_before_the_scenarios_own_changes(write, model):
    file = write('title = "T"\nfreeze = 2012.0\n[changes]\ndrug_mark_up = [[2020.0, 0.0]]\n')
    path = Scenario.load(file).apply(model).levers["drug_mark_up"].path[("tertiary",)]
    assert path[-1] == (2020.0, 0.0) and path[-2][0] == 2020.0 and path[-2][1] == pytest.approx(0.15)


def test_a_place_file_beside_the_data_is_a_place(write):
    china = Place.load("china").model.parameter_values()["inducement_limit"]
    other = float(hr.parameters().low["inducement_limit"])
    file = write(f'title = "Elsewhere"\nstart = 2010\n[values]\ninducement_limit = {other}\n', "elsewhere")
    place = hr.Place.load(file)
    assert (place.name, place.title) == ("elsewhere", "Elsewhere")
    assert place.model.parameter_values()["inducement_limit"] == other != china
    assert Place.load("china").model.parameter_values()["inducement_limit"] == china


WRONG = {
    "titel = 'x'": "unknown key 'titel'; nearest valid name: title",
    "description = 'x'": "the key 'title' is missing",
    "title = 3": "title: 3 must be text",
    "title = ''": "title: '' must be text, and not empty",
    "title = 'x'\nfreeze = 'then'": "freeze: 'then' must be a finite number",
    "title = 'x'\nfreeze = nan": "freeze: nan must be a finite number",
    "title = 'x'\nchanges = 3": "changes: 3 must be a table",
    "title = 'x'\nnot_modelled = 'y'": "not_modelled: 'y' must be a list of texts",
    "title = 'x'\nbased_on = 'baselin'": "based_on: unknown scenario 'baselin'; nearest valid name: baseline",
    "title = 'x'\nbased_on = 'mine'": "based_on: circular: mine -> mine",
    "title = 'x'\n[provisions]\ndrug_mark_up = 'y'": "provisions.drug_mark_up: [changes] does not change it",
    "title = 'x'\n[changes]\ndrug_mark_up = 0\n[provisions]\ndrug_mark_up = ''": "drug_mark_up: '' must be text",
    "title = 'x'\n[changes]\ndrug_markup = 0": "nearest valid name: drug_mark_up",
    "title = 'x'\n[changes]\ndrug_mark_up = 7": "drug_mark_up.path: 7 is out of its range",
    "title = 'x'\n[changes]\ndrug_mark_up = 'much'": "'much' is text; a number goes here",
    "title = 'x'\n[changes]\ndrug_mark_up = [[2030, 0], [2020, 0]]": "dates are out of order: 2020 comes after 2030",
    "title = 'x'\n[changes]\n'drug_mark_up[tertary]' = 0": "is no element of it; nearest valid name: tertiary",
    "title = 'x'\n[changes]\ndrug_mark_up = 0\n'drug_mark_up[tertiary]' = 0": "overlap; change each value once",
    "title = 'x'\n[changes]\n'payroll_limit[tertiary]' = 2": "nested too deeply",
    "title = 'x'\n[changes]\ndrug_mark_up = [[2130, 0]]": "the date 2130 is outside the run, 2010 to 2041",
    "title = 'x'\n[changes]\ndrug_mark_up = [[1999, 0]]": "the date 1999 is outside the run, 2010 to 2041",
    "title = 'x'\nfreeze = 1800": "freeze: the date 1800 is outside the run, 2010 to 2041",
    "title = 'x'\nfreeze = 2050": "freeze: the date 2050 is outside the run, 2010 to 2041",
    "title = 'x'\nplace = 'chian'": "place: unknown place 'chian'; nearest valid name: china",
    "title = 'x'\nplace = 'chian.toml'": "place: chian.toml: there is no such file",
    'title = "x\\u0000y"': "title: it holds a character that cannot be printed",
}


def test_a_scenarios_dates_may_lie_after_the_year_at_which_a_run_is_to_stop(write):
    late = write("title = 'x'\nfreeze = 2022\n[changes]\npayroll_limit = [[2025, 2.0], [2028, 2.5]]\n")
    none = write("title = 'x'\n", "none")
    early, plain = hr.simulate("china", late, stop=2015), hr.simulate("china", none, stop=2015)
    for name in plain.data_vars:  # a ramp that is cut in two at the freeze is rounded once more
        np.testing.assert_allclose(early[name], plain[name], rtol=1e-12, err_msg=name)


def test_a_longer_run_may_have_later_dates(write):
    late = write("title = 'x'\nbased_on = 'baseline'\n[changes]\npayroll_limit = [[2045, 2.5]]\n")
    run = hr.simulate("china", late, stop=2046)
    assert float(run["payroll_limit"].sel(time=2046)) == 2.5
    with pytest.raises(hr.RecordError, match="the date 2045 is outside the run, 2010 to 2041"):
        hr.simulate("china", late, stop=2040)


def test_a_scenarios_dates_may_lie_before_the_start_of_a_place_that_begins_later(write):
    early = write("title = 'x'\nfreeze = 2010\n[changes]\npayroll_limit = [[2010, 2.0], [2012, 2.2]]\n")
    assert Place.load("sanming").start > 2010
    assert float(hr.simulate("sanming", early, stop=2013)["payroll_limit"].sel(time=2013)) == pytest.approx(2.2)


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=range(len(WRONG)))
def test_a_wrong_scenario_file_is_one_line_that_names_file_and_key(write, text, message):
    with pytest.raises(hr.RecordError) as caught:
        hr.simulate("china", write(text), stop=2010)
    assert message in str(caught.value) and "mine.toml" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    {
        "title = 'x'": "the key 'start' is missing",
        "title = 'x'\nstart = 2010.5": "start: 2010.5 must be a calendar year",
        "title = 'x'\nstart = true": "start: True must be a calendar year",
        "title = 'x'\nstart = inf": "start: inf must be a calendar year",
        "title = 'x'\nstart = 2010\n[values]\ngdpp = 3": "'gdpp' is no parameter, lever, driver or table",
        "title = 'x'\nstart = 2010\n[values]\npayroll_limit = 99": "99 is out of its range",
    }.items(),
)
def test_a_wrong_place_file_is_one_line_that_names_file_and_key(write, text, message):
    with pytest.raises(hr.RecordError) as caught:
        hr.simulate(write(text), stop=2010)
    assert message in str(caught.value) and "mine.toml" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(hr.scenarios().index))
def test_every_lever_that_a_shipped_scenario_moves_has_its_provision(name):
    scenario = Scenario.load(name)
    assert set(scenario.changes) <= set(scenario.provisions)
