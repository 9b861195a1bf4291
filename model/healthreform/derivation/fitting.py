"""Facts put into the inputs of a place: what they set is chosen so that its model starts where they say."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..headed_file import HeadedFile
from ..sectors.names import bill_item, care, tier
from ..stockflow import by, total
from ..stockflow.expand import flat_name
from ..stockflow.named import NamedArray, as_named
from ..stockflow.paths import Path
from ..stockflow.record_values import Key, Points
from .base import State
from .draft import Draft, Origin, at_start
from .facts import FACTS
from .given import Given, from_odds, odds

#: A fact is met when it is met to this share.
CLOSE = 1e-13
#: Steps after which facts that still move each other are left as they are, if they are met to this share.
MOST_STEPS = 30
NEAR = 1e-9
#: A share that is as good as none.
TINY = 1e-9
#: Logarithm of the largest change of odds that is tried: beyond it all is covered, or nothing.
LARGEST = 12.0
#: The first change of odds that is tried.
STRIDE = 0.25

Known = Mapping[str, Mapping[str, float]]


def fit(header: HeadedFile, draft: Draft, given: Mapping[str, Given], known: Known, start: int) -> None:
    """Change what facts set until they hold at the start: counts first, then bills, then the money of the funds.

    Raises
    ------
    RecordError
        If a fact cannot be met whatever it sets.
    """
    fitting = _Fitting(header, draft, given, known, start)
    for stage in (
        ("population", "physicians", "beds"),  # whose sizes are in place already
        ("insured", "active_share", "gdp", "wage", "outpatient_visits", "admissions", "staff", "village_doctors"),
        ("hospital_income", "fund_balance", "account_balance"),
        ("item_share",),
        ("pay", "fund_income"),
        ("fund_deficit",),
    ):
        fitting.run([name for name in stage if name in given])


class _Fitting:
    def __init__(self, header: HeadedFile, draft: Draft, given: Mapping[str, Given], known: Known, start: int) -> None:
        self.header, self.draft, self.given, self.known, self.start = header, draft, given, known, start

    def run(self, names: Sequence[str]) -> None:
        """Meet some facts; what one of them sets may touch another a little, so it is done again until all hold."""
        special = [name for name in names if hasattr(self, f"_{name}")]
        linear = [name for name in names if name not in special and self._linear(name)]
        for name in special:
            getattr(self, f"_{name}")(self.draft.state(self.start))
        for _ in range(MOST_STEPS):
            state = self.draft.state(self.start) if linear else {}
            short = {name: self._short(name, state) for name in linear}
            far = {name: float(np.abs(factor.values - 1).max()) for name, factor in short.items()}
            if all(distance < CLOSE for distance in far.values()):
                break
            for name, factor in short.items():
                for target, spread in self._linear(name).items():
                    self.draft.multiply(target, spread(factor), self._own(name))
        for name in linear:
            if not far[name] < NEAR:
                how_far = f", but to {far[name]:.1g}" if np.isfinite(far[name]) else ""
                raise self.header.error(
                    f"facts.{name}", f"it cannot be met beside the other facts{how_far}; check the unit of each"
                )
        for name in names:
            for target in FACTS[name].sets:
                if name not in _BY_ELEMENT or target in self._linear(name):
                    self.draft.note(target, self._own(name))

    def _linear(self, name: str) -> Mapping[str, Callable[[NamedArray], Any]]:
        """What is multiplied for a fact; where each element has its own, only that of the elements given."""
        if name in _BY_ELEMENT:
            chosen = {_BY_ELEMENT[name][element]: element for element in self.given[name].elements}
            return {target: operator.itemgetter(element) for target, element in chosen.items()}
        return _LINEAR.get(name, {})

    def _own(self, name: str) -> Origin:
        fact = self.given[name]
        dated = "" if fact.year is None else f" of {fact.year}"
        every = fact.fact.over.elements if fact.fact.over is not None else ("",)
        whole = set(fact.elements) == set(every)
        elements = "" if whole else f" ({', '.join(fact.elements)})"
        return Origin("own", f"fact {name}{elements}{dated}", fact.source, fact.grade, whole)

    def _short(self, name: str, state: State) -> NamedArray:
        """By what the model falls short of a fact: a factor for each element, one where nothing is given."""
        fact, there, values = FACTS[name], FACTS[name].of(state), self.known[name]
        if "" in values:
            return as_named(values[""] / float(np.sum(there.values))).spread_over(there.over)
        factors = np.ones_like(there.values, dtype=float)
        for element, value in values.items():
            place = fact.over.elements.index(element)  # type: ignore[union-attr]
            factors[place] = value / there.values[place]
        return NamedArray(factors, there.over)

    # ---------------------------------------------------------------------------------------------- shares of people

    def _insured(self, state: State) -> None:
        """Members of the employee scheme among all people, and residents covered among the others."""
        own, elements = self._own("insured"), self.given["insured"].elements
        short = self._short("insured", state)
        if "employee" in elements:
            now = _number(state["employee_member_share"])
            self._shift("employee_member_share", {(): now * _number(short["employee"])}, {(): now}, own)
        if "resident" in elements:
            state = self.draft.state(self.start)  # there are other residents now
            now = _number(state["insured_share"]["resident"])
            wanted = now * _number(self._short("insured", state)["resident"])
            self._shift("insured_share", {("resident",): wanted}, {("resident",): now}, own)

    def _active_share(self, state: State) -> None:
        now, wanted = _number(state["active_share"]), self.known["active_share"][""]
        self._shift("active_share", {(): wanted}, {(): now}, self._own("active_share"))

    def _shift(self, name: str, wanted: Mapping[Key, float], now: Mapping[Key, float], origin: Origin) -> None:
        """A dated share whose odds keep their ratio to the base's, so that it stays between none and all."""

        def moved(key: Key, share: float) -> float:
            if key not in wanted:
                return share
            if wanted[key] >= 1:
                return 1.0
            return shift(share, odds(wanted[key]) / odds(now[key])) if wanted[key] != now[key] else share

        self.draft.reshape(name, moved, origin)

    # -------------------------------------------------------------------------------------------------------- bills

    def _item_share(self, state: State) -> None:
        now, values = FACTS["item_share"].of(state), self.known["item_share"]
        shares = dict(zip(bill_item.elements, now.values.tolist(), strict=True))
        rest = sum(share for item, share in shares.items() if item not in values)
        left = 1 - sum(values.values())
        factors = {item: values[item] / share if item in values else left / rest for item, share in shares.items()}
        change = by(bill_item, **{item: as_named(factor) for item, factor in factors.items()})
        self.draft.multiply("intensity_at_start", _in_hospitals(change), self._own("item_share"))

    # -------------------------------------------------------------------------------------------- money of the funds

    def _fund_deficit(self, state: State) -> None:
        for name, deficit in self.known["fund_deficit"].items():
            income = _number(state["pool_income"][name])
            further = deficit - _number(FACTS["fund_deficit"].of(state)[name])
            margin = _with(state["fund_margin"], name, _number(state["fund_margin"][name]) - further / income)
            variable = self.draft.model.variables["deficit_share_input"]
            known = {**state, "fund_margin": margin}
            pools = as_named(variable.function(*(known[argument] for argument in variable.arguments)))
            before, there = self.draft.values["deficit_share_at_start"], state["deficit_share_input"]
            moved = shift(_number(before[name]), odds(_inside(pools[name])) / odds(_inside(there[name])))
            kept = _with(before, name, moved)
            self.draft.set("deficit_share_at_start", kept, self._own("fund_deficit"))
            self._cover(name, income + deficit)

    def _cover(self, name: str, claims: float) -> None:
        """Rates of reimbursement at which a scheme's claims are what they should be: their odds move together."""
        before = {key: points for key, points in self.draft.paths["reimbursement_rate"].items() if name in key}
        interpreter, elements = self.draft.interpreter(), self.draft.model.over("reimbursement_rate")

        def moved(logarithm: float) -> dict[Key, Points]:
            ratio = float(np.exp(logarithm))
            return {key: tuple((date, shift(rate, ratio)) for date, rate in path) for key, path in before.items()}

        def beyond(logarithm: float) -> float:
            for key, path in moved(logarithm).items():
                chosen = dict(zip((each.name for each in elements), key, strict=True))
                interpreter.paths[flat_name("reimbursement_rate", elements, chosen)] = Path.from_points(path)
            spent = total(at_start(interpreter, self.start)["claims_due"], tier, care)
            return _number(spent[name]) / claims - 1

        if not claims > 0 or beyond(LARGEST) < 0:
            raise self._unmet(name, claims)
        self.draft.replace("reimbursement_rate", moved(root(beyond, LARGEST)))

    def _unmet(self, name: str, claims: float) -> Exception:
        return self.header.error(
            f"facts.fund_deficit.{name}",
            f"claims of {claims:.4g} yuan a year cannot be, whatever the cover of these bills; check fund_deficit, "
            "fund_income, outpatient_visits, admissions and hospital_income",
        )


