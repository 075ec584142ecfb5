"""The metering of Google's offers: Cloud Run by instance or by request, Redis, Firebase, data."""

import math
from collections.abc import Callable
from functools import partial

from pushlab.analysis.cost.common import (
    GB,
    GIB,
    cheapest,
    cheapest_servers,
    downloads,
    month_of,
    polls_per_s,
)
from pushlab.analysis.cost.meter import HOURS, SECONDS, Item, Meter
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["cloud_run", "egress", "firebase", "memorystore"]

# docs.cloud.google.com/run/docs: about-concurrency, configuring/cpu, configuring/memory-limits
_REQUESTS = 1_000.0  # at a time in an instance, at most; 80 for each vCPU unless one says so
_LEAST_CALL_S = 0.1  # time is rounded up to this

_Size = tuple[float, float]
#: Instances that may hold more than one request: vCPUs, and GiB of memory.
_SIZES: tuple[_Size, ...] = (
    *((1, gib) for gib in (0.5, 1, 2, 4)),
    *((2, gib) for gib in (1, 2, 4, 8)),
    *((4, gib) for gib in (2, 4, 8, 16)),
    *((8, gib) for gib in (4, 8, 16, 32)),
)


def cloud_run(traffic: Traffic, meter: Meter) -> list[Item]:
    """Cloud Run's instances, billed all the time, or while they work on polls and by the poll.

    A request that stays open is a request all the time, and there are at most 1,000 in an instance;
    it ends within the hour. By instance no request has a fee.

    Raises:
        Uncarried: nobody measured what the transport takes, or no number of instances is enough.
    """
    clocked = traffic.profile.delivery == "interval-poll"  # few of its requests are open at a time
    most = math.inf if clocked else _REQUESTS
    ways: list[Callable[[Traffic, Meter, _Size, float], list[Item]]] = [_by_instance]
    if clocked:
        ways.append(_by_request)
    return cheapest(
        cheapest_servers(
            traffic,
            meter,
            {size: partial(way, traffic, meter, size) for size in _SIZES},
            connections=most,
        )
        for way in ways
    )


def _time(meter: Meter, by: str, size: _Size, count: float, seconds: float) -> list[Item]:
    vcpus, gib = size
    event = f"instances of {vcpus:g} vCPU and {gib:g} GiB"
    return [
        *meter.charge(f"gcp cloud-run vcpu-second-{by}", event, count, units=seconds * vcpus),
        *meter.charge(f"gcp cloud-run gib-second-{by}", event, count, units=seconds * gib),
    ]


def _by_instance(traffic: Traffic, meter: Meter, size: _Size, count: float) -> list[Item]:
    return _time(meter, "instance-based", size, count, count * SECONDS)


def _by_request(traffic: Traffic, meter: Meter, size: _Size, count: float) -> list[Item]:
    polls = month_of(polls_per_s(traffic))
    seconds = min(count * SECONDS, polls * max(_LEAST_CALL_S, traffic.open_s))
    return [
        *_time(meter, "request-based", size, count, seconds),
        *meter.charge("gcp cloud-run request", "polls", polls),
    ]


def memorystore(traffic: Traffic, meter: Meter) -> list[Item]:
    """Memorystore for Redis as backplane: instances of a GB, each with a replica.

    Redis works on one core, so what one carries, an instance carries.
    """
    count = max(1, math.ceil(traffic.publishes_per_s / meter.guess("publishes_per_node")))
    what = "gcp memorystore gb-hour-standard"
    return meter.charge(what, "instances of Redis with a replica", count, units=count * HOURS)


def egress(traffic: Traffic, meter: Meter) -> list[Item]:
    """What the subscribers download, over the premium network, which Cloud Run uses."""
    return downloads(traffic, meter, "gcp network-premium data-out", GIB)


def firebase(traffic: Traffic, meter: Meter) -> list[Item]:
    """Firebase's Realtime Database: what the subscribers download, protocol and TLS included.

    A database holds 200,000 connections and sends some 100,000 responses a second; one may have
    several, at no price.
    """
    return downloads(traffic, meter, "firebase realtime-database data-out", GB)
