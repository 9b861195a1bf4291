"""Links that can be cut: whole they change nothing, cut they read what is held; what cannot be cut is refused."""

from __future__ import annotations

import numpy as np
import pytest
from language_clinic import clinic
from language_models import epidemic, predator_and_prey

from healthreform.stockflow import ModelError
from healthreform.stockflow.cut import Cut, with_cuts
from healthreform.stockflow.graph import Graph
from healthreform.stockflow.interpret import Interpreter
from healthreform.stockflow.paths import Path

CHASE = Cut("predators", "kills")


def test_a_link_that_is_whole_changes_no_number_and_the_model_is_another():
    model = predator_and_prey()
    cut = with_cuts(model, [CHASE, Cut("prey", "births")])
    assert cut.hash != model.hash
    assert CHASE.seen not in model.variables and CHASE.held not in model.records.drivers
    one, other = (Interpreter(each).run(2010, 2014) for each in (model, cut))
    for name, values in one.values.items():
        np.testing.assert_array_equal(values, other.values[name])


def test_a_link_that_is_cut_reads_what_is_held():
    cut = with_cuts(predator_and_prey(), [CHASE])
    run = Interpreter(cut, {CHASE.switch: 1.0}, {CHASE.held: 7.0}).run(2010, 2012, every_step=True)
    assert (run.values[CHASE.seen] == 7.0).all()
    hunting = cut.parameter_values()["hunting"]
    np.testing.assert_allclose(run.values["kills"], 7.0 * hunting * run.values["prey"], rtol=1e-12)
    assert run.values["predators"][-1] != 7.0


def test_held_on_its_own_path_a_cut_link_changes_nothing_but_the_error_between_steps():
    model = with_cuts(predator_and_prey(), [CHASE])
    whole = Interpreter(model).run(2010, 2013, 1 / 64, every_step=True)
    held = Path(tuple(whole.time), tuple(whole.values["predators"]))
    cut = Interpreter(model, {CHASE.switch: 1.0}, {CHASE.held: held}).run(2010, 2013, 1 / 64, every_step=True)
    for name in ("prey", "predators", "kills"):
        np.testing.assert_allclose(cut.values[name], whole.values[name], rtol=1e-4)


def test_a_cut_opens_the_loop_and_leaves_the_others_closed():
    cut = with_cuts(predator_and_prey(), [CHASE])
    assert Graph(cut, parameters={CHASE.switch: 0.0}).loop(["prey", "kills"]).polarity == "balancing"
    opened = Graph(cut, parameters={CHASE.switch: 1.0}, paths={CHASE.held: 5.0})
    assert opened.loop(["predators", CHASE.seen, "kills", "cubs"]).polarity == "inactive"
    assert opened.loop(["prey", "kills"]).polarity == "balancing"


def test_a_link_over_subscripts_is_held_element_by_element():
    link = Cut("pay_seen", "drawn_up")
    cut = with_cuts(clinic(), [link])
    assert cut.over(link.held) == cut.over("pay") and cut.unit(link.held) == cut.unit("pay")
    interpreter = Interpreter(cut, {link.switch: 1.0}, {f"{link.held}[primary]": 3.0, f"{link.held}[tertiary]": 5.0})
    values = interpreter.values(2010.0, interpreter.begin(2010.0))
    assert list(values[link.seen].values) == [
        {"primary": 3.0, "tertiary": 5.0}[e] for e in values[link.seen].over[0].elements
    ]
    assert list(values["pay_seen"].values) != list(values[link.seen].values)


def test_what_goes_into_a_delay_can_be_cut():
    cut = with_cuts(epidemic(), [Cut("infection_pressure", "onset_inflow")])
    assert "infection_pressure_seen_by_onset_inflow" in cut.variables["onset_inflow"].arguments


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("predator", "kills", "'predator' is no variable of this model; nearest valid name: predators"),
        ("predators", "kill", "'kill' is no variable of this model; nearest valid name: kills"),
        ("kills", "prey", "'prey' is a stock, moved by flows; cut a link to an equation"),
        ("predators", "births", "'births' does not read 'predators'; it reads: prey"),
        ("hunting", "kills", "'hunting' is no variable of this model"),
    ],
)
def test_a_link_that_cannot_be_cut_is_refused_in_one_line(source, target, message):
    with pytest.raises(ModelError, match=message) as error:
        with_cuts(predator_and_prey(), [Cut(source, target)])
    assert "\n" not in str(error.value)
