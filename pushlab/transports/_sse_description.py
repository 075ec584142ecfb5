"""The wire of server-sent events, described; `pushlab.transports.sse` writes and reads it.

AsyncAPI has no binding of its own for SSE: it is HTTP with one long answer. A block of the stream
is a message: its ``data`` is the payload, its other fields are the headers, a comment among them
as ``comment``.
"""

from pushlab.contract.description import (
    TOKEN_SECURITY,
    Description,
    Said,
    Server,
    Stream,
    parameters_schema,
)
from pushlab.contract.reasons import ENDINGS
from pushlab.contract.schemas import CURSOR, MESSAGE, REFUSAL, Schema, closed_object, reason_object
from pushlab.contract.serving import Hub
from pushlab.transports._sse_operation import READ

__all__ = ["described"]

_JSON = "application/json"


def _fields(example: dict[str, str | int], *optional: str, **schemas: Schema) -> Schema:
    return {**closed_object(schemas, *optional), "examples": [example]}


def _named(event: str) -> Schema:
    return {"const": event}


_SEEN = "4f1c9a02-18"
_SAYS = {
    "hello": Said(
        when="At once. id says where the reader stands; it is left out where a gap says that. retry"
        " is the milliseconds to wait before coming back after a loss. The comment says after how"
        " many seconds of silence the next one comes: give the connection up after three times"
        " that and 5 s more, but not before 50 s.",
        fields=_fields(
            {"retry": 1743, "id": "4f1c9a02-17", "comment": "keep-alive 15"},
            "id",
            retry={"type": "integer", "minimum": 1},
            id=CURSOR,
            comment={"type": "string", "pattern": r"^keep-alive [0-9]+(\.[0-9]+)?$"},
        ),
        wire="retry: 1743\nid: 4f1c9a02-17\n: keep-alive 15\n\n",
    ),
    "keepAlive": Said(
        when="When nothing else was said for so long.",
        fields=_fields({"comment": "keep-alive"}, comment={"const": "keep-alive"}),
        wire=": keep-alive\n\n",
    ),
    "message": Said(
        when="A message of the channel. Lines of data are parted by line feeds. Drop it if its id"
        " is not ahead of the last one of the same epoch. Where json is there, it has the exact"
        " text as JSON, since data cannot hold a carriage return.",
        payload=MESSAGE,
        fields=_fields({"id": _SEEN}, "json", id=CURSOR, json={"type": "string"}),
        wire=f"data: Hello, world\nid: {_SEEN}\n\n",
    ),
    "exactMessage": Said(
        when="With at=1, a message with a carriage return, as JSON.",
        payload={**MESSAGE, "examples": ["one\r\ntwo"]},
        media_type=_JSON,
        fields=_fields({"event": "json", "id": _SEEN}, event=_named("json"), id=CURSOR),
        wire=f'event: json\ndata: "one\\r\\ntwo"\nid: {_SEEN}\n\n',
    ),
    "place": Said(
        when="With at=1, behind hello and gap: where the reader stands, for an EventSource, which"
        " does not show the id of a block without data.",
        payload=CURSOR,
        fields=_fields({"event": "at", "id": "4f1c9a02-17"}, event=_named("at"), id=CURSOR),
        wire="event: at\ndata: 4f1c9a02-17\nid: 4f1c9a02-17\n\n",
    ),
    "gap": Said(
        when="Behind hello, where messages behind the reader's cursor are gone: reading goes on"
        " behind resumed. In another epoch nobody knows how many were missed.",
        payload={
            **closed_object({"after": CURSOR, "resumed": CURSOR}),
            "examples": [{"after": "4f1c9a02-17", "resumed": "4f1c9a02-40"}],
        },
        media_type=_JSON,
        fields=_fields({"event": "gap", "id": "4f1c9a02-40"}, event=_named("gap"), id=CURSOR),
        wire='event: gap\ndata: {"after": "4f1c9a02-17", "resumed": "4f1c9a02-40"}\n'
        "id: 4f1c9a02-40\n\n",
    ),
    "close": Said(
        when="The last event: why the hub ends the stream.",
        payload={
            **reason_object(ENDINGS, "reason"),
            "examples": [{"reason": r.word, "status": r.status} for r in ENDINGS],
        },
        media_type=_JSON,
        fields=_fields({"event": "close"}, event=_named("close")),
        wire='event: close\ndata: {"reason": "token-expired", "status": 401}\n\n',
    ),
    "refusal": Said(
        when="The whole answer, with the status that it has, instead of a stream.",
        payload={
            **reason_object(READ.reasons, "error", detail=REFUSAL["properties"]["detail"]),
            "examples": [reason().to_json() for reason in READ.reasons],
        },
        media_type=_JSON,
    ),
}


def described(hub: Hub, path: str) -> Description:
    """The wire of the hub at this address, with its events at this path."""
    return Description(
        about="One GET, and an answer of text/event-stream (WHATWG HTML, 9.2) that does not end."
        " A block's data is the payload here; its other fields are the headers, and a comment is"
        " the header comment. Note an id when its event is read, and come back with it in"
        " Last-Event-ID or after.",
        servers={
            "http": Server(
                url=hub.url(), about="The hub; the rest is OpenAPI's.", security=TOKEN_SECURITY
            )
        },
        streams={
            "events": Stream(
                servers=("http",),
                address=path,
                about="One channel, as a stream of server-sent events.",
                says=_SAYS,
                operation={
                    "http": {
                        "method": "GET",
                        "query": parameters_schema(READ.parameters, "query"),
                        "x-headers": parameters_schema(READ.parameters, "header"),
                        "bindingVersion": "0.3.0",
                    }
                },
            )
        },
    )
