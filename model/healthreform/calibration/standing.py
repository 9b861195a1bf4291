"""The report of a calibration for values as they stand: nothing is fitted, and all is told that a fit would tell."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..place import Place
from .calibrating import PlaceLike, PlanLike, misfit_of, one_thread_for_algebra, simulated
from .compared import compared_series, errors_by_year, fit_table
from .plan import Plan
from .report import (
    Section,
    fit_section,
    groups_section,
    pairs_section,
    parameters_section,
    summary_as_it_stands,
    years_section,
)
from .result import judged, save_tables

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Standing:
    """How a place's values stand to its history.

    Attributes
    ----------
    fit, errors : as ``fit`` tells them, and by series and year.
    parameters : as of a ``Calibration``, with value in place of recorded and fitted. Empty, like pairs and groups, if
        nothing is free.
    misfit : sum of squared residuals, the prior's included; NaN if nothing is free.
    """

    place: Place
    fit: pandas.DataFrame
    errors: pandas.DataFrame
    parameters: pandas.DataFrame
    pairs: pandas.DataFrame
    groups: pandas.DataFrame
    misfit: float

    def sections(self) -> list[Section]:
        """The report, table by table."""
        found = [fit_section(self.fit), years_section(self.errors)]
        if len(self.parameters):
            found += [parameters_section(self.parameters), groups_section(self.groups), pairs_section(self.pairs)]
        return found

    def summary(self) -> list[str]:
        """What there is to say first, line by line."""
        return summary_as_it_stands(self.misfit, self.fit, self.parameters)

    def save_report(self, folder: str | os.PathLike[str]) -> Path:
        """Save every table as CSV, and all of them as ``report.md``.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        return save_tables(folder, f"Fit of {self.place.title}", self.summary(), self.sections(), {})


def standing(
    place: PlaceLike = "china",
    *,
    plan: PlanLike | None = None,
    free: Sequence[str] | None = None,
    observed: pandas.DataFrame | None = None,
    threads: int | None = None,
) -> Standing:
    """How well a place's values as they stand agree with its history, and what history can tell of each.

    Parameters
    ----------
    place, plan, free, observed, threads : as for ``calibrate``; without a plan and without names only the fit is told.

    Raises
    ------
    RecordError
        If the place has no history, or the plan or the names are wrong.
    RunError
        If the run goes wrong.
    """
    import pandas

    here = Place.load(place)
    chosen = Plan.load(here, plan, needed=False)
    series = compared_series(here, chosen, observed)
    run = simulated(here, series, None, chosen.years[1])
    table, errors = fit_table(series, run), errors_by_year(series, run)
    if free is None and not chosen.free:
        none = pandas.DataFrame()
        return Standing(here, table, errors, none, none, none, np.nan)
    misfit = misfit_of(here, chosen, free, series, threads)
    with one_thread_for_algebra():
        judgement, known = judged(misfit, misfit.recorded, chosen.free)
        squares = float(np.sum(misfit.residuals(misfit.recorded[np.newaxis]) ** 2))
    parameters = judgement.drop(columns="recorded").rename(columns={"fitted": "value"})
    return Standing(here, table, errors, parameters, known.pairs, known.groups, squares)
