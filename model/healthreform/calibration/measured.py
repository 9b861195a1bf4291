"""Measured effects beside history: how far outside its accepted range each replayed effect lies, many runs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..evidence_files import check_names, shipped_groups
from ..evidence_records import Record
from ..place import Place
from ..replaying import Experiments

Numbers = NDArray[np.float64]

#: An effect this part of its range's width inside is well inside; nearer to an end it counts a little.
MARGIN = 0.1
#: What counts for an effect whose run failed, in half widths of its range.
FAILED = 5.0


@dataclass(frozen=True)
class Measured:
    """The effects that count as evidence.

    Attributes
    ----------
    weight : of an effect that lies half the width of its range outside.
    """

    experiments: Experiments
    records: tuple[Record, ...]
    weight: float
    threads: int

    @classmethod
    def of(cls, place: Place, weight: float, threads: int) -> Measured:
        """All effects that the package ships."""
        records = [record for group in shipped_groups() for record in group.records if record.kind == "effect"]
        check_names(records, place.model)
        return cls(Experiments.of(place, records), tuple(records), weight, threads)

    def errors(self, names: Sequence[str], values: Numbers) -> Numbers:
        """Weighted distances from the ranges with some values, shape (runs, parameters); shape (runs, effects)."""
        import pandas

        twins = self.experiments.replay(pandas.DataFrame(values, columns=list(names)), self.threads)
        found = [outside(twins.effect(record)[1:], record.low, record.high) for record in self.records]
        return self.weight * np.stack(found, axis=1)


def outside(effect: Numbers, low: float, high: float) -> Numbers:
    """How far an effect lies outside its range, in half widths of it; nought inside, less a margin at either end."""
    half = (high - low) / 2
    margin = 2 * MARGIN * half
    away = np.maximum(effect - (high - margin), 0.0) - np.maximum(low + margin - effect, 0.0)
    return np.where(np.isfinite(effect), away / half, FAILED)
