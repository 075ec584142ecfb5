"""A forecast: what a service for N clients comes to, by closed form and by simulation.

Two independent ways to every figure that needs no server, and with a calibration the servers that
carry it. What lies outside the load that was measured is told.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pushlab.analysis.cost.traffic import Traffic, predicted_traffic
from pushlab.analysis.forecast.calibration import Calibration
from pushlab.analysis.forecast.sizing import Servers, Workload, size_servers
from pushlab.analysis.models.formulas import (
    long_poll_latency_s,
    long_poll_percentile_s,
    messages_per_useful_poll,
    pings_per_s,
    poll_latency_s,
    poll_percentile_s,
    polled_copy_age_s,
    polled_copy_freshness,
    wasted_fraction,
)
from pushlab.analysis.models.simulated_queues import simulate_copy
from pushlab.analysis.models.simulation import simulate

__all__ = ["Expected", "Forecast", "difference", "forecast"]

_PERCENTILES = (50.0, 90.0, 99.0)
_KEEP_ALIVE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a transport does for its clients; None where the figure has no meaning.

    Attributes:
        percentiles_s: latency by percentile in per cent: 50, 90, 99.
        wasted: the share of polls that bring nothing.
        freshness, age_s: of a copy that is polled: the share of time in which it is true, and how
            old what it shows is.
    """

    hits_per_s: float
    deliveries_per_s: float
    mean_latency_s: float | None
    percentiles_s: Mapping[float, float]
    worst_latency_s: float | None
    wasted: float | None = None
    messages_per_useful_poll: float | None = None
    freshness: float | None = None
    age_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One transport under a workload.

    Attributes:
        traffic: for the meters of `pushlab.analysis.cost`.
        sampled: how many clients were simulated.
        servers: None without a calibration of this transport.
    """

    transport: str
    traffic: Traffic
    closed: Expected
    simulated: Expected
    sampled: int
    calibration: Calibration | None = None
    servers: Servers | None = field(default=None)

    @property
    def bandwidth_bytes_per_s(self) -> float:
        """On the subscribers' connections, both ways."""
        return _both_ways(self.traffic)

    def to_json(self) -> dict[str, Any]:
        """Plain values; None for a wait without end."""
        found = asdict(self)
        for way in ("closed", "simulated"):
            shown = found[way]["percentiles_s"]
            found[way]["percentiles_s"] = {f"p{p:g}": value for p, value in shown.items()}
        if self.servers is not None and not math.isfinite(self.servers.wait_s):
            found["servers"]["wait_s"] = None
        return found


def forecast(
    transport: str, workload: Workload, calibration: Calibration | None = None
) -> Forecast:
    """Forecast one transport.

    Raises:
        UsageError: a value is out of range, or no closed form is known for the transport.
    """
    w = workload
    traffic = predicted_traffic(
        transport,
        clients=w.clients,
        rate_per_client_per_s=w.rate_per_s,
        payload_bytes=w.payload_bytes,
        poll_interval_s=w.interval_s,
        hold_s=w.hold_s,
        one_way_s=w.one_way_s,
        per_channel=w.per_channel,
    )
    if transport == "mqtt":
        pings = pings_per_s(rate_per_s=w.rate_per_s, keep_alive_s=_KEEP_ALIVE_S)
        traffic = replace(traffic, hits_per_s=w.clients * (w.rate_per_s + pings))
    simulated, sampled = _simulated(transport, w)
    servers = None
    if calibration is not None:
        servers = size_servers(traffic, w, calibration)
        held, predicted = servers.memory_bytes, _both_ways(traffic)
        factor = servers.bandwidth_bytes_per_s / predicted if predicted else 1.0
        traffic = replace(
            traffic,
            cores=servers.cores,
            memory_bytes=None if held is None else held * servers.count,
            up_bytes_per_s=(traffic.up_bytes_per_s or 0.0) * factor,
            down_bytes_per_s=(traffic.down_bytes_per_s or 0.0) * factor,
        )
    return Forecast(
        transport=transport,
        traffic=traffic,
        closed=_closed(transport, w, traffic),
        simulated=simulated,
        sampled=sampled,
        calibration=calibration,
        servers=servers,
    )


def _both_ways(traffic: Traffic) -> float:
    return (traffic.up_bytes_per_s or 0.0) + (traffic.down_bytes_per_s or 0.0)


def _closed(transport: str, w: Workload, traffic: Traffic) -> Expected:
    told = {"hits_per_s": traffic.hits_per_s, "deliveries_per_s": traffic.deliveries_per_s}
    if transport == "short-polling":
        polled = {"rate_per_s": w.rate_per_s, "interval_s": w.interval_s}
        late = {"interval_s": w.interval_s, "delay_s": w.one_way_s}
        return Expected(
            **told,
            mean_latency_s=poll_latency_s(**late),
            percentiles_s={p: poll_percentile_s(p, **late) for p in _PERCENTILES},
            worst_latency_s=poll_percentile_s(100, **late),
            wasted=wasted_fraction(**polled),
            messages_per_useful_poll=messages_per_useful_poll(**polled),
            freshness=polled_copy_freshness(**polled),
            age_s=polled_copy_age_s(**polled),
        )
    if transport == "long-polling":
        held = {"rate_per_s": w.rate_per_s, "delay_s": w.one_way_s, "hold_s": w.hold_s}
        return Expected(
            **told,
            mean_latency_s=long_poll_latency_s(**held),
            percentiles_s={p: long_poll_percentile_s(p, **held) for p in _PERCENTILES},
            worst_latency_s=long_poll_percentile_s(100, **held),
            wasted=_expired(traffic, w),
        )
    return Expected(
        **told,
        mean_latency_s=w.one_way_s,
        percentiles_s=dict.fromkeys(_PERCENTILES, w.one_way_s),
        worst_latency_s=w.one_way_s,
    )


def _expired(traffic: Traffic, w: Workload) -> float:
    """The share of long polls that end empty: nothing in the gap, and nothing in the hold."""
    return wasted_fraction(rate_per_s=w.rate_per_s, interval_s=w.hold_s + 2 * w.one_way_s)


def _simulated(transport: str, w: Workload) -> tuple[Expected, int]:
    more: dict[str, Any] = {"events": None} if w.every_client else {}
    told = simulate(
        transport,
        clients=w.clients,
        rate_per_s=w.rate_per_s,
        interval_s=w.interval_s,
        hold_s=w.hold_s,
        one_way_s=w.one_way_s,
        keep_alive_s=_KEEP_ALIVE_S if transport == "mqtt" else 0.0,
        seed=w.seed,
        **more,
    )
    fresh, age = None, None
    asks_by_clock = transport == "short-polling"
    if asks_by_clock:
        fresh, age = simulate_copy(rate_per_s=w.rate_per_s, interval_s=w.interval_s, seed=w.seed)
    return Expected(
        hits_per_s=told.hits_per_s,
        deliveries_per_s=told.deliveries_per_s,
        mean_latency_s=told.mean_latency_s,
        percentiles_s={p: told.percentiles_s[p] for p in _PERCENTILES if p in told.percentiles_s},
        worst_latency_s=told.max_latency_s,
        wasted=told.wasted,
        messages_per_useful_poll=told.messages_per_useful_poll if asks_by_clock else None,
        freshness=fresh,
        age_s=age,
    ), told.sampled


def difference(closed: float | None, simulated: float | None) -> float | None:
    """How far a simulated figure is from its closed form, as a share; None without both."""
    if closed is None or simulated is None or not closed:
        return None
    return simulated / closed - 1
