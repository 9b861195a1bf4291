"""Every lever moves some outcome, both ways, in a state where it can act; every uncertain parameter moves something."""

import functools

import numpy as np
import pytest
from model_runs import FIRST, Runs, from_date, jump, model, run, scenario_values

from healthreform.stockflow.paths import Path
from healthreform.stockflow.record_values import at_key

#: Least change that counts, as a share of the variable's largest value in the run it is compared with.
MOVED = 1e-6
#: When levers are moved, early enough for the slow ones to show.
DATE = 2014.0

LEVERS = sorted(flat for name in model().records.levers for flat in model().flat_names(name))


def everything_on():
    """A state in which rules, limits and late provisions bind: what a lever or parameter needs to act on."""
    state = {}
    for name, value in (
        ("gatekeeping_coverage", 0.5), ("activity_pay_share", 0.2), ("drug_procurement_rounds", 450.0),
        ("family_doctor_coverage", 1.0), ("contract_content", 1.0), ("drg_share", 0.3), ("dip_share", 0.5),
        ("service_price_adjustment", 1.0), ("bed_plan_limit", 0.3), ("retention_share", 0.3),
        ("public_health_grant", 200.0), ("account_split", 0.1), ("renewal_effort", 0.3),
        ("consumables_procurement_coverage", 0.8), ("pay_standard_lift", 1.5), ("stay_trend", 0.3),
        ("supplement_offer", 0.8), ("assistance_tail_share", 0.3), ("innovation_exclusion", 1.0),
        ("outbreak_waiver", 0.5), ("outbreak_advance", 0.2),
        ("consortium_coverage", 0.8), ("total_budget_share", 0.7), ("consortium_shared_days", 0.1),
        ("consortium_referral", 0.4), ("surplus_to_prevention", 0.3), ("return_referral", 0.3),
        ("internet_hospital_share", 0.8), ("traditional_payment", 0.6), ("centre_programme", 2e4),
        ("other_hospitals_joining", 0.2), ("contract_fee", 60.0), ("service_price_trigger", 0.1),
    ):  # fmt: skip
        state |= from_date(name, 2012.0, value)
    return state


#: States in which levers and parameters are tried, one after the other.
STATES = {
    "baseline": {},
    "everything on": everything_on(),
    "all but emergencies shut": from_date("outbreak_restriction", 2014.0, 0.95, until=2014.5),
    "a place that people leave": {"leaving_odds": 0.2},
}

#: Parameters that act only in a state of their own.
NEEDS = {
    "payroll_limit": from_date("payroll_limit", 2010.0, 1.2),
    "service_price_step": from_date("service_price_step", 2010.0, 0.005),
    "loss_cover_share[tertiary]": from_date("pay_standard_lift[tertiary]", 2012.0, 1.6)
    | from_date("fixed_pay_share[tertiary]", 2012.0, 1.0),
    "loss_cover_share[secondary]": from_date("pay_standard_lift[secondary]", 2012.0, 1.6)
    | from_date("fixed_pay_share[secondary]", 2012.0, 1.0),
}


def _bounds(flat):
    record = model().records.levers[flat.partition("[")[0]]
    key = tuple(flat.partition("[")[2].rstrip("]").split(",")) if "[" in flat else ()
    return at_key(record.low, key), at_key(record.high, key)


def _half_way(flat, end, state):
    """The lever from a date on half-way from where it is to an end of its range; None where it is there already."""
    path = state.get(flat, scenario_values()[flat])
    assert isinstance(path, Path)
    held = [path.value(date) for date in np.arange(DATE, 2041.0, 1 / 8)]
    if max(abs(value - end) for value in held) < 1e-12:
        return None
    now = float(np.mean(held))
    return {flat: jump(path, DATE, now + 0.5 * (end - now))}


@functools.cache
def columns(of_outcomes: bool) -> np.ndarray:
    """Columns of the results that hold outcomes, or all that is computed in a run."""
    flat = model().flat
    outcomes = {each for name, v in model().variables.items() if v.outcome for each in model().flat_names(name)}
    wanted = outcomes if of_outcomes else {*flat.stocks, *(name for name, _ in flat.equations)}
    return np.array([place for place, name in enumerate(run({}, last=FIRST).raw.names) if name in wanted])


def moved(runs: Runs, number: int, of_outcomes: bool = True) -> float:
    """The largest change against the first run, as a share of a variable's size."""
    chosen = columns(of_outcomes)
    a, b = runs.raw.values[number][:, chosen], runs.raw.values[0][:, chosen]
    size = np.maximum(np.abs(b).max(axis=0), 1e-12)
    return float((np.abs(a - b) / size).max())


@functools.cache
def lever_effects() -> dict[tuple[str, str], float]:
    """By lever and end, how far an outcome moves in the state where it moves most."""
    effects: dict[tuple[str, str], float] = {}
    for state in (*STATES.values(), *NEEDS.values()):
        labels, cases = [], [state]
        for flat in LEVERS:
            for which, end in zip(("low", "high"), _bounds(flat), strict=True):
                change = _half_way(flat, end, state)
                if change is not None:
                    labels.append((flat, which))
                    cases.append({**state, **change})
        runs = run(*cases, may_fail=True)
        failed = {failure.run for failure in runs.raw.failures}
        for number, label in enumerate(labels, start=1):
            effect = 0.0 if number in failed or 0 in failed else moved(runs, number)
            effects[label] = max(effects.get(label, 0.0), effect)
    return effects


