"""Last steps of a derived place: the file's own values, what stands for a lever at the start, whether it can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..headed_file import HeadedFile
from ..stockflow import where
from ..stockflow.errors import RecordError, StockflowError, nearest, one_of
from ..stockflow.expand import all_elements
from ..stockflow.model import Model
from ..stockflow.named import NamedArray, as_named
from ..stockflow.paths import Path
from ..stockflow.record_values import at_key
from ..stockflow.records import GRADES, Records
from .base import Base, State
from .draft import Origin
from .facts import FACTS
from .given import Given

_SUFFIX = "_at_start"
_KEYS = ("value", "source", "grade")
#: Facts that together say how full a tier is.
_FILLING = ("beds", "admissions"), ("physicians", "outpatient_visits")


def read_values(header: HeadedFile, given: Mapping[str, Given]) -> tuple[dict[str, Any], dict[str, Origin]]:
    """The values of a place's file: bare, or with a source and a grade; and how each came about."""
    values, origins = {}, {}
    for text, content in header.table("values").items():
        where = f"values.{text}"
        record = content if isinstance(content, Mapping) and "value" in content else {"value": content}
        for key in record:
            if key not in _KEYS:
                raise header.error(f"{where}.{key}", f"unknown key{nearest(key, _KEYS) or '; known: ' + one_of(_KEYS)}")
        source, grade = record.get("source", ""), record.get("grade", "")
        if not isinstance(source, str) or ("source" in record and not source.strip()):
            raise header.error(f"{where}.source", f"{source!r} must be text, and not empty")
        if "grade" in record and grade not in GRADES:
            raise header.error(f"{where}.grade", f"'{grade}' is not one of {one_of(GRADES)}{nearest(grade, GRADES)}")
        name = str(text).partition("[")[0].strip()
        for fact in given.values():
            if name in fact.fact.sets:
                raise header.error(where, f"the fact '{fact.fact.name}' sets it too; keep one of them")
        values[str(text)] = record["value"]
        origins[name] = Origin("own", "the file of the place", source, grade)
    return values, origins


def with_origins(records: Records, origins: Mapping[str, Origin]) -> Records:
    """Records that say where what is the place's own comes from."""
    for name, origin in origins.items():
        record: Any = records.find(name)
        about = {key: text for key, text in (("source", origin.source), ("grade", origin.grade)) if text}
        for group in ("parameters", "levers", "drivers"):
            held = getattr(records, group)
            if name in held and about:
                changed: Any = {group: {**held, name: replace(record, **about)}}
                records = replace(records, **changed)
    return records


def hold_start(model: Model, records: Records, start: int) -> Records:
    """A parameter that stands for a lever at the start has its value there: ``prescribing_control_at_start``."""
    parameters = dict(records.parameters)
    dated = {**records.levers, **records.drivers}
    for name, record in records.parameters.items():
        lever = dated.get(name.removesuffix(_SUFFIX)) if name.endswith(_SUFFIX) else None
        if lever is None:
            continue
        keys = [tuple(elements.values()) for elements in all_elements(model.over(name))]
        points = {key: at_key(lever.path, key) for key in keys}
        value = {key: Path.from_points(path or ()).value(float(start), "left") for key, path in points.items()}
        low = {key: min(at_key(record.low, key) or 0.0, number) for key, number in value.items()}
        high = {key: max(at_key(record.high, key) or 0.0, number) for key, number in value.items()}
        if record.distribution == "fixed":
            low = high = value
        parameters[name] = replace(record, value=value, low=low, high=high)
    return replace(records, parameters=parameters)


def check_start(header: HeadedFile, given: Mapping[str, Given], name: str, model: Model) -> None:
    """Refuse facts with which the model cannot begin, or by which a tier would be fuller than it can be.

    Raises
    ------
    RecordError
        Naming what cannot be computed, or the tier and the facts that do not go together.
    """
    start = header.year("start")
    try:
        state = Base(name, model, start, start).at(start)
    except StockflowError as error:
        raise cannot_be(header, error) from None
    _check_filling(header, given, state)
    _check_bills(header, state)
    for each, value in state.items():
        if not np.isfinite(as_named(value).values).all():
            raise header.error("facts", f"{each} is no number at the start; check the size and the unit of each fact")


def _check_bills(header: HeadedFile, state: State) -> None:
    left, presence = state["distributable"], state["tier_presence"].values
    for element, value, there in zip(left.over[0].elements, left.values, presence, strict=True):
        if there and not value > 0:
            raise header.error(
                "facts",
                f"{element}: its bills leave nothing to pay its staff from; check hospital_income, item_share, "
                "outpatient_visits, admissions, staff and pay",
            )


def cannot_be(header: HeadedFile, error: StockflowError) -> RecordError:
    """An error of the model's first moment, told of the file whose facts led to it."""
    return header.error("facts", f"the model cannot start from them; check the size and the unit of each: {error}")


def _check_filling(header: HeadedFile, given: Mapping[str, Given], state: State) -> None:
    shares = {
        "beds": (state["occupancy"] / state["occupancy_limit"], "admissions fill its beds"),
        "physicians": (_filled(state, "outpatient"), "outpatient visits fill its doctors' time"),
    }
    for pair in _FILLING:
        share, text = shares[pair[0]]
        if not any(name in given for name in pair):
            continue
        for element, value in zip(FACTS[pair[0]].over.elements, share.values, strict=True):  # type: ignore[union-attr]
            if value > 1:
                both = " and ".join(f"facts.{name}" for name in pair)
                raise header.error(
                    both, f"{element}: {text} {value:.2f} times over what is possible; check both, or give both"
                )


def _filled(state: State, kind: str) -> NamedArray:
    """Contacts over what a tier can serve; nought where it can serve nobody and has none."""
    there, capacity = state["tier_contacts"][kind], state["capacity"][kind]
    return as_named(where(there > 0, there / capacity, 0))


def check_origin(header: HeadedFile, given: Mapping[str, Given], values: Mapping[str, Any]) -> None:
    """Hold the file to what it says of itself: ``[origin]`` names facts and values as own, derived or taken.

    Raises
    ------
    RecordError
        If a name is missing, or stands under another word than it should.
    """
    said = header.table("origin")
    if not said:
        return
    words = ("own", "derived", "taken")
    for key in said:
        if key not in words:
            raise header.error(f"origin.{key}", f"unknown key{nearest(key, words) or '; known: ' + one_of(words)}")
    found = {name: origin_of(name, given) for name in FACTS} | dict.fromkeys(values, "own")
    told = {}
    for word in words:
        names = said.get(word, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise header.error(f"origin.{word}", f"{names!r} must be a list of names")
        for name in names:
            if name not in found:
                raise header.error(f"origin.{word}", f"'{name}' is no fact and no value{nearest(name, found)}")
            told[name] = word
    for name, word in found.items():
        if told.get(name) != word:
            raise header.error("origin", f"'{name}' is {word}; list it under {word}")


def origin_of(name: str, given: Mapping[str, Given]) -> str:
    """Whether a fact is own, derived from the base with the size of the place, or taken as it is there."""
    if name in given:
        return "own"
    return "derived" if FACTS[name].kind in ("count", "difference") else "taken"
