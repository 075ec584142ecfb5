"""WebSocket: one handshake, then frames both ways.

::

    GET /v1/socket?after=4f1c9a02-17 HTTP/1.1        101 Switching Protocols
    Authorization: Bearer <token>
    Upgrade: websocket                               4f1c9a02-17             (where you stand)
                                                     4f1c9a02-18 ...         (a message)

The protocol is RFC 6455; one text frame per message, in the form of `pushlab.contract.frames`. The
server sends a ping every 20 seconds and closes a connection that does not answer. A refusal, too,
comes as a close frame, since a browser cannot see a refused handshake's status:

======  ==================================================================
4400    the cursor or a parameter is wrong
4401    the token is missing, invalid, revoked or expired (the reason says)
4408    slow reader: come back and resume
4429    too many channels
4503    the server stops: come back and resume
======  ==================================================================

The client half answers a close, says what breaks the protocol, and leaves it to the server to close
the connection; it is `pushlab.transports._websocket_subscriber`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pushlab.contract.description import Description, Said, Server, Stream, parameters_schema
from pushlab.contract.frames import (
    GAP_FRAME,
    MESSAGE_FRAME,
    POSITION_FRAME,
    encode_frame,
    encode_gap,
)
from pushlab.contract.operation import Parameter
from pushlab.contract.profile import InBrowser, Profile, Timers, Wire
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
from pushlab.contract.serving import (
    Entry,
    Feed,
    Hub,
    Route,
    Scope,
    StreamingResponse,
    WebSocketConnection,
)
from pushlab.contract.setting import Declared, Setting
from pushlab.contract.transport import Transport
from pushlab.transports._websocket_subscriber import (
    MAX_FRAME_BYTES,
    PING_INTERVAL_S,
    SILENCE_S,
    WebSocketSubscriber,
)
from pushlab.wire.asgi import TOKEN_SECURITY, parameters
from pushlab.wire.direct import direct_route
from pushlab.wire.poll_operations import AFTER
from pushlab.wire.streams import FeedStream

__all__ = ["WebSocket", "WebSocketOptions"]


@dataclass(frozen=True, slots=True)
class WebSocketOptions(Declared):
    """Settings of WebSocket."""

    deflate: Annotated[
        bool, Setting("compress messages (RFC 7692), at a cost in memory and CPU")
    ] = False


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


def encode_text(entry: Entry) -> bytes:
    """One message as the text of its frame."""
    return encode_frame(entry.epoch, entry.seq, entry.data).encode()


class WebSocket(Transport):
    """WebSocket, both ends."""

    name = "websocket"
    path = "/v1/socket"
    profile = Profile(
        title="WebSocket",
        delivery="stream",
        protocol="websocket",
        timers=Timers(keep_alive_s=PING_INTERVAL_S, silence_s=SILENCE_S),
        wire=Wire(message_bytes=13),
        colour="#0072B2",
        dashes=(1.2, 1),
    )
    in_browser = InBrowser(options={"deflate": None})
    Options = WebSocketOptions
    Client = WebSocketSubscriber

    # ---- the server half --------------------------------------------------------------------

    def server_settings(self) -> Mapping[str, Any]:
        """Pings and compression are the ASGI server's work."""
        return {
            "ws_ping_interval": PING_INTERVAL_S,
            "ws_ping_timeout": PING_INTERVAL_S,
            "ws_per_message_deflate": self.options.deflate,
            "ws_max_size": MAX_FRAME_BYTES,
        }

    def endpoint(self, hub: Hub, grant: Any) -> Mapping[str, Any]:
        """``ws://host:port/v1/socket``."""
        return {"url": "ws" + hub.url().removeprefix("http") + self.path}

    def routes(self, hub: Hub) -> Sequence[Route]:
        """``WS /v1/socket``."""

        def socket(scope: Scope) -> StreamingResponse:
            return _Stream(hub).open(self.name, scope, parameters(scope))

        return [direct_route(hub, self.name, "websocket", self.path, socket)]

    def described(self, hub: Hub) -> Description:
        """One WebSocket."""
        url = "ws" + hub.url().removeprefix("http") + self.path
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


class _Stream(FeedStream):
    """One open WebSocket on the server."""

    __slots__ = ()

    encode = staticmethod(encode_text)
    _exchange: WebSocketConnection

    def _hello(self, feed: Feed) -> bool:
        if feed.gap_after is not None:
            return self._exchange.write(encode_gap(feed.gap_after, feed.position).encode())
        return self._exchange.write(str(feed.position).encode())

    def _farewell(self, reason: str, status: int, linger_s: float) -> None:
        self._exchange.end(to_close_code(status), reason, linger_s=linger_s)
