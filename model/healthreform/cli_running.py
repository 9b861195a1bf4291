"""Commands that run the model: ``run``, ``sweep`` and ``ledger``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from .cli_options import Method, MethodOption, PlaceArgument, ScenarioArgument, SetOption, StepOption, StopOption
from .cli_printing import ERR, OUT, check_shown, print_ledger, print_run, with_progress
from .cli_reading import read_changes, read_design_file, read_places, read_ramp, read_step


class LedgerBy(StrEnum):
    """How a ledger is told."""

    account = "account"
    payment = "payment"


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
    from .headed_file import files_of
    from .output import check_not_read, check_target, save
    from .simulation import simulate

    if output is not None:
        check_target(output)
        check_not_read(output, [*files_of(place, "places"), *files_of(scenario, "scenarios")])
    result = simulate(
        place,
        scenario,
        read_changes(changes),
        stop=stop,
        step=read_step(step),
        method=method.value,
        every_step=every_step,
    )
    check_shown(result, show)
    saved = None if output is None else save(result, output)  # first: the reader of what is printed may go away
    print_run(result, show)
    if saved is not None:
        OUT.print(f"saved to {saved}")


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
    from .headed_file import files_of
    from .output import check_not_read, check_target, save_in_parts
    from .sweeping import sweep_in_chunks

    check_target(output)
    places = read_places(place)
    several = places if isinstance(places, list) else [places]
    inputs = [file for name in several for file in files_of(name, "places")]
    check_not_read(output, [design, *inputs, *files_of(scenario, "scenarios")])
    table = read_design_file(design)
    runs = len(table) * len(several)
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
    from .headed_file import files_of
    from .output import check_not_read, check_table_target, save_table
    from .simulation import simulate

    if output is not None:
        check_table_target(output)
        plans = [file for name in (scenario, against) for file in files_of(name, "scenarios")]
        check_not_read(output, [*files_of(place, "places"), *plans])
    runs = [simulate(place, plan, stop=stop) for plan in (scenario, against)]
    table = compared(*runs, by=by.value)
    saved = None if output is None else save_table(table, output)
    print_ledger(table, f"{runs[0].attrs['title']}, against: {runs[1].attrs['title']}")
    if saved is not None:
        OUT.print(f"saved to {saved}")
