"""The state machine that every client half shares, with a toy transport and no network.

The toy's wire: one frame a line. It says ``hello <cursor>`` when connected and ``bye`` when it
leaves; it gives up on a silent connection after five seconds.
"""

import traceback
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Closed, Connected, Disconnected, Gap, Message
from pushlab.contract.hits import Hit
from pushlab.contract.subscriber import Endpoint, Phase, Subscriber
from pushlab.errors import UsageError

S = 1_000_000_000
HERE = Endpoint("127.0.0.1", 8000)


class Toy(Subscriber):
    __slots__ = ("_rest", "delay_ns")

    def __init__(self, *, cursor=None, rng=None, delay_ns=0):
        super().__init__(HERE, "secret-token", cursor=cursor, rng=rng or Random(1))
        self.delay_ns = delay_ns
        self._rest = b""

    def _first_delay_ns(self):
        return self.delay_ns

    def _on_connected(self, now_ns):
        self._rest = b""
        self._hit(Hit.RECONNECT if self.cursor else Hit.CONNECT)
        self._send(b"hello ")
        self._send(str(self.cursor or "-").encode() + b"\n")
        self._timer_ns = now_ns + 5 * S

    def _on_data(self, data, now_ns):
        self._timer_ns = now_ns + 5 * S
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            word, *rest = line.decode().split(" ")
            if word == "at":
                self._located(Cursor.parse(rest[0]))
            elif word == "no":
                self._refused(int(rest[0]), rest[1], now_ns)
            else:
                cursor = Cursor.parse(word)
                self._deliver(cursor.epoch, cursor.seq, rest[0])

    def _on_timer(self, now_ns):
        self._lose("silence", now_ns)

    def _on_close(self, now_ns):
        self._hit(Hit.LEAVE)
        self._send(b"bye\n")


def connected(**options):
    toy = Toy(**options)
    toy.start(0)
    toy.connection_made(0)
    toy.receive_data(b"at a-0\n", 0)
    toy.data_to_send()
    toy.events_received()
    return toy


def test_it_wants_a_connection_at_once_and_says_hello_once():
    toy = Toy()
    assert toy.phase is Phase.WAITING
    assert not toy.wants_connection
    toy.start(10)
    assert toy.wants_connection
    assert not toy.holds_connection
    assert toy.get_timer() is None
    toy.connection_made(20)
    assert toy.holds_connection
    assert not toy.wants_connection
    assert toy.data_to_send() == b"hello -\n"
    assert toy.data_to_send() == b""
    assert toy.hits == {Hit.CONNECT: 1}


def test_a_first_delay_holds_the_first_connection_back():
    toy = Toy(delay_ns=3 * S)
    toy.start(100)
    assert not toy.wants_connection
    assert toy.get_timer() == 3 * S + 100
    toy.handle_timer(3 * S)
    assert not toy.wants_connection
    toy.handle_timer(3 * S + 100)
    assert toy.wants_connection


def test_events_come_in_order_and_once():
    toy = Toy()
    toy.start(0)
    toy.connection_made(0)
    toy.receive_data(b"at a-3\na-4 x\na-", 1)
    toy.receive_data(b"5 y\n", 2)
    assert toy.events_received() == [
        Connected(Cursor("a", 3)),
        Message("a", 4, "x"),
        Message("a", 5, "y"),
    ]
    assert toy.events_received() == []
    assert toy.cursor == Cursor("a", 5)


def test_a_lost_connection_is_told_waited_for_and_resumed_from_the_cursor():
    toy = connected()
    toy.receive_data(b"a-1 x\n", S)
    toy.receive_eof(S)
    message, lost = toy.events_received()
    assert message == Message("a", 1, "x")
    assert isinstance(lost, Disconnected)
    assert lost.reason == "connection lost"
    assert not toy.holds_connection
    due = toy.get_timer()
    assert due == S + int(lost.retry_in_s * S)
    toy.handle_timer(due)
    assert toy.wants_connection
    toy.connection_made(due)
    assert toy.data_to_send() == b"hello a-1\n"
    toy.receive_data(b"at a-0\na-1 x\na-2 y\n", due)
    assert toy.events_received() == [Connected(Cursor("a", 0)), Message("a", 2, "y")]
    assert toy.duplicates == 1
    assert toy.hits == {Hit.CONNECT: 1, Hit.RECONNECT: 1}


def test_what_was_not_sent_on_a_lost_connection_is_not_sent_on_the_next():
    toy = Toy()
    toy.start(0)
    toy.connection_made(0)
    toy.receive_eof(1)
    assert toy.data_to_send() == b""


def test_a_failed_connection_is_told_and_the_delays_grow():
    toy = Toy()
    toy.start(0)
    now, delays = 0, []
    for _ in range(12):
        toy.connection_failed("connection refused", now)
        (event,) = toy.events_received()
        assert event.reason == "connection refused"
        delays.append(event.retry_in_s)
        now = toy.get_timer()
        toy.handle_timer(now)
        assert toy.wants_connection
    assert delays[0] <= 0.1
    assert delays[-1] >= 5
    toy.connection_made(now)
    toy.receive_data(b"at a-0\n", now)
    toy.receive_eof(now)
    assert toy.events_received()[-1].retry_in_s <= 0.1


def test_an_early_timer_does_nothing_and_a_due_one_once():
    toy = connected()
    toy.handle_timer(5 * S - 1)
    assert toy.events_received() == []
    toy.handle_timer(5 * S)
    assert toy.events_received()[0].reason == "silence"
    toy.handle_timer(5 * S)
    assert toy.events_received() == []


