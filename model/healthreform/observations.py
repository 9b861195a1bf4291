"""What was observed: published series under the model's variable names, and how a run compares with them."""

from __future__ import annotations

import csv
import functools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .agreement import agreement
from .assembly import DATA
from .changes import split_name
from .place import Place
from .stockflow.errors import RecordError, nearest, one_of
from .stockflow.expand import all_elements, flat_name
from .stockflow.model import Model
from .stockflow.record_values import read_toml

if TYPE_CHECKING:
    import pandas
    import xarray

_OBSERVED = DATA / "history" / "observed.toml"
_COLUMNS = ("series", "year", "value", "unit", "grade", "source")
_KEYS = ("series", "factor", "skip", "optional", "note")
#: From the surest to the least sure; a sum is as sure as the least sure of its parts.
GRADES = ("verified", "recalled", "conflicting")
#: What happened later is kept to test forecasts with: nothing is fitted to it.
LAST_YEAR_OF_OUTCOMES = 2021


@dataclass(frozen=True)
class Row:
    """One published value."""

    value: float
    grade: str
    source: str


#: Published values by series and year.
Series = Mapping[str, Mapping[int, Row]]


@dataclass(frozen=True)
class Counterpart:
    """Which published series stand against a variable.

    Attributes
    ----------
    name : flat name of the variable.
    series : names of series that are added; one with a leading minus is subtracted.
    factor : from the series' unit to the model's.
    skip : years in which a change of definition breaks the series.
    optional : series that count as zero after their last year.
    """

    name: str
    series: tuple[str, ...]
    factor: float
    skip: tuple[int, ...]
    optional: tuple[str, ...]
    note: str

    def values(self, published: Series) -> Iterator[tuple[int, Row]]:
        """The years in which every part was published, with the sum in the model's unit."""
        parts = [(name.removeprefix("-"), -1.0 if name.startswith("-") else 1.0) for name in self.series]
        years = sorted({year for name, _ in parts for year in published[name]} - set(self.skip))
        for year in years:
            rows = [(sign, self._row(published[name], year, name in self.optional)) for name, sign in parts]
            if all(row is not None for _, row in rows):
                found = [(sign, row) for sign, row in rows if row is not None]
                yield (
                    year,
                    Row(
                        self.factor * sum(sign * row.value for sign, row in found),
                        max((row.grade for _, row in found), key=GRADES.index),
                        "; ".join(dict.fromkeys(row.source for _, row in found if row.source)),
                    ),
                )

    @staticmethod
    def _row(rows: Mapping[int, Row], year: int, optional: bool) -> Row | None:
        ended = optional and bool(rows) and year > max(rows)
        return Row(0.0, GRADES[0], "") if ended else rows.get(year)


def history(place: str | os.PathLike[str] | Place = "china", *, table: bool = False) -> Any:
    """Observed series under the names of the variables they stand against.

    Parameters
    ----------
    place : a place that has a history.
    table : a table with a row for each value, with its grade and source, in place of a dataset.

    Returns
    -------
    xarray.Dataset or pandas.DataFrame
        The dataset has the dimensions and units of a result of ``simulate``, with NaN where nothing was published.

    Raises
    ------
    RecordError
        If the place has no history, or a file of it is wrong.
    """
    here = Place.load(place)
    published = read_series(_file(here))
    rows = [(each, year, row) for each in counterparts(here.model).values() for year, row in each.values(published)]
    return _as_table(here.model, rows) if table else _as_dataset(here.model, rows)


def fit_to_history(run: xarray.Dataset, place: str | os.PathLike[str] | Place | None = None) -> pandas.DataFrame:
    """How a run compares with history, variable by variable.

    Parameters
    ----------
    run : a result of ``simulate`` by years.
    place : whose history; that of the run if left out.

    Returns
    -------
    pandas.DataFrame
        By flat name: years (how many), first, last, and the measures of ``agreement``: mape (mean absolute error as a
        share of what was observed), r2, theil_u, and Theil's shares of the mean squared error: bias, variance,
        covariance.
    """
    import pandas

    table = history(run.attrs["place"] if place is None else place, table=True)
    rows = {}
    for name, part in table.groupby("name", sort=False):
        written, elements = split_name(name)
        if written not in run:
            continue
        simulated = run[written]
        for element in elements:
            dimension = next(d for d in simulated.dims if element in simulated[d].values)
            simulated = simulated.sel({dimension: element})
        years = [year for year in part["year"] if year in run["time"].values]
        if years:
            observed = part.set_index("year")["value"].loc[years].to_numpy(float)
            rows[name] = {"years": len(years), "first": years[0], "last": years[-1]} | agreement(
                simulated.sel(time=years).values, observed
            )
    fit = pandas.DataFrame.from_dict(rows, orient="index")
    fit.index.name = "name"
    return fit


def observed_variables(model: Model) -> dict[str, str]:
    """The written variables of a model that have an observed counterpart, and the names of their series."""
    found: dict[str, dict[str, None]] = {}
    for each in _read_counterparts(_OBSERVED).values():
        name = split_name(each.name)[0]
        if name in model.variables:
            found.setdefault(name, {}).update(dict.fromkeys(each.series))
    return {name: ", ".join(series) for name, series in found.items()}


