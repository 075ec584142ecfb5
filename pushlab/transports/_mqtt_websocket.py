"""MQTT over WebSocket (MQTT 3.1.1, section 6) at the hub, for a broker that listens on TCP alone.

A page may speak to its own host and to no other port, and few brokers serve WebSocket by
themselves. So the hub carries bytes: what comes in binary frames goes to the broker, and what the
broker says comes back in binary frames. It reads none of them; who may do what is the broker's to
say, as on its own port.

Each way takes the next piece only when the last one has been taken, so a connection holds a
few pieces at most, whoever is slow.
"""

import asyncio
import contextlib

from pushlab.contract.hits import Hit
from pushlab.contract.reasons import to_close_code
from pushlab.contract.serving import BrokerAccess, Hub, Receive, Route, Scope, Send
from pushlab.errors import Refused
from pushlab.wire.tls import client_context

__all__ = ["PATH", "websocket_route"]

PATH = "/v1/mqtt"
COUNTED_AS = "mqtt-websocket"  #: handshakes; the packets inside are counted as MQTT's own
_SUBPROTOCOLS = ("mqtt", "mqttv3.1")
_PIECE_BYTES = 16 * 1024
_DIAL_S = 5.0
_UNSUPPORTED_DATA = 1003  # RFC 6455, section 7.4.1
_GOING_AWAY = 1001


def websocket_route(hub: Hub, broker: BrokerAccess) -> Route:
    """``WS /v1/mqtt`` to this broker."""

    async def socket(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        try:
            chosen = _subprotocol(scope)
            reader, writer = await _dial(broker)
        except Refused as refusal:
            hub.refuse(COUNTED_AS, refusal)
            await send({"type": "websocket.accept"})
            code = to_close_code(refusal.status)
            await send({"type": "websocket.close", "code": code, "reason": refusal.reason})
            return
        try:
            hub.count(COUNTED_AS, Hit.CONNECT)
            await send({"type": "websocket.accept", "subprotocol": chosen})
            await _carry(receive, send, reader, writer)
        finally:
            writer.close()

    return Route("websocket", PATH, socket)


def _subprotocol(scope: Scope) -> str:
    for name in _SUBPROTOCOLS:
        if name in scope["subprotocols"]:
            return name
    raise Refused(400, "subprotocol-missing", "offer the WebSocket subprotocol mqtt")


async def _dial(broker: BrokerAccess) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = client_context(broker.authority) if broker.tls else None
    try:
        async with asyncio.timeout(_DIAL_S):
            return await asyncio.open_connection(
                broker.host, broker.port, ssl=context, limit=_PIECE_BYTES
            )
    except (OSError, TimeoutError) as error:
        raise Refused(503, "broker-unavailable", "the broker does not answer") from error


async def _carry(
    receive: Receive, send: Send, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Carry bytes both ways until one side ends."""
    up = asyncio.ensure_future(_to_broker(receive, send, writer))
    down = asyncio.ensure_future(_to_client(reader, send))
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in (up, down):
            way.cancel()
        await asyncio.gather(up, down, return_exceptions=True)


async def _to_broker(receive: Receive, send: Send, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # the broker has gone; the other way says so
        while (message := await receive())["type"] == "websocket.receive":
            data = message.get("bytes")
            if data is None:
                close = {"type": "websocket.close", "code": _UNSUPPORTED_DATA, "reason": "text"}
                await send(close)
                return
            writer.write(data)
            await writer.drain()
        return
    await asyncio.get_running_loop().create_future()  # until cancelled


async def _to_client(reader: asyncio.StreamReader, send: Send) -> None:
    try:
        while data := await reader.read(_PIECE_BYTES):
            await send({"type": "websocket.send", "bytes": data})
    except OSError:  # the connection to the broker broke; ASGI servers raise it for the client's
        pass
    with contextlib.suppress(OSError, RuntimeError):
        close = {"type": "websocket.close", "code": _GOING_AWAY, "reason": "broker-closed"}
        await send(close)
