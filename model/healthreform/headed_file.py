"""TOML files with a header, of places and scenarios: found by name or by path, read, and checked key by key."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .assembly import DATA
from .stockflow.errors import RecordError, nearest, one_of
from .stockflow.record_values import read_toml


def shipped_names(kind: str, ending: str = ".toml") -> list[str]:
    """Names of the places, the scenarios ... that come with the package; ``kind`` is the folder's name."""
    return sorted(file.stem for file in (DATA / kind).glob(f"*{ending}"))


def find_file(name: str | os.PathLike[str], kind: str, beside: Path | None = None) -> Path:
    """The file of a place or a scenario.

    Parameters
    ----------
    name : a name that comes with the package, or a path that ends in ``.toml``.
    kind : ``places`` or ``scenarios``.
    beside : a folder to look in first.

    Raises
    ------
    RecordError
        If there is no such place or scenario; the nearest name is offered.
    """
    if isinstance(name, os.PathLike) or (isinstance(name, str) and name.endswith(".toml")):
        return Path(name)
    word = kind.removesuffix("s")
    if not isinstance(name, str):
        raise RecordError(f"{word} {name!r}: give a name, or the path of a .toml file")
    for folder in (beside, DATA / kind):
        if folder is not None and name in (file.stem for file in folder.glob("*.toml")):
            return folder / f"{name}.toml"
    known = shipped_names(kind)
    offer = nearest(name, known) or f"; {kind}: {one_of(known)}"
    raise RecordError(f"unknown {word} '{name}'{offer}")


def files_of(name: str | os.PathLike[str], kind: str) -> list[Path]:
    """The file of a place or a scenario, and those it names as its base and its policy, as far as they can be found."""
    found: list[Path] = []
    pending: list[tuple[str | os.PathLike[str], str, Path | None]] = [(name, kind, None)]
    while pending:
        with suppress(RecordError):  # what is wrong with a file is told when it is read in earnest
            file = find_file(*pending.pop())
            if file not in found:
                found.append(file)
                content = read_toml(file)
                named = ((content.get("based_on"), kind), (content.get("policy"), "scenarios"))
                pending.extend((other, of, file.parent) for other, of in named if isinstance(other, str))
    return found


def reasons_by_claim(given: Any) -> str | dict[str, str]:
    """A reason, or reasons by claim as it is judged; empty if it is neither."""
    if isinstance(given, str):
        return given if given.strip() else ""
    if not isinstance(given, Mapping) or not all(isinstance(text, str) and text.strip() for text in given.values()):
        return ""
    return {" ".join(claim.split()): text for claim, text in given.items()}


@dataclass(frozen=True)
class HeadedFile:
    """The content of such a file; every getter checks the type and names file and key if it is wrong."""

    file: str
    content: Mapping[str, Any]

    @classmethod
    def read(cls, file: Path, required: Sequence[str], optional: Sequence[str]) -> HeadedFile:
        """Read a file and refuse keys that are unknown or missing."""
        content = read_toml(file)
        known = [*required, *optional]
        for key in content:
            if key not in known:
                raise RecordError(f"{file}: unknown key '{key}'{nearest(key, known) or '; known: ' + one_of(known)}")
        for key in required:
            if key not in content:
                raise RecordError(f"{file}: the key '{key}' is missing")
        return cls(str(file), content)

    def error(self, key: str, message: str) -> RecordError:
        """An error that names the file and the key."""
        return RecordError(f"{self.file}: {key}: {message}")

    def text(self, key: str) -> str:
        """A text; empty if it is not given."""
        value = self.content.get(key, "")
        if not isinstance(value, str) or (key in self.content and not value.strip()):
            raise self.error(key, f"{value!r} must be text, and not empty")
        return value

    def number(self, key: str) -> float | None:
        """A finite number, if it is given."""
        value = self.content.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self.error(key, f"{value!r} must be a finite number")
        return float(value)

    def year(self, key: str) -> int:
        """A calendar year."""
        value = self.content[key]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
            raise self.error(key, f"{value!r} must be a calendar year, a whole number")
        return int(value)

    def table(self, key: str) -> Mapping[str, Any]:
        """A table; empty if it is not given."""
        value = self.content.get(key, {})
        if not isinstance(value, Mapping):
            raise self.error(key, f"{value!r} must be a table, [{key}]")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty if it is not given."""
        value = self.content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(key, f"{value!r} must be a list of texts")
        return tuple(value)
