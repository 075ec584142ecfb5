"""The process that drives Chromium: ``python -m pushlab.lab.browser.process FOLDER``.

It is a worker with the commands of the swarm's process. Chromium's profile is in FOLDER; Chromium
ends with this process.

Hits are those that channel.js says it made. It closes an EventSource at its first trouble instead
of letting the browser come back by itself, so that it can know them all but one kind: a request
that had no answer when the connection was lost may have reached the server or not.
"""

import asyncio
import dataclasses
import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pushlab.hub.loop_lag import LoopLag
from pushlab.lab.browser.clock import PageClock
from pushlab.lab.browser.devtools import DevTools
from pushlab.lab.browser.socket_bytes import SocketBytes
from pushlab.lab.browser.swarm import BrowserSwarm, total
from pushlab.lab.host.process_tree import TreeWatch, end_own_group
from pushlab.lab.load.recorder import Recorder
from pushlab.lab.workers.child import CountingService, run_worker
from pushlab.lab.workers.messages import (
    Counters,
    SubscriberClosed,
    SwarmReport,
    SwarmSetup,
    SwarmStatus,
)
from pushlab.runs import ClockFigures, WitnessFigures

__all__ = ["BrowserService", "main"]

_END_S = 5.0
_HOLDS_SOCKETS = "network.mojom.NetworkService"  # the one process of Chromium's that does


