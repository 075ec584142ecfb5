"""``python -m benchmarks.coverage``: simulate and print the table; status 1 if one falls short.

Each row is a figure, and the group of worlds that it was tried in; each column a number of trials.
A cell has the lowest share of intervals that held the truth, among the spreads between trials that
were tried, and the median widths at the smallest and the largest of them, over the truth.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from benchmarks.coverage.cases import AIM, TRIALS, Case, Result, every_case

Row = tuple[str, str, list[list[Result]]]


def rows_of(only: str, runs: int, seed: int) -> Iterator[Row]:
    """The table's rows; each cell has a result for every spread."""
    wanted = (case for case in every_case() if case.figure.startswith(only))
    for (figure, group), cases in groupby(wanted, key=lambda case: (case.figure, case.group)):
        known: list[Case] = list(cases)
        cells = [[case.simulate(n, runs, seed) for case in known] for n in TRIALS]
        for what in cells[0][0]:
            told = figure if what == "interval" else f"{figure}: {what}"
            yield told, group, [[found[what] for found in cell] for cell in cells]


def line_of(row: Row) -> str:
    """A row in Markdown."""
    figure, group, cells = row
    return f"| {figure} | {group} | " + " | ".join(map(_cell, cells)) + " |"


def _cell(results: list[Result]) -> str:
    lowest = min(result.held for result in results)
    told = "too few trials"
    if not math.isnan(lowest):
        widths = f"{results[0].width:.2g} to {results[-1].width:.2g}"
        told = f"{lowest * 100:.1f} % ({widths})"
    if results[0].withheld:
        return told if math.isnan(lowest) else f"withheld: {told}"
    return f"**{told}**" if any(result.short for result in results) else told


def main() -> int:
    """Run; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="simulated for each (default 2000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", metavar="FIGURE", help="figures that begin so")
    parser.add_argument("--out", type=Path, default=None, help="write the table there, too")
    asked = parser.parse_args()
    if asked.runs < 100:
        parser.error("--runs must be at least 100")
    lines = [
        "| figure | world | " + " | ".join(f"{n} trials" for n in TRIALS) + " |",
        "|---|---|" + "---|" * len(TRIALS),
    ]
    print(*lines, sep="\n")
    short = 0
    for row in rows_of(asked.only, asked.runs, asked.seed):
        lines.append(line_of(row))
        short += sum(result.short for cell in row[2] for result in cell)
        print(lines[-1], flush=True)
    if asked.out is not None:
        asked.out.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{short} printed intervals hold the truth less often than {AIM * 100:g} %")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
