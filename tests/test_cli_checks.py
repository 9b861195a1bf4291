"""``healthreform check``: what it reports on the model, and that each check can fail."""

from __future__ import annotations

import pytest

import healthreform as hr
from healthreform import check_model
from healthreform.named_loops import NamedLoop
from healthreform.place import Place


@pytest.fixture(scope="module")
def found():
    return {finding.name: finding for finding in check_model.findings("china")}


def test_size_is_counted(found):
    text = found["size"].result
    assert "stocks" in text and "levers" in text and "payments" in text


@pytest.mark.parametrize(
    "name", ["units and closed world", "conservation", "integration error", "kernel and reference"]
)
def test_the_model_passes(found, name):
    assert found[name].passed, found[name].result


def test_every_named_loop_is_reported_with_its_polarity(found):
    loops = {name: finding for name, finding in found.items() if name.startswith("loop: ")}
    assert len(loops) >= 12
    for finding in loops.values():
        assert finding.passed and finding.result.startswith(("balancing", "reinforcing")), finding


def test_as_a_function_it_gives_a_table(monkeypatch):
    monkeypatch.setattr(check_model, "_CHECKS", {})
    table = hr.check("china")
    assert table.index[0] == "size" and table.passed.all()


def test_an_error_of_the_package_is_a_finding_not_an_end(monkeypatch):
    def broken(place):
        raise hr.ModelError("insurance.py:1 x: wrong")

    finding = check_model._judged("units", broken, Place.load("china"))
    assert not finding.passed and finding.result == "insurance.py:1 x: wrong"


def test_a_loop_with_another_polarity_fails(monkeypatch):
    loop = NamedLoop("chronic", "Chronic", "reinforcing", "", ("chronic_managed", "enrolment"), {})
    monkeypatch.setattr(check_model, "read_loops", lambda: {"chronic": loop})
    (finding,) = check_model._loops(Place.load("china"))
    assert not finding.passed and "balancing, 2 links, declared reinforcing" in finding.result


def test_a_step_that_is_too_coarse_fails(monkeypatch):
    monkeypatch.setattr(check_model, "INTEGRATION_ERROR", 1e-12)
    passed, text = check_model._integration(Place.load("china"))
    assert not passed and "outcomes at most" in text


def test_a_kernel_that_disagrees_with_the_interpreter_fails(monkeypatch):
    honest = check_model.run_setting

    def astray(setting, **options):
        raw, start = honest(setting, **options)
        raw.values[0, -1, raw.names.index("mean_pay")] *= 1 + 1e-6
        return raw, start

    monkeypatch.setattr(check_model, "run_setting", astray)
    passed, text = check_model._reference(Place.load("china"))
    assert not passed and "mean_pay" in text


def test_a_payment_that_runs_backward_fails(monkeypatch):
    monkeypatch.setattr(check_model, "shipped_names", lambda kind: ["baseline"])
    monkeypatch.setattr(check_model, "negative_payments", lambda ledger, values: ("claims_paid[primary,resident]",))
    passed, text = check_model._conservation(Place.load("china"))
    assert not passed and "payments that run backward: claims_paid" in text


def test_a_lever_without_effect_is_named(monkeypatch):
    honest = check_model.sweep

    def numb(*arguments, **options):
        runs = honest(*arguments, **options)
        for values in runs.data_vars.values():
            if {"run", "time"} <= set(values.dims):
                values[1:3] = values[0].values
        return runs

    monkeypatch.setattr(check_model, "sweep", numb)
    first = hr.levers(elements=True).index[0]
    assert f"without effect there: {first}" in check_model._levers(Place.load("china"))[1]


@pytest.mark.slow
def test_the_adaptive_solver_agrees():
    passed, text = check_model._adaptive(Place.load("china"))
    assert passed and "RK45" in text
