"""The embedded broker at the wire: every version of MQTT, what it refuses, and whom it cuts off."""

import asyncio
import contextlib
import json
import time

import pytest

from pushlab.brokers._connection import ClientConnection, Connections
from pushlab.brokers._router import Router
from pushlab.contract.hits import Hit
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import Refused
from pushlab.transports import _mqtt311 as mqtt311
from pushlab.transports import _mqtt_names as names
from pushlab.transports._mqtt311 import framed, text

KEYS = TokenKeys.fresh()
BRIDGE = "hub", "sesame"
TOPIC = names.live_topic("news")
SESSION = "n" + "0" * 32


def grant_of(client_id="ann", channel="news", life_s=60.0):
    grant = Grant(client_id, channel, round(time.time() + life_s, 3), f"{client_id}0123")
    token, _ = KEYS.sign(grant)
    return names.username_of(grant.client_id, grant.grant_id), token, grant


def connect(level=4, client_id="any", *, user=None, clean=True, keep_alive_s=60, properties=b""):
    username, password = user or grant_of()[:2]
    name = "MQIsdp" if level == 3 else "MQTT"
    more = bytes((len(properties),)) + properties if level == 5 else b""
    flags = 0xC0 | (2 if clean else 0)
    head = text(name) + bytes((level, flags)) + keep_alive_s.to_bytes(2, "big") + more
    return framed(0x10, head + text(client_id) + text(username) + text(password))


def subscribe(level, *filters, packet_id=7):
    body = packet_id.to_bytes(2, "big") + (b"\0" if level == 5 else b"")
    return framed(0x82, body + b"".join(text(name) + bytes((qos,)) for name, qos in filters))


class Wire(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self):
        super().__init__()
        self.sent = bytearray()
        self.closed = False
        self.reads = True

    def write(self, data):
        self.sent += data

    def close(self):
        self.closed = True

    abort = close

    def set_write_buffer_limits(self, high=None, low=None):
        pass

    def pause_reading(self):
        self.reads = False

    def resume_reading(self):
        self.reads = True


class Client:
    """One client of a broker that is called directly."""

    def __init__(self, connections):
        self.wire = Wire()
        self.connection: ClientConnection = connections()
        self.connection.connection_made(self.wire)

    def say(self, *pieces):
        """What the broker answers."""
        self.wire.sent = bytearray()
        for piece in pieces:
            self.connection.data_received(piece)
        return self.heard()

    def heard(self):
        heard, self.wire.sent = bytes(self.wire.sent), bytearray()
        return heard


class Hub:
    """In the place of the bridge's session: it knows whose tokens they are."""

    def __init__(self, router):
        self.router = router
        self.silent = False
        self.asked = 0

    def deliver(self, message, qos):
        self.asked += 1
        question = json.loads(message.payload)
        answer = {"number": question["number"]}
        with contextlib.suppress(Refused):
            grant = KEYS.verify(question["token"], now=time.time())
            answer["grant"] = [grant.client_id, grant.channel, grant.expires_at, grant.grant_id]
        if not self.silent:
            self.router.told(json.dumps(answer).encode())
        return True


class Broker:
    """A broker without a socket, whose clock is moved by hand."""

    def __init__(self):
        self.now = 0.0
        self.router = Router(username=BRIDGE[0], password=BRIDGE[1])
        self.connections = Connections(self.router, lambda: self.now)
        self.hub = Hub(self.router)
        self.router._readers[names.LOGIN_TOPIC.encode()] = {self.hub: 1}

    def client(self, *words, **options):
        client = Client(self.connections)
        assert client.say(connect(*words, **options))[:2] in (b"\x20\x02", b"\x20\x10")
        client.heard()
        return client

    def bridge(self):
        bridge = self.client(4, "bridge", user=BRIDGE)
        told = subscribe(4, (names.OUTBOX + "+", 1), (names.COUNTS_TOPIC, 1))
        assert bridge.say(told)[-2:] == b"\1\1"
        return bridge


@pytest.fixture
async def broker():
    return Broker()


# ---- log-ins --------------------------------------------------------------------------------

