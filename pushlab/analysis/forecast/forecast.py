"""A forecast: what a service for N clients comes to, by closed form and by simulation.

Two independent ways to every figure that needs no server, and with a calibration the servers that
carry it. What lies outside the load that was measured is told.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, NamedTuple, TypeVar

from pushlab.analysis.cost.traffic import Traffic
from pushlab.analysis.forecast.calibration import Calibration, Span
from pushlab.analysis.forecast.sizing import Servers, Workload, size_servers
from pushlab.analysis.models.expected import PERCENTILES, Expected
from pushlab.analysis.models.formulas import (
    long_poll_latency_s,
    long_poll_percentile_s,
    messages_per_useful_poll,
    one_by_one_poll_latency_s,
    poll_cycle_s,
    poll_latency_s,
    poll_percentile_s,
    polled_copy_age_s,
    polled_copy_freshness,
    wasted_fraction,
)
from pushlab.analysis.models.simulated_queues import simulate_copy
from pushlab.analysis.models.simulation import EVENTS, Simulated, simulate
from pushlab.analysis.trials.costs import Load
from pushlab.contract.profile import Profile

__all__ = ["Forecast", "difference", "forecast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One transport under a workload.

    Attributes:
        traffic: for the meters of `pushlab.analysis.cost`.
        closed, simulated: latencies with what servers add, where these were measured; else of the
            way alone, and None where there is none.
        servers: None without a calibration of this transport.
    """

    traffic: Traffic
    closed: Expected
    simulated: Simulated
    calibration: Calibration | None = None
    servers: Servers | None = None

    @property
    def transport(self) -> str:
        """Its name."""
        return self.traffic.transport

    @property
    def sampled(self) -> int:
        """How many clients were simulated."""
        return self.simulated.sampled

    def to_json(self) -> dict[str, Any]:
        """Plain values; None for a wait without end."""
        found: dict[str, Any] = {
            "transport": self.transport,
            "traffic": self.traffic.to_json(),
            "closed": asdict(self.closed),
            "simulated": asdict(self.simulated),
            "servers": None if self.servers is None else _finite(asdict(self.servers)),
            "calibration": None if self.calibration is None else _told(self.calibration),
        }
        del found["simulated"]["clients"]
        found["sampled"] = found["simulated"].pop("sampled")
        for way in ("closed", "simulated"):
            shown = found[way]["percentiles_s"]
            found[way]["percentiles_s"] = {f"p{p:g}": value for p, value in shown.items()}
        return found


def forecast(
    profile: Profile, workload: Workload, calibration: Calibration | None = None
) -> Forecast:
    """Forecast one transport; the workload's timers go before its own.

    Raises:
        UsageError: a value is out of range, or no closed form is known for the transport.
    """
    w = workload
    profile, traffic = w.asked(profile), w.traffic(profile)
    servers = None
    if calibration is not None:
        servers = size_servers(traffic, w, calibration)
        held, predicted = servers.memory_bytes, traffic.bytes_per_s
        factor = servers.bandwidth_bytes_per_s / predicted if predicted else 1.0
        traffic = replace(
            traffic,
            cores=servers.cores.value if math.isfinite(servers.count.value) else None,
            memory_bytes=None if held is None else held * servers.count.value,
            up_bytes_per_s=(traffic.up_bytes_per_s or 0.0) * factor,
            down_bytes_per_s=(traffic.down_bytes_per_s or 0.0) * factor,
        )
    added = _added(profile, w, calibration, servers)
    return Forecast(
        traffic=traffic,
        closed=_with_server(_closed(profile, w, traffic), added),
        simulated=_with_server(_simulated(profile, w), added),
        calibration=calibration,
        servers=servers,
    )


def _closed(profile: Profile, w: Workload, traffic: Traffic) -> Expected:
    told = {"hits_per_s": traffic.hits_per_s, "deliveries_per_s": traffic.deliveries_per_s}
    if profile.delivery == "interval-poll":
        return _interval_polls(profile, w, told)
    if profile.delivery == "held-poll":
        hold_s = profile.timers.hold_s
        held = {"rate_per_s": w.rate_per_s, "delay_s": w.one_way_s, "hold_s": hold_s}
        return Expected(
            **told,
            mean_latency_s=long_poll_latency_s(**held),
            percentiles_s={p: long_poll_percentile_s(p, **held) for p in PERCENTILES},
            worst_latency_s=long_poll_percentile_s(100, **held),
            # the share that ends empty: nothing in the gap, and nothing in the hold
            wasted=wasted_fraction(rate_per_s=w.rate_per_s, interval_s=hold_s + 2 * w.one_way_s),
        )
    return Expected(
        **told,
        mean_latency_s=w.one_way_s,
        percentiles_s=dict.fromkeys(PERCENTILES, w.one_way_s),
        worst_latency_s=w.one_way_s,
    )


