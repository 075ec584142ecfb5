"""One figure along interleaved pairs of runs: when to look, and what is known then.

The numbers of pairs after which an answer is looked for are fixed beforehand, and each look has its
own chance of error (`look_chance`): so however many looks there are, 1 % of the gates err at most.
An answer that was found stays.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pushlab.analysis.diff.gate import Gated, Question, judge
from pushlab.analysis.stats.worse import apart, look_chance, looks, needed_pairs

__all__ = ["Track"]

#: With a larger share of its pairs marked, the machine is no place for this figure.
_MOST_MARKED = 0.5
#: After so many pairs of which each is marked, it is not looked for any longer.
_ALL_MARKED = 6


class Track:
    """The values of one figure, pair by pair, and its answer as soon as it is known.

    Args:
        among: how many figures share the chance of error.
    """

    def __init__(self, asked: Question, among: int = 1) -> None:
        self.asked = asked
        self._among = among
        self._base: list[float] = []
        self._new: list[float] = []
        self._marked: list[str] = []
        self._looks = looks()
        self._number = 1
        self._next = next(self._looks)
        self._found: Gated | None = None

    @property
    def known(self) -> bool:
        """Whether it is pass or fail."""
        return self._found is not None and self._found.outcome != "inconclusive"

    @property
    def in_vain(self) -> bool:
        """Whether each pair so far is marked, and these are enough to give up."""
        return len(self._marked) >= _ALL_MARKED and not self._base

    @property
    def left(self) -> int:
        """About how many more pairs it takes, for all that is known."""
        wanted = self._found.needed if self._found else None
        return max(self._next, wanted or 0) - len(self._base)

    def add(self, base: float, new: float, marks: Sequence[str] = ()) -> None:
        """Take a pair's values. One with a mark on either side counts for nothing."""
        if marks:
            self._marked.append("; ".join(marks))
            return
        self._base.append(base)
        self._new.append(new)
        if len(self._base) == self._next:
            self._look()
            self._number += 1
            self._next = next(self._looks)

    def end(self) -> None:
        """Look once more: there will be no more pairs."""
        if not self._found or len(self._base) > self._found.trials[0]:
            self._look()

    def _look(self) -> None:
        if self.known:
            return
        self._found = self._judged()

    def _judged(self) -> Gated:
        chance = look_chance(self._number) / self._among
        found = judge(self.asked, self._base, self._new, chance=chance, paired=True)
        if found.outcome != "inconclusive" or found.why:
            return found
        gap = apart(np.array(self._base), np.array(self._new), paired=True)
        return replace(found, needed=needed_pairs(gap, self.asked.worse, self._among))

    def told(self) -> Gated:
        """What is known; between two looks that is nothing new."""
        found = self._found or replace(self._judged(), outcome="inconclusive", interval=None)
        total = len(self._marked) + len(self._base)
        if not self.known and len(self._marked) > _MOST_MARKED * total:
            marked = f"{len(self._marked)} of {total} pairs are marked: {self._marked[-1]}"
            return found.doubted(marked)
        return found
