"""Equations to straight-line LLVM text: one vector instruction per operation, common parts written once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from math import inf

from .errors import ModelError
from .expression import Apply, Expression, Lookup, Name, Number
from .flat import FlatModel, Table
from .layout import Layout, needed_at_start, ordered_levels
from .vector_ir import FunctionWriter

COMPARED = {"less": "olt", "less_equal": "ole", "greater": "ogt", "greater_equal": "oge"}


class EquationWriter:
    """Writes expressions into a function, remembering what has been computed.

    Parameters
    ----------
    writer : the function being written.
    tables : table functions by name.
    ending : what the names of the called functions end in.
    """

    def __init__(self, writer: FunctionWriter, tables: Mapping[str, Table], ending: str = "") -> None:
        self.writer = writer
        self.tables = tables
        self.ending = ending
        self.used: set[str] = set()
        self.names: dict[str, str] = {}
        self._sources: dict[str, tuple[str, int]] = {}
        self._scalars: dict[str, tuple[str, int]] = {}
        self._known: dict[tuple[str, ...], str] = {}
        self._never_nan: set[str] = set()

    def provide(self, names: tuple[str, ...], pointer: str, *, never_nan: bool = False) -> None:
        """Make an array's vectors known by name; they are loaded where first used."""
        for index, name in enumerate(names):
            self._sources[name] = (pointer, index)
            if never_nan:
                self._never_nan.add(name)

    def provide_scalars(self, names: Iterable[str], places: Mapping[str, int], pointer: str) -> None:
        """Make numbers known by name that are the same in every lane; never NaN."""
        for name in names:
            self._scalars[name] = (pointer, places[name])
            self._never_nan.add(name)

    def name(self, name: str) -> str:
        """Value of a named quantity."""
        if name not in self.names:
            if name not in self._sources and name not in self._scalars:
                raise ModelError(f"{name}: no equation, parameter or dated input of this name comes before its use")
            if name in self._scalars:
                self.names[name] = self.writer.splat(self.writer.get("double", *self._scalars[name]))
            else:
                self.names[name] = self.writer.load(*self._sources[name])
            if name in self._never_nan:
                self._never_nan.add(self.names[name])
        return self.names[name]

    def define(self, name: str, expression: Expression) -> None:
        """Write an equation."""
        self.names[name] = self.value(expression)

    def value(self, expression: Expression) -> str:
        """Write an expression; without recursion, because sums over many elements nest deeply."""
        values: list[str] = []
        pending: list[tuple[str, Expression | None, tuple[Expression, ...]]] = [("", expression, ())]
        while pending:
            operation, node, parts = pending.pop()
            if node is not None:
                operation, parts = _decompose(node)
                if operation == "number" and isinstance(node, Number):
                    values.append(self._number(node.value))
                elif operation == "name" and isinstance(node, Name):
                    values.append(self.name(node.name))
                else:
                    pending.append((operation, None, parts))
                    pending.extend(("", part, ()) for part in reversed(parts))
            else:
                arguments = tuple(values[len(values) - len(parts) :])
                del values[len(values) - len(parts) :]
                values.append(self.apply(operation, arguments))
        return values[0]

    def apply(self, operation: str, arguments: tuple[str, ...]) -> str:
        """Write one operation, or give the value it had the first time."""
        key = (operation, *arguments)
        if key not in self._known:
            if operation.startswith("lookup "):
                self._known[key] = self._lookup(self.tables[operation.removeprefix("lookup ")], arguments[0])
            else:
                self._known[key] = self._operation(operation, arguments)
        return self._known[key]

    def _number(self, value: float) -> str:
        text = self.writer.number(value)
        self._never_nan.add(text)
        return text

    def _operation(self, operation: str, arguments: tuple[str, ...]) -> str:
        w = self.writer
        simple: dict[str, Callable[..., str]] = {
            "add": w.add,
            "subtract": w.subtract,
            "multiply": w.multiply,
            "divide": w.divide,
            "negate": w.negate,
            "fma": w.fma,
            "sqrt": w.sqrt,
            "where": w.select,
            "and": w.both,
            "or": w.either,
            "minimum": self._minimum,
            "maximum": self._maximum,
            "smooth_minimum": self._smooth_minimum,
        }
        if operation in simple:
            return simple[operation](*arguments)
        if operation in COMPARED:
            return w.compare(COMPARED[operation], *arguments)
        return self._call(operation, arguments)

    def _call(self, function: str, arguments: tuple[str, ...]) -> str:
        self.used.add(function)
        listed = ", ".join(f"{self.writer.real} {argument}" for argument in arguments)
        return self.writer.emit(f"call {self.writer.real} @hr_{function}{self.ending}({listed})")

    def _minimum(self, a: str, b: str) -> str:
        return self._choose(self.writer.smaller, a, b)

    def _maximum(self, a: str, b: str) -> str:
        return self._choose(self.writer.larger, a, b)

    def _choose(self, choose: Callable[[str, str], str], a: str, b: str) -> str:
        """Smaller or larger, NaN if either is; the plain choice gives its second argument when one is NaN."""
        if a in self._never_nan:
            return choose(a, b)
        if b in self._never_nan:
            return choose(b, a)
        # Both orders give the same number unless one argument is NaN: then one gives NaN, and NaN with any bits set in
        # addition is NaN.  This needs no masks, of which the processor has few.
        return self.writer.union(choose(a, b), choose(b, a))

    def _smooth_minimum(self, a: str, b: str, sharpness: str) -> str:
        w, zero, one = self.writer, self._number(0.0), self._number(1.0)
        small, large = self.apply("minimum", (a, b)), self.apply("maximum", (a, b))
        empty = w.compare("oeq", large, zero)
        ratio = w.divide(small, w.select(empty, one, large))
        bottom = w.add(one, self._call("power", (ratio, sharpness)))
        root = self._call("power", (bottom, self.apply("divide", (one, sharpness))))
        return w.select(empty, zero, w.divide(small, root))

    def _lookup(self, table: Table, x: str) -> str:
        """A table without branches: the last point passed gives the base, the value there and the slope."""
        w = self.writer
        if len(table.x) == 1:
            return w.select(w.compare("uno", x, x), x, w.number(table.y[0]))
        inside = w.larger(w.number(table.x[0]), w.smaller(w.number(table.x[-1]), x))
        rows = (table.x, table.y, _slopes(table))
        if self.writer.permute and 4 <= len(table.x) <= 16:
            base, value, slope = self._pick(inside, rows)
        else:
            base, value, slope = self._choose_row(inside, rows)
        return w.fma(slope, w.subtract(inside, base), value)

    def _choose_row(self, inside: str, rows: tuple[tuple[float, ...], ...]) -> list[str]:
        """The last row whose point has been passed, by one choice per row and column."""
        w = self.writer
        chosen = [w.number(column[0]) for column in rows]
        for row in list(zip(*rows, strict=True))[1:]:
            passed = w.compare("oge", inside, w.number(row[0]))
            chosen = [w.select(passed, w.number(item), old) for item, old in zip(row, chosen, strict=True)]
        return chosen

    def _pick(self, inside: str, rows: tuple[tuple[float, ...], ...]) -> list[str]:
        """The same row, by its number: AVX-512 picks any of up to sixteen numbers in one instruction."""
        w = self.writer
        number = "zeroinitializer"
        for index, point in enumerate(rows[0][1:], start=1):
            passed = w.compare("oge", inside, w.number(point))
            number = w.emit(f"select {w.mask} {passed}, {w.integer} splat (i64 {index}), {w.integer} {number}")
        return [w.pick(column, number, "") for column in rows]


