"""Fitted values as text: the file of a place, or the package's own parameter files with all else left as it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..assembly import UNITS
from ..changes import apply_changes, split_name
from ..headed_file import HeadedFile
from ..output import OutputError
from ..place import Place
from ..stockflow.errors import RecordError
from ..stockflow.record_values import Key, at_key
from ..stockflow.records import Parameter, Records

#: Significant digits of numbers that are converted to the unit of a file.
_DIGITS = 12
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


# ----------------------------------------------------------------------------------------------------- file of a place


def place_text(place: Place, values: Mapping[str, float], made_by: Mapping[str, Any]) -> str:
    """The file of a place like this one, with other values of some parameters."""
    own = _own_values(place)
    changed = apply_changes(place.model, place.model.records, values, where="fitted values")
    final = place.model.parameter_values(changed)
    spelt = {split_name(name)[0] for name in values}
    entries: dict[str, Any] = {}
    for key, value in own.items():
        name = split_name(key)[0]
        if name not in spelt:
            entries[key] = value
        else:
            entries |= {flat: final[flat] for flat in place.model.flat_names(name)}
    entries |= values
    lines = [
        *(f"# {key}: {value}" for key, value in made_by.items()),
        f"title = {_toml(place.title + ', fitted')}",
        f"description = {_toml(place.description)}" if place.description else "",
        f"start = {place.start}",
        f"history = {_toml(place.history)}",
        "",
        "[values]",
        *(f"{_key(key)} = {_toml(value)}" for key, value in entries.items()),
    ]
    return "\n".join(line for line in lines if line or line == "") + "\n"


def _own_values(place: Place) -> Mapping[str, Any]:
    header = HeadedFile.read(Path(place.file), ("title", "start"), ("description", "history", "values"))
    return header.table("values")


def _toml(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        raise TypeError(f"{value!r} is no value of a place")
    if isinstance(value, str):
        kept = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in kept) + '"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    return repr(value)


def _key(name: str) -> str:
    return name if name and set(name) <= _BARE else _toml(name)


# ---------------------------------------------------------------------------------------------- files of the package


def written_into_package(
    place: Place, values: Mapping[str, float], years: tuple[int, int], folder: str | os.PathLike[str] | None = None
) -> dict[Path, str]:
    """The texts of the parameter files that change, each read back and compared; nothing is written.

    Parameters
    ----------
    years : first and last year of the history that was fitted.
    folder : of the files, if not the package's own.

    Raises
    ------
    RecordError
        If the place has values of its own, or the result would be out of range.
    OutputError
        If ``tomlkit``, which keeps comments and layout, is not installed.
    """
    if _own_values(place):
        raise RecordError(
            f"{place.file}: [values] hides the common values from this place; save the fit as a place (-o FILE.toml)"
        )
    try:
        import tomlkit
    except ImportError:
        raise OutputError("tomlkit is not installed; it comes with: pip install 'healthreform[dev]'") from None
    by_file: dict[Path, dict[str, dict[Key, float]]] = {}
    for flat, value in values.items():
        name, key = split_name(flat)
        record = place.model.records.parameters[name]
        if value != at_key(record.value, key):
            file = Path(record.file) if folder is None else Path(folder) / Path(record.file).name
            by_file.setdefault(file, {}).setdefault(name, {})[key] = value
    texts = {}
    for file, changes in by_file.items():
        before = _text(file)
        document: Any = tomlkit.parse(before)
        for name, fitted in changes.items():
            _edit(document["parameters"][name], place, place.model.records.parameters[name], fitted, years)
        texts[file] = tomlkit.dumps(document)
        _check_only(before, texts[file], changes, str(file))
    return texts


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as error:
        raise OutputError(f"{file}: it cannot be read ({error.strerror})") from None


def _edit(entry: Any, place: Place, record: Parameter, fitted: Mapping[Key, float], years: tuple[int, int]) -> None:
    """Put fitted values into one record."""
    factor = UNITS.read(record.written_unit).factor
    if "spread" in entry:
        _spell_range(entry, record, factor)
    recorded: Any = entry["value"]
    if hasattr(recorded, "keys"):
        for key, value in fitted.items():
            inner = recorded
            for element in key[:-1]:
                inner = inner[element]
            inner[key[-1]] = _written(value, factor)
    elif () in fitted:
        entry["value"] = _written(fitted[()], factor)
    else:
        every = [split_name(flat)[1] for flat in place.model.flat_names(record.name)]
        entry["value"] = _nested({key: fitted.get(key, record.value[()]) for key in every}, factor)
    entry["grade"] = "calibrated"
    why = f"fitted to history {years[0]}-{years[1]} and measured effects inside its range"
    if why not in entry["source"]:
        entry["source"] = f"{entry['source']}; {why}"


def _spell_range(entry: Any, record: Parameter, factor: Fraction) -> None:
    """A range given as a spread, as low and high, in the place where the spread stood."""
    after = list(entry)[list(entry).index("spread") + 1 :]
    rest = {key: entry[key] for key in after}
    for key in ("spread", *after):
        entry.remove(key)
    for key, numbers in (("low", record.low), ("high", record.high)):
        entry.add(key, _nested(numbers, factor) if () not in numbers else _written(numbers[()], factor))
    for key, item in rest.items():
        entry.add(key, item)


def _written(value: float, factor: Fraction) -> float:
    return float(f"{float(Fraction(value) / factor):.{_DIGITS}g}")


def _nested(numbers: Mapping[Key, float], factor: Fraction) -> Any:
    """A table by elements on one line, in the layout of the package's files."""
    import tomlkit

    def text(prefix: Key) -> str:
        if prefix in numbers:
            return repr(_written(numbers[prefix], factor))
        inner = dict.fromkeys(key[len(prefix)] for key in numbers if key[: len(prefix)] == prefix)
        return "{ " + ", ".join(f"{element} = {text((*prefix, element))}" for element in inner) + " }"

    return tomlkit.value(text(()))


def _check_only(before: str, after: str, changes: Mapping[str, Mapping[Key, float]], file: str) -> None:
    """Read the new text: the fitted values are in it, ranges are where they were, all else is untouched."""
    old = Records.from_text(before, file=file, units=UNITS)
    new = Records.from_text(after, file=file, units=UNITS)  # refuses what is out of its range
    if [record.name for record in old] != [record.name for record in new]:
        raise RecordError(f"{file}: records would be lost or moved; nothing is written")
    for earlier, later in zip(old, new, strict=True):
        if earlier.name not in changes:
            same = earlier == later
        else:
            fitted = changes[earlier.name]
            same = _close(later.low, earlier.low) and _close(later.high, earlier.high)
            for key in later.value:
                same &= _near(later.value[key], fitted.get(key, at_key(earlier.value, key)))
        if not same:
            raise RecordError(f"{file}: {earlier.name} could not be written faithfully; nothing is written")


def _close(one: Mapping[Key, float], other: Mapping[Key, float]) -> bool:
    return one.keys() == other.keys() and all(_near(one[key], other[key]) for key in one)


def _near(one: float, other: float | None) -> bool:
    return other is not None and abs(one - other) <= 10.0 ** (1 - _DIGITS) * max(abs(one), abs(other))
