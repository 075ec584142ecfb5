"""A first price for a run's summary: each transport at one metered offer that really carries it.

The way of metering is the point: polling pays for requests, WebSocket and MQTT for messages and
connected minutes, SSE for a load balancer by the hour. That hourly price stands as the alternative
beside every transport over HTTP: metering by request is a choice, not a law.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.offers import OFFERS, bill, first_choice
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["FirstPrice", "Line", "usd_per_month"]

_HOURLY = OFFERS["aws-alb"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a price; see `pushlab.analysis.cost.meter.Item`."""

    item: str
    kind: str
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
class FirstPrice:
    """The price of 30 days of a cell's traffic.

    Attributes:
        usd, offer: None for a transport that no known offer carries.
        alternative: for transports over HTTP, the same traffic through a load balancer.
    """

    usd: float | None = None
    offer: str | None = None
    items: Sequence[Line] = ()
    assumptions: str = ""
    confidence: str | None = None
    alternative: "FirstPrice | None" = None

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries and lists; the alternative without what it shares."""
        other = self.alternative
        return {
            **asdict(self),
            "items": [asdict(line) for line in self.items],
            "alternative": other
            and {
                "offer": other.offer,
                "usd": other.usd,
                "items": [asdict(line) for line in other.items],
            },
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any] | None) -> "FirstPrice":
        """What `to_json` gave."""
        found = dict(told or {})
        found["items"] = [Line(**line) for line in found.get("items", ())]
        found["alternative"] = found.get("alternative") and cls.from_json(found["alternative"])
        return cls(**found)


def usd_per_month(traffic: Traffic | None) -> FirstPrice:
    """The price of 30 days of this traffic, item by item, without free tiers.

    Args:
        traffic: None if nothing was measured.
    """
    offer = first_choice(traffic.profile) if traffic else None
    if traffic is None:
        return FirstPrice(assumptions="nothing was measured")
    if offer is None:
        return FirstPrice(assumptions=f"no offer is known that carries {traffic.profile.name}")
    book = load_book()
    priced = bill(offer, traffic, book)
    alternative = None
    if offer is not _HOURLY and traffic.profile.kind in _HOURLY.carries:
        other = bill(_HOURLY, traffic, book)
        alternative = FirstPrice(
            offer=other.title, usd=other.usd, items=[Line(**i.to_json()) for i in other.items]
        )
    left_out = ", ".join(priced.left_out)
    return FirstPrice(
        usd=priced.usd,
        offer=priced.title,
        items=[Line(**item.to_json()) for item in priced.items],
        assumptions=f"{priced.assumptions}; left out: {left_out}, free tiers",
        confidence=priced.confidence,
        alternative=alternative,
    )
