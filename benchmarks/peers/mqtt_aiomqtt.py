"""aiomqtt: a client and a task for each subscriber, uvloop, QoS 1."""

import asyncio
from urllib.parse import urlsplit

import aiomqtt
import uvloop

from benchmarks.peers.checking import Reader
from benchmarks.peers.counting import READY, arguments


async def main() -> None:
    board, work = arguments()
    dialing = asyncio.Semaphore(16)

    async def read(subscriber: dict[str, str]) -> None:
        reader = Reader(board)
        address = urlsplit(subscriber["url"])
        client = aiomqtt.Client(
            address.hostname or "",
            address.port or 1883,
            username=subscriber["username"],
            password=subscriber["token"],
        )
        async with dialing:
            await client.__aenter__()
            await client.subscribe(subscriber["topic"], qos=1)
        board[READY] += 1
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            reader.take_frame(message.payload.decode())

    await asyncio.gather(*(read(subscriber) for subscriber in work["subscribers"]))


if __name__ == "__main__":
    uvloop.run(main())
