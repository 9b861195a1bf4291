"""The constrained ensemble: sampled as it says, shipped within ranges, and close to history."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import healthreform as hr
from healthreform import analysis, assembly, cli_judging, ensembles
from healthreform.calibration import constrained
from healthreform.calibration.constrained import Recipe, choose, effective_size
from healthreform.calibration.sampling import Straight, gibbs, walk
from healthreform.place import Place


@pytest.fixture(scope="module")
def members():
    return hr.ensemble("china")


@pytest.fixture(scope="module")
def history(members):
    runs = hr.sweep("china", "baseline", members, stop=2021, conservation=False)
    return runs, hr.simulate("china", "baseline", stop=2021)


# ------------------------------------------------------------------------------------------------------ how it is drawn


@pytest.mark.parametrize(("error", "slope", "centre"), [(0.0, 5.0, 0.5), (1.0, 4.0, 0.9), (-2.0, 3.0, 0.0)])
def test_one_parameter_is_drawn_from_its_truncated_normal_distribution(error, slope, centre):
    drawn = gibbs(Straight(np.array([error]), np.array([[slope]]), np.array([centre])), 4000, 3, seed=1)[:, 0]
    middle, width = centre - error / slope, 1 / slope
    exact = stats.truncnorm((0 - middle) / width, (1 - middle) / width, middle, width)
    assert stats.kstest(drawn, exact.cdf).pvalue > 1e-3


def test_what_no_error_sees_keeps_its_whole_range():
    drawn = gibbs(Straight(np.array([0.3]), np.array([[4.0, 0.0]]), np.array([0.5, 0.9])), 4000, 3, seed=2)
    assert stats.kstest(drawn[:, 1], "uniform").pvalue > 1e-3


def test_two_parameters_that_make_up_for_each_other_are_drawn_together():
    """Only their sum is seen: each spreads over its range, the sum does not."""
    drawn = gibbs(Straight(np.array([0.0]), np.array([[30.0, 30.0]]), np.array([0.5, 0.5])), 2000, 400, seed=3)
    assert np.std(drawn.sum(axis=1)) == pytest.approx(1 / 30, rel=0.1)
    assert np.std(drawn[:, 0]) > 0.2 and np.corrcoef(drawn.T)[0, 1] < -0.95


def test_draws_repeat_with_their_seed():
    given = (Straight(np.array([0.3]), np.array([[4.0, 1.0]]), np.array([0.5, 0.9])), 50, 3)
    assert np.array_equal(gibbs(*given, seed=1), gibbs(*given, seed=1))
    assert not np.array_equal(gibbs(*given, seed=1), gibbs(*given, seed=2))


def test_members_are_different_draws_and_the_likelier_ones_come_first():
    weights = np.linspace(-6, 0, 400)
    picked = choose(weights, 50, seed=1)
    assert len(set(picked.tolist())) == 50
    assert weights[picked].mean() > weights.mean() + 1


def test_draws_that_failed_are_never_members():
    weights = np.where(np.arange(40) % 2 == 0, -np.inf, 0.0)
    assert (choose(weights, 10, seed=1) % 2 == 1).all()
    with pytest.raises(hr.RunError, match="only 20 of 40 draws ran, too few for 21 members; draw more"):
        choose(weights, 21, seed=1)


def test_equal_weights_are_worth_all_draws_and_a_single_one_is_worth_one():
    assert effective_size(np.zeros(70)) == pytest.approx(70)
    assert effective_size(np.array([0.0, -900.0, -900.0])) == pytest.approx(1)


def walked(run, log_prior=lambda at: np.zeros(len(at)), *, steps=40, chains=3000, slopes=((3.0, 0.0), (0.0, 1.0))):
    """Chains over two parameters that begin where straight errors of these slopes allow."""
    straight = Straight(np.zeros(2), np.array(slopes), np.array([0.5, 0.5]))
    begun = gibbs(straight, chains, 4, seed=5)
    return straight, walk(straight, run, log_prior, begun, run(begun), steps, seed=6)


def test_where_errors_are_straight_every_step_is_taken():
    _, found = walked(lambda at: (at - 0.5) * [3.0, 1.0])
    assert found.taken == 1.0


def test_chains_come_to_the_distribution_that_bent_errors_allow():
    """Errors that grow with the square, begun from straight ones that know nothing of it."""

    def run(at):
        return np.stack([40 * (at[:, 0] - 0.3) ** 2, 2 * (at[:, 1] - 0.5)], axis=1)

    _, found = walked(run)
    grid = np.linspace(0, 1, 4001)
    density = np.exp(-((40 * (grid - 0.3) ** 2) ** 2) / 2)
    exact = np.cumsum(density) / density.sum()
    assert stats.kstest(found.positions[:, 0], lambda x: np.interp(x, grid, exact)).pvalue > 1e-3
    assert 0 < found.taken < 1 and found.squares[-1] < 0.5 * found.squares[0]


def test_chains_follow_the_prior_that_the_straight_distribution_lacks():
    _, found = walked(
        lambda at: np.zeros((len(at), 2)), lambda at: np.log(2 * at[:, 0] + 1e-12), slopes=np.zeros((2, 2))
    )
    assert stats.kstest(found.positions[:, 0], lambda x: x**2).pvalue > 1e-3
    assert stats.kstest(found.positions[:, 1], "uniform").pvalue > 1e-3


def test_a_step_to_a_run_that_fails_is_never_taken():
    def run(at):
        return np.where(at[:, :1] < 0.4, np.nan, 0.0) * np.ones((1, 2))

    straight = Straight(np.zeros(2), np.zeros((2, 2)), np.array([0.5, 0.5]))
    begun = np.full((500, 2), 0.7)
    found = walk(straight, run, lambda at: np.zeros(len(at)), begun, run(begun), 20, seed=7)
    assert found.positions[:, 0].min() >= 0.4 and np.isfinite(found.errors).all()


def test_chains_that_hardly_move_draw_fewer_parameters_afresh():
    straight = Straight(np.zeros(1), np.zeros((1, 60)), np.full(60, 0.5))
    begun = np.full((200, 60), 0.5)

    def run(at):
        return 60 * (at - 0.5)

    found = walk(straight, run, lambda at: np.zeros(len(at)), begun, run(begun), 60, seed=8)
    assert found.changed < 10


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"members": 1}, "members is 1"),
        ({"members": 20, "draws": 10}, "draws is 10; give at least as many as members, 20"),
        ({"seed": -1}, "seed is -1"),
        ({"sweeps": 2.5}, r"sweeps is 2\.5"),
        ({"steps": -1}, "steps is -1"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(hr.RunError, match=message):
        Recipe(**wrong)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_ensemble_can_be_made_and_repeats(tmp_path):
    recipe = Recipe(members=4, draws=10, sweeps=3, steps=5)
    one, two = (constrained.constrained_ensemble("china", recipe) for _ in range(2))
    pd.testing.assert_frame_equal(one.members, two.members)
    saved = ensembles.save_members(one.members, "china", tmp_path / "members.csv")
    read = ensembles.read_members(saved[0], Place.load("china"))
    np.testing.assert_allclose(read.to_numpy(), one.members.to_numpy(), rtol=1e-9)
    assert read.attrs["draws"] == "10"


# ----------------------------------------------------------------------------------------------------- what is shipped


def test_members_hold_every_uncertain_parameter_within_its_range(members):
    ranges = analysis.uncertain_parameters("china")
    assert list(members.columns) == list(ranges.index) and len(members) >= 200
    assert ((members >= ranges["low"]) & (members <= ranges["high"])).all(axis=None)
    assert not members.duplicated().any()


def test_members_agree_with_history(history):
    runs, _ = history
    error = mean_errors(runs)
    assert (runs["failure"] == "").all()
    assert np.median(error) < 0.06 and error.max() < 0.12


def mean_errors(runs):
    """For each run, the mean over the series with a target of the mean absolute percentage error."""
    table = hr.history("china", table=True)
    table = table[table["year"].between(2010, 2021)]
    wanted = set(hr.fit("china").query("target > 0").index)
    errors = []
    for name, part in table[table["name"].isin(wanted)].groupby("name"):
        simulated = analysis.pick(runs, name).sel(time=part["year"].to_numpy()).transpose("run", "time").to_numpy()
        errors.append(np.abs(simulated / part["value"].to_numpy() - 1).mean(axis=1))
    return np.mean(errors, axis=0)


def test_the_fitted_run_lies_among_the_members(history):
    """Else bands would say that the model's own best guess is unlikely."""
    runs, fitted = history
    inside = []
    for outcome in analysis.OUTCOMES.values():
        low, high = np.quantile(outcome.read(runs).sel(time=2021), (0.02, 0.98))
        inside.append(low <= float(outcome.read(fitted).sel(time=2021)) <= high)
    assert np.mean(inside) >= 0.75


