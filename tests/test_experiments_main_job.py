"""The main job, on a few dozen runs: what it saves, what it prints, what it draws, and how it fails."""

from __future__ import annotations

import io
import json
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas
import pytest
from rich.console import Console

import healthreform as hr
from healthreform import analysis, plots

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "experiments"))

import main_job  # noqa: E402
import shared  # noqa: E402

#: A sample this small is far from history, so the bound lets everything pass.
SMALL = main_job.Spec(runs=24, members=3, lever_members=1)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The job run once: where it saved, what it printed, and its tables."""
    folder = tmp_path_factory.mktemp("results") / "main_job"
    printed = io.StringIO()
    main_job.run(SMALL, folder, Console(file=printed, width=140))
    tables = {path.stem: pandas.read_csv(path) for path in folder.glob("*.csv")}
    return SimpleNamespace(folder=folder, printed=printed.getvalue(), tables=tables)


def effect(table: pandas.DataFrame, name: str, outcome: str) -> float:
    row = table[(table["name"] == name) & (table["outcome"] == outcome)]
    assert len(row) == 1
    return float(row["effect"].iloc[0])


def test_everything_is_saved_and_no_scratch_is_left(job: SimpleNamespace) -> None:
    assert {path.name for path in job.folder.iterdir()} == {
        "hypercube.nc",
        "scenarios.nc",
        "levers.nc",
        "effects_of_scenarios_2035.csv",
        "effects_of_levers_2035.csv",
        "levers_moved.csv",
        "history.csv",
        "figures",
    }
    assert [path.name for path in job.folder.parent.iterdir()] == ["main_job"]
    figures = {f"{Path(script).stem}.{end}" for script in main_job.FIGURES for end in ("pdf", "png", "csv")}
    assert {path.name for path in (job.folder / "figures").iterdir()} == figures


def test_every_scenario_and_every_lever_has_its_effects(job: SimpleNamespace) -> None:
    scenarios, levers = job.tables["effects_of_scenarios_2035"], job.tables["effects_of_levers_2035"]
    assert set(scenarios["name"]) == set(hr.scenarios().index)
    assert {name.partition(": ")[0] for name in levers["name"]} - {"as enacted"} == set(hr.levers().index)
    for table, base in ((scenarios, "baseline"), (levers, "as enacted")):
        assert set(table["outcome"]) == set(analysis.OUTCOMES)
        own = table[table["name"] == base]
        assert (own[["effect", "effect_low", "effect_high"]] == 0).all(axis=None)


def test_the_effect_of_a_package_is_the_difference_of_two_simulations(job: SimpleNamespace) -> None:
    base, package = hr.simulate("china", "baseline"), hr.simulate("china", "linked_package")
    for key, outcome in analysis.OUTCOMES.items():
        expected = float((outcome.read(package) - outcome.read(base)).sel(time=2035))
        found = effect(job.tables["effects_of_scenarios_2035"], "linked_package", key)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9), key


def test_a_lever_alone_moves_half_way_to_its_end_between_the_dates_of_the_ramp(job: SimpleNamespace) -> None:
    lever = hr.levers().loc["contract_content"]
    halfway = lever["value"] + 0.5 * (lever["high"] - lever["value"])
    path = {2026.0: lever["value"], 2028.0: halfway}
    changed, base = hr.simulate(changes={"contract_content": path}, stop=2035), hr.simulate(stop=2035)
    for key, outcome in analysis.OUTCOMES.items():
        expected = float((outcome.read(changed) - outcome.read(base)).sel(time=2035))
        found = effect(job.tables["effects_of_levers_2035"], "contract_content: high", key)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9), key


def test_nothing_moved_is_policy_as_enacted_even_where_that_goes_on_moving(job: SimpleNamespace) -> None:
    base = hr.simulate("china", "baseline", stop=2035)
    assert float(base["resident_premium"].sel(time=2035)) > 1.2 * float(base["resident_premium"].sel(time=2026))
    table = job.tables["effects_of_levers_2035"]
    for key, outcome in analysis.OUTCOMES.items():
        level = table.loc[(table["name"] == "as enacted") & (table["outcome"] == key), "level"].iloc[0]
        assert level == pytest.approx(float(outcome.read(base).sel(time=2035)), rel=1e-9), key
    assert (
        effect(table, "resident_premium: high", "out_of_pocket_share")
        < 0
        < effect(table, "resident_premium: low", "out_of_pocket_share")
    )


def test_a_lever_at_its_end_is_not_moved_that_way_and_this_is_printed(job: SimpleNamespace) -> None:
    levers = hr.levers()
    at_end = [name for name, row in levers.iterrows() if row["value"] == row["low"]]
    assert at_end, "some lever stands at its low end"
    names = set(job.tables["effects_of_levers_2035"]["name"])
    line = job.printed.partition("At their low end already")[2].partition("\nHypercube")[0].replace("\n", " ")
    for name in at_end:
        assert f"{name}: low" not in names
        assert name in line


def test_bands_compare_runs_that_share_their_parameters(job: SimpleNamespace) -> None:
    saved = hr.load(job.folder / "scenarios.nc")
    outcome = analysis.OUTCOMES["hospital_margin"]
    each = outcome.read(saved).sel(time=2035).drop_sel(run="calibrated")
    low, high = analysis.band((each.sel(scenario="linked_package") - each.sel(scenario="baseline")).to_numpy())
    table = job.tables["effects_of_scenarios_2035"]
    row = table[(table["name"] == "linked_package") & (table["outcome"] == "hospital_margin")].iloc[0]
    assert [row["effect_low"], row["effect_high"]] == pytest.approx([low, high], abs=1e-4)
    design = hr.load(job.folder / "hypercube.nc")
    assert design["design"].sel(input="contract_content").std() > 0
    assert "outbreak_restriction" not in design["input"]


def test_the_saved_hypercube_says_how_it_was_made(job: SimpleNamespace) -> None:
    saved = hr.load(job.folder / "hypercube.nc")
    assert saved.sizes["run"] <= SMALL.runs
    assert saved.attrs["spec_seed"] == str(SMALL.seed)
    assert json.loads(saved.attrs["versions"])["healthreform"] == hr.__version__


def test_the_printed_tables_show_levels_bands_and_counts(job: SimpleNamespace) -> None:
    assert "Effects in 2035 against 'Policy as enacted to 2025, then kept'" in job.printed
    assert "The linked package, in its order" in job.printed
    assert "trillion yuan" in job.printed
    assert f"Hypercube: {SMALL.runs} runs" in job.printed
    assert not re.search(r"\bnan\b", job.printed)


def forbidden(*_: object, **__: object) -> None:
    raise AssertionError("a figure script ran the model")


@pytest.mark.parametrize("script", main_job.FIGURES)
def test_a_figure_shows_what_is_saved_and_runs_no_model(
    job: SimpleNamespace, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = (job.folder / "figures" / script).with_suffix(".csv")
    monkeypatch.setattr("healthreform.stockflow.kernel.Compiled.run", forbidden)
    again = [path for path in shared.draw_to(script, job.folder, tmp_path) if path.suffix == ".csv"]
    assert again[0].read_text() == saved.read_text()
    table = pandas.read_csv(saved)
    assert len(table) > 10
    pdf = saved.with_suffix(".pdf").read_bytes()
    assert b"/FontFile2" in pdf, "fonts are embedded"
    assert b"/Type3" not in pdf, "text is kept as text"
    assert saved.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_the_history_figure_plots_the_published_values_and_the_runs(job: SimpleNamespace) -> None:
    table = pandas.read_csv(job.folder / "figures" / "fig_history.csv").set_index(["variable", "year"])
    row = table.loc[("total_health_expenditure", 2020)]
    published = hr.history("china")["total_health_expenditure"].sel(time=2020)
    saved = hr.load(job.folder / "scenarios.nc")["total_health_expenditure"].sel(scenario="baseline", time=2020)
    run = saved.drop_sel(run="calibrated").median()
    assert row["observed"] == pytest.approx(float(published) * 1e-12)
    assert row["baseline"] == pytest.approx(float(run) * 1e-12, rel=1e-6)
    assert np.isnan(table.loc[("total_health_expenditure", 2040), "observed"])
    assert table["baseline"].notna().all()
    assert table.index.get_level_values("variable").nunique() == 12


def test_the_ranking_is_by_the_largest_effect_and_leaves_out_what_is_set_aside(job: SimpleNamespace) -> None:
    table = pandas.read_csv(job.folder / "figures" / "fig_ranking.csv")
    for _, part in table.groupby("outcome"):
        largest = part.groupby("rank")["effect"].agg(lambda effects: effects.abs().max())
        assert largest.is_monotonic_decreasing
        assert len(largest) == 10
    assert not set(table["lever"]) & set(SMALL.set_aside)


def test_the_trade_off_figure_marks_every_scenario(job: SimpleNamespace) -> None:
    table = pandas.read_csv(job.folder / "figures" / "fig_tradeoff.csv")
    assert set(table.loc[table["kind"] == "scenario", "name"]) == set(hr.scenarios().index)
    hypercube = hr.load(job.folder / "hypercube.nc")
    months = 12 * hypercube["reserve_time"].sel(time=2035)
    shown = table.loc[table["kind"] == "run"].iloc[0]
    assert shown["fund_months"] == pytest.approx(float(months.sel(run=int(shown["name"]))), rel=1e-5)


def test_what_the_trade_off_leaves_outside_its_panels_is_said_with_its_place(job: SimpleNamespace) -> None:
    drawn = runpy.run_path(str(ROOT / "figures" / "fig_tradeoff.py"))
    table = pandas.read_csv(job.folder / "figures" / "fig_tradeoff.csv")
    scenarios = table[table["kind"] == "scenario"].set_index("name")
    with plots.page(plots.COLUMN, 60) as figure:
        panel = figure.subplots()
        drawn["_packages"](panel, scenarios, "hospital_margin")
        panel.set(xlim=(-1e6, 1e6), ylim=(-1e6, 1e6))
        assert drawn["_outside"](panel, scenarios, "hospital_margin") == []
        at = scenarios.loc["no_reform"]
        panel.set(xlim=(at["fund_months"] + 0.01, 1e6))
        said = drawn["_outside"](panel, scenarios, "hospital_margin")
    assert f"Policy of 2010 frozen: outside, at {at['fund_months']:.1f} and {at['hospital_margin']:.1f}" in said


def test_an_interrupt_leaves_the_old_results_and_no_scratch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "main_job"
    target.mkdir()
    (target / "old.txt").write_text("of an earlier job")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main_job, "sample", interrupted)
    assert main_job.main(["--results", str(target)]) == 2
    assert "interrupted" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["main_job"]
    assert (target / "old.txt").read_text() == "of an earlier job"


def test_ctrl_c_in_the_middle_ends_in_one_line_and_nothing_written(tmp_path: Path) -> None:
    target = tmp_path / "main_job"
    command = [sys.executable, str(ROOT / "experiments" / "main_job.py"), "--results", str(target)]
    path = os.pathsep.join(filter(None, [str(ROOT / "model"), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path})
    deadline = time.monotonic() + 60
    while not any(tmp_path.iterdir()) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2, errors
    assert errors.splitlines() == ["interrupted; no results were written"]
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--runs", "1"], "at least 2"),
        (["--results", "{file}/inside"], "cannot be made"),
    ],
)
def test_what_cannot_work_ends_in_one_line_and_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    given = [argument.replace("{file}", str(file)) for argument in arguments]
    if "--results" not in given:
        given += ["--results", str(tmp_path / "main_job")]
    assert main_job.main(given) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_in_the_place_of_the_results_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "main_job"
    target.write_text("mine")
    with pytest.raises(hr.RunError, match="move it away"), shared.whole_folder(target) as folder:
        (folder / "new").write_text("")
    assert target.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["main_job"]


def test_new_results_replace_old_ones_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "main_job"
    for name in ("first", "second"):
        with shared.whole_folder(target) as folder:
            (folder / name).write_text(name)
    assert [path.name for path in target.iterdir()] == ["second"]
    assert [path.name for path in tmp_path.iterdir()] == ["main_job"]


def test_labels_find_room_beside_their_points() -> None:
    with plots.page(plots.COLUMN, 60) as figure:
        panel = figure.subplots()
        panel.plot([0, 1], [0, 1], ".")
        panel.set(xlim=(-1, 2), ylim=(-1, 2))
        plots.settle(figure)
        plots.label_points(panel, [(0.0, 0.0, "first", "black"), (0.05, 0.0, "second", "black")])
        figure.draw_without_rendering()
        one, two = (text.get_window_extent() for text in panel.texts)
        assert not one.overlaps(two)
