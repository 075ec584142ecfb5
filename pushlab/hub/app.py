"""The ASGI application: one table of raw routes, then the API, a site, and Starlette for the rest.

Who may speak to it from a page is checked here, for every route at once.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Protocol

from pushlab.contract.reasons import to_close_code
from pushlab.contract.serving import Receive, Response, Route, Scope, Send, StreamingResponse
from pushlab.contract.transport import Transport
from pushlab.errors import Refused
from pushlab.hub.api import API, Api
from pushlab.hub.core import Hub
from pushlab.hub.origins import Origins
from pushlab.wire.asgi import refusal_answer
from pushlab.wire.direct import RefusedSocket

__all__ = ["App", "Site", "SiteMaker"]


class Site(Protocol):
    """Pages, and what is behind them; the hub knows no more of them than this."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Serve an HTTP request; False, with nothing sent, when the path is not the site's."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """What runs beside the hub while it serves."""


#: Makes the site of a hub that does not listen yet.
SiteMaker = Callable[[Hub], Site]


class App:
    """Routes a request to a transport's server half, to the API or to the site.

    Args:
        origins: of the pages that may open WebSockets and post; the hub's own alone by default.
        site: the pages, if there are any.

    Attributes:
        routes: those of the transports, by kind and path.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        api_key: str,
        transports: Sequence[Transport],
        origins: Origins | None = None,
        site: Site | None = None,
    ) -> None:
        self._hub = hub
        self.origins = origins or Origins()
        self._site = site
        self._api = Api(hub, api_key=api_key, transports=transports)
        self.routes: dict[tuple[str, str], Route] = {}
        for transport in transports:
            for route in transport.routes(hub):
                self.routes[(route.kind, route.path)] = self._guarded(route)

    def _guarded(self, route: Route) -> Route:
        """The route with a direct form that lets a strange page read and do no more."""
        direct = route.direct
        if direct is None:
            return route

        def guarded(scope: Scope) -> Response | StreamingResponse:
            refusal = self.origins.refusal(scope)
            if refusal is None:
                return direct(scope)
            self._hub.refuse(API, refusal)
            is_socket = scope["type"] == "websocket"
            return RefusedSocket(refusal) if is_socket else refusal_answer(refusal)

        return replace(route, direct=guarded)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket."""
        kind, headers = scope["type"], scope["headers"]
        if (refusal := self.origins.refusal(scope)) is not None:
            await self._refuse(refusal, scope, receive, send)
            return
        if kind == "http" and (origin := self.origins.foreign(headers)) is not None:
            if scope["method"] == "OPTIONS":
                await self.origins.answer_preflight(send, origin)
                return
            send = self.origins.sharing(send, origin)
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
            nothing = Refused(404, "not-found", f"there is no WebSocket at {scope['path']}")
            await self._refuse(nothing, scope, receive, send)

    async def _refuse_plain(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a plain request for a WebSocket's path, and say what it lacks."""
        if scope["method"] not in ("GET", "HEAD"):
            await self._api.refuse_method(("GET",), scope, receive, send)
            return
        detail = (
            f"{scope['path']} is a WebSocket, and this request has no 'Upgrade: websocket' with"
            " 'Connection: Upgrade' (HTTP/1.1); if a WebSocket client has sent it, a proxy on the"
            " way does not pass Upgrade on: set it to, or use another transport"
        )
        refusal = Refused(426, "upgrade-required", detail)
        await self._api.refuse(refusal, scope, receive, send)

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
