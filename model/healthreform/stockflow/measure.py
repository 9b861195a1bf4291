"""Every equation executed on units without magnitude.

A unit without magnitude lets ``1 / (1 - share)`` pass, which a quantity of 1 would divide by zero, and stops
``yuan ** elasticity``, which a quantity of 1 would let through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

from .declare import TIME_UNIT
from .errors import UnitError
from .units import DIMENSIONLESS, PintUnit, UnitSystem
from .written import Variable


class _Condition:
    """What a comparison of two measures gives."""

    __slots__ = ()

    def __stockflow__(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Only ``where`` takes a condition."""
        if name != "where":
            raise UnitError(f"{name}() takes quantities, not a comparison")
        return _agree("where()", *arguments[1:])

    def __and__(self, other: object) -> _Condition:
        if not isinstance(other, _Condition):
            raise UnitError("'&' joins two comparisons")
        return self

    __or__ = __and__


class Measure:
    """A unit without magnitude, on which equations are executed to check them.

    Parameters
    ----------
    unit : its unit.
    made : the name of the quantity, or the operation and the operands that gave it (for error lines).
    """

    __slots__ = ("made", "unit")
    __iter__ = None
    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None

    def __init__(self, unit: Any, made: str | tuple[Any, ...]) -> None:
        self.unit = unit
        self.made = made

    def _same(self, operation: str, other: Any, *, swapped: bool = False) -> Measure:
        """The result of an operation whose two sides must have one unit; a literal 0 fits any."""
        if isinstance(other, Measure):
            fits = self.unit == other.unit
        else:
            fits = _number(other, operation) == 0 or self.unit.dimensionless
        pair = (other, self) if swapped else (self, other)
        if not fits:
            a, b = pair
            raise UnitError(f"the two sides of {operation} differ in unit: {_show(a)} and {_show(b)}")
        return Measure(self.unit, (operation, *pair))

    def __add__(self, other: Any) -> Measure:
        return self._same("+", other)

    def __radd__(self, other: Any) -> Measure:
        return self._same("+", other, swapped=True)

    def __sub__(self, other: Any) -> Measure:
        return self._same("-", other)

    def __rsub__(self, other: Any) -> Measure:
        return self._same("-", other, swapped=True)

    def __neg__(self) -> Measure:
        return Measure(self.unit, ("-", 0, self))

    def __mul__(self, other: Any) -> Measure:
        if isinstance(other, Measure):
            return Measure(self.unit * other.unit, ("*", self, other))
        _number(other, "*")
        return Measure(self.unit, ("*", self, other))

    def __rmul__(self, other: Any) -> Measure:
        _number(other, "*")
        return Measure(self.unit, ("*", other, self))

    def __truediv__(self, other: Any) -> Measure:
        if isinstance(other, Measure):
            return Measure(self.unit / other.unit, ("/", self, other))
        _number(other, "/")
        return Measure(self.unit, ("/", self, other))

    def __rtruediv__(self, other: Any) -> Measure:
        _number(other, "/")
        return Measure(self.unit**-1, ("/", other, self))

    def __pow__(self, other: Any) -> Measure:
        if isinstance(other, Measure):
            self._plain("a power that is not a number needs a dimensionless base:")
            other._plain("a power must be dimensionless:")
            return Measure(self.unit, ("**", self, other))
        return Measure(self.unit ** _number(other, "**"), ("**", self, other))

    def __rpow__(self, other: Any) -> Measure:
        _number(other, "**")
        self._plain("a power must be dimensionless:")
        return Measure(self.unit, ("**", other, self))

    def __lt__(self, other: Any) -> _Condition:
        self._same("a comparison", other)
        return _Condition()

    __le__ = __gt__ = __ge__ = __lt__

    def __getitem__(self, element: object) -> Measure:
        return self

    def __bool__(self) -> bool:
        raise UnitError("a quantity is not a condition: use where(condition, a, b)")

    def _plain(self, message: str) -> None:
        if not self.unit.dimensionless:
            raise UnitError(f"{message} {_show(self)}")

    def __stockflow__(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """A function of the closed set on units."""
        if name in ("total", "previous"):
            return self
        if name == "by":
            return reduce(lambda a, b: _agree("by()", a, b), arguments[1:])
        if name in ("exp", "log", "normal_cdf"):
            self._plain(f"{name}() needs a dimensionless argument:")
            return Measure(self.unit, (name, self))
        if name == "sqrt":
            return Measure(self.unit**0.5, (name, self))
        if name in ("minimum", "maximum", "smooth_minimum"):
            if name == "smooth_minimum":
                sharpness = arguments[2]
                if isinstance(sharpness, Measure):
                    sharpness._plain("the sharpness of smooth_minimum must be dimensionless:")
            return _agree(f"{name}()", *arguments[:2])
        if name == "where":
            return _agree("where()", *arguments[1:])
        raise UnitError(f"{name}() is not known for units")


def _agree(name: str, a: Any, b: Any) -> Any:
    if isinstance(a, Measure):
        return a._same(name, b)
    if isinstance(b, Measure):
        return b._same(name, a, swapped=True)
    return a if _number(a, name) != 0 else b


def _number(value: Any, operation: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UnitError(f"{operation} is applied to {_show(value)}, which is not a quantity")
    return value


def _show(value: Any) -> str:
    if not isinstance(value, Measure):
        return f"'{value.name}' (a table)" if isinstance(value, TableMeasure) else f"{value!r} (a number)"
    text = _text(value)
    return f"'{text if len(text) <= 60 else text[:57] + '...'}' ({unit_text(value.unit)})"


def _text(value: Any, *, inner: bool = False) -> str:
    if not isinstance(value, Measure):
        return repr(value)
    if isinstance(value.made, str):
        return value.made
    operation, *operands = value.made
    if len(operands) == 1 or operation[0].isalpha():
        return f"{operation.removesuffix('()')}({', '.join(_text(part) for part in operands)})"
    text = f" {operation} ".join(_text(part, inner=True) for part in operands)
    return f"({text})" if inner else text


def unit_text(unit: PintUnit) -> str:
    """A pint unit in the form in which units are written: ``yuan/year``."""
    powers = sorted((name.strip("[]"), float(power)) for name, power in dict[str, Any](unit.dimensionality).items())
    powers.sort(key=lambda item: item[0] == TIME_UNIT)
    shown = [(name if abs(power) == 1 else f"{name}**{abs(power):g}", power) for name, power in powers]
    above = "*".join(text for text, power in shown if power > 0)
    below = "".join(f"/{text}" for text, power in shown if power < 0)
    return (above or "1") + below if below else above or DIMENSIONLESS


class TableMeasure:
    """A table on units: called with an argument in its first unit, it gives its second."""

    def __init__(self, name: str, x_unit: PintUnit, unit: PintUnit) -> None:
        self.name, self.x_unit, self.unit = name, x_unit, unit

    def __call__(self, argument: Any) -> Measure:
        """The unit of what is read, if the argument fits."""
        if isinstance(argument, Measure):
            fits = argument.unit == self.x_unit
        else:
            fits = _number(argument, self.name) == 0 or self.x_unit.dimensionless
        if not fits:
            raise UnitError(
                f"the table '{self.name}' is read at {unit_text(self.x_unit)}, but is given {_show(argument)}"
            )
        return Measure(self.unit, (self.name, argument))


def check_units(
    variables: Iterable[Variable], inputs: Mapping[str, str], tables: Mapping[str, tuple[str, str]], units: UnitSystem
) -> None:
    """Execute every equation on units.

    Parameters
    ----------
    variables : all written variables; their units are coherent.
    inputs : units of parameters, levers and drivers by name.
    tables : ``(x_unit, unit)`` of tables by name.
    units : the system that these belong to.

    Raises
    ------
    ModelError
        For the first equation whose units do not fit, naming both.
    """
    written = list(variables)
    known: dict[str, PintUnit] = {}
    measures: dict[str, Measure | TableMeasure] = {}

    def unit_of(text: str) -> PintUnit:
        if text not in known:
            known[text] = units.pint_unit(text)
        return known[text]

    for name, text in [*inputs.items(), *((variable.name, variable.unit) for variable in written)]:
        measures[name] = Measure(unit_of(text), name)
    for name, (x_text, text) in tables.items():
        measures[name] = TableMeasure(name, unit_of(x_text), unit_of(text))
    year, rate = unit_of(TIME_UNIT), unit_of(f"1/{TIME_UNIT}")
    for variable in written:
        # First, since what is made for a delay would otherwise be told of equations that nobody wrote.
        if variable.generated_by is None:
            for key, due in (("time", year), ("growth", rate), ("loss", rate)):
                _check_named(variable, key, measures, due)
    for variable in written:
        _check(variable, measures, unit_of(variable.unit))
        if variable.declaration.scale is not None:
            _check_scale(variable, measures[variable.declaration.scale], unit_of(variable.unit))


def _check(variable: Variable, measures: Mapping[str, Measure | TableMeasure], declared: PintUnit) -> None:
    try:
        result = variable.function(*[measures[argument] for argument in variable.arguments])
    except UnitError as error:
        raise _unit_error(variable, str(error)) from None
    if isinstance(result, Measure):
        if result.unit != declared:
            given = f"its equation gives {unit_text(result.unit)}, but its unit is {unit_text(declared)}"
            raise _unit_error(variable, given)
    elif result != 0 and not declared.dimensionless:
        raise _unit_error(variable, f"its equation gives a plain number, but its unit is {unit_text(declared)}")


def _check_scale(variable: Variable, scale: Measure | TableMeasure, declared: PintUnit) -> None:
    if scale.unit != declared:
        name = variable.declaration.scale
        raise _unit_error(variable, f"its scale '{name}' is in {unit_text(scale.unit)}, not {unit_text(declared)}")


def _check_named(variable: Variable, key: str, measures: Mapping[str, Measure | TableMeasure], due: PintUnit) -> None:
    name = getattr(variable.declaration, key)
    if name is not None and measures[name].unit != due:
        found = unit_text(measures[name].unit)
        raise _unit_error(variable, f"{key}='{name}' is in {found}; it must be in {unit_text(due)}")


def check_ends(
    variables: Mapping[str, Variable], moved_by: Callable[[Variable], Iterable[Variable]], units: UnitSystem
) -> None:
    """A flow is in its stock's unit per year; payments and accounts are in a currency.

    Parameters
    ----------
    moved_by : the written stocks that a flow fills or drains, cash included.

    Raises
    ------
    UnitError
        For the first flow or account whose unit is another.
    """
    year = units.read(TIME_UNIT)
    money = {units.read(currency).dimension for currency in units.currencies}
    currencies = " or ".join(units.currencies) or "a currency, of which this system of units has none"
    for variable in variables.values():
        if variable.declaration.account is not None and units.read(variable.unit).dimension not in money:
            raise _unit_error(variable, f"the cash of an account is in {currencies}, not {variable.unit}")
        if variable.role != "flow":
            continue
        content = units.read(variable.unit).times(year)
        if variable.declaration.payer is not None and content.dimension not in money:
            raise _unit_error(variable, f"a payment is in {currencies} per {TIME_UNIT}, not {variable.unit}")
        for stock in moved_by(variable):
            unit = units.read(variables[stock.name].unit)
            if unit.dimension != content.dimension:
                due = units.text(unit.times(year, -1).dimension)
                message = f"its unit is {variable.unit}, but it moves '{stock.name}', so it must be {due}"
                raise _unit_error(variable, message)


def _unit_error(variable: Variable, message: str) -> UnitError:
    return UnitError(str(variable.error(message)))
