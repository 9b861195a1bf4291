"""Places derived from a few facts: they scale, begin when they are told to, and say where their numbers are from."""

from __future__ import annotations

import numpy as np
import pytest
from places_common import HEAD, apart, china, part_of_china, write

import healthreform as hr
from healthreform.derivation import restart
from healthreform.derivation.base import Base, arguments, rules_in
from healthreform.derivation.facts import FACTS, facts_of
from healthreform.derivation.sizes import RULES
from healthreform.place import Place
from healthreform.size import Size, power

PARTS = 37.0
MODEL = Place.load("china").model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("places")


@pytest.fixture(scope="module")
def whole():
    return hr.simulate("china")


@pytest.fixture(scope="module")
def small(folder):
    """The country over a number, from 2010."""
    return part_of_china(folder, 2010, PARTS)


@pytest.fixture(scope="module")
def later(folder):
    """The same from 2014."""
    return part_of_china(folder, 2014, PARTS)


@pytest.fixture(scope="module")
def province(folder):
    """A province with all that its analyst has at hand, on the whole a little poorer than the country."""
    text = """
start = 2013
[facts]
population = 38.0e6
insured = { employee = 6.5e6, resident = 30.1e6 }
outpatient_visits = { tertiary = 24e6, secondary = 38e6, primary = 105e6 }
admissions = { tertiary = 1.15e6, secondary = 2.3e6, primary = 1.0e6 }
beds = { tertiary = 37e3, secondary = 82e3, primary = 35e3 }
physicians = 66e3
fund_balance = { employee = 9.1e9, resident = 3.3e9 }
fund_income = { employee = 10.4e9, resident = 10.2e9 }
fund_deficit = { employee = -1.1e9, resident = 0.4e9 }
item_share = { drugs = 0.44 }
hospital_income = 41e9
gdp = { value = 1.28e12, year = 2012 }
wage = { value = 41000.0, year = 2012 }
pay = 46000.0
"""
    return Place.load(write(folder, text, "province"))


# ------------------------------------------------------------------------------------------------------- scaling


def test_a_part_of_the_country_is_the_country_in_small_to_round_off(small, whole):
    found = apart(whole, hr.simulate(small), PARTS)
    worst = max(found, key=lambda name: found[name])
    assert len(found) > 400 and found[worst] < 1e-11, worst
    assert small.size.population == pytest.approx(1 / PARTS)


def test_a_part_of_the_country_described_by_all_facts_is_it_too(folder, whole):
    found = apart(whole, hr.simulate(part_of_china(folder, 2010, PARTS, tuple(FACTS))), PARTS)
    worst = max(found, key=lambda name: found[name])
    assert found[worst] < 1e-11, worst


def test_scaling_that_forgot_a_quantity_would_be_noticed(folder, whole, monkeypatch):
    no_money = lambda unit, units: power(unit, units) * (unit != "yuan")  # noqa: E731
    monkeypatch.setattr("healthreform.derivation.derive.power", no_money)
    monkeypatch.delitem(RULES, "fund_reserve_at_start")
    found = apart(whole, hr.simulate(part_of_china(folder, 2010, PARTS)), PARTS)
    assert max(found.values()) > 0.1


@pytest.mark.parametrize(
    ("unit", "expected"),
    {
        "person": 1, "yuan/year": 1, "bed/year": 1, "contact/year": 1, "worker/year": 1, "molecule/year": 0,
        "yuan/person/year": 0, "yuan/worker/year": 0, "yuan_2010/contact": 0, "yuan/yuan_2010": 0, "dimensionless": 0,
        "1/year": 0, "bed*year/contact": 0, "1/molecule": 0, "person/worker": 0, "1/person": -1,
    }.items(),
)  # fmt: skip
def test_what_is_counted_grows_with_the_place_and_ratios_do_not(unit, expected):
    assert power(unit, MODEL.records.units) == expected


