"""MQTT over WebSocket (MQTT 3.1.1, section 6) at the hub, for a broker that listens on TCP alone.

A page may speak to its own host and to no other port, and few brokers serve WebSocket by
themselves. So the hub carries bytes: what comes in binary frames goes to the broker, and what the
broker says comes back in binary frames.

Of these it reads the first packet alone, CONNECT, which has a token for its password: nothing
reaches the broker before the hub has found that token good, and the broker knows it by then.

Each way takes the next piece only when the last one has been taken, so a connection holds a
few pieces at most, whoever is slow.
"""

import asyncio
import contextlib

from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.hits import Hit
from pushlab.contract.reasons import TOKEN_INVALID, TOKEN_MISSING, to_close_code
from pushlab.contract.serving import Hub, Receive, Route, Scope, Send
from pushlab.contract.tokens import Grant
from pushlab.errors import Refused
from pushlab.transports import _mqtt_names as names
from pushlab.transports import _mqtt_server as packets
from pushlab.wire import mqtt311
from pushlab.wire.tls import client_context

__all__ = ["PATH", "websocket_route"]

PATH = "/v1/mqtt"
COUNTED_AS = "mqtt-websocket"  #: handshakes; the packets inside are counted as MQTT's own
_SUBPROTOCOLS = ("mqtt", "mqttv3.1")
_PIECE_BYTES = 16 * 1024
_DIAL_S = 5.0
_GOODBYE_S = 3.0  # after a token's end, for the broker to say so and hang up
_UNSUPPORTED_DATA = 1003  # RFC 6455, section 7.4.1
_GOING_AWAY = 1001
_TOO_SLOW = Refused(408, "connect-timed-out", "CONNECT did not come in time")


def websocket_route(hub: Hub, broker: BrokerAccess) -> Route:
    """``WS /v1/mqtt`` to this broker."""

    async def socket(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        opening = _Opening(receive)
        try:
            chosen = _subprotocol(scope)
            await send({"type": "websocket.accept", "subprotocol": chosen})
            async with asyncio.timeout(hub.settings.head_s):
                connect = await opening.connect()
            grant = await _admitted(hub, connect)
            reader, writer = await _dial(broker)
        except (Refused, TimeoutError) as error:
            refusal = error if isinstance(error, Refused) else _TOO_SLOW
            hub.refuse(COUNTED_AS, refusal)
            await _refuse(refusal, opening, send)
            return
        except _Gone:
            return
        with contextlib.closing(writer):
            hub.count(COUNTED_AS, Hit.CONNECT)
            await _carry_while_it_counts(hub, grant, opening, receive, send, reader, writer)

    return Route("websocket", PATH, socket)


class _Gone(Exception):
    """The client left before it had said who it is."""


class _Opening:
    """What a client says until its CONNECT is whole.

    Attributes:
        raw: all of it, for the broker.
        level: of the MQTT that it speaks; 0 until that is known.
    """

    def __init__(self, receive: Receive) -> None:
        self.raw = b""
        self.level = 0
        self._receive = receive

    async def connect(self) -> packets.Connect:
        """Its CONNECT. Raises Refused, or _Gone."""
        reader = packets.PacketReader(packets.MOST_CONNECT_BYTES)
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                raise _Gone
            data = message.get("bytes")
            if data is None:
                raise Refused(400, "not-mqtt", "MQTT comes in binary frames")
            self.raw += data
            try:
                first = next(iter(reader.receive(data)), None)
                if first is None:
                    continue
                if first.kind != packets.CONNECT:
                    raise Refused(400, "not-mqtt", "MQTT begins with CONNECT")
                connect = packets.read_connect(first.body)
            except packets.UnsupportedVersion as error:
                self.level = 4
                raise Refused(400, "mqtt-version", f"this is {error}; take 3.1.1 or 5") from error
            except mqtt311.MalformedPacket as error:
                raise Refused(400, "not-mqtt", f"this is no MQTT: {error}") from error
            self.level = connect.level
            return connect


async def _admitted(hub: Hub, connect: packets.Connect) -> Grant:
    """The grant of its password. Raises Refused (401)."""
    if not connect.password:
        raise TOKEN_MISSING("the password of CONNECT is the token")
    grant = await hub.welcome(connect.password.decode("ascii", "replace"))
    if connect.username != names.username_of(grant.client_id, grant.grant_id):
        raise TOKEN_INVALID("the user name is not the token's")
    return grant


async def _refuse(refusal: Refused, opening: _Opening, send: Send) -> None:
    """Say no in MQTT, where it spoke that, and in WebSocket."""
    if not opening.raw and refusal.reason == "subprotocol-missing":
        await send({"type": "websocket.accept"})
    elif opening.level:
        reason = {"mqtt-version": packets.UNSUPPORTED, "broker-unavailable": packets.UNAVAILABLE}
        code = reason.get(refusal.reason, packets.NOT_AUTHORISED)
        await send({"type": "websocket.send", "bytes": packets.refusal(opening.level, code)})
    code = to_close_code(refusal.status)
    await send({"type": "websocket.close", "code": code, "reason": refusal.reason})


class _Standing:
    """A connection that stands on a grant: the broker ends it, and the hub if that does not."""

    def __init__(self, carrying: "asyncio.Future[None]") -> None:
        self.reason: tuple[str, int] | None = None
        self._carrying = carrying

    def finish(self, reason: str, status: int) -> None:
        """The grant counts no more."""
        self.reason = reason, status
        asyncio.get_running_loop().call_later(_GOODBYE_S, self._carrying.cancel)


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


async def _carry_while_it_counts(
    hub: Hub,
    grant: Grant,
    opening: _Opening,
    receive: Receive,
    send: Send,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    carrying = asyncio.ensure_future(_carry(receive, send, reader, writer))
    standing = _Standing(carrying)
    hub.hold(grant, standing)
    try:
        writer.write(opening.raw)
        await asyncio.wait({carrying})
        if carrying.cancelled() and standing.reason is not None:
            reason, status = standing.reason
            code = to_close_code(status)
            with contextlib.suppress(OSError, RuntimeError):
                await send({"type": "websocket.close", "code": code, "reason": reason})
    finally:
        hub.let_go(grant, standing)
        carrying.cancel()
        await asyncio.gather(carrying, return_exceptions=True)


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
