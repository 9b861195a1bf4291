"""The shipped ensemble of a place: members that fit history and evidence, for the bands of every projection."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from .analysis import uncertain_parameters
from .assembly import DATA
from .headed_file import shipped_names
from .output import check_folder, write_together
from .place import Place
from .stockflow.errors import RecordError, one_of

if TYPE_CHECKING:
    from pathlib import Path

    import pandas

PlaceLike = str | os.PathLike[str] | Place
FOLDER = "ensembles"
#: Members that a table runs for its bands unless told otherwise.
MEMBERS_FOR_BANDS = 100
#: So far outside its range, in parts of it, a value may lie as it was rounded when saved; it is taken as the end.
_SLACK = 1e-6


def ensemble(place: PlaceLike = "china") -> pandas.DataFrame:
    """Members of the constrained ensemble that the package ships for a place.

    A row is a member, a column an uncertain parameter (``name`` or ``name[element]``): a design for ``sweep``, and
    ``members`` of ``validate``. The values lie within the ranges of the parameters, the more densely the better their
    runs fit history and measured effects; ``healthreform ensemble`` says how, and makes it again.

    Returns
    -------
    pandas.DataFrame
        Indexed by member; in ``attrs`` what made it.

    Raises
    ------
    RecordError
        If there is none for the place, or it was made for other parameters.
    """
    here = Place.load(place)
    file = DATA / FOLDER / f"{here.name}.csv"
    if not has_ensemble(here):
        known = one_of(shipped_names(FOLDER, ".csv"))
        raise RecordError(f"place '{here.name}' has no ensemble; those that have: {known}; see healthreform ensemble")
    return read_members(file, here)


def has_ensemble(place: PlaceLike) -> bool:
    """Whether the package ships an ensemble for a place."""
    return Place.load(place).name in shipped_names(FOLDER, ".csv")


def read_members(file: Path, place: Place) -> pandas.DataFrame:
    """A saved ensemble, checked against a place's parameters.

    Raises
    ------
    RecordError
        If a column is no uncertain parameter, one is missing, or a value lies outside its range.
    """
    import pandas

    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    head = [line[1:].strip() for line in lines if line.startswith("#")]
    table = pandas.read_csv(io.StringIO("".join(line for line in lines if not line.startswith("#"))), index_col=0)
    ranges = uncertain_parameters(place)
    again = f"make it again: healthreform ensemble {place.name}"
    for name in table.columns.symmetric_difference(ranges.index):
        what = "is missing" if name in ranges.index else "is no uncertain parameter of the place"
        raise RecordError(f"{file}: '{name}' {what}; {again}")
    slack = _SLACK * (ranges["high"] - ranges["low"])
    outside = (table < ranges["low"] - slack) | (table > ranges["high"] + slack) | table.isna()
    for name in outside.columns[outside.any()]:
        value = table.loc[outside[name], name].iloc[0]
        raise RecordError(f"{file}: {name}: {value:g} lies outside its range; {again}")
    table.attrs = dict(line.split(": ", 1) for line in head if ": " in line)
    return table[list(ranges.index)].clip(ranges["low"], ranges["high"], axis="columns")


def save_members(
    members: pandas.DataFrame, place: PlaceLike, output: str | os.PathLike[str] | None = None, *, write: bool = False
) -> list[Path]:
    """Save members, with what made them above the table.

    Parameters
    ----------
    output : a ``.csv`` file, or none.
    write : whether to put them into the package, as the place's ensemble.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    OutputError
        If a file cannot be written; none is then.
    """
    from pathlib import Path

    targets = [Path(output)] if output is not None else []
    if write:
        targets.append(check_folder(DATA / FOLDER) / f"{Path(Place.load(place).name).stem}.csv")
    head = "".join(f"# {key}: {value}\n" for key, value in members.attrs.items())
    text = head + members.to_csv(index_label="member", lineterminator="\n", float_format="%.10g")
    write_together({target: text for target in targets})
    return targets
