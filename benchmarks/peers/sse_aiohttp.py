"""aiohttp reads event streams: a task for each, line by line, uvloop."""

import asyncio

import aiohttp
import uvloop

from benchmarks.peers.checking import Reader
from benchmarks.peers.counting import READY, arguments


async def main() -> None:
    board, work = arguments()
    subscribers = work["subscribers"]
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def read(subscriber: dict[str, str]) -> None:
            reader = Reader(board)
            headers = {
                "Authorization": f"Bearer {subscriber['token']}",
                "Accept": "text/event-stream",
            }
            async with session.get(subscriber["url"], headers=headers) as response:
                response.raise_for_status()
                board[READY] += 1
                event_id, data = "", []
                async for line in response.content:
                    if line == b"\n":
                        if data:
                            reader.take(event_id, "\n".join(data))
                        event_id, data = "", []
                    elif line.startswith(b"data: "):
                        data.append(line[6:-1].decode())
                    elif line.startswith(b"id: "):
                        event_id = line[4:-1].decode()

        await asyncio.gather(*(read(subscriber) for subscriber in subscribers))


if __name__ == "__main__":
    uvloop.run(main())
