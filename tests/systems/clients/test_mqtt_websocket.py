"""MQTT over WebSocket, with the server half of `websockets` at the other end."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Opcode

from pushlab.contract.hits import Hit
from pushlab.systems.clients.mqtt_websocket import MqttWebSocketReader
from pushlab.transports import _mqtt_server as server
from pushlab.wire import mqtt311
from tests.systems.clients.foreigners import Both, foreign, found
from tests.transports.halves import SECOND, Connected, Disconnected

WELCOME = b"\x20\x02\x00\x00"
GRANTED = b"\x90\x03\x00\x01\x01"


def both():
    return Both(name="mqtt-websocket", subprotocols=["mqtt"])


def packets(said):
    """The packets in what the reader has said, which is one frame of bytes for each."""
    assert {opcode for opcode, _ in said} <= {Opcode.BINARY}
    return [packet for _, data in said for packet in server.PacketReader(1000).receive(data)]


def published(payload, packet_id):
    return mqtt311.publish("lab-0", payload, qos=1, packet_id=packet_id)


def test_it_shakes_hands_and_speaks_mqtt_then():
    ends = both()
    assert ends.request.headers["Sec-WebSocket-Protocol"] == "mqtt"
    assert not ends.greeting
    (connect,) = packets(ends.said())
    assert server.read_connect(connect.body).client_id == "c-1"
    assert not ends.tell(WELCOME)
    (subscribe,) = packets(ends.said())
    assert server.read_filters(subscribe, 4) == (b"\0\1", [("lab-0", 1)])
    assert [type(event) for event in ends.tell(GRANTED)] == [Connected]
    assert ends.hand.half.hits == {Hit.CONNECT: 3}


@given(cuts=st.sets(st.integers(0, 60)), splits=st.lists(st.integers(0, 200)))
def test_packets_come_whatever_frames_and_bytes_are_split_into(cuts, splits):
    stream = WELCOME + GRANTED + published(b"a", 5) + published(b"b" * 30, 6) + published(b"", 7)
    ends = both()
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(stream)), len(stream)]
    for start, stop in pairwise(edges):
        ends.server.send_binary(stream[start:stop])
    events = ends.feed(*splits)
    assert found(events) == [b"a", b"b" * 30, b""]
    told = packets(ends.said())
    assert [server.identifier(packet) for packet in told if packet.kind == 4] == [5, 6, 7]
    assert ends.hand.half.hits[Hit.ACK] == 3


def test_it_pings_as_mqtt_does_and_says_goodbye_in_both():
    ends = both()
    ends.tell(WELCOME, GRANTED)
    ends.said()
    began = ends.hand.now
    ends.hear(ends.hand.wake())
    assert ends.said() == [(Opcode.BINARY, mqtt311.PINGREQ)]
    assert ends.hand.now - began == 30 * SECOND
    ends.tell(b"\xd0\x00")
    ends.hand.half.close(ends.hand.now)
    (disconnect, close) = ends.said()
    assert disconnect == (Opcode.BINARY, mqtt311.DISCONNECT)
    assert close[0] is Opcode.CLOSE
    assert ends.hand.half.hits[Hit.LEAVE] == 1


def test_a_broker_that_shakes_hands_and_says_nothing_is_given_up():
    ends = both()
    ends.hand.wake()
    (event,) = ends.hand.half.events_received()
    assert event.reason == "the broker does not answer"


def test_a_server_that_does_not_shake_hands_is_given_up():
    hand = foreign("mqtt-websocket", "/mqtt")
    hand.dial()
    hand.wake()
    (event,) = hand.half.events_received()
    assert isinstance(event, Disconnected)
    assert "is not answered" in event.reason


def test_its_profile_has_a_name_of_its_own():
    assert MqttWebSocketReader.profile.name == "mqtt-websocket"
    assert MqttWebSocketReader.profile.title == "MQTT over WebSocket"
