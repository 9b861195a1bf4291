"""Measured effects: for each, where the model and its members lie against the range that studies accept.

Reads what ``experiments/measured_effects.py`` saved; runs no model.
"""

from __future__ import annotations

from healthreform.endings import end_at_once

if __name__ == "__main__":
    end_at_once("error: interrupted; nothing half-written is left")  # while the rest is imported

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from healthreform.plots import (
    BAND_LABEL,
    BLACK,
    BLUE,
    COLUMN,
    GREY,
    SKY,
    VERMILLION,
    figure_command,
    page,
    save_figure,
    saved_table,
)
from healthreform.stockflow.errors import RecordError
from healthreform.validation import figure_text

RESULTS = Path(__file__).resolve().parent.parent / "results" / "measured_effects"
MADE_BY = "experiments/measured_effects.py"
TABLE = "effects.csv"
#: How far the axis reaches, in half widths of the accepted range; what lies beyond is marked at the edge.
REACH = 3.0
#: Height of a line, and of what stands above and below the panel, in millimetres.
LINE, ABOVE, BELOW = 4.1, 16.0, 9.5
#: Left and right end of the panel, right end of the model's values and left end of the ranges, in millimetres.
LEFT, RIGHT, VALUES, RANGES = 38.4, 57.0, 64.6, 65.8
#: Measures of which nought means no effect.
CHANGES = ("percent", "points", "difference", "index")
NEEDED = ("kind", "reform", "effect", "measure", "low", "high", "unit", "model", "band_low", "band_high", "verdict")


def plotted(table: pandas.DataFrame) -> pandas.DataFrame:
    """A row for each effect that counts, with the place of everything in half widths from the middle of its range."""
    found = table[table["kind"] == "effect"].reset_index(drop=True)
    middle, half = (found["low"] + found["high"]) / 2, (found["high"] - found["low"]) / 2
    for name in ("model", "band_low", "band_high"):
        found[f"{name}_at"] = (found[name] - middle) / half
    found["nothing_at"] = np.where(found["measure"].isin(CHANGES), (0.0 - middle) / half, np.nan)
    return found[[*NEEDED[1:], "model_at", "band_low_at", "band_high_at", "nothing_at"]]


def draw(results: Path, output: Path) -> list[Path]:
    """Draw the figure from a folder of results; returns the files written."""
    table = saved_table(results, TABLE, MADE_BY)
    missing = [name for name in NEEDED if name not in table]
    if missing:
        raise RecordError(f"{results / TABLE}: it lacks the column {missing[0]}; {MADE_BY} makes it")
    data = plotted(table)
    reforms = list(dict.fromkeys(data["reform"]))
    lines = len(data) + len(reforms)
    height = LINE * lines + ABOVE + BELOW
    with page(COLUMN, height) as figure:
        figure.set_layout_engine("none")  # text stands beside the panel in columns of a given width
        axis = figure.add_axes((LEFT / COLUMN, BELOW / height, (RIGHT - LEFT) / COLUMN, LINE * lines / height))
        labels, heads, place = [], [], 0
        for reform in reforms:
            heads.append((place, reform))
            place += 1
            for row in data[data["reform"] == reform].itertuples():
                _effect(axis, place, row)
                labels.append((place, str(row.effect)))
                place += 1
        _frame(axis, labels, heads, lines)
        figure.legend(handles=_legend(), loc="upper left", ncols=2, fontsize=6, handlelength=1.5, columnspacing=1.0)
        return save_figure(figure, data, output, "fig_evidence")


def _effect(axis, place: int, row: Any) -> None:
    axis.barh(place, 2.0, 0.62, left=-1.0, color=SKY, alpha=0.45, linewidth=0, zorder=1)
    if abs(row.nothing_at) <= REACH:
        axis.plot([row.nothing_at] * 2, [place - 0.36, place + 0.36], color=GREY, linewidth=0.8, zorder=2)
    if not np.isnan(row.band_low_at):
        ends = np.clip([row.band_low_at, row.band_high_at], -REACH, REACH)
        axis.plot(ends, [place, place], color=BLACK, linewidth=0.9, solid_capstyle="butt", zorder=3)
    inside, at = row.verdict == "inside", float(np.clip(row.model_at, -REACH, REACH))
    beyond = abs(row.model_at) > REACH
    marker = (">" if at > 0 else "<") if beyond else "o" if inside else "D"
    colour = BLUE if inside else VERMILLION
    axis.plot(at, place, marker, color=colour, markersize=3.6, markeredgewidth=0, zorder=4, clip_on=False)
    where = {"transform": axis.get_yaxis_transform(), "va": "center", "fontsize": 6}
    own, low, high = (figure_text(value, 2 if abs(value) < 1 else 3) for value in (row.model, row.low, row.high))
    own, accepted = own.replace("-", "−"), f"{low} to {high} {row.unit}".replace("-", "−")
    axis.text(_across(VALUES), place, own, ha="right", fontweight="normal" if inside else "bold", **where)
    axis.text(_across(RANGES), place, accepted, ha="left", color="#444444", **where)


def _across(millimetres: float) -> float:
    """A place across the figure in widths of the panel."""
    return (millimetres - LEFT) / (RIGHT - LEFT)


def _frame(axis, labels: list[tuple[int, str]], heads: list[tuple[int, str]], lines: int) -> None:
    axis.set_yticks([place for place, _ in labels], [text for _, text in labels], fontsize=6)
    for place, reform in heads:
        where = axis.get_yaxis_transform()
        axis.text(_across(1.0), place + 0.05, reform, transform=where, va="center", fontsize=6, fontweight="bold")
        axis.plot(
            [_across(1.0), _across(COLUMN - 1.0)],
            [place - 0.5] * 2,
            color=GREY,
            linewidth=0.4,
            transform=where,
            clip_on=False,
        )
    axis.set_ylim(lines - 0.4, -0.6)
    axis.set_xlim(-REACH - 0.15, REACH + 0.15)
    axis.set_xticks([-1, 1], ["low", "high"])
    axis.set_xlabel("accepted range, scaled alike", fontsize=6)
    for at, text, side in ((VALUES, "model", "right"), (RANGES, "accepted", "left")):
        axis.text(_across(at), -0.75, text, transform=axis.get_yaxis_transform(), ha=side, va="bottom", fontsize=6)
    axis.grid(axis="y", visible=False)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)


def _legend() -> list[Any]:
    point = {"color": "none", "markersize": 4, "markeredgewidth": 0}
    return [
        Patch(facecolor=SKY, alpha=0.45, linewidth=0, label="range that studies accept"),
        Line2D([], [], marker="o", markerfacecolor=BLUE, label="model, inside", **point),
        Line2D([], [], color=BLACK, linewidth=0.9, label=BAND_LABEL),
        Line2D([], [], marker="D", markerfacecolor=VERMILLION, label="model, outside (arrow: beyond)", **point),
        Line2D([], [], color=GREY, linewidth=0.8, marker="|", markersize=5, ls="", label="no effect"),
    ]


if __name__ == "__main__":
    sys.exit(figure_command(draw, str(__doc__).partition("\n")[0], RESULTS))
