"""What the client half of WebSocket does as RFC 6455 asks, by the sections of Autobahn's cases.

Each case is what a server sends, and what the client must have sent when it has seen all of it.
Each is fed whole, byte by byte, and in threes.
"""

import asyncio
import socket
import struct
from random import Random

import pytest
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from pushlab.contract.subscriber import Endpoint, Phase
from pushlab.transports.websocket import WebSocket
from pushlab.wire.driver import Driver
from pushlab.wire.websocket_client import WebSocketOptions
from tests.patience import PATIENCE_S
from tests.transports.halves import SECOND, Closed, Disconnected, texts
from tests.transports.test_websocket import Server


def frame(opcode, data=b"", *, fin=True, bits=0):
    """A frame as a server sends it, and as it must not."""
    head = bytes([(0x80 if fin else 0) | bits << 4 | opcode])
    size = len(data)
    if size < 126:
        return head + bytes([size]) + data
    form, mark = ("!H", b"\x7e") if size < 65_536 else ("!Q", b"\x7f")
    return head + mark + struct.pack(form, size) + data


def close(code=None, reason=b""):
    return frame(Opcode.CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


def closing(code, reason=b""):
    return (Opcode.CLOSE, struct.pack("!H", code) + reason)


M1, M2 = frame(Opcode.TEXT, b"e-1 a"), frame(Opcode.TEXT, b"e-2 b")
PARTS = [frame(Opcode.TEXT, b"e-1 ", fin=False), frame(Opcode.CONT, b"a")]
KAPPA = "e-1 κόσμε".encode()

#: Name: what comes; what must have been said, as opcode and start of the payload; the texts read.
CASES = {
    # 1: framing
    **{
        f"1 text of {n}": (frame(Opcode.TEXT, b"e-1 " + b"x" * (n - 4)), [], ["x" * (n - 4)])
        for n in (125, 126, 127, 128, 32_000)
    },
    "1 lengths longer than need be": (b"\x81\x7e\x00\x05e-1 a", [], ["a"]),
    "1 64-bit length of a short text": (b"\x81\x7f" + struct.pack("!Q", 5) + b"e-1 a", [], ["a"]),
    "1.2 binary": (frame(Opcode.BINARY, b"\x00\xff" * 600) + M1, [], ["a"]),
    "1 empty binary": (frame(Opcode.BINARY) + M1, [], ["a"]),
    "1 too long": (frame(Opcode.TEXT, b"e-1 " + b"x" * 70_000), [(Opcode.CLOSE, b"\x03\xf1")], []),
    "1 length without an end": (
        b"\x81\x7f" + struct.pack("!Q", 2**62) + b"x",
        [(Opcode.CLOSE, b"\x03\xf1")],
        [],
    ),
    # 2: pings and pongs
    "2.1 ping": (frame(Opcode.PING), [(Opcode.PONG, b"")], []),
    "2.2 ping with text": (frame(Opcode.PING, b"hello"), [(Opcode.PONG, b"hello")], []),
    "2.3 ping with bytes": (
        frame(Opcode.PING, b"\x00\xff\xfe"),
        [(Opcode.PONG, b"\x00\xff\xfe")],
        [],
    ),
    "2.4 ping of 125": (frame(Opcode.PING, b"\xfe" * 125), [(Opcode.PONG, b"\xfe" * 125)], []),
    "2.5 ping of 126": (frame(Opcode.PING, b"\xfe" * 126), [(Opcode.CLOSE, b"\x03\xea")], []),
    "2.7 pong unasked": (frame(Opcode.PONG) + frame(Opcode.PONG, b"x") + M1, [], ["a"]),
    "2.9 pong then ping": (
        frame(Opcode.PONG, b"x") + frame(Opcode.PING, b"y"),
        [(Opcode.PONG, b"y")],
        [],
    ),
    "2.10 ten pings": (
        b"".join(frame(Opcode.PING, b"%d" % n) for n in range(10)),
        [(Opcode.PONG, b"%d" % n) for n in range(10)],
        [],
    ),
    # 3: reserved bits
    **{
        f"3 bits {bits} in {name}": (
            M1 + frame(opcode, data, bits=bits) + M2,
            [(Opcode.CLOSE, b"\x03\xea")],
            ["a"],
        )
        for bits in range(1, 8)
        for name, opcode, data in (
            ("text", Opcode.TEXT, b"e-2 x"),
            ("ping", Opcode.PING, b""),
            ("close", Opcode.CLOSE, b"\x03\xe8"),
        )
    },
    # 4: opcodes
    **{
        f"4 opcode {opcode}": (M1 + frame(opcode, data) + M2, [(Opcode.CLOSE, b"\x03\xea")], ["a"])
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
        for data in (b"x",)
    },
    # 5: fragments
    "5.1 ping in parts": (
        frame(Opcode.PING, b"a", fin=False) + frame(Opcode.CONT, b"b"),
        [(Opcode.CLOSE, b"\x03\xea")],
        [],
    ),
    "5.2 pong in parts": (frame(Opcode.PONG, b"a", fin=False), [(Opcode.CLOSE, b"\x03\xea")], []),
    "5.3 text in parts": (b"".join(PARTS), [], ["a"]),
    "5.6 with a ping between": (
        PARTS[0] + frame(Opcode.PING, b"?") + PARTS[1],
        [(Opcode.PONG, b"?")],
        ["a"],
    ),
    "5.9 part of nothing": (frame(Opcode.CONT, b"x") + M1, [(Opcode.CLOSE, b"\x03\xea")], []),
    "5.10 part of nothing, open": (
        frame(Opcode.CONT, b"x", fin=False) + M1,
        [(Opcode.CLOSE, b"\x03\xea")],
        [],
    ),
    "5.15 part behind the last": (
        b"".join(PARTS) + frame(Opcode.CONT, b"x", fin=False) + M2,
        [(Opcode.CLOSE, b"\x03\xea")],
        ["a"],
    ),
    "5.18 text within a text": (
        PARTS[0] + frame(Opcode.TEXT, b"e-1 x"),
        [(Opcode.CLOSE, b"\x03\xea")],
        [],
    ),
    "5.19 many parts, pings between": (
        PARTS[0]
        + frame(Opcode.CONT, b"f", fin=False)
        + frame(Opcode.PING, b"1")
        + frame(Opcode.CONT, b"", fin=False)
        + frame(Opcode.PING, b"2")
        + frame(Opcode.CONT, b"g"),
        [(Opcode.PONG, b"1"), (Opcode.PONG, b"2")],
        ["fg"],
    ),
    "5 parts that are too much": (
        PARTS[0] + frame(Opcode.CONT, b"x" * 40_000, fin=False) * 2,
        [(Opcode.CLOSE, b"\x03\xf1")],
        [],
    ),
    # 6: UTF-8
    "6.1 empty parts": (
        frame(Opcode.TEXT, fin=False) + frame(Opcode.CONT, KAPPA, fin=False) + frame(Opcode.CONT),
        [],
        ["κόσμε"],
    ),
    "6.2 split within characters": (
        frame(Opcode.TEXT, KAPPA[:5], fin=False)
        + b"".join(frame(Opcode.CONT, KAPPA[n : n + 1], fin=False) for n in range(5, len(KAPPA)))
        + frame(Opcode.CONT),
        [],
        ["κόσμε"],
    ),
    **{
        f"6.3 not UTF-8: {bad!r}": (
            frame(Opcode.TEXT, b"e-1 " + bad),
            [(Opcode.CLOSE, b"\x03\xef")],
            [],
        )
        for bad in (
            b"\xce\xba\xed\xa0\x80x",
            b"\x80",
            b"\xbf",
            b"\xc0\x80",
            b"\xe2\x82",
            b"\xed\xa0\x80",
            b"\xed\xad\xbf\xed\xbf\xbf",
            b"\xf4\x90\x80\x80",
            b"\xf8\x88\x80\x80\x80",
            b"\xfc\x84\x80\x80\x80\x80",
            b"\xfe",
            b"\xff",
            b"\xe0\x80\xaf",
            b"\xf0\x80\x80\xaf",
        )
    },
    "6.4 found in the part that has it": (
        frame(Opcode.TEXT, KAPPA, fin=False) + frame(Opcode.CONT, b"\xf4\x90\x80\x80", fin=False),
        [(Opcode.CLOSE, b"\x03\xef")],
        [],
    ),
    "6 cut off at the last part": (
        frame(Opcode.TEXT, b"e-1 \xe2", fin=False) + frame(Opcode.CONT, b"\x82"),
        [(Opcode.CLOSE, b"\x03\xef")],
        [],
    ),
    **{
        f"6 well-formed {text!r}": (frame(Opcode.TEXT, b"e-1 " + text.encode()), [], [text])
        for text in ("\u0000", "\u007f", "\u0080", "\ud7ff", "\ue000", "\ufffe", "\U0010ffff")
    },
    # 7: closing
    "7.1 a text, then a close": (M1 + close(1000), [closing(1000)], ["a"]),
    "7.1.2 two closes": (close(1000) + close(1000), [closing(1000)], []),
    "7.1.3 ping behind a close": (close(1000) + frame(Opcode.PING), [closing(1000)], []),
    "7.1.4 text behind a close": (close(1000) + M1, [closing(1000)], []),
    "7.1.5 within a text": (PARTS[0] + close(1000) + PARTS[1], [closing(1000)], []),
    "7.3.1 empty close": (close(), [(Opcode.CLOSE, b"")], []),
    "7.3.2 close of one byte": (frame(Opcode.CLOSE, b"\x03"), [(Opcode.CLOSE, b"\x03\xea")], []),
    "7.3.3 code alone": (close(1000), [closing(1000)], []),
    "7.3.4 code and reason": (close(1000, b"ok"), [closing(1000, b"ok")], []),
    "7.3.5 reason of 123": (close(1000, b"x" * 123), [closing(1000, b"x" * 123)], []),
    "7.3.6 reason of 124": (close(1000, b"x" * 124), [(Opcode.CLOSE, b"\x03\xea")], []),
    "7.5.1 reason not UTF-8": (
        close(1000, b"\xce\xba\xed\xa0\x80"),
        [(Opcode.CLOSE, b"\x03\xef")],
        [],
    ),
    **{
        f"7.7 code {code}": (close(code), [closing(code)], [])
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
    },
    **{
        f"7.9 code {code}": (close(code), [(Opcode.CLOSE, b"\x03\xea")], [])
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
    },
    # what RFC 6455 asks besides
    "masked": (
        Frame(Opcode.TEXT, b"e-1 a").serialize(mask=True) + M1,
        [(Opcode.CLOSE, b"\x03\xea")],
        [],
    ),
    "a text that is none of ours": (
        frame(Opcode.TEXT, b"hello"),
        [(Opcode.CLOSE, b"\x03\xf0")],
        [],
    ),
    "a message without a text": (frame(Opcode.TEXT, b"e-1 "), [(Opcode.CLOSE, b"\x03\xf0")], []),
}


@pytest.mark.parametrize("name", CASES)
def test_what_autobahn_asks_of_a_client(name):
    sent, said, read = CASES[name]
    for size in (len(sent), 1, 3) if len(sent) < 2_000 else (len(sent), 4_099):
        server = Server()
        server.text("e-0")
        events = []
        for at in range(0, len(sent), size):
            events += server.hand.feed(sent[at : at + size])
        assert texts(events) == read, size
        frames = server.frames()
        assert [each.opcode for each in frames] == [opcode for opcode, _ in said]
        for each, (opcode, data) in zip(frames, said, strict=True):
            told = bytes(each.data)  # behind a code of its own the client may say why
            assert (
                told[: len(data)] == data
                if opcode is Opcode.CLOSE and len(data) == 2
                else told == data
            )
        ends = [e for e in events if isinstance(e, Disconnected | Closed)]
        broken = any(opcode is Opcode.CLOSE for opcode, _ in said)
        assert len(ends) == broken, size
        # The server is the one who closes the connection (RFC 6455, section 7.1.1).
        assert server.hand.half.linger_s == (1.0 if broken else 0.0)
        assert server.hand.half.holds_connection is not broken


def test_a_compressed_text_that_unpacks_to_too_much_is_too_big():
    server = Server(deflate=True)
    server.text("e-0")
    events = server.text("e-1 " + "x" * 100_000)
    (said,) = server.frames()
    assert (said.opcode, bytes(said.data)[:2]) == (Opcode.CLOSE, b"\x03\xf1")
    assert [type(event) for event in events] == [Disconnected]


def test_parts_without_anything_in_them_take_no_memory():
    server = Server()
    server.text("e-0")
    server.hand.feed(frame(Opcode.TEXT, b"e-1 a", fin=False))
    server.hand.feed(frame(Opcode.CONT, fin=False) * 10_000)
    assert len(server.hand.half._fragments) == 1
    assert texts(server.hand.feed(frame(Opcode.CONT, b"b"))) == ["ab"]


def test_after_a_loss_the_next_connection_begins_with_its_own_words():
    server = Server()
    server.text("e-0")
    server.hand.feed(close(4503, b"server-restart"))
    assert [f.opcode for f in server.frames()] == [Opcode.CLOSE]
    server.connect()
    assert server.hand.half.linger_s == 0.0
    server.hand.eof()
    assert server.hand.half.data_to_send() == b""


# ---- over sockets -----------------------------------------------------------------------------


class Peer:
    """A WebSocket server that sends `words` once, and notes how the client ended the connection."""

    def __init__(self, words, *, answers_close=True):
        self.words = words
        self.answers_close = answers_close
        self.core = ServerProtocol()
        self.ends = asyncio.get_running_loop().create_future()

    async def serve(self, reader, writer):
        core = self.core
        core.receive_data(await reader.readuntil(b"\r\n\r\n"))
        (request,) = core.events_received()
        core.send_response(core.accept(request))
        writer.write(b"".join(core.data_to_send()) + frame(Opcode.TEXT, b"e-0") + self.words)
        reset = False
        try:
            while core.close_rcvd is None and (data := await reader.read(4096)):
                core.receive_data(data)
            waits = reader.at_eof()
            if self.answers_close:
                writer.write(frame(Opcode.PING, b"x" * 100) + close(1000))
                await writer.drain()
        except ConnectionError:
            reset = True
        writer.close()
        if not self.ends.done():
            self.ends.set_result((core.close_rcvd and core.close_rcvd.code, reset, waits))


class Reader(Driver):
    def __init__(self, subscriber):
        super().__init__(subscriber)
        self.told = asyncio.Event()

    def take(self, events, now_ns):
        if events:
            self.told.set()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (close(1000), 1000),
        (close(4503, b"server-restart"), 4503),
        (close(4401, b"token-expired"), 4401),
        (frame(Opcode.TEXT, b"e-1 \xff"), 1007),
        (frame(Opcode.TEXT, b"e-1 a", bits=4), 1002),
        (frame(Opcode.TEXT, b"e-1 " + b"x" * 70_000), 1009),
        (frame(Opcode.TEXT, b"e-1 a", bits=4) + M1 * 50_000, 1002),
        (b"", 1000),
    ],
    ids=["1000", "4503", "4401", "1007", "1002", "1009", "1002-and-much-more", "leaving"],
)
async def test_the_close_reaches_the_server_before_the_connection_ends(words, code):
    peer = Peer(words)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        half = WebSocket(WebSocketOptions()).subscriber(
            Endpoint("127.0.0.1", port, path="/v1/socket"), "T", rng=Random(1)
        )
        driver = Reader(half)
        driver.start()
        if not words:
            await asyncio.wait_for(driver.told.wait(), PATIENCE_S)
            driver.say_goodbye()
        told, reset, waits = await asyncio.wait_for(peer.ends, PATIENCE_S)
        driver._stop()
        assert (told, reset) == (code, False)
        assert not waits, "the client closed the connection, which is the server's to close"
        for connection in tuple(driver._connections):
            connection.transport.abort()


