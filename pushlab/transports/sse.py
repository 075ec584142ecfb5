"""Server-sent events: one request, and an answer that never ends.

::

    GET /v1/events HTTP/1.1                          200 OK
    Authorization: Bearer <token>                    Content-Type: text/event-stream
    Last-Event-ID: 4f1c9a02-17
                                                     retry: 1743              (ms, drawn)
                                                     id: 4f1c9a02-17          (where you stand)
                                                     : keep-alive 15          (seconds)

                                                     data: ...                (a message)
                                                     id: 4f1c9a02-18

                                                     : keep-alive             (when nothing happens)

The format is the WHATWG HTML standard's, section 9.2. The ``id`` comes last, so that a reader who
notes it at once has what it stands for, wherever the connection is cut. A line break in a message
begins another ``data:`` line. SSE's data can hold no carriage return: to a plain ``onmessage``
reader one in a message, alone or before a line feed, is a line break. The exact text then stands
before it as JSON, in a field ``json`` that such readers pass over.

``event: gap`` tells of missed messages, ``event: close`` of the end; both carry JSON. The first
comment says after how many seconds of silence the next ones come, so that the client knows when to
give a silent connection up. ``Last-Event-ID``, ``?after=`` and ``?lastEventId=`` all resume.

A browser's EventSource shows neither fields that it does not know nor an id that comes without
data. With ``?at=1`` where you stand is told as ``event: at`` too, and a message with a carriage
return comes as ``event: json``, whose data is the exact text as JSON.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

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
from pushlab.transports._sse_operation import READ
from pushlab.wire.asgi import header, parameters
from pushlab.wire.direct import direct_route
from pushlab.wire.event_stream import StreamEvent
from pushlab.wire.event_stream_client import EVENT_STREAM, EventStreamSubscriber
from pushlab.wire.http1 import request_head
from pushlab.wire.streams import FeedStream

if TYPE_CHECKING:
    from pushlab.contract.description import Description

__all__ = ["ServerSentEvents"]

_NS = 1_000_000_000
_MOST_RETRY_MS = 3_000
_RETRIES = Random()
#: At the least; a server whose keep-alives come less often says so.
_SILENCE_S = silence_of(HubSettings().keep_alive_s)
_KEEP_ALIVE = re.compile(r"keep-alive (\d{1,6}(?:\.\d{1,6})?)", re.ASCII)
_HEADERS = [
    (b"content-type", EVENT_STREAM.encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # asks nginx not to hold events back
]


def encode_event(entry: Entry) -> bytes:
    """One message as an event, its id last."""
    data, exact = entry.data, ""
    if "\r" in data:
        exact = f"json: {json.dumps(data)}\n"
        data = data.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" in data:
        data = data.replace("\n", "\ndata: ")
    return f"{exact}data: {data}\nid: {entry.cursor}\n\n".encode()


def encode_for_pages(entry: Entry) -> bytes:
    """One message as an event for who listens to pushlab's own, such as channel.js."""
    if "\r" in entry.data:
        return f"event: json\ndata: {json.dumps(entry.data)}\nid: {entry.cursor}\n\n".encode()
    return encode_event(entry)