def test_members_differ_where_history_cannot_tell(members):
    """A parameter of the far future: how many people the screening of later years finds is in no series."""
    ranges = analysis.uncertain_parameters("china")
    width = members.quantile(0.9) - members.quantile(0.1)
    part = width / (ranges["high"] - ranges["low"])
    assert (part > 0.7).mean() > 0.5, "most parameters are hardly known"
    assert (part < 0.5).sum() >= 10, "but history does tell of some"


def test_a_place_without_an_ensemble_says_which_have_one(tmp_path):
    file = tmp_path / "elsewhere.toml"
    file.write_text('title = "Elsewhere"\ndescription = "A place."\nstart = 2010\n', encoding="utf-8")
    with pytest.raises(hr.RecordError, match="has no ensemble; those that have: china"):
        hr.ensemble(file)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda table: table.drop(columns=table.columns[0]), "is missing; make it again: healthreform ensemble china"),
        (lambda table: table.assign(nonsense=1.0), "'nonsense' is no uncertain parameter of the place"),
        (lambda table: table.assign(**{table.columns[0]: 1e9}), r"1e\+09 lies outside its range"),
    ],
)
def test_an_ensemble_made_for_other_parameters_is_refused(members, tmp_path, harm, message):
    saved = tmp_path / "members.csv"
    ensembles.save_members(harm(members.copy()), "china", saved)
    with pytest.raises(hr.RecordError, match=message):
        ensembles.read_members(saved, Place.load("china"))


def test_written_members_are_found_as_the_places_own(members, tmp_path, monkeypatch):
    monkeypatch.setattr(ensembles, "DATA", tmp_path)
    shutil.copytree(assembly.DATA / "places", tmp_path / "places")
    written = ensembles.save_members(members, "china", tmp_path / "a.csv", write=True)
    assert [path.relative_to(tmp_path).as_posix() for path in written] == ["a.csv", "ensembles/china.csv"]
    assert written[0].read_bytes() == written[1].read_bytes()


def test_the_shipped_members_are_made_as_the_command_makes_them():
    made, said = hr.ensemble("china").attrs, signature(cli_judging.ensemble).parameters
    for name, value in asdict(Recipe()).items():
        assert made[name] == str(value), name
        if name in said:
            assert said[name].default == value, name
