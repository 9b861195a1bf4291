"""Money, debts, people, beds and patients: nothing appears and nothing vanishes, whatever is done."""

import numpy as np
import pytest
from model_runs import TIERS, from_date, model, run, scenario_values

from healthreform.inventory import scenarios

ROUND_OFF = 1e-9


def rough_time():
    """A history nobody had: an epidemic, empty funds, a rush of upgrades and a price war at once."""
    changed = {}
    for name, value in (
        ("outbreak_restriction", 0.4), ("resident_subsidy", 200.0), ("upgrade_rate", 0.1), ("account_split", 0.05),
        ("procurement_price_cut", 0.75), ("drug_procurement_rounds", 400.0), ("capped_share", 1.0), ("drg_share", 0.6),
    ):  # fmt: skip
        changed |= from_date(name, 2014.0, value)
    return changed


@pytest.mark.parametrize("scenario", list(scenarios().index))
def test_stocks_accounts_and_balances_hold_in_every_scenario(scenario):
    errors = run({}, scenario=scenario).conservation_errors()
    worst = max(errors, key=lambda name: np.abs(errors[name]).max())
    assert np.abs(errors[worst]).max() < ROUND_OFF, worst


def test_stocks_accounts_and_balances_hold_in_a_rough_time():
    errors = run(rough_time()).conservation_errors()
    assert {name.partition(" ")[0] for name in errors} == {"stock", "account", "balance"}
    assert max(np.abs(error).max() for error in errors.values()) < ROUND_OFF


def test_a_payment_that_went_nowhere_would_be_noticed(baseline):
    """The check itself: a flow made one part in a million larger fails it."""
    spoilt = dict(baseline.columns)
    spoilt["claims_paid[tertiary,employee]"] = spoilt["claims_paid[tertiary,employee]"] * (1 + 1e-6)
    baseline_errors = baseline.conservation_errors()["account fund[employee]"]
    changed = type(baseline)(baseline.raw, baseline.inputs, baseline.first)
    changed.__dict__["columns"] = spoilt
    assert np.abs(baseline_errors).max() < ROUND_OFF
    assert np.abs(changed.conservation_errors()["account fund[employee]"]).max() > 100 * ROUND_OFF


def test_every_payment_has_two_ends_and_no_payment_runs_backwards(baseline):
    for payment in model().payments:
        assert payment.payer and payment.payee and payment.payer != payment.payee
        assert baseline[payment.flow].min() >= 0, payment.flow


def test_what_one_owes_another_is_owed(baseline):
    """Debts: claims by funds and recoveries back to them, premiums to insurers, bills for drugs by providers, loans."""
    pairs = {(debt.owed_by.partition("[")[0], debt.owed_to.partition("[")[0]) for debt in model().ledger.debts}
    assert pairs == {
        ("fund", "provider"),
        ("provider", "fund"),
        ("fund", "insurer"),
        ("provider", "drug_firm"),
        ("provider", "lender"),
    }
    for tier in TIERS:
        change = np.diff(baseline[f"loans[{tier}]"][0], prepend=baseline.start[f"loans[{tier}]"][0])
        moved = {"tertiary": 1, "secondary": -1, "primary": 0}[tier] * baseline["loans_upgraded"][0]
        explained = baseline[f"borrowed[{tier}]"][0] - baseline[f"repaid[{tier}]"][0] + moved
        np.testing.assert_allclose(change, explained, rtol=1e-6, atol=1.0)


def test_people_change_by_births_and_deaths_alone(baseline):
    people = baseline.sum("people")[0]
    started = sum(scenario_values()[flat] for flat in model().flat_names("people_at_start"))
    change = np.diff(people, prepend=started)
    np.testing.assert_allclose(change, baseline["births"][0] - baseline.sum("deaths")[0], rtol=1e-7, atol=1.0)


def test_every_adult_is_free_of_the_disease_or_has_it():
    steps = run(every_step=True)
    chronic = sum(steps[f"chronic_{state}"] for state in ("unfound", "found", "managed", "complicated"))
    at_risk = steps["people_at_risk"]
    assert (at_risk > 0).all() and (chronic > 0).all()
    np.testing.assert_allclose(at_risk + chronic, steps["people[adults]"] + steps["people[older]"], rtol=1e-12)


