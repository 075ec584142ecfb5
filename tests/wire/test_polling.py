"""The client halves of the two polls: when they ask, and what they make of an answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.contract.hits import Hit
from pushlab.contract.subscriber import Phase
from pushlab.contract.ticks import LATE_NS
from pushlab.errors import UsageError
from pushlab.transports.long_polling import LongPolling, LongPollingOptions
from pushlab.transports.short_polling import ShortPolling
from pushlab.wire.asking import ClockOptions
from tests.transports.halves import (
    SECOND,
    START,
    Closed,
    Connected,
    Cursor,
    Disconnected,
    Gap,
    Hand,
    refusal,
    response,
    texts,
)


def short(**options):
    return ShortPolling(ClockOptions(**{"random_phase": False, **options}))


def long(**options):
    return LongPolling(LongPollingOptions(**options))


BOTH = pytest.mark.parametrize("transport", [short(), long()], ids=["short", "long"])


def nothing(cursor="e-0"):
    return response(204, b"", f"Pushlab-Cursor: {cursor}").replace(b"Content-Length: 0\r\n", b"")


def page(*messages, cursor=None, headers=(), **more):
    seq = messages[-1][0] if messages else 0
    body = {
        "cursor": cursor or f"e-{seq}",
        "messages": [{"seq": seq, "data": data} for seq, data in messages],
        **more,
    }
    return response(200, json.dumps(body).encode(), *headers)


def asked_after(request):
    return request.split(b"after=")[1].split(b"&")[0].split(b" ")[0].decode()


# ---- the conversation -------------------------------------------------------------------------


@BOTH
def test_the_first_question_has_no_cursor_and_its_answer_gives_one(transport):
    hand = Hand(transport)
    request = hand.dial()
    assert request.startswith(b"GET /v1/")
    assert b"\r\nAuthorization: Bearer TOKEN\r\n" in request
    assert asked_after(request) == ""
    assert hand.feed(nothing("e-7")) == [Connected(Cursor("e", 7))]
    assert hand.half.hits == {Hit.CONNECT: 1}


@BOTH
def test_a_reader_with_a_cursor_asks_from_there_and_says_that_it_is_connected(transport):
    hand = Hand(transport, cursor="e-3")
    assert asked_after(hand.dial()) == "e-3"
    assert hand.feed(nothing("e-3")) == [Connected(Cursor("e", 3))]
    assert hand.half.hits == {Hit.POLL_EMPTY: 1}


@BOTH
def test_messages_are_delivered_once_and_the_cursor_moves(transport):
    hand = Hand(transport, cursor="e-3")
    hand.dial()
    events = hand.feed(page((3, "seen"), (4, "a"), (5, "b")))
    assert events[0] == Connected(Cursor("e", 2))
    assert texts(events) == ["a", "b"]
    assert hand.half.duplicates == 1
    hand.half.data_to_send()
    assert hand.half.cursor == Cursor("e", 5)


@BOTH
def test_a_gap_is_told(transport):
    hand = Hand(transport, cursor="e-3")
    hand.dial()
    gap = {"after": "e-3", "resumed": "f-8"}
    events = hand.feed(page((9, "x"), cursor="f-9", gap=gap))
    assert events[:2] == [Connected(Cursor("f", 8)), Gap(Cursor("e", 3), Cursor("f", 8))]
    assert texts(events) == ["x"]


@BOTH
def test_a_full_page_is_followed_by_the_next_at_once(transport):
    hand = Hand(transport, cursor="e-0")
    hand.dial()
    hand.feed(page((1, "a"), more=True))
    assert asked_after(hand.half.data_to_send()) == "e-1"
    assert texts(hand.feed(page((2, "b")))) == ["b"]


@BOTH
@given(data=st.data())
def test_an_answer_may_come_in_any_pieces(transport, data):
    stream = page((1, "é\r\n\r\n😀"), (2, "b"))
    cut = data.draw(st.integers(0, len(stream)))
    hand = Hand(transport, cursor="e-0")
    hand.dial()
    events = [event for part in (stream[:cut], stream[cut:]) if part for event in hand.feed(part)]
    assert texts(events) == ["é\r\n\r\n😀", "b"]


@BOTH
def test_an_interim_answer_is_passed_over(transport):
    hand = Hand(transport)
    hand.dial()
    assert hand.feed(b"HTTP/1.1 100 Continue\r\n\r\n") == []
    assert hand.feed(nothing()) == [Connected(Cursor("e", 0))]


# ---- losses -----------------------------------------------------------------------------------


@BOTH
def test_a_loss_in_mid_answer_does_not_spoil_the_next_connection(transport):
    hand = Hand(transport, cursor="e-0")
    hand.dial()
    hand.feed(page((1, "a"))[:-5])
    assert isinstance(hand.eof()[0], Disconnected)
    assert asked_after(hand.dial()) == "e-0"
    events = hand.feed(page((1, "a")))
    assert events[0] == Connected(Cursor("e", 0)), "a loss is followed by a connection"
    assert texts(events) == ["a"]


@BOTH
@pytest.mark.parametrize(
    "garbage",
    [
        b"garbage\r\n\r\n",
        response(200, b"not json"),
        response(200, b"[]"),
        response(200, b"null"),
        response(200, b"{}"),
        response(200, b"\xff"),
        response(200, b"[" * 200_000),
        page((1, "a"), cursor="nonsense"),
        page((1, 5)),
        page(("x", "a"), cursor="e-1"),
        response(200, b'{"cursor": "e-1", "messages": 5}'),
        response(200, b'{"cursor": "e-1", "messages": [5]}'),
        response(200, b'{"cursor": 5, "messages": []}'),
        response(200, b'{"cursor": "e-1", "messages": [], "gap": 5}'),
        response(200, b'{"cursor": "e-1", "messages": [], "gap": {"resumed": 5}}'),
        response(204, b"", "Pushlab-Cursor: nonsense"),
    ],
    ids=lambda garbage: repr(garbage[-30:]),
)
def test_garbage_is_a_loss_and_the_next_answer_is_read(transport, garbage):
    hand = Hand(transport, cursor="e-0")
    hand.dial()
    assert [type(event) for event in hand.feed(garbage)] == [Disconnected]
    hand.dial()
    assert texts(hand.feed(page((1, "a")))) == ["a"]


@BOTH
@given(st.binary(min_size=1, max_size=60))
def test_no_bytes_raise(transport, data):
    hand = Hand(transport)
    hand.dial()
    hand.feed(data)
    hand.eof()


@BOTH
@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_the_end(transport, status):
    hand = Hand(transport)
    hand.dial()
    assert hand.feed(refusal(status, "why-not")) == [Closed("why-not", status)]
    assert hand.half.hits == {Hit.REFUSED: 1}
    assert hand.half.get_timer() is None


@BOTH
@pytest.mark.parametrize("status", [302, 429, 500, 503])
def test_a_refusal_for_now_is_a_loss(transport, status):
    hand = Hand(transport)
    hand.dial()
    (event,) = hand.feed(refusal(status, "later"))
    assert (type(event), event.reason) == (Disconnected, "later")


@BOTH
def test_html_in_place_of_a_refusal_has_a_reason_too(transport):
    hand = Hand(transport)
    hand.dial()
    assert hand.feed(response(404, b"<html>")) == [Closed("http-404", 404)]


# ---- connections that carry one answer --------------------------------------------------------


def test_a_server_that_closes_after_each_answer_loses_nothing():
    hand = Hand(long(), cursor="e-0")
    for seq in range(1, 4):
        assert asked_after(hand.dial()) == f"e-{seq - 1}"
        events = hand.feed(page((seq, "x"), headers=["Connection: close"]))
        assert texts(events) == ["x"]
        assert not any(isinstance(event, Disconnected) for event in events)
        assert hand.half.phase is Phase.WAITING
    assert hand.now == START, "a long poll asks again at once"


def test_short_polls_keep_their_clock_over_connections_that_close():
    hand = Hand(short(interval_s=1.0), cursor="e-0")
    begins = []
    for _ in range(4):
        hand.dial()
        begins.append((hand.now - START) // SECOND)
        assert not any(
            isinstance(event, Disconnected)
            for event in hand.feed(response(204, b"", "Connection: close"))
        )
    assert begins == [0, 1, 2, 3]


def test_the_next_page_is_not_put_off_by_a_connection_that_closes():
    hand = Hand(short(interval_s=60.0), cursor="e-0")
    hand.dial()
    hand.feed(page((1, "a"), more=True, headers=["Connection: close"]))
    assert asked_after(hand.dial()) == "e-1"
    assert hand.now == START


@pytest.mark.parametrize("clock", ["fixed", "pause"])
def test_an_idle_connection_that_is_closed_is_no_loss(clock):
    hand = Hand(short(interval_s=100.0, clock=clock), cursor="e-0")
    hand.dial()
    hand.feed(nothing())
    hand.now += 75 * SECOND
    assert hand.eof() == []
    assert hand.half.get_timer() == START + 100 * SECOND, "the next poll is due when it was"
    hand.dial()
    assert hand.now == START + 100 * SECOND
    assert hand.feed(nothing()) == []


# ---- when short polls ask ---------------------------------------------------------------------


@given(
    answers=st.lists(st.floats(0, 3.5), min_size=1, max_size=12),
    seed=st.integers(0, 1_000),
    late=st.floats(0, 0.4),
)
def test_the_fixed_clock_ticks_at_its_phase_whatever_answers_take(answers, seed, late):
    """Each poll is at phase + k * interval; a tick that falls within an answer is skipped."""
    hand = Hand(short(interval_s=1.0, random_phase=True), cursor="e-0", seed=seed)
    hand.dial()
    phase = hand.now
    assert START <= phase < START + SECOND
    for answer_s in answers:
        hand.now += int(answer_s * SECOND)
        hand.feed(nothing())
        due = hand.half.get_timer()
        assert (due - phase) % SECOND == 0
        assert hand.now < due <= hand.now + SECOND, "the very next tick"
        hand.now = due + int(late * SECOND)  # timers come late; the clock does not move
        hand.half.handle_timer(hand.now)
        assert hand.half.data_to_send()


@given(
    steps=st.lists(st.tuples(st.floats(0, 3.5), st.floats(0, 2.5), st.booleans()), max_size=12),
    end=st.floats(0, 4),
)
def test_each_tick_of_the_fixed_clock_is_asked_at_or_counted_as_skipped(steps, end):
    """After answers and losses of any length, timers of any lateness: against a count by hand."""
    hand = Hand(short(interval_s=1.0), cursor="e-0")
    hand.dial()
    begin, asked, late = hand.now, {0}, 0
    for answer_s, late_s, is_lost in steps:
        hand.now += int(answer_s * SECOND)
        if is_lost:
            hand.eof()
            hand.dial()
        else:
            hand.feed(nothing())
            hand.now = hand.half.get_timer() + int(late_s * SECOND)
            hand.half.handle_timer(hand.now)
            assert hand.half.data_to_send()
        tick = (hand.now - begin) // SECOND
        late += tick not in asked and hand.now - begin - tick * SECOND > LATE_NS
        asked.add(tick)
    hand.now += int(end * SECOND)  # an answer is still due
    ticks = hand.half.ticks(hand.now)
    assert ticks.due == (hand.now - begin) // SECOND + 1
    assert ticks.due - ticks.skipped == len(asked)
    assert ticks.late == late


def test_who_pauses_after_each_answer_asks_by_no_clock():
    hand = Hand(short(interval_s=1.0, clock="pause"), cursor="e-0")
    hand.dial()
    assert hand.half.ticks(hand.now + 10 * SECOND) is None
    assert Hand(long()).half.ticks(0) is None


@given(answers=st.lists(st.floats(0, 3.5), min_size=1, max_size=6))
def test_the_pause_is_counted_from_each_answer(answers):
    hand = Hand(short(interval_s=1.0, clock="pause"), cursor="e-0")
    hand.dial()
    for answer_s in answers:
        hand.now += int(answer_s * SECOND)
        hand.feed(nothing())
        assert hand.half.get_timer() == hand.now + SECOND
        assert hand.wake()


def test_an_early_wake_up_asks_nothing():
    hand = Hand(short(interval_s=1.0), cursor="e-0")
    hand.dial()
    hand.feed(nothing())
    hand.half.handle_timer(hand.now + SECOND - 1)
    assert hand.half.data_to_send() == b""


def test_the_first_answer_is_followed_by_the_clocks_next_tick_and_not_by_a_question():
    hand = Hand(short(interval_s=1.0))
    hand.dial()
    hand.feed(nothing())
    assert hand.half.data_to_send() == b""
    assert hand.half.get_timer() == START + SECOND


def test_pages_do_not_move_the_clock():
    hand = Hand(short(interval_s=1.0), cursor="e-0")
    hand.dial()
    hand.now += SECOND // 4
    hand.feed(page((1, "a"), more=True))
    assert hand.half.data_to_send()
    hand.now += SECOND // 4
    hand.feed(page((2, "b")))
    assert hand.half.data_to_send() == b""
    assert hand.half.get_timer() == START + SECOND


def test_phases_spread_over_the_interval():
    phases = set()
    for seed in range(50):
        hand = Hand(short(interval_s=10.0, random_phase=True), seed=seed)
        hand.dial()
        phases.add((hand.now - START) // SECOND)
    assert len(phases) == 10


def test_an_answer_that_does_not_come_is_a_loss():
    hand = Hand(short(interval_s=1.0), cursor="e-0")
    hand.dial()
    hand.wake()
    (event,) = hand.half.events_received()
    assert (type(event), event.reason) == (Disconnected, "no answer to a poll")
    assert hand.now == START + 30 * SECOND


@pytest.mark.parametrize(
    ("interval_s", "lease"), [(10.0, None), (11.0, b"33"), (86_400.0, b"259200")]
)
def test_who_asks_seldom_asks_for_a_longer_lease(interval_s, lease):
    request = Hand(short(interval_s=interval_s)).dial()
    assert (b"lease_s=" in request) == (lease is not None)
    if lease:
        assert b"&lease_s=" + lease + b" HTTP/1.1" in request


# ---- when long polls ask ----------------------------------------------------------------------


def test_a_long_poll_asks_again_at_once():
    hand = Hand(long(hold_s=30.0))
    assert b"?after=&hold_s=0 HTTP/1.1" in hand.dial()
    hand.feed(nothing())
    assert b"?after=e-0&hold_s=30 HTTP/1.1" in hand.half.data_to_send()
    hand.feed(page((1, "a")))
    assert asked_after(hand.half.data_to_send()) == "e-1"
    hand.feed(nothing("e-1"))
    assert asked_after(hand.half.data_to_send()) == "e-1"
    assert hand.half.hits == {Hit.CONNECT: 1, Hit.POLL_USEFUL: 1, Hit.POLL_EMPTY: 1}


def test_a_long_poll_waits_for_the_hold_and_a_while_longer():
    hand = Hand(long(hold_s=30.0), cursor="e-0")
    hand.dial()
    hand.feed(nothing())
    assert hand.half.get_timer() == START + 45 * SECOND
    hand.wake()
    (event,) = hand.half.events_received()
    assert (type(event), event.reason) == (Disconnected, "no answer to a long poll")


def test_after_a_loss_a_long_poll_learns_at_once_where_it_stands():
    hand = Hand(long(hold_s=30.0), cursor="e-3")
    assert b"?after=e-3&hold_s=0 HTTP/1.1" in hand.dial()
    assert hand.feed(nothing("e-3")) == [Connected(Cursor("e", 3))]
    assert b"?after=e-3&hold_s=30 HTTP/1.1" in hand.half.data_to_send()
    hand.eof()
    assert b"?after=e-3&hold_s=0 HTTP/1.1" in hand.dial()
    hand.feed(nothing("e-3"))
    hand.half.data_to_send()
    hand.feed(response(204, b"", "Connection: close"))
    assert b"?after=e-3&hold_s=30 HTTP/1.1" in hand.dial(), "nothing was lost"


# ---- leaving ----------------------------------------------------------------------------------


@pytest.mark.parametrize("answered", [True, False])
def test_an_idle_poll_says_goodbye_and_a_waiting_one_takes_its_question_back(answered):
    hand = Hand(short(), cursor="e-0")
    hand.dial()
    if answered:
        hand.feed(nothing())
    hand.half.close(hand.now)
    goodbye = hand.half.data_to_send()
    assert goodbye.startswith(b"DELETE /v1/poll HTTP/1.1\r\n") if answered else goodbye == b""
    assert hand.half.events_received() == [Closed("closed", 0)]
    assert hand.half.hits[Hit.LEAVE if answered else Hit.POLL_EMPTY] == 1


def test_a_first_question_taken_back_counts_as_the_server_counts_it():
    hand = Hand(long())
    hand.dial()
    hand.half.close(hand.now)
    assert hand.half.hits == {Hit.CONNECT: 1}


# ---- options ----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 0.0009, 86_401, -1, float("nan"), float("inf")])
def test_an_interval_that_cannot_be(value):
    with pytest.raises(UsageError, match="interval_s"):
        ClockOptions(interval_s=value)


@pytest.mark.parametrize("value", [0, 0.09, 121, -1, float("nan"), float("inf")])
def test_a_hold_that_cannot_be(value):
    with pytest.raises(UsageError, match="hold_s"):
        LongPollingOptions(hold_s=value)


def test_a_clock_that_cannot_be():
    with pytest.raises(UsageError, match="is not one of fixed, pause"):
        ClockOptions(clock="sundial")
