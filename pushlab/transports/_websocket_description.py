"""The wire of WebSocket, described; `pushlab.transports.websocket` has both ends."""

from pushlab.contract.description import (
    TOKEN_SECURITY,
    Description,
    Said,
    Server,
    Stream,
    parameters_schema,
)
from pushlab.contract.frame_schemas import GAP_FRAME, MESSAGE_FRAME, POSITION_FRAME
from pushlab.contract.operation import Parameter
from pushlab.contract.reasons import (
    BAD_ORIGIN,
    ENDINGS,
    INVALID_CURSOR,
    TOKEN_INVALID,
    TOKEN_MISSING,
    TOO_MANY_CHANNELS,
    to_close_code,
)
from pushlab.contract.schemas import TOKEN, reason_object
from pushlab.transports._websocket_subscriber import PING_INTERVAL_S, SILENCE_S
from pushlab.wire.poll_operations import AFTER

__all__ = ["described"]

_CLOSES = (
    *ENDINGS,
    TOKEN_MISSING,
    TOKEN_INVALID,
    INVALID_CURSOR,
    TOO_MANY_CHANNELS,
    BAD_ORIGIN,
)
#: A frame's opcode (RFC 6455, section 5.2), where it is not a text.
_PING, _CLOSE = {"x-websocket-opcode": 9}, {"x-websocket-opcode": 8}
_SAYS = {
    "position": Said(
        when="First, where nothing is missed: where the reader stands.", payload=POSITION_FRAME
    ),
    "gap": Said(
        when="First, where messages behind the reader's cursor are gone.", payload=GAP_FRAME
    ),
    "message": Said(
        when="A message of the channel. Drop it if its cursor is not ahead of the last one of the"
        " same epoch.",
        payload=MESSAGE_FRAME,
    ),
    "ping": Said(
        when=f"After {PING_INTERVAL_S:g} s without a word of the client: answer with a pong, as"
        " libraries do. Unanswered for as long again, the hub closes with 1011.",
        payload={"const": "", "examples": [""]},
        more=_PING,
    ),
    "close": Said(
        when="The hub ends the WebSocket, or refuses it: a refusal comes behind an accepted"
        " handshake, since a browser cannot see another's status. Code minus 4000 is the HTTP"
        " status. Codes below 4000 are RFC 6455's own.",
        payload={
            **reason_object(_CLOSES, "reason", "code", added=to_close_code(0)),
            "examples": [
                {"code": to_close_code(reason.status), "reason": reason.word} for reason in _CLOSES
            ],
        },
        media_type="application/json",
        more=_CLOSE,
    ),
}
_TOKEN = Parameter("token", TOKEN, "The token, where no header can be set.")
_HANDSHAKE = {
    "method": "GET",
    "query": parameters_schema([_TOKEN, AFTER], "query"),
    "bindingVersion": "0.1.0",
}


def described(url: str) -> Description:
    """The WebSocket at this address."""
    about = "The hub's WebSocket; RFC 6455 over HTTP/1.1."
    return Description(
        about="One WebSocket for one channel; the first frame says where the reader stands."
        " What a client says is not read, but for control frames. Note the cursor of each"
        f" message, and come back with it in after. Give up a server that is silent for"
        f" {SILENCE_S:g} s. A handshake that is answered with a status above 400 is refused as"
        " any request of HTTP is.",
        servers={"websocket": Server(url=url, about=about, security=TOKEN_SECURITY)},
        streams={
            "frames": Stream(
                servers=("websocket",),
                address="",  # the server is the one WebSocket: generators read no more
                about="One channel, one text frame for each message.",
                says=_SAYS,
                channel={"ws": _HANDSHAKE},
            )
        },
    )
