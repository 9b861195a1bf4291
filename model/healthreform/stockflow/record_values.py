"""Values in TOML: read from a file that may be anything, checked one by one, and converted to coherent units."""

from __future__ import annotations

import math
import stat
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from os import PathLike
from pathlib import Path as FilePath
from typing import Any, TypeVar

from .errors import RecordError, UnitError, nearest, one_of
from .units import UnitSystem

LARGEST_FILE = 4 * 1024 * 1024

#: ``(date, value)`` pairs of a path, or ``(x, y)`` pairs of a table.
Points = tuple[tuple[float, float], ...]
#: The elements along each of a record's subscripts; empty for one value that holds for all.
Key = tuple[str, ...]
Leaf = TypeVar("Leaf")


def read_toml(file: str | PathLike[str]) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises
    ------
    RecordError
        If there is no such file, or it is no regular one, empty, larger than 4 MiB, binary, not UTF-8, or malformed.
    """
    path = FilePath(file)
    try:
        check_regular(path)
        with path.open("rb") as opened:  # never more than this, whatever size the file says it has
            content = opened.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        if path.is_symlink():
            raise RecordError(f"{path}: it is a link to {path.readlink()}, where there is no file") from None
        names = [other.name for other in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise RecordError(f"{path}: there is no such file{nearest(path.name, names)}") from None
    except OSError as error:
        raise RecordError(f"{path}: it cannot be read ({error.strerror})") from None
    if len(content) > LARGEST_FILE:
        raise RecordError(f"{path}: more than 4 MiB is too large for a file of records")
    if b"\0" in content:
        raise RecordError(f"{path}: it is binary, or not saved as UTF-8; a file of records is UTF-8 text")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordError(f"{path}: it is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    return parse_toml(text, str(path))


def check_regular(file: FilePath) -> None:
    """Refuse what is no regular file before it is opened: a device may have no end, a pipe no beginning.

    Raises
    ------
    RecordError
        If it is a folder, a device or a pipe, or its path holds a NUL.
    OSError
        If there is no such file, or it cannot be looked at.
    """
    if "\0" in str(file):
        raise RecordError(f"{str(file)!r}: it cannot be read (a path holds no NUL)")
    if not stat.S_ISREG(file.stat().st_mode):
        raise RecordError(f"{file}: it cannot be read (it is no regular file)")


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """The tables of a TOML text; ``file`` is named in errors."""
    if not text.strip():
        raise RecordError(f"{file}: it is empty")
    try:
        return tomllib.loads(text)
    except ValueError as error:  # malformed, or an integer of thousands of digits
        raise RecordError(f"{file}: malformed TOML: {error}") from None
    except RecursionError:
        raise RecordError(f"{file}: malformed TOML: it is nested too deeply") from None


@dataclass(frozen=True)
class Entry:
    """One table of a file, with what an error line needs to point at it."""

    file: str
    kind: str
    name: str
    content: Mapping[str, Any]

    def error(self, message: str, key: str = "") -> RecordError:
        """An error that names the file, the record and the key."""
        return RecordError(f"{self.file}: {self.kind}.{self.name}{'.' + key if key else ''}: {message}")

    def check_keys(self, required: Sequence[str], optional: Sequence[str]) -> None:
        """Refuse keys that are unknown and miss those that are required."""
        known = [*required, *optional]
        for key in self.content:
            if key not in known:
                raise self.error(f"unknown key{nearest(key, known) or '; known: ' + one_of(known)}", str(key))
        for key in required:
            if key not in self.content:
                raise self.error(f"the key '{key}' is missing")

    def text(self, key: str) -> str:
        """A text, empty if it is not given."""
        value = self.content.get(key, "")
        if not isinstance(value, str):
            raise self.error(f"{value!r} must be text in quotes", key)
        if key in self.content and not value.strip():
            raise self.error("it is empty", key)
        return value

    def choice(self, key: str, valid: Sequence[str], otherwise: str) -> str:
        """One of several words."""
        value = self.text(key) or otherwise
        if value and value not in valid:
            raise self.error(f"'{value}' is not one of {one_of(valid)}{nearest(value, valid)}", key)
        return value

    def over(self) -> Key:
        """Names of its subscripts."""
        value = self.content.get("over", [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(f'{value!r} must be a list of names of subscripts, such as ["tier"]', "over")
        if len(set(value)) < len(value):
            raise self.error("it names one subscript twice", "over")
        return tuple(value)

    def unit(self, key: str, units: UnitSystem) -> tuple[str, Fraction]:
        """The coherent unit that a record's unit converts to, and what its values are multiplied by."""
        try:
            unit = units.read(self.text(key))
        except UnitError as error:
            raise self.error(str(error), key) from None
        return units.text(unit.dimension), unit.factor

    def nested(self, key: str, over: Key, read: Callable[[Any, str], Leaf]) -> dict[Key, Leaf]:
        """A value, or a table of values by element, nested in the order of ``over``."""
        return self.nested_value(self.content[key], key, over, read)

    def nested_value(self, value: Any, key: str, over: Key, read: Callable[[Any, str], Leaf]) -> dict[Key, Leaf]:
        """As ``nested``, for a value that is given in place of the record's own."""
        if not isinstance(value, Mapping):
            return {(): read(value, key)}
        found: dict[Key, Leaf] = {}
        self._descend(value, key, over, (), read, found)
        return found

    def _descend(
        self,
        value: Any,
        key: str,
        over: Key,
        chosen: Key,
        read: Callable[[Any, str], Leaf],
        found: dict[Key, Leaf],
    ) -> None:
        if len(chosen) == len(over):
            if isinstance(value, Mapping):
                given = f"over = [{', '.join(over)}]" if over else "the record has no subscripts (over = [...])"
                raise self.error(f"a table by element is nested too deeply: {given}", key)
            found[chosen] = read(value, key)
            return
        if not isinstance(value, Mapping) or not value:
            raise self.error(f"it needs a table by element of {over[len(chosen)]}, not {value!r}", key)
        for element, part in value.items():
            self._descend(part, f"{key}.{element}", over, (*chosen, str(element)), read, found)


