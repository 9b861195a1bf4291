"""``healthreform check``: what it reports on the model, and that each check can fail."""

from __future__ import annotations

import pytest

import healthreform as hr
from healthreform import check_model
from healthreform.behaviour_checks import Judged
from healthreform.behaviour_file import read_behaviour
from healthreform.check_findings import Verdict
from healthreform.gains_of_loops import Gain
from healthreform.named_loops import read_loops
from healthreform.place import Place


@pytest.fixture(scope="module")
def found():
    return {finding.name: finding for finding in check_model.findings("china", quick=True)}


def test_size_is_counted(found):
    text = found["size"].result
    assert "stocks" in text and "levers" in text and "payments" in text


@pytest.mark.parametrize(
    "name", ["units and closed world", "conservation", "accounts", "integration error", "family members"]
)
def test_the_model_passes(found, name):
    assert found[name].passed, found[name].result


def test_quick_leaves_out_what_takes_long_and_nothing_else(found, monkeypatch):
    assert set(check_model._SLOW) == {
        "kernel and reference",
        "levers",
        "loops cut",
        "gains with all else answering",
        "adaptive solver",
    }
    assert not set(check_model._SLOW) & set(found)
    for group in ("_CHECKS", "_SEVERAL"):
        monkeypatch.setattr(check_model, group, {})
    monkeypatch.setattr(check_model, "_SLOW", {"long": lambda place: Verdict(True, "done")})
    assert [finding.name for finding in check_model.findings("china")] == ["size", "long"]
    assert [finding.name for finding in check_model.findings("china", quick=True)] == ["size"]


def test_the_error_of_the_step_is_told_of_every_scenario(found):
    for scenario in hr.scenarios().index:
        assert f"{scenario} " in found["integration error"].result


def test_gains_and_extremes_are_told_one_by_one(found):
    gains = [name for name in found if name.startswith("gain: ")]
    assert {"gain: Siphon", "gain: Capability and trust", "gain: Beds fill themselves"} <= set(gains)
    assert all("at the start" in found[name].result for name in gains)
    extremes = [finding for name, finding in found.items() if name.startswith("extreme: ")]
    assert len(extremes) >= 8 and all(finding.passed for finding in extremes)


def test_accounts_tell_who_gains_and_who_pays(found):
    assert "most for household" in found["accounts"].result and "drug_firm" in found["accounts"].result


def test_every_named_loop_is_reported_with_its_polarity(found):
    loops = {name: finding for name, finding in found.items() if name.startswith("loop: ")}
    assert len(loops) >= 12
    for finding in loops.values():
        assert finding.passed and finding.result.startswith(("balancing", "reinforcing")), finding


def test_as_a_function_it_gives_a_table(monkeypatch):
    for group in ("_CHECKS", "_SEVERAL", "_SLOW"):
        monkeypatch.setattr(check_model, group, {})
    table = hr.check("china")
    assert table.index[0] == "size" and table.passed.all()


def test_an_error_of_the_package_is_a_finding_not_an_end(monkeypatch):
    def broken(place):
        raise hr.ModelError("insurance.py:1 x: wrong")

    finding = check_model._judged("units", broken, Place.load("china"))
    assert not finding.passed and finding.error and finding.result == "insurance.py:1 x: wrong"


def test_a_payment_that_runs_backward_fails(monkeypatch):
    monkeypatch.setattr(check_model, "shipped_names", lambda kind: ["baseline"])
    monkeypatch.setattr(check_model, "negative_payments", lambda ledger, values: ("claims_paid[primary,resident]",))
    passed, text, failed = check_model._conservation(Place.load("china"))
    assert not passed and failed == ("claims_paid",) and "payments that run backward: claims_paid" in text


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


def test_an_error_in_a_group_of_checks_is_a_finding_not_an_end(monkeypatch):
    def broken(place):
        yield check_model.Finding("first", True, "well")
        raise hr.RecordError("behaviour.toml: mine: wrong")

    found = list(check_model._each("behaviour", broken, Place.load("china")))
    assert [(finding.name, finding.passed) for finding in found] == [("first", True), ("behaviour", False)]
    assert found[-1].result == "behaviour.toml: mine: wrong"


def test_a_gain_of_one_or_more_fails(monkeypatch):
    gain = Gain(read_loops()["siphon"], 0.4, {"siphon_elasticity": (0.2, 1.3)}, {"siphon_elasticity": "1.2"})
    monkeypatch.setattr(check_model, "gains", lambda place: iter([gain]))
    (finding,) = check_model._gains(Place.load("china"))
    assert not finding.passed and finding.name == "gain: Siphon"
    assert finding.result == (
        "0.4 at the start; 0.2 (siphon_elasticity low) to 1.3 (siphon_elasticity high) over 1 parameters; "
        "crosses one at siphon_elasticity 1.2"
    )


def test_a_claim_that_does_not_hold_is_a_finding_of_its_own(monkeypatch):
    check = next(iter(read_behaviour().values()))
    wrong = [
        Judged(check, check.claims[0], False, "0.2 to 0.3 in 2012 (+50 %)"),
        Judged(check, check.claims[1], True, ""),
    ]
    monkeypatch.setattr(check_model, "judged", lambda place: iter(wrong))
    whole, one = check_model._behaviour(Place.load("china"))
    assert not whole.passed and whole.result == "1 of 2 claims hold, in 1 checks"
    assert not one.passed and one.name == f"behaviour: {check.name}" and check.why in one.result


def test_accounts_that_do_not_add_up_or_do_not_tell_fail(monkeypatch):
    honest = check_model.ledger
    monkeypatch.setattr(check_model, "ledger", lambda run, base: honest(run, base) + 1e6)
    monkeypatch.setattr(check_model, "untold_payments", lambda run: ["new_payment"])
    passed, text, failed = check_model._accounts(Place.load("china"))
    assert not passed and "what for is not told of: new_payment" in text
    assert failed == ()  # books that do not close are no claim that a reason could excuse


def test_a_loop_that_feeds_itself_with_all_else_answering_fails(monkeypatch):
    monkeypatch.setattr(check_model, "answered_gains", lambda place, names: dict.fromkeys(names, (1.2, "trust")))
    passed, text, failed = check_model._answered(Place.load("china"))
    assert not passed and "siphon 1.2 (trust)" in text and "siphon" in failed


@pytest.mark.slow
def test_the_whole_battery_tells_of_every_part():
    found = {finding.name: finding for finding in check_model.findings("china")}
    assert set(check_model._SLOW) <= set(found)
    cuts = found["loops cut"].result
    assert "loops cut one by one" in cuts and "without capability_and_trust" in cuts
    assert found["gains with all else answering"].passed
