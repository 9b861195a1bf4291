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
    assert at_target.size <= 1  # one value, however full
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
