"""Units: what their text means, and by what to multiply a record written in another unit.

Equations are never converted: the units of two terms must be the same, so every unit in an equation is *coherent*, a
product of base units.  A record may be written in any unit that converts (``9 month``, ``percent``, ``10k person``):
its values are multiplied once, when it is read.

This is the only file that imports pint, and it does so only when equations are executed on units.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .declare import TIME_UNIT
from .errors import UnitError, nearest

if TYPE_CHECKING:
    import pint

    PintUnit = pint.Unit
else:
    PintUnit = Any

#: Exponents of base units, sorted by name; empty for a dimensionless quantity.
Dimension = tuple[tuple[str, Fraction], ...]

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)([kMG]?)(?![A-Za-z_])|([A-Za-z_]\w*)|(\*\*|\^|[*/()-]))")
_PREFIX = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
DIMENSIONLESS = "dimensionless"
_LONGEST = 100
_HIGHEST_POWER = 9


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as read: ``factor`` times the product of base units in ``dimension``."""

    factor: Fraction
    dimension: Dimension

    def times(self, other: Unit, power: Fraction | int = 1) -> Unit:
        """The product with another unit raised to a power."""
        exponents = dict(self.dimension)
        for name, exponent in other.dimension:
            exponents[name] = exponents.get(name, Fraction(0)) + exponent * power
        if other.factor != 1 and Fraction(power).denominator != 1:
            raise UnitError("a fractional power of a unit that is not a base unit")
        factor = self.factor if other.factor == 1 else self.factor * other.factor ** int(power)
        return Unit(factor, tuple(sorted((name, power) for name, power in exponents.items() if power)))


ONE = Unit(Fraction(1), ())


class UnitSystem:
    """Base units, units derived from them, and which of the base units are money.

    Parameters
    ----------
    base : names of base units; the year must be among them.
    derived : other units in terms of these, such as ``{"month": "year / 12"}``.
    currencies : those base units in which payments are made.
    """

    def __init__(
        self, base: Sequence[str], derived: Mapping[str, str] | None = None, currencies: Sequence[str] = ()
    ) -> None:
        self.base = tuple(dict.fromkeys(base))
        self.derived = dict(derived or {})
        self.currencies = tuple(dict.fromkeys(currencies))
        if TIME_UNIT not in self.base:
            raise UnitError(f"the base units lack '{TIME_UNIT}', the unit of time of every equation")
        for name in self.currencies:
            if name not in self.base:
                raise UnitError(f"the currency '{name}' is not among the base units{nearest(name, self.base)}")
        self._known = {name: Unit(Fraction(1), ((name, Fraction(1)),)) for name in self.base}
        self._known[DIMENSIONLESS] = ONE
        self._read: dict[str, Unit] = {}
        for name, text in self.derived.items():
            self._known[name] = self.read(text)
        self._read.clear()

    def extended(
        self, *base: str, derived: Mapping[str, str] | None = None, currencies: Sequence[str] = ()
    ) -> UnitSystem:
        """A system with more base units, derived units and currencies (currencies are added to the base)."""
        return UnitSystem(
            (*self.base, *base, *currencies), {**self.derived, **(derived or {})}, (*self.currencies, *currencies)
        )

    def read(self, text: str) -> Unit:
        """What a unit's text means.

        Products and quotients of unit names, with ``**`` for powers; a number in front of a name, plain or with k, M
        or G, belongs to that name: ``contact/10k person/year``.

        Raises
        ------
        UnitError
            If the text is not a unit, or a name in it is unknown.
        """
        if text not in self._read:
            self._read[text] = _Parser(text, self._known).unit()
        return self._read[text]

    def coherent(self, text: str) -> str:
        """The unit's text in one standard form; refuses units that would need converting."""
        unit = self.read(text)
        if unit.factor != 1:
            raise UnitError(f"'{text}' would need converting: write '{self.text(unit.dimension)}' here")
        return self.text(unit.dimension)

    def text(self, dimension: Dimension) -> str:
        """The standard text of a product of base units: ``yuan/person/year``."""
        ordered = sorted(dimension, key=lambda item: (item[0] == TIME_UNIT, self.base.index(item[0])))
        above = [_power(name, power) for name, power in ordered if power > 0]
        below = ["/" + _power(name, -power) for name, power in ordered if power < 0]
        if not below:
            return "*".join(above) or DIMENSIONLESS
        return ("*".join(above) or "1") + "".join(below)

    @cached_property
    def registry(self) -> pint.UnitRegistry[Any]:
        """A pint registry that knows these units and no others."""
        import pint

        registry: pint.UnitRegistry[Any] = pint.UnitRegistry(None)
        for name in self.base:
            registry.define(f"{name} = [{name}]")
        return registry

    def pint_unit(self, text: str) -> PintUnit:
        """The pint unit of a coherent unit's text."""
        from pint.util import UnitsContainer

        exponents = {name: int(p) if p.denominator == 1 else float(p) for name, p in self.read(text).dimension}
        return self.registry.Unit(UnitsContainer(exponents))