class SseSubscriber(EventStreamSubscriber):
    """Reads one endless response after another."""

    __slots__ = ("_last_id",)

    def _on_connected(self, now_ns: int) -> None:
        self._last_id = b""  # of the message that was read here last; the stream does not know it
        super()._on_connected(now_ns)
        self._listen(now_ns, _SILENCE_S)

    def _question(self) -> bytes:
        headers = [("Accept", EVENT_STREAM)]
        cursor = self._inbox.cursor
        if cursor is not None:
            headers.append(("Last-Event-ID", str(cursor)))
        return b"".join(request_head(self.endpoint, self._token, "GET", *headers))

    def _read_stream(self, chunk: bytes, now_ns: int) -> None:
        """Take a piece of the event stream; events end with a blank line."""
        stream, inbox = self._stream, self._inbox
        for block in stream.blocks(chunk):
            cursor = inbox.next_cursor
            end = b"\nid: " + cursor
            # Most often it is the message that comes next, on one line.
            if (
                cursor
                and block.endswith(end)
                and block.startswith(b"data: ")
                and block.find(b"\n") == len(block) - len(end)
            ):
                self._last_id = cursor
                self._deliver_next(block[6 : -len(end)].decode("utf-8", "replace"))
            elif block:
                if self._last_id:
                    stream.last_id, self._last_id = self._last_id.decode(), b""
                self._on_event(stream.read(block), now_ns)
                if not self.holds_connection:
                    return

    def _on_event(self, event: StreamEvent, now_ns: int) -> None:
        for comment in event.comments:
            if said := _KEEP_ALIVE.fullmatch(comment):
                self._silence_ns = int(_silence_s(float(said[1])) * _NS)
        retry_ms = self._stream.retry_ms
        self._retry_s = retry_ms / 1_000 if retry_ms > _MOST_RETRY_MS else 0.0  # all hubs say less
        kind, data = event.kind, event.data
        if kind == "json" or (kind == "message" and data is not None):
            at = Cursor.parse(event.id)
            if at.seq == 0:
                raise ValueError("a message without a place")
            self._deliver(at.epoch, at.seq, _exact_text(event))
        elif kind == "close":
            end = json.loads(data or "")
            self._refused(int(end["status"]), str(end["reason"]), now_ns)
        elif event.gives_id and event.id and (data is None or kind == "gap"):
            at = Cursor.parse(event.id)
            if not self._stood:
                self._stood = True
                self._located(at)


def _exact_text(event: StreamEvent) -> str:
    """A message's text: its data, unless that cannot hold it."""
    exact = event.data if event.kind == "json" else event.others.get("json")
    if event.kind == "message" and exact is None:
        return event.data or ""
    text = json.loads(exact or "")
    if not isinstance(text, str):
        raise TypeError("a message is not text")
    return text


class ServerSentEvents(Transport):
    """Server-sent events, both ends."""

    name = "sse"
    path = "/v1/events"
    profile = Profile(
        title="SSE",
        delivery="stream",
        protocol="http",
        wire=Wire(message_bytes=29, keep_alive_bytes=14),
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
            stream = _PageStream(hub) if "at" in query else _Stream(hub)
            return stream.open(
                self.name, scope, query, cursor_names=("last-event-id", "after", "lastEventId")
            )

        return [direct_route(hub, self.name, "http", self.path, events, operations=[READ])]

    def described(self, hub: Hub) -> "Description":
        """One stream of events."""
        from pushlab.transports._sse_description import described

        return described(hub, self.path)


def _silence_s(keep_alive_s: float) -> float:
    return max(_SILENCE_S, silence_of(keep_alive_s))


class _Stream(FeedStream):
    """One open stream on the server."""

    __slots__ = ("_timer",)

    encode = staticmethod(encode_event)
    _exchange: HttpExchange
    _timer: asyncio.TimerHandle

    def _hello(self, feed: Feed) -> bool:
        keep_alive_s = f"{self._hub.settings.keep_alive_s:.6f}".rstrip("0").rstrip(".")
        # A browser waits so long after a loss; all who lose this hub at once come back apart.
        hello = f"retry: {_RETRIES.randint(_MOST_RETRY_MS // 3, _MOST_RETRY_MS)}\n"
        gap = ""
        if feed.gap_after is None:
            hello += f"id: {feed.position}\n"
        else:  # whoever has the new place has been told what is gone
            told = json.dumps({"after": str(feed.gap_after), "resumed": str(feed.position)})
            gap = f"event: gap\ndata: {told}\nid: {feed.position}\n\n"
        hello += f": keep-alive {keep_alive_s}\n\n{gap}{self._told_at(feed)}"
        self._keep_alive_later()
        return self._exchange.begin(_HEADERS, hello.encode())

    def _told_at(self, feed: Feed) -> str:
        """Where the reader stands, as an event, for whom no other word tells it."""
        return ""

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


class _PageStream(_Stream):
    """For who listens to pushlab's own events."""

    __slots__ = ()

    encode = staticmethod(encode_for_pages)

    def _told_at(self, feed: Feed) -> str:
        return f"event: at\ndata: {feed.position}\nid: {feed.position}\n\n"
