"""The contract's values as JSON Schemas, for the documents from which clients are generated.

They keep to what draft 7 and draft 2020-12 have in common, since OpenAPI 3.1 takes the one and
AsyncAPI 3.0 the other. JSON Schema counts characters, and the contract's limits count bytes of
UTF-8: `maxLength` is the most characters that can fit, and the words give the bytes.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pushlab.contract.limits import MAX_CHANNEL_BYTES, MAX_CLIENT_ID_BYTES, MAX_MESSAGE_BYTES
from pushlab.contract.reasons import TOKEN_EXPIRED, Reason

__all__ = [
    "CHANNEL",
    "CLIENT_ID",
    "CURSOR",
    "CURSOR_PATTERN",
    "EPOCH",
    "MESSAGE",
    "NAMED",
    "REF",
    "REFUSAL",
    "SEQ",
    "TOKEN",
    "Schema",
    "closed_object",
    "reason_object",
    "reasons_told",
    "with_references",
]

Schema = Mapping[str, Any]

REF = "#/components/schemas/"  #: where both kinds of document keep what has a name

_EPOCH = "[0-9a-z]{1,16}"
#: A cursor's form, for patterns that have one in them.
CURSOR_PATTERN = f"{_EPOCH}-(0|[1-9][0-9]{{0,18}})"


def _text(most_bytes: int, words: str, example: str) -> Schema:
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": most_bytes,
        "description": f"{words}; 1 to {most_bytes:,} bytes of UTF-8.",
        "examples": [example],
    }


def closed_object(properties: Mapping[str, Schema], *optional: str) -> dict[str, Any]:
    """An object with these properties and no others; all but `optional` are there always."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def reasons_told(reasons: Iterable[Reason]) -> dict[str, Any]:
    """What belongs into a schema of something that has one of these reasons.

    Which status goes with which word, JSON Schema can say by ``oneOf`` alone, and of that
    generators of code make a class each. So a list says it, for people and tests.
    """
    return {
        "x-reasons": [{"reason": r.word, "status": r.status, "means": r.detail} for r in reasons]
    }


def reason_object(
    reasons: Iterable[Reason], word: str, number: str = "status", *, added: int = 0, **more: Schema
) -> dict[str, Any]:
    """An object that has a reason as `word`, and its status, with so much added, as `number`."""
    every = list(reasons)
    numbers = sorted({reason.status + added for reason in every})
    words: Schema = {"type": "string", "enum": [reason.word for reason in every]}
    properties = {word: words, **more, number: {"type": "integer", "enum": numbers}}
    return closed_object(properties) | reasons_told(every)


CLIENT_ID = _text(MAX_CLIENT_ID_BYTES, "The application's name for a subscriber", "alice")
CHANNEL = _text(
    MAX_CHANNEL_BYTES, "A channel's name; the client ID, unless another was asked for", "alice"
)
MESSAGE = _text(MAX_MESSAGE_BYTES, "A message: text", "Hello, world")
TOKEN: Schema = {
    "type": "string",
    "minLength": 1,
    "description": "The right of one client to read one channel until it expires: a secret.",
    "examples": ["<token>"],
}
EPOCH: Schema = {
    "type": "string",
    "pattern": f"^{_EPOCH}$",
    "description": "Names one life of a channel's log; another begins when the hub forgets it.",
    "examples": ["4f1c9a02"],
}
SEQ: Schema = {
    "type": "integer",
    "minimum": 1,
    "description": "A message's place in its channel, from 1 and without holes, in one epoch.",
    "examples": [18],
}
CURSOR: Schema = {
    "type": "string",
    "pattern": f"^{CURSOR_PATTERN}$",
    "description": "Where a reader stands: `<epoch>-<seq>` of the last message that it has. Treat"
    " it as opaque, and give it back to resume.",
    "examples": ["4f1c9a02-17"],
}
REFUSAL: Schema = {
    **closed_object(
        {
            "error": {"type": "string", "description": "The reason, for programs."},
            "detail": {"type": "string", "description": "The reason, for people."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
        }
    ),
    "description": "Why the hub said no; the status is the answer's own.",
    "examples": [TOKEN_EXPIRED().to_json()],
}

#: By the names under which documents hold them.
NAMED: Mapping[str, Schema] = {
    "ClientId": CLIENT_ID,
    "Channel": CHANNEL,
    "Message": MESSAGE,
    "Token": TOKEN,
    "Epoch": EPOCH,
    "Seq": SEQ,
    "Cursor": CURSOR,
    "Refusal": REFUSAL,
}


def with_references(schema: Any, named: dict[str, Any]) -> Any:
    """A schema, with a reference in the place of each of `NAMED`, however deep it stands.

    Args:
        named: takes those that are referred to.
    """
    for name, known in NAMED.items():
        if known is schema:
            named[name] = dict(schema)
            return {"$ref": REF + name}
    if isinstance(schema, Mapping):
        return {key: with_references(value, named) for key, value in schema.items()}
    if isinstance(schema, list):
        return [with_references(each, named) for each in schema]
    return schema
