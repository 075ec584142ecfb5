"""Arithmetic as text, for data files: numbers, names, comparisons, and the calls that are allowed.

Nothing else is evaluated: no attribute, no index, no function that is not handed in.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from pushlab.errors import UsageError

__all__ = ["Missing", "evaluate"]

_OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
}


class Missing(Exception):
    """A name stands for a figure that was not measured."""


def evaluate(
    text: str, names: Mapping[str, float | None], calls: Mapping[str, Callable[..., Any]]
) -> Any:
    """The value of an expression: a number, or true or false.

    Raises:
        Missing: a figure in it is None.
        UsageError: it is not such an expression; the text has it.
    """
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        told = error.msg if isinstance(error, SyntaxError) else "it is too deep or too long"
        raise UsageError(f"{text!r} is no expression ({told})") from error
    try:
        return _value(tree, names, calls)
    except (ArithmeticError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"{text!r} has no value: {error}") from error


def _value(
    node: ast.expr, names: Mapping[str, float | None], calls: Mapping[str, Callable[..., Any]]
) -> Any:
    def of(part: ast.expr) -> Any:
        return _value(part, names, calls)

    match node:
        case ast.Constant(value=int() | float() | str()):
            return node.value
        case ast.Name(id=name) if name in names:
            if names[name] is None:
                raise Missing(name)
            return names[name]
        case ast.UnaryOp(op=ast.USub()):
            return -of(node.operand)
        case ast.BinOp() if type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](of(node.left), of(node.right))
        case ast.BoolOp(op=ast.And()):
            return all(of(part) for part in node.values)
        case ast.Compare() if all(type(op) in _OPERATORS for op in node.ops):
            sides = [of(side) for side in (node.left, *node.comparators)]
            return all(
                _OPERATORS[type(op)](sides[i], sides[i + 1]) for i, op in enumerate(node.ops)
            )
        case ast.Call(func=ast.Name(id=name)) if name in calls:
            result = calls[name](
                *map(of, node.args), **{k.arg: of(k.value) for k in node.keywords if k.arg}
            )
            if result is None:
                raise Missing(ast.unparse(node))
            return result
    raise UsageError(f"{ast.unparse(node)!r} cannot stand in an expression")
