"""Clients that are none of ours are cut off, resume as their protocol allows, and lose nothing.

Each has read some messages when the line begins to swallow what the server sends. More messages go
into that hole, the line is cut, others follow while the client is away, and the rest come when it
is back. What a client has in the end is every message once, in order.

What "resume" means differs. An SSE or WebSocket client asks with its cursor. MQTT itself has no
cursor; it allows two things. A client may ask pushlab's bridge with its cursor, in a PUBLISH of its
own; that needs no state in the broker, and whatever retention holds comes back. Or it may log in
with a session that the broker keeps: then what was not acknowledged, and what comes meanwhile, is
queued *by the broker*, from the first SUBSCRIBE on, as long as its queue has room.
"""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import httpx_sse
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from websockets.asyncio.client import connect as ws_connect
from websockets.exceptions import ConnectionClosed

from pushlab.brokers.mosquitto import find_mosquitto
from pushlab.brokers.start import start_broker
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import BrokerUnavailable
from tests.bad_link import BadLink
from tests.live_hub import LiveHub, live_hub
from tests.patience import PATIENCE_S

Take = Callable[[str], None]


def _missing() -> str | None:
    if not (shutil.which("mosquitto_sub") and shutil.which("stdbuf")):
        return "mosquitto_sub is not installed (Debian: apt install mosquitto-clients)"
    try:
        find_mosquitto()
    except BrokerUnavailable as error:
        return str(error)
    return None


MISSING = _missing()


def texts(first: int, last: int) -> list[str]:
    return [f"{n}: {chr(0x4E00 + n)}\n" for n in range(first, last)]


