"""The kernel around the equations: runs in lanes, steps, stages, dated inputs, failures and outputs, as LLVM text."""

from __future__ import annotations

from math import inf, nan

from .chunks import Division
from .layout import Layout
from .vector_ir import FunctionWriter, bits
from .write_ir import CLOSING_ARGUMENTS, RATES_NUMBERS, RATES_POINTERS, START_ARGUMENTS, offset

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


RECORDED = ("%failed_step", "%failed_item", "%failed_state")
MOVABLE = ("state", "first", "second", "third", "fourth")


class KernelWriter:
    """Writes the function ``run``: a vector of runs at a time, from before the first step to the last report."""

    def __init__(self, layout: Layout, division: Division) -> None:
        self.layout, self.division, model = layout, division, layout.computed
        self.places = {
            "parameter": division.places(model.parameters),
            "path": division.places(model.paths),
            "reference": division.places(model.references),
        }
        self.w = FunctionWriter(layout.options.width)
        self.stocks = len(layout.model.stocks)
        self.kept = len(layout.options.keep)
        self.tables: list[str] = []
        w = self.w
        self.time_index = w.variable("i64", "0")
        # Where these stand changes: what one evaluation of the rates writes, the next one reads.
        self.at = {name: w.variable("ptr", "null") for name in MOVABLE}
        self.due = w.variable("double", bits(-inf))
        self.failed, self.bad = w.variable(w.mask, "zeroinitializer"), w.variable(w.mask, "zeroinitializer")
        self.items = w.variable(w.integer, "zeroinitializer")
        self.item_array = w.space(f"{w.integer}, align {w.size}")

    def text(self) -> str:
        """The function, and the constant tables that it reads."""
        w = self.w
        for part in self.layout.offsets:
            place = offset(self.layout, self.division, part)
            w.do(f"%at_{part} = getelementptr inbounds {w.real}, ptr %work, i64 {place}")
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
        places = self._places("parameter", self.layout.model.parameters)
        with w.loop(0, len(self.layout.model.parameters)) as index:
            w.store(w.splat(w.get("double", "%base", index)), "%at_parameter", w.get("i64", places, index))
        with w.loop(0, "%varied") as index:
            place = w.get("i64", places, w.get("i64", "%index", index))
            row = w.scalar("mul", "i64", place, w.width)
            with w.loop(0, w.width) as lane:
                source = w.scalar("mul", "i64", w.get("i64", "%at_lane", lane), "%varied")
                value = w.get("double", "%matrix", w.scalar("add", "i64", source, index))
                w.put("double", value, "%at_parameter", w.scalar("add", "i64", row, lane))
        with w.loop(0, len(self.layout.model.paths)) as index:
            self._set_cursors(index)
        # What holds up to the start: a jump on that very date is a change, which references must not know.
        self._advance("%start", inclusive=False)
        self._look("look", "%start")

    def _places(self, part: str, names: tuple[str, ...]) -> str:
        """A table of places in memory by a name's number in the model."""
        return self._constant(f"{part}_places", tuple(self.places[part][name] for name in names))

    def _set_cursors(self, index: str) -> None:
        w = self.w
        column, shared = w.get("i64", "%column", index), w.get("i64", "%shared", index)
        differs = w.scalar("icmp sge", "i64", column, 0)
        w.put("double", bits(-inf), "%at_due", index)
        place = w.get("i64", self._places("path", self.layout.model.paths), index)
        row = w.scalar("mul", "i64", place, w.width)
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
        for name, variable in self.at.items():
            w.assign("ptr", f"%at_{name}", variable)
        w.do(f"call void @start({', '.join(f'ptr %at_{name}' for name in START_ARGUMENTS)})")
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
                self._close(final)
                self._report(w.scalar("sub", "i64", final, 1))
        if self.layout.options.every_step:
            final = w.scalar("mul", "i64", "%years", "%steps")
            self._look_at_end(final)
            self._rates("state", "first", share=0.0)
            self._report(w.scalar("sub", "i64", final, 1))

    def _look_at_end(self, final: str) -> None:
        """Dated inputs at the end of the steps so far: a jump on that very date is of what comes after."""
        time = self._time(final, 0)
        self._advance_if_due(time, inclusive=False)
        self._look("look_again", time)

    def _close(self, final: str) -> None:
        """What is reported at the year's end, besides the stocks."""
        if not self.layout.closing:
            return
        self._look_at_end(final)
        given = {"state": self.w.read("ptr", self.at["state"])}
        listed = ", ".join(f"ptr {given.get(name, f'%at_{name}')}" for name in CLOSING_ARGUMENTS)
        self.w.do(f"call void @closing({listed})")

    def _time(self, number: str, halves: int) -> str:
        """Start plus whole and half steps, by one division: no drift, and exact at the turn of each year."""
        w = self.w
        doubled = w.scalar("add", "i64", w.scalar("mul", "i64", number, 2), halves)
        steps = w.scalar("mul", "i64", "%steps", 2)
        share = w.scalar("fdiv", "double", *(w.emit(f"sitofp i64 {count} to double") for count in (doubled, steps)))
        return w.scalar("fadd", "double", "%start", share)

    def _one_step(self, number: str) -> None:
        begin = self._time(number, 0)
        rk4 = self.layout.options.method == "rk4"
        # The last stage of the step before stood at this time: unless a date has come, its values still hold.
        self._advance_if_due(begin, inclusive=True)
        if not rk4:
            self._look("look_again", begin)
        self._rates("state", "first", share=1.0 / 6.0 if rk4 else 1.0, ahead=0.5 if rk4 else 1.0)
        self._watch_times()
        if self.layout.options.every_step:
            self._report(number)
        if rk4:
            middle = self._time(number, 1)
            self._advance_if_due(middle, inclusive=True)
            self._look("look_again", middle)
            self._rates("first", "second", share=1.0 / 3.0, ahead=0.5)
            self._rates("second", "third", share=1.0 / 3.0, ahead=1.0)
            end = self._time(number, 2)
            self._advance_if_due(end, inclusive=False)
            self._look("look_again", end)
            self._rates("third", "fourth", share=1.0 / 6.0, ahead=0.5)
        self._finish_step(number, rk4)
        self._swap("state", "fourth" if rk4 else "first")

    def _swap(self, one: str, other: str) -> None:
        w = self.w
        first, second = (w.read("ptr", self.at[name]) for name in (one, other))
        w.assign("ptr", second, self.at[one])
        w.assign("ptr", first, self.at[other])

    def _share_of_step(self, share: float) -> str:
        return self.w.scalar("fmul", "double", "%h", bits(share))

    def _rates(self, state: str, to: str, *, share: float, ahead: float = 0.0) -> None:
        """Rates of change at a state: what lies ahead at these rates, and what is kept."""
        w = self.w
        role = {"from": "state", "state": state, "next": to}
        pointers = {name: w.read("ptr", self.at[role.get(name, name)]) for name in RATES_POINTERS if name != "work"}
        numbers = {"ahead": self._share_of_step(ahead), "weight": self._share_of_step(share)}
        listed = [f"ptr {pointers.get(name, '%work')}" for name in RATES_POINTERS]
        listed += [f"double {numbers[name]}" for name in RATES_NUMBERS]
        w.do(f"call void @rates({', '.join(listed)})")

    def _finish_step(self, number: str, rk4: bool) -> None:
        """The state at the step's end, checked stock by stock.

        No sum of rates is kept: each stage's state tells the rate before it.  With ``y`` the state, ``a``, ``b`` and
        ``c`` half, half and a whole step ahead of it at the first three rates, ``d`` half a step at the last, the end
        is at ``y + ((a - y) + 2 (b - y) + (c - y) + (d - y)) / 3``; differences of neighbours are exact.
        """
        w = self.w
        state, stage = w.read("ptr", self.at["state"]), w.read("ptr", self.at["fourth" if rk4 else "first"])
        stages = [w.read("ptr", self.at[name]) for name in MOVABLE[1:]] if rk4 else []
        self._clear_bad()
        with w.loop(0, self.stocks) as index:
            value = w.load(stage, index)
            if rk4:
                old = w.load(state, index)
                a, b, c, d = (w.subtract(w.load(place, index), old) for place in stages)
                value = w.add(old, self._third(w.fma(w.number(2.0), b, w.add(w.add(a, d), c))))
                w.store(value, stage, index)
            self._check_stock(index, value)
        self._note_failures(number)
        # A run that has failed stays where it was sound: numbers without sense would need the slow form of functions.
        failed = w.read(w.mask, self.failed)
        with w.when(w.any_lane(failed), rare=True), w.loop(0, self.stocks) as index:
            w.store(w.select(failed, w.load(state, index), w.load(stage, index)), stage, index)

    def _third(self, a: str) -> str:
        """A third, rounded as a division would, but sooner."""
        w = self.w
        near = w.multiply(a, w.number(1.0 / 3.0))
        return w.fma(w.fma(w.number(-3.0), near, a), w.number(1.0 / 3.0), near)

    # -- dated inputs and time constants

    def _advance(self, time: str, *, inclusive: bool) -> None:
        w = self.w
        parts = ", ".join(f"ptr %at_{name}" for name in ("cursor", "date", "value", "slope", "due", "sloped"))
        side = "true" if inclusive else "false"
        w.assign("double", w.emit(f"call double @advance(ptr %records, {parts}, double {time}, i1 {side})"), self.due)

    def _advance_if_due(self, time: str, *, inclusive: bool) -> None:
        w = self.w
        with w.when(w.scalar("fcmp ole" if inclusive else "fcmp olt", "double", w.read("double", self.due), time)):
            self._advance(time, inclusive=inclusive)
            self._look("look", time)

    def _look(self, function: str, time: str) -> None:
        parts = ", ".join(f"ptr %at_{name}" for name in ("date", "value", "slope", "path", "sloped"))
        self.w.do(f"call void @{function}({parts}, double {time})")

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
            pointers = (self.item_array, w.read("ptr", self.at["state"]), "%at_lane")
            listed = ", ".join(f"ptr {pointer}" for pointer in (*pointers, *RECORDED))
            w.do(f"call void @record({w.mask} {newly}, i64 {number}, {listed})")
            w.assign(w.mask, w.either(failed, newly), self.failed)

    # -- outputs

    def _report(self, number: str) -> None:
        """Write the kept values of one time; from its failure on a lane gives NaN."""
        w, layout = self.w, self.layout
        self._clear_bad()
        self._check_finite("%at_moving", len(layout.moving), self.stocks)
        self._check_finite("%at_closing", len(layout.closing), self.stocks + len(layout.moving))
        self._note_failures(number)
        self._write_group("stocks", layout.kept_stocks, w.read("ptr", self.at["state"]))
        for part, names, pairs in (
            ("parameter", layout.model.parameters, layout.kept_parameters),
            ("reference", layout.model.references, layout.kept_references),
        ):
            placed = tuple((self.places[part][names[number]], column) for number, column in pairs)
            self._write_group(part, placed, f"%at_{part}")
        self._write_group("moving", layout.kept_moving, "%at_moving")
        self._write_group("closing", layout.kept_closing, "%at_closing")
        w.assign("i64", w.scalar("add", "i64", w.read("i64", self.time_index), 1), self.time_index)

    def _check_finite(self, source: str, count: int, first: int) -> None:
        """Whether kept values are numbers; ``first`` is the item's number of the first of them."""
        w = self.w
        with w.loop(0, count) as index:
            size = w.absolute(w.load(source, index))
            self._mark_bad(w.compare("olt", size, w.number(inf)), w.scalar("add", "i64", index, first))

    def _write_group(self, name: str, pairs: tuple[tuple[int, int], ...], source: str) -> None:
        w = self.w
        if not pairs:
            return
        places = self._constant(f"{name}_kept", tuple(place for place, _ in pairs))
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
