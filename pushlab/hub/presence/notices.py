"""What an application is told by its hub, as operations of the application: OpenAPI's webhooks."""

from collections.abc import Mapping
from typing import Annotated, NotRequired, TypedDict

from pushlab.contract.operation import Answer, Body, Operation, Parameter
from pushlab.contract.presence_signature import HUB_HEADER, NOTICES_PATH, SIGNATURE_HEADER
from pushlab.contract.schemas import CHANNEL, CLIENT_ID, Schema

__all__ = ["NOTICES", "Notice", "Reset"]

_LIFE: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}

Notice = TypedDict(
    "Notice",
    {
        "from": Annotated[str, CLIENT_ID],
        "channel": NotRequired[
            Annotated[str, {**CHANNEL, "description": "Left out where it is the client ID."}]
        ],
    },
)
Notice.__doc__ = "Who has come or gone."


class Reset(TypedDict):
    """Nobody is there; those who are, are told of next."""

    hub: Annotated[str, _LIFE]


_HEADERS = (
    Parameter(HUB_HEADER, _LIFE, "Names one life of the hub.", "header", True),
    Parameter(
        SIGNATURE_HEADER,
        {"type": "string", "pattern": "^t=[0-9]{1,15},v1=[0-9a-f]{64}$"},
        "t: seconds since 1970. v1: HMAC-SHA256, under the presence key, of t, the hub's life, the"
        f" path from {NOTICES_PATH} on and the body, with line feeds between them.",
        "header",
        True,
    ),
)
_ANSWERS = (
    Answer("2XX", "Taken."),
    Answer("4XX", "No; it is not said again, but for 408, 425 and 429."),
    Answer("default", "It is said again, for as long as it is true."),
)


def _notice(what: str, means: str, body: Body) -> Operation:
    where = f"Posted to {NOTICES_PATH}{what}/ below the presence URL."
    return Operation(
        "POST", f"on_{what}", means, _ANSWERS, parameters=_HEADERS, body=body, detail=where
    )


_FORM = "application/x-www-form-urlencoded"
_NOTICE = Body(
    Notice,
    {"own channel": {"from": "ada"}, "a room": {"from": "ada", "channel": "room 1"}},
    _FORM,
)
#: By what is told.
NOTICES: Mapping[str, Operation] = {
    "connected": _notice("connected", "A client has come to a channel.", _NOTICE),
    "disconnected": _notice("disconnected", "A client has left a channel.", _NOTICE),
    "reset": _notice(
        "reset",
        "A hub begins, or you were away: forget who was there.",
        Body(Reset, {"a life": {"hub": "6f1c0e55d2f94c1aa0a3b1de7f0c9b42"}}, _FORM),
    ),
}
