from dataclasses import replace

import pytest

from pushlab.contract.hits import Hit
from pushlab.contract.registry import load_transport
from pushlab.contract.serving import HubSettings
from pushlab.errors import UsageError
from pushlab.systems.spec import Speech
from pushlab.transports import _mqtt_server as server
from pushlab.wire import mqtt311
from tests.systems.clients.foreigners import foreign, found, spoken
from tests.transports.halves import SECOND, Closed, Connected, Disconnected

WELCOME = b"\x20\x02\x00\x00"
GRANTED = b"\x90\x03\x00\x01\x01"
PINGRESP = b"\xd0\x00"


def hand(speech=None, **settings):
    return foreign("mqtt", speech=speech, **settings)


def published(payload, packet_id=0, topic="lab-0"):
    return mqtt311.publish(topic, payload, qos=1 if packet_id else 0, packet_id=packet_id)


def only(data):
    """The one packet of a client that these bytes are."""
    (packet,) = server.PacketReader(10_000).receive(data)
    return packet


def read_in(reader):
    """Let the reader in."""
    reader.dial()
    reader.feed(WELCOME + GRANTED)
    reader.half.data_to_send()
    return reader


def test_it_says_who_it_is_and_subscribes_when_it_is_welcome():
    reader = hand()
    connect = server.read_connect(only(reader.dial()).body)
    assert (connect.level, connect.client_id, connect.clean) == (4, "c-1", True)
    assert (connect.keep_alive_s, connect.username, connect.will) == (30, None, None)
    asked = only(reader.tell(WELCOME))
    assert server.read_filters(asked, 4) == (b"\0\1", [("lab-0", 1)])
    assert not reader.half.events_received()
    (event,) = reader.feed(GRANTED)
    assert isinstance(event, Connected)
    assert reader.half.hits == {Hit.CONNECT: 2}


def test_a_topic_filter_and_a_login_are_the_speechs(monkeypatch):
    monkeypatch.setenv("SECRET_OF_TESTS", "12345")
    speech = Speech(topic="rooms/{channel}/+", user="{client}", password="{env.SECRET_OF_TESTS}")
    reader = hand(speech, qos=0, persistent=True, keep_alive_s=7)
    connect = server.read_connect(only(reader.dial()).body)
    assert (connect.username, connect.password) == ("c-1", b"12345")
    assert (connect.clean, connect.keep_alive_s) == (False, 7)
    asked = only(reader.tell(WELCOME))
    assert server.read_filters(asked, 4)[1] == [("rooms/lab-0/+", 0)]
    reader.feed(GRANTED)
    assert found(reader.feed(published(b"one", topic="rooms/lab-0/x"))) == [b"one"]


@pytest.mark.parametrize("qos", [0, 1])
def test_every_message_comes_whatever_the_bytes_are_split_into(qos):
    payloads = [b"a", b"b" * 200, b"", bytes(range(256))]
    stream = WELCOME + GRANTED
    stream += b"".join(published(each, 40 + n if qos else 0) for n, each in enumerate(payloads))
    acks = b"".join(mqtt311.acknowledge(mqtt311.PUBACK, 40 + n) for n in range(len(payloads)))
    splits = [(stream[:at], stream[at:]) for at in range(len(stream) + 1)]
    splits.append(tuple(stream[at : at + 1] for at in range(len(stream))))
    for parts in splits:
        reader = hand(qos=qos)
        reader.dial()
        events, sent = reader.fed(*parts)
        assert found(events) == payloads
        assert isinstance(events[0], Connected)
        assert sent.endswith(acks if qos else b"")
        assert reader.half.hits.get(Hit.ACK, 0) == (len(payloads) if qos else 0)


def test_a_message_that_comes_alone_is_taken_and_acknowledged():
    reader = read_in(hand())
    assert reader.tell(published(b"alone", 9)) == mqtt311.acknowledge(mqtt311.PUBACK, 9)
    assert found(reader.half.events_received()) == [b"alone"]
    assert reader.half.hits[Hit.ACK] == 1


def test_a_wrong_login_is_the_end_and_a_broker_that_is_busy_is_not():
    reader = hand()
    reader.dial()
    assert reader.feed(b"\x20\x02\x00\x05") == [Closed("not authorised", 401)]
    assert reader.half.hits == {Hit.CONNECT: 0, Hit.REFUSED: 1}
    reader = hand()
    reader.dial()
    (event,) = reader.feed(b"\x20\x02\x00\x03")
    assert isinstance(event, Disconnected)
    assert event.reason == "the broker is unavailable"


def test_a_refused_subscription_is_the_end():
    reader = hand()
    reader.dial()
    assert reader.feed(WELCOME + b"\x90\x03\x00\x01\x80") == [
        Closed("the broker refuses the subscription", 403)
    ]


def test_it_pings_after_a_silence_and_gives_a_silent_broker_up():
    reader = read_in(hand(keep_alive_s=30))
    began = reader.now
    assert reader.wake() == mqtt311.PINGREQ
    assert reader.now - began == 30 * SECOND
    assert reader.half.hits[Hit.KEEP_ALIVE] == 1
    reader.feed(PINGRESP)
    assert reader.wake() == mqtt311.PINGREQ
    assert reader.now - began == 60 * SECOND
    reader.wake()
    (event,) = reader.half.events_received()
    assert event.reason == "the broker fell silent"
    assert reader.now - began == 70 * SECOND


def test_an_acknowledgement_is_a_word_too():
    reader = read_in(hand(keep_alive_s=30))
    reader.now += 20 * SECOND
    reader.tell(published(b"x", 1))
    assert reader.wake() == b""  # it is 30 s after the beginning, and 10 after the acknowledgement
    assert reader.wake() == mqtt311.PINGREQ


def test_a_broker_that_says_nothing_is_given_up():
    reader = hand()
    reader.dial()
    reader.wake()
    (event,) = reader.half.events_received()
    assert event.reason == "the broker does not answer"


def test_it_comes_back_and_counts_that_apart():
    reader = read_in(hand())
    assert isinstance(reader.eof()[0], Disconnected)
    read_in(reader)
    assert reader.half.hits == {Hit.CONNECT: 2, Hit.RECONNECT: 2}
    assert found(reader.feed(published(b"again", 3))) == [b"again"]


@pytest.mark.parametrize(
    "wrong", [WELCOME, b"\xff\x00", mqtt311.publish("lab-0", b"x", qos=2, packet_id=1)]
)
def test_what_no_broker_may_send_ends_the_connection(wrong):
    (event,) = read_in(hand()).feed(wrong)
    assert isinstance(event, Disconnected)
    assert event.reason.startswith("not MQTT 3.1.1: ")


def test_it_says_goodbye():
    reader = read_in(hand())
    reader.half.close(reader.now)
    assert reader.half.data_to_send() == mqtt311.DISCONNECT
    assert reader.half.hits[Hit.LEAVE] == 1


def test_its_profile_is_that_of_the_options():
    profile = load_transport("mqtt").profile
    told = spoken("mqtt", qos=0, keep_alive_s=9).in_force(HubSettings())
    assert (told.acks, told.client_keep_alive_s) == (0, 9)
    assert spoken("mqtt").in_force(HubSettings()).hits == {Hit.ACK, Hit.KEEP_ALIVE}
    assert replace(told, acks=1).hits == profile.hits | {Hit.ACK}


def test_a_qos_that_brings_no_more_is_refused():
    with pytest.raises(UsageError, match="qos"):
        hand(qos=2)
