"""How practice answers: empty beds, want of income, and what each item earns."""

import numpy as np
import pytest
from model_runs import TIERS, every, flat_names, from_date, run, scenario_values

# --- beds: whoever is crowded out is crowded out once ---


def pressed(runs, tier):
    return runs[f"bed_pressure[{tier}]"], runs[f"usual_occupancy[{tier}]"]


@pytest.mark.parametrize("tier", TIERS)
def test_empty_beds_lower_the_threshold_and_full_ones_leave_it_to_capacity(tier):
    """Below target occupancy emptier wards admit more; above it, fuller wards do not admit less: capacity binds."""
    runs = run(every("bed_plan_limit", 0.0), every("bed_plan_limit", 1.0) | every("bed_drive", 0.2), every_step=True)
    target, usual = scenario_values()[f"occupancy_target[{tier}]"], runs[f"usual_occupancy[{tier}]"]
    pressure, full = runs[f"bed_pressure[{tier}]"], usual >= target
    at_target = np.unique(pressure[full].round(12))
    assert full.any() and at_target.size == 1  # one value, however full
    order = np.argsort(usual[~full])
    assert (np.diff(pressure[~full][order]) <= 1e-12).all() and pressure[~full].size > 50


def test_higher_cover_of_residents_brings_about_the_admissions_that_its_price_asks_for():
    """Within a third of what the elasticity of price asks for is crowded out, not three quarters."""
    names = [f"reimbursement_rate[{tier},inpatient,resident]" for tier in ("tertiary", "secondary")]
    runs = run({}, {flat: path for name in names for flat, path in from_date(name, 2014.0, 0.9).items()}, last=2017)
    asked, served = (
        np.diff([runs.year(name, 2016) for name in group]).sum()
        for group in (["contacts_wanted[inpatient,resident]"], flat_names("tier_contacts")[1::2])
    )
    assert 0.6 < served / asked < 1.2


# --- want of income goes where it earns ---


@pytest.mark.parametrize("tier", ["tertiary", "secondary"])
def test_want_of_income_adds_less_of_what_no_longer_earns(tier):
    """A mark-up gone lowers what want of income adds of drugs, and not what it adds of tests."""
    gone = from_date("drug_mark_up", 2012.0, 0.0) | every("mark_up_price_compensation", 0.0)
    runs = run(from_date("drug_mark_up", 2012.0, 0.15), gone, last=2014)
    drugs, tests = (runs[f"earning[{tier},{item}]"] for item in ("drugs", "tests"))
    assert (drugs[1, 2:] < drugs[0, 2:] - 0.1).all()
    np.testing.assert_allclose(tests[1, 2:], tests[0, 2:], rtol=0.02)


def test_blind_want_of_income_adds_the_same_whatever_an_item_earns():
    runs = run({"earning_weight": 0.0}, {"earning_weight": 1.0})
    for flat in flat_names("earning"):
        np.testing.assert_allclose(runs[flat][0], 1.0, rtol=1e-12)
    assert runs["earning[tertiary,drugs]"][1, -1] < 0.6 and runs.sum("earning")[1].min() >= 0


def test_at_the_start_every_item_earns_what_it_earned():
    runs = run({"earning_weight": 1.0}, last=2010, every_step=True)
    for flat in flat_names("earning"):
        assert runs[flat][0, 0] == pytest.approx(1.0, rel=1e-9), flat
