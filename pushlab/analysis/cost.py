"""A first price: what a month of the measured traffic would cost at a public offer that carries it.

Each transport is priced at a metered offer that can really carry it, because the way of metering is
the point: polling pays for requests, WebSocket and MQTT for messages and connected minutes. Plain
SSE has no metered offer of that kind (AWS's HTTP API buffers responses), so it pays for a load
balancer by the hour. The same hourly price stands as the alternative beside every transport over
HTTP: metering by request is a choice, not a law.

Left out everywhere alike: the servers behind the offer, the publisher's own requests, data leaving
the cloud, free tiers.
"""

import math
from dataclasses import dataclass
from typing import Any

from pushlab.analysis.prices import Price, price, weakest

__all__ = ["HOURS", "MINUTES", "SECONDS", "Traffic", "usd_per_month"]

SECONDS = 30 * 86_400
MINUTES = 30 * 1_440
HOURS = 30 * 24

#: API Gateway's HTTP APIs: the lower price holds above this many requests a month.
_HTTP_TIER = 300_000_000
#: A message's frame around its payload: the cursor, and a topic for MQTT.
_FRAME_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What was measured, per second of the measured window, and for whom.

    Attributes:
        clients: connected all the time (for polling: present all the time).
        hits_per_s: requests for the sake of delivery.
        deliveries_per_s: messages arriving at subscribers.
        acks_per_s: MQTT's acknowledgements by subscribers.
        bytes_per_s: both ways.
        payload_bytes: of a typical message.
    """

    clients: int
    hits_per_s: float
    deliveries_per_s: float
    acks_per_s: float = 0.0
    bytes_per_s: float = 0.0
    payload_bytes: float = 0.0


def usd_per_month(transport: str, traffic: Traffic) -> dict[str, Any]:
    """The price of 30 days of this traffic, item by item.

    Returns:
        ``usd``, ``offer``, ``items`` (item, units, unit_usd, usd, source, read, confidence),
        ``assumptions``, ``confidence``, and for transports over HTTP ``alternative``: offer and
        usd of the same traffic through a load balancer. ``usd`` is None for a transport that no
        known offer carries.
    """
    maker = _OFFERS.get(transport)
    if maker is None:
        return {
            "usd": None,
            "offer": None,
            "items": [],
            "assumptions": f"no offer is known that carries {transport}",
            "confidence": None,
            "alternative": None,
        }
    offer, items, assumptions = maker(traffic)
    alternative = None
    if transport != "mqtt":
        other, other_items, _ = _load_balancer(traffic)
        if other != offer:
            alternative = {"offer": other, "usd": _total(other_items), "items": other_items}
    return {
        "usd": _total(items),
        "offer": offer,
        "items": items,
        "assumptions": assumptions + "; servers behind it, publishing, egress and free tiers are"
        " left out",
        "confidence": weakest([item["confidence"] for item in items]),
        "alternative": alternative,
    }


_Items = list[dict[str, Any]]


def _total(items: _Items) -> float:
    return math.fsum(item["usd"] for item in items)


def _item(what: Price, units: float) -> dict[str, Any]:
    return {
        "item": f"{what.product} {what.item}",
        "units": units,
        "unit_usd": what.usd_per_unit,
        "usd": units * what.usd_per_unit,
        "source": what.source,
        "read": what.read,
        "confidence": what.confidence,
    }


def _metered(bytes_each: float, unit_bytes: int) -> int:
    """How many metered units one message of this size is."""
    return max(1, math.ceil((bytes_each + _FRAME_BYTES) / unit_bytes))


def _http_api(traffic: Traffic) -> tuple[str, _Items, str]:
    requests = traffic.hits_per_s * SECONDS
    first, rest = min(requests, _HTTP_TIER), max(requests - _HTTP_TIER, 0.0)
    items = [_item(price("aws", "api-gateway-http", "request"), first)]
    if rest:
        items.append(_item(price("aws", "api-gateway-http", "request-next-tier"), rest))
    return "AWS API Gateway, HTTP API", items, "every poll is one request of at most 512 KB"


def _held_http_api(traffic: Traffic) -> tuple[str, _Items, str]:
    offer, items, assumptions = _http_api(traffic)
    return offer, items, assumptions + ", held for no longer than the 30 s that the offer allows"


def _websocket_api(traffic: Traffic) -> tuple[str, _Items, str]:
    units = _metered(traffic.payload_bytes, 32 * 1024)
    items = [
        _item(
            price("aws", "api-gateway-websocket", "message"),
            traffic.deliveries_per_s * SECONDS * units,
        ),
        _item(
            price("aws", "api-gateway-websocket", "connection-minute"), traffic.clients * MINUTES
        ),
    ]
    return (
        "AWS API Gateway, WebSocket API",
        items,
        "every delivery is a message in units of 32 KB; all clients stay connected",
    )


def _iot_core(traffic: Traffic) -> tuple[str, _Items, str]:
    units = _metered(traffic.payload_bytes, 5 * 1024)
    messages = traffic.deliveries_per_s * units + traffic.acks_per_s
    items = [
        _item(price("aws", "iot-core", "message"), messages * SECONDS),
        _item(price("aws", "iot-core", "connection-minute"), traffic.clients * MINUTES),
    ]
    return (
        "AWS IoT Core",
        items,
        "every delivery is a message in units of 5 KB, every PUBACK one more; pings are free;"
        " all clients stay connected",
    )


def _load_balancer(traffic: Traffic) -> tuple[str, _Items, str]:
    # One LCU is the largest of: 25 new connections/s, 3,000 active connections, 1 GB/h. Connections
    # are kept alive, so new ones do not count.
    lcu = max(traffic.clients / 3_000, traffic.bytes_per_s * 3_600 / 1e9)
    items = [
        _item(price("aws", "alb", "hour"), HOURS),
        _item(price("aws", "alb", "lcu-hour"), lcu * HOURS),
    ]
    return (
        "AWS Application Load Balancer",
        items,
        "one balancer by the hour; connections stay open and are not metered singly",
    )


_OFFERS = {
    "short-polling": _http_api,
    "long-polling": _held_http_api,
    "sse": _load_balancer,
    "websocket": _websocket_api,
    "mqtt": _iot_core,
}
