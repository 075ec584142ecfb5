"""The metering of content delivery networks before polls that may be cached: CloudFront, Fastly.

Clients that read one channel get one answer from the edge near them, which asks the origin once for
as long as the answer may be kept. Where each client has a channel of its own, nothing is shared.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from pushlab.analysis.cost.common import GB, GIB, down_bytes_per_s, downloads, month_of, polls_per_s
from pushlab.analysis.cost.meter import Item, Meter
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["at_origin", "behind", "cloudfront", "fastly"]


def at_origin(traffic: Traffic, meter: Meter) -> Traffic:
    """What is left of the polls behind the edges, each of which is a client there."""
    polls = polls_per_s(traffic)
    clients = min(traffic.clients, traffic.channels * meter.guess("edges"))
    share = min(1.0, clients / meter.guess("cached_s") / polls) if polls else 1.0
    return replace(
        traffic,
        clients=clients,
        hits_per_s=traffic.hits_per_s * share,
        deliveries_per_s=traffic.deliveries_per_s * share,
        interval_s=None,  # edges keep their connections
    )


def behind(lines: Callable[[Traffic, Meter], list[Item]]) -> Callable[[Traffic, Meter], list[Item]]:
    """The lines of a part that sees only what the edges let through."""
    return lambda traffic, meter: lines(at_origin(traffic, meter), meter)


def cloudfront(traffic: Traffic, meter: Meter) -> list[Item]:
    """CloudFront: polls over HTTPS, and what it sends, in GB of 2^30 bytes.

    What it fetches from an origin at Amazon is free.
    """
    polls = month_of(polls_per_s(traffic))
    return [
        *meter.charge("aws cloudfront request", "polls", polls),
        *downloads(traffic, meter, "aws cloudfront data-out", GIB),
    ]


def fastly(traffic: Traffic, meter: Meter) -> list[Item]:
    """Fastly: polls, what it sends to clients and to the origin, and 50 USD a month at least.

    Its GB has 10^9 bytes (docs.fastly.com, How we calculate your delivery bill).
    """
    polls, origin = month_of(polls_per_s(traffic)), at_origin(traffic, meter)
    asked = month_of(polls_per_s(origin)) * meter.guess("header_up_bytes")
    month = month_of(down_bytes_per_s(traffic, meter)) + asked
    items = [
        *meter.charge("fastly delivery request", "polls", polls),
        *meter.charge("fastly delivery data-out", "bytes sent", month, units=month / GB),
    ]
    (least,) = meter.charge("fastly delivery month", "months at least", 1)
    missing = least.usd - math.fsum(item.usd for item in items)
    if missing <= 0:
        return items
    return [*items, replace(least, units=missing / least.price.usd_per_unit)]
