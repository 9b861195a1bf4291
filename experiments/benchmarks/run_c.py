"""The equations printed as C, compiled with gcc and run."""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path as FilePath

import numpy as np
from print_c import export_c

from healthreform.stockflow.flat import FlatModel
from healthreform.stockflow.inputs import RunInputs

SCALAR_FLAGS = ("-O3", "-march=native", "-ffast-math")
VECTOR_FLAGS = ("-O3", "-march=native", "-ffp-contract=off")


def gcc() -> str | None:
    """Path of gcc, if there is one."""
    return shutil.which("gcc")


class CompiledC:
    """A model compiled by gcc."""

    def __init__(self, flat: FlatModel, keep: tuple[str, ...], method: str = "rk4", *, vector: bool) -> None:
        self.keep = keep
        text = export_c(flat, keep, method, vector=vector)
        folder = FilePath(tempfile.gettempdir()) / "healthreform-benchmark"
        folder.mkdir(exist_ok=True)
        stem = folder / hashlib.sha256(text.encode()).hexdigest()[:24]
        library = stem.with_suffix(".so")
        if not library.exists():
            stem.with_suffix(".c").write_text(text)
            flags = VECTOR_FLAGS if vector else SCALAR_FLAGS
            compiler = gcc() or "gcc"
            # Linked without -ffast-math, which would switch subnormal numbers off for the whole process.
            subprocess.run([compiler, *flags, "-fPIC", "-c", f"{stem}.c", "-o", f"{stem}.o"], check=True)
            subprocess.run([compiler, "-shared", f"{stem}.o", "-o", str(library), "-lm"], check=True)
        self._run = ctypes.CDLL(str(library)).run

    def run(self, inputs: RunInputs, start: int, stop: int, steps: int) -> np.ndarray:
        """Kept values, shape (runs, years, kept)."""
        years = stop + 1 - start
        out = np.empty((inputs.runs, years, len(self.keep)))
        paths, records = inputs.paths, inputs.paths.on_grid(start, stop, steps)
        arrays = [inputs.base, inputs.index, inputs.matrix, records, paths.shared, paths.column, paths.first]
        kept = [np.ascontiguousarray(array) for array in arrays]
        base, index, matrix, records, shared, column, first = (ctypes.c_void_p(array.ctypes.data) for array in kept)
        number = ctypes.c_long
        self._run(
            number(0),
            number(inputs.runs),
            ctypes.c_double(start),
            number(steps),
            number(years),
            base,
            number(len(inputs.index)),
            index,
            matrix,
            records,
            shared,
            column,
            number(paths.first.shape[1]),
            first,
            ctypes.c_void_p(out.ctypes.data),
        )
        return out
