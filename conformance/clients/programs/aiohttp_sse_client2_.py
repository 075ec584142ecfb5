"""aiohttp-sse-client2: after an orderly end it comes back by itself, else a loop does."""

import asyncio
import os
from datetime import timedelta

from aiohttp_sse_client2.client import EventSource


async def main() -> None:
    """Read on."""
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    while True:
        try:
            async with EventSource(
                os.environ["HUB"] + "/v1/events",
                headers=headers,
                reconnection_time=timedelta(seconds=0.3),
            ) as source:
                async for event in source:
                    if event.last_event_id:
                        headers["Last-Event-ID"] = event.last_event_id
                    if event.type is None and event.data:
                        print(event.data, flush=True)
        except Exception as error:  # it lets those of aiohttp through, and has some of its own
            del error
        await asyncio.sleep(0.3)


asyncio.run(main())
