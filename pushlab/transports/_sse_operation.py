"""What the path of server-sent events takes and answers; see `pushlab.transports.sse`."""

from dataclasses import replace
from typing import Annotated, Literal, TypedDict

from pushlab.contract.operation import TOKEN, Answer, Operation, Parameter
from pushlab.contract.reasons import INVALID_CURSOR, SERVER_RESTART, TOO_MANY_CHANNELS
from pushlab.contract.schemas import CURSOR
from pushlab.wire.asgi import UNADMITTED
from pushlab.wire.poll_operations import AFTER

__all__ = ["READ", "Event"]


class Event(TypedDict, total=False):
    """An event: a message, unless it says what else it is."""

    event: Literal["at", "close", "gap", "json"]
    data: str
    id: Annotated[str, CURSOR]
    json: Annotated[str, {"description": "The message as JSON, where it has a carriage return."}]
    retry: Annotated[int, {"minimum": 0, "description": "Milliseconds."}]


def _cursor(name: str, place: Literal["query", "header"]) -> Parameter:
    return replace(AFTER, name=name, place=place, help="As `after`; the first of the three counts.")


READ = Operation(
    "GET",
    "read_by_sse",
    "A stream of what comes.",
    answers=[
        Answer(
            200,
            "Events without end, each by this schema; `close` says why the hub ends them, in JSON.",
            Event,
            {"data": "hello, Ada", "id": "4f1c9a02-18"},
            "text/event-stream",
        )
    ],
    who=TOKEN,
    parameters=[
        _cursor("Last-Event-ID", "header"),
        AFTER,
        _cursor("lastEventId", "query"),
        Parameter(
            "at", {"type": "string"}, "Tell what an EventSource cannot show in events of its own."
        ),
    ],
    reasons=(*UNADMITTED, INVALID_CURSOR, TOO_MANY_CHANNELS, SERVER_RESTART),
)
