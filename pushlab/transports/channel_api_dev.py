"""The wire of App Engine's development server: it gave the Channel API by short polling.

In production the Channel API pushed. On a developer's own machine the same page asked, every half
second, for one message::

    GET /_ah/channel/dev?command=connect&channel=<token> HTTP/1.1       200 OK      1
    GET /_ah/channel/dev?command=poll&channel=<token> HTTP/1.1          200 OK      (nothing)
    GET /_ah/channel/dev?command=poll&channel=<token> HTTP/1.1          200 OK      hello, Ada
    GET /_ah/channel/dev?command=disconnect&channel=<token> HTTP/1.1    200 OK      (nothing)

One message an answer, so what comes faster than a client asks stands in a queue: with Poisson
arrivals that fill the share r of the polls, a message waits T/(2 (1 - r)) on average instead of
short polling's T/2, and past r = 1 the queue has no end.

A client of that time sends no cursor: the server remembers, for each token, the last message it has
answered with. Two pages with one token therefore share the messages out, and an answer that is lost
on its way is lost for good. A ``disconnect`` forgets the place, and so does the token's expiry.
pushlab's own client half sends ``&after=<cursor>`` and reads ``Pushlab-Cursor`` (where it stands
behind this answer) and ``Pushlab-Gap`` (``<after> <resumed>``, when messages between are gone); so
it resumes, drops what it has, and is told of gaps, as over every other transport.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from pushlab.contract.cursor import Cursor
from pushlab.contract.hits import Hit
from pushlab.contract.profile import InBrowser, Profile, Wire
from pushlab.contract.serving import Entry, Hub, HubSettings, Page, Response, Route, Scope
from pushlab.contract.setting import Declared, Setting
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import Grant
from pushlab.contract.transport import Transport
from pushlab.errors import Refused
from pushlab.wire.asgi import admit, parameters, refusal_answer
from pushlab.wire.direct import direct_route
from pushlab.wire.http1 import ResponseParser
from pushlab.wire.polling import IntervalPollSubscriber, asked_lease_s, lease_of

__all__ = ["ChannelApiDev", "ChannelApiDevOptions"]

_COMMANDS = ("connect", "poll", "disconnect")
_TEXT = b"text/plain; charset=utf-8"
_NO_CACHE = b"no-cache"
#: A message is text, whatever it looks like to a browser that is pointed at it.
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_MAX_PLACES = 100_000
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ChannelApiDevOptions(Declared):
    """Settings of the development server's wire."""

    interval_s: Annotated[
        float, Setting("from an answer to the next poll", unit="s", least=0.001, most=86_400)
    ] = 0.5
    random_phase: Annotated[
        bool, Setting("start each client at a random point of its first interval")
    ] = True


class ChannelApiDevSubscriber(IntervalPollSubscriber):
    """Connects, then asks for one message, and again some time after each answer."""

    __slots__ = ("_connect_head", "_connecting")

    _nothing_status: ClassVar[int] = 200

    def __init__(self, endpoint: Endpoint, token: str, **rest: Any) -> None:
        super().__init__(endpoint, token, **rest)
        self._connecting = False

    def _address(self) -> None:
        super()._address()
        endpoint, token = self.endpoint, self._token
        # The token stands in the address, as it did; a header would say it twice.
        self._end_of_head = f" HTTP/1.1\r\nHost: {endpoint.authority}\r\n\r\n".encode()
        self._tail = self._suffix().encode() + self._end_of_head
        self._head = self._command(token, "poll") + b"&after="
        self._connect_head = self._command(token, "connect") + b"&after="
        self._goodbye = self._command(token, "disconnect") + self._end_of_head

    def _command(self, token: str, command: str) -> bytes:
        return f"GET {self.endpoint.asking(command=command, channel=token)}".encode()

    def _ask(self, tail: bytes | None = None) -> None:
        """Ask for a message; after a loss, and at first, ask to be connected."""
        self._connecting = not self._stood
        if not self._connecting:
            super()._ask(tail)
            return
        cursor = self._inbox.cursor
        after = str(cursor).encode() if cursor is not None else b""
        self.asking, self._parsing, self._asked_first = True, False, cursor is None
        self._send(self._connect_head + after + self._tail)

    def _take(self, parser: ResponseParser) -> bool:
        parser.check_coding()
        text = parser.take().decode()
        stands = Cursor.parse(parser.cursor or "")
        useful = bool(text) or parser.gap is not None
        self._hit(Hit.POLL_USEFUL if useful and not self._connecting else self._asked_for())
        if parser.gap is not None:
            self._locate(Cursor.parse(parser.gap.partition(" ")[2]))
        elif self._connecting:
            self._locate(stands)
        if text and not self._connecting:
            self._deliver(stands.epoch, stands.seq, text)
        return False

    def _asked_for(self) -> Hit:
        if self._connecting:
            return Hit.CONNECT if self._asked_first else Hit.RECONNECT
        return Hit.POLL_EMPTY

    def _next_ask_ns(self, now_ns: int) -> int:
        return now_ns + int(self._options.interval_s * _NS)


