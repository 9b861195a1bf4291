"""The main job: levers and packages against policy as enacted, with bands, tables and figures.

What do China's reform levers do, one by one and in packages, to the fund, the hospitals, pay and primary care? Three
answers for the place ``china``, all against policy as enacted to 2025 and then kept:

1. every lever alone, moved from 2026 half-way to the low and to the high end of its range, and every scenario;
2. a Latin hypercube of 5,000 runs over all levers but those set aside, with the parameters of the ensemble's members;
3. bands: scenarios and levers again with the parameters of members of the ensemble, the same ones on both sides of each
   comparison, so that a band shows what the parameters leave open about the effect and not about the level.

Uncertain parameters are those of the ensemble that comes with the package: its members lie within the ranges and fit
history and measured effects (see ``healthreform.calibration.constrained``). Each row of the hypercube takes one.

Run it with ``make run``, or ``python experiments/main_job.py --help``.
"""

from __future__ import annotations

from healthreform.endings import end_at_once

if __name__ == "__main__":
    end_at_once("interrupted; no results were written")  # while the rest is imported

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas
import xarray
from effects_table import print_ends, print_levers, print_scenarios
from rich.console import Console
from rich.progress import Progress
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
    whole_folder,
)

import healthreform as hr
from healthreform import analysis
from healthreform.analysis import OUTCOMES

FIGURES = ("fig_history.py", "fig_ranking.py", "fig_tradeoff.py")


@dataclass(frozen=True)
class Spec:
    """What the job does.

    Attributes
    ----------
    year : in which effects are reported.
    last : last calendar year of the runs that are drawn.
    runs, seed : of the Latin hypercube.
    share, ramp : how far levers are moved, of the way to either end of their ranges, and between which dates.
    set_aside : levers that no reform would move, left as they are in the hypercube.
    members, lever_members : most members behind the bands of scenarios, and of levers alone.
    """

    place: str = "china"
    base: str = "baseline"
    year: int = 2035
    last: int = 2040
    runs: int = 5000
    seed: int = 2024
    share: float = 0.5
    ramp: tuple[float, float] = (2026.0, 2028.0)
    set_aside: tuple[str, ...] = ("outbreak_restriction",)
    members: int = 200
    lever_members: int = 24

    @property
    def reach(self) -> analysis.Reach:
        """How far levers are moved, and when."""
        return analysis.Reach(self.share, self.ramp, self.year)


def sample(spec: Spec, bar: Progress) -> xarray.Dataset:
    """The Latin hypercube: levers anywhere within their reach, each row with the parameters of a member."""
    reach = analysis.lever_reach(spec.place, spec.base, spec.reach)
    reach = reach[~reach["lever"].isin(spec.set_aside)]
    at = analysis.latin_hypercube(spec.runs, reach["lever"].nunique(), spec.seed)
    members = hr.ensemble(spec.place)
    chosen = np.random.default_rng(spec.seed).permutation(np.arange(spec.runs) % len(members))
    task = bar.add_task("Latin hypercube of levers, with members", total=spec.runs)
    return hr.sweep(
        spec.place,
        spec.base,
        pandas.concat([members.iloc[chosen].reset_index(drop=True), analysis.lever_values(at, reach)], axis=1),
        ramp=spec.ramp,
        stop=spec.last,
        progress=step_of(bar, task),
    )


def with_calibrated(spec: Spec, members: int) -> pandas.DataFrame:
    """A design of parameters: the calibrated ones, then those of the ensemble's first members."""
    return calibrated_and(spec.place, hr.ensemble(spec.place).head(members))


def run_scenarios(spec: Spec, bar: Progress) -> xarray.Dataset:
    """Every scenario with the calibrated parameters and with those of the members."""
    design = with_calibrated(spec, spec.members)
    names = list(hr.scenarios().index)
    task = bar.add_task("scenarios, each with the members", total=len(names) * len(design))
    found = []
    for place, name in enumerate(names):
        done = step_of(bar, task, place * len(design))
        found.append(hr.sweep(spec.place, name, design, stop=spec.last, progress=done).drop_vars(["design", "input"]))
    joined = xarray.concat(found, "scenario", combine_attrs="drop_conflicts", data_vars="all")
    return joined.assign_coords(scenario=("scenario", names, {"long_name": "scenario"}))


def run_levers(spec: Spec, bar: Progress) -> xarray.Dataset:
    """Every lever alone, with the calibrated parameters and with those of some members.

    Levers that stay where they are under the base are rows of one design. Those that the base itself goes on moving,
    such as a premium that rises with incomes, are moved from wherever it has them, each in a sweep of its own.
    """
    parameters = with_calibrated(spec, spec.lever_members)
    reach = analysis.lever_reach(spec.place, spec.base, spec.reach)
    drifting = {lever: part for lever, part in reach.groupby("lever", sort=False) if part["drifts"].any()}
    alone = analysis.each_lever_alone(reach[~reach["lever"].isin(list(drifting))])
    design = alone.merge(parameters, how="cross")
    ends = ("low", "high")
    moves = [(str(lever), end) for lever, part in drifting.items() for end in ends if analysis.movable(part, end)]
    task = bar.add_task("levers, one by one, with some members", total=len(design) + len(moves) * len(parameters))
    keep = analysis.variables_of(OUTCOMES.values())
    parts = [
        hr.sweep(spec.place, spec.base, design, ramp=spec.ramp, keep=keep, stop=spec.year, progress=step_of(bar, task))
    ]
    for place, (name, end) in enumerate(moves):
        changes = analysis.moved_paths(name, end, spec.place, spec.base, spec.reach)
        done = step_of(bar, task, len(design) + place * len(parameters))
        parts.append(
            hr.sweep(spec.place, spec.base, parameters, changes=changes, keep=keep, stop=spec.year, progress=done)
        )
    names = [*alone.index, *(f"{name}: {end}" for name, end in moves)]
    return _by_change(parts, names, list(parameters.index))


