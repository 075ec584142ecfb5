"""`pushlab serve --workers N`: hubs in processes of their own share one port and a backplane.

Each takes its configuration on standard input, secrets and all, and ends when that does: whatever
becomes of the one who started them, none is left. One that dies is started again.
"""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from pushlab import signals
from pushlab.commands.serve_worker import NO_PAGES
from pushlab.errors import PushlabError
from pushlab.hub.child import spawn_child
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.hub.serve import hold_port

__all__ = ["serve_with_workers"]

_MODULE = "pushlab.commands.serve_worker"
#: One that has lived so long is started again at once; others wait, twice as long each time.
_LIVED_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0


async def serve_with_workers(
    config: HubConfig,
    count: int,
    *,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    pages: bool,
) -> None:
    """Serve with so many hubs until `stop` is set; `ready(url)` is called once all of them listen.

    Raises:
        PortInUse, SetupError, UsageError: they cannot start; none is left then.
    """
    with contextlib.closing(hold_port(config.host, config.port)) as held:
        config = replace(config, port=held.getsockname()[1], share_port=True)
        workers = [_Worker(number, config, pages) for number in range(1, count + 1)]
        try:
            await signals.unless_stopped(_all_start(workers), stop)
            ready(workers[0].url)
            keeping = [asyncio.ensure_future(worker.keep()) for worker in workers]
            try:
                await stop.wait()
            finally:
                for task in keeping:
                    task.cancel()
                await asyncio.gather(*keeping, return_exceptions=True)
        finally:
            await asyncio.gather(*(worker.stop() for worker in workers))


async def _all_start(workers: "Sequence[_Worker]") -> None:
    """Raises what the first of them raises that does not start."""
    starting = [asyncio.ensure_future(worker.start()) for worker in workers]
    try:
        await asyncio.gather(*starting)
    finally:
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)


class _Worker:
    """One hub after another, with the same number."""

    def __init__(self, number: int, config: HubConfig, pages: bool) -> None:
        self._number = number
        self._config = config
        self._arguments = () if pages else (NO_PAGES,)
        self._hub: HubProcess | None = None

    @property
    def url(self) -> str:
        """Where it listens, as all do."""
        return "" if self._hub is None else self._hub.url

    async def start(self) -> None:
        """Raises what `start_hub` does."""
        process = await spawn_child(_MODULE, *self._arguments)
        self._hub = await start_hub(self._config, process=process)

    async def stop(self) -> None:
        """Let it end, or end it."""
        if self._hub is not None:
            await self._hub.stop()

    async def keep(self) -> None:
        """Start it again whenever it has ended, until this is cancelled."""
        pause_s = _FIRST_PAUSE_S
        while self._hub is not None:
            began_s = time.monotonic()
            code = await self._hub.wait()
            lived = time.monotonic() - began_s >= _LIVED_S
            pause_s = _FIRST_PAUSE_S if lived else min(2 * pause_s, _LONGEST_PAUSE_S)
            _say(f"worker {self._number} {_ended(code)}; it is started again{self._last_words()}")
            while not await self._again():
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            if not lived:
                await asyncio.sleep(pause_s)

    async def _again(self) -> bool:
        try:
            await self.start()
        except (PushlabError, OSError) as error:
            _say(f"worker {self._number} did not start: {' '.join(str(error).split())}")
            return False
        return True

    def _last_words(self) -> str:
        log = "" if self._hub is None else self._hub.log.strip()
        return f" (it said: {log.splitlines()[-1]})" if log else ""


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit status {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"


def _say(line: str) -> None:
    print(f"pushlab serve: {line}", file=sys.stderr, flush=True)
