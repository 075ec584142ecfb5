"""Who logs in to the embedded broker, in every version of MQTT, and who does not."""

import pytest

from pushlab.contract.hits import Hit
from pushlab.wire import mqtt311
from pushlab.wire.mqtt311 import framed, text
from tests.brokers.wire import BAD, OLD, SESSION, TOPIC, Client, connect, grant_of, subscribe


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
