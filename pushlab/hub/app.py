"""The ASGI application: one table of raw routes, then the API, a site, and Starlette for the rest.

Under which names it is served, and who may speak to it from a page, is checked here, for every
route at once.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Protocol

from pushlab.contract.reasons import to_close_code
from pushlab.contract.serving import Receive, Response, Route, Scope, Send, StreamingResponse
from pushlab.contract.transport import Transport
from pushlab.errors import Refused
from pushlab.hub.api.api import API, Api
from pushlab.hub.core import Hub
from pushlab.hub.reach.origins import Origins
from pushlab.hub.reach.reach import Reach
from pushlab.hub.reasons import NOT_FOUND, upgrade_required
from pushlab.wire.asgi import refusal_answer, respond
from pushlab.wire.direct import RefusedSocket

__all__ = ["App", "Site", "SiteMaker"]


class Site(Protocol):
    """Pages, and what is behind them; the hub knows no more of them than this."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Serve an HTTP request; False, with nothing sent, when the path is not the site's."""

    def has(self, path: str) -> bool:
        """Whether something of the site stands at this path."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """What runs beside the hub while it serves."""


#: Makes the site of a hub that does not listen yet.
SiteMaker = Callable[[Hub], Site]


class App:
    """Routes a request to a transport's server half, to the API or to the site.

    Args:
        origins: of the pages that may open WebSockets and post; the hub's own alone by default.
        reach: how the hub is reached; under the loopback's names alone by default.
        site: the pages, if there are any.

    Attributes:
        origins, reach: as given.
        routes: those of the transports, by kind and path; below the public URL's path as well, for
            a proxy may leave it there.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        api_key: str,
        transports: Sequence[Transport],
        origins: Origins | None = None,
        reach: Reach | None = None,
        site: Site | None = None,
    ) -> None:
        self._hub = hub
        self.reach = reach = reach or Reach()
        self.origins = origins or Origins(reach=reach)
        self._site = site
        plain = [route for transport in transports for route in transport.routes(hub)]
        self._api = Api(hub, api_key=api_key, transports=transports, routes=plain, reach=reach)
        routes = [self._guarded(route) for route in plain]
        self.routes = {(route.kind, reach.prefix + route.path): route for route in routes}
        self.routes |= {(route.kind, route.path): route for route in routes}

    def _guarded(self, route: Route) -> Route:
        """The route with a direct form that lets a strange page read and do no more.

        ``Host`` was looked at when the request was read; what a trusted proxy says of it is here.
        """
        direct, reach = route.direct, self.reach
        behind_proxy = bool(reach.forwarders)
        if direct is None:
            return route

        def guarded(scope: Scope) -> Response | StreamingResponse:
            refusal = self.origins.refusal(scope)
            if refusal is None and behind_proxy:
                refusal = reach.refusal(scope)
            if refusal is None:
                return direct(scope)
            self._hub.refuse(API, refusal)
            is_socket = scope["type"] == "websocket"
            return RefusedSocket(refusal) if is_socket else refusal_answer(refusal)

        return replace(route, direct=guarded)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket."""
        kind, headers = scope["type"], scope["headers"]
        if (strange := self.reach.refusal(scope)) is not None:
            await self._refuse_host(strange, scope, receive, send)
            return
        if self.reach.forwarders:
            scope["client"] = (self.reach.client(scope), 0)  # whose share of the limits it is
        if self.reach.prefix and await self._below_prefix(scope, receive, send):
            return
        if (refusal := self.origins.refusal(scope)) is not None:
            await self._refuse(refusal, scope, receive, send)
            return
        if kind == "http" and (origin := self.origins.foreign(headers)) is not None:
            if scope["method"] == "OPTIONS":
                await self.origins.answer_preflight(send, origin)
                return
            send = self.origins.sharing(send, origin)
        if kind == "http" and (scope["method"], scope["path"]) == ("OPTIONS", "*"):
            await _answer_ping(send)
            return
        route = self.routes.get((kind, scope["path"]))
        if route is not None and (kind == "websocket" or scope["method"] in route.methods):
            await route.app(scope, receive, send)
        elif route is not None:
            await self._api.refuse_method(route.methods, scope, receive, send)
        elif kind == "http" and ("websocket", scope["path"]) in self.routes:
            await self._refuse_plain(scope, receive, send)
        elif kind == "http":
            if await self._api.channel_route(scope, receive, send):
                return
            if self._site is not None and await self._site.serve(scope, receive, send):
                return
            await self._api.rest(scope, receive, send)
        elif kind == "websocket":
            nothing = NOT_FOUND(f"there is no WebSocket at {scope['path']}")
            await self._refuse(nothing, scope, receive, send)

    async def _refuse_plain(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a plain request for a WebSocket's path, and say what it lacks."""
        if scope["method"] not in ("GET", "HEAD"):
            await self._api.refuse_method(("GET",), scope, receive, send)
            return
        await self._api.refuse(upgrade_required(scope["path"])(), scope, receive, send)

    async def _below_prefix(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Take the public URL's path away where a proxy left it; True: there is no more to do."""
        prefix, path = self.reach.prefix, scope["path"]
        if self._has(scope["type"], path):
            return False
        if path == prefix and scope["type"] == "http":  # pages' links are relative to its slash
            query = scope["query_string"]
            where = prefix.encode() + b"/" + (b"?" + query if query else b"")
            await respond(send, Response(308, b"", ((b"location", where),), b"text/plain"))
            return True
        if path.startswith(prefix + "/"):
            scope["path"] = path.removeprefix(prefix)
            scope["raw_path"] = scope.get("raw_path", b"").removeprefix(prefix.encode())
        return False

    def _has(self, kind: str, path: str) -> bool:
        """Whether something of the hub stands at this path as it is."""
        if (kind, path) in self.routes or self._api.has(path):
            return True
        return self._site is not None and self._site.has(path)

    async def _refuse_host(
        self, refusal: Refused, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Refuse what is meant for another server; a WebSocket's handshake with a status, too."""
        if scope["type"] == "http":
            await self._api.refuse(refusal, scope, receive, send)
            return
        self._hub.refuse(API, refusal)
        await receive()
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close"})
            return
        answer = refusal_answer(refusal)
        headers = [
            (b"content-type", answer.content_type),
            (b"content-length", b"%d" % len(answer.body)),
        ]
        start = {"type": "websocket.http.response.start", "status": answer.status}
        await send({**start, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": answer.body})

    async def _refuse(self, refusal: Refused, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse; a WebSocket with a close code, for its page cannot see a handshake's status."""
        if scope["type"] != "websocket":
            await self._api.refuse(refusal, scope, receive, send)
            return
        self._hub.refuse(API, refusal)
        await receive()
        await send({"type": "websocket.accept"})
        code = to_close_code(refusal.status)
        await send({"type": "websocket.close", "code": code, "reason": refusal.reason})


async def _answer_ping(send: Send) -> None:
    """Answer ``OPTIONS *``, which asks whether this is a server of HTTP (RFC 9110, 9.3.7)."""
    allow = [(b"allow", b"GET, HEAD, POST, DELETE, OPTIONS"), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": allow})
    await send({"type": "http.response.body", "body": b""})