OLD, BAD = b"\x20\x02\0\0", b"\x20\x02\0\5"


@pytest.mark.parametrize("client_id", ["", "any", SESSION, "ann é/+# " + "x" * 300])
@pytest.mark.parametrize("level", [3, 4, 5])
async def test_any_client_may_log_in_with_a_token(broker, level, client_id):
    client = Client(broker.connections)
    answer = client.say(connect(level, client_id))
    if level < 5:
        assert answer == OLD
    else:
        properties = b"\x25\0\x28\0\x29\0\x2a\0\x27\0\1\0\0"
        assert answer[:2] == bytes((0x20, len(answer) - 2))
        assert answer[2:4] == b"\0\0"
        assert answer[5:].startswith(properties)
        assert (b"\x12" in answer[5 + len(properties) :]) == (
            client_id == ""
        )  # it is told its name
    assert not client.wire.closed
    assert broker.router.counts == {Hit.CONNECT: 1}


@pytest.mark.parametrize(
    ("packet", "answer"),
    [
        (connect(6), b"\x20\x02\0\1"),
        (connect(0x84), b"\x20\x02\0\1"),
        (connect(4, user=("ann", "not a token")), BAD),
        (connect(3, user=("ann", "not a token")), BAD),
        (connect(5, user=("ann", "not a token")), b"\x20\x03\0\x87\0"),
        (connect(4, user=("eve", grant_of()[1])), BAD),  # the token of another user name
        (connect(4, user=grant_of(life_s=-1)[:2]), BAD),
        (connect(4, user=("hub", "guess")), BAD),
        (framed(0x10, text("MQTT") + b"\4\2\0\0" + text("any")), BAD),  # with no log-in at all
        (framed(0x10, text("MQTT") + b"\5\2\0\0\0" + text("any")), b"\x20\x03\0\x87\0"),
        (connect(4, "", clean=False), b"\x20\x02\0\2"),
    ],
    ids=range(11),
)
async def test_what_is_refused_is_told_with_the_standards_code(broker, packet, answer):
    client = Client(broker.connections)
    assert client.say(packet) == answer
    assert client.wire.closed
    assert broker.router.counts == {Hit.REFUSED: 1}


@pytest.mark.parametrize(
    "packet",
    [
        b"GET / HTTP/1.1\r\nHost: push.example\r\n\r\n",
        bytes(range(256)),
        b"\x10\xff\xff\xff\xff\x7f",
        b"\x10\xff\xff\xff\x7f",  # 256 MiB are announced
        framed(0x10, connect()[3:] + b"xx"),
        framed(0x10, b""),
        framed(0x10, text("MQTT") + b"\4\x03\0\0" + text("any")),
        framed(0x10, text("HTTP") + b"\4\2\0\0" + text("any")),
        framed(0x11, connect()[2:]),
        subscribe(4, (TOPIC, 1)),
        mqtt311.PINGREQ,
    ],
    ids=range(11),
)
async def test_what_is_no_log_in_is_hung_up_on(broker, packet):
    client = Client(broker.connections)
    assert client.say(packet) == b""
    assert client.wire.closed


async def test_what_comes_with_a_log_in_is_not_read_before_its_answer(broker):
    broker.hub.silent = True
    early = Client(broker.connections)
    early.say(connect() + mqtt311.PINGREQ * 100_000)
    assert early.connection._reader.rest == mqtt311.PINGREQ * 100_000  # and no packet of it is made


async def test_properties_that_end_within_a_number_are_no_packet(broker):
    reader = broker.client(5)
    unending = bytes((11, 0x80, 11)) + bytes([11] * 11)  # as the identifier, and as properties
    assert reader.say(framed(0x82, unending)) == b"\xe0\x02\x81\0"
    assert reader.wire.closed


async def test_a_log_in_may_come_in_any_pieces(broker):
    packet = connect(5, "any")
    client = Client(broker.connections)
    said = client.say(*(packet[n : n + 1] for n in range(len(packet))))
    assert said[:4] == b"\x20\x10\0\0"


