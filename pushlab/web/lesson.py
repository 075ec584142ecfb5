"""The lesson: a conversation with this very server, made now, for the page to draw.

A client half speaks to the hub over a real socket for a second or two, while the server publishes
one message or a few to its channel. What crossed is told, without the token.
"""

import asyncio
import secrets
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pushlab.contract.events import Message
from pushlab.contract.registry import load_transport, make_transport, transport_names
from pushlab.contract.setting import Declared, Setting
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.transport import Transport
from pushlab.errors import Refused
from pushlab.hub.core import Hub
from pushlab.transcript.record import Conversation, Piece, piece_text, record_conversation
from pushlab.web.texts import taken
from pushlab.wire.tls import client_context

__all__ = ["Lesson"]

_AT_ONCE = 32
_TOKEN_MINUTES = 1
#: When messages are published, as parts of the conversation: none falls on a poll or beside one.
_PUBLISHED_AT = (0.28, 0.57, 0.80)
#: How often is asked, and how long a question is held: so that a conversation shows polls in vain,
#: messages that wait, questions that are held until a message comes, and one that is held in vain.
_POLLS = 4.5
_HELD = 1 / 3
_SAYINGS = (
    "Hello, says the server.",
    "And here is a second one.",
    "One more, and that is all.",
)


@dataclass(frozen=True, slots=True)
class _Asked(Declared):
    messages: Annotated[int, Setting("to publish", least=1, most=len(_SAYINGS))] = 2
    span_s: Annotated[float, Setting("of the conversation", unit="s", least=0.5, most=2.5)] = 1.8


class Lesson:
    """Makes conversations.

    Args:
        authority: whom to trust where the hub is encrypted, as a PEM certificate.
    """

    def __init__(self, hub: Hub, *, authority: str | None = None) -> None:
        self._hub = hub
        self._authority = authority
        self._under_way = 0
        self._tls: ssl.SSLContext | None = None

    async def converse(self, body: dict[str, Any]) -> dict[str, Any]:
        """Make a conversation over the transport that is asked for."""
        name = body.get("transport")
        if name not in transport_names() or (
            load_transport(name).profile.needs_broker and self._hub.broker is None
        ):
            raise Refused(404, "no-such-transport", "this server does not speak that transport")
        asked = _Asked(**taken(_Asked, {key: body[key] for key in body if key != "transport"}))
        transport = make_transport(name, _options(name, asked.span_s))
        if not transport.is_sans_io():
            raise Refused(404, "no-such-transport", f"{name} cannot be recorded")
        if self._under_way >= _AT_ONCE:
            raise Refused(503, "busy", "many conversations are under way; try again in a moment")
        self._under_way += 1
        try:
            return await self._converse(transport, asked.messages, asked.span_s)
        finally:
            self._under_way -= 1

    async def _converse(self, transport: Transport, messages: int, span_s: float) -> dict[str, Any]:
        client_id = f"lesson-{secrets.token_hex(6)}"
        token, grant = await self._hub.create_channel(
            client_id,
            duration_minutes=_TOKEN_MINUTES,
            wanted=transport.profile.needs_broker or None,
        )
        endpoint = Endpoint.told(transport.endpoint(self._hub, grant))
        if endpoint.tls and self._tls is None:
            self._tls = await asyncio.to_thread(client_context, self._authority, own=True)
        publishing = asyncio.ensure_future(self._publish(client_id, messages, span_s))
        try:
            conversation = await record_conversation(
                transport, endpoint, token, span_s=span_s, tls=self._tls
            )
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
        published = [] if publishing.cancelled() else publishing.result()
        return {
            "transport": transport.name,
            "peer": "broker" if transport.profile.needs_broker else "hub",
            "span_ms": _ms(conversation.span_s),
            "published": [
                {"at_ms": _ms((at_ns - conversation.began_ns) / 1e9), "data": data}
                for at_ns, data in published
            ],
            "delivered": [
                {"at_ms": _ms(at_s), "data": event.data}
                for at_s, event in conversation.events
                if isinstance(event, Message)
            ],
            "pieces": _told(conversation, token),
            "hits": dict(conversation.hits),
        }

    async def _publish(self, channel: str, messages: int, span_s: float) -> list[tuple[int, str]]:
        """Publish at the set moments; the first is late enough for the client to be there."""
        told = []
        begun = time.monotonic()
        for number in range(messages):
            due = begun + span_s * _PUBLISHED_AT[number]
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            told.append((time.monotonic_ns(), _SAYINGS[number]))
            await self._hub.backplane.publish([(channel, _SAYINGS[number])])
        return told


def _options(name: str, span_s: float) -> dict[str, Any]:
    """A transport's options in a conversation of this length."""
    if name == "short-polling":
        return {"interval_s": round(span_s / _POLLS, 3), "random_phase": False}
    if name == "long-polling":
        return {"hold_s": round(span_s * _HELD, 3)}
    return {"random_phase": False} if name == "channel-api-dev" else {}


def _ms(span_s: float) -> float:
    return round(span_s * 1e3, 2)


def _told(conversation: Conversation, token: str) -> Sequence[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    asked = ""
    for piece in conversation.pieces:
        text = piece_text(piece.data, token=token)
        note = _note(piece, text, asked)
        if piece.sender == "client":
            asked = note
        about = {
            "at_ms": _ms(piece.at_s),
            "sender": piece.sender,
            "connection": piece.connection,
            "bytes": len(piece.data),
            "text": text,
        }
        told.append({**about, "note": note} if note else about)
    return told


_GOODBYE = "says goodbye"
#: What a piece is, by how its text begins (client, server).
_NOTES = {
    "client": (
        ("GET /v1/poll", "asks"),
        ("DELETE ", _GOODBYE),
        ("GET /v1/wait", "asks, and lets the server take its time"),
        ("GET /v1/events", "asks for a stream that does not end"),
        ("GET /v1/socket", "asks to change to WebSocket"),
        ("[close", _GOODBYE),
        ("GET /_ah/channel/dev?command=connect", "comes"),
        ("GET /_ah/channel/dev?command=poll", "asks"),
        ("GET /_ah/channel/dev?command=disconnect", _GOODBYE),
        ("[CONNECT", "logs in at the broker"),
        ("[PUBLISH", "asks the hub where it stands"),
        ("[SUBSCRIBE", "says what it wants to hear"),
        ("[PUBACK", "confirms"),
        ("[DISCONNECT", _GOODBYE),
    ),
    "server": (
        ("HTTP/1.1 204", "nothing new"),
        ("HTTP/1.1 101", "from now on, frames"),
        ("[close", _GOODBYE),
        ("[PUBACK", "confirms"),
        ("[CONNACK", "lets the client in"),
        ("[SUBACK", "the subscription stands"),
    ),
}


def _note(piece: Piece, text: str, asked: str) -> str:
    """What a piece is for; `asked`: what the client's last one was for."""
    if '{"leave": ' in text and text.startswith("[PUBLISH"):
        return _GOODBYE
    if piece.sender == "server":
        if any(saying in text for saying in _SAYINGS):
            return "a message"
        if asked == _GOODBYE:
            return _GOODBYE
    for beginning, note in _NOTES[piece.sender]:
        if text.startswith(beginning):
            return note
    return ""
