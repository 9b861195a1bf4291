"""The command line: ``healthreform run``, ``sweep``, ``list``, ``show``, ``check``, ``validate`` and others.

Exit codes: 0 all is well, 1 a check failed or every run of a sweep did, 2 something given was wrong, 130 interrupted.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from .cli_calibration import check_wishes, print_report, progress_bar
from .cli_printing import (
    ERR,
    LISTED,
    OUT,
    print_ledger,
    print_lines,
    print_run,
    print_table,
    print_validation,
    with_progress,
)
from .cli_reading import read_changes, read_design_file, read_places, read_ramp, read_step
from .stockflow.errors import StockflowError
from .version import __version__

_INTERRUPTED = 130

app = typer.Typer(
    name="healthreform",
    help="A system-dynamics model of China's healthcare reform.\n\n"
    "Begin with [bold]healthreform list scenarios[/bold] and [bold]healthreform run china baseline[/bold].",
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Kind(StrEnum):
    """What can be listed."""

    levers = "levers"
    parameters = "parameters"
    variables = "variables"
    equations = "equations"
    places = "places"
    place_facts = "place_facts"
    place_report = "place_report"
    scenarios = "scenarios"
    loops = "loops"


class Method(StrEnum):
    """How it is integrated."""

    rk4 = "rk4"
    euler = "euler"


class LedgerBy(StrEnum):
    """How a ledger is told."""

    account = "account"
    payment = "payment"


PlaceArgument = Annotated[str, typer.Argument(help="A place: a name (healthreform list places), or a .toml file.")]
ScenarioArgument = Annotated[
    str, typer.Argument(help="A scenario: a name (healthreform list scenarios), or a .toml file.")
]
SetOption = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change a lever or a parameter: [bold]NAME=0.6[/bold] for the whole run, or dated, "
        "[bold]NAME=2019:0.0,2024:0.8[/bold], straight between the dates; [bold]NAME\\[element]=...[/bold] for one "
        "element. May be given several times.",
    ),
]
StopOption = Annotated[int, typer.Option(help="Last calendar year reported.")]
StepOption = Annotated[str, typer.Option(help="Step in years, such as 1/16.")]
MethodOption = Annotated[Method, typer.Option(help="Runge-Kutta of order four, or Euler.")]


@app.command()
def run(
    place: PlaceArgument = "china",
    scenario: ScenarioArgument = "baseline",
    changes: SetOption = [],  # noqa: B006 - typer copies it
    stop: StopOption = 2040,
    step: StepOption = "1/16",
    method: MethodOption = Method.rk4,
    every_step: Annotated[bool, typer.Option("--every-step", help="Values at every step, not years.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Save the run: .nc (NetCDF) or .csv.")] = None,
    show: Annotated[list[str], typer.Option(help="Variables to print; by default some headline outcomes.")] = [],  # noqa: B006
) -> None:
    """Run a place under a scenario, print headline outcomes, and save the run if asked to.

    healthreform run china baseline --set drug_mark_up=2019:0.1,2024:0 -o runs/baseline.nc
    """
    from .output import check_target, save
    from .simulation import simulate

    if output is not None:
        check_target(output)
    result = simulate(
        place,
        scenario,
        read_changes(changes),
        stop=stop,
        step=read_step(step),
        method=method.value,
        every_step=every_step,
    )
    print_run(result, show)
    if output is not None:
        OUT.print(f"saved to {save(result, output)}")


@app.command()
def sweep(
    design: Annotated[Path, typer.Argument(help="A .csv table: columns are levers or parameters, rows are runs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to save the runs: .nc (NetCDF) or .csv.")],
    place: Annotated[
        str, typer.Argument(help="A place, as for run; or several, as in china,sanming: each row is run for each.")
    ] = "china",
    scenario: ScenarioArgument = "baseline",
    changes: SetOption = [],  # noqa: B006
    ramp: Annotated[
        str | None,
        typer.Option(metavar="FROM:TO", help="Levers leave history at one date, reach the design at another."),
    ] = None,
    keep: Annotated[list[str], typer.Option(help="Variables to save; by default the outcomes.")] = [],  # noqa: B006
    stop: StopOption = 2040,
    step: StepOption = "1/16",
    method: MethodOption = Method.rk4,
    threads: Annotated[int | None, typer.Option(help="How many to use; by default all processors.")] = None,
) -> None:
    """Run a place, or several, once for each row of a table, and save all runs.

    A run that goes wrong is reported and leaves the others alone. Memory stays flat, however many rows there are.

    healthreform sweep design.csv china baseline -o runs.nc --ramp 2026:2031
    """
    from .output import check_target, save_in_parts
    from .sweeping import sweep_in_chunks

    check_target(output)
    table = read_design_file(design)
    places = read_places(place)
    runs = len(table) * (len(places) if isinstance(places, list) else 1)
    parts = sweep_in_chunks(
        places,
        scenario,
        table,
        changes=read_changes(changes),
        ramp=read_ramp(ramp),
        keep=keep or None,
        stop=stop,
        step=read_step(step),
        method=method.value,
        threads=threads,
    )
    failures: dict[Any, str] = {}
    save_in_parts(with_progress(parts, runs, failures), output)
    for label, text in list(failures.items())[:10]:
        ERR.print(f"row {label} failed: {text}", markup=False, soft_wrap=True)
    OUT.print(f"{runs - len(failures)} of {runs} runs went well; saved to {output}")
    if len(failures) == runs:
        raise typer.Exit(1)


@app.command()
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

    check_wishes(output, report, write, report_only)
    if report_only:
        as_it_stands = standing(place, plan=plan, free=free or None, threads=threads)
        print_report(as_it_stands)
        if report is not None:
            OUT.print(f"tables saved to {as_it_stands.save_report(report)}")
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
    print_report(found)
    if output is not None:
        OUT.print(f"saved to {found.save(output)}")
    if report is not None:
        OUT.print(f"tables saved to {found.save_report(report)}")
    if write:
        for file in found.write():
            OUT.print(f"written: {file}", soft_wrap=True)


@app.command()
def ledger(
    scenario: ScenarioArgument,
    against: Annotated[str, typer.Option(help="The scenario it is compared with.")] = "baseline",
    place: Annotated[str, typer.Option(help="A place, as for run.")] = "china",
    by: Annotated[
        LedgerBy, typer.Option(help="By account, or by payment: which flows differ most.")
    ] = LedgerBy.account,
    stop: StopOption = 2035,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Save the whole table: .csv.")] = None,
) -> None:
    """Who gains and who pays under a scenario: every account's net against another scenario, in billion yuan.

    Each year adds up to zero over all accounts.

    healthreform ledger linked_package --against baseline --by payment
    """
    from .gains_and_losses import ledger as compared
    from .output import check_table_target, save_table
    from .simulation import simulate

    if output is not None:
        check_table_target(output)
    runs = [simulate(place, plan, stop=stop) for plan in (scenario, against)]
    table = compared(*runs, by=by.value)
    print_ledger(table, f"{runs[0].attrs['title']}, against: {runs[1].attrs['title']}")
    if output is not None:
        OUT.print(f"saved to {save_table(table, output)}")


@app.command()
def ensemble(
    place: PlaceArgument = "china",
    members: Annotated[int, typer.Option(help="How many members.")] = 300,
    draws: Annotated[int, typer.Option(help="How many draws they are chosen from.")] = 900,
    steps: Annotated[int, typer.Option(help="Steps of the chain each member is the end of.")] = 100,
    seed: Annotated[int, typer.Option(help="Of everything random; the same seed gives the same members.")] = 1,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Save the members: .csv.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Put them into the package, as the place's ensemble.")] = False,
) -> None:
    """Make an ensemble: parameters within their ranges, where they fit history and measured effects.

    It takes about five minutes. The one that comes with the package is hr.ensemble(PLACE).

    healthreform ensemble china -o members.csv
    """
    from .calibration.constrained import Recipe, constrained_ensemble
    from .ensembles import save_members
    from .output import check_table_target

    if output is not None:
        check_table_target(output)
    with progress_bar() as tell:
        found = constrained_ensemble(
            place, Recipe(members, draws, steps=steps, seed=seed), progress=lambda done: tell(done, float("nan"))
        )
    OUT.print(found.summary(), highlight=False, soft_wrap=True)
    for target in save_members(found.members, place, output, write=write):
        OUT.print(f"saved to {target}")


@app.command("list")
def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    place: Annotated[str, typer.Option(help="A place, as for run.")] = "china",
    containing: Annotated[str, typer.Option(help="Only rows in which this text stands somewhere.")] = "",
) -> None:
    """List levers, parameters, variables, equations, places, scenarios, loops, or where a place's numbers come from."""
    from . import inventory, place_tables

    make = getattr(place_tables if kind.value.startswith("place_") else inventory, kind.value)
    table = make() if kind in (Kind.places, Kind.scenarios) else make(place)
    columns = [column for column in LISTED[kind.value] if column in table.columns]
    texts = [" ".join(map(str, row)).lower() for row in table.itertuples()]
    chosen = table[[containing.lower() in text for text in texts]]
    print_table(chosen[columns].reset_index(), f"{len(chosen)} {kind.value}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A variable, lever, driver, parameter or table.")],
    place: Annotated[str, typer.Option(help="A place, as for run.")] = "china",
) -> None:
    """Show one name: equation, unit, source, what it depends on and what depends on it."""
    from .place import Place
    from .showing import describe_name

    print_lines(describe_name(Place.load(place), name))