def _slopes(table: Table) -> tuple[float, ...]:
    """Slope after each point; 0 after the last."""
    points = list(zip(table.x, table.y, strict=True))
    pairs = pairwise(points)
    return (*((y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairs), 0.0)


def _decompose(node: Expression) -> tuple[str, tuple[Expression, ...]]:
    """An operation and its operands, with a*b + c taken as one fused operation."""
    if isinstance(node, Number):
        return "number", ()
    if isinstance(node, Name):
        return "name", ()
    if isinstance(node, Lookup):
        return f"lookup {node.table}", (node.argument,)
    arguments = node.arguments
    if node.operation in ("add", "subtract"):
        return _fused(node.operation, *arguments)
    if node.operation == "power" and isinstance(arguments[1], Number):
        if arguments[1].value == 2.0:
            return "multiply", (arguments[0], arguments[0])
        if arguments[1].value == 0.5:
            return "sqrt", (arguments[0],)
    return node.operation, arguments


def _fused(operation: str, left: Expression, right: Expression) -> tuple[str, tuple[Expression, ...]]:
    minus = operation == "subtract"
    if isinstance(left, Apply) and left.operation == "multiply":
        return "fma", (*left.arguments, Apply("negate", (right,)) if minus else right)
    if isinstance(right, Apply) and right.operation == "multiply":
        first, second = right.arguments
        return "fma", (Apply("negate", (first,)) if minus else first, second, left)
    return operation, (left, right)


RATES_ARGUMENTS = ("state", "parameter", "base", "path", "reference", "rate", "moving", "time")
START_ARGUMENTS = ("state", "parameter", "base", "path", "reference", "shortest", "which")


def rates_text(layout: Layout) -> tuple[str, frozenset[str]]:
    """The function that computes all rates, adds the kept values to their accumulators, and the functions it calls."""
    options, model = layout.options, layout.model
    writer = FunctionWriter(options.width, permute=options.permute)
    equations = EquationWriter(writer, model.tables)
    _provide_inputs(equations, layout)
    equations.provide(model.stocks, "%state")
    equations.provide(model.references, "%reference")
    reports = _Reports(layout, equations)
    for name in (*model.paths, *model.stocks):
        reports.write(name)
    for level in ordered_levels(layout):
        for name, expression in level:
            equations.define(name, expression)
            reports.write(name)
    _write_rates(writer, equations, model)
    writer.do("ret void")
    arguments = ", ".join(f"ptr noalias %{name}" for name in RATES_ARGUMENTS)
    head = f"internal void @rates({arguments}, double %weight) noinline nounwind #0"
    return writer.function(head), frozenset(equations.used)


def _provide_inputs(equations: EquationWriter, layout: Layout) -> None:
    model = layout.model
    places = {name: index for index, name in enumerate(model.parameters)}
    # Both are checked to be finite before a run, which spares minimum and maximum their test for NaN.
    equations.provide(model.parameters, "%parameter", never_nan=True)
    equations.provide(model.paths, "%path", never_nan=True)
    equations.provide_scalars(layout.options.uniform, places, "%base")


class _Reports:
    """Stores what is kept and what the step guard watches, right after it is computed, while it is in a register."""

    def __init__(self, layout: Layout, equations: EquationWriter) -> None:
        self.layout = layout
        self.equations = equations
        self.weight = equations.writer.splat("%weight")
        self.accumulators = {name: index for index, name in enumerate(layout.moving)}
        self.times: dict[str, list[int]] = {}
        for place, index in enumerate(layout.moving_times):
            self.times.setdefault(layout.model.time_constants[index].name, []).append(place)

    def write(self, name: str) -> None:
        writer = self.equations.writer
        if name in self.accumulators:
            value, place = self.equations.name(name), self.accumulators[name]
            if not self.layout.options.every_step:
                value = writer.fma(self.weight, value, writer.load("%moving", place))
            writer.store(value, "%moving", place)
        for place in self.times.get(name, ()):
            value = self.equations.name(name)
            order = self.layout.model.time_constants[self.layout.moving_times[place]].order
            if order != 1:
                value = writer.divide(value, writer.number(float(order)))
            writer.store(value, "%time", place)


def _write_rates(writer: FunctionWriter, equations: EquationWriter, model: FlatModel) -> None:
    for index, pairs in enumerate(model.rates):
        total = ""
        for sign, name in pairs:
            value = equations.name(name)
            if not total:
                total = value if sign > 0 else writer.negate(value)
            else:
                total = writer.add(total, value) if sign > 0 else writer.subtract(total, value)
        writer.store(total or writer.number(0.0), "%rate", index)


def start_text(layout: Layout) -> tuple[str, frozenset[str]]:
    """The function that computes starting values, references and the shortest fixed time constant.

    It runs once for hundreds of evaluations of the rates, so it is compiled quickly rather than well.
    """
    model, writer = layout.model, FunctionWriter(layout.options.width)
    equations = EquationWriter(writer, model.tables, "_call")
    _provide_inputs(equations, layout)
    needed = needed_at_start(model)
    for name, expression in model.initial:
        if name in needed:
            equations.define(name, expression)
    for index, name in enumerate(model.stocks):
        writer.store(equations.name(name), "%state", index)
    for index, name in enumerate(model.references):
        writer.store(equations.name(name), "%reference", index)
    shortest, which = writer.number(inf), "splat (i64 -1)"
    for index in layout.fixed_times:
        time = model.time_constants[index]
        value = writer.divide(equations.name(time.name), writer.number(float(time.order)))
        shorter = writer.compare("olt", value, shortest)
        shortest = writer.select(shorter, value, shortest)
        which = writer.emit(
            f"select {writer.mask} {shorter}, {writer.integer} splat (i64 {index}), {writer.integer} {which}"
        )
    writer.store(shortest, "%shortest")
    writer.do(f"store {writer.integer} {which}, ptr %which, align {writer.size}")
    writer.do("ret void")
    arguments = ", ".join(f"ptr noalias %{name}" for name in START_ARGUMENTS)
    return writer.function(f"internal void @start({arguments}) noinline optnone nounwind #0"), frozenset(equations.used)
