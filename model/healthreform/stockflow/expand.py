"""Subscripts: which ones an expression depends on, and its scalar form for each element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from itertools import product

from .declare import Subscript
from .errors import ModelError, nearest, one_of
from .expression import Apply, Expression, Lookup, Name, Number
from .written import By, Call, Pick, Previous, Read, Total, Variable, Written, parts

#: The element chosen along each subscript, by the subscript's name.
Elements = Mapping[str, str]
Over = Mapping[str, tuple[Subscript, ...]]


def flat_name(name: str, over: tuple[Subscript, ...], elements: Elements) -> str:
    """The name of a scalar: ``spending[tertiary,outpatient]``, or the plain name without subscripts."""
    if not over:
        return name
    return f"{name}[{','.join(elements[subscript.name] for subscript in over)}]"


def all_elements(over: tuple[Subscript, ...]) -> Iterator[dict[str, str]]:
    """Every choice of elements, the last subscript moving fastest."""
    for chosen in product(*(subscript.elements for subscript in over)):
        yield {subscript.name: element for subscript, element in zip(over, chosen, strict=True)}


def flat_names(name: str, over: tuple[Subscript, ...]) -> tuple[str, ...]:
    """The names of all scalars of a variable, in order."""
    return tuple(flat_name(name, over, elements) for elements in all_elements(over))


class Expander:
    """Judges and expands expressions, given what each name is written over.

    Parameters
    ----------
    over : subscripts of every variable, parameter, lever and driver, by name.
    subscripts : all subscripts of the model.
    """

    def __init__(self, over: Over, subscripts: Mapping[str, Subscript]) -> None:
        self.over = over
        self.home = {element: subscript for subscript in subscripts.values() for element in subscript.elements}

    def check(self, variable: Variable) -> None:
        """Refuse an equation whose subscripts do not line up with its own.

        Raises
        ------
        ModelError
            If it depends on a subscript it is not over, or on none of one that it is over.
        """
        found = self.subscripts_in(variable.expression, variable)
        own = {subscript.name for subscript in variable.over}
        for subscript in found.values():
            if subscript.name not in own:
                raise self._not_over(variable, subscript)
        if variable.generated_text is not None:
            return
        for subscript in variable.over:
            if subscript.name not in found:
                remedy = "drop the subscript, or make the value a parameter over it"
                raise variable.error(f"it is over {subscript.name}, but nothing it depends on is: {remedy}")

    def _not_over(self, variable: Variable, subscript: Subscript) -> ModelError:
        culprit = self._culprit(variable.expression, subscript, variable)
        return variable.error(
            f"'{culprit}' is over {subscript.name}, this equation is not: use total({culprit}, {subscript.name}), "
            f'{culprit}["{subscript.elements[-1]}"], or over={subscript.name}'
        )

    def _culprit(self, expression: Written, subscript: Subscript, variable: Variable) -> str:
        """The first name through which an expression depends on a subscript."""
        while not isinstance(expression, Name):
            if isinstance(expression, By) and expression.subscript == subscript:
                return f"by({subscript.name}, ...)"
            expression = next(p for p in parts(expression) if subscript.name in self.subscripts_in(p, variable))
        return expression.name

    def subscripts_in(self, expression: Written, variable: Variable) -> dict[str, Subscript]:
        """The subscripts that a written expression still depends on, by name."""
        if isinstance(expression, Name):
            return {subscript.name: subscript for subscript in self.over[expression.name]}
        found: dict[str, Subscript] = {}
        for part in parts(expression):
            found.update(self.subscripts_in(part, variable))
        if isinstance(expression, By):
            found[expression.subscript.name] = expression.subscript
        elif isinstance(expression, Pick):
            home = self._home(expression.element, variable)
            self._need(found, home, f'["{expression.element}"]', variable)
            del found[home.name]
        elif isinstance(expression, Total):
            for subscript in expression.subscripts:
                self._need(found, subscript, f"total(..., {subscript.name})", variable)
                del found[subscript.name]
        elif isinstance(expression, Previous):
            subscript = expression.subscript
            self._need(found, subscript, f"previous(..., {subscript.name})", variable)
        return found

    def _home(self, element: str, variable: Variable) -> Subscript:
        if element not in self.home:
            known = f"; elements: {one_of(self.home)}" if not nearest(element, self.home) else ""
            raise variable.error(f"'{element}' is no element of any subscript{nearest(element, self.home)}{known}")
        return self.home[element]

    @staticmethod
    def _need(found: Mapping[str, Subscript], subscript: Subscript, what: str, variable: Variable) -> None:
        if subscript.name not in found:
            over = one_of(found)
            raise variable.error(f"{what}: what it is applied to is not over {subscript.name} (it is over {over})")

    def flatten(self, expression: Written, elements: Elements) -> Expression:
        """The scalar form of a checked expression for one choice of elements."""
        if isinstance(expression, Number):
            return expression
        if isinstance(expression, Name):
            return Name(flat_name(expression.name, self.over[expression.name], elements))
        if isinstance(expression, Call):
            return Apply(expression.operation, tuple([self.flatten(part, elements) for part in expression.arguments]))
        if isinstance(expression, Read):
            return Lookup(expression.table, self.flatten(expression.argument, elements))
        if isinstance(expression, Pick):
            home = self.home[expression.element].name
            return self.flatten(expression.operand, {**elements, home: expression.element})
        if isinstance(expression, Total):
            chosen = all_elements(expression.subscripts)
            terms = [self.flatten(expression.operand, {**elements, **one}) for one in chosen]
            return reduce(_add, terms)
        if isinstance(expression, By):
            place = expression.subscript.elements.index(elements[expression.subscript.name])
            return self.flatten(expression.branches[place], elements)
        return self._previous(expression, elements)

    def _previous(self, expression: Previous, elements: Elements) -> Expression:
        subscript = expression.subscript
        place = subscript.elements.index(elements[subscript.name])
        if place == 0:
            return Number(0.0)
        return self.flatten(expression.operand, {**elements, subscript.name: subscript.elements[place - 1]})


def _add(a: Expression, b: Expression) -> Expression:
    return Apply("add", (a, b))
