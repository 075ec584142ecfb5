"""Socket.IO's conversation, said by hand; the real server is in tests/systems/test_socketio.py."""

import json

import pytest

from pushlab.contract.hits import Hit
from pushlab.contract.subscriber import Endpoint
from pushlab.systems.socketio import SocketIo
from tests.systems.clients.foreigners import found, message
from tests.systems.clients.test_websocket import Both
from tests.transports.halves import SECOND, Closed, Connected, Disconnected, Hand, response

SID = {"sid": "S1", "upgrades": [], "pingInterval": 25_000, "pingTimeout": 20_000}
OPEN = b"0" + json.dumps(SID).encode()
LET_IN, JOINED, PING = b'40{"sid":"s","pid":"P1"}', b"430[]", b"2"
PATH = "/socket.io/?EIO=4&transport=polling"


def event(number: int) -> bytes:
    return b'42["message","%b","O%d"]' % (message(number), number)


class Polling:
    """A reader that polls, in a test's hand."""

    def __init__(self) -> None:
        endpoint = Endpoint("127.0.0.1", 80, False, PATH, {"channel": "lab-0", "client": "c"})
        self.hand = Hand(SocketIo().transport("long-polling", {}), endpoint=endpoint, token="")
        self.events: list[object] = []

    def asks(self, *packets: bytes) -> bytes:
        """What is asked when the last question is answered so."""
        self.events = self.hand.feed(response(200, b"\x1e".join(packets)))
        return self.hand.half.data_to_send()

    def come_in(self) -> None:
        assert self.hand.dial().startswith(f"GET {PATH} HTTP/1.1\r\n".encode())
        assert self.asks(OPEN).startswith(f"POST {PATH}&sid=S1 HTTP/1.1\r\n".encode())
        assert self.asks(b"ok").startswith(f"GET {PATH}&sid=S1 HTTP/1.1\r\n".encode())
        assert self.asks(LET_IN).endswith(b'\r\n\r\n420["join","lab-0"]')
        self.asks(b"ok")
        assert not self.events
        assert self.asks(JOINED).startswith(b"GET ")
        assert isinstance(self.events[0], Connected)


@pytest.fixture
def polling() -> Polling:
    told = Polling()
    told.come_in()
    return told


def test_messages_are_handed_on_whole_and_each_request_is_counted_for_what_it_was(polling):
    assert polling.hand.half.hits == {Hit.CONNECT: 5}
    assert polling.asks(event(1), event(2)).startswith(b"GET ")
    assert found(polling.events) == [event(1)[2:], event(2)[2:]]
    assert polling.asks(PING).endswith(b"\r\n\r\n3")
    assert polling.asks(b"ok").startswith(b"GET ")
    polling.asks(PING, event(3))
    assert found(polling.events) == [event(3)[2:]]
    hits = {Hit.POLL_USEFUL: 2, Hit.POLL_EMPTY: 1, Hit.KEEP_ALIVE: 1}
    assert polling.hand.half.hits == {Hit.CONNECT: 5} | hits


def test_after_a_loss_it_says_what_it_had(polling):
    polling.asks(event(1), event(2))
    polling.hand.eof()
    polling.hand.dial()
    assert polling.asks(OPEN).endswith(b'\r\n\r\n40{"pid": "P1", "offset": "O2"}')
    assert polling.hand.half.hits[Hit.RECONNECT] == 1


def test_a_session_that_the_server_has_forgotten_is_begun_anew(polling):
    [lost] = polling.hand.feed(response(400, b'{"code":1,"message":"Session ID unknown"}'))
    assert isinstance(lost, Disconnected)
    assert b"sid=" not in polling.hand.dial()


def test_who_is_refused_before_there_is_a_session_does_not_come_back():
    polling = Polling()
    polling.hand.dial()
    [end] = polling.hand.feed(response(403, b"no"))
    assert isinstance(end, Closed)
    polling = Polling()
    polling.hand.dial()
    polling.asks(OPEN)
    polling.asks(b"ok")
    polling.asks(b'44{"message":"not you"}')
    [end] = polling.events
    assert (end.reason, end.status) == ("not you", 403)


def test_a_connection_that_ends_with_an_answer_does_not_end_the_session(polling):
    polling.hand.feed(response(200, PING, "Connection: close"))
    again = polling.hand.dial()
    assert again.startswith(f"POST {PATH}&sid=S1 ".encode())
    assert again.endswith(b"3")


@pytest.mark.parametrize("end", [b"1", b"41"])
def test_a_session_that_the_server_ends_is_lost(polling, end):
    polling.asks(end)
    assert isinstance(polling.events[-1], Disconnected)


def test_silence_beyond_the_pings_is_a_loss(polling):
    due = polling.hand.half.get_timer()
    assert due == polling.hand.now + 45 * SECOND
    polling.hand.wake()
    assert isinstance(polling.hand.half.events_received()[0], Disconnected)


@pytest.mark.parametrize("wrong", [b"hello", b"0{", b"40[]", b"", b"\xff"])
def test_what_is_no_packet_is_told(polling, wrong):
    polling.asks(wrong)
    [lost] = polling.events
    assert lost.reason.startswith("not Socket.IO: ")


class Socket(Both):
    """A reader of its WebSocket, and a server that talks to it."""

    def __init__(self) -> None:
        details = {"channel": "lab-0", "client": "c"}
        endpoint = Endpoint("127.0.0.1", 80, False, "/socket.io/", details)
        self.hand = Hand(SocketIo().transport("websocket", {}), endpoint=endpoint, token="")
        self.deflate = self.subprotocols = None
        self.open()

    def hears(self, packet: bytes) -> list[bytes]:
        """What the reader says when it hears this."""
        self.server.send_text(packet)
        self.events = self.feed()
        return [data for _, data in self.said()]


def test_its_websocket_says_the_same_in_messages():
    socket = Socket()
    assert socket.hears(OPEN) == [b"40"]
    assert socket.hears(LET_IN) == [b'420["join","lab-0"]']
    assert socket.hears(JOINED) == []
    assert isinstance(socket.events[0], Connected)
    assert socket.hears(PING) == [b"3"]
    assert socket.hears(event(1)) == []
    assert found(socket.events) == [event(1)[2:]]
    assert socket.hand.half.hits == {Hit.CONNECT: 1}
    socket.hears(b"41")
    assert isinstance(socket.events[-1], Disconnected)
    socket.open()
    assert socket.hears(OPEN) == [b'40{"pid": "P1", "offset": "O1"}']
