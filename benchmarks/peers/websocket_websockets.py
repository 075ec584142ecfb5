"""The client of `websockets`: a task for each, uvloop, no compression."""

import asyncio

import uvloop
from websockets.asyncio.client import connect

from benchmarks.peers.checking import Reader
from benchmarks.peers.counting import READY, arguments


async def main() -> None:
    board, work = arguments()
    dialing = asyncio.Semaphore(64)

    async def read(subscriber: dict[str, str]) -> None:
        reader = Reader(board)
        headers = {"Authorization": f"Bearer {subscriber['token']}"}
        url = subscriber["url"]
        async with dialing:
            socket = await connect(url, additional_headers=headers, compression=None)
        await socket.recv()  # where it stands
        board[READY] += 1
        async for message in socket:
            assert isinstance(message, str)
            reader.take_frame(message)

    await asyncio.gather(*(read(subscriber) for subscriber in work["subscribers"]))


if __name__ == "__main__":
    uvloop.run(main())
