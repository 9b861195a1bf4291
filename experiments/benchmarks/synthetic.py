"""Models of a stated size with a stated mix of operations, for benchmarks and for the engine's tests.

The mix follows a health-system model of linked sectors: of the equations about 15 % hold an exponential, a logarithm
or a power, 7 % a table, a quarter a division, the rest sums, products, minima, maxima and choices.  All quantities stay
positive and bounded, so every engine can integrate it for as long as it likes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from healthreform.stockflow.expression import Apply, Expression, Lookup, Name, Number
from healthreform.stockflow.flat import FlatModel, Table, TimeConstant
from healthreform.stockflow.paths import Path


@dataclass(frozen=True)
class Synthetic:
    """A model and one value for each of its inputs."""

    model: FlatModel
    values: dict[str, float | Path]


def apply(operation: str, *parts: Expression | str | float) -> Apply:
    """An operation on expressions, names and numbers."""
    return Apply(operation, tuple(_expression(part) for part in parts))


def _expression(part: Expression | str | float) -> Expression:
    if isinstance(part, str):
        return Name(part)
    if isinstance(part, (int, float)):
        return Number(float(part))
    return part


def synthetic_model(equations: int = 350, stocks: int = 60, paths: int = 20, seed: int = 1) -> Synthetic:
    """A model in which ``equations`` counts auxiliaries, flows and the stocks' rates.

    Each stock has an inflow and an outflow among the equations; the other equations are auxiliaries.
    """
    builder = _Builder(random.Random(seed), stocks, paths)
    for index in range(equations - 3 * stocks):
        builder.auxiliary(index)
    for index in range(stocks):
        builder.flows(index)
    return builder.finish()


class _Builder:
    def __init__(self, chance: random.Random, stocks: int, paths: int) -> None:
        self.chance = chance
        self.stocks = [f"stock_{index}" for index in range(stocks)]
        self.paths = [f"lever_{index}" for index in range(paths)]
        self.values: dict[str, float | Path] = {}
        self.parameters: list[str] = []
        self.tables: dict[str, Table] = {}
        self.equations: list[tuple[str, Expression]] = []
        self.time_constants: list[TimeConstant] = []
        self.sources = [*self.stocks, *self.paths]
        for name in self.paths:
            dates = sorted({2010.0 + chance.randrange(0, 16) for _ in range(chance.randrange(2, 6))})
            self.values[name] = Path(tuple(dates), tuple(chance.uniform(0.2, 1.5) for _ in dates))

    def parameter(self, low: float, high: float) -> str:
        name = f"parameter_{len(self.parameters)}"
        self.parameters.append(name)
        self.values[name] = self.chance.uniform(low, high)
        return name

    def source(self) -> str:
        """A quantity computed before; more often a recent one, as in sectors."""
        if self.chance.random() < 0.5:
            return self.chance.choice(self.sources[-30:])
        return self.chance.choice(self.sources)

    def table(self) -> str:
        count = self.chance.choice((3, 4, 5, 6, 8, 10))
        name = f"table_{len(self.tables)}"
        x = tuple(0.3 * index * (1 + 0.1 * self.chance.random()) for index in range(count))
        self.tables[name] = Table(x, tuple(self.chance.uniform(0.2, 1.6) for _ in x))
        return name

    def auxiliary(self, index: int) -> None:
        name = f"auxiliary_{index}"
        self.equations.append((name, self._expression(self.chance.random())))
        self.sources.append(name)

    def _expression(self, draw: float) -> Expression:
        a, b, c = self.source(), self.source(), self.source()
        p = self.parameter(0.2, 0.8)
        if draw < 0.05:
            return apply("exp", apply("negate", apply("multiply", p, a)))
        if draw < 0.09:
            return apply("log", apply("add", 2.0, apply("multiply", a, p)))
        if draw < 0.15:
            return apply("power", apply("divide", a, apply("add", b, p)), p)
        if draw < 0.22:
            return Lookup(self.table(), apply("divide", a, apply("add", b, p)))
        if draw < 0.30:
            return apply("minimum", a, apply("add", b, p))
        if draw < 0.36:
            return apply("maximum", apply("multiply", p, a), b)
        if draw < 0.40:
            rise = apply("add", c, apply("multiply", p, apply("subtract", a, b)))
            return apply("where", apply("greater", a, b), rise, c)
        if draw < 0.50:
            return apply("divide", apply("add", a, c), apply("add", apply("add", a, b), c))
        if draw < 0.80:
            q = apply("subtract", 1.0, p)
            return apply("add", apply("multiply", p, a), apply("multiply", q, b))
        return apply("multiply", apply("minimum", 1.0, a), apply("maximum", b, p))

    def flows(self, index: int) -> None:
        stock, time = self.stocks[index], self.parameter(0.8, 8.0)
        level = apply("add", self.source(), apply("minimum", 1.0, self.source()))
        share = apply("minimum", 1.0, apply("multiply", self.source(), self.parameter(0.1, 0.4)))
        spread = apply("add", self.parameter(0.2, 0.5), share)
        self.equations.append((f"inflow_{index}", apply("multiply", self.parameter(0.05, 0.5), level)))
        self.equations.append((f"outflow_{index}", apply("multiply", apply("divide", stock, time), spread)))
        self.time_constants.append(TimeConstant(time, 1, stock))

    def finish(self) -> Synthetic:
        initial = []
        for stock in self.stocks:
            initial.append((stock, Name(self.parameter(0.3, 2.0))))
        rates = tuple(((1, f"inflow_{index}"), (-1, f"outflow_{index}")) for index in range(len(self.stocks)))
        model = FlatModel(
            parameters=tuple(self.parameters),
            paths=tuple(self.paths),
            tables=self.tables,
            initial=tuple(initial),
            references=(),
            stocks=tuple(self.stocks),
            signed=frozenset(),
            equations=tuple(self.equations),
            rates=rates,
            time_constants=tuple(self.time_constants),
        )
        return Synthetic(model, self.values)
