"""A first price for a run's summary: each transport at one metered offer that really carries it.

The way of metering is the point: polling pays for requests, WebSocket and MQTT for messages and
connected minutes, SSE for a load balancer by the hour. That hourly price stands as the alternative
beside every transport over HTTP: metering by request is a choice, not a law.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.meter import Line
from pushlab.analysis.cost.offers import OFFERS, Offer, bill, first_choice
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["FirstPrice", "usd_per_month"]

_HOURLY = OFFERS["aws-alb"]


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

    @classmethod
    def from_json(cls, told: Mapping[str, Any] | None) -> "FirstPrice":
        """What `asdict` gave."""
        found = dict(told or {})
        other = found.get("alternative")
        return cls(**{**found, "alternative": other and cls.from_json(other)})


def usd_per_month(traffic: Traffic | None) -> FirstPrice:
    """The price of 30 days of this traffic, item by item, without free tiers.

    Args:
        traffic: None if nothing was measured.
    """
    if traffic is None:
        return FirstPrice(assumptions="nothing was measured")
    offer = first_choice(traffic.profile)
    if offer is None:
        return FirstPrice(assumptions=f"no offer is known that carries {traffic.profile.name}")
    price = _priced(offer, traffic)
    if offer is not _HOURLY and traffic.profile.kind in _HOURLY.carries:
        return replace(price, alternative=_priced(_HOURLY, traffic))
    return price


def _priced(offer: Offer, traffic: Traffic) -> FirstPrice:
    priced = bill(offer, traffic, load_book())
    left_out = ", ".join(priced.left_out)
    return FirstPrice(
        usd=priced.usd,
        offer=priced.title,
        items=[item.to_json() for item in priced.items],
        assumptions=f"{priced.assumptions}; left out: {left_out}, free tiers",
        confidence=priced.confidence,
    )
