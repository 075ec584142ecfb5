"""How often `pushlab gate` and `pushlab diff` err, by simulation with their own code.

    python -m benchmarks.gate.rates            # the tables of docs/method.md; half a minute

Trials scatter by a spread: the standard deviation of a figure's logarithm from trial to trial. A
program that is judged against itself must pass, one that is worse by 20 % must fail.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pushlab.analysis.stats.worse import (
    Apart,
    apart,
    fails,
    look_chance,
    looks,
    needed,
    passes,
)

__all__ = ["SPREADS", "WORSE", "Rates", "by_turns", "of_runs"]

SPREADS = (0.03, 0.05, 0.10, 0.50)
WORSE = 0.20
#: Where pairs are added without a limit, no gate of these spreads takes so many.
_END = 6_000


@dataclass(frozen=True)
class Rates:
    """Shares of gates, and trials of each side (or pairs) that they took: median, and 95 of 100."""

    failed: float
    passed: float
    trials: tuple[float, float]


def of_runs(
    spread: float, pilot: int, change: float, *, gates: int, seed: int = 1
) -> tuple[Rates, Rates]:
    """A gate of two runs, and, where it is inconclusive, that of two new ones as it asked for.

    The first rates are of all first gates; the second of those that were asked for.

    Args:
        pilot: the trials of each run at first.
        change: what NEW's figure is over BASE's.
    """
    rng = np.random.default_rng(seed)
    first = apart(*(_trials(rng, spread, level, (gates, pilot)) for level in (1.0, change)))
    lost, won = fails(first, WORSE), passes(first, WORSE)
    one = Rates(lost.mean(), won.mean(), (pilot, pilot))
    again = ~(lost | won)
    if not again.any():
        return one, Rates(math.nan, math.nan, (math.nan, math.nan))
    sizes = needed(first, WORSE)[again]
    second = _of_sizes(rng, spread, math.log(change), sizes)
    took = (float(np.median(sizes)), float(np.quantile(sizes, 0.95)))
    return one, Rates(fails(second, WORSE).mean(), passes(second, WORSE).mean(), took)


def _trials(rng, spread, level, shape):
    return level * np.exp(rng.normal(0, spread, shape))


def _of_sizes(rng, spread, distance, sizes):
    """Two runs of so many trials each: mean and variance of normal logarithms, drawn as such."""
    variances = [spread**2 * rng.chisquare(sizes - 1) / (sizes - 1) for _ in range(2)]
    found = distance + rng.normal(0, 1, len(sizes)) * spread * np.sqrt(2 / sizes)
    shares = [each / sizes for each in variances]
    total = shares[0] + shares[1]
    freedom = total**2 / ((shares[0] ** 2 + shares[1] ** 2) / (sizes - 1))
    return Apart(found, np.sqrt(sum(variances)), 0, np.sqrt(total), freedom)


def by_turns(
    spread: float,
    most: int | None,
    change: float,
    *,
    gates: int,
    seed: int = 1,
    skewed: bool = False,
) -> Rates:
    """`pushlab gate --run`: pairs are added until the answer is known, or there are `most`.

    Args:
        skewed: the trials' logarithms have a tail to one side (Gumbel's), as latencies have.
    """
    rng = np.random.default_rng(seed)
    answer = np.zeros(gates, dtype=int)  # 1 fail, 2 pass
    took = np.full(gates, float(most or _END))
    count, sums, squares = 0, np.zeros(gates), np.zeros(gates)
    for number, pairs in enumerate(looks(most or _END), 1):
        more = _pairs(rng, spread, (gates, pairs - count), skewed=skewed) + math.log(change)
        count, sums = pairs, sums + more.sum(axis=1)
        squares = squares + (more**2).sum(axis=1)
        within = np.sqrt((squares - sums**2 / count) / (count - 1))
        free = np.full(gates, count - 1.0)
        gap = Apart(sums / count, within, count, within / math.sqrt(count), free)
        chance = look_chance(number)
        still = answer == 0
        for name, judge in ((1, fails), (2, passes)):
            now = still & judge(gap, WORSE, chance)
            answer[now], took[now] = name, pairs
        if (answer > 0).all():
            break
    quantiles = (float(np.median(took)), float(np.quantile(took, 0.95)))
    return Rates((answer == 1).mean(), (answer == 2).mean(), quantiles)


def _pairs(rng, spread, shape, *, skewed):
    """What each pair says of a program against itself, as a logarithm."""
    if skewed:
        sides = [rng.gumbel(0, spread * math.sqrt(6) / math.pi, shape) for _ in range(2)]
    else:
        sides = [rng.normal(0, spread, shape) for _ in range(2)]
    return sides[1] - sides[0]


def tables(gates: int) -> Iterator[str]:
    """All tables, as Markdown."""
    of = f"{gates:,} gates a row; *same*: against itself, *worse*: by {WORSE:.0%}"
    yield f"Two runs, and two new ones with the trials that were asked for ({of}):\n"
    yield from _head(
        "spread",
        "trials at first",
        "asked for: median, 95 %",
        "same: fail, both times",
        "worse: fail as asked",
        "worse: pass",
        "same: pass",
    )
    for spread in SPREADS:
        for pilot in (3, 5, 10):
            same, same_again = of_runs(spread, pilot, 1.0, gates=gates)
            other, again = of_runs(spread, pilot, 1 + WORSE, gates=gates)
            left = 1 - same.failed - same.passed
            alarms = same.failed + left * np.nan_to_num(same_again.failed)
            took = "-" if math.isnan(again.trials[0]) else "{:.0f}, {:.0f}".format(*again.trials)
            cells = [_share(x) for x in (alarms, again.failed, again.passed, same_again.passed)]
            yield f"| {spread:.0%} | {pilot} | {took} | {' | '.join(cells)} |"
    yield f"\n`--run`, pairs until it is known ({of}):\n"
    yield from _head(
        "spread",
        "at most",
        "pairs: median, 95 %",
        "same: fail",
        "same: pass",
        "worse: fail",
        "worse: pass",
    )
    for spread in SPREADS:
        for most, skewed in ((None, False), (None, True), (30, False)):
            same, other = (
                by_turns(spread, most, change, gates=gates, skewed=skewed)
                for change in (1.0, 1 + WORSE)
            )
            how = f"{most or '-'}{', skewed' * skewed}"
            took = "{:.0f}, {:.0f}".format(*other.trials)
            cells = [_share(x) for x in (same.failed, same.passed, other.failed, other.passed)]
            yield f"| {spread:.0%} | {how} | {took} | {' | '.join(cells)} |"


def _head(*words):
    yield f"| {' | '.join(words)} |"
    yield f"|{'---:|' * len(words)}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.2f} %"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gates", type=int, default=20_000, help="gates a row; default: 20000")
    for line in tables(parser.parse_args().gates):
        print(line, flush=True)
