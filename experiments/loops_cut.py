"""Loops cut: how much of a reform's effect hangs on each feedback loop.

The linked package against policy as enacted, with every loop closed, and with one named loop after another cut: at one
link, what is read is held on its path in the base run. What the effect loses by the cut is what hangs on the loop, with
bands over members of the ensemble, each member's cut held on its own base run.

Run it with ``python experiments/loops_cut.py``; ``--help`` says what can be chosen.
"""

from __future__ import annotations

from healthreform.endings import end_at_once

if __name__ == "__main__":
    end_at_once("interrupted; no results were written")  # while the rest is imported

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas
import xarray
from effects_table import number, with_band
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
    tell_end,
    whole_folder,
)

import healthreform as hr
from healthreform import analysis
from healthreform.analysis import OUTCOMES
from healthreform.named_loops import read_loops
from healthreform.structural_sensitivity import BASE, WHOLE, cut_links, run_cuts

FIGURE = "fig_loops_cut.py"
TABLE = "effects_of_loops.csv"


@dataclass(frozen=True)
class Spec:
    """What the experiment does.

    Attributes
    ----------
    scenario, base : the reform, and what it is compared with.
    year : in which effects are read.
    loops : names of the loops that are cut; all if there are none.
    members : most members behind the bands.
    outcomes : reported, by their names in ``healthreform.analysis.OUTCOMES``.
    """

    place: str = "china"
    scenario: str = "linked_package"
    base: str = "baseline"
    year: int = 2035
    loops: tuple[str, ...] = ()
    members: int = 60
    outcomes: tuple[str, ...] = tuple(OUTCOMES)


def run_members(spec: Spec, bar: Progress) -> xarray.Dataset:
    """The base, the reform whole and with each loop cut, for the calibrated parameters and those of the members."""
    design = calibrated_and(spec.place, hr.ensemble(spec.place).head(spec.members))
    loops = list(spec.loops or read_loops())
    task = bar.add_task("loops cut", total=(len(loops) + 2) * len(design))
    return run_cuts(
        spec.place,
        spec.scenario,
        spec.base,
        design,
        stop=spec.year,
        loops=loops,
        threads=os.cpu_count() or 1,
        progress=lambda done: bar.update(task, completed=done),  # type: ignore[arg-type]
    )


def summary(spec: Spec, runs: xarray.Dataset) -> pandas.DataFrame:
    """For each loop and outcome: the effect (with the loop cut) and what of the whole one hangs on the loop.

    Of both the members' median and band, and the value of the calibrated run.
    """
    declared = read_loops()
    links = cut_links(spec.place, spec.loops or None)
    rows = []
    for key in spec.outcomes:
        values = OUTCOMES[key].read(runs).sel(time=spec.year)
        effects = (values - values.sel(cut=BASE)).drop_sel(cut=BASE)
        hangs = effects.sel(cut=WHOLE) - effects
        for loop in (WHOLE, *links):
            row = {"loop": loop, "title": declared[loop].title if loop in declared else loop, "outcome": key}
            row["polarity"] = declared[loop].polarity if loop in declared else ""
            row["cut"] = str(links.get(loop, ""))
            for name, each in (("effect", effects), ("on_loop", hangs)):
                chosen = each.sel(cut=loop)
                members = chosen.drop_sel(run=CALIBRATED)
                low, high = analysis.band(members)
                row |= {name: float(members.median()), f"{name}_low": float(low), f"{name}_high": float(high)}
                row[f"{name}_{CALIBRATED}"] = float(chosen.sel(run=CALIBRATED))
            rows.append(row | {"unit": OUTCOMES[key].change_unit})
    return pandas.DataFrame(rows)


def print_summary(on: Console, spec: Spec, table: pandas.DataFrame, most: int = 4) -> None:
    """For each outcome the effect whole, and the loops on which most of it hangs."""
    shown = Table("outcome", title=f"Effects in {spec.year} and the loops they hang on", box=SIMPLE_HEAD)
    shown.title_justify, shown.title_style = "left", "bold"
    shown.add_column("effect", justify="right")
    shown.add_column("hangs on: the effect that goes with the loop")
    for key, rows in table.groupby("outcome", sort=False):
        whole, loops = rows[rows["loop"] == WHOLE].iloc[0], rows[rows["loop"] != WHOLE]
        first = loops.iloc[loops["on_loop"].abs().argsort()[::-1][:most]]
        told = ", ".join(
            f"{row.title} {with_band(row.on_loop, row.on_loop_low, row.on_loop_high)}" for row in first.itertuples()
        )
        outcome = OUTCOMES[str(key)]
        shown.add_row(f"{outcome.title}\n[dim]{outcome.change_unit}[/]", number(whole["effect"], signed=True), told)
    on.print(shown)
    on.print("Median of the members, and ten to ninety in a hundred of them.")


def run(spec: Spec, results: Path, on: Console) -> None:
    """Do everything; the folder of results appears when all is done."""
    for name in (spec.scenario, spec.base):
        hr.Scenario.load(name)
    cut_links(spec.place, spec.loops or None)
    with whole_folder(results) as folder:
        with progress_bar(on) as bar:
            runs = run_members(spec, bar)
        table = summary(spec, runs)
        save(runs, folder / "loops_cut.nc")
        table.to_csv(folder / TABLE, index=False)
        draw(FIGURE, folder)
    print_summary(on, spec, table)
    tell_end(on, runs, results)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the experiment from the command line; return the exit code."""
    parser = options(__doc__, "loops_cut")
    parser.add_argument("--scenario", default=Spec.scenario, help="the reform (%(default)s)")
    given = parser.parse_args(arguments)
    return guarded(lambda: run(replace(Spec(), scenario=given.scenario), given.results, console()), given.results)


if __name__ == "__main__":
    sys.exit(main())
