"""Plans of calibration: which parameters are free and why, what counts how much, and how near is near enough.

A plan is a text file beside the history it is for, ``data/calibration/PLACE.toml``:

- ``[free]``: a parameter, or ``"name[element]"``, and the reason for freeing it. Only parameters can be free, and none
  that is graded ``measured``; what was enacted is a lever, and a fact. The bounds are the parameter's own range.
- ``[targets]``: a variable and how near a run should come: a share of the level, or for a dimensionless variable a
  difference (0.015 is a point and a half). It is also what an error of the variable is counted in.
- ``[errors]``: what an error is counted in where there is no target: ``share`` of the level, or ``difference``.
- ``[grades]``: weight of a value by its grade; ``doubtful``: its source says LOW, ESTIMATE, DERIVED or SUGGESTED.
- ``[weights]``: a variable, its weight and the reason: ``{ weight = 0.25, reason = "..." }``; 1 where nothing is said.
- ``[misses]``: a variable that a fitted run is known to come no nearer to than its target, and the reason.
- ``evidence``: weight of a measured effect that lies half the width of its accepted range outside; 0 leaves them out.
- ``prior``: weight of a parameter's distance from the middle of its range, in standard deviations of its distribution;
  not from its recorded value, which an earlier fit may have moved.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..assembly import DATA
from ..changes import split_name
from ..headed_file import HeadedFile, shipped_names
from ..observations import GRADES, LAST_YEAR_OF_OUTCOMES
from ..place import Place
from ..stockflow.errors import RecordError, nearest, one_of
from ..stockflow.model import Model

DOUBTFUL = "doubtful"
_FOLDER = "calibration"
_OPTIONAL = ("description", "years", "prior", "evidence", "free", "targets", "errors", "grades", "weights", "misses")
_ERRORS = {"share": 0.05, "difference": 0.02}


@dataclass(frozen=True)
class Plan:
    """A plan, as its file says it.

    Attributes
    ----------
    years : first and last calendar year that count.
    prior : weight of the distance from the middle of a range; ``evidence`` of the distance of an effect from its range.
    free : names of parameters, or ``name[element]``, with the reason.
    targets : how near a run should come, by variable; ``errors`` what an error is counted in without one.
    grades : weight of a value by its grade.
    weights : weight of a variable, and the reason.
    misses : why a target is missed, by variable.
    """

    title: str
    file: str
    years: tuple[int, int]
    prior: float = 0.5
    evidence: float = 0.0
    free: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, float] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=lambda: dict(_ERRORS))
    grades: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    misses: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, place: Place, plan: str | os.PathLike[str] | Plan | None = None, *, needed: bool = True) -> Plan:
        """The plan of a place, or one from a file.

        Parameters
        ----------
        plan : the path of a ``.toml`` file, or a plan; the place's own if left out.
        needed : whether a place without a plan is an error; if not, every series counts alike and nothing is free.

        Raises
        ------
        RecordError
            If there is no plan, or its file is wrong.
        """
        if isinstance(plan, Plan):
            return plan
        if plan is not None:
            return _read(Path(plan), place)
        if place.history in shipped_names(_FOLDER):
            return _read(DATA / _FOLDER / f"{place.history}.toml", place)
        if not needed:
            return cls("every series alike", "", (place.start, LAST_YEAR_OF_OUTCOMES))
        known = one_of(shipped_names(_FOLDER))
        raise RecordError(
            f"place '{place.name}' has no plan of calibration; give one as a file; places that have: {known}"
        )

    def weight(self, name: str, grade: str, source: str) -> float:
        """What a published value of a variable weighs."""
        doubtful = any(word in source for word in ("LOW", "ESTIMATE", "DERIVED", "SUGGESTED"))
        return self.weights.get(name, (1.0, ""))[0] * self.grades.get(DOUBTFUL if doubtful else grade, 1.0)


def _read(file: Path, place: Place) -> Plan:
    header = HeadedFile.read(file, ("title",), _OPTIONAL)
    return Plan(
        title=header.text("title"),
        file=str(file),
        years=_years(header, place),
        prior=_not_negative(header, "prior", Plan.prior),
        evidence=_not_negative(header, "evidence", Plan.evidence),
        free=_reasons(header, "free", "free"),
        targets=_numbers(header, "targets", _flat_variables(place.model), above_zero=True),
        errors=_ERRORS | _numbers(header, "errors", tuple(_ERRORS), above_zero=True),
        grades=_numbers(header, "grades", (*GRADES, DOUBTFUL)),
        weights=_weights(header, place.model),
        misses=_misses(header),
    )


def _not_negative(header: HeadedFile, key: str, default: float) -> float:
    found = header.number(key)
    if found is not None and found < 0:
        raise header.error(key, f"{found:g} must not be below 0")
    return default if found is None else found


def _years(header: HeadedFile, place: Place) -> tuple[int, int]:
    years = header.content.get("years", [place.start, LAST_YEAR_OF_OUTCOMES])
    whole = isinstance(years, list) and len(years) == 2 and all(type(year) is int for year in years)
    if not whole or not place.start <= years[0] <= years[1]:
        raise header.error("years", f"{years!r} must be two years, the first not before {place.start}")
    if years[1] > LAST_YEAR_OF_OUTCOMES:
        raise header.error(
            "years", f"{years[1]} lies after {LAST_YEAR_OF_OUTCOMES}: what came later is kept to test forecasts with"
        )
    return years[0], years[1]


def _flat_variables(model: Model) -> tuple[str, ...]:
    return tuple(flat for name in model.variables for flat in model.flat_names(name))


def _reasons(header: HeadedFile, key: str, why: str) -> dict[str, str]:
    found = header.table(key)
    for name, reason in found.items():
        if not isinstance(reason, str) or not reason.strip():
            raise header.error(f"{key}.{name}", f"{reason!r} must be text: the reason why it is {why}")
    return {str(name): reason for name, reason in found.items()}


def _misses(header: HeadedFile) -> dict[str, str]:
    found = _reasons(header, "misses", "missed")
    for name in found:
        _check_known(header, "misses", name, tuple(header.table("targets")))
    return found


def _numbers(header: HeadedFile, key: str, known: tuple[str, ...], *, above_zero: bool = False) -> dict[str, float]:
    found = {}
    for name, value in header.table(key).items():
        _check_known(header, key, name, known)
        found[name] = _number(header, f"{key}.{name}", value, above_zero)
    return found


def _check_known(header: HeadedFile, key: str, name: str, known: tuple[str, ...]) -> None:
    if name in known:
        return
    elements = [each for each in known if split_name(each)[0] == name]
    hint = f"; name an element: {one_of(elements)}" if elements else nearest(name, known)
    raise header.error(f"{key}.{name}", f"there is nothing of that name{hint}")


def _number(header: HeadedFile, key: str, value: Any, above_zero: bool) -> float:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not usable or value < 0 or (above_zero and not value):
        raise header.error(key, f"{value!r} must be a number {'above' if above_zero else 'not below'} 0")
    return float(value)


def _weights(header: HeadedFile, model: Model) -> dict[str, tuple[float, str]]:
    found, known = {}, _flat_variables(model)
    for name, entry in header.table("weights").items():
        _check_known(header, "weights", name, known)
        if not isinstance(entry, Mapping) or set(entry) != {"weight", "reason"} or not str(entry["reason"]).strip():
            raise header.error(f"weights.{name}", f'{entry!r} must be {{ weight = 0.5, reason = "why" }}')
        found[name] = (_number(header, f"weights.{name}.weight", entry["weight"], False), str(entry["reason"]))
    return found
