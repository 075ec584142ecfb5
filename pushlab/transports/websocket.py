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
from typing import TYPE_CHECKING, Any

from pushlab.contract.frames import encode_frame, encode_gap
from pushlab.contract.profile import InBrowser, Profile, Timers, Wire
from pushlab.contract.reasons import to_close_code
from pushlab.contract.serving import (
    Entry,
    Feed,
    Hub,
    Route,
    Scope,
    StreamingResponse,
    WebSocketConnection,
)
from pushlab.contract.transport import Transport
from pushlab.transports._websocket_subscriber import (
    MAX_FRAME_BYTES,
    PING_INTERVAL_S,
    SILENCE_S,
    WebSocketSubscriber,
)
from pushlab.wire.asgi import parameters
from pushlab.wire.direct import direct_route
from pushlab.wire.streams import FeedStream
from pushlab.wire.websocket_client import WebSocketOptions

if TYPE_CHECKING:
    from pushlab.contract.description import Description

__all__ = ["WebSocket"]


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
        wire=Wire(message_bytes=13, keep_alive_bytes=2, keep_alive_answer_bytes=6),
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
        return {"url": self._url(hub)}

    def routes(self, hub: Hub) -> Sequence[Route]:
        """``WS /v1/socket``."""

        def socket(scope: Scope) -> StreamingResponse:
            return _Stream(hub).open(self.name, scope, parameters(scope))

        return [direct_route(hub, self.name, "websocket", self.path, socket)]

    def described(self, hub: Hub) -> "Description":
        """One WebSocket."""
        from pushlab.transports._websocket_description import described

        return described(self._url(hub))

    def _url(self, hub: Hub) -> str:
        return "ws" + hub.url().removeprefix("http") + self.path


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
