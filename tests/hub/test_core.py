"""The hub by a hand-driven clock: a gap is told to who missed something, and to nobody else."""

import asyncio
import time

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import pushlab
from pushlab.contract.serving import HubSettings
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import Refused
from pushlab.hub.core import Hub
from pushlab.hub.serve import serve
from tests.live_hub import HTTP_TRANSPORTS, LiveHub, config
from tests.patience import PATIENCE_S

RETAIN_S = 100.0
NAMES = st.sampled_from(["news", "quiet"])


class Clocks:
    def __init__(self):
        self.ns = 10**12
        self.wall = 1_000_000.0

    def go_on(self, seconds):
        self.ns += int(seconds * 1e9)
        self.wall += seconds


def a_hub(clocks, **dials):
    return Hub(
        keys=TokenKeys.fresh(),
        settings=HubSettings(retain_s=RETAIN_S, **dials),
        wall=lambda: clocks.wall,
        clock_ns=lambda: clocks.ns,
    )


class Reader:
    def __init__(self, grant):
        self.grant = grant
        self.cursor = None
        self.feed = None
        self.ended = None
        self.got = []

    def write(self, entries):
        self.got += [(entry.epoch, entry.seq) for entry in entries]
        self.cursor = entries[-1].cursor
        return True

    def end(self, reason, status):
        self.ended, self.feed = (reason, status), None


class Gaps(RuleBasedStateMachine):
    """Readers come and go by stream and by poll, while time passes and sweeps run at any time.

    A model remembers for each channel when each message was published; whoever comes back misses
    those behind its cursor that are older than retention, or beyond its count.
    """

    def __init__(self):
        super().__init__()
        self.clocks = Clocks()
        self.hub = a_hub(self.clocks, retain_messages=5)
        self.published = {"news": [], "quiet": []}  # the times, by seq - 1
        self.readers = []
        for name in ("news", "quiet"):
            for who in ("ann", "bob"):
                _, grant = self.hub.make_token(who, name, 1_440)
                self.readers.append(Reader(grant))

    def lost(self, name, seq):
        """Whether any message behind `seq` is beyond retention."""
        times = self.published[name]
        oldest = self.clocks.ns - int(RETAIN_S * 1e9)
        return any(
            number >= seq and (time < oldest or len(times) - number > 5)
            for number, time in enumerate(times)
        )

    def judge(self, reader, seq, gap_after, position):
        name = reader.grant.channel
        if seq is None:
            assert gap_after is None
            assert position.seq == len(self.published[name])
        else:
            assert (gap_after is not None) == self.lost(name, seq), (seq, gap_after, position)

    @rule(number=st.integers(0, 3))
    def subscribe(self, number):
        reader = self.readers[number]
        if reader.feed is not None:
            return
        seq = None if reader.cursor is None else reader.cursor.seq
        lost_before = seq is not None and self.lost(reader.grant.channel, seq)
        feed = self.hub.subscribe(
            reader.grant, reader.cursor, transport="t", write=reader.write, end=reader.end
        )
        assert (feed.gap_after is not None) == lost_before, (seq, feed.gap_after, feed.position)
        reader.cursor = feed.position
        reader.feed = feed
        feed.start()

    @rule(number=st.integers(0, 3))
    def cut(self, number):
        reader = self.readers[number]
        if reader.feed is not None:
            reader.feed.close()
            reader.feed = None

    @rule(number=st.integers(0, 3))
    def poll(self, number):
        reader = self.readers[number]
        if reader.feed is not None:
            return
        seq = None if reader.cursor is None else reader.cursor.seq
        page = self.hub.read(reader.grant, reader.cursor)
        self.judge(reader, seq, page.gap_after, page.position)
        reader.cursor = page.cursor

    @rule(name=NAMES)
    def publish(self, name):
        self.published[name].append(self.clocks.ns)
        assert self.hub.publish(name, "x").seq == len(self.published[name])

    @rule(seconds=st.sampled_from([0.001, 1.0, 60.0, 99.0, 101.0, 250.0]))
    def wait(self, seconds):
        self.clocks.go_on(seconds)
        self.hub.sweep()

    @rule()
    def retire(self):
        self.hub.retire()

    @invariant()
    def caught_up(self):
        for reader in self.readers:
            if reader.feed is not None:
                assert reader.cursor.seq == len(self.published[reader.grant.channel])