async def test_who_does_not_log_in_is_hung_up_on(broker):
    idle, slow = Client(broker.connections), Client(broker.connections)
    slow.say(connect()[:20])
    broker.now = 9.0
    slow.say(connect()[20:25])
    broker.connections.sweep()
    assert not idle.wire.closed
    broker.now = 10.1
    broker.connections.sweep()
    assert idle.wire.closed
    assert slow.wire.closed  # a byte now and then buys no time


async def test_a_crowd_that_does_not_log_in_keeps_nobody_out(broker):
    crowd = [Client(broker.connections) for _ in range(1_100)]
    assert Client(broker.connections).say(connect()) == OLD
    assert crowd[0].wire.closed
    assert not crowd[-1].wire.closed


async def test_the_same_name_takes_over_within_one_grant_only(broker):
    first, stranger = broker.client(5), broker.client(user=grant_of("bob")[:2])
    again = broker.client(5)
    assert first.wire.sent == b"\xe0\x02\x8e\x00"  # session taken over
    assert first.wire.closed
    assert not stranger.wire.closed
    assert again.say(mqtt311.PINGREQ) == b"\xd0\x00"


# ---- messages -------------------------------------------------------------------------------


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("level", [3, 4, 5])
async def test_a_message_goes_to_each_in_its_own_version(broker, level, qos):
    bridge, reader = broker.bridge(), broker.client(level)
    granted = reader.say(subscribe(level, (TOPIC, qos), ("#", 0), ("pushlab/other", 1)))
    no = b"\x87\x87" if level == 5 else b"\x80\x80"
    assert granted == framed(0x90, b"\0\7" + (b"\0" if level == 5 else b"") + bytes((qos,)) + no)
    answer = bridge.say(mqtt311.publish(TOPIC, b"hello", qos=2, packet_id=9))
    assert answer == mqtt311.acknowledge(mqtt311.PUBREC, 9)
    bridge.say(mqtt311.publish(TOPIC, b"hello", qos=2, packet_id=9))  # once more: it had it
    assert bridge.say(mqtt311.acknowledge(mqtt311.PUBREL, 9))[0] >> 4 == mqtt311.PUBCOMP
    body = text(TOPIC) + (b"\0\1" if qos else b"") + (b"\0" if level == 5 else b"") + b"hello"
    assert reader.heard() == framed(0x30 | qos << 1, body)
    if qos == 1:
        assert reader.say(mqtt311.acknowledge(mqtt311.PUBACK, 1)) == b""
    elif qos == 2:
        rel = mqtt311.acknowledge(mqtt311.PUBREL, 1)
        assert reader.say(mqtt311.acknowledge(mqtt311.PUBREC, 1)) == rel
        assert reader.say(mqtt311.acknowledge(mqtt311.PUBCOMP, 1)) == b""
    assert broker.router.counts == {Hit.CONNECT: 2} | ({Hit.ACK: qos} if qos else {})


async def test_every_packet_of_an_ordinary_client_is_counted(broker):
    reader = broker.client(5, "robot")  # its first letter is no session's
    reader.say(subscribe(5, (TOPIC, 1)))
    reader.say(mqtt311.PINGREQ)
    reader.say(framed(0xA2, b"\0\x08\0" + text(TOPIC)))
    no = reader.say(framed(0x32, text("pushlab/news") + b"\0\x09\0forged"))
    assert no == b"\x40\x04\0\x09\x87\0"  # version 5 can say no
    reader.say(b"\xe0\x02\0\0")
    assert broker.router.counts == {
        Hit.CONNECT: 2,
        Hit.KEEP_ALIVE: 1,
        Hit.LEAVE: 2,
        Hit.REFUSED: 1,
    }


async def test_the_bridge_is_told_of_counts_and_of_whom_has_gone(broker):
    bridge, reader = broker.bridge(), broker.client(4, SESSION)
    assert reader.say(mqtt311.publish(names.OUTBOX + SESSION, b"{}", qos=0)) == b""
    assert bridge.heard().endswith(b"{}")
    reader.connection.connection_lost(None)
    assert bridge.heard().endswith(b'{"leave": "gone"}')
    broker.router.tell_counts()
    assert bridge.heard().endswith(b'{"connect": 1}')


