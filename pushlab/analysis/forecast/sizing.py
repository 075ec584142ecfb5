"""From a load and what one server was measured to cost, to the servers that carry it.

How a load divides among servers is in `pushlab.analysis.cost.sizes`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pushlab.analysis.cost.sizes import fewest, load_of_one
from pushlab.analysis.cost.traffic import Traffic, predicted_traffic
from pushlab.analysis.forecast.backplane import (
    BackplaneCosts,
    BackplaneLoad,
    backplane_costs,
    backplane_load,
)
from pushlab.analysis.forecast.calibration import Calibration, Span
from pushlab.analysis.forecast.costs import Within
from pushlab.analysis.models.expected import PERCENTILES
from pushlab.analysis.models.formulas import (
    fan_out_latency_s,
    memory_bytes,
    queue_wait_s,
    servers_needed,
    servers_reached,
)
from pushlab.analysis.models.simulated_queues import simulate_fan_out_s
from pushlab.analysis.trials.costs import Load
from pushlab.contract.profile import Profile
from pushlab.errors import UsageError

__all__ = ["Servers", "Workload", "size_servers", "sized"]

_QUEUE_CUSTOMERS = 200_000
_SLACK = 1.1  # how far above the most that was measured still counts as measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What is asked of a service.

    Attributes:
        rate_per_s: messages that each client gets, per second, at Poisson times.
        interval_s, hold_s, keep_alive_s: in place of what transports declare; None: as they do.
        per_channel: clients that read the same channel.
        headroom: the share of each server that is kept free.
        server_bytes: memory of one server; its CPU is one core, since a hub is one process.
        every_client: simulate them all, not a sample.
        backplane: what several hubs share, such as ``redis``; None: its costs are left out.
    """

    clients: float
    rate_per_s: float
    interval_s: float
    payload_bytes: float
    hold_s: float | None = None
    keep_alive_s: float | None = None
    one_way_s: float = 0.0
    per_channel: float = 1.0
    headroom: float = 0.5
    server_bytes: float = 4 * 2.0**30
    seed: int = 1
    every_client: bool = False
    backplane: str | None = None

    def asked(self, profile: Profile) -> Profile:
        """A transport as it works under this load."""
        return profile.retimed(
            interval_s=self.interval_s, hold_s=self.hold_s, keep_alive_s=self.keep_alive_s
        )

    def traffic(self, profile: Profile) -> Traffic:
        """What it makes a transport do; see `predicted_traffic`."""
        return predicted_traffic(
            self.asked(profile),
            clients=self.clients,
            rate_per_client_per_s=self.rate_per_s,
            payload_bytes=self.payload_bytes,
            one_way_s=self.one_way_s,
            per_channel=self.per_channel,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The servers for a load, as one that was measured.

    Attributes:
        count: how many; infinite where no number is enough, since each must see all publishes.
        cores: CPU seconds a second, of all.
        utilisation: of each server's core.
        connections: of each server; `readers`: of a channel that it has, on average.
        publishes_per_s: that each server sees.
        memory_bytes: of each server; None if it is not known what a connection needs.
        wait_s: what the server adds to a delivery on average: a queue of Poisson arrivals, a
            publish, and the turn of each reader; infinite where it is full.
        simulated_wait_s: the same simulated: ``mean`` and percentiles; empty where it is full.
        beyond: what of the load lies outside what was measured, in words.
        backplane: what the load makes of it; None: it was not asked for, or one hub is enough.
    """

    count: Within
    cores: Within
    utilisation: Within
    connections: float
    readers: float
    publishes_per_s: float
    memory_bytes: float | None
    bandwidth_bytes_per_s: float
    wait_s: float
    simulated_wait_s: Mapping[str, float] = field(default_factory=dict)
    beyond: tuple[str, ...] = ()
    backplane: BackplaneLoad | None = None


def sized(
    traffic: Traffic,
    known: Calibration,
    *,
    headroom: float,
    server_bytes: float,
    backplane: BackplaneCosts | None = None,
) -> tuple[Traffic, float]:
    """This traffic with the CPU and memory of all its servers, and how many these are.

    Raises:
        UsageError: nothing of a server is left beside its headroom.
    """
    count = _count(traffic, known, headroom, server_bytes, backplane, known.costs.value)
    some = count if math.isfinite(count) else 1.0
    busy = known.costs.value(load_of_one(traffic, some)) + _beside(backplane, traffic, some)
    cores, held = busy * some, None
    base, each = known.base_bytes, known.bytes_per_connection
    if base is not None and each is not None:
        held = memory_bytes(clients=traffic.clients, base_bytes=some * base, each_bytes=each)
    return replace(traffic, cores=cores, memory_bytes=held), count


def _count(
    traffic: Traffic,
    known: Calibration,
    headroom: float,
    server_bytes: float,
    backplane: BackplaneCosts | None,
    bound: Callable[[Load], float],
    near: float = 1.0,
) -> float:
    """The fewest servers whose load, by `bound` of what one takes, leaves the headroom free."""
    if headroom >= 1:
        raise UsageError("nothing of a server is left for the work; lower --headroom")
    least = 1
    base, each = known.base_bytes, known.bytes_per_connection
    if base is not None and each is not None:
        usable = server_bytes * (1 - headroom) - base
        least = servers_needed(need=traffic.clients * each, one_has=usable)
    room = 1 - headroom
    most = max(least, math.ceil(traffic.clients))  # more would have nobody to serve

    def enough(count: float) -> bool:
        return bound(load_of_one(traffic, count)) + _beside(backplane, traffic, count) <= room

    return fewest(enough, least, most, near)


def _beside(backplane: BackplaneCosts | None, traffic: Traffic, count: float) -> float:
    """CPU seconds a second that each of so many hubs takes for being one of them."""
    return 0.0 if backplane is None else backplane.hub_s(traffic, count)


def size_servers(traffic: Traffic, w: Workload, known: Calibration) -> Servers:
    """The servers for this traffic, as many as its CPU and its memory ask for.

    Raises:
        UsageError: nothing of a server is left beside its headroom; nobody has measured what this
            backplane costs.
    """
    shared = backplane_costs(w.backplane) if w.backplane else None
    limits = (w.headroom, w.server_bytes, shared)
    traffic, value = sized(
        traffic, known, headroom=w.headroom, server_bytes=w.server_bytes, backplane=shared
    )
    low = high = math.nan
    if known.costs.known:
        bounds = (known.costs.low, known.costs.high)
        low, high = (_count(traffic, known, *limits, bound=bound, near=value) for bound in bounds)
    some = value if math.isfinite(value) else 1.0
    held, one = traffic.memory_bytes, load_of_one(traffic, some)
    busy = known.costs.cores(one).plus(_beside(shared, traffic, some))
    readers = max(1.0, traffic.clients / some / max(1.0, _channels_here(traffic, some)))
    wait, simulated = _waits(traffic, w, known, one, readers)
    return Servers(
        count=Within(value, low, high),
        cores=busy.times(some),
        utilisation=busy,
        connections=one.connections,
        readers=readers,
        publishes_per_s=one.publishes,
        memory_bytes=None if held is None or not math.isfinite(value) else held / some,
        bandwidth_bytes_per_s=known.bandwidth_bytes_per_s(
            traffic.hits_per_s, traffic.deliveries_per_s, w.payload_bytes
        ),
        wait_s=wait,
        simulated_wait_s=simulated,
        beyond=_beyond(one, readers, busy.value, w, known),
        backplane=backplane_load(shared, traffic, some) if shared and some > 1 else None,
    )


def _channels_here(traffic: Traffic, count: float) -> float:
    """How many channels have a reader on one of so many servers."""
    readers = traffic.clients / traffic.channels
    return traffic.channels * servers_reached(servers=count, readers=readers) / count


def _waits(
    traffic: Traffic, w: Workload, known: Calibration, one: Load, readers: float
) -> tuple[float, dict[str, float]]:
    """What one server adds to a delivery, by closed form and simulated.

    A poll at an interval is answered to one reader. A publish goes to all readers of its channel
    in turn: to streams, or as answers to polls that are held.
    """
    cost = known.costs
    publish, delivery = cost.each("publishes").value, cost.each("deliveries").value
    hit = cost.each("hits").value
    if traffic.profile.delivery == "interval-poll":
        rate, turns = one.hits, 1
        send = hit + delivery * one.deliveries / one.hits if one.hits else 0.0
        publish = 0.0
    else:
        rate, turns = one.publishes, max(1, round(readers))
        send = delivery + (hit if traffic.profile.asks else 0.0)
    service = publish + turns * send
    wait = queue_wait_s(rate_per_s=rate, service_s=service)
    told = wait + publish + fan_out_latency_s(clients=turns, send_s=send)[0]
    if not rate * service < 1:  # a queue without an end
        return math.inf, {}
    if not service:
        return 0.0, {"mean": 0.0, **{f"{p:g}": 0.0 for p in PERCENTILES}}
    return told, simulate_fan_out_s(
        publishes_per_s=max(rate, 1e-9),
        clients=turns,
        send_s=send,
        publish_s=publish,
        customers=_QUEUE_CUSTOMERS,
        seed=w.seed,
    )


def _beyond(
    one: Load, readers: float, busy: float, w: Workload, known: Calibration
) -> tuple[str, ...]:
    """What one server would get, as far as it lies outside what the measured one got."""
    loads: list[tuple[str, float, Span]] = [
        ("connections per server", one.connections, known.clients),
        ("hits/s per server", one.hits, known.hits_per_s),
        ("deliveries/s per server", one.deliveries, known.deliveries_per_s),
        ("publishes/s per server", one.publishes, known.publishes_per_s),
        ("of a server's core in use", busy, known.cores),
    ]
    kinds: list[tuple[str, float, Span]] = [
        ("readers per channel of a server", readers, known.per_channel),
        ("bytes of payload", w.payload_bytes, known.payload_bytes),
    ]
    outside = [load for load in loads if load[1] > load[2].high * _SLACK]
    outside += [kind for kind in kinds if not kind[2].low / 2 <= kind[1] <= kind[2].high * 2]
    return tuple(f"{Span(value, value)} {what} (measured: {span})" for what, value, span in outside)
