"""Figures for print: one style, a palette safe for colour-blind readers, files saved whole with their data."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .endings import WRONG, run_to_end
from .output import OutputError, folder_made, load
from .stockflow.errors import StockflowError

if TYPE_CHECKING:
    import pandas
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

#: Widths of a journal's column and page, in millimetres.
COLUMN, PAGE = 86, 178

#: The palette of Okabe and Ito (2008).
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#7F7F7F"

#: What a legend calls the band of ``analysis.band``.
BAND_LABEL = "ten to ninety in a hundred members"

STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.4,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.2,
    "pdf.fonttype": 42,  # whole fonts, so that text stays text
    "savefig.dpi": 300,
}


@dataclass(frozen=True)
class Look:
    """How a scenario is drawn: never by colour alone."""

    label: str
    colour: str
    line: Any
    marker: str


#: The scenarios that figures set apart from the rest.
LOOKS: Mapping[str, Look] = {
    "baseline": Look("Policy as enacted", BLUE, "-", "o"),
    "linked_package": Look("Linked package", VERMILLION, (0, (4, 1.5)), "s"),
    "all_at_once": Look("All at once", PURPLE, (0, (1, 1)), "D"),
    "making_room": Look("Step 1: making room", GREEN, "-.", "^"),
    "adjusting_structure": Look("Step 2: adjusting structure", ORANGE, (0, (5, 1, 1, 1, 1, 1)), "v"),
    "ensuring_connection": Look("Step 3: ensuring connection", SKY, (0, (2, 1)), "P"),
    "no_reform": Look("Policy of 2010 frozen", BLACK, ":", "X"),
}


@contextmanager
def page(width: float, height: float) -> Iterator[Figure]:
    """An empty figure of a size in millimetres, in the style; everything is drawn and saved inside the context."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        yield Figure(figsize=(width / 25.4, height / 25.4), layout="constrained")


def save_figure(figure: Figure, data: pandas.DataFrame, folder: Path, name: str) -> list[Path]:
    """Save a figure as PDF and PNG with the plotted data beside it; each file appears whole or not at all.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    written = []
    with folder_made(folder):
        try:
            settle(figure)
            for ending in ("pdf", "png", "csv"):
                target = folder / f"{name}.{ending}"
                with _aside(target) as part:
                    if ending == "csv":
                        data.to_csv(part, index=False)
                    else:
                        nameless = {"CreationDate": None} if ending == "pdf" else {}
                        figure.savefig(part, format=ending, metadata=nameless)
                written.append(target)
        except OSError as error:
            raise OutputError(f"{folder}: the figure {name} cannot be saved ({error.strerror or error})") from None
    return written


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, target)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def saved_result(folder: Path, name: str, made_by: str) -> xarray.Dataset:
    """What an experiment saved.

    Raises
    ------
    OutputError
        If it is not there, saying which experiment makes it.
    """
    if not (folder / name).is_file():
        raise OutputError(f"{folder / name}: there is no such file; {made_by} makes it")
    return load(folder / name)


def saved_table(folder: Path, name: str, made_by: str) -> pandas.DataFrame:
    """A table that an experiment saved; as ``saved_result``."""
    import pandas

    if not (folder / name).is_file():
        raise OutputError(f"{folder / name}: there is no such file; {made_by} makes it")
    try:
        return pandas.read_csv(folder / name)
    except (ValueError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise OutputError(f"{folder / name}: it cannot be read as a table ({reason})") from None


def figure_command(
    draw: Callable[[Path, Path], Iterable[Path]],
    description: str,
    results: Path,
    arguments: Sequence[str] | None = None,
) -> int:
    """What a figure script does when run: draw from a folder of results; returns the exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--results", type=Path, default=results, help="what the experiment saved (%(default)s)")
    parser.add_argument("--output", type=Path, help="where the figure goes (the folder figures in the results)")
    given = parser.parse_args(arguments)

    def tell(line: str) -> None:
        print(f"error: {line}", file=sys.stderr)

    def work() -> int:
        try:
            for path in draw(given.results, given.output or given.results / "figures"):
                print(path)
        except StockflowError as error:
            tell(str(error))
            return WRONG
        return 0

    return run_to_end(work, lambda: "interrupted; nothing half-written is left", tell)


