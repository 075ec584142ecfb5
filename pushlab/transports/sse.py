"""Server-sent events: one request, and an answer that never ends.

::

    GET /v1/events HTTP/1.1                          200 OK
    Authorization: Bearer <token>                    Content-Type: text/event-stream
    Last-Event-ID: 4f1c9a02-17
                                                     retry: 1000
                                                     id: 4f1c9a02-17          (where you stand)

                                                     id: 4f1c9a02-18          (a message)
                                                     data: ...

                                                     : keep-alive             (when nothing happens)

The format is the WHATWG HTML standard's, section 9.2. A line break in a message begins another
``data:`` line. SSE knows only ``\\n``, so a message with a carriage return in it travels as JSON,
with ``event: json``. ``event: gap`` tells of missed messages, ``event: close`` of the end; both
carry JSON. ``Last-Event-ID``, ``?after=`` and ``?lastEventId=`` all resume.
"""

import asyncio
import json
from collections.abc import Sequence
from random import Random

from pushlab.contract.cursor import Cursor
from pushlab.contract.hits import Hit
from pushlab.contract.reasons import SLOW_READER
from pushlab.contract.serving import Entry, Feed, Hub, Receive, Route, Scope, Send
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.contract.transport import Transport
from pushlab.errors import InvalidCursor, Refused
from pushlab.wire.asgi import (
    Outlet,
    abort,
    admit,
    parameters,
    refuse,
    wait_for_disconnect,
)
from pushlab.wire.http1 import BadResponse, ResponseParser, refusal_reason, request_head

__all__ = ["ServerSentEvents"]

PATH = "/v1/events"
_NS = 1_000_000_000
_RETRY_MS = 1_000
_BOM = b"\xef\xbb\xbf"
_MAX_EVENT_BYTES = 1024 * 1024  # a message of line breaks only, or of escapes, takes a quarter
#: What reading an event raises that is none of pushlab's.
_NOT_AN_EVENT = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
_SILENCE_S = 50.0  # three keep-alives of the server's default, and a little
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # asks nginx not to hold events back
]


def encode_event(entry: Entry) -> bytes:
    """One message as an event."""
    return _event(str(entry.cursor), entry.data)


def _event(event_id: str, data: str) -> bytes:
    if "\r" in data:
        return f"id: {event_id}\nevent: json\ndata: {json.dumps(data)}\n\n".encode()
    if "\n" in data:
        data = data.replace("\n", "\ndata: ")
    return f"id: {event_id}\ndata: {data}\n\n".encode()


class ServerSentEvents(Transport):
    """Server-sent events, both ends."""

    name = "sse"
    title = "SSE"

    # ---- the server half --------------------------------------------------------------------

    def routes(self, hub: Hub) -> Sequence[Route]:
        """``GET /v1/events``."""

        async def events(scope: Scope, receive: Receive, send: Send) -> None:
            query = parameters(scope)
            for name, value in scope["headers"]:
                if name == b"last-event-id":
                    query["last-event-id"] = value.decode("latin-1")
            try:
                grant, after = admit(
                    hub, scope, query, cursor_names=("last-event-id", "after", "lastEventId")
                )
                stream = _Stream(hub, send, receive)
                feed = hub.subscribe(
                    grant, after, transport=self.name, write=stream.write, end=stream.end
                )
            except Refused as refusal:
                hub.count(self.name, Hit.REFUSED)
                await refuse(send, refusal)
                return
            hub.count(self.name, Hit.RECONNECT if after is not None else Hit.CONNECT)
            try:
                await stream.run(feed)
            finally:
                feed.close()
                stream.close()

        return [Route("http", PATH, events)]

    # ---- the client half --------------------------------------------------------------------

    def subscriber(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None = None, rng: Random
    ) -> "SseSubscriber":
        """The client half."""
        return SseSubscriber(endpoint, token, cursor=cursor, rng=rng)


class _Stream:
    """One open stream on the server."""

    __slots__ = (
        "_begun",
        "_ended",
        "_feed",
        "_hub",
        "_linger",
        "_outlet",
        "_receive",
        "_send",
        "_timer",
        "_wrote",
    )

    def __init__(self, hub: Hub, send: Send, receive: Receive) -> None:
        self._hub = hub
        self._send = send
        self._receive = receive
        self._outlet = Outlet(send, self._on_writable)
        self._feed: Feed | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._wrote = False
        self._begun = False
        self._ended: tuple[str, int] | None = None

    async def run(self, feed: Feed) -> None:
        """Begin the stream and serve it until the client goes or the hub ends it."""
        self._feed = feed
        await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        hello = f"retry: {_RETRY_MS}\nid: {feed.position}\n\n"
        if feed.gap_after is not None:
            gap = json.dumps({"after": str(feed.gap_after), "resumed": str(feed.position)})
            hello += f"event: gap\nid: {feed.position}\ndata: {gap}\n\n"
        await self._send(_body(hello.encode()))
        self._begun = True
        if self._ended is not None:  # while the first lines waited for the socket
            self.end(*self._ended)
        feed.start()
        self._keep_alive_later()
        await wait_for_disconnect(self._receive)

    def write(self, entries: Sequence[Entry]) -> bool:
        """Send these messages as one piece; whether there is room for more."""
        self._wrote = True
        first = entries[0].form(encode_event)
        if len(entries) > 1:
            first = b"".join([entry.form(encode_event) for entry in entries])
        return self._outlet.write(_body(first))

    def end(self, reason: str, status: int) -> None:
        """Tell the client why, and end the response."""
        self._ended = (reason, status)
        if not self._begun:
            return
        data = json.dumps({"reason": reason, "status": status})
        last = _body(f"event: close\ndata: {data}\n\n".encode(), more=False)
        self._outlet.finish(last)
        if self._outlet.full:
            linger_s = self._hub.settings.linger_s if (reason, status) == SLOW_READER else 1.0
            loop = asyncio.get_running_loop()
            self._linger = loop.call_later(linger_s, abort, self._receive)

    def close(self) -> None:
        """The connection is gone."""
        for timer in (self._timer, self._linger):
            if timer is not None:
                timer.cancel()
        self._outlet.close()

    def _on_writable(self) -> None:
        if self._feed is not None:
            self._feed.resume()

    def _keep_alive_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._hub.settings.keep_alive_s, self._keep_alive)

    def _keep_alive(self) -> None:
        if self._ended is not None:
            return
        if not self._wrote and not self._outlet.full:
            self._outlet.write(_body(b": keep-alive\n\n"))
        self._wrote = False
        self._keep_alive_later()


