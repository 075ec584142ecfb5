"""What a transport's server half may ask of the hub, and what it gets from it.

The hub implements `Hub` and `Feed`; server halves know only these. A feed hands entries to a
connection by calling it, in the same turn of the event loop in which they were published: there is
no queue and no task between. What a connection has not yet taken stays in the channel's log, so a
connection that lags costs a number, not a buffer.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.cursor import Cursor
from pushlab.contract.hits import Hit
from pushlab.contract.setting import Setting
from pushlab.contract.tokens import Grant
from pushlab.errors import Refused

if TYPE_CHECKING:
    from pushlab.contract.operation import Operation

__all__ = [
    "AsgiApp",
    "Direct",
    "Entry",
    "Feed",
    "GrantHook",
    "Headers",
    "Holder",
    "HttpExchange",
    "Hub",
    "HubSettings",
    "NotYet",
    "Page",
    "Receive",
    "Response",
    "Route",
    "Scope",
    "Send",
    "StreamingResponse",
    "WebSocketConnection",
]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
#: A request's headers as ASGI has them.
Headers = Sequence[tuple[bytes, bytes]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_Form = TypeVar("_Form")


class Entry:
    """One message in a channel's log, encoded at most once for each wire format.

    Attributes:
        accepted_ns: when the hub took it, in nanoseconds of the monotonic clock.
        size: bytes of UTF-8.
    """

    __slots__ = ("_forms", "accepted_ns", "data", "epoch", "seq", "size")

    def __init__(self, epoch: str, seq: int, data: str, size: int, accepted_ns: int) -> None:
        self.epoch = epoch
        self.seq = seq
        self.data = data
        self.size = size
        self.accepted_ns = accepted_ns
        self._forms: dict[Callable[[Entry], Any], Any] = {}

    @property
    def cursor(self) -> Cursor:
        """Where a reader stands that has this entry."""
        return Cursor(self.epoch, self.seq)

    def form(self, encode: "Callable[[Entry], _Form]") -> _Form:
        """``encode(self)``, computed once and shared by every subscriber."""
        form: _Form | None = self._forms.get(encode)
        if form is None:
            form = self._forms[encode] = encode(self)
        return form


@dataclass(frozen=True, slots=True)
class Page:
    """What a poll gets.

    Attributes:
        position: the entries come after this.
        gap_after: set when messages between it and `position` are gone.
        entries: in order; empty when there is nothing new.
        more: whether the log held more than fits in one answer.
    """

    position: Cursor
    gap_after: Cursor | None
    entries: Sequence[Entry]
    more: bool

    @property
    def useful(self) -> bool:
        """Whether it tells the reader anything: messages, or that some are gone."""
        return bool(self.entries) or self.gap_after is not None

    @property
    def cursor(self) -> Cursor:
        """Where the reader stands after this page."""
        return self.entries[-1].cursor if self.entries else self.position


_count = partial(Setting, least=1, most=10_000_000)
_cap = partial(Setting, least=0, most=10_000_000)
_size = partial(Setting, unit="bytes", least=1, most=2**40)
_span = partial(Setting, unit="s", above=0, most=7 * 86_400)
_LEAST_VANISHED_S = 10.0  # a tenth of it is the least that the kernel counts


@dataclass(frozen=True, slots=True)
class HubSettings:
    """The hub's dials, for ``pushlab serve``, and the ``[hub]`` table of a scenario."""

    retain_messages: Annotated[int, _count("messages that a channel keeps at most")] = 1_000
    retain_bytes: Annotated[int, _size("bytes that a channel keeps at most")] = 8 * 1024 * 1024
    retain_s: Annotated[float, _span("how long a channel keeps a message")] = 3_600.0
    lag_messages: Annotated[int, _count("messages behind which a reader is slow")] = 1_000
    lag_bytes: Annotated[int, _size("bytes behind which a reader is slow")] = 4 * 1024 * 1024
    keep_alive_s: Annotated[float, _span("silence after which a stream says it lives")] = 15.0
    lease_s: Annotated[float, _span("how long a client is present after a poll")] = 30.0
    hold_s: Annotated[float, _span("how long a long poll waits that names no span")] = 30.0
    max_hold_s: Annotated[float, _span("the longest span that a long poll may name")] = 120.0
    page_messages: Annotated[int, _count("messages in a poll's answer at most")] = 500
    page_bytes: Annotated[int, _size("bytes in a poll's answer at most")] = 1024 * 1024
    linger_s: Annotated[float, _span("how long a slow reader may read why it was closed")] = 5.0
    head_s: Annotated[float, _span("how long a request's head, or a TLS handshake, may take")] = (
        10.0
    )
    body_s: Annotated[float, _span("how long a request's body may take, and 1 s more a KiB")] = 20.0
    idle_s: Annotated[float, _span("how long a connection may rest between requests")] = 75.0
    max_connections: Annotated[int, _cap("connections in all; 0: as many as descriptors allow")] = 0
    max_connections_per_address: Annotated[
        int, _cap("connections of one address of another machine; 0: a quarter of all")
    ] = 0

    @property
    def vanished_s(self) -> float:
        """How long a client that vanishes without a word is present at most, on every transport.

        Polls have their lease; a broker waits 1.5 times its client's keep-alive. Who asks for more
        of either than is usual is present for longer, and who is behind a proxy for as long as that
        keeps the connection.
        """
        return max(1.5 * self.lease_s, _LEAST_VANISHED_S)

    @property
    def unheard_s(self) -> float:
        """How much of it a connection is idle before the kernel asks, and keeps a radio awake.

        With the usual dials, longer than a stream is silent and than a poll is held.
        """
        return 0.69 * self.vanished_s

    @property
    def unanswered_s(self) -> float:
        """How much of it bytes have to be acknowledged, and a client to poll again.

        Probes have taken the rest, if it vanished while it was held.
        """
        return 4 / 15 * self.vanished_s


