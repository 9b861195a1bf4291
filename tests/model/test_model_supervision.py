"""Fund supervision: false claims, what deters them, what audits find, and what is paid back."""

import functools

import numpy as np
import pytest
from model_runs import TIERS, Runs, every, from_date, run, scenario_values, together

SCHEMES = ("employee", "resident")
VALUES = scenario_values()
CLOSE = {"rtol": 1e-9, "atol": 1e-9}


@functools.cache
def supervised() -> Runs:
    """The baseline, full supervision from 2016 on, and none from then on."""
    return run({}, from_date("fund_supervision", 2016.0, 1.0), from_date("fund_supervision", 2016.0, 0.0))


def test_recoveries_are_near_the_published_ones():
    """Billion yuan: China News Service, 20 February 2021 (2019, 2020); year's meeting of the agency (2021)."""
    recovered = supervised().sum("recoveries_paid")[0] / 1e9
    for year, published in ((2019, 11.6), (2020, 22.3), (2021, 23.4)):
        assert 0.6 * published < recovered[year - 2010] < 1.4 * published, year


def test_what_funds_spend_at_the_start_holds_the_false_claims():
    runs = run(*(every("false_claims_unwatched", share) for share in (0.0, 0.025, 0.085)), last=2010, every_step=True)
    for name in ("claims_due", "scheme_expenditure"):
        spent = runs.sum(name)[:, 0]
        np.testing.assert_allclose(spent, spent[0], rtol=1e-12)
    false, true = runs.sum("false_claims_paid")[:, 0], runs.sum("claims_paid")[:, 0]
    shares = false / (false + true)
    assert shares[0] == 0 and 0.02 < shares[1] < 0.025 and 0.07 < shares[2] < 0.085


def test_more_audits_recover_more_at_first_and_less_again_as_false_claims_grow_rare():
    runs = supervised()
    share = runs.sum("recoveries_due")[1] / (runs.sum("claims_paid") + runs.sum("false_claims_paid"))[1]
    at = {year: share[year - 2010] for year in (2015, 2016, 2021)}
    assert at[2016] > 2 * at[2015]
    assert at[2021] < 0.8 * at[2016]
    false = runs["false_claim_share[tertiary]"]
    assert (np.diff(false[1, 6:12]) < 0).all()
    assert false[1, 11] < 0.7 * false[0, 11]


def test_without_audits_nothing_is_found_and_false_claims_come_back():
    runs = run(from_date("fund_supervision", 2016.0, 0.0) | {"audit_answer": 0.0}, last=2030)
    assert runs.sum("recoveries_due")[0, 10:].max() == 0
    assert runs.sum("recoveries_payable")[0, -1] < 1e-4 * runs.sum("recoveries_payable")[0, 5]
    false = runs["false_claim_share[tertiary]"][0]
    assert false[-1] == pytest.approx(VALUES["false_claims_unwatched"], rel=1e-3)
    assert false[5] < 0.85 * false[-1]


def test_more_supervision_spares_the_funds_more_than_it_takes_back():
    runs = supervised()
    year = 2021 - 2010
    due, back = runs.sum("claims_due")[:, year], runs.sum("recoveries_paid")[:, year]
    assert due[0] - due[1] > back[1] - back[0] > 0
    assert due[2] > 1.005 * due[0]
    assert runs.sum("fund_reserve")[1, year] > runs.sum("fund_reserve")[0, year] > runs.sum("fund_reserve")[2, year]


def test_false_claims_and_recoveries_by_hand():
    runs = run(together(2014.0, drg_share=0.6, fund_supervision=0.7), last=2020, every_step=True)
    found = 1 - np.exp(-VALUES["audit_reach"] * runs["audit_effort"])
    back = 1 + VALUES["legal_fine"] * VALUES["fined_share"]
    np.testing.assert_allclose(runs["found_share"], found, **CLOSE)
    penalty = runs["perceived_penalty"]
    assert penalty[0, 0] == pytest.approx(found[0, 0] * back) and penalty[0, -1] > 2 * penalty[0, 0]
    deterred = 1 - np.exp(-VALUES["false_claim_deterrence"] * penalty)
    for tier in TIERS:
        ruled, unwatched = runs[f"rule_share[{tier}]"], VALUES["false_claims_unwatched"]
        false = runs[f"false_claim_share[{tier}]"]
        np.testing.assert_allclose(false, unwatched * (1 - ruled * deterred), **CLOSE)
        then = unwatched * (1 - ruled * deterred[:, :1])  # as many as cover holds
        np.testing.assert_allclose(runs[f"false_claims_ratio[{tier}]"], (1 - then) / (1 - false), **CLOSE)
        made = {
            care: sum(runs[f"claims_made[{tier},{care},{s}]"] for s in SCHEMES) for care in ("inpatient", "outpatient")
        }
        coded = runs["upcoding"] / runs["coding_index"] * runs["drg_part"] * (1 - runs["excluded_share"])
        coded = coded * made["inpatient"] / sum(made.values())
        assert coded[0, -1] > 0.003
        for scheme in SCHEMES:
            at = f"[{tier},{scheme}]"
            paid, wrong = runs[f"claims_paid{at}"], runs[f"false_claims_paid{at}"]
            np.testing.assert_allclose(wrong, (paid + wrong) * false, **CLOSE)
            due = (wrong + paid * coded) * ruled * found * back
            np.testing.assert_allclose(runs[f"recoveries_due{at}"], due, **CLOSE)
            audited = runs[f"recoveries_payable{at}"] / VALUES["audit_time"]
            taken = audited * (paid + wrong) / (paid + wrong + audited)
            np.testing.assert_allclose(runs[f"recoveries_paid{at}"], taken, **CLOSE)


def test_a_fund_that_pays_nothing_takes_nothing_back_and_is_still_owed_it():
    empty = together(2020.0, resident_premium=0.0, resident_subsidy=0.0)
    runs = run({}, empty, last=2036)
    paid = runs.sum("claims_paid")
    back, owed = (
        sum(runs[f"{name}[{tier},resident]"] for tier in TIERS) for name in ("recoveries_paid", "recoveries_payable")
    )
    given = sum(runs[f"{name}[{tier},resident]"] for tier in TIERS for name in ("claims_paid", "false_claims_paid"))
    assert given[1, -1] < 1e-3 * given[0, -1] < paid[0, -1]
    assert (back <= given * (1 + 1e-12)).all()
    assert back[1, -1] < 1e-3 * back[0, -1]
    assert owed[1, -1] > owed[1, -2] * 0.999 > 0


def test_supervision_does_not_reach_hospitals_outside_the_rules_until_they_join():
    outside, joined = (from_date("other_hospitals_joining", 2016.0, share) for share in (0.0, 1.0))
    audited = from_date("fund_supervision", 2016.0, 1.0)
    runs = run(outside | audited, joined | audited, last=2024)
    secondary, tertiary = (runs[f"false_claim_share[{tier}]"][:, -1] for tier in ("secondary", "tertiary"))
    assert secondary[0] > 1.05 * tertiary[0]
    assert secondary[1] == pytest.approx(tertiary[1])
