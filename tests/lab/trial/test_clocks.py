"""The clocks of a trial: one until somebody is added, and then the publisher's for all moments."""

import asyncio
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest

from pushlab.errors import SetupError
from pushlab.lab.clocks.asker import ClockAsker, ClockDoor, Exchanges
from pushlab.lab.host.machine_watch import MachineWatch
from pushlab.lab.host.process_group import GroupWatch
from pushlab.lab.host.process_sampler import ProcessWatch
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.scenario.schedule import make_schedule
from pushlab.lab.trial.clocks import TrialClocks, where_to_answer
from pushlab.systems.publishing import HttpPublishing
from pushlab.wire.clock_exchange import ClockResponder

S = 1_000_000_000


class Shifted:
    """A worker on this event loop whose clock is said to be some seconds ahead."""

    def __init__(self, ahead_s: int = 0) -> None:
        self.ahead_ns = ahead_s * S
        self.responder: ClockResponder | None = None
        self.asker: ClockAsker | None = None
        self.dead = False

    async def answer_clock(self, host: str, key: str) -> int:
        self.responder = ClockResponder(host, key)
        return self.responder.port

    async def ask_clock(self, door: ClockDoor) -> Exchanges:
        if self.dead:
            raise RuntimeError("its process has ended")
        self.asker = self.asker or ClockAsker.open(door)
        await self.asker.ask(3)
        stamps = np.array(self.asker.exchanges().stamps).reshape(-1, 4)
        stamps[:, [0, 3]] += self.ahead_ns  # what it stamps itself
        return Exchanges(stamps=stamps.reshape(-1).tolist())

    def close(self) -> None:
        for one in (self.responder, self.asker):
            if one is not None:
                one.close()


@pytest.fixture
async def workers() -> AsyncIterator[tuple[Shifted, Shifted]]:
    made = Shifted(), Shifted(100)
    yield made
    for one in made:
        one.close()


async def test_on_one_machine_moments_are_what_they_are() -> None:
    clocks = TrialClocks()
    await clocks.ask()
    watch = ProcessWatch(1, "hub")
    watch.samples = [("hub", "", 5, 0.0, 0, 0, None)]
    clocks.map_watch(watch)
    assert watch.samples[0][2] == 5
    assert clocks.map_lags("hub", [[5, 1]]) == [[5, 1]]
    assert abs(clocks.now_ns() - time.monotonic_ns()) < 60 * S
    assert clocks.figures(None, None) == []


async def test_who_is_added_is_told_of_by_the_publishers_clock(
    workers: tuple[Shifted, Shifted],
) -> None:
    publisher, swarm = workers
    clocks = TrialClocks()
    try:
        await clocks.publisher_at(publisher, "127.0.0.1")
        clocks.add("swarm", swarm)
        await clocks.ask()
    finally:
        clocks.close()
    found = {one.process: one for one in clocks.figures(None, None)}
    assert found.keys() == {"runner", "swarm"}
    assert abs(found["swarm"].offset_ns + 100 * S) <= found["swarm"].bound_ns < S
    assert abs(found["runner"].offset_ns) <= found["runner"].bound_ns < S
    (lag,) = clocks.map_lags("swarm", [[200 * S, 7]])
    assert abs(lag[0] - 100 * S) < S
    assert lag[1] == 7


async def test_a_watch_is_of_the_clock_of_who_looked(workers: tuple[Shifted, Shifted]) -> None:
    publisher, swarm = workers
    clocks = TrialClocks()
    try:
        await clocks.publisher_at(publisher, "127.0.0.1")
        clocks.add("swarm 1", swarm)
        await clocks.ask()
    finally:
        clocks.close()
    here, there, machine = ProcessWatch(1, "swarm 2"), ProcessWatch(1, "swarm 1"), MachineWatch()
    there.stamped_there = True
    for watch in (here, there, machine):
        watch.samples = [(watch.name, "", 300 * S, 1.0, 2, 3, None)]
    machine.moments, machine.others = [(300 * S, 1.0, 0.0, 0.0)], [(300 * S, 1.0)]
    clocks.map_watch(GroupWatch([here, there], "swarm"))
    clocks.map_watch(machine)
    assert abs(here.samples[0][2] - 300 * S) < S
    assert abs(there.samples[0][2] - 200 * S) < S
    assert there.samples[0][3:] == (1.0, 2, 3, None)
    for at_ns, *_ in (*machine.moments, *machine.others):
        assert abs(at_ns - 300 * S) < S


@pytest.mark.parametrize("says", [True, False])
async def test_when_a_message_was_taken_is_the_servers_word_or_the_publishers(
    workers: tuple[Shifted, Shifted], says: bool
) -> None:
    publisher, _ = workers
    clocks = TrialClocks()
    schedule = make_schedule(
        arrivals="constant", channels=1, rate_per_s=4, warmup_s=0, duration_s=1, seed=1
    )
    log = PublishLog.create(schedule)
    log.accepted_ns[:2] = 400 * S
    try:
        await clocks.publisher_at(publisher, "127.0.0.1")
        clocks.add_server("127.0.0.1", publisher.responder.port)
        publisher.ahead_ns = 150 * S  # who asks is the publisher: the hub is behind
        await clocks.ask()
    finally:
        clocks.close()
    clocks.map_accepted(log, HttpPublishing(url="", path="", headers={}, numbers=says))
    moved_ns = 150 * S if says else 0
    assert (np.abs(log.accepted_ns[:2] - 400 * S - moved_ns) < S).all()
    assert (log.accepted_ns[2:] == 0).all()


async def test_who_has_died_is_known_as_well_as_before(workers: tuple[Shifted, Shifted]) -> None:
    publisher, swarm = workers
    clocks = TrialClocks()
    try:
        await clocks.publisher_at(publisher, "127.0.0.1")
        clocks.add("swarm", swarm)
        await clocks.ask()
        swarm.dead = True
        await clocks.ask_again()
    finally:
        clocks.close()
    assert {one.process for one in clocks.figures(None, None)} == {"runner", "swarm"}


async def test_where_no_datagram_passes_the_trial_says_so(
    workers: tuple[Shifted, Shifted],
) -> None:
    publisher, _ = workers
    clocks = TrialClocks()
    try:
        await clocks.publisher_at(publisher, "127.0.0.1")
        assert publisher.responder is not None
        publisher.responder.close()
        with pytest.raises(SetupError, match=r"clocks of publisher and runner .* over UDP"):
            await asyncio.wait_for(clocks.ask(), 60)
    finally:
        clocks.close()
    watch = ProcessWatch(1, "hub")  # what was begun is put away all the same
    watch.samples = [("hub", "", 5, 0.0, 0, 0, None)]
    clocks.map_watch(watch)
    assert watch.samples[0][2] == 5
    assert clocks.map_lags("hub", [[5, 1]]) == [[5, 1]]
    assert clocks.figures(None, None) == []


def test_the_key_is_not_shown_and_each_trial_has_its_own() -> None:
    clocks = TrialClocks()
    assert clocks.key not in repr(clocks)
    assert clocks.key != TrialClocks().key


@pytest.mark.parametrize(
    ("address", "at"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("10.0.0.5", "0.0.0.0"),
        ("worker.example", "0.0.0.0"),
        ("2001:db8::5", "::"),
    ],
)
def test_who_is_reached_from_elsewhere_answers_at_all_its_addresses(address: str, at: str) -> None:
    assert where_to_answer(address) == at