def number_reader(entry: Entry, factor: Fraction) -> Callable[[Any, str], float]:
    """Reads one number: finite, not text, converted."""

    def read(value: Any, key: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            what = "text" if isinstance(value, str) else type(value).__name__
            raise entry.error(f"{value!r} is {what}; a number goes here", key)
        try:
            if math.isfinite(value):
                return float(value) if factor == 1 else float(Fraction(value) * factor)
        except OverflowError:
            raise entry.error("the number is too large", key) from None
        raise entry.error(f"{value} is not a finite number", key)

    return read


def path_reader(entry: Entry, factor: Fraction) -> Callable[[Any, str], Points]:
    """Reads a dated path: dates that do not fall, each at most twice."""

    def read(value: Any, key: str) -> Points:
        points = _pairs(entry, value, key, "[date, value]", Fraction(1), factor)
        for (earlier, _), (later, _) in pairwise(points):
            if later < earlier:
                raise entry.error(f"the dates are out of order: {later:g} comes after {earlier:g}", key)
        for (first, _), (third, _) in zip(points, points[2:], strict=False):
            if first == third:
                raise entry.error(f"the date {first:g} is given three times; a jump gives it twice", key)
        return points

    return read


def table_points(entry: Entry, x_factor: Fraction, factor: Fraction) -> Points:
    """The points of a table: at least two, x strictly rising."""
    points = _pairs(entry, entry.content["points"], "points", "[x, y]", x_factor, factor)
    if len(points) < 2:
        raise entry.error("a table needs at least two points", "points")
    for (left, _), (right, _) in pairwise(points):
        if right <= left:
            raise entry.error(f"x must rise from point to point: {right:g} comes after {left:g}", "points")
    return points


def _pairs(entry: Entry, value: Any, key: str, what: str, x_factor: Fraction, factor: Fraction) -> Points:
    if not isinstance(value, (list, tuple)) or not value:
        raise entry.error(f"{value!r} must be a list of points, [{what}, ...]", key)
    read_x, read_y = number_reader(entry, x_factor), number_reader(entry, factor)
    points = []
    for point in value:
        if not isinstance(point, (list, tuple)) or len(point) != 2:
            raise entry.error(f"the point {point!r} must be {what}", key)
        points.append((read_x(point[0], key), read_y(point[1], key)))
    return tuple(points)


def at_key(values: Mapping[Key, Leaf], key: Key) -> Leaf | None:
    """The value for some elements: their own, or the one that holds for all."""
    return values.get(key, values.get(()))
