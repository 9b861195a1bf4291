"""The main job: levers and packages against policy as enacted, with bands, tables and figures.

What do China's reform levers do, one by one and in packages, to the fund, the hospitals, pay and primary care? Three
answers for the place ``china``, all against policy as enacted to 2025 and then kept:

1. every lever alone, moved from 2026 half-way to the low and to the high end of its range, and every scenario;
2. a Latin hypercube of 5,000 runs over all levers but those set aside, and all uncertain parameters;
3. bands: scenarios and levers again with the parameters of members of that hypercube, the same ones on both sides of
   each comparison, so that a band shows what the parameters leave open about the effect and not about the level.

Parameters drawn from their ranges alone agree badly with history. So the same 5,000 rows are first run to 2021 under
policy as enacted, and moved by an ensemble smoother to where they agree with the published series (see
``healthreform.analysis.condition_on_history``). Runs that then still fail, or miss history by more than a stated
bound, are counted and kept out of the bands.

Run it with ``make run``, or ``python experiments/main_job.py --help``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
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
    RESULTS,
    History,
    calibrated_and,
    console,
    draw,
    guarded,
    held_to_history,
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
    history : how parameters are held to it.
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
    history: History = field(default_factory=History)
    members: int = 200
    lever_members: int = 24

    @property
    def reach(self) -> analysis.Reach:
        """How far levers are moved, and when."""
        return analysis.Reach(self.share, self.ramp, self.year)


@dataclass(frozen=True)
class Ensemble:
    """The hypercube and what it says of history.

    Attributes
    ----------
    runs : of the hypercube.
    parameters : of each run, a row each.
    error : of each run against history; NaN if it failed.
    unusable : rows of the hypercube that could not be compared with history, and were not run again.
    """

    runs: xarray.Dataset
    parameters: pandas.DataFrame
    error: np.ndarray
    unusable: int

    def agreeing(self, bound: float) -> np.ndarray:
        """Which runs neither failed nor miss history by more than a bound."""
        return (self.runs["failure"].to_numpy() == "") & (self.error <= bound)


def sample(spec: Spec, bar: Progress) -> Ensemble:
    """The Latin hypercube: parameters moved to where they agree with history, levers anywhere within their reach."""
    ranges, reach = analysis.uncertain_parameters(spec.place), analysis.lever_reach(spec.place, spec.base, spec.reach)
    reach = reach[~reach["lever"].isin(spec.set_aside)]
    at = analysis.latin_hypercube(spec.runs, len(ranges) + reach["lever"].nunique(), spec.seed)
    task = bar.add_task("parameters against history, to 2021", total=spec.runs)
    parameters, usable = held_to_history(
        spec.place, spec.base, at[:, : len(ranges)], spec.history, spec.seed, step_of(bar, task)
    )

    task = bar.add_task("Latin hypercube of levers and parameters", total=len(parameters))
    runs = hr.sweep(
        spec.place,
        spec.base,
        pandas.concat([parameters, analysis.lever_values(at[usable, len(ranges) :], reach)], axis=1),
        ramp=spec.ramp,
        stop=spec.last,
        progress=step_of(bar, task),
    )
    error = analysis.facts(runs, spec.history.years, place=spec.place).error()
    runs["history_error"] = ("run", error, {"units": "dimensionless", "long_name": "mean error against history"})
    return Ensemble(runs, parameters, error, spec.runs - int(usable.sum()))


def with_calibrated(spec: Spec, ensemble: Ensemble, members: int) -> pandas.DataFrame:
    """A design of parameters: the calibrated ones, then those of the first members that agree with history."""
    chosen = ensemble.parameters[ensemble.agreeing(spec.history.bound)].head(members)
    if chosen.empty:
        raise hr.RunError(
            f"none of {len(ensemble.error)} runs has an error against history of at most {spec.history.bound:.0%}; "
            "sample more runs or widen the bound"
        )
    return calibrated_and(spec.place, chosen)


def run_scenarios(spec: Spec, ensemble: Ensemble, bar: Progress) -> xarray.Dataset:
    """Every scenario with the calibrated parameters and with those of the members."""
    design = with_calibrated(spec, ensemble, spec.members)
    names = list(hr.scenarios().index)
    task = bar.add_task("scenarios, each with the members", total=len(names) * len(design))
    found = []
    for place, name in enumerate(names):
        done = step_of(bar, task, place * len(design))
        found.append(hr.sweep(spec.place, name, design, stop=spec.last, progress=done).drop_vars(["design", "input"]))
    joined = xarray.concat(found, "scenario", combine_attrs="drop_conflicts", data_vars="all")
    return joined.assign_coords(scenario=("scenario", names, {"long_name": "scenario"}))


def run_levers(spec: Spec, ensemble: Ensemble, bar: Progress) -> xarray.Dataset:
    """Every lever alone, with the calibrated parameters and with those of some members.

    Levers that stay where they are under the base are rows of one design. Those that the base itself goes on moving,
    such as a premium that rises with incomes, are moved from wherever it has them, each in a sweep of its own.
    """
    parameters = with_calibrated(spec, ensemble, spec.lever_members)
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
        ensemble = sample(spec, bar)
        scenarios = run_scenarios(spec, ensemble, bar)
        levers = run_levers(spec, ensemble, bar)
        of_scenarios = effects_in(spec, scenarios, "scenario", spec.base)
        of_levers = effects_in(spec, levers, "change", "as enacted")
        task = bar.add_task("saving and drawing", total=3 + len(FIGURES))
        for name, result in (("hypercube", ensemble.runs), ("scenarios", scenarios), ("levers", levers)):
            save(result.assign_attrs(_described(spec)), folder / f"{name}.nc")
            bar.advance(task)
        _save_tables(spec, folder, of_scenarios, of_levers)
        for script in FIGURES:
            draw(script, folder)
            bar.advance(task)
    print_scenarios(on, of_scenarios, hr.scenarios()["title"], spec)
    print_levers(on, of_levers, spec)
    print_ends(on, analysis.lever_reach(spec.place, spec.base, spec.reach))
    _print_counts(on, spec, ensemble, scenarios, levers)
    on.print(f"Saved in {results} after {perf_counter() - begun:.0f} s.", highlight=False, soft_wrap=True)


def _described(spec: Spec) -> dict[str, str]:
    """The spec as attributes of a result."""
    flat = asdict(spec) | {f"history_{key}": value for key, value in asdict(spec.history).items()}
    return {f"spec_{key}": str(value) for key, value in flat.items() if key != "history"}


def _save_tables(spec: Spec, folder: Path, of_scenarios: pandas.DataFrame, of_levers: pandas.DataFrame) -> None:
    of_scenarios.to_csv(folder / f"effects_of_scenarios_{spec.year}.csv", index=False)
    of_levers.to_csv(folder / f"effects_of_levers_{spec.year}.csv", index=False)
    analysis.lever_reach(spec.place, spec.base, spec.reach).to_csv(folder / "levers_moved.csv", index_label="name")
    hr.history(spec.place, table=True).to_csv(folder / "history.csv", index=False)


def _print_counts(
    on: Console, spec: Spec, ensemble: Ensemble, scenarios: xarray.Dataset, levers: xarray.Dataset
) -> None:
    failed = int((ensemble.runs["failure"] != "").sum())
    agreeing = int(ensemble.agreeing(spec.history.bound).sum())
    others = int((scenarios["failure"] != "").sum()), int((levers["failure"] != "").sum())
    on.print(
        f"Hypercube: {spec.runs} rows; {ensemble.unusable} cannot be compared with history, {failed} fail later, "
        f"{len(ensemble.error) - failed - agreeing} miss it by more than {spec.history.bound:.0%}, {agreeing} agree "
        f"(mean error {np.nanmedian(ensemble.error):.1%} in the middle run).\n"
        f"Bands: ten to ninety in a hundred of {scenarios.sizes['run'] - 1} members for scenarios "
        f"({others[0]} of {scenarios['failure'].size} runs failed), of {levers.sizes['run'] - 1} for levers "
        f"({others[1]} of {levers['failure'].size} failed).",
        highlight=False,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job from the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=Path, default=RESULTS / "main_job", help="folder of results (%(default)s)")
    parser.add_argument("--runs", type=int, default=Spec.runs, help="runs of the Latin hypercube (%(default)s)")
    given = parser.parse_args(arguments)
    spec = replace(Spec(), runs=given.runs)
    return guarded(lambda: run(spec, given.results, console()))


if __name__ == "__main__":
    sys.exit(main())
