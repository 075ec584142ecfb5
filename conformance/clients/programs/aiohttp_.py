"""aiohttp's WebSocket; it does not come back by itself."""

import asyncio
import os

import aiohttp


async def main() -> None:
    """Read on."""
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    after: dict[str, str] = {}
    async with aiohttp.ClientSession(headers=headers) as session:
        while True:
            try:
                async with session.ws_connect(
                    os.environ["HUB"] + "/v1/socket", params=after
                ) as socket:
                    async for frame in socket:
                        after["after"], _, text = frame.data.partition(" ")
                        if text:
                            print(text, flush=True)
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.3)


asyncio.run(main())
