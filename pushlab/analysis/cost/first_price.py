"""A first price for a run's summary: each transport at one metered offer that really carries it.

The way of metering is the point: polling pays for requests, WebSocket and MQTT for messages and
connected minutes, SSE for a load balancer by the hour. That hourly price stands as the alternative
beside every transport over HTTP: metering by request is a choice, not a law.
"""

from typing import Any

from pushlab.analysis.cost.book import load_book
from pushlab.analysis.cost.offers import FIRST_CHOICE, OFFERS, bill
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["usd_per_month"]

_HOURLY = OFFERS["aws-alb"]


def usd_per_month(traffic: Traffic | None, transport: str) -> dict[str, Any]:
    """The price of 30 days of this traffic, item by item, without free tiers.

    Args:
        traffic: None if nothing was measured.

    Returns:
        ``usd``, ``offer``, ``items`` (item, event, events, units, unit, unit_usd, usd, source,
        read, confidence), ``assumptions``, ``confidence``, and for transports over HTTP
        ``alternative``: offer, usd and items of the same traffic through a load balancer. ``usd``
        is None for a transport that no known offer carries.
    """
    key = FIRST_CHOICE.get(transport)
    if traffic is None or key is None:
        why = f"no offer is known that carries {transport}" if traffic else "nothing was measured"
        return {
            "usd": None,
            "offer": None,
            "items": [],
            "assumptions": why,
            "confidence": None,
            "alternative": None,
        }
    offer, book = OFFERS[key], load_book()
    priced = bill(offer, traffic, book)
    alternative = None
    if offer is not _HOURLY and transport in _HOURLY.carries:
        other = bill(_HOURLY, traffic, book)
        alternative = {
            "offer": other.title,
            "usd": other.usd,
            "items": [item.to_json() for item in other.items],
        }
    left_out = ", ".join(priced.left_out)
    return {
        "usd": priced.usd,
        "offer": priced.title,
        "items": [item.to_json() for item in priced.items],
        "assumptions": f"{priced.assumptions}; left out: {left_out}, free tiers",
        "confidence": priced.confidence,
        "alternative": alternative,
    }
