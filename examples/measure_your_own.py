"""Measure a scenario of your own from Python, and say what came out.

    python examples/measure_your_own.py results

Twenty players in rooms of four hear ten moves a second, polled five times a second or pushed. The
keys are those of a scenario file, and so are the errors: a wrong one is told in one line.
"""

import asyncio
import sys
from pathlib import Path

from pushlab import PushlabError
from pushlab.lab.runner import run_scenario
from pushlab.lab.scenario.toml_reader import parse_scenario
from pushlab.runs import Run

SCENARIO = """
name = "game"
clients = 20
channels = "rooms"
room_size = 4
rate_per_s = 10
warmup_s = 0.2
duration_s = 1

[[transport]]
name = "short-polling"
interval_s = 0.2

[[transport]]
name = "websocket"
"""


def main(out: Path) -> None:
    scenario = parse_scenario(SCENARIO, "the game's scenario")
    path = asyncio.run(run_scenario(scenario, out=out))
    # What analyses is imported after the measuring: numpy has no place in a process that measures.
    from pushlab.analysis import summarise

    for cell, figures in summarise(Run.load(path)).cells.items():
        print(
            f"{cell}: {figures.count('hits_total'):,} hits for"
            f" {figures.count('latency_s.count'):,} deliveries, {figures.count('lost')} lost,"
            f" mean {1e3 * (figures['latency_s.mean'] or 0.0):.1f} ms"
        )
    print(path)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else "results"))
    except PushlabError as error:
        sys.exit(f"pushlab: {error}")
