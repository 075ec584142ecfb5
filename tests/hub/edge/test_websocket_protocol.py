"""A door and a WebSocket on a connection that the test holds: full, idle, silent, broken."""

import asyncio
from types import SimpleNamespace

import pytest
import pytest_asyncio

from pushlab.contract.serving import Response, Route
from pushlab.hub.edge.http_protocol import HttpProtocolFactory
from tests.patience import until, with_more_time

REQUEST = b"GET /here HTTP/1.1\r\nHost: localhost\r\n\r\n"
HANDSHAKE = (
    b"GET /here HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SOON_S = 0.03


class Connection:
    """A transport whose client reads when the test says so."""

    def __init__(self, routes, idle_s=SOON_S):
        self.config = SimpleNamespace(
            timeout_keep_alive=idle_s,
            ws_per_message_deflate=False,
            ws_max_size=1024,
            ws_ping_interval=SOON_S,
        )
        self.connections = set()
        self.sent = b""
        self.reading = True
        self.on_write = lambda data: None
        self.stalls = self.closed = self.aborted = self.broken = False
        state = SimpleNamespace(connections=self.connections)
        self.protocol = HttpProtocolFactory(routes)(self.config, state, {})
        self.protocol.connection_made(self)

    def set_protocol(self, protocol):
        self.protocol = protocol

    def write(self, data):
        if self.broken:
            raise RuntimeError("the handler is closed")
        self.sent += data
        self.on_write(data)
        if self.stalls:
            self.protocol.pause_writing()

    def drain(self):
        self.stalls = False
        self.protocol.resume_writing()

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def get_write_buffer_size(self):
        return len(self.sent) if self.stalls else 0

    def get_extra_info(self, name):
        return None

    def abort(self):
        self.aborted = True


class StreamingResponse:
    """A stream that does what the test says."""

    def __init__(self):
        self.resumed = self.closes = 0

    def begin(self, line):
        self.line = line

    def resume(self):
        self.resumed += 1

    def close(self):
        self.closes += 1


async def unused(scope, receive, send):
    raise AssertionError("not by ASGI")


def answering(answer, kind="http", **how):
    """A connection to a hub with one route."""
    route = Route(kind, "/here", unused, direct=lambda _: answer)
    return Connection({(kind, "/here"): route}, **how)


@pytest.fixture
def stream():
    return StreamingResponse()


@pytest_asyncio.fixture(params=["http", "websocket"])
async def streaming(request, stream):
    """A connection with a stream, and how the stream ends it."""
    connection = answering(stream, request.param)
    if request.param == "http":
        connection.protocol.data_received(REQUEST)
        stream.line.begin([], b"hello")
        connection.end = lambda: stream.line.end(b"bye", linger_s=SOON_S)
    else:
        connection.protocol.data_received(HANDSHAKE)
        stream.line.write(b"hello")
        connection.end = lambda: stream.line.end(4408, "bye", linger_s=SOON_S)
    return connection


# ---- requests ---------------------------------------------------------------------------------


async def test_an_answer_is_written_whole():
    connection = answering(Response(200, b"{}", ((b"x-one", b"1"),)))
    connection.protocol.data_received(REQUEST)
    assert connection.sent == (
        b"HTTP/1.1 200 OK\r\ncache-control: no-store\r\nx-one: 1\r\n"
        b"content-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    )


async def test_an_idle_connection_is_closed_and_one_in_use_is_not():
    async def used_for(idle_s):
        connection = answering(Response(204), idle_s=idle_s)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while loop.time() < begun + 5 * idle_s:
            connection.protocol.data_received(REQUEST)
            assert not connection.closed
            await asyncio.sleep(idle_s / 100)
        await until(lambda: connection.closed)

    await with_more_time(used_for, SOON_S, 10 * SOON_S, 100 * SOON_S)


async def test_who_does_not_read_answers_is_not_read_either():
    connection = answering(Response(204))
    connection.stalls = True
    connection.protocol.data_received(REQUEST)
    assert not connection.reading
    connection.drain()
    assert connection.reading


async def test_a_server_half_that_fails_is_a_500_and_the_end(caplog):
    connection = answering(None)
    connection.protocol.data_received(REQUEST)
    assert connection.sent.startswith(b"HTTP/1.1 500 ")
    assert connection.closed
    assert "a direct route failed" in caplog.text


async def test_a_server_that_stops_closes_what_rests_and_waits_for_what_does_not(stream):
    resting = answering(Response(204))
    resting.protocol.data_received(REQUEST)
    resting.protocol.shutdown()
    assert resting.closed
    held = answering(stream)
    held.protocol.data_received(REQUEST)
    held.protocol.shutdown()
    assert not held.closed
    stream.line.answer(Response(204))
    assert held.closed


async def test_the_next_request_behind_a_held_one_is_kept(stream):
    connection = answering(stream)
    connection.protocol.data_received(REQUEST)
    connection.protocol.data_received(REQUEST[:20])
    assert not connection.reading
    connection.protocol.data_received(REQUEST[20:])
    stream.line.answer(Response(204))
    assert connection.reading
    assert stream.closes == 1  # the same stream serves again, which is the test's doing
    stream.line.answer(Response(204))
    assert connection.sent.count(b"204 No Content") == 2


# ---- streams ----------------------------------------------------------------------------------


async def test_a_full_line_says_so_and_when_it_has_room(streaming, stream):
    assert stream.line.write(b"one")
    streaming.stalls = True
    assert not stream.line.write(b"two")
    assert stream.resumed == 0
    streaming.drain()
    assert stream.resumed == 1
    assert stream.line.write(b"three", b"four")
    for word in (b"hello", b"one", b"two", b"three", b"four"):
        assert word in streaming.sent
    streaming.protocol.connection_lost(None)


async def test_last_words_that_are_not_taken_end_in_a_cut(streaming, stream):
    streaming.stalls = True
    streaming.end()
    assert stream.closes == 1
    assert not streaming.aborted
    await until(lambda: streaming.aborted)


async def test_a_client_that_goes_closes_the_stream_once(streaming, stream):
    streaming.protocol.connection_lost(None)
    assert stream.closes == 1
    assert not streaming.connections


async def test_a_connection_that_breaks_is_no_exception(streaming, stream):
    streaming.broken = True
    assert not stream.line.write(b"lost")
    streaming.end()
    streaming.protocol.connection_lost(OSError())
    assert stream.closes == 1


async def test_last_words_that_are_taken_leave_a_connection_that_can_ask(stream):
    connection = answering(stream)
    connection.protocol.data_received(REQUEST)
    stream.line.begin([], b"hello")
    connection.stalls = True
    stream.line.end(b"bye", linger_s=3600)
    assert not connection.reading
    connection.drain()
    assert connection.reading
    assert connection.sent.endswith(b"5\r\nhello\r\n3\r\nbye\r\n0\r\n\r\n")
    connection.protocol.data_received(REQUEST)
    assert stream.line.begin([], b"again")
    connection.protocol.connection_lost(None)


# ---- WebSockets -------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def socket(stream):
    connection = answering(stream, "websocket")
    connection.protocol.data_received(HANDSHAKE)
    connection.sent = b""
    yield connection
    connection.protocol.connection_lost(None)


async def test_a_client_that_answers_no_ping_is_left(socket, stream):
    await until(lambda: socket.closed)
    assert socket.sent.startswith(b"\x89\x00")
    assert socket.sent[2:6] == b"\x88\x18\x03\xf3"  # 1011
    assert stream.closes == 1


async def test_a_client_that_answers_pings_stays(socket, stream):
    pong = b"\x8a\x80" + bytes(4)
    loop = asyncio.get_running_loop()
    socket.on_write = lambda data: loop.call_soon(socket.protocol.data_received, pong)
    await until(lambda: socket.sent.count(b"\x89\x00") >= 4)
    assert not socket.closed
    assert stream.closes == 0


async def test_a_client_that_does_not_close_its_half_is_cut_at_last(socket, stream, monkeypatch):
    monkeypatch.setattr("pushlab.hub.edge.websocket_protocol._CLOSE_S", SOON_S)
    stream.line.end(4401, "token-expired", linger_s=3600)
    assert socket.sent == b"\x88\x0f\x11\x31token-expired"
    assert not socket.closed
    await until(lambda: socket.aborted)


async def test_a_client_that_closes_its_half_is_let_go(socket, stream):
    stream.line.end(4401, "token-expired", linger_s=3600)
    socket.protocol.data_received(b"\x88\x82" + bytes(4) + b"\x11\x31")
    assert socket.closed
    assert stream.closes == 1


async def test_closing_a_websocket_that_the_client_closes_is_quiet(socket, stream):
    socket.protocol.data_received(b"\x88\x82" + bytes(4) + b"\x03\xe8")
    assert stream.closes == 1
    assert socket.closed
    assert socket.sent == b"\x88\x02\x03\xe8"


async def test_a_server_that_stops_closes_websockets(socket, stream):
    socket.protocol.shutdown()
    assert socket.closed
    assert stream.closes == 1


# ---- clients that ask and do not listen -------------------------------------------------------

PING = b"\x89\x80" + bytes(4)


@pytest_asyncio.fixture
async def quiet(stream):
    """A WebSocket that is not pinged."""
    connection = answering(stream, "websocket")
    connection.config.ws_ping_interval = 3_600
    connection.protocol.data_received(HANDSHAKE)
    connection.sent = b""
    yield connection
    connection.protocol.connection_lost(None)


async def test_who_pings_and_reads_nothing_is_not_read_either(quiet, stream):
    quiet.stalls = True
    quiet.protocol.data_received(PING * 10)
    assert not quiet.reading
    assert quiet.sent == b"\x8a\x00" * 10
    quiet.drain()
    assert quiet.reading
    assert stream.resumed == 1


async def test_of_a_flood_of_pings_so_many_are_read_a_turn_and_a_second(quiet, monkeypatch):
    monkeypatch.setattr("pushlab.wire.pace._FRAMES_PER_S", 2_000)
    monkeypatch.setattr("pushlab.wire.pace._BURST_S", 0.1)
    turns = []
    loop = asyncio.get_running_loop()
    quiet.on_write = lambda data: turns.append(data.count(b"\x8a\x00"))
    begun = loop.time()
    quiet.protocol.data_received(PING * 1_000)
    assert not quiet.reading
    await until(lambda: sum(turns) == 1_000)
    assert loop.time() - begun > (1_000 - 200 - max(turns)) / 2_000 - 0.01
    assert max(turns) <= 1024 // len(PING) + 1
    await until(lambda: quiet.reading)


async def test_who_pings_now_and_then_does_not_wait(quiet):
    for _ in range(20):
        quiet.protocol.data_received(PING)
        assert quiet.reading
    assert quiet.sent == b"\x8a\x00" * 20


async def test_pings_in_many_small_pieces_are_as_many(quiet):
    for _ in range(1_000):
        quiet.protocol.data_received(PING)
        if not quiet.reading:
            break
    assert not quiet.reading


async def test_a_flood_behind_answers_that_are_not_taken_waits(quiet, monkeypatch):
    monkeypatch.setattr("pushlab.wire.pace._FRAMES_PER_S", 1_000_000)
    quiet.protocol.data_received(PING * 2_000)
    quiet.stalls = True
    await asyncio.sleep(0.02)
    seen = quiet.sent.count(b"\x8a\x00")
    await asyncio.sleep(0.02)
    assert quiet.sent.count(b"\x8a\x00") == seen < 2_000
    assert not quiet.reading
    quiet.drain()
    await until(lambda: quiet.sent.count(b"\x8a\x00") == 2_000)


async def test_a_slow_reader_that_answers_our_pings_is_heard(quiet):
    quiet.stalls = True
    quiet.protocol.pause_writing()
    quiet.protocol.data_received(b"\x8a\x80" + bytes(4))
    assert quiet.reading


async def test_who_closes_and_does_not_take_the_answer_is_cut(socket, stream, monkeypatch):
    monkeypatch.setattr("pushlab.hub.edge.stream_connection._LINGER_S", SOON_S)
    socket.stalls = True
    socket.protocol.data_received(b"\x88\x82" + bytes(4) + b"\x03\xe8" + PING * 5_000)
    assert socket.closed
    assert stream.closes == 1
    await until(lambda: socket.aborted)


async def test_a_websocket_with_a_body_is_not_served_directly(stream):
    connection = answering(stream, "websocket")
    found = connection.protocol._factory.read(HANDSHAKE[:-2] + b"Content-Length: 2\r\n\r\n")
    assert found is None