class BrowserService(CountingService):
    """What `SwarmService` offers, in Chromium."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._swarm: BrowserSwarm | None = None
        self._tree = TreeWatch(0)
        self._bytes = SocketBytes(0)
        self._networks: list[int] = []
        self._told_end = False
        self._key = 0

    @property
    def swarm(self) -> BrowserSwarm:
        """The swarm, once it is configured."""
        assert self._swarm is not None, "configure first"
        return self._swarm

    def counters(self) -> Counters:
        """What can be known from outside the pages now."""
        self._bytes.look(self._networks)
        return Counters(
            bytes_in=self._bytes.bytes_in,
            bytes_out=self._bytes.bytes_out,
            cpu_s=self._tree.used_cpu_s(),
        )

    async def close(self) -> None:
        """End Chromium, and remove what it leaves; who started this may be gone."""
        end_own_group(within_s=_END_S)  # also a Chromium that is still coming up
        shutil.rmtree(self._folder, ignore_errors=True)

    async def configure(self, setup: SwarmSetup) -> bool:
        """Take the subscribers; what channel.js counts, it counts to the last one."""
        tools = await DevTools.launch(self._folder)
        self._tree = TreeWatch(os.getpid())
        self._bytes = SocketBytes(urlsplit(setup.server).port or 80)
        self._swarm = BrowserSwarm(tools, setup.server)
        self._key = setup.stamp_key
        await self._swarm.open(setup)
        self._networks = self._tree.saying(_HOLDS_SOCKETS)
        return True

    async def start(self) -> Counters:
        """Let every subscriber begin; the counters when the server has accepted all."""
        told = await self.swarm.start()
        return _with(self.counters(), told)

    async def reach(self, heads: list[int], never: list[list[int]] | None = None) -> None:
        """Wait until every subscriber of channel i has message ``heads[i]``."""
        await self.swarm.reach(heads)

    async def begin(self, start_ns: int, end_ns: int) -> None:
        """Count rows from here, and note the counters at both moments."""
        await self.swarm.begin(start_ns, end_ns)
        self.note_window(start_ns, end_ns)

    async def status(self) -> SwarmStatus:
        """How far the subscribers are."""
        status, end = await self.swarm.status()
        self._bytes.look(self._networks)
        if end is not None and not self._told_end:
            self._told_end = True
            self.on_event(SubscriberClosed(reason=end["reason"], status=end["status"]))
        return status

    async def leave(self) -> dict[str, int]:
        """Let everybody say goodbye; all hits, when the connections are closed."""
        return await self.swarm.leave()

    def witnesses(self) -> WitnessFigures:
        """There are none."""
        return WitnessFigures(why="Chromium reads its own sockets")

    async def finish(self, path: str) -> SwarmReport:
        """Write the rows to files in the folder `path`."""
        pages = await self.swarm.finish()
        recorder = _record(pages)
        self.lag = _lag_of(pages, self.loop)
        window = self.window()
        told = total([told["now"] for _, told in pages])
        dials = len(recorder.wanted_ns)

        def moment(name: str, outside: Counters | None) -> Counters | None:
            noted = [told["moments"][name] for _, told in pages if name in told["moments"]]
            if outside is None or len(noted) != len(pages):
                return None
            return _with(outside, total(noted), dials)

        now = _with(window.now, told, dials)
        clocks = [clock for clock, _ in pages]
        reasons: Counter[str] = Counter()
        for _, page in pages:
            reasons.update(page["reasons"])
        return SwarmReport.after(
            dataclasses.replace(
                window,
                start=moment("start", window.start),
                end=moment("end", window.end) or now,
                now=now,
            ),
            rows=recorder.write(Path(path), self._key),
            closed=told["closed"],
            reasons=dict(reasons),
            clocks=ClockFigures(
                offset_ns=[clock.before.offset_ns for clock in clocks],
                drift_ns=[clock.drift_ns for clock in clocks],
                bound_ns=[clock.bound_ns for clock in clocks],
            ),
        )


_OF_THE_PAGES = (
    "hits",
    "deliveries",
    "duplicated",
    "reordered",
    "gaps",
    "disconnects",
    "polls_due",
    "polls_skipped",
)


def _with(outside: Counters, told: dict[str, Any], dials: int = 0) -> Counters:
    """The counters with what the pages told; `dials`: first connections."""
    inside = {name: told[name] for name in _OF_THE_PAGES if name in told}
    return dataclasses.replace(outside, **inside, dials=dials + told.get("reconnects", 0))


def _record(pages: list[tuple[PageClock, dict[str, Any]]]) -> Recorder:
    """What all pages have written down, in the order of the machine's clock."""
    recorder = Recorder()
    rows = [
        (clock.to_ns(at), subscriber, seq)
        for clock, told in pages
        for subscriber, seq, at in zip(
            *(told["rows"][k] for k in ("subscriber", "seq", "at")), strict=True
        )
    ]
    rows.sort(key=lambda row: row[0])  # stable: what one page has seen stays in its order
    for received_ns, subscriber, seq in rows:
        recorder.add_subscriber(subscriber)
        recorder.add_seq(seq)
        recorder.add_received_ns(received_ns)
    for clock, told in pages:
        for channel, seq, text in told["texts"]:
            recorder.beginnings[channel].texts[seq] = text
        columns = (told["connects"][k] for k in ("subscriber", "wanted", "connected"))
        for subscriber, wanted, connected in zip(*columns, strict=True):
            recorder.connected(subscriber, clock.to_ns(wanted), clock.to_ns(connected))
    return recorder


def _lag_of(
    pages: list[tuple[PageClock, dict[str, Any]]], loop: asyncio.AbstractEventLoop
) -> LoopLag:
    """How late the pages' timers were, and when."""
    lag = LoopLag(loop)
    for at_ns, late_ns in sorted(
        (clock.to_ns(at), round(late * 1e6))
        for clock, told in pages
        for at, late in zip(told["lags"]["at"], told["lags"]["lag"], strict=True)
    ):
        lag.at_ns.append(at_ns)
        lag.lag_ns.append(late_ns)
    return lag


def main() -> None:
    """Serve calls until standard input ends."""
    folder = Path(sys.argv[1])
    if os.getpgrp() != os.getpid():  # started by hand: `close` ends the whole group
        os.setpgid(0, 0)
    run_worker(lambda: BrowserService(folder))


if __name__ == "__main__":
    main()
