"""The hub's process: ``python -m pushlab.hub``, with a `HubConfig` as a line on standard input."""

import asyncio
import json
import signal
import sys

import uvloop

from pushlab.errors import PushlabError
from pushlab.hub.loop_lag import LoopLag
from pushlab.hub.process import HubConfig
from pushlab.hub.serve import serve
from pushlab.wire.standard_input import set_at_input_end


async def _main() -> int:
    line = sys.stdin.readline()
    stop = asyncio.Event()

    def ready(url: str) -> None:
        print(json.dumps({"url": url}), flush=True)

    try:
        config = HubConfig.from_json(line)
        lag = LoopLag(asyncio.get_running_loop(), every_ns=int(config.lag_every_s * 1e9))
        if config.lag_every_s:
            lag.start()
        set_at_input_end(stop, lambda: print(f"event loop's lags: {lag.all()}", flush=True))
        await serve(config, stop=stop, ready=ready)
    except PushlabError as error:
        print(json.dumps({"error": type(error).__name__, "text": str(error)}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    sys.exit(uvloop.run(_main()))
