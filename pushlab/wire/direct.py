"""A server half as a plain call, and its ASGI form, which is derived from it.

The hub serves such a route without a task for each request. Another ASGI server, and the hub where
a request is out of the ordinary, serve its ASGI form; both run the same server half.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pushlab.contract.operation import Operation
from pushlab.contract.reasons import to_close_code
from pushlab.contract.serving import (
    AsgiApp,
    Direct,
    Headers,
    HttpExchange,
    Hub,
    NotYet,
    Receive,
    Response,
    Route,
    Scope,
    Send,
    StreamingResponse,
    WebSocketConnection,
)
from pushlab.errors import Refused
from pushlab.wire.asgi import refusal_answer, respond, wait_for_disconnect
from pushlab.wire.asgi_writer import AsgiWriter

__all__ = ["RefusedSocket", "direct_route"]

_LINGER_S = 1.0


def direct_route(
    hub: Hub,
    transport: str,
    kind: str,
    path: str,
    server_half: Direct,
    *,
    operations: Sequence[Operation] = (),
) -> Route:
    """A route that is served by `server_half`, which may raise `Refused`; that is counted.

    Args:
        operations: one for each method that it answers to; none: to GET.
    """

    def direct(scope: Scope) -> Response | StreamingResponse:
        try:
            return server_half(scope)
        except Refused as refusal:
            return refused(refusal)
        except NotYet as wait:
            return _Waiting(wait, lambda: direct(scope), refused)

    def refused(refusal: Refused) -> Response | StreamingResponse:
        hub.refuse(transport, refusal)
        return refusal_answer(refusal) if kind == "http" else RefusedSocket(refusal)

    app = _http_app(direct) if kind == "http" else _socket_app(direct)
    methods = tuple(operation.method for operation in operations) or ("GET",)
    return Route(kind, path, app, methods, direct, operations)


class RefusedSocket:
    """A WebSocket that is closed at once: a browser cannot see a refused handshake's status."""

    __slots__ = ("_refusal",)

    def __init__(self, refusal: Refused) -> None:
        self._refusal = refusal

    def begin(self, exchange: WebSocketConnection) -> None:
        """Close the WebSocket with the refusal's code and reason."""
        exchange.end(to_close_code(self._refusal.status), self._refusal.reason, linger_s=_LINGER_S)

    def resume(self) -> None:
        """There is nothing more to say."""

    def close(self) -> None:
        """The client has gone."""


class _Waiting:
    """An answer that has to be fetched: the same question again, once it can be answered.

    Args:
        ask: what the server half makes of it now.
        refused: what to answer where it cannot be fetched.
    """

    __slots__ = ("_ask", "_exchange", "_found", "_refused", "_task", "_wait")

    def __init__(
        self,
        wait: NotYet,
        ask: Callable[[], Response | StreamingResponse],
        refused: Callable[[Refused], Response | StreamingResponse],
    ) -> None:
        self._wait = wait
        self._ask = ask
        self._refused = refused
        self._found: StreamingResponse | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self, exchange: Any) -> None:
        """Fetch it."""
        self._exchange = exchange
        self._task = asyncio.create_task(self._answer())

    async def _answer(self) -> None:
        try:
            await self._wait.ready()
        except Refused as refusal:
            found = self._refused(refusal)
        else:
            found = self._ask()
        if isinstance(found, Response):
            self._exchange.answer(found)
        else:
            self._found = found
            found.begin(self._exchange)

    def resume(self) -> None:
        """The connection, which was full, has room again."""
        if self._found is not None:
            self._found.resume()

    def close(self) -> None:
        """The response is complete, or the client has gone."""
        if self._found is not None:
            self._found.close()
        elif self._task is not None:
            self._task.cancel()


def _http_app(direct: Direct) -> AsgiApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found = direct(scope)
        if isinstance(found, Response):
            await respond(send, found)
        else:
            await _serve(_AsgiHttpExchange(send, receive, found), found, receive)

    return app


def _socket_app(direct: Direct) -> AsgiApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        stream = direct(scope)
        assert not isinstance(stream, Response), "a WebSocket has no answer"
        await _serve(_AsgiWebSocketConnection(send, receive, stream), stream, receive)

    return app


async def _serve(exchange: "_AsgiExchange", stream: StreamingResponse, receive: Receive) -> None:
    try:
        stream.begin(exchange)
        await wait_for_disconnect(receive)
    finally:
        stream.close()
        exchange.close()


class _AsgiExchange:
    __slots__ = ("_send", "_writer")

    def __init__(self, send: Send, receive: Receive, stream: StreamingResponse) -> None:
        self._send = send
        self._writer = AsgiWriter(send, receive, stream.resume)

    async def _send_all(self, messages: Iterable[dict[str, Any]]) -> None:
        for message in messages:
            await self._send(message)

    def close(self) -> None:
        """The response is complete, or the client has gone."""
        self._writer.close()


class _AsgiHttpExchange(_AsgiExchange, HttpExchange):
    __slots__ = ()

    def answer(self, answer: Response) -> None:
        self._writer.run(respond(self._send, answer))

    def begin(self, headers: Headers, data: bytes) -> bool:
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        return self._writer.run(self._send_all((start, _body(data))))

    def write(self, *pieces: bytes) -> bool:
        return self._writer.write(_body(b"".join(pieces)))

    def end(self, data: bytes, *, linger_s: float) -> None:
        self._writer.finish(_body(data, more=False), linger_s=linger_s)


class _AsgiWebSocketConnection(_AsgiExchange, WebSocketConnection):
    __slots__ = ()

    def write(self, *pieces: bytes) -> bool:
        messages = [{"type": "websocket.send", "text": piece.decode()} for piece in pieces]
        return self._writer.run(self._send_all(messages))

    def end(self, code: int, reason: str, *, linger_s: float) -> None:
        close = {"type": "websocket.close", "code": code, "reason": reason}
        self._writer.finish(close, linger_s=linger_s)


def _body(data: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}