def root(function: Callable[[float], float], largest: float, steps: int = 2 * MOST_STEPS) -> float:
    """Where a rising function is zero, near nought: bracketed, then by false position with the kept end halved."""
    value = function(0.0)
    low, below, high, above = 0.0, value, 0.0, value
    width = STRIDE
    while below > 0 and low > -largest:
        low, width = max(low - width, -largest), 2 * width
        below = function(low)
    while above < 0 and high < largest:
        high, width = min(high + width, largest), 2 * width
        above = function(high)
    if below == above:
        return low
    middle, side = low, 0
    for _ in range(steps):
        middle = (low * above - high * below) / (above - below)
        value = function(middle)
        if abs(value) < CLOSE:
            break
        if value < 0:
            low, below, above, side = middle, value, above / 2 if side < 0 else above, -1
        else:
            high, above, below, side = middle, value, below / 2 if side > 0 else below, 1
    return middle


def _number(value: Any) -> float:
    return float(as_named(value).values)


def _inside(share: NamedArray) -> float:
    """A share of pools that has odds: where none or all are in deficit, as good as none or all."""
    return min(max(_number(share), TINY), 1 - TINY)


def _with(array: NamedArray, element: str, number: float) -> NamedArray:
    """The same values over one subscript but for one element."""
    values = array.values.astype(float).copy()
    values[array.over[0].elements.index(element)] = number
    return NamedArray(values, array.over)


