"""The same question with other numbers: one variant for each student, the same one every time."""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.course.exercises.base import Number

__all__ = ["Varied", "varied"]


@dataclass(frozen=True, slots=True)
class Varied:
    """A question whose numbers may be others.

    Attributes:
        make: from the numbers, by name, to the question.
        choices: what each number may be; the first is the course's own.
    """

    make: Callable[..., Number]
    choices: Mapping[str, Sequence[Any]]

    def numbers(self) -> Iterator[Mapping[str, Any]]:
        """Each set of numbers that there is; the course's own comes first."""
        for values in itertools.product(*self.choices.values()):
            yield dict(zip(self.choices, values, strict=True))

    def of(self, seed: str = "") -> Number:
        """The course's own question, or the one of a seed."""
        sets = list(self.numbers())
        drawn = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
        return self.make(**sets[drawn % len(sets) if seed else 0])


def varied(**choices: Sequence[Any]) -> Callable[[Callable[..., Number]], Varied]:
    """Make a question of a function: its arguments vary, each among these values."""
    return lambda make: Varied(make, choices)
