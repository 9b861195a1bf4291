"""What all tests share: reproducible examples, no windows, one cache of compiled models, and the command line."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("healthreform", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("healthreform")

# Worker processes of a parallel session inherit these from the process that starts them.
os.environ["MPLBACKEND"] = "Agg"


def pytest_configure(config: pytest.Config) -> None:
    """Give the session a cache folder of its own, so that no test meets what an earlier session left.

    And let interrupts be heard, which a shell has ignored by what it starts in the background.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        os.environ["HEALTHREFORM_CACHE"] = tempfile.mkdtemp(prefix="healthreform-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the session's cache."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop("HEALTHREFORM_CACHE", ""), ignore_errors=True)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process, on a terminal so wide: exit code, output, errors."""
    from healthreform import cli

    def call(*arguments: object, columns: int = 80) -> tuple[int, str, str]:
        monkeypatch.setattr(cli.OUT, "_width", columns)
        monkeypatch.setattr(sys, "argv", ["healthreform", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return call
