"""``python -m benchmarks.rows``: 50 million deliveries beside one million, step by step.

Each step runs in a process of its own: record a run of so many deliveries in pieces, summarise it,
export it, draw it. The exit status is 1 where one of them held more than 2 GiB.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.rows.step import STEPS

_MOST_BYTES = 2 << 30


def run_steps(folder: Path, rows: int, trials: int, steps: list[str]) -> dict[str, Any]:
    """What each step took, by its name."""
    found: dict[str, Any] = {}
    for step in steps:
        words = [sys.executable, "-m", "benchmarks.rows.step", step, str(folder)]
        done = subprocess.run(
            [*words, str(rows), str(trials)], check=True, capture_output=True, text=True
        )
        found[step] = json.loads(done.stdout)
        if step == "record":
            folder = Path(found[step]["said"])
    return found


def main() -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rows", description=__doc__)
    parser.add_argument("--rows", type=float, default=5e7, help="deliveries (default 5e7)")
    parser.add_argument("--beside", type=float, default=1e6, help="the small case (default 1e6)")
    parser.add_argument("--trials", type=int, default=1, help="they are of so many trials")
    parser.add_argument("--steps", default=",".join(STEPS), help="which, comma-separated")
    asked = parser.parse_args()
    steps = [step for step in STEPS if step in asked.steps.split(",") or step == "record"]
    held = 0
    print(f"{'rows':>12} {'step':<10} {'time':>8} {'CPU':>8} {'peak':>10}")
    for rows in (int(asked.beside), int(asked.rows)):
        with tempfile.TemporaryDirectory(prefix="pushlab-rows-") as folder:
            for step, told in run_steps(Path(folder), rows, asked.trials, steps).items():
                took = f"{told['took_s']:>6.1f} s {told['cpu_s']:>6.1f} s"
                print(f"{rows:>12,} {step:<10} {took} {told['peak_bytes'] / 2**20:>6.0f} MiB")
                sys.stdout.flush()
                held = max(held, told["peak_bytes"])
    return 1 if held > _MOST_BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
