"""Named loops: the equations close each of them with the polarity declared, and a wrong declaration is told."""

from __future__ import annotations

import pytest

import healthreform as hr
from healthreform import check_model
from healthreform.named_loops import NamedLoop, read_loops
from healthreform.place import Place


@pytest.mark.parametrize("name", read_loops())
def test_every_named_loop_is_closed_by_the_equations_with_its_polarity(name):
    loop = read_loops()[name]
    assert loop.found(Place.load("china")).polarity == loop.polarity


def test_at_least_twelve_loops_are_named():
    table = hr.loops()
    assert len(table) >= 12 and (table.polarity == table.declared).all()
    assert table.links["fund_solvency"].startswith("deficit_share -(+)-> benefit_cut -(-)-> ")


def test_a_loop_the_equations_do_not_close_is_refused():
    loop = NamedLoop("wrong", "Wrong", "balancing", "", ("gdp", "fund_reserve"), {})
    with pytest.raises(hr.RecordError, match="loop 'wrong': no loop: 'fund_reserve' does not act on 'gdp'"):
        loop.found(Place.load("china"))


def test_a_loop_through_an_unknown_variable_offers_the_nearest():
    loop = NamedLoop("wrong", "Wrong", "balancing", "", ("fund_reserv",), {})
    with pytest.raises(hr.RecordError, match="nearest valid name: fund_reserve"):
        loop.found(Place.load("china"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 3", "3 must be a table"),
        ("[a]\ntitle = 't'\npolarity = 'balancing'", "the key 'variables' is missing"),
        (
            "[a]\ntitle = 't'\npolarity = 'balanced'\nvariables = ['x']",
            "'balanced' is not one of balancing, reinforcing",
        ),
        ("[a]\ntitle = 't'\npolarity = 'balancing'\nvariables = []", "must be a list of names"),
        ("[a]\ntitle = 3\npolarity = 'balancing'\nvariables = ['x']", "title: 3 must be text"),
        (
            "[a]\ntitle = 't'\npolarity = 'balancing'\nvariables = ['x']\nstat = {}",
            "unknown key; nearest valid name: state",
        ),
        (
            "[a]\ntitle = 't'\npolarity = 'balancing'\nvariables = ['x']\nstate = {y = 'z'}",
            "must be a table of numbers",
        ),
    ],
)
def test_a_wrong_declaration_of_a_loop_names_the_key(tmp_path, text, message):
    file = tmp_path / "loops.toml"
    file.write_text(text)
    with pytest.raises(hr.RecordError, match=message):
        read_loops(file)


def test_a_loop_with_another_polarity_fails(monkeypatch):
    loop = NamedLoop("chronic", "Chronic", "reinforcing", "", ("chronic_managed", "enrolment"), {})
    monkeypatch.setattr(check_model, "read_loops", lambda: {"chronic": loop})
    (finding,) = check_model._loops(Place.load("china"))
    assert not finding.passed and "balancing, 2 links, declared reinforcing" in finding.result
