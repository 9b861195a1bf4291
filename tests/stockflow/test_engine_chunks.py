"""The equations cut into chunks: nothing lost, nothing overwritten, the same bits however they are cut."""

import numpy as np
import pytest
from engine_models import apply, model
from synthetic import synthetic_model

from healthreform.stockflow import chunks
from healthreform.stockflow.chunks import divide
from healthreform.stockflow.compile import compile_model
from healthreform.stockflow.expression import names_in
from healthreform.stockflow.inputs import make_inputs
from healthreform.stockflow.layout import Options, default_keep, needed_equations, plan


def layout_of(flat, keep=None):
    return plan(flat, Options(default_keep(flat) if keep is None else keep, "rk4", False, 8))


@pytest.fixture
def made():
    return synthetic_model(220, 40)


@pytest.mark.parametrize("largest", [1, 60, 400, 10**6])
def test_every_needed_equation_is_computed_once_and_after_what_it_reads(made, monkeypatch, largest):
    monkeypatch.setattr(chunks, "LARGEST_CHUNK", largest)
    layout = layout_of(made.model, made.model.stocks)
    written = [name for chunk in divide(layout).chunks for name, _ in chunk.equations]
    expressions = dict(made.model.equations)
    assert sorted(written) == sorted(set(expressions) & needed_equations(layout))
    place = {name: index for index, name in enumerate(written)}
    for name in written:
        assert all(place[part] < place[name] for part in names_in(expressions[name]) if part in expressions)


@pytest.mark.parametrize("largest", [1, 60, 400])
def test_a_slot_holds_its_value_until_the_last_chunk_that_reads_it(made, monkeypatch, largest):
    """Played through: each chunk reads its slots, and finds what it means to read."""
    monkeypatch.setattr(chunks, "LARGEST_CHUNK", largest)
    division = divide(layout_of(made.model))
    assert len(division.chunks) > 1
    slots, expressions = {}, dict(made.model.equations)
    for chunk in division.chunks:
        own = {name for name, _ in chunk.equations}
        reads = {part for _, e in chunk.equations for part in names_in(e) if part in expressions}
        reads |= {flow for stock in chunk.stocks for _, flow in made.model.rates[stock]}
        assert reads - own == set(chunk.loaded)
        for name, slot in chunk.loaded.items():
            assert slots[slot] == name
        for name, slot in chunk.stored.items():
            assert slot < division.slots
            slots[slot] = name
    assert sorted(stock for chunk in division.chunks for stock in chunk.stocks) == list(range(len(made.model.stocks)))


def test_the_bits_do_not_depend_on_the_cuts(made, monkeypatch):
    inputs = make_inputs(made.model, made.values)
    results = []
    for largest in (30, 400, 10**6):
        monkeypatch.setattr(chunks, "LARGEST_CHUNK", largest)
        results.append(compile_model(made.model).run(inputs, 2010, 2012, 1 / 16).values)
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


def growing(power):
    """A stock that grows at the rate ``base ** power``, and another that adds up what that comes to."""
    equations = {"growth": apply("power", "base", power), "grown": apply("multiply", "growth", "y")}
    rates = {"y": ((1, "growth"),), "z": ((1, "grown"),)}
    return model({"y": 1.0, "z": 0.0}, equations, rates, parameters=("base",))


def test_a_chunk_that_is_done_again_adds_up_once():
    """A base of nought needs the thorough form at every stage, for the whole vector; the other runs must not notice."""
    flat = growing(0.7)
    mixed = compile_model(flat).run(make_inputs(flat, {}, {"base": np.array([0.0, 2.0, 3.0])}), 2010, 2012, 1 / 16)
    plain = compile_model(flat).run(make_inputs(flat, {}, {"base": np.array([2.0, 2.0, 3.0])}), 2010, 2012, 1 / 16)
    np.testing.assert_array_equal(mixed.values[1:], plain.values[1:])
    assert mixed["growth"][0].tolist() == [0.0, 0.0, 0.0]
    assert mixed["y"][0].tolist() == [1.0, 1.0, 1.0]
    np.testing.assert_allclose(plain["y"][0], 1.0 + 2.0**0.7 * np.arange(1, 4), rtol=1e-14)


def test_a_run_that_fails_leaves_its_neighbours_their_bits():
    flat = growing(-1.0)
    inputs = make_inputs(flat, {}, {"base": np.array([0.0, 2.0, 3.0])})
    result = compile_model(flat).run(inputs, 2010, 2012, 1 / 16)
    assert [failure.run for failure in result.failures] == [0]
    assert np.isnan(result.values[0]).all()
    alone = compile_model(flat).run(inputs.part(1, 3), 2010, 2012, 1 / 16)
    np.testing.assert_array_equal(result.values[1:], alone.values)
