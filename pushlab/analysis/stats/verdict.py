"""What may be said of several comparisons together: changed, the same, or not known.

*Changed* is said where the interval, corrected for their number by Holm's rule, is clear of 1 and
the difference matters; *the same* where the interval of two one-sided tests, corrected likewise,
lies within what does not matter. The chance to say either of any of them falsely is 5 %. All else
is *unknown*, with what these trials could have shown, and about how many would tell.

Sources: Holm, "A simple sequentially rejective multiple test procedure", 1979; Schuirmann, "A
comparison of the two one-sided tests procedure and the power approach for assessing the equivalence
of average bioavailability", 1987.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pushlab.analysis.stats.comparison import MATTERS, Comparison, compare
from pushlab.analysis.stats.estimate import Interval
from pushlab.analysis.stats.intervals import t_reach
from pushlab.analysis.stats.power import POWER, trials_for

__all__ = ["LEVEL", "MATTERS", "Answer", "Comparison", "Verdict", "compare", "decide", "holm"]

#: The chance of any false answer among all that are given together.
LEVEL = 0.05

Answer = Literal["changed", "same", "unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said of one comparison among several.

    Attributes:
        interval: the ratio's, on which the answer rests, corrected for the number of comparisons;
            that of *same* leaves out twice as much, as two one-sided tests do.
        detectable: the smallest change that these trials would have shown four times in five, as
            ratio less 1; None where there is no interval.
        trials: how many the side with fewer has.
        trials_needed: about how many each side needs until the answer is known, if all is as it
            seems; None where that cannot be told, or the answer is known.
        why: why no interval could be made, in words; empty otherwise.
    """

    answer: Answer
    ratio: float | None
    interval: Interval | None
    detectable: float | None = None
    trials: int = 0
    trials_needed: int | None = None
    why: str = ""

    @property
    def more_trials(self) -> int | None:
        """How many trials more each side needs, about."""
        return None if self.trials_needed is None else max(1, self.trials_needed - self.trials)


def decide(
    comparisons: Sequence[Comparison], *, matters: float = MATTERS, level: float = LEVEL
) -> list[Verdict]:
    """What may be said of each, as one of all.

    Args:
        matters: a ratio from 1/(1 + matters) to 1 + matters is no difference to speak of.
        level: the chance that any *changed* is false, and so that any *same* is.
    """
    differ = holm([one.chance() for one in comparisons], level)
    agree = holm([one.chance_apart(matters) for one in comparisons], level)
    return [
        _verdict(one, math.log1p(matters), level, *ways)
        for one, *ways in zip(comparisons, differ, agree, strict=True)
    ]


class Step(NamedTuple):
    """What Holm's rule says of one p-value: passed or not, and among how many."""

    passed: bool
    among: int


def holm(chances: Sequence[float | None], level: float) -> list[Step]:
    """Of each p-value: whether it is rejected, and by which number its level was divided.

    Source: Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    known = sorted((chance, i) for i, chance in enumerate(chances) if chance is not None)
    steps = [Step(False, max(1, len(known)))] * len(chances)
    going, among = True, len(known)
    for passed, (chance, i) in enumerate(known):
        if going:
            among = len(known) - passed
            going = chance * among <= level
        steps[i] = Step(going, among)
    return steps


def _verdict(one: Comparison, margin: float, level: float, differ: Step, agree: Step) -> Verdict:
    trials = min(one.trials)
    if one.error is None or one.distance is None:
        return Verdict("unknown", one.ratio, None, trials=trials, why=one.why)
    far = one.ratio is None or abs(math.log(one.ratio)) >= margin
    if one.interval is None:
        answer: Answer = "changed" if differ.passed and far else "unknown"
        return Verdict(answer, one.ratio, None, trials=trials, why=one.why)
    beyond = level / differ.among / 2
    seen = one.error * t_reach(one.freedom, 2 * (1 - POWER))
    detectable = math.expm1(
        min(700.0, max(one.error * t_reach(one.freedom, 2 * beyond), margin) + seen)
    )
    interval = one.at(level / differ.among)
    if differ.passed and far:
        return Verdict("changed", one.ratio, interval, detectable, trials)
    if agree.passed:
        return Verdict("same", one.ratio, one.at(2 * level / agree.among), detectable, trials)
    needed = trials_for(
        abs(one.distance) if far else margin - abs(one.distance),
        one.spread or 0.0,
        chance=beyond if far else level / agree.among,
        power=POWER if far else (1 + POWER) / 2,  # to either side something may go wrong
        freedom=max(1.0, min(2.0, one.freedom / (trials - 1))),
        least=trials + 1,
    )
    return Verdict("unknown", one.ratio, interval, detectable, trials, needed)
