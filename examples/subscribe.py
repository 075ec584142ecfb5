"""Print every message of a channel, over any transport.

    python examples/subscribe.py news --transport websocket

Where the hub is: PUSHLAB_HUB and PUSHLAB_API_KEY, as `pushlab serve` prints them. A real
application keeps the API key to itself, makes the token on its server and gives it to the reader.
"""

import argparse
import asyncio

import pushlab
from pushlab import channel_api as channel


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("channel")
    parser.add_argument("--transport", default="sse", help="see: pushlab transports")
    parser.add_argument("--most", type=int, help="stop after so many messages")
    asked = parser.parse_args()
    service = channel.ChannelService()
    token = service.create_channel(asked.channel)
    async with pushlab.connect(service.url, token, transport=asked.transport) as messages:
        print("listening", flush=True)
        async for message in messages:
            print(message.seq, message.data, flush=True)
            if asked.most is not None:
                asked.most -= 1
                if asked.most <= 0:
                    break


asyncio.run(main())
