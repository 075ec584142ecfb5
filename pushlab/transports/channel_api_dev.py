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

A token that is not good is told of in the status line, ``401 Token+timed+out.`` or ``401
Invalid+token.``, and clients of that time compare just that. An answer that brings nothing has no
Content-Type, a message has JSON's whatever it is, and nothing may be cached.

A client of that time sends no cursor: the server remembers, for each token and as long as it runs,
the last message it has answered with. Two pages with one token therefore share the messages out,
and an answer that is lost on its way is lost for good. The next token of a client that is still
present goes on where the last one stood, so who renews an expired one misses nothing. A
``disconnect`` ends that soon, but not so soon that a page loses something while it is loaded anew.
pushlab's own client half sends ``&after=<cursor>`` and reads ``Pushlab-Cursor`` (where it stands
behind this answer) and ``Pushlab-Gap`` (``<after> <resumed>``, when messages between are gone); so
it resumes, drops what it has, and is told of gaps, as over every other transport.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from pushlab.contract.cursor import Cursor
from pushlab.contract.hits import Hit
from pushlab.contract.profile import InBrowser, InLog, Profile, Wire
from pushlab.contract.reasons import CHANNEL_API_PHRASES, reason_of_phrase
from pushlab.contract.serving import Entry, Hub, HubSettings, Page, Response, Route, Scope
from pushlab.contract.setting import Declared, Setting
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.transport import Transport
from pushlab.errors import Refused
from pushlab.transports._channel_api_dev_operation import ASK, BAD_COMMAND, COMMANDS, NO_CHANNEL
from pushlab.transports._channel_api_dev_places import Places
from pushlab.wire.asgi import admit, parameters, refusal_answer
from pushlab.wire.direct import direct_route
from pushlab.wire.http1 import ResponseParser
from pushlab.wire.polling import IntervalPollSubscriber, asked_lease_s, lease_of

__all__ = ["ChannelApiDev", "ChannelApiDevOptions"]

_TEXT = b"text/plain"
_JSON = b"application/json"
_NO_CACHE = b"no-cache"
#: A message is text, whatever it looks like to a browser that is pointed at it.
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
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


class _PhraseParser(ResponseParser):
    """Reads the reason phrase too."""

    __slots__ = ("phrase",)

    def reset(self) -> None:
        """Forget the last response."""
        super().reset()
        self.phrase = b""

    def on_status(self, data: bytes) -> None:
        """A piece of the phrase; called by httptools."""
        self.phrase += data


class ChannelApiDevSubscriber(IntervalPollSubscriber):
    """Connects, then asks for one message, and again some time after each answer."""

    __slots__ = ("_connect_head", "_connecting")

    _nothing_status: ClassVar[int] = 200
    _parser_kind: ClassVar[type[ResponseParser]] = _PhraseParser

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

    def _refusal(self, parser: ResponseParser) -> str:
        """What the body says; else the phrase, for a proxy may have put another body behind it."""
        said = super()._refusal(parser)
        if said != f"http-{parser.status}" or not isinstance(parser, _PhraseParser):
            return said
        return reason_of_phrase(parser.status, parser.phrase.decode("latin-1"))

    def _take_answer(self, parser: ResponseParser) -> bool:
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
        wire=Wire(request_bytes=221, empty_answer_bytes=91, answer_bytes=159),
        colour="#8F4A1E",
        dashes=(3, 1.5),
    )
    in_browser = InBrowser(options={"interval_s": (0.02, math.inf), "random_phase": None})
    in_log = InLog(client="channel", poll={"command": "poll"})
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
        return [direct_route(hub, self.name, "http", self.path, desk.answer, operations=[ASK])]


class _Desk:
    """Answers the three commands, and keeps a place for each token that sends no cursor."""

    def __init__(self, hub: Hub, transport: str) -> None:
        self._hub = hub
        self._transport = transport
        self._places = Places(hub)

    def answer(self, scope: Scope) -> Response:
        try:
            return self._answer(scope)
        except Refused as refusal:
            self._hub.refuse(self._transport, refusal)
            phrase = CHANNEL_API_PHRASES.get(refusal.reason, "") if refusal.status == 401 else ""
            answer = refusal_answer(refusal)
            return replace(answer, cache_control=_NO_CACHE, phrase=phrase.encode())

    def _answer(self, scope: Scope) -> Response:
        query = parameters(scope)
        command = query.get("command")
        if command not in COMMANDS:
            raise BAD_COMMAND()
        if "channel" not in query:
            raise NO_CHANNEL()
        grant, after = admit(self._hub, scope, query, token_name="channel")
        if command == "disconnect":
            self._hub.count(self._transport, Hit.LEAVE)
            self._hub.release(grant)
            self._places.leave(grant)
            return _answer()
        lease_s = asked_lease_s(query)
        remembers = "after" in query
        if not remembers:
            after = self._places.get(grant)
        page = self._hub.read(grant, after, most=1)
        self._hub.lease(grant, lease_s)
        if command == "connect":
            if not remembers:
                self._places.put(grant, page.position, lease_s)
            self._hub.count(self._transport, Hit.CONNECT if after is None else Hit.RECONNECT)
            return _answer(page, page.position, b"1", _TEXT)
        if not remembers:
            self._places.put(grant, page.cursor, lease_s)
        self._hub.count(self._transport, Hit.POLL_USEFUL if page.useful else Hit.POLL_EMPTY)
        if not page.entries:
            return _answer(page, page.cursor)
        return _answer(page, page.cursor, page.entries[0].form(_encode), _JSON)


def _encode(entry: Entry) -> bytes:
    return entry.data.encode()


def _answer(
    page: Page | None = None, stands: Cursor | None = None, body: bytes = b"", kind: bytes = b""
) -> Response:
    headers = [_NO_SNIFFING] if body else []
    if page is not None:
        headers.append((b"pushlab-cursor", str(stands).encode()))
        if page.gap_after is not None:
            headers.append((b"pushlab-gap", f"{page.gap_after} {page.position}".encode()))
    return Response(200, body, tuple(headers), kind, _NO_CACHE)
