"""Loops cut: how much of the linked package's effect hangs on each feedback loop.

Reads what ``experiments/loops_cut.py`` saved; runs no model.
"""

from __future__ import annotations

from healthreform.endings import end_at_once

if __name__ == "__main__":
    end_at_once("error: interrupted; nothing half-written is left")  # while the rest is imported

import sys
from pathlib import Path
from typing import Any

import pandas
from matplotlib.lines import Line2D

from healthreform.analysis import OUTCOMES
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
    saved_table,
)
from healthreform.stockflow.errors import RecordError

RESULTS = Path(__file__).resolve().parent.parent / "results" / "loops_cut"
MADE_BY = "experiments/loops_cut.py"
TABLE = "effects_of_loops.csv"
SHOWN = ("out_of_pocket_share", "primary_visit_share", "hospital_margin", "fund_months")
#: Loops drawn at most, and the height of each and of what stands around them, in millimetres.
MOST, LINE, AROUND = 14, 4.4, 29.0
NEEDED = ("loop", "title", "polarity", "outcome", "on_loop", "on_loop_low", "on_loop_high", "unit")
EFFECT = ("effect", "effect_low", "effect_high")
LOOKS = {
    "reinforcing": Look("reinforcing loop", VERMILLION, "-", "s"),
    "balancing": Look("balancing loop", BLUE, "-", "o"),
}


def plotted(table: pandas.DataFrame) -> pandas.DataFrame:
    """The rows that are drawn: of the outcomes shown, the loops on which most hangs, the largest first.

    A loop's rank is its largest effect on any of these outcomes, each measured by the largest that any loop has on it.
    """
    shown = [key for key in SHOWN if key in set(table["outcome"])]
    found = table[table["outcome"].isin(shown) & table["polarity"].isin(list(LOOKS))]
    size = found["on_loop"].abs()
    largest = size.groupby(found["outcome"]).transform("max")
    share = (size / largest.where(largest > 0, 1.0)).groupby(found["loop"]).max()
    order = list(share.sort_values(ascending=False, kind="stable").index[:MOST])
    found = found[found["loop"].isin(order)].copy()
    found["rank"] = found["loop"].map(order.index) + 1
    whole = table[table["polarity"].isna()].set_index("outcome")
    for name in EFFECT:
        found[f"whole_{name}"] = found["outcome"].map(whole[name])
    return found.sort_values(["outcome", "rank"])[[*NEEDED, "rank", *(f"whole_{name}" for name in EFFECT)]]


def draw(results: Path, output: Path) -> list[Path]:
    """Draw the figure from a folder of results; returns the files written."""
    table = saved_table(results, TABLE, MADE_BY)
    missing = [name for name in (*NEEDED, *EFFECT) if name not in table]
    if missing:
        raise RecordError(f"{results / TABLE}: it lacks the column {missing[0]}; {MADE_BY} makes it")
    data = plotted(table)
    keys = [key for key in SHOWN if key in set(data["outcome"])]
    titles = data.drop_duplicates("rank").sort_values("rank")["title"]
    with page(PAGE, LINE * len(titles) + AROUND) as figure:
        figure.get_layout_engine().set(wspace=0.05)  # type: ignore[union-attr]
        axes = figure.subplots(1, len(keys), sharey=True, squeeze=False)[0]
        for axis, key in zip(axes, keys, strict=True):
            rows = data[data["outcome"] == key]
            for row in rows.itertuples():
                look = LOOKS[str(row.polarity)]
                axis.plot([row.on_loop_low, row.on_loop_high], [row.rank] * 2, color=look.colour, lw=1.0, zorder=3)
                axis.plot(row.on_loop, row.rank, look.marker, color=look.colour, ms=3.6, mew=0, zorder=4)
            axis.axvline(0, color=BLACK, linewidth=0.5, zorder=2)
            axis.set_title(f"{OUTCOMES[key].title}\n", fontsize=7)
            effect, low, high = (_signed(rows[f"whole_{name}"].iloc[0]) for name in EFFECT)
            axis.text(0, 1.012, f"whole: {effect} ({low} to {high})", transform=axis.transAxes, color=GREY, fontsize=6)
            axis.set_xlabel(OUTCOMES[key].change_unit)
            axis.tick_params(axis="y", length=0)
        axes[0].set_yticks(range(1, len(titles) + 1), titles)
        axes[0].set_ylim(len(titles) + 0.6, 0.4)
        figure.supxlabel(
            "part of the effect that hangs on the loop: the effect less that with the loop cut", fontsize=7
        )
        letters(axes)
        figure.legend(handles=_legend(), loc="outside upper center", ncols=3)
        return save_figure(figure, data, output, "fig_loops_cut")


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def _legend() -> list[Any]:
    lines: list[Any] = [
        Line2D([], [], color=look.colour, marker=look.marker, ls="", ms=3.6, mew=0, label=f"{look.label}, median")
        for look in LOOKS.values()
    ]
    return [*lines, Line2D([], [], color=BLACK, lw=1.0, label=BAND_LABEL)]


if __name__ == "__main__":
    sys.exit(figure_command(draw, str(__doc__).partition("\n")[0], RESULTS))
