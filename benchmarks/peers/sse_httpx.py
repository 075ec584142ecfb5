"""httpx-sse reads event streams: a task for each, uvloop."""

import asyncio

import httpx
import uvloop
from httpx_sse import aconnect_sse

from benchmarks.peers.checking import Reader
from benchmarks.peers.counting import READY, arguments


async def main() -> None:
    board, work = arguments()
    subscribers = work["subscribers"]
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=None) as client:

        async def read(subscriber: dict[str, str]) -> None:
            reader = Reader(board)
            url = subscriber["url"]
            headers = {"Authorization": f"Bearer {subscriber['token']}"}
            async with aconnect_sse(client, "GET", url, headers=headers) as source:
                source.response.raise_for_status()
                board[READY] += 1
                async for event in source.aiter_sse():
                    if event.data:
                        reader.take(event.id, event.data)

        await asyncio.gather(*(read(subscriber) for subscriber in subscribers))


if __name__ == "__main__":
    uvloop.run(main())
