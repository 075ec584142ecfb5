"""What is tried: figures by themselves, and figures against each other, as pushlab makes them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.coverage.worlds import SHAPES, CpuWorld, LatencyWorld, Parts, World
from pushlab.analysis.stats.comparison import compare
from pushlab.analysis.stats.estimate import Estimate, Interval
from pushlab.analysis.stats.intervals import trial_interval

__all__ = ["AIM", "SPREADS", "TRIALS", "Case", "Result", "every_case"]

#: What share of the 95 % intervals must hold the truth.
AIM = 0.93
TRIALS = (3, 5, 10)
#: Between trials: sigma of the logarithm of a factor that all latencies of a trial have.
SPREADS = (0.03, 0.1, 0.3, 0.5)
#: The fewest publishes, of all trials together, with which a statistic has an interval.
_FEWEST = {"mean": 200, "p50": 20, "p95": 200, "p99": 1000}


@dataclass(frozen=True, slots=True)
class Result:
    """What some simulated runs showed.

    Attributes:
        held: the share whose interval held the truth.
        width: the median of the intervals' widths, over the truth (of a difference: over the
            figure of the first side).
        withheld: why no interval is printed; empty where one is. Then both are of those that would
            have been.
    """

    runs: int
    held: float
    width: float
    withheld: str = ""

    @property
    def short(self) -> bool:
        """Whether what is printed holds the truth too rarely, by more than two standard errors."""
        if self.withheld:
            return False
        return self.held < AIM - 2 * math.sqrt(AIM * (1 - AIM) / self.runs)


@dataclass(frozen=True)
class Case:
    """A figure, or that of `b` against that of `a`.

    Attributes:
        figure, group: what it is, in words, and the row of the table that it belongs to.
        shared: how much of the spread both sides have in common, by repetition; then they are
            compared in pairs.
    """

    figure: str
    group: str
    a: World
    b: World | None = None
    shared: float = 0.0

    def simulate(self, trials: int, runs: int, seed: int = 1) -> dict[str, Result]:
        """Simulate so many runs, each with so many trials of each side.

        Returns:
            of one figure its ``interval``; of two their ``ratio`` and their ``difference``.
        """
        rng = np.random.default_rng([seed, trials])
        common = rng.normal(0, self.shared, (runs, trials)) if self.shared else 0.0
        sides = [
            _estimates(world.trials(rng, np.exp(common + rng.normal(0, own, (runs, trials)))))
            for world in (self.a, self.b)
            if world is not None
            for own in [math.sqrt(world.spread**2 - self.shared**2)]
        ]
        withheld, a = sides[0][0].withheld, self.a.truth
        if self.b is None:
            alone = [trial_interval(one) for one in sides[0]]
            return {"interval": _result(alone, a, a, withheld)}
        b, pairs = self.b.truth, zip(*sides, strict=True)
        found = [] if withheld else [compare(*pair, paired=bool(self.shared)) for pair in pairs]
        return {
            "ratio": _result([one.interval for one in found], b / a, b / a, withheld),
            "difference": _result([one.apart for one in found], b - a, a, withheld),
        }


def _result(
    intervals: Sequence[Interval | None], truth: float, unit: float, withheld: str
) -> Result:
    if not intervals:
        return Result(len(intervals), math.nan, math.nan, withheld)
    low, high = np.array(intervals, dtype=np.float64).T
    held = float(np.mean((low <= truth) & (truth <= high)))
    return Result(len(intervals), held, float(np.median(high - low)) / unit, withheld)


def _estimates(parts: Parts) -> list[Estimate]:
    """One for each run, which knows its parts already."""
    runs, trials = parts.alone.shape
    means = parts.means

    def estimate(run: int) -> Estimate:
        def of(some: Sequence[int]) -> float:
            if len(some) == 1:
                return float(parts.alone[run, some[0]])
            if len(some) == trials:
                return float(parts.whole[run])
            (gone,) = set(range(trials)) - set(some)
            return float(parts.without[run, gone])

        return Estimate(
            float(parts.value[run]),
            trials,
            of,
            tuple(range(trials)),
            None if means is None else lambda some: float(means[run, some[0]]),
            parts.samples,
        )

    return [estimate(run) for run in range(runs)]


def every_case() -> Iterator[Case]:
    """All of the table, row by row; those of one group differ in the spread between trials."""
    for name, publishes in _FEWEST.items():
        for shape in SHAPES:
            for spread in SPREADS:
                world = LatencyWorld(shape, name, spread, publishes)
                yield Case(f"latency {name}", f"{shape}, {publishes} publishes", world)
    for spread in SPREADS:
        yield Case("CPU per delivery", "trials of unequal length", CpuWorld(spread))
    yield from _against()


def _against() -> Iterator[Case]:
    """Two cells: of equal spreads, of spreads of 10 and 50 %, and in pairs that move together."""
    for name in ("mean", "p50", "p99"):

        def world(spread: float, shape: str = "exponential", name: str = name) -> LatencyWorld:
            return LatencyWorld(shape, name, spread, _FEWEST[name])

        figure = f"two cells' latency {name}"
        for spread in SPREADS:
            yield Case(figure, "equal spreads", world(spread), world(spread, "lognormal"))
        for sides in ((world(0.1), world(0.5)), (world(0.5), world(0.1))):
            yield Case(figure, "spreads of 10 and 50 %", *sides)
        for shared in (0.1, 0.3):
            spread = math.hypot(shared, 0.1)
            yield Case(figure, "in pairs", world(spread), world(spread, "lognormal"), shared)
    figure = "two cells' CPU per delivery"
    for spread in SPREADS:
        yield Case(figure, "equal spreads", CpuWorld(spread), CpuWorld(spread))
    for a, b in ((0.03, 0.15), (0.15, 0.03), (0.1, 0.5), (0.5, 0.1)):
        yield Case(figure, "one spread five times the other", CpuWorld(a), CpuWorld(b))
