"""Analysis: ranges to sample, Latin hypercubes, outcomes and their effects."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .changes import split_name
from .inventory import levers, parameters
from .place import Place
from .scenario import Scenario
from .stockflow.errors import RecordError, RunError, nearest
from .stockflow.paths import Path as DatedPath

if TYPE_CHECKING:
    import pandas
    import xarray

PlaceLike = str | os.PathLike[str] | Place
Positions = NDArray[np.float64]

#: The share of members below a band, within it and above it: ten, eighty and ten in a hundred.
BAND = (0.1, 0.9)


# ---------------------------------------------------------------------------------------------------------- outcomes


@dataclass(frozen=True)
class Outcome:
    """A headline outcome, as it is printed and drawn.

    Attributes
    ----------
    variable : name of the variable, or ``name[element]``.
    title, unit : of its level.
    factor : from the model's unit to this one.
    change_unit : unit of a difference between two levels.
    """

    variable: str
    title: str
    unit: str
    factor: float
    change_unit: str

    def read(self, result: xarray.Dataset) -> xarray.DataArray:
        """Its values in a result, in its own unit."""
        return self.factor * pick(result, self.variable)


def _share(variable: str, title: str, unit: str = "%") -> Outcome:
    return Outcome(variable, title, unit, 100.0, "percentage points")


#: Outcomes by the name that tables and files give them.
OUTCOMES: Mapping[str, Outcome] = {
    "total_health_expenditure": Outcome(
        "total_health_expenditure", "Total health expenditure", "trillion yuan", 1e-12, "trillion yuan"
    ),
    "out_of_pocket_share": _share("out_of_pocket_share", "Out-of-pocket share", "% of spending"),
    "fund_months": Outcome("reserve_time", "Fund reserve", "months of claims", 12.0, "months of claims"),
    "hospital_margin": _share("hospital_margin", "Hospital margin", "% of revenue"),
    "hospital_pay": _share("pay_ratio[tertiary]", "Tertiary hospitals' pay", "% of mean wage"),
    "primary_pay": _share("pay_ratio[primary]", "Primary-care pay", "% of mean wage"),
    "primary_visit_share": _share("primary_visit_share", "Primary-care visits", "% of visits"),
    "complications": Outcome("chronic_complicated", "Complications", "million people", 1e-6, "million people"),
}


def variables_of(outcomes: Iterable[Outcome]) -> list[str]:
    """The written variables that some outcomes are read from."""
    return list(dict.fromkeys(split_name(outcome.variable)[0] for outcome in outcomes))


def pick(result: xarray.Dataset, name: str) -> xarray.DataArray:
    """A variable of a result, or one element of it by ``name[element]``.

    Raises
    ------
    RecordError
        If the result does not hold it.
    """
    written, elements = split_name(name)
    if written not in result:
        raise RecordError(f"the result has no variable '{written}'{nearest(written, map(str, result.data_vars))}")
    found = result[written]
    for element in elements:
        dimension = next((d for d in found.dims if d not in ("run", "time") and element in found[d].values), None)
        if dimension is None:
            raise RecordError(f"'{element}' is no element of '{written}'")
        found = found.sel({dimension: element}, drop=True)
    return found


# ------------------------------------------------------------------------------------------------- ranges and designs


def uncertain_parameters(place: PlaceLike = "china") -> pandas.DataFrame:
    """Every parameter that is not known exactly, one row for each element: low, high, value, distribution."""
    table = parameters(place, elements=True)
    uncertain = (table["distribution"] != "fixed") & (table["high"] > table["low"])
    return table.loc[uncertain, ["low", "high", "value", "distribution"]]


@dataclass(frozen=True)
class Reach:
    """How far levers are moved, and when.

    Attributes
    ----------
    share : of the way from policy as enacted to either end of a lever's range.
    ramp : the dates between which levers are moved.
    until : last calendar year that counts.
    """

    share: float = 0.5
    ramp: tuple[float, float] = (2026.0, 2028.0)
    until: int = 2035

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise RunError(f"share {self.share!r} of a lever's range must lie above 0 and not above 1")
        if not self.ramp[0] <= self.ramp[1] <= self.until:
            raise RunError(f"ramp {self.ramp!r} must rise and end before {self.until}")

    def part_at(self, date: float) -> float:
        """The share of the way that a lever has been moved at a date."""
        begin, end = self.ramp
        return self.share * (1.0 if date >= end else max(0.0, (date - begin) / (end - begin)))


def movable(part: pandas.DataFrame, end: str) -> bool:
    """Whether a lever, given by its rows of ``lever_reach``, does not stand at an end of its range already."""
    return not np.allclose(part[end], part["value"], rtol=1e-12, atol=0)


def lever_reach(place: PlaceLike = "china", base: str = "baseline", reach: Reach | None = None) -> pandas.DataFrame:
    """Where levers stand under a scenario and how far they are moved from there.

    Returns
    -------
    pandas.DataFrame
        One row for each element, ``name[element]``: lever (the name), value (under the scenario, the mean from the end
        of the ramp on), low and high (what it is moved to), drifts (whether the scenario goes on moving it), unit.
    """
    chosen = reach or Reach()
    paths = _paths(place, base)
    table = levers(place, elements=True)
    dates = np.linspace(chosen.ramp[1], chosen.until, 8 * int(chosen.until - chosen.ramp[1]) + 1)
    values = np.array([[paths[name].value(float(date)) for date in dates] for name in table.index])
    start = np.array([paths[name].value(chosen.ramp[0]) for name in table.index])
    table["value"], table["drifts"] = values.mean(axis=1), ~np.isclose(values, start[:, np.newaxis]).all(axis=1)
    table.loc[~table["drifts"], "value"] = start[~table["drifts"]]
    table.insert(0, "lever", [split_name(name)[0] for name in table.index])
    for end in ("low", "high"):
        table[end] = table["value"] + chosen.share * (table[end] - table["value"])
    return table[["lever", "value", "low", "high", "drifts", "unit"]]


def moved_paths(
    lever: str, end: str, place: PlaceLike = "china", base: str = "baseline", reach: Reach | None = None
) -> dict[str, list[list[float]]]:
    """Dated changes that move one lever towards an end of its range, from wherever the scenario has it at each date.

    Parameters
    ----------
    end : ``low`` or ``high``.
    """
    chosen = reach or Reach()
    paths, table = _paths(place, base), levers(place, elements=True)
    found = {}
    for name in (name for name in table.index if split_name(name)[0] == lever):
        path, limit = paths[name], float(table.loc[name, end])
        first, last = chosen.ramp[0], chosen.until + 1.0
        own = [(date, value) for date, value in zip(path.dates, path.values, strict=True) if first < date < last]
        added = {first, chosen.ramp[1], last} - {date for date, _ in own}
        extra = [(date, path.value(date)) for date in added]
        points = sorted([*own, *extra], key=lambda point: point[0])
        found[name] = [[date, value + chosen.part_at(date) * (limit - value)] for date, value in points]
    return found


def _paths(place: PlaceLike, base: str) -> dict[str, DatedPath]:
    model = Place.load(place).model
    points = model.path_points(Scenario.load(base).apply(model))
    return {name: DatedPath.from_points(each) for name, each in points.items()}


def latin_hypercube(runs: int, dimensions: int, seed: int) -> Positions:
    """Positions between 0 and 1, shape (runs, dimensions), each dimension evenly filled."""
    from scipy.stats import qmc

    if runs < 2:
        raise RunError(f"runs {runs!r}: a Latin hypercube needs at least 2")
    return np.asarray(qmc.LatinHypercube(dimensions, rng=seed).random(runs))


def parameter_values(positions: Positions, ranges: pandas.DataFrame) -> pandas.DataFrame:
    """A design from positions: the value below which that part of each parameter's distribution lies."""
    import pandas
    from scipy.stats import triang

    columns = {}
    for place, (name, row) in enumerate(ranges.iterrows()):
        low, high, at = row["low"], row["high"], positions[:, place]
        if row["distribution"] == "loguniform":
            values = low * (high / low) ** at
        elif row["distribution"] == "triangular":
            values = triang.ppf(at, (row["value"] - low) / (high - low), low, high - low)
        else:
            values = low + at * (high - low)
        columns[name] = np.clip(values, low, high)
    return pandas.DataFrame(columns)


