"""The tools of the suites do what the suites take for granted: proxies cut, frames are frames."""

import asyncio

import pytest
from websockets.frames import Opcode
from websockets.protocol import State

from conformance.clients.proxy import CuttingProxy
from conformance.clients.suite import _COUNT, _Book, _text
from conformance.http.references import h11_server
from conformance.http.shapes import SHAPES
from conformance.http.suite import _Place, answer_of
from conformance.websocket.frames import PING, TEXT, Frame, FrameReader
from pushlab.wire.websocket_core import ServerCore
from tests.patience import PATIENCE_S


async def test_the_proxy_cuts_as_often_as_told_and_then_no_more():
    sent = bytes(range(256)) * 100

    async def pour(reader, writer):
        writer.write(sent)
        await writer.drain()
        writer.close()

    async def take(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        seen = b""
        try:
            while data := await reader.read(65_536):
                seen += data
        except ConnectionResetError:
            pass
        writer.close()
        return seen

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(PATIENCE_S), CuttingProxy(port, seed=1, cuts=2) as proxy:
        assert await take(proxy.port) == sent  # it is not sharp yet
        proxy.sharp = True
        for _ in range(2):
            seen = await take(proxy.port)
            assert len(seen) < 5_000
            assert sent.startswith(seen)
        assert await take(proxy.port) == sent
        assert proxy.cuts == 2
    server.close()


def test_the_book_tells_lost_twice_disordered_and_damaged():
    texts = [_text(number) for number in range(_COUNT)]
    assert _Book(lines=texts).words(6) == "300 delivered, 6 cuts"
    spoilt = [*texts[:7], texts[3], texts[9], texts[8], *texts[10:], "message 7"]
    assert _Book(lines=spoilt).words(2) == (
        "299 delivered, 1 lost, 1 twice, 1 out of order, 1 damaged, 2 cuts"
    )


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_frames_are_what_the_library_reads_and_the_other_way_round(size):
    core = ServerCore(state=State.OPEN)
    core.receive_data(Frame(TEXT, b"a" * size).encode(masked=True))
    (frame,) = core.events_received()
    assert (frame.opcode, len(frame.data)) == (Opcode.TEXT, size)
    core.send_text(b"b" * size)
    reader, found = FrameReader(), []
    for byte in b"".join(core.data_to_send()):
        found += reader.receive(bytes([byte])) if size < 200 else []
    if size < 200:
        assert found == [Frame(TEXT, b"b" * size)]


def test_a_frame_with_the_wrong_mask_is_refused():
    core = ServerCore(state=State.OPEN)
    core.receive_data(Frame(PING, wrong_mask=True).encode(masked=True))
    assert core.close_sent.code == 1002


async def test_a_shape_s_answer_is_told_in_words():
    shapes = {shape.name: shape for shape in SHAPES}
    async with asyncio.timeout(PATIENCE_S), h11_server() as port:
        place = _Place("h11", port, quiet_s=1.0)
        names = ("three polls at once", "length -1", "100-continue")
        seen = await asyncio.gather(*(answer_of(shapes[name], place) for name in names))
    assert seen == ["200 200 200 open", "400 closed", "100 200 open"]
