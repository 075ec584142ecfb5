"""The meter: events to billable units to USD, with the chain kept for each line of the bill."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from pushlab.analysis.cost.book import Price, PriceBook, weakest
from pushlab.analysis.cost.guesses import CPU, GUESSES, MEMORY, End, Guess
from pushlab.analysis.cost.sizes import Sizes, fewest, load_of_one
from pushlab.analysis.cost.traffic import Traffic, by_transport
from pushlab.contract.profile import Profile
from pushlab.errors import UsageError

__all__ = ["HOURS", "MINUTES", "SECONDS", "Bill", "Item", "Line", "Meter", "Uncarried"]

#: A month of 30 days.
SECONDS = 30 * 86_400
MINUTES = 30 * 1_440
HOURS = 30 * 24


class Line(TypedDict):
    """An `Item` in plain values."""

    item: str
    part: str
    event: str
    events: float
    units: float
    unit: str
    unit_usd: float
    usd: float
    beyond: float
    source: str
    read: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a bill: `events` (what happened) made `units` (what is metered) at one price.

    Attributes:
        event: what happened, in words and plural: ``polls``, ``deliveries``.
        events: how often in a month, the whole of it even where tiers share it.
        units: how many of the price's units fall under this tier.
        price: the tier.
        part: of the architecture that needs it; see `pushlab.analysis.cost.architecture.PARTS`.
    """

    event: str
    events: float
    units: float
    price: Price
    part: str = ""

    @property
    def usd(self) -> float:
        """Of this line."""
        return self.units * self.price.usd_per_unit

    @property
    def beyond(self) -> float:
        """Units for which the vendor has a further tier that the book does not know."""
        return max(0.0, self.units - (self.price.up_to - self.price.above))

    def to_json(self) -> Line:
        """The line in plain values."""
        return {
            "item": f"{self.price.product} {self.price.item}",
            "part": self.part,
            "event": self.event,
            "events": self.events,
            "units": self.units,
            "unit": self.price.unit,
            "unit_usd": self.price.usd_per_unit,
            "usd": self.usd,
            "beyond": self.beyond,
            "source": self.price.source,
            "read": self.price.read,
            "confidence": self.price.confidence,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A month of one transport's traffic in one architecture.

    Attributes:
        architecture: its key.
        profile: what the transport is.
        cell: the transport setting in a run; else the transport again.
        clients: for how many.
        items: the lines.
        assumptions: what its parts take for granted.
        left_out: what comes on top, by name.
    """

    architecture: str
    profile: Profile
    cell: str
    clients: float
    items: Sequence[Item]
    assumptions: str
    left_out: Sequence[str]

    @property
    def usd(self) -> float:
        """The month."""
        return math.fsum(item.usd for item in self.items)

    @property
    def confidence(self) -> str | None:
        """That of the weakest price that has a share in the sum."""
        return weakest(item.price.confidence for item in self.items if item.usd > 0)

    @property
    def beyond_book(self) -> bool:
        """Whether some units lie beyond the tiers that the book knows."""
        return any(item.beyond > 0 for item in self.items)

    def to_json(self) -> dict[str, Any]:
        """The bill in plain values."""
        return {
            **by_transport(self),
            "usd": self.usd,
            "confidence": self.confidence,
            "beyond_book": self.beyond_book,
            "items": [item.to_json() for item in self.items],
        }


class Uncarried(UsageError):
    """An architecture cannot carry so much, or nobody knows what it would take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Reads prices from a book and turns units into lines.

    Attributes:
        egress: whether data that leave the cloud are charged, where the book has their price.
        guesses: by name.
        sizes: what the servers of the transport take; None: nobody measured them.
        end: where in its range each guess is taken; `but`: the guesses that are taken elsewhere.
        asked: the guesses that were asked for, which this bill rests on.
        found: servers that were counted, for bills that differ in what has nothing to do with them.
    """

    book: PriceBook
    egress: bool = False
    guesses: Mapping[str, Guess] = field(default_factory=lambda: GUESSES)
    sizes: Sizes | None = None
    end: End = "likely"
    but: Mapping[str, End] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    found: dict[tuple[object, ...], float] = field(default_factory=dict)

    def guess(self, name: str) -> float:
        """A guess's value in this bill."""
        return self.guesses[name].at(self._end(name))

    def cores(self, traffic: Traffic) -> float:
        """CPU seconds a second for all of this traffic, nothing kept free.

        Raises:
            Uncarried: nobody measured what the transport takes.
        """
        return self._known(traffic).cores(load_of_one(traffic), self._end(CPU))

    def _known(self, traffic: Traffic) -> Sizes:
        if self.sizes is None:
            raise Uncarried(f"nobody measured a server of {traffic.profile.title}: give a run")
        return self.sizes

    def _end(self, name: str) -> End:
        self.asked.add(name)
        return self.but.get(name, self.end)

    def servers(
        self,
        traffic: Traffic,
        *,
        vcpus: float,
        gib: float,
        connections: float = math.inf,
        work: float = 1.0,
    ) -> float:
        """The fewest servers of such a size that carry this traffic, headroom left free.

        A server with several vCPUs runs a process on each; a process uses no more than one.

        Args:
            vcpus, gib: of one server.
            connections: the most that one may hold.
            work: so many times the CPU that was measured, for what runs beside the server.

        Returns:
            Infinite where no number is enough, since each server must see every publish.

        Raises:
            Uncarried: nobody measured what the transport takes.
        """
        known = self._known(traffic)
        least, room = self.guess("least_servers"), 1 - self.guess("headroom")
        speed, cpu, memory = work * self.guess("vcpus_per_core"), self._end(CPU), self._end(MEMORY)
        key = (traffic, vcpus, gib, connections, least, room, speed, cpu, memory)
        if key not in self.found:
            processes = max(1, math.floor(vcpus))
            have_bytes, have_cores = gib * 2**30 * room / processes, min(1.0, vcpus) * room

            def enough(count: float) -> bool:
                one = load_of_one(traffic, count * processes)
                return (
                    one.connections * processes <= connections
                    and known.bytes_held(one.connections, memory) <= have_bytes
                    and known.cores(one, cpu) * speed <= have_cores
                )

            most = max(least, math.ceil(traffic.clients))  # more would have nobody to serve
            cores = known.cores(load_of_one(traffic), cpu) * speed / have_cores
            near = math.ceil(max(cores / processes, traffic.clients / connections))
            self.found[key] = fewest(enough, least, most, min(near, most))
        return self.found[key]

    def charge(
        self, what: str, event: str, events: float, *, units: float | None = None
    ) -> list[Item]:
        """The lines for so many units, one for each tier that those reach that are not free.

        Args:
            what: provider, product and item of the book, such as ``aws alb hour``.
            units: that the events make; None: each makes one.
        """
        tiers = self.book.tiers(*what.split())
        units = events if units is None else units
        units = max(0.0, units - tiers[0].free)
        ends = [tier.above for tier in tiers[1:]] + [math.inf]
        return [
            Item(event=event, events=events, units=min(units, end) - tier.above, price=tier)
            for tier, end in zip(tiers, ends, strict=True)
            if units > tier.above or tier is tiers[0]
        ]

    def steps(self, what: str, message_bytes: float) -> int:
        """How many metered units one message of this size is."""
        return self.book.tiers(*what.split())[0].steps(message_bytes)
