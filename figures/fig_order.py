"""The order of reform: effects of the same three steps in different orders, year by year.

Reads what ``experiments/order_of_reform.py`` saved; runs no model.
"""

from __future__ import annotations

from healthreform.endings import end_at_once

if __name__ == "__main__":
    end_at_once("error: interrupted; nothing half-written is left")  # while the rest is imported

import sys
from pathlib import Path
from typing import Any

import pandas
import xarray
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from healthreform.analysis import OUTCOMES, band
from healthreform.plots import (
    BAND_LABEL,
    BLACK,
    BLUE,
    GREY,
    PAGE,
    VERMILLION,
    Look,
    figure_command,
    letters,
    page,
    save_figure,
    saved_result,
)

RESULTS = Path(__file__).resolve().parent.parent / "results" / "order_of_reform"
MADE_BY = "experiments/order_of_reform.py"
#: Orders that are set apart; the rest is grey.
APART = {
    "1-2-3": Look("1-2-3: room, structure, connection", VERMILLION, "-", ""),
    "3-2-1": Look("3-2-1: the other way round", BLUE, (0, (4, 1.5)), ""),
    "at once": Look("all at once", BLACK, (0, (1, 1)), ""),
}


def plotted(runs: xarray.Dataset) -> pandas.DataFrame:
    """A row for each outcome, order and year from a year before the reform on: the effect and its band."""
    base = runs.attrs["spec_base"]
    tables = []
    for key, outcome in OUTCOMES.items():
        if outcome.variable.partition("[")[0] not in runs:
            continue
        values = outcome.read(runs)
        effect = (values - values.sel(order=base)).sel(time=slice(2025, None)).drop_sel(order=base)
        members = effect.drop_sel(run="calibrated").transpose("run", "order", "time")
        low, high = band(members)
        for place, order in enumerate(effect["order"].to_numpy()):
            columns = {
                "outcome": key,
                "order": order,
                "year": effect["time"].to_numpy(),
                "effect": members.sel(order=order).median("run").to_numpy(),
                "effect_low": low[place],
                "effect_high": high[place],
                "unit": outcome.change_unit,
            }
            tables.append(pandas.DataFrame(columns))
    return pandas.concat(tables, ignore_index=True)


def draw(results: Path, output: Path) -> list[Path]:
    """Draw the figure from a folder of results; returns the files written."""
    data = plotted(saved_result(results, "orders.nc", MADE_BY))
    with page(PAGE, 125) as figure:
        axes = figure.subplots(2, 2, sharex=True)
        for key, axis in zip(data["outcome"].unique(), axes.flat, strict=True):
            part = data[data["outcome"] == key]
            for order in [*part["order"].unique()[::-1]]:
                look = APART.get(order, Look("the other orders", GREY, "-", ""))
                line = part[part["order"] == order]
                width, above = (1.4, 3) if order in APART else (0.7, 2)
                axis.plot(
                    line["year"],
                    line["effect"],
                    color=look.colour,
                    ls=look.line,
                    lw=width,
                    zorder=above,
                )
                if order == "1-2-3":
                    axis.fill_between(
                        line["year"],
                        line["effect_low"],
                        line["effect_high"],
                        color=look.colour,
                        alpha=0.15,
                        lw=0,
                    )
            axis.axhline(0, color=BLACK, linewidth=0.5)
            axis.set_title(OUTCOMES[key].title)
            axis.set_ylabel(f"effect, {OUTCOMES[key].change_unit}")
            axis.set_xlim(2025, int(data["year"].max()))
        for axis in axes[-1]:
            axis.set_xlabel("year")
        letters(axes.flat)
        figure.legend(handles=_legend(), loc="outside upper center", ncols=3)
        return save_figure(figure, data, output, "fig_order")


def _legend() -> list[Any]:
    looks = [*APART.values(), Look("the other orders", GREY, "-", "")]
    lines: list[Any] = [Line2D([], [], color=look.colour, ls=look.line, label=look.label) for look in looks]
    return [*lines, Patch(color=VERMILLION, alpha=0.15, linewidth=0, label=f"1-2-3, {BAND_LABEL}")]


if __name__ == "__main__":
    sys.exit(figure_command(draw, str(__doc__).partition("\n")[0], RESULTS))
