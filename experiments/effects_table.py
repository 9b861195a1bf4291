"""The main job's tables, as they are printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from healthreform import analysis
from healthreform.analysis import OUTCOMES

#: Levers are listed by the largest effect on any of these, each measured by the largest that any lever has on it.
RANKED_BY = ("fund_months", "hospital_margin", "out_of_pocket_share", "primary_visit_share")
#: Outcomes in one table, so that it fits a page.
COLUMNS = 4
_UNITS = {"percentage points": "points", "months of claims": "months", "million people": "million"}


def print_scenarios(on: Console, effects: pandas.DataFrame, titles: Mapping[str, str], spec: Any) -> None:
    """Effects of scenarios against the base: in each cell the median effect of the members, and their band."""
    levels = effects[effects["name"] == spec.base].set_index("outcome")["level"]
    ordered = [name for name in _by_size(effects, list(OUTCOMES)) if name != spec.base]
    for place in range(0, len(OUTCOMES), COLUMNS):
        keys = list(OUTCOMES)[place : place + COLUMNS]
        table = _table(
            f"Effects in {spec.year} against '{titles[spec.base]}', median of the members and their band",
            "scenario",
            keys,
        )
        table.add_row(
            "[bold]level without them[/]", *(f"[bold]{number(levels[key])}[/]" for key in keys), end_section=True
        )
        for name in ordered:
            table.add_row(titles[name], *(_cell(effects, name, key) for key in keys))
        on.print(table)


def print_levers(on: Console, effects: pandas.DataFrame, spec: Any, most: int = 12) -> None:
    """Effects of the levers that do most; a lever has a line for each end it was moved towards."""
    title = f"Levers that do most, each alone, moved {spec.share:.0%} of the way to an end of its range: effects in "
    table = _table(f"{title}{spec.year}", "lever", list(RANKED_BY))
    effects = effects[~effects["name"].str.partition(": ")[0].isin(spec.set_aside)]
    ordered = [name for name in _by_size(effects, list(RANKED_BY)) if ": " in name]
    for lever in list(dict.fromkeys(name.partition(": ")[0] for name in ordered))[:most]:
        for name in (f"{lever}: low", f"{lever}: high"):
            if name in ordered:
                table.add_row(name.replace("_", " "), *(_cell(effects, name, key) for key in RANKED_BY))
    on.print(table)
    dead = still(effects)
    if dead:
        on.print(f"Levers that moved nothing: {', '.join(dead)}.", highlight=False)


def print_ends(on: Console, reach: pandas.DataFrame) -> None:
    """Which levers stand at an end of their range already, and cannot be moved that way."""
    for end in ("low", "high"):
        at_end = [str(lever) for lever, part in reach.groupby("lever", sort=False) if not analysis.movable(part, end)]
        if at_end:
            on.print(f"At their {end} end already, not moved that way: {', '.join(at_end)}.", highlight=False)


def still(effects: pandas.DataFrame) -> list[str]:
    """Changes that moved no outcome."""
    largest = effects[["effect", "effect_low", "effect_high"]].abs().max(axis=1).groupby(effects["name"]).max()
    return [str(name) for name, size in largest.items() if size < 1e-9 and ": " in str(name)]


def number(value: float, *, signed: bool = False) -> str:
    """Three digits, with a sign and a proper minus."""
    if not np.isfinite(value):
        return "failed"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    return ("0" if not text.strip("+-0.") else text).replace("-", "−")


def with_band(effect: float, low: float, high: float) -> str:
    """An effect, and its band in paler letters."""
    return f"{number(effect, signed=True)} [dim]({number(low, signed=True)} to {number(high, signed=True)})[/]"


def _table(title: str, first: str, outcomes: list[str]) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="", pad_edge=False, box=SIMPLE_HEAD
    )
    table.add_column(first, min_width=28)
    for key in outcomes:
        outcome = OUTCOMES[key]
        unit = _UNITS.get(outcome.change_unit, outcome.change_unit)
        table.add_column(f"{outcome.title}\n[dim]{unit}[/]", justify="right")
    return table


def _cell(effects: pandas.DataFrame, name: str, key: str) -> str:
    row = effects[(effects["name"] == name) & (effects["outcome"] == key)].iloc[0]
    return with_band(row["effect_median"], row["effect_low"], row["effect_high"])


def _by_size(effects: pandas.DataFrame, outcomes: list[str]) -> list[str]:
    """Names by the largest effect on any of the outcomes, each measured by the largest effect there is on it."""
    wide = (
        effects[effects["outcome"].isin(outcomes)].pivot(index="name", columns="outcome", values="effect_median").abs()
    )
    return [str(name) for name in (wide / wide.max()).max(axis=1).sort_values(ascending=False, kind="stable").index]
