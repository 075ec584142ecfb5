"""The hub's process: ``python -m pushlab.hub``, with a `HubConfig` as a line on standard input."""

import asyncio
import contextlib
import json
import os
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
        # Not sys.stdin.read(), whose lock a thread that still waits would hold at the exit.
        while os.read(sys.stdin.fileno(), 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(stop.set)  # the parent closed it, or is gone

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
