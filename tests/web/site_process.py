"""`pushlab serve` for tests: hub, site and broker in one process, with keys that the test knows.

One line of JSON on standard input: a `HubConfig`, and ``broker`` as for `start_broker` (or
``none``). One line on standard output: where it listens, or what is wrong. It ends when its
standard input does.
"""

import asyncio
import contextlib
import dataclasses
import json
import os
import sys
import threading
from typing import Any

import uvloop

from pushlab.brokers.start import start_broker
from pushlab.errors import PushlabError
from pushlab.hub.process import HubConfig
from pushlab.hub.serve import serve
from pushlab.web.site import WebSite


async def main() -> int:
    told: dict[str, Any] = json.loads(sys.stdin.readline())
    choice = told.pop("broker_choice")
    config = HubConfig.from_json(json.dumps(told))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(stop.set)

    def ready(url: str) -> None:
        print(json.dumps({"url": url}), flush=True)

    threading.Thread(target=watch, daemon=True).start()
    try:
        async with contextlib.AsyncExitStack() as stack:
            if choice != "none":
                broker = await stack.enter_async_context(await start_broker(choice))
                config = dataclasses.replace(config, broker=broker.access)
            await serve(config, stop=stop, ready=ready, make_site=WebSite)
    except PushlabError as error:
        print(json.dumps({"error": type(error).__name__, "text": str(error)}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
