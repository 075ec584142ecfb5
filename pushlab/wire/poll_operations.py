"""What a path that is polled takes and answers; `pushlab.wire.polling` has both ends of it."""

from typing import Annotated, Literal, NotRequired, TypedDict

from pushlab.contract.operation import TOKEN, Answer, Operation, Parameter
from pushlab.contract.reasons import INVALID_CURSOR, TOO_MANY_CHANNELS, Reason
from pushlab.contract.schemas import CURSOR, CURSOR_PATTERN, MESSAGE, SEQ
from pushlab.wire.asgi import UNADMITTED, out_of_bounds

__all__ = [
    "AFTER",
    "LEASE",
    "Gap",
    "PolledMessage",
    "PolledPage",
    "poll_operations",
]


class Gap(TypedDict):
    """Messages behind `after` are gone; reading goes on behind `resumed`."""

    after: Annotated[str, CURSOR]
    resumed: Annotated[str, CURSOR]


class PolledMessage(TypedDict):
    """A message, and its place in its channel."""

    seq: Annotated[int, SEQ]
    data: Annotated[str, MESSAGE]


class PolledPage(TypedDict):
    """What a poll brings; `more`: ask again at once."""

    cursor: Annotated[str, CURSOR]
    messages: list[PolledMessage]
    gap: NotRequired[Gap]
    more: NotRequired[Literal[True]]


AFTER = Parameter(
    "after",
    {"type": "string", "pattern": f"^({CURSOR_PATTERN})?$"},
    "The cursor that you have; nothing: begin with what comes from now on.",
)
LEASE = Parameter(
    "lease_s",
    {"type": "number", "minimum": 1, "maximum": 3 * 86_400},
    "For how long the client is present after this, if it asks seldom.",
)
_CURSOR_HEADER = {"pushlab-cursor": CURSOR}


def poll_operations(transport: str, number: Parameter, *reasons: Reason) -> list[Operation]:
    """``GET`` and ``DELETE`` of a path that is polled.

    Args:
        number: a parameter of GET, beside ``after``.
        reasons: why GET may refuse, beside what is wrong with those and the token.
    """
    word = transport.replace("-", "_")
    page = {"cursor": "4f1c9a02-18", "messages": [{"seq": 18, "data": "hello, Ada"}]}
    read = Operation(
        "GET",
        f"read_by_{word}",
        "What has come behind a cursor.",
        answers=[
            Answer(200, "Messages, or that some are gone.", PolledPage, page),
            Answer(204, "Nothing new; where you stand.", headers=_CURSOR_HEADER),
        ],
        who=TOKEN,
        parameters=[AFTER, number],
        reasons=[
            *UNADMITTED,
            INVALID_CURSOR,
            TOO_MANY_CHANNELS,
            out_of_bounds(number),
            *reasons,
        ],
    )
    leave = Operation(
        "DELETE",
        f"leave_{word}",
        "Be present no more.",
        answers=[Answer(204, "You are gone.")],
        who=TOKEN,
        parameters=[AFTER],
        reasons=[*UNADMITTED, INVALID_CURSOR],
    )
    return [read, leave]
