"""A figure with what its spread rests on: draws of whole trials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Estimate"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure of some trials.

    Attributes:
        value: of all of them; None if they do not give it.
        trials: how many can be drawn; 0 where the figure is of no draw.
        of: the figure of a draw of trials, given by their indices, some of them repeated.
        repetitions: which repetition of the run each of them is, in their order; empty: not known.
    """

    value: float | None
    trials: int = 0
    of: Callable[[tuple[int, ...]], float] = lambda chosen: 0.0
    repetitions: tuple[int, ...] = ()

    def only(self, repetitions: Sequence[int]) -> "Estimate":
        """The same of these repetitions alone, in their order; all must be known."""
        if tuple(repetitions) == self.repetitions:
            return self
        at = [self.repetitions.index(each) for each in repetitions]

        def of(drawn: tuple[int, ...]) -> float:
            return self.of(tuple(at[i] for i in drawn))

        return Estimate(of(tuple(range(len(at)))), len(at), of, tuple(repetitions))

    def interval(self) -> tuple[float, float] | None:
        """Its 95 % interval; see `trial_interval`."""
        from pushlab.analysis.stats.intervals import trial_interval

        return None if self.value is None else trial_interval(self.trials, self.of)
