"""The search for the largest load that holds an objective: growth by a factor, then bisection.

It is a function of what was tried so far, with no clock and no memory: so the same code decides in
a measurement and in a simulation. It takes for granted that a load above one that breaks the
objective breaks it too, and that one below a load that holds it holds.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Attempt", "Bracket", "Limits", "bracket_of", "next_load"]

#: ``limit``: the load cannot be had at all, and trying again is of no use.
Outcome = Literal["held", "broke", "failed", "limit"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One trial at one load: so many clients, or messages per second and channel."""

    at: float
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where and how finely to search.

    Attributes:
        start: the first load.
        most: the largest load that is tried.
        least: the smallest load that is tried.
        precision: the search ends when the bracket is narrower than this share of its lower end.
        trials: a load holds when more than half as many attempts have held.
        whole: whether loads are whole numbers.
    """

    start: float
    most: float
    least: float = 1.0
    precision: float = 0.1
    trials: int = 1
    whole: bool = True

    @property
    def to_hold(self) -> int:
        """How many attempts must hold."""
        return self.trials // 2 + 1

    @property
    def to_break(self) -> int:
        """How many must not: two at least, so that one mishap breaks nothing."""
        return max(2, self.to_hold)


@dataclass(frozen=True, slots=True)
class Bracket:
    """The largest load that held and the smallest above it that did not; None: there is none."""

    held: float | None
    broke: float | None


def bracket_of(attempts: Sequence[Attempt], limits: Limits) -> Bracket:
    """What the attempts have decided so far."""
    decided = {load: _decided(load, attempts, limits) for load in {a.at for a in attempts}}
    broken = [load for load, holds in decided.items() if holds is False]
    broke = min(broken, default=None)
    held = [load for load, holds in decided.items() if holds and (broke is None or load < broke)]
    return Bracket(max(held, default=None), broke)


def _decided(load: float, attempts: Sequence[Attempt], limits: Limits) -> bool | None:
    """Whether a load holds; None as long as too few attempts agree."""
    seen = Counter(attempt.outcome for attempt in attempts if attempt.at == load)
    if seen["held"] >= limits.to_hold:
        return True
    if seen["limit"] or seen["broke"] + seen["failed"] >= limits.to_break:
        return False
    return None


def next_load(attempts: Sequence[Attempt], limits: Limits) -> float | None:
    """The load to try now; None when the search has ended."""
    if not attempts:
        return _rounded(min(limits.start, limits.most), limits)
    last = attempts[-1].at
    if _decided(last, attempts, limits) is None:
        return last
    bracket = bracket_of(attempts, limits)
    if bracket.broke is None:
        assert bracket.held is not None
        return None if bracket.held >= limits.most else min(bracket.held * 2, limits.most)
    if bracket.held is None:
        if bracket.broke <= limits.least:
            return None
        return _rounded(max(bracket.broke / 4, limits.least), limits)
    if bracket.broke <= bracket.held * (1 + limits.precision) * (1 + 1e-9):
        return None
    return _between(bracket.held, bracket.broke, limits)


def _between(low: float, high: float, limits: Limits) -> float | None:
    """A round number in the middle of a bracket; None if there is no number in it."""
    middle = math.sqrt(low * high)
    for digits in (2, 3, 4):
        place = digits - 1 - math.floor(math.log10(middle))
        value = round(middle, place)
        if low < value < high and (not limits.whole or value == int(value)):
            # A round number near an edge would hardly narrow the bracket.
            share = math.log(value / low) / math.log(high / low)
            if 0.25 <= share <= 0.75:
                return value
    if not limits.whole:
        return middle
    value = float(round(middle))
    return value if low < value < high else None


def _rounded(load: float, limits: Limits) -> float:
    return max(limits.least, float(int(load))) if limits.whole else load