def shift(share: float, ratio: float) -> float:
    """A share whose odds are multiplied; none stays none and all stays all."""
    return share if share <= 0 or share >= 1 else float(from_odds(odds(share) * ratio))


def _in_hospitals(factor: NamedArray) -> Any:
    return by(tier, tertiary=factor, secondary=factor, primary=factor * 0 + 1)


#: What is simply multiplied by what a fact falls short of, and how the factor spreads.
_LINEAR: Mapping[str, Mapping[str, Callable[[NamedArray], Any]]] = {
    "gdp": {"gdp": as_named},
    "wage": {"wage": as_named},
    "staff": {"staff_per_physician": as_named},
    "village_doctors": {"village_doctors_at_start": as_named},
    "outpatient_visits": {"contacts_at_start": lambda short: by(care, outpatient=short, inpatient=as_named(1.0))},
    "admissions": {"contacts_at_start": lambda short: by(care, outpatient=as_named(1.0), inpatient=short)},
    "hospital_income": {"intensity_at_start": _in_hospitals},
    "pay": {"pay_at_start": as_named},
    "fund_balance": {"fund_reserve_at_start": as_named},
    "account_balance": {"account_balance_at_start": as_named},
}
#: What each element of a fact sets by itself.
_BY_ELEMENT: Mapping[str, Mapping[str, str]] = {
    "fund_income": {"employee": "contribution_base_ratio", "resident": "resident_financing_ratio"},
}
