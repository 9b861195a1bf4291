"""The order of reform: the same three steps one after the other in each order, and all at once.

Does it matter in what order the steps are taken: making room, adjusting structure, ensuring connection? The same
changes of the same levers, in each of the six orders with some years between the steps, and all at once; each against
policy as enacted and then kept, with bands over the same members on both sides (as in the main job).

Run it with ``python experiments/order_of_reform.py``; ``--help`` says what can be chosen.
"""

from __future__ import annotations

from healthreform.endings import end_at_once

if __name__ == "__main__":
    end_at_once("interrupted; no results were written")  # while the rest is imported

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pandas
import xarray
from effects_table import with_band
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from shared import (
    CALIBRATED,
    calibrated_and,
    console,
    draw,
    guarded,
    options,
    progress_bar,
    save,
    step_of,
    tell_end,
    whole_folder,
)

import healthreform as hr
from healthreform import analysis
from healthreform.analysis import OUTCOMES

FIGURE = "fig_order.py"


@dataclass(frozen=True)
class Spec:
    """What the experiment does.

    Attributes
    ----------
    steps : scenarios whose changes are shifted in time; numbered from one in the names of orders.
    begin, gap : when the first step begins, and the years to the next.
    runs, seed : of the Latin hypercube of parameters.
    members : most members behind the bands.
    outcomes : reported, by their names in ``healthreform.analysis.OUTCOMES``.
    """

    place: str = "china"
    base: str = "baseline"
    steps: tuple[str, ...] = ("making_room", "adjusting_structure", "ensuring_connection")
    begin: float = 2026.0
    gap: float = 3.0
    last: int = 2040
    members: int = 100
    outcomes: tuple[str, ...] = ("fund_months", "hospital_margin", "out_of_pocket_share", "primary_visit_share")


def orders(spec: Spec) -> dict[str, dict[str, Any]]:
    """The changes of each order by its name, ``1-2-3`` and so on, and of ``at once``."""
    steps = [hr.Scenario.load(name).changes for name in spec.steps]
    found = {}
    for order in permutations(range(len(steps))):
        begins = {step: spec.begin + spec.gap * place for place, step in enumerate(order)}
        found["-".join(str(step + 1) for step in order)] = _merged(
            [shifted(changes, begins[step]) for step, changes in enumerate(steps)]
        )
    found["at once"] = _merged([shifted(changes, spec.begin) for changes in steps])
    latest = max(date for changes in found.values() for points in changes.values() for date, _ in points)
    if latest > spec.last + 1:
        raise hr.RunError(
            f"with {spec.gap:g} years between steps the last change falls in {latest:g}; use a smaller gap"
        )
    return found


def shifted(changes: Mapping[str, Any], begin: float) -> dict[str, Any]:
    """Dated changes moved in time, all by the same, so that the first of them falls on a date."""
    by = begin - min(float(date) for points in changes.values() for date, _ in points)
    return {name: [[float(date) + by, value] for date, value in points] for name, points in changes.items()}


def _merged(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        for name, points in part.items():
            if merged.setdefault(name, points) is not points:
                raise hr.RecordError(f"two steps change '{name}'; a step that comes again cannot be put in order")
    return merged


def run_orders(spec: Spec, bar: Progress) -> xarray.Dataset:
    """Every order, and the base, with the calibrated parameters and those of the members."""
    settings: dict[str, dict[str, Any]] = {spec.base: {}, **orders(spec)}
    design = calibrated_and(spec.place, hr.ensemble(spec.place).head(spec.members))
    task = bar.add_task("orders", total=len(settings) * len(design))
    found = []
    for place, changes in enumerate(settings.values()):
        done = step_of(bar, task, place * len(design))
        runs = hr.sweep(spec.place, spec.base, design, changes=changes, stop=spec.last, progress=done)
        found.append(runs.drop_vars(["design", "input"]))
    joined = xarray.concat(found, "order", combine_attrs="drop_conflicts", data_vars="all")
    return joined.assign_coords(order=("order", list(settings), {"long_name": "order of the steps"}))


def summary(spec: Spec, runs: xarray.Dataset) -> pandas.DataFrame:
    """For each order and outcome: its effect in the last year, and in the year in which it is worst, with bands."""
    rows = []
    for key in spec.outcomes:
        values = OUTCOMES[key].read(runs)
        effect = (values - values.sel(order=spec.base)).sel(time=slice(int(spec.begin), spec.last))
        lowest = effect.max("time") if key == "out_of_pocket_share" else effect.min("time")
        for what, each in (("last year", effect.sel(time=spec.last)), ("worst year", lowest)):
            members = each.drop_sel(run=CALIBRATED).transpose("run", "order")
            low, high = analysis.band(members)
            for place, order in enumerate(runs["order"].to_numpy()):
                central = float(members.sel(order=order).median())
                rows.append((order, key, what, central, low[place], high[place], OUTCOMES[key].change_unit))
    columns = ["order", "outcome", "when", "effect", "effect_low", "effect_high", "unit"]
    return pandas.DataFrame(rows, columns=columns).query("order != @spec.base").reset_index(drop=True)


def print_summary(on: Console, spec: Spec, table: pandas.DataFrame) -> None:
    """The effects in the last year and in the worst one."""
    for when, part in table.groupby("when", sort=False):
        title = (
            f"Effects against policy as enacted, in {spec.last if when == 'last year' else 'the worst year of each'}"
        )
        shown = Table("order", title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
        for key in spec.outcomes:
            shown.add_column(f"{OUTCOMES[key].title}\n[dim]{OUTCOMES[key].change_unit}[/]", justify="right")
        for order, rows in part.groupby("order", sort=False):
            cells = [with_band(row.effect, row.effect_low, row.effect_high) for row in rows.itertuples()]
            shown.add_row(str(order), *cells)
        on.print(shown)
    on.print("Steps: " + ", ".join(f"{number} {step.replace('_', ' ')}" for number, step in enumerate(spec.steps, 1)))


def run(spec: Spec, results: Path, on: Console) -> None:
    """Do everything; the folder of results appears when all is done."""
    with whole_folder(results) as folder:
        with progress_bar(on) as bar:
            runs = run_orders(spec, bar)
        table = summary(spec, runs)
        keep = [*analysis.variables_of(OUTCOMES[key] for key in spec.outcomes), "failure"]
        save(runs[keep].assign_attrs(spec_base=spec.base), folder / "orders.nc")
        table.to_csv(folder / "effects_of_order.csv", index=False)
        draw(FIGURE, folder)
    print_summary(on, spec, table)
    tell_end(on, runs, results)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the experiment from the command line; return the exit code."""
    parser = options(__doc__, "order_of_reform")
    parser.add_argument("--gap", type=float, default=Spec.gap, help="years from step to step (%(default)s)")
    given = parser.parse_args(arguments)
    return guarded(lambda: run(replace(Spec(), gap=given.gap), given.results, console()), given.results)


if __name__ == "__main__":
    sys.exit(main())
