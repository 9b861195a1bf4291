"""A small writer of LLVM text: one instruction per line on vectors of scenarios, and the scalar loops around them.

Text is written directly because building instructions as objects takes longer than compiling them.  No fast-math flag
is ever set, and a fused multiply-add stands only where it is written, so every machine computes the same bits.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

PERMUTE, PERMUTE_TWO = "llvm.x86.avx512.permvar.df.512", "llvm.x86.avx512.vpermi2var.pd.512"
PERMUTE_TEXT = f"""declare <8 x double> @{PERMUTE}(<8 x double>, <8 x i64>)
declare <8 x double> @{PERMUTE_TWO}(<8 x double>, <8 x i64>, <8 x double>)
"""


def bits(value: float) -> str:
    """A double as LLVM writes it exactly."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


class FunctionWriter:
    """Lines of one function's body; every method that computes returns the name of its result.

    Parameters
    ----------
    width : number of scenarios in a vector.
    permute : whether the processor picks elements of a vector by number, as AVX-512 does; it changes the speed, not the
        bits.
    """

    def __init__(self, width: int, *, permute: bool = False) -> None:
        self.width = width
        self.permute = permute
        self.real = f"<{width} x double>"
        self.integer = f"<{width} x i64>"
        self.mask = f"<{width} x i1>"
        self.size = 8 * width
        self.lines: list[str] = []
        self._variables: list[str] = []
        self._count = 0

    def emit(self, instruction: str) -> str:
        """Write an instruction with a result."""
        self._count += 1
        name = f"%v{self._count}"
        self.lines.append(f"  {name} = {instruction}")
        return name

    def do(self, instruction: str) -> None:
        """Write an instruction without a result."""
        self.lines.append(f"  {instruction}")

    # -- vectors of doubles

    def number(self, value: float) -> str:
        """A literal in every lane."""
        return f"splat (double {bits(value)})"

    def add(self, a: str, b: str) -> str:
        """Sum."""
        return self.emit(f"fadd {self.real} {a}, {b}")

    def subtract(self, a: str, b: str) -> str:
        """Difference."""
        return self.emit(f"fsub {self.real} {a}, {b}")

    def multiply(self, a: str, b: str) -> str:
        """Product."""
        return self.emit(f"fmul {self.real} {a}, {b}")

    def divide(self, a: str, b: str) -> str:
        """Quotient."""
        return self.emit(f"fdiv {self.real} {a}, {b}")

    def negate(self, a: str) -> str:
        """The negative."""
        return self.emit(f"fneg {self.real} {a}")

    def fma(self, a: str, b: str, c: str) -> str:
        """``a*b + c``, rounded once."""
        return self.call("fma", a, b, c)

    def sqrt(self, a: str) -> str:
        """Square root."""
        return self.call("sqrt", a)

    def absolute(self, a: str) -> str:
        """Absolute value."""
        return self.call("fabs", a)

    def call(self, intrinsic: str, *arguments: str) -> str:
        """An LLVM intrinsic on vectors of doubles."""
        listed = ", ".join(f"{self.real} {argument}" for argument in arguments)
        return self.emit(f"call {self.real} @llvm.{intrinsic}.v{self.width}f64({listed})")

    def compare(self, predicate: str, a: str, b: str) -> str:
        """A mask: where a comparison holds."""
        return self.emit(f"fcmp {predicate} {self.real} {a}, {b}")

    def select(self, mask: str, a: str, b: str) -> str:
        """``a`` where the mask holds, else ``b``."""
        return self.emit(f"select {self.mask} {mask}, {self.real} {a}, {self.real} {b}")

    def both(self, a: str, b: str) -> str:
        """Where both masks hold."""
        return self.emit(f"and {self.mask} {a}, {b}")

    def either(self, a: str, b: str) -> str:
        """Where one of two masks holds."""
        return self.emit(f"or {self.mask} {a}, {b}")

    def smaller(self, a: str, b: str) -> str:
        """The smaller of two; ``b`` if either is NaN: one instruction on x86."""
        return self.select(self.compare("olt", a, b), a, b)

    def larger(self, a: str, b: str) -> str:
        """The larger of two; ``b`` if either is NaN."""
        return self.select(self.compare("ogt", a, b), a, b)

    def polynomial(self, x: str, coefficients: tuple[float, ...]) -> str:
        """A polynomial, lowest power first in ``coefficients``, as two chains of Horner's rule side by side.

        One chain keeps the processor waiting, and the tree of Estrin's rule takes more operations.
        """
        if len(coefficients) < 4:
            return self._chain(x, coefficients)
        square = self.multiply(x, x)
        even, odd = self._chain(square, coefficients[0::2]), self._chain(square, coefficients[1::2])
        return self.fma(odd, x, even)

    def _chain(self, x: str, coefficients: tuple[float, ...]) -> str:
        total = self.number(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            total = self.fma(total, x, self.number(coefficient))
        return total

    # -- vectors of integers

    def as_integer(self, a: str) -> str:
        """The same bits as whole numbers."""
        return self.emit(f"bitcast {self.real} {a} to {self.integer}")

    def as_real(self, a: str) -> str:
        """The same bits as doubles."""
        return self.emit(f"bitcast {self.integer} {a} to {self.real}")

    def to_real(self, a: str) -> str:
        """Small whole numbers as doubles of the same value."""
        if self.permute:
            return self.emit(f"sitofp {self.integer} {a} to {self.real}")
        # Without AVX-512 by standing in the low bits of 1.5 * 2**52.
        magic = self.as_real(self.whole("add", a, 0x4338000000000000))
        return self.subtract(magic, self.number(6755399441055744.0))

    def union(self, a: str, b: str) -> str:
        """All bits set in either."""
        return self.as_real(self.whole("or", self.as_integer(a), self.as_integer(b)))

    def whole(self, operation: str, a: str, b: int | str) -> str:
        """An integer operation; ``b`` is a vector or a literal."""
        other = f"splat (i64 {b})" if isinstance(b, int) else b
        return self.emit(f"{operation} {self.integer} {a}, {other}")

    def below(self, a: str, limit: int) -> str:
        """A mask: where a whole number without sign is below a literal."""
        return self.emit(f"icmp ult {self.integer} {a}, splat (i64 {limit})")

    def larger_whole(self, a: str, b: str) -> str:
        """The larger of two whole numbers without sign."""
        larger = self.emit(f"icmp ugt {self.integer} {a}, {b}")
        return self.emit(f"select {self.mask} {larger}, {self.integer} {a}, {self.integer} {b}")

    def pick(self, column: tuple[float, ...], number: str, name: str) -> str:
        """Element of a constant column of up to 16 by its number in each lane; only the low 4 bits of a number count.

        Without AVX-512 the column stands in memory as ``name``, and holds 16.
        """
        if self.permute:
            padded = [f"double {bits(item)}" for item in (*column, *[0.0] * (16 - len(column)))]
            low, high = f"<{', '.join(padded[:8])}>", f"<{', '.join(padded[8:])}>"
            if len(column) <= 8:
                return self.emit(f"call {self.real} @{PERMUTE}({self.real} {low}, {self.integer} {number})")
            arguments = f"{self.real} {low}, {self.integer} {number}, {self.real} {high}"
            return self.emit(f"call {self.real} @{PERMUTE_TWO}({arguments})")
        inside, picked = self.whole("and", number, 15), "poison"
        for lane in range(self.width):
            element = self.get("double", f"@{name}", self.emit(f"extractelement {self.integer} {inside}, i64 {lane}"))
            picked = self.emit(f"insertelement {self.real} {picked}, double {element}, i64 {lane}")
        return picked

    # -- memory and scalars

    def splat(self, scalar: str) -> str:
        """A scalar double in every lane."""
        first = self.emit(f"insertelement {self.real} poison, double {scalar}, i64 0")
        return self.emit(f"shufflevector {self.real} {first}, {self.real} poison, <{self.width} x i32> zeroinitializer")

    def element(self, pointer: str, index: str | int, kind: str) -> str:
        """Address of an element of an array."""
        return self.emit(f"getelementptr inbounds {kind}, ptr {pointer}, i64 {index}")

    def load(self, pointer: str, index: str | int = 0) -> str:
        """Vector number ``index`` of an array of vectors."""
        return self.emit(f"load {self.real}, ptr {self.element(pointer, index, self.real)}, align {self.size}")

    def store(self, value: str, pointer: str, index: str | int = 0) -> None:
        """Store a vector."""
        self.do(f"store {self.real} {value}, ptr {self.element(pointer, index, self.real)}, align {self.size}")

    def get(self, kind: str, pointer: str, index: str | int = 0) -> str:
        """Element of an array of scalars (``i64``, ``double``, ``ptr``)."""
        return self.emit(f"load {kind}, ptr {self.element(pointer, index, kind)}, align 8")

    def put(self, kind: str, value: str, pointer: str, index: str | int = 0) -> None:
        """Store a scalar."""
        self.do(f"store {kind} {value}, ptr {self.element(pointer, index, kind)}, align 8")

    def scalar(self, operation: str, kind: str, a: str, b: str | int) -> str:
        """An operation on two scalars."""
        return self.emit(f"{operation} {kind} {a}, {b}")

    # -- control

    def variable(self, kind: str, initial: str) -> str:
        """A scalar or vector that changes; a later pass turns it into registers."""
        name = self.space(kind)
        self.do(f"store {kind} {initial}, ptr {name}")
        return name

    def space(self, kind: str) -> str:
        """Room on the stack; always at the function's head, where a loop does not take it again and again."""
        self._count += 1
        name = f"%v{self._count}"
        self._variables.append(f"  {name} = alloca {kind}")
        return name

    def read(self, kind: str, variable: str) -> str:
        """Value of a variable."""
        return self.emit(f"load {kind}, ptr {variable}")

    def assign(self, kind: str, value: str, variable: str) -> None:
        """Change a variable."""
        self.do(f"store {kind} {value}, ptr {variable}")

    def label(self) -> str:
        """A new name for a block."""
        self._count += 1
        return f"b{self._count}"

    def start_block(self, label: str) -> None:
        """Begin the block of that name."""
        self.lines.append(f"{label}:")

    @contextmanager
    def loop(self, begin: str | int, end: str | int, step: int = 1) -> Iterator[str]:
        """Count from ``begin`` up to ``end``; yields the counter's value."""
        head, body, after = self.label(), self.label(), self.label()
        counter = self.variable("i64", str(begin))
        self.do(f"br label %{head}")
        self.start_block(head)
        value = self.read("i64", counter)
        self.do(f"br i1 {self.emit(f'icmp slt i64 {value}, {end}')}, label %{body}, label %{after}")
        self.start_block(body)
        yield value
        self.assign("i64", self.scalar("add", "i64", value, step), counter)
        self.do(f"br label %{head}")
        self.start_block(after)

    @contextmanager
    def when(self, condition: str, *, rare: bool = False) -> Iterator[None]:
        """A part that runs only if a scalar condition holds."""
        body, after = self.label(), self.label()
        self.do(f"br i1 {condition}, label %{body}, label %{after}{', !prof !0' if rare else ''}")
        self.start_block(body)
        yield
        self.do(f"br label %{after}")
        self.start_block(after)

    def invert(self, mask: str) -> str:
        """Where a mask does not hold."""
        return self.emit(f"xor {self.mask} {mask}, splat (i1 true)")

    def any_lane(self, mask: str) -> str:
        """Whether a mask holds in any lane."""
        whole = self.emit(f"bitcast {self.mask} {mask} to i{self.width}")
        return self.emit(f"icmp ne i{self.width} {whole}, 0")

    def function(self, head: str) -> str:
        """The function's text with the lines written so far."""
        return "\n".join([f"define {head} {{", "entry:", *self._variables, *self.lines, "}", ""])
