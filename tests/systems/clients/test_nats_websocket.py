"""NATS over WebSocket, with the server half of `websockets` at the other end."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Opcode

from pushlab.contract.hits import Hit
from pushlab.systems.clients.nats_websocket import NatsWebSocketReader
from pushlab.systems.spec import Speech
from tests.systems.clients.foreigners import Both, found
from tests.transports.halves import Connected

INFO = b'INFO {"server_id":"N"} \r\n'


def both(**speech):
    return Both(Speech(**speech), client=NatsWebSocketReader)


def test_it_shakes_hands_and_speaks_nats_then():
    ends = both(keep_alive_s=120)
    assert not ends.greeting
    assert not ends.said()
    assert not ends.tell(INFO)
    ((opcode, data),) = ends.said()
    assert opcode is Opcode.BINARY
    assert data.endswith(b"\r\nSUB lab-0 1\r\nPING\r\n")
    assert [type(event) for event in ends.tell(b"PONG\r\n")] == [Connected]
    assert ends.hand.half.hits == {Hit.CONNECT: 4}
    assert not ends.tell(b"PING\r\n")
    assert ends.said() == [(Opcode.BINARY, b"PONG\r\n")]


@given(cuts=st.sets(st.integers(0, 90)), splits=st.lists(st.integers(0, 200)))
def test_messages_come_whatever_frames_and_bytes_are_split_into(cuts, splits):
    stream = (
        INFO + b"PONG\r\nMSG lab-0 1 1\r\na\r\nMSG lab-0 1 4\r\n\r\nxy\r\nMSG lab-0 1 0\r\n\r\n"
    )
    ends = both()
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(stream)), len(stream)]
    for start, stop in pairwise(edges):
        ends.server.send_binary(stream[start:stop])
    assert found(ends.feed(*splits)) == [b"a", b"\r\nxy", b""]


def test_a_server_that_shakes_hands_and_says_nothing_is_given_up():
    ends = both()
    ends.hand.wake()
    (event,) = ends.hand.half.events_received()
    assert event.reason == "no answer"
