import asyncio
import contextlib
import resource
import socket
import sys
from typing import ClassVar

import pytest

from pushlab.contract.serving import HubSettings
from pushlab.hub.edge import accepting
from pushlab.hub.edge.accepting import Acceptor, most_connections
from pushlab.hub.edge.refusals import Refusal, Refusals
from pushlab.lab.host.machine import SPARE_DESCRIPTORS
from pushlab.systems.certificates import fresh_certificate
from pushlab.wire.tls import client_context
from tests.cable import NEEDS_CABLE, Cable
from tests.live_hub import Answer, dial, live_hub, read_answer
from tests.patience import PATIENCE_S, with_more_time

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="how Linux does it")


class Kept(asyncio.Protocol):
    """A protocol as the hub's are: in the set of open ones while its connection stands."""

    open: ClassVar[set["Kept"]] = set()

    def connection_made(self, transport):
        self.open.add(self)
        transport.write(b"welcome")

    def connection_lost(self, exc):
        self.open.discard(self)


@contextlib.asynccontextmanager
async def accepting_at(*, tls=None, **settings):
    Kept.open = set()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    refusals = Refusals(tell=lambda line: None)
    acceptor = Acceptor(
        listener,
        Kept,
        connections=Kept.open,
        settings=HubSettings(**settings),
        refusals=refusals,
        tls=tls,
    )
    await acceptor.start()
    try:
        async with asyncio.timeout(PATIENCE_S), contextlib.AsyncExitStack() as stack:
            port = listener.getsockname()[1]

            async def come(**more):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, **more)
                stack.callback(writer.close)
                return reader, writer

            yield come, refusals
    finally:
        acceptor.close()
        for protocol in list(Kept.open):
            protocol.connection_lost(None)


async def first_words(reader) -> bytes:
    return await reader.read(7)


async def test_no_more_are_let_in_than_the_cap_and_a_place_that_is_free_again_is_taken():
    async with accepting_at(max_connections=3) as (come, refusals):
        there = [await come() for _ in range(3)]
        assert [await first_words(reader) for reader, _ in there] == [b"welcome"] * 3
        reader, _ = await come()
        answer = await read_answer(reader)
        assert (answer.status, answer.json["error"]) == (503, "too-many-connections")
        assert 1 <= int(answer.headers["retry-after"]) <= 10
        assert answer.headers["connection"] == "close"
        assert await reader.read() == b""
        there[0][1].close()
        while len(Kept.open) == 3:  # noqa: ASYNC110 - a turn of the loop
            await asyncio.sleep(0.001)
        assert await first_words((await come())[0]) == b"welcome"
        assert refusals.counts == {Refusal.TOO_MANY_CONNECTIONS: 1}


async def test_a_crowd_that_comes_at_once_fills_the_cap_exactly():
    async with accepting_at(max_connections=40) as (come, refusals):
        there = await asyncio.gather(*[come() for _ in range(100)])
        words = [await first_words(reader) for reader, _ in there]
        assert words.count(b"welcome") == 40
        assert words.count(b"HTTP/1.") == 60
        assert refusals.counts == {Refusal.TOO_MANY_CONNECTIONS: 60}


async def test_another_machines_address_has_a_cap_of_its_own(monkeypatch):
    monkeypatch.setattr(accepting, "is_loopback", lambda address: False)
    monkeypatch.setattr(accepting, "is_of_this_machine", lambda sock, address: False)
    async with accepting_at(max_connections=40) as (come, refusals):  # a quarter of it is 10
        for _ in range(30):  # who comes and goes has never too many
            reader, writer = await come()
            assert await first_words(reader) == b"welcome"
            writer.close()
            while Kept.open:  # noqa: ASYNC110 - a turn of the loop
                await asyncio.sleep(0.001)
        there = await asyncio.gather(*[come() for _ in range(11)])
        words = [await first_words(reader) for reader, _ in there]
        assert words.count(b"welcome") == 10
        assert refusals.counts == {Refusal.TOO_MANY_OF_ADDRESS: 1}
        answer = await read_answer((await come())[0])
        assert (answer.status, answer.json["error"]) == (429, "too-many-of-address")


async def test_this_machine_has_none():
    async with accepting_at(max_connections_per_address=2) as (come, refusals):
        for reader, _ in [await come() for _ in range(9)]:
            assert await first_words(reader) == b"welcome"
        assert refusals.counts == {}


async def test_over_tls_a_handshake_has_its_time_and_who_is_too_many_no_answer():
    with fresh_certificate() as certificate:
        server = certificate.server_context()
        client = client_context(certificate.authority)

    async def handshakes(head_s):
        async with accepting_at(tls=server, head_s=head_s, max_connections=1) as (come, refusals):
            silent, _ = await come()
            assert await silent.read() == b""
            assert refusals.counts == {Refusal.HEAD_TIMED_OUT: 1}
            there, writer = await come(ssl=client)
            assert await first_words(there) == b"welcome"
            plain, _ = await come()
            assert await plain.read() == b""
            assert refusals.counts[Refusal.TOO_MANY_CONNECTIONS] == 1
            writer.transport.abort()
            while Kept.open:  # noqa: ASYNC110 - a turn of the loop
                await asyncio.sleep(0.001)
            assert await first_words((await come(ssl=client))[0]) == b"welcome"

    await with_more_time(handshakes, 0.2, 5.0)


