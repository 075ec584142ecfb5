"""The meter: events to billable units to USD, with the chain kept for each line of the bill."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.analysis.cost.book import Price, PriceBook, weakest

__all__ = ["HOURS", "MINUTES", "SECONDS", "Bill", "Item", "Meter"]

#: A month of 30 days.
SECONDS = 30 * 86_400
MINUTES = 30 * 1_440
HOURS = 30 * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a bill: `events` (what happened) made `units` (what is metered) at one price.

    Attributes:
        event: what happened, in words and plural: ``polls``, ``deliveries``.
        events: how often in a month, the whole of it even where tiers share it.
        units: how many of the price's units fall under this tier.
        price: the tier.
    """

    event: str
    events: float
    units: float
    price: Price

    @property
    def usd(self) -> float:
        """Of this line."""
        return self.units * self.price.usd_per_unit

    def to_json(self) -> dict[str, Any]:
        """The line in plain values."""
        return {
            "item": f"{self.price.product} {self.price.item}",
            "event": self.event,
            "events": self.events,
            "units": self.units,
            "unit": self.price.unit,
            "unit_usd": self.price.usd_per_unit,
            "usd": self.usd,
            "source": self.price.source,
            "read": self.price.read,
            "confidence": self.price.confidence,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A month of one transport's traffic at one offer.

    Attributes:
        offer: the offer's key; `title` in words.
        transport, clients: whose traffic.
        items: the lines.
        assumptions: what was taken for granted, in whole words.
        left_out: what the offer does not include.
    """

    offer: str
    title: str
    transport: str
    clients: float
    items: Sequence[Item]
    assumptions: str
    left_out: str

    @property
    def usd(self) -> float:
        """The month."""
        return math.fsum(item.usd for item in self.items)

    @property
    def confidence(self) -> str | None:
        """That of the weakest price that has a share in the sum."""
        return weakest(item.price.confidence for item in self.items if item.usd > 0)

    def to_json(self) -> dict[str, Any]:
        """The bill in plain values."""
        return {
            "offer": self.offer,
            "title": self.title,
            "transport": self.transport,
            "clients": self.clients,
            "usd": self.usd,
            "confidence": self.confidence,
            "items": [item.to_json() for item in self.items],
            "assumptions": self.assumptions,
            "left_out": self.left_out,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Reads prices from a book and turns units into lines.

    Attributes:
        free_tier: whether units that the offer gives away are taken off.
        first_tier_only: whether all units cost what the first one does, as closed forms have it.
        headroom: the share of servers that is kept free.
    """

    book: PriceBook
    free_tier: bool = False
    first_tier_only: bool = False
    headroom: float = 0.5

    def charge(
        self, provider: str, product: str, item: str, *, units: float, event: str, events: float
    ) -> list[Item]:
        """The lines for so many units, one for each tier that they reach."""
        tiers = self.book.tiers(provider, product, item)
        if self.free_tier:
            units = max(0.0, units - tiers[0].free)
        if self.first_tier_only:
            tiers = tiers[:1]
        ends = [tier.above for tier in tiers[1:]] + [math.inf]
        return [
            Item(event=event, events=events, units=min(units, end) - tier.above, price=tier)
            for tier, end in zip(tiers, ends, strict=True)
            if units > tier.above or tier is tiers[0]
        ]

    def steps(self, provider: str, product: str, item: str, message_bytes: float) -> int:
        """How many metered units one message of this size is."""
        return self.book.tiers(provider, product, item)[0].steps(message_bytes)
