"""A channel's log: nothing lost, nothing twice, and a bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.contract.cursor import Cursor
from pushlab.errors import Refused
from tests.hub.channel_sink import SECOND, make, publish

# ---- the log ----------------------------------------------------------------------------------


def test_seqs_count_from_one_without_holes():
    channel = make()
    assert [publish(channel).seq for _ in range(5)] == [1, 2, 3, 4, 5]
    assert channel.head == 5
    assert channel.first == 1


def test_epochs_differ_between_lives():
    assert make().epoch != make().epoch


def test_retention_by_count_keeps_the_newest():
    channel = make(retain_messages=3)
    for _ in range(10):
        publish(channel)
    assert (channel.first, channel.head) == (8, 10)


def test_retention_by_bytes_counts_utf8():
    channel = make(retain_bytes=10)
    for _ in range(4):
        publish(channel, "éé")  # four bytes each
    assert (channel.first, channel.head) == (3, 4)


def test_retention_by_age():
    channel = make(retain_s=10.0)
    publish(channel, now_ns=0)
    publish(channel, now_ns=5 * SECOND)
    channel.trim(10 * SECOND)
    assert channel.first == 1, "an age of exactly the limit is retained"
    channel.trim(10 * SECOND + 1)
    assert channel.first == 2
    channel.trim(100 * SECOND)
    assert channel.first == channel.head + 1, "all gone, and seq goes on"
    assert publish(channel, now_ns=100 * SECOND).seq == 3


@given(
    sizes=st.lists(st.integers(1, 30), max_size=60),
    retain_messages=st.integers(1, 20),
    retain_bytes=st.integers(1, 200),
)
def test_retention_keeps_the_longest_tail_within_both_bounds(sizes, retain_messages, retain_bytes):
    channel = make(retain_messages=retain_messages, retain_bytes=retain_bytes)
    for size in sizes:
        publish(channel, "x" * size)
    kept = 0
    while (
        kept < len(sizes)
        and kept < retain_messages
        and sum(sizes[len(sizes) - kept - 1 :]) <= retain_bytes
    ):
        kept += 1
    assert channel.head - channel.first + 1 == kept


def test_a_long_life_does_not_grow_the_log():
    channel = make(retain_messages=5)
    for _ in range(5_000):
        publish(channel)
    assert len(channel._log) < 600, "what retention dropped is let go of"
    entries = channel.slice(4_996, messages=10, size=10**6)
    assert [entry.seq for entry in entries] == [4_997, 4_998, 4_999, 5_000]


# ---- reading ----------------------------------------------------------------------------------


def test_no_cursor_reads_from_now():
    channel = make()
    publish(channel)
    assert channel.locate(None) == (Cursor(channel.epoch, 1), None)


def test_a_cursor_within_the_log_is_itself():
    channel = make()
    publish(channel)
    publish(channel)
    for seq in (0, 1, 2):
        at = Cursor(channel.epoch, seq)
        assert channel.locate(at) == (at, None)


def test_a_cursor_behind_retention_is_a_gap():
    channel = make(retain_messages=2)
    for _ in range(5):
        publish(channel)
    after = Cursor(channel.epoch, 2)
    assert channel.locate(after) == (Cursor(channel.epoch, 3), after)
    edge = Cursor(channel.epoch, 3)
    assert channel.locate(edge) == (edge, None), "the message behind it is still there"


def test_a_cursor_of_another_life_is_a_gap_even_in_an_empty_log():
    channel = make()
    after = Cursor("another", 7)
    assert channel.locate(after) == (Cursor(channel.epoch, 0), after)


def test_a_cursor_ahead_of_the_log_is_refused():
    channel = make()
    publish(channel)
    with pytest.raises(Refused) as caught:
        channel.locate(Cursor(channel.epoch, 2))
    assert (caught.value.status, caught.value.reason) == (400, "invalid-cursor")


@given(
    published=st.integers(0, 40),
    after=st.integers(0, 40),
    page_messages=st.integers(1, 10),
    page_bytes=st.integers(1, 60),
)
def test_pages_cover_everything_once(published, after, page_messages, page_bytes):
    channel = make(page_messages=page_messages, page_bytes=page_bytes)
    for number in range(published):
        publish(channel, "x" * (1 + number % 9))
    after = min(after, published)
    seen, cursor = [], Cursor(channel.epoch, after)
    while True:
        page = channel.page(cursor, 0)
        assert page.gap_after is None
        assert page.position == cursor
        assert len(page.entries) <= page_messages
        assert len(page.entries) <= 1 or sum(e.size for e in page.entries) <= page_bytes
        assert page.more == (page.cursor.seq < channel.head)
        seen += [entry.seq for entry in page.entries]
        cursor = page.cursor
        if not page.more:
            break
    assert seen == list(range(after + 1, published + 1))


def test_a_page_lets_go_of_what_is_too_old_first():
    channel = make(retain_s=1.0)
    publish(channel, now_ns=0)
    after = Cursor(channel.epoch, 0)
    page = channel.page(after, 2 * SECOND)
    assert (page.entries, page.gap_after, page.position.seq) == ((), after, 1)
