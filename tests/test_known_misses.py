"""Known misses: a reason excuses one claim, no other of the same check and no error, and none outlives its miss."""

from __future__ import annotations

from dataclasses import replace

import pytest
from places_common import HEAD, write

import healthreform as hr
from healthreform import check_model, known_misses
from healthreform.behaviour_checks import Judged
from healthreform.behaviour_file import read_behaviour
from healthreform.check_findings import Finding, Verdict
from healthreform.extremes import EXTREMES, Ending, endings
from healthreform.known_misses import ITSELF, KnownMisses, claims_of
from healthreform.place import Place

#: A check of behaviour that makes several claims.
SEVERAL = next(check for check in read_behaviour().values() if len(check.claims) > 1)
NAME = f"behaviour: {SEVERAL.name}"
FIRST, SECOND = (claim.text for claim in SEVERAL.claims[:2])


def china(**misses):
    """The country, with misses explained: by check a reason, or by claim."""
    return replace(Place.load("china"), misses={name.replace("_", " "): given for name, given in misses.items()})


def explaining(misses):
    return replace(Place.load("china"), misses=misses)


def alone(monkeypatch, **groups):
    """The battery with some checks in place of its own."""
    for group in ("_CHECKS", "_SEVERAL", "_SLOW"):
        monkeypatch.setattr(check_model, group, groups.get(group, {}))


def behaving(monkeypatch, *holds):
    """Some claims of a check as they are judged."""
    each = [Judged(SEVERAL, claim, held, "no change") for claim, held in zip(SEVERAL.claims, holds, strict=False)]
    alone(monkeypatch, _SEVERAL={"behaviour": check_model._behaviour})
    monkeypatch.setattr(check_model, "judged", lambda place: iter(each))


def test_a_claim_that_is_explained_is_a_known_miss_and_no_failure(monkeypatch):
    behaving(monkeypatch, False, True)
    _, whole, one = check_model.findings(explaining({NAME: {FIRST: "for want of data"}}))
    assert whole.passed and one.passed and one.miss and one.result.endswith("Known miss: for want of data")


def test_another_claim_of_the_same_check_fails_all_the_same(monkeypatch):
    behaving(monkeypatch, False, False)
    _, whole, one, other = check_model.findings(explaining({NAME: {FIRST: "for want of data"}}))
    assert one.passed and one.miss
    assert not whole.passed and not other.passed and not other.miss and other.failed == (SECOND,)


def test_a_claim_that_holds_again_is_told_as_one_that_needs_no_reason(monkeypatch):
    behaving(monkeypatch, False, True)
    *_, gone = check_model.findings(explaining({NAME: {FIRST: "far", SECOND: "near"}}))
    assert not gone.passed and gone.result.endswith(f"misses: nothing of the name fails: {NAME}: {SECOND}")


def test_a_reason_beside_a_claim_of_behaviour_counts_as_well_and_must_not_outlive_its_miss(monkeypatch):
    check = replace(SEVERAL, misses={FIRST: "for want of data", SECOND: "no longer"})
    behaving(monkeypatch, False, True)
    monkeypatch.setattr(known_misses, "read_behaviour", lambda: {check.name: check})
    _, whole, one, gone = check_model.findings("china")
    assert whole.passed and one.miss and one.result.endswith("Known miss: for want of data")
    assert gone.name == "known misses" and gone.result.endswith(
        f"behaviour.toml: misses: nothing of the name fails: {NAME}: {SECOND}"
    )
    elsewhere = replace(Place.load("china"), based_on="china")
    assert [finding.name for finding in check_model.findings(elsewhere)] == ["size", "behaviour", NAME]


@pytest.mark.parametrize("misses", [{"deficit": "far"}, {"deficit": "far", "surplus": "near"}])
def test_of_a_check_that_compares_numbers_each_variable_is_a_claim(monkeypatch, misses):
    alone(monkeypatch, _CHECKS={"numbers": lambda place: Verdict(False, "off.", ("deficit", "surplus"))})
    monkeypatch.setattr(known_misses, "claims_of", lambda place: {"numbers": ("deficit", "surplus", "people")})
    _, found = check_model.findings(china(numbers=misses))
    assert found.passed == found.miss == (len(misses) == 2)
    assert found.result == (
        "off. Known miss: far; near" if found.miss else "off. Known miss: far Not known to fail: surplus"
    )


def test_a_check_that_is_one_claim_takes_a_bare_reason(monkeypatch):
    alone(monkeypatch, _SLOW={"long": lambda place: Verdict(False, "no."), "short": lambda place: Verdict(True, "")})
    monkeypatch.setattr(known_misses, "claims_of", lambda place: dict.fromkeys(("long", "short"), (ITSELF,)))
    _, long, short, gone = check_model.findings(china(long="It is far.", short="It is near."))
    assert long.passed and long.miss and long.result == "no. Known miss: It is far."
    assert short.passed and not short.miss
    assert not gone.passed and gone.result.endswith("misses: nothing of the name fails: short")


def test_of_what_quick_leaves_out_it_does_not_say_that_nothing_fails(monkeypatch):
    alone(monkeypatch, _SLOW={"long": lambda place: Verdict(False, "no.")})
    monkeypatch.setattr(known_misses, "claims_of", lambda place: {"long": (ITSELF,)})
    assert [finding.name for finding in check_model.findings(china(long="It is far."), quick=True)] == ["size"]


