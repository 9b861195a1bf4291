"""Equations to straight-line text: one vector instruction per operation, common parts written once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .errors import ModelError
from .expression import Apply, Expression, Lookup, Name, Number, bottom_up
from .flat import Table
from .fused import slopes
from .maths_ir import USUAL
from .vector_ir import FunctionWriter

ZERO, ONE = Number(0.0), Number(1.0)
COMPARED = {"less": "olt", "less_equal": "ole", "greater": "ogt", "greater_equal": "oge"}


class EquationWriter:
    """Writes expressions into a function, remembering what has been computed.

    Parameters
    ----------
    writer : the function being written.
    tables : table functions by name.
    thorough : whether functions are called in their thorough form; if not, ``usual`` tells where that is not needed.
    """

    def __init__(self, writer: FunctionWriter, tables: Mapping[str, Table], *, thorough: bool) -> None:
        self.writer = writer
        self.tables = tables
        self.thorough = thorough
        self._largest: dict[int, str] = {}
        self.used: set[str] = set()
        self.names: dict[str, str] = {}
        self._sources: dict[str, tuple[str, int]] = {}
        self._known: dict[tuple[str, ...], str] = {}
        self._never_nan: set[str] = set()

    def provide(self, places: Mapping[str, int], pointer: str, *, never_nan: bool = False) -> None:
        """Make an array's vectors known by name; they are loaded where first used."""
        for name, place in places.items():
            self._sources[name] = (pointer, place)
            if never_nan:
                self._never_nan.add(name)

    def name(self, name: str) -> str:
        """Value of a named quantity."""
        if name not in self.names:
            if name not in self._sources:
                raise ModelError(f"{name}: no equation, parameter or dated input of this name comes before its use")
            self.names[name] = self.writer.load(*self._sources[name])
            if name in self._never_nan:
                self._never_nan.add(self.names[name])
        return self.names[name]

    def define(self, name: str, expression: Expression) -> None:
        """Write an equation."""
        self.names[name] = self.value(expression)

    def value(self, expression: Expression) -> str:
        """Write an expression."""
        return bottom_up(expression, self._made, _taken_apart)

    def _made(self, what: str | Name | Number, arguments: tuple[str, ...]) -> str:
        if isinstance(what, str):
            return self.apply(what, arguments)
        return self.name(what.name) if isinstance(what, Name) else self._number(what.value)

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
        w = self.writer
        self.used.add(function)
        if self.thorough:
            listed = ", ".join(f"{w.real} {argument}" for argument in arguments)
            return w.emit(f"call {w.real} @hr_{function}({listed})")
        usual = USUAL[function](w, *arguments)
        for number, limit in usual.below:
            so_far = self._largest.get(limit)
            self._largest[limit] = number if so_far is None else w.larger_whole(so_far, number)
        return usual.value

    def usual(self) -> str | None:
        """A mask: where all functions written in their usual form are right; None if there are none."""
        w, mask = self.writer, None
        for limit, number in self._largest.items():
            below = w.below(number, limit)
            mask = below if mask is None else w.both(mask, below)
        return mask

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
        # A power would find each logarithm with many extra digits, which are lost here in the sum with one.
        ratio = self._call("log", (w.divide(small, w.select(empty, one, large)),))
        bottom = w.add(one, self._call("exp", (w.multiply(sharpness, ratio),)))
        root = self._call("exp", (w.negate(w.divide(self._call("log", (bottom,)), sharpness)),))
        return w.select(empty, zero, w.multiply(small, root))

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
    """Slope after each point, which leads no value past the next point; 0 after the last."""
    return tuple(slopes(table.x, table.y).tolist())


def _without_nought(node: Expression) -> Expression:
    """What remains of sums with nought, which stand in expanded equations where an element has no part."""
    while isinstance(node, Apply) and node.operation in ("add", "subtract"):
        left, right = node.arguments
        if right == ZERO:
            node = left
        elif left == ZERO and node.operation == "add":
            node = right
        else:
            break
    return node


def _taken_apart(node: Expression) -> tuple[str | Name | Number, tuple[Expression, ...]]:
    """A name, a number, or an operation and its operands, with a*b + c taken as one fused operation."""
    node = _without_nought(node)
    if isinstance(node, (Number, Name)):
        return node, ()
    if isinstance(node, Lookup):
        return f"lookup {node.table}", (node.argument,)
    arguments = node.arguments
    if node.operation in ("add", "subtract"):
        return _fused(node.operation, *arguments)
    if node.operation == "multiply":
        return _scaled(*arguments)
    if node.operation == "power" and isinstance(arguments[1], Number):
        if arguments[1].value == 2.0:
            return "multiply", (arguments[0], arguments[0])
        if arguments[1].value == 0.5:
            return "sqrt", (arguments[0],)
    return node.operation, arguments


def _scaled(left: Expression, right: Expression) -> tuple[str, tuple[Expression, ...]]:
    """A product; with ``1 + b`` or ``1 - b`` as one fused operation: ``a (1 - b)`` is ``a - a b``, rounded once."""
    for a, factor in ((left, right), (right, left)):
        if isinstance(factor, Apply) and factor.operation in ("add", "subtract"):
            one, b = factor.arguments
            if factor.operation == "add" and b == ONE:
                one, b = b, one
            if one == ONE:
                return "fma", (a if factor.operation == "add" else Apply("negate", (a,)), b, a)
    return "multiply", (left, right)


def _fused(operation: str, left: Expression, right: Expression) -> tuple[str, tuple[Expression, ...]]:
    minus = operation == "subtract"
    if left == ZERO and minus:
        return "negate", (right,)
    if isinstance(left, Apply) and left.operation == "multiply":
        return "fma", (*left.arguments, Apply("negate", (right,)) if minus else right)
    if isinstance(right, Apply) and right.operation == "multiply":
        first, second = right.arguments
        return "fma", (Apply("negate", (first,)) if minus else first, second, left)
    return operation, (left, right)
