"""Commands that hold the model against what is known: ``calibrate``, ``ensemble``, ``check`` and ``validate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .cli_calibration import check_wishes, print_report, progress_bar
from .cli_options import PlaceArgument
from .cli_printing import OUT, print_validation


def calibrate(
    place: PlaceArgument = "china",
    plan: Annotated[
        Path | None, typer.Option(help="What is free, targets and weights: a .toml file; by default the place's own.")
    ] = None,
    free: Annotated[
        list[str], typer.Option(metavar="NAME", help="A free parameter, in place of the plan's; several times.")
    ] = [],  # noqa: B006
    starts: Annotated[int, typer.Option(help="Starting points besides the recorded values.")] = 256,
    polished: Annotated[int, typer.Option(help="How many of the best are polished.")] = 5,
    seed: Annotated[int, typer.Option(help="Of the starting points; the same seed gives the same values.")] = 1,
    threads: Annotated[int | None, typer.Option(help="How many to use; by default all processors.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Save the fitted values as the file of a place, .toml.")
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Save all tables: .csv and report.md.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Put the fitted values into the package's own parameter files.")
    ] = False,
    report_only: Annotated[
        bool,
        typer.Option("--report-only", help="Fit nothing: tell fit, moves and what history can tell, as it stands."),
    ] = False,
) -> None:
    """Fit a place's free parameters to all its observed series at once, and say what history can tell of each.

    healthreform calibrate china -o fit.toml --report results/fit

    healthreform run fit.toml baseline
    """
    from .calibration.calibrating import calibrate as fitted
    from .calibration.standing import standing

    check_wishes(output, report, write, report_only, place, plan)
    if report_only:
        as_it_stands = standing(place, plan=plan, free=free or None, threads=threads)
        tables = None if report is None else as_it_stands.save_report(report)
        print_report(as_it_stands)
        if tables is not None:
            OUT.print(f"tables saved to {tables}")
        return
    with progress_bar() as tell:
        found = fitted(
            place,
            plan=plan,
            free=free or None,
            starts=starts,
            polished=polished,
            seed=seed,
            threads=threads,
            progress=tell,
        )
    saved = []
    try:  # before anything is printed, whose reader may go away
        if output is not None:
            saved.append(f"saved to {found.save(output)}")
        if report is not None:
            saved.append(f"tables saved to {found.save_report(report)}")
        if write:
            saved += [f"written: {file}" for file in found.write()]
    finally:  # a long search, told of even if it cannot be saved
        print_report(found)
    for line in saved:
        OUT.print(line, soft_wrap=True)


def ensemble(
    place: PlaceArgument = "china",
    members: Annotated[int, typer.Option(help="How many members.")] = 300,
    draws: Annotated[int, typer.Option(help="How many draws they are chosen from.")] = 900,
    steps: Annotated[int, typer.Option(help="Steps of the chain each member is the end of.")] = 200,
    seed: Annotated[int, typer.Option(help="Of everything random; the same seed gives the same members.")] = 1,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Save the members: .csv.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Put them into the package, as the place's ensemble.")] = False,
) -> None:
    """Make an ensemble: parameters within their ranges, where they fit history and measured effects.

    It takes some ten minutes. The one that comes with the package is hr.ensemble(PLACE).

    healthreform ensemble china -o members.csv
    """
    from .calibration.constrained import Recipe, constrained_ensemble
    from .ensembles import save_members
    from .headed_file import files_of
    from .output import check_not_read, check_table_target

    if output is not None:
        check_table_target(output)
        check_not_read(output, files_of(place, "places"))
    with progress_bar() as tell:
        found = constrained_ensemble(
            place, Recipe(members, draws, steps=steps, seed=seed), progress=lambda done: tell(done, float("nan"))
        )
    targets = save_members(found.members, place, output, write=write)
    OUT.print(found.summary(), highlight=False, soft_wrap=True)
    for target in targets:
        OUT.print(f"saved to {target}")


def check(
    place: Annotated[str, typer.Argument(help="A place, as for run.")] = "china",
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out what takes longer: interpreter, adaptive solver, levers, cuts.")
    ] = False,
) -> None:
    """Check the model: units, money, integration error, loops and gains, behaviour, extremes, levers, loops cut.

    Ends with code 1 if anything FAILED; a known miss, with a reason beside the claim or in the place's file, is told
    and does not.
    """
    from .check_model import findings
    from .place import Place

    failed = 0
    for finding in findings(Place.load(place), quick=quick):
        mark = "[yellow]miss  [/yellow]" if finding.miss else "[green]ok    [/green]"
        mark = mark if finding.passed else "[red]FAILED[/red]"
        OUT.print(f"{mark} [bold]{finding.name}[/bold]: ", end="")
        OUT.print(finding.result, markup=False, soft_wrap=True)
        failed += not finding.passed
    if failed:
        raise typer.Exit(1)


def validate(
    place: Annotated[str, typer.Option(help="A place, as for run.")] = "china",
    members: Annotated[
        int | None, typer.Option(min=0, help="Members of the place's ensemble, for bands; 100 if it has one.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Save the table: .csv.")] = None,
) -> None:
    """Replay what studies measured of single reforms, and say which effects lie inside the accepted range.

    Misses are reported, not failures: the exit code is 0 however many there are.

    healthreform validate --members 200 -o evidence.csv
    """
    from .ensembles import MEMBERS_FOR_BANDS, has_ensemble
    from .ensembles import ensemble as shipped
    from .headed_file import files_of
    from .output import check_not_read, check_table_target, save_table
    from .validation import validate as replay_all

    if output is not None:
        check_table_target(output)
        check_not_read(output, files_of(place, "places"))
    if members is None:
        members = MEMBERS_FOR_BANDS if has_ensemble(place) else 0
    table = replay_all(place, shipped(place).head(members) if members else None)
    saved = None if output is None else save_table(table, output)
    print_validation(table)
    if saved is not None:
        OUT.print(f"saved to {saved}")
