"""A real exchange, recorded: what one client half says to a server and hears from it, and when.

::

    sse = make_transport("sse")
    conversation = await record_conversation(
        sse, sse.at(Endpoint.from_url(hub_url)), token, span_s=2
    )
    for piece in conversation.pieces:
        print(f"{piece.at_s:.3f} {piece.sender}\\n{piece_text(piece.data, token=token)}")

A piece is what was handed to the socket, or came from it, at once: a request, an answer, a frame.
It holds what crossed the wire, the token too; `piece_text` is what can be shown.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic_ns
from typing import Literal

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Event
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.contract.transport import Transport
from pushlab.errors import UsageError
from pushlab.transcript.wire import piece_text
from pushlab.wire.driver import Driver, DriverConnection

__all__ = ["Conversation", "Piece", "piece_text", "record_conversation"]

_FAREWELL_S = 0.5


@dataclass(frozen=True, slots=True)
class Piece:
    """What was sent, or arrived, at once.

    Attributes:
        at_s: when, in seconds since the conversation began.
        sender: whose it is.
        data: the bytes (before encryption); secrets among them.
        connection: the TCP connection, numbered from 1.
    """

    at_s: float
    sender: Literal["client", "server"]
    data: bytes
    connection: int = 1

    def __repr__(self) -> str:
        return f"Piece(at_s={self.at_s:.4f}, sender={self.sender!r}, {len(self.data)} bytes)"


@dataclass(frozen=True, slots=True)
class Conversation:
    """One client's exchange with a server.

    Attributes:
        pieces: in the order in which they crossed.
        events: what the client half made of them, and when in seconds since the beginning.
        hits: the requests that the client sent, by kind.
        span_s: how long it lasted, the goodbye included.
        began_ns: when it began, in nanoseconds of the monotonic clock.
    """

    pieces: tuple[Piece, ...]
    events: tuple[tuple[float, Event], ...]
    hits: Mapping[str, int]
    span_s: float
    began_ns: int


async def record_conversation(
    transport: Transport,
    endpoint: Endpoint,
    token: str,
    *,
    span_s: float,
    cursor: Cursor | None = None,
    seed: int = 0,
    until: Callable[[Sequence[Event]], bool] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Conversation:
    """Let a client half speak to a server for a while, then say goodbye; what crossed.

    Args:
        endpoint: where the transport listens; `pushlab.wire.discovery.locate` tells it of a hub's.
        span_s: how long to listen, in seconds.
        cursor: what the reader has already; None starts from now.
        seed: of the client's own randomness.
        until: called with the events so far at each one; True ends the conversation early.
        tls: whom to trust if the endpoint is encrypted; None: whom this machine trusts.

    Raises:
        UsageError: the transport has no sans-I/O client half.
    """
    if not transport.is_sans_io():
        raise UsageError(f"{transport.name} uses sockets of its own, so nothing can be recorded")
    subscriber = transport.subscriber(endpoint, token, cursor=cursor, rng=Random(seed))
    recording = _Recording(subscriber, until, tls)
    return await recording.run(span_s)


class _RecordedConnection(DriverConnection):
    """A connection whose bytes are written down as they come."""

    driver: "_Recording"

    def data_received(self, data: bytes) -> None:
        self.driver.heard(self, data)
        super().data_received(data)


class _Recording(Driver):
    """Writes down what crosses."""

    dial_s = 5.0
    connection_class = _RecordedConnection

    def __init__(
        self,
        subscriber: Subscriber,
        until: Callable[[Sequence[Event]], bool] | None,
        tls: ssl.SSLContext | None,
    ) -> None:
        super().__init__(subscriber, tls=tls)
        self._until = until
        self._begun_ns = monotonic_ns()
        self._numbers: dict[DriverConnection, int] = {}
        self._enough = asyncio.Event()
        self._answered = asyncio.Event()
        self.pieces: list[Piece] = []
        self.events: list[tuple[float, Event]] = []

    async def run(self, span_s: float) -> Conversation:
        self.start()
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), span_s)
            await self._leave()
        finally:
            self._stop()
            for connection in tuple(self._connections):
                connection.transport.close()
        return Conversation(
            pieces=tuple(self.pieces),
            events=tuple(self.events),
            hits={str(kind): n for kind, n in self.subscriber.hits.items() if n},
            span_s=self._now_s(),
            began_ns=self._begun_ns,
        )

    async def _leave(self) -> None:
        """Say goodbye; if that is a word, hear what is said to it."""
        connection = self.connection
        self.connection = None  # what comes from now on is for nobody
        self.subscriber.close(monotonic_ns())
        goodbye = self.subscriber.data_to_send()
        if connection is None or not goodbye:
            return
        self._answered.clear()
        self.write(connection, goodbye)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._answered.wait(), _FAREWELL_S)

    def _now_s(self) -> float:
        return (monotonic_ns() - self._begun_ns) / 1e9

    def _note(
        self, sender: Literal["client", "server"], data: bytes, connection: DriverConnection
    ) -> None:
        self.pieces.append(Piece(self._now_s(), sender, data, self._numbers[connection]))

    def write(self, connection: DriverConnection, data: bytes) -> None:
        self._note("client", data, connection)
        super().write(connection, data)

    def take(self, events: Sequence[Event], now_ns: int) -> None:
        for event in events:
            self.events.append((self._now_s(), event))
            if self._until is not None and self._until([event for _, event in self.events]):
                self._enough.set()

    def connection_opened(self, connection: DriverConnection) -> None:
        self._numbers[connection] = len(self._numbers) + 1
        super().connection_opened(connection)

    def heard(self, connection: DriverConnection, data: bytes) -> None:
        self._note("server", data, connection)
        self._answered.set()

    def lost(self, connection: DriverConnection) -> None:
        self._answered.set()
        super().lost(connection)
