"""Takes the samples: every contender once in each repetition, in a new random order each time."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.harness.model import Benchmark, Contender, NotRun, Sample

__all__ = ["Outcome", "Taken", "run_benchmark"]

_LIMIT_S = 240.0  # one sample, start and stop included


@dataclass(frozen=True, slots=True)
class Taken:
    """One sample, or why there is none.

    Attributes:
        repetition: from 0.
        place: in the order of this repetition, from 0.
        took_s: the time that it took, start and stop included.
    """

    contender: str
    repetition: int
    place: int
    took_s: float
    sample: Sample | None
    reason: str | None = None


@dataclass(slots=True)
class Outcome:
    """Everything that was taken for one benchmark.

    Attributes:
        not_run: contender to the reason why it was not run at all.
    """

    benchmark: Benchmark
    taken: list[Taken] = field(default_factory=list)
    not_run: dict[str, str] = field(default_factory=dict)

    def values(self, contender: str) -> dict[int, float]:
        """The contender's figure by repetition."""
        return {
            t.repetition: t.sample.value
            for t in self.taken
            if t.contender == contender and t.sample is not None
        }

    def failures(self, contender: str) -> list[str]:
        """Why samples of this contender failed."""
        return [t.reason for t in self.taken if t.contender == contender and t.reason]


async def run_benchmark(
    benchmark: Benchmark,
    *,
    repetitions: int,
    seconds: float,
    seed: int,
    tell: Callable[[str], None],
    only: Sequence[str] = (),
    outcome: Outcome | None = None,
) -> Outcome:
    """Take every sample of one benchmark.

    Args:
        only: contenders' names; empty takes all.
        outcome: filled as samples come, so that whoever interrupts this keeps what there is.
        tell: takes a line of progress.
    """
    outcome = Outcome(benchmark) if outcome is None else outcome
    running: list[Contender] = []
    for contender in benchmark.contenders:
        if only and contender.name not in only:
            outcome.not_run[contender.name] = "not asked for"
        elif reason := contender.missing():
            outcome.not_run[contender.name] = reason
        else:
            running.append(contender)
    rng = random.Random(f"{seed}/{benchmark.name}")
    for repetition in range(repetitions):
        order = [c for c in running if c.name not in outcome.not_run]
        rng.shuffle(order)
        for place, contender in enumerate(order):
            began = time.monotonic()
            sample, reason = None, None
            try:
                async with asyncio.timeout(_LIMIT_S):
                    sample = await benchmark.measure(contender, seconds=seconds)
            except NotRun as error:
                outcome.not_run[contender.name] = str(error)
                tell(f"{benchmark.name}: {contender.title}: not run: {error}")
                continue
            except TimeoutError:
                reason = f"no result within {_LIMIT_S:g} s"
            except Exception as error:
                reason = f"{type(error).__name__}: {error}".splitlines()[0]
            took_s = time.monotonic() - began
            outcome.taken.append(Taken(contender.name, repetition, place, took_s, sample, reason))
            shown = f"{sample.value:,.0f} {benchmark.unit}" if sample else f"failed: {reason}"
            tell(f"{benchmark.name} {repetition + 1}/{repetitions}: {contender.title}: {shown}")
    return outcome
