"""The experiment on the order of reform, on a few dozen runs; and its figure."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas
import pytest
from rich.console import Console

import healthreform as hr
from healthreform.analysis import OUTCOMES

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "experiments"))

import order_of_reform as experiment  # noqa: E402
import shared  # noqa: E402

SMALL = experiment.Spec(members=2)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("results") / "order_of_reform"
    printed = io.StringIO()
    experiment.run(SMALL, folder, Console(file=printed, width=140))
    return SimpleNamespace(folder=folder, printed=printed.getvalue())


def as_lists(changes: dict[str, object]) -> dict[str, list[list[float]]]:
    return {name: [[float(date), value] for date, value in points] for name, points in changes.items()}  # type: ignore[attr-defined]


def test_a_year_between_the_steps_gives_the_linked_package_and_none_gives_all_at_once() -> None:
    found = experiment.orders(experiment.Spec(gap=1.0))
    assert found["1-2-3"] == as_lists(hr.Scenario.load("linked_package").changes)
    assert found["at once"] == as_lists(hr.Scenario.load("all_at_once").changes)


def test_there_are_six_orders_with_the_same_changes_at_different_times() -> None:
    found = experiment.orders(SMALL)
    assert len(found) == 7
    assert len({str(changes) for changes in found.values()}) == 7
    targets = {order: {name: points[-1][1] for name, points in changes.items()} for order, changes in found.items()}
    assert all(each == targets["1-2-3"] for each in targets.values())


def test_steps_that_change_the_same_lever_are_refused() -> None:
    twice = experiment.Spec(steps=("making_room", "procurement"))
    with pytest.raises(hr.RecordError, match="two steps change 'drug_procurement_coverage'"):
        experiment.orders(twice)


def test_the_effect_of_an_order_is_the_middle_over_members_of_the_difference_of_two_simulations(
    saved: SimpleNamespace,
) -> None:
    table = pandas.read_csv(saved.folder / "effects_of_order.csv")
    members = hr.ensemble().head(SMALL.members)
    order = hr.sweep("china", "baseline", members, changes=experiment.orders(SMALL)["3-2-1"])
    base = hr.sweep("china", "baseline", members)
    for key in SMALL.outcomes:
        effect = OUTCOMES[key].read(order) - OUTCOMES[key].read(base)
        rows = table[(table["order"] == "3-2-1") & (table["outcome"] == key)].set_index("when")["effect"]
        assert rows["last year"] == pytest.approx(float(effect.sel(time=2040).median()), rel=1e-6, abs=1e-9)
        during = effect.sel(time=slice(2026, None))
        worst = during.max("time") if key == "out_of_pocket_share" else during.min("time")
        assert rows["worst year"] == pytest.approx(float(worst.median()), rel=1e-6, abs=1e-9)


def test_the_figure_shows_the_effects_that_are_saved(saved: SimpleNamespace, tmp_path: Path) -> None:
    table = pandas.read_csv(saved.folder / "effects_of_order.csv").set_index(["order", "outcome", "when"])
    plotted = pandas.read_csv(saved.folder / "figures" / "fig_order.csv")
    last = plotted[plotted["year"] == SMALL.last]
    assert len(last) == 7 * len(SMALL.outcomes)
    for row in last.itertuples():
        assert row.effect == pytest.approx(table.loc[(row.order, row.outcome, "last year"), "effect"], abs=1e-4)
    assert {path.suffix for path in shared.draw_to("fig_order.py", saved.folder, tmp_path)} == {".pdf", ".png", ".csv"}


def test_the_printed_table_names_every_order(saved: SimpleNamespace) -> None:
    for order in experiment.orders(SMALL):
        assert order in saved.printed
    assert "1 making room, 2 adjusting structure, 3 ensuring connection" in saved.printed


def test_a_gap_that_leaves_the_years_of_the_run_ends_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert experiment.main(["--gap", "9", "--results", str(tmp_path / "results")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "use a smaller gap" in error
    assert not any(tmp_path.iterdir())
