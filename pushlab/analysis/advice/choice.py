"""Which transport in which architecture: what the ranges separate is ranked, and no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pushlab.analysis.advice.asked import Asked
from pushlab.analysis.advice.pair import Answer, Side, judged
from pushlab.analysis.advice.ranges import Range
from pushlab.analysis.advice.saving import sides
from pushlab.analysis.cost.architectures import Architecture
from pushlab.analysis.cost.meter import Uncarried
from pushlab.analysis.cost.month import Costs
from pushlab.contract.profile import Profile

__all__ = ["Choice", "Elsewhere", "choose", "elsewhere"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What an architecture's transports cost beside each other.

    Attributes:
        polled: polling at an interval; None where it is not carried.
        picks: what delivers at once and costs least, as far as ranges tell; the simplest first.
        dearer: the others that deliver at once, and how much more than the first pick they cost.
        cannot: by cell, why it is not carried.
        answer: whether the first pick costs less than polling; `apart`: how much more it costs.
    """

    architecture: Architecture
    polled: Side | None
    picks: Sequence[Side]
    dearer: Mapping[str, Range]
    cannot: Mapping[str, str]
    answer: Answer
    apart: Range


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The cheapest that delivers at once in one architecture.

    Attributes:
        answer: whether it costs less than the cheapest of all; `apart`: how much more it costs.
    """

    side: Side
    answer: Answer
    apart: Range


def choose(asked: Asked, costs: Costs, architecture: Architecture | None = None) -> Choice | None:
    """Choose within an architecture, the chosen one unless said; None: nothing delivers at once."""
    architecture = architecture or costs.chosen
    carried, cannot = dict[str, Side](), dict[str, str]()
    for cell, side in sides(asked, costs, architecture).items():
        told = architecture.cannot(side.traffic.profile)
        try:
            if not told:
                side.bill()
                carried[cell] = side
        except Uncarried as error:
            told = str(error)
        if told:
            cannot[cell] = told
    polled = carried.get(asked.polled)
    at_once = [one for one in carried.values() if one.traffic.profile.delivery != "interval-poll"]
    if not at_once:
        return None
    best = min(at_once, key=lambda one: one.usd())
    found = {one.cell: judged(one, best) for one in at_once if one is not best}
    above = {cell: apart for cell, (answer, apart) in found.items() if answer == "higher"}
    picks = sorted(
        (one for one in at_once if one.cell not in above),
        key=lambda one: _needs(one.traffic.profile),
    )
    answer, apart = judged(picks[0], polled) if polled else ("unknown", Range.of(0.0))
    return Choice(
        architecture=architecture,
        polled=polled,
        picks=picks,
        dearer=above,
        cannot=cannot,
        answer=answer,
        apart=apart,
    )


def _needs(profile: Profile) -> tuple[bool, bool, bool]:
    """What is simpler comes first: no broker, messages as they come, nothing but HTTP."""
    return profile.needs_broker, profile.asks, profile.protocol != "http"


def elsewhere(asked: Asked, costs: Costs) -> list[Elsewhere]:
    """The cheapest that delivers at once in each architecture, cheapest first.

    Each is held against the first, in a line of its own: they are of different kinds.
    """
    best = []
    for priced in costs.priced.values():
        at_once = [
            one for one in priced if not one.cannot and one.profile.delivery != "interval-poll"
        ]
        if at_once:
            best.append(min(at_once, key=lambda one: one.usd))
    best.sort(key=lambda one: one.usd)
    found, first = list[Elsewhere](), None
    for one in best:
        side = sides(asked, costs, one.architecture)[one.cell]
        first = first or side
        answer: Answer = "same"
        apart = Range.of(0.0)
        if best[0].is_below(one):  # whatever the guesses are on either side
            (low, high), (least, most) = one.range_usd, best[0].range_usd
            answer, apart = "higher", Range(low - most, one.usd - best[0].usd, high - least)
        elif side is not first:
            answer, apart = judged(side, first)
        found.append(Elsewhere(side, answer, apart))
    return found
