"""What a backplane costs: the goals of its table as ratios, all in one run, by turns.

python -m benchmarks.backplane              # about 25 minutes on a quiet machine with two cores
python -m benchmarks.backplane --only redis-latency,workers --reps 3
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from benchmarks.backplane import measures
from benchmarks.backplane.costs import costs
from benchmarks.backplane.hubs import BEFORE, copy_of
from benchmarks.backplane.report import markdown
from benchmarks.backplane.swarms import swarms
from benchmarks.backplane.turns import Row
from benchmarks.harness.model import NotRun
from benchmarks.harness.processes import raise_descriptor_limit

_MESSAGES = 10_000
PARTS = ("memory", "redis", "redis-latency", "workers", "swarm", "costs")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog=f"parts: {', '.join(PARTS)}"
    )
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between")
    parser.add_argument("--reps", type=int, default=10, help="repetitions; memory: twice as many")
    parser.add_argument("--seconds", type=float, default=3.0, help="of a sample's window")
    parser.add_argument("--before", default=BEFORE, help="the commit to compare `memory` with")
    parser.add_argument("--out", type=Path, help="a file to write the table to, too")
    asked = parser.parse_args()
    chosen = asked.only.split(",")
    if wrong := set(chosen) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(wrong))}; there are: {', '.join(PARTS)}")
    raise_descriptor_limit()
    began_s = time.monotonic()
    rows = uvloop.run(measured(chosen, asked))
    table = markdown(rows, reps=asked.reps, took_s=time.monotonic() - began_s)
    print(table)
    if asked.out is not None:
        asked.out.write_text(table)
    return int(any(row.met is False for row in rows))


async def measured(chosen: list[str], asked: argparse.Namespace) -> list[Row]:
    """All rows of the parts that are asked for."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="pushlab-bench-") as folder:

        async def memory() -> list[Row]:
            code = await asyncio.to_thread(copy_of, asked.before, Path(folder))
            return await measures.memory(code, 2 * asked.reps, asked.seconds)

        parts: dict[str, Callable[[], Awaitable[list[Row]]]] = {
            "memory": memory,
            "redis": lambda: measures.redis_cost(asked.reps, asked.seconds),
            "redis-latency": lambda: measures.redis_latency(asked.reps),
            "workers": lambda: measures.workers(asked.reps, asked.seconds),
            "swarm": lambda: swarms(asked.reps),
            "costs": lambda: costs(asked.reps, _MESSAGES),
        }
        for name in chosen:
            print(name, file=sys.stderr, flush=True)
            try:
                rows += await parts[name]()
            except NotRun as why:
                rows.append(Row(name, "", note=f"not run: {why}"))
    return rows


if __name__ == "__main__":
    sys.exit(main())
