"""How a command ends when it is told to stop, or when nobody takes what it prints: one line at most, nothing left over.

A signal raises KeyboardInterrupt wherever the command is just then. Where that is a finalizer or a callback out of C,
Python reports the exception and goes on; the signal is kept then, and long loops ask for it by ``end_if_told``.

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


class _Interrupted(KeyboardInterrupt):
    """What a signal raises, told from other interrupts where Python says that it went nowhere."""


class _Heard:
    """What the main thread knows of signals.

    Attributes
    ----------
    lost : whether one raised an exception that went nowhere, and nobody has asked since.
    inside : how many ``signals_heard`` there are, one in the other.
    held : how many ``held_back`` there are, one in the other.
    """

    lost = False
    inside = 0
    held = 0


_heard = _Heard()


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

    One that goes nowhere is raised again by the next ``end_if_told``. After ``end_at_once`` they are ignored on
    leaving: the work is done then, and its exit code stands.
    """
    if not _in_main_thread():
        yield
        return
    last = -_SAME_WISH

    def hear(number: int, frame: object) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        if last - before >= _SAME_WISH:
            _heard.lost = False
            raise _Interrupted

    found = _install(hear)
    try:
        with _losses_kept():
            yield
    finally:
        for number, handler in found.items():
            signal.signal(number, signal.SIG_IGN if hasattr(handler, "at_once") else handler)


@contextmanager
def _losses_kept() -> Iterator[None]:
    """Inside, an interrupt that Python would report and forget is kept, and not reported: it is no error."""
    report = sys.unraisablehook

    def keep(ignored: sys.UnraisableHookArgs) -> None:
        if isinstance(ignored.exc_value, _Interrupted):
            _heard.lost = True
        else:
            report(ignored)

    sys.unraisablehook = keep
    _heard.inside += 1
    try:
        yield
    finally:
        _heard.inside -= 1
        if not _heard.inside:
            _heard.lost = False
        if sys.unraisablehook is keep:
            sys.unraisablehook = report


def end_if_told() -> None:
    """Raise KeyboardInterrupt if a signal's own went nowhere; long loops call it in each turn.

    Once for a signal, and never for one whose exception came through. Outside ``signals_heard``, inside ``held_back``
    and in other threads it does nothing.
    """
    if _heard.lost and not _heard.held and _in_main_thread():
        _heard.lost = False
        raise _Interrupted


@contextmanager
def held_back() -> Iterator[None]:
    """Inside, signals to end wait: for libraries that cannot bear an exception, and for steps that belong together."""
    if not _in_main_thread():
        yield
        return
    waiting: list[int] = []
    found = _install(lambda number, frame: waiting.append(number), only_heard=True)
    _heard.held += 1
    try:
        yield
    finally:
        _heard.held -= 1
        for number, handler in found.items():
            signal.signal(number, handler)
        if waiting:
            found[waiting[0]](waiting[0], None)


def _in_main_thread() -> bool:
    """Signals are its business alone."""
    return threading.current_thread() is threading.main_thread()


def _install(handler: Any, *, only_heard: bool = False) -> dict[int, Any]:
    """Put a handler in the place of those there are, which are returned; signals that are ignored stay ignored."""
    found: dict[int, Any] = {}
    if not _in_main_thread():
        return found
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
