"""Finding deliveries in captured streams, and converting between the clocks."""

import time

import pytest

from benchmarks.fidelity.capture import Segment
from benchmarks.fidelity.wire import Wire
from pushlab.contract.tokens import TokenKeys

SERVER, CLIENT = 8000, 40000
TEXT = b"abcdefghij"


class Stream:
    """Segments of one connection in both directions, with TCP's numbers."""

    def __init__(self, wire, *, first=0):
        self.wire = wire
        self.number = first

    def ask(self, data):
        self.wire.take(Segment(1, CLIENT, SERVER, 7, data))

    def answer(self, at, data, *, again=0):
        number = (self.number - again) % (1 << 32)
        self.wire.take(Segment(at, SERVER, CLIENT, number, data))
        self.number = (number + len(data)) % (1 << 32)


def open_stream(transport, **options):
    wire = Wire(transport, [SERVER], payload_bytes=len(TEXT))
    token, _ = TokenKeys.fresh().issue(
        client_id="client-42", channel="lab/0", duration_minutes=5, now=time.time()
    )
    stream = Stream(wire, **options)
    stream.ask(b"GET / HTTP/1.1\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\n")
    return stream


@pytest.mark.parametrize(
    ("transport", "message"),
    [
        ("sse", b"data: " + TEXT + b"\nid: 4f1c9a02-18\n\n"),
        ("websocket", b"\x81\x16" + b"4f1c9a02-18 " + TEXT),
        (
            "short-polling",
            b'{"cursor": "4f1c9a02-18", "messages": [{"seq": 18, "data": "%s"}]}' % TEXT,
        ),
        ("long-polling", b'{"messages":[{"seq":18,"data":"%s"}]}' % TEXT),
    ],
)
def test_a_delivery_is_there_with_its_last_byte(transport, message):
    stream = open_stream(transport)
    middle = message.index(TEXT) + 3
    stream.answer(100, message[:middle])
    assert stream.wire.arrivals == {}
    stream.answer(200, message[middle:])
    assert stream.wire.arrivals == {(42, 18): 200}


def test_a_user_name_tells_the_subscriber_over_mqtt():
    wire = Wire("mqtt", [SERVER], payload_bytes=len(TEXT))
    stream = Stream(wire)
    stream.ask(b"\x10\x40\x00\x04MQTT\x04\xc2\x00\x1e\x00\x01x\x00\x0bclient-7/00ff\x00\x05token")
    stream.answer(5, b"\x32\x20\x00\x01t\x00\x01" + b"4f1c9a02-3 " + TEXT)
    assert wire.arrivals == {(7, 3): 5}


def test_several_messages_in_one_segment_and_probes():
    stream = open_stream("websocket")
    stream.answer(
        9,
        b"\x81\x104f1c9a02-1 probe"
        + b"".join(b"\x81\x154f1c9a02-%d 1b" % n + TEXT[2:] for n in (2, 3)),
    )
    assert stream.wire.arrivals == {(42, 2): 9, (42, 3): 9}


def test_what_tcp_sends_again_is_passed_over():
    stream = open_stream("websocket", first=(1 << 32) - 12)  # its numbers begin again on the way
    whole = b"4f1c9a02-5 " + TEXT + b"4f1c9a02-6 " + TEXT
    stream.answer(10, whole[:30])
    stream.answer(20, whole[20:], again=10)
    assert stream.wire.arrivals == {(42, 5): 10, (42, 6): 20}


def test_a_stranger_is_nobody():
    wire = Wire("websocket", [SERVER], payload_bytes=len(TEXT))
    stream = Stream(wire)
    stream.ask(b"POST / HTTP/1.1\r\nAuthorization: Bearer an-api-key\r\n\r\n")
    stream.answer(1, b"4f1c9a02-5 " + TEXT)
    assert wire.arrivals == {}
