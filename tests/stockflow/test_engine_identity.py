"""A run's bits depend on nothing but its own inputs."""

import functools
import time
import weakref
from dataclasses import replace

import numpy as np
import pytest
from engine_models import synthetic_model, with_year_ends
from hypothesis import given, settings
from hypothesis import strategies as st

from healthreform.stockflow import kernel
from healthreform.stockflow.compile import compile_model
from healthreform.stockflow.inputs import make_inputs
from healthreform.stockflow.machine import host
from healthreform.stockflow.paths import Path, PathBatch

RUNS = 61


@functools.cache
def sweep():
    """A model, inputs that differ in everything between runs, and each run's values computed alone."""
    made = synthetic_model(150, 20, 6, seed=11)
    made = replace(made, model=with_year_ends(made.model))
    rng = np.random.default_rng(11)
    numbers = {name: made.values[name] * rng.uniform(0.8, 1.2, RUNS) for name in made.model.parameters[:40]}
    paths = {}
    for name in made.model.paths[:4]:
        own = []
        for _ in range(RUNS):
            dates = 2010 + np.sort(rng.choice(160, rng.integers(1, 9), replace=False)) / 16
            dates = np.sort(np.concatenate([dates, dates[:1]]))
            own.append(Path(tuple(dates), tuple(rng.uniform(0.2, 1.5, len(dates)))))
        paths[name] = own
    compiled = compile_model(made.model)
    alone = [compiled.run(chosen(made, numbers, paths, [run]), 2010, 2013, 1 / 16).values[0] for run in range(RUNS)]
    return made, numbers, paths, compiled, np.array(alone)


def chosen(made, numbers, paths, runs):
    varied = {name: values[runs] for name, values in numbers.items()}
    varied |= {name: PathBatch.from_paths([own[run] for run in runs]) for name, own in paths.items()}
    return make_inputs(made.model, made.values, varied)


@settings(max_examples=40)
@given(st.lists(st.integers(0, RUNS - 1), min_size=1, max_size=70), st.integers(1, 4))
def test_a_run_has_the_same_bits_in_any_batch_at_any_position_on_any_number_of_threads(runs, threads):
    made, numbers, paths, compiled, alone = sweep()
    result = compiled.run(chosen(made, numbers, paths, runs), 2010, 2013, 1 / 16, threads)
    np.testing.assert_array_equal(result.values, alone[runs])


@pytest.mark.parametrize("chunk", [1, 7, 61, 100])
def test_chunks_hold_the_same_bits(chunk):
    made, numbers, paths, compiled, alone = sweep()
    inputs = chosen(made, numbers, paths, list(range(RUNS)))
    parts = list(compiled.run_chunks(inputs, 2010, 2013, 1 / 16, chunk=chunk))
    assert [part.runs for part in parts] == [min(chunk, RUNS - begin) for begin in range(0, RUNS, chunk)]
    np.testing.assert_array_equal(np.concatenate([part.values for part in parts]), alone)


@pytest.mark.parametrize("width", sorted({2, 4, host().width}))
def test_the_bits_do_not_depend_on_the_processor_s_vector_width(width):
    made, numbers, paths, _, alone = sweep()
    inputs = chosen(made, numbers, paths, list(range(RUNS)))
    result = compile_model(made.model, width=width).run(inputs, 2010, 2013, 1 / 16)
    np.testing.assert_array_equal(result.values, alone)


def test_a_varied_parameter_with_the_base_value_changes_no_bit():
    made, *_ = sweep()
    compiled = compile_model(made.model)
    base = compiled.run(make_inputs(made.model, made.values), 2010, 2013, 1 / 16)
    name = made.model.parameters[3]
    varied = make_inputs(made.model, made.values, {name: np.full(3, made.values[name])})
    np.testing.assert_array_equal(compiled.run(varied, 2010, 2013, 1 / 16).values, np.repeat(base.values, 3, axis=0))


def test_progress_reaches_the_number_of_runs():
    made, numbers, paths, compiled, _ = sweep()
    inputs = chosen(made, numbers, paths, list(range(RUNS)))
    for threads in (1, 2):
        seen = []
        compiled.run(inputs, 2010, 2010, 1 / 16, threads, progress=seen.append)
        assert seen[-1] == RUNS
        assert seen == sorted(seen)


def test_an_interrupt_ends_the_batch_at_once():
    made, numbers, paths, compiled, _ = sweep()
    inputs = chosen(made, numbers, paths, list(range(RUNS)))

    def interrupt(finished):
        raise KeyboardInterrupt

    for threads in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            compiled.run(inputs, 2010, 2010, 1 / 16, threads, progress=interrupt)


def test_what_is_computed_into_stays_while_a_thread_that_an_interrupt_lost_sight_of_works(monkeypatch):
    made, numbers, paths, compiled, _ = sweep()
    inputs, arrays, threads = chosen(made, numbers, paths, list(range(RUNS))), [], []
    honest = kernel.Recorded

    def noted(*given):
        arrays.extend(map(weakref.ref, given))
        return honest(*given)

    def interrupted(compute, *_):
        threads.append(compute)
        raise KeyboardInterrupt

    monkeypatch.setattr(kernel, "Recorded", noted)
    monkeypatch.setattr(kernel, "_spread", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compiled.run(inputs, 2010, 2010, 1 / 16, 2)
    assert arrays and all(array() is not None for array in arrays)
    assert threads.pop()(0, RUNS) == RUNS
    assert all(array() is None for array in arrays)


def test_an_interrupt_while_tasks_are_handed_out_leaves_the_rest_undone():
    done = []

    class Interrupted(list):
        def __iter__(self):
            yield from self[:500]
            raise KeyboardInterrupt

    def compute(begin, end):
        time.sleep(0.001)
        done.append(begin)
        return end - begin

    with pytest.raises(KeyboardInterrupt):
        kernel._spread(compute, Interrupted((at, at + 1) for at in range(1000)), 2, None)
    assert len(done) < 500
