"""Arrays with named axes: the numbers on which the interpreter and unit tests run an author's function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .declare import Subscript
from .errors import ModelError
from .functions import numeric_functions

Subscripts = tuple[Subscript, ...]


class NamedArray:
    """Values over subscripts; operands line up by the names of their axes, whatever their order.

    Parameters
    ----------
    values : an array with one axis for each subscript.
    over : the subscripts, in the order of the axes.
    """

    __slots__ = ("over", "values")
    __iter__ = None
    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None

    def __init__(self, values: ArrayLike, over: Subscripts = ()) -> None:
        self.values: NDArray[Any] = np.asarray(values)
        self.over = over
        shape = tuple(len(subscript.elements) for subscript in over)
        if self.values.shape != shape:
            raise ModelError(f"values of shape {self.values.shape} do not fit {_names(over)}, of shape {shape}")

    @classmethod
    def from_flat(cls, name: str, over: Subscripts, flat: Mapping[str, float]) -> NamedArray:
        """Collect the scalars ``name[element,...]`` of a variable."""
        array = cls(np.zeros([len(subscript.elements) for subscript in over]), over)
        for place in np.ndindex(array.values.shape):
            elements = ",".join(subscript.elements[i] for subscript, i in zip(over, place, strict=True))
            array.values[place] = flat[f"{name}[{elements}]" if over else name]
        return array

    def to_flat(self, name: str) -> dict[str, float]:
        """The scalars ``name[element,...]`` of a variable."""
        flat = {}
        for place in np.ndindex(self.values.shape):
            elements = ",".join(subscript.elements[i] for subscript, i in zip(self.over, place, strict=True))
            flat[f"{name}[{elements}]" if self.over else name] = float(self.values[place])
        return flat

    def spread_over(self, over: Subscripts) -> NamedArray:
        """The same values over these subscripts, repeated along those it does not have."""
        if self.over == over:
            return self
        for subscript in self.over:
            if subscript not in over:
                raise ModelError(f"it is over {subscript.name}, which is not among {_names(over)}")
        own = [subscript for subscript in over if subscript in self.over]
        values = self.values.transpose([self.over.index(subscript) for subscript in own])
        place = tuple(slice(None) if subscript in self.over else np.newaxis for subscript in over)
        shape = [len(subscript.elements) for subscript in over]
        return NamedArray(np.broadcast_to(values[place], shape), over)

    def total(self, *subscripts: Subscript) -> NamedArray:
        """The sum over some of its subscripts."""
        axes = tuple(self._axis(subscript) for subscript in subscripts)
        kept = tuple(subscript for subscript in self.over if subscript not in subscripts)
        return NamedArray(self.values.sum(axis=axes), kept)

    def previous(self, subscript: Subscript) -> NamedArray:
        """Each value moved to the next element along a subscript; 0 at the first."""
        axis = self._axis(subscript)
        moved = np.zeros_like(self.values, dtype=float)
        source, target = [slice(None)] * self.values.ndim, [slice(None)] * self.values.ndim
        source[axis], target[axis] = slice(None, -1), slice(1, None)
        moved[tuple(target)] = self.values[tuple(source)]
        return NamedArray(moved, self.over)

    def __getitem__(self, element: str | tuple[str, ...]) -> NamedArray:
        if isinstance(element, tuple):
            chosen = self
            for one in element:
                chosen = chosen[one]
            return chosen
        for axis, subscript in enumerate(self.over):
            if element in subscript.elements:
                kept = self.over[:axis] + self.over[axis + 1 :]
                return NamedArray(self.values.take(subscript.elements.index(element), axis=axis), kept)
        raise ModelError(f"'{element}' is no element of {_names(self.over)}")

    def _axis(self, subscript: Subscript) -> int:
        if subscript not in self.over:
            raise ModelError(f"it is over {_names(self.over)}, not over {subscript.name}")
        return self.over.index(subscript)

    def __stockflow__(self, name: str, arguments: tuple[Any, ...]) -> NamedArray:
        """A function of the closed set on named arrays."""
        if name == "total":
            return self.total(*arguments[1:])
        if name == "previous":
            return self.previous(arguments[1])
        if name == "by":
            return _put_together(arguments[0], arguments[1:])
        return _combine(numeric_functions()[name], *arguments)

    def __add__(self, other: Any) -> NamedArray:
        return _combine(np.add, self, other)

    def __radd__(self, other: Any) -> NamedArray:
        return _combine(np.add, other, self)

    def __sub__(self, other: Any) -> NamedArray:
        return _combine(np.subtract, self, other)

    def __rsub__(self, other: Any) -> NamedArray:
        return _combine(np.subtract, other, self)

    def __mul__(self, other: Any) -> NamedArray:
        return _combine(np.multiply, self, other)

    def __rmul__(self, other: Any) -> NamedArray:
        return _combine(np.multiply, other, self)

    def __truediv__(self, other: Any) -> NamedArray:
        return _combine(np.divide, self, other)

    def __rtruediv__(self, other: Any) -> NamedArray:
        return _combine(np.divide, other, self)

    def __pow__(self, other: Any) -> NamedArray:
        return _combine(np.power, self, other)

    def __rpow__(self, other: Any) -> NamedArray:
        return _combine(np.power, other, self)

    def __neg__(self) -> NamedArray:
        return NamedArray(-self.values, self.over)

    def __lt__(self, other: Any) -> NamedArray:
        return _combine(np.less, self, other)

    def __le__(self, other: Any) -> NamedArray:
        return _combine(np.less_equal, self, other)

    def __gt__(self, other: Any) -> NamedArray:
        return _combine(np.greater, self, other)

    def __ge__(self, other: Any) -> NamedArray:
        return _combine(np.greater_equal, self, other)

    def __and__(self, other: Any) -> NamedArray:
        return _combine(np.logical_and, self, other)

    def __or__(self, other: Any) -> NamedArray:
        return _combine(np.logical_or, self, other)

    def __bool__(self) -> bool:
        raise ModelError("a quantity is not a condition: use where(condition, a, b)")

    def __repr__(self) -> str:
        return f"NamedArray({self.values!r}, over={_names(self.over)})"


class NamedTable:
    """A table function on named arrays: straight between its points, held flat beyond them."""

    def __init__(self, points: tuple[tuple[float, float], ...]) -> None:
        self.x = np.array([x for x, _ in points])
        self.y = np.array([y for _, y in points])

    def __call__(self, argument: Any) -> NamedArray:
        """Read the table, element by element."""
        return _combine(lambda x: np.interp(x, self.x, self.y), argument)


def as_named(value: Any) -> NamedArray:
    """A named array as it is; a plain number as one without subscripts."""
    if isinstance(value, NamedArray):
        return value
    if isinstance(value, (int, float, np.generic)):
        return NamedArray(float(value))
    raise TypeError(f"{type(value).__name__} is neither a number nor a named array")


def _combine(function: Callable[..., Any], *arguments: Any) -> NamedArray:
    """Apply a numpy function to arguments lined up by the names of their axes; IEEE results, never exceptions."""
    named = [as_named(argument) for argument in arguments]
    shapes = {array.over for array in named if array.over}
    over = next(iter(shapes)) if len(shapes) == 1 else tuple(dict.fromkeys(s for a in named for s in a.over))
    # an array without axes goes with any other as it is
    values = [array.spread_over(over).values if array.over else array.values for array in named]
    with np.errstate(all="ignore"):
        return NamedArray(function(*values), over)


def _put_together(subscript: Subscript, branches: tuple[Any, ...]) -> NamedArray:
    """One branch for each element of a subscript; a branch over that subscript gives its own element."""
    pieces = [
        branch[element] if isinstance(branch, NamedArray) and subscript in branch.over else as_named(branch)
        for element, branch in zip(subscript.elements, branches, strict=True)
    ]
    over: Subscripts = tuple(dict.fromkeys(one for piece in pieces for one in piece.over))
    return NamedArray(np.stack([piece.spread_over(over).values for piece in pieces]), (subscript, *over))


def _names(over: Subscripts) -> str:
    return ", ".join(subscript.name for subscript in over) or "no subscript"
