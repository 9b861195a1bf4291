"""From source text to checked expressions: each file is parsed once; what an equation may not say is refused here."""

from __future__ import annotations

import ast
import linecache
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from os.path import basename
from types import CodeType, FunctionType, ModuleType
from typing import Any

from . import functions
from .declare import Declaration, Subscript
from .errors import ModelError, nearest, one_of
from .expression import Name, Number
from .written import By, Call, Pick, Previous, Read, Total, Variable, Written, reads_of

_BINARY: Mapping[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
}
_COMPARE: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
}
_LOGICAL: Mapping[type[ast.operator], str] = {ast.BitAnd: "and", ast.BitOr: "or"}
_LITERALS = (0, 1, 2, 0.5)
_STALE = (
    "its text is not what was imported: import the file again, and write each equation at the outermost level of it"
)
#: Operations that may stand inside each other: far more than anyone reads, and few enough for what walks them.
DEEPEST = 100
_TOO_DEEP = (
    f"operations stand inside each other more than {DEEPEST} deep: make what stands inside an equation of its own"
)
_HALF = Call("divide", (Number(1.0), Number(2.0)))


class Reader:
    """Turns the syntax tree of one equation into a written expression.

    Parameters
    ----------
    arguments : names the equation may read.
    scope : global names of its module, to find subscripts and to see that a function is the one it seems to be.
    fail : makes the error, from the faulty node and a message.
    literals : numbers it may use; None for all (generated equations only).
    """

    def __init__(
        self,
        arguments: tuple[str, ...],
        scope: Mapping[str, Any],
        fail: Callable[[ast.AST, str], ModelError],
        literals: tuple[float, ...] | None = _LITERALS,
    ) -> None:
        self.arguments = arguments
        self.scope = scope
        self.fail = fail
        self.literals = literals

    def read(self, node: ast.expr) -> Written:
        """The written expression of a syntax tree."""
        return self._not_of_numbers_alone(self._read(node), node)

    def _not_of_numbers_alone(self, found: Written, node: ast.expr) -> Written:
        if self.literals is not None and isinstance(found, Call) and not reads_of(found) and found != _HALF:
            raise self.fail(node, f"'{ast.unparse(node)}' is made of numbers alone: make it a parameter")
        return found

    def _read(self, node: ast.expr) -> Written:
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            left, right = self.read(node.left), self.read(node.right)
            if isinstance(node.op, ast.Div) and right == Number(0.0) and reads_of(left):
                raise self.fail(node, f"'{ast.unparse(node)}' divides by zero")
            return Call(_BINARY[type(node.op)], (left, right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            if isinstance(node.operand, ast.Constant):
                return self._literal(node.operand, sign=-1)
            return Call("negate", (self.read(node.operand),))
        if isinstance(node, ast.Constant):
            return self._literal(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Subscript):
            return self._pick(node)
        if isinstance(node, ast.Compare) or (isinstance(node, ast.BinOp) and type(node.op) in _LOGICAL):
            raise self.fail(node, "a comparison stands only in where(condition, a, b)")
        raise self.fail(
            node,
            f"'{ast.unparse(node)}' is not part of the language: use + - * / **, brackets, "
            f"arguments and {one_of(functions.CLOSED_SET)}",
        )

    def _literal(self, node: ast.Constant, sign: int = 1) -> Written:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.fail(node, f"{value!r} is not a number")
        if self.literals is not None and value not in self.literals:
            raise self.fail(
                node,
                f"the number {value!r}: only 0, 1, 2 and 0.5 stand in an equation; "
                "make it a parameter with a unit and a source",
            )
        return Number(float(sign * value))

    def _name(self, node: ast.Name) -> Written:
        if node.id in self.arguments:
            return Name(node.id)
        hint = nearest(node.id, self.arguments) or "; make it one"
        raise self.fail(node, f"'{node.id}' is not an argument of the equation{hint}")

    def _call(self, node: ast.Call) -> Written:
        if not isinstance(node.func, ast.Name):
            raise self.fail(node, f"'{ast.unparse(node.func)}' cannot be called: call a function by its plain name")
        name = node.func.id
        if name == "by" and name not in self.arguments:
            return self._by(node)
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.fail(node, f"{name}(...) takes plain arguments, without names or stars")
        if name in self.arguments:
            if len(node.args) != 1:
                raise self.fail(node, f"the table '{name}' takes one argument, not {len(node.args)}")
            return Read(name, self.read(node.args[0]))
        if name not in functions.CLOSED_SET:
            known = [*functions.CLOSED_SET, *self.arguments]
            raise self.fail(
                node,
                f"unknown function '{name}'{nearest(name, known)}; there are "
                f"{one_of(functions.CLOSED_SET)} and tables given as arguments",
            )
        if self.scope.get(name) is not getattr(functions, name):
            raise self.fail(node, f"'{name}' is not the function of stockflow: from {__package__} import {name}")
        expected = functions.CLOSED_SET[name]
        if expected >= 0 and len(node.args) != expected:
            raise self.fail(node, f"{name}() takes {expected} arguments, not {len(node.args)}")
        if name in ("total", "previous"):
            return self._reshape(name, node)
        if name == "where":
            first = self._condition(node.args[0])
            return Call(name, (first, self.read(node.args[1]), self.read(node.args[2])))
        return Call(name, tuple(self.read(argument) for argument in node.args))

    def _reshape(self, name: str, node: ast.Call) -> Written:
        if len(node.args) < 2:
            raise self.fail(node, f"{name}(x, subscript) needs a subscript")
        subscripts = [self._subscript(argument, name, node) for argument in node.args[1:]]
        operand = self.read(node.args[0])
        return Total(operand, tuple(subscripts)) if name == "total" else Previous(operand, subscripts[0])

    def _by(self, node: ast.Call) -> Written:
        if self.scope.get("by") is not functions.by:
            raise self.fail(node, f"'by' is not the function of stockflow: from {__package__} import by")
        if len(node.args) != 1:
            raise self.fail(node, "by(subscript, element=...) takes one subscript, then a branch for each element")
        subscript = self._subscript(node.args[0], "by", node)
        branches = {keyword.arg: keyword.value for keyword in node.keywords}
        for element in subscript.elements:
            if element not in branches:
                raise self.fail(node, f"by({subscript.name}, ...) has no branch for '{element}'")
        for given in branches:
            if given not in subscript.elements:
                hint = nearest(str(given), subscript.elements)
                raise self.fail(node, f"by({subscript.name}, ...): '{given}' is no element of {subscript.name}{hint}")
        found = By(subscript, tuple(self.read(branches[element]) for element in subscript.elements))
        if not reads_of(found):
            raise self.fail(node, "by() of numbers alone: make it a parameter over the subscript")
        return found

    def _subscript(self, argument: ast.expr, name: str, node: ast.Call) -> Subscript:
        found = self.scope.get(argument.id) if isinstance(argument, ast.Name) else None
        if not isinstance(found, Subscript):
            known = [key for key, entry in self.scope.items() if isinstance(entry, Subscript)]
            text = ast.unparse(argument)
            raise self.fail(
                node, f"'{text}' in {name}() is not a Subscript imported into this file{nearest(text, known)}"
            )
        return found

    def _pick(self, node: ast.Subscript) -> Written:
        chosen = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        operand = self.read(node.value)
        for element in chosen:
            if not isinstance(element, ast.Constant) or not isinstance(element.value, str):
                raise self.fail(node, f"'{ast.unparse(node)}': brackets hold the name of an element in quotes")
            operand = Pick(operand, element.value)
        return operand

    def _condition(self, node: ast.expr) -> Written:
        if isinstance(node, ast.BinOp) and type(node.op) in _LOGICAL:
            return Call(_LOGICAL[type(node.op)], (self._condition(node.left), self._condition(node.right)))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
            compared = Call(_COMPARE[type(node.ops[0])], (self.read(node.left), self.read(node.comparators[0])))
            return self._not_of_numbers_alone(compared, node)
        raise self.fail(
            node,
            f"'{ast.unparse(node)}' is not a condition: compare two quantities with < <= > or >=, "
            "and join bracketed comparisons with & or |",
        )


@dataclass(frozen=True)
class _File:
    """A parsed file: its equations by name, and the code that its text compiles to."""

    name: str
    definitions: Mapping[str, ast.FunctionDef]
    code: Mapping[tuple[str, int], CodeType]


def read_modules(modules: tuple[ModuleType, ...]) -> list[Variable]:
    """The variables of all modules, in the order they are written.

    Raises
    ------
    ModelError
        For the first equation that is not in the language.
    """
    files: dict[str, _File] = {}
    return [variable for module in modules for variable in _read_module(module, files)]


def _read_module(module: ModuleType, files: dict[str, _File]) -> Iterator[Variable]:
    found = {name: value for name, value in vars(module).items() if _is_equation(name, value, module)}
    own = getattr(module, "__file__", None)
    definitions = _file(own, files).definitions if own is not None else {}
    for name, definition in definitions.items():
        if name not in found:
            place = f"{basename(str(own))}:{definition.lineno} {name}"
            if name not in vars(module):
                raise ModelError(f"{place}: {_STALE}")
            raise ModelError(
                f"{place}: every function in a sector is an equation; put one of the decorators of stockflow above it "
                "(auxiliary, flow, stock ...)"
            )
    for name in dict.fromkeys([*definitions, *found]):
        yield _read_equation(found[name], module, files)


def _is_equation(name: str, value: object, module: ModuleType) -> bool:
    if not isinstance(value, FunctionType) or value.__module__ != module.__name__:
        return False
    return value.__name__ == name and "__stockflow__" in vars(value)


def _file(name: str, files: dict[str, _File]) -> _File:
    if name not in files:
        linecache.checkcache(name)
        text = "".join(linecache.getlines(name))
        if not text and not os.path.exists(name):
            raise ModelError(f"{basename(name)}: its text cannot be read, so its equations cannot either")
        files[name] = _parse(name, text)
    return files[name]


def _parse(name: str, text: str) -> _File:
    tree = None
    try:
        tree = ast.parse(text)
        compiled = compile(tree, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise ModelError(f"{basename(name)}:{error.lineno}: {error.msg}") from None
    except (RecursionError, MemoryError):  # which of them depends on Python's version
        body = [] if tree is None else tree.body
        deep = (node for node in body if isinstance(node, ast.FunctionDef) and _depth(node) > DEEPEST)
        place = next((f":{node.lineno} {node.name}" for node in deep), "")
        raise ModelError(f"{basename(name)}{place}: {_TOO_DEEP}") from None
    definitions: dict[str, ast.FunctionDef] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            if node.name in definitions:
                first = definitions[node.name].lineno
                raise ModelError(
                    f"{basename(name)}:{node.lineno} {node.name}: defined twice in this file, first at line {first}"
                )
            definitions[node.name] = node
    code = {(entry.co_name, entry.co_firstlineno): entry for entry in compiled.co_consts if isinstance(entry, CodeType)}
    return _File(name, definitions, code)


def _read_equation(function: FunctionType, module: ModuleType, files: dict[str, _File]) -> Variable:
    name, code = function.__name__, function.__code__
    file = _file(code.co_filename, files)
    node = file.definitions.get(name)
    twin = file.code.get((name, code.co_firstlineno))
    if node is None or twin is None or not _same_code(code, twin):
        raise ModelError(f"{basename(file.name)}:{code.co_firstlineno} {name}: {_STALE}")

    def fail(at: ast.AST, message: str) -> ModelError:
        return ModelError(f"{basename(file.name)}:{getattr(at, 'lineno', node.lineno)} {name}: {message}")

    arguments, result = _shape(node, fail)
    if _depth(result) > DEEPEST:
        raise fail(node, _TOO_DEEP)
    expression = Reader(arguments, function.__globals__, fail).read(result)
    declaration: Declaration = vars(function)["__stockflow__"]
    reads = reads_of(expression)
    for argument in arguments:
        if argument not in reads:
            raise fail(node, f"argument '{argument}' is not used")
    return Variable(
        name=name,
        declaration=declaration,
        sector=module.__name__.rpartition(".")[2],
        docstring=" ".join((ast.get_docstring(node) or "").split()),
        file=file.name,
        line=node.lineno,
        arguments=arguments,
        function=function,
        expression=expression,
    )


def _depth(node: ast.AST) -> int:
    """How many operations stand inside each other; without recursion."""
    depth, level = 0, [node]
    while level := [part for each in level for part in ast.iter_child_nodes(each)]:
        depth += any(isinstance(part, ast.expr) for part in level)
    return depth


def _same_code(code: CodeType, twin: CodeType) -> bool:
    return (code.co_code, code.co_consts, code.co_names, code.co_varnames) == (
        twin.co_code,
        twin.co_consts,
        twin.co_names,
        twin.co_varnames,
    )


def _shape(node: ast.FunctionDef, fail: Callable[[ast.AST, str], ModelError]) -> tuple[tuple[str, ...], ast.expr]:
    """Its arguments and what it returns; refuses anything that is more than one return expression."""
    if len(node.decorator_list) != 1:
        raise fail(node, f"it has {len(node.decorator_list)} decorators; an equation has exactly one")
    given = node.args
    if given.defaults or given.kw_defaults or given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs:
        raise fail(node, "its arguments are plain names, without defaults, stars or slashes")
    if not ast.get_docstring(node):
        raise fail(node, "it has no docstring; say in one sentence what the quantity is")
    body = node.body[1:]
    if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None:
        at = next((line for line in body if not isinstance(line, ast.Return)), node)
        raise fail(at, "after its docstring an equation is one return expression, and nothing else")
    return tuple(argument.arg for argument in given.args), body[0].value