TestGaps = Gaps.TestCase
TestGaps.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_an_idle_channel_whose_stream_breaks_before_the_sweep_is_not_a_gap():
    clocks = Clocks()
    hub = a_hub(clocks)
    for published in (0, 3):
        name = f"idle-{published}"
        for _ in range(published):
            hub.publish(name, "x")
        _, grant = hub.make_token("ann", name, 1_440)
        reader = Reader(grant)
        feed = hub.subscribe(grant, None, transport="t", write=reader.write, end=reader.end)
        at = feed.position
        clocks.go_on(10 * RETAIN_S)
        hub.retire()
        held = hub.channel_count
        feed.close()
        clocks.go_on(0.1)
        hub.retire()
        assert hub.channel_count == held - 1, "nobody is there and nothing is held"
        back = hub.subscribe(grant, at, transport="t", write=reader.write, end=reader.end)
        assert (back.gap_after, back.position) == (None, at)
        assert hub.publish(name, "next").seq == published + 1
        back.close()


def test_a_channel_that_keeps_for_longer_than_the_hub_is_not_forgotten_with_its_messages():
    clocks = Clocks()
    hub = a_hub(clocks)
    hub.channel("long").settings = HubSettings(retain_s=100 * RETAIN_S)
    entry = hub.publish("long", "kept")
    clocks.go_on(10 * RETAIN_S)
    hub.retire()
    _, grant = hub.make_token("ann", "long", 1_440)
    page = hub.read(grant, type(entry.cursor)(entry.epoch, 0))
    assert [each.data for each in page.entries] == ["kept"]


async def test_a_sweep_that_fails_is_not_the_last(monkeypatch, caplog):
    monkeypatch.setattr("pushlab.hub.core._SWEEP_S", 0.001)
    clocks = Clocks()
    hub = a_hub(clocks)
    _, grant = hub.make_token("ann", "room", 1)
    reader = Reader(grant)
    failing = iter([True, True])

    def sweep(now_ns):
        if next(failing, False):
            raise RuntimeError("a seeded fault")

    monkeypatch.setattr(hub.presence, "sweep", sweep)
    async with hub.running():
        hub.subscribe(grant, None, transport="t", write=reader.write, end=reader.end)
        clocks.wall += 61
        async with asyncio.timeout(PATIENCE_S):
            while reader.ended is None:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.001)
    assert reader.ended == ("token-expired", 401)
    assert [record.getMessage() for record in caplog.records] == ["a sweep failed"] * 2


async def test_a_hub_that_stops_tells_of_those_who_poll_too():
    hub, told = Hub(keys=TokenKeys.fresh()), []
    hub.presence.listen(lambda event: told.append((event.client_id, event.connected)))
    async with hub.running():
        hub.lease(hub.make_token("ada", None, None)[1])
        assert told == [("ada", True)]
    assert told == [("ada", True), ("ada", False)]


def test_every_feed_ends_when_the_wall_clock_says_so_and_none_by_a_timer():
    """The loop's clock stands still here: what ends the feeds is the wall clock alone."""

    async def story():
        clocks = Clocks()
        hub = a_hub(clocks)
        readers = []
        for minutes in (1, 60):
            _, grant = hub.make_token("ann", "room", minutes)
            reader = Reader(grant)
            reader.feed = hub.subscribe(
                grant, None, transport="t", write=reader.write, end=reader.end
            )
            readers.append(reader)
        clocks.wall += 3_599  # somebody set the clock; nothing else has moved
        hub.sweep()
        assert [reader.ended for reader in readers] == [("token-expired", 401), None]
        clocks.wall -= 7_200
        hub.sweep()
        assert readers[1].ended is None
        clocks.wall += 7_201
        hub.sweep()
        assert readers[1].ended == ("token-expired", 401)
        assert hub.feed_count == 0
        clocks.ns += 2 * 10**9
        hub.sweep()
        assert hub.presence.total() == 0

    asyncio.run(story())


