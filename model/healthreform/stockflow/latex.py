"""Equations as LaTeX, from the written expression: the author's order is kept."""

from __future__ import annotations

from .accounts import end_name, split_end
from .expression import Name, Number
from .model import Model
from .written import By, Call, Pick, Previous, Read, Total, Variable, Written

_LOOSEST, _OR, _AND, _COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(9)
_INFIX = {
    "add": ("+", _SUM, _SUM),
    "subtract": ("-", _SUM, _PRODUCT),
    "multiply": (r"\,", _PRODUCT, _SIGN),
    "less": ("<", _COMPARISON, _SUM),
    "less_equal": (r"\le", _COMPARISON, _SUM),
    "greater": (">", _COMPARISON, _SUM),
    "greater_equal": (r"\ge", _COMPARISON, _SUM),
    "and": (r"\land", _AND, _COMPARISON),
    "or": (r"\lor", _OR, _AND),
}
_NAMED = {"minimum": r"\min", "maximum": r"\max", "log": r"\ln", "exp": r"\exp", "normal_cdf": r"\Phi"}


def name_latex(name: str, indices: tuple[str, ...] = ()) -> str:
    """A name upright, with its subscripts below it."""
    text = rf"\mathrm{{{_words(name)}}}"
    return f"{text}_{{{','.join(indices)}}}" if indices else text


def _words(name: str) -> str:
    return name.replace("_", r"\ ")


def equation_latex(model: Model, name: str) -> str:
    """The equation of a variable, as the author wrote it.

    For a stock both its rate of change and its starting value; for a delay, pipeline or smooth what goes in, inside an
    operator that names its order and time.
    """
    variable = model.variables[name]
    left = name_latex(name, tuple(_index(s.name) for s in variable.over))
    if variable.author is not None:
        return f"{left} = {_macro(model, variable, variable.author)}"
    right = expression_latex(model, variable.expression)
    if variable.role == "stock":
        return rf"\frac{{d}}{{dt}}\,{left} = {_rate(model, variable)},\qquad {left}(t_0) = {right}"
    return rf"{left} = {right}\big|_{{t_0}}" if variable.role == "reference" else f"{left} = {right}"


def _macro(model: Model, variable: Variable, author: Written) -> str:
    given = variable.declaration
    time = name_latex(str(given.time), tuple(_index(s.name) for s in model.over(str(given.time))))
    inner = rf"{expression_latex(model, author)};\ {time}"
    if given.loss is not None:
        inner += rf";\ {name_latex(given.loss, tuple(_index(s.name) for s in model.over(given.loss)))}"
    return rf"\operatorname{{{given.kind}}}_{{{given.order}}}\!\left({inner}\right)"


def _rate(model: Model, stock: Variable) -> str:
    """The flows of a stock with their signs: summed over subscripts it lacks, and where they meet one element only."""
    terms: dict[int, list[str]] = {1: [], -1: []}
    for flow in model.variables.values():
        given = flow.declaration
        ends = ((1, given.into), (-1, given.out_of), (1, given.payee), (-1, given.payer))
        for sign, end in ends if flow.role == "flow" else ():
            if end is not None and end_name(end) in (stock.name, stock.declaration.account):
                terms[sign].append(_term(flow, stock, split_end(end)[1]))
    return (" + ".join(terms[1]) + "".join(f" - {term}" for term in terms[-1])).strip()


def _term(flow: Variable, stock: Variable, elements: list[str]) -> str:
    chosen = {s.name: element for s in stock.over for element in elements if element in s.elements}
    own = {s.name for s in stock.over if s.name not in chosen}
    summed = ",".join(_index(s.name) for s in flow.over if s.name not in own)
    text = name_latex(flow.name, tuple(_index(s.name) for s in flow.over))
    only = "".join(rf"\,[{_index(name)} = \mathrm{{{_words(element)}}}]" for name, element in chosen.items())
    return (rf"\sum_{{{summed}}} " if summed else "") + text + only


def _index(name: str) -> str:
    return rf"\mathit{{{_words(name)}}}"


def expression_latex(model: Model, expression: Written) -> str:
    """A written expression."""
    return _Writer(model).write(expression, _LOOSEST, {})


