"""Tails of spending: closed forms against numerical integration, limits of every cover, and who pays in the end."""

import functools
from itertools import pairwise

import numpy as np
import pytest
from model_runs import Runs, every, from_date, model, run, scenario_values
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

VALUES = scenario_values()
SPREAD = VALUES["out_of_pocket_dispersion"]
YEARS = (2012, 2016, 2021, 2035)

#: The baseline, and contracts under which the points of the covers stand in another order.
CONTRACTS = {
    "as enacted": {},
    "a low deductible": from_date("critical_illness_deductible", 2014.0, 0.05),
    "a low ceiling": from_date("critical_illness_ceiling", 2014.0, 0.2),
    "a low deductible and a low ceiling": from_date("critical_illness_deductible", 2014.0, 0.02)
    | from_date("critical_illness_ceiling", 2014.0, 0.02),
    "no deductible": from_date("critical_illness_deductible", 2014.0, 0.0),
    "all of the tail": from_date("critical_illness_deductible", 2014.0, 0.0)
    | from_date("critical_illness_share", 2014.0, 1.0)
    | from_date("critical_illness_ceiling", 2014.0, 1e9),
    "large aid": from_date("assistance_tail_share", 2014.0, 0.8),
    "late aid and policies": {"later_deductible": 2.0} | from_date("assistance_tail_share", 2014.0, 0.8),
}


@functools.cache
def contracts() -> Runs:
    return run(*CONTRACTS.values(), every_step=True)


def number(contract: str) -> int:
    return list(CONTRACTS).index(contract)


def at(name: str, contract: str, year: int) -> float:
    runs = contracts()
    return float(runs[name][number(contract), int(np.searchsorted(runs.raw.times, year))])


def after_critical(contract: str, year: int):
    """What critical-illness insurance leaves of own spending, written as three pieces."""
    start, end, rate = (at(f"critical_{part}", contract, year) for part in ("start", "end", "rate"))
    return lambda x: x - rate * (min(max(x, start), end) - start)


def mean_of(payment, spending: float, kinks: list[float]) -> float:
    """The mean of a payment over lognormal spending with a given mean, by quadrature between its kinks."""
    level = np.log(spending) - SPREAD**2 / 2
    bends = sorted((np.log(kink) - level) / SPREAD for kink in kinks if kink > 0)
    edges = [-10.0, *(bend for bend in bends if -10 < bend < 12), 12.0]
    return sum(
        quad(lambda z: payment(np.exp(level + SPREAD * z)) * norm.pdf(z), low, high, epsabs=0, epsrel=1e-9)[0]
        for low, high in pairwise(edges)
    )


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("year", YEARS)
def test_payments_in_the_tail_are_the_integrals_they_stand_for(contract, year):
    spending, people = at("own_spending", contract, year), at("persons_total", contract, year)
    left = after_critical(contract, year)
    later = at("later_start", contract, year)
    points = [at(f"tail_point[{cut}]", contract, year) for cut in
              ("critical_from", "critical_to", "later_low", "later_mid", "later_top")]  # fmt: skip
    paid = people * mean_of(lambda x: x - left(x), spending, points)
    assert at("critical_illness_paid", contract, year) == pytest.approx(paid, rel=1e-7, abs=1e-3)
    beyond = mean_of(lambda x: max(left(x) - later, 0.0), spending, points)
    assert at("later_excess", contract, year) == pytest.approx(beyond, rel=1e-7)
    aid = people * at("cover_weight[aided]", contract, year) * at("assistance_tail_share", contract, year) * beyond
    assert at("aid_paid", contract, year) == pytest.approx(aid, rel=1e-7, abs=1e-3)
    claims = people * at("policy_cover", contract, year) * VALUES["private_pay_share"] * beyond
    assert at("commercial_claims", contract, year) == pytest.approx(claims, rel=1e-7)


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("year", YEARS)
def test_incidence_is_the_share_whose_spending_after_all_cover_passes_the_threshold(contract, year):
    """The boundary found by bisection on what the covers leave, and the share above it."""
    spending, income = at("own_spending", contract, year), at("income_per_person", contract, year)
    left, later = after_critical(contract, year), at("later_start", contract, year)
    poor = at("cover_weight[aided]", contract, year)
    others = (1 - poor * VALUES["poor_income_ratio"]) / (1 - poor)
    covers = {
        "ordinary": (others, 0.0),
        "aided": (VALUES["poor_income_ratio"], at("assistance_tail_share", contract, year)),
        "private": (others, VALUES["private_pay_share"]),
    }
    for outcome, threshold in (("catastrophic", "catastrophic_threshold"), ("severe", "severe_threshold")):
        expected = 0.0
        for cover, (ratio, share) in covers.items():
            limit = VALUES[threshold] * ratio * income

            def too_much(x, limit=limit, share=share):
                remains = left(x)
                return remains - share * max(remains - later, 0.0) - limit

            boundary = brentq(too_much, 1e-6, 1e12, xtol=1e-9, rtol=1e-14)
            passes = norm.sf(np.log(boundary), loc=np.log(spending) - SPREAD**2 / 2, scale=SPREAD)
            expected += at(f"cover_weight[{cover}]", contract, year) * passes
        assert at(f"{outcome}_share", contract, year) == pytest.approx(expected, rel=1e-6)


