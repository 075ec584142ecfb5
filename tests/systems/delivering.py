"""What every system must do: each reader gets the messages of its channel, once and in order.

A test of a system is a line: ``await delivers("nchan", "sse", "websocket")``. Where what it needs
is not installed, it is skipped with the reason.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from random import Random

import psutil
import pytest

from pushlab.contract.events import Closed, Event, Unnumbered
from pushlab.contract.subscriber import Endpoint, Subscriber
from pushlab.systems.registry import find_system
from pushlab.systems.stamp import stamps_in
from pushlab.systems.system import Admission, Started, System, Wanted
from pushlab.wire.driver import Driver
from tests.patience import until

KEY = 7
CHANNELS = ("lab-7-0", "lab-7-1")
MESSAGES = 5
PROBES = 60
PAYLOAD = "x" * 40


class Reader(Driver):
    """Reads one channel; `got` are channel and number of each message in the order of coming."""

    def __init__(self, subscriber: Subscriber) -> None:
        super().__init__(subscriber)
        self.got: list[tuple[int, int]] = []
        self.ended: list[Closed] = []

    def take(self, events: Sequence[Event], now_ns: int) -> None:
        for event in events:
            if isinstance(event, Unnumbered):
                self.got += stamps_in(event.data, KEY)
            elif isinstance(event, Closed):
                self.ended.append(event)

    async def leave(self) -> None:
        self.say_goodbye()
        await self._gone.wait()
        self._stop()

    def behind(self, number: int) -> list[tuple[int, int]]:
        return [each for each in self.got if each[1] > number]


def installed(name: str) -> System:
    """The system, or the end of this test: what it needs is not there."""
    system = find_system(name)
    if lacking := system.missing():
        pytest.skip(f"{name}: {lacking}")
    return system


async def delivers(name: str, *transports: str, **options: object) -> None:
    """Each of two readers of two channels gets all that is published there, and nothing else.

    One server is started for all of the transports.
    """
    system = installed(name)
    wanted = Wanted(transport=transports[0], options=options, channels=CHANNELS, stamp_key=KEY)
    started = await system.start(wanted)
    try:
        for transport in transports:
            await _read_all(system, started, transport, options)
        tree = [pid for each in started.watched.values() for pid in _tree(each.pid)]
    finally:
        await started.stop()
    assert tree, "nothing of it is watched"
    assert not [pid for pid in tree if psutil.pid_exists(pid)], "it left processes behind"


async def _read_all(
    system: System, started: Started, transport: str, options: dict[str, object]
) -> None:
    made = system.transport(transport, options)
    who = [
        (f"reader-{place}", place % len(CHANNELS), CHANNELS[place % len(CHANNELS)])
        for place in range(2 * len(CHANNELS))
    ]
    admissions = await started.api.admit(transport, who)
    async with AsyncExitStack() as stack:
        readers = []
        for admission in admissions:
            reader = Reader(made.subscriber(_endpoint(admission), admission.token, rng=Random(1)))
            reader.start()
            stack.push_async_callback(reader.leave)
            readers.append(reader)
        for _ in range(PROBES):
            last = await _publish(started)
            if await holds_soon(lambda: all(reader.got for reader in readers)):
                break
        else:
            pytest.fail(f"{transport}: no reader is in: {[reader.ended for reader in readers]}")
        for _ in range(MESSAGES):
            await _publish(started)
        for reader, (_, place, _) in zip(readers, who, strict=True):
            owed = [(place, number) for number in range(last + 1, last + 1 + MESSAGES)]
            here = f"{transport}: not all came"
            await until(lambda r=reader, n=last: len(r.behind(n)) >= MESSAGES, here)
            assert reader.behind(last) == owed, transport


async def holds_soon(holds: Callable[[], bool]) -> bool:
    """Whether it comes true within a second."""
    for _ in range(100):
        if holds():
            return True
        await asyncio.sleep(0.01)
    return False


async def _publish(started: Started) -> int:
    """A message to each channel; its number, which is the same on all."""
    (number,) = set(await started.api.publish_batch([(channel, PAYLOAD) for channel in CHANNELS]))
    return number


def _endpoint(admission: Admission) -> Endpoint:
    return Endpoint.told(admission.endpoint)


def _tree(pid: int) -> list[int]:
    return [pid, *(each.pid for each in psutil.Process(pid).children(recursive=True))]
