"""The process that drives Chromium: ``python -m pushlab.lab.browser.process FOLDER``.

It takes the commands of `pushlab.lab.workers.swarm_process` and answers them alike; Chromium's
profile is in FOLDER, and Chromium ends with this process. Besides, ``finish`` tells of
 the pages' clocks.

Hits are those that channel.js says it made. It closes an EventSource at its first trouble instead
of letting the browser come back by itself, so that it can know them all but one kind: a request
that had no answer when the connection was lost may have reached the server or not.
"""

import os
import resource
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pushlab.lab.browser.clock import PageClock
from pushlab.lab.browser.devtools import DevTools
from pushlab.lab.browser.socket_bytes import SocketBytes
from pushlab.lab.browser.swarm import BrowserSwarm, Seat, total
from pushlab.lab.host.process_tree import ProcessTree, end_own_group
from pushlab.lab.load.recorder import Recorder
from pushlab.lab.workers.child import CommandServer, Write, run_worker

__all__ = ["BrowserServer", "main"]

_END_S = 5.0
_BUCKET_NS = 100_000_000
_HOLDS_SOCKETS = "network.mojom.NetworkService"  # the one process of Chromium's that does


class BrowserServer(CommandServer):
    """Carries out the swarm's commands in Chromium."""

    def __init__(self, write: Write, folder: Path) -> None:
        super().__init__(write)
        self._folder = folder
        self._tools: DevTools | None = None
        self._swarm: BrowserSwarm | None = None
        self._tree = ProcessTree(0)
        self._bytes = SocketBytes(0)
        self._networks: list[int] = []
        self._told_end = False

    @property
    def swarm(self) -> BrowserSwarm:
        """The swarm, once it is configured."""
        assert self._swarm is not None, "configure first"
        return self._swarm

    def counters(self) -> dict[str, Any]:
        """What can be known from outside the pages now."""
        self._bytes.look(self._networks)
        return {
            "bytes_in": self._bytes.bytes_in,
            "bytes_out": self._bytes.bytes_out,
            "cpu_s": self._tree.cpu_s(),
        }

    async def close(self) -> None:
        """End Chromium, and remove what it leaves; who started this may be gone."""
        end_own_group(within_s=_END_S)  # also a Chromium that is still coming up
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _do_configure(self, command: dict[str, Any]) -> dict[str, Any]:
        options = command["options"]
        self._tools = await DevTools.launch(self._folder)
        self._tree = ProcessTree(os.getpid())
        self._bytes = SocketBytes(urlsplit(command["server"]).port or 80)
        self._swarm = BrowserSwarm(self._tools, command["server"])
        await self._swarm.open(
            command["transport"],
            [Seat(channel, token) for channel, token, _ in command["subscribers"]],
            interval_s=float(options.get("interval_s", 0.0)),
            phases=bool(options.get("random_phase", False)),
            seed=command["seed"],
        )
        self._networks = self._tree.saying(_HOLDS_SOCKETS)
        return {"sans_io": True}  # what it counts, it counts to the last one

    async def _do_start(self, command: dict[str, Any]) -> dict[str, Any]:
        told = await self.swarm.start()
        return {**told, **self.counters()}

    async def _do_reach(self, command: dict[str, Any]) -> dict[str, Any]:
        await self.swarm.reach(command["heads"])
        return {"pending": 0}

    async def _do_begin(self, command: dict[str, Any]) -> dict[str, Any]:
        await self.swarm.begin(command["start_ns"], command["end_ns"])
        self.note_window(command["start_ns"], command["end_ns"])
        return {}

    async def _do_status(self, command: dict[str, Any]) -> dict[str, Any]:
        told = await self.swarm.status()
        self._bytes.look(self._networks)
        end = told.pop("end")
        if end is not None and not self._told_end:
            self._told_end = True
            self.tell("closed", reason=end["reason"], status=end["status"])
        return told

    async def _do_leave(self, command: dict[str, Any]) -> dict[str, Any]:
        return await self.swarm.leave()

    async def _do_finish(self, command: dict[str, Any]) -> dict[str, Any]:
        pages = await self.swarm.finish()
        recorder = _record(pages)
        folder = Path(command["path"])
        window = self.window()
        moments: dict[str, Any] = {"now": {**window["now"], **total([t["now"] for _, t in pages])}}
        for name in ("start", "end"):
            noted = [told["moments"][name] for _, told in pages if name in told["moments"]]
            known = window[name] is not None and len(noted) == len(pages)
            moments[name] = {**window[name], **total(noted)} if known else None
        if moments["end"] is None:
            moments["end"] = moments["now"]
        for moment in moments.values():
            if moment is not None:
                moment["dials"] = len(recorder.wanted_ns) + moment.pop("reconnects")
        reasons: dict[str, int] = {}
        for _, told in pages:
            for reason, n in told["reasons"].items():
                reasons[reason] = reasons.get(reason, 0) + n
        clocks = [clock for clock, _ in pages]
        lags = _lags(pages)
        return {
            **moments,
            "loop_lag_p99_s": _p99_s(lags, *self._window_ns),
            "loop_lags": _highest(lags),
            "descriptor_limit": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            "rows": recorder.write(folder / "deliveries"),
            "connects": recorder.write_connects(folder / "connects"),
            "traffic": recorder.write_traffic(folder / "traffic"),
            "connected": sum(told["connected"] for _, told in pages),
            "closed": moments["now"]["closed"],
            "reasons": reasons,
            "wire_duplicates": moments["now"]["wire_duplicates"],
            "clocks": {
                "offset_ns": [clock.before.offset_ns for clock in clocks],
                "drift_ns": [clock.drift_ns for clock in clocks],
                "bound_ns": [clock.bound_ns for clock in clocks],
            },
        }


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
        columns = (told["connects"][k] for k in ("subscriber", "wanted", "connected"))
        for subscriber, wanted, connected in zip(*columns, strict=True):
            recorder.connected(subscriber, clock.to_ns(wanted), clock.to_ns(connected))
    return recorder


def _lags(pages: list[tuple[PageClock, dict[str, Any]]]) -> list[tuple[int, int]]:
    """How late the pages' timers were, and when, in nanoseconds; in order."""
    return sorted(
        (clock.to_ns(at), round(lag * 1e6))
        for clock, told in pages
        for at, lag in zip(told["lags"]["at"], told["lags"]["lag"], strict=True)
    )


def _p99_s(lags: list[tuple[int, int]], start_ns: int, end_ns: int) -> float | None:
    within = sorted(lag for at, lag in lags if start_ns <= at - lag <= end_ns)
    return within[int(len(within) * 0.99)] / 1e9 if within else None


def _highest(lags: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """For each tenth of a second with a sample: its last time and its worst lag."""
    found: dict[int, tuple[int, int]] = {}
    for at, lag in lags:
        _, worst = found.get(at // _BUCKET_NS, (0, 0))
        found[at // _BUCKET_NS] = (at, max(lag, worst))
    return list(found.values())


def main() -> None:
    """Serve commands until standard input ends."""
    folder = Path(sys.argv[1])
    if os.getpgrp() != os.getpid():  # started by hand: `close` ends the whole group
        os.setpgid(0, 0)
    run_worker(lambda write: BrowserServer(write, folder))


if __name__ == "__main__":
    main()
