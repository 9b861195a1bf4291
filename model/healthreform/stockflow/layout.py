"""Where everything lies: which names are kept and how, and the places of all vectors in a thread's work space."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .errors import ModelError, nearest
from .expression import Expression, names_in
from .flat import FlatModel
from .methods import why_unknown
from .reduction import with_inverses
from .sharing import with_shared


@dataclass(frozen=True)
class Options:
    """What a kernel is compiled for.

    Attributes
    ----------
    keep : flat names whose values are reported, in column order.
    method : ``rk4`` or ``euler``.
    every_step : values at every step instead of years.
    width : scenarios in a vector.
    permute : whether the processor has AVX-512's instructions to pick elements of a vector.
    """

    keep: tuple[str, ...]
    method: str
    every_step: bool
    width: int
    permute: bool = False


@dataclass(frozen=True)
class Layout:
    """Indices of a model's quantities, and vector offsets in the work space.

    Attributes
    ----------
    model : what was planned.
    computed : the same as the kernel computes it, see `reduction` and `sharing`.
    kept_stocks, kept_parameters, kept_references, kept_moving, kept_closing : (index, column) pairs of what is
        reported; the moving and closing ones are equations and dated inputs, the index is their place in the next two.
    moving : names of what is added up over a year, or reported at every step: the accumulators.
    closing : names of what is computed once more at each year's end, from the state there.
    fixed_times, moving_times : indices in ``time_constants`` of those that hold for a run, and of those that do not.
    offsets, vectors : vector offsets of the parts of the work space whose size the layout knows, and where they end.
    """

    model: FlatModel
    computed: FlatModel
    options: Options
    kept_stocks: tuple[tuple[int, int], ...]
    kept_parameters: tuple[tuple[int, int], ...]
    kept_references: tuple[tuple[int, int], ...]
    kept_moving: tuple[tuple[int, int], ...]
    kept_closing: tuple[tuple[int, int], ...]
    moving: tuple[str, ...]
    closing: tuple[str, ...]
    fixed_times: tuple[int, ...]
    moving_times: tuple[int, ...]
    offsets: dict[str, int]
    vectors: int


def default_keep(model: FlatModel) -> tuple[str, ...]:
    """Everything that has a history: stocks, equations, dated inputs and references."""
    names = (*model.stocks, *(name for name, _ in model.equations), *model.paths, *model.references)
    return tuple(dict.fromkeys(names))


def plan(model: FlatModel, options: Options) -> Layout:
    """Lay a model out for a kernel.

    Raises
    ------
    ModelError
        If a kept name or the method is unknown.
    """
    if wrong := why_unknown(options.method):
        raise ModelError(wrong)
    stocks, parameters = places(model.stocks), places(model.parameters)
    references, paths = places(model.references), places(model.paths)
    equations = places(name for name, _ in model.equations)
    groups: tuple[list[tuple[int, int]], ...] = ([], [], [], [], [])
    at_year_end = frozenset() if options.every_step else model.at_year_end
    moving: list[str] = []
    closing: list[str] = []
    for column, name in enumerate(options.keep):
        if name in stocks:
            groups[0].append((stocks[name], column))
        elif name in parameters:
            groups[1].append((parameters[name], column))
        elif name in references:
            groups[2].append((references[name], column))
        elif name in at_year_end:
            groups[4].append((len(closing), column))
            closing.append(name)
        elif name in equations or name in paths:
            groups[3].append((len(moving), column))
            moving.append(name)
        else:
            known = (*stocks, *equations, *paths, *references, *parameters)
            raise ModelError(f"keep: {name!r} is no variable of this model{nearest(name, known)}")
    fixed = [
        index for index, time in enumerate(model.time_constants) if time.name in parameters or time.name in references
    ]
    others = [index for index in range(len(model.time_constants)) if index not in set(fixed)]
    computed = with_shared(with_inverses(model))
    offsets, vectors = _offsets(computed, len(moving), len(closing), len(others))
    kept_stocks, kept_parameters, kept_references, kept_moving, kept_closing = (tuple(group) for group in groups)
    return Layout(
        model=model,
        computed=computed,
        options=options,
        kept_stocks=kept_stocks,
        kept_parameters=kept_parameters,
        kept_references=kept_references,
        kept_moving=kept_moving,
        kept_closing=kept_closing,
        moving=tuple(moving),
        closing=tuple(closing),
        fixed_times=tuple(fixed),
        moving_times=tuple(others),
        offsets=offsets,
        vectors=vectors,
    )


def places(names: Iterable[str]) -> dict[str, int]:
    """Numbers of names, in their order."""
    return {name: index for index, name in enumerate(names)}


def _offsets(model: FlatModel, moving: int, closing: int, times: int) -> tuple[dict[str, int], int]:
    """Vector offsets of the parts of a thread's work space, and its length in vectors."""
    sizes = {
        "state": len(model.stocks),
        "first": len(model.stocks),
        "second": len(model.stocks),
        "third": len(model.stocks),
        "fourth": len(model.stocks),
        "parameter": len(model.parameters),
        "path": len(model.paths),
        "reference": len(model.references),
        "moving": moving,
        "closing": closing,
        "time": times,
        "shortest": 1,
        "which": 1,
        "lane": 1,
        "date": len(model.paths),
        "value": len(model.paths),
        "slope": len(model.paths),
        "cursor": len(model.paths),
        "due": len(model.paths),  # one double each, with room to spare
        "sloped": len(model.paths) + 1,  # likewise
    }
    offsets, total = {}, 0
    for part, size in sizes.items():
        offsets[part] = total
        total += size
    return offsets, total


def needed_equations(layout: Layout) -> frozenset[str]:
    """Names that rates, moving outputs or moving time constants depend on; equations not among them are left out."""
    model = layout.computed
    wanted = {name for pairs in model.rates for _, name in pairs} | set(layout.moving)
    wanted |= {model.time_constants[index].name for index in layout.moving_times}
    return _reached(model.equations, wanted)


def needed_at_year_end(layout: Layout) -> frozenset[str]:
    """Names that closing outputs depend on."""
    return _reached(layout.computed.equations, set(layout.closing))


def needed_at_start(model: FlatModel) -> frozenset[str]:
    """Starting values that stocks and references depend on."""
    return _reached(model.initial, {*model.stocks, *model.references})


def _reached(ordered: tuple[tuple[str, Expression], ...], wanted: set[str]) -> frozenset[str]:
    reached = set(wanted)
    for name, expression in reversed(ordered):
        if name in reached:
            reached.update(names_in(expression))
    return frozenset(reached)
