"""A chat in thirty lines: everybody in a room reads one channel, and each line is published to it.

    python examples/chat.py ada kitchen        # and, in another terminal: ... chat.py bob kitchen

Where the hub is: PUSHLAB_HUB and PUSHLAB_API_KEY, as `pushlab serve` prints them.
"""

import asyncio
import sys

import pushlab
from pushlab import channel_api as channel


async def main(name: str, room: str) -> None:
    service = channel.ChannelService()
    token = service.create_channel(room)
    async with pushlab.connect(service.url, token, transport="websocket") as messages:
        service.send_message(room, f"{name} is here")

        async def show() -> None:
            async for message in messages:
                print(message.data, flush=True)

        showing = asyncio.create_task(show())
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip():
                await asyncio.to_thread(service.send_message, room, f"{name}: {line.strip()}")
        showing.cancel()


if len(sys.argv) != 3:
    sys.exit("usage: chat.py NAME ROOM")
asyncio.run(main(*sys.argv[1:]))