def test_every_extensive_input_has_grown_and_nothing_else(small):
    ratio = 1 / PARTS
    before, after = MODEL.parameter_values(), small.model.parameter_values()
    for name, record in MODEL.records.parameters.items():
        factor = ratio ** power(record.unit, MODEL.records.units)
        for flat in MODEL.flat_names(name):
            assert after[flat] == pytest.approx(before[flat] * factor, rel=1e-12), flat
    ours = small.model.path_points()
    for name, points in MODEL.path_points().items():
        factor = ratio ** power(MODEL.unit(name.partition("[")[0]), MODEL.records.units)
        moved = ours[name]
        assert [date for date, _ in moved] == [date for date, _ in points], name
        assert [value for _, value in moved] == pytest.approx([value * factor for _, value in points]), name


def test_a_range_moves_with_its_value(small):
    ours, theirs = small.model.parameter_ranges(), MODEL.parameter_ranges()
    for name in ("beds_at_start[tertiary]", "fund_reserve_at_start[employee]", "chronic_care_capacity"):
        assert ours[name].low / ours[name].value == pytest.approx(theirs[name].low / theirs[name].value)
        assert ours[name].high / ours[name].value == pytest.approx(theirs[name].high / theirs[name].value)
    assert ours["inducement_limit"] == theirs["inducement_limit"]


# --------------------------------------------------------------------------------------------------- a later start


@pytest.mark.parametrize(
    ("start", "half", "nine_in_ten", "spending"),
    [(2014, (0.01, 0.02, 0.015), (0.05, 0.1, 0.06), 0.01), (2019, (0.01, 0.03, 0.045), (0.08, 0.18, 0.2), 0.02)],
)
def test_the_country_begun_later_goes_on_as_it_was(folder, whole, start, half, nine_in_ten, spending):
    """At the start, five years on and in 2035, half of the outcomes and nine in ten of them are this near.

    Memories shorter than its past are lost, and effects are at their reference at the new start, so that reforms under
    way act from there: the more of them, the more it drifts. Total spending stays within one or two hundredths.
    """
    later = hr.simulate(part_of_china(folder, start, PARTS))
    assert later.time.values[0] == start
    outcomes = hr.variables().query("outcome").index
    for year, middle, most in zip((start, start + 5, 2035), half, nine_in_ten, strict=True):
        found = apart(whole[outcomes].sel(time=[year]), later[outcomes].sel(time=[year]), PARTS)
        assert len(found) == len(outcomes)
        near = np.quantile(list(found.values()), (0.5, 0.9))
        assert near[0] < middle and near[1] < most, (year, near)
        assert found["total_health_expenditure"] < spending, year


def test_a_later_start_has_the_stocks_that_the_country_has_by_then(later):
    ours, theirs = facts_of(Base("p", later.model, 2014, 2014).at(2014)), china(2014)
    for name in (
        "population",
        "beds",
        "physicians",
        "village_doctors",
        "fund_balance",
        "account_balance",
        "wage",
        "gdp",
    ):
        factor = PARTS ** -power(FACTS[name].unit, MODEL.records.units)
        np.testing.assert_allclose(ours[name].values, theirs[name].values * factor, rtol=1e-9, err_msg=name)


def test_at_a_later_start_effects_are_at_their_reference_too(later):
    state = Base("p", later.model, 2014, 2014).at(2014)
    for name in ("price_effect", "item_response", "volume_control", "grant_effect", "severity", "equipment_ratio"):
        np.testing.assert_allclose(state[name].values, 1.0, rtol=0, atol=1e-12, err_msg=name)
    prices = state["item_price"] / state["price_index"]
    np.testing.assert_allclose(prices.values, 1.0, rtol=1e-12)  # yuan of 2010 keep their meaning


def test_every_rule_for_a_later_start_and_for_size_names_inputs_there_are():
    for name, rule in rules_in(restart).items():
        assert name in MODEL.records.parameters or name in MODEL.records.drivers, name
        assert rule.__doc__, name
        for read in arguments(rule):
            assert read in MODEL.variables or MODEL.records.find(read), f"{name}: {read}"
    for name in RULES:
        assert MODEL.records.find(name), name
    for fact in FACTS.values():
        assert fact.description and all(MODEL.records.find(name) for name in fact.sets), fact.name
        assert all(read in MODEL.variables or MODEL.records.find(read) for read in arguments(fact.function)), fact.name


