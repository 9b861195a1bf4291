"""The functions for rates of change and starting values: equations in chunks, what is kept and what is watched."""

from __future__ import annotations

from math import inf

from .chunks import Chunk, Division
from .equations_ir import EquationWriter
from .flat import FlatModel
from .layout import Layout, needed_at_start, needed_at_year_end, places
from .vector_ir import FunctionWriter

RATES_POINTERS = ("work", "state", "from", "next")
RATES_NUMBERS = ("ahead", "weight")
RATES_ARGUMENTS = ", ".join(
    [*(f"ptr noalias %{name}" for name in RATES_POINTERS), *(f"double %{name}" for name in RATES_NUMBERS)]
)
START_ARGUMENTS = ("state", "parameter", "path", "reference", "shortest", "which")
CLOSING_ARGUMENTS = ("state", "parameter", "path", "reference", "closing")


def rates_text(layout: Layout, division: Division) -> tuple[str, frozenset[str]]:
    """The function that computes all rates of change, and the functions it calls.

    From ``state`` it computes each stock's rate of change, writes ``from + ahead * rate`` to ``next``, and adds
    ``weight`` times each kept value to its accumulator.
    """
    texts, used = [], set()
    for number, chunk in enumerate(division.chunks):
        for thorough in (False, True):
            written = _ChunkWriter(layout, division, chunk, number, thorough=thorough)
            if thorough and written.never_called:
                continue
            texts.append(written.text())
            used |= written.equations.used
    writer = FunctionWriter(layout.options.width)
    for number in range(len(division.chunks)):
        writer.do(f"call void @chunk{number}({RATES_ARGUMENTS.replace('noalias ', '')})")
    writer.do("ret void")
    texts.append(writer.function(f"internal void @rates({RATES_ARGUMENTS}) noinline nounwind #0"))
    return "\n".join(texts), frozenset(used)


class _ChunkWriter:
    """Writes the function of one chunk."""

    def __init__(self, layout: Layout, division: Division, chunk: Chunk, number: int, *, thorough: bool) -> None:
        options, self.model = layout.options, layout.computed
        self.layout, self.chunk, self.number, self.thorough = layout, chunk, number, thorough
        self.writer = FunctionWriter(options.width, permute=options.permute)
        for part in ("parameter", "path", "reference", "moving", "time", "slot"):
            place = offset(layout, division, part)
            self.writer.do(f"%{part} = getelementptr inbounds {self.writer.real}, ptr %work, i64 {place}")
        self.equations = EquationWriter(self.writer, self.model.tables, thorough=thorough)
        _provide_inputs(self.equations, self.model, division)
        self.equations.provide(places(self.model.stocks), "%state")
        self.equations.provide(chunk.loaded, "%slot")
        self.reports = _Reports(layout, self.equations)
        self._write()

    @property
    def never_called(self) -> bool:
        """Whether the usual form of this chunk is always enough."""
        return not self.equations.used

    def text(self) -> str:
        """The function: what can be done twice, the test whether the usual form was enough, then what cannot."""
        w = self.writer
        usual = self.equations.usual()
        if usual is not None:
            unusual = w.any_lane(w.invert(usual))
            with w.when(unusual, rare=True):
                w.do(f"call void @chunk{self.number}_thorough({RATES_ARGUMENTS.replace('noalias ', '')})")
                w.do("ret void")
        self.reports.add_up()
        w.do("ret void")
        ending, how = ("_thorough", "optnone ") if self.thorough else ("", "")
        return w.function(f"internal void @chunk{self.number}{ending}({RATES_ARGUMENTS}) noinline {how}nounwind #0")

    def _write(self) -> None:
        if self.number == 0:
            for name in (*self.model.paths, *self.model.stocks):
                self.reports.write(name)
        for name, expression in self.chunk.equations:
            self.equations.define(name, expression)
            self.reports.write(name)
            if name in self.chunk.stored:
                self.writer.store(self.equations.names[name], "%slot", self.chunk.stored[name])
        ahead = self.writer.splat("%ahead")
        for stock in self.chunk.stocks:
            value = self.writer.fma(ahead, self._rate(self.model.rates[stock]), self.writer.load("%from", stock))
            self.writer.store(value, "%next", stock)

    def _rate(self, pairs: tuple[tuple[int, str], ...]) -> str:
        writer, total = self.writer, ""
        for sign, name in pairs:
            value = self.equations.name(name)
            if not total:
                total = value if sign > 0 else writer.negate(value)
            else:
                total = writer.add(total, value) if sign > 0 else writer.subtract(total, value)
        return total or writer.number(0.0)


