"""NetCDF files, written so that a full disk is an error like any other."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .endings import held_back
from .stockflow.errors import RecordError

if TYPE_CHECKING:
    import xarray


class NotStorableError(Exception):
    """Something that a file of this kind cannot hold; the message is one line."""


class PatientFile:
    """A new file for a library that cannot bear a write that fails, as HDF5 cannot: it crashes the process later.

    What the disk refuses is kept in memory, where the library finds it again; the error is raised by ``check``, which
    is to be called after each portion, so that no more than one of them is ever kept.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)
        self._place = self._size = 0
        self._kept: list[tuple[int, bytes]] = []
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the error of the first write that failed."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Close it.

        Raises
        ------
        OSError
            If the system says only now that something was not written.
        """
        self._file.close()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, and say where it is."""
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        """The place."""
        return self._place

    def write(self, data: Any) -> int:
        """Write everything, on the disk or else in memory."""
        left = memoryview(data).cast("B")
        wanted = len(left)
        while left and self._error is None:
            try:
                self._file.seek(self._place)
                written = self._file.write(left)
            except OSError as error:
                self._error = error
            else:
                self._place += written
                left = left[written:]
        if left:
            self._kept.append((self._place, bytes(left)))
            self._place += len(left)
        self._size = max(self._size, self._place)
        return wanted

    def readinto(self, buffer: Any) -> int:
        """Read what was written, from wherever it is."""
        wanted = memoryview(buffer).cast("B")
        count = max(0, min(len(wanted), self._size - self._place))
        self._file.seek(self._place)
        content = bytearray(count)
        on_disk = self._file.read(count) or b""
        content[: len(on_disk)] = on_disk
        for place, data in self._kept:
            begin, end = max(place, self._place), min(place + len(data), self._place + count)
            if begin < end:
                content[begin - self._place : end - self._place] = data[begin - place : end - place]
        wanted[:count] = content
        self._place += count
        return count

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or all there are."""
        content = bytearray(max(0, self._size - self._place) if size < 0 else size)
        return bytes(content[: self.readinto(content)])

    def truncate(self, size: int | None = None) -> int:
        """Cut it, or let it grow by nothing but zeros."""
        self._size = self._place if size is None else size
        try:
            self._file.truncate(self._size)
        except OSError as error:
            self._error = self._error or error
        return self._size

    def flush(self) -> None:
        """Nothing waits here."""


def write_netcdf(parts: Iterable[xarray.Dataset], path: Path, *, growing: bool) -> None:
    """Write results with the same variables, one after the other along the dimension ``run``.

    Runs that come in parts need a dimension that grows; it makes reading slower, so a whole result has none.

    Raises
    ------
    OSError
        If the disk does not take it.
    NotStorableError
        If NetCDF cannot hold what is in it.
    RecordError
        If there are no parts.
    """
    written = 0
    file = PatientFile(path)
    try:
        for part in parts:
            with held_back():  # an interrupt inside the library would be a failed write
                _put(part, file, written, ["run"] if growing and "run" in part.dims else [])
            file.check()
            written += part.sizes.get("run", 1)
    finally:
        file.close()
    if not written:
        raise RecordError("there is nothing to save")


def _put(part: xarray.Dataset, file: PatientFile, written: int, unlimited: list[str]) -> None:
    try:
        if written:
            _append(part, file, written)
        else:
            _begin(part, file, unlimited)
    except (ValueError, TypeError) as error:
        raise NotStorableError(str(error).partition("\n")[0]) from None


def _begin(part: xarray.Dataset, file: PatientFile, unlimited: list[str]) -> None:
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    with h5netcdf.File(file, "w") as stored:
        part.compute().dump_to_store(H5NetCDFStore(stored), unlimited_dims=unlimited)


def _append(part: xarray.Dataset, file: PatientFile, written: int) -> None:
    import h5netcdf

    with h5netcdf.File(file, "r+") as stored:
        stored.resize_dimension("run", written + part.sizes["run"])
        for name, values in {**part.coords, **part.data_vars}.items():
            if "run" in values.dims:
                place: list[Any] = [slice(None)] * values.ndim
                place[values.dims.index("run")] = slice(written, None)
                data = values.values.astype(object) if values.dtype.kind == "U" else values.values
                stored.variables[str(name)][tuple(place)] = data
