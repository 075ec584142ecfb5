"""The codec against the bytes of a real client, paho-mqtt, and against bytes of no kind at all."""

import itertools
import select
import socket
from collections.abc import Iterator

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from pushlab.wire import mqtt311
from pushlab.wire.mqtt311 import (
    Acked,
    Connack,
    MalformedPacket,
    Parser,
    Pingresp,
    Publish,
    Suback,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
topics = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=300
)
payloads = st.binary(max_size=300) | st.binary(min_size=100, max_size=200).map(lambda b: b * 200)
qualities = st.integers(0, 2)
packet_ids = st.integers(1, 65_535)


class Pair:
    """A paho client, and the other end of its socket."""

    def __init__(self, client: paho.Client) -> None:
        self.client = client
        with socket.create_server(("127.0.0.1", 0)) as server:
            client.connect("127.0.0.1", server.getsockname()[1], client.keepalive or 60)
            self.peer, _ = server.accept()

    def written(self) -> bytes:
        """One packet that paho wrote."""
        data = self._exactly(1)
        length = shift = 0
        while True:
            byte = self._exactly(1)
            data += byte
            length |= (byte[0] & 0x7F) << shift
            shift += 7
            if byte[0] < 0x80:
                return data + self._exactly(length)

    def _exactly(self, n: int) -> bytes:
        data = b""
        while len(data) < n:
            while not select.select([self.peer], [], [], 0)[0]:
                ready, _, _ = select.select([self.peer, self.client.socket()], [], [], 10)
                assert ready, "paho says nothing"
                if self.peer not in ready:
                    self.client.loop_read()
            more = self.peer.recv(n - len(data))
            assert more, "paho hung up"
            data += more
        return data

    def tell(self, data: bytes) -> None:
        """Let paho read these bytes of ours."""
        self.peer.sendall(data)
        select.select([self.client.socket()], [], [], 10)
        self.client.loop_read()

    def close(self) -> None:
        self.peer.close()
        sock = self.client.socket()
        if sock is not None:
            sock.close()


def new_paho(client_id: str = "someone", *, clean: bool = True) -> paho.Client:
    return paho.Client(
        CallbackAPIVersion.VERSION2, client_id, clean_session=clean, protocol=paho.MQTTv311
    )


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    pair = Pair(new_paho())
    pair.written()
    pair.tell(b"\x20\x02\x00\x00")
    yield pair
    pair.close()


# ---- what we write is what paho writes ------------------------------------------------------


@given(
    client_id=texts.filter(bool),
    keep_alive_s=st.integers(1, 65_535),
    username=st.none() | texts,
    password=texts,
    will=st.none() | st.tuples(topics, payloads, qualities),
    clean=st.booleans(),
)
def test_connect_is_pahos(
    client_id: str,
    keep_alive_s: int,
    username: str | None,
    password: str,
    will: tuple[str, bytes, int] | None,
    clean: bool,
) -> None:
    client = new_paho(client_id, clean=clean)
    if username is not None:
        client.username_pw_set(username, password)
    if will:
        client.will_set(*will)
    client.keepalive = keep_alive_s
    pair = Pair(client)
    try:
        assert pair.written() == mqtt311.connect(
            client_id,
            keep_alive_s=keep_alive_s,
            username=username,
            password=password,
            will=will,
            clean=clean,
        )
    finally:
        pair.close()


@given(st.lists(st.tuples(topics, qualities), min_size=1, max_size=5))
def test_subscribe_is_pahos(pair: Pair, filters: list[tuple[str, int]]) -> None:
    result, packet_id = pair.client.subscribe(filters)
    assert result == paho.MQTT_ERR_SUCCESS
    assert pair.written() == mqtt311.subscribe(packet_id or 0, filters)


