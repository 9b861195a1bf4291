"""The benchmark compares like with like, and says what it could not run."""

import multiprocessing

import numpy as np
import pytest

from engine_models import host, synthetic_model  # isort: skip - it knows where the benchmarks are

import engines
import run_c

MADE = synthetic_model(60, 8, 4, seed=3)


def built():
    inputs = engines.spread(MADE.values, MADE.model, 16)
    return engines.build(MADE.model, MADE.values, inputs, engines.some_names(MADE.model, 12))


@pytest.mark.skipif(run_c.gcc() is None, reason="gcc is not installed")
def test_all_engines_agree_before_they_are_timed():
    found, notes = built()
    names = {engine.name for engine in found}
    assert {"this engine", "two threads", "scalar C", "NumPy", "SciPy RK45"} <= names
    assert ("vector C" in names) == (host().width == 8)
    assert notes[-1].startswith("largest relative differences: two threads 0.0e+00")


def test_an_engine_that_cannot_be_run_is_named(monkeypatch):
    monkeypatch.setattr(engines, "gcc", lambda: None)
    found, notes = built()
    assert "scalar C could not be run: gcc is not installed" in notes
    assert "scalar C" not in {engine.name for engine in found}


def test_engines_that_differ_are_not_timed():
    values = np.ones((2, 3, 4))
    engines.agree("same", values, values, 1e-12)
    with pytest.raises(AssertionError, match=r"other differs by 0\.1"):
        engines.agree("other", values * 1.1, values, 1e-12)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
def test_two_processes_share_out_all_runs():
    done = multiprocessing.get_context("fork").Queue()
    processes = engines.TwoProcesses(lambda part: done.put(part.runs), engines.spread(MADE.values, MADE.model, 17))
    for _ in range(2):
        processes()
    assert sorted(done.get(timeout=10) for _ in range(4)) == [8, 8, 9, 9]


def test_a_system_that_cannot_fork_is_told(monkeypatch):
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    found, notes = built()
    assert "two processes could not be run: this system cannot fork" in notes
    assert "two processes" not in {engine.name for engine in found}


def test_rounds_interleave_the_engines_in_rotated_order():
    calls = []
    turns = [engines.Engine(name, lambda name=name: calls.append(name)) for name in "abc"]
    seconds = engines.interleave(turns, 3)
    assert "".join(calls) == "abcbcacab"
    assert all(len(times) == 3 for times in seconds.values())


def test_the_synthetic_model_has_the_stated_size():
    made = synthetic_model(350, 60, 20)
    assert len(made.model.equations) + len(made.model.stocks) == 350
    assert (len(made.model.stocks), len(made.model.paths)) == (60, 20)
