"""``python -m benchmarks.clocks``: how well a clock in another time namespace is known.

A process with a monotonic clock 100 s ahead is asked for its time. Each exchange by itself leaves
the shift open by half its round trip; its p99 is the figure with a goal (200 µs). The true shift is
known, and must lie within every span, and within the bound of the estimate. Exit status 1: it does
not, or the goal is missed.
"""

import argparse
import asyncio
import json
import shutil
import sys

import numpy as np
import uvloop

from pushlab.child_environment import child_environment
from pushlab.lab.clocks.asker import ClockAsker, ClockDoor, Exchanges
from pushlab.lab.clocks.estimate import estimate
from pushlab.wire.clock_exchange import fresh_key

_SHIFT_S = 100
_GOAL_NS = 200_000
_BURST = 20


async def _exchanged(count: int, busy: float) -> tuple[Exchanges, float]:
    """The exchanges, and the CPU seconds of an answer."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *("unshare", "--time", f"--monotonic={_SHIFT_S}", "--fork", "--kill-child", "--"),
        *(sys.executable, "-m", "benchmarks.clocks.answering", str(busy)),
        stdin=pipe,
        stdout=pipe,
        env=child_environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    key = fresh_key()
    process.stdin.write(f"{key}\n".encode())
    if not (line := await process.stdout.readline()):
        raise SystemExit("no time namespace can be made here")
    asker = ClockAsker.open(ClockDoor(host="127.0.0.1", port=json.loads(line)["port"], key=key))
    try:
        for _ in range(-(-count // _BURST)):
            await asker.ask(_BURST)
            await asyncio.sleep(0.01)
        found = asker.exchanges()
    finally:
        asker.close()
        process.stdin.close()
    told = json.loads(await process.stdout.readline())
    await process.wait()
    return found, told["cpu_s"] / max(1, told["answered"])


def _report(name: str, found: Exchanges, cpu_s: float, *, idle: bool) -> bool:
    """Print it; whether all holds."""
    asked, received, left, back = np.array(found.stamps, np.int64).reshape(-1, 4).T
    low, high = left - back, received - asked  # the other's clock minus this one's
    half_ns = (high - low) / 2
    true_ns = _SHIFT_S * 1_000_000_000
    inside = int(((low <= true_ns) & (true_ns <= high)).sum())
    known = estimate(found)
    assert known is not None
    start_ns, end_ns = known.map.span_ns
    bound_ns = known.map.bound_ns(start_ns, end_ns)
    moments = np.linspace(start_ns, end_ns, 1_000).astype(np.int64)
    off_ns = int(np.abs(known.map.to_reference(moments) - moments - true_ns).max())
    p50, p99 = np.quantile(half_ns, [0.5, 0.99]) / 1e3
    print(f"{name}: {len(found):,} exchanges, {found.lost} lost")
    print(f"  bound of one exchange: median {p50:.1f} µs, p99 {p99:.1f} µs (goal 200)")
    print(f"  the true shift lies in {inside:,} of {len(found):,} spans")
    print(f"  bound of the estimate: {bound_ns / 1e3:.1f} µs; off by {off_ns / 1e3:.1f} µs at most")
    print(f"  drift: {known.map.drift_ppm:+.2f} ppm (there is none)")
    if idle:
        print(f"  CPU of an answer: {cpu_s * 1e6:.1f} µs")
    return inside == len(found) and off_ns <= bound_ns and p99 * 1e3 <= _GOAL_NS


async def _run(count: int) -> bool:
    holds = True
    for busy in (0.0, 0.5):
        found, cpu_s = await _exchanged(count, busy)
        name = f"an event loop that is busy {busy:.0%} of the time" if busy else "an idle process"
        holds &= _report(name, found, cpu_s, idle=not busy)
    return holds


def main() -> int:
    """Ask and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clocks", description=__doc__)
    parser.add_argument("--exchanges", type=int, default=2_000, help="of each (default 2,000)")
    asked = parser.parse_args()
    if not shutil.which("unshare"):
        print("time namespaces are Linux's, and made by unshare(1)")
        return 2
    return 0 if uvloop.run(_run(asked.exchanges)) else 1


if __name__ == "__main__":
    sys.exit(main())
