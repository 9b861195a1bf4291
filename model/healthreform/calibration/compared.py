"""What a run is compared with: the observed values that count, what an error is counted in, and what each weighs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..agreement import agreement
from ..changes import split_name
from ..observations import GRADES, history
from ..place import Place
from ..stockflow.errors import RecordError, nearest, one_of
from .plan import Plan

if TYPE_CHECKING:
    import pandas

Numbers = NDArray[np.float64]

#: An error that a run has where it failed, or is not positive, in units of what an error is counted in.
LOST = 100.0


@dataclass(frozen=True)
class Series:
    """One observed series.

    Attributes
    ----------
    name : flat name of the variable it stands against.
    years, values : when and what was observed, in the model's unit.
    weights : of each value.
    difference : whether an error is a difference, as for shares, or the logarithm of a ratio.
    unit_of_error : what an error is counted in.
    target : how near a run should come; NaN if nothing is said.
    published : names of the series as published.
    miss : why a fitted run comes no nearer, where that is known.
    """

    name: str
    years: NDArray[np.int64]
    values: Numbers
    weights: Numbers
    difference: bool
    unit_of_error: float
    target: float
    published: str
    miss: str = ""

    def errors(self, simulated: Numbers) -> Numbers:
        """Weighted errors, positive where a run is above; shape as ``simulated``, whose last axis is the years."""
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = simulated - self.values if self.difference else np.log(simulated / self.values)
        counted = np.where(np.isfinite(apart), apart / self.unit_of_error, LOST)
        return np.asarray(counted * np.sqrt(self.weights))

    def measures(self, simulated: Numbers) -> dict[str, Any]:
        """How well one run agrees with it; see ``fit``."""
        apart = simulated - self.values
        size = np.abs(apart) if self.difference else np.abs(apart / self.values)
        worst = int(np.argmax(size))
        near = float(np.mean(size))
        return {
            "years": len(self.years),
            "first": int(self.years[0]),
            "last": int(self.years[-1]),
            **agreement(simulated, self.values),
            "error": near,
            "worst": float(size[worst]) * (1 if apart[worst] > 0 else -1),
            "worst_year": int(self.years[worst]),
            "target": self.target,
            "met": "" if np.isnan(self.target) else ("yes" if near <= self.target else "no"),
            "miss": self.miss if near > self.target else "",
            "weight": float(np.mean(self.weights)),
            "counted_in": "difference" if self.difference else "share",
        }


def compared_series(place: Place, plan: Plan, observed: pandas.DataFrame | None = None) -> list[Series]:
    """The observed series of a place, in the years of a plan.

    Parameters
    ----------
    observed : in place of the place's history a table with the columns name, year and value, and if it has them grade
        and source.

    Raises
    ------
    RecordError
        If the table is wrong, or nothing was observed in those years.
    """
    table = history(place, table=True) if observed is None else _checked(place, observed)
    table = table[table["year"].between(*plan.years)]
    found = [_series(place, plan, str(name), part) for name, part in table.groupby("name", sort=False)]
    kept = [each for each in found if len(each.values)]
    if not kept:
        raise RecordError(f"nothing was observed in {place.name} from {plan.years[0]} to {plan.years[1]}")
    return kept


def _series(place: Place, plan: Plan, name: str, rows: pandas.DataFrame) -> Series:
    difference = place.model.unit(split_name(name)[0]) == "dimensionless"
    rows = rows.sort_values("year")
    if not difference:
        rows = rows[rows["value"] > 0]  # a ratio to nothing says nothing
    target = plan.targets.get(name, np.nan)
    return Series(
        name,
        rows["year"].to_numpy(np.int64),
        rows["value"].to_numpy(float),
        np.array(
            [plan.weight(name, grade, source) for grade, source in zip(rows["grade"], rows["source"], strict=True)]
        ),
        difference,
        plan.errors["difference" if difference else "share"] if np.isnan(target) else target,
        target,
        ", ".join(dict.fromkeys(rows["series"])),
        plan.misses.get(name, ""),
    )


def _checked(place: Place, observed: Any) -> pandas.DataFrame:
    def wrong(message: str) -> RecordError:
        return RecordError(f"observed: {message}")

    columns = list(getattr(observed, "columns", ()))
    for column in ("name", "year", "value"):
        if column not in columns:
            raise wrong(f"the column '{column}' is missing; give a table with name, year and value")
    known = [flat for name in place.model.variables for flat in place.model.flat_names(name)]
    for name in observed["name"]:
        if name not in known:
            raise wrong(f"'{name}' is no variable of the model, or no element of one{nearest(name, known)}")
    if not np.isfinite(observed[["year", "value"]].to_numpy(float)).all():
        raise wrong("a year or a value is no finite number")
    if observed.duplicated(["name", "year"]).any():
        row = observed[observed.duplicated(["name", "year"])].iloc[0]
        raise wrong(f"{row['name']} is given twice for {row['year']}")
    table = observed.assign(
        **{column: "" for column in ("source", "series") if column not in columns},
        **({} if "grade" in columns else {"grade": GRADES[0]}),
    )
    if not table["grade"].isin(GRADES).all():
        raise wrong(f"a grade is not one of {one_of(GRADES)}")
    return table


def fit_table(series: list[Series], simulated: Mapping[str, Numbers]) -> pandas.DataFrame:
    """How well one run agrees with each series: a row for each, by flat name.

    Parameters
    ----------
    simulated : by flat name, the run's values in the years of the series.
    """
    import pandas

    rows = {each.name: each.measures(simulated[each.name]) | {"series": each.published} for each in series}
    table = pandas.DataFrame.from_dict(rows, orient="index")
    table.index.name = "name"
    return table


def errors_by_year(series: list[Series], simulated: Mapping[str, Numbers]) -> pandas.DataFrame:
    """Errors by flat name and year, as a share of what was observed or a difference; positive where a run is above."""
    import pandas

    rows = {}
    for each in series:
        apart = simulated[each.name] - each.values
        rows[each.name] = dict(zip(each.years.tolist(), apart if each.difference else apart / each.values, strict=True))
    table = pandas.DataFrame.from_dict(rows, orient="index").sort_index(axis=1)
    table.index.name = "name"
    return table