def test_every_start_value_of_the_country_is_read_by_a_rule_or_from_a_stock(later):
    """A parameter of the start that nothing reads would stay at its value of 2010 without a word."""
    report = hr.place_report(later)
    stale = [
        name for name in report.index
        if name.endswith("_at_start") and report.rule[name] == "as in china"
        and name.removesuffix("_at_start") not in MODEL.records.levers
    ]  # fmt: skip
    assert set(stale) <= {"product_price_at_start"}, stale  # prices before any procurement


# ------------------------------------------------------------------------------------------------------ own facts


def test_a_place_starts_where_its_facts_say(province):
    found = facts_of(Base("p", province.model, 2013, 2013).at(2013))
    now, then = (Base("china", MODEL, 2010, 2013).at(2013), Base("china", MODEL, 2010, 2013).over(2012))
    for name, given in province.facts.items():
        ours = found[name]
        for element, value in given.values.items():
            if name == "gdp":  # of the year before: carried to the start as the country's changes
                value *= float(now["gdp"].values / then["gdp"].values)
            if name == "wage":
                value *= float(now["wage"].values / then["wage"].values)
            place = ours.values.sum() if element == "" else ours[element].values
            assert float(place) == pytest.approx(value, rel=1e-9), f"{name} {element}"


def test_what_facts_leave_open_follows_from_them(province, folder):
    found, there = facts_of(Base("p", province.model, 2013, 2013).at(2013)), china(2013)
    # physicians were given as a total: the tiers share it as in the country
    share = there["physicians"].values / there["physicians"].values.sum()
    np.testing.assert_allclose(found["physicians"].values / 66e3, share, rtol=1e-9)
    # of the items only drugs were given: the others keep their proportions
    lines = (folder / "province.toml").read_text().splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(("item_share", "fund_")))
    without = Place.load(write(folder, text, "without_item_share", head=""))
    ours = found["item_share"].values[1:]
    theirs = facts_of(Base("p", without.model, 2013, 2013).at(2013))["item_share"].values[1:]
    np.testing.assert_allclose(ours / ours.sum(), theirs / theirs.sum(), rtol=1e-9)
    # beds being built per bed, personal accounts per member and with the wage
    values, base = province.model.parameter_values(), Base("china", MODEL, 2010, 2013).at(2013)
    built = sum(base[f"beds_opened_stage_{i}"]["tertiary"].values for i in (1, 2)) / base["beds"]["tertiary"].values
    assert values["beds_being_built_at_start[tertiary]"] == pytest.approx(37e3 * float(built))
    member = float(there["account_balance"].values / base["persons"]["employee"].values)
    wages = float(found["wage"].values / there["wage"].values)
    assert float(found["account_balance"].values) == pytest.approx(6.5e6 * member * wages)


def test_staff_stand_for_physicians_who_are_not_known(folder):
    alone = Place.load(write(folder, "start = 2010\n[facts]\npopulation = 1e7\nstaff = 80e3\n", "alone"))
    there, found = china(2010), facts_of(Base("p", alone.model, 2010, 2010).at(2010))
    ratio = 80e3 / there["staff"].values.sum()
    np.testing.assert_allclose(found["physicians"].values, there["physicians"].values * ratio, rtol=1e-9)
    text = "start = 2010\n[facts]\npopulation = 1e7\nstaff = 80e3\nphysicians = 20e3\n"
    both = facts_of(Base("p", Place.load(write(folder, text, "both")).model, 2010, 2010).at(2010))
    assert both["staff"].values.sum() == pytest.approx(80e3) and both["physicians"].values.sum() == pytest.approx(20e3)


def test_shares_that_move_keep_between_none_and_all(province):
    for name in ("employee_member_share", "insured_share", "reimbursement_rate"):
        for flat in province.model.flat_names(name):
            values = [value for _, value in province.model.path_points()[flat]]
            assert min(values) >= 0 and max(values) <= 1, flat


def test_money_and_stocks_hold_in_a_province(province):
    run = hr.simulate(province)  # which checks every account, stock and balance
    for year in (2013, 2030):
        assert abs(hr.bridge(run, year)["not explained"]) < 1e-3
    assert float(run.fund_reserve.min()) > 0


