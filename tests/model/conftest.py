"""Runs that many tests of the model read."""

from __future__ import annotations

import model_runs
import pytest


@pytest.fixture(scope="session")
def baseline() -> model_runs.Runs:
    """The baseline, by years."""
    return model_runs.run()


@pytest.fixture(scope="session")
def first_year() -> model_runs.Runs:
    """The first year of the baseline, step by step: its first row is the start itself."""
    return model_runs.run(last=2010, every_step=True)
