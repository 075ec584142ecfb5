"""A channel's feeds: in order, once each, cut off where a reader is slow."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
)

from pushlab.contract.cursor import Cursor
from pushlab.contract.serving import HubSettings
from pushlab.hub.channel import Channel
from tests.hub.channel_sink import SECOND, Sink, feed_of, make, publish


def test_a_feed_writes_nothing_before_its_start():
    channel, sink = make(), Sink()
    feed = feed_of(channel, sink)
    feed.resume()
    publish(channel)
    assert sink.seqs == []
    feed.start()
    assert sink.seqs == [1], "what came between opening and starting is not lost"


def test_a_second_start_changes_nothing():
    channel, sink = make(), Sink()
    feed = feed_of(channel, sink)
    feed.start()
    publish(channel)
    feed.start()
    assert sink.seqs == [1]


def test_a_closed_feed_is_silent_and_closing_twice_is_once():
    channel, sink = make(), Sink()
    feed = feed_of(channel, sink)
    feed.start()
    feed.close()
    feed.close()
    publish(channel)
    feed.resume()
    feed.finish("token-expired", 401)
    assert (sink.seqs, sink.ended, sink.closed) == ([], None, 1)
    assert not channel.feeds


def test_a_write_that_closes_its_feed_in_mid_publish_harms_nobody():
    channel, first, second = make(), Sink(), Sink()
    other = feed_of(channel, second)
    other.start()

    def write(entries):
        first.seqs += [entry.seq for entry in entries]
        feed.close()
        other.close()
        return True

    first.write = write
    channel.feeds.clear()  # so that the closing one comes first
    feed = feed_of(channel, first)
    channel.feeds[other] = None
    feed.start()
    publish(channel)
    publish(channel)
    assert (first.seqs, second.seqs) == ([1], [])


@pytest.mark.parametrize("behind", [0, 1, 63, 64, 65, 200])
def test_the_handover_from_replay_to_live_has_no_seam(behind):
    channel, sink = make(), Sink()
    for _ in range(behind):
        publish(channel)

    def write(entries):
        sink.seqs += [entry.seq for entry in entries]
        if len(sink.seqs) < behind + 3 and channel.head < behind + 3:
            publish(channel)  # something is published while the replay goes on
        return True

    sink.write = write
    feed = feed_of(channel, sink, Cursor(channel.epoch, 0))
    feed.start()
    publish(channel)
    assert sink.seqs == list(range(1, channel.head + 1))


def test_a_replay_comes_in_bounded_batches():
    channel, sink = make(), Sink()
    for _ in range(200):
        publish(channel, "y" * 20_000)
    feed_of(channel, sink, Cursor(channel.epoch, 0)).start()
    assert sink.seqs == list(range(1, 201))
    assert max(sink.batches) <= 3, "64 KiB at a time"


def test_a_blocked_feed_reads_on_where_it_stopped():
    channel, sink = make(), Sink()
    feed = feed_of(channel, sink)
    feed.start()
    sink.open = False
    for _ in range(10):
        publish(channel)
    assert sink.seqs == [1]
    sink.open = True
    feed.resume()
    publish(channel)
    assert sink.seqs == list(range(1, 12))


def test_lag_by_count_ends_the_feed_just_beyond_the_limit():
    channel, sink, quick = make(lag_messages=3), Sink(), Sink()
    feed_of(channel, sink).start()
    feed_of(channel, quick).start()
    sink.open = False
    publish(channel)  # taken, and the last that is
    for _ in range(3):
        publish(channel)
    assert sink.ended is None
    publish(channel)
    assert (sink.ended, sink.closed) == (("slow-reader", 408), 1)
    assert (quick.ended, quick.seqs) == (None, [1, 2, 3, 4, 5]), "it hurts only itself"


def test_lag_by_bytes_ends_the_feed():
    channel, sink = make(lag_bytes=10), Sink()
    feed_of(channel, sink).start()
    sink.open = False
    publish(channel)
    publish(channel, "x" * 10)
    assert sink.ended is None
    publish(channel, "x")
    assert sink.ended == ("slow-reader", 408)


def test_a_long_replay_is_not_lag():
    """A reader that comes back from far behind is judged by what is published from now on."""
    channel, sink = make(lag_messages=5), Sink()
    for _ in range(500):
        publish(channel)
    sink.room = 1
    feed = feed_of(channel, sink, Cursor(channel.epoch, 0))
    feed.start()
    publish(channel)
    assert sink.ended is None
    while feed.seq < channel.head:
        sink.room = 1
        feed.resume()
    assert sink.seqs == list(range(1, 502))


def test_what_retention_drops_under_a_blocked_feed_ends_it():
    channel, sink = make(retain_messages=2), Sink()
    feed = feed_of(channel, sink)
    feed.start()
    sink.open = False
    for _ in range(5):
        publish(channel)
    sink.open = True
    feed.resume()
    assert (sink.seqs, sink.ended) == ([1], ("slow-reader", 408)), "never a silent hole"


def test_the_hubs_own_reader_is_never_ended_and_goes_on_behind_a_hole():
    channel, sink = make(retain_messages=2, lag_messages=1), Sink()
    feed = feed_of(channel, sink, limited=False)
    feed.start()
    sink.open = False
    for _ in range(5):
        publish(channel)
    sink.open = True
    feed.resume()
    publish(channel)
    assert (sink.seqs, sink.ended) == ([1, 4, 5, 6], None)


class Feeds(RuleBasedStateMachine):
    """Any interleaving: each feed gets exactly its sequence, or is closed as a slow reader."""

    feeds = Bundle("feeds")

    def __init__(self):
        super().__init__()
        self.channel = Channel(
            "room",
            HubSettings(
                retain_messages=40, retain_bytes=400, retain_s=1.0, lag_messages=15, lag_bytes=150
            ),
            now_ns=0,
        )
        self.now_ns = 0
        self.all = []

    @rule(size=st.integers(1, 40), times=st.integers(1, 12))
    def publish(self, size, times):
        for _ in range(times):
            publish(self.channel, "x" * size, self.now_ns)

    @rule(ns=st.integers(0, SECOND // 2))
    def age(self, ns):
        self.now_ns += ns
        self.channel.trim(self.now_ns)

    @rule(
        target=feeds,
        back=st.one_of(st.none(), st.integers(0, 60)),
        start=st.booleans(),
        limited=st.booleans(),
    )
    def open(self, back, start, limited):
        after = None
        if back is not None:
            after = Cursor(self.channel.epoch, max(0, self.channel.head - back))
        sink = Sink()
        feed = feed_of(self.channel, sink, after, limited=limited)
        assert (feed.gap_after is not None) == (
            after is not None and after.seq < self.channel.first - 1
        )
        self.all.append((feed, sink))
        if start:
            feed.start()
        return feed, sink

    @rule(pair=feeds)
    def start(self, pair):
        pair[0].start()

    @rule(pair=feeds, room=st.integers(1, 3))
    def block(self, pair, room):
        pair[1].room = room

    @rule(pair=feeds)
    def unblock(self, pair):
        feed, sink = pair
        sink.room = None
        feed.resume()

    @rule(pair=consumes(feeds))
    def close(self, pair):
        pair[0].close()

    @invariant()
    def every_feed_has_its_sequence(self):
        for feed, sink in self.all:
            begin = feed.position.seq + 1
            if feed.limited:
                assert sink.seqs == list(range(begin, begin + len(sink.seqs)))
            else:
                assert sink.seqs == sorted(set(sink.seqs))
                assert sink.ended is None
            if sink.ended:
                assert sink.ended == ("slow-reader", 408)
                assert feed not in self.channel.feeds
            open_and_keen = feed in self.channel.feeds and feed._started and feed.ready
            if open_and_keen:
                assert feed.seq == self.channel.head, "a ready feed has everything"

    @invariant()
    def the_log_is_within_its_bounds(self):
        channel = self.channel
        kept = channel._log[channel._start :]
        assert [entry.seq for entry in kept] == list(range(channel.first, channel.head + 1))
        assert len(kept) <= 40
        assert sum(entry.size for entry in kept) == channel._bytes <= 400


Feeds.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestFeeds = Feeds.TestCase
