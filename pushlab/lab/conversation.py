"""A real exchange, recorded: what one client half says to a server and hears from it, and when.

::

    conversation = await record_conversation(
        make_transport("sse"), Endpoint.from_url(hub_url), token, span_s=2
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
from typing import Literal, cast

from pushlab.client import discover
from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Event
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.contract.transport import Transport
from pushlab.errors import UsageError
from pushlab.lab.wire_in_words import piece_text
from pushlab.wire.tls import client_context

__all__ = ["Conversation", "Piece", "piece_text", "record_conversation"]

_DIAL_S = 5.0
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
        endpoint: the hub's address, or what the hub told about this transport.
        span_s: how long to listen, in seconds.
        cursor: what the reader has already; None starts from now.
        seed: of the client's own randomness.
        until: called with the events so far at each one; True ends the conversation early.
        tls: whom to trust if the endpoint is encrypted; None: whom this machine trusts.

    Raises:
        UsageError: the transport has no sans-I/O client half.
        Refused, ConnectionFailed: the hub does not tell where the transport listens.
    """
    if not transport.is_sans_io():
        raise UsageError(f"{transport.name} uses sockets of its own, so nothing can be recorded")
    if transport.discovers and not endpoint.details:
        details = (await discover(endpoint, token, tls=tls))[transport.name]
        endpoint = Endpoint.from_url(details["url"], details)
    subscriber = transport.subscriber(endpoint, token, cursor=cursor, rng=Random(seed))
    recording = _Recording(subscriber, until, tls)
    return await recording.run(span_s)


class _Recording:
    """Drives one `Subscriber` and writes down what crosses; see `pushlab.contract.subscriber`."""

    def __init__(
        self,
        subscriber: Subscriber,
        until: Callable[[Sequence[Event]], bool] | None,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._subscriber = subscriber
        self._until = until
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._begun_ns = monotonic_ns()
        self._line: _Line | None = None
        self._open: set[_Line] = set()
        self._connections = 0
        self._dialing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._enough = asyncio.Event()
        self._answered = asyncio.Event()
        self.pieces: list[Piece] = []
        self.events: list[tuple[float, Event]] = []

    async def run(self, span_s: float) -> Conversation:
        self._subscriber.start(monotonic_ns())
        self._turn()
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), span_s)
            await self._leave()
        finally:
            self._end()
        return Conversation(
            pieces=tuple(self.pieces),
            events=tuple(self.events),
            hits={str(kind): n for kind, n in self._subscriber.hits.items() if n},
            span_s=self._now_s(),
            began_ns=self._begun_ns,
        )

    async def _leave(self) -> None:
        """Say goodbye; if that is a word, hear what is said to it."""
        line = self._line
        self._line = None  # what comes from now on is for nobody
        self._subscriber.close(monotonic_ns())
        goodbye = self._subscriber.data_to_send()
        if line is None or not goodbye:
            return
        self._answered.clear()
        self.pieces.append(Piece(self._now_s(), "client", goodbye, line.number))
        line.transport.write(goodbye)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._answered.wait(), _FAREWELL_S)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._dialing is not None:
            self._dialing.cancel()
        for line in tuple(self._open):
            line.transport.close()

    def _now_s(self) -> float:
        return (monotonic_ns() - self._begun_ns) / 1e9

    def _turn(self) -> None:
        """After anything happened: send, take events, open or close, and set the timer."""
        subscriber, line = self._subscriber, self._line
        data = subscriber.data_to_send()
        if data and line is not None:
            self.pieces.append(Piece(self._now_s(), "client", data, line.number))
            line.transport.write(data)
        for event in subscriber.events_received():
            self.events.append((self._now_s(), event))
            if self._until is not None and self._until([event for _, event in self.events]):
                self._enough.set()
        if line is not None and not subscriber.holds_connection:
            self._line = None
            line.transport.close()
        if subscriber.wants_connection and self._dialing is None:
            self._dialing = self._loop.create_task(self._dial())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_ns = subscriber.get_timer()
        if due_ns is not None:
            delay_s = max(0.0, (due_ns - monotonic_ns()) / 1e9)
            self._timer = self._loop.call_later(delay_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._subscriber.handle_timer(monotonic_ns())
        self._turn()

    async def _dial(self) -> None:
        endpoint = self._subscriber.endpoint
        context = (self._tls or client_context()) if endpoint.tls else None
        try:
            async with asyncio.timeout(_DIAL_S):
                await self._loop.create_connection(
                    lambda: _Line(self), endpoint.host, endpoint.port, ssl=context
                )
        except (OSError, TimeoutError, ValueError) as error:
            self._dialing = None
            reason = str(error) or "no answer to a connection attempt"
            self._subscriber.connection_failed(reason, monotonic_ns())
            self._turn()

    # ---- what a line tells ----

    def made(self, line: "_Line") -> None:
        self._dialing = None
        self._connections += 1
        line.number = self._connections
        self._line = line
        self._open.add(line)
        self._subscriber.connection_made(monotonic_ns())
        self._turn()

    def arrived(self, line: "_Line", data: bytes) -> None:
        self.pieces.append(Piece(self._now_s(), "server", data, line.number))
        self._answered.set()
        if line is self._line:
            self._subscriber.receive_data(data, monotonic_ns())
            self._turn()

    def lost(self, line: "_Line") -> None:
        self._open.discard(line)
        self._answered.set()
        if line is self._line:
            self._line = None
            self._subscriber.receive_eof(monotonic_ns())
            self._turn()


class _Line(asyncio.Protocol):
    """One connection of a recording."""

    transport: asyncio.Transport

    def __init__(self, recording: _Recording) -> None:
        self._recording = recording
        self.number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._recording.made(self)

    def data_received(self, data: bytes) -> None:
        self._recording.arrived(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._recording.lost(self)
