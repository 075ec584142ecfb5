"""What the bills of one architecture say in a sentence: who is cheaper for sure, and who may be.

Two are told apart only where their ranges are: the dear end of one lies below the cheap end of the
other, so that no guess could turn them round.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pushlab.analysis.cost.architectures import KINDS_OF_ARCHITECTURE, PARTS, Architecture
from pushlab.analysis.cost.meter import Bill
from pushlab.analysis.cost.month import Costs
from pushlab.analysis.cost.pricing import Priced, Swing
from pushlab.contract.profile import Profile
from pushlab.quantities import brief, listed, usd_range

__all__ = [
    "Contender",
    "across_words",
    "contenders",
    "is_weak",
    "place_words",
    "shares_of",
    "swing_words",
    "within_words",
]


def is_weak(bill: Bill) -> bool:
    """Whether it rests on a price that is not the vendor's own word."""
    return bill.confidence in ("third-party", "weak")


def shares_of(bill: Bill) -> dict[str, float]:
    """Which part of a bill each part of its architecture is, in the order of `PARTS`."""
    sums = {part: sum(item.usd for item in bill.items if item.part == part) for part in PARTS}
    return {part: usd / bill.usd for part, usd in sums.items() if usd > 0}


def place_words(architecture: Architecture) -> str:
    """An architecture with its kind, since two kinds are never compared without it."""
    return f"{architecture.short} ({KINDS_OF_ARCHITECTURE[architecture.kind]})"


def swing_words(swing: Swing) -> str:
    """A guess and its range: ``headers of a browser's request, 200 to 2,000 bytes``."""
    guess = swing.guess
    low, high = sorted((guess.low, guess.high))
    unit = f" {guess.unit}" if guess.unit else ""
    return f"{guess.words}, {brief(low)} to {brief(high)}{unit}"


@dataclass(frozen=True, slots=True)
class Contender:
    """A transport with its month in an architecture that carries it.

    Attributes:
        name: as it stands inside a sentence.
        profile: what it is.
    """

    name: str
    profile: Profile
    low: float
    likely: float
    high: float

    def is_below(self, other: "Contender") -> bool:
        """Whether it is cheaper whatever the guesses are."""
        return self.high < other.low


def contenders(priced: Sequence[Priced], names: Mapping[str, str]) -> list[Contender]:
    """Those that have a bill; `names` are those of the cells inside a sentence."""
    return [
        Contender(names[one.cell], one.profile, one.range_usd[0], one.usd, one.range_usd[1])
        for one in priced
        if not one.cannot
    ]


def within_words(some: Sequence[Contender], place: str) -> str:
    """Who is surely cheaper than whom in one architecture.

    Args:
        place: the architecture, with its kind.
    """
    known = sorted(some, key=lambda one: one.likely)
    if not known:
        return f"no price is known in {place} for what was measured"
    if len(known) == 1:
        return f"a month with {known[0].name} in {place} costs {_range(known)}"
    ends = _ends(known)
    if ends is None:
        low, high = known[0], known[-1]
        return (
            f"in {place} the ranges overlap: a month costs {_range([low])} with {low.name},"
            f" {_range([high])} with {high.name}"
        )
    first, last = ends
    leaders = [one for one in known if one.is_below(last) and not first.is_below(one)]
    wins = "polling wins: " if _polling_wins(known, leaders) else ""
    who = listed([one.name for one in leaders])
    verb = "costs" if len(leaders) == 1 else "cost"
    text = f"{wins}{who} {verb} {_range(leaders)} a month in {place}, {last.name}"
    return f"{text} {_range([last])}{_upset(known, leaders)}{_unplaced(known, first, last)}"


def _ends(known: Sequence[Contender]) -> tuple[Contender, Contender] | None:
    """The two that are farthest apart of those whose ranges do not touch; None without such."""
    pairs = [(one, other) for one in known for other in known if one.is_below(other)]
    return max(pairs, key=lambda pair: pair[1].likely / max(pair[0].likely, 1e-9), default=None)


def _polling_wins(known: Sequence[Contender], leaders: Sequence[Contender]) -> bool:
    """Whether the cheapest ask, and one of them is surely below all that push."""
    pushed = [one for one in known if one.profile.pushes]
    return (
        bool(pushed)
        and all(one.profile.asks for one in leaders)
        and any(all(one.is_below(other) for other in pushed) for one in leaders)
    )


def _upset(known: Sequence[Contender], leaders: Sequence[Contender]) -> str:
    """A clause where asking is surely cheaper than some pushing without being the cheapest."""
    if _polling_wins(known, leaders):
        return ""
    asking = [one for one in known if one.profile.asks]
    pairs = [(one, other) for one in asking for other in known if other.profile.pushes]
    found = next((pair for pair in pairs if pair[0].is_below(pair[1])), None)
    return f"; {found[0].name} costs less than {found[1].name}" if found else ""


def _unplaced(known: Sequence[Contender], first: Contender, last: Contender) -> str:
    """A clause on those that are told apart from neither end; else empty."""
    open_ones = [
        one.name
        for one in known
        if one not in (first, last) and not one.is_below(last) and not first.is_below(one)
    ]
    verb = "overlaps" if len(open_ones) == 1 else "overlap"
    return f"; {listed(open_ones)} {verb} with both" if open_ones else ""


def _range(some: Sequence[Contender]) -> str:
    return usd_range(min(one.low for one in some), max(one.high for one in some))


def across_words(costs: Costs, names: Mapping[str, str]) -> str:
    """The cheapest of all architectures beside the cheapest in the chosen one, each with its kind.

    Args:
        names: of the cells, as they stand inside a sentence.
    """
    if not costs.across:
        return "No architecture is known that carries any of these"
    best = costs.across[0]
    found = f"{names[best.cell]} in {place_words(best.architecture)}, {usd_range(*best.range_usd)}"
    chosen = next((one for one in costs.across if one.architecture == costs.chosen), None)
    if chosen is None or chosen is best:
        return f"The cheapest of {len(costs.across)} architectures: {found} a month"
    other = f"{names[chosen.cell]}, {usd_range(*chosen.range_usd)}"
    sure = "Cheapest" if best.is_below(chosen) else "Likely the cheapest"
    return f"{sure}: {found}; in {place_words(chosen.architecture)} {other}"
