"""The kernel around the equations: runs in lanes, steps, stages, dated inputs, failures and outputs, as LLVM text."""

from __future__ import annotations

from math import inf, nan

from .layout import Layout
from .machine import attributes
from .maths_ir import intrinsics_text, maths_text
from .parts_ir import advance_text, bounds_text, look_text, record_text
from .vector_ir import PERMUTE_TEXT, FunctionWriter, bits
from .write_ir import RATES_ARGUMENTS, START_ARGUMENTS, rates_text, start_text

NOT_FAILED, FAILED_AT_START = -1, -2

KERNEL_ARGUMENTS = (
    ("i64", "begin"),  # runs begin up to end are computed, a vector of them at a time
    ("i64", "end"),
    ("double", "start"),
    ("i64", "steps"),  # steps a year
    ("i64", "years"),
    ("ptr", "base"),  # parameters, one double each
    ("i64", "varied"),  # how many of them runs change
    ("ptr", "index"),  # which those are
    ("ptr", "matrix"),  # their values: run, varied parameter
    ("ptr", "records"),  # dated inputs: see paths.PackedPaths
    ("ptr", "shared"),
    ("ptr", "column"),
    ("i64", "columns"),
    ("ptr", "first"),
    ("ptr", "out"),  # run, time, kept
    ("ptr", "failed_step"),
    ("ptr", "failed_item"),  # a stock, or after the stocks a kept value
    ("ptr", "failed_state"),  # run, stock: at the start of the step that failed
    ("ptr", "shortest"),
    ("ptr", "which"),
    ("ptr", "work"),
)


def module_text(layout: Layout) -> str:
    """The whole module: maths, equations and the kernel ``run``."""
    width = layout.options.width
    rates, inlined = rates_text(layout)
    start, called = start_text(layout)
    return "\n".join(
        [
            bounds_text(layout),
            PERMUTE_TEXT if layout.options.permute else "",
            intrinsics_text(width),
            maths_text(width, inlined, called, permute=layout.options.permute),
            rates,
            start,
            advance_text(layout),
            look_text(layout),
            record_text(layout),
            _KernelWriter(layout).text(),
            attributes(width),
        ]
    )