@given(topics, payloads, qualities)
def test_publish_is_pahos_and_reads_back(pair: Pair, topic: str, payload: bytes, qos: int) -> None:
    info = pair.client.publish(topic, payload, qos)
    written = pair.written()
    assert written == mqtt311.publish(topic, payload, qos=qos, packet_id=info.mid)
    packet_id = info.mid if qos else 0
    assert Parser().receive(written) == [Publish(topic.encode(), payload, qos, packet_id)]
    if qos == 1:
        pair.tell(mqtt311.acknowledge(mqtt311.PUBACK, info.mid))
    elif qos == 2:
        pair.tell(mqtt311.acknowledge(mqtt311.PUBREC, info.mid))
        assert pair.written() == mqtt311.acknowledge(mqtt311.PUBREL, info.mid)
        pair.tell(mqtt311.acknowledge(mqtt311.PUBCOMP, info.mid))
    assert info.is_published()


@given(topics, payloads, packet_ids)
def test_acknowledgements_are_pahos(pair: Pair, topic: str, payload: bytes, packet_id: int) -> None:
    pair.tell(mqtt311.publish(topic, payload, qos=1, packet_id=packet_id))
    written = pair.written()
    assert written == mqtt311.acknowledge(mqtt311.PUBACK, packet_id)
    assert Parser().receive(written) == [Acked(mqtt311.PUBACK, packet_id)]
    pair.tell(mqtt311.publish(topic, payload, qos=2, packet_id=packet_id))
    written = pair.written()
    assert written == mqtt311.acknowledge(mqtt311.PUBREC, packet_id)
    assert Parser().receive(written) == [Acked(mqtt311.PUBREC, packet_id)]
    pair.tell(mqtt311.acknowledge(mqtt311.PUBREL, packet_id))
    written = pair.written()
    assert written == mqtt311.acknowledge(mqtt311.PUBCOMP, packet_id)
    assert Parser().receive(written) == [Acked(mqtt311.PUBCOMP, packet_id)]


def test_ping_and_disconnect_are_pahos() -> None:
    client = new_paho()
    client.keepalive = 1
    pair = Pair(client)
    try:
        pair.written()
        pair.tell(b"\x20\x02\x00\x00")
        client._send_pingreq()
        assert pair.written() == mqtt311.PINGREQ
        client.disconnect()
        assert pair.written() == mqtt311.DISCONNECT
    finally:
        pair.close()


# ---- what a broker sends --------------------------------------------------------------------

FROM_A_BROKER = [
    (b"\x20\x02\x00\x00", Connack(0, False)),
    (b"\x20\x02\x01\x00", Connack(0, True)),
    (b"\x20\x02\x00\x05", Connack(5, False)),
    (b"\x90\x03\x00\x0a\x01", Suback(10, b"\x01")),
    (b"\x90\x05\x12\x34\x00\x02\x80", Suback(0x1234, b"\x00\x02\x80")),
    (b"\xd0\x00", Pingresp()),
    (b"\x40\x02\x12\x34", Acked(mqtt311.PUBACK, 0x1234)),
    (b"\x50\x02\x00\x01", Acked(mqtt311.PUBREC, 1)),
    (b"\x62\x02\x00\x01", Acked(mqtt311.PUBREL, 1)),
    (b"\x70\x02\xff\xff", Acked(mqtt311.PUBCOMP, 65_535)),
    (b"\x30\x05\x00\x01ahi", Publish(b"a", b"hi", 0, 0)),
    (b"\x31\x03\x00\x01a", Publish(b"a", b"", 0, 0)),  # retained, and empty
    (b"\x3a\x07\x00\x01a\x00\x09hi", Publish(b"a", b"hi", 1, 9)),  # repeated
    (b"\x34\x05\x00\x01a\x00\x09", Publish(b"a", b"", 2, 9)),
]


@pytest.mark.parametrize(("data", "packet"), FROM_A_BROKER)
def test_reads_what_brokers_send(data: bytes, packet: mqtt311.Packet) -> None:
    assert Parser().receive(data) == [packet]


