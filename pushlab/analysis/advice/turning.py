"""What would change the answer: other clients, another rate, a guess, the nearest crossovers."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from pushlab.analysis.advice.asked import Asked
from pushlab.analysis.advice.choice import Choice
from pushlab.analysis.advice.pair import Answer, At, Side, judged
from pushlab.analysis.advice.ranges import Range
from pushlab.analysis.advice.saving import sides
from pushlab.analysis.cost.guesses import CPU, MEMORY, End, Guess
from pushlab.analysis.cost.meter import Uncarried
from pushlab.analysis.cost.month import Costs
from pushlab.analysis.cost.traffic import Traffic
from pushlab.analysis.forecast.crossovers import Crossover, Setting, crossovers
from pushlab.analysis.stats.comparison import MATTERS

__all__ = ["MANY_READERS", "Flip", "Probe", "near_crossovers", "probes", "turned_by"]

_DECADES = (10.0, 100.0, 1_000.0)
_PROBED = {"clients": (1.0, 1e9), "rate": (1 / (30 * 86_400), 1e3)}  # no further
#: Of the crossovers those that are about this advice, and how many decades off one is still near.
MANY_READERS = 10  # of a channel, before a cache in front of its polls is worth a word
_OF_LOAD = ("storm", "bytes", "cpu", "cache")
_NEAR_DECADES, _MOST = 3.0, 2


def _with(side: Side, traffic: Traffic) -> Side:
    """The same transport in the same architecture, under another load."""
    meter, sizes = replace(side.meter, asked=set(), found={}), side.meter.sizes
    if sizes is not None:
        guesses = {one.name: one for one in sizes.guesses(traffic)}
        meter = replace(meter, guesses={**meter.guesses, **guesses})
    return Side(side.architecture, traffic, meter, side.cell)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The same question for another load.

    Attributes:
        what: ``clients`` or ``rate``; `value`: as many, or so many messages a second and client.
        answer: whether the pick costs less than polling there; None: as here, and as far as that.
        apart: how much more the pick costs than polling.
    """

    what: str
    value: float
    answer: Answer | None
    apart: Range


def probes(asked: Asked, costs: Costs, choice: Choice) -> list[Probe]:
    """Down and up in decades, of clients and of the rate: the first that differs, or the last."""
    polled, pick = choice.polled, choice.picks[0]
    if polled is None:
        return []

    def clients(value: float) -> tuple[Side, Side]:
        return _with(pick, pick.traffic.scaled(value)), _with(polled, polled.traffic.scaled(value))

    def rate(value: float) -> tuple[Side, Side]:
        every = sides(asked.at_rate(value), costs, choice.architecture)
        return every[pick.cell], every[polled.cell]

    moves = {"clients": (asked.load.clients, clients), "rate": (asked.load.rate_per_s, rate)}
    found = [
        _first_change(what, now, sign, choice, move)
        for what, (now, move) in moves.items()
        for sign in (-1, 1)
    ]
    return [probe for probe in found if probe is not None]


def _first_change(
    what: str, now: float, sign: int, choice: Choice, move: Callable[[float], tuple[Side, Side]]
) -> Probe | None:
    probe = None
    for value in (now * factor**sign for factor in _DECADES):
        least, most = _PROBED[what]
        if not least <= value <= most:
            break
        try:
            answer, apart = _judged_at(choice, *move(value))
        except Uncarried:
            break
        probe = Probe(what=what, value=value, answer=answer, apart=apart)
        if answer is not None:
            break
    return probe


def _judged_at(choice: Choice, ours: Side, theirs: Side) -> tuple[Answer | None, Range]:
    """The answer there, None where it is that of here. Raises Uncarried."""
    if choice.answer == "unknown" and (corners := _undecided(ours, theirs)):
        return None, corners
    answer, apart = judged(ours, theirs)
    return (None if answer == choice.answer else answer), apart


def _undecided(a: Side, b: Side) -> Range | None:
    """How far a few corners lie apart, where these are enough to see that it is not known."""
    names = dict.fromkeys([*a.names, *b.names])
    ends: tuple[End, ...] = ("low", "high")
    found = [
        a.usd({**dict.fromkeys(names, end), **dict.fromkeys((CPU, MEMORY), ours)})
        - b.usd({**dict.fromkeys(names, end), **dict.fromkeys((CPU, MEMORY), theirs)})
        for end in ends
        for ours, theirs in (ends, ends[::-1])
    ]
    within = MATTERS * min(a.usd(), b.usd())
    if min(found) < -within and max(found) > within:
        return Range(min(found), a.usd() - b.usd(), max(found))
    return None


@dataclass(frozen=True, slots=True)
class Flip:
    """A guess that moves what the pick costs more than polling.

    Attributes:
        apart: at its low end, likely and at its high end, all others at likely values.
    """

    guess: Guess
    apart: Range

    @property
    def turns(self) -> bool:
        """Whether it alone decides which of the two is cheaper."""
        return min(self.apart) < 0 < max(self.apart)

    @property
    def width(self) -> float:
        """From end to end."""
        return max(self.apart) - min(self.apart)


def turned_by(choice: Choice) -> list[Flip]:
    """Each guess by what it moves, the widest first; what was measured is either side's own."""
    polled, pick = choice.polled, choice.picks[0]
    if polled is None:
        return []
    found, likely = [], pick.usd() - polled.usd()
    for name in dict.fromkeys([*pick.names, *polled.names]):
        guess = pick.meter.guesses[name] if name in pick.names else polled.meter.guesses[name]
        if name in (CPU, MEMORY):
            continue
        ends: list[At] = [{name: "low"}, {name: "high"}]
        low, high = (pick.usd(at) - polled.usd(at) for at in ends)
        found.append(Flip(guess, Range(low, likely, high)))
    for side, sign in ((pick, 1), (polled, -1)):
        for name in (CPU, MEMORY):
            if name in side.names:
                ends = [{name: "low"}, {name: "high"}]
                low, high = (likely + sign * (side.usd(at) - side.usd()) for at in ends)
                guess = side.meter.guesses[name]
                words = f"{guess.words}, {side.traffic.profile.title_within}"
                found.append(Flip(replace(guess, words=words), Range(low, likely, high)))
    return sorted((one for one in found if one.width), key=lambda one: -one.width)


def near_crossovers(asked: Asked) -> list[tuple[Crossover, float]]:
    """The crossovers nearest to the load, with the messages in a poll interval that there are.

    Raises:
        UsageError: a value is out of range.
    """
    profiles = [traffic.profile for traffic in asked.traffic.values()]
    kinds = {profile.delivery for profile in profiles if profile.wire}
    x = asked.per_interval
    if not {"interval-poll", "held-poll", "stream"} <= kinds or x <= 0:
        return []
    setting = Setting.among(
        profiles,
        interval_s=asked.interval_s,
        payload_bytes=asked.load.payload_bytes,
        one_way_s=asked.load.one_way_s,
        clients=max(1.0, asked.load.per_channel),
    )

    def decades(one: Crossover) -> float:
        return abs(math.log10(one.value / x)) if one.value else math.inf

    found = [
        one
        for one in crossovers(setting, asked.known)
        if one.key in _OF_LOAD
        and decades(one) <= _NEAR_DECADES
        and (one.key != "cache" or asked.load.per_channel >= MANY_READERS)
        and (one.key != "cpu" or not asked.plain)  # a poll takes what its owner says
    ]
    return [(one, x) for one in sorted(found, key=decades)[:_MOST]]
