"""Time this engine against the same equations in C, NumPy and SciPy.

Usage: ``python experiments/benchmarks/engines.py [--model MODULE:FUNCTION] [--equations N] [--stocks N] [--runs N]
[--rounds N]``.
FUNCTION takes nothing and returns a flat model and a mapping of its inputs' values; ``china:model`` if left out.  With
``--equations`` the model is a synthetic one of that size.

Engines are run in turn, round by round, with the order rotated, so that a slow moment of the machine meets all of
them; what counts are ratios within a round.  Agreement is asserted before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path as FilePath

import numpy as np

sys.path.insert(0, str(FilePath(__file__).parent))

from chosen import load, some_names
from print_python import NumpyModel
from run_c import SCALAR_FLAGS, VECTOR_FLAGS, CompiledC, gcc

from healthreform.stockflow.adaptive import AdaptiveSolver
from healthreform.stockflow.compile import compile_model
from healthreform.stockflow.flat import FlatModel
from healthreform.stockflow.inputs import RunInputs, make_inputs
from healthreform.stockflow.layout import needed_equations
from healthreform.stockflow.machine import host
from healthreform.stockflow.paths import Path

START, STOP, STEPS = 2010, 2040, 16
TARGETS = {"vector C": 0.9, "scalar C": 4.0, "SciPy RK45": 200.0, "two threads": 1.85}
MOST_NANOSECONDS = 0.33
MOST_SECONDS = {"cold": 3.0, "cached": 0.8}
AT_ONCE = ("two threads", "two processes")
Values = dict[str, "float | Path"]


@dataclass
class Engine:
    """Something that runs ``share`` of the runs of a round."""

    name: str
    run: Callable[[], object]
    share: float = 1.0


@dataclass
class Row:
    """Ratios of an engine's time per run to this engine's."""

    name: str
    ratios: list[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.ratios)


def spread(values: Mapping[str, float | Path], flat: FlatModel, runs: int, seed: int = 1) -> RunInputs:
    """Inputs in which some forty parameters differ by up to a hundredth of their value."""
    rng = np.random.default_rng(seed)
    chosen = flat.parameters[:: max(1, len(flat.parameters) // 40)]
    varied = {name: float(values[name]) * rng.uniform(0.99, 1.01, runs) for name in chosen}  # type: ignore[arg-type]
    inputs = make_inputs(flat, values, varied)
    # A run that such a change makes fail takes the values as given: a benchmark is no place for failures.
    for failure in compile_model(flat, flat.stocks).run(inputs, START, STOP, 1 / STEPS).failures:
        inputs.matrix[failure.run] = [values[name] for name in varied]
    return inputs


def interleave(engines: list[Engine], rounds: int) -> dict[str, list[float]]:
    """Seconds per run-equivalent of each engine in each round, the order rotated from round to round."""
    seconds: dict[str, list[float]] = {engine.name: [] for engine in engines}
    for number in range(rounds):
        turn = number % len(engines)
        for engine in engines[turn:] + engines[:turn]:
            begin = time.perf_counter()
            engine.run()
            seconds[engine.name].append((time.perf_counter() - begin) / engine.share)
    return seconds


def agree(name: str, got: np.ndarray, expected: np.ndarray, tolerance: float) -> str:
    """Assert that two results agree, relative to each variable's largest value; gives back how well.

    Not to each value: where a surplus passes through zero, what is left of two large numbers is round-off.
    """
    scale = np.abs(expected).max(axis=tuple(range(expected.ndim - 1))) + 1e-300
    error = float(np.max(np.abs(got - expected) / scale))
    if not error <= tolerance:
        raise AssertionError(f"{name} differs by {error:.2g}, more than {tolerance:g}: nothing is timed")
    return f"{name} {error:.1e}"


class TwoProcesses:
    """Half of the runs in each of two processes that share nothing: the most that two threads could reach here."""

    def __init__(self, run: Callable[[RunInputs], object], inputs: RunInputs) -> None:
        half = inputs.runs // 2
        self.ends = []
        for part in (inputs.part(0, half), inputs.part(half, inputs.runs)):
            here, there = multiprocessing.Pipe()
            arguments = (run, part, there)
            multiprocessing.get_context("fork").Process(target=self._serve, args=arguments, daemon=True).start()
            self.ends.append(here)

    @staticmethod
    def _serve(run: Callable[[RunInputs], object], inputs: RunInputs, end: Connection) -> None:
        while end.recv():
            run(inputs)
            end.send(True)

    def __call__(self) -> None:
        """All runs once."""
        for end in self.ends:
            end.send(True)
        for end in self.ends:
            end.recv()


def build(flat: FlatModel, values: Values, inputs: RunInputs, keep: tuple[str, ...]) -> tuple[list[Engine], list[str]]:
    """All engines that can be run here, agreement asserted, and what there is to say about them."""
    compiled, runs, step = compile_model(flat, keep), inputs.runs, 1 / STEPS
    result = compiled.run(inputs, START, STOP, step)
    result.raise_if_failed()
    reference, notes = result.values, []
    engines = [
        Engine("this engine", lambda: compiled.run(inputs, START, STOP, step)),
        Engine("two threads", lambda: compiled.run(inputs, START, STOP, step, threads=2)),
    ]
    if "fork" in multiprocessing.get_all_start_methods():
        engines.append(
            Engine("two processes", TwoProcesses(lambda part: compiled.run(part, START, STOP, step), inputs))
        )
    else:
        notes.append("two processes could not be run: this system cannot fork")
    agreements = [agree("two threads", compiled.run(inputs, START, STOP, step, threads=2).values, reference, 0.0)]
    vectors = host().width == 8
    for name, vector in (("vector C", True), ("scalar C", False)):
        if gcc() is None or (vector and not vectors):
            notes.append(f"{name} could not be run: {'no AVX-512 here' if gcc() else 'gcc is not installed'}")
            continue
        c = CompiledC(flat, keep, vector=vector)
        agreements.append(agree(name, c.run(inputs, START, STOP, STEPS), reference, 1e-12))
        engines.append(Engine(name, lambda c=c: c.run(inputs, START, STOP, STEPS)))
    few = min(runs, 256)
    numpy_model, numpy_inputs = NumpyModel(flat, keep), inputs.part(0, few)
    got = numpy_model.run(numpy_inputs, values, START, START + 1, STEPS)
    agreements.append(agree("NumPy", got, reference[:few, :2], 1e-12))
    engines.append(
        Engine(
            "NumPy",
            lambda: numpy_model.run(numpy_inputs, values, START, START + 1, STEPS),
            few / runs * 2 / (STOP + 1 - START),
        )
    )
    try:
        adaptive = AdaptiveSolver(flat)
        first = values | dict(zip(flat.parameters, inputs.parameters(np.array([0]))[0].tolist(), strict=True))
        stocks = compile_model(flat, flat.stocks).run(inputs.part(0, 1), START, STOP, step).values[0]
        agreements.append(agree("SciPy RK45", adaptive.run(first, START, STOP), stocks, 1e-3))
        engines.append(Engine("SciPy RK45", lambda: adaptive.run(first, START, STOP), 1 / runs))
    except ImportError:
        notes.append("SciPy RK45 could not be run: scipy is not installed")
    notes.append("largest relative differences: " + ", ".join(agreements))
    return engines, notes


def compare(flat: FlatModel, values: Values, inputs: RunInputs, keep: tuple[str, ...], rounds: int = 7) -> list[str]:
    """The benchmark's lines for one model."""
    engines, notes = build(flat, values, inputs, keep)
    seconds = interleave(engines, rounds)
    own = seconds["this engine"]
    lines = [f"| {'engine':<13} | {'time / ours: median':>19} | {'range':>17} | {'must reach':>10} |"]
    lines.append("|" + "-" * 15 + "|" + "-" * 21 + "|" + "-" * 19 + "|" + "-" * 12 + "|")
    for engine in engines[1:]:
        pairs = zip(seconds[engine.name], own, strict=True)
        ratios = [mine / theirs if engine.name in AT_ONCE else theirs / mine for theirs, mine in pairs]
        row = Row(engine.name, ratios)
        target = TARGETS.get(engine.name)
        verdict = "" if target is None else f"{target:g} {'yes' if row.median >= target else 'NO'}"
        lines.append(
            f"| {row.name:<13} | {row.median:19.2f} | {min(ratios):7.2f} - {max(ratios):7.2f} | {verdict:>10} |"
        )
    needed = needed_equations(compile_model(flat, keep).layout)
    equations = sum(name in needed for name, _ in flat.equations)
    evaluations = inputs.runs * (STOP + 1 - START) * STEPS * 4 * (equations + len(flat.stocks))
    lines.append(
        "two threads, two processes: one thread's time over theirs; processes share nothing: what this machine can give"
    )
    spent = [taken / evaluations * 1e9 for taken in own]
    verdict = "yes" if statistics.median(spent) <= MOST_NANOSECONDS else "NO"
    lines.append(
        f"ns per equation evaluation (at most {MOST_NANOSECONDS:g}: {verdict}; good 0.25): "
        f"median {statistics.median(spent):.3f}, best {min(spent):.3f}"
    )
    lines.append(
        f"{equations} equations + {len(flat.stocks)} stocks, {inputs.runs} runs, {START}-{STOP}, step 1/{STEPS}, RK4, "
        f"{len(keep)} kept, {rounds} rounds, {statistics.median(own):.3f} s a round"
    )
    return lines + notes