class ChannelApiDev(Transport):
    """The development server's wire, both ends."""

    name = "channel-api-dev"
    path = "/_ah/channel/dev"
    profile = Profile(
        title="Channel API (dev server)",
        delivery="interval-poll",
        protocol="http",
        pause=True,
        messages_per_answer=1,
        wire=Wire(request_bytes=221, empty_answer_bytes=165, answer_bytes=168),
        colour="#8F4A1E",
        dashes=(3, 1.5),
    )
    in_browser = InBrowser(options={"interval_s": (0.5, 0.5), "random_phase": None})
    Options = ChannelApiDevOptions
    Client = ChannelApiDevSubscriber

    def in_force(self, settings: HubSettings) -> Profile:
        """With the interval between polls."""
        o: ChannelApiDevOptions = self.options
        told = replace(self.profile, random_phase=o.random_phase)
        lease_s = lease_of(o.interval_s, settings.lease_s)
        return told.timed(interval_s=o.interval_s, lease_s=lease_s)

    # ---- the server half --------------------------------------------------------------------

    def routes(self, hub: Hub) -> Sequence[Route]:
        """``GET /_ah/channel/dev``."""
        desk = _Desk(hub, self.name)
        return [direct_route(hub, self.name, "http", self.path, desk.answer)]


class _Desk:
    """Answers the three commands, and keeps a place for each token that sends no cursor."""

    def __init__(self, hub: Hub, transport: str) -> None:
        self._hub = hub
        self._transport = transport
        self._places = _Places(hub)

    def answer(self, scope: Scope) -> Response:
        try:
            return self._answer(scope)
        except Refused as refusal:
            self._hub.refuse(self._transport, refusal)
            return replace(refusal_answer(refusal), cache_control=_NO_CACHE)

    def _answer(self, scope: Scope) -> Response:
        query = parameters(scope)
        command = query.get("command", "")
        if command not in _COMMANDS:
            raise Refused(400, "bad-command", f"command must be one of {', '.join(_COMMANDS)}")
        if not query.get("channel"):
            raise Refused(400, "token-missing", "send the token as '&channel='")
        grant, after = admit(self._hub, scope, query, token_name="channel")
        if command == "disconnect":
            self._hub.count(self._transport, Hit.LEAVE)
            self._hub.release(grant)
            self._places.forget(grant)
            return _plain(b"")
        lease_s = asked_lease_s(query)
        remembers = "after" in query
        if not remembers:
            after = self._places.get(grant)
        page = self._hub.read(grant, after, most=1)
        self._hub.lease(grant, lease_s)
        if command == "connect":
            if not remembers:
                self._places.put(grant, page.position)
            self._hub.count(self._transport, Hit.CONNECT if after is None else Hit.RECONNECT)
            return _plain(b"1", page, page.position)
        if not remembers:
            self._places.put(grant, page.cursor)
        self._hub.count(self._transport, Hit.POLL_USEFUL if page.useful else Hit.POLL_EMPTY)
        return _plain(page.entries[0].form(_encode) if page.entries else b"", page, page.cursor)


def _encode(entry: Entry) -> bytes:
    return entry.data.encode()


def _plain(body: bytes, page: Page | None = None, stands: Cursor | None = None) -> Response:
    headers = [_NO_SNIFFING]
    if page is not None:
        headers.append((b"pushlab-cursor", str(stands).encode()))
        if page.gap_after is not None:
            headers.append((b"pushlab-gap", f"{page.gap_after} {page.position}".encode()))
    return Response(200, body, tuple(headers), _TEXT, _NO_CACHE)


class _Place:
    """The last message that a token has been answered with; it stands on the token's grant."""

    __slots__ = ("cursor", "grant", "places")

    def __init__(self, places: "_Places", grant: Grant, cursor: Cursor) -> None:
        self.places = places
        self.grant = grant
        self.cursor = cursor

    def finish(self, reason: str, status: int) -> None:
        """The token has expired or is revoked: nobody can ask any more."""
        self.places.forget(self.grant)


class _Places:
    """The place of each token, until the hub says that it counts no more.

    So many are kept; beyond that, the one that has not been asked for the longest is forgotten.
    """

    def __init__(self, hub: Hub, most: int = _MAX_PLACES) -> None:
        self._hub = hub
        self._most = most
        self._kept: OrderedDict[str, _Place] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, grant: Grant) -> Cursor | None:
        kept = self._kept.get(grant.grant_id)
        return kept.cursor if kept else None

    def put(self, grant: Grant, cursor: Cursor) -> None:
        kept = self._kept.get(grant.grant_id)
        if kept is not None:
            kept.cursor = cursor
            self._kept.move_to_end(grant.grant_id)
            return
        if len(self._kept) >= self._most:
            self.forget(next(iter(self._kept.values())).grant)
        place = self._kept[grant.grant_id] = _Place(self, grant, cursor)
        self._hub.hold(grant, place)

    def forget(self, grant: Grant) -> None:
        kept = self._kept.pop(grant.grant_id, None)
        if kept is not None:
            self._hub.let_go(kept.grant, kept)
