"""A process that does what a run does and nothing else: timers, and bytes there and back.

``python -m pushlab.lab.host.exchanges SERVERS GENERATOR SECONDS`` (cores as ``0,1``; ``-``: any)
sets a timer, sends a byte over loopback from the generator's cores to the servers', gets it back,
and prints how late all of that was. It loads the standard library alone, so that it comes up soon.
"""

import contextlib
import json
import os
import socket
import statistics
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pushlab.lab.load.kernel_stamps import WallClock
from pushlab.wire.receive_stamps import SPACE, stamp_of, stamp_received

__all__ = ["main"]

_EVERY_S = 0.004
_LEAST = 10  # exchanges
_READINGS = 200


def _described(samples: Sequence[float]) -> dict[str, float]:
    """Median, p99, and the mean above what is usual at best; the worst twentieth left out."""
    if len(samples) < _LEAST:
        return {}
    ordered = sorted(samples)
    count = len(ordered)
    usual = ordered[: max(1, count * 95 // 100)]
    return {
        "p50": statistics.median(ordered),
        "p99": ordered[min(count - 1, count * 99 // 100)],
        "varies": max(0.0, statistics.fmean(usual) - ordered[count // 10]),
    }


def _pin(cores: str) -> None:
    if cores != "-" and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, [int(core) for core in cores.split(",")])


def _read(sock: socket.socket, clock: WallClock) -> tuple[bytes, float | None]:
    """What has come, and how long ago the kernel had it."""
    data, ancillary, _, _ = sock.recvmsg(64, SPACE)
    now_ns, stamp_ns = time.monotonic_ns(), stamp_of(ancillary)
    at_ns = None if stamp_ns is None else clock.to_monotonic(stamp_ns)
    return data, None if at_ns is None else (now_ns - at_ns) / 1e9


def _answer(sock: socket.socket, cores: str) -> None:
    """Send back how long ago the kernel had each byte, until the other end has gone."""
    _pin(cores)
    stamp_received(sock)
    clock = WallClock()
    while True:
        data, late_s = _read(sock, clock)
        if not data:
            return
        sock.sendall(f"{-1.0 if late_s is None else late_s:.9f}".encode())


def _exchange(sock: socket.socket, span_s: float) -> dict[str, Any]:
    stamp_received(sock)
    clock = WallClock()
    seen: dict[str, list[float]] = {
        name: [] for name in ("timer_s", "servers_s", "generator_s", "round_trip_s")
    }
    due_s = time.monotonic() + _EVERY_S
    end_s = due_s + span_s
    while due_s < end_s:
        time.sleep(max(0.0, due_s - time.monotonic()))
        now_s = time.monotonic()
        sock.sendall(b".")
        data, late_s = _read(sock, clock)
        back_s = time.monotonic()
        seen["timer_s"].append(now_s - due_s)
        seen["round_trip_s"].append(back_s - now_s)
        if late_s is not None and (there_s := float(data)) >= 0:
            seen["servers_s"].append(there_s)
            seen["generator_s"].append(late_s)
        due_s = max(due_s, back_s) + _EVERY_S
    return {name: _described(samples) for name, samples in seen.items()}


def _clock_s() -> float:
    """The smallest step of the monotonic clock that can be seen."""
    found = [time.monotonic_ns() for _ in range(_READINGS)]
    return min((b - a for a, b in pairwise(found) if b > a), default=1) / 1e9


def main() -> None:
    """Exchange bytes with a process of the servers' cores, and print what was seen."""
    servers, generator, span_s = sys.argv[1], sys.argv[2], float(sys.argv[3])
    listener = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(listener.getsockname())
    theirs, _ = listener.accept()
    for one in (ours, theirs):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    child = os.fork()
    if not child:
        ours.close()
        with contextlib.suppress(OSError):
            _answer(theirs, servers)
        os._exit(0)
    theirs.close()
    _pin(generator)
    print("begin", flush=True)
    seen = _exchange(ours, span_s)
    ours.close()
    os.waitpid(child, 0)
    cpu = os.times()
    used_s = cpu.user + cpu.system + cpu.children_user + cpu.children_system
    print(json.dumps({**seen, "clock_s": _clock_s(), "cpu_s": used_s}), flush=True)


if __name__ == "__main__":
    main()
