"""A hub's process: a `HubConfig` on its standard input, one line of answer, and then it serves."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable

import uvloop

from pushlab.errors import PushlabError
from pushlab.hub.app import SiteMaker
from pushlab.hub.loop_lag import LoopLag
from pushlab.hub.process import HubConfig
from pushlab.hub.serve import serve
from pushlab.wire.clock_exchange import ClockResponder
from pushlab.wire.standard_input import set_at_input_end

__all__ = ["serve_as_child"]

#: After its parent has gone a hub has this long to end by itself.
_LEAVE_S = 15.0


async def _serve(site_of: Callable[[HubConfig], SiteMaker] | None) -> int:
    line = sys.stdin.readline()
    stop = asyncio.Event()

    clock: ClockResponder | None = None

    def ready(url: str) -> None:
        port = 0 if clock is None else clock.port
        print(json.dumps({"url": url, "clock_port": port}), flush=True)

    try:
        config = HubConfig.from_json(line)
        if config.clock_key:
            clock = ClockResponder(config.host, config.clock_key)
        lag = LoopLag(asyncio.get_running_loop(), every_ns=int(config.lag_every_s * 1e9))
        if config.lag_every_s:
            lag.start()
        set_at_input_end(
            stop,
            lambda: print(f"event loop's lags: {lag.all()}", flush=True),
            leave_after_s=_LEAVE_S,
        )
        make_site = None if site_of is None else site_of(config)
        await serve(config, stop=stop, ready=ready, make_site=make_site)
    except PushlabError as error:
        print(json.dumps({"error": type(error).__name__, "text": str(error)}), flush=True)
        return 1
    return 0


def serve_as_child(site_of: Callable[[HubConfig], SiteMaker] | None = None) -> int:
    """Serve until standard input ends; the exit status.

    Args:
        site_of: what pages to serve besides; None: none.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    return uvloop.run(_serve(site_of))