def _interval_polls(profile: Profile, w: Workload, told: Mapping[str, float]) -> Expected:
    cycle_s = poll_cycle_s(
        interval_s=profile.timers.interval_s, round_trip_s=2 * w.one_way_s, pause=profile.pause
    )
    polled = {"rate_per_s": w.rate_per_s, "interval_s": cycle_s}
    if profile.messages_per_answer:
        return Expected(
            **told,
            mean_latency_s=one_by_one_poll_latency_s(
                rate_per_s=w.rate_per_s, cycle_s=cycle_s, delay_s=w.one_way_s
            )
            if w.rate_per_s * cycle_s < 1
            else None,  # the queue has no end
            percentiles_s={},
            worst_latency_s=None,
            wasted=max(0.0, 1 - w.rate_per_s * cycle_s),
            messages_per_useful_poll=1.0,
        )
    late = {"interval_s": cycle_s, "delay_s": w.one_way_s}
    return Expected(
        **told,
        mean_latency_s=poll_latency_s(**late),
        percentiles_s={p: poll_percentile_s(p, **late) for p in PERCENTILES},
        worst_latency_s=poll_percentile_s(100, **late),
        wasted=wasted_fraction(**polled),
        messages_per_useful_poll=messages_per_useful_poll(**polled),
        freshness=polled_copy_freshness(**polled),
        age_s=polled_copy_age_s(**polled),
    )


def _simulated(profile: Profile, w: Workload) -> Simulated:
    told = simulate(
        profile,
        clients=int(w.clients),
        rate_per_s=w.rate_per_s,
        one_way_s=w.one_way_s,
        seed=w.seed,
        events=None if w.every_client else EVENTS,
    )
    if profile.delivery != "interval-poll":
        return replace(told, messages_per_useful_poll=None)
    if profile.messages_per_answer:
        if w.rate_per_s * w.clients < told.hits_per_s:
            return told
        return replace(told, mean_latency_s=None, percentiles_s={}, worst_latency_s=None)
    interval_s = w.clients / told.hits_per_s
    fresh, age = simulate_copy(rate_per_s=w.rate_per_s, interval_s=interval_s, seed=w.seed)
    return replace(told, freshness=fresh, age_s=age)


class _Added(NamedTuple):
    """What the harness's floor and the server add to a latency: by closed form, and simulated.

    Not known: None, and empty. `waits`: it is far less than the wait for the next poll.
    """

    mean_s: float | None
    simulated_s: Mapping[str, float]
    waits: bool


def _added(
    profile: Profile, w: Workload, known: Calibration | None, servers: Servers | None
) -> _Added | None:
    """None where it is left out: not measured, and not all that there is."""
    waits = profile.delivery == "interval-poll"
    if known is None or servers is None:
        return None if waits or w.one_way_s else _Added(None, {}, waits)
    floor, full = known.floor_s, not math.isfinite(servers.wait_s)
    way = servers.backplane.latency_s if servers.backplane else 0.0
    told = {k: v + floor.get(k, 0.0) + way for k, v in servers.simulated_wait_s.items()}
    return _Added(None if full else servers.wait_s + floor.get("mean", 0.0) + way, told, waits)


_Way = TypeVar("_Way", bound=Expected)


def _with_server(way: _Way, added: _Added | None) -> _Way:
    """The same with what the server adds; its percentiles are simulated, or left out."""
    if added is None:
        return way
    simulated, mean_s = isinstance(way, Simulated), way.mean_latency_s
    more = added.simulated_s.get("mean") if simulated else added.mean_s
    late = dict[float, float]()
    if added.waits and more is not None:
        late = {p: value + more for p, value in way.percentiles_s.items()}
    elif simulated and added.simulated_s:
        late = {p: value + added.simulated_s[f"{p:g}"] for p, value in way.percentiles_s.items()}
    return replace(
        way,
        mean_latency_s=None if mean_s is None or more is None else mean_s + more,
        percentiles_s=late,
        worst_latency_s=None,
    )


def _told(known: Calibration) -> dict[str, Any]:
    """A calibration in plain values."""
    told = {f.name: getattr(known, f.name) for f in fields(known) if f.name != "costs"}
    told = {k: asdict(v) if isinstance(v, Span) else v for k, v in told.items()}
    costs = {k: _finite(asdict(known.costs.each(k))) for k in Load.__slots__}
    return {**told, "cpu_s_per": costs}


def _finite(told: dict[str, Any]) -> dict[str, Any]:
    """None for what has no end, or is not known."""
    plain = dict[str, Any]()
    for name, value in told.items():
        if isinstance(value, dict):
            plain[name] = _finite(value)
        else:
            endless = isinstance(value, float) and not math.isfinite(value)
            plain[name] = None if endless else value
    return plain


def difference(closed: float | None, simulated: float | None) -> float | None:
    """How far a simulated figure is from its closed form, as a share; None without both."""
    if closed is None or simulated is None or not closed:
        return None
    return simulated / closed - 1
