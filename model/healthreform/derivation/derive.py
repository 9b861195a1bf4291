"""From a few facts about a place to all of its inputs: each its own, derived from the base by a rule, or taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..headed_file import HeadedFile
from ..sectors.names import scheme, tier
from ..size import Size, power
from ..stockflow import by, total
from ..stockflow.expression import Name
from ..stockflow.model import Model
from ..stockflow.named import NamedArray, as_named
from ..stockflow.paths import Path
from ..stockflow.records import Records
from . import restart
from .base import Base, State, call, rules_in
from .draft import Draft, Origin
from .facts import FACTS
from .fitting import fit
from .given import Given, carried, read_facts
from .missing_tiers import leave_out, missing_tiers, of_other_tiers
from .plausible import check_sizes
from .sizes import RULES, Sizes

#: Procurement in volume, case payment and consortia begin after the start of 2019, and the outbreak a year later; a
#: place that began later would begin without what they had built up.
LATEST_START = 2019
#: The last year that a fact can be of.
LAST_FACT = 2021
#: Dated inputs that follow the calendar although they are one at the start of the base.
CALENDAR = frozenset({"technology_pace"})
#: The one price index that says what a yuan is worth; the others start at it.
PRICES = "price_index"


@dataclass(frozen=True)
class Derived:
    """What became of the facts of a place; ``missing`` are the tiers that it has not."""

    records: Records
    origins: Mapping[str, Origin]
    facts: Mapping[str, Given]
    size: Size
    missing: tuple[str, ...] = ()


def derive(header: HeadedFile, name: str, model: Model, base_start: int) -> Derived:
    """The inputs of a place that is based on another.

    Parameters
    ----------
    header : the place's file.
    name, model, base_start : of the place that it is based on.

    Raises
    ------
    RecordError
        If a fact or the first year cannot be.
    """
    start = header.year("start")
    if not base_start <= start <= LATEST_START:
        raise header.error(
            "start",
            f"{start}: a place based on {name} begins between {base_start}, where the history of {name} does, and "
            f"{LATEST_START}, after which procurement and case payment are under way; choose a year between them",
        )
    base = Base(name, model, base_start, max(LAST_FACT, start))
    given = read_facts(header, base, start)
    missing = missing_tiers(header, given, base, start)
    check_sizes(header, given, base, start, missing)
    draft = Draft(model, name)
    known = {each: carried(fact, base, start) for each, fact in given.items()}
    if start > base_start:
        _restart(draft, base, start)
    sizes = _sizes(base.at(start), known, missing)
    _grow(draft, sizes)
    leave_out(draft, missing)
    fit(header, draft, given, known, start)
    return Derived(draft.records(), draft.origins, given, draft.size(float(sizes.population.values)), missing)


# ------------------------------------------------------------------------------------------------ the state by then


def _restart(draft: Draft, base: Base, start: int) -> None:
    """Parameters of the start as the base has them by then, and indices that are one at the start."""
    state, when = base.at(start), f"{base.name} at the beginning of {start}"
    rules = rules_in(restart)
    for name in draft.values:
        if name in rules:
            text = _told(rules[name])
            draft.set(name, call(rules[name], state), Origin("taken", f"{when}: {text}"))
        elif name.endswith("_at_start"):
            value = read_start(draft.model, state, name)
            if value is not None:
                draft.set(name, value, Origin("taken", f"{when}"))
    for name, value in _indices(draft, base, state).items():
        draft.multiply(name, value / state[name], Origin("derived", f"index, begun anew at the beginning of {start}"))


def _told(rule: Callable[..., Any]) -> str:
    """A rule's docstring as a part of a sentence."""
    text = " ".join((rule.__doc__ or "").split()).rstrip(".")
    return text[:1].lower() + text[1:]


def _indices(draft: Draft, base: Base, state: State) -> dict[str, Any]:
    """Dated indices and what they are at the start: prices what a yuan is worth then, others one, but for rules."""
    records, rules = draft.model.records, rules_in(restart)
    found = {}
    for name, record in records.drivers.items():
        if name in rules:
            found[name] = call(rules[name], state)
        elif record.unit == records.parameters["one_yuan"].unit and name != PRICES:
            found[name] = call(restart.one_yuan, state)
        elif _is_index(draft, name, float(base.start)):
            found[name] = as_named(1.0)
    return found


def read_start(model: Model, state: State, name: str) -> Any:
    """What starts from a parameter, by then: the content of a delay, the level of a stock or smooth; else None."""
    for variable in model.variables.values():
        if variable.declaration.start == name and variable.kind in ("delay", "pipeline"):
            stages = [state[f"{variable.name}_stage_{i}"] for i in range(1, variable.declaration.order + 1)]
            return sum(stages[1:], stages[0])
    for variable in model.variables.values():
        if variable.role == "stock" and isinstance(variable.expression, Name) and variable.expression.name == name:
            return state[variable.name]
    return None


