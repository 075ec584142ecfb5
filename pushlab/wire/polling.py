"""What the two polls share: the page on the wire, and a client that asks and reads one answer.

A page is JSON::

    {"cursor": "<where you stand now>",
     "gap": {"after": "<cursor>", "resumed": "<cursor>"},       only when messages were missed
     "messages": [{"seq": 18, "data": "..."}, ...],
     "more": true}                                              only when another page waits

Nothing new is a 204 without a body; its ``Pushlab-Cursor`` header tells a client that asked
without a cursor where the channel stands.

A transport whose answers are not pages overrides `_take_answer`.
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from pushlab.contract.cursor import Cursor
from pushlab.contract.hits import Hit
from pushlab.contract.serving import Entry, Hub, Page, Response, Route, Scope
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import Grant
from pushlab.wire.asgi import admit, number_parameter, parameters
from pushlab.wire.asking import AskingSubscriber, ByInterval
from pushlab.wire.direct import direct_route
from pushlab.wire.http1 import ResponseParser, refusal_reason, request_head
from pushlab.wire.poll_operations import LEASE, poll_operations

__all__ = [
    "IntervalPollSubscriber",
    "PollSubscriber",
    "answer_goodbye",
    "answer_poll",
    "asked_lease_s",
    "lease_of",
    "lease_suffix",
    "poll_route",
]

_SELDOM_S = 10.0
_LEASE_INTERVALS = 3


def _encode(entry: Entry) -> bytes:
    return json.dumps({"seq": entry.seq, "data": entry.data}, ensure_ascii=False).encode()


def _encode_cursor(entry: Entry) -> bytes:
    return str(entry.cursor).encode()


def _encode_page(page: Page) -> bytes:
    entries = page.entries
    cursor = entries[-1].form(_encode_cursor) if entries else str(page.position).encode()
    more = b'"more": true, ' if page.more else b""
    if page.gap_after is not None:
        gap = {"after": str(page.gap_after), "resumed": str(page.position)}
        more = b'"gap": %b, %b' % (json.dumps(gap).encode(), more)
    messages = b", ".join([entry.form(_encode) for entry in entries])
    return b'{"cursor": "%b", %b"messages": [%b]}' % (cursor, more, messages)


def answer_poll(hub: Hub, transport: str, page: Page, *, after: Cursor | None) -> Response:
    """Count a poll that asked from `after` by what it brings, and make its answer."""
    useful = page.useful
    kind = Hit.POLL_USEFUL if useful else Hit.POLL_EMPTY
    hub.count(transport, kind if after is not None else Hit.CONNECT)
    if useful:
        return Response(200, _encode_page(page))
    return Response(204, b"", ((b"pushlab-cursor", str(page.cursor).encode()),))


def answer_goodbye(hub: Hub, transport: str, grant: Grant) -> Response:
    """A client that polls leaves: end its presence at once."""
    hub.count(transport, Hit.LEAVE)
    hub.release(grant)
    return Response(204)


def asked_lease_s(query: Mapping[str, str]) -> float | None:
    """How long a client that asks seldom wants to be thought present. Raises Refused (400)."""
    if LEASE.name not in query:
        return None
    return number_parameter(query, LEASE)


def lease_of(interval_s: float, usual_s: float) -> float:
    """How long a client that asks every `interval_s` is present after a poll."""
    return _LEASE_INTERVALS * interval_s if interval_s > _SELDOM_S else usual_s


def lease_suffix(interval_s: float, lease_s: float = 0.0) -> str:
    """The parameter by which a client that asks seldom says so; the usual lease needs no word."""
    lease_s = lease_s or lease_of(interval_s, 0.0)
    return f"&lease_s={lease_s:g}" if interval_s > _SELDOM_S else ""


def poll_route(hub: Hub, transport: str, path: str) -> Route:
    """``GET`` and ``DELETE`` on a path, answered at once with a page or with nothing."""

    def poll(scope: Scope) -> Response:
        query = parameters(scope)
        grant, after = admit(hub, scope, query)
        if scope["method"] == "DELETE":
            return answer_goodbye(hub, transport, grant)
        lease_s = asked_lease_s(query)
        page = hub.read(grant, after)
        hub.lease(grant, lease_s)
        return answer_poll(hub, transport, page, after=after)

    operations = poll_operations(transport, LEASE)
    return direct_route(hub, transport, "http", path, poll, operations=operations)


class PollSubscriber(AskingSubscriber):
    """Asks for pages from its cursor.

    Most questions are the last ones again: one is put together anew only when the cursor has moved.
    """

    #: The status of an answer without a body that brings nothing.
    _nothing_status: ClassVar[int] = 204
    _parser_kind: ClassVar[type[ResponseParser]] = ResponseParser

    __slots__ = (
        "_addressed",
        "_asked_after",
        "_asked_first",
        "_end_of_head",
        "_goodbye",
        "_head",
        "_question",
        "_tail",
    )

    def __init__(self, endpoint: Endpoint, token: str, **rest: Any) -> None:
        super().__init__(endpoint, token, **rest)
        self._address()
        self._question = b""  # the last request
        self._asked_after = b"?"  # the inbox's `next_cursor` at that time
        self._asked_first = False

    def _new_parser(self) -> ResponseParser:
        return self._parser_kind()

    def _address(self) -> None:
        """Put together what every question to this endpoint says."""
        self._addressed = self.endpoint
        head, self._end_of_head = request_head(self.endpoint, self._token, "GET")
        self._head = head + (b"&after=" if b"?" in head else b"?after=")
        self._tail = self._suffix().encode() + self._end_of_head
        self._goodbye = b"".join(request_head(self.endpoint, self._token, "DELETE"))

    def _suffix(self) -> str:
        """What every question says behind its cursor."""
        return ""

    def _on_connected(self, now_ns: int) -> None:
        if self._addressed is not self.endpoint:
            self._address()
            self._asked_after = b"?"
        super()._on_connected(now_ns)

    def _ask(self, tail: bytes | None = None) -> None:
        """Send the request; `tail`: what follows the cursor, if it is not what it always is."""
        if tail is not None or self._asked_after != self._inbox.next_cursor:
            cursor = self._inbox.cursor
            after = str(cursor).encode() if cursor is not None else b""
            self._question = self._head + after + (tail or self._tail)
            self._asked_after = self._inbox.next_cursor if tail is None else b"?"
            self._asked_first = cursor is None
        self._put(self._question)

    def _is_nothing(self, parser: ResponseParser) -> bool:
        empty = parser.status == self._nothing_status and not parser.body
        return empty and parser.gap is None and not self._asked_first

    def _refusal(self, parser: ResponseParser) -> str:
        """The reason of an answer that is none of success."""
        return refusal_reason(parser.status, parser.take())

    def _take_answer(self, parser: ResponseParser) -> bool:
        """Count an answer and take what it brings; whether there is more to fetch at once."""
        if parser.status == 204:
            self._hit(self._asked_for())
            if parser.cursor is not None and not self._stood:
                self._locate(Cursor.parse(parser.cursor))
            return False
        if not parser.is_plain(b"application/json"):
            raise ValueError(f"{parser.media_type} instead of JSON")
        self._hit(Hit.CONNECT if self._asked_first else Hit.POLL_USEFUL)
        return self._read_page(json.loads(parser.take()))

    def _asked_for(self) -> Hit:
        """What the last question counts as when its answer brings nothing, or never comes."""
        return Hit.CONNECT if self._asked_first else Hit.POLL_EMPTY

    def _read_page(self, page: dict[str, Any]) -> bool:
        if not isinstance(page, dict) or "cursor" not in page or "messages" not in page:
            raise ValueError("its JSON is no page of messages")
        cursor = Cursor.parse(page["cursor"])
        messages = [(message["seq"], message["data"]) for message in page["messages"]]
        for seq, data in messages:
            if type(seq) is not int or seq < 1 or not isinstance(data, str):
                raise TypeError("a message is no text with a place")
        if gap := page.get("gap"):
            self._locate(Cursor.parse(gap["resumed"]))
        elif not self._stood:
            first = messages[0][0] - 1 if messages else cursor.seq
            self._locate(Cursor(cursor.epoch, first))
        for seq, data in messages:
            self._deliver(cursor.epoch, seq, data)
        return bool(page.get("more", False))

    def _locate(self, at: Cursor) -> None:
        self._stood = True
        self._located(at)

    def _on_close(self, now_ns: int) -> None:
        if self.asking:
            super()._on_close(now_ns)
        else:
            self._hit(Hit.LEAVE)
            self._send(self._goodbye)


class IntervalPollSubscriber(ByInterval, PollSubscriber):
    """Asks for pages some time after each answer; `_next_ask_ns` says when."""

    __slots__ = ()

    def _suffix(self) -> str:
        return lease_suffix(self._options.interval_s)
