"""Structural sensitivity: loops cut one by one, the experiment that reports it, and its figure."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas
import pytest
from rich.console import Console

import healthreform as hr
from healthreform import structural_sensitivity
from healthreform.analysis import OUTCOMES
from healthreform.named_loops import read_loops
from healthreform.place import Place
from healthreform.stockflow.cut import Cut
from healthreform.structural_sensitivity import BASE, WHOLE, answered_gains, cut_links

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "experiments"))

import loops_cut as experiment  # noqa: E402
import shared  # noqa: E402

LOOPS = ("making_room", "capability_and_trust", "bed_building")
SMALL = experiment.Spec(loops=LOOPS, members=2, year=2030)


@pytest.fixture(scope="module")
def table():
    return hr.loop_cuts(loops=LOOPS, year=2030)


def test_with_no_loop_cut_the_effect_is_that_of_two_simulations(table):
    runs = [hr.simulate("china", name, stop=2030).sel(time=2030) for name in ("linked_package", "baseline")]
    for key, outcome in OUTCOMES.items():
        effect = float(outcome.read(runs[0]) - outcome.read(runs[1]))
        assert table.loc[WHOLE, key] == pytest.approx(effect, rel=1e-9), key


def test_each_loop_has_its_row_its_link_and_an_effect_of_its_own(table):
    assert list(table.index) == [WHOLE, *LOOPS]
    assert table.loc["making_room", "cut"] == "room -> dynamic_rise"
    assert table.attrs["units"]["out_of_pocket_share"] == "percentage points"
    for loop in LOOPS:
        assert not np.allclose(
            table.loc[loop, list(OUTCOMES)].astype(float), table.loc[WHOLE, list(OUTCOMES)].astype(float)
        )


def test_without_trust_fewer_visits_go_to_primary_care(table):
    """The loop brings patients below: without it the package wins fewer."""
    assert table.loc["capability_and_trust", "primary_visit_share"] < table.loc[WHOLE, "primary_visit_share"]


def test_in_the_base_itself_a_cut_changes_nothing_but_the_error_between_steps():
    table = hr.loop_cuts(scenario="baseline", loops=LOOPS, year=2030)
    runs = hr.simulate("china", "baseline", stop=2030).sel(time=2030)
    for key, outcome in OUTCOMES.items():
        assert table[key].abs().max() <= 1e-4 * abs(float(outcome.read(runs))), key


def test_every_named_loop_has_a_link_at_which_it_can_be_cut():
    links = cut_links("china")
    assert list(links) == list(read_loops())
    model = Place.load("china").model
    for cut in links.values():
        assert cut.source in model.variables[cut.target].arguments
    assert links["item_waterbed"] == Cut("inducement", "item_response")  # as its entry says
    assert links["siphon"] == Cut("capability", "siphon_motive")  # the one no other loop shares


def test_a_link_that_is_not_the_loops_is_refused(monkeypatch):
    loops = read_loops()
    wrong = loops | {"siphon": replace(loops["siphon"], cut=("trust", "appeal"))}
    monkeypatch.setattr(structural_sensitivity, "read_loops", lambda: wrong)
    with pytest.raises(
        hr.RecordError, match="loop 'siphon': cut trust -> appeal is no link of it that can be cut; it has"
    ):
        cut_links("china")


def test_an_unknown_loop_is_refused():
    with pytest.raises(hr.RecordError, match="loop 'syphon' is unknown; nearest valid name: siphon"):
        hr.loop_cuts(loops=["syphon"])


def test_a_cut_that_is_no_link_is_refused_where_it_is_read(tmp_path):
    file = tmp_path / "loops.toml"
    file.write_text('[a]\ntitle = "A"\npolarity = "balancing"\nvariables = ["trust"]\ncut = ["trust"]\n')
    with pytest.raises(hr.RecordError, match=r"a.cut: \['trust'\] must be a link"):
        read_loops(file)


def test_with_all_else_answering_no_reinforcing_loop_feeds_itself():
    found = answered_gains("china", LOOPS, stop=2030)
    assert list(found) == list(LOOPS)
    assert all(gain < 1 for gain, _ in found.values())
    assert found["capability_and_trust"][1] == "trust"


# --- the experiment ---


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "loops_cut"
    printed = io.StringIO()
    experiment.run(SMALL, folder, Console(file=printed, width=140))
    return SimpleNamespace(folder=folder, printed=printed.getvalue(), table=pandas.read_csv(folder / experiment.TABLE))


def test_the_calibrated_effects_are_those_of_the_table(saved, table):
    rows = saved.table.set_index(["loop", "outcome"])
    for loop in (WHOLE, *LOOPS):
        for key in OUTCOMES:
            assert rows.loc[(loop, key), "effect_calibrated"] == pytest.approx(table.loc[loop, key], rel=1e-6, abs=1e-9)


def test_what_hangs_on_a_loop_is_the_effect_less_that_without_it(saved):
    rows = saved.table.set_index(["outcome", "loop"])
    for key in OUTCOMES:
        whole = rows.loc[(key, WHOLE), "effect_calibrated"]
        assert rows.loc[(key, WHOLE), "on_loop_calibrated"] == 0
        for loop in LOOPS:
            found = rows.loc[(key, loop)]
            assert found.on_loop_calibrated == pytest.approx(whole - found.effect_calibrated, rel=1e-9, abs=1e-12)
            assert found.on_loop_low <= found.on_loop <= found.on_loop_high


def test_members_are_held_on_their_own_base_runs(saved):
    """Held on the calibrated one's, their effects with a cut would be off by how far they differ from it."""
    runs = hr.load(saved.folder / "loops_cut.nc")
    assert runs.sizes["run"] == 3 and runs.sizes["cut"] == 2 + len(LOOPS)
    early = OUTCOMES["primary_visit_share"].read(runs).sel(time=2020)
    np.testing.assert_allclose(early, np.broadcast_to(early.sel(cut=BASE), early.shape), rtol=1e-4)


def test_the_printed_table_names_the_loops_and_the_figure_shows_them(saved, tmp_path):
    assert "Capability and trust" in saved.printed and "2 members; 0 of 15 runs failed" in saved.printed
    plotted = pandas.read_csv(saved.folder / "figures" / "fig_loops_cut.csv")
    assert set(plotted["loop"]) == set(LOOPS)
    rows = saved.table.set_index(["loop", "outcome"])
    for row in plotted.itertuples():
        assert row.on_loop == pytest.approx(rows.loc[(row.loop, row.outcome), "on_loop"])
        assert row.whole_effect == pytest.approx(rows.loc[(WHOLE, row.outcome), "effect"])
    assert {path.suffix for path in shared.draw_to("fig_loops_cut.py", saved.folder, tmp_path)} == {
        ".pdf",
        ".png",
        ".csv",
    }


def test_an_unknown_scenario_ends_in_one_line(tmp_path, capsys):
    assert experiment.main(["--scenario", "linkd_package", "--results", str(tmp_path / "results")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "unknown scenario 'linkd_package'" in error
    assert not any(tmp_path.iterdir())
