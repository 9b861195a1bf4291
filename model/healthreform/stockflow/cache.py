"""Object code kept on disk, so that a model compiles once on a machine.

A file is believed only if its length, key and checksum are right; anything else is compiled anew.  A folder that
cannot be read or written costs time, nothing more.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sys
import tempfile
from pathlib import Path as FilePath

MAGIC = b"healthreform object 1\n"
VARIABLE = "HEALTHREFORM_CACHE"


def cache_folder() -> FilePath:
    """Where object code is kept: ``HEALTHREFORM_CACHE`` if set, else the platform's folder for caches."""
    if os.environ.get(VARIABLE):
        return FilePath(os.environ[VARIABLE])
    home = FilePath(os.path.expanduser("~"))
    if sys.platform == "win32":
        return FilePath(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "healthreform" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "healthreform"
    return FilePath(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "healthreform"


@functools.cache
def engine_version() -> str:
    """Hash of the source files of engine and language: changed ones never meet the code of older ones."""
    digest = hashlib.sha256()
    for file in sorted(FilePath(__file__).parent.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def make_key(*parts: str) -> str:
    """One hash of everything object code depends on."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()


def load(key: str) -> bytes | None:
    """Object code kept under a key, or None if there is none that can be trusted."""
    try:
        content = _file(key).read_bytes()
    except OSError:
        return None
    head = _head(key)
    if not content.startswith(head):
        return None
    checksum, code = content[len(head) : len(head) + 32], content[len(head) + 32 :]
    return code if hashlib.sha256(head + code).digest() == checksum else None


def save(key: str, code: bytes) -> None:
    """Keep object code; written aside and renamed, so that a reader never sees half a file."""
    head = _head(key)
    target = _file(key)
    temporary = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.stem, suffix=".part")
        with os.fdopen(descriptor, "wb") as file:
            file.write(head + hashlib.sha256(head + code).digest() + code)
        os.replace(temporary, target)
    except OSError:
        _discard(temporary)
    except BaseException:
        _discard(temporary)
        raise


def _discard(temporary: str) -> None:
    if temporary:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _head(key: str) -> bytes:
    return MAGIC + key.encode() + b"\n"


def _file(key: str) -> FilePath:
    return cache_folder() / "objects" / f"{key}.o"
