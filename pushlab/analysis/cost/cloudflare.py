"""The metering of Cloudflare's offers: Workers by request and CPU, Durable Objects by time awake.

Whoever reaches an object comes through a Worker, so the two are parts of one architecture.
"""

import math

from pushlab.analysis.cost.common import connects_per_s, month_of, polls_per_s
from pushlab.analysis.cost.meter import SECONDS, Item, Meter
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["durable_objects", "workers"]

# developers.cloudflare.com/durable-objects/platform/pricing and /reference/faq
_OBJECT_GB = 0.128  # whatever it uses
_OBJECT_REQUESTS_PER_S = 1_000.0  # of one object, softly
_MESSAGES_A_REQUEST = 20.0  # that come in over a WebSocket


def _requests(traffic: Traffic, meter: Meter) -> float:
    """HTTP requests a month: polls or connections, and the publishes that come by HTTP."""
    asked = polls_per_s(traffic) if traffic.profile.asks else connects_per_s(traffic, meter)
    return month_of(asked + traffic.publishes_per_s * meter.guess("published_by_http"))


def workers(traffic: Traffic, meter: Meter) -> list[Item]:
    """Workers: the plan's fee, requests, and CPU time where a run measured it.

    Messages that pass a Worker over a WebSocket are free.
    """
    items = [
        *meter.charge("cloudflare workers month", "months", 1),
        *meter.charge("cloudflare workers request", "requests", _requests(traffic, meter)),
    ]
    if traffic.profile.asks and meter.sizes is not None:
        ms = month_of(meter.cores(traffic)) * 1e3
        items += meter.charge("cloudflare workers cpu-ms", "CPU milliseconds", ms)
    return items


def durable_objects(traffic: Traffic, meter: Meter) -> list[Item]:
    """Durable Objects: requests, and the time for which they are awake.

    An object holds many clients. It sleeps, and costs nothing, while nothing waits for it: between
    polls, and over its WebSocket interface between messages; an open HTTP request keeps it awake.
    Of messages over a WebSocket, 20 that come in are a request, and those that go out are free.
    """
    http = _requests(traffic, meter)
    messages = month_of(traffic.publishes_per_s) * (1 - meter.guess("published_by_http"))
    requests = http + messages / _MESSAGES_A_REQUEST
    objects = max(
        math.ceil(traffic.clients * meter.guess("objects_per_client")),
        math.ceil(http / SECONDS / _OBJECT_REQUESTS_PER_S),
    )
    awake_s = objects * float(SECONDS)
    if traffic.profile.protocol == "websocket" or traffic.profile.delivery == "interval-poll":
        events = http + messages + month_of(traffic.deliveries_per_s)
        awake_s = min(awake_s, events * meter.guess("object_awake_s"))
    return [
        *meter.charge("cloudflare durable-objects request", "requests and messages", requests),
        *meter.charge(
            "cloudflare durable-objects gb-second",
            f"seconds awake of {objects:,} objects",
            awake_s,
            units=awake_s * _OBJECT_GB,
        ),
    ]
