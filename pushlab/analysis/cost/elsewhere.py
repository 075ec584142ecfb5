"""The metering of other vendors' offers: Google, Microsoft, Cloudflare, Ably.

Each model is a function of traffic and meter that returns the lines of a month's bill.
"""

import math

from pushlab.analysis.cost.common import connected, message_bytes, month_of, servers
from pushlab.analysis.cost.meter import SECONDS, Item, Meter
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["ably", "cloud_run", "durable_objects", "web_pubsub", "workers"]

_CLOUD_RUN_REQUEST_S = 3_600.0  # no request lasts longer
_OBJECT_GB = 0.128
_AWAKE_S = 0.001  # of a hibernating object for one publish


def cloud_run(traffic: Traffic, meter: Meter) -> list[Item]:
    """Cloud Run: CPU and memory sized by a run, and requests.

    Where requests are open all the time, CPU that is always allocated is the cheaper way.
    """
    cores, memory = servers(traffic, meter)
    clocked = traffic.profile.delivery == "interval-poll"
    kept = "vcpu-second-request-based" if clocked else "vcpu-second-always-allocated"
    requests, event = month_of(traffic.hits_per_s), "polls"
    if not traffic.profile.asks:
        requests = month_of(traffic.clients / _CLOUD_RUN_REQUEST_S)
        event = "connections, anew each hour"
    return [
        *meter.charge(f"gcp cloud-run {kept}", "vCPUs", cores, units=cores * SECONDS),
        *meter.charge("gcp cloud-run gib-second", "GiB of memory", memory, units=memory * SECONDS),
        *meter.charge("gcp cloud-run request", event, requests),
    ]


def web_pubsub(traffic: Traffic, meter: Meter) -> list[Item]:
    """Web PubSub: whole units for each day, of 1,000 clients and a million messages of 2 KB."""
    steps = meter.steps("azure web-pubsub unit-day-standard", message_bytes(traffic))
    by_clients = math.ceil(traffic.clients / 1_000)
    by_messages = math.ceil(traffic.deliveries_per_s * 86_400 * steps / 1e6)
    event, events = "clients connected", traffic.clients
    if by_messages > by_clients:
        event, events = "deliveries", month_of(traffic.deliveries_per_s)
    units = max(1, by_clients, by_messages) * 30
    return meter.charge("azure web-pubsub unit-day-standard", event, events, units=units)


def _at_least(meter: Meter, items: list[Item]) -> list[Item]:
    """Cloudflare's lines, and what is missing to the least that a month costs."""
    (least,) = meter.charge("cloudflare workers month", "months at least", 1)
    missing = least.usd - math.fsum(item.usd for item in items)
    if missing <= 0:
        return items
    part = missing / least.price.usd_per_unit
    return [*items, Item(event=least.event, events=1, units=part, price=least.price)]


def workers(traffic: Traffic, meter: Meter) -> list[Item]:
    """Workers: requests, and CPU time where a run measured it."""
    polls = month_of(traffic.hits_per_s)
    items = meter.charge("cloudflare workers request", "polls", polls)
    if traffic.cores is not None:
        ms = month_of(traffic.cores) * 1e3
        items += meter.charge("cloudflare workers cpu-ms", "CPU milliseconds", ms)
    return _at_least(meter, items)


def durable_objects(traffic: Traffic, meter: Meter) -> list[Item]:
    """Durable Objects, one for each channel: requests, and seconds awake.

    Only the WebSocket interface lets an object sleep while clients are connected.
    """
    sleeps = traffic.profile.protocol == "websocket"
    polls = month_of(traffic.hits_per_s) if traffic.profile.asks else 0.0
    publishes = month_of(traffic.publishes_per_s)
    awake_s = month_of(traffic.channels)
    if sleeps:
        awake_s = min(awake_s, max(month_of(traffic.cores or 0.0), publishes * _AWAKE_S))
    items = [
        *meter.charge(
            "cloudflare durable-objects request",
            "polls and publishes" if polls else "publishes",
            polls + publishes,
        ),
        *meter.charge(
            "cloudflare durable-objects gb-second",
            "seconds awake",
            awake_s,
            units=awake_s * _OBJECT_GB,
        ),
    ]
    return _at_least(meter, items)


def ably(traffic: Traffic, meter: Meter) -> list[Item]:
    """Ably: every publish and every delivery is a message; minutes connected."""
    messages = month_of(traffic.publishes_per_s + traffic.deliveries_per_s)
    return [
        *meter.charge("ably messages message", "publishes and deliveries", messages),
        *connected(traffic, meter, "ably", "connections"),
    ]
