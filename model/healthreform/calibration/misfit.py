"""How far runs are from what was observed, many runs at once, and how that changes with every free parameter."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..endings import end_if_told
from ..engine_use import base_values, compiled_model
from ..setting import Setting
from ..stockflow.inputs import RunInputs, make_inputs
from .compared import Series
from .free import MIDDLE, Free
from .measured import Measured

if TYPE_CHECKING:
    from ..stockflow.kernel import Compiled

Numbers = NDArray[np.float64]

#: Step of a difference quotient, as a part of a parameter's range.
STEP_IN_RANGE = 1e-4


@dataclass(frozen=True)
class Misfit:
    """The problem of least squares: weighted errors of a setting's runs against some series and effects, and the prior.

    ``inputs`` is a batch of one run, and ``order`` says which free parameter each of its columns is.

    Positions say where in its range each free parameter lies, from 0 to 1. A row of residuals holds the weighted errors
    series by series, then effect by effect, then each parameter's distance from the middle of its range in standard
    deviations, times ``prior``.
    """

    setting: Setting
    free: tuple[Free, ...]
    series: tuple[Series, ...]
    prior: float
    threads: int
    compiled: Compiled
    inputs: RunInputs
    order: NDArray[np.int64]
    measured: Measured | None = None

    @classmethod
    def of(
        cls,
        setting: Setting,
        free: list[Free],
        series: list[Series],
        prior: float,
        threads: int | None = None,
        evidence: float = 0.0,
    ) -> Misfit:
        """A problem with its compiled model at hand."""
        model = setting.model
        names = tuple(each.name for each in series)
        recorded = {each.name: [each.recorded] for each in free}
        inputs = make_inputs(model.flat, base_values(model, setting.records), recorded)
        used = threads or os.cpu_count() or 1
        places = {model.flat.parameters.index(each.name): place for place, each in enumerate(free)}
        return cls(
            setting,
            tuple(free),
            tuple(series),
            prior,
            used,
            compiled_model(model, names, setting.method, False),
            inputs,
            np.array([places[column] for column in inputs.index.tolist()]),
            Measured.of(setting.place, evidence, used) if evidence else None,
        )

    @property
    def facts(self) -> int:
        """How many observed values and effects count."""
        effects = len(self.measured.records) if self.measured else 0
        return sum(int(np.count_nonzero(each.weights)) for each in self.series) + effects

    @property
    def recorded(self) -> Numbers:
        """Positions of the recorded values, shape (parameters,)."""
        return np.array([each.position(each.recorded) for each in self.free])

    def values(self, positions: Numbers) -> Numbers:
        """Values of the free parameters at some positions; same shape, the last axis is the parameters."""
        columns = [each.value(positions[..., place]) for place, each in enumerate(self.free)]
        return np.stack(columns, axis=-1)

    def simulate(self, values: Numbers) -> dict[str, Numbers]:
        """Run with some values, shape (runs, parameters); by series, shape (runs, years of the series)."""
        setting, inputs = self.setting, self.inputs.with_matrix(values[:, self.order])
        years = (setting.first, setting.last)
        raw = self.compiled.run(inputs, *years, setting.step, self.threads, lambda finished: end_if_told())
        return {each.name: raw[each.name][:, each.years - setting.first] for each in self.series}

    def errors(self, positions: Numbers) -> Numbers:
        """Weighted errors of runs at some positions, shape (runs, values observed and effects)."""
        values = self.values(positions)
        simulated = self.simulate(values)
        parts = [each.errors(simulated[each.name]) for each in self.series]
        if self.measured:
            parts.append(self.measured.errors([each.name for each in self.free], values))
        return np.concatenate(parts, axis=1)

    def residuals(self, positions: Numbers) -> Numbers:
        """Weighted errors and the prior, shape (runs, values observed + parameters)."""
        return np.concatenate([self.errors(positions), self.prior_slopes * (positions - MIDDLE)], axis=1)

    @property
    def prior_slopes(self) -> Numbers:
        """How fast each residual of the prior grows with the position."""
        return np.array([self.prior / each.deviation for each in self.free])

    def jacobian(self, position: Numbers, *, central: bool = False) -> Numbers:
        """How errors change with each position, shape (values observed, parameters): all columns are one batch.

        Parameters
        ----------
        central : difference quotients to both sides, where the range allows; otherwise to the side with more room.
        """
        count = len(position)
        steps = np.eye(count) * STEP_IN_RANGE
        up = np.minimum(position + steps, 1.0)
        down = np.maximum(position - steps, 0.0)
        if not central:
            inward = (position > 0.5)[:, np.newaxis]
            up, down = np.where(inward, position, up), np.where(inward, down, position)
        widths = (np.diagonal(up) - np.diagonal(down))[np.newaxis]
        errors = self.errors(np.concatenate([up, down] if central else [np.where(inward, down, up), position[None]]))
        if central:
            above, below = errors[:count], errors[count:]
        else:
            above = np.where(inward, errors[-1], errors[:count])
            below = np.where(inward, errors[:count], errors[-1])
        return np.asarray((above - below).T / widths)
