"""The kernel's smaller functions: walking dated inputs, and writing down failures."""

from __future__ import annotations

from math import inf

from .layout import Layout
from .vector_ir import FunctionWriter, bits


def bounds_text(layout: Layout) -> str:
    """The least value each stock may have."""
    model = layout.model
    lowest = -1.7976931348623157e308
    values = [lowest if name in model.signed else 0.0 for name in model.stocks]
    listed = ", ".join(f"double {bits(value)}" for value in values)
    return f"@bounds = internal constant [{len(values)} x double] [{listed}]\n"


def advance_text(layout: Layout) -> str:
    """Move the cursors of all dated inputs that are due, list those that slope, and give back the next due date.

    With ``inclusive`` a date that has just come counts as passed: the limit from the right.
    """
    w = FunctionWriter(layout.options.width)
    next_due = w.variable("double", bits(inf))
    with w.loop(0, len(layout.model.paths)) as index:
        due = w.get("double", "%due", index)
        reached = w.scalar("fcmp ole", "double", due, "%time")
        with w.when(reached):
            earliest = w.variable("double", bits(inf))
            with w.loop(0, w.width) as number:
                _walk(w, w.scalar("add", "i64", w.scalar("mul", "i64", index, w.width), number), earliest)
            w.put("double", w.read("double", earliest), "%due", index)
        now = w.get("double", "%due", index)
        sooner = w.scalar("fcmp olt", "double", now, w.read("double", next_due))
        w.assign("double", w.emit(f"select i1 {sooner}, double {now}, double {w.read('double', next_due)}"), next_due)
    _list_sloped(w, layout)
    w.do(f"ret double {w.read('double', next_due)}")
    arguments = "ptr %records, ptr %cursor, ptr %date, ptr %value, ptr %slope, ptr %due, ptr %sloped, "
    arguments += "double %time, i1 %inclusive"
    return w.function(f"internal double @advance({arguments}) noinline nounwind #0")


def _walk(w: FunctionWriter, place: str, earliest: str) -> None:
    """Move one lane's cursor of one dated input past every row that is due."""
    row = w.variable("i64", w.get("i64", "%cursor", place))
    head, body, after = w.label(), w.label(), w.label()
    w.do(f"br label %{head}")
    w.start_block(head)
    following = w.scalar("add", "i64", w.read("i64", row), 1)
    date = w.get("double", "%records", w.scalar("mul", "i64", following, 3))
    before = w.scalar("fcmp olt", "double", date, "%time")
    same = w.scalar("and", "i1", w.scalar("fcmp oeq", "double", date, "%time"), "%inclusive")
    w.do(f"br i1 {w.scalar('or', 'i1', before, same)}, label %{body}, label %{after}")
    w.start_block(body)
    w.assign("i64", following, row)
    w.do(f"br label %{head}")
    w.start_block(after)
    current = w.read("i64", row)
    w.put("i64", current, "%cursor", place)
    offset = w.scalar("mul", "i64", current, 3)
    for part, name in enumerate(("date", "value", "slope")):
        item = w.get("double", "%records", w.scalar("add", "i64", offset, part))
        w.put("double", item, f"%{name}", place)
    sooner = w.scalar("fcmp olt", "double", date, w.read("double", earliest))
    w.assign("double", w.emit(f"select i1 {sooner}, double {date}, double {w.read('double', earliest)}"), earliest)


def _list_sloped(w: FunctionWriter, layout: Layout) -> None:
    """How many dated inputs move between their dates, and which: the others need no second look until the next date."""
    count = w.variable("i64", "0")
    with w.loop(0, len(layout.model.paths)) as index:
        moves = w.any_lane(w.compare("une", w.load("%slope", index), w.number(0.0)))
        with w.when(moves):
            following = w.scalar("add", "i64", w.read("i64", count), 1)
            w.put("i64", index, "%sloped", following)
            w.assign("i64", following, count)
    w.put("i64", w.read("i64", count), "%sloped")


def look_text(layout: Layout) -> str:
    """Values at a time of all dated inputs, and of those only that slope."""
    texts = []
    for name, only_sloped in (("look", False), ("look_again", True)):
        w = FunctionWriter(layout.options.width)
        time = w.splat("%time")
        count: str | int = w.get("i64", "%sloped") if only_sloped else len(layout.model.paths)
        with w.loop(0, count) as number:
            index = w.get("i64", "%sloped", w.scalar("add", "i64", number, 1)) if only_sloped else number
            passed = w.subtract(time, w.load("%date", index))
            w.store(w.fma(w.load("%slope", index), passed, w.load("%value", index)), "%path", index)
        w.do("ret void")
        arguments = "ptr %date, ptr %value, ptr %slope, ptr %path, ptr %sloped, double %time"
        texts.append(w.function(f"internal void @{name}({arguments}) nounwind #0"))
    return "".join(texts)


def record_text(layout: Layout) -> str:
    """Write down that lanes failed: the step, which item, and the state at the start of the step."""
    w = FunctionWriter(layout.options.width)
    stocks = len(layout.model.stocks)
    flags = w.emit(f"zext {w.mask} %newly to {w.integer}")
    flag_array = w.space(f"{w.integer}, align {w.size}")
    w.do(f"store {w.integer} {flags}, ptr {flag_array}, align {w.size}")
    with w.loop(0, w.width) as number:
        failed = w.scalar("icmp ne", "i64", w.get("i64", flag_array, number), 0)
        with w.when(failed):
            run = w.get("i64", "%lane", number)
            w.put("i64", "%step", "%failed_step", run)
            w.put("i64", w.get("i64", "%items", number), "%failed_item", run)
            row = w.scalar("mul", "i64", run, stocks)
            with w.loop(0, stocks) as index:
                place = w.scalar("add", "i64", w.scalar("mul", "i64", index, w.width), number)
                value = w.get("double", "%state", place)
                w.put("double", value, "%failed_state", w.scalar("add", "i64", row, index))
    w.do("ret void")
    arguments = (
        f"{w.mask} %newly, i64 %step, ptr %items, ptr %state, ptr %lane, "
        "ptr %failed_step, ptr %failed_item, ptr %failed_state"
    )
    return w.function(f"internal void @record({arguments}) noinline nounwind #0")
