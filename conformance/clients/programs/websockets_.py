"""websockets; its own iterator of connections would come back to the same URL, so a loop does."""

import asyncio
import os

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException


async def main() -> None:
    """Read on."""
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    place, after = os.environ["HUB"].replace("http", "ws", 1) + "/v1/socket", ""
    while True:
        try:
            async with connect(place + after, additional_headers=headers, proxy=None) as socket:
                async for frame in socket:
                    cursor, _, text = str(frame).partition(" ")
                    after = f"?after={cursor}"
                    if text:
                        print(text, flush=True)
        except (OSError, WebSocketException):
            pass
        await asyncio.sleep(0.3)


asyncio.run(main())
