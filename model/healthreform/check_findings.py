"""What a check of the model says: its verdict, and the finding that is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Verdict(NamedTuple):
    """What one check comes to.

    Attributes
    ----------
    told : the result in a line.
    failed : which of its claims fail, if it makes several.
    """

    passed: bool
    told: str
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    passed : false where something is wrong that nobody has accounted for.
    miss : whether it is a miss that is known and explained where the claim is written.
    failed : the claims that fail, if the check makes several.
    error : whether it was no claim that failed but the check itself, or a run of it, which no reason excuses.
    """

    name: str
    passed: bool
    result: str
    miss: bool = False
    failed: tuple[str, ...] = ()
    error: bool = False
