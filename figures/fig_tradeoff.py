"""The trade-off: how long the fund would last, against hospitals' margin and against what households pay.

Above, every run of the Latin hypercube that agrees with history; below, the packages at the
median of their members' effects, and as crosses the bands of these.
Reads what ``experiments/main_job.py`` saved; runs no model.
"""

from __future__ import annotations

from healthreform.endings import end_at_once

if __name__ == "__main__":
    end_at_once("error: interrupted; nothing half-written is left")  # while the rest is imported

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas
import xarray
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from healthreform.analysis import OUTCOMES
from healthreform.plots import (
    BLACK,
    GREY,
    LOOKS,
    PAGE,
    Look,
    figure_command,
    label_points,
    letters,
    page,
    save_figure,
    saved_result,
    saved_table,
    settle,
)

RESULTS = Path(__file__).resolve().parent.parent / "results" / "main_job"
MADE_BY = "experiments/main_job.py"
ACROSS, UP = "fund_months", ("hospital_margin", "out_of_pocket_share")
#: Share of the hypercube's runs on the axes; the rest lies outside and is counted in the figure.
SHOWN = 0.95
#: Too far from the rest for the panels that show packages closely.
FAR = ("no_reform",)
#: The panels of packages reach beyond the outermost by this share of the way between them; longer bands are cut.
ROOM = 0.25
#: Reforms alone are numbered from this distance to policy as enacted on, as a share of the axes.
APART = 0.05
#: Named in the panels above.
MARKED = ("baseline", "no_reform")
_CROSS = "10 to 90 in 100 members, cut at the frame"
_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8}


def plotted(hypercube: xarray.Dataset, effects: pandas.DataFrame) -> pandas.DataFrame:
    """Rows of kind ``run`` (the hypercube) and ``scenario`` (the base's level plus the members' median and band)."""
    year = int(hypercube.attrs["spec_year"])
    agrees = hypercube["failure"] == ""
    at = hypercube.sel(time=year).isel(run=np.flatnonzero(agrees.to_numpy()))
    keys = (ACROSS, *UP)
    runs = pandas.DataFrame({key: OUTCOMES[key].read(at).to_numpy() for key in keys})
    runs.insert(0, "name", at["run"].to_numpy().astype(str))
    runs.insert(0, "kind", "run")
    chosen = effects[effects["outcome"].isin(keys)]
    levels = chosen.pivot(index="name", columns="outcome", values="level")
    for end in ("low", "median", "high"):
        wide = chosen.pivot(index="name", columns="outcome", values=f"effect_{end}")
        levels = levels.join((levels.loc["baseline", list(keys)] + wide[list(keys)]).add_suffix(f"_{end}"))
    for key in keys:
        levels[key] = levels[f"{key}_median"]
    scenarios = levels.reset_index().assign(kind="scenario")
    return pandas.concat([runs, scenarios], ignore_index=True)


def draw(results: Path, output: Path) -> list[Path]:
    """Draw the figure from a folder of results; returns the files written."""
    hypercube = saved_result(results, "hypercube.nc", MADE_BY)
    year = hypercube.attrs["spec_year"]
    data = plotted(hypercube, saved_table(results, f"effects_of_scenarios_{year}.csv", MADE_BY))
    scenarios = data[data["kind"] == "scenario"].set_index("name")
    with page(PAGE, 160) as figure:
        axes = figure.subplots(2, 2)
        medians: dict[str, np.ndarray] = {}
        for column, key in enumerate(UP):
            medians[key] = _cloud(axes[0, column], data[data["kind"] == "run"], scenarios, key)
            _packages(axes[1, column], scenarios, key)
            for axis, what in zip(axes[:, column], ("Sampled runs", "Packages"), strict=True):
                axis.set_title(f"{what} in {year}: {OUTCOMES[key].title.lower()}")
                axis.set_xlabel(f"{OUTCOMES[ACROSS].title}, {OUTCOMES[ACROSS].unit}")
                axis.set_ylabel(f"{OUTCOMES[key].title}, {OUTCOMES[key].unit}")
        letters(axes.flat)
        handles = [*_handles(list(LOOKS)), *_handles(_single(scenarios))]
        handles.append(Line2D([], [], color=GREY, linewidth=0.8, marker="+", ms=9, mew=0.8, label=_CROSS))
        figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1.2, handletextpad=0.4)
        settle(figure)
        for column, key in enumerate(UP):
            named = [(*_at(scenarios, name, key), _look(name).label, BLACK) for name in MARKED]
            apart = _apart(axes[1, column], scenarios, key)
            numbered = [
                (*_at(scenarios, name, key), str(number), BLACK)
                for number, name in enumerate(_single(scenarios), 1)
                if name in apart
            ]
            _say(axes[1, column], [*_unnumbered(scenarios, apart), *_outside(axes[1, column], scenarios, key)])
            label_points(axes[0, column], named, lines=[medians[key]])
            arms = [[(x, y), (to_x, to_y)] for name in _near() for x, y, to_x, to_y in _cross(scenarios.loc[name], key)]
            label_points(axes[1, column], numbered, size=6, gap=2.0, lines=arms)
        return save_figure(figure, data, output, "fig_tradeoff")


def _near() -> list[str]:
    """The packages that are set apart, without those that lie far from the rest."""
    return [name for name in LOOKS if name not in FAR]


def _single(scenarios: pandas.DataFrame) -> list[str]:
    """The reforms that stand alone, which are numbered."""
    return [name for name in scenarios.index if name not in LOOKS]


