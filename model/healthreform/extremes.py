"""Extreme conditions: what no place will ever see, and a model must bear all the same.

Inputs are changed in memory, far outside their ranges.  A run passes if it ends in sense: nothing negative that may not
be, nothing that is no number, money conserved, and the answer of the right sign; or if it ends in its own error of one
line, which says what went wrong first and when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .assembly import UNITS
from .engine_use import base_values
from .place import Place
from .side_by_side import Beside, Values, run_beside
from .size import power
from .stockflow.errors import StockflowError
from .stockflow.model import Model
from .stockflow.paths import Path

#: How many times as large the place is.
TIMES = 100.0
#: Largest relative difference that counts as round-off where a place is scaled.
ROUND_OFF = 1e-8
#: What is smaller than this beside the largest of its unit is judged as if it were as large: it may be round-off.
SMALL = 1e-6
_START = -np.inf


@dataclass(frozen=True)
class Extreme:
    """One extreme condition.

    Attributes
    ----------
    values : new values of inputs, for all of their elements.
    date : from which those of levers and drivers count; without it, as those of parameters, for the whole run.
    answers : variables, summed over their elements, and which way they answer in the year ``year``: 1 up, -1 down.
    """

    title: str
    values: Mapping[str, float]
    answers: Mapping[str, int]
    year: int
    date: float = _START

    def inputs(self, model: Model, base: Values) -> dict[str, float | Path]:
        """All inputs, with the changed ones in their place."""
        changed = dict(base)
        for name, value in self.values.items():
            for flat in model.flat_names(name):
                path = base[flat]
                changed[flat] = _jump(path, self.date, value) if isinstance(path, Path) else value
        return changed


def _jump(path: Path, date: float, value: float) -> Path:
    if date == _START:
        return Path.constant(value)
    before = [(day, level) for day, level in zip(path.dates, path.values, strict=True) if day < date]
    return Path.from_points([*before, (date, path.value(date, "left")), (date, value)])


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
            "retraining_share": 0.0,
            "retrainees_at_start": 0.0,
        },
        {"contacts_total": -1},
        2020,
    ),
    Extreme(
        "doctors leave within a year, and none come",
        {"exit_rate": 3.0, "new_physicians": 0.0, "general_practitioner_enrolment": 0.0, "retraining_share": 0.0},
        {"physicians_total": -1, "contacts_total": -1, "pay_paid": -1},
        2020,
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
        "everything bought in volume overnight",
        {
            "drug_procurement_coverage": 1.0,
            "drug_procurement_rounds": 1e5,
            "consumables_procurement_coverage": 1.0,
            "volume_compliance": 1.0,
            "platform_share": 1.0,
        },
        {"procured_price": -1, "saving_total": 1, "drugs_bought": -1},
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
)


@dataclass(frozen=True)
class Ending:
    """How a run under an extreme condition ended.

    Attributes
    ----------
    sense : whether it ended in sense or in its own error.
    told : what the error was, what makes no sense, or how far the answers went.
    """

    title: str
    sense: bool
    told: str


def endings(place: Place, extremes: Sequence[Extreme] = EXTREMES) -> Iterator[Ending]:
    """How each extreme condition ends; last a hundred times the people, and everything a hundred times as large."""
    model = place.model
    base = base_values(model, model.records)
    crowd = Extreme(f"{TIMES:g} times the people", {}, {"persons_total": 1, "contacts_total": 1}, 2020)
    inputs = [base, *(extreme.inputs(model, base) for extreme in extremes), _crowded(model, base), _larger(model, base)]
    runs = run_beside(model, inputs, place.start)
    for number, extreme in enumerate((*extremes, crowd), start=1):
        yield _ending(extreme.title, runs, number, partial(_answers, extreme=extreme))
    yield _ending(f"everything {TIMES:g} times as large", runs, len(inputs) - 1, _scaled)


def _ending(title: str, runs: Beside, number: int, judge: Callable[[Beside, int], tuple[bool, str]]) -> Ending:
    failure = runs.failure(number)
    if failure:
        return Ending(title, "\n" not in failure and " at " in failure, f"ends: {failure}")
    senseless = _senseless(runs, number)
    if senseless:
        return Ending(title, False, senseless)
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


def _answers(runs: Beside, number: int, extreme: Extreme) -> tuple[bool, str]:
    year = int(np.searchsorted(runs.raw.times, extreme.year))
    right, told = True, []
    for name, sign in extreme.answers.items():
        flats = runs.model.flat_names(name)
        before, after = (float(sum(runs.raw[flat][run, year] for flat in flats)) for run in (0, number))
        right = right and sign * (after - before) > 0
        told.append(f"{name} x {after / before:.3g}" if before else f"{name} {after:.3g}")
    return right, f"{', '.join(told)} in {extreme.year}"


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


def _crowded(model: Model, base: Values) -> dict[str, float | Path]:
    """A hundred times the people, who are born and fall ill as before, with the doctors, beds and money there are."""
    found = dict(base)
    for name in ("people_at_start", "birth_count", "contacts_at_start"):
        for flat in model.flat_names(name):
            found[flat] = _times(base[flat], TIMES)
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


def _scaled(runs: Beside, number: int) -> tuple[bool, str]:
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
    return error <= ROUND_OFF, f"every result scales as its unit says, to {error:.1e} ({worst})"
