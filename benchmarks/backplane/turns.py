"""Samples of several contenders by turns, and what they say of each other."""

import random
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.harness.figures import Ratio, median_of
from benchmarks.harness.model import NotRun

__all__ = ["Row", "by_turns"]

_TRIES = 2  # of a sample that fails


@dataclass(slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: is compared; `goal`: in words; `most`, `least`: in figures.
        unit: of the figure; ``x`` for a ratio.
        values: one for each repetition.
        beside: what the contenders' own figures were, by their name.
        note: why there is nothing, or what has to be known.
        strict: whether all of the interval must reach the goal, not only the median.
    """

    what: str
    goal: str
    unit: str = "x"
    most: float | None = None
    least: float | None = None
    values: list[float] = field(default_factory=list)
    beside: dict[str, float] = field(default_factory=dict)
    note: str = ""
    strict: bool = False

    @property
    def seen(self) -> Ratio | None:
        """The median and its interval (95 %, bootstrap over repetitions)."""
        return median_of(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where nothing was measured."""
        if (seen := self.seen) is None:
            return None
        high = seen.high if self.strict else seen.median
        low = seen.low if self.strict else seen.median
        return (self.most is None or high <= self.most) and (
            self.least is None or low >= self.least
        )


async def by_turns(
    contenders: Mapping[str, Callable[[], Awaitable[float]]], repetitions: int, *, seed: int = 1
) -> list[dict[str, float]]:
    """A sample of each, in a random order, so many times: by the contender's name.

    A repetition counts if all of its samples are there.

    Raises:
        NotRun: one cannot be measured here.
    """
    order, rng = list(contenders), random.Random(seed)
    found: list[dict[str, float]] = []
    for number in range(repetitions):
        rng.shuffle(order)
        sample = dict[str, float]()
        for name in order:
            for attempt in range(_TRIES):
                try:
                    sample[name] = await contenders[name]()
                    break
                except NotRun:
                    raise
                except (RuntimeError, OSError, TimeoutError, AssertionError) as error:
                    print(f"  {name} failed ({attempt + 1}): {error}", file=sys.stderr)
        if len(sample) == len(contenders):
            found.append(sample)
        told = "  ".join(f"{name} {value:,.3g}" for name, value in sample.items())
        print(f"  {number + 1}/{repetitions}  {told}", file=sys.stderr, flush=True)
    return found
