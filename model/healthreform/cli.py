"""The command line: ``healthreform run``, ``sweep``, ``list``, ``show``, ``check``, ``validate`` and others.

Exit codes: 0 all is well, 1 a check failed or every run of a sweep did, 2 something given was wrong, what is printed
cannot be written, or it was interrupted or told to end; 141 the reader of what is printed has gone, as for other tools.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from .cli_judging import calibrate, check, ensemble, validate
from .cli_printing import ERR, LISTED, OUT, print_lines, print_table, warn_in_a_line, with_differing
from .cli_running import ledger, run, sweep
from .endings import WRONG, run_to_end
from .stockflow.errors import StockflowError
from .version import __version__

_INTERRUPT_OF_TYPER = 130

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
    print_table(with_differing(chosen[columns]).reset_index(), f"{len(chosen)} {kind.value}")


def show(
    name: Annotated[str, typer.Argument(help="A variable, lever, driver, parameter or table.")],
    place: Annotated[str, typer.Option(help="A place, as for run.")] = "china",
) -> None:
    """Show one name: equation, unit, source, what it depends on and what depends on it."""
    from .place import Place
    from .showing import describe_name

    print_lines(describe_name(Place.load(place), name))


def _version(wanted: bool) -> None:
    if wanted:
        OUT.print(f"healthreform {__version__}")
        raise typer.Exit


# In the order in which help lists them.
app.command()(run)
app.command()(sweep)
app.command()(calibrate)
app.command()(ledger)
app.command()(ensemble)
app.command("list")(list_)
app.command()(show)
app.command()(check)
app.command()(validate)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""
    warn_in_a_line()


def main() -> None:
    """Run the command line; whatever the user did wrong ends in one line and exit code 2."""
    sys.exit(run_to_end(_run, lambda: "interrupted; nothing half-written is left", _tell))


def _run() -> int:
    try:
        code = app(standalone_mode=False)
    except StockflowError as error:
        return _fail(str(error))
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        if hasattr(error, "format_message"):  # what typer says of a wrong option; nothing where it has shown its help
            return _fail(error.format_message())
        raise
    if code == _INTERRUPT_OF_TYPER:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def _fail(message: str) -> int:
    if message:
        _tell(message)
    return WRONG


def _tell(message: str) -> None:
    ERR.print("[red]error:[/red] ", end="")
    ERR.print(" ".join(message.split()), markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
