"""The MQTT broker for machines without Mosquitto, in a process of its own.

``python -m pushlab.brokers.embedded`` reads one line of JSON from its standard input (where to
listen, the bridge's log-in, and a certificate if it shall encrypt), prints one line of JSON with
its port when it is ready, and ends when its input closes: it never outlives whoever started it.

It asks the bridge what a token grants when somebody logs in with one, so nobody need register a
log-in before. It tells the bridge how many packets of which kind clients sent (on `COUNTS_TOPIC`;
PUBLISH excepted, for the bridge sees those itself) and when a session has gone.
"""

import asyncio
import gc
import json
import logging
import os
import signal
import sys
from typing import Any

__all__ = ["main"]

_TELL_COUNTS_S = 0.2
_SWEEP_S = 1.0


async def _serve(config: dict[str, Any]) -> None:
    from pushlab.brokers._connection import CONNECT_S, Connections
    from pushlab.brokers._router import Router
    from pushlab.wire.certificate import Certificate
    from pushlab.wire.standard_input import set_at_input_end

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    set_at_input_end(stop)
    router = Router(username=config["username"], password=config["password"])
    connections = Connections(router, loop.time)
    certificate = config["certificate"] and Certificate(**config["certificate"])
    try:
        server = await loop.create_server(
            connections,
            config["host"],
            config["port"],
            backlog=4_096,
            ssl=certificate.server_context() if certificate else None,
            ssl_handshake_timeout=CONNECT_S if certificate else None,
        )
    except OSError as error:
        print(json.dumps({"error": error.strerror or str(error)}), flush=True)
        return
    gc.collect()
    gc.freeze()
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    swept_at = loop.time()
    while not stop.is_set():
        router.tell_counts()
        if loop.time() - swept_at >= _SWEEP_S:
            connections.sweep()
            swept_at = loop.time()
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait({stopping}, timeout=_TELL_COUNTS_S)
        stopping.cancel()


def main() -> None:
    """Serve until standard input closes or SIGTERM comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    config = json.loads(sys.stdin.readline() or "{}")
    try:
        import uvloop
    except ImportError:
        run = asyncio.run
    else:
        run = uvloop.run
    run(_serve(config))
    sys.stdout.flush()
    os._exit(0)  # sessions may hang on peers that no longer read; nothing here is worth keeping


if __name__ == "__main__":
    main()