def letters(panels: Iterable[Axes]) -> None:
    """Put a, b, c ... before the titles of panels."""
    for letter, panel in zip("abcdefghijklmnopqrstuvwxyz", panels, strict=False):
        panel.set_title(f"{letter}  {panel.get_title('left')}")


def settle(figure: Figure) -> None:
    """Lay the figure out for good: what is measured and added after this stays where it is."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def label_points(
    panel: Axes,
    labels: Sequence[tuple[float, float, str, str]],
    size: float = 6.5,
    gap: float = 4.0,
    lines: Iterable[ArrayLike] = (),
) -> None:
    """Write labels beside points, each at the first place around it where it covers no other label, point or line.

    A label that finds its place away from its point is tied to it by a thin line.

    Parameters
    ----------
    panel : of a figure that is settled, with its final limits.
    labels : x, y, text and colour of each point; earlier ones choose first.
    size, gap : of the type, and between point and label, in points.
    lines : lines drawn in the panel that no label may cover, each of shape (vertices, 2).
    """
    scale = panel.figure.dpi / 72
    points = [tuple(panel.transData.transform((x, y))) for x, y, _, _ in labels]
    around = 1.5 * scale
    taken: list[Box] = [(x - around, y - around, x + around, y + around) for x, y in points]
    taken += [box for line in lines for box in _along(panel, line, around)]
    frame = panel.get_window_extent()
    for (x, y, text, colour), point in zip(labels, points, strict=True):
        extent = (_width(text, size) + 0.2 * size) * scale, 1.1 * size * scale
        boxes = _places_around(point, extent, gap=gap * scale)
        best = min(boxes, key=lambda box: _cost(box, taken, (frame.x0, frame.y0, frame.x1, frame.y1)))
        taken.append(best)
        place = ((best[0] + best[2]) / 2 - point[0]) / scale, ((best[1] + best[3]) / 2 - point[1]) / scale
        beside: dict[str, Any] = {"textcoords": "offset points", "va": "center", "ha": "center"}
        if boxes.index(best) not in (0, 1):
            beside["arrowprops"] = {"arrowstyle": "-", "linewidth": 0.3, "color": GREY, "shrinkA": 0.5, "shrinkB": 0}
        panel.annotate(text, (x, y), place, fontsize=size, color=colour, zorder=7, **beside)


#: Left, bottom, right and top of a rectangle.
Box = tuple[float, float, float, float]


def _width(text: str, size: float) -> float:
    """How wide a text is, in points."""
    from matplotlib.textpath import TextPath

    return float(TextPath((0, 0), text, size=size).get_extents().width)


def _along(panel: Axes, line: ArrayLike, around: float) -> list[Box]:
    """Rectangles that together cover a line."""
    import numpy as np

    corners = panel.transData.transform(np.asarray(line, dtype=float))
    found: list[Box] = []
    for begin, end in itertools.pairwise(corners):
        if not np.isfinite([begin, end]).all():
            continue  # a line has gaps where there is nothing to draw
        count = 2 + int(np.hypot(*(end - begin)) / around)
        found += [(x - around, y - around, x + around, y + around) for x, y in np.linspace(begin, end, count)]
    return found


def _places_around(point: tuple[float, float], extent: tuple[float, float], gap: float) -> list[Box]:
    """Rectangles around a point, the best place first: to its right, to its left, then further up, down and away."""
    boxes = []
    for away in (1.0, 4.0, 7.0):
        for above in (0.0, 0.8, -0.8, 1.6, -1.6, 2.4, -2.4, 3.2, -3.2, 4.0, -4.0):
            low = point[1] + (above - 0.5) * extent[1]
            for left in (point[0] + away * gap, point[0] - away * gap - extent[0]):
                boxes.append((left, low, left + extent[0], low + extent[1]))
            if above and away == 1.0:
                left = point[0] - extent[0] / 2
                boxes.append((left, low, left + extent[0], low + extent[1]))
    return boxes


def _cost(box: Box, taken: Iterable[Box], frame: Box) -> float:
    """How much a rectangle covers of others; what leaves the frame counts most."""
    area = (box[2] - box[0]) * (box[3] - box[1])
    return sum(_overlap(box, other) for other in taken) + 10 * (area - _overlap(box, frame))


def _overlap(one: Box, two: Box) -> float:
    wide = min(one[2], two[2]) - max(one[0], two[0])
    high = min(one[3], two[3]) - max(one[1], two[1])
    return max(0.0, wide) * max(0.0, high)
