"""Which pages may speak to this hub: its own, and those that were named at its start.

A browser says in ``Origin`` whose page asks (RFC 6454, section 7); programs say nothing and are
not asked, since they could say anything. What is refused: a WebSocket or anything but a read
(``GET``, ``HEAD``, ``OPTIONS``) from a page of another host. A read from there is served, but the
browser keeps the answer from that page unless its origin is one of those that were named (CORS,
https://fetch.spec.whatwg.org/#http-cors-protocol). Which origins are the hub's own is known to
`pushlab.hub.reach.reach`.
"""

from collections.abc import Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from pushlab.contract.reasons import BAD_ORIGIN
from pushlab.contract.serving import Headers, Scope, Send
from pushlab.errors import Refused, UsageError
from pushlab.hub.reach.reach import Reach

__all__ = ["Origins"]

ANY = "*"  #: every page of every host; for laboratories
_LOOKS = ("GET", "HEAD", "OPTIONS")
_PREFLIGHT_S = 600


class Origins:
    """The origins that are let in besides the hub's own.

    Args:
        allowed: such as ``https://example.org`` or ``http://127.0.0.1:3000``; or `ANY`.
        reach: knows the hub's own.

    Raises:
        UsageError: one of them is no origin.
    """

    __slots__ = ("_allowed", "_any", "_reach")

    def __init__(self, allowed: Iterable[str] = (), reach: Reach | None = None) -> None:
        names = list(allowed)
        self._reach = reach or Reach()
        self._any = ANY in names
        self._allowed = {_checked(name).encode() for name in names if name != ANY}

    def foreign(self, headers: Headers) -> bytes | None:
        """The origin of the page that asks, where that is another host's and was named."""
        if not (self._any or self._allowed):
            return None  # as for every request of most hubs
        origin, host = _origin_and_host(headers)
        if origin is None or _is_own(origin, host):
            return None
        return origin if self._any or origin.lower() in self._allowed else None

    def admits(self, headers: Headers) -> bool:
        """Whether headers alone say that the page, if it is one, may open WebSockets and post."""
        origin, host = _origin_and_host(headers)
        if origin is None or self._any or origin.lower() in self._allowed:
            return True
        return _is_own(origin, host)

    def refusal(self, scope: Scope) -> Refused | None:
        """403 `bad-origin` for a request that does more than read, of a page that is not let in."""
        looks = scope["type"] != "websocket" and scope["method"] in _LOOKS
        if looks or self.admits(headers := scope["headers"]):
            return None
        origin, _ = _origin_and_host(headers)
        if origin is not None and self._reach.owns(origin, scope):
            return None
        return BAD_ORIGIN()

    def sharing(self, send: Send, origin: bytes) -> Send:
        """`send`, with the headers by which a browser shows the answer to the page of `origin`.

        What says itself who may see it, says it alone: a browser takes no two of them.
        """
        more = [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", b"pushlab-cursor, pushlab-gap, retry-after"),
            (b"vary", b"origin"),
        ]

        async def send_shared(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ())]
                if not any(name == more[0][0] for name, _ in headers):
                    message = {**message, "headers": [*headers, *more]}
            await send(message)

        return send_shared

    async def answer_preflight(self, send: Send, origin: bytes) -> None:
        """Answer the ``OPTIONS`` with which a browser asks before it asks."""
        headers = [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", b"GET, POST, DELETE"),
            (b"access-control-allow-headers", b"authorization, content-type, last-event-id"),
            (b"access-control-max-age", b"%d" % _PREFLIGHT_S),
            (b"vary", b"origin"),
        ]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _checked(name: str) -> str:
    try:
        parts = urlsplit(name)
        whole = parts.hostname and parts.port != 0
    except ValueError:
        whole = None
    if (
        not whole
        or parts.scheme not in ("http", "https")
        or parts.netloc != name.partition("//")[2]
    ):
        raise UsageError(f"--allow-origin {name}: an origin is scheme://host or scheme://host:port")
    return name.lower()


def _origin_and_host(headers: Headers) -> tuple[bytes | None, bytes]:
    origin: bytes | None = None
    host = b""
    for name, value in headers:
        if name == b"origin":
            # Two of them, which no browser sends, are nobody's.
            origin = value.strip() if origin is None else b"null"
        elif name == b"host":
            host = value.strip()
    return origin, host


def _is_own(origin: bytes, host: bytes) -> bool:
    """Whether the origin's host and port are those that the request went to."""
    scheme, _, authority = origin.lower().partition(b"://")
    return scheme in (b"http", b"https") and bool(authority) and authority == host.lower()
