"""aiohttp's WebSocket client: a task for each, uvloop."""

import asyncio

import aiohttp
import uvloop

from benchmarks.peers.checking import Reader
from benchmarks.peers.counting import READY, arguments


async def main() -> None:
    board, work = arguments()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def read(subscriber: dict[str, str]) -> None:
            reader = Reader(board)
            headers = {"Authorization": f"Bearer {subscriber['token']}"}
            url = subscriber["url"]
            async with session.ws_connect(url, headers=headers) as socket:
                await socket.receive_str()  # where it stands
                board[READY] += 1
                async for message in socket:
                    if message.type == aiohttp.WSMsgType.TEXT:
                        reader.take_frame(message.data)

        await asyncio.gather(*(read(subscriber) for subscriber in work["subscribers"]))


if __name__ == "__main__":
    uvloop.run(main())
