"""Behaviour checks: the sentences that are understood, how they are judged, and what the package's own file covers."""

from __future__ import annotations

import pytest

import healthreform as hr
from healthreform.behaviour_checks import _changed, _under, judged
from healthreform.behaviour_file import FILE, read_behaviour, read_claim
from healthreform.changes import split_name
from healthreform.place import Place
from healthreform.scenario import Scenario
from healthreform.side_by_side import Beside
from healthreform.stockflow.paths import Path


@pytest.fixture(scope="module")
def table():
    return hr.behaviour()


def test_the_model_behaves_as_mechanism_and_literature_say(table):
    wrong = table[~table.holds & (table.miss == "")]
    assert wrong.empty, "\n".join(f"{row.check}: {row.claim}: {row.found}" for row in wrong.itertuples())


def test_few_checks_are_known_misses_and_they_say_why(table):
    missed = table[table.miss != ""]
    assert missed.check.nunique() <= 3 and (missed.miss.str.len() > 40).all()
    assert not missed.groupby("check").holds.all().any()  # no reason outlives its miss


def test_there_are_checks_of_every_sector_and_of_the_main_levers():
    checks = read_behaviour()
    assert len(checks) >= 25 and all(len(check.why) > 20 for check in checks.values())
    model = Place.load("china").model
    named = {
        split_name(name)[0] for check in checks.values() for claim in check.claims for name in (claim.top, claim.bottom)
    }
    sectors = {variable.sector for name, variable in model.variables.items() if name in named}
    read = {name for check in checks.values() for name in check.when}
    moved = {split_name(name)[0] for name in read}
    moved |= {split_name(name)[0] for check in checks.values() for name in Scenario.load(check.scenario).changes}
    used = {v.sector for v in model.variables.values() if moved & set(v.arguments)}
    assert sectors | used >= {variable.sector for variable in model.variables.values()} - {"grounds", "names"}
    assert len({split_name(name)[0] for name in read} & set(model.records.levers)) >= 25


def written(tmp_path, text):
    file = tmp_path / "own.toml"
    file.write_text(text)
    return file


CHECK = """
[mine]
when = {{ {when} }}
date = {date}
then = "{then}"
why = "because it is so"
"""


def own(tmp_path, then, when="recurrent_subsidy_share = 0.004", date=2016):
    return written(tmp_path, CHECK.format(when=when, date=date, then=then))


@pytest.mark.parametrize(
    ("then", "holds"),
    [
        ("surplus_margin[secondary] rises within 1 year", True),
        ("surplus_margin[secondary] falls within 1 year", False),
        ("surplus_margin[secondary] rises by at least 90 points within 1 year", False),
        ("government_health_expenditure rises by at least 5 % by 2018", True),
        ("persons_total rises by 2030", False),
        ("persons_total stays within 0.001 % until 2030", True),
        ("government_health_expenditure stays within 1 % until 2018", False),
        ("government_health_expenditure stays within 200 % from 2017 until 2018", True),
        ("gdp_of_nobody rises by 2018", None),
        ("total_health_expenditure rises by at least 5 % within 1 year against itself", True),
        ("total_health_expenditure rises by at least 900 % by 2030 against itself", False),
        ("surplus_margin[secondary] stays above 0.01 until 2020", True),
        ("surplus_margin[secondary] stays below 0.01 until 2020", False),
        ("claims_due / bills stays within 3 points until 2018", True),
    ],
)
def test_a_claim_is_judged_by_its_words(tmp_path, then, holds):
    file = own(tmp_path, then)
    if holds is None:
        with pytest.raises(hr.RecordError, match="'gdp_of_nobody' is no variable"):
            list(judged(Place.load("china"), file))
        return
    (found,) = judged(Place.load("china"), file)
    assert found.holds is holds, found.found


def test_a_claim_says_the_numbers_it_was_judged_by(tmp_path):
    (found,) = judged(Place.load("china"), own(tmp_path, "persons_total stays within 1 % until 2017"))
    base = float(hr.simulate(stop=2017).persons_total.sel(time=2016))
    assert found.found == f"{base:.4g} to {base:.4g} in 2016 (+0 %)"


def test_what_ends_is_afterwards_as_it_was(tmp_path):
    text = CHECK.format(when="outbreak_restriction = 0.5", date=2014, then="contacts_total rises by 2040")
    file = written(tmp_path, text.replace("date = 2014", "date = 2014\nuntil = 2014.5"))
    (check,) = read_behaviour(file).values()
    assert check.until == 2014.5
    place = Place.load("china")
    base = _under(place, check, "baseline")
    paths = [
        Path.from_points(place.model.path_points(each)["outbreak_restriction"])
        for each in (base, _changed(place, check, base))
    ]
    for date in (2013.9, 2014.6, 2020.2, 2030.0):
        assert paths[0].value(date) == paths[1].value(date)
    assert paths[1].value(2014.25) == 0.5 != paths[0].value(2014.25)


