"""From samples to figures: medians, and ratios that are taken within one repetition."""

from dataclasses import dataclass
from statistics import median

import numpy as np

from benchmarks.harness.model import OWN, Goal
from benchmarks.harness.run import Outcome

__all__ = ["Figure", "Ratio", "Verdict", "figures_of", "median_of", "verdicts_of"]

_DRAWS = 5_000


@dataclass(frozen=True, slots=True)
class Ratio:
    """pushlab's figure over a peer's: the median over repetitions, and its 95 % interval."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One contender's row.

    Attributes:
        value: the median over repetitions; None when there is no sample.
        low, high: the smallest and the largest.
        ratio: of pushlab to this contender; None for pushlab itself.
        note: why it was not run, or how many samples failed and why.
    """

    contender: str
    title: str
    bound: bool
    samples: int
    value: float | None
    low: float | None
    high: float | None
    ratio: Ratio | None
    note: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal and what was seen; `seen` is None when it could not be measured."""

    benchmark: str
    text: str
    goal: Goal
    seen: Ratio | None

    @property
    def met(self) -> bool | None:
        """Whether the median reaches the goal."""
        return None if self.seen is None else self.goal.reached(self.seen.median) >= 1.0


def median_of(values: list[float], seed: int = 0) -> Ratio | None:
    """The median with a percentile bootstrap over repetitions."""
    if not values:
        return None
    data = np.asarray(values)
    drawn = np.random.default_rng(seed).integers(0, len(data), size=(_DRAWS, len(data)))
    low, high = np.quantile(np.median(data[drawn], axis=1), [0.025, 0.975])
    return Ratio(float(np.median(data)), float(low), float(high))


def _ratio(outcome: Outcome, peer: str) -> Ratio | None:
    own, other = outcome.values(OWN), outcome.values(peer)
    return median_of([own[r] / other[r] for r in sorted(own.keys() & other.keys())])


def figures_of(outcome: Outcome) -> list[Figure]:
    """A row for each contender, in the benchmark's order."""
    rows = []
    for contender in outcome.benchmark.contenders:
        values = list(outcome.values(contender.name).values())
        failures = outcome.failures(contender.name)
        note = outcome.not_run.get(contender.name, "")
        if note:
            note = f"not run: {note}"
        elif failures:
            note = f"{len(failures)} failed: {failures[0]}"
        rows.append(
            Figure(
                contender=contender.name,
                title=contender.title,
                bound=contender.bound,
                samples=len(values),
                value=median(values) if values else None,
                low=min(values, default=None),
                high=max(values, default=None),
                ratio=None if contender.name == OWN else _ratio(outcome, contender.name),
                note=note,
            )
        )
    return rows


def verdicts_of(outcome: Outcome) -> list[Verdict]:
    """What became of the benchmark's goals."""
    benchmark = outcome.benchmark
    titles = {contender.name: contender.title for contender in benchmark.contenders}
    verdicts = []
    for goal in benchmark.goals:
        sense = "at least" if goal.least is not None else "at most"
        if goal.beside is None:
            seen = median_of(list(outcome.values(OWN).values()))
            text = f"{benchmark.title}: {sense} {goal.wanted:,g} {benchmark.unit}"
        else:
            seen = _ratio(outcome, goal.beside)
            text = f"{benchmark.title}: {sense} {goal.wanted:g} x {titles[goal.beside]}"
        verdicts.append(Verdict(benchmark.name, text, goal, seen))
    return verdicts