def _provide_inputs(equations: EquationWriter, model: FlatModel, division: Division) -> None:
    # Both are checked to be finite before a run, which spares minimum and maximum their test for NaN.
    equations.provide(division.places(model.parameters), "%parameter", never_nan=True)
    equations.provide(division.places(model.paths), "%path", never_nan=True)
    equations.provide(division.places(model.references), "%reference")


def offset(layout: Layout, division: Division, part: str) -> int:
    """Where a part of the work space begins, in vectors; ``end`` is where it ends."""
    return {**layout.offsets, "slot": layout.vectors, "end": layout.vectors + division.slots}[part]


class _Reports:
    """What is kept, and what the step guard watches."""

    def __init__(self, layout: Layout, equations: EquationWriter) -> None:
        self.layout = layout
        self.equations = equations
        self.weight = equations.writer.splat("%weight")
        self.accumulators = {name: index for index, name in enumerate(layout.moving)}
        self.kept: dict[int, str] = {}
        self.times: dict[str, list[int]] = {}
        for place, index in enumerate(layout.moving_times):
            self.times.setdefault(layout.model.time_constants[index].name, []).append(place)

    def write(self, name: str) -> None:
        """Store what the step guard watches; remember what is kept."""
        writer = self.equations.writer
        if name in self.accumulators:
            self.kept[self.accumulators[name]] = self.equations.name(name)
        for place in self.times.get(name, ()):
            value = self.equations.name(name)
            order = self.layout.model.time_constants[self.layout.moving_times[place]].order
            if order != 1:
                value = writer.divide(value, writer.number(float(order)))
            writer.store(value, "%time", place)

    def add_up(self) -> None:
        """Add what is kept to its accumulators."""
        writer = self.equations.writer
        for place, kept in self.kept.items():
            value = kept
            if not self.layout.options.every_step:
                value = writer.fma(self.weight, value, writer.load("%moving", place))
            writer.store(value, "%moving", place)


def start_text(layout: Layout, division: Division) -> tuple[str, frozenset[str]]:
    """The function that computes starting values, references and the shortest fixed time constant.

    It runs once for hundreds of evaluations of the rates, so it is compiled quickly rather than well.
    """
    model, writer = layout.computed, FunctionWriter(layout.options.width)
    equations = EquationWriter(writer, model.tables, thorough=True)
    _provide_inputs(equations, model, division)
    needed = needed_at_start(model)
    for name, expression in model.initial:
        if name in needed:
            equations.define(name, expression)
    for index, name in enumerate(model.stocks):
        writer.store(equations.name(name), "%state", index)
    for name, place in division.places(model.references).items():
        writer.store(equations.name(name), "%reference", place)
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
    return _seldom_called(writer, "start", START_ARGUMENTS), frozenset(equations.used)


def closing_text(layout: Layout, division: Division) -> tuple[str, frozenset[str]]:
    """The function that computes what is reported at a year's end; nothing if nothing is.

    It runs once a year, against four times in each step for the rates, and what it computes is made of few equations.
    """
    if not layout.closing:
        return "", frozenset()
    model, writer = layout.computed, FunctionWriter(layout.options.width)
    equations = EquationWriter(writer, model.tables, thorough=True)
    _provide_inputs(equations, model, division)
    equations.provide(places(model.stocks), "%state")
    needed = needed_at_year_end(layout)
    for name, expression in model.equations:
        if name in needed:
            equations.define(name, expression)
    for index, name in enumerate(layout.closing):
        writer.store(equations.name(name), "%closing", index)
    writer.do("ret void")
    return _seldom_called(writer, "closing", CLOSING_ARGUMENTS), frozenset(equations.used)


def _seldom_called(writer: FunctionWriter, name: str, arguments: tuple[str, ...]) -> str:
    """The text of a function that is compiled quickly rather than well."""
    listed = ", ".join(f"ptr noalias %{argument}" for argument in arguments)
    return writer.function(f"internal void @{name}({listed}) noinline optnone nounwind #0")
