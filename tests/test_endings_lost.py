"""Signals whose exception goes nowhere, as in finalizers and callbacks: what is long ends all the same."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import weakref
from pathlib import Path

import pandas as pd
import pytest
from calibration_models import observed, small_place

import healthreform as hr
from healthreform import check_model, endings, sweeping
from healthreform.calibration.plan import Plan
from healthreform.check_findings import Verdict
from healthreform.output import write_together

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "experiments"))

import shared

DESIGN = pd.DataFrame({"inducement_limit": [1.15] * 4})


class Anything:
    """Something that can go."""


def told_in_a_finalizer():
    class Told:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)

    Told()


def told_in_a_callback_of_a_weak_reference():
    gone = Anything()
    kept = weakref.ref(gone, lambda _: signal.raise_signal(signal.SIGINT))
    del gone
    assert kept() is None


def told_in_a_callback_out_of_c():
    ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGINT))()


@pytest.fixture(
    params=[told_in_a_finalizer, told_in_a_callback_of_a_weak_reference, told_in_a_callback_out_of_c],
    ids=lambda way: way.__name__,
)
def lose(request):
    """Send a signal to this process where the exception of it is ignored."""
    return request.param


def heard():
    """Whether what asks is ended."""
    try:
        endings.end_if_told()
    except KeyboardInterrupt:
        return True
    return False


@pytest.fixture
def ignored(monkeypatch):
    """What Python says that it ignores."""
    found = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: found.append(what.exc_type))
    return found


# ------------------------------------------------------------------------------------------------ what is long ends


@pytest.mark.parametrize("ending", ["csv", "nc"])
def test_a_sweep_ends_with_its_line_and_leaves_nothing(lose, command, tmp_path, monkeypatch, ending):
    DESIGN.to_csv(tmp_path / "design.csv", index=False)
    honest, made = sweeping.to_dataset, []

    def told_midway(*arguments, **options):
        made.append(True)
        lose()
        return honest(*arguments, **options)

    defaults = sweeping.sweep_in_chunks.__kwdefaults__
    monkeypatch.setattr(sweeping.sweep_in_chunks, "__kwdefaults__", {**defaults, "chunk": 1})
    monkeypatch.setattr(sweeping, "to_dataset", told_midway)
    target = tmp_path / "made" / f"runs.{ending}"
    code, out, err = command("sweep", tmp_path / "design.csv", "--stop", "2012", "-o", target)
    assert (code, out, err) == (2, "", "error: interrupted; nothing half-written is left\n")
    assert len(made) == 1 and os.listdir(tmp_path) == ["design.csv"]


def test_a_sweep_that_is_told_before_its_first_part_makes_none(lose):
    parts = sweeping.sweep_in_chunks("china", "baseline", DESIGN, stop=2012, chunk=1)
    with endings.signals_heard():
        lose()
        with pytest.raises(KeyboardInterrupt):
            next(parts)


def test_a_search_ends(lose, tmp_path):
    place, told = small_place(tmp_path), []

    def progress(done, cost):
        told.append(done)
        if len(told) == 2:
            lose()

    plan = Plan("by hand", "by hand", (2010, 2021), prior=0.0)
    with endings.signals_heard(), pytest.raises(KeyboardInterrupt):
        hr.calibrate(place, plan=plan, free=["level"], observed=observed("turnover", 90.0, 120.0), progress=progress)
    assert len(told) == 2


def test_runs_one_after_the_other_end(lose):
    with endings.signals_heard():
        lose()
        with pytest.raises(KeyboardInterrupt):
            hr.simulate("china", stop=2011)


def test_the_battery_of_checks_ends(lose, monkeypatch):
    done = []

    def check(place):
        done.append(True)
        lose()
        return Verdict(True, "done")

    monkeypatch.setattr(check_model, "_CHECKS", dict.fromkeys(("first", "second", "third"), check))
    with endings.signals_heard(), pytest.raises(KeyboardInterrupt):
        list(check_model.findings("china", quick=True))
    assert len(done) == 1


def test_a_result_is_not_put_in_the_place_of_an_old_one(lose, tmp_path):
    run, target = hr.simulate("china", stop=2011), tmp_path / "run.csv"
    target.write_text("old")
    with endings.signals_heard():
        lose()
        with pytest.raises(KeyboardInterrupt):
            hr.save(run, target)
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["run.csv"]


def test_files_that_belong_together_and_folders_of_results_stay_as_they_were(lose, tmp_path):
    target, results = tmp_path / "old.txt", tmp_path / "results"
    target.write_text("old")
    for write in (lambda: write_together({target: "new", tmp_path / "other.txt": "new"}), lambda: fill(results)):
        with endings.signals_heard():
            lose()
            with pytest.raises(KeyboardInterrupt):
                write()
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["old.txt"]


def fill(folder):
    with shared.whole_folder(folder) as made:
        (made / "new").touch()


# ------------------------------------------------------------------------------------------ once, and only what is lost


def test_a_lost_signal_is_raised_once_and_not_reported(lose, ignored):
    with endings.signals_heard():
        lose()
        assert heard()
        assert not heard()
    assert ignored == []


def test_a_signal_that_came_through_is_not_raised_again():
    tidied = []
    with endings.signals_heard():
        with pytest.raises(KeyboardInterrupt):
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                tidied.append(not heard())
        assert not heard()
    assert tidied == [True]


def test_a_second_signal_that_comes_through_stands_for_the_one_that_was_lost(lose, monkeypatch):
    monkeypatch.setattr(endings, "_SAME_WISH", 0.0)
    with endings.signals_heard():
        lose()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert not heard()


def test_a_signal_that_was_lost_twice_is_still_heard(lose):
    class Asks:
        def __del__(self):
            endings.end_if_told()

    with endings.signals_heard():
        lose()
        Asks()
        assert heard()


def test_a_lost_signal_waits_for_what_must_not_be_interrupted(lose):
    with endings.signals_heard():
        lose()
        with endings.held_back():
            with endings.held_back():
                assert not heard()
            assert not heard()
        assert heard()


def test_a_signal_that_waited_and_is_then_lost_is_heard():
    class Waits:
        def __del__(self):
            with endings.held_back():
                signal.raise_signal(signal.SIGINT)

    with endings.signals_heard():
        Waits()
        assert heard()


def test_what_is_lost_inside_is_heard_outside_and_nothing_is_left_of_it_after(lose):
    report = sys.unraisablehook
    with endings.signals_heard():
        with endings.signals_heard():
            lose()
        assert heard()
    with endings.signals_heard():
        lose()
    assert sys.unraisablehook is report
    assert not heard()
    with endings.signals_heard():
        assert not heard()


def test_another_thread_is_not_ended_by_a_lost_signal(lose):
    ended = []

    def work():
        ended.append(heard())

    with endings.signals_heard():
        lose()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert ended == [False]
        assert heard()


def test_other_errors_that_python_ignores_are_told_as_before(ignored):
    class Fails:
        def __del__(self):
            raise ZeroDivisionError

    with endings.signals_heard():
        Fails()
        assert not heard()
    assert ignored == [ZeroDivisionError]


def test_where_signals_are_not_heard_nothing_changes(ignored):
    class Interrupted:
        def __del__(self):
            raise KeyboardInterrupt

    Interrupted()
    assert not heard()
    assert ignored == [KeyboardInterrupt]
