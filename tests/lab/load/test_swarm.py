"""The swarm's driver, against a scripted subscriber and a plain server on loopback.

Longer than 400 lines, since one scripted server and subscriber serve all of it.
"""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Container
from itertools import pairwise
from random import Random
from types import SimpleNamespace

import numpy as np
import pytest

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Closed, Connected, Event, Message, Overtaken
from pushlab.contract.hits import Hit
from pushlab.contract.profile import Profile
from pushlab.contract.registry import make_transport
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.contract.transport import Transport
from pushlab.lab.load.swarm import Swarm
from pushlab.lab.load.traffic_tap import observed_among
from pushlab.lab.load.virtual_subscriber import Connection
from pushlab.runs import Link
from tests.lab.lab_tools import deliveries
from tests.patience import PATIENCE_S

LIMIT_S = PATIENCE_S
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps so")
#: A subscriber's bytes come by an event loop's own transport, or by a witness's.
both = pytest.mark.parametrize("witness", [False, True], ids=["usual", "witness"])
_MS = 1_000_000


class LineSubscriber(Subscriber):
    """A wire of lines: ``at N``, ``msg N``, ``end``; says hello, ticks, and says bye."""

    def __init__(self, endpoint: Endpoint, token: str, *, tick_ms: int, rng: Random) -> None:
        super().__init__(endpoint, token, cursor=None, rng=rng)
        self._tick_ns = tick_ms * _MS
        self._rest = b""
        self.ticks: list[int] = []

    def _on_connected(self, now_ns: int) -> None:
        self._rest = b""
        cursor = self._inbox.cursor
        self._hit(Hit.CONNECT if cursor is None else Hit.RECONNECT)
        self._send(f"hello {self._token} {0 if cursor is None else cursor.seq}\n".encode())
        if self._tick_ns:
            self._timer_ns = now_ns + self._tick_ns

    def _on_data(self, data: bytes, now_ns: int) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            word, _, rest = line.decode().partition(" ")
            if word == "at":
                self._located(Cursor("e", int(rest)))
            elif word == "msg":
                self._deliver("e", int(rest), "x")
            elif word == "end":
                self._end("token-expired", 401)
            elif word == "lose":
                self._lose("asked to", now_ns)

    def _on_timer(self, now_ns: int) -> None:
        self.ticks.append(now_ns)
        self._hit(Hit.KEEP_ALIVE)
        self._send(b"tick\n")
        self._timer_ns = now_ns + self._tick_ns

    def _on_close(self, now_ns: int) -> None:
        self._hit(Hit.LEAVE)
        self._send(b"bye\n")


class Lines(Transport):
    name = "lines"
    profile = Profile(title="Lines")

    def __init__(self, tick_ms: int = 0) -> None:
        super().__init__()
        self.tick_ms = tick_ms

    def subscriber(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None = None, rng: Random
    ) -> LineSubscriber:
        return LineSubscriber(endpoint, token, tick_ms=self.tick_ms, rng=rng)


