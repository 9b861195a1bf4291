"""History against data, and projections to 2040 with bands: policy as enacted, and the linked package.

Reads what ``experiments/main_job.py`` saved; runs no model.
"""

from __future__ import annotations

from healthreform.endings import end_at_once

if __name__ == "__main__":
    end_at_once("error: interrupted; nothing half-written is left")  # while the rest is imported

import sys
from pathlib import Path
from typing import Any, NamedTuple

import pandas
import xarray
from matplotlib.patches import Patch

from healthreform.analysis import band, pick
from healthreform.plots import (
    BAND_LABEL,
    BLACK,
    GREY,
    LOOKS,
    PAGE,
    figure_command,
    letters,
    page,
    save_figure,
    saved_result,
    saved_table,
)

RESULTS = Path(__file__).resolve().parent.parent / "results" / "main_job"
MADE_BY = "experiments/main_job.py"
_NOTE = {"textcoords": "offset points", "fontsize": 6, "va": "center"}
SCENARIOS = ("baseline", "linked_package")


class Panel(NamedTuple):
    """One panel: a variable with a published series."""

    variable: str
    title: str
    unit: str
    factor: float


PANELS = (
    Panel("total_health_expenditure", "Health expenditure", "trillion yuan", 1e-12),
    Panel("out_of_pocket_share", "Out-of-pocket share", "% of expenditure", 100),
    Panel("scheme_expenditure[employee]", "Employee scheme", "trillion yuan paid", 1e-12),
    Panel("scheme_expenditure[resident]", "Resident scheme", "trillion yuan paid", 1e-12),
    Panel("fund_reserve[employee]", "Employee reserve", "trillion yuan", 1e-12),
    Panel("contacts_total[outpatient]", "Visits", "billion a year", 1e-9),
    Panel("primary_visit_share", "Primary-care visits", "% of visits", 100),
    Panel("contacts_total[inpatient]", "Admissions", "million a year", 1e-6),
    Panel("hospital_cost_per_contact[inpatient]", "Cost per admission", "thousand yuan", 1e-3),
    Panel("hospital_item_share[inpatient,drugs]", "Drugs in bills", "% of inpatient bills", 100),
    Panel("physicians_total", "Physicians", "million", 1e-6),
    Panel("mean_pay", "Pay per worker", "thousand yuan a year", 1e-3),
)


def plotted(scenarios: xarray.Dataset, history: pandas.DataFrame) -> pandas.DataFrame:
    """A row for each panel and year: what was observed, and each scenario with its band."""
    tables = []
    for panel in PANELS:
        known = history[history["name"] == panel.variable].set_index("year")["value"] * panel.factor
        years = scenarios["time"].to_numpy()
        columns = {"variable": panel.variable, "unit": panel.unit, "year": years, "observed": known.reindex(years)}
        for name in SCENARIOS:
            values = panel.factor * pick(scenarios.sel(scenario=name), panel.variable)
            members = values.drop_sel(run="calibrated").transpose("run", "time")
            low, high = band(members)
            columns |= {
                # The members' middle, as in the tables: the fitted run may lie near an edge of their band.
                name: members.median("run").to_numpy(),
                f"{name}_low": low,
                f"{name}_high": high,
            }
        tables.append(pandas.DataFrame({key: getattr(column, "values", column) for key, column in columns.items()}))
    return pandas.concat(tables, ignore_index=True)


def draw(results: Path, output: Path) -> list[Path]:
    """Draw the figure from a folder of results; returns the files written."""
    data = plotted(saved_result(results, "scenarios.nc", MADE_BY), saved_table(results, "history.csv", MADE_BY))
    with page(PAGE, 140) as figure:
        axes = figure.subplots(3, 4, sharex=True)
        for place, (panel, axis) in enumerate(zip(PANELS, axes.flat, strict=True)):
            part = data[data["variable"] == panel.variable]
            for name in SCENARIOS:
                look = LOOKS[name]
                shown = part[part["year"] >= (2010 if name == "baseline" else 2025)]
                years = shown["year"]
                axis.fill_between(
                    years, shown[f"{name}_low"], shown[f"{name}_high"], color=look.colour, alpha=0.18, lw=0
                )
                axis.plot(years, shown[name], color=look.colour, linestyle=look.line, label=look.label)
            axis.plot(part["year"], part["observed"], ".", color=BLACK, markersize=3.2, label="Published", zorder=5)
            axis.axvline(2021.5, color=BLACK, linewidth=0.4, linestyle=(0, (1, 2)))
            axis.set_title(panel.title)
            axis.set_ylabel(panel.unit)
            axis.set_xlim(2010, 2040)
            axis.set_xticks([2010, 2020, 2030, 2040])
            axis.set_ylim(*_limits(part, panel))
            if place >= 8:
                axis.set_xlabel("year")
        axes.flat[0].annotate("data to 2021", (2021.5, 0.93), (3, 0), xycoords=("data", "axes fraction"), **_NOTE)
        letters(axes.flat)
        handles: list[Any] = axes.flat[0].get_legend_handles_labels()[0]
        handles.append(Patch(color=GREY, alpha=0.3, linewidth=0, label=BAND_LABEL))
        figure.legend(handles=handles, loc="outside upper center", ncols=4)
        return save_figure(figure, data, output, "fig_history")


def _limits(part: pandas.DataFrame, panel: Panel) -> tuple[float, float]:
    """From zero to all there is; never above the whole for a share."""
    top = 1.05 * part.drop(columns=["variable", "unit", "year"]).max().max()
    return 0, min(top, 100) if panel.unit.startswith("%") else top


if __name__ == "__main__":
    sys.exit(figure_command(draw, str(__doc__).partition("\n")[0], RESULTS))