def test_people_by_cover_add_up_to_all_and_their_incomes_to_the_mean():
    runs = contracts()
    covers = ("ordinary", "aided", "private")
    weights = [runs[f"cover_weight[{cover}]"] for cover in covers]
    incomes = [runs[f"income_ratio[{cover}]"] for cover in covers]
    np.testing.assert_allclose(sum(weights), 1.0, rtol=1e-12)
    np.testing.assert_allclose(sum(w * i for w, i in zip(weights, incomes, strict=True)), 1.0, rtol=1e-12)


# --- critical-illness insurance at its limits ---


def test_an_endless_deductible_pays_nothing():
    runs = run(from_date("critical_illness_deductible", 2012.0, 1e9))
    assert runs["critical_illness_paid"].max() < 1.0


def test_a_ceiling_of_nothing_pays_nothing():
    runs = run(from_date("critical_illness_ceiling", 2012.0, 0.0))
    assert runs["critical_illness_paid"].max() == 0.0
    assert runs.sum("critical_premium_paid").max() == 0.0


def test_all_of_the_tail_with_no_deductible_is_all_that_is_counted():
    runs, place = contracts(), number("all of the tail")
    covered = runs["persons_total"][place] * runs["critical_rate"][place] * runs["own_spending"][place]
    late = runs.raw.times > 2018
    np.testing.assert_allclose(runs["critical_illness_paid"][place, late], covered[late], rtol=1e-9)
    assert (runs["critical_rate"][place] < 1).all()


def test_nobody_covered_nothing_paid():
    runs = run(from_date("critical_illness_coverage", 2010.0, 0.0))
    assert runs["critical_illness_paid"].max() == 0.0


def test_premiums_follow_claims_and_the_debt_is_paid_off():
    runs = run({}, from_date("resident_subsidy", 2020.0, 3000.0))
    fee = VALUES["critical_illness_fee"]
    due, paid = runs.sum("critical_premium_due"), runs.sum("critical_premium_paid")
    np.testing.assert_allclose(due, runs["critical_illness_paid"] * (1 + fee), rtol=1e-9, atol=1e-3)
    rich = 1  # with months of money a fund owes no more than falls due in the time of settlement
    assert paid[rich, -1] == pytest.approx(due[rich, -1], rel=0.03)
    owed = runs.sum("critical_premium_payable")[rich, -1]
    assert owed == pytest.approx(due[rich, -1] * VALUES["claim_time"], rel=0.05)


def test_better_cover_of_the_tail_lowers_what_is_severe_and_costs_the_fund():
    better = from_date("critical_illness_deductible", 2020.0, 0.2) | from_date("critical_illness_share", 2020.0, 0.8)
    runs = run({}, better)
    for name in ("severe_share", "out_of_pocket_share", "fund_reserve[resident]"):
        assert runs.year(name, 2030)[1] < runs.year(name, 2030)[0], name
    assert runs.year("deficit_share[resident]", 2030)[1] > runs.year("deficit_share[resident]", 2030)[0]


