"""Counts made of stocks are reported at the year's end, as stocks are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_models import apply, model, synthetic_model, with_year_ends
from language_helpers import lever, model_from, parameter

from healthreform.stockflow import Interpreter, ModelError
from healthreform.stockflow.compile import compile_model
from healthreform.stockflow.inputs import make_inputs
from healthreform.stockflow.layout import Options, default_keep, needed_at_year_end, needed_equations, plan
from healthreform.stockflow.paths import Path

START, LEAVING, ENTRY = 100.0, 0.3, 12.0

TEXT = '''
@stock("worker")
def doctors(doctors_at_start):
    """Doctors at work."""
    return doctors_at_start

@stock("worker")
def nurses():
    """Nurses at work: none at the start."""
    return 0

@flow("worker/year", out_of="doctors")
def leaving(doctors, leaving_rate):
    """Doctors who leave."""
    return doctors * leaving_rate

@flow("worker/year", into="nurses")
def entry(entering):
    """Nurses who come, as many each year."""
    return entering

@auxiliary("worker", at_year_end=True)
def doctors_counted(doctors):
    """The same doctors."""
    return doctors

@auxiliary("worker")
def doctors_at_work(doctors):
    """The doctors a year has on the mean."""
    return doctors

@auxiliary("worker", at_year_end=True)
def staff(doctors, nurses):
    """All who work."""
    return doctors + nurses

@auxiliary("worker", at_year_end=True)
def posts_filled(staff, filled):
    """A share of them that policy sets."""
    return staff * filled
'''
INPUTS = (
    parameter("doctors_at_start", START, "worker"),
    parameter("leaving_rate", LEAVING, "1/year"),
    parameter("entering", ENTRY, "worker/year"),
    lever("filled", [[2010, 0.5], [2011, 0.5], [2011, 0.8], [2012, 1.0]]),
)


def town():
    return model_from(TEXT, *INPUTS)


def by_kernel(made, step=1 / 16, method="rk4", last=2012, **options):
    paths = {name: Path.from_points(points) for name, points in made.path_points().items()}
    raw = compile_model(made.flat, method=method, **options).run(
        make_inputs(made.flat, {**made.parameter_values(), **paths}), 2010, last, step
    )
    raw.raise_if_failed()
    return {name: values[0] for name, values in raw.columns()}


def by_interpreter(made, step=1 / 16, method="rk4", last=2012, **options):
    return Interpreter(made).run(2010, last, step, method, **options).values


@pytest.mark.parametrize("run", [by_kernel, by_interpreter])
def test_a_count_of_stocks_is_their_closed_form_at_the_year_s_end(run):
    found = run(town(), step=1 / 32)
    years = np.array([1.0, 2.0, 3.0])
    doctors, nurses = START * np.exp(-LEAVING * years), ENTRY * years
    np.testing.assert_allclose(found["staff"], doctors + nurses, rtol=1e-9)
    mean = START * np.exp(-LEAVING * (years - 1)) * (1 - np.exp(-LEAVING)) / LEAVING
    np.testing.assert_allclose(found["doctors_at_work"], mean, rtol=1e-9)


@pytest.mark.parametrize("method", ["rk4", "euler"])
@pytest.mark.parametrize("run", [by_kernel, by_interpreter])
def test_what_repeats_a_stock_is_reported_as_the_stock_is_to_the_last_bit(run, method):
    found = run(town(), method=method)
    np.testing.assert_array_equal(found["doctors_counted"], found["doctors"])
    np.testing.assert_array_equal(found["staff"], found["doctors"] + found["nurses"])
    assert (found["doctors_at_work"] > found["doctors"]).all()


@pytest.mark.parametrize("method", ["rk4", "euler"])
@pytest.mark.parametrize("run", [by_kernel, by_interpreter])
def test_a_jump_on_the_first_of_january_is_of_the_new_year(run, method):
    found = run(town(), method=method)
    np.testing.assert_allclose(found["posts_filled"] / found["staff"], [0.5, 1.0, 1.0], rtol=1e-15)


@pytest.mark.parametrize("method", ["rk4", "euler"])
def test_kernel_and_interpreter_agree_on_what_is_reported_at_the_year_s_end(method):
    kernel, interpreter = by_kernel(town(), method=method), by_interpreter(town(), method=method)
    for name, values in interpreter.items():
        np.testing.assert_allclose(kernel[name], values, rtol=1e-13, err_msg=name)


@pytest.mark.parametrize("run", [by_kernel, by_interpreter])
def test_by_steps_it_is_the_value_at_each_as_everything_else(run):
    stepwise, yearly = run(town(), every_step=True), run(town())
    np.testing.assert_array_equal(stepwise["doctors_counted"], stepwise["doctors_at_work"])
    np.testing.assert_array_equal(stepwise["staff"][16::16], yearly["staff"])


def test_where_it_is_reported_changes_no_other_number():
    made = synthetic_model(150, 20, 5, seed=9)
    some = with_year_ends(made.model)
    before, after = (
        compile_model(flat).run(make_inputs(flat, made.values), 2010, 2013, 1 / 16) for flat in (made.model, some)
    )
    for name, values in before.columns():
        assert np.array_equal(values, after[name]) == (name not in some.at_year_end), name


def test_it_is_computed_at_the_year_s_end_alone_unless_a_flow_needs_it():
    flat = town().flat
    layout = plan(flat, Options(default_keep(flat), "rk4", False, 8))
    assert set(layout.closing) == {"doctors_counted", "staff", "posts_filled"}
    assert needed_equations(layout) & flat.at_year_end == set() and flat.at_year_end <= needed_at_year_end(layout)
    stepwise = plan(flat, Options(default_keep(flat), "rk4", True, 8))
    assert not stepwise.closing and flat.at_year_end <= needed_equations(stepwise)


def test_two_models_that_report_one_equation_differently_do_not_share_a_kernel():
    assert (
        town().structure
        != model_from(TEXT.replace(", at_year_end=True)\ndef staff", ")\ndef staff"), *INPUTS).structure
    )


def test_a_value_at_the_year_s_end_that_is_no_number_is_told_and_disturbs_no_other_run():
    flat = model(
        {"fund": 10},
        {"spent": "one", "order": apply("log", apply("subtract", "fund", "edge"))},
        {"fund": ((-1, "spent"),)},
        parameters=("one", "edge"),
    )
    flat = replace(flat, at_year_end=frozenset({"order"}))
    result = compile_model(flat).run(make_inputs(flat, {"one": 1.0}, {"edge": [0.0, 8.5, 1.0]}), 2010, 2014, 1 / 16)
    [failure] = result.failures
    assert (failure.run, failure.variable, failure.time) == (1, "order", 2012.0)
    assert failure.message == "run 1: order is not finite at 2012"
    np.testing.assert_allclose(result["order"][2], np.log(np.arange(8.0, 3.0, -1.0)), rtol=1e-12)
    assert np.isfinite(result.values[1, 0]).all() and np.isnan(result.values[1, 1:]).all()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('@auxiliary("worker", at_year_end="yes")', "at_year_end='yes' must be True or False"),
        ('@flow("worker/year", at_year_end=True)', r"flow\(\): it has no at_year_end="),
    ],
)
def test_a_wrong_use_is_one_line(text, told):
    with pytest.raises(ModelError, match=told):
        model_from(f'{text}\ndef staff(doctors):\n    """All."""\n    return doctors\n')
