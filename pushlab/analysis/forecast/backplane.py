"""What several hubs pay to be one: the hubs' own CPU for it, and the engine that carries it.

A message is given to the backplane by the hub that takes it, and comes to each hub that has a
reader for its channel. The costs are constants, measured by ``python -m benchmarks.backplane --only
costs``; they say what a message of 100 bytes costs on the machine of the other measurements.
"""

import math
from dataclasses import dataclass

from pushlab.analysis.cost.traffic import Traffic
from pushlab.analysis.models.formulas import servers_reached
from pushlab.contract.serving import HubSettings
from pushlab.errors import UsageError

__all__ = ["BACKPLANES", "BackplaneCosts", "BackplaneLoad", "backplane_costs", "backplane_load"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackplaneCosts:
    """CPU seconds a message, and what else it takes.

    Attributes:
        take_s: of the hub that publishes it, beyond what that takes alone.
        follow_s: of each hub that has readers for it, likewise.
        carry_s, hand_s: of the engine: for a publish, and for each hub that it goes to.
        latency_s: added to a delivery on one machine, the median.
        kept_bytes, channel_bytes: of the engine's memory for a message that is kept, beyond its
            payload, and for a channel that keeps any.
        source: where all this is from.
    """

    name: str
    take_s: float
    follow_s: float
    carry_s: float
    hand_s: float
    latency_s: float
    kept_bytes: float
    channel_bytes: float
    source: str

    def hub_s(self, traffic: Traffic, count: float) -> float:
        """CPU seconds a second of each of so many hubs; a hub alone has nobody to tell."""
        if count <= 1:
            return 0.0
        per_hub = traffic.publishes_per_s / count
        return per_hub * self.take_s + per_hub * _reached(traffic, count) * self.follow_s


BACKPLANES = {
    "redis": BackplaneCosts(
        name="redis",
        take_s=60e-6,
        follow_s=23e-6,
        carry_s=76e-6,
        hand_s=3.3e-6,
        latency_s=0.5e-3,
        kept_bytes=43.0,
        channel_bytes=4_400.0,
        source="benchmarks/backplane, 2026-11-30, two cores, Redis 7.0",
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackplaneLoad:
    """What a load makes of it.

    Attributes:
        hub_cores: CPU seconds a second of each hub, for this alone.
        cores: of the engine, which has one core for its commands.
        hubs_per_publish: that a message goes to, on average.
        publishes_per_s: of the service.
        latency_s: as `BackplaneCosts` has it.
        log_bytes: of the engine, if every channel keeps what its rate and the hub's usual retention
            come to.
    """

    name: str
    hub_cores: float
    cores: float
    hubs_per_publish: float
    publishes_per_s: float
    latency_s: float
    log_bytes: float
    source: str


def backplane_costs(name: str) -> BackplaneCosts:
    """The costs of that backplane. Raises UsageError: nobody has measured it."""
    if name not in BACKPLANES:
        known = ", ".join(BACKPLANES)
        raise UsageError(f"--backplane: what {name!r} costs has not been measured (known: {known})")
    return BACKPLANES[name]


def backplane_load(costs: BackplaneCosts, traffic: Traffic, hubs: float) -> BackplaneLoad:
    """What this traffic over so many hubs makes of it."""
    publishes, reached = traffic.publishes_per_s, _reached(traffic, hubs)
    each = costs.carry_s + reached * costs.hand_s
    return BackplaneLoad(
        name=costs.name,
        hub_cores=costs.hub_s(traffic, hubs),
        cores=publishes * each,
        hubs_per_publish=reached,
        publishes_per_s=publishes,
        latency_s=costs.latency_s,
        log_bytes=_kept_bytes(costs, traffic),
        source=costs.source,
    )


def _reached(traffic: Traffic, hubs: float) -> float:
    return servers_reached(servers=hubs, readers=traffic.clients / traffic.channels)


def _kept_bytes(costs: BackplaneCosts, traffic: Traffic) -> float:
    """What all channels keep, and their own share; a channel without messages has gone."""
    settings = HubSettings()
    of_one = traffic.publishes_per_s / traffic.channels * settings.retain_s
    by_bytes = settings.retain_bytes / max(1.0, traffic.payload_bytes)
    kept = min(of_one, settings.retain_messages, by_bytes)
    holding = traffic.channels * -math.expm1(-of_one)
    messages = traffic.channels * kept
    return messages * (traffic.payload_bytes + costs.kept_bytes) + holding * costs.channel_bytes
