"""Two servers that are not ours: the smallest one on h11, and uvicorn with either of its parsers.

Both answer 200 to whatever their parser lets through, and know no route.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import h11
import uvicorn

__all__ = ["h11_server", "uvicorn_server"]


@contextlib.asynccontextmanager
async def h11_server() -> AsyncIterator[int]:
    """The port of a server on h11."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    with contextlib.suppress(OSError):
        try:
            await _converse(connection, reader, writer)
        except h11.LocalProtocolError:
            pass  # CONNECT: it has switched to a tunnel, and has no body
        except h11.RemoteProtocolError as error:
            if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                head = h11.Response(
                    status_code=error.error_status_hint, headers=[("Connection", "close")]
                )
                writer.write(connection.send(head) or b"")
        await writer.drain()
        writer.close()


async def _converse(
    connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    has_body = True
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Request):
            has_body = event.method != b"HEAD"
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                writer.write(connection.send(go_on) or b"")
            connection.receive_data(await reader.read(65_536))
        elif isinstance(event, h11.EndOfMessage):
            head = h11.Response(status_code=200, headers=[("Content-Length", "2")])
            writer.write(connection.send(head) or b"")
            if has_body:
                writer.write(connection.send(h11.Data(data=b"ok")) or b"")
            writer.write(connection.send(h11.EndOfMessage()) or b"")
            if connection.our_state is h11.MUST_CLOSE:
                return
            connection.start_next_cycle()
        elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            return


async def _application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message.get("more_body", False)
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@contextlib.asynccontextmanager
async def uvicorn_server(http: Any) -> AsyncIterator[int]:
    """The port of uvicorn with ``h11`` or ``httptools``."""
    config = uvicorn.Config(
        _application, http=http, ws="websockets-sansio", lifespan="off", log_config=None
    )
    config.timeout_graceful_shutdown = 1
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # it tells what it refuses
    server = _Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started and not serving.done():  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await asyncio.gather(serving, return_exceptions=True)
