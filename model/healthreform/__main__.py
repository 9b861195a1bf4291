"""Where the command line begins: an interrupt while it still imports ends in one line too."""

from __future__ import annotations

from .endings import end_at_once


def main() -> None:
    """Import the command line, which takes a while, and run it."""
    end_at_once("error: interrupted; nothing half-written is left")
    from .cli import main as run

    run()


if __name__ == "__main__":
    main()
