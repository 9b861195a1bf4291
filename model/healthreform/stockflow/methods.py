"""How the equations are integrated: Runge-Kutta of order four, or Euler."""

from __future__ import annotations

METHODS = ("rk4", "euler")


def why_unknown(method: str) -> str:
    """What is wrong with the name of a method, as an error line says it; empty if nothing is."""
    return "" if method in METHODS else f"method {method!r} is unknown; use one of: {', '.join(METHODS)}"
