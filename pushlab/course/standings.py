"""Who is ahead in a race of cost and wait, and by how much chance alone may have moved it.

By the clock, asking twice as often costs twice as much and halves the wait: requests of a client a
second, times the mean wait, are 1/2 at every interval. So twice that product is 1 for whoever asks
by the clock, at any interval, and less for who does better *at equal cost*. That is the score.
Trials of a race share their schedules, so rows are compared trial by trial.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pushlab.course.measured import Row

__all__ = [
    "COST",
    "WAIT",
    "Duel",
    "Standing",
    "duel",
    "interval_of",
    "reach",
    "scores_of",
    "standings",
]

COST, WAIT = "requests_per_s", "waiting_s"
_CHANCE = 0.05
_LEAST_TRIALS = 3
#: A smaller difference is none, whatever its interval.
_MARGIN = math.log(1.05)
_MOST = 10_000.0


@dataclass(frozen=True, slots=True)
class Duel:
    """Two rows, trial by trial: how many times the other's score the one's is.

    Attributes:
        ratio: of the scores; `low` to `high` is where chance leaves it. Nought where only the one
            asks nothing.
        clear: whether the one is better, by more than chance and more than 5 %.
    """

    ratio: float
    low: float
    high: float
    clear: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A row on the board.

    Attributes:
        place: from 1; rows that cannot be told apart share one. None: out of the race.
        score: 1 by the clock, less is better; `low` to `high` over trials, if there are enough.
        asks_per_s: requests of a client a second; `waits_s`: the mean wait.
        out: why it is out of the race.
        twin: the label of a row with the same rule, which it neither beats nor loses to.
    """

    row: Row
    place: int | None
    score: float
    low: float | None
    high: float | None
    asks_per_s: float
    waits_s: float
    out: str = ""
    twin: str = ""


def standings(
    rows: Sequence[Row], clients: int, same: Mapping[str, str] | None = None
) -> list[Standing]:
    """The board, the best first.

    Args:
        clients: of each row.
        same: of a row's label, the label of another that has the same rule: what sets such two
            apart is chance, whatever was measured.
    """
    same = same or {}
    out = {row.cell: _why_out(row) for row in rows}
    in_race = [row for row in rows if not out[row.cell]]
    rules = len({same.get(row.cell, row.cell) for row in in_race})
    pairs = max(1, rules * (rules - 1) // 2)
    scores = {row.cell: scores_of(row, clients) for row in rows}

    def beats(one: Row, other: Row) -> bool:
        if _one_rule(one.cell, other.cell, same):
            return False
        return duel(scores[one.cell], scores[other.cell], among=pairs).clear

    found = []
    for row in rows:
        better = sum(beats(other, row) for other in in_race if other is not row)
        mine = scores[row.cell]
        ends = interval_of(mine)
        found.append(
            Standing(
                row=row,
                place=None if out[row.cell] else 1 + better,
                score=_middle(mine),
                low=ends[0] if ends else None,
                high=ends[1] if ends else None,
                asks_per_s=row.figures.requests_per_s / clients,
                waits_s=row.figures.waiting_s,
                out=out[row.cell],
                twin=same.get(row.cell, ""),
            )
        )
    return sorted(found, key=lambda one: (one.place or math.inf, one.score))


def duel(one: Sequence[float], other: Sequence[float], *, among: int = 1) -> Duel:
    """Compare two rows' scores, of the same trials in the same order.

    Args:
        among: how many such comparisons are made: the more, the wider the interval.
    """
    count = min(len(one), len(other))
    pairs = list(zip(one[:count], other[:count], strict=True))
    if any(a <= 0 or b <= 0 for a, b in pairs):
        better = count >= _LEAST_TRIALS and all(a <= 0 < b for a, b in pairs)
        return Duel(0.0 if better else math.nan, 0.0, 0.0 if better else math.inf, better)
    logs = [math.log(a / b) for a, b in pairs]
    middle = sum(logs) / count
    if count < _LEAST_TRIALS:
        return Duel(math.exp(middle), 0.0, math.inf, False)
    half = reach(count - 1, _CHANCE / among) * _error(logs, middle)
    clear = middle + half < 0 and middle < -_MARGIN
    return Duel(math.exp(middle), math.exp(middle - half), _exp(middle + half), clear)


def interval_of(values: Sequence[float]) -> tuple[float, float] | None:
    """A 95 % interval over trials, of a positive figure; None with too few, or with a nought."""
    if len(values) < _LEAST_TRIALS or min(values) <= 0:
        return None
    logs = [math.log(value) for value in values]
    middle = sum(logs) / len(logs)
    half = reach(len(logs) - 1, _CHANCE) * _error(logs, middle)
    return math.exp(middle - half), _exp(middle + half)


def reach(freedom: int, chance: float) -> float:
    """How many standard errors an interval reaches either way: Student's t, in plain Python.

    Args:
        freedom: degrees of freedom, from 1; `chance`: that the truth lies outside, both sides.
    """
    low, high = 0.0, _MOST
    while high - low > 1e-9 * max(1.0, low):
        middle = (low + high) / 2
        if 1 - _within(middle, freedom) > chance:
            low = middle
        else:
            high = middle
    return high


def _within(t: float, freedom: int) -> float:
    """The chance that Student's t lies within -t and t (Abramowitz and Stegun, 26.7.3 and 4)."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    if freedom == 1:
        return 2 * angle / math.pi
    term = total = cosine if freedom % 2 else 1.0
    for step in range(3 if freedom % 2 else 2, freedom - 1, 2):
        term *= cosine * cosine * (step - 1) / step
        total += term
    return 2 / math.pi * (angle + sine * total) if freedom % 2 else sine * total


def _why_out(row: Row) -> str:
    """Why a row is not placed; empty if it is."""
    if row.figures.lost:
        return f"lost {row.figures.lost:,} messages"
    asks = row.by_trial.get(COST, (row.figures.requests_per_s,))
    if not row.pushes and min(asks) <= 0:
        return "did not ask in a whole trial: set duration_s higher"
    return ""


def scores_of(row: Row, clients: int) -> list[float]:
    """The score of each trial; of all together where the trials are not known."""
    costs, waits = row.by_trial.get(COST, ()), row.by_trial.get(WAIT, ())
    found = [2 * cost / clients * wait for cost, wait in zip(costs, waits, strict=False)]
    return found or [2 * row.figures.requests_per_s / clients * row.figures.waiting_s]


def _middle(scores: Sequence[float]) -> float:
    if min(scores) <= 0:
        return sum(scores) / len(scores)
    return math.exp(sum(map(math.log, scores)) / len(scores))


def _error(logs: Sequence[float], middle: float) -> float:
    spread = sum((log - middle) ** 2 for log in logs) / (len(logs) - 1)
    return math.sqrt(spread / len(logs))


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))


def _one_rule(one: str, other: str, same: Mapping[str, str]) -> bool:
    return same.get(one, one) == same.get(other, other)
