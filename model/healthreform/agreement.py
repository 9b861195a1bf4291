"""How well a simulated series agrees with an observed one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

MEASURES = ("mape", "r2", "theil_u", "bias", "variance", "covariance")


def agreement(simulated: ArrayLike, observed: ArrayLike) -> dict[str, float]:
    """Measures of agreement between two series of the same length.

    Parameters
    ----------
    simulated, observed : shape (n,), in the same unit.

    Returns
    -------
    dict
        mape: mean absolute error as a share of what was observed, over the values that are not zero.
        r2: coefficient of determination, 1 less the squared error over the squared distance from the observed mean;
        negative where the mean would do better, NaN where nothing varies.
        theil_u: Theil's inequality coefficient in its first form, U1 = rms(s - o) / (rms(s) + rms(o)), from 0 to 1
        (Theil 1958, Economic Forecasts and Policy, p. 31-42). His second form, U2, compares with a forecast of no
        change from the year before, which a run of many years from one start does not have at hand.
        bias, variance, covariance: what the mean squared error is made of, as shares that add up to 1 (Theil 1966,
        Applied Economic Forecasting, chapter 2; Sterman 1984, Dynamica 10:51): unequal means, (mean(s) - mean(o))^2;
        unequal spread, (sd(s) - sd(o))^2; and what does not go together, 2 (sd(s) sd(o) - cov(s, o)). NaN where there
        is no error to divide.
    """
    s, o = np.asarray(simulated, dtype=float), np.asarray(observed, dtype=float)
    nonzero = o != 0
    square = float(np.mean((s - o) ** 2))
    spread = float(np.mean((o - o.mean()) ** 2))
    sizes = float(np.sqrt(np.mean(s**2)) + np.sqrt(np.mean(o**2)))
    together = float(np.mean((s - s.mean()) * (o - o.mean())))
    parts = (
        float(s.mean() - o.mean()) ** 2,
        float(s.std() - o.std()) ** 2,
        2 * (float(s.std() * o.std()) - together),
    )
    return {
        "mape": float(np.mean(np.abs(s - o)[nonzero] / np.abs(o[nonzero]))) if nonzero.any() else np.nan,
        "r2": 1 - square / spread if spread > 0 else np.nan,
        "theil_u": float(np.sqrt(square)) / sizes if sizes > 0 else np.nan,
        **{
            name: part / square if square > 0 else np.nan
            for name, part in zip(("bias", "variance", "covariance"), parts, strict=True)
        },
    }
