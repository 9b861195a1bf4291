"""Extreme conditions: what no place will ever see, and a model must bear all the same.

Inputs are changed in memory, far outside their ranges.  A run passes if it comes to its end in sense: nothing negative
that may not be, nothing that is no number, money conserved, and the answer of the right sign and, where it is known, of
the right size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from .assembly import UNITS
from .check_findings import Verdict
from .engine_use import base_values
from .place import Place
from .setting import LAST_YEAR
from .side_by_side import Beside, Values, run_beside
from .size import power
from .stockflow.errors import StockflowError
from .stockflow.model import Model
from .stockflow.paths import Path

#: How many times as large the place is.
TIMES = 100.0
#: The last condition: the whole place that much larger.
SCALED = f"everything {TIMES:g} times as large"
#: Largest relative difference that counts as round-off where a place is scaled.
ROUND_OFF = 1e-8
#: What is smaller than this beside the largest of its unit is judged as if it were as large: it may be round-off.
SMALL = 1e-6
_START = -np.inf
#: The start for which conditions are dated; a place that begins later meets each of them as many years later.
_DATED_FOR = 2010


@dataclass(frozen=True)
class Extreme:
    """One extreme condition.

    Attributes
    ----------
    values : new values of inputs, for all of their elements; what is counted is of the country's size.
    date : from which those of levers and drivers count; without it, as those of parameters, for the whole run.
    until : when levers and drivers go back to their own paths; without it, never.
    answers : variables, summed over their elements, and which way they answer in the year ``year``: 1 up, -1 down.
    most : the most that is left of a variable in that year, as a multiple of what it is otherwise.
    least : the least that an element of a variable comes to in that year, in its own unit.
    """

    title: str
    values: Mapping[str, float]
    answers: Mapping[str, int]
    year: int
    date: float = _START
    until: float = np.inf
    most: Mapping[str, float] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)

    @property
    def claims(self) -> tuple[str, ...]:
        """The variables of which it says something."""
        return tuple(dict.fromkeys((*self.answers, *self.most, *self.least)))

    def at(self, place: Place) -> Extreme:
        """The same for a place: of its size, and as many years later as it begins later than the country."""
        later = max(place.start - _DATED_FOR, 0)
        return replace(
            self,
            values={name: value * place.size.factor(place.model, name) for name, value in self.values.items()},
            year=min(self.year + later, LAST_YEAR),
            date=self.date + later,
            until=self.until + later,
        )

    def inputs(self, model: Model, base: Values) -> dict[str, float | Path]:
        """All inputs, with the changed ones in their place."""
        changed = dict(base)
        for name, value in self.values.items():
            for flat in model.flat_names(name):
                path = base[flat]
                changed[flat] = _jump(path, self.date, value, self.until) if isinstance(path, Path) else value
        return changed


def _jump(path: Path, date: float, value: float, until: float) -> Path:
    if date == _START:
        return Path.constant(value)
    points = list(zip(path.dates, path.values, strict=True))
    jump = [*(point for point in points if point[0] < date), (date, path.value(date, "left")), (date, value)]
    if np.isfinite(until):
        jump += [(until, value), (until, path.value(until)), *(point for point in points if point[0] > until)]
    return Path.from_points(jump)


EXTREMES = (
    Extreme(
        "no doctors from the start",
        {
            "physicians_at_start": 0.0,
            "general_practitioners_at_start": 0.0,
            "village_doctors_at_start": 0.0,
            "village_entry_rate": 0.0,
            "new_physicians": 0.0,
            "general_practitioner_enrolment": 0.0,
            "trainees_at_start": 0.0,
            "under_bond_at_start": 0.0,
            "retraining_share": 0.0,
            "retrainees_at_start": 0.0,
        },
        {"contacts_total": -1, "medical_income": -1, "pay_paid": -1},
        2020,
        most=dict.fromkeys(("contacts_total[outpatient]", "contacts_total[inpatient]", "drugs_bought"), 1e-3),
        least={"unmet_share": 0.9},
    ),
    Extreme(
        "doctors leave within a year, and none come",
        {
            "exit_rate": 3.0,
            "new_physicians": 0.0,
            "general_practitioner_enrolment": 0.0,
            "retraining_share": 0.0,
            "village_exit_rate": 3.0,
            "village_entry_rate": 0.0,
        },
        {"physicians_total": -1, "contacts_total": -1, "pay_paid": -1},
        2020,
        most=dict.fromkeys(("contacts_total[outpatient]", "contacts_total[inpatient]"), 1e-2),
        least={"unmet_share": 0.9},
    ),
    Extreme(
        "no fund reserve and no contributions",
        {"fund_reserve_at_start": 0.0, "contribution_rate": 0.0, "resident_premium": 0.0, "resident_subsidy": 0.0},
        {"claims_paid": -1, "claims_payable": 1, "fund_reserve": -1},
        2020,
    ),
    Extreme(
        "funds that lose all income",
        {"contribution_rate": 0.0, "resident_premium": 0.0, "resident_subsidy": 0.0},
        {"claims_paid": -1, "claims_payable": 1, "fund_reserve": -1},
        2035,
        2020.0,
    ),
    Extreme(
        "drugs for nothing",
        {"other_drug_price": 1e-9},
        {"drugs_bought": -1, "total_health_expenditure": -1},
        2024,
        2020.0,
    ),
    Extreme(
        "nothing costs anything",
        {"other_drug_price": 1e-9, "other_consumables_price": 1e-9, "test_price": 1e-9, "service_price_drift": -3.0},
        {"claims_due": -1, "pay_paid": -1},
        2026,
        2020.0,
        most={"medical_income": 0.2, "drugs_bought": 0.2},
    ),
    Extreme(
        "full cover overnight",
        {"reimbursement_rate": 1.0},
        {"claims_due": 1, "patients_paid": -1, "contacts_total": 1},
        2021,
        2020.0,
    ),
    Extreme(
        "everything bought in volume overnight",
        {
            "drug_procurement_coverage": 1.0,
            "drug_procurement_rounds": 1e5,
            "consumables_procurement_coverage": 1.0,
            "volume_compliance": 1.0,
            "platform_share": 1.0,
        },
        {"drug_price_paid[tertiary]": -1, "saving_total": 1, "drugs_bought": -1},
        2022,
        2016.0,
    ),
    Extreme(
        "an epidemic that never ends",
        {"outbreak_restriction": 1.0},
        {"contacts_total": -1, "medical_income": -1, "fund_reserve": 1},
        2030,
        2022.0,
    ),
    Extreme(
        f"{TIMES:g} times the people within a year",
        {"arrival_count": (TIMES - 1) * 1.35e9 / 3},
        {"persons_total": 1, "contacts_total": 1},
        2014,
        2012.0,
        2013.0,
        most=dict.fromkeys(("contacts_total[outpatient]", "contacts_total[inpatient]"), 3.0),
        least={"unmet_share": 0.5},
    ),
)


@dataclass(frozen=True)
class Ending:
    """How a run under an extreme condition ended.

    Attributes
    ----------
    sense : whether it came to its end, in sense.
    told : what it failed of and when, what makes no sense, or how far the answers went.
    failed : variables that do not answer as they should.
    senseless : whether it failed, or makes no sense in any model, whatever the answers.
    """

    title: str
    sense: bool
    told: str
    failed: tuple[str, ...] = ()
    senseless: bool = False


def endings(place: Place, extremes: Sequence[Extreme] = EXTREMES) -> Iterator[Ending]:
    """How each extreme condition ends; last everything a hundred times as large."""
    model = place.model
    base = base_values(model, model.records)
    here = [extreme.at(place) for extreme in extremes]
    inputs = [base, *(extreme.inputs(model, base) for extreme in here), _larger(model, base)]
    runs = run_beside(model, inputs, place.start)
    for number, extreme in enumerate(here, start=1):
        yield _ending(extreme.title, runs, number, partial(_answers, extreme=extreme))
    yield _ending(SCALED, runs, len(inputs) - 1, _scaled)


def _ending(title: str, runs: Beside, number: int, judge: Callable[[Beside, int], Verdict]) -> Ending:
    failure = runs.failure(number)
    if failure:
        return Ending(title, False, f"ends: {failure}", senseless=True)
    senseless = _senseless(runs, number)
    if senseless:
        return Ending(title, False, senseless, senseless=True)
    return Ending(title, *judge(runs, number))


def _senseless(runs: Beside, number: int) -> str:
    """What makes no sense in any model: no numbers, negative stocks or payments, money from nowhere."""
    columns = runs.columns
    for name, values in columns.items():
        if not np.isfinite(values[number]).all():
            return f"{name} is no number"
    for stock in runs.model.flat.stocks:
        if stock not in runs.model.flat.signed and columns[stock][number].min() < 0:
            return f"{stock} is negative"
    for payment in runs.model.payments:
        if columns[payment.flow][number].min() < 0:
            return f"{payment.flow} runs backward"
    try:
        runs.assert_conserved([number])
    except StockflowError as error:
        return str(error)
    return ""


def _answers(runs: Beside, number: int, extreme: Extreme) -> Verdict:
    year = int(np.searchsorted(runs.raw.times, extreme.year))
    failed, told = [], []
    for name in dict.fromkeys((*extreme.answers, *extreme.most)):
        flats = _flat_names(runs.model, name)
        before, after = (float(sum(runs.raw[flat][run, year] for flat in flats)) for run in (0, number))
        right = extreme.answers.get(name, 0) * (after - before) >= 0 and after != before
        if not right or not after <= extreme.most.get(name, np.inf) * before:
            failed.append(name)
        told.append(f"{name} x {after / before:.3g}" if before else f"{name} {after:.3g}")
    for name, least in extreme.least.items():
        lowest = min(float(runs.raw[flat][number, year]) for flat in _flat_names(runs.model, name))
        if not lowest >= least:
            failed.append(name)
        told.append(f"{name} {lowest:.3g}")
    return Verdict(not failed, f"{', '.join(told)} in {extreme.year}", tuple(dict.fromkeys(failed)))


def _flat_names(model: Model, name: str) -> Sequence[str]:
    return [name] if "[" in name else model.flat_names(name)


# ------------------------------------------------------------------------------------------------------ a larger place


def _larger(model: Model, base: Values) -> dict[str, float | Path]:
    """Everything that is counted a hundred times as much; shares, rates and prices as they are."""
    found = dict(base)
    for record in model.records:
        factor = TIMES ** power(record.unit, UNITS)
        if record.name in model.records.tables or factor == 1:
            continue
        for flat in model.flat_names(record.name):
            found[flat] = _times(base[flat], factor)
    return found


def _times(value: float | Path, factor: float) -> float | Path:
    if isinstance(value, Path):
        return Path(value.dates, tuple(factor * level for level in value.values))
    return factor * value


def _largest_by_unit(runs: Beside) -> dict[str, float]:
    """The largest value of the base run in each unit."""
    found: dict[str, float] = {}
    for written in runs.model.variables:
        unit = runs.model.unit(written)
        values = [float(np.abs(runs.raw[flat][0]).max()) for flat in runs.model.flat_names(written)]
        found[unit] = max(found.get(unit, 0.0), *values)
    return found


def _scaled(runs: Beside, number: int) -> Verdict:
    """Every result a hundred times as large, or the same, as its unit says."""
    worst, error = "", 0.0
    largest = _largest_by_unit(runs)
    for written, variable in runs.model.variables.items():
        if variable.kind == "balance":
            continue
        unit = runs.model.unit(written)
        factor = TIMES ** power(unit, UNITS)
        for flat in runs.model.flat_names(written):
            base: Any = factor * runs.raw[flat][0]
            size = max(float(np.abs(base).max()), SMALL * factor * largest[unit]) or 1.0
            apart = float(np.abs(runs.raw[flat][number] - base).max()) / size
            if not apart <= error:
                worst, error = flat, apart
    return Verdict(error <= ROUND_OFF, f"every result scales as its unit says, to {error:.1e} ({worst})")
