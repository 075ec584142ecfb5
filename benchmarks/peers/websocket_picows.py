"""picows: a listener for each connection, called for each frame, uvloop."""

import asyncio

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from benchmarks.peers.checking import Reader
from benchmarks.peers.counting import READY, arguments


class Listener(WSListener):
    """The first frame says where it stands; then messages come."""

    def __init__(self, board: memoryview) -> None:
        super().__init__()
        self.board = board
        self.reader = Reader(board)
        self.stands = False

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            if self.stands:
                self.reader.take_frame(frame.get_payload_as_utf8_text())
            else:
                self.stands = True
                self.board[READY] += 1


async def main() -> None:
    board, work = arguments()
    dialing = asyncio.Semaphore(64)

    async def read(subscriber: dict[str, str]) -> None:
        headers = {"Authorization": f"Bearer {subscriber['token']}"}
        url = subscriber["url"]
        async with dialing:
            transport, _ = await ws_connect(lambda: Listener(board), url, extra_headers=headers)
        await transport.wait_disconnected()

    await asyncio.gather(*(read(subscriber) for subscriber in work["subscribers"]))


if __name__ == "__main__":
    uvloop.run(main())
