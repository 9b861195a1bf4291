"""Seeded faults: one mistake at a time in a model that builds, and the one line that must come of it.

``language_faults.txt`` lists them: a title, what is replaced (-) by what (+), and what the line must hold (>).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from language_clinic import EQUATIONS, INPUTS, clinic

from healthreform.stockflow import StockflowError


@dataclass
class Fault:
    title: str
    replaced: list[tuple[str, str]] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)


def _read_fault(text: str) -> Fault:
    title, *lines = text.splitlines()
    fault, old, new = Fault(title), [], []
    for line in [*lines, "- end"]:
        mark, content = line[0], line[2:]
        if mark == "-" and new:
            fault.replaced.append(("\n".join(old), "\n".join(new)))
            old, new = [], []
        {"-": old, "+": new, ">": fault.expected}[mark].append(content)
    return fault


FAULTS = [
    _read_fault(text)
    for text in Path(__file__).with_name("language_faults.txt").read_text(encoding="utf-8").strip().split("\n\n")
]


def test_the_model_without_a_fault_builds():
    model = clinic()
    assert len(model.flat.stocks) == 5 * 2 - 1 + 2 + 3
    assert [p.flow for p in model.payments if p.payer == "fund"] == ["claims_paid[tertiary]", "claims_paid[primary]"]


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.title for fault in FAULTS])
def test_a_fault_gives_one_clear_line(fault):
    equations, inputs = EQUATIONS, INPUTS
    for old, new in fault.replaced:
        assert (old in equations) + (old in inputs) == 1, f"{old!r} must be in the equations or the inputs"
        equations, inputs = equations.replace(old, new, 1), inputs.replace(old, new, 1)
    with pytest.raises(StockflowError) as caught:
        clinic(equations, inputs)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    assert re.search(r"clinic\.py:\d+ \w+|inputs\.toml: |element '|clinic: ", message), message
    assert fault.expected
    for part in fault.expected:
        assert part in message, message


def test_each_fault_is_planted_once():
    titles = [fault.title for fault in FAULTS]
    assert len(set(titles)) == len(titles) >= 90