FRESH = """
import time; begin = time.perf_counter()
import json, sys
sys.path[:0] = {path!r}
from chosen import load, some_names
flat, values = load({model!r}, {equations}, {stocks})
given = time.perf_counter()
from healthreform.stockflow.compile import compile_model
from healthreform.stockflow.inputs import make_inputs
compiled = compile_model(flat, some_names(flat), model_hash="benchmark")
ready = time.perf_counter()
compiled.run(make_inputs(flat, values), 2010, 2040, 1 / 16)
print(json.dumps([time.perf_counter() - begin, given - begin, ready - given]))
"""


def first_result(model: str, equations: int, stocks: int) -> list[str]:
    """Import to first result in a fresh process, with an empty cache and with a filled one: medians of several."""
    path = [str(FilePath(__file__).parent), *(entry for entry in sys.path if entry)]
    text = FRESH.format(path=path, model=model, equations=equations, stocks=stocks)
    taken: dict[str, list[list[float]]] = {"cold": [], "cached": []}
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("cold", "cached", "cached"):
                environment = {**os.environ, "HEALTHREFORM_CACHE": folder}
                answer = subprocess.run(
                    [sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=True
                )
                taken[name].append(json.loads(answer.stdout))
    lines = []
    for name, most in MOST_SECONDS.items():
        total, before, compiling = map(statistics.median, zip(*taken[name], strict=True))
        totals = [seconds[0] for seconds in taken[name]]
        lines.append(
            f"import to first result, {name}: median {total:.2f} s ({min(totals):.2f} - {max(totals):.2f}; at most "
            f"{most:g}: {'yes' if total <= most else 'NO'}); of it imports and making the model {before:.2f} s, "
            f"compiling or loading {compiling:.2f} s"
        )
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="china:model", help="MODULE:FUNCTION that gives a model and its inputs")
    parser.add_argument("--equations", type=int, default=0, help="equations of a synthetic model in its place")
    parser.add_argument("--stocks", type=int, default=60, help="stocks of the synthetic model")
    parser.add_argument("--runs", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    flat, values = load(given.model, given.equations, given.stocks)
    machine = host()
    print(f"{machine.processor}, {machine.width} lanes, llvmlite {machine.version}")
    print(f"vector C: gcc {' '.join(VECTOR_FLAGS)}, AVX-512 intrinsics; scalar C: gcc {' '.join(SCALAR_FLAGS)}")
    for line in compare(flat, values, spread(values, flat, given.runs), some_names(flat), given.rounds):
        print(line)
    for line in first_result(given.model, given.equations, given.stocks):
        print(line)


if __name__ == "__main__":
    main()
