"""``python -m benchmarks.log``: read a log of ten million lines on one core; status 1 if too slow.

The log is made first, of a known load (50,000 clients, a poll every 5 s, 81 % in vain), which takes
a while and some gigabytes in the folder for temporary files. Then `pushlab workload from-log` reads
it in a process of its own, and what it says is held against the truth.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.log.made import FORMS, Truth, write

_MOST_S, _MOST_BYTES, _OFF = 60.0, 300 * 2**20, 0.01


def main() -> int:
    """Make, read and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.log", description=__doc__)
    parser.add_argument("--lines", type=float, default=1e7, help="of the log (default 1e7)")
    parser.add_argument("--form", choices=FORMS, default="combined")
    parser.add_argument("--gzip", action="store_true", help="packed")
    parser.add_argument("--clients", type=int, default=50_000)
    asked = parser.parse_args()
    count = int(asked.lines)
    truth = Truth(clients=asked.clients, span_s=math.inf, messages=10)
    with tempfile.TemporaryDirectory(prefix="pushlab-log-") as folder:
        path = Path(folder) / ("access.log.gz" if asked.gzip else "access.log")
        begin_s = time.monotonic()
        write(path, truth, asked.form, most=count)
        made_s, held = time.monotonic() - begin_s, path.stat().st_size / 1e9
        print(f"made: {count:,} lines, {held:.2f} GB, {made_s:.0f} s", flush=True)
        took_s, cpu_s, peak, told = _read(path, Path(folder) / "out")
    off = told["in_vain"] / truth.in_vain - 1
    rate = told["rate_per_client_per_s"]
    holds = rate["low"] <= truth.rate_per_s <= rate["high"]
    print(f"read: {took_s:.1f} s, {cpu_s:.1f} CPU-s, {count / took_s:,.0f} lines/s (goal 166,667)")
    print(f"peak memory: {peak / 2**20:.0f} MiB (goal 300)")
    print(f"in vain: {told['in_vain']:.4f} (truth {truth.in_vain}, off by {off:+.2%})")
    print(f"interval: {told['interval_s']:.3f} s; clients at once: {told['clients']:,.0f}")
    span = f"{rate['low']:.4f} to {rate['high']:.4f}"
    print(f"messages a client and second: {span} (truth {truth.rate_per_s:.4f})")
    slow = took_s * 1e7 / count > _MOST_S
    return 1 if slow or peak > _MOST_BYTES or abs(off) > _OFF or not holds else 0


def _read(path: Path, out: Path) -> tuple[float, float, int, dict[str, Any]]:
    """Seconds, CPU seconds, peak memory in bytes, and what was found; on one core."""
    words = [sys.executable, "-m", "pushlab", "workload", "from-log", str(path)]
    words += ["--path", "/api/poll*", "--out", str(out), "--json"]
    core = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    if core is not None and (taskset := Path("/usr/bin/taskset")).exists():
        words = [str(taskset), "-c", str(core), *words]
    begin_s = time.monotonic()
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    took_s = time.monotonic() - begin_s
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return took_s, used.ru_utime + used.ru_stime, peak, json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