class _Writer:
    """Writes expressions with as few brackets as precedence allows."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def write(self, node: Written, outer: int, chosen: dict[str, str]) -> str:
        """``outer`` is how tightly what stands around it binds; ``chosen`` replaces subscripts by elements."""
        text, own = self._inner(node, chosen)
        return rf"\left({text}\right)" if own < outer else text

    def _inner(self, node: Written, chosen: dict[str, str]) -> tuple[str, int]:
        if isinstance(node, Number):
            return f"{node.value:g}", _ATOM if node.value >= 0 else _SUM
        if isinstance(node, Name):
            over = self.model.over(node.name)
            return name_latex(node.name, tuple(chosen.get(s.name, _index(s.name)) for s in over)), _ATOM
        if isinstance(node, Read):
            return rf"{name_latex(node.table)}\!\left({self.write(node.argument, _LOOSEST, chosen)}\right)", _ATOM
        if isinstance(node, Pick):
            home = next(s for s in self.model.subscripts.values() if node.element in s.elements)
            picked = {**chosen, home.name: rf"\mathrm{{{_words(node.element)}}}"}
            return self._inner(node.operand, picked)
        if isinstance(node, Total):
            below = ",".join(_index(s.name) for s in node.subscripts)
            inner = {key: text for key, text in chosen.items() if key not in {s.name for s in node.subscripts}}
            return rf"\sum_{{{below}}} {self.write(node.operand, _PRODUCT, inner)}", _SUM
        if isinstance(node, Previous):
            before = {**chosen, node.subscript.name: f"{_index(node.subscript.name)}-1"}
            return self._inner(node.operand, before)
        if isinstance(node, By):
            return self._by(node, chosen), _ATOM
        return self._call(node, chosen)

    def _by(self, node: By, chosen: dict[str, str]) -> str:
        name = node.subscript.name
        lines = []
        for element, branch in zip(node.subscript.elements, node.branches, strict=True):
            own = rf"\mathrm{{{_words(element)}}}"
            lines.append(rf"{self.write(branch, _LOOSEST, {**chosen, name: own})} & {_index(name)} = {own}")
        return r"\begin{cases}" + r" \\ ".join(lines) + r"\end{cases}"

    def _call(self, node: Call, chosen: dict[str, str]) -> tuple[str, int]:
        parts = node.arguments
        if node.operation in _INFIX:
            mark, own, right = _INFIX[node.operation]
            return f"{self.write(parts[0], own, chosen)} {mark} {self.write(parts[1], right, chosen)}", own
        if node.operation == "divide":
            above, below = (self.write(part, _LOOSEST, chosen) for part in parts)
            return rf"\frac{{{above}}}{{{below}}}", _SIGN
        if node.operation == "negate":
            return f"-{self.write(parts[0], _PRODUCT, chosen)}", _SUM
        if node.operation == "power":
            base, power = self.write(parts[0], _ATOM, chosen), self.write(parts[1], _LOOSEST, chosen)
            return f"{{{base}}}^{{{power}}}", _POWER
        if node.operation == "sqrt":
            return rf"\sqrt{{{self.write(parts[0], _LOOSEST, chosen)}}}", _ATOM
        if node.operation == "where":
            condition, yes, no = (self.write(part, _LOOSEST, chosen) for part in parts)
            rows = rf"{yes} & \text{{if }} {condition} \\ {no} & \text{{otherwise}}"
            return rf"\begin{{cases}} {rows} \end{{cases}}", _ATOM
        return self._function(node, chosen), _ATOM

    def _function(self, node: Call, chosen: dict[str, str]) -> str:
        written = [self.write(part, _LOOSEST, chosen) for part in node.arguments]
        if node.operation == "smooth_minimum":
            return rf"\min_{{{written[2]}}}\left({written[0]}, {written[1]}\right)"
        return rf"{_NAMED[node.operation]}\left({', '.join(written)}\right)"


def model_latex(model: Model) -> dict[str, str]:
    """The equation of every variable that an author wrote, by name."""
    return {name: equation_latex(model, name) for name, v in model.variables.items() if v.generated_by is None}
