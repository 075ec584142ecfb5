"""The metering of servers rented from Amazon: containers, machines, balancers, backplane, data."""

import math
from collections.abc import Callable, Mapping

from pushlab.analysis.cost.common import (
    GIB,
    cheapest,
    cheapest_servers,
    connects_per_s,
    down_bytes_per_s,
    downloads,
    month_of,
    polls_per_s,
    up_bytes_per_s,
)
from pushlab.analysis.cost.meter import HOURS, Item, Meter
from pushlab.analysis.cost.traffic import Traffic

__all__ = ["balancer", "ec2", "egress", "fargate", "network_balancer", "valkey"]

_IDLE_S = 60.0  # after so long without traffic an application balancer closes a connection
_ZONES = 2  # the fewest for an application balancer; it has a public address in each

#: vCPUs and GB of a task, for one process, or two or four. AWS Fargate's task sizes.
_TASKS = (
    *((0.25, 0.5), (0.25, 1), (0.5, 1), (0.5, 2), (1, 2), (1, 4)),
    *((2, 4), (2, 8), (4, 8), (4, 16)),
)
_FEW_TASKS = 12

#: vCPUs and GiB of machines that give their full CPU all the time, by their type.
_MACHINES = {"c7g.large": (2.0, 4.0), "m7g.large": (2.0, 8.0)}
_DISK_GB = 8.0

#: Nodes for Valkey by their type, as shares of what one core of the larger carries.
_NODES = {"cache.t4g.small": 0.1, "cache.m7g.large": 1.0}

Lines = Callable[[float], list[Item]]


def fargate(traffic: Traffic, meter: Meter) -> list[Item]:
    """Containers of the size that is cheapest, paid for all the time."""

    def lines(vcpus: float, gb: float) -> Lines:
        def of(count: float) -> list[Item]:
            hours, what = count * HOURS, f"containers of {vcpus:g} vCPU with {gb:g} GB"
            return [
                *meter.charge("aws fargate vcpu-hour", what, count, units=vcpus * hours),
                *meter.charge("aws fargate gb-hour", "their memory", count, units=gb * hours),
            ]

        return of

    sold = {(vcpus, float(gb)): lines(vcpus, gb) for vcpus, gb in _TASKS}
    return cheapest_servers(traffic, meter, sold, few=_FEW_TASKS)


def ec2(traffic: Traffic, meter: Meter) -> list[Item]:
    """Virtual machines of the type that is cheapest, each with nginx, a disk, a public address."""

    def lines(name: str, vcpus: float, gib: float) -> Lines:
        def of(count: float) -> list[Item]:
            what = f"machines of {vcpus:g} vCPU with {gib:g} GiB ({name})"
            return [
                *meter.charge(f"aws ec2 {name}", what, count, units=count * HOURS),
                *meter.charge("aws ebs gp3", "their disks", count, units=count * _DISK_GB),
                *_addresses(meter, count),
            ]

        return of

    sold = {(vcpus, gib): lines(name, vcpus, gib) for name, (vcpus, gib) in _MACHINES.items()}
    return cheapest_servers(traffic, meter, sold, work=1 + meter.guess("proxy_share"))


def _addresses(meter: Meter, count: float) -> list[Item]:
    return meter.charge("aws public-ipv4 hour", "public addresses", count, units=count * HOURS)


def balancer(traffic: Traffic, meter: Meter) -> list[Item]:
    """An Application Load Balancer, which ends TLS: its hours, its capacity in LCUs, addresses.

    One LCU is the largest of 25 new connections a second, 3,000 active connections, and a GB an
    hour both ways (and 1,000 rule evaluations a second, of which the first ten rules are free). Who
    asks seldom keeps a connection (idle timeouts may be set up to 4,000 s) or comes with a new one
    each time, whichever is cheaper.
    """
    new, polls = connects_per_s(traffic, meter), polls_per_s(traffic)
    ways = [(new, traffic.clients)]
    if traffic.interval_s is not None and traffic.interval_s > _IDLE_S:
        ways.append((new + polls, min(traffic.clients, (new + polls) * _IDLE_S)))
    return cheapest(
        _balanced(
            meter, "alb", "lcu-hour",
            _sizes(traffic, meter, new=anew, new_of_one=25, active=active, active_of_one=3_000),
        )
        for anew, active in ways
    )  # fmt: skip


def network_balancer(traffic: Traffic, meter: Meter) -> list[Item]:
    """A Network Load Balancer that ends TLS: its hours, its capacity in NLCUs, addresses.

    One NLCU of TLS is the largest of 50 new connections a second, 3,000 active ones, and a GB an
    hour both ways; without TLS it would hold 100,000.
    """
    new = connects_per_s(traffic, meter)
    return _balanced(
        meter, "nlb", "nlcu-hour",
        _sizes(traffic, meter, new=new, new_of_one=50, active=traffic.clients, active_of_one=3_000),
    )  # fmt: skip


def _sizes(
    traffic: Traffic,
    meter: Meter,
    *,
    new: float,
    new_of_one: float,
    active: float,
    active_of_one: float,
) -> Mapping[str, tuple[float, float]]:
    """What a balancer may be metered by: in a month, and in units of capacity."""
    bytes_per_s = up_bytes_per_s(traffic, meter) + down_bytes_per_s(traffic, meter)
    return {
        "connections open": (active, active / active_of_one),
        "new connections": (month_of(new), new / new_of_one),
        "bytes both ways": (month_of(bytes_per_s), bytes_per_s * 3_600 / GIB),
    }


def _balanced(
    meter: Meter, product: str, unit: str, sizes: Mapping[str, tuple[float, float]]
) -> list[Item]:
    event = max(sizes, key=lambda name: sizes[name][1])
    events, capacity = sizes[event]
    return [
        *meter.charge(f"aws {product} hour", "balancers", 1, units=HOURS),
        *meter.charge(f"aws {product} {unit}", event, events, units=capacity * HOURS),
        *_addresses(meter, _ZONES),
    ]


def valkey(traffic: Traffic, meter: Meter) -> list[Item]:
    """ElastiCache for Valkey as backplane: pairs of nodes, each a primary and its replica."""
    carries = meter.guess("publishes_per_node")

    def nodes(name: str, share: float) -> list[Item]:
        count = 2 * max(1, math.ceil(traffic.publishes_per_s / (carries * share)))
        what = f"nodes of Valkey ({name})"
        return meter.charge(f"aws valkey {name}", what, count, units=count * HOURS)

    return cheapest(nodes(name, share) for name, share in _NODES.items())


def egress(traffic: Traffic, meter: Meter) -> list[Item]:
    """What the subscribers download, in GB of 2^30 bytes.

    Amazon's own AppSync example makes 5 million times 3 KB 14.3 GB.
    """
    return downloads(traffic, meter, "aws egress data-out", GIB)
