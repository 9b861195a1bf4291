"""How a command ends when it is told to stop, or when nobody takes what it prints: one line at most, nothing left over.

Needs only what Python brings, so that it can be there before anything that takes long to import.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

#: Exit code after an error of one line, or an interrupt.
WRONG = 2
#: Exit code where the reader of what is printed has gone: what a shell reports of other tools then.
READER_GONE = 141
#: What a terminal or a system sends to end a process; those that this system has.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
#: A second signal within this many seconds is the same wish; what is being tidied up then is tidied to the end.
_SAME_WISH = 1.0


def end_at_once(line: str) -> None:
    """From here on a signal ends the process with a line and exit code 2; for imports, before anything is made."""

    def end(number: int, frame: object) -> None:
        with suppress(OSError):
            os.write(2, f"{line}\n".encode())
        os._exit(WRONG)

    end.at_once = True  # type: ignore[attr-defined]
    _install(end)


@contextmanager
def signals_heard() -> Iterator[None]:
    """Inside, every signal to end raises KeyboardInterrupt, as an interrupt from the keyboard does.

    After ``end_at_once`` they are ignored on leaving: the work is done then, and its exit code stands.
    """
    last = -_SAME_WISH

    def hear(number: int, frame: object) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        if last - before >= _SAME_WISH:
            raise KeyboardInterrupt

    found = _install(hear)
    try:
        yield
    finally:
        for number, handler in found.items():
            signal.signal(number, signal.SIG_IGN if hasattr(handler, "at_once") else handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Inside, signals to end wait: for libraries that cannot bear an exception, and for steps that belong together."""
    waiting: list[int] = []
    found = _install(lambda number, frame: waiting.append(number), only_heard=True)
    try:
        yield
    finally:
        for number, handler in found.items():
            signal.signal(number, handler)
        if waiting:
            found[waiting[0]](waiting[0], None)


def _install(handler: Any, *, only_heard: bool = False) -> dict[int, Any]:
    """Put a handler in the place of those there are, which are returned; signals that are ignored stay ignored."""
    found: dict[int, Any] = {}
    if threading.current_thread() is not threading.main_thread():
        return found  # signals are the business of the main thread
    for name in _NAMES:
        number = getattr(signal, name, None)
        now = None if number is None else signal.getsignal(number)
        if number is not None and (callable(now) or (now == signal.SIG_DFL and not only_heard)):
            found[number] = now
            signal.signal(number, handler)
    return found


def run_to_end(work: Callable[[], int], interrupted: Callable[[], str], tell: Callable[[str], object]) -> int:
    """Do the work of a command and print what is still to be printed; returns the exit code.

    Parameters
    ----------
    work : returns an exit code.
    interrupted : the line after an interrupt.
    tell : prints a line of error.

    Notes
    -----
    Where the reader of standard output has gone, as ``head`` has after its lines, the command ends quietly, as others
    do. rich and typer exit by themselves then, which is why an exit out of the work means just that.
    """
    with signals_heard():
        try:
            code = work()
            sys.stdout.flush()
        except KeyboardInterrupt:
            _install(signal.SIG_IGN)
            return _told(interrupted(), tell)
        except (BrokenPipeError, SystemExit):
            _print_no_more()
            return READER_GONE
        except OSError as error:
            if error.filename is not None:
                raise
            _print_no_more()
            return _told(f"what is printed cannot be written ({error.strerror or error})", tell)
        return code


def _told(line: str, tell: Callable[[str], object]) -> int:
    with suppress(OSError):
        tell(line)
    return WRONG


def _print_no_more() -> None:
    """Let what standard output still holds go nowhere, so that Python does not try again at its end."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
