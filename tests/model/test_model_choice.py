"""Which tier patients choose: what an upgrade of hospitals may change, and what it may not."""

import numpy as np
import pytest
from model_runs import run

TIERS, CARES, SCHEMES = ("tertiary", "secondary", "primary"), ("outpatient", "inpatient"), ("employee", "resident")


@pytest.fixture(scope="module")
def upgrades():
    """The first year without and with a fifth of secondary hospitals upgraded in a year, step by step."""
    return run({"upgrade_rate": 0.0}, {"upgrade_rate": 0.2}, last=2010, every_step=True)


def change(runs, name, step):
    """By how much the upgrades change a quantity, as a share of it."""
    return runs[name][1, step] / runs[name][0, step] - 1


@pytest.mark.parametrize("care", CARES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_upgraded_hospital_takes_its_patients_along_and_wins_none(upgrades, care, scheme):
    """At the first step, when no quality, price or habit has had time to answer."""
    hospitals = [f"attraction[{tier},{care},{scheme}]" for tier in ("tertiary", "secondary")]
    assert change(upgrades, hospitals[0], 1) > 5e-3
    assert change(upgrades, hospitals[1], 1) < -5e-3
    together = sum(upgrades[name][:, 1] for name in hospitals)
    assert abs(together[1] / together[0] - 1) < 2e-4
    assert abs(change(upgrades, f"attraction[primary,{care},{scheme}]", 1)) < 2e-4


@pytest.mark.parametrize("care", CARES)
def test_upgrades_alone_make_no_tier_larger_than_it_was(upgrades, care):
    for tier in TIERS:
        assert abs(change(upgrades, f"tier_size[{tier},{care}]", 1)) < 2e-4, tier
    assert change(upgrades, "beds[tertiary]", 1) > 5e-3


@pytest.mark.parametrize("care", CARES)
def test_the_start_regrouped_is_still_the_whole_start(upgrades, care):
    for scheme in SCHEMES:
        shares = sum(upgrades[f"contact_share_regrouped[{tier},{care},{scheme}]"] for tier in TIERS)
        np.testing.assert_allclose(shares, 1.0, rtol=1e-14)
    np.testing.assert_allclose(sum(upgrades[f"tier_share_regrouped[{t},{care}]"] for t in TIERS), 1.0, rtol=1e-14)
    beds = sum(upgrades[f"beds_regrouped[{tier}]"] for tier in TIERS)
    np.testing.assert_allclose(beds, beds[0, 0], rtol=1e-14)


def test_what_is_left_of_secondary_hospitals_decays_by_the_rate_of_upgrades(upgrades):
    years = np.linspace(0, 1, 17)
    np.testing.assert_allclose(upgrades["never_upgraded"][1], np.exp(-0.2 * years), rtol=1e-7)
    np.testing.assert_array_equal(upgrades["never_upgraded"][0], 1.0)
