"""What can go wrong, always said in one line: where, what, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class StockflowError(Exception):
    """Base of every error that a user's equations, records or inputs can cause; its message is one line."""

    def __init__(self, message: object = "") -> None:
        super().__init__(" ".join(str(message).splitlines()))  # a file may hold names with line breaks in them


class ModelError(StockflowError):
    """An equation, an account or the way they fit together is wrong."""


class UnitError(ModelError):
    """Units do not fit."""


class RecordError(StockflowError):
    """A file of inputs, or a value given in its place, is wrong."""


class RunError(StockflowError):
    """A run cannot start, or went wrong on its way."""


class StepWarning(UserWarning):
    """A run went well, but a shorter step would move its numbers by more than passes."""


def nearest(name: object, valid: Iterable[str], *, several: int = 1) -> str:
    """The end of an error line that offers the nearest valid names, or nothing if none is near.

    Parameters
    ----------
    name : what was written.
    valid : what could have been written.
    several : how many names to offer at most.
    """
    found = difflib.get_close_matches(str(name), list(valid), n=several, cutoff=0.6)
    return f"; nearest valid name: {', '.join(found)}" if found else ""


def one_of(valid: Iterable[str]) -> str:
    """The names in a list, for an error line that has to show all there is."""
    return ", ".join(valid) or "none"
