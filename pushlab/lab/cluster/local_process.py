"""A Dask cluster on this machine: ``python -m pushlab.lab.cluster.local_process WORKERS``.

It has a process of its own, so that the scheduler takes no time from the runner, and a terminal's
Ctrl-C is for the runner alone. It tells the scheduler's address in a line, and ends, with all of
its workers, when standard input does.
"""

import asyncio
import json
import signal
import sys
from typing import Any

__all__ = ["main"]


async def _serve(workers: int) -> None:
    from distributed import LocalCluster

    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    make: Any = LocalCluster
    async with make(
        n_workers=workers,
        threads_per_worker=1,
        memory_limit=0,
        dashboard_address=None,
        asynchronous=True,
    ) as cluster:
        print(json.dumps({"address": cluster.scheduler_address}), flush=True)
        while await reader.read(1 << 16):
            pass


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    asyncio.run(_serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
