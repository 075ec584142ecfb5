"""What `pushlab diff` can tell, by simulation with its own code.

    python -m benchmarks.gate.answers          # the table of docs/method.md; a minute

One figure of several is slower by 20 %, the others are as they were; all scatter alike. *Found*: it
is called worse. *Same*: how many of the others are called the same within 10 %. *False*: runs in
which any answer is false.
"""

import argparse
import math
from collections.abc import Iterator

import numpy as np

from pushlab.analysis.stats.comparison import Comparison
from pushlab.analysis.stats.verdict import MATTERS, decide
from pushlab.analysis.stats.worse import apart

__all__ = ["answers"]

CHANGE = 1.2


def answers(
    spread: float, trials: int, figures: int, *, runs: int, seed: int = 1
) -> tuple[float, float, float]:
    """Shares: the slower one found; others called the same; runs with a false answer."""
    rng = np.random.default_rng(seed)
    levels = np.ones(figures)
    levels[0] = CHANGE
    sides = np.exp(rng.normal(0, spread, (2, runs, figures, trials)))
    gap = apart(sides[0], sides[1] * levels[:, None])
    found, same, false = 0, 0, 0
    for run in range(runs):
        verdicts = decide(
            [
                _comparison(
                    *(float(x[run, i]) for x in (gap.distance, gap.error, gap.freedom)), trials
                )
                for i in range(figures)
            ]
        )
        said = [verdict.answer for verdict in verdicts]
        found += said[0] == "changed"
        same += said[1:].count("same")
        false += said[0] == "same" or "changed" in said[1:]
    return found / runs, same / runs / max(1, figures - 1), false / runs


def _comparison(distance: float, error: float, freedom: float, trials: int) -> Comparison:
    ratio = math.exp(distance)
    return Comparison(
        ratio, (ratio, ratio), distance=distance, error=error, freedom=freedom, trials=(trials,) * 2
    )


def table(runs: int) -> Iterator[str]:
    of = f"one figure is slower by {CHANGE - 1:.0%}, {MATTERS:.0%} matter"
    yield f"{runs:,} pairs of runs in each cell; {of}: found, same, false\n"
    yield "| spread | figures | trials of each: 3 | 5 | 10 | 20 |"
    yield "|---:|---:|---:|---:|---:|---:|"
    for spread in (0.03, 0.10):
        for figures in (1, 5, 40):
            cells = []
            for trials in (3, 5, 10, 20):
                found, same, false = answers(spread, trials, figures, runs=runs)
                others = f"{same:.0%}" if figures > 1 else "-"
                cells.append(f"{found:.0%}, {others}, {false:.1%}")
            yield f"| {spread:.0%} | {figures} | {' | '.join(cells)} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="in each cell; default: 200")
    for line in table(parser.parse_args().runs):
        print(line, flush=True)