def _power(name: str, power: Fraction) -> str:
    return name if power == 1 else f"{name}**{float(power):g}"


class _Parser:
    """Reads ``term (('*' | '/') term)*`` with ``term = [number] name ['**' number]``."""

    def __init__(self, text: str, known: Mapping[str, Unit]) -> None:
        self.text, self.known, self.place = text, known, 0
        if len(text) > _LONGEST:
            raise UnitError(f"'{text[:20]}...' is not a unit: it is longer than {_LONGEST} characters")
        self.tokens: list[tuple[str, Any]] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise UnitError(f"'{text}' is not a unit: '{text[position:].strip()}' makes no sense there")
            number, prefix, name, mark = match.groups()
            if number is not None:
                if not Fraction(number):
                    raise UnitError(f"'{text}' is not a unit: it holds a zero")
                self.tokens.append(("number", Fraction(number) * _PREFIX[prefix]))
            else:
                self.tokens.append(("name", name) if name else (mark, mark))
            position = match.end()

    def unit(self) -> Unit:
        if not self.tokens:
            raise UnitError(f"an empty unit: write '{DIMENSIONLESS}' for a plain number")
        result = self._product()
        if self.place < len(self.tokens):
            raise UnitError(f"'{self.text}' is not a unit: '{self.tokens[self.place][1]}' makes no sense there")
        return result

    def _take(self, *kinds: str) -> Any:
        if self.place < len(self.tokens) and self.tokens[self.place][0] in kinds:
            self.place += 1
            return self.tokens[self.place - 1][1]
        return None

    def _product(self) -> Unit:
        result = self._term()
        while sign := self._take("*", "/"):
            result = result.times(self._term(), 1 if sign == "*" else -1)
        return result

    def _term(self) -> Unit:
        number = self._take("number")
        name = self._take("name")
        if name is not None:
            if name not in self.known:
                raise UnitError(f"unknown unit '{name}' in '{self.text}'{nearest(name, self.known)}")
            inner = self.known[name]
        elif self._take("(") is not None:
            inner = self._product()
            if self._take(")") is None:
                raise UnitError(f"'{self.text}' is not a unit: a bracket is not closed")
        elif number is not None:
            inner = ONE
        else:
            raise UnitError(f"'{self.text}' is not a unit: a name is missing")
        if self._take("**", "^") is not None:
            negative = self._take("-") is not None
            power = self._take("number")
            if power is None:
                raise UnitError(f"'{self.text}' is not a unit: a power must be a number")
            if power > _HIGHEST_POWER:
                raise UnitError(f"'{self.text}' is not a unit: a power above {_HIGHEST_POWER}")
            inner = ONE.times(inner, -power if negative else power)
        return Unit(inner.factor * (number if number is not None else 1), inner.dimension)


#: A general system; a subject adds its own units with ``GENERAL.extended(...)``.
GENERAL = UnitSystem(
    ("person", "item", "metre", "kilogram", "kelvin", "currency", TIME_UNIT),
    {
        "percent": "dimensionless / 100",
        "per_mille": "dimensionless / 1000",
        "month": "year / 12",
        "quarter": "year / 4",
        "day": "year / 365.25",
        "week": "7 day",
        "hour": "day / 24",
        "minute": "hour / 60",
        "second": "minute / 60",
        "litre": "metre ** 3 / 1000",
        "gram": "kilogram / 1000",
        "tonne": "1000 kilogram",
        "kilometre": "1000 metre",
    },
    currencies=("currency",),
)
