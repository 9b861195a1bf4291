"""Run the code blocks of README.md, in order, and compare what they print with what the page says they print.

Every `python` block runs in one shared namespace. A `text` or `output` block that follows one with nothing but blank
lines between holds what it prints; `...` there stands for anything. Each fault is one line, `file:line: what is wrong`,
and the exit code is 1 if there is any.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})\s*(?P<language>[\w+-]*)")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, the line of its fence and the line after its end (counted from 1)."""

    language: str
    text: str
    line: int
    end: int


def read_blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a Markdown page; an unclosed one raises `ValueError`."""
    blocks = []
    lines = page.splitlines()
    number = 0
    while number < len(lines):
        opening = FENCE.match(lines[number])
        number += 1
        if not opening:
            continue
        first = number
        while number < len(lines) and lines[number].rstrip() != opening["fence"]:
            number += 1
        if number == len(lines):
            raise ValueError(f"{first}: this block is never closed")
        text = "".join(line + "\n" for line in lines[first:number])
        blocks.append(Block(opening["language"], text, first, number + 1))
        number += 1
    return blocks


def expected_output(block: Block, following: Block | None, page: str) -> Block | None:
    """Return the block that says what `block` prints, if one follows it directly."""
    if following is None or following.language not in ("text", "output"):
        return None
    between = page.splitlines()[block.end : following.line - 1]
    return None if any(line.strip() for line in between) else following


def run_block(block: Block, path: Path, namespace: dict[str, Any]) -> tuple[str, str | None]:
    """Run a block; return what it printed, and the fault as `line: message` or None."""
    printed = io.StringIO()
    try:
        # Blank lines in front make Python's own line numbers those of the page.
        code = compile("\n" * block.line + block.text, str(path), "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
    except SyntaxError as error:
        return printed.getvalue(), f"{error.lineno or block.line}: SyntaxError: {error.msg}"
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        message = " ".join(f"{type(error).__name__}: {error}".split())
        return printed.getvalue(), f"{lines[-1] if lines else block.line}: {message}"
    return printed.getvalue(), None


def compare(printed: str, expected: Block) -> str | None:
    """Return the first difference as `line: message`, or None where the output is as the page says."""
    tidy = "".join(line.rstrip() + "\n" for line in printed.rstrip().splitlines())
    wanted = "".join(line.rstrip() + "\n" for line in expected.text.rstrip().splitlines())
    if doctest.OutputChecker().check_output(wanted, tidy, doctest.ELLIPSIS):
        return None
    got, want = tidy.splitlines(), wanted.splitlines()
    for offset, line in enumerate(want):
        if offset >= len(got):
            return f"{expected.line + 1 + offset}: expected {line!r}, nothing more was printed"
        if got[offset] != line and not doctest.OutputChecker().check_output(line, got[offset], doctest.ELLIPSIS):
            return f"{expected.line + 1 + offset}: expected {line!r}, printed {got[offset]!r}"
    return f"{expected.end}: printed beyond what is expected: {got[len(want) :][:1]}"


def check(path: Path) -> list[str]:
    """Run a page's Python blocks; return the faults, one line each."""
    try:
        page = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return [f"{path}: cannot be read: {error}"]
    try:
        blocks = read_blocks(page)
    except ValueError as error:
        return [f"{path}:{error}"]
    if not any(block.language == "python" for block in blocks):
        return [f"{path}: there is no ```python block to run"]
    faults = []
    claimed = set()
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block.language != "python":
            continue
        expected = expected_output(block, following, page)
        printed, fault = run_block(block, path, namespace)
        if expected is not None:
            claimed.add(expected.line)
            fault = fault or compare(printed, expected)
        if fault:
            faults.append(f"{path}:{fault}")
    faults += [
        f"{path}:{block.line}: this output follows no python block directly, so nothing is compared with it"
        for block in blocks
        if block.language == "output" and block.line not in claimed
    ]
    return faults


def main(arguments: list[str]) -> int:
    """Check the pages named, README.md by default; return the exit code."""
    root = Path(__file__).resolve().parent.parent
    pages = [Path(name).resolve() for name in arguments] or [root / "README.md"]
    os.environ.setdefault("MPLBACKEND", "Agg")  # a page that draws opens no window
    faults = []
    for page in pages:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            faults += check(page)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"README: the code blocks of {', '.join(page.name for page in pages)} run and print what the page says")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