def test_a_deductible_of_half_an_income_leaves_common_catastrophes_as_they_are():
    """Who spends a tenth of an income is far below it: depth moves, not incidence (Fang 2018, Medicine 97:e11362)."""
    base = from_date("critical_illness_share", 2020.0, 0.0)
    runs = run(base, from_date("critical_illness_share", 2020.0, 0.6), last=2020, every_step=True)
    first = int(np.searchsorted(runs.raw.times, 2020.0))
    assert runs["catastrophic_share"][1, first] == pytest.approx(runs["catastrophic_share"][0, first], rel=1e-9)
    assert runs["severe_share"][1, first] < 0.9 * runs["severe_share"][0, first]


# --- medical assistance ---


def test_premiums_of_the_poor_change_the_payer_and_not_the_income_of_the_fund():
    stay = {"unaided_drop_out": 0.0}
    none, full = (stay | from_date("assisted_premium_share", 2015.0, share) for share in (0.0, 1.0))
    runs = run(none, full, last=2015)
    paid_by_poor = runs.year("resident_premiums", 2015)[0] - runs.year("resident_premiums", 2015)[1]
    assert runs.year("assisted_premiums", 2015)[0] == 0
    assert paid_by_poor == pytest.approx(runs.year("assisted_premiums", 2015)[1], rel=1e-9)
    assert runs.year("pool_income[resident]", 2015)[0] == pytest.approx(runs.year("pool_income[resident]", 2015)[1])
    assert runs.year("government_health_expenditure", 2015)[1] > runs.year("government_health_expenditure", 2015)[0]


def test_the_poor_left_alone_with_the_premium_stay_out():
    runs = run(from_date("assisted_premium_share", 2015.0, 1.0), from_date("assisted_premium_share", 2015.0, 0.0))
    with_help, alone = runs.year("insured_persons[resident]", 2020)
    assert 1 - alone / with_help == pytest.approx(VALUES["poor_share"] * VALUES["unaided_drop_out"], rel=1e-6)
    assert runs.year("insured_persons[employee]", 2020)[0] == runs.year("insured_persons[employee]", 2020)[1]


def test_aid_spares_the_poor_catastrophes():
    runs = run({}, from_date("assistance_tail_share", 2024.0, 0.8))
    for burden in ("catastrophic", "severe"):
        poor = runs.year(f"burdened_share[{burden},aided]", 2030)
        assert poor[1] < 0.97 * poor[0], burden


# --- commercial insurers ---


def test_the_insurers_account_closes():
    runs = run({}, from_date("commercial_support", 2015.0, 0.0), from_date("commercial_support", 2015.0, 2.0))
    income = ("commercial_premiums", "supplement_premiums", "critical_premium_paid", "insurer_capital")
    outgo = ("commercial_claims", "lump_sums_paid", "supplement_claims", "critical_illness_paid", "insurer_costs",
             "insurer_profit")  # fmt: skip
    net = sum(runs.sum(name) for name in income) - sum(runs.sum(name) for name in outgo)
    start = runs.start["insurer_reserve"]
    change = np.diff(runs["insurer_reserve"], axis=1, prepend=np.broadcast_to(np.reshape(start, (-1, 1)), (3, 1)))
    size = sum(runs.sum(name) for name in income).max()
    np.testing.assert_allclose(net, change, rtol=0, atol=1e-9 * size)


def test_insurers_who_pay_out_more_than_they_take_are_kept_afloat_by_their_owners():
    reckless = {"lump_sum_share": 1.5, "insurer_cost_share": 0.5}
    runs = run(reckless, may_fail=True)
    assert runs.raw.failures == ()
    assert runs["insurer_reserve"].min() > 0
    assert runs["insurer_capital"][0, -1] > 0.5 * runs["commercial_premiums"][0, -1]
    assert runs["insurer_profit"][0, -1] == 0


def test_without_policies_there_are_no_claims_on_them():
    runs = run(from_date("commercial_support", 2015.0, 0.0))
    late = runs.raw.times > 2015
    for name in ("commercial_premiums", "commercial_claims", "lump_sums_paid", "policy_cover"):
        assert runs[name][0, late].max() == 0.0, name


