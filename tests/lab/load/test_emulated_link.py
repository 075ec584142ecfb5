"""An emulated link and TLS: what is held, for how long, in which order, and how many bytes it is.

Bounds from below are exact; bounds from above leave a slow machine room.
"""

import asyncio
import contextlib
import os
import ssl
import time
from collections.abc import AsyncIterator, Container
from pathlib import Path

import numpy as np
import pytest

from pushlab.contract.subscriber import Endpoint
from pushlab.errors import UsageError
from pushlab.lab.load.emulated_link import Holding
from pushlab.lab.load.swarm import Swarm
from pushlab.runs import Link, network_in_words
from pushlab.systems.certificates import fresh_certificate
from pushlab.wire.certificate import Certificate
from pushlab.wire.tls import client_context
from tests.lab.lab_tools import deliveries
from tests.lab.load.test_swarm import LIMIT_S, Lines, Server, connected, eventually, reached
from tests.patience import with_more_time

_MS = 1_000_000


def connect_s(swarm: Swarm) -> list[float]:
    pairs = zip(swarm.recorder.wanted_ns, swarm.recorder.connected_ns, strict=True)
    return [(connected_ns - wanted_ns) / 1e9 for wanted_ns, connected_ns in pairs]


class Relay:
    """Passes bytes on between the swarm and a server, and counts them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.up_bytes = 0
        self.down_bytes = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._port)

        async def up() -> None:
            while data := await reader.read(65_536):
                self.up_bytes += len(data)
                to_writer.write(data)
            to_writer.close()

        async def down() -> None:
            while data := await to_reader.read(65_536):
                self.down_bytes += len(data)
                writer.write(data)
            writer.close()

        await asyncio.gather(up(), down(), return_exceptions=True)


@contextlib.asynccontextmanager
async def processes(
    clients: int,
    link: Link,
    *,
    certificate: Certificate | None = None,
    trusted: ssl.SSLContext | None = None,
    observed: Container[int] = (),
) -> AsyncIterator[tuple[Server, Swarm, Relay]]:
    server = Server()
    context = certificate and certificate.server_context()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    relay = Relay(listener.sockets[0].getsockname()[1])
    front = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    endpoint = Endpoint("127.0.0.1", front.sockets[0].getsockname()[1], tls=context is not None)
    swarm = Swarm(Lines(), seed=1, link=link, tls=trusted, observed=observed)
    for number in range(clients):
        swarm.add(0, endpoint, f"t{number}")
    try:
        yield server, swarm, relay
    finally:
        await swarm.leave(1.0)
        front.close()
        listener.close()


# ---- what is under way -----------------------------------------------------------------------


async def test_what_is_held_comes_in_order_and_never_early() -> None:
    holding = Holding(asyncio.get_running_loop(), Link(one_way_ms=1), seed=1)
    came: list[tuple[int, int]] = []
    now_ns = time.monotonic_ns()
    for delay_ms in (30, 5, 20, 5, 0):
        due_ns = now_ns + delay_ms * _MS
        holding.put(due_ns, lambda due: came.append((due, time.monotonic_ns())), due_ns)
    await eventually(lambda: len(came) == 5)
    assert [due for due, _ in came] == sorted(due for due, _ in came)
    assert all(at >= due for due, at in came)
    assert len(holding) == 0


async def test_what_is_put_on_its_way_by_an_arrival_holds_nothing_else_up() -> None:
    holding = Holding(asyncio.get_running_loop(), Link(one_way_ms=1), seed=1)
    came: list[str] = []
    now_ns = time.monotonic_ns()
    far_ns = now_ns + 3_600_000 * _MS
    holding.put(now_ns + 5 * _MS, lambda _: holding.put(far_ns, came.append, "far"), None)
    holding.put(now_ns + 10 * _MS, came.append, "near")
    await eventually(lambda: came)
    assert came == ["near"]


async def test_trouble_of_one_holds_up_nobody() -> None:
    loop = asyncio.get_running_loop()
    told: list[str] = []
    loop.set_exception_handler(lambda _, context: told.append(str(context["exception"])))
    holding = Holding(loop, Link(one_way_ms=1), seed=1)
    came: list[str] = []

    def break_down(what: str) -> None:
        raise ValueError(what)

    holding.put(1, break_down, "broken")
    holding.put(2, came.append, "whole")
    await eventually(lambda: came)
    assert told == ["broken"]


# ---- delay and jitter ------------------------------------------------------------------------


async def test_every_byte_is_held_one_way_and_connecting_pays_its_round_trips() -> None:
    async with processes(20, Link(one_way_ms=40)) as (server, swarm, _):
        await connected(swarm)
        assert min(connect_s(swarm)) >= 0.160, "TCP's round trip, and that of the hello"
        sent_ns = time.monotonic_ns()
        server.tell("msg 1\n")
        await reached(swarm, 1)
        late_ms = (np.array(swarm.recorder.received_ns) - sent_ns) / _MS
        assert len(late_ms) == 20
        assert late_ms.min() >= 40
        assert np.median(late_ms) < 1_000
        begin_ns = time.monotonic_ns()
        await swarm.leave(LIMIT_S)
        await server.until(20, "bye")
        assert time.monotonic_ns() - begin_ns >= 40 * _MS
        assert swarm.connections == set()
        assert swarm.hits() == {"connect": 20, "leave": 20}


async def test_jitter_spreads_and_keeps_the_order() -> None:
    async with processes(1, Link(one_way_ms=30, jitter_ms=25)) as (server, swarm, _):
        await connected(swarm)
        sent_ns = []
        for seq in range(1, 101):
            sent_ns.append(time.monotonic_ns())
            server.tell(f"msg {seq}\n")
            await asyncio.sleep(0.002)
        await reached(swarm, 100)
        recorder = swarm.recorder
        assert recorder.seq.tolist() == list(range(1, 101))
        assert (*swarm.set_right(), recorder.gaps) == (0, 0, 0)
        late_ms = (np.array(recorder.received_ns) - np.array(sent_ns)) / _MS
        assert late_ms.min() >= 5
        assert late_ms.max() > 35
        assert late_ms.std() > 2


async def test_the_jitter_is_repeated_by_its_seed_and_centred() -> None:
    def draws(seed: int) -> list[int]:
        loop = asyncio.get_running_loop()
        holding = Holding(loop, Link(one_way_ms=50, jitter_ms=20), seed=seed)
        return [holding.way_ns() for _ in range(2_000)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    ways = np.array(draws(1)) / _MS
    assert 30 <= ways.min() < 32
    assert 68 < ways.max() <= 70
    assert ways.mean() == pytest.approx(50, abs=1)


async def test_a_connection_lost_far_away_comes_back_to_resume() -> None:
    async with processes(1, Link(one_way_ms=10)) as (server, swarm, _):
        await connected(swarm)
        server.tell("msg 1\nmsg 2\n")
        server.writers["t0"].close()  # what was sent before arrives before the end does
        await server.until(2, "hello")
        assert server.heard[-1] == "hello t0 2"
        assert swarm.recorder.disconnects == 1
        assert len(swarm.connections) == 1


# ---- bandwidth -------------------------------------------------------------------------------


async def test_bandwidth_carries_one_byte_after_another() -> None:
    await with_more_time(carried_in, 0.2, 4.0)


async def carried_in(time_s: float) -> None:
    """Many short lines over a link that takes so long for all of them."""
    line_bytes, count = 200, 100
    link = Link(one_way_ms=5, kbit_per_s=8 * line_bytes * count / 1_000 / time_s)
    async with processes(2, link) as (server, swarm, _):
        await connected(swarm)
        swarm.recorder.begin()
        begin_ns = time.monotonic_ns()
        for seq in range(1, count + 1):
            server.tell(f"msg {seq}".ljust(line_bytes - 1) + "\n")
        await reached(swarm, count)
        columns = deliveries(swarm.recorder, per_channel=2)
        for subscriber in range(2):  # each has the bandwidth to itself
            mine = columns["subscriber"] == subscriber
            late_ms = (columns["received_ns"][mine] - begin_ns) / _MS
            assert (np.diff(late_ms) >= 0).all()
            assert late_ms[-1] >= 5 + 1e3 * time_s * (count - 7) / count  # a packet has seven
            assert len(np.unique(columns["received_ns"][mine])) >= 10
            assert late_ms[0] < late_ms[-1] / 2


async def test_a_slow_link_stops_the_server_and_loses_nothing() -> None:
    count, size = 40, 9_000
    async with processes(1, Link(kbit_per_s=8_000)) as (server, swarm, _):  # 1 byte/µs
        await connected(swarm)
        (connection,) = swarm.connections
        socket = connection.transport._below
        begin_s = time.monotonic()
        for seq in range(1, count + 1):
            server.tell(f"msg {seq}".ljust(size) + "\n")
        await eventually(lambda: not socket.is_reading())
        await reached(swarm, count)
        assert time.monotonic() - begin_s >= count * size / 1e6
        assert swarm.recorder.seq.tolist() == list(range(1, count + 1))
        await eventually(socket.is_reading)


def test_a_link_in_words() -> None:
    assert network_in_words(Link(), tls=False) == ""
    assert not Link().present
    link = Link(one_way_ms=50, jitter_ms=2.5, kbit_per_s=2_000)
    assert (
        network_in_words(link, tls=True) == "50 ± 2.5 ms each way, 2,000 kbit/s per connection, TLS"
    )
    assert link.transfer_s(250) == pytest.approx(0.001)


# ---- TLS -------------------------------------------------------------------------------------


async def test_tls_counts_every_byte_of_the_wire() -> None:
    with fresh_certificate() as certificate:
        trusted = client_context(certificate.authority)
        async with processes(
            5, Link(one_way_ms=1), certificate=certificate, trusted=trusted, observed=range(5)
        ) as (
            server,
            swarm,
            relay,
        ):
            await connected(swarm)
            for seq in range(1, 4):
                server.tell(f"msg {seq}".ljust(40_000) + "\n")  # several records each
            await reached(swarm, 3)
            await swarm.leave(LIMIT_S)
            await server.until(5, "bye")
            recorder = swarm.recorder
            await eventually(lambda: recorder.bytes_out == relay.up_bytes)
            await eventually(lambda: recorder.bytes_in == relay.down_bytes)
            assert recorder.bytes_in > 5 * 3 * 40_000
            moved = np.array(recorder.moved_bytes)  # all are observed, below the encryption
            assert moved[moved > 0].sum() == recorder.bytes_in
            assert -moved[moved < 0].sum() == recorder.bytes_out
            assert recorder.disconnects == 0


async def test_tls_pays_a_round_trip_more() -> None:
    link = Link(one_way_ms=30)
    with fresh_certificate() as certificate:
        trusted = client_context(certificate.authority)
        async with processes(3, link, certificate=certificate, trusted=trusted) as (
            server,
            swarm,
            _,
        ):
            await connected(swarm)
            assert min(connect_s(swarm)) >= 0.180, "TCP, TLS 1.3, and the hello"
            sent_ns = time.monotonic_ns()
            server.tell("msg 1\n")
            await reached(swarm, 1)
            assert min(swarm.recorder.received_ns) - sent_ns >= 30 * _MS


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted() -> None:
    with fresh_certificate() as certificate, fresh_certificate() as another:
        trusted = client_context(another.authority)
        async with processes(1, Link(), certificate=certificate, trusted=trusted) as (
            _,
            swarm,
            relay,
        ):
            swarm.start()
            await eventually(lambda: swarm.recorder.disconnects >= 2)  # it tries again
            (reason,) = swarm.recorder.reasons
            assert reason.startswith("TLS: ")
            assert "issuer" in reason
            assert swarm.connected == 0
            assert relay.up_bytes > 0


def test_the_key_is_ours_alone_and_does_not_stay() -> None:
    with fresh_certificate() as certificate:
        key = Path(certificate.keyfile or "")
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.parent.stat().st_mode & 0o777 == 0o700
        assert b"PRIVATE KEY" in key.read_bytes()
        assert (
            "PRIVATE" not in (certificate.authority or "") + Path(certificate.certfile).read_text()
        )
    assert not key.parent.exists()


def test_what_is_no_certificate_is_told_in_one_line(tmp_path: Path) -> None:
    none = tmp_path / "none.pem"
    with pytest.raises(UsageError, match=r"none\.pem: No such file"):
        Certificate(str(none)).server_context()
    none.write_text("nothing")
    with pytest.raises(UsageError, match=r"none\.pem"):
        Certificate(str(none)).server_context()
    with fresh_certificate() as one, fresh_certificate() as two:
        with pytest.raises(UsageError, match="MISMATCH") as caught:
            Certificate(one.certfile, two.keyfile).server_context()
        assert "\n" not in str(caught.value)
        both = tmp_path / "both.pem"
        both.touch(0o600)
        both.write_bytes(Path(one.certfile).read_bytes() + Path(one.keyfile or "").read_bytes())
        assert Certificate(str(both)).server_context().cert_store_stats() is not None
    assert os.listdir(tmp_path)