class _KernelWriter:
    """Writes the function ``run``."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.w = FunctionWriter(layout.options.width)
        self.stocks = len(layout.model.stocks)
        self.kept = len(layout.options.keep)
        self.tables: list[str] = []
        w = self.w
        self.time_index = w.variable("i64", "0")
        self.state, self.stage = w.variable("ptr", "null"), w.variable("ptr", "null")
        self.due = w.variable("double", bits(-inf))
        self.failed, self.bad = w.variable(w.mask, "zeroinitializer"), w.variable(w.mask, "zeroinitializer")
        self.items = w.variable(w.integer, "zeroinitializer")
        self.item_array = w.space(f"{w.integer}, align {w.size}")

    def text(self) -> str:
        w = self.w
        for part, offset in self.layout.offsets.items():
            w.lines.append(f"  %at_{part} = getelementptr inbounds {w.real}, ptr %work, i64 {offset}")
        w.lines.append("  %steps_real = sitofp i64 %steps to double")
        w.lines.append(f"  %h = fdiv double {bits(1.0)}, %steps_real")
        with w.loop("%begin", "%end", w.width) as first:
            self._set_up(first)
            self._start()
            self._years()
            self._report_times()
        w.do("ret void")
        arguments = ", ".join(f"{kind} %{name}" for kind, name in KERNEL_ARGUMENTS)
        return "".join(self.tables) + w.function(f"void @run({arguments}) nounwind #0")

    # -- before the first step

    def _set_up(self, first: str) -> None:
        """Which run each lane is, and its parameters and dated inputs."""
        w = self.w
        last = w.scalar("sub", "i64", "%end", 1)
        w.assign("i64", "0", self.time_index)
        w.assign(w.mask, "zeroinitializer", self.failed)
        with w.loop(0, w.width) as lane:
            # Lanes beyond the last run repeat it: they write the same bits to the same place.
            run = w.scalar("add", "i64", first, lane)
            beyond = w.scalar("icmp sgt", "i64", run, last)
            w.put("i64", w.emit(f"select i1 {beyond}, i64 {last}, i64 {run}"), "%at_lane", lane)
        in_vectors = self._parameters_in_vectors()
        places = self._constant("parameter_place", in_vectors)
        with w.loop(0, len(in_vectors)) as number:
            index = w.get("i64", places, number)
            w.store(w.splat(w.get("double", "%base", index)), "%at_parameter", index)
        with w.loop(0, "%varied") as index:
            row = w.scalar("mul", "i64", w.get("i64", "%index", index), w.width)
            with w.loop(0, w.width) as lane:
                source = w.scalar("mul", "i64", w.get("i64", "%at_lane", lane), "%varied")
                value = w.get("double", "%matrix", w.scalar("add", "i64", source, index))
                w.put("double", value, "%at_parameter", w.scalar("add", "i64", row, lane))
        with w.loop(0, len(self.layout.model.paths)) as index:
            self._set_cursors(index)
        # What holds up to the start: a jump on that very date is a change, which references must not know.
        self._advance("%start", inclusive=False)
        self._look("%start")

    def _parameters_in_vectors(self) -> tuple[int, ...]:
        layout = self.layout
        names = enumerate(layout.model.parameters)
        kept = {place for place, _ in layout.kept_parameters}
        return tuple(index for index, name in names if name not in layout.options.uniform or index in kept)

    def _set_cursors(self, index: str) -> None:
        w = self.w
        column, shared = w.get("i64", "%column", index), w.get("i64", "%shared", index)
        differs = w.scalar("icmp sge", "i64", column, 0)
        w.put("double", bits(-inf), "%at_due", index)
        row = w.scalar("mul", "i64", index, w.width)
        with w.loop(0, w.width) as lane:
            place = w.scalar("add", "i64", row, lane)
            w.put("i64", shared, "%at_cursor", place)
            with w.when(differs):
                source = w.scalar("mul", "i64", w.get("i64", "%at_lane", lane), "%columns")
                own = w.get("i64", "%first", w.scalar("add", "i64", source, column))
                w.put("i64", own, "%at_cursor", place)

    def _start(self) -> None:
        """Starting values, references, and whether they are sound."""
        w = self.w
        w.assign("ptr", "%at_state", self.state)
        w.assign("ptr", "%at_stage", self.stage)
        pointers = ("%base" if name == "base" else f"%at_{name}" for name in START_ARGUMENTS)
        w.do(f"call void @start({', '.join(f'ptr {pointer}' for pointer in pointers)})")
        self._clear_bad()
        with w.loop(0, self.stocks) as index:
            self._check_stock(index, w.load("%at_state", index))
        self._note_failures(str(FAILED_AT_START))

    # -- steps

    def _years(self) -> None:
        w = self.w
        with w.loop(0, "%years") as year:
            if not self.layout.options.every_step:
                with w.loop(0, len(self.layout.moving)) as index:
                    w.store(w.number(0.0), "%at_moving", index)
            with w.loop(0, "%steps") as step:
                number = w.scalar("add", "i64", w.scalar("mul", "i64", year, "%steps"), step)
                self._one_step(number)
            if not self.layout.options.every_step:
                final = w.scalar("mul", "i64", w.scalar("add", "i64", year, 1), "%steps")
                self._report(w.scalar("sub", "i64", final, 1))
        if self.layout.options.every_step:
            final = w.scalar("mul", "i64", "%years", "%steps")
            time = self._time(final, 0)
            self._advance_if_due(time, inclusive=False)
            self._look(time)
            self._rates(self.state, 0.0)
            self._report(w.scalar("sub", "i64", final, 1))

    def _time(self, number: str, halves: int) -> str:
        """Start plus whole and half steps, by one division: no drift, and exact at the turn of each year."""
        w = self.w
        doubled = w.scalar("add", "i64", w.scalar("mul", "i64", number, 2), halves)
        steps = w.scalar("mul", "i64", "%steps", 2)
        share = w.scalar("fdiv", "double", *(w.emit(f"sitofp i64 {count} to double") for count in (doubled, steps)))
        return w.scalar("fadd", "double", "%start", share)

    def _one_step(self, number: str) -> None:
        w = self.w
        begin = self._time(number, 0)
        rk4 = self.layout.options.method == "rk4"
        # The last stage of the step before stood at this time: unless a date has come, its values still hold.
        self._advance_if_due(begin, inclusive=True, look=rk4)
        if not rk4:
            self._look(begin)
        self._rates(self.state, 1.0 / 6.0 if rk4 else 1.0)
        self._watch_times()
        if self.layout.options.every_step:
            self._report(number)
        if rk4:
            self._combine(0.5, first=True)
            middle = self._time(number, 1)
            self._advance_if_due(middle, inclusive=True)
            self._look(middle)
            self._rates(self.stage, 1.0 / 3.0)
            self._combine(0.5)
            self._rates(self.stage, 1.0 / 3.0)
            self._combine(1.0)
            end = self._time(number, 2)
            self._advance_if_due(end, inclusive=False)
            self._look(end)
            self._rates(self.stage, 1.0 / 6.0)
        self._finish_step(number, rk4)
        old, new = w.read("ptr", self.state), w.read("ptr", self.stage)
        w.assign("ptr", new, self.state)
        w.assign("ptr", old, self.stage)

    def _share_of_step(self, share: float) -> str:
        return self.w.scalar("fmul", "double", "%h", bits(share))

    def _rates(self, state: str, share: float) -> None:
        w = self.w
        pointers = {name: f"%at_{name}" for name in RATES_ARGUMENTS}
        pointers |= {"state": w.read("ptr", state), "base": "%base"}
        listed = ", ".join(f"ptr {pointers[name]}" for name in RATES_ARGUMENTS)
        w.do(f"call void @rates({listed}, double {self._share_of_step(share)})")

    def _combine(self, share: float, *, first: bool = False) -> None:
        """The next stage's state, and the weighted sum of rates so far."""
        w = self.w
        length = w.splat(self._share_of_step(share))
        state, stage = w.read("ptr", self.state), w.read("ptr", self.stage)
        with w.loop(0, self.stocks) as index:
            rate = w.load("%at_rate", index)
            w.store(w.fma(length, rate, w.load(state, index)), stage, index)
            total = rate if first else w.fma(w.number(2.0), rate, w.load("%at_sum", index))
            w.store(total, "%at_sum", index)

    def _finish_step(self, number: str, rk4: bool) -> None:
        """The state at the step's end, checked stock by stock."""
        w = self.w
        length = w.splat(self._share_of_step(1.0 / 6.0 if rk4 else 1.0))
        state, stage = w.read("ptr", self.state), w.read("ptr", self.stage)
        self._clear_bad()
        with w.loop(0, self.stocks) as index:
            rate = w.load("%at_rate", index)
            if rk4:
                rate = w.add(w.load("%at_sum", index), rate)
            value = w.fma(length, rate, w.load(state, index))
            w.store(value, stage, index)
            self._check_stock(index, value)
        self._note_failures(number)

    # -- dated inputs and time constants

    def _advance(self, time: str, *, inclusive: bool) -> None:
        w = self.w
        parts = ", ".join(f"ptr %at_{name}" for name in ("cursor", "date", "value", "slope", "due"))
        side = "true" if inclusive else "false"
        w.assign("double", w.emit(f"call double @advance(ptr %records, {parts}, double {time}, i1 {side})"), self.due)

    def _advance_if_due(self, time: str, *, inclusive: bool, look: bool = False) -> None:
        w = self.w
        with w.when(w.scalar("fcmp ole" if inclusive else "fcmp olt", "double", w.read("double", self.due), time)):
            self._advance(time, inclusive=inclusive)
            if look:
                self._look(time)

    def _look(self, time: str) -> None:
        parts = ", ".join(f"ptr %at_{name}" for name in ("date", "value", "slope", "path"))
        self.w.do(f"call void @look({parts}, double {time})")

    def _watch_times(self) -> None:
        w = self.w
        if not self.layout.moving_times:
            return
        numbers = self._constant("times", self.layout.moving_times)
        with w.loop(0, len(self.layout.moving_times)) as index:
            value, shortest = w.load("%at_time", index), w.load("%at_shortest")
            shorter = w.compare("olt", value, shortest)
            alive = w.emit(f"xor {w.mask} {w.read(w.mask, self.failed)}, splat (i1 true)")
            shorter = w.both(shorter, alive)
            w.store(w.select(shorter, value, shortest), "%at_shortest")
            number = w.get("i64", numbers, index)
            self._store_where(shorter, self._whole_splat(number), "%at_which")

    def _report_times(self) -> None:
        w = self.w
        with w.loop(0, w.width) as lane:
            run = w.get("i64", "%at_lane", lane)
            w.put("double", w.get("double", "%at_shortest", lane), "%shortest", run)
            w.put("i64", w.get("i64", "%at_which", lane), "%which", run)

    # -- failures

    def _clear_bad(self) -> None:
        self.w.assign(self.w.mask, "zeroinitializer", self.bad)
        self.w.assign(self.w.integer, "zeroinitializer", self.items)

    def _check_stock(self, index: str, value: str) -> None:
        w = self.w
        lowest = w.splat(w.get("double", "@bounds", index))
        sound = w.both(w.compare("oge", value, lowest), w.compare("olt", value, w.number(inf)))
        self._mark_bad(sound, index)

    def _mark_bad(self, sound: str, item: str) -> None:
        """Remember the first item that is not sound in each lane."""
        w = self.w
        bad = w.read(w.mask, self.bad)
        broken = w.emit(f"xor {w.mask} {sound}, splat (i1 true)")
        fresh = w.both(broken, w.emit(f"xor {w.mask} {bad}, splat (i1 true)"))
        with w.when(w.any_lane(fresh)):
            old = w.read(w.integer, self.items)
            chosen = f"select {w.mask} {fresh}, {w.integer} {self._whole_splat(item)}, {w.integer} {old}"
            w.assign(w.integer, w.emit(chosen), self.items)
            w.assign(w.mask, w.either(bad, broken), self.bad)

    def _note_failures(self, number: str) -> None:
        w = self.w
        failed, bad = w.read(w.mask, self.failed), w.read(w.mask, self.bad)
        newly = w.both(bad, w.emit(f"xor {w.mask} {failed}, splat (i1 true)"))
        with w.when(w.any_lane(newly)):
            w.do(f"store {w.integer} {w.read(w.integer, self.items)}, ptr {self.item_array}, align {w.size}")
            w.do(
                f"call void @record({w.mask} {newly}, i64 {number}, ptr {self.item_array}, "
                f"ptr {w.read('ptr', self.state)}, ptr %at_lane, ptr %failed_step, ptr %failed_item, ptr %failed_state)"
            )
            w.assign(w.mask, w.either(failed, newly), self.failed)

    # -- outputs

    def _report(self, number: str) -> None:
        """Write the kept values of one time; from its failure on a lane gives NaN."""
        w, layout = self.w, self.layout
        self._clear_bad()
        with w.loop(0, len(layout.moving)) as index:
            size = w.absolute(w.load("%at_moving", index))
            self._mark_bad(w.compare("olt", size, w.number(inf)), w.scalar("add", "i64", index, self.stocks))
        self._note_failures(number)
        state = w.read("ptr", self.state)
        self._write_group("stocks", layout.kept_stocks, state)
        self._write_group("parameters", layout.kept_parameters, "%at_parameter")
        self._write_group("references", layout.kept_references, "%at_reference")
        self._write_group("moving", layout.kept_moving, "%at_moving")
        w.assign("i64", w.scalar("add", "i64", w.read("i64", self.time_index), 1), self.time_index)

    def _write_group(self, name: str, pairs: tuple[tuple[int, int], ...], source: str) -> None:
        w = self.w
        if not pairs:
            return
        places = self._constant(f"{name}_place", tuple(place for place, _ in pairs))
        columns = self._constant(f"{name}_column", tuple(column for _, column in pairs))
        steps = "%years"
        if self.layout.options.every_step:
            steps = w.scalar("add", "i64", w.scalar("mul", "i64", "%years", "%steps"), 1)
        with w.loop(0, len(pairs)) as index:
            value = w.load(source, w.get("i64", places, index))
            value = w.select(w.read(w.mask, self.failed), w.number(nan), value)
            column = w.get("i64", columns, index)
            for lane in range(w.width):
                run = w.get("i64", "%at_lane", lane)
                row = w.scalar("add", "i64", w.scalar("mul", "i64", run, steps), w.read("i64", self.time_index))
                place = w.scalar("add", "i64", w.scalar("mul", "i64", row, self.kept), column)
                w.put("double", w.emit(f"extractelement {w.real} {value}, i64 {lane}"), "%out", place)

    # -- small helpers

    def _constant(self, name: str, values: tuple[int, ...]) -> str:
        listed = ", ".join(f"i64 {value}" for value in values)
        text = f"@{name} = internal constant [{len(values)} x i64] [{listed}]\n"
        if text not in self.tables:
            self.tables.append(text)
        return f"@{name}"

    def _whole_splat(self, scalar: str) -> str:
        w = self.w
        first = w.emit(f"insertelement {w.integer} poison, i64 {scalar}, i64 0")
        return w.emit(f"shufflevector {w.integer} {first}, {w.integer} poison, <{w.width} x i32> zeroinitializer")

    def _store_where(self, mask: str, value: str, pointer: str) -> None:
        w = self.w
        old = w.emit(f"load {w.integer}, ptr {pointer}, align {w.size}")
        chosen = w.emit(f"select {w.mask} {mask}, {w.integer} {value}, {w.integer} {old}")
        w.do(f"store {w.integer} {chosen}, ptr {pointer}, align {w.size}")
