"""NetCDF on a disk that takes no more: an error like any other, and the library never learns of it."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray

import healthreform as hr
from healthreform.netcdf_files import PatientFile, write_netcdf

ROOT = Path(__file__).resolve().parent.parent
LIMITED = """
import resource, sys
import numpy as np, xarray
import healthreform as hr
from healthreform.netcdf_files import write_netcdf

def part(first):
    labels = np.array([f"run {first + i}" for i in range(50)])
    return xarray.Dataset({"x": (("run", "time"), np.random.rand(50, 40)), "failure": ("run", labels)}, {"run": labels})

whole = xarray.concat([part(0), part(50)], "run")
told = 0
for limit in range(0, 60_000, 3_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for save in (lambda: hr.save(whole, "x.nc"), lambda: hr.save_in_parts((part(50 * i) for i in range(9)), "x.nc")):
        try:
            save()
        except hr.OutputError as error:
            assert str(error) == "x.nc: it cannot be written (File too large)", error
            told += 1
print(told)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="files cannot be limited in size")
def test_a_file_that_may_not_grow_is_an_error_and_no_crash(tmp_path):
    path = os.pathsep.join(filter(None, [str(ROOT / "model"), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) >= 30
    assert [name for name in os.listdir(tmp_path) if name != "x.nc"] == []


def test_whatever_the_disk_refuses_is_read_back_and_told_afterwards(tmp_path):
    random = np.random.default_rng(5)
    file, twin = PatientFile(tmp_path / "file"), io.BytesIO()
    disk = file._file

    class Full:
        def __getattr__(self, name):
            return getattr(disk, name)

        def write(self, data):
            if disk.tell() + len(data) > 3000:
                room = max(0, 3000 - disk.tell())
                if not room:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return disk.write(data[:room])
            return disk.write(data)

    file._file = Full()
    for _ in range(400):
        place, data = int(random.integers(0, 6000)), random.bytes(int(random.integers(1, 300)))
        for one in (file, twin):
            one.seek(place)
            one.write(data)
        place, size = int(random.integers(0, 7000)), int(random.integers(1, 900))
        file.seek(place), twin.seek(place)
        assert file.read(size) == twin.read(size)
    assert file.seek(0, os.SEEK_END) == twin.seek(0, os.SEEK_END)
    file.seek(0), twin.seek(0)
    assert file.read() == twin.read()
    with pytest.raises(OSError, match="No space left"):
        file.check()
    file.close()


def test_parts_are_written_as_the_whole_would_be(tmp_path):
    whole = hr.sweep(
        "china", "baseline", pd.DataFrame({"inducement_limit": np.linspace(1.12, 1.2, 9)}), keep=["mean_pay"], stop=2012
    )
    for name, parts in {"one": [whole], "three": [whole.isel(run=slice(i, i + 3)) for i in (0, 3, 6)]}.items():
        write_netcdf(parts, tmp_path / name, growing=name == "three")
        xarray.testing.assert_identical(hr.load(tmp_path / name), whole)
    whole.to_netcdf(tmp_path / "plain", engine="h5netcdf")
    xarray.testing.assert_identical(hr.load(tmp_path / "plain"), hr.load(tmp_path / "one"))


@pytest.mark.parametrize("content", [{"title": "a\0b"}, {"title": object()}])
@pytest.mark.parametrize("old", [False, True])
def test_what_netcdf_cannot_hold_is_one_line_and_leaves_nothing(tmp_path, content, old):
    if old:
        (tmp_path / "x.nc").write_text("old")
    result = xarray.Dataset({"x": ("time", [1.0])}, attrs=content)
    with pytest.raises(hr.OutputError, match=r"x\.nc: a \.nc file cannot hold it") as caught:
        hr.save(result, tmp_path / "x.nc")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    assert os.listdir(tmp_path) == (["x.nc"] if old else [])


def test_labels_that_netcdf_cannot_hold_are_one_line(tmp_path):
    def runs(labels):
        return xarray.Dataset({"x": ("run", [1.0, 2.0])}, {"run": np.array(labels)})

    with pytest.raises(hr.OutputError, match="cannot hold it"):
        hr.save_in_parts([runs(["a", "b"]), runs(["c", "d\0e"])], tmp_path / "x.nc")
    assert os.listdir(tmp_path) == []
