from hypothesis import given
from hypothesis import strategies as st

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Gap, Message, Overtaken
from pushlab.contract.inbox import Inbox


def seqs(events):
    return [event.seq for event in events if isinstance(event, Message)]


def test_before_the_first_word_there_is_no_cursor():
    inbox = Inbox()
    assert inbox.cursor is None
    assert inbox.position(Cursor("a", 7)) is None
    assert inbox.cursor == Cursor("a", 7)


def test_a_reader_without_a_cursor_starts_at_the_first_message_it_gets():
    inbox = Inbox()
    assert inbox.accept("a", 5, "x") == [Message("a", 5, "x")]
    assert inbox.cursor == Cursor("a", 5)


def test_the_first_message_of_a_channel_is_no_duplicate():
    assert Inbox().accept("a", 1, "x") == [Message("a", 1, "x")]
    assert Inbox(Cursor("a", 0)).accept("a", 1, "x") == [Message("a", 1, "x")]


def test_what_is_missing_becomes_a_gap_that_counts():
    inbox = Inbox(Cursor("a", 3))
    gap, message = inbox.accept("a", 9, "x")
    assert gap == Gap(Cursor("a", 3), Cursor("a", 8))
    assert gap.missed == 5
    assert "missed 5" in str(gap)
    assert message == Message("a", 9, "x")


def test_a_new_life_is_a_gap_of_unknown_size():
    inbox = Inbox(Cursor("a", 3))
    gap = inbox.position(Cursor("b", 0))
    assert gap is not None
    assert gap.missed is None
    assert "anew" in str(gap)
    assert inbox.accept("b", 1, "x") == [Message("b", 1, "x")]


def test_a_new_life_is_a_gap_even_if_its_numbers_fit():
    for seq in 3, 4, 100:
        inbox = Inbox(Cursor("a", 3))
        events = inbox.accept("b", seq, "x")
        assert isinstance(events[0], Gap)
        assert events[1:] == [Message("b", seq, "x")]


def test_a_position_ahead_is_a_gap_and_one_behind_is_not():
    inbox = Inbox(Cursor("a", 3))
    assert inbox.position(Cursor("a", 3)) is None
    assert inbox.position(Cursor("a", 1)) is None
    assert inbox.cursor == Cursor("a", 3)
    gap = inbox.position(Cursor("a", 5))
    assert gap is not None
    assert gap.missed == 2


def test_a_message_knows_its_cursor():
    assert Message("a", 4, "x").cursor == Cursor("a", 4)


@given(st.integers(0, 20), st.lists(st.integers(1, 12), max_size=60))
def test_replays_of_any_length_are_delivered_exactly_once_and_in_order(start, steps_back):
    """However far each reconnect replays, the application sees every message once."""
    inbox = Inbox(Cursor("a", start))
    got = []
    head = start
    for back in steps_back:
        head += 1
        for seq in range(max(1, head - back + 1), head + 1):
            got += inbox.accept("a", seq, str(seq))
    assert [event.seq for event in got] == list(range(start + 1, head + 1))
    assert all(event.data == str(event.seq) for event in got)


@given(st.integers(0, 5), st.lists(st.integers(1, 30), max_size=80))
def test_under_any_duplication_and_reordering_nothing_twice_and_nothing_silent(start, arrivals):
    """Each number is delivered, in a gap, or before the start: never twice, never unmentioned."""
    inbox = Inbox(Cursor("a", start))
    events = []
    for seq in arrivals:
        events += inbox.accept("a", seq, str(seq))
    delivered = seqs(events)
    assert delivered == sorted(set(delivered))
    told = set(delivered)
    for event in events:
        if isinstance(event, Gap):
            missed = range(event.after.seq + 1, event.resumed.seq + 1)
            assert event.missed == len(missed) > 0
            assert told.isdisjoint(missed)
            told.update(missed)
    newest = max([start, *arrivals])
    assert told == set(range(start + 1, newest + 1))
    assert inbox.cursor == Cursor("a", newest)
    overtaken = [event.seq for event in events if isinstance(event, Overtaken)]
    assert set(delivered).isdisjoint(overtaken)
    assert sorted([*delivered, *overtaken]) == sorted({seq for seq in arrivals if seq > start})
    assert inbox.duplicates == len(arrivals) - len(delivered) - len(overtaken)


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(1, 9), st.booleans()), min_size=1, max_size=40
    )
)
def test_the_cursor_always_follows_the_last_event(steps):
    inbox = Inbox()
    for epoch, seq, is_position in steps:
        before = inbox.cursor
        if is_position:
            gap = inbox.position(Cursor(epoch, seq))
            events = [] if gap is None else [gap]
        else:
            events = inbox.accept(epoch, seq, "x")
        for event in events:
            if isinstance(event, Gap):
                assert event.after == before
                before = event.resumed
            elif isinstance(event, Message):
                assert before is None or event.cursor == Cursor(before.epoch, before.seq + 1)
                before = event.cursor
        if before is not None:
            assert inbox.cursor == before


def test_two_that_were_swapped_are_overtaken_and_not_repeated():
    inbox = Inbox(Cursor("a", 3))
    gap, later = inbox.accept("a", 5, "later")
    assert (gap.missed, later) == (1, Message("a", 5, "later"))
    assert inbox.accept("a", 4, "x") == [Overtaken("a", 4, "x")]
    assert inbox.duplicates == 0
    assert inbox.accept("a", 4, "x") == []
    assert inbox.duplicates == 1
    assert inbox.cursor == Cursor("a", 5)


@given(st.permutations(range(1, 12)), st.lists(st.integers(1, 11), max_size=5))
def test_whatever_the_order_each_comes_once_and_is_repeated_or_overtaken(order, again):
    """A count by hand: in order to the application; the rest told apart."""
    inbox, seen, told = Inbox(Cursor("a", 0)), set(), []
    repeated = 0
    for seq in (*order, *again):
        repeated += seq in seen
        seen.add(seq)
        told += inbox.accept("a", seq, str(seq))
    came = [event.seq for event in told if isinstance(event, Message)]
    overtaken = [event.seq for event in told if isinstance(event, Overtaken)]
    assert came == sorted(came)
    assert sorted(came + overtaken) == list(range(1, 12))
    assert inbox.duplicates == repeated == len(again)


def test_holes_of_another_life_are_forgotten():
    inbox = Inbox(Cursor("a", 3))
    inbox.accept("a", 5, "x")
    inbox.accept("b", 9, "x")
    assert inbox.accept("b", 4, "x") == []
    assert inbox.duplicates == 1
