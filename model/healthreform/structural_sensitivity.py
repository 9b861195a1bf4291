"""Structural sensitivity: what a reform does when one feedback loop after another is cut.

A loop is cut at one link: the equation at its end reads the path that its source took in the base run, and no longer
what happens under the reform.  Whatever else reads the source reads it still.  In the base run itself a cut changes
nothing, so that the effect of a reform with a loop cut is its run with the cut against the base run without.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .analysis import OUTCOMES, variables_of
from .datasets import to_dataset
from .design_table import Design, read_design
from .endings import end_if_told
from .engine_use import assert_conserved, base_values, compiled_model, needed_for_checks, values_at_start
from .named_loops import NamedLoop, read_loops
from .place import Place
from .scenario import Scenario
from .setting import LAST_YEAR, STEP, Setting
from .stockflow.accounts import split_end
from .stockflow.cache import cache_folder
from .stockflow.cut import Cut, with_cuts
from .stockflow.errors import RecordError, RunError, nearest, one_of
from .stockflow.graph import Graph
from .stockflow.inputs import RunInputs, make_inputs
from .stockflow.kernel import Compiled
from .stockflow.model import Model
from .stockflow.paths import PathBatch
from .stockflow.results import RawResult

if TYPE_CHECKING:
    import pandas
    import xarray

PlaceLike = str | os.PathLike[str] | Place
ScenarioLike = str | os.PathLike[str] | Scenario

#: Rows that stand beside those of the loops: the base run, and the reform with every loop closed.
BASE, WHOLE = "base", "no loop cut"


def loop_cuts(
    place: PlaceLike = "china",
    scenario: ScenarioLike = "linked_package",
    against: ScenarioLike = "baseline",
    *,
    year: int = 2035,
    loops: Iterable[str] | None = None,
) -> pandas.DataFrame:
    """A reform's effect with every loop closed, and with one named loop after another cut.

    Parameters
    ----------
    place, scenario, against : as for ``simulate``: the reform, and what it is compared with.
    year : in which the effect is read.
    loops : names that ``hr.loops()`` lists; all if left out.

    Returns
    -------
    pandas.DataFrame
        A row for the reform as it is, ``no loop cut``, and one for each loop: title, cut (the link held at its path in
        the base run), and the effect on each headline outcome, in the units that ``table.attrs["units"]`` tells.  A cut
        may take from a stock what is not there: such a run ends, its row has no numbers, and ``table.attrs["ended"]``
        says why, by loop.

    Raises
    ------
    RecordError
        If a loop is unknown, or there is no link at which it can be cut.
    RunError
        If a run without a cut goes wrong.
    """
    import pandas

    links = cut_links(place, loops)
    runs = run_cuts(place, scenario, against, stop=int(year), loops=loops)
    titles = {name: loop.title for name, loop in read_loops().items()}
    rows = {
        str(name): {"title": titles.get(str(name), ""), "cut": str(links.get(str(name), ""))}
        | {key: float(outcome.read(runs).sel(cut=name, run=0, time=year)) for key, outcome in OUTCOMES.items()}
        for name in runs["cut"].values
    }
    ended = {str(name): str(runs["failure"].sel(cut=name, run=0).item()) for name in runs["cut"].values}
    table = pandas.DataFrame.from_dict(rows, orient="index")
    table[list(OUTCOMES)] -= table.loc[BASE, list(OUTCOMES)].astype(float)
    table.index.name = "loop"
    table.attrs["units"] = {key: outcome.change_unit for key, outcome in OUTCOMES.items()}
    table.attrs["ended"] = {name: text for name, text in ended.items() if text}
    table.loc[list(table.attrs["ended"]), list(OUTCOMES)] = np.nan
    return table.drop(index=BASE)


def cut_links(place: PlaceLike, loops: Iterable[str] | None = None) -> dict[str, Cut]:
    """Where each named loop is cut: at the link its file names, or else at the one that fewest other loops share.

    Raises
    ------
    RecordError
        If a loop is unknown, the link named is not one of the loop's, or no link of it can be cut.
    """
    here, declared = Place.load(place), read_loops()
    chosen = list(declared) if loops is None else list(loops)
    for name in chosen:
        if name not in declared:
            raise RecordError(f"loop '{name}' is unknown{nearest(name, declared) or '; loops: ' + one_of(declared)}")
    graph = Graph(here.model, float(here.start))
    links = {name: _links(graph, loop) for name, loop in declared.items()}
    shared = Counter(link for each in links.values() for link in dict.fromkeys(each))
    return {name: _cut(declared[name], links[name], shared) for name in chosen}


def _links(graph: Graph, loop: NamedLoop) -> list[Cut]:
    """The links of a loop that can be cut, in order; those of a flow to its stock cannot."""
    names = [split_end(name)[0] for name in loop.names(graph)]
    pairs = zip(names, [*names[1:], names[0]], strict=True)
    return [Cut(source, target) for source, target in pairs if graph.model.variables[target].role != "stock"]


def _cut(loop: NamedLoop, links: list[Cut], shared: Mapping[Cut, int]) -> Cut:
    if loop.cut:
        wanted = Cut(*loop.cut)
        if wanted not in links:
            known = one_of(str(link) for link in links)
            raise RecordError(f"loop '{loop.name}': cut {wanted} is no link of it that can be cut; it has: {known}")
        return wanted
    if not links:
        raise RecordError(f"loop '{loop.name}': it has no link to an equation, at which it could be cut")
    return min(links, key=lambda link: shared[link])


def run_cuts(
    place: PlaceLike,
    scenario: ScenarioLike,
    against: ScenarioLike,
    members: pandas.DataFrame | None = None,
    *,
    stop: int,
    loops: Iterable[str] | None = None,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> xarray.Dataset:
    """The runs behind ``loop_cuts``.

    Parameters
    ----------
    place, scenario, against, loops : as for ``loop_cuts``.
    members : a design of parameters, as for ``sweep``; each member's cuts are held on its own base run. Without it, one
        run with the parameters as they stand in the files, labelled 0.
    stop : last calendar year.
    progress : called with the number of runs finished so far.

    Returns
    -------
    xarray.Dataset
        What the headline outcomes are read from, over cut (``base``, ``no loop cut``, and the loops), run and time;
        ``failure`` says of each run what went wrong, empty if nothing did.
    """
    import xarray

    links = cut_links(place, loops)
    job = _Job.prepare(
        Place.load(place), list(dict.fromkeys(links.values())), scenario, against, members, stop, threads
    )
    parts = [job.run(job.base), job.run(job.reform)]
    for cut in links.values():
        parts.append(job.run(job.reform, cut))
        if progress is not None:
            progress(len(parts) * job.runs)
    found = xarray.concat(parts, "cut", data_vars="all", combine_attrs="override")
    names = ("cut", [BASE, WHOLE, *links], {"long_name": "the loop that is cut"})
    found = found.assign_coords(cut=names, link=("cut", ["", "", *map(str, links.values())]))
    found.attrs = job.reform.provenance(", one loop after another cut", against=job.base.scenario.name)
    return found


def answered_gains(
    place: PlaceLike = "china", loops: Iterable[str] | None = None, *, share: float = 0.01, stop: int = LAST_YEAR
) -> dict[str, tuple[float, str]]:
    """Gains of loops with all else answering: what comes back by the end of a run when a link is held a little higher.

    The equation at the end of a loop's cut reads its source a little above the path of the base run, for the whole run.
    What then happens to the source itself, against what it is read at, is the gain by experiment, with delays and every
    other loop at work.

    Parameters
    ----------
    place : as for ``simulate``; the base run is the baseline.
    loops : names that ``hr.loops()`` lists; all if left out.
    share : how much higher.

    Returns
    -------
    dict
        By loop: the largest gain, by size, of the source's elements at the end, and which element that is.
    """
    links = cut_links(place, loops)
    cuts = list(dict.fromkeys(links.values()))
    job = _Job.prepare(Place.load(place), cuts, "baseline", "baseline", None, stop, 1)
    lifted = {name: replace(path, values=(1 + share) * path.values) for name, path in job.held.items()}
    found = {}
    for loop, cut in links.items():
        end_if_told()
        inputs = replace(job, held=lifted).inputs(job.base, cut)
        raw = job.stepwise.run(inputs, job.base.first, job.base.last, job.base.step)
        raw.raise_if_failed()
        gains = {}
        for source, held in zip(job.model.flat_names(cut.source), job.model.flat_names(cut.held), strict=True):
            before = float(job.held[held].values[-1])
            gains[source] = (float(raw[source][0, -1]) / before - 1) / share if before else 0.0
        largest = max(gains, key=lambda name: abs(gains[name]))
        found[loop] = gains[largest], largest
    return found


@dataclass(frozen=True)
class _Job:
    """Everything the runs share.

    Attributes
    ----------
    base, reform : a place whose links can be cut, under both scenarios.
    design : parameters of the members, if there are any.
    yearly, stepwise : compiled code, for the outcomes by years and for the sources of all cuts by steps.
    names : of the outcomes' variables.
    held : the paths at which cuts hold, by flat name of the dated input.
    """

    base: Setting
    reform: Setting
    design: Design | None
    yearly: Compiled
    stepwise: Compiled
    names: list[str]
    held: Mapping[str, PathBatch]
    threads: int

    @classmethod
    def prepare(
        cls,
        here: Place,
        cuts: list[Cut],
        scenario: ScenarioLike,
        against: ScenarioLike,
        members: pandas.DataFrame | None,
        stop: int,
        threads: int,
    ) -> _Job:
        model = with_cuts(here.model, cuts, cache=cache_folder() / "units")
        place = replace(here, model=model)
        base, reform = (
            Setting.read(place, plan, None, start=None, stop=stop, step=STEP, method="rk4")
            for plan in (against, scenario)
        )
        design = None if members is None else read_design(model, base.records, members)
        names = variables_of(OUTCOMES.values())
        kept = [*(flat for name in names for flat in model.flat_names(name)), *needed_for_checks(model)]
        yearly = compiled_model(model, tuple(dict.fromkeys(kept)), "rk4", False)
        sources = dict.fromkeys(flat for cut in cuts for flat in model.flat_names(cut.source))
        stepwise = compiled_model(model, tuple(sources), "rk4", True)
        job = cls(base, reform, design, yearly, stepwise, names, {}, threads)
        return replace(job, held=job._paths(cuts))

    @property
    def model(self) -> Model:
        return self.base.model

    @property
    def runs(self) -> int:
        """Runs of each part."""
        return 1 if self.design is None else self.design.runs

    def inputs(self, setting: Setting, cut: Cut | None = None) -> RunInputs:
        """Inputs of all members under a scenario, with one link cut."""
        first = (float(setting.first), float(setting.first))
        varied = {} if self.design is None else self.design.varied(self.model, setting.records, first)
        if cut is not None:
            varied[cut.switch] = np.ones(self.runs)
            varied |= {name: self.held[name] for name in self.model.flat_names(cut.held)}
        return make_inputs(self.model.flat, base_values(self.model, setting.records), varied, self.runs)

    def _paths(self, cuts: list[Cut]) -> dict[str, PathBatch]:
        """What every cut holds: its source in the base run, step by step, each member's own."""
        flats = {
            held: source
            for cut in cuts
            for source, held in zip(self.model.flat_names(cut.source), self.model.flat_names(cut.held), strict=True)
        }
        raw = self.stepwise.run(self.inputs(self.base), self.base.first, self.base.last, self.base.step, self.threads)
        if self.design is None:
            raw.raise_if_failed()
        values = np.where(np.isfinite(raw.values), raw.values, 0.0)  # a run that failed is told of in its own result
        columns = {name: place for place, name in enumerate(raw.names)}
        return {held: PathBatch.from_arrays(raw.times, values[:, :, columns[source]]) for held, source in flats.items()}

    def run(self, setting: Setting, cut: Cut | None = None) -> xarray.Dataset:
        """All members under a scenario, with one link cut."""
        end_if_told()
        inputs = self.inputs(setting, cut)
        raw = self.yearly.run(inputs, setting.first, setting.last, setting.step, self.threads)
        if self.design is None and cut is None and raw.failures:
            raise RunError(raw.failures[0].message.removeprefix("run 0: "))
        stocks = self.model.flat.stocks
        assert_conserved(self.model, raw, values_at_start(self.model, inputs, setting.first, stocks))
        labels = [0] if self.design is None else self.design.labels
        columns = {name: place for place, name in enumerate(raw.names)}
        found = to_dataset(self.model, self.names, raw.values, columns, raw.times, every_step=False, runs=labels)
        found["failure"] = ("run", _told(raw))
        return found


def _told(raw: RawResult) -> Any:
    failures = np.full(raw.runs, "", dtype=object)
    for failure in raw.failures:
        failures[failure.run] = failure.message.partition(": ")[2]
    return failures.astype(str)