@pytest.mark.parametrize("how", ["stream", "held polls", "polls", "a log-in"])
@pytest.mark.parametrize("renews", [True, False])
def test_who_renews_an_expired_token_in_time_was_there_all_the_while(how, renews):
    async def story():
        clocks = Clocks()
        hub = a_hub(clocks)
        told = []
        hub.presence.listen(lambda event: told.append(event.connected))

        def come():
            _, grant = hub.make_token("ann", "room", 1)
            reader = Reader(grant)
            if how == "stream":
                hub.subscribe(grant, None, transport="t", write=reader.write, end=reader.end)
            elif how == "held polls":
                hub.lease(grant, 1)  # of the poll before
                go = lambda *_: hub.release(grant)  # noqa: E731
                hub.subscribe(grant, None, transport="t", write=reader.write, end=go)
            elif how == "polls":
                hub.lease(grant)
            else:
                hub.join(grant)
            return grant

        grant = come()
        clocks.go_on(59)
        if how == "polls":
            hub.lease(grant)
        clocks.go_on(1)
        hub.sweep()
        if how == "a log-in":
            hub.leave(grant)
        clocks.go_on(1.9)
        hub.sweep()
        assert told == [True]
        if renews:
            come()
        clocks.go_on(0.1)
        hub.sweep()
        assert told == ([True] if renews else [True, False])

    asyncio.run(story())


async def test_over_every_wire_a_stepped_clock_ends_tokens_and_no_other_way(monkeypatch):
    """The wall clock of a hub that serves is set by hours; the monotonic one goes on as ever."""
    step_s = 0.0
    defaults = {**Hub.__init__.__kwdefaults__, "wall": lambda: time.time() + step_s}
    monkeypatch.setattr(Hub.__init__, "__kwdefaults__", defaults)
    listening, stop = asyncio.get_running_loop().create_future(), asyncio.Event()
    keys = TokenKeys.fresh()
    settings = config(keys=keys.export())
    serving = asyncio.ensure_future(serve(settings, stop=stop, ready=listening.set_result))
    url = await asyncio.wait_for(listening, PATIENCE_S)
    hub = LiveHub(url, settings.api_key)

    async def read(token, transport, options):
        async with pushlab.connect(url, token, transport=transport, **options) as messages:
            async for message in messages:
                heard[transport].append(message.data)

    try:
        for minutes, steps in ((120, (-3_600.0, 7_100.0, 7_300.0)), (1_440, (86_500.0,))):
            issued = step_s
            heard = {name: [] for name in HTTP_TRANSPORTS}
            readers = {}
            for name in HTTP_TRANSPORTS:
                body = {"client_id": name, "channel": "room", "duration_minutes": minutes}
                token = (await hub.api("POST", "/v1/channels", body)).json["token"]
                options = {"interval_s": 0.05} if name == "short-polling" else {}
                readers[name] = asyncio.ensure_future(read(token, name, options))
            await hub.until_present("room", sorted(HTTP_TRANSPORTS))
            for number, step in enumerate(steps[:-1]):
                step_s = issued + step
                await asyncio.sleep(0.6)  # two sweeps
                await hub.publish("room", str(number))
                for name in HTTP_TRANSPORTS:
                    async with asyncio.timeout(PATIENCE_S):
                        while len(heard[name]) <= number:
                            assert not readers[name].done(), f"{name} ended early"
                            await asyncio.sleep(0.01)
            step_s = issued + steps[-1]
            for name, reader in readers.items():
                with pytest.raises(Refused) as told:
                    await asyncio.wait_for(reader, PATIENCE_S)
                assert (told.value.status, told.value.reason) == (401, "token-expired"), name
    finally:
        stop.set()
        await serving