def test_no_reason_excuses_an_error_or_a_run_that_ends(monkeypatch):
    def broken(place):
        raise hr.ModelError("insurance.py:1 x: wrong")

    alone(monkeypatch, _CHECKS={"loops cut": broken}, _SEVERAL={"extremes": check_model._extremes})
    extreme = next(extreme for extreme in EXTREMES if extreme.title == "drugs for nothing")
    ended = Ending(extreme.title, False, "ends: fund_reserve is negative", senseless=True)
    monkeypatch.setattr(check_model, "endings", lambda place: [ended])
    reasons = {"loops cut": "known", f"extreme: {extreme.title}": dict.fromkeys(extreme.claims, "known")}
    _, cut, one = check_model.findings(explaining(reasons))
    assert not cut.passed and not cut.miss and not one.passed and not one.miss


def test_of_an_extreme_condition_the_variable_that_answers_wrongly_is_the_claim_that_fails():
    extreme = next(extreme for extreme in EXTREMES if extreme.title == "drugs for nothing")
    wrong = replace(extreme, answers={**extreme.answers, "drugs_bought": 1})
    ending, _ = endings(Place.load("china"), [wrong])
    assert ending.failed == ("drugs_bought",) and not ending.sense and not ending.senseless
    ending, _ = endings(Place.load("china"), [replace(extreme, least={"unmet_share": 0.9})])
    assert ending.failed == ("unmet_share",)


@pytest.mark.parametrize(
    ("misses", "message"),
    [
        ("'adaptive solvers' = 'far'", "there is no check 'adaptive solvers'; nearest valid name: adaptive solver"),
        ("'behaviour' = 'far'", "there is no check 'behaviour'; "),
        (f"'{NAME}' = 'far'", "claims: name each that fails"),
        ("'adaptive solver' = 'far'", "claims: name each that fails"),
        ("'adaptive solver' = { rooms = 'far' }", "it makes no claim 'rooms'; nearest valid name: room"),
        (f"'{NAME}' = {{ '{FIRST}!' = 'far' }}", f"it makes no claim '{FIRST}!'; nearest valid name: {FIRST}"),
        ("'loops cut' = { all = 'far' }", 'misses.loops cut: it is one claim: write "loops cut" = "the reason"'),
    ],
)
def test_what_the_battery_does_not_claim_is_refused_in_one_line_before_anything_runs(tmp_path, misses, message):
    file = write(tmp_path, f"start = 2016\n[facts]\npopulation = 38e6\n[misses]\n{misses}", head=HEAD)
    with pytest.raises(hr.RecordError) as error:
        next(check_model.findings(Place.load(file)))
    assert str(error.value).startswith(f"{file}: misses") and message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_every_check_that_can_fail_can_be_named():
    place = Place.load("china")
    known = claims_of(place)
    found = {finding.name for finding in check_model.findings(place, quick=True)}
    assert found - {"size", "behaviour"} <= set(known)
    assert {*check_model._CHECKS, *check_model._SLOW} <= set(known)
    assert all(claims and (ITSELF not in claims or claims == (ITSELF,)) for claims in known.values())


@pytest.mark.parametrize(
    ("miss", "message"),
    [
        ("'far'", 'mine: miss: name the claim that it explains: miss = { "trust rises by 2020" = '),
        (
            "{ 'trust falls by 2020' = 'far' }",
            "there is no claim 'trust falls by 2020'; nearest valid name: trust rises by 2020",
        ),
        ("{ 'trust rises by 2020' = '' }", "must be the reason, a text, or a table of them by claim"),
        ("3", "miss: 3 must be the reason, a text, or a table of them by claim"),
    ],
)
def test_a_reason_beside_claims_that_names_none_of_them_is_refused_in_one_line(tmp_path, miss, message):
    file = tmp_path / "own.toml"
    then = "['trust rises by 2020', 'room rises by 2020']"
    file.write_text(f"[mine]\nscenario = 'no_reform'\ndate = 2016\nthen = {then}\nwhy = 'so'\nmiss = {miss}\n")
    with pytest.raises(hr.RecordError) as error:
        read_behaviour(file)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_a_reason_stands_beside_its_own_claim_in_the_table_of_behaviour(tmp_path):
    file = tmp_path / "own.toml"
    head, miss = (
        "[mine]\nscenario = 'no_reform'\ndate = 2016\nwhy = 'so'\n",
        "miss = { 'trust stays  below 0 until 2020' = 'far' }",
    )
    file.write_text(f"{head}then = ['trust stays below 0 until 2020', 'trust stays above 0 until 2020']\n{miss}\n")
    assert hr.behaviour(file=file).miss.tolist() == ["far", ""]
    file.write_text(f"{head}then = 'trust stays below 0 until 2020'\nmiss = 'far'\n")
    assert hr.behaviour(file=file).miss.tolist() == ["far"]


def test_what_passes_or_is_told_already_is_left_as_it_is():
    known = KnownMisses({("x", ITSELF): "far"}, {})
    for finding in (
        Finding("x", True, "well"),
        Finding("x", True, "no. Known miss: far", miss=True),
        Finding("y", False, "no"),
    ):
        assert known.explained(finding) is finding
