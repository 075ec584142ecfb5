"""Reading the requests that the hub serves directly: whole ones, without a body, of HTTP/1.1.

Whatever else a client may send (a head in two pieces, a body, ``Connection: close``, several
requests at once, nonsense) is left to uvicorn, so this reader says "not mine" and nothing else.
Parsing is httptools' (llhttp, the parser of Node.js).
"""

from collections.abc import Callable, Mapping

import httptools

from pushlab.contract.serving import Direct, Headers, Route, Scope
from pushlab.hub.edge.limits import MAX_HEAD_BYTES

__all__ = ["RequestReader"]

_SLASH = ord("/")


class RequestReader:
    """Finds the direct route of a request; one reader serves every connection.

    Args:
        routes: by kind and path.
        foreign: gives the origin of a page of another host that is let in; its requests are
            uvicorn's, where answers get the headers that such a page needs.
        known: whether a ``Host`` is one that the hub is served under; what asks for another is
            uvicorn's, where it is refused. Every one is, unless given.
    """

    def __init__(
        self,
        routes: Mapping[tuple[str, str], Route],
        foreign: Callable[[Headers], bytes | None] | None = None,
        known: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._routes = routes
        self._foreign = foreign
        self._known = known
        self._renew()

    def _renew(self) -> None:
        self._parser = httptools.HttpRequestParser(self)

    def read(self, data: bytes) -> tuple[Scope, Direct] | None:
        """The request that these bytes are, and who serves it; None when it is uvicorn's."""
        found = self._read(data) if len(data) <= MAX_HEAD_BYTES else None
        if found is None:
            self._renew()  # it may be in the midst of something
        return found

    def _read(self, data: bytes) -> tuple[Scope, Direct] | None:
        self._begun = self._complete = self._hosts = 0
        self._plain = True
        self._url = b""
        self._host = b""
        self._headers: list[tuple[bytes, bytes]] = []
        upgrade = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as stop:
            upgrade = True
            self._plain = self._plain and stop.args[0] == len(data)
        except httptools.HttpParserError:
            return None
        if not (self._plain and self._begun == self._complete == self._hosts == 1):
            return None
        if self._known is not None and not self._known(self._host):
            return None
        kind = "http"
        if upgrade:
            if (b"upgrade", b"websocket") not in [(n, v.lower()) for n, v in self._headers]:
                return None
            if self._method != "GET" or any(map(_hinders_upgrade, self._headers)):
                return None
            kind = "websocket"
            self._renew()
        if self._url[0] != _SLASH:  # a whole URL, say
            return None
        try:
            url = httptools.parse_url(self._url)
            route = self._routes.get((kind, url.path.decode("ascii")))
        except (httptools.HttpParserInvalidURLError, ValueError, AttributeError):
            return None
        if route is None or route.direct is None:
            return None
        scope = {
            "type": kind,
            "method": self._method,
            "path": route.path,
            "query_string": url.query or b"",
            "headers": self._headers,
        }
        if kind == "http" and self._method not in route.methods:
            return None
        if kind == "http" and self._foreign and self._foreign(self._headers) is not None:
            return None
        return scope, route.direct

    # ---- called by httptools ----

    def on_message_begin(self) -> None:
        """A request begins."""
        self._begun += 1

    def on_url(self, url: bytes) -> None:
        """A piece of its target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        name = name.lower()
        if name == b"host":
            self._hosts += 1
            self._host = value
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The request line and every header are read."""
        parser = self._parser
        self._method = parser.get_method().decode("ascii")
        if parser.get_http_version() != "1.1" or not (
            parser.should_keep_alive() or parser.should_upgrade()
        ):
            self._plain = False

    def on_chunk_header(self) -> None:
        """A body in chunks, though perhaps one of no bytes."""
        self._plain = False

    def on_body(self, body: bytes) -> None:
        """A body, which no direct route expects."""
        self._plain = False

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._complete += 1


def _hinders_upgrade(header: tuple[bytes, bytes]) -> bool:
    """Whether the handshake has a body, or is of a WebSocket of another version."""
    name, value = header
    if name == b"sec-websocket-version":
        return value != b"13"
    return name in (b"content-length", b"transfer-encoding")