def counterparts(model: Model, file: Path | None = None) -> dict[str, Counterpart]:
    """Which series stand against which variables, by flat name.

    Raises
    ------
    RecordError
        If the file is wrong, or names a variable or an element that does not exist.
    """
    chosen = file or _OBSERVED
    found = {}
    for each in _read_counterparts(chosen).values():
        name = split_name(each.name)[0]
        if name not in model.variables:
            raise RecordError(f"{chosen}: '{name}' is no variable of the model{nearest(name, model.variables)}")
        if each.name not in model.flat_names(name):
            known = one_of(model.flat_names(name))
            raise RecordError(f"{chosen}: '{each.name}' is no element of '{name}'; it has {known}")
        found[each.name] = each
    return found


@functools.cache
def _read_counterparts(file: Path) -> dict[str, Counterpart]:
    content = read_toml(file)
    entries = content.get("observed")
    if not isinstance(entries, Mapping) or len(content) > 1:
        raise RecordError(f'{file}: it must hold tables [observed."variable"] and nothing else')
    return {name: _counterpart(file, name, entry) for name, entry in entries.items()}


def _counterpart(file: Path, name: str, entry: Any) -> Counterpart:
    def wrong(key: str, message: str) -> RecordError:
        return RecordError(f"{file}: observed.{name}{'.' + key if key else ''}: {message}")

    if not isinstance(entry, Mapping):
        raise wrong("", f"{entry!r} must be a table")
    for key in entry:
        if key not in _KEYS:
            raise wrong(key, f"unknown key{nearest(key, _KEYS) or '; known: ' + one_of(_KEYS)}")
    lists: dict[str, tuple[Any, ...]] = {}
    for key, kind in (("series", str), ("optional", str), ("skip", int)):
        given = entry.get(key, [])
        if not isinstance(given, list) or not all(isinstance(item, kind) for item in given):
            raise wrong(key, f"{given!r} must be a list of {'years' if kind is int else 'names'}")
        lists[key] = tuple(given)
    if not lists["series"]:
        raise wrong("series", "name at least one series")
    factor = entry.get("factor", 1.0)
    if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not factor:
        raise wrong("factor", f"{factor!r} must be a number other than zero")
    note = str(entry.get("note", ""))
    return Counterpart(name, lists["series"], float(factor), lists["skip"], lists["optional"], note)


def _file(place: Place) -> Path:
    file = DATA / "history" / f"{place.history}.csv"
    if not file.exists():
        known = sorted(each.stem for each in file.parent.glob("*.csv"))
        raise RecordError(f"place '{place.name}' has no history; places that have: {one_of(known)}")
    return file


@functools.cache
def read_series(file: Path) -> dict[str, dict[int, Row]]:
    """Published values from a file; where a value is given twice, the surer one counts.

    Raises
    ------
    RecordError
        Naming the line, if one is no row of series, year, value, unit, grade and source.
    """
    found: dict[str, dict[int, Row]] = {}
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            if tuple(reader.fieldnames or ()) != _COLUMNS:
                raise RecordError(f"{file}: its columns must be {', '.join(_COLUMNS)}")
            for row in reader:
                _add_row(found, row, f"{file}: line {reader.line_num}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordError(f"{file}: it cannot be read ({error})") from None
    return found


def _add_row(found: dict[str, dict[int, Row]], row: Mapping[str, str], where: str) -> None:
    try:
        year, value = int(row["year"]), float(row["value"])
    except (TypeError, ValueError):
        raise RecordError(f"{where}: year {row['year']!r} and value {row['value']!r} must be numbers") from None
    if row["grade"] not in GRADES:
        raise RecordError(f"{where}: grade {row['grade']!r} is not one of {one_of(GRADES)}")
    known = found.setdefault(row["series"], {})
    if year not in known or GRADES.index(row["grade"]) < GRADES.index(known[year].grade):
        known[year] = Row(value, row["grade"], row["source"])


def _as_table(model: Model, rows: list[tuple[Counterpart, int, Row]]) -> pandas.DataFrame:
    import pandas

    return pandas.DataFrame(
        [
            {
                "name": each.name,
                "year": year,
                "value": row.value,
                "unit": model.unit(split_name(each.name)[0]),
                "grade": row.grade,
                "series": ", ".join(each.series),
                "source": row.source,
                "note": each.note,
            }
            for each, year, row in rows
        ]
    )


def _as_dataset(model: Model, rows: list[tuple[Counterpart, int, Row]]) -> xarray.Dataset:
    import xarray

    years = np.array(sorted({year for _, year, _ in rows}))
    values = {(each.name, year): row.value for each, year, row in rows}
    about = {each.name: each for each, _, _ in rows}
    data = {}
    coordinates: dict[str, Any] = {"time": ("time", years, {"long_name": "calendar year"})}
    for name in dict.fromkeys(split_name(each.name)[0] for each, _, _ in rows):
        over = model.over(name)
        flats = [flat_name(name, over, elements) for elements in all_elements(over)]
        block = np.array([[values.get((flat, int(year)), np.nan) for flat in flats] for year in years])
        known = [about[flat] for flat in flats if flat in about]
        attributes = {
            "units": model.unit(name),
            "long_name": name.replace("_", " "),
            "series": "; ".join(dict.fromkeys(", ".join(each.series) for each in known)),
            "note": "; ".join(dict.fromkeys(each.note for each in known if each.note)),
        }
        shape = (len(years), *(len(subscript.elements) for subscript in over))
        data[name] = (("time", *(subscript.name for subscript in over)), block.reshape(shape), attributes)
        coordinates |= {subscript.name: list(subscript.elements) for subscript in over}
    return xarray.Dataset(data, coords=coordinates)