async def test_what_may_wait_for_an_answer_is_the_clients_to_say(broker):
    bridge = broker.bridge()
    reader = broker.client(5, properties=b"\x21\0\2\x27\0\0\0\x40")  # two at once, of 64 bytes
    reader.say(subscribe(5, (TOPIC, 1)))
    reader.heard()
    for text_of_it in (b"1", b"x" * 100, b"2", b"3"):
        bridge.say(mqtt311.publish(TOPIC, text_of_it, qos=1, packet_id=1))
    assert reader.heard().count(TOPIC.encode()) == 2
    assert reader.say(mqtt311.acknowledge(mqtt311.PUBACK, 1)).endswith(b"3")


async def test_a_kept_session_goes_on_where_it_was(broker):
    bridge, reader = broker.bridge(), broker.client(clean=False)
    reader.say(subscribe(4, (TOPIC, 1)))
    bridge.say(mqtt311.publish(TOPIC, b"not answered", qos=1, packet_id=1))
    reader.connection.connection_lost(None)
    bridge.say(mqtt311.publish(TOPIC, b"while it was away", qos=1, packet_id=1))
    again = Client(broker.connections)
    said = again.say(connect(clean=False))
    first = framed(0x3A, text(TOPIC) + b"\0\1not answered")
    assert said == b"\x20\x02\1\0" + first + framed(0x32, text(TOPIC) + b"\0\2while it was away")
    again.connection.connection_lost(None)
    assert Client(broker.connections).say(connect(clean=True)) == OLD
    bridge.say(mqtt311.publish(TOPIC, b"to nobody", qos=1, packet_id=1))


async def test_a_slow_reader_is_cut_off_alone(broker):
    bridge, slow, good = broker.bridge(), broker.client(5), broker.client(5, "good")
    for reader in (slow, good):
        reader.say(subscribe(5, (TOPIC, 0)))
        reader.heard()
    slow.connection.pause_writing()
    assert not slow.wire.reads  # what it says waits too
    for _ in range(300):
        bridge.say(mqtt311.publish(TOPIC, b"x" * 60_000, qos=0))
    assert slow.wire.closed
    assert slow.heard() == b"\xe0\x02\x97\0"  # quota exceeded
    assert len(good.heard()) > 300 * 60_000


async def test_a_flood_of_pings_is_read_at_a_clients_pace(broker):
    flood, other = broker.client(), broker.client(4, "other")
    pings = 10_000
    assert flood.say(mqtt311.PINGREQ * pings) == b"\xd0\0" * 64  # of one turn
    assert not flood.wire.reads
    assert flood.say(mqtt311.PINGREQ) == b""
    assert other.say(mqtt311.PINGREQ) == b"\xd0\0"
    for _ in range(8):
        await asyncio.sleep(0)
    heard = len(flood.heard()) // 2 + 64
    assert 250 <= heard < 1_500  # what it had saved up
    while (told := broker.connections.router.counts[Hit.KEEP_ALIVE]) < pings + 2:
        broker.now += 0.25
        await asyncio.sleep(0.001)
        assert heard <= told <= 2 + 1_350 + broker.now * 1_000
        flood.connection._go_on()  # as its timer would
    assert flood.heard() == b"\xd0\0" * (pings + 1 - heard)
    assert flood.wire.reads


async def test_what_a_reader_owes_is_read_at_once(broker):
    bridge, reader = broker.bridge(), broker.client()
    reader.say(subscribe(4, (TOPIC, 1)))
    for number in range(1, 901):
        bridge.say(mqtt311.publish(TOPIC, b"news", qos=1, packet_id=number))
    for first in range(1, 901, 50):
        acks = [mqtt311.acknowledge(mqtt311.PUBACK, n) for n in range(first, first + 50)]
        reader.say(*acks)
        assert reader.wire.reads
    for number in range(1, 901):  # once is enough
        reader.say(mqtt311.acknowledge(mqtt311.PUBACK, number))
    assert not reader.wire.reads


