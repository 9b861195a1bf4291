"""What experiments share: results that appear whole or not at all, errors in one line, progress, figures."""

from __future__ import annotations

import argparse
import os
import runpy
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas
import xarray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import healthreform as hr
from healthreform import analysis
from healthreform.endings import WRONG, end_if_told, held_back, run_to_end
from healthreform.output import folder_made

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results"
#: The run with the parameters as they stand in the files.
CALIBRATED = "calibrated"
#: What is said of an interrupt that came before anything was written.
UNWRITTEN = "interrupted; no results were written"


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder to write to, put in the place of ``target`` when everything is in it and removed if anything fails."""
    with folder_made(target.parent):
        aside = None
        try:
            with held_back():
                aside = _folder_beside(target)
            yield aside
            end_if_told()
            with held_back():
                _put_in_place(aside, target)
        except OSError as error:
            raise hr.RunError(f"{target}: results cannot be written ({error.strerror or error})") from None
        except hr.OutputError as error:
            raise hr.RunError(str(error).replace(str(aside), str(target))) from None
        finally:
            with held_back():
                shutil.rmtree(aside or "", ignore_errors=True)


def _folder_beside(target: Path) -> Path:
    try:
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise hr.RunError(f"{target.parent}: results cannot be written there ({error.strerror})") from None
    aside.chmod(0o755)
    return aside


def _put_in_place(aside: Path, target: Path) -> None:
    if not target.exists():
        os.replace(aside, target)
        return
    if not target.is_dir():
        raise hr.RunError(f"{target}: a file stands where the results should go; move it away")
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    os.replace(target, old / "was")
    try:
        os.replace(aside, target)
    except BaseException:
        os.replace(old / "was", target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def guarded(main: Callable[[], None], results: Path) -> int:
    """Run a command that fills a folder of results; return its exit code.

    It is 0, or 2 after an error of the user's, an interrupt or a wish of the system to end, each told in a line; and
    141 where the reader of what is printed has gone. Whether results were written by then is seen on the folder itself.
    """
    before = _identity(results)

    def tell(line: str) -> None:
        print(line, file=sys.stderr)

    def work() -> int:
        try:
            main()
        except hr.StockflowError as error:
            tell(f"error: {error}")
            return WRONG
        return 0

    def interrupted() -> str:
        written = _identity(results) not in (before, None)
        return f"interrupted after all results were written to {results}" if written else UNWRITTEN

    return run_to_end(work, interrupted, tell)


def _identity(folder: Path) -> tuple[int, int] | None:
    """Which folder it is: another one after new results have taken the place of old ones."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def options(about: str | None, folder: str) -> argparse.ArgumentParser:
    """The command line of an experiment: what it is about, and the folder below ``results`` that it fills."""
    parser = argparse.ArgumentParser(description=str(about).partition("\n")[0])
    parser.add_argument("--results", type=Path, default=RESULTS / folder, help="folder of results (%(default)s)")
    return parser


def console() -> Console:
    """Where tables are printed: as wide as the terminal, and wide enough for them where there is none."""
    found = Console()
    return found if found.is_terminal else Console(width=132)


def progress_bar(on: Console) -> Progress:
    """A bar for each stage, in a terminal; elsewhere nothing."""
    columns = (TextColumn("{task.description:<42}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=on, disable=not on.is_terminal)


def calibrated_and(place: str, members: pandas.DataFrame) -> pandas.DataFrame:
    """A design of parameters: the calibrated ones first, then the members'."""
    calibrated = analysis.uncertain_parameters(place)["value"].to_frame(CALIBRATED).T
    return pandas.concat([calibrated, members.set_axis([f"member {label}" for label in members.index])])


def step_of(bar: Progress, task: int, before: int = 0) -> Callable[[int], None]:
    """What ``hr.sweep`` calls with the number of runs finished; ``before`` are those of earlier sweeps."""
    return lambda done: bar.update(task, completed=before + done)  # type: ignore[arg-type]


def save(result: xarray.Dataset, path: Path) -> None:
    """Save a result with half the digits, which are plenty for drawing; a design keeps all of its own."""
    small = {
        name: values.astype(np.float32, keep_attrs=True)
        for name, values in result.data_vars.items()
        if values.dtype == np.float64 and name != "design"
    }
    hr.save(result.assign(small), path)


def tell_end(on: Console, runs: xarray.Dataset, results: Path) -> None:
    """How many members and failures there were, and where the results are."""
    failed = int((runs["failure"] != "").sum())
    on.print(f"{runs.sizes['run'] - 1} members; {failed} of {runs['failure'].size} runs failed. Saved in {results}.")


def draw(script: str, results: Path) -> list[Path]:
    """Let a script of ``figures/`` draw what stands in a folder of results, into ``figures`` in that folder."""
    return draw_to(script, results, results / "figures")


def draw_to(script: str, results: Path, output: Path) -> list[Path]:
    """As ``draw``, into any folder."""
    return list(runpy.run_path(str(ROOT / "figures" / script))["draw"](results, output))
