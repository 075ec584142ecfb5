"""The client half of WebSocket, against the server half of `websockets` in memory."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from pushlab.contract.hits import Hit
from pushlab.contract.subscriber import Phase
from pushlab.transports.websocket import WebSocket
from pushlab.wire.websocket_client import WebSocketOptions
from tests.transports.halves import (
    SECOND,
    Closed,
    Connected,
    Cursor,
    Disconnected,
    Gap,
    Hand,
    texts,
)


class Server:
    """The other end, and the wire between."""

    def __init__(self, *, deflate=False, cursor=None):
        self.hand = Hand(WebSocket(WebSocketOptions(deflate=deflate)), cursor=cursor)
        self.deflate = deflate
        self.connect()

    def connect(self):
        extensions = [ServerPerMessageDeflateFactory()] if self.deflate else None
        self.protocol = ServerProtocol(extensions=extensions)
        self.protocol.receive_data(self.hand.dial())
        (self.request,) = self.protocol.events_received()
        assert isinstance(self.request, Request)
        self.protocol.send_response(self.protocol.accept(self.request))
        assert self.flush() == []

    def flush(self, size=None):
        """Carry everything to the client, in pieces of `size`; its events."""
        data = b"".join(self.protocol.data_to_send())
        events = []
        size = size or max(1, len(data))
        for start in range(0, len(data), size):
            events += self.hand.feed(data[start : start + size])
        return events

    def text(self, text, size=None):
        self.protocol.send_text(text.encode())
        return self.flush(size)

    def frames(self):
        """What the client sent since the last call."""
        self.protocol.receive_data(self.hand.half.data_to_send())
        return self.protocol.events_received()


BOTH = pytest.mark.parametrize("deflate", [False, True], ids=["plain", "deflate"])


@BOTH
def test_the_handshake(deflate):
    server = Server(deflate=deflate, cursor="e-3")
    assert server.request.path == "/v1/socket?after=e-3"
    assert server.request.headers["Authorization"] == "Bearer TOKEN"
    assert server.request.headers["Host"] == "127.0.0.1"
    assert ("Sec-WebSocket-Extensions" in server.request.headers) == deflate
    assert server.text("e-3") == [Connected(Cursor("e", 3))]
    assert server.hand.half.hits == {Hit.RECONNECT: 1}


@BOTH
@given(
    messages=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=5),
    size=st.integers(1, 40),
)
def test_every_message_survives_every_split(deflate, messages, size):
    server = Server(deflate=deflate)
    seen = server.text("e-0", size)
    for seq, data in enumerate(messages, 1):
        seen += server.text(f"e-{seq} {data}", size)
    assert seen[0] == Connected(Cursor("e", 0))
    assert texts(seen) == messages


FRAMES = st.sampled_from(
    [
        *(Frame(Opcode.TEXT, f"e-{seq} {data}".encode()) for seq in (1, 2, 3, 5) for data in "xé"),
        *(
            Frame(Opcode.TEXT, text)
            for text in (b"e-1 " + b"x" * 121, b"e-1 " + b"x" * 122, b"e-4")
        ),
        *(Frame(Opcode.TEXT, text) for text in (b"e-1 ", b"e-1 \xff", b"e-12 x", b"")),
        Frame(Opcode.TEXT, b"e-1", fin=False),
        Frame(Opcode.CONT, b" x", fin=True),
        Frame(Opcode.PING, b"?"),
        Frame(Opcode.BINARY, b"e-1 x"),
        Frame(Opcode.TEXT, b"e-1 " + b"x" * 70_000),
    ]
)


@given(frames=st.lists(FRAMES, max_size=6), masked=st.integers(0, 12), bent=st.integers(0, 12))
def test_how_frames_are_cut_into_pieces_changes_nothing(frames, masked, bent):
    """A frame that comes whole is read on another way than one that comes in pieces."""

    def outcome(size):
        server = Server()
        server.text("e-0")
        events = []
        for number, frame in enumerate(frames):
            raw = bytearray(frame.serialize(mask=number == masked))
            raw[0] |= 0x40 if number == bent else 0  # a reserved bit
            raw = bytes(raw)
            for start in range(0, len(raw), size or len(raw)):
                events += server.hand.feed(raw[start : start + (size or len(raw))])
        return [e.reason if isinstance(e, Disconnected) else e for e in events], server.frames()

    whole = outcome(None)
    assert outcome(1 if sum(len(f.data) for f in frames) < 1000 else 999) == whole
    assert outcome(7 if sum(len(f.data) for f in frames) < 1000 else 4096) == whole


@BOTH
def test_the_largest_message(deflate):
    server = Server(deflate=deflate)
    server.text("e-0")
    assert texts(server.text("e-1 " + "x" * 32_767)) == ["x" * 32_767]


@BOTH
@given(cuts=st.lists(st.integers(0, 40), min_size=1, max_size=5))
def test_a_text_may_come_in_fragments_with_control_frames_between(deflate, cuts):
    server = Server(deflate=deflate)
    server.text("e-0")
    raw = "e-1 漢字😀 and more, in pieces".encode()
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    parts = [raw[a:b] for a, b in pairwise(edges)]
    events = []
    server.protocol.send_text(parts[0], fin=len(parts) == 1)
    for number, part in enumerate(parts[1:], 2):
        server.protocol.send_ping(b"still there?")
        server.protocol.send_continuation(part, fin=number == len(parts))
        events += server.flush()
    events += server.flush()
    assert texts(events) == ["漢字😀 and more, in pieces"]
    assert texts(server.text("e-2 next")) == ["next"]
    pongs = [frame for frame in server.frames() if frame.opcode is Opcode.PONG]
    assert len(pongs) == len(parts) - 1


def test_fragments_of_a_lost_connection_are_forgotten():
    server = Server()
    server.text("e-0")
    server.protocol.send_text(b"e-1 half a", fin=False)
    server.flush()
    server.hand.eof()
    server.connect()
    server.text("e-0")
    server.protocol.send_text(b"e-1 who", fin=False)
    server.protocol.send_continuation(b"le", fin=True)
    assert texts(server.flush()) == ["whole"]


def test_a_text_inside_a_cut_text_breaks_the_protocol():
    server = Server()
    server.text("e-0")
    server.protocol.send_text(b"e-1 half a", fin=False)
    assert texts(server.flush()) == []
    whole = Frame(Opcode.TEXT, b"e-1 whole").serialize(
        mask=False
    )  # RFC 6455, section 5.4, forbids it
    events = server.hand.feed(whole)
    assert texts(events) == []
    assert [type(event) for event in events] == [Disconnected]


def test_binary_frames_are_not_for_us():
    server = Server()
    server.text("e-0")
    server.protocol.send_binary(b"e-1 x", fin=False)
    server.protocol.send_continuation(b"y", fin=True)
    assert server.flush() == []
    assert texts(server.text("e-1 a")) == ["a"]
    assert Opcode.BINARY is not Opcode.TEXT is not Opcode.CONT


def test_a_ping_is_answered():
    server = Server()
    server.text("e-0")
    server.protocol.send_ping(b"hello")
    assert server.flush() == []
    (pong,) = server.frames()
    assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, b"hello")


def test_a_gap_is_told():
    server = Server(cursor="e-3")
    events = server.text("gap e-3 f-8")
    assert events == [Connected(Cursor("f", 8)), Gap(Cursor("e", 3), Cursor("f", 8))]


# ---- the end ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "reason", "status"),
    [
        (4400, "invalid-cursor", 400),
        (4401, "token-expired", 401),
        (4403, "no", 403),
        (4404, "not-found", 404),
    ],
)
def test_a_final_close_code_is_the_end_and_is_echoed(code, reason, status):
    server = Server()
    server.text("e-0")
    server.protocol.send_close(code, reason)
    assert server.flush() == [Closed(reason, status)]
    (echo,) = server.frames()
    assert echo.opcode is Opcode.CLOSE
    assert server.hand.half.phase is Phase.CLOSED


@pytest.mark.parametrize(
    ("code", "reason", "shown"),
    [
        (4408, "slow-reader", "slow-reader"),
        (4429, "too-many-channels", "too-many-channels"),
        (4503, "server-restart", "server-restart"),
        (1000, "", "close-1000"),
        (1001, "going away", "going away"),
        (1011, "", "close-1011"),
        (1012, "", "close-1012"),
        (3000, "", "close-3000"),
        (4999, "", "close-4999"),
    ],
)
def test_any_other_close_code_is_a_loss(code, reason, shown):
    server = Server()
    server.text("e-0")
    server.protocol.send_close(code, reason)
    (event,) = server.flush()
    assert (type(event), event.reason) == (Disconnected, shown)


def test_a_close_before_the_position_counts_as_a_refusal():
    server = Server()
    server.protocol.send_close(4401, "token-invalid")
    assert server.flush() == [Closed("token-invalid", 401)]
    assert server.hand.half.hits == {Hit.CONNECT: 0, Hit.REFUSED: 1}


def test_a_close_after_the_position_does_not():
    server = Server()
    server.text("e-0")
    server.protocol.send_close(4503, "server-restart")
    server.flush()
    assert server.hand.half.hits == {Hit.CONNECT: 1}


@pytest.mark.parametrize(
    ("status", "wanted"), [(401, Closed), (404, Closed), (429, Disconnected), (502, Disconnected)]
)
def test_a_handshake_that_is_refused(status, wanted):
    hand = Hand(WebSocket())
    hand.dial()
    answer = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()
    (event,) = hand.feed(answer)
    assert (type(event), event.reason) == (wanted, f"http-{status}")
    assert hand.half.hits == {Hit.CONNECT: 0, Hit.REFUSED: 1}


@pytest.mark.parametrize(
    "text", ["nonsense", "e-x y", "bye token-expired 401", "gap e-1", "e-1 ", " ", "漢-1"]
)
def test_a_text_that_is_no_frame_is_a_loss(text):
    server = Server()
    server.text("e-0")
    assert [type(event) for event in server.text(text)] == [Disconnected]


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xff\xff",
        b"\x81\x01\xff",
        b"\xc1\x01a",
        b"\x80\x01a",
        b"\x81\x7f" + (2**40).to_bytes(8, "big"),
        Frame(Opcode.TEXT, b"e-1 " + b"x" * 70_000).serialize(mask=False),
    ],
    ids=["reserved-bits", "not-utf8", "not-compressed", "lone-part", "huge", "too-large"],
)
def test_what_breaks_the_protocol_is_a_loss_at_once(raw):
    server = Server()
    server.text("e-0")
    assert [type(event) for event in server.hand.feed(raw)] == [Disconnected]


def test_a_proxy_that_answers_with_a_page_is_a_loss():
    hand = Hand(WebSocket())
    hand.dial()
    assert [type(event) for event in hand.feed(b"<html>\r\n\r\n")] == [Disconnected]


@given(st.binary(min_size=1, max_size=60), st.booleans())
def test_no_bytes_raise(data, within):
    if within:
        server = Server()
        server.hand.feed(data)
        server.hand.eof()
    else:
        hand = Hand(WebSocket())
        hand.dial()
        hand.feed(data)
        hand.eof()


def test_leaving_is_a_close_frame():
    server = Server()
    server.text("e-0")
    server.hand.half.close(server.hand.now)
    (frame,) = server.frames()
    assert frame.opcode is Opcode.CLOSE
    assert server.protocol.close_rcvd.code == 1000
    assert server.hand.half.events_received() == [Closed("closed", 0)]


def test_leaving_before_the_handshake_is_quiet():
    hand = Hand(WebSocket())
    hand.dial()
    hand.half.close(hand.now)
    assert hand.half.data_to_send() == b""


def test_a_silent_server_is_left_and_pings_hold_it():
    server = Server()
    server.text("e-0")
    hand = server.hand
    begin = hand.now
    hand.now += 60 * SECOND
    server.protocol.send_ping(b"")
    server.flush()
    while hand.half.phase is Phase.OPEN:
        hand.wake()
    (event,) = hand.half.events_received()
    assert (type(event), event.reason) == (Disconnected, "the server fell silent")
    assert hand.now - begin == 125 * SECOND
