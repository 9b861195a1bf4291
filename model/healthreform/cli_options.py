"""Arguments and options that several commands take."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Method(StrEnum):
    """How it is integrated."""

    rk4 = "rk4"
    euler = "euler"


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