def test_the_cap_leaves_descriptors_for_the_hub_itself(monkeypatch):
    for limit, most in ((64, 36), (1_024, 940), (20_000, 19_916)):
        monkeypatch.setattr(resource, "getrlimit", lambda which, limit=limit: (limit, limit))
        assert most_connections(HubSettings(), own=20) == most
        assert most_connections(HubSettings(max_connections=7), own=20) == 7
        assert most_connections(HubSettings(max_connections=1_000_000), own=20) == most
    assert most_connections(HubSettings(), own=20_000) == 1
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY,) * 2)
    assert most_connections(HubSettings(), own=20) == (1 << 20) - 84


def test_the_laboratorys_clients_fit_where_its_check_lets_them(monkeypatch):
    limit = 1_024
    monkeypatch.setattr(resource, "getrlimit", lambda which: (limit, limit))
    assert most_connections(HubSettings(), own=30) > limit - SPARE_DESCRIPTORS


# ---- in a hub -----------------------------------------------------------------------------------


async def ask_health(hub) -> Answer:
    async with dial(hub.url) as (reader, writer):
        with contextlib.suppress(ConnectionError):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            await writer.drain()
        return await read_answer(reader)


async def out_of_descriptors(hub) -> Answer | None:
    """What it says then; before it has noticed, it closes connections without a word."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        answer = await ask_health(hub)
        if answer.status == 503 and answer.json["error"] == "out-of-descriptors":
            return answer
    return None


async def open_at(hub) -> int:
    return (await hub.api("GET", "/v1/stats")).json["process"]["connections"]


@LINUX
async def test_at_the_descriptor_limit_it_answers_says_so_and_goes_on():
    async with live_hub() as hub, contextlib.AsyncExitStack() as stack:
        figures = (await hub.api("GET", "/v1/stats")).json
        least = figures["process"]["open_descriptors"] + 4
        resource.prlimit(hub.process.pid, resource.RLIMIT_NOFILE, (least, least))
        async with asyncio.timeout(PATIENCE_S):
            while not (refused := await out_of_descriptors(hub)):
                await stack.enter_async_context(dial(hub.url))
        assert "retry-after" in refused.headers
        await stack.aclose()
        async with asyncio.timeout(PATIENCE_S):
            while (await ask_health(hub)).status != 200:  # noqa: ASYNC110 - the hub is elsewhere
                await asyncio.sleep(0.01)
        figures = (await hub.api("GET", "/v1/stats")).json
        assert figures["refusals"]["out-of-descriptors"] >= 1
        lines = [line for line in hub.log().splitlines() if "out-of-descriptors" in line]
        assert len(lines) == 1


@NEEDS_CABLE
async def test_another_machine_that_opens_too_many_is_told_so_and_nobody_else_is():
    cable = Cable()
    try:
        settings = {"max_connections_per_address": 3}
        async with live_hub(host=cable.near, settings=settings) as hub:
            port = int(hub.url.rpartition(":")[2])
            theirs = [cable.dial(port) for _ in range(4)]
            theirs[3].settimeout(PATIENCE_S)
            answer = theirs[3].recv(4_096)
            assert answer.startswith(b"HTTP/1.1 429 ")
            assert b"\r\nretry-after: " in answer
            assert (await hub.api("GET", "/v1/stats")).json["refusals"] == {
                "too-many-of-address": 1
            }
            lines = [line for line in hub.log().splitlines() if "too-many-of-address" in line]
            assert len(lines) == 1
            assert cable.far in lines[0]
            for sock in theirs:
                sock.close()
    finally:
        cable.remove()


async def test_a_hub_counts_every_connection_whoever_serves_it():
    """Direct and uvicorn's, WebSockets too: each place is free again once its client has gone."""
    upgrade = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    )
    async with live_hub(settings={"max_connections": 8}) as hub:
        token = await hub.token("ann")
        heads = [
            f"GET /v1/events?token={token} HTTP/1.1\r\nHost: test\r\n\r\n",
            f"GET /v1/socket?token={token} HTTP/1.1\r\nHost: test\r\n{upgrade}",
            f"GET /v1/socket?token={token} HTTP/1.1\r\nHost: test\r\nCookie: a\r\n{upgrade}",
            "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n",
            f"GET /v1/nothing HTTP/1.1\r\nHost: test\r\n{upgrade}",
        ]
        for round_ in range(5):
            async with contextlib.AsyncExitStack() as stack, asyncio.timeout(PATIENCE_S):
                for head in heads:
                    reader, writer = await stack.enter_async_context(dial(hub.url))
                    writer.write(head.encode())
                    assert (await reader.readline()).split()[1] in (b"200", b"101"), (round_, head)
            async with asyncio.timeout(PATIENCE_S):
                while (await open_at(hub)) > 1:  # noqa: ASYNC110 - the hub is elsewhere
                    await asyncio.sleep(0.01)