class Book:
    """What a client has received."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._came = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def take(self, text: str) -> None:
        self.texts.append(text)
        self._came.set()

    def take_from_thread(self, text: str) -> None:
        self._loop.call_soon_threadsafe(self.take, text)

    async def until(self, count: int) -> None:
        while len(self.texts) < count:
            self._came.clear()
            await self._came.wait()


async def spoil(hub: LiveHub, proxy: BadLink, book: Book, ready: asyncio.Event) -> list[str]:
    """Publish forty messages around a hole and a cut; what the client has of them."""

    async def publish(first: int, last: int) -> None:
        items = [{"channel": "ann", "data": data} for data in texts(first, last)]
        assert (await hub.api("POST", "/v1/messages", items)).status == 202

    await ready.wait()
    await publish(0, 10)
    await book.until(10)
    proxy.swallow()
    await publish(10, 20)
    async with asyncio.timeout(PATIENCE_S):
        while b"10: " not in proxy.swallowed:  # noqa: ASYNC110 - the proxy has threads
            await asyncio.sleep(0.01)
    before = proxy.accepted
    proxy.cut()
    await publish(20, 30)
    await book.until(30)
    assert proxy.accepted > before
    await publish(30, 40)
    await book.until(40)
    return book.texts


# ---- clients with a cursor --------------------------------------------------------------------


async def httpx_sse_client(url: str, token: str, take: Take, ready: asyncio.Event) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                async with httpx_sse.aconnect_sse(
                    client, "GET", f"{url}/v1/events", headers=headers
                ) as source:
                    async for event in source.aiter_sse():
                        headers["Last-Event-ID"] = event.id
                        ready.set()
                        if event.event == "message" and event.data:
                            take(event.data)


async def websockets_client(url: str, token: str, take: Take, ready: asyncio.Event) -> None:
    target = f"{url.replace('http', 'ws', 1)}/v1/socket"
    headers = {"Authorization": f"Bearer {token}"}
    after = ""
    while True:
        with contextlib.suppress(ConnectionClosed):
            async with ws_connect(target + after, additional_headers=headers, proxy=None) as socket:
                async for frame in socket:
                    cursor, _, text = str(frame).partition(" ")
                    after = f"?after={cursor}"
                    ready.set()
                    if text:
                        take(text)


@pytest.mark.parametrize("client", [httpx_sse_client, websockets_client])
async def test_a_client_with_a_cursor_loses_nothing(client: Any) -> None:
    async with live_hub() as hub, asyncio.timeout(PATIENCE_S):
        with BadLink.before(hub.url) as proxy:
            book, ready = Book(), asyncio.Event()
            token = await hub.token("ann")
            reading = asyncio.ensure_future(
                client(proxy.in_place_of(hub.url), token, book.take, ready)
            )
            try:
                seen = await spoil(hub, proxy, book, ready)
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
    assert seen == texts(0, 40)


# ---- MQTT -------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def hub_with_broker(kind: str) -> AsyncIterator[tuple[LiveHub, BadLink, dict[str, Any]]]:
    """A hub, a line to its broker, and what the hub tells of MQTT to the holder of a token."""
    keys = TokenKeys.fresh()
    async with (
        await start_broker(kind) as broker,
        live_hub(transports={"mqtt": {}}, broker=broker.access, keys=keys.export()) as hub,
    ):
        told = (await hub.api("POST", "/v1/channels", {"client_id": "ann"})).json
        with BadLink(broker.access.host, broker.access.port) as proxy:
            yield hub, proxy, {**told["endpoints"]["mqtt"], "token": told["token"]}


class Paho:
    """paho-mqtt, which reconnects by itself; how it resumes is this test's choice.

    Args:
        session: of the broker's, kept while the client is away; or "": a new one each time, in
            which it asks the bridge for everything behind its cursor.
    """

    def __init__(self, port: int, told: dict[str, Any], session: str, book: Book) -> None:
        self._told = told
        self._book = book
        self._session = session
        self._cursor: str | None = None
        self._last = 0
        self.ready = asyncio.Event()
        name = session or "n" + secrets.token_hex(16)
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, name, clean_session=not session, protocol=paho.MQTTv311
        )
        self.client.username_pw_set(told["username"], told["token"])
        self.client.reconnect_delay_set(min_delay=1, max_delay=1)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message
        self.client.connect_async("127.0.0.1", port)
        self.client.loop_start()

    @property
    def _name(self) -> str:
        return self.client._client_id.decode()

    def _on_connect(self, client: Any, _: Any, flags: Any, code: Any, __: Any) -> None:
        assert not code.is_failure, code
        if not flags.session_present:
            inbox = [] if self._session else [(f"pushlab-inbox/{self._name}", 1)]
            client.subscribe([(self._told["topic"], 1), *inbox])

    def _on_subscribe(self, client: Any, *_: Any) -> None:
        if not self._session:
            words = {"ask": "first", "token": self._told["token"], "after": self._cursor, "qos": 1}
            client.publish(f"pushlab-outbox/{self._name}", json.dumps(words), qos=1)
        else:
            self._book._loop.call_soon_threadsafe(self.ready.set)

    def _on_message(self, client: Any, _: Any, message: Any) -> None:
        cursor, _, text = message.payload.decode().partition(" ")
        seq = int(cursor.rpartition("-")[2])
        if text and seq == self._last + 1:  # replay and live overlap; a seq tells
            self._last, self._cursor = seq, cursor
            self._book.take_from_thread(text)
        elif not text:  # a position: replay ends here
            self._cursor = self._cursor or cursor
            self._book._loop.call_soon_threadsafe(self.ready.set)

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.parametrize("way", ["asks the bridge", "keeps a session"])
async def test_paho_loses_nothing(way: str) -> None:
    kind, session = ("embedded", "") if way == "asks the bridge" else ("auto", "ann-of-paho")
    async with hub_with_broker(kind) as (hub, proxy, told), asyncio.timeout(PATIENCE_S):
        book = Book()
        client = Paho(proxy.port, told, session, book)
        try:
            seen = await spoil(hub, proxy, book, client.ready)
        finally:
            await asyncio.to_thread(client.stop)
    assert seen == texts(0, 40)


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
async def test_mosquitto_sub_loses_nothing(tmp_path) -> None:
    """It cannot ask, so its session is the broker's to keep; what came twice a seq tells."""
    async with hub_with_broker("mosquitto") as (hub, proxy, told), asyncio.timeout(PATIENCE_S):
        options = {
            "-h": "127.0.0.1",
            "-p": proxy.port,
            "-u": told["username"],
            "-P": told["token"],
            "-i": "ann-of-mosquitto-sub",
            "-t": told["topic"],
            "-q": 1,
            "-F": "%x",
        }
        lines = [f"{flag} {value}" for flag, value in options.items()]
        (tmp_path / "mosquitto_sub").write_text("\n".join([*lines, "-c", "-d", ""]))
        process = await asyncio.create_subprocess_exec(
            *("stdbuf", "-oL", "mosquitto_sub"),  # else "Subscribed" waits for more to say
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},  # no secret in an argument
        )
        book, ready = Book(), asyncio.Event()

        async def read() -> None:
            last = 0
            assert process.stdout is not None
            async for line in process.stdout:
                word = line.decode().strip()
                if word.startswith("Subscribed"):
                    ready.set()
                with contextlib.suppress(ValueError):
                    cursor, _, text = bytes.fromhex(word).decode().partition(" ")
                    seq = int(cursor.rpartition("-")[2])
                    if seq > last:
                        last = seq
                        book.take(text)

        reading = asyncio.ensure_future(read())
        try:
            seen = await spoil(hub, proxy, book, ready)
        finally:
            process.terminate()
            await process.wait()
            await asyncio.gather(reading, return_exceptions=True)
    assert seen == texts(0, 40)
