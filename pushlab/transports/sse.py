"""Server-sent events: one request, and an answer that never ends.

::

    GET /v1/events HTTP/1.1                          200 OK
    Authorization: Bearer <token>                    Content-Type: text/event-stream
    Last-Event-ID: 4f1c9a02-17
                                                     retry: 1000
                                                     id: 4f1c9a02-17          (where you stand)
                                                     : keep-alive 15          (seconds)

                                                     id: 4f1c9a02-18          (a message)
                                                     data: ...

                                                     : keep-alive             (when nothing happens)

The format is the WHATWG HTML standard's, section 9.2. A line break in a message begins another
``data:`` line. SSE knows only ``\\n``, so a message with a carriage return in it travels as JSON,
with ``event: json``. ``event: gap`` tells of missed messages, ``event: close`` of the end; both
carry JSON. The first comment says after how many seconds of silence the next ones come, so that the
client knows when to give a silent connection up. ``Last-Event-ID``, ``?after=`` and
``?lastEventId=`` all resume. A browser's EventSource shows no id that comes without data, so with
``?at=1`` where you stand is told as ``event: at`` too.
"""

import asyncio
import json
import re
from collections.abc import Sequence

from pushlab.contract.cursor import Cursor
from pushlab.contract.profile import InBrowser, Profile, Wire, silence_of
from pushlab.contract.serving import (
    Entry,
    Feed,
    HttpExchange,
    Hub,
    HubSettings,
    Route,
    Scope,
    StreamingResponse,
)
from pushlab.contract.transport import Transport
from pushlab.errors import InvalidCursor
from pushlab.wire.asgi import header, parameters
from pushlab.wire.direct import direct_route
from pushlab.wire.http1 import BadResponse, BodyParser, refusal_reason, request_head
from pushlab.wire.streams import FeedStream, StreamSubscriber

__all__ = ["ServerSentEvents"]

_NS = 1_000_000_000
_RETRY_MS = 1_000
_BOM = b"\xef\xbb\xbf"
_MAX_EVENT_BYTES = 1024 * 1024  # a message of line breaks only, or of escapes, takes a quarter
#: What reading an event raises that is none of pushlab's.
_NOT_AN_EVENT = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
#: At the least; a server whose keep-alives come less often says so.
_SILENCE_S = silence_of(HubSettings().keep_alive_s)
_KEEP_ALIVE = re.compile(r"keep-alive (\d{1,6}(?:\.\d{1,6})?)", re.ASCII)
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # asks nginx not to hold events back
]


def encode_event(entry: Entry) -> bytes:
    """One message as an event."""
    at, data = entry.cursor, entry.data
    if "\r" in data:
        return f"id: {at}\nevent: json\ndata: {json.dumps(data)}\n\n".encode()
    if "\n" in data:
        data = data.replace("\n", "\ndata: ")
    return f"id: {at}\ndata: {data}\n\n".encode()


class SseSubscriber(StreamSubscriber):
    """Reads one endless response after another."""

    __slots__ = ("_after_cr", "_begun", "_parser", "_rest")

    def _on_connected(self, now_ns: int) -> None:
        self._parser = BodyParser()
        self._rest = b""
        self._after_cr = False
        self._begun = False
        headers = [("Accept", "text/event-stream")]
        cursor = self._inbox.cursor
        if cursor is not None:
            headers.append(("Last-Event-ID", str(cursor)))
        self._hit(self._arrival)
        self._send(b"".join(request_head(self.endpoint, self._token, "GET", *headers)))
        self._listen(now_ns, _SILENCE_S)

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
                self._turned_away(self._arrival)
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
            elif not field and (said := _KEEP_ALIVE.fullmatch(value)):
                self._silence_ns = int(_silence_s(float(said[1])) * _NS)
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


class ServerSentEvents(Transport):
    """Server-sent events, both ends."""

    name = "sse"
    path = "/v1/events"
    profile = Profile(
        title="SSE",
        delivery="stream",
        protocol="http",
        wire=Wire(message_bytes=29),
        colour="#56B4E9",
        dashes=(6, 1.5, 1, 1.5),
    )
    in_browser = InBrowser()
    Client = SseSubscriber

    def in_force(self, settings: HubSettings) -> Profile:
        """With the hub's keep-alive."""
        keep_alive_s = settings.keep_alive_s
        return self.profile.timed(keep_alive_s=keep_alive_s, silence_s=_silence_s(keep_alive_s))

    # ---- the server half --------------------------------------------------------------------

    def routes(self, hub: Hub) -> Sequence[Route]:
        """``GET /v1/events``."""

        def events(scope: Scope) -> StreamingResponse:
            last = header(scope, b"last-event-id").decode("latin-1")
            query = {**parameters(scope), "last-event-id": last}
            return _Stream(hub, tells_at="at" in query).open(
                self.name, scope, query, cursor_names=("last-event-id", "after", "lastEventId")
            )

        return [direct_route(hub, self.name, "http", self.path, events)]


def _silence_s(keep_alive_s: float) -> float:
    return max(_SILENCE_S, silence_of(keep_alive_s))


class _Stream(FeedStream):
    """One open stream on the server."""

    __slots__ = ("_tells_at", "_timer")

    encode = staticmethod(encode_event)
    _exchange: HttpExchange
    _timer: asyncio.TimerHandle

    def __init__(self, hub: Hub, *, tells_at: bool) -> None:
        super().__init__(hub)
        self._tells_at = tells_at

    def _hello(self, feed: Feed) -> bool:
        keep_alive_s = f"{self._hub.settings.keep_alive_s:.6f}".rstrip("0").rstrip(".")
        hello = f"retry: {_RETRY_MS}\nid: {feed.position}\n: keep-alive {keep_alive_s}\n\n"
        if self._tells_at:
            hello += f"event: at\nid: {feed.position}\ndata: {feed.position}\n\n"
        if feed.gap_after is not None:
            gap = json.dumps({"after": str(feed.gap_after), "resumed": str(feed.position)})
            hello += f"event: gap\nid: {feed.position}\ndata: {gap}\n\n"
        self._keep_alive_later()
        return self._exchange.begin(_HEADERS, hello.encode())

    def _farewell(self, reason: str, status: int, linger_s: float) -> None:
        data = json.dumps({"reason": reason, "status": status})
        self._exchange.end(f"event: close\ndata: {data}\n\n".encode(), linger_s=linger_s)

    def close(self) -> None:
        """The response is complete, or the client has gone."""
        self._timer.cancel()
        super().close()

    def _keep_alive_later(self) -> None:
        self.wrote = False
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._hub.settings.keep_alive_s, self._keep_alive)

    def _keep_alive(self) -> None:
        if not self.wrote and not self.full:
            self._exchange.write(b": keep-alive\n\n")
        self._keep_alive_later()