def _apart(axis: Axes, scenarios: pandas.DataFrame, key: str) -> list[str]:
    """Those of them that stand so far from policy as enacted that a number finds room."""
    size = np.array([np.ptp(axis.get_xlim()), np.ptp(axis.get_ylim())])
    base = np.array(_at(scenarios, "baseline", key))
    distance = {name: np.hypot(*((np.array(_at(scenarios, name, key)) - base) / size)) for name in _single(scenarios)}
    return [name for name, away in distance.items() if away >= APART]


def _unnumbered(scenarios: pandas.DataFrame, apart: Sequence[str]) -> list[str]:
    """How many of them have no number."""
    count = len(_single(scenarios)) - len(apart)
    return [f"{count} reforms beside policy as enacted have no number"] if count else []


def _outside(axis: Axes, scenarios: pandas.DataFrame, key: str) -> list[str]:
    """What the legend shows and a panel of packages does not, because it lies too far away; and where it is."""
    (left, right), (bottom, top) = sorted(axis.get_xlim()), sorted(axis.get_ylim())
    at = {name: _at(scenarios, name, key) for name in LOOKS if name in scenarios.index}
    far = {name: (x, y) for name, (x, y) in at.items() if not (left <= x <= right and bottom <= y <= top)}
    return [f"{_look(name).label}: outside, at {x:.1f} and {y:.1f}" for name, (x, y) in far.items()]


def _say(axis: Axes, lines: Sequence[str]) -> None:
    note = "\n".join(lines)
    axis.text(0.99, 0.985, note, transform=axis.transAxes, ha="right", va="top", fontsize=6.5, bbox=_WHITE)


def _look(name: str) -> Look:
    return LOOKS.get(name, Look(name.replace("_", " ").capitalize(), GREY, "", "o"))


def _cloud(axis: Axes, runs: pandas.DataFrame, scenarios: pandas.DataFrame, key: str) -> np.ndarray:
    """Draws the hypercube's runs, and their median, which it returns: shape (vertices, 2)."""
    axis.plot(runs[ACROSS], runs[key], ".", color=GREY, markersize=1.8, alpha=0.4, markeredgewidth=0, rasterized=True)
    across = 0.0, float(runs[ACROSS].quantile(SHOWN))
    up = runs[key].quantile([(1 - SHOWN) / 2, (1 + SHOWN) / 2])
    up = min(up.iloc[0], scenarios[key].min() - 1), max(up.iloc[1], scenarios[key].max() + 1)
    axis.set(xlim=across, ylim=up)
    inside = int((runs[ACROSS].between(*across) & runs[key].between(*up)).sum())
    note = f"{inside} runs; {len(runs) - inside} lie outside the axes"
    axis.text(0.99, 0.985, note, transform=axis.transAxes, ha="right", va="top", fontsize=6.5, bbox=_WHITE)
    edges = np.linspace(*across, 11)
    middle = runs.groupby(pandas.cut(runs[ACROSS], edges), observed=False)[key].median()
    median = np.column_stack([(edges[1:] + edges[:-1]) / 2, middle])
    axis.plot(*median.T, color=BLACK, linewidth=0.9)
    axis.annotate("median", (edges[-1], middle.iloc[-1]), (-2, 9), textcoords="offset points", ha="right", fontsize=6.5)
    for name in MARKED:
        _point(axis, scenarios, name, key)
    return median


def _packages(axis: Axes, scenarios: pandas.DataFrame, key: str) -> None:
    for name in _near():
        for x, y, to_x, to_y in _cross(scenarios.loc[name], key):
            axis.plot([x, to_x], [y, to_y], color=_look(name).colour, linewidth=0.8, alpha=0.6)
    for name in [*_single(scenarios), *_near()]:
        _point(axis, scenarios, name, key)
    for limits, value in ((axis.set_xlim, ACROSS), (axis.set_ylim, key)):
        shown = scenarios.loc[[*_near(), *_single(scenarios)], [value, f"{value}_median"]].to_numpy()
        room = ROOM * (shown.max() - shown.min())
        limits(shown.min() - room, shown.max() + room)


def _cross(row: pandas.Series, key: str) -> list[tuple[float, float, float, float]]:
    """The bands of a package's two effects, as lines that cross where the middle member is."""
    x, y = row[f"{ACROSS}_median"], row[f"{key}_median"]
    return [(row[f"{ACROSS}_low"], y, row[f"{ACROSS}_high"], y), (x, row[f"{key}_low"], x, row[f"{key}_high"])]


def _point(axis: Axes, scenarios: pandas.DataFrame, name: str, key: str) -> None:
    look, row = _look(name), scenarios.loc[name]
    size = 5.0 if name in LOOKS else 2.8
    axis.plot(row[ACROSS], row[key], look.marker, color=look.colour, ms=size, mec="white", mew=0.4, zorder=6)


def _at(scenarios: pandas.DataFrame, name: str, key: str) -> tuple[float, float]:
    """Where a scenario stands."""
    return float(scenarios.loc[name, ACROSS]), float(scenarios.loc[name, key])


def _handles(names: Sequence[str]) -> list[Line2D]:
    """Keys of the legend; single reforms are numbered as in the panels."""
    numbers = iter(range(1, 100))
    found = []
    for name in names:
        look = _look(name)
        label = look.label if name in LOOKS else f"{next(numbers)} {look.label}"
        found.append(
            Line2D([], [], color=look.colour, marker=look.marker, ls="", ms=4.5 if name in LOOKS else 2.8, label=label)
        )
    return found


if __name__ == "__main__":
    sys.exit(figure_command(draw, str(__doc__).partition("\n")[0], RESULTS))
