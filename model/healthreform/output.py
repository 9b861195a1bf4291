"""Results on disk: NetCDF or CSV, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from errno import ENAMETOOLONG
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .endings import end_if_told, held_back
from .netcdf_files import NotStorableError, write_netcdf
from .stockflow.errors import RecordError, StockflowError

if TYPE_CHECKING:
    import pandas
    import xarray

#: What a result can be saved as, by the ending of the file's name.
ENDINGS = (".nc", ".csv")
#: Attributes that are written at the top of a CSV file.
_HEAD = ("title", "place", "scenario", "changes", "start", "stop", "step", "method", "ramp", "equations", "versions")


class OutputError(StockflowError):
    """A result cannot be written where it should be, or is no result."""


def check_target(path: str | os.PathLike[str], endings: tuple[str, ...] = ENDINGS) -> Path:
    """A path that a result can be written to; looked at before a long run, so that none is lost, and nothing is left.

    Parameters
    ----------
    endings : what the file's name may end in.

    Raises
    ------
    OutputError
        If the ending is unknown, the path cannot be one, or the folder cannot be made or written.
    """
    target = Path(path)
    if target.suffix not in endings:
        raise OutputError(f"{target}: the ending says what to write; use {' or '.join(endings)}")
    _check_path(target)
    try:
        folder = target.is_dir()
    except OSError as error:  # such as a name that is too long
        raise OutputError(f"{target}: it cannot be written ({error.strerror})") from None
    if folder:
        raise OutputError(f"{target}: it is a folder; give the name of a file")
    _try_out(_part_of(target))
    return target


def check_not_read(path: str | os.PathLike[str], read: Iterable[Path]) -> None:
    """Refuse to write over a file that is read for what is to be written; other names of the same file count too.

    Raises
    ------
    OutputError
        If it is one of these.
    """
    for file in read:
        with suppress(OSError, ValueError):
            if os.path.samefile(path, file):
                raise OutputError(f"{path}: it is read for this ({file}), and would be lost; save under another name")


def check_folder(path: str | os.PathLike[str]) -> Path:
    """A folder that files can be written to, or that can be made; looked at before a long run, and nothing is left.

    Raises
    ------
    OutputError
        If it cannot be made or written.
    """
    folder = Path(path)
    _try_out(folder / f".{os.getpid()}.part")
    return folder


@contextmanager
def folder_made(folder: Path, *, passing: bool = False) -> Iterator[None]:
    """A folder that is there inside, made with those above it if need be.

    What was made goes again if what is done inside fails, or, in ``passing``, in any case; it stays if something is
    in it.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    _check_path(folder)
    missing = [each for each in (folder, *folder.parents) if not os.path.lexists(each)]
    done = False
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: the folder cannot be made ({error.strerror})") from None
        yield
        done = not passing
    finally:
        if not done:
            with held_back():
                _remove_empty(missing)


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:  # the deepest first
        with suppress(OSError):
            folder.rmdir()


def _try_out(part: Path) -> None:
    """Make a file and remove it: rights alone do not tell whether a folder takes one."""
    with folder_made(part.parent, passing=True), held_back():
        _touch(part)


def _touch(part: Path) -> None:
    try:
        part.touch()
        part.unlink()
    except OSError as error:
        if error.errno == ENAMETOOLONG:
            raise OutputError(f"{part.name}: it cannot be written ({error.strerror}); give a shorter name") from None
        raise OutputError(
            f"{part.parent}: the folder cannot be written; choose another ({os.strerror(error.errno or 0)})"
        ) from None


def _part_of(target: Path) -> Path:
    """The name under which a file is written until it is complete."""
    return target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")


def _check_path(path: Path) -> None:
    if "\0" in str(path):
        raise OutputError(f"{str(path)!r}: it cannot be written (a path holds no NUL)")


def write_together(texts: Mapping[Path, str]) -> None:
    """Write several text files, all of them or none: what goes wrong on the way leaves every file as it was.

    Raises
    ------
    OutputError
        Naming the file that cannot be written.
    """
    with ExitStack() as folders:
        for folder in dict.fromkeys(target.parent for target in texts):
            folders.enter_context(folder_made(folder))
        _write_together(texts)


def _write_together(texts: Mapping[Path, str]) -> None:
    before = {target: target.read_bytes() if target.exists() else None for target in texts}
    parts = {target: _part_of(target) for target in texts}
    put: list[Path] = []
    target = Path()
    try:
        for target, text in texts.items():
            parts[target].write_text(text, encoding="utf-8", newline="\n")
        end_if_told()
        for target, part in parts.items():
            put.append(target)
            os.replace(part, target)
    except BaseException as error:
        with held_back():
            for each in put:
                _put_back(each, before[each])
        _remove(*parts.values())
        if isinstance(error, OSError):
            raise OutputError(f"{target}: it cannot be written ({error.strerror or _first_line(error)})") from None
        raise


def _put_back(target: Path, content: bytes | None) -> None:
    if content is None:
        _remove(target)
    elif target.read_bytes() != content:
        target.write_bytes(content)


