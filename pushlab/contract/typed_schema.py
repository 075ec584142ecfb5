"""The JSON Schema of a type, so that what a route takes and answers is declared where it is typed.

A body is a ``TypedDict``; ``Annotated[str, schema]`` says more of a field than its type does. Typed
dictionaries, and the schemas in `pushlab.contract.schemas.NAMED`, are told of once, by their names.
"""

import types
from collections.abc import Mapping
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from pushlab.contract.schemas import REF, with_references

__all__ = ["schema_of"]

_WHOLE = ("type", "anyOf", "enum", "$ref")  #: what has one of these needs no type beside it
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def schema_of(kind: Any, named: dict[str, Any], *, closed: bool = False) -> dict[str, Any]:
    """The schema of a type, or of what is one already.

    Args:
        named: takes the schemas that are told by name.
        closed: whether a typed dictionary has no other keys than its own, and at least one.

    Raises:
        TypeError: there is none for this type.
    """
    if isinstance(kind, Mapping):
        found: dict[str, Any] = with_references(kind, named)
        return found
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        (note,) = (note for note in args[1:] if isinstance(note, Mapping))
        whole = any(word in note for word in _WHOLE)
        if whole:
            return schema_of(note, named)
        return {**schema_of(args[0], named, closed=closed), **note}
    if origin in (Required, NotRequired):
        return schema_of(args[0], named)
    if origin is Literal:
        (plain,) = {type(arg) for arg in args}
        words = {"const": args[0]} if len(args) == 1 else {"enum": list(args)}
        return {**schema_of(plain, named), **words}
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(arg, named, closed=closed) for arg in args]}
    if origin is list:
        return {"type": "array", "items": schema_of(args[0], named, closed=closed)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(args[1], named)}
    if is_typeddict(kind):
        if kind.__name__ not in named:
            named[kind.__name__] = {}  # it may hold itself
            named[kind.__name__] = _object(kind, named, closed)
        return {"$ref": REF + kind.__name__}
    if kind not in _PLAIN:
        raise TypeError(f"{kind} has no JSON Schema")
    return {"type": _PLAIN[kind]}


def _object(kind: Any, named: dict[str, Any], closed: bool) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    found: dict[str, Any] = {
        "type": "object",
        "description": (kind.__doc__ or "").strip(),
        "properties": {name: schema_of(hint, named, closed=closed) for name, hint in hints.items()},
        "required": [name for name in hints if name in kind.__required_keys__],
    }
    if closed and not found["required"]:
        found["minProperties"] = 1
    return {**found, "additionalProperties": False} if closed else found
