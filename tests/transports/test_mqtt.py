"""The client half of MQTT, talked to by a broker that is only bytes."""

import json
from random import Random

import pytest

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Closed, Connected, Disconnected, Gap, Message
from pushlab.contract.frames import encode_bye, encode_frame, encode_gap
from pushlab.contract.hits import Hit
from pushlab.contract.subscriber import Endpoint
from pushlab.errors import UsageError
from pushlab.transports import _mqtt_names as names
from pushlab.transports.mqtt import Mqtt, MqttOptions
from pushlab.wire import mqtt311

SECOND = 1_000_000_000
TOPIC = "pushlab/news"
ENDPOINT = Endpoint("127.0.0.1", 1883, details={"username": "ann/g1", "topic": TOPIC})
WELCOME = b"\x20\x02\x00\x00"


def packets_of(data):
    """What a subscriber wrote: (first byte, the rest of the packet) for each packet."""
    packets = []
    while data:
        length = shift = 0
        at = 1
        while True:
            length |= (data[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if data[at - 1] < 0x80:
                break
        packets.append((data[0], data[at : at + length]))
        data = data[at + length :]
    return packets


class Talk:
    """A subscriber, the clock, and the broker's side of its connection."""

    def __init__(self, *, cursor=None, **options):
        self.now = 1_000 * SECOND
        transport = Mqtt(MqttOptions(**options))
        self.half = transport.subscriber(
            ENDPOINT, "TOKEN", cursor=cursor and Cursor.parse(cursor), rng=Random(1)
        )
        self.half.start(self.now)
        self.session = ""
        self.events = []
        self.number = 0

    def dial(self):
        while not self.half.wants_connection:
            self.now = max(self.now, self.half.get_timer())
            self.half.handle_timer(self.now)
        self.half.connection_made(self.now)
        (first, body), *more = packets_of(self.half.data_to_send())
        assert (first, more) == (0x10, [])
        self.session = body[12:45].decode()
        assert names.is_session(self.session)
        return body

    def feed(self, data):
        """Bytes arrive; the events that they make."""
        self.half.receive_data(data, self.now)
        new = self.half.events_received()
        self.events += new
        return new

    def sent(self):
        return packets_of(self.half.data_to_send())

    def questions(self):
        """What the subscriber has asked the bridge since the last look; other packets pass."""
        asked = []
        for first, body in self.sent():
            if first >> 4 == 3:
                length = int.from_bytes(body[:2], "big")
                assert body[2 : 2 + length].decode() == names.OUTBOX + self.session
                asked.append(json.loads(body[2 + length + (2 if first & 0x06 else 0) :]))
        return asked

    def say(self, topic, frame, *, qos=1):
        self.number += 1
        return self.feed(
            mqtt311.publish(topic, frame.encode(), qos=qos, packet_id=self.number if qos else 0)
        )

    def inbox(self, frame, **more):
        return self.say(names.INBOX + self.session, frame, **more)

    def live(self, *seqs, epoch="e"):
        new = []
        for seq in seqs:
            new += self.say(TOPIC, encode_frame(epoch, seq, f"m{seq}"))
        return new

    def enter(self):
        """From the first byte to the first question."""
        self.dial()
        self.feed(WELCOME)
        self.feed(b"\x90\x05\x00\x01\x01\x01\x01")
        (question,) = self.questions()
        return question

    def begin(self, at="e-0"):
        """... and to the bridge's whole answer."""
        self.enter()
        self.inbox(at)
        self.inbox(at)
        self.half.data_to_send()

    def wake(self):
        self.now = max(self.now, self.half.get_timer())
        self.half.handle_timer(self.now)
        self.events += self.half.events_received()


def seqs(events):
    return [event.seq for event in events if isinstance(event, Message)]


# ---- the conversation -----------------------------------------------------------------------


def test_the_first_conversation():
    talk = Talk(qos=1, keep_alive_s=30)
    body = talk.dial()
    assert talk.session[0] == "n"
    will = json.dumps({"leave": "lost"}).encode()
    assert (
        body
        == packets_of(
            mqtt311.connect(
                talk.session,
                keep_alive_s=30,
                username="ann/g1",
                password="TOKEN",
                will=(names.OUTBOX + talk.session, will, 1),
            )
        )[0][1]
    )
    assert talk.feed(WELCOME) == []
    ((first, body),) = talk.sent()
    filters = [(TOPIC, 1), (names.INBOX + talk.session, 1), (names.BRIDGE_TOPIC, 1)]
    assert bytes((first,)) + bytes((len(body),)) + body == mqtt311.subscribe(1, filters)
    talk.feed(b"\x90\x05\x00\x01\x01\x01\x01")
    assert talk.questions() == [{"ask": "first", "token": "TOKEN", "after": None, "qos": 1}]
    assert talk.inbox("e-7") == [Connected(Cursor("e", 7))]
    talk.inbox("e-7")
    assert talk.live(8, 9) == [Message("e", 8, "m8"), Message("e", 9, "m9")]
    assert talk.sent() == [(0x40, n.to_bytes(2, "big")) for n in (1, 2, 3, 4)]
    assert talk.half.hits == {Hit.CONNECT: 3, Hit.ACK: 4}
    talk.half.close(talk.now)
    (publish, body), disconnect = talk.sent()
    assert publish == 0x30
    assert body.endswith(b'{"leave": "bye"}')
    assert disconnect == (0xE0, b"")
    assert talk.half.events_received() == [Closed("closed", 0)]
    assert talk.half.hits == {Hit.CONNECT: 3, Hit.ACK: 4, Hit.LEAVE: 2}


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_bytes_in_pieces(size):
    talk = Talk()
    talk.begin()
    stream = b"".join(
        mqtt311.publish(TOPIC, f"e-{n} é{n}".encode(), qos=1, packet_id=n) for n in range(1, 40)
    )
    for at in range(0, len(stream), size):
        talk.feed(stream[at : at + size])
    assert [e.data for e in talk.events if isinstance(e, Message)] == [
        f"é{n}" for n in range(1, 40)
    ]


def test_qos_0_is_not_acknowledged_and_qos_2_twice():
    talk = Talk(qos=2)
    talk.begin()
    assert seqs(talk.say(TOPIC, "e-1 a", qos=0)) == [1]
    assert talk.sent() == []
    assert seqs(talk.feed(mqtt311.publish(TOPIC, b"e-2 b", qos=2, packet_id=77))) == [2]
    assert talk.sent() == [(0x50, b"\x00\x4d")]
    talk.feed(mqtt311.acknowledge(mqtt311.PUBREL, 77))
    assert talk.sent() == [(0x70, b"\x00\x4d")]
    assert talk.half.hits[Hit.ACK] == 4  # two for the bridge's two words


def test_resumes_from_its_cursor():
    talk = Talk()
    talk.begin()
    talk.live(1, 2)
    old = talk.session
    talk.half.receive_eof(talk.now)
    assert isinstance(talk.half.events_received()[0], Disconnected)
    assert talk.enter()["after"] == "e-2"
    assert talk.session[0] == "r"
    assert talk.session[1:] != old[1:]
    talk.inbox("e-2")
    assert seqs(talk.inbox("e-3 m3")) == [3]
    talk.inbox("e-3")
    assert seqs(talk.live(4)) == [4]
    assert talk.half.hits[Hit.CONNECT] == 3
    assert talk.half.hits[Hit.RECONNECT] == 3


# ---- replay and live ------------------------------------------------------------------------


def test_live_ahead_of_the_replay_waits_for_it():
    talk = Talk(cursor="e-2")
    assert talk.enter()["after"] == "e-2"
    assert talk.live(5, 6) == []
    talk.inbox("e-2")
    assert talk.live(7) == []
    assert seqs(talk.inbox("e-3 m3")) == [3]
    assert seqs(talk.inbox("e-4 m4")) == [4, 5, 6, 7]
    assert talk.inbox("e-5 m5") == []
    assert talk.inbox("e-6 m6") == []
    assert talk.inbox("e-6") == []
    assert seqs(talk.live(8)) == [8]
    assert talk.half.duplicates == talk.half.reordered == 0  # an answer has all that is behind it
    assert talk.questions() == []


def test_a_message_that_a_later_one_overtook_is_put_in_order_and_counted():
    talk = Talk()
    talk.begin()
    talk.live(1)
    assert talk.live(3) == []
    assert seqs(talk.live(2)) == [2, 3]
    for word in "e-2 m2", "e-3 m3", "e-3":  # the answer to the question for the hole
        assert talk.inbox(word) == []
    assert (talk.half.duplicates, talk.half.reordered) == (0, 1)
    assert talk.live(2) == []
    assert (talk.half.duplicates, talk.half.reordered) == (1, 1)
    assert not any(isinstance(event, Gap) for event in talk.events)


def test_a_hole_is_asked_for_and_is_no_gap():
    talk = Talk()
    talk.begin()
    talk.live(1)
    assert talk.live(3, 4) == []
    (question,) = talk.questions()
    assert (question["ask"], question["after"]) == ("again", "e-1")
    assert seqs(talk.inbox("e-2 m2")) == [2, 3, 4]
    talk.inbox("e-3 m3")
    talk.inbox("e-4 m4")
    talk.inbox("e-4")
    assert seqs(talk.live(5)) == [5]
    assert talk.questions() == []
    assert not any(isinstance(event, Gap) for event in talk.events)
    assert talk.half.hits[Hit.RECONNECT] == 1


def test_a_hole_in_the_replay_is_asked_for():
    talk = Talk(cursor="e-0")
    talk.enter()
    talk.inbox("e-0")
    talk.inbox("e-1 m1")
    talk.inbox("e-3 m3")  # the broker dropped the second
    assert talk.inbox("e-3") == []
    (question,) = talk.questions()
    assert (question["ask"], question["after"]) == ("again", "e-1")
    talk.inbox("e-2 m2")
    talk.inbox("e-3 m3")
    talk.inbox("e-3")
    assert seqs(talk.events) == [1, 2, 3]
    assert talk.questions() == []


def test_a_lost_beginning_of_the_answer_is_no_gap():
    talk = Talk(cursor="e-4")
    talk.enter()
    talk.inbox("e-5 m5")
    assert talk.inbox("e-5") == [Connected(Cursor("e", 4)), Message("e", 5, "m5")]
    assert talk.questions() == []


def test_an_answer_that_does_not_help_is_asked_for_later_and_ever_less_often():
    talk = Talk()
    talk.begin()
    talk.live(1)
    talk.live(3)
    assert len(talk.questions()) == 1
    waits = []
    for _ in range(4):
        talk.inbox("e-3")  # the answer's end, and nothing before it
        assert talk.questions() == []
        before = talk.now
        talk.wake()
        assert [question["ask"] for question in talk.questions()] == ["again"]
        waits.append((talk.now - before) / SECOND)
    assert waits == sorted(waits)
    assert waits[-1] > 2 * waits[0]
    talk.inbox("e-2 m2")
    assert seqs(talk.events) == [1, 2, 3]


def test_the_bridge_says_gap():
    talk = Talk(cursor="e-2")
    talk.enter()
    gap = encode_gap(Cursor("e", 2), Cursor("e", 10))
    assert talk.inbox(gap) == [
        Connected(Cursor("e", 10)),
        Gap(Cursor("e", 2), Cursor("e", 10)),
    ]
    assert seqs(talk.inbox("e-11 m11")) == [11]
    talk.inbox("e-11")
    talk.live(12, 50)  # ... and once more, on a connection that stands
    assert len(talk.questions()) == 1
    gap = encode_gap(Cursor("e", 12), Cursor("e", 49))
    assert talk.inbox(gap) == [Gap(Cursor("e", 12), Cursor("e", 49)), Message("e", 50, "m50")]


def test_a_new_life_of_the_log_is_asked_about():
    talk = Talk()
    talk.begin()
    talk.live(1)
    assert talk.live(1, epoch="f") == []
    (question,) = talk.questions()
    assert question["after"] == "e-1"
    events = talk.inbox(encode_gap(Cursor("e", 1), Cursor("f", 0)))
    assert events == [Gap(Cursor("e", 1), Cursor("f", 0)), Message("f", 1, "m1")]
    talk.inbox("f-1 m1")
    talk.inbox("f-1")
    assert seqs(talk.live(2, epoch="f")) == [2]


def test_a_late_end_of_an_earlier_answer_changes_nothing():
    talk = Talk()
    talk.begin()
    talk.live(1, 2)
    assert talk.inbox("e-1") == []
    assert talk.questions() == []
    assert seqs(talk.live(3)) == [3]


# ---- the end --------------------------------------------------------------------------------


def test_expiry_is_the_end():
    talk = Talk()
    talk.begin()
    assert talk.inbox(encode_bye("token-expired", 401)) == [Closed("token-expired", 401)]
    assert not talk.half.holds_connection
    assert talk.half.get_timer() is None


@pytest.mark.parametrize("code", [4, 5])
def test_a_refused_log_in_is_the_end(code):
    talk = Talk()
    talk.dial()
    assert talk.feed(bytes((0x20, 2, 0, code))) == [Closed("token-invalid", 401)]
    assert talk.half.hits == {Hit.CONNECT: 0, Hit.REFUSED: 1}


def test_a_broker_that_is_not_ready_is_tried_again():
    talk = Talk()
    talk.dial()
    (event,) = talk.feed(b"\x20\x02\x00\x03")
    assert isinstance(event, Disconnected)
    assert "unavailable" in event.reason


def test_a_refused_subscription_is_the_end():
    talk = Talk()
    talk.dial()
    talk.feed(WELCOME)
    assert talk.feed(b"\x90\x05\x00\x01\x80\x01\x01") == [Closed("forbidden", 403)]


def test_a_refused_question_counts_as_refused():
    talk = Talk(cursor="e-9")
    talk.enter()
    assert talk.inbox(encode_bye("invalid-cursor", 400)) == [Closed("invalid-cursor", 400)]
    assert talk.half.hits == {Hit.RECONNECT: 2, Hit.REFUSED: 1, Hit.ACK: 1}


def test_a_bridge_that_restarts_makes_it_come_back():
    talk = Talk()
    talk.begin()
    talk.live(1)
    (event,) = talk.say(names.BRIDGE_TOPIC, encode_bye("server-restart", 503))
    assert isinstance(event, Disconnected)
    assert event.reason == "server-restart"
    assert talk.sent() == []  # the acknowledgement went with the connection,
    assert talk.half.hits[Hit.ACK] == 3  # so it is not counted
    assert talk.enter()["after"] == "e-1"


@pytest.mark.parametrize(
    "data",
    [
        b"\x10\x00",
        WELCOME,  # a second one
        mqtt311.publish(TOPIC, b"no frame", qos=0),
        mqtt311.publish(TOPIC, b"e-1 \xff", qos=0),
        mqtt311.publish(TOPIC, b"", qos=0),
        b"\x30\xff\xff\x7f",  # a packet larger than any of ours
    ],
)
def test_nonsense_ends_the_connection(data):
    talk = Talk()
    talk.begin()
    (event,) = talk.feed(data)
    assert isinstance(event, Disconnected)


# ---- time -----------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_silence_at_the_beginning_loses_the_connection(steps):
    talk = Talk()
    talk.dial()
    if steps:
        talk.feed(WELCOME)
    if steps == 2:
        talk.feed(b"\x90\x05\x00\x01\x01\x01\x01")
    before = talk.now
    talk.wake()
    assert isinstance(talk.events[-1], Disconnected)
    assert 5 * SECOND <= talk.now - before <= 60 * SECOND


def test_it_pings_when_it_has_sent_nothing():
    talk = Talk(keep_alive_s=10)
    talk.begin()
    start = talk.now
    talk.wake()
    assert talk.now - start == 10 * SECOND
    assert talk.sent() == [(0xC0, b"")]
    talk.feed(b"\xd0\x00")
    talk.now += 4 * SECOND
    talk.live(1)  # the acknowledgement counts as a sign of life
    assert len(talk.sent()) == 1
    while not (sent := talk.sent()):
        talk.wake()
    assert talk.now - start == 24 * SECOND
    assert talk.half.hits[Hit.KEEP_ALIVE] == 2
    assert sent[0][0] >> 4 == 3  # messages came, so it asks whether that was all of them


def test_the_check_finds_what_was_lost_last():
    talk = Talk(keep_alive_s=10)
    talk.begin()
    talk.live(1)
    talk.half.data_to_send()
    talk.wake()
    (question,) = talk.questions()
    assert (question["ask"], question["after"]) == ("check", "e-1")
    assert seqs(talk.inbox("e-2 m2")) == [2]
    talk.inbox("e-2")
    assert talk.half.hits[Hit.KEEP_ALIVE] == 1
    talk.half.close(talk.now)
    assert talk.questions() == [{"leave": "bye"}]


def test_a_goodbye_tells_how_often_it_pinged():
    talk = Talk(keep_alive_s=10)
    talk.begin()
    for _ in range(3):
        talk.wake()
        talk.feed(b"\xd0\x00")
    talk.half.data_to_send()
    talk.half.close(talk.now)
    assert talk.questions() == [{"leave": "bye", "pings": 3}]


def test_a_broker_that_does_not_answer_a_ping_is_gone():
    talk = Talk(keep_alive_s=30)
    talk.begin()
    while not (sent := talk.sent()):
        talk.wake()
    assert sent == [(0xC0, b"")]
    talk.wake()
    assert isinstance(talk.events[-1], Disconnected)
    assert "silent" in talk.events[-1].reason


def test_an_early_wake_does_nothing():
    talk = Talk()
    talk.begin()
    due = talk.half.get_timer()
    talk.half.handle_timer(due - 1)
    assert talk.sent() == []
    assert talk.half.get_timer() == due


# ---- options and endpoints ------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"qos": 3}, {"qos": -1}, {"keep_alive_s": 0}, {"qos": True}])
def test_bad_options(options):
    with pytest.raises(UsageError, match="mqtt"):
        Mqtt.with_options(options)


def test_an_endpoint_must_say_who_and_what():
    with pytest.raises(UsageError, match="username"):
        Mqtt().subscriber(Endpoint("127.0.0.1", 1883), "TOKEN", rng=Random(1))


def test_the_token_is_in_no_text():
    talk = Talk()
    talk.begin()
    assert "TOKEN" not in repr(talk.half)
    assert not hasattr(talk.half, "__dict__")
