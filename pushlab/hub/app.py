"""The ASGI application: one table of raw routes, then the API, then Starlette for the rest."""

from collections.abc import Sequence

from pushlab.contract.hits import Hit
from pushlab.contract.reasons import to_close_code
from pushlab.contract.serving import Receive, Route, Scope, Send
from pushlab.contract.transport import Transport
from pushlab.hub.api import API, Api
from pushlab.hub.core import Hub

__all__ = ["App"]


class App:
    """Routes a request to a transport's server half or to the API.

    Attributes:
        routes: those of the transports, by kind and path.
    """

    def __init__(self, hub: Hub, *, api_key: str, transports: Sequence[Transport]) -> None:
        self._hub = hub
        self._api = Api(hub, api_key=api_key, transports=transports)
        self.routes: dict[tuple[str, str], Route] = {}
        for transport in transports:
            for route in transport.routes(hub):
                self.routes[(route.kind, route.path)] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one WebSocket."""
        kind = scope["type"]
        route = self.routes.get((kind, scope["path"]))
        if route is not None and (kind == "websocket" or scope["method"] in route.methods):
            await route.app(scope, receive, send)
        elif route is not None:
            await self._api.bad_method(route.methods, scope, receive, send)
        elif kind == "http":
            if not await self._api.channel_route(scope, receive, send):
                await self._api.rest(scope, receive, send)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send(
                {"type": "websocket.close", "code": to_close_code(404), "reason": "not-found"}
            )
            self._hub.count(API, Hit.REFUSED)
