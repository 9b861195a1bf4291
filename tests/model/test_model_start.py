"""At the start every effect is at its reference, and the first year's use is what was observed."""

import numpy as np
import pytest
from model_runs import FIRST, TIERS, flat_names, from_date, model, run, scenario_values

import healthreform as hr
from healthreform.stockflow.paths import Path
from healthreform.stockflow.record_values import at_key

#: What multiplies a quantity of the start: exactly one there.
EFFECTS = (
    "price_effect", "income_effect", "seeking", "appeal", "tier_size", "inducement", "bed_pressure",
    "induced_contacts", "item_response", "stay_payment_effect", "admission_payment_effect",
    "volume_control", "item_volume", "drug_volume", "drug_outlay", "shortage_effect", "list_widening",
    "consumables_volume", "consumables_outlay", "item_price", "trust_in_generics",
    "technology", "severity", "morale", "morale_exit", "grant_effect", "activity_effort", "vacancy", "points_value",
    "coding_index", "premium_answer", "equipment_ratio", "capability", "perceived_quality", "supplier_capacity",
    "dynamic_index", "journey_share", "kept_bill", "remote_prescriptions", "drug_price_paid", "consumables_price_paid",
)  # fmt: skip

#: What is added to a quantity of the start, or taken from it, and logarithms of effects: exactly nothing there.
DEPARTURES = (
    "covered_share", "in_contract", "consumables_coverage", "saving_total", "saving_cumulated", "benefit_cut",
    "pressure", "budget_gap", "documentation", "upcoding", "case_share", "case_result", "perceived_result", "fear",
    "room", "dynamic_rise", "compensating_rise", "mark_up_lost", "turned_away", "unserved", "savings_retained",
    "losses_covered", "pull", "payment_pull", "budget_pull", "budget_restraint", "consortium_savings", "overspend_cut",
    "consortium_surplus", "first_contact_share", "returned", "returned_weight", "remote_share", "traditional_fee",
    "centre_beds", "centre_share", "leaving_share", "outside_bills", "contract_fees", "pay_floor_gap", "screened_rate",
)  # fmt: skip


def at_start(runs, name):
    return np.array([runs[flat][0, 0] for flat in model().flat_names(name)])


@pytest.mark.parametrize("name", EFFECTS)
def test_effect_is_one_at_the_start(first_year, name):
    np.testing.assert_allclose(at_start(first_year, name), 1.0, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", DEPARTURES)
def test_departure_is_nothing_at_the_start(first_year, name):
    np.testing.assert_allclose(at_start(first_year, name), 0.0, rtol=0, atol=1e-12)


def test_contacts_at_the_start_are_those_of_the_first_year(first_year):
    given = [scenario_values()[name] for name in model().flat_names("contacts_at_start")]
    np.testing.assert_allclose(at_start(first_year, "contacts"), given, rtol=1e-12)


def test_tier_shares_at_the_start_are_those_of_the_contacts_given(first_year):
    for care in ("outpatient", "inpatient"):
        for scheme in ("employee", "resident"):
            names = [f"[{tier},{care},{scheme}]" for tier in ("tertiary", "secondary", "primary")]
            given = np.array([scenario_values()[f"contacts_at_start{name}"] for name in names])
            chosen = [first_year[f"chosen_share{name}"][0, 0] for name in names]
            np.testing.assert_allclose(chosen, given / given.sum(), rtol=1e-12)


def test_pay_and_bills_at_the_start_are_those_given(first_year):
    for name, given in (("pay_per_worker", "pay_at_start"), ("intensity", "intensity_at_start")):
        expected = [scenario_values()[flat] for flat in model().flat_names(given)]
        np.testing.assert_allclose(at_start(first_year, name), expected, rtol=1e-12)


#: Smooths that start elsewhere than at their input, and why.
HAVE_A_PAST = {
    "income_reference": "lags a growing wage",
    "usual_claims": "lags growing claims",
    "deficit_share": "the share of pools observed",
    "supplement_premium": "what a first city supplement would cost, before anyone has enrolled",
    "usual_surplus": "losses are unknown before the first is made",
    "known_account_reach": "members start in trust that the account pays",
}


def test_a_smooth_starts_at_its_input_unless_it_has_a_past(first_year):
    apart = set()
    for name in model().variables:
        if f"{name}_input" in model().variables:
            level, aimed = at_start(first_year, name), at_start(first_year, f"{name}_input")
            if np.any(np.abs(level - aimed) > 1e-9 * np.abs(aimed)):
                apart.add(name)
    assert apart == set(HAVE_A_PAST)


def test_first_year_of_the_place_is_the_one_its_stocks_are_known_for(first_year):
    assert first_year.raw.times[0] == FIRST


def test_a_lever_moved_for_the_whole_run_does_what_it_does_from_the_first_month():
    """No mark-up from the start, or from the first step on: by 2016 service prices have made up for it alike."""
    runs = run({}, from_date("drug_mark_up", FIRST, 0.0), from_date("drug_mark_up", FIRST + 1 / 16, 0.0))
    for flat in flat_names("service_price"):
        untouched, price, later = runs.year(flat, 2016)
        assert price == pytest.approx(later, rel=0.02)
        if flat != "service_price[primary]":
            assert price > 1.01 * untouched


def test_a_constant_change_holds_from_the_start_and_changes_nothing_of_the_past():
    """As users give it: no mark-up for all the years of a run is a mark-up that goes on the first day."""
    given = hr.simulate("china", "baseline", changes={"drug_mark_up": 0.0}, stop=2012)
    expected = run(from_date("drug_mark_up", FIRST, 0.0), last=2012)
    for tier in TIERS:
        np.testing.assert_allclose(given["service_price"].sel(tier=tier), expected[f"service_price[{tier}]"][0])
        assert expected[f"mark_up_lost[{tier}]"][0, 0] > 0


def every_lever_jumps() -> dict[str, float | Path]:
    """All levers on the very first day, a tenth of the way to an end of their range."""
    case: dict[str, float | Path] = {}
    for name, record in model().records.levers.items():
        for flat in flat_names(name):
            key = tuple(flat.partition("[")[2].rstrip("]").split(",")) if "[" in flat else ()
            path, low, high = scenario_values()[flat], at_key(record.low, key), at_key(record.high, key)
            assert isinstance(path, Path)
            now = path.value(FIRST, "left")
            case |= from_date(flat, FIRST, now + 0.1 * ((high if high - now > now - low else low) - now))
    return case


def test_references_and_starting_values_are_those_of_the_place_whatever_jumps_at_the_start():
    runs = run({}, every_lever_jumps(), last=2010, every_step=True)
    held = [*model().flat.references, *model().flat.stocks]
    assert {"marginal_revenue_at_start[tertiary]", "mark_up_at_start[primary,drugs]"} <= set(held)
    for name in held:
        untouched, changed = runs[name][:, 0]
        assert changed == untouched, name
    for lever in model().records.levers:
        for flat in flat_names(lever):
            assert runs[flat][1, 0] != runs[flat][0, 0], flat


def test_money_and_stocks_hold_from_starting_values_on_whatever_jumps_at_the_start():
    errors = run(every_lever_jumps(), last=2012).conservation_errors()
    worst = max(errors, key=lambda name: np.abs(errors[name]).max())
    assert np.abs(errors[worst]).max() < 1e-9, worst