def test_a_connection_that_is_not_closed_by_the_server_is_left():
    server = Server()
    server.text("e-0")
    server.hand.feed(close(1000))
    assert server.hand.half.phase is Phase.WAITING
    assert 0 < server.hand.half.get_timer() - server.hand.now < SECOND


async def test_a_server_that_pings_and_reads_nothing_is_not_read():
    """What is owed to it stays bounded: the client reads on when its answers are taken."""

    async def serve(reader, writer):
        core = ServerProtocol()
        core.receive_data(await reader.readuntil(b"\r\n\r\n"))
        (request,) = core.events_received()
        core.send_response(core.accept(request))
        writer.transport.pause_reading()
        writer.write(b"".join(core.data_to_send()) + frame(Opcode.TEXT, b"e-0"))
        writer.write(frame(Opcode.PING, b"x" * 125) * 4_000)

    def small(connection):  # half a megabyte of pongs is more than these take
        sock = connection.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        connection.transport.set_write_buffer_limits(high=8_192)

    class Small(Reader):
        def connection_opened(self, connection):
            super().connection_opened(connection)
            small(connection)

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    server = await asyncio.start_server(serve, sock=listener)
    async with server:
        endpoint = Endpoint(*listener.getsockname(), path="/v1/socket")
        driver = Small(WebSocket(WebSocketOptions()).subscriber(endpoint, "T", rng=Random(1)))
        driver.start()
        await asyncio.wait_for(driver.told.wait(), PATIENCE_S)
        transport = driver.connection.transport
        async with asyncio.timeout(PATIENCE_S):
            while transport.is_reading():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
        assert transport.get_write_buffer_size() < 300_000, "one piece of pings has been answered"
        driver._stop()
        transport.abort()