def test_scenarios_are_compared_as_wholes(tmp_path):
    text = '[mine]\nscenario = "no_reform"\ndate = 2010\nthen = "room falls by 2024"\nwhy = "no savings"\n'
    (found,) = judged(Place.load("china"), written(tmp_path, text))
    assert found.holds


def test_a_run_that_fails_is_a_claim_that_does_not_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(Beside, "failure", lambda self, run: "mean_pay is nan at 2012.5" if run else "")
    (found,) = judged(Place.load("china"), own(tmp_path, "trust stays above 0 until 2016"))
    assert not found.holds and found.found == "the run failed: mean_pay is nan at 2012.5"


@pytest.mark.parametrize(
    ("then", "message"),
    [
        ("trust raises by 2020", "says not what happens: 'raises' is not one of rises, falls, stays within"),
        ("trust rises", "says no time: end it with 'within 3 years'"),
        ("trust rises quickly by 2020", "is not understood after 'rises'; write it such as"),
        ("trust rises until 2020", "what stays does so 'until' a year"),
        ("trust stays within 2 % by 2020", "what stays does so 'until' a year"),
        ("trust stays within 2 until 2020", "write 'stays within 2 %' or points"),
        ("trust stays above 2 % until 2020", "write 'stays within 2 %' or points"),
        ("trust rises 5 % by 2020", "write 'by at least 5 %', or points"),
        ("trust rises by 2014", "must not lie before its date, 2016"),
        ("trust stays above 0 until 2020 against itself", "is compared with nothing else"),
        ("trust rises by 2020 against history", "is not understood"),
    ],
)
def test_a_sentence_that_is_not_understood_is_refused_in_one_line(then, message):
    with pytest.raises(hr.RecordError, match=message) as error:
        read_claim("own.toml: mine: then", then, 2016)
    assert str(error.value).startswith("own.toml: mine: then: ") and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("why =", "because ="), "unknown key 'because'; nearest valid name: base"),
        (('why = "because it is so"\n', ""), "the key 'why' is missing"),
        (("date = 2016\n", ""), "the key 'date' is missing"),
        (("date = 2016", 'date = "soon"'), "date: 'soon' must be a date"),
        (("recurrent_subsidy_share = 0.004", ""), "give either when, a table of new values, or scenario"),
        (
            ("recurrent_subsidy_share", "recurrent_subsidy_shares"),
            "mine: when: .*nearest valid name: recurrent_subsidy_share",
        ),
        (("= 0.004", "= 0.9"), "0.9 is out of its range"),
        (
            ("trust rises", "deficit_share rises"),
            r"'deficit_share' cannot be summed over its elements; name one of deficit_share\[employee\]",
        ),
        (("trust rises", "trusts rises"), "'trusts' is no variable; nearest valid name: trust"),
        (
            ("trust rises", "pay_ratio[primry] rises"),
            r"'pay_ratio\[primry\]': there is no such element; nearest .*primary",
        ),
        (("2020", "2060"), "its years must lie between 2010 and 2040"),
        (("date = 2016", "date = 2016\nuntil = 2015"), "until: it needs when, and must lie after date"),
        (("date = 2016", 'date = 2016\nbase = "nothing"'), "mine: unknown scenario 'nothing'"),
    ],
)
def test_a_check_that_is_wrong_is_refused_in_one_line(tmp_path, change, message):
    text = CHECK.format(when="recurrent_subsidy_share = 0.004", date=2016, then="trust rises by 2020")
    assert change[0] in text
    file = written(tmp_path, text.replace(*change))
    with pytest.raises(hr.RecordError, match=message) as error:
        list(judged(Place.load("china"), file))
    assert "own.toml: mine" in str(error.value) and "\n" not in str(error.value)


def test_a_file_of_ones_own_gives_a_table(tmp_path):
    found = hr.behaviour(file=own(tmp_path, "trust stays within 50 % until 2020"))
    assert list(found.columns) == ["check", "claim", "holds", "found", "why", "miss"]
    assert found.check.tolist() == ["mine"] and found.holds.all()
    assert hr.behaviour(file=written(tmp_path, "# nothing yet")).empty


def test_the_file_explains_each_verb_it_may_use():
    text = FILE.read_text()
    for word in ("rises", "falls", "stays within", "stays above", "stays below", "within 3 years", "against itself"):
        assert f"{word}" in text.partition("# --- prices")[0]
