"""Measured effects: what studies found of single reforms, replayed inside the model.

Does the model do what was measured? Every effect of ``healthreform/data/evidence`` as twin runs that differ in one
reform, with the parameters of the files and with those of members that agree with history; against the range that a
reasonable reading of the studies accepts. Nothing is tuned here, and a miss is a result.

Run it with ``python experiments/measured_effects.py``; ``--help`` says what can be chosen.
"""

from __future__ import annotations

from healthreform.endings import end_at_once

if __name__ == "__main__":
    end_at_once("interrupted; no results were written")  # while the rest is imported

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from shared import console, draw, guarded, options, progress_bar, whole_folder

import healthreform as hr
from healthreform.cli_printing import print_validation
from healthreform.output import save_table
from healthreform.validation import as_markdown

FIGURE = "fig_evidence.py"


@dataclass(frozen=True)
class Spec:
    """What the experiment does.

    Attributes
    ----------
    members : of the ensemble, behind the bands.
    """

    place: str = "china"
    members: int = 200


def run(spec: Spec, results: Path, on: Console) -> None:
    """Do everything; the folder of results appears when all is done."""
    with whole_folder(results) as folder, progress_bar(on) as bar:
        task = bar.add_task("members, replays, saving and drawing", total=3)
        members = hr.ensemble(spec.place).head(spec.members)
        bar.advance(task)
        table = hr.validate(spec.place, members)
        bar.advance(task)
        save_table(table, folder / "effects.csv")
        save_table(members.rename_axis("member"), folder / "members.csv")
        title = f"Measured effects replayed in {spec.place}, {spec.members} members"
        (folder / "evidence.md").write_text(as_markdown(table, title), encoding="utf-8")
        draw(FIGURE, folder)
        bar.advance(task)
    print_validation(table, on)
    on.print(f"Saved in {results}.", highlight=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the experiment from the command line; return the exit code."""
    parser = options(__doc__, "measured_effects")
    parser.add_argument("--members", type=int, default=Spec.members, help="members behind the bands (%(default)s)")
    given = parser.parse_args(arguments)
    return guarded(lambda: run(replace(Spec(), members=given.members), given.results, console()), given.results)


if __name__ == "__main__":
    sys.exit(main())
