"""uvicorn's reading of requests, with bounds of what one may be.

The parser calls this with what it finds. A head, a chunk's size or a trailer is at most so long, a
body is as long as somebody may ask for, and what `hub.edge.limits` refuses ends the parsing.
"""

import asyncio
import urllib.parse
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pushlab.hub.edge.exchange import Exchange
from pushlab.hub.edge.limits import (
    MAX_HEAD_BYTES,
    MAX_UNASKED_BYTES,
    read_head,
    too_large_body,
    too_large_head,
)

__all__ = ["BODY", "HEAD", "NOTHING", "BoundedHttp"]

NOTHING, HEAD, BODY = range(3)  #: what of a request has begun to come
#: A chunk's size, line ends and the like, beside the bytes of the body.
_FRAME_BYTES = 16
_LINE_BYTES = len("  HTTP/1.1\r\n\r\n")  # of a head, beside its method, target and headers


class BoundedHttp(HttpToolsProtocol):
    """One connection's requests, as the parser tells of them."""

    __slots__ = (  # beside uvicorn's, which are as many as a class keeps at hand
        "_began_at",
        "_body_bytes",
        "_framing",
        "_head_bytes",
        "_length",
        "_most",
        "_part",
        "_running",
    )

    def __init__(self, *uvicorns: Any) -> None:
        super().__init__(*uvicorns)
        self._part = NOTHING
        self._began_at = 0.0  # the head or the body that is coming; 0: just now
        self._framing = 0  # bytes in a row that belong to no body
        self._head_bytes = 0
        self._body_bytes = 0
        self._length: int | None = 0
        self._most = 0
        self._running: Exchange | None = None

    def _begin_anew(self) -> None:
        """Read what comes as the beginning of a request."""
        self._part, self._framing = NOTHING, 0
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it

    def _cut_if_stalled(self) -> None:
        """A client that takes nothing for as long as it may rest is cut off."""
        raise NotImplementedError

    def on_message_begin(self) -> None:
        """A request begins."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._part = HEAD
        self._head_bytes = self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A piece of its target."""
        self.url += url
        self._head_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or a trailer, which says nothing here."""
        if self._part == HEAD:
            self._head_bytes += len(name) + len(value) + 4
            name = name.lower()
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        method = self.parser.get_method().decode("ascii")
        if self._head_bytes + len(method) + _LINE_BYTES > MAX_HEAD_BYTES:
            raise too_large_head(self.url)
        if self.parser.should_upgrade():
            return
        version = self.parser.get_http_version()
        head = read_head(method, version, self.url, self.headers)
        self._part, self._framing, self._began_at = BODY, 0, 0.0
        self._length, self._most = head.length, head.most
        parsed = httptools.parse_url(head.target)
        path = parsed.path.decode("ascii")
        scope: Any = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": method,
            "root_path": self.root_path,
            "path": self.root_path + (urllib.parse.unquote(path) if "%" in path else path),
            "raw_path": self.root_path.encode("ascii") + parsed.path,
            "query_string": parsed.query or b"",
            "headers": head.headers,
            "state": self.app_state.copy(),
        }
        self.scope = scope
        self._begin_exchange(scope)

    def _begin_exchange(self, scope: Any) -> None:
        exchange = self.cycle = Exchange(
            scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            self.access_log,
            self.server_state.default_headers,
            asyncio.Event(),
            self.expect_100_continue,
            self.parser.should_keep_alive(),
            self.on_response_complete,
            body_left=self._body_left,
            on_wait=self._cut_if_stalled,
        )
        running = self._running
        if running is None or running.response_complete:
            self._start_asgi_task(exchange, self.app)
        else:
            self.pipeline.appendleft((exchange, self.app))

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _body_left(self) -> int:
        return 0 if self._length is None else self._length - self._body_bytes

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        size, cycle = len(body), self.cycle
        framing = self._framing - size - _FRAME_BYTES
        self._framing = framing if framing > 0 else 0
        self._body_bytes += size
        if self._body_bytes > self._most:
            raise too_large_body(self._most)
        if cycle.response_complete:  # and it had no need of this
            self._most = min(self._most, self._body_bytes + MAX_UNASKED_BYTES)
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self._part == BODY:  # and no Upgrade
            self._part, self._framing, self._began_at = NOTHING, 0, 0.0
            self.cycle.more_body = False
            self.cycle.message_event.set()
