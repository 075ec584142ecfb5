"""WebSockets that are handed over: they too read no faster than their answers are taken."""

import asyncio

from tests.edge_connection import EdgeConnection
from tests.patience import until

HANDSHAKE = (
    b"GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PING = b"\x89\x80" + bytes(4)
TEXT = b"\x81\x82" + bytes(4) + b"hi"


async def opened(app=None):
    edge = EdgeConnection(app) if app else EdgeConnection()
    await edge.send(HANDSHAKE)
    assert edge.sent.startswith(b"HTTP/1.1 101 ")
    edge.sent = b""
    return edge


async def test_who_pings_and_reads_nothing_is_not_read_either(monkeypatch):
    monkeypatch.setattr("pushlab.wire.pace._FRAMES_PER_S", 1_000_000)
    edge = await opened()
    edge.stalls = True
    edge.protocol.data_received(PING * 20_000)
    for _ in range(100):
        await asyncio.sleep(0)
    assert not edge.reading
    assert len(edge.sent) < 8_000
    edge.take()
    await until(lambda: edge.sent.count(b"\x8a\x00") == 20_000)
    assert edge.reading
    await edge.leave()


async def test_of_a_flood_of_pings_so_many_are_read_a_second(monkeypatch):
    monkeypatch.setattr("pushlab.wire.pace._FRAMES_PER_S", 5_000)
    monkeypatch.setattr("pushlab.wire.pace._BURST_S", 0.1)
    edge = await opened()
    begun = asyncio.get_running_loop().time()
    edge.protocol.data_received(PING * 2_000)
    await until(lambda: edge.sent.count(b"\x8a\x00") == 2_000)
    turn = 4096 // len(PING) + 1
    assert asyncio.get_running_loop().time() - begun > (2_000 - 500 - turn) / 5_000 - 0.01
    await until(lambda: edge.reading)
    await edge.leave()


async def test_messages_wait_for_the_application_and_come_in_order():
    edge = await opened()
    edge.protocol.data_received(TEXT * 3_000)
    assert edge.protocol.queue.qsize() < 1_000
    await until(lambda: edge.sent == b"\x81\x02hi" * 3_000)
    assert edge.reading
    await edge.leave()


async def test_a_close_behind_much_is_answered():
    async def leaving(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        await send({"type": "websocket.close", "code": 4400})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    edge = await opened(leaving)
    edge.protocol.data_received(TEXT * 3_000 + b"\x88\x82" + bytes(4) + b"\x11\x30")
    await until(lambda: edge.closed)
    assert edge.sent == b"\x88\x02\x11\x30"
    await edge.leave()


async def test_who_closes_and_does_not_take_the_answer_is_cut(monkeypatch):
    monkeypatch.setattr("pushlab.hub.edge.guarded_websocket._CLOSE_S", 0.03)
    edge = await opened()
    edge.stalls = True
    await edge.send(PING * 300 + b"\x88\x82" + bytes(4) + b"\x03\xe8")
    assert edge.closed
    await until(lambda: edge.aborted)
    await edge.leave()


async def test_a_text_that_is_no_utf_8_leaves_no_traceback(caplog):
    edge = await opened()
    await edge.send(b"\x81\x81" + bytes(4) + b"\xff")
    assert edge.sent == b"\x88\x02\x03\xef"
    assert edge.eof_sent
    assert not caplog.records
    await edge.leave()


async def test_what_comes_with_the_handshake_waits_for_its_answer():
    edge = EdgeConnection()
    edge.protocol.data_received(HANDSHAKE + TEXT + b"\x88\x82" + bytes(4) + b"\x03\xe8")
    await until(lambda: edge.closed)
    assert edge.sent.startswith(b"HTTP/1.1 101 ")
    assert edge.sent.endswith(b"\x88\x02\x03\xe8")
    await edge.leave()