@given(
    st.lists(
        st.sampled_from([data for data, _ in FROM_A_BROKER])
        | st.builds(
            lambda topic, payload, qos, packet_id: mqtt311.publish(
                topic, payload, qos=qos, packet_id=packet_id
            ),
            topics,
            payloads,
            qualities,
            packet_ids,
        ),
        max_size=8,
    ),
    st.data(),
)
def test_any_split_reads_alike(packets: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(packets)
    whole = Parser().receive(stream)
    assert len(whole) == len(packets)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12))
    parser, pieces = Parser(), []
    edges = [0, *sorted(cuts), len(stream)]
    for start, stop in itertools.pairwise(edges):
        pieces += parser.receive(stream[start:stop])
    assert pieces == whole


def test_byte_by_byte() -> None:
    parser, packets = Parser(), []
    for data, _ in FROM_A_BROKER:
        for byte in data:
            packets += parser.receive(bytes((byte,)))
    assert packets == [packet for _, packet in FROM_A_BROKER]


@given(st.binary(max_size=200))
def test_garbage_is_read_or_refused(data: bytes) -> None:
    parser = Parser()
    try:
        for byte in data:
            parser.receive(bytes((byte,)))
    except MalformedPacket:
        with pytest.raises(MalformedPacket):
            Parser().receive(data)
    else:
        Parser().receive(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00",  # kind 0 is forbidden (table 2.1)
        b"\xf0\x00",  # so is kind 15
        b"\x10\x00",  # a broker sends no CONNECT,
        b"\x82\x03\x00\x01\x00",  # no SUBSCRIBE,
        b"\xc0\x00",  # no PINGREQ,
        b"\xe0\x00",  # and in 3.1.1 no DISCONNECT
        b"\x21\x02\x00\x00",  # flags where there are none (section 2.2.2)
        b"\xd1\x00",
        b"\x60\x02\x00\x01",  # PUBREL without its flag (section 3.6.1)
        b"\x42\x02\x00\x01",  # PUBACK with one
        b"\x40\x02\x00\x00",  # a packet identifier of 0 (section 2.3.1)
        b"\x90\x03\x00\x00\x01",
        b"\x32\x05\x00\x01a\x00\x00",
        b"\x40\x03\x00\x01\x00",  # too long
        b"\x40\x01\x00",  # too short
        b"\x20\x03\x00\x00\x00",
        b"\x20\x02\x02\x00",  # a flag that is reserved (section 3.2.2.1)
        b"\x20\x02\x01\x05",  # a session present, and refused (section 3.2.2.2)
        b"\x90\x02\x00\x01",  # a SUBACK for nothing
        b"\x90\x03\x00\x01\x03",  # a code that means nothing (section 3.9.3)
        b"\xd0\x01\x00",
        b"\x36\x05\x00\x01a\x00\x01",  # QoS 3 (section 3.3.1.2)
        b"\x38\x03\x00\x01a",  # QoS 0, repeated (section 3.3.1.1)
        b"\x30\x01\x00",  # no room for a topic
        b"\x30\x02\x00\x00",  # an empty topic (section 4.7.3)
        b"\x30\x03\x00\x05a",  # a topic longer than the packet
        b"\x32\x04\x00\x01a\x00",  # no room for a packet identifier
        b"\x30\xff\xff\xff\xff\x01",  # a length of five bytes (section 2.2.3)
        b"\x30\x80\x00",  # a length that is spelt longer than need be
    ],
)
def test_refuses(data: bytes) -> None:
    with pytest.raises(MalformedPacket):
        Parser().receive(data)


def test_refuses_a_large_packet_before_it_has_come() -> None:
    parser = Parser(max_packet_bytes=1_000)
    assert parser.receive(mqtt311.publish("t", b"x" * 900, qos=0))
    with pytest.raises(MalformedPacket, match="the limit is 1,000"):
        parser.receive(b"\x30\xe9\x07")


def test_refuses_to_write_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="65,535"):
        mqtt311.publish("t" * 65_536, b"", qos=0)


@pytest.mark.parametrize("size", [0, 1, 123, 124, 16_379, 16_380, 2_097_147, 2_097_148])
def test_lengths_around_each_byte_of_theirs(size: int) -> None:
    data = mqtt311.publish("t", b"x" * size, qos=0)
    assert Parser().receive(data) == [Publish(b"t", b"x" * size, 0, 0)]
