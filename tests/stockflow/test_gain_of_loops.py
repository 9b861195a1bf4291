"""The gain of a loop, on models whose gains are known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from language_helpers import model_from, parameter

from healthreform.stockflow import ModelError
from healthreform.stockflow.graph import Graph, Loop
from healthreform.stockflow.round_trip import Moment

FADING = '''
@stock("item")
def level(start):
    """Follows its target, which follows it."""
    return start

@auxiliary("item")
def target(level, base, share):
    """What it moves to."""
    return base + share * level

@flow("item/year", into="level")
def filling(target, level, delay_time):
    """To its target."""
    return (target - level) / delay_time
'''
NAMES = ("level", "target", "filling")


def moment(model, **parameters):
    values = {**model.parameter_values(), **parameters}
    paths = {name: points[-1][1] for name, points in model.path_points().items()}
    return Moment(model, 2010.0, values, paths)


def fading(start=4.0, base=2.0, share=0.5):
    records = [parameter("start", start, "item"), parameter("base", base, "item")]
    return model_from(FADING, *records, parameter("share", share), parameter("delay_time", 3, "year"))


def gain(model, names, **parameters):
    loop = Graph(model).loop(names)
    found = moment(model, **parameters).gain(loop)
    return float(found[0]) if len(found) == 1 else found


@pytest.mark.parametrize("share", [0.0, 0.25, 0.9, -0.5])
def test_in_a_steady_state_the_gain_is_the_product_of_the_slopes(share):
    model = fading(start=2.0 / (1 - share), share=share)
    assert gain(model, NAMES) == pytest.approx(share)


def test_what_a_gain_says_is_what_the_closed_loop_does():
    """A step of the base ends at one over one minus the gain times itself."""
    share = gain(fading(), NAMES)
    ends = []
    for base in (2.0, 2.02):
        found = fading(start=base / (1 - 0.5), base=base)
        ends.append(found.parameter_values()["start"])
    assert (ends[1] - ends[0]) / 0.02 == pytest.approx(1 / (1 - share))


def test_it_does_not_matter_where_a_loop_is_entered():
    model = fading()
    found = {gain(model, [*NAMES[place:], *NAMES[:place]]) for place in range(3)}
    assert max(found) - min(found) < 1e-12


def test_many_cases_at_once_give_what_each_gives_alone():
    found = gain(fading(start=4.0), NAMES, share=np.array([0.1, 0.5, 0.7]))
    alone = [gain(fading(start=4.0, share=share), NAMES) for share in (0.1, 0.5, 0.7)]
    np.testing.assert_allclose(found, alone, rtol=1e-12)


GROWING = '''
@stock("item")
def stock_of_it(start):
    """What there is."""
    return start

@flow("item/year", into="stock_of_it")
def coming(stock_of_it, rate, elasticity, one_item):
    """A power of what there is."""
    return rate * one_item * (stock_of_it / one_item) ** elasticity

@flow("item/year", out_of="stock_of_it")
def going(stock_of_it, life):
    """At the end of its life."""
    return stock_of_it / life
'''


@pytest.mark.parametrize("life", [20.0, 1e6])
@pytest.mark.parametrize("elasticity", [0.3, 0.8])
def test_in_balanced_growth_the_gain_is_the_elasticity_whatever_the_life_of_things(elasticity, life):
    records = [parameter("start", 1.0, "item"), parameter("rate", 0.1, "1/year"), parameter("one_item", 1.0, "item")]
    model = model_from(GROWING, *records, parameter("elasticity", elasticity), parameter("life", life, "year"))
    assert gain(model, ("stock_of_it", "coming")) == pytest.approx(elasticity)


OVER = '''
side = Subscript("side", ["left", "right"])

@smooth("item", over=side, time="delay_time", start="start")
def level(goal):
    """Follows its goal."""
    return goal

@auxiliary("item", over=side)
def goal(level, base, own, other):
    """Moved by its own level and by the other's."""
    return base + by(side, left=own["left"] * level["left"] + other["left"] * level["right"],
                           right=own["right"] * level["right"] + other["right"] * level["left"])
'''


def test_over_subscripts_the_gain_is_the_largest_eigenvalue():
    sides = [{"left": 0.3, "right": 0.1}, {"left": 0.4, "right": 0.9}]
    levels = np.linalg.solve(np.eye(2) - np.array([[0.3, 0.4], [0.9, 0.1]]), [1.0, 1.0])
    start = {"left": float(levels[0]), "right": float(levels[1])}
    model = model_from(
        OVER,
        parameter("start", start, "item", "side"),
        parameter("base", 1, "item"),
        parameter("own", sides[0], over="side"),
        parameter("other", sides[1], over="side"),
        parameter("delay_time", 2, "year"),
    )
    expected = max(np.linalg.eigvals([[0.3, 0.4], [0.9, 0.1]]).real)
    assert gain(model, ["level", "goal", "level_input", "level_adjustment_1"]) == pytest.approx(expected)
    left = gain(model, ["level[left]", "goal[left]", "level_input[left]", "level_adjustment_1[left]"])
    assert left == pytest.approx(0.3)


def test_at_a_kink_the_steeper_side_counts():
    text = FADING.replace("base + share * level", "base + maximum(share * (level - start), 0) + start - base").replace(
        "def target(level, base, share)", "def target(level, base, share, start)"
    )
    records = [parameter("start", 4, "item"), parameter("base", 2, "item"), parameter("share", 0.6)]
    assert gain(model_from(text, *records, parameter("delay_time", 3, "year")), NAMES) == pytest.approx(0.6)


def test_a_stock_that_does_not_settle_makes_the_gain_infinite():
    text = FADING.replace("(target - level) / delay_time", "target / delay_time").replace("target, level, ", "target, ")
    model = model_from(
        text, parameter("start", 0, "item"), parameter("base", 2, "item"), parameter("share", 0.5),
        parameter("delay_time", 3, "year"),
    )  # fmt: skip
    assert gain(model, NAMES) == np.inf


def test_a_name_of_another_model_is_refused():
    with pytest.raises(ModelError, match="'coming' is no variable of this model"):
        moment(fading()).gain(Loop(("level", "coming"), (1, 1)))
