"""uvicorn's reading of requests, with bounds of what one may be.

The parser calls this with what it finds. A head, a chunk's size or a trailer is at most so long, a
body is as long as somebody may ask for, and what `pushlab.hub.edge` refuses ends the parsing.
"""

import asyncio
import time
import urllib.parse
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pushlab.hub.edge import (
    MAX_HEAD_BYTES,
    MAX_UNASKED_BYTES,
    read_head,
    too_large_body,
    too_large_head,
)
from pushlab.hub.exchange import Exchange

__all__ = ["BODY", "HEAD", "NOTHING", "BoundedHttp"]

NOTHING, HEAD, BODY = range(3)  #: what of a request has begun to come
#: A chunk's size, line ends and the like, beside the bytes of the body.
_FRAME_BYTES = 16
_LINE_BYTES = len("  HTTP/1.1\r\n\r\n")  # of a head, beside its method, target and headers


class BoundedHttp(HttpToolsProtocol):
    """One connection's requests, as the parser tells of them."""

    def __init__(self, *uvicorns: Any) -> None:
        super().__init__(*uvicorns)
        self._part = NOTHING
        self._began_at = 0.0  # the head or the body that is coming
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
        super().on_message_begin()
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
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        method = self.parser.get_method().decode("ascii")
        if self._head_bytes + len(method) + _LINE_BYTES > MAX_HEAD_BYTES:
            raise too_large_head(self.url)
        if self.parser.should_upgrade():
            return
        version = self.parser.get_http_version()
        head = read_head(method, version, self.url, self.headers)
        self._part, self._framing = BODY, 0
        self._began_at = time.monotonic()
        self._length, self._most = head.length, head.most
        parsed = httptools.parse_url(head.target)
        path = parsed.path.decode("ascii")
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["headers"] = self.headers = head.headers
        scope["method"] = method
        scope["http_version"] = version
        scope["raw_path"] = self.root_path.encode("ascii") + parsed.path
        scope["path"] = self.root_path + (urllib.parse.unquote(path) if "%" in path else path)
        scope["query_string"] = parsed.query or b""
        self._begin_exchange()

    def _begin_exchange(self) -> None:
        exchange = self.cycle = Exchange(
            left=self._body_left,
            on_wait=self._cut_if_stalled,
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if self._running is None or self._running.response_complete:
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
        self._framing = max(0, self._framing - len(body) - _FRAME_BYTES)
        self._body_bytes += len(body)
        if self._body_bytes > self._most:
            raise too_large_body(self._most)
        if self.cycle.response_complete:  # and it had no need of this
            self._most = min(self._most, self._body_bytes + MAX_UNASKED_BYTES)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self._part == BODY:  # and no Upgrade
            self._part = NOTHING
            self._framing = 0
            self.cycle.more_body = False
            self.cycle.message_event.set()