def test_a_final_refusal_is_the_end():
    toy = connected()
    toy.receive_data(b"no 401 token-expired\n", 1)
    assert toy.events_received() == [Closed("token-expired", 401)]
    assert toy.phase is Phase.CLOSED
    assert toy.get_timer() is None
    assert not toy.wants_connection
    assert not toy.holds_connection


@pytest.mark.parametrize(("status", "reason"), [(408, "slow-reader"), (503, "server-restart")])
def test_a_passing_refusal_is_a_reason_to_come_back(status, reason):
    toy = connected()
    toy.receive_data(f"no {status} {reason}\n".encode(), 1)
    (event,) = toy.events_received()
    assert isinstance(event, Disconnected)
    assert event.reason == reason
    assert toy.get_timer() is not None


def test_leaving_says_goodbye_and_nothing_comes_after():
    toy = connected()
    toy.close(1)
    assert toy.data_to_send() == b"bye\n"
    assert toy.events_received() == [Closed("closed", 0)]
    assert not toy.holds_connection
    toy.close(2)
    toy.receive_data(b"a-1 x\n", 2)
    toy.receive_eof(2)
    toy.connection_failed("late", 2)
    toy.connection_made(2)
    toy.handle_timer(10**18)
    assert toy.events_received() == []
    assert toy.data_to_send() == b""


def test_leaving_without_a_connection_says_nothing_on_the_wire():
    toy = Toy()
    toy.start(0)
    toy.close(1)
    assert toy.data_to_send() == b""
    assert toy.events_received() == [Closed("closed", 0)]


def test_the_gap_comes_behind_the_connection_that_tells_of_it():
    toy = connected(cursor=Cursor("a", 0))
    toy.receive_eof(1)
    toy.handle_timer(toy.get_timer())
    toy.connection_made(S)
    toy.receive_data(b"at b-0\n", S)
    assert toy.events_received()[1:] == [
        Connected(Cursor("b", 0)),
        Gap(Cursor("a", 0), Cursor("b", 0)),
    ]


STEPS = st.sampled_from(
    ["timer", "made", "failed", "eof", "data", "replay", "skip", "refuse", "end", "close"]
)


@given(st.lists(STEPS, max_size=60), st.integers(0, 1_000))
def test_no_sequence_of_happenings_breaks_the_promises(steps, seed):
    """Whatever happens in whatever order: one Closed at most, and it is the last; no repeats."""
    toy = Toy(rng=Random(seed))
    toy.start(0)
    now, head, events = 0, 0, []
    for step in steps:
        now += S // 10
        if step == "timer":
            now = max(now, toy.get_timer() or 0)
            toy.handle_timer(now)
        elif step == "made" and toy.wants_connection:
            toy.connection_made(now)
            toy.receive_data(f"at a-{head}\n".encode(), now)
        elif step == "failed" and toy.wants_connection:
            toy.connection_failed("refused", now)
        elif step == "eof":
            toy.receive_eof(now)
        elif step in ("data", "skip"):
            head += 1 if step == "data" else 2
            toy.receive_data(f"a-{head} x\n".encode(), now)
        elif step == "replay":
            toy.receive_data(b"".join(f"a-{n} x\n".encode() for n in range(1, head + 1)), now)
        elif step == "refuse":
            toy.receive_data(b"no 503 busy\n", now)
        elif step == "end":
            toy.receive_data(b"no 401 token-invalid\n", now)
        elif step == "close":
            toy.close(now)
        toy.data_to_send()
        events += toy.events_received()
        states = toy.wants_connection, toy.holds_connection, toy.phase is Phase.WAITING
        assert sum(states) == (0 if toy.phase is Phase.CLOSED else 1)
        assert (toy.get_timer() is not None) >= (toy.phase is Phase.WAITING)
    numbers = [event.seq for event in events if isinstance(event, Message)]
    assert numbers == sorted(set(numbers))
    assert all(not isinstance(event, Closed) for event in events[:-1])


def test_the_token_is_in_no_repr():
    assert "secret-token" not in repr(Toy())


@pytest.mark.parametrize(
    ("url", "endpoint", "authority"),
    [
        ("http://127.0.0.1:8000", Endpoint("127.0.0.1", 8000), "127.0.0.1:8000"),
        ("https://example.org", Endpoint("example.org", 443, tls=True), "example.org:443"),
        ("http://h:1/a/b/", Endpoint("h", 1, path="/a/b/"), "h:1"),
        ("https://h/a?topic=b#c", Endpoint("h", 443, tls=True, path="/a?topic=b"), "h:443"),
        ("http://h?topic=b", Endpoint("h", 80, path="/?topic=b"), "h:80"),
        ("ws://[::1]:9", Endpoint("::1", 9), "[::1]:9"),
        ("mqtt://h", Endpoint("h", 1883), "h:1883"),
        ("mqtts://h", Endpoint("h", 8883, tls=True), "h:8883"),
    ],
)
def test_an_endpoint_is_read_from_a_url(url, endpoint, authority):
    assert Endpoint.from_url(url) == endpoint
    assert endpoint.authority == authority


@pytest.mark.parametrize(
    "wrong",
    ["", "127.0.0.1:8000", "ftp://h", "http://", "http://h:port", "http://h:99999", "http://[::1"],
)
def test_what_is_no_url_is_refused(wrong):
    with pytest.raises(UsageError, match="not a URL"):
        Endpoint.from_url(wrong)


@pytest.mark.parametrize(
    "wrong", ["me:s3cret@host", "http://me:s3/cret@host", "http://me:s3cret@host:port", "x:s3cret@"]
)
def test_what_is_no_url_is_told_without_its_password(wrong):
    with pytest.raises(UsageError, match="not a URL") as told:
        Endpoint.from_url(wrong)
    assert "s3" not in "".join(traceback.format_exception(told.value))
