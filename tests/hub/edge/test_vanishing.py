"""Clients that vanish without a word are present no longer than the one figure that is told.

Their end of a cable is in a network namespace of its own, so that the cable can be pulled.
"""

import asyncio
import contextlib
import itertools
import socket
import sys
import threading
import time
from collections.abc import Iterator
from random import Random
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from pushlab.brokers.start import start_broker
from pushlab.contract.registry import make_transport
from pushlab.contract.serving import HubSettings
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import TokenKeys
from pushlab.hub.edge.vanishing import set_vanishing_limits
from tests.cable import NEEDS_CABLE, Cable
from tests.live_hub import live_hub
from tests.patience import PATIENCE_S

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="these options are Linux's")
#: A busy machine's timers may be late; still it is far from the usual figure to a short one's.
GRACE_S = 5.0
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
)
ASKED = {
    "sse": "GET /v1/events?token={token} HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "websocket": "GET /v1/socket?token={token} HTTP/1.1\r\nHost: {host}\r\n" + UPGRADE + "\r\n",
    "long-polling": "GET /v1/wait?token={token}&after={after} HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "short-polling": "GET /v1/poll?token={token} HTTP/1.1\r\nHost: {host}\r\n\r\n",
}


@pytest.fixture
def cable() -> Iterator[Cable]:
    cable = Cable()
    try:
        yield cable
    finally:
        cable.remove()


async def speak_mqtt(hub, cable: Cable, port: int, token: str) -> socket.socket:
    """An MQTT client through the hub's port, that goes on until its cable is pulled."""
    endpoints = (await hub.ask("GET", "/v1/endpoints", secret=token)).json["endpoints"]
    half = make_transport("mqtt").subscriber(Endpoint.told(endpoints["mqtt"]), token, rng=Random(1))
    sock = cable.dial(port)

    def converse() -> None:
        url = f"ws://{cable.near}:{port}/v1/mqtt?token={token}"
        with (
            contextlib.suppress(OSError, ConnectionClosed),
            connect(url, sock=sock, subprotocols=["mqtt"], ping_interval=None) as line,
        ):
            half.start(time.monotonic_ns())
            half.connection_made(time.monotonic_ns())
            while half.holds_connection:
                if data := half.data_to_send():
                    line.send(data)
                with contextlib.suppress(TimeoutError):
                    half.receive_data(line.recv(timeout=0.2), time.monotonic_ns())
                half.handle_timer(time.monotonic_ns())

    # Nothing waits for its end: a WebSocket's library does not give a dead peer up.
    threading.Thread(target=converse, daemon=True).start()
    return sock


async def seconds_present(hub, cable: Cable, *, mqtt: bool = False) -> dict[str, float]:
    """How long a client of each transport is present after the cable is pulled."""
    port = urlsplit(hub.url).port
    after = "{epoch}-{seq}".format(**await hub.publish("all", "x"))
    sockets = []
    for name, head in ASKED.items():
        token = await hub.token(name, "all")
        sockets.append(cable.dial(port))
        words = head.format(token=token, after=after, host=f"{cable.near}:{port}")
        sockets[-1].sendall(words.encode())
    if mqtt:
        sockets.append(await speak_mqtt(hub, cable, port, await hub.token("mqtt", "all")))
    names = {*ASKED, "mqtt"} if mqtt else set(ASKED)
    while set(await hub.present("all")) != names:  # noqa: ASYNC110 - the hub is elsewhere
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # what the hub has sent is acknowledged
    cable.pull()
    pulled, left = time.monotonic(), {}
    while len(left) < len(names):
        present = await hub.present("all")
        for name in names - set(present) - set(left):
            left[name] = time.monotonic() - pulled
        await asyncio.sleep(0.05)
    for sock in sockets:
        sock.close()
    return left


@LINUX
@pytest.mark.parametrize("lease_s", [0.1, 10.5, 19.9, 30.0, 45.5, 600.0, 604_800.0])
def test_the_kernel_gives_a_silent_peer_up_within_the_time_that_is_told(lease_s):
    settings = HubSettings(lease_s=lease_s)
    bound_s = settings.vanished_s
    with socket.socket() as sock:
        set_vanishing_limits(sock, settings)
        tcp = {
            name: sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_{name}"))
            for name in ("KEEPIDLE", "KEEPINTVL", "USER_TIMEOUT")
        }
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    # It looks when a probe is due, behind the first one: the first such time behind the time-out.
    looks_s = (tcp["KEEPIDLE"] + n * tcp["KEEPINTVL"] for n in itertools.count(1))
    idle_s = next(at_s for at_s in looks_s if at_s * 1_000 >= tcp["USER_TIMEOUT"])
    assert idle_s + tcp["USER_TIMEOUT"] / 1_000 <= bound_s
    held_s = min(settings.lease_s, settings.unanswered_s)  # a poll's that ends just before
    assert idle_s + held_s <= bound_s


@NEEDS_CABLE
async def test_every_transport_keeps_a_short_figure(cable):
    settings = {"lease_s": 1.0, "keep_alive_s": 0.7}
    bound_s = HubSettings(**settings).vanished_s
    async with live_hub(host=cable.near, settings=settings) as hub, asyncio.timeout(PATIENCE_S):
        left = await seconds_present(hub, cable)
        assert max(left.values()) <= bound_s + GRACE_S, left
        refusals = (await hub.api("GET", "/v1/stats")).json["refusals"]
        assert refusals["dead-peer"] >= 3, refusals  # the stream, the WebSocket, the held poll


@NEEDS_CABLE
@pytest.mark.soak
async def test_every_transport_keeps_the_usual_figure(cable):
    keys = TokenKeys.fresh()
    async with await start_broker("auto") as broker:
        changes = {"broker": broker.access, "keys": keys.export(), "transports": None}
        async with live_hub(host=cable.near, **changes) as hub, asyncio.timeout(PATIENCE_S):
            left = await seconds_present(hub, cable, mqtt=True)
    print(left)
    assert max(left.values()) <= HubSettings().vanished_s + GRACE_S, left