class Server:
    """Speaks `LineSubscriber`'s wire; remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.writers: dict[str, asyncio.StreamWriter] = {}
        self.open = 0
        self.most_open = 0
        self.news = asyncio.Event()
        self.greeting = "at {seq}\n"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            while line := await reader.readline():
                text = line.decode().strip()
                self.heard.append(text)
                self.news.set()
                if text.startswith("hello"):
                    _, token, seq = text.split()
                    self.writers[token] = writer
                    writer.write(self.greeting.format(seq=seq).encode())
        except ConnectionError:
            pass
        finally:
            self.open -= 1
            writer.close()

    def tell(self, text: str, *tokens: str) -> None:
        for token in tokens or self.writers:
            self.writers[token].write(text.encode())

    async def until(self, count: int, start: str) -> None:
        """Wait until `count` lines beginning with `start` have been heard."""
        async with asyncio.timeout(LIMIT_S):
            while sum(line.startswith(start) for line in self.heard) < count:
                self.news.clear()
                await self.news.wait()


@contextlib.asynccontextmanager
async def processes(
    clients: int,
    *,
    per_channel: int = 100,
    tick_ms: int = 0,
    observed: Container[int] = (),
    witness: bool = False,
    link: Link | None = None,
) -> AsyncIterator[tuple[Server, Swarm]]:
    server = Server()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=1024)
    port = listener.sockets[0].getsockname()[1]
    swarm = Swarm(
        Lines(tick_ms),
        seed=1,
        link=link,
        observed=observed,
        witnesses=range(clients if witness else 0),
    )
    for number in range(clients):
        swarm.add(number // per_channel, Endpoint("127.0.0.1", port), f"t{number}")
    try:
        yield server, swarm
    finally:
        await swarm.leave(1.0)
        listener.close()
        await listener.wait_closed()


async def connected(swarm: Swarm) -> None:
    swarm.start()
    await asyncio.wait_for(swarm.all_connected(), LIMIT_S)


async def reached(swarm: Swarm, *heads: int) -> None:
    swarm.set_goal(heads)
    await asyncio.wait_for(swarm.reached(), LIMIT_S)


@both
async def test_all_connect_and_get_what_is_sent(witness: bool) -> None:
    async with processes(200, witness=witness) as (server, swarm):
        await connected(swarm)
        assert sorted(server.writers) == sorted(f"t{i}" for i in range(200))
        server.tell("msg 1\nmsg 2\n")
        await reached(swarm, 2, 2)
        recorder = swarm.recorder
        assert recorder.deliveries == 400
        assert recorder.bytes_in == 200 * len("at 0\nmsg 1\nmsg 2\n")
        assert recorder.bytes_out == sum(len(f"hello t{i} 0\n") for i in range(200))
        assert sorted(recorder.connect_subscriber) == list(range(200))
        assert (np.diff([recorder.wanted_ns, recorder.connected_ns], axis=0) > 0).all()
        assert swarm.hits() == {"connect": 200}


@both
async def test_of_a_few_every_piece_is_written_down(witness: bool) -> None:
    async with processes(4, observed=(1, 3), witness=witness) as (server, swarm):
        await connected(swarm)
        before_ns = time.monotonic_ns()
        server.tell("msg 1\n", "t0", "t1", "t2", "t3")
        await reached(swarm, 1)
        recorder = swarm.recorder
        rows = list(
            zip(recorder.moved_subscriber, recorder.moved_bytes, recorder.moved_ns, strict=True)
        )
        for number in (1, 3):
            mine = [size for subscriber, size, _ in rows if subscriber == number]
            assert mine[0] == -len(f"hello t{number} 0\n")
            assert sum(size for size in mine if size > 0) == len("at 0\nmsg 1\n")
        assert {subscriber for subscriber, _, _ in rows} == {1, 3}
        assert [at for _, _, at in rows] == sorted(at for _, _, at in rows)
        assert sum(at >= before_ns for _, _, at in rows) == 2


@pytest.mark.parametrize(
    ("clients", "count"), [(1, 1), (4, 1), (10, 2), (99, 19), (100, 20), (5_000, 20)]
)
def test_who_is_observed_is_spread_over_all(clients, count):
    found = observed_among(clients)
    assert len(found) == count
    assert found[0] == 0
    assert found[-1] < clients
    assert found[-1] >= clients - 2 * found.step


@linux
@pytest.mark.parametrize("one_way_ms", [0, 30])
async def test_of_a_witness_the_kernels_stamps_are_written_down_beside_its_own(
    one_way_ms: int,
) -> None:
    """What comes over an emulated link has come when it should have come out of it."""
    link = Link(one_way_ms=one_way_ms)
    async with processes(2, witness=True, link=link) as (server, swarm):
        await connected(swarm)
        while not swarm.recorder.stamped_row:  # the kernel begins a moment after it was asked
            await heard(server, swarm)
        swarm.recorder.begin()
        before_ns = time.monotonic_ns()
        await heard(server, swarm)
        recorder = swarm.recorder
        assert swarm.stamps is not None
        bound_ns = swarm.stamps.clock.bound_ns
        assert len(recorder.stamped_row) == 2
        for row, arrived_ns in zip(recorder.stamped_row, recorder.arrived_ns, strict=True):
            assert arrived_ns >= before_ns + one_way_ms * _MS - bound_ns
            assert arrived_ns <= recorder.received_ns[row] + bound_ns


@linux
async def test_a_swarm_that_is_late_is_told_of_by_its_witnesses() -> None:
    async with processes(4, witness=True) as (server, swarm):
        await connected(swarm)
        while not swarm.recorder.stamped_row:
            await heard(server, swarm)
        swarm.recorder.begin()
        server.tell(f"msg {swarm.readers[0].last_seq + 1}\n")
        time.sleep(0.2)  # noqa: ASYNC251 - the loop is held up on purpose
        await reached(swarm, swarm.readers[0].last_seq + 1)
        recorder = swarm.recorder
        late_ns = [
            recorder.received_ns[row] - arrived_ns
            for row, arrived_ns in zip(recorder.stamped_row, recorder.arrived_ns, strict=True)
        ]
        assert len(late_ns) == 4
        assert min(late_ns) > 0.19e9


async def heard(server: Server, swarm: Swarm) -> None:
    """Everybody hears one more message."""
    seq = swarm.readers[0].last_seq + 1
    server.tell(f"msg {seq}\n")
    await reached(swarm, seq)


@both
async def test_rows_have_each_delivery_in_order_of_arrival(witness: bool) -> None:
    async with processes(3, per_channel=2, witness=witness) as (server, swarm):
        await connected(swarm)
        server.tell("msg 1\n")
        await reached(swarm, 1, 1)
        swarm.recorder.begin()
        server.tell("msg 2\nmsg 3\n", "t0", "t2")
        await reached(swarm, 1, 3)
        await reached_by(swarm, 0, 3)
        columns = deliveries(swarm.recorder, per_channel=2)
        names = ("subscriber", "channel", "seq")
        rows = sorted(zip(*(columns[name].tolist() for name in names), strict=True))
        assert rows == [(0, 0, 2), (0, 0, 3), (2, 1, 2), (2, 1, 3)]
        assert (columns["received_ns"] > 0).all()


async def eventually(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110 - whatever it is, nobody tells of it
            await asyncio.sleep(0.001)


async def reached_by(swarm: Swarm, number: int, seq: int) -> None:
    await eventually(lambda: swarm.readers[number].last_seq >= seq)


async def test_the_goal_counts_those_who_have_not_reached_it() -> None:
    async with processes(4, per_channel=2) as (server, swarm):
        await connected(swarm)
        server.tell("msg 1\n", "t0")
        await reached_by(swarm, 0, 1)
        swarm.set_goal([1, 1])
        assert swarm.pending == 3
        server.tell("msg 1\n", "t1", "t2")
        await reached_by(swarm, 2, 1)
        await reached_by(swarm, 1, 1)
        assert swarm.pending == 1
        server.tell("msg 1\nmsg 2\n", "t3")
        await asyncio.wait_for(swarm.reached(), LIMIT_S)
        assert swarm.pending == 0


@both
async def test_a_lost_connection_is_counted_and_comes_back_to_resume(witness: bool) -> None:
    async with processes(1, witness=witness) as (server, swarm):
        await connected(swarm)
        server.tell("msg 1\n")
        await reached(swarm, 1)
        server.writers["t0"].close()
        await server.until(2, "hello")
        assert server.heard[-1] == "hello t0 1"
        server.tell("msg 1\nmsg 2\n")  # the first was there already
        await reached(swarm, 2)
        recorder = swarm.recorder
        assert recorder.disconnects == 1
        assert recorder.deliveries == 2
        assert swarm.set_right() == (1, 0)
        assert swarm.hits() == {"connect": 1, "reconnect": 1}
        assert len(recorder.connected_ns) == 1
        assert swarm.connected == 1


@both
async def test_a_connection_that_the_subscriber_gives_up_is_closed(witness: bool) -> None:
    async with processes(1, witness=witness) as (server, swarm):
        await connected(swarm)
        first = server.writers["t0"]
        server.tell("lose\n")
        await server.until(2, "hello")
        assert server.writers["t0"] is not first
        assert swarm.recorder.reasons == {"asked to": 1}
        await eventually(lambda: server.open <= 1)


@both
async def test_nobody_there_is_tried_again(witness: bool) -> None:
    async with processes(2, witness=witness) as (server, swarm):
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        listener.close()
        await listener.wait_closed()
        for reader in swarm.readers:
            reader.subscriber.endpoint = Endpoint("127.0.0.1", port)
        swarm.start()
        await eventually(lambda: swarm.recorder.disconnects >= 2)
        listener = await asyncio.start_server(server.serve, "127.0.0.1", port)
        await asyncio.wait_for(swarm.all_connected(), LIMIT_S)
        listener.close()


@both
async def test_gaps_and_ends_are_counted(witness: bool) -> None:
    async with processes(2, witness=witness) as (server, swarm):
        told: list[Closed] = []
        swarm.on_closed = told.append
        await connected(swarm)
        server.tell("msg 5\n", "t0")
        server.tell("end\n", "t1")
        await eventually(lambda: told and swarm.recorder.gaps)
        assert told == [Closed("token-expired", 401)]
        assert swarm.closed == 1
        assert swarm.recorder.reasons == {"closed: token-expired": 1}
        assert swarm.recorder.gaps == 1


async def test_timers_run_when_they_are_due_and_not_before() -> None:
    async with processes(1, tick_ms=20) as (server, swarm):
        await connected(swarm)
        subscriber = swarm.readers[0].subscriber
        await server.until(5, "tick")
        ticks = subscriber.ticks
        assert len(ticks) >= 5
        gaps = [later - earlier for earlier, later in pairwise(ticks)]
        assert min(gaps) >= 20 * _MS


@both
async def test_leaving_says_goodbye_and_closes(witness: bool) -> None:
    async with processes(20, witness=witness) as (server, swarm):
        await connected(swarm)
        await swarm.leave(LIMIT_S)
        assert swarm.connections == set()
        await server.until(20, "bye")
        assert swarm.hits() == {"connect": 20, "leave": 20}
        assert swarm.recorder.disconnects == 0
        assert swarm.closed == 0  # they left; nobody ended them


async def test_not_all_dial_at_once() -> None:
    async with processes(150) as (_, swarm):
        most = 0
        task_count = swarm._dialing

        def look() -> None:
            nonlocal most
            most = max(most, len(task_count))
            if swarm.connected < 150:
                swarm.loop.call_soon(look)

        swarm.loop.call_soon(look)
        await connected(swarm)
        assert 1 < most <= 64


async def test_the_application_sees_what_a_careless_plugin_repeats() -> None:
    async with processes(1) as (_, swarm):
        reader = swarm.readers[0]
        reader.take([Message("e", 1, "x"), Message("e", 1, "x"), Message("e", 3, "x")], 5)
        reader.take([Message("e", 2, "x")], 6)
        recorder = swarm.recorder
        assert recorder.seq.tolist() == [1, 1, 3, 2]
        assert recorder.received_ns.tolist() == [5, 5, 5, 6]


async def test_what_was_overtaken_has_its_row() -> None:
    async with processes(1) as (_, swarm):
        reader = swarm.readers[0]
        reader.take([Message("e", 2, "x"), Overtaken("e", 1, "x")], 5)
        assert swarm.recorder.seq.tolist() == [2, 1]
        assert swarm.recorder.received_ns.tolist() == [5, 5]
        assert reader.last_seq == 2


# ---- transports without a sans-I/O client half -----------------------------------------------


class Friendly(Transport):
    name = "friendly"
    profile = Profile(title="Friendly")

    def __init__(self) -> None:
        super().__init__()
        self.queues: list[asyncio.Queue[Event]] = []

    async def messages(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None = None
    ) -> AsyncIterator[Event]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self.queues.append(queue)
        yield Connected(Cursor("e", 0))
        while True:
            event = await queue.get()
            if isinstance(event, SimpleNamespace):
                raise ValueError("the plug-in broke")
            yield event


async def test_the_friendly_form_runs_as_tasks() -> None:
    transport = Friendly()
    swarm = Swarm(transport, seed=1)
    for _ in range(3):
        swarm.add(0, Endpoint("127.0.0.1", 1), "t")
    await connected(swarm)
    for queue in transport.queues:
        queue.put_nowait(Message("e", 1, "x"))
    await reached(swarm, 1)
    assert swarm.recorder.deliveries == 3
    assert swarm.hits() == {}
    transport.queues[0].put_nowait(SimpleNamespace())  # type: ignore[arg-type]
    await eventually(lambda: swarm.closed)
    assert list(swarm.recorder.reasons) == ["closed: ValueError: the plug-in broke"]
    await swarm.leave(LIMIT_S)
    assert all(reader.task.done() for reader in swarm.readers)


@pytest.mark.parametrize("transport", ["short-polling", "websocket"])
async def test_phases_come_from_the_seed(transport: str) -> None:
    def numbers(seed: int) -> list[float]:
        swarm = Swarm(make_transport(transport), seed=seed)
        for _ in range(3):
            swarm.add(0, Endpoint("127.0.0.1", 1), "t")
        return [reader.subscriber.rng.random() for reader in swarm.readers]

    assert numbers(1) == numbers(1)
    assert numbers(1) != numbers(2)
    assert len(set(numbers(1))) == 3


class Told:
    """A connection that is seen by what it was told to read."""

    def __init__(self, swarm: Swarm, told: list[tuple[int, int]], number: int) -> None:
        self.swarm = swarm
        self._told = told
        self._number = number

    def read(self, data: bytes, now_ns: int) -> None:
        self._told.append((self._number, now_ns))


async def test_what_arrives_together_is_noted_before_any_of_it_is_read() -> None:
    swarm = Swarm(Lines(), seed=1)
    told: list[tuple[int, int]] = []
    for number in range(10):
        Connection.data_received(Told(swarm, told, number), b"x")  # type: ignore[arg-type]
    noted_ns = time.monotonic_ns()
    assert told == []
    for _ in range(10):
        await asyncio.sleep(0)
    assert [number for number, _ in told] == list(range(10))
    assert all(now_ns <= noted_ns for _, now_ns in told)


async def test_the_event_loop_looks_again_between_a_few_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pushlab.lab.load.swarm_state._OVERLOAD_NS", 3_600_000_000_000)
    swarm = Swarm(Lines(), seed=1)
    told: list[tuple[int, int]] = []
    for number in range(6):
        Connection.data_received(Told(swarm, told, number), b"x")  # type: ignore[arg-type]
    seen = []
    while swarm.reading:
        await asyncio.sleep(0)
        seen.append(len(told))
    assert seen == [4, 6]


async def test_an_overloaded_generator_reads_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pushlab.lab.load.swarm_state._OVERLOAD_NS", -1)
    swarm = Swarm(Lines(), seed=1)
    told: list[tuple[int, int]] = []
    for number in range(50):
        Connection.data_received(Told(swarm, told, number), b"x")  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert len(told) == 50


def test_the_swarms_process_starts_without_what_only_the_runner_needs():
    """Every megabyte there is one that the machine under test does not have."""
    code = (
        "import sys, pushlab.lab.workers.swarm_process\n"
        "print(*({'numpy', 'pyarrow', 'matplotlib', 'psutil', 'uvicorn'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    assert told.stdout.split() == []