def lever_values(positions: Positions, reach: pandas.DataFrame) -> pandas.DataFrame:
    """A design from positions, one for each lever: its elements move together, each within its own reach."""
    import pandas

    names = list(dict.fromkeys(reach["lever"]))
    at = {name: positions[:, place] for place, name in enumerate(names)}
    return pandas.DataFrame(
        {flat: row["low"] + at[row["lever"]] * (row["high"] - row["low"]) for flat, row in reach.iterrows()}
    )


def each_lever_alone(reach: pandas.DataFrame) -> pandas.DataFrame:
    """A design that moves one lever in each row, to its low and its high end; the first row moves none.

    Parameters
    ----------
    reach : of levers that the scenario does not move itself; for those that drift see ``moved_paths``.

    Returns
    -------
    pandas.DataFrame
        Indexed by text: ``as enacted``, then ``name: low`` and ``name: high``. A lever that already stands at an end
        has no row for it.
    """
    import pandas

    if reach["drifts"].any():
        raise RunError(f"'{reach['lever'][reach['drifts']].iloc[0]}' drifts; a design would hold it; use moved_paths")
    rows = {"as enacted": reach["value"]}
    for name, part in reach.groupby("lever", sort=False):
        for end in ("low", "high"):
            if movable(part, end):
                moved = reach["value"].copy()
                moved[part.index] = part[end]
                rows[f"{name}: {end}"] = moved
    return pandas.DataFrame.from_dict(rows, orient="index")


# ------------------------------------------------------------------------------------------------------------ effects


def band(values: Any, axis: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper end of the band over the runs that did not fail."""
    low, high = np.nanquantile(np.asarray(values, dtype=float), BAND, axis=axis)
    return low, high


def effects(
    central: Mapping[str, NDArray[np.float64]],
    members: Mapping[str, NDArray[np.float64]],
    names: Sequence[str],
    base: str,
) -> pandas.DataFrame:
    """Differences from a base, with bands over members that share their parameters.

    Parameters
    ----------
    central : by outcome, one number for each name.
    members : by outcome, shape (names, members): the same columns have the same parameters.
    names : what the rows are; ``base`` is one of them.

    Returns
    -------
    pandas.DataFrame
        name, outcome, level and effect (of the central run), effect_median, effect_low and effect_high (of the
        members), unit; the base has effects of zero.
    """
    import pandas

    at = list(names).index(base)
    rows = []
    for key, level in central.items():
        differences = members[key] - members[key][at]
        (low, high), middle = band(differences, axis=1), np.nanmedian(differences, axis=1)
        for place, name in enumerate(names):
            rows.append(
                {
                    "name": name,
                    "outcome": key,
                    "level": level[place],
                    "effect": level[place] - level[at],
                    "effect_median": middle[place],
                    "effect_low": low[place],
                    "effect_high": high[place],
                    "unit": OUTCOMES[key].change_unit,
                }
            )
    return pandas.DataFrame(rows)