def save(result: xarray.Dataset, path: str | os.PathLike[str]) -> Path:
    """Save a result.

    The file appears when it is complete: whatever happens on the way, no half of it is left.

    Parameters
    ----------
    result : of ``simulate``, ``sweep`` or ``history``.
    path : ends in ``.nc`` (NetCDF: everything, with units and what made it) or ``.csv`` (a table: a row for each time,
        or place, run and time, a column for each variable or ``name[element]``; lines with ``#`` above it say what made
        it and give the units).

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    return _save([result], path, growing=False)


def check_table_target(path: str | os.PathLike[str]) -> Path:
    """As ``check_target``, for a table, which is saved as ``.csv`` only."""
    if Path(path).suffix != ".csv":
        raise OutputError(f"{path}: the ending says what to write; a table is saved as .csv")
    return check_target(path)


def save_table(table: pandas.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Save a table with its index as CSV, whole or not at all.

    Raises
    ------
    OutputError
        If the ending is another, or it cannot be written.
    """
    target = check_table_target(path)
    with _aside(target) as temporary:
        table.to_csv(temporary, lineterminator="\n")
    return target


def save_in_parts(parts: Iterable[xarray.Dataset], path: str | os.PathLike[str]) -> Path:
    """Save a result that comes in parts, as from ``sweep_in_chunks``: memory stays flat.

    Parameters
    ----------
    parts : results with the same variables, one after the other along the dimension ``run``.
    path : as for ``save``.
    """
    return _save(parts, path, growing=True)


def _save(parts: Iterable[xarray.Dataset], path: str | os.PathLike[str], *, growing: bool) -> Path:
    target = check_target(path)
    with _aside(target) as temporary:
        if target.suffix == ".nc":
            write_netcdf(parts, temporary, growing=growing)
        else:
            _write_csv(parts, temporary)
    return target


def load(path: str | os.PathLike[str]) -> xarray.Dataset:
    """A result saved as NetCDF, read whole.

    Raises
    ------
    OutputError
        If there is no such file, or it is none of these.
    """
    import xarray

    try:
        with xarray.open_dataset(path, engine="h5netcdf") as found:
            return found.load()
    except FileNotFoundError:
        raise OutputError(f"{path}: there is no such file") from None
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(f"{path}: it cannot be read as NetCDF ({_first_line(error)})") from None


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A name to write under; renamed when all is written, removed when not, with the folders made for it."""
    temporary = _part_of(target)
    with folder_made(target.parent):
        try:
            yield temporary
            end_if_told()
            os.replace(temporary, target)
        except OSError as error:
            # Not the error's own text, in which the HDF5 library tells of itself.
            reason = os.strerror(error.errno) if error.errno else "the file cannot be made or filled"
            raise OutputError(f"{target}: it cannot be written ({reason})") from None
        except (NotStorableError, UnicodeError) as error:
            raise OutputError(f"{target}: a {target.suffix} file cannot hold it ({_first_line(error)})") from None
        finally:
            _remove(temporary)


def _remove(*files: Path) -> None:
    with held_back():
        for file in files:
            with suppress(OSError):
                file.unlink(missing_ok=True)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


# ------------------------------------------------------------------------------------------------------------- CSV


def _write_csv(parts: Iterable[xarray.Dataset], file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        begun = False
        for part in parts:
            table, units = to_table(part)
            if not begun:
                for key in _HEAD:
                    if key in part.attrs:
                        lines.write(f"# {key}: {' '.join(str(part.attrs[key]).splitlines())}\n")
                lines.write("# units: " + ",".join(units) + "\n")
            table.to_csv(lines, index=False, header=not begun, lineterminator="\n")
            begun = True
    if not begun:
        raise RecordError("there is nothing to save")


def to_table(result: xarray.Dataset) -> tuple[pandas.DataFrame, list[str]]:
    """A result as a table, and the unit of each column.

    Columns are ``place`` and ``run`` if there are several, ``time``, then every variable or ``name[element]``; what
    holds for a whole run stands in each of its rows.
    """
    import pandas

    lead = [dimension for dimension in ("place", "run", "time") if dimension in result.dims]
    sizes = [result.sizes[dimension] for dimension in lead]
    columns: dict[str, Any] = {}
    units: list[str] = []
    for place, dimension in enumerate(lead):
        shape = [-1 if place == i else 1 for i in range(len(lead))]
        columns[dimension] = np.broadcast_to(result[dimension].values.reshape(shape), sizes).ravel()
        units.append("year" if dimension == "time" else "")
    for name, variable in result.data_vars.items():
        rest = [str(dimension) for dimension in variable.dims if dimension not in lead]
        spread = variable.expand_dims({d: result[d] for d in lead if d not in variable.dims}).transpose(*lead, *rest)
        block = spread.values.reshape(int(np.prod(sizes)), -1)
        for index, elements in enumerate(product(*(result[d].values for d in rest))):
            label = f"{name}[{','.join(str(element) for element in elements)}]" if rest else str(name)
            columns[label] = block[:, index]
            units.append(str(variable.attrs.get("units", "")))
    return pandas.DataFrame(columns), units