def test_commercial_cover_spares_those_who_have_it():
    runs = run({})
    for burden in ("catastrophic", "severe"):
        assert (runs[f"burdened_share[{burden},private]"] < runs[f"burdened_share[{burden},ordinary]"]).all()


def risk_and_enrolment(ratio: float, dispersion: float) -> tuple[float, float]:
    """At a premium over what a mean person would pay, by integration over the risks people know of themselves."""
    level = -(dispersion**2) / 2
    bound = (np.log(ratio) - level) / dispersion
    risk = quad(lambda z: np.exp(level + dispersion * z) * norm.pdf(z), bound, 15.0, epsrel=1e-10)[0]
    return risk / norm.sf(bound), norm.sf(bound)


@pytest.mark.parametrize("year", [2022, 2030, 2040])
def test_who_enrols_in_a_city_supplement_is_who_expects_more_of_it_than_it_costs(year):
    runs = run({}, every_step=True)
    at_year = int(np.searchsorted(runs.raw.times, year))
    benefit = runs["private_benefit"][0, at_year] * VALUES["supplement_scope"]
    ratio = runs["supplement_premium"][0, at_year] / benefit / VALUES["supplement_worth"]
    risk, enrolled = risk_and_enrolment(ratio, VALUES["risk_dispersion"])
    assert runs["supplement_risk"][0, at_year] == pytest.approx(risk, rel=1e-7)
    aimed = runs["supplement_offer"][0, at_year] * enrolled
    assert runs["supplement_enrolment_input"][0, at_year] == pytest.approx(aimed, rel=1e-7)
    assert risk > 1.2


@pytest.mark.parametrize("which", ["low", "value", "high"])
def test_gain_of_adverse_selection_stays_below_one_over_the_range_of_its_dispersion(which):
    """A premium dearer by one per cent makes the risk of those who stay rise by less: no spiral without end."""
    dispersion = getattr(model().parameter_ranges()["risk_dispersion"], which)
    for ratio in np.geomspace(0.3, 8.0, 25):
        low, high = (risk_and_enrolment(ratio * factor, dispersion)[0] for factor in (0.999, 1.001))
        gain = np.log(high / low) / np.log(1.001 / 0.999)
        assert 0 < gain < 1, ratio


def test_a_loading_drives_the_healthy_out():
    runs = run({"supplement_loading": 0.05}, {"supplement_loading": 0.5})
    cheap, dear = runs.year("supplement_risk", 2030)
    assert dear > cheap
    assert runs.year("supplement_enrolment", 2030)[1] < 0.7 * runs.year("supplement_enrolment", 2030)[0]


# --- nothing runs backward, nothing is negative, in contracts of every kind ---


def test_no_payment_of_any_cover_is_negative():
    runs = contracts()
    for name in (
        "critical_illness_paid", "aid_paid", "commercial_claims", "supplement_claims", "supplement_premiums",
        "lump_sums_paid", "insurer_costs", "insurer_profit", "insurer_capital", "insurer_reserve", "assisted_premiums",
        "delivery_reimbursed", "maternity_paid_apart", "maternity_reserve", "maternity_financed", "maternity_backed",
    ):  # fmt: skip
        assert runs[name].min() >= 0, name


def test_what_is_paid_back_never_exceeds_what_was_paid():
    runs = contracts()
    assert (runs["reimbursed"] < runs["own_spending"] * runs["persons_total"] + runs["delivery_reimbursed"]).all()
    assert (runs["out_of_pocket_expenditure"] > 0).all()


def test_money_is_conserved_in_contracts_of_every_kind():
    rough = (
        CONTRACTS["all of the tail"]
        | CONTRACTS["large aid"]
        | from_date("outbreak_restriction", 2016.0, 0.8, until=2017.0)
    )
    rough |= from_date("maternity_contribution_rate", 2014.0, 0.0) | every("resident_subsidy", 100.0)
    errors = run(rough, CONTRACTS["a low ceiling"]).conservation_errors()
    worst = max(errors, key=lambda name: np.abs(errors[name]).max())
    assert np.abs(errors[worst]).max() < 1e-9, worst
