"""A figure with what its spread rests on: any part of its trials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

__all__ = ["Estimate", "Interval"]

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure of some trials.

    Attributes:
        value: of all of them; None if they do not give it.
        trials: how many there are; 0 where the figure is not made of trials.
        of: the figure of some of the trials, given by their indices.
        repetitions: which repetition of the run each of them is, in their order; empty: not known.
        mean_of: of a percentile in the tail, the mean of the same samples of some trials.
        samples: how many independent samples it rests on, where it is moved by what is rare.
        slack: the factor by which its standard error is made larger, for what made it too small.
    """

    value: float | None
    trials: int = 0
    of: Callable[[tuple[int, ...]], float] = lambda chosen: 0.0
    repetitions: tuple[int, ...] = ()
    mean_of: Callable[[tuple[int, ...]], float] | None = None
    samples: int | None = None
    slack: float = 1.0

    @property
    def withheld(self) -> str:
        """Why it has no interval, in words; empty where it has one."""
        from pushlab.analysis.stats.intervals import why_withheld

        return why_withheld(self)

    def interval(self) -> Interval | None:
        """Its 95 % interval; None where none can be made: see `withheld`."""
        from pushlab.analysis.stats.intervals import trial_interval

        return None if self.withheld else trial_interval(self)

    def only(self, repetitions: Sequence[int]) -> "Estimate":
        """The same of these repetitions alone, in their order; all must be known."""
        if tuple(repetitions) == self.repetitions:
            return self
        at = [self.repetitions.index(each) for each in repetitions]

        def of(chosen: tuple[int, ...]) -> float:
            return self.of(tuple(at[i] for i in chosen))

        mean_of = self.mean_of
        return replace(
            self,
            value=of(tuple(range(len(at)))),
            trials=len(at),
            of=of,
            repetitions=tuple(repetitions),
            mean_of=mean_of and (lambda chosen: mean_of(tuple(at[i] for i in chosen))),
        )
