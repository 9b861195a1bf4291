"""The dependency graph: links and their signs, loops and their polarity, what sectors take from one another."""

from __future__ import annotations

import pytest
from language_clinic import clinic
from language_helpers import UNITS, model_from, module_from, parameter, records_from
from language_models import epidemic, predator_and_prey, workforce_chain

from healthreform.stockflow import ModelError, build
from healthreform.stockflow.graph import Graph, Loop


def test_a_variable_depends_on_its_arguments_and_a_stock_on_its_flows():
    graph = Graph(predator_and_prey())
    assert graph.depends_on("kills") == ("prey", "predators", "hunting")
    assert graph.depends_on("prey") == ("births", "kills")
    assert graph.acts_on("kills") == ("prey", "cubs")
    assert graph.acts_on("hunting") == ("kills",)
    assert graph.depends_on("hunting") == ()
    with pytest.raises(ModelError, match="'prei' is no variable or input of this model; nearest valid name: prey"):
        graph.depends_on("prei")


def test_the_sign_of_a_link_is_that_of_its_derivative():
    graph = Graph(predator_and_prey())
    assert [graph.sign("births", "prey"), graph.sign("kills", "prey"), graph.sign("prey", "kills")] == [1, -1, 1]
    with pytest.raises(ModelError, match="'births' does not depend on 'predators'; it depends on: prey, birth_rate"):
        graph.sign("predators", "births")


def test_the_loops_of_predator_and_prey_are_those_of_the_textbook():
    graph = Graph(predator_and_prey())
    found = {loop.names: loop.polarity for loop in graph.shortest_loops()}
    assert found == {
        ("prey", "births"): "reinforcing",
        ("prey", "kills"): "balancing",
        ("predators", "starvation"): "balancing",
        ("predators", "kills", "cubs"): "reinforcing",
    }
    chase = graph.loop(["prey", "kills", "cubs", "predators", "kills"])
    assert chase.polarity == "balancing"
    assert str(graph.loop(["prey", "births"])) == "prey -(+)-> births -(+)-> prey: reinforcing"


def test_a_loop_that_is_not_there_names_its_missing_link():
    graph = Graph(predator_and_prey())
    with pytest.raises(ModelError, match="no loop: 'cubs' does not act on 'prey', which depends on: births, kills"):
        graph.loop(["prey", "kills", "cubs"])
    assert graph.loop(["prey", "cubs"], fill=True).names == ("prey", "kills", "cubs", "predators", "kills")
    with pytest.raises(ModelError, match="at least one name"):
        graph.loop([])
    with pytest.raises(ModelError, match="no loop: 'hunting' does not act on 'hunting'"):
        graph.loop(["hunting"])


def test_what_a_delay_or_smooth_is_made_of_need_not_be_named():
    loop = Graph(epidemic()).loop(["infectious", "infection_pressure", "onset", "recovery"], fill=True)
    assert loop.names[0] == "infectious"
    named = Graph(epidemic()).loop(["infectious", "infection_pressure", "onset"], fill=True)
    assert "onset_stage_2" in named.names
    strict = Graph(clinic()).loop(["pay", "pay_seen", "drawn_up", "doctors"])
    assert strict.names[:3] == ("pay", "pay_seen_input", "pay_seen_adjustment_1")


def test_elements_that_disagree_make_a_link_mixed_and_naming_one_settles_it():
    graph = Graph(clinic())
    assert graph.sign("drawn_up", "doctors") is None
    assert graph.sign("drawn_up", "doctors[primary]") == -1
    assert graph.sign("drawn_up", "doctors[tertiary]") == 1
    assert graph.loop(["doctors", "drawn_up"]).polarity == "mixed"
    assert graph.loop(["doctors[primary]", "drawn_up"]).polarity == "balancing"
    assert graph.sign("doctors[primary]", "drawn_up") == 1
    assert graph.sign("doctors[tertiary]", "drawn_up") == 0
    with pytest.raises(ModelError, match=r"'doctors\[secondary\]': 'doctors' has no such element"):
        graph.sign("drawn_up", "doctors[secondary]")


def test_a_link_without_effect_at_the_start_makes_a_loop_inactive():
    text = '''
    @stock("item")
    def level(start):
        """Level."""
        return start

    @flow("item/year", out_of="level")
    def overflow(level, brim, speed):
        """Only what stands above the brim."""
        return maximum(level - brim, 0) * speed
    '''
    toml = [parameter("start", 1, "item"), parameter("brim", 5, "item"), parameter("speed", 1, "1/year")]
    model = model_from(text, *toml)
    assert Graph(model).loop(["level", "overflow"]).polarity == "inactive"
    full = Graph(model, parameters={"start": 9.0})
    assert full.loop(["level", "overflow"]).polarity == "balancing"


def test_a_references_value_is_no_link():
    graph = Graph(clinic())
    assert graph.depends_on("pay_at_start") == ()


@pytest.mark.parametrize(
    ("signs", "polarity"),
    [
        ((1, 1), "reinforcing"),
        ((-1, 1), "balancing"),
        ((-1, -1), "reinforcing"),
        ((0, None), "inactive"),
        ((1, None), "mixed"),
    ],
)
def test_polarity_is_the_product_of_the_signs(signs, polarity):
    assert Loop(("a", "b"), signs).polarity == polarity


def test_every_loop_found_is_a_loop():
    model = workforce_chain()
    graph = Graph(model)
    loops = graph.shortest_loops()
    assert len(loops) >= 4
    for loop in loops:
        assert graph.loop(loop.names).names == loop.names
        for source, target in zip(loop.names, [*loop.names[1:], loop.names[0]], strict=True):
            assert source in graph.depends_on(target)
    assert all("staff" in loop.names for loop in graph.shortest_loops(["staff"]))


def test_what_a_sector_takes_from_which_is_listed():
    one = module_from('@auxiliary("year")\ndef a(p):\n    """A."""\n    return 2 * p\n', "house.first")
    two = module_from('@auxiliary("year")\ndef b(a, p):\n    """B."""\n    return a + p\n', "house.second")
    model = build([one, two], records_from(parameter("p", 1, "year"), units=UNITS))
    assert Graph(model).sector_table() == {("second", "first"): ("a",)}