def _is_index(draft: Draft, name: str, start: float) -> bool:
    """Whether a driver is an index of the base's start: without unit, and one there for every element."""
    record = draft.model.records.drivers[name]
    if name in CALENDAR or name.endswith("_share") or record.unit != "dimensionless":
        return False
    return all(Path.from_points(points).value(start, "left") == 1.0 for points in draft.paths[name].values())


# ---------------------------------------------------------------------------------------------------------- size


def _sizes(state: State, known: Mapping[str, Mapping[str, float]], missing: tuple[str, ...]) -> Sizes:
    people = against("population", known, state)
    own, population = people * state["people"], total(people * state["people"], _age(people)) / state["persons_total"]
    members_now = state["persons"]
    insured = against("insured", known, state, otherwise=population)
    employees = members_now["employee"] * insured["employee"]
    members = by(scheme, employee=employees, resident=total(own, _age(people)) - employees)
    beds = _of_tiers(("beds", "admissions"), known, state, population, missing)
    physicians = _of_tiers(
        ("physicians", "staff", "beds", "outpatient_visits", "admissions"), known, state, population, missing
    )
    counted = FACTS["physicians"].of(state)
    return Sizes(
        population=as_named(population),
        people=people,
        members=members / members_now,
        insured=insured,
        need=_need_per_head(own, state) / _need_per_head(state["people"], state),
        beds=beds,
        physicians=physicians,
        physicians_total=total(counted * physicians, tier) / total(counted, tier),
        wage=against("wage", known, state, otherwise=as_named(1.0)),
    )


def _need_per_head(people: NamedArray, state: State) -> NamedArray:
    """Need for care of people of such ages, by kind of care; as many adults among them are ill as in the base."""

    def adults(there: NamedArray) -> NamedArray:
        return there["adults"] + there["older"]

    age = _age(people)
    by_age = total(state["people"] * state["age_use"], age)
    of_ill_adults = (state["need"] * state["persons_total"] - by_age) / adults(state["people"])
    return (total(people * state["age_use"], age) + of_ill_adults * adults(people)) / total(people, age)


def _of_tiers(
    names: Sequence[str],
    known: Mapping[str, Mapping[str, float]],
    state: State,
    population: NamedArray,
    missing: tuple[str, ...],
) -> NamedArray:
    """By tier the first of some facts that is known of it, over what it is in the base; else as the population."""
    ratio = as_named(population)
    for name in reversed(names):
        ratio = against(name, known, state, otherwise=ratio, missing=missing)
    return ratio


def _age(people: NamedArray) -> Any:
    return people.over[0]


def against(
    name: str,
    known: Mapping[str, Mapping[str, float]],
    state: State,
    otherwise: NamedArray | None = None,
    missing: tuple[str, ...] = (),
) -> NamedArray:
    """A fact over what it is in the base, by element: a total is shared as in the base; unknown, as ``otherwise``.

    Of a tier that is missing there is nought.
    """
    fact, there = FACTS[name], of_other_tiers(FACTS[name], state, missing)
    values = known.get(name, {})
    if "" in values and fact.over is not None:
        shared = as_named(values[""] / float(np.sum(there.values))).spread_over(there.over)
        return _without(shared, missing)
    if fact.over is None:
        return as_named(values[""] / float(there.values)) if values else as_named(otherwise)
    ratio = as_named(1.0 if otherwise is None else otherwise).spread_over(there.over)
    numbers = ratio.values.astype(float).copy()
    for element, value in values.items():
        place = fact.over.elements.index(element)
        numbers[place] = value / there.values[place]
    return _without(NamedArray(numbers, there.over), missing)


def _without(ratio: NamedArray, missing: tuple[str, ...]) -> NamedArray:
    """A ratio that is nought for tiers that are missing."""
    if not missing or ratio.over != (tier,):
        return ratio
    elements = zip(tier.elements, ratio.values.tolist(), strict=True)
    return NamedArray([0.0 if element in missing else value for element, value in elements], ratio.over)


def _grow(draft: Draft, sizes: Sizes) -> None:
    """Every input as large as the place is."""
    records = draft.model.records
    for name in (*draft.values, *draft.paths):
        rule = RULES.get(name)
        if rule is not None:
            draft.multiply(name, rule.factor(sizes), Origin("derived", rule.text))
            continue
        record: Any = records.find(name)
        exponent = power(record.unit, records.units)
        if exponent and draft.matters(name):
            text = "with the population" if exponent == 1 else f"with the population to the power {exponent:g}"
            draft.multiply(name, sizes.population**exponent, Origin("derived", text))
