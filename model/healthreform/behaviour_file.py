"""Behaviour checks as text: when something is done, what follows; read into a closed vocabulary.

``data/behaviour.toml`` says how a check is written.  Whatever is not understood is one line of error.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .assembly import DATA
from .headed_file import reasons_by_claim
from .stockflow.errors import RecordError, nearest, one_of
from .stockflow.record_values import read_toml

FILE = DATA / "behaviour.toml"
_NEEDED = ("then", "why")
_KEYS = ("when", "date", "until", "scenario", "base", *_NEEDED, "miss")
#: What a quantity may do.
RISES, FALLS, WITHIN, ABOVE, BELOW = "rises", "falls", "stays within", "stays above", "stays below"
VERBS = (RISES, FALLS, WITHIN, ABOVE, BELOW)
#: What it is compared with.
BASE, ITSELF = "the base", "itself"
EXAMPLE = '"hospital_margin falls by at least 0.5 points within 2 years"'

_NAME = r"[A-Za-z_]\w*(?:\[[\w, ]+\])?"
_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
_CLAIM = re.compile(
    rf"(?P<top>{_NAME})(?: / (?P<bottom>{_NAME}))? (?P<verb>{'|'.join(VERBS)})"
    rf"(?: by at least (?P<least>{_NUMBER}) (?P<unit>%|points)| (?P<size>{_NUMBER})(?P<within> %| points)?)?"
    rf"(?: within (?P<years>\d+) years?|(?: from (?P<begin>\d{{4}}))? (?P<word>by|until) (?P<year>\d{{4}}))?"
    rf"(?: against (?P<against>{BASE}|{ITSELF}))?\Z"
)


@dataclass(frozen=True)
class Claim:
    """What is said of one quantity.

    Attributes
    ----------
    text : as it is written.
    top, bottom : a variable, ``name`` (summed over its elements) or ``name[element]``, and what it is divided by.
    verb : one of ``VERBS``.
    size, unit : how much, in ``%``, in ``points`` (hundredths), or in the quantity's own unit where that is empty.
    first, last : the years that count.
    against : ``the base`` or ``itself``, which is its value in the year before the change.
    """

    text: str
    top: str
    bottom: str
    verb: str
    size: float
    unit: str
    first: int
    last: int
    against: str


@dataclass(frozen=True)
class Behaviour:
    """What follows when something is done.

    Attributes
    ----------
    when : new values by lever, driver or parameter; numbers hold from ``date`` on, up to ``until`` if that is given.
    scenario, base : the scenarios of the run and of what it is compared with; with ``when`` both are the same.
    why : the mechanism or the literature from which it follows.
    misses : why the model is known to do otherwise, by the text of the claim that does not hold.
    """

    name: str
    where: str
    when: Mapping[str, Any]
    date: float
    until: float | None
    scenario: str
    base: str
    claims: tuple[Claim, ...]
    why: str
    misses: Mapping[str, str] = field(default_factory=dict)


def read_behaviour(file: Path = FILE) -> dict[str, Behaviour]:
    """The checks of a file by name.

    Raises
    ------
    RecordError
        If the file is wrong: which check, which key, and how it should be.
    """
    return {name: _read(f"{file}: {name}", name, content) for name, content in read_toml(file).items()}


def _read(where: str, name: str, content: Any) -> Behaviour:
    if not isinstance(content, Mapping):
        raise RecordError(f"{where}: {content!r} must be a table, [{name}]")
    for key in content:
        if key not in _KEYS:
            raise RecordError(f"{where}: unknown key '{key}'{nearest(key, _KEYS) or '; known: ' + one_of(_KEYS)}")
    for key in _NEEDED:
        if key not in content:
            raise RecordError(f"{where}: the key '{key}' is missing")
    when, scenario = content.get("when", {}), _text(where, content, "scenario")
    if not isinstance(when, Mapping) or bool(when) == bool(scenario):
        raise RecordError(f"{where}: give either when, a table of new values, or scenario, the name of one")
    base = _text(where, content, "base") or "baseline"
    date = _number(where, content, "date")
    if date is None:
        raise RecordError(f"{where}: the key 'date' is missing: the year from which what is done counts")
    until = _number(where, content, "until")
    if until is not None and (scenario or until <= date):
        raise RecordError(f"{where}: until: it needs when, and must lie after date")
    texts = [content["then"]] if isinstance(content["then"], str) else content["then"]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise RecordError(f"{where}: then: {content['then']!r} must be a text or a list of texts, such as {EXAMPLE}")
    claims = tuple(read_claim(f"{where}: then", text, date) for text in texts)
    why, misses = _text(where, content, "why"), _misses(where, content, claims)
    return Behaviour(name, where, when, date, until, scenario or base, base, claims, why, misses)


def _misses(where: str, content: Mapping[str, Any], claims: Sequence[Claim]) -> dict[str, str]:
    """Reasons by claim: a text where there is one claim, a table by claim where there are several."""
    if "miss" not in content:
        return {}
    given, texts = reasons_by_claim(content["miss"]), [claim.text for claim in claims]
    if not given:
        raise RecordError(f"{where}: miss: {content['miss']!r} must be the reason, a text, or a table of them by claim")
    if isinstance(given, str):
        if len(claims) > 1:
            raise RecordError(f'{where}: miss: name the claim that it explains: miss = {{ "{texts[0]}" = "..." }}')
        return {texts[0]: given}
    for text in given:
        if text not in texts:
            raise RecordError(f"{where}: miss: there is no claim '{text}'{nearest(text, texts)}")
    return given


def _text(where: str, content: Mapping[str, Any], key: str) -> str:
    value = content.get(key, "")
    if not isinstance(value, str) or (key in content and not value.strip()):
        raise RecordError(f"{where}: {key}: {value!r} must be text, and not empty")
    return value


def _number(where: str, content: Mapping[str, Any], key: str) -> float | None:
    value = content.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise RecordError(f"{where}: {key}: {value!r} must be a date, such as 2015 or 2015.5")
    return float(value)


def read_claim(where: str, text: str, date: float) -> Claim:
    """One sentence, such as ``hospital_margin falls by at least 0.5 points within 2 years``.

    Parameters
    ----------
    date : from which years are counted; the year it falls in is the first.

    Raises
    ------
    RecordError
        If it is no such sentence: what is missing or too much.
    """
    plain = " ".join(text.split())
    match = _CLAIM.match(plain)
    if match is None:
        raise RecordError(f"{where}: '{plain}' {_complaint(plain)}")
    found = match.groupdict()
    verb = found["verb"]
    size, unit = _size(where, plain, found)
    begin = math.floor(date)
    first = int(found["begin"] or begin)
    last = begin + int(found["years"]) - 1 if found["years"] else int(found["year"] or 0)
    if not last:
        raise RecordError(f"{where}: '{plain}' says no time: end it with 'within 3 years', 'by 2025' or 'until 2025'")
    stays = verb in (WITHIN, ABOVE, BELOW)
    if found["word"] and (stays == (found["word"] == "by") or (found["begin"] and not stays)):
        raise RecordError(
            f"{where}: '{plain}': what stays does so 'until' a year, what rises or falls does so 'by' one"
        )
    if not begin <= first <= last:
        raise RecordError(
            f"{where}: '{plain}': its years must not lie before its date, {date:g}, nor end before they begin"
        )
    if found["word"] == "by":
        first = last
    against = found["against"] or BASE
    return Claim(plain, found["top"], found["bottom"] or "", verb, size, unit, first, last, against)


def _size(where: str, text: str, found: Mapping[str, str | None]) -> tuple[float, str]:
    verb = found["verb"]
    if verb in (RISES, FALLS):
        if found["size"]:
            raise RecordError(f"{where}: '{text}': write 'by at least {found['size']} %', or points")
        return float(found["least"] or 0.0), found["unit"] or "%"
    unit = (found["within"] or "").strip()
    if found["size"] is None or (verb == WITHIN) != bool(unit):
        raise RecordError(
            f"{where}: '{text}': write 'stays within 2 %' or points, 'stays above 0.1' or 'stays below 1'"
        )
    if verb != WITHIN and found["against"]:
        raise RecordError(f"{where}: '{text}': what stays above or below a number is compared with nothing else")
    return float(found["size"]), unit


def _complaint(text: str) -> str:
    """Why a sentence was not understood: the first word that is none of the vocabulary, with the nearest that is."""
    words = text.split()
    verbs = {verb.split()[0] for verb in VERBS}
    place = 3 if len(words) > 2 and words[1] == "/" else 1
    verb = words[place] if len(words) > place else ""
    if verb not in verbs:
        return f"says not what happens: '{verb}' is not one of {one_of(VERBS)}{nearest(verb, verbs)}; such as {EXAMPLE}"
    return f"is not understood after '{verb}'; write it such as {EXAMPLE}"
