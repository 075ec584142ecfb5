"""One transport in one architecture: a bill at likely values, and how low and high it may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pushlab.analysis.cost.architectures import Architecture
from pushlab.analysis.cost.book import PriceBook
from pushlab.analysis.cost.guesses import CPU, ENDS, GUESSES, MEMORY, End, Guess
from pushlab.analysis.cost.meter import Bill, Item, Meter, Uncarried
from pushlab.analysis.cost.sizes import Sizes
from pushlab.analysis.cost.traffic import Traffic, by_transport
from pushlab.contract.profile import Profile

__all__ = ["Priced", "Swing", "bill_at", "meter_for", "price"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """What one guess alone moves: the bill with it at its ends, all others at likely values."""

    guess: Guess
    low_usd: float
    high_usd: float

    @property
    def width_usd(self) -> float:
        """From end to end."""
        return self.high_usd - self.low_usd

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        g = self.guess
        return {
            "guess": g.name,
            "words": g.words,
            "unit": g.unit,
            "values": [g.low, g.likely, g.high],
            "source": g.source,
            "low_usd": self.low_usd,
            "high_usd": self.high_usd,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A month of one transport in one architecture.

    Attributes:
        cell: the transport setting in a run; else the transport's name.
        cannot: why there is no bill; empty where there are three.
        likely, low, high: the bill with every guess at its likely value, at its cheap end, at its
            dear end; None where there is none.
        swings: what each guess moves alone, the widest first; those that move nothing are left out.
        guesses: all that the bill rests on, those that are known exactly too.
        sized_by: where the servers' sizes were measured; empty where it has none.
    """

    architecture: Architecture
    profile: Profile
    cell: str
    clients: float
    cannot: str = ""
    likely: Bill | None = None
    low: Bill | None = None
    high: Bill | None = None
    swings: Sequence[Swing] = ()
    guesses: Sequence[Guess] = ()
    sized_by: str = ""

    @property
    def usd(self) -> float:
        """At likely values; infinite without a bill."""
        return float("inf") if self.likely is None else self.likely.usd

    @property
    def range_usd(self) -> tuple[float, float]:
        """From its low to its high end; infinite without a bill."""
        if self.low is None or self.high is None:
            return float("inf"), float("inf")
        return self.low.usd, self.high.usd

    def is_below(self, other: "Priced") -> bool:
        """Whether it is cheaper whatever the guesses are: its high end lies below the low end."""
        return self.range_usd[1] < other.range_usd[0]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        bills: dict[End, Bill | None] = {end: getattr(self, end) for end in ENDS}
        return {
            **by_transport(self),
            "architecture": self.architecture.key,
            **{end: bill and bill.to_json() for end, bill in bills.items()},
            "swings": [swing.to_json() for swing in self.swings],
            "guesses": [guess.name for guess in self.guesses],
        }


def price(architecture: Architecture, traffic: Traffic, meter: Meter, *, cell: str = "") -> Priced:
    """A month of `traffic` in an architecture, from low to high.

    Args:
        meter: of this traffic, see `meter_for`; it may have been used for another architecture.
        cell: the transport setting in a run.

    Raises:
        UsageError: the book lacks a price.
    """
    told = Priced(
        architecture=architecture,
        profile=traffic.profile,
        cell=cell or traffic.transport,
        clients=traffic.clients,
        cannot=architecture.cannot(traffic.profile),
    )
    if told.cannot:
        return told
    meter = replace(meter, asked=set())

    def bill(end: End = "likely", but: str = "", there: End = "likely") -> Bill:
        return bill_at(architecture, traffic, replace(meter, end=end, but={but: there}), told.cell)

    try:
        likely = bill()
        asked = [guess for name, guess in meter.guesses.items() if name in meter.asked]
        swings = [
            Swing(
                guess=guess,
                low_usd=bill(but=guess.name, there="low").usd,
                high_usd=bill(but=guess.name, there="high").usd,
            )
            for guess in asked
            if not guess.is_known
        ]
        low, high = bill("low"), bill("high")
    except Uncarried as error:
        return replace(told, cannot=str(error))
    sized = any(guess.name in (CPU, MEMORY) for guess in asked)
    return replace(
        told,
        likely=likely,
        low=low,
        high=high,
        swings=sorted((one for one in swings if one.width_usd), key=lambda one: -one.width_usd),
        guesses=asked,
        sized_by=meter.sizes.source if meter.sizes is not None and sized else "",
    )


def meter_for(
    traffic: Traffic,
    book: PriceBook,
    *,
    sizes: Sizes | None = None,
    guesses: Mapping[str, Guess] = GUESSES,
    egress: bool = True,
) -> Meter:
    """A meter for a cell's traffic, with what was measured of its servers among the guesses.

    Args:
        sizes: what the servers take; None: nobody measured them.
        egress: whether data that leave the cloud are charged.
    """
    measured = {} if sizes is None else {one.name: one for one in sizes.guesses(traffic)}
    return Meter(
        book=book,
        guesses={**guesses, **measured},
        sizes=sizes,
        egress=egress,
    )


def bill_at(architecture: Architecture, traffic: Traffic, meter: Meter, cell: str = "") -> Bill:
    """One bill, with guesses where the meter has them; one server alone needs no backplane.

    Raises:
        UsageError: the book lacks a price.
        Uncarried: nobody measured what the transport takes, or no number of servers is enough.
    """
    items: list[Item] = []
    for part in architecture.parts(traffic.profile):
        alone = [item.events for item in items if item.part == "servers"][:1] == [1]
        needless = {"egress": not meter.egress, "backplane": alone}
        if not needless.get(part.name):
            items += [replace(item, part=part.name) for item in part.lines(traffic, meter)]
    return Bill(
        architecture=architecture.key,
        profile=traffic.profile,
        cell=cell or traffic.transport,
        clients=traffic.clients,
        items=items,
        assumptions=architecture.assumptions,
        left_out=architecture.left_out,
    )
