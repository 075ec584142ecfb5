"""From a load and what one server was measured to cost, to the servers that carry it."""

from dataclasses import dataclass, replace

from pushlab.analysis.cost.traffic import Traffic, predicted_traffic
from pushlab.analysis.forecast.calibration import Calibration, Span
from pushlab.analysis.models.formulas import (
    fan_out_latency_s,
    memory_bytes,
    queue_wait_s,
    servers_needed,
)
from pushlab.analysis.models.simulated_queues import simulate_fan_out_s
from pushlab.contract.profile import Profile

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
        cores: CPU seconds a second, of all.
        utilisation: of each server's core.
        connections: of each server.
        memory_bytes: of each server; None if it is not known what a connection needs.
        wait_s, simulated_wait_s: what the server adds to a delivery on average: a queue of Poisson
            arrivals, and the turn of each reader of a channel; infinite where it is full.
        beyond: what of the load lies outside what was measured, in words.
    """

    count: int
    cores: float
    utilisation: float
    connections: float
    memory_bytes: float | None
    bandwidth_bytes_per_s: float
    wait_s: float
    simulated_wait_s: float | None
    beyond: tuple[str, ...]


def sized(
    traffic: Traffic, known: Calibration, *, headroom: float, server_bytes: float
) -> tuple[Traffic, int]:
    """This traffic with the CPU and memory of all its servers, and how many these are.

    Raises:
        UsageError: nothing of a server is left beside its headroom.
    """
    cores, held = known.cores(*traffic.load), None
    count = servers_needed(need=cores, one_has=1.0, headroom=headroom)
    base, each = known.base_bytes, known.bytes_per_connection
    if base is not None and each is not None:
        usable = server_bytes * (1 - headroom) - base
        count = max(count, servers_needed(need=traffic.clients * each, one_has=usable))
        held = memory_bytes(clients=traffic.clients, base_bytes=count * base, each_bytes=each)
    return replace(traffic, cores=cores, memory_bytes=held), count


def size_servers(traffic: Traffic, w: Workload, known: Calibration) -> Servers:
    """The servers for this traffic, as many as its CPU and its memory ask for.

    Raises:
        UsageError: nothing of a server is left beside its headroom.
    """
    traffic, count = sized(traffic, known, headroom=w.headroom, server_bytes=w.server_bytes)
    cores, held = traffic.cores or 0.0, traffic.memory_bytes
    connections = traffic.clients / count
    wait, simulated = _waits(traffic, w, cores, count)
    here = replace(traffic.scaled(connections), channels=1.0)
    return Servers(
        count=count,
        cores=cores,
        utilisation=cores / count,
        connections=connections,
        memory_bytes=None if held is None else held / count,
        bandwidth_bytes_per_s=known.bandwidth_bytes_per_s(*traffic.load[:2], w.payload_bytes),
        wait_s=wait,
        simulated_wait_s=simulated,
        beyond=_beyond(here, w, known),
    )


def _waits(traffic: Traffic, w: Workload, cores: float, count: int) -> tuple[float, float | None]:
    """What one of so many servers adds to a delivery, by closed form and simulated.

    A poll is answered to one reader, a publish to all readers of its channel in turn.
    """
    rate, answers, readers = traffic.hits_per_s / count, traffic.hits_per_s, 1
    if not traffic.profile.asks:
        rate, answers = traffic.publishes_per_s / count, traffic.deliveries_per_s
        readers = max(1, round(w.per_channel))
    if not rate:
        return 0.0, 0.0
    send, told = cores / answers, None
    if 0 < rate * readers * send < 1:  # a queue has an end, and somebody comes
        told = simulate_fan_out_s(
            publishes_per_s=rate,
            clients=readers,
            send_s=send,
            customers=_QUEUE_CUSTOMERS,
            seed=w.seed,
        )
    wait = queue_wait_s(rate_per_s=rate, service_s=readers * send)
    return wait + fan_out_latency_s(clients=readers, send_s=send)[0], told


def _beyond(one: Traffic, w: Workload, known: Calibration) -> tuple[str, ...]:
    """What one server would get, as far as it lies outside what the measured one got."""
    loads: list[tuple[str, float, Span]] = [
        ("connections per server", one.clients, known.clients),
        ("hits/s per server", one.hits_per_s, known.hits_per_s),
        ("deliveries/s per server", one.deliveries_per_s, known.deliveries_per_s),
    ]
    kinds: list[tuple[str, float, Span]] = [
        ("readers per channel", w.per_channel, known.per_channel),
        ("bytes of payload", w.payload_bytes, known.payload_bytes),
    ]
    outside = [load for load in loads if load[1] > load[2].high * _SLACK]
    outside += [kind for kind in kinds if not kind[2].low / 2 <= kind[1] <= kind[2].high * 2]
    return tuple(f"{Span(value, value)} {what} (measured: {span})" for what, value, span in outside)
