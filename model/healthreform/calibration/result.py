"""What a calibration found: values, how well they fit, and what history can and cannot tell about them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..output import check_folder, check_target, write_together
from ..place import Place
from .free import MIDDLE
from .identifiability import Identifiability, identifiability, is_blind
from .misfit import Misfit
from .plan import Plan
from .report import (
    Section,
    csv_texts,
    fit_section,
    groups_section,
    markdown,
    pairs_section,
    parameters_section,
    starts_section,
    summary,
    years_section,
)
from .search import Attempt
from .writing import place_text, written_into_package

if TYPE_CHECKING:
    import pandas

Numbers = NDArray[np.float64]

#: A value is at an end of its range if less than this part of the range lies between.
AT_END = 0.01


@dataclass(frozen=True)
class Calibration:
    """A calibration that has been done.

    Attributes
    ----------
    place, plan : what was fitted, and how it was to be.
    values : the fitted values by flat name; usable as ``changes`` of ``simulate``.
    before, after : the tables of ``fit`` with recorded and with fitted values.
    errors : of the fitted run by series and year, as a share of what was observed or, for shares, a difference.
    parameters : by flat name recorded, fitted, middle, low, high, moved (from the middle, as a part of the range),
        position (0 the low end of the range, 1 the high), at_end, standard_error (from history and prior),
        from_history (from history alone; infinite where it cannot tell), learned (share of the prior's variance that
        history takes away), sensitivity (what a move over the whole range would change), blind, apart (whether it is
        one of those that history can tell apart all at once), unit, grade, reason.
    pairs, groups : parameters that history cannot tell apart; see ``identifiability``.
    attempts : one row for each start that was polished: start (0: the recorded values), before, after, steps, finished.
    misfit : sum of squared residuals before and after, the prior's included.
    made_by : what made it: seed, starts, hash of the equations, versions.
    """

    place: Place
    plan: Plan
    values: Mapping[str, float]
    before: pandas.DataFrame
    after: pandas.DataFrame
    errors: pandas.DataFrame
    parameters: pandas.DataFrame
    pairs: pandas.DataFrame
    groups: pandas.DataFrame
    attempts: pandas.DataFrame
    misfit: tuple[float, float]
    made_by: Mapping[str, Any] = field(repr=False)

    def sections(self) -> list[Section]:
        """The report, table by table."""
        return [
            fit_section(self.after, self.before),
            years_section(self.errors),
            parameters_section(self.parameters),
            groups_section(self.groups),
            pairs_section(self.pairs),
            starts_section(self.attempts),
        ]

    def summary(self) -> list[str]:
        """What there is to say first, line by line."""
        return summary(self.misfit, self.before, self.after, self.parameters)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save the fitted values as the file of a place, ``.toml``: ``hr.simulate(path)`` runs it.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        target = check_target(path, (".toml",))
        write_together({target: place_text(self.place, self.values, self.made_by)})
        return target

    def save_report(self, folder: str | os.PathLike[str]) -> Path:
        """Save every table as CSV, and all of them as ``report.md``.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        return save_tables(folder, f"Calibration of {self.place.title}", self.summary(), self.sections(), self.made_by)

    def write(self, folder: str | os.PathLike[str] | None = None) -> list[Path]:
        """Put the fitted values into the package's own parameter files, for those who maintain it.

        Comments and layout stay. A value that moved is graded ``calibrated`` and its source says so; a range that was
        given as a spread around the value is written out, so that it stays where it was.

        Parameters
        ----------
        folder : of the parameter files, if not the package's own.

        Returns
        -------
        list of Path
            The files that changed.

        Raises
        ------
        RecordError
            If the place has values of its own, which hide the common ones.
        OutputError
            If ``tomlkit`` is missing or a file cannot be written; then none has changed.
        """
        texts = written_into_package(self.place, self.values, self.plan.years, folder)
        write_together(texts)
        return list(texts)


def save_tables(
    folder: str | os.PathLike[str], title: str, first: list[str], found: list[Section], made_by: Mapping[str, Any]
) -> Path:
    """Save some tables as CSV, and all of them as ``report.md``.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    target = check_folder(folder)
    texts = csv_texts(found) | {"report.md": markdown(title, first, found, made_by)}
    write_together({target / name: text for name, text in texts.items()})
    return target


def judged(misfit: Misfit, position: Numbers, reasons: Mapping[str, str]) -> tuple[pandas.DataFrame, Identifiability]:
    """The table of parameters at fitted positions, and what history can tell about them."""
    import pandas

    names = [each.name for each in misfit.free]
    squares = float(np.sum(misfit.errors(position[np.newaxis]) ** 2))
    known = identifiability(names, misfit.jacobian(position, central=True), misfit.prior_slopes, squares, misfit.facts)
    model = misfit.setting.model
    rows = {}
    for place, each in enumerate(misfit.free):
        written = each.name.partition("[")[0]
        fitted = float(each.value(position[place]))
        slope = each.slope(fitted)
        rows[each.name] = {
            "recorded": each.recorded,
            "fitted": fitted,
            "middle": float(each.value(np.array(MIDDLE))),
            "low": each.low,
            "high": each.high,
            "moved": float(position[place] - MIDDLE),
            "position": float(position[place]),
            "at_end": _end(position[place]),
            "standard_error": float(known.standard_error[place]) * slope,
            "from_history": float(known.from_history[place]) * slope,
            "learned": float(known.learned[place]),
            "sensitivity": float(known.sensitivity[place]),
            "blind": bool(known.blind[place]),
            "apart": bool(known.apart[place]),
            "unit": model.unit(written),
            "grade": each.grade,
            "reason": reasons.get(each.name, reasons.get(written, "")),
        }
    table = pandas.DataFrame.from_dict(rows, orient="index")
    table.index.name = "name"
    return table, known


def _end(position: float) -> str:
    return "low" if position < AT_END else "high" if position > 1 - AT_END else ""


def settled_values(misfit: Misfit, position: Numbers) -> dict[str, float]:
    """Values with few digits, by flat name; what the fit is blind to keeps its recorded value."""
    blind = is_blind(misfit.jacobian(position))
    return {
        each.name: each.recorded if unseen else each.rounded(float(each.value(at)))
        for each, at, unseen in zip(misfit.free, position, blind, strict=True)
    }


def table_of_attempts(attempts: list[Attempt]) -> pandas.DataFrame:
    """The starts that were polished, best first."""
    import pandas

    columns = ["start", "before", "after", "steps", "finished"]
    return pandas.DataFrame([{column: getattr(each, column) for column in columns} for each in attempts])
