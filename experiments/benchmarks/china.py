"""The model of China for `engines.py`: its flat equations and the values of its inputs under the baseline."""

from __future__ import annotations

from healthreform.engine_use import base_values
from healthreform.setting import Setting
from healthreform.stockflow.flat import FlatModel
from healthreform.stockflow.paths import Path


def model() -> tuple[FlatModel, dict[str, float | Path]]:
    """The flat model and one value for each of its inputs."""
    setting = Setting.read("china", "baseline", None, start=None, stop=2040, step=1 / 16, method="rk4")
    return setting.model.flat, base_values(setting.model, setting.records)