async def test_who_asks_the_hub_waits_while_it_is_behind(broker):
    bridge = broker.bridge()
    asking = broker.client(4, SESSION, keep_alive_s=20)
    bridge.connection.pause_writing()  # the hub takes nothing
    question = mqtt311.publish(names.OUTBOX + SESSION, b"{}", qos=0)
    for _ in range(2_000):
        asking.say(question)
        broker.now += 0.02
        asking.connection._go_on()  # as its timer would
    assert not asking.wire.reads
    assert len(asking.connection._reader.rest) == 999 * len(question)
    broker.connections.sweep()
    assert not asking.wire.closed  # it is not the client who is silent
    bridge.heard()
    bridge.connection.resume_writing()
    assert bridge.heard().count(question) == 1_001
    asking.connection._go_on()
    assert question in bridge.heard()


# ---- the end --------------------------------------------------------------------------------


async def test_a_token_ends_by_the_wall_clock_however_it_is_set(broker, monkeypatch):
    user = grant_of(life_s=3_600)
    reader, lasting = broker.client(5, user=user[:2]), broker.client(user=grant_of("bob")[:2])
    broker.connections.sweep()
    assert not reader.wire.closed
    present = time.time()
    lasting.connection.session.grant = Grant("bob", "news", present + 90_000, "bob0123")
    monkeypatch.setattr(time, "time", lambda: present + 3_601)
    broker.connections.sweep()
    assert reader.wire.sent == b"\xe0\x02\x87\0"
    assert reader.wire.closed
    assert not lasting.wire.closed
    assert Client(broker.connections).say(connect(user=user[:2])) == BAD


async def test_a_grant_that_has_ended_is_cut_off_and_asked_for_again(broker):
    bridge, (name, token, _) = broker.bridge(), grant_of("bob")
    reader, other = broker.client(), broker.client(user=(name, token))
    ended = b'{"ended": ["ann0123"]}'
    bridge.say(mqtt311.publish(names.GRANTS_TOPIC, ended, qos=1, packet_id=1))
    assert reader.wire.closed
    assert not other.wire.closed
    other.say(mqtt311.publish(names.GRANTS_TOPIC, b'{"ended": ["bob0123"]}', qos=0))  # forged
    asked = broker.hub.asked
    assert Client(broker.connections).say(connect(user=(name, token))) == OLD
    assert broker.hub.asked == asked  # what the bridge said holds
    assert Client(broker.connections).say(connect()) == OLD
    assert broker.hub.asked == asked + 1


@pytest.mark.parametrize(("level", "answer"), [(4, b"\x20\x02\0\3"), (5, b"\x20\x03\0\x88\0")])
async def test_without_a_bridge_that_answers_it_is_unavailable(broker, monkeypatch, level, answer):
    broker.hub.silent = True
    waits = Client(broker.connections)
    assert waits.say(connect(level, "waits"), subscribe(level, (TOPIC, 1))) == b""
    assert not waits.wire.reads
    present = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: present + 6)
    broker.connections.sweep()
    assert waits.heard() == answer
    assert waits.wire.closed
    del broker.router._readers[names.LOGIN_TOPIC.encode()]
    assert Client(broker.connections).say(connect(level)) == answer


async def test_what_is_said_before_the_answer_is_heard_after_it(broker):
    broker.hub.silent = True
    early = Client(broker.connections)
    early.say(connect() + subscribe(4, (TOPIC, 1)), mqtt311.PINGREQ)
    assert early.heard() == b""
    said = {"number": 1, "grant": ["ann", "news", time.time() + 60, "ann0123"]}
    broker.router.told(json.dumps(said).encode())
    assert early.heard() == OLD + b"\x90\x03\0\7\1" + b"\xd0\0"
    broker.router.told(json.dumps(said).encode())  # twice is once
    assert early.heard() == b""


async def test_who_falls_silent_is_cut_off(broker):
    talks, silent = broker.client(keep_alive_s=10), broker.client(4, "silent", keep_alive_s=10)
    broker.now = 14.0
    talks.say(mqtt311.PINGREQ)
    broker.connections.sweep()
    assert not silent.wire.closed
    broker.now = 16.0
    broker.connections.sweep()
    assert silent.wire.closed
    assert not talks.wire.closed