class Feed(Protocol):
    """One connection's reading of a channel: replay, then live, without a seam.

    Attributes:
        position: reading goes on after this.
        gap_after: the cursor that was asked for, if messages behind it are gone.
    """

    position: Cursor
    gap_after: Cursor | None

    def start(self) -> None:
        """Begin to call `write`; anything retained behind the cursor comes first."""

    def resume(self) -> None:
        """The connection, whose `write` said False, can take more."""

    def close(self) -> None:
        """The connection is gone."""


class NotYet(Exception):
    """The hub has to fetch what is asked for: wait for `ready`, then ask again in the same turn.

    What has been asked for so far is undone; whoever asks has changed nothing yet.

    Attributes:
        ready: waits until the same question can be answered. Raises Refused (503): it cannot.
    """

    def __init__(self, ready: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.ready = ready


#: Is told of a token that a broker may have to know; see `Hub.on_grant`.
GrantHook = Callable[[str, Grant, bool], Awaitable[None]]


class Holder(Protocol):
    """What stands on a grant: a stream, a held poll, a broker's log-in."""

    def finish(self, reason: str, status: int) -> None:
        """The grant counts no more, for this reason: end, and say why."""


class Hub(Protocol):
    """The server, as a transport's server half sees it."""

    settings: HubSettings
    broker: BrokerAccess | None

    def verify(self, token: str) -> Grant:
        """Read a token. Raises Refused (401)."""

    def counts(self, grant: Grant) -> bool:
        """Whether a token that said this would still count."""

    async def welcome(self, token: str) -> Grant:
        """Read a token whose holder wants to go to a broker: that knows it then. As `verify`."""

    def subscribe(
        self,
        grant: Grant,
        after: Cursor | None,
        *,
        transport: str,
        write: Callable[[Sequence[Entry]], bool],
        end: Callable[[str, int], None],
    ) -> Feed:
        """Open a feed; the client is present until it closes.

        Args:
            write: takes entries; False means "no more until `Feed.resume`".
            end: the hub closes the feed for this reason and status (token expired or revoked, slow
                reader, server stopping). Called at most once, never after `Feed.close`.

        Raises:
            Refused: 400 `invalid-cursor` for a cursor ahead of the log.
            NotYet: the log has to be fetched; a `pushlab.wire.direct.direct_route` waits by itself.
        """

    def read(self, grant: Grant, after: Cursor | None, *, most: int | None = None) -> Page:
        """What a poll gets, at most so many messages. Raises as `subscribe`."""

    def lease(self, grant: Grant, lease_s: float | None = None) -> None:
        """A polling client is present for a while."""

    def release(self, grant: Grant) -> None:
        """A polling client said goodbye."""

    def join(self, grant: Grant) -> None:
        """A connection of this client stands (for transports that have no feed each)."""

    def leave(self, grant: Grant) -> None:
        """A connection of this client has gone."""

    def hold(self, grant: Grant, holder: Holder) -> None:
        """Call ``holder.finish(reason, status)`` once, when the grant has expired or is revoked.

        The hub goes by the wall clock, and looks at it several times a second: no transport shall
        have a timer of its own for this.
        """

    def let_go(self, grant: Grant, holder: Holder) -> None:
        """The holder has gone by itself; one that was ended is let go already."""

    def count(self, transport: str, kind: Hit, n: int = 1) -> None:
        """Count hits."""

    def refuse(self, transport: str, refusal: Refused) -> None:
        """Count something that was refused, and why; the log is told of it now and then."""

    def tail(
        self,
        channel: str,
        after: Cursor | None,
        write: Callable[[Sequence[Entry]], bool],
        end: Callable[[str, int], None] = ...,
    ) -> Feed:
        """A feed for the hub's own use: no token, presence or lag limit. Raises NotYet."""

    def on_grant(self, hook: "GrantHook") -> Callable[[], None]:
        """Call `hook(token, grant, wanted)` before anybody learns of a token; undone by a call.

        `wanted` says whether somebody asks where to use it: then it works once the hook returns.
        Else the hook waits for little, and it works soon.
        """

    def url(self) -> str:
        """The hub's address, such as ``https://push.example/hub``, without a slash at its end.

        Where `Transport.endpoint` asks, it is the one by which the client reaches the hub who is
        told; elsewhere, the one by which this machine does.
        """

    def broker_url(self) -> str:
        """The MQTT broker's, as ``mqtt://host:port`` (or mqtts); likewise. Empty without one."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole HTTP response; header names are in lower case.

    Its length and what the attributes below say are the server's to add.

    Attributes:
        content_type: of the body; a 204 has neither. Empty where nothing is said of it.
        cache_control: what caches may do with it.
        phrase: the status line's reason phrase, where it is not the usual one. HTTP/2 has none (RFC
            9113, section 8.3.1), nor has another ASGI server than the hub's own.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes = b"application/json"
    cache_control: bytes = b"no-store"
    phrase: bytes = b""


class HttpExchange(Protocol):
    """One HTTP request that a `StreamingResponse` may answer at any time."""

    __slots__ = ()

    def answer(self, answer: Response) -> None:
        """Answer it whole."""

    def begin(self, headers: Headers, data: bytes) -> bool:
        """Begin a 200 whose length is open, with its first bytes; False as for `write`."""

    def write(self, *pieces: bytes) -> bool:
        """Send these bytes; False when full: `StreamingResponse.resume` will be called."""

    def end(self, data: bytes, *, linger_s: float) -> None:
        """Send the last bytes; cut the connection if the client has not taken them by then."""


class WebSocketConnection(Protocol):
    """One open WebSocket."""

    __slots__ = ()

    def write(self, *pieces: bytes) -> bool:
        """Send a text frame of each piece (UTF-8); False as for `HttpExchange.write`."""

    def end(self, code: int, reason: str, *, linger_s: float) -> None:
        """Close the WebSocket; cut the connection if the client has not taken that by then."""


class StreamingResponse(Protocol):
    """What holds an exchange open and writes to it when there is something to say."""

    def begin(self, exchange: Any) -> None:
        """Here is an `HttpExchange`, or a `WebSocketConnection` that is accepted already."""

    def resume(self) -> None:
        """The connection, which was full, has room again."""

    def close(self) -> None:
        """The response is complete, or the client has gone; called once."""


#: A server half as a plain call: the scope's method, query_string and headers in, and in the same
#: turn an answer or a stream out.
Direct = Callable[[Scope], Response | StreamingResponse]


@dataclass(frozen=True, slots=True)
class Route:
    """One path of a transport's server half.

    Attributes:
        kind: ``http`` or ``websocket``.
        app: serves it by ASGI.
        operations: what it can be asked for, one for each method.
        direct: serves it as well, at less cost; the hub uses it where it can. See
            `pushlab.wire.direct.direct_route`, which derives `app` from it.
    """

    kind: str
    path: str
    app: AsgiApp
    methods: Iterable[str] = field(default=("GET",))
    direct: Direct | None = None
    operations: "Sequence[Operation]" = ()
