"""The two questions: how well does a place fit its history as it stands, and how well could it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import pick
from ..place import Place
from ..scenario import Scenario
from ..setting import STEP, Setting
from ..simulation import simulate
from ..stockflow.errors import RecordError, RunError
from .compared import Numbers, Series, compared_series, errors_by_year, fit_table
from .free import free_parameters
from .misfit import Misfit
from .plan import Plan
from .result import Calibration, judged, settled_values, table_of_attempts
from .search import Effort, Progress, search

if TYPE_CHECKING:
    import pandas

PlaceLike = str | os.PathLike[str] | Place
PlanLike = str | os.PathLike[str] | Plan

#: History is what was enacted.
SCENARIO = "baseline"


def fit(
    place: PlaceLike = "china",
    changes: Mapping[str, Any] | None = None,
    *,
    plan: PlanLike | None = None,
    observed: pandas.DataFrame | None = None,
) -> pandas.DataFrame:
    """How well a place agrees with its history under policy as enacted, with its values as they stand.

    Parameters
    ----------
    place, changes : as for ``simulate``.
    plan : targets and weights, as the path of a ``.toml`` file; the place's own if left out.
    observed : a table with name, year and value in place of the place's history.

    Returns
    -------
    pandas.DataFrame
        By flat name: years (how many count), first, last; mape, r2, theil_u (Theil's U1), bias, variance, covariance
        (his shares of the mean squared error), as ``agreement`` defines them; error (the mean over the years of what is
        judged: the absolute error as a share of what was observed, or for a dimensionless variable the absolute
        difference; ``counted_in`` says which), worst (the largest, with its sign) and worst_year; target and met
        (empty where there is none); miss (why it is not met, where the plan says so); weight (mean over the years);
        series (as published).

    Raises
    ------
    RecordError
        If the place has no history, or a file or a change is wrong.
    RunError
        If the run goes wrong.
    """
    here = Place.load(place)
    chosen = Plan.load(here, plan, needed=False)
    series = compared_series(here, chosen, observed)
    return fit_table(series, simulated(here, series, changes, chosen.years[1]))


def calibrate(
    place: PlaceLike = "china",
    *,
    plan: PlanLike | None = None,
    free: Sequence[str] | None = None,
    observed: pandas.DataFrame | None = None,
    starts: int = Effort.starts,
    polished: int = Effort.polished,
    iterations: int = Effort.iterations,
    seed: int = Effort.seed,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Move free parameters inside their ranges to where a place's run agrees best with all its observed series at once.

    Weighted least squares with bounds. An error is the logarithm of simulated over observed, or for a dimensionless
    variable their difference, counted in the variable's target; its square is weighted by the value's grade and the
    series' weight. A measured effect counts, as far as the plan says, by its distance from its accepted range. To these
    comes a light prior: each parameter's distance from the middle of its range in standard deviations of its
    distribution, so that a fit after a fit finds the same. Starts are spread over the ranges by a Latin hypercube and
    screened in one batch; the recorded values and the best starts are polished by ``scipy.optimize.least_squares``,
    with one batch for each Jacobian. The same seed gives the same bits. What history is blind to keeps its recorded
    value; the other values are rounded to few digits, and all tables are about the rounded ones.

    Parameters
    ----------
    place : a name that ``hr.places()`` lists, or the path of a ``.toml`` file.
    plan : what is free, targets and weights, as the path of a ``.toml`` file; the place's own if left out.
    free : names of parameters, or ``name[element]``, in place of the plan's.
    observed : a table with name, year and value in place of the place's history.
    starts, polished : how many starting points, and how many of the best are polished.
    iterations : most steps of one polishing.
    seed : of the starting points.
    threads : how many to use; the numbers do not depend on it. Without it, as many as there are processors.
    progress : called with the part that is done, from 0 to 1, and the smallest misfit so far.

    Returns
    -------
    Calibration
        Values, tables of the fit before and after, of the parameters and of what cannot be told apart; it can be saved.

    Raises
    ------
    RecordError
        If the plan or the history is wrong: nothing free, a name unknown, a range without width, a fact to be fitted.
    RunError
        If the run goes wrong with the recorded or with the fitted values.
    """
    effort = Effort(starts, polished, iterations, seed)
    here = Place.load(place)
    chosen = Plan.load(here, plan, needed=free is None)
    series = compared_series(here, chosen, observed)
    misfit = misfit_of(here, chosen, free, series, threads)
    before = simulated(here, series, None, chosen.years[1])
    with one_thread_for_algebra():
        attempts = search(misfit, effort, progress)
        values = settled_values(misfit, attempts[0].position)
        position = np.array([each.position(values[each.name]) for each in misfit.free])
        table, known = judged(misfit, position, chosen.free)
    after = simulated(here, series, values, chosen.years[1])
    both = misfit.residuals(np.stack([misfit.recorded, position]))
    return Calibration(
        here,
        chosen,
        values,
        fit_table(series, before),
        fit_table(series, after),
        errors_by_year(series, after),
        table,
        known.pairs,
        known.groups,
        table_of_attempts(attempts),
        (float(np.sum(both[0] ** 2)), float(np.sum(both[1] ** 2))),
        _made_by(misfit.setting, chosen, effort),
    )


@contextmanager
def one_thread_for_algebra() -> Iterator[None]:
    """Matrices this small gain nothing from several threads, which wait for each other for ever on a busy machine.

    And sums in another order would be other bits on a machine with another number of processors.
    """
    import scipy.linalg  # noqa: F401 - the limit holds for libraries that are there
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield


def misfit_of(
    place: Place, plan: Plan, free: Sequence[str] | None, series: list[Series], threads: int | None
) -> Misfit:
    """The problem that a plan poses, with other free parameters if some are named.

    Raises
    ------
    RecordError
        If nothing is free, or something that cannot be.
    RunError
        If the number of threads is none.
    """
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, (int, np.integer)) or threads < 1):
        raise RunError(f"threads is {threads!r}; give a whole number of at least 1")
    setting = Setting.read(place, SCENARIO, None, start=None, stop=plan.years[1], step=STEP, method="rk4")
    names, where = (plan.free, f"{plan.file}: free") if free is None else (_listed(free), "free")
    parameters = free_parameters(setting.model, setting.records, names, where)
    return Misfit.of(setting, parameters, series, plan.prior, threads, plan.evidence)


def _listed(free: Sequence[str]) -> list[str]:
    if isinstance(free, str) or not all(isinstance(name, str) for name in free):
        raise RecordError(f"free: {free!r} must be a list of names")
    return list(free)


def simulated(place: Place, series: list[Series], changes: Mapping[str, Any] | None, last: int) -> dict[str, Numbers]:
    """One run, with money and people conserved, read in the years of each series."""
    run = simulate(place, Scenario.load(SCENARIO), changes, stop=last)
    return {each.name: pick(run, each.name).sel(time=each.years).to_numpy() for each in series}


def _made_by(setting: Setting, plan: Plan, effort: Effort) -> dict[str, Any]:
    made = setting.provenance()
    return {
        "place": setting.place.name,
        "plan": plan.title,
        "years": f"{plan.years[0]}-{plan.years[1]}",
        "starts": effort.starts,
        "polished": effort.polished,
        "iterations": effort.iterations,
        "seed": effort.seed,
        "equations": made["equations"],
        "versions": made["versions"],
    }