def test_the_insured_are_never_more_than_there_are(baseline):
    assert (baseline.sum("insured_persons") <= baseline["persons_total"] * (1 + 1e-12)).all()


UPGRADED = (
    "beds", "physicians", "equipment", "loans", "drug_payables", "provider_cash", "claims_payable",
    "recoveries_payable", "habit",
)  # fmt: skip


@pytest.mark.parametrize("stock", UPGRADED)
def test_what_leaves_the_secondary_tier_in_an_upgrade_arrives_in_the_tertiary(stock):
    moves = {}
    for flat in model().flat_names(stock):
        for sign, flow in model().ledger.rates[flat]:
            if flow.partition("[")[0].endswith("_upgraded"):
                moves.setdefault(flow, []).append((sign, flat.replace(f"{stock}[", "").split(",")[0].rstrip("]")))
    assert moves
    for flow, ends in moves.items():
        assert sorted(ends) == [(-1, "secondary"), (1, "tertiary")], flow


def test_upgrades_alone_create_no_physicians_beds_or_debt():
    """The sums over tiers do not feel an upgrade in the first step, when nothing has had time to answer it."""
    runs = run({"upgrade_rate": 0.0}, {"upgrade_rate": 0.2}, last=2010, every_step=True)
    answers = {"beds": 1e-4, "physicians": 1e-4, "loans": 1e-4, "equipment": 1e-4}
    answers["provider_cash"] = 5e-4  # patients who came along pay the tertiary tier's prices from the first day
    for stock, most in answers.items():
        total, tertiary = runs.sum(stock)[:, 1], runs[f"{stock}[tertiary]"][:, 1]
        assert abs(tertiary[1] / tertiary[0] - 1) > 5e-3
        assert abs(total[1] / total[0] - 1) < most, stock


def test_habits_and_shares_add_up_to_one():
    runs = run({}, rough_time())
    for care in ("outpatient", "inpatient"):
        np.testing.assert_allclose(sum(runs[f"habit[{tier},{care}]"] for tier in TIERS), 1.0, rtol=1e-10)
        np.testing.assert_allclose(sum(runs[f"contact_share[{tier},{care}]"] for tier in TIERS), 1.0, rtol=1e-10)
    products = ("winners", "originators", "other_generics")
    np.testing.assert_allclose(sum(runs[f"product_share[{each}]"] for each in products), 1.0, rtol=1e-10)


def test_a_contact_asked_for_is_served_here_or_there_or_not_at_all():
    """Stays of patients sent down to recover come on top: they were served once already."""
    runs = run({}, rough_time() | from_date("return_referral", 2014.0, 0.4))
    assert runs.sum("returned")[1, -1] > 10 * runs.sum("returned")[0, -1] > 0
    for care in ("outpatient", "inpatient"):
        for scheme in ("employee", "resident"):
            again = runs[f"returned[{scheme}]"] if care == "inpatient" else 0.0
            asked = sum(runs[f"contacts_sought[{tier},{care},{scheme}]"] for tier in TIERS)
            served = sum(runs[f"contacts[{tier},{care},{scheme}]"] for tier in TIERS)
            np.testing.assert_allclose(served - again + runs[f"unserved[{care},{scheme}]"], asked, rtol=1e-9)


def test_the_bridge_and_the_bills_close_in_a_rough_time():
    runs = run({}, rough_time())
    assert np.abs(runs["bridge"] / runs["total_health_expenditure"]).max() < ROUND_OFF
    assert np.abs(runs["bills_settled"] / runs["medical_income_total"]).max() < ROUND_OFF


def test_pay_times_staff_is_the_money_paid():
    runs = run({}, last=2030, every_step=True)
    for tier in TIERS:
        worth = runs[f"pay_per_worker[{tier}]"] * runs[f"staff[{tier}]"]
        np.testing.assert_allclose(runs[f"pay_paid[{tier}]"], worth, rtol=1e-12)
