"""Which levers do most: effects in the year of the report on four outcomes, each lever alone, with bands.

Reads what ``experiments/main_job.py`` saved; runs no model.
"""

from __future__ import annotations

from healthreform.endings import end_at_once

if __name__ == "__main__":
    end_at_once("error: interrupted; nothing half-written is left")  # while the rest is imported

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from healthreform.analysis import OUTCOMES
from healthreform.plots import (
    BAND_LABEL,
    BLACK,
    BLUE,
    ORANGE,
    PAGE,
    figure_command,
    letters,
    page,
    save_figure,
    saved_result,
    saved_table,
)
from healthreform.stockflow.errors import RecordError

RESULTS = Path(__file__).resolve().parent.parent / "results" / "main_job"
MADE_BY = "experiments/main_job.py"
RANKED = ("fund_months", "hospital_margin", "out_of_pocket_share", "primary_visit_share")
MOST = 10
#: The longest bar is cut, and its length written at its end, if it is this many times as long as the next lever's.
CUT = 2.5
COLOUR = {"low": BLUE, "high": ORANGE}
HATCH = {"low": "", "high": "/////"}


def plotted(effects: pandas.DataFrame, set_aside: list[str]) -> pandas.DataFrame:
    """The levers that move each outcome most: a row for each end they were moved towards."""
    parts = effects["name"].str.split(": ", expand=True)
    # The middle of the members: the calibrated run may lie outside their band where a parameter is at an end.
    table = effects.assign(lever=parts[0], end=parts[1], effect=effects["effect_median"]).dropna(subset=["end"])
    table = table[~table["lever"].isin(set_aside)]
    found = []
    for key in RANKED:
        part = table[table["outcome"] == key]
        largest = part.groupby("lever", sort=False)["effect"].agg(lambda effect: effect.abs().max())
        ranked = largest.sort_values(ascending=False, kind="stable").index[:MOST]
        for rank, lever in enumerate(ranked, start=1):
            found.append(part[part["lever"] == lever].assign(rank=rank))
    columns = ["outcome", "rank", "lever", "end", "effect", "effect_low", "effect_high", "unit"]
    return pandas.concat(found, ignore_index=True)[columns]


def draw(results: Path, output: Path) -> list[Path]:
    """Draw the figure from a folder of results; returns the files written."""
    spec = saved_result(results, "levers.nc", MADE_BY).attrs
    year, set_aside = spec["spec_year"], re.findall(r"\w+", spec["spec_set_aside"])
    name = f"effects_of_levers_{year}.csv"
    effects = saved_table(results, name, MADE_BY)
    if not set(RANKED) <= set(effects["outcome"]):
        raise RecordError(f"{results / name}: it lacks one of the outcomes {', '.join(RANKED)}")
    data = plotted(effects, set_aside)
    with page(PAGE, 150) as figure:
        axes = figure.subplots(2, 2)
        for key, axis in zip(RANKED, axes.flat, strict=True):
            _tornado(axis, data[data["outcome"] == key])
            axis.set_title(OUTCOMES[key].title)
            axis.set_xlabel(f"effect in {year}, {OUTCOMES[key].change_unit}")
        letters(axes.flat)
        figure.legend(handles=_legend(float(spec["spec_share"])), loc="outside upper center", ncols=3)
        return save_figure(figure, data, output, "fig_ranking")


def _legend(share: float) -> list[Any]:
    moved = "half-way" if share == 0.5 else f"{share:.0%} of the way"
    keys: list[Any] = [
        Patch(
            facecolor=colour, hatch=HATCH[end], edgecolor="white", linewidth=0, label=f"moved {moved} to its {end} end"
        )
        for end, colour in COLOUR.items()
    ]
    return [*keys, Line2D([], [], color=BLACK, linewidth=0.8, label=BAND_LABEL)]


def _tornado(axis, part: pandas.DataFrame) -> None:
    levers = list(dict.fromkeys(part["lever"]))
    limits = _limits(part)
    for end, colour in COLOUR.items():
        for place, lever in enumerate(levers):
            chosen = part[(part["lever"] == lever) & (part["end"] == end)]
            if not chosen.empty:
                _bar(axis, place + (-0.2 if end == "low" else 0.2), chosen.iloc[0], colour, end, limits)
    axis.axvline(0, color=BLACK, linewidth=0.6)
    axis.set_yticks(range(len(levers)), [lever.replace("_", " ") for lever in levers])
    axis.set_ylim(len(levers) - 0.4, -0.6)
    axis.grid(axis="y", visible=False)
    axis.tick_params(axis="y", length=0)
    axis.set_xlim(*limits)


def _bar(axis, up: float, row: pandas.Series, colour: str, end: str, limits: tuple[float, float]) -> None:
    shown = float(np.clip(row["effect"], *limits))
    axis.barh(up, shown, 0.38, color=colour, hatch=HATCH[end], edgecolor="white", linewidth=0)
    low, high = np.clip([row["effect_low"], row["effect_high"]], *limits)
    axis.plot([low, high], [up, up], color=BLACK, linewidth=0.8, solid_capstyle="butt")
    axis.plot([low, high], [up, up], "|", color=BLACK, markersize=2.6, markeredgewidth=0.6)
    if shown != row["effect"]:
        text = f"{row['effect']:+.0f} ▸" if shown > 0 else f"◂ {row['effect']:+.0f}".replace("-", "−")
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        side = "right" if shown > 0 else "left"
        axis.text(shown, up, text, ha=side, va="center", fontsize=6, bbox=box, zorder=6)


def _limits(part: pandas.DataFrame) -> tuple[float, float]:
    """How far the axis reaches each way: to the longest bar and band, unless one lever dwarfs the rest."""
    first, second = part["effect"].abs().groupby(part["lever"]).max().nlargest(2)
    most = 1.25 * second if first > CUT * second > 0 else np.inf
    reach = part[["effect", "effect_low", "effect_high"]]
    low, high = max(float(reach.min().min()), -most), min(float(reach.max().max()), most)
    room = 0.03 * (high - low)
    return min(low - room, -room), max(high + room, room)


if __name__ == "__main__":
    sys.exit(figure_command(draw, str(__doc__).partition("\n")[0], RESULTS))
