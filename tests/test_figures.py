"""Figure scripts by themselves, and what they share."""

from __future__ import annotations

import math
import runpy
import subprocess
import sys
from pathlib import Path

import pandas
import pytest

from healthreform import plots
from healthreform.output import OutputError

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted((ROOT / "figures").glob("fig_*.py"))


def test_there_are_figure_scripts_and_each_names_the_experiment_that_makes_its_data() -> None:
    assert len(SCRIPTS) >= 4
    for script in SCRIPTS:
        made_by = runpy.run_path(str(script))["MADE_BY"]
        assert (ROOT / made_by).is_file(), script


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_figure_whose_data_is_missing_says_which_experiment_makes_it(
    script: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = runpy.run_path(str(script))
    code = plots.figure_command(module["draw"], "a figure", tmp_path / "nowhere", [])
    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1
    assert str(tmp_path / "nowhere") in error
    assert module["MADE_BY"] in error
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["hypercube.nc", "scenarios.nc", "levers.nc", "orders.nc"])
def test_saved_data_that_is_no_result_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"not a result")
    with pytest.raises(OutputError, match="cannot be read as NetCDF"):
        plots.saved_result(tmp_path, name, "an experiment")


def test_a_table_that_is_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("")
    with pytest.raises(OutputError, match="cannot be read as a table"):
        plots.saved_table(tmp_path, "table.csv", "an experiment")


def test_a_script_run_by_itself_exits_with_2_when_its_data_is_missing(tmp_path: Path) -> None:
    script = (
        "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    )
    arguments = [str(ROOT / "model"), str(SCRIPTS[0]), "--results", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")


def test_a_figure_is_saved_at_its_size_with_its_data_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    data = pandas.DataFrame({"x": [0.0, 1.0], "y": [0.1, 0.30000000000000004]})

    def save(folder: Path) -> list[Path]:
        with plots.page(plots.COLUMN, 50) as figure:
            panel = figure.subplots()
            panel.plot(data["x"], data["y"])
            panel.set_xlabel("x, years")
            return plots.save_figure(figure, data, folder, "line")

    first, second = save(tmp_path / "a"), save(tmp_path / "b")
    assert [path.name for path in first] == ["line.pdf", "line.png", "line.csv"]
    assert all(one.read_bytes() == two.read_bytes() for one, two in zip(first, second, strict=True))
    assert pandas.read_csv(first[2]).equals(data)
    width = int.from_bytes(first[1].read_bytes()[16:20], "big")
    assert width == pytest.approx(plots.COLUMN / 25.4 * 300, abs=1)
    assert len(list((tmp_path / "a").iterdir())) == 3


def test_a_figure_that_cannot_be_saved_leaves_nothing_and_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with plots.page(plots.COLUMN, 50) as figure, pytest.raises(OutputError, match="file: the folder cannot be made"):
        plots.save_figure(figure, pandas.DataFrame(), tmp_path / "file", "fig")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_style_ends_with_the_figure() -> None:
    import matplotlib

    before = matplotlib.rcParams["font.size"]
    with plots.page(plots.COLUMN, 50):
        assert matplotlib.rcParams["font.size"] == plots.STYLE["font.size"] != before
    assert matplotlib.rcParams["font.size"] == before


def test_scenarios_differ_by_colour_and_by_line_and_by_marker() -> None:
    for attribute in ("colour", "line", "marker", "label"):
        shown = [str(getattr(look, attribute)) for look in plots.LOOKS.values()]
        assert len(set(shown)) == len(shown), attribute


def test_nothing_is_smaller_than_six_points_and_fonts_are_embedded_whole() -> None:
    sizes = [value for key, value in plots.STYLE.items() if key.endswith("size") and "major" not in key]
    assert min(sizes) >= 6
    assert plots.STYLE["pdf.fonttype"] == 42


def test_labels_cover_neither_each_other_nor_the_points() -> None:
    with plots.page(plots.COLUMN, 60) as figure:
        panel = figure.subplots()
        points = [(0.0, 0.0, "first", "black"), (0.05, 0.0, "second", "black"), (1.95, 1.0, "at the edge", "black")]
        panel.set(xlim=(-1, 2), ylim=(-1, 2))
        plots.settle(figure)
        plots.label_points(panel, points)
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in panel.texts]
        assert not boxes[0].overlaps(boxes[1])
        assert boxes[2].x1 <= panel.get_window_extent().x1
        for x, y, _, _ in points:
            assert not any(box.contains(*panel.transData.transform((x, y))) for box in boxes)


def test_a_label_covers_no_line_and_is_tied_to_its_point_when_it_stands_away() -> None:
    with plots.page(plots.COLUMN, 60) as figure:
        panel = figure.subplots()
        panel.set(xlim=(0, 2), ylim=(-1, 1))
        line = [(0.0, 0.02), (2.0, 0.02), (math.nan, math.nan)]
        panel.plot(*zip(*line, strict=True))
        plots.settle(figure)
        plots.label_points(panel, [(1.0, 0.0, "on the line", "black")], lines=[line])
        plots.label_points(panel, [(1.0, 0.8, "free", "black")])
        figure.draw_without_rendering()
        on_line, free = panel.texts
        low, high = (panel.transData.inverted().transform((0, y))[1] for y in on_line.get_window_extent().intervaly)
        assert not low <= 0.02 <= high
        assert on_line.arrow_patch is not None
        assert free.arrow_patch is None


def test_labels_of_wide_letters_do_not_overlap() -> None:
    with plots.page(plots.COLUMN, 60) as figure:
        panel = figure.subplots()
        panel.set(xlim=(0, 10), ylim=(0, 1))
        plots.settle(figure)
        for second in (5, 6, 7, 8, 8.5, 9, 9.5):
            plots.label_points(panel, [(4.0, 0.5, "MMMMMMMM", "black"), (second, 0.5, "WWWWWWWW", "black")])
            figure.draw_without_rendering()
            boxes = [text.get_window_extent() for text in panel.texts]
            assert not boxes[0].overlaps(boxes[1]), second
            for text in list(panel.texts):
                text.remove()


def test_a_reform_alone_is_numbered_only_where_it_stands_apart_from_policy_as_enacted() -> None:
    from matplotlib.figure import Figure

    apart = runpy.run_path(str(ROOT / "figures" / "fig_tradeoff.py"))["_apart"]
    axis = Figure().subplots()
    axis.set(xlim=(0, 100), ylim=(0, 10))
    rows = {
        "baseline": (20, 5),
        "beside": (22, 5.1),
        "to_the_right": (30, 5),
        "above": (20, 6),
        "linked_package": (90, 9),
    }
    scenarios = pandas.DataFrame.from_dict(rows, orient="index", columns=["fund_months", "hospital_margin"])
    assert apart(axis, scenarios, "hospital_margin") == ["to_the_right", "above"]