def _by_change(parts: Sequence[xarray.Dataset], names: Sequence[str], members: Sequence[str]) -> xarray.Dataset:
    """Sweeps one after the other as one result over changes and runs; each change has a run for each member."""
    plain = [part.drop_vars(["design", "input", "run"]) for part in parts]
    joined = xarray.concat(plain, "run", combine_attrs="drop_conflicts", data_vars="minimal", coords="minimal")
    pairs = pandas.MultiIndex.from_product([names, members], names=["change", "member"])
    labelled = joined.assign_coords(xarray.Coordinates.from_pandas_multiindex(pairs, "run"))
    return labelled.unstack("run").rename(member="run").reindex(change=list(names), run=list(members))


def effects_in(spec: Spec, runs: xarray.Dataset, dimension: str, base: str) -> pandas.DataFrame:
    """Effects on all outcomes in the year of the spec, against the base, with bands."""
    at = {key: outcome.read(runs).sel(time=spec.year) for key, outcome in OUTCOMES.items()}
    central = {key: values.sel(run=CALIBRATED).to_numpy() for key, values in at.items()}
    members = {
        key: values.drop_sel(run=CALIBRATED).transpose(dimension, "run").to_numpy() for key, values in at.items()
    }
    return analysis.effects(central, members, [str(name) for name in runs[dimension].values], base)


def run(spec: Spec, results: Path, on: Console) -> None:
    """Do everything; the folder of results appears when all is done."""
    begun = perf_counter()
    with whole_folder(results) as folder, progress_bar(on) as bar:
        hypercube = sample(spec, bar)
        scenarios = run_scenarios(spec, bar)
        levers = run_levers(spec, bar)
        of_scenarios = effects_in(spec, scenarios, "scenario", spec.base)
        of_levers = effects_in(spec, levers, "change", "as enacted")
        task = bar.add_task("saving and drawing", total=3 + len(FIGURES))
        for name, result in (("hypercube", hypercube), ("scenarios", scenarios), ("levers", levers)):
            save(result.assign_attrs(_described(spec)), folder / f"{name}.nc")
            bar.advance(task)
        _save_tables(spec, folder, of_scenarios, of_levers)
        for script in FIGURES:
            draw(script, folder)
            bar.advance(task)
    print_scenarios(on, of_scenarios, hr.scenarios()["title"], spec)
    print_levers(on, of_levers, spec)
    print_ends(on, analysis.lever_reach(spec.place, spec.base, spec.reach))
    _print_counts(on, hypercube, scenarios, levers)
    on.print(f"Saved in {results} after {perf_counter() - begun:.0f} s.", highlight=False, soft_wrap=True)


def _described(spec: Spec) -> dict[str, str]:
    """The spec as attributes of a result."""
    return {f"spec_{key}": str(value) for key, value in asdict(spec).items()}


def _save_tables(spec: Spec, folder: Path, of_scenarios: pandas.DataFrame, of_levers: pandas.DataFrame) -> None:
    of_scenarios.to_csv(folder / f"effects_of_scenarios_{spec.year}.csv", index=False)
    of_levers.to_csv(folder / f"effects_of_levers_{spec.year}.csv", index=False)
    analysis.lever_reach(spec.place, spec.base, spec.reach).to_csv(folder / "levers_moved.csv", index_label="name")
    hr.history(spec.place, table=True).to_csv(folder / "history.csv", index=False)


def _print_counts(on: Console, hypercube: xarray.Dataset, scenarios: xarray.Dataset, levers: xarray.Dataset) -> None:
    failed = [int((runs["failure"] != "").sum()) for runs in (hypercube, scenarios, levers)]
    on.print(
        f"Hypercube: {hypercube.sizes['run']} runs, {failed[0]} failed.\n"
        f"Bands: ten to ninety in a hundred of {scenarios.sizes['run'] - 1} members for scenarios "
        f"({failed[1]} of {scenarios['failure'].size} runs failed), of {levers.sizes['run'] - 1} for levers "
        f"({failed[2]} of {levers['failure'].size} failed).",
        highlight=False,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job from the command line; return the exit code."""
    parser = options(__doc__, "main_job")
    parser.add_argument("--runs", type=int, default=Spec.runs, help="runs of the Latin hypercube (%(default)s)")
    given = parser.parse_args(arguments)
    spec = replace(Spec(), runs=given.runs)
    return guarded(lambda: run(spec, given.results, console()), given.results)


if __name__ == "__main__":
    sys.exit(main())