@app.command()
def check(
    place: Annotated[str, typer.Argument(help="A place, as for run.")] = "china",
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out what takes longer: interpreter, adaptive solver, levers, cuts.")
    ] = False,
) -> None:
    """Check the model: units, money, integration error, loops and gains, behaviour, extremes, levers, loops cut.

    Ends with code 1 if anything FAILED; a known miss, whose reason stands beside the claim, is told and does not.
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


@app.command()
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
    from .output import check_table_target, save_table
    from .validation import validate as replay_all

    if output is not None:
        check_table_target(output)
    if members is None:
        members = MEMBERS_FOR_BANDS if has_ensemble(place) else 0
    table = replay_all(place, shipped(place).head(members) if members else None)
    print_validation(table)
    if output is not None:
        OUT.print(f"saved to {save_table(table, output)}")


def _version(wanted: bool) -> None:
    if wanted:
        OUT.print(f"healthreform {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command line; whatever the user did wrong ends in one line and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except StockflowError as error:
        _fail(str(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except Exception as error:
        if hasattr(error, "format_message"):  # what typer says of a wrong option; nothing where it has shown its help
            _fail(error.format_message(), 2)
        raise
    if code == _INTERRUPTED:  # which is also what typer makes of an interrupt
        _fail("interrupted; nothing half-written is left", _INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> NoReturn:
    if message:
        ERR.print("[red]error:[/red] ", end="")
        ERR.print(" ".join(message.split()), markup=False, soft_wrap=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
