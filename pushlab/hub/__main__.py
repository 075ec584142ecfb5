"""The hub's process: ``python -m pushlab.hub``, with a `HubConfig` as a line on standard input."""

import asyncio
import json
import signal
import sys
import threading

import uvloop

from pushlab.errors import PushlabError
from pushlab.hub.process import HubConfig
from pushlab.hub.serve import serve


async def _main() -> int:
    line = sys.stdin.readline()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def watch() -> None:
        sys.stdin.read()  # returns at the end of input: the parent closed it, or is gone
        loop.call_soon_threadsafe(stop.set)

    def ready(url: str) -> None:
        print(json.dumps({"url": url}), flush=True)

    try:
        config = HubConfig.from_json(line)
        threading.Thread(target=watch, daemon=True).start()
        await serve(config, stop=stop, ready=ready)
    except PushlabError as error:
        print(json.dumps({"error": type(error).__name__, "text": str(error)}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    sys.exit(uvloop.run(_main()))