def _body(data: bytes, *, more: bool = True) -> dict[str, object]:
    return {"type": "http.response.body", "body": data, "more_body": more}


class SseSubscriber(Subscriber):
    """Reads one endless response after another."""

    __slots__ = ("_after_cr", "_begun", "_heard_ns", "_parser", "_rest")

    def __init__(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None, rng: Random
    ) -> None:
        super().__init__(endpoint, token, cursor=cursor, rng=rng)
        self._parser = ResponseParser()
        self._rest = b""
        self._after_cr = False
        self._begun = False
        self._heard_ns = 0

    def _on_connected(self, now_ns: int) -> None:
        self._parser = ResponseParser()
        self._rest = b""
        self._after_cr = False
        self._begun = False
        headers = [("Accept", "text/event-stream")]
        cursor = self._inbox.cursor
        if cursor is not None:
            headers.append(("Last-Event-ID", str(cursor)))
        self._hit(Hit.CONNECT if cursor is None else Hit.RECONNECT)
        self._send(b"".join(request_head(self.endpoint, self._token, "GET", PATH, *headers)))
        self._heard_ns = now_ns
        self._timer_ns = now_ns + int(_SILENCE_S * _NS)

    def _on_data(self, data: bytes, now_ns: int) -> None:
        self._heard_ns = now_ns
        parser = self._parser
        try:
            parser.feed(data)
            if parser.status == 200:
                if parser.body:
                    body = parser.body
                    chunk = body[0] if len(body) == 1 else b"".join(body)
                    body.clear()
                    self._read_stream(chunk, now_ns)
                if parser.complete and self.holds_connection:
                    self._lose("the stream ended", now_ns)
            elif parser.complete:
                self._turned_away(Hit.CONNECT if self._inbox.cursor is None else Hit.RECONNECT)
                reason = refusal_reason(parser.status, b"".join(parser.body))
                self._refused(parser.status, reason, now_ns)
        except (BadResponse, InvalidCursor, *_NOT_AN_EVENT) as error:
            self._lose(f"not a pushlab stream: {error}", now_ns)

    def _read_stream(self, chunk: bytes, now_ns: int) -> None:
        """Take a piece of the event stream; events end with a blank line."""
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
        *blocks, self._rest = (self._rest + chunk).split(b"\n\n")
        for block in blocks:
            if not self._begun:
                self._begun = True
                block = block.removeprefix(_BOM)
            if block:
                self._read_block(block, now_ns)
                if not self.holds_connection:
                    return
        if len(self._rest) > _MAX_EVENT_BYTES:
            raise ValueError("an event without an end")

    def _read_block(self, block: bytes, now_ns: int) -> None:
        """One event: most often the message that comes next, on one line."""
        cursor = self._inbox.next_cursor
        line = b"id: " + cursor + b"\ndata: "
        if cursor and block.startswith(line) and block.find(b"\n", len(line)) < 0:
            self._deliver_next(block[len(line) :].decode())
        else:
            self._read_event(block.decode(), now_ns)

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """The chunk with CR LF and CR, which end lines as well, as LF."""
        if self._after_cr and chunk[:1] == b"\n":
            chunk = chunk[1:]  # its CR came with the last chunk and has ended the line
        self._after_cr = chunk[-1:] == b"\r"
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _read_event(self, block: str, now_ns: int) -> None:
        event_id, name, lines = "", "", []
        for line in block.split("\n"):
            field, _, value = line.partition(":")
            if value[:1] == " ":
                value = value[1:]
            if field == "data":
                lines.append(value)
            elif field == "id":
                event_id = value
            elif field == "event":
                name = value
        if name in ("", "message") and lines:
            epoch, _, seq = event_id.partition("-")
            self._deliver(epoch, int(seq), lines[0] if len(lines) == 1 else "\n".join(lines))
        elif name == "json":
            at = Cursor.parse(event_id)
            data = json.loads(lines[0])
            if not isinstance(data, str):
                raise TypeError("a message is not text")
            self._deliver(at.epoch, at.seq, data)
        elif name == "close":
            end = json.loads(lines[0])
            self._refused(int(end["status"]), str(end["reason"]), now_ns)
        elif event_id and not lines:
            at = Cursor.parse(event_id)
            self._located(at)

    def _on_timer(self, now_ns: int) -> None:
        due_ns = self._heard_ns + int(_SILENCE_S * _NS)
        if now_ns >= due_ns:
            self._lose("the server fell silent", now_ns)
        else:
            self._timer_ns = due_ns