def test_a_number_that_is_given_as_a_table_and_as_a_record_is_the_same(folder):
    bare = write(folder, "start = 2010\n[facts]\npopulation = 1e7\nbeds = 40e3\n", "bare")
    text = 'start = 2010\n[facts.population]\nvalue = 1e7\nsource = "census"\n[facts.beds]\nvalue = 40e3\n'
    full = write(folder, text + 'grade = "measured"\n', "full")
    one, two = Place.load(bare), Place.load(full)
    assert one.model.parameter_values() == two.model.parameter_values()
    assert two.facts["population"].source == "census" and two.facts["beds"].grade == "measured"


def test_a_place_may_be_based_on_another_that_is_derived(folder):
    write(folder, "start = 2010\n[facts]\npopulation = 1e8\nbeds = 500e3\n", "region")
    city = write(folder, "start = 2010\n[facts]\npopulation = 1e6\n", "city", HEAD.replace("china", "region"))
    values = Place.load(city).model.parameter_values()
    assert sum(values[f"beds_at_start[{tier}]"] for tier in ("tertiary", "secondary", "primary")) == pytest.approx(5e3)
    assert Place.load(city).size.population == pytest.approx(1e6 / china(2010)["population"].values.sum())


# --------------------------------------------------------------------------------------------------------- reports


def test_a_report_tells_own_from_derived_from_taken(province):
    report = hr.place_report(province)
    records = province.model.records
    assert set(report.index) == {record.name for record in records} - set(records.tables)
    own = set(hr.place_report(province, origin="own").index)
    assert own == {name for fact in province.facts.values() for name in fact.fact.sets}
    assert report.loc["gdp", "rule"].endswith("fact gdp of 2012")
    assert (
        report.origin["village_doctors_at_start"] == "derived"
        and "population" in report.rule["village_doctors_at_start"]
    )
    assert report.origin["inducement_limit"] == "taken" and report.rule["inducement_limit"] == "as in china"
    assert report.value["one_yuan"] == pytest.approx(1.1176, rel=1e-6)
    assert (report.grade[(report.origin != "own") & ~report.source.str.startswith("by definition")] == "assumed").all()
    assert set(hr.place_report("china").origin) == {"own"}


def test_facts_can_be_listed_and_asked_of_any_place(province):
    known = hr.place_facts()
    assert known.query("required").index.tolist() == ["population"] and (known.description != "").all()
    found = hr.place_facts(province)
    assert found.loc["beds[tertiary]", ["value", "origin"]].tolist() == [pytest.approx(37e3), "own"]
    assert found.origin["item_share[tests]"] == "derived" and found.origin["village_doctors"] == "derived"
    assert found.year["gdp"] == 2012
    assert hr.place_facts("china").value["gdp"] == pytest.approx(float(china(2010)["gdp"].values))


def test_numbers_of_a_scenario_are_of_the_country_and_shrink_with_the_place(small):
    ours, theirs = hr.simulate(small, "linked_package"), hr.simulate("china", "linked_package")
    enrolled = ours["general_practitioner_enrolment"] * PARTS
    np.testing.assert_allclose(enrolled, theirs["general_practitioner_enrolment"], rtol=1e-12)
    assert max(apart(theirs, ours, PARTS).values()) < 1e-9


def test_a_scenario_written_for_a_place_has_its_size(small, folder):
    text = 'title = "S"\nplace = "{}"\n[changes]\ngeneral_practitioner_enrolment = [[2026.0, {}]]\n'
    own, other = folder / "own.toml", folder / "other.toml"
    own.write_text(text.format(small.name, 300.0))
    other.write_text(text.format("sanming", 300.0))
    run = hr.simulate(small, own, stop=2030)
    assert float(run["general_practitioner_enrolment"].sel(time=2030)) == pytest.approx(300.0)
    with pytest.raises(
        hr.RecordError, match="it is written for 'sanming' and changes 'general_practitioner_enrolment'"
    ):
        hr.simulate(small, other)
    other.write_text(text.format("sanmin", 300.0))
    with pytest.raises(
        hr.RecordError, match=r"other\.toml: place: unknown place 'sanmin'; nearest valid name: sanming"
    ):
        hr.simulate(small, other)
    assert Size(0.5).within(Size(0.5, {"gdp": {(): 0.1}})) == Size(0.25, {"gdp": {(): 0.1}})
