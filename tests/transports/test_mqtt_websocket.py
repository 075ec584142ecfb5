"""MQTT over WebSocket at the hub's own port: bytes both ways, ends both ways, nothing piled up."""

import asyncio
import contextlib
import time

import pytest
from websockets.asyncio.client import connect as ws_connect
from websockets.exceptions import ConnectionClosed

from pushlab.brokers.mosquitto import find_mosquitto
from pushlab.brokers.start import start_broker
from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.hits import Hit
from pushlab.contract.registry import profile_of
from pushlab.contract.serving import HubSettings
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import BrokerUnavailable
from pushlab.hub.core import Hub
from pushlab.systems.certificates import fresh_certificate
from pushlab.transports import _mqtt_names as names
from pushlab.transports import _mqtt_websocket
from pushlab.transports._mqtt_websocket import websocket_route
from pushlab.wire import mqtt311
from pushlab.wire.mqtt311 import framed, text
from tests.live_hub import live_hub
from tests.patience import PATIENCE_S


def access(port, **more):
    return BrokerAccess("remote", "127.0.0.1", port, "hub", "secret", **more)


@contextlib.asynccontextmanager
async def broker_like(serve, **more):
    """A TCP server in a broker's place: ``serve(reader, writer)``."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0, **more)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


KEYS = TokenKeys.fresh()


def hello_of(token, grant, *, username=None, level=4):
    """CONNECT as the holder of a token."""
    username = username or names.username_of(grant.client_id, grant.grant_id)
    hello = mqtt311.connect("any", keep_alive_s=30, username=username, password=token)
    return hello.replace(b"\0\4MQTT\4", b"\0\4MQTT" + bytes((level,)))


def issued(*, life_s=3_600.0):
    grant = Grant("ann", "news", round(time.time() + life_s, 3), "00ff")
    return KEYS.sign(grant)


TOKEN, GRANT = issued()
HELLO = hello_of(TOKEN, GRANT)


class Line:
    """The ASGI end of one WebSocket, without a server; it has said who it is."""

    def __init__(self, hello=HELLO, subprotocols=("mqtt",)):
        self.scope = {"type": "websocket", "subprotocols": list(subprotocols), "headers": []}
        self.incoming = asyncio.Queue()
        self.incoming.put_nowait({"type": "websocket.connect"})
        if hello:
            self.say(hello)
        self.sent = asyncio.Queue()
        self.writable = asyncio.Event()
        self.writable.set()

    async def send(self, message):
        await self.writable.wait()
        self.sent.put_nowait(message)

    def say(self, data):
        self.incoming.put_nowait({"type": "websocket.receive", "bytes": data})

    async def heard(self):
        return await asyncio.wait_for(self.sent.get(), PATIENCE_S)


@contextlib.asynccontextmanager
async def carried(line, broker, **settings):
    hub = Hub(keys=KEYS, settings=HubSettings(**settings))
    line.hub = hub
    route = websocket_route(hub, broker)
    task = asyncio.ensure_future(route.app(line.scope, line.incoming.get, line.send))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def _entered(context):
    with context as value:
        yield value


# ---- with a real broker -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["embedded", "embedded-tls", "mosquitto"])
async def test_a_client_of_the_real_broker_connects_subscribes_and_hears(kind):
    if kind == "mosquitto":
        try:
            find_mosquitto()
        except BrokerUnavailable as error:
            pytest.skip(str(error))
    tls = fresh_certificate() if kind == "embedded-tls" else contextlib.nullcontext()
    keys = TokenKeys.fresh()
    choice = kind.partition("-")[0]
    async with (
        asyncio.timeout(PATIENCE_S),
        _entered(tls) as certificate,
        await start_broker(choice, certificate=certificate) as broker,
        live_hub(transports={"mqtt": {}}, broker=broker.access, keys=keys.export()) as hub,
    ):
        token = await hub.token("ann")
        told = (await hub.ask("GET", "/v1/endpoints", secret=token)).json["endpoints"]["mqtt"]
        assert told["websocket_url"] == f"ws{hub.url.removeprefix('http')}/v1/mqtt"
        assert told["keep_alive_s"] == profile_of("mqtt").timers.keep_alive_s
        parser = mqtt311.Parser()
        async with ws_connect(told["websocket_url"], subprotocols=["mqtt"], proxy=None) as socket:
            assert socket.subprotocol == "mqtt"

            async def packets():
                return parser.receive(await socket.recv())

            hello = mqtt311.connect(
                client_id=names.new_session(resumes=False),
                username=told["username"],
                password=token,
                keep_alive_s=30,
            )
            for byte in hello:  # an MQTT packet need not stand in a frame of its own
                await socket.send(bytes([byte]))
            assert await packets() == [mqtt311.Connack(0, False)]
            await socket.send(mqtt311.subscribe(1, [(told["topic"], 0)]))
            (suback,) = await packets()
            assert suback.codes == b"\x00"
            for size in (10, 30_000):
                await hub.publish("ann", "x" * size)
                got = []
                while not got:
                    got = await packets()
                assert got[0].payload.endswith(b" " + b"x" * size)
            await socket.send(mqtt311.DISCONNECT)
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd.code == 1001
        stats = (await hub.api("GET", "/v1/stats")).json["hits"]
        assert stats["mqtt-websocket"] == {"connect": 1}


async def test_a_frame_longer_than_any_packet_of_ours_is_not_taken_in():
    keys = TokenKeys.fresh()
    async with (
        asyncio.timeout(PATIENCE_S),
        await start_broker("embedded") as broker,
        live_hub(transports={"mqtt": {}}, broker=broker.access, keys=keys.export()) as hub,
        ws_connect(f"ws{hub.url.removeprefix('http')}/v1/mqtt", subprotocols=["mqtt"]) as socket,
    ):
        with contextlib.suppress(ConnectionClosed):
            await socket.send(b"\x30" * 300_000)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        # Who closes with much unread may cut off its own last word.
        assert closed.value.rcvd is None or closed.value.rcvd.code == 1009


async def test_without_the_subprotocol_or_a_broker_it_is_closed_and_says_why():
    async def close_of(url, **more):
        async with ws_connect(url, proxy=None, **more) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            return closed.value.rcvd.code, closed.value.rcvd.reason

    keys = TokenKeys.fresh()
    async with asyncio.timeout(PATIENCE_S), live_hub() as hub:
        url = f"ws{hub.url.removeprefix('http')}/v1/mqtt"
        assert await close_of(url, subprotocols=["mqtt"]) == (4404, "not-found")
    async with (
        asyncio.timeout(PATIENCE_S),
        await start_broker("embedded") as broker,
        live_hub(transports={"mqtt": {}}, broker=broker.access, keys=keys.export()) as hub,
    ):
        url = f"ws{hub.url.removeprefix('http')}/v1/mqtt"
        assert await close_of(url) == (4400, "subprotocol-missing")
        strange = {"origin": "http://stranger.example", "subprotocols": ["mqtt"]}
        assert await close_of(url, **strange) == (4403, "bad-origin")
        await broker.stop()
        token = await hub.token("ann")
        told = (await hub.ask("GET", "/v1/endpoints", secret=token)).json["endpoints"]["mqtt"]
        async with ws_connect(url, proxy=None, subprotocols=["mqtt"]) as socket:
            hello = mqtt311.connect(
                "any", keep_alive_s=30, username=told["username"], password=token
            )
            await socket.send(hello)
            assert await socket.recv() == b"\x20\x02\0\3"
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd.code == 4503


# ---- both ways, both ends ---------------------------------------------------------------------


async def test_whoever_leaves_the_other_side_is_told():
    gone = asyncio.Event()

    async def serve(reader, writer):
        assert await reader.readexactly(len(HELLO)) == HELLO
        data = await reader.read(100)
        if data == b"bye":
            writer.close()
        else:
            assert await reader.read() == b""
            gone.set()
            writer.close()

    async with broker_like(serve) as port:
        line = Line()
        async with carried(line, access(port)) as task:
            assert await line.heard() == {"type": "websocket.accept", "subprotocol": "mqtt"}
            line.say(b"bye")
            told = await line.heard()
            assert (told["type"], told["code"]) == ("websocket.close", 1001)
            await asyncio.wait_for(task, PATIENCE_S)
        line = Line()
        async with carried(line, access(port)) as task:
            await line.heard()
            line.say(b"hello")
            line.incoming.put_nowait({"type": "websocket.disconnect", "code": 1001})
            await asyncio.wait_for(task, PATIENCE_S)
            await asyncio.wait_for(gone.wait(), PATIENCE_S)


NO = b"\x20\x02\0\5"
WRONG_TOKENS = {
    "forged": (hello_of("nonsense", issued()[1]), 4401, "token-invalid", NO),
    "expired": (hello_of(*issued(life_s=-1)), 4401, "token-expired", NO),
    "another's name": (hello_of(*issued(), username="eve/1"), 4401, "token-invalid", NO),
    "of version 5": (
        framed(
            0x10,
            text("MQTT") + b"\5\xc2\0\x1e\0" + text("any") + text("ann/00ff") + text("guess"),
        ),
        *(4401, "token-invalid", b"\x20\x03\0\x87\0"),
    ),
    "none": (framed(0x10, text("MQTT") + b"\4\2\0\0" + text("any")), 4401, "token-missing", NO),
    "the future": (hello_of(*issued(), level=6), 4400, "mqtt-version", b"\x20\x02\0\1"),
    "no CONNECT": (mqtt311.PINGREQ, 4400, "not-mqtt", None),
    "HTTP": (b"GET / HTTP/1.1\r\n\r\n", 4400, "not-mqtt", None),
    "without end": (b"\x10\xff\xff\xff\x7f", 4400, "not-mqtt", None),
}


@pytest.mark.parametrize("name", WRONG_TOKENS)
async def test_nothing_reaches_the_broker_before_a_good_token(name):
    hello, code, reason, connack = WRONG_TOKENS[name]
    reached = []

    async def serve(reader, writer):
        reached.append(await reader.read(100))
        writer.close()

    async with broker_like(serve) as port:
        line = Line(hello)
        async with carried(line, access(port)) as task:
            assert (await line.heard())["type"] == "websocket.accept"
            if connack is not None:
                assert (await line.heard())["bytes"] == connack
            closed = await line.heard()
            assert (closed["code"], closed["reason"]) == (code, reason)
            await asyncio.wait_for(task, PATIENCE_S)
            assert line.hub.hits == {"mqtt-websocket": {Hit.REFUSED: 1}}
    assert reached == []


async def test_who_does_not_say_who_it_is_in_time_is_refused():
    line = Line(HELLO[:20])
    async with carried(line, access(1), head_s=0.2) as task:
        await line.heard()
        closed = await line.heard()
        assert (closed["code"], closed["reason"]) == (4408, "connect-timed-out")
        await asyncio.wait_for(task, PATIENCE_S)


@pytest.mark.parametrize("broker_ends_it", [False, True])
async def test_a_connection_ends_with_its_token_even_if_the_broker_does_not(
    broker_ends_it, monkeypatch
):
    monkeypatch.setattr(_mqtt_websocket, "_GOODBYE_S", 0.1)
    ended = asyncio.Event()

    async def serve(reader, writer):
        writer.write(b"welcome")
        if broker_ends_it:
            await ended.wait()
            writer.write(b"bye")
            writer.close()
        else:
            await reader.read(-1)
            writer.close()

    async with broker_like(serve) as port:
        line = Line()
        async with carried(line, access(port)) as task:
            await line.heard()
            assert (await line.heard())["bytes"] == b"welcome"
            line.hub.grants.revoke(TOKEN)
            ended.set()
            if broker_ends_it:
                assert (await line.heard())["bytes"] == b"bye"
                assert (await line.heard())["code"] == 1001
            else:
                closed = await line.heard()
                assert (closed["code"], closed["reason"]) == (4401, "token-revoked")
            await asyncio.wait_for(task, PATIENCE_S)


async def test_text_is_refused():
    async def serve(reader, writer):
        await reader.read()
        writer.close()

    async with broker_like(serve) as port:
        line = Line()
        async with carried(line, access(port)) as task:
            await line.heard()
            line.incoming.put_nowait({"type": "websocket.receive", "text": "CONNECT"})
            assert (await line.heard())["code"] == 1003
            await asyncio.wait_for(task, PATIENCE_S)


async def settled(value):
    """What `value()` comes to rest at."""
    last, since = value(), time.monotonic()
    while time.monotonic() - since < 0.3:
        await asyncio.sleep(0.02)
        if value() != last:
            last, since = value(), time.monotonic()
    return last


async def test_a_side_that_does_not_read_makes_the_other_wait():
    piece, many = b"x" * 65_536, 400
    write_on, read_on = asyncio.Event(), asyncio.Event()
    received = bytearray()

    async def serve(reader, writer):
        await reader.readexactly(len(HELLO))
        await write_on.wait()
        for _ in range(many):  # more than any buffer holds
            writer.write(piece)
        await read_on.wait()
        while data := await reader.read(1 << 20):
            received.extend(data)

    async with broker_like(serve) as port:
        line = Line()
        async with carried(line, access(port)):
            await line.heard()
            line.writable.clear()  # the page reads nothing
            write_on.set()
            for _ in range(many):
                line.say(piece)
            # The broker reads nothing either: most of it stays where it is, in both directions.
            assert await settled(line.incoming.qsize) > many // 4
            assert await settled(line.sent.qsize) == 0
            line.writable.set()
            read_on.set()
            total = 0
            while total < many * len(piece):
                total += len((await line.heard())["bytes"])
            assert total == many * len(piece)
            async with asyncio.timeout(PATIENCE_S):
                while len(received) < many * len(piece):  # noqa: ASYNC110 - another task fills it
                    await asyncio.sleep(0.01)
            assert line.incoming.empty()


async def test_a_broker_whose_certificate_is_not_trusted_is_not_spoken_to():
    async def serve(reader, writer):
        writer.close()

    with fresh_certificate() as certificate:
        context = certificate.server_context()
    async with broker_like(serve, ssl=context) as port:
        line = Line()
        async with carried(line, access(port, tls=True)):
            assert (await line.heard())["type"] == "websocket.accept"
            assert (await line.heard())["bytes"] == b"\x20\x02\0\3"  # server unavailable
            told = await line.heard()
            assert (told["code"], told["reason"]) == (4503, "broker-unavailable")