@pytest.mark.parametrize("lever", LEVERS)
def test_lever_moves_an_outcome_both_ways(lever):
    found = {which: effect for (name, which), effect in lever_effects().items() if name == lever}
    assert found, f"{lever} is at both ends of its range at once"
    dead = [which for which, effect in found.items() if effect < MOVED]
    assert not dead, f"{lever} towards its {dead} end moves no outcome"


@functools.cache
def parameter_effects() -> dict[str, tuple[float, float]]:
    """By parameter, how far anything moves, and how far an outcome does."""
    uncertain = {name: r for name, r in model().parameter_ranges().items() if r.low < r.high}
    effects: dict[str, tuple[float, float]] = {}
    for state in STATES.values():
        labels = [(name, value) for name, r in uncertain.items() for value in (r.low, r.high) if value != r.value]
        runs = run(state, *({**state, name: value} for name, value in labels), may_fail=True)
        failed = {failure.run for failure in runs.raw.failures}
        assert 0 not in failed
        for number, (name, _) in enumerate(labels, start=1):
            if number not in failed:
                new = moved(runs, number, of_outcomes=False), moved(runs, number)
                effects[name] = tuple(np.maximum(effects.get(name, (0.0, 0.0)), new))
    return effects


def test_every_uncertain_parameter_moves_something():
    """Each is tried: none is passed over because every run with it fails."""
    assert set(parameter_effects()) == {name for name, r in model().parameter_ranges().items() if r.low < r.high}
    assert [name for name, (anything, _) in parameter_effects().items() if anything < MOVED] == []


def test_every_uncertain_parameter_moves_an_outcome_unless_it_concerns_the_boundary():
    boundary = {"retail_purchase_share"}
    dead = {name for name, (_, outcome) in parameter_effects().items() if outcome < MOVED}
    assert {name.partition("[")[0] for name in dead} <= boundary, sorted(dead)


OWN_FILE = (
    "critical_illness_deductible", "critical_illness_share", "critical_illness_ceiling", "assisted_premium_share",
    "assistance_tail_share", "commercial_support", "supplement_offer", "maternity_participation", "maternity_leave",
    "delivery_cover", "maternity_contribution_rate", "maternity_merged", "basic_deductible", "basic_ceiling",
    "designated_primary_share", "outbreak_waiver", "outbreak_advance", "review_time", "listing_time",
    "negotiated_price_cut", "hospital_access", "innovation_exclusion", "shortage_repair",
)  # fmt: skip


@pytest.mark.parametrize("lever", OWN_FILE)
def test_lever_of_cover_and_listing_moves_what_is_published_and_not_only_its_own_count(lever):
    """Out-of-pocket share or total health expenditure: the ends of all that flows."""
    outbreak = from_date("outbreak_restriction", 2014.0, 0.5, until=2014.5) | everything_on()
    cases = [outbreak]
    for end in _bounds(lever):
        change = _half_way(lever, end, outbreak)
        if change is not None:
            cases.append({**outbreak, **change})
    assert len(cases) > 1, f"{lever} is at both ends of its range at once"
    runs = run(*cases)
    for number in range(1, len(cases)):
        changes = [
            np.abs(runs[name][number] / runs[name][0] - 1).max()
            for name in ("out_of_pocket_share", "total_health_expenditure")
        ]
        assert max(changes) > MOVED, number


def test_premium_relief_costs_the_fund_what_it_forgoes():
    runs = run({}, from_date("premium_relief", 2020.0, 0.5, until=2021.0))
    assert runs.year("contributions", 2020)[1] < 0.7 * runs.year("contributions", 2020)[0]
    assert runs.year("fund_reserve[employee]", 2020)[1] < runs.year("fund_reserve[employee]", 2020)[0]


def test_renewal_acts_once_contracts_expire():
    runs = run({}, from_date("renewal_effort", 2019.0, 0.0))
    early, late = (runs.year("molecules_contracted", year) for year in (2018, 2025))
    assert early[0] == early[1]
    assert late[1] < 0.8 * late[0]
    assert runs.year("drug_price_paid[tertiary]", 2025)[1] > runs.year("drug_price_paid[tertiary]", 2025)[0]


def test_outbreak_lowers_visits_while_it_lasts_and_some_come_back():
    runs = run({}, from_date("outbreak_restriction", 2014.0, 0.4, until=2014.5))
    ratio = runs["contacts_total[inpatient]"][1] / runs["contacts_total[inpatient]"][0]
    assert ratio[4] < 0.9
    assert runs.year("backlog[inpatient,resident]", 2014)[1] > 10 * runs.year("backlog[inpatient,resident]", 2014)[0]
    assert abs(ratio[-1] - 1) < 0.02
