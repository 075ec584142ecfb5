"""The same systems simulated, event by event: the second way to every prediction.

It knows nothing of the closed forms. Arrays hold a whole population, so ten million clients take
seconds; where a population has more events than memory, a sample of its clients stands for all, and
says so. The same seed gives the same figures.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pushlab.errors import UsageError

__all__ = ["Simulated", "simulate", "simulate_queue_wait_s"]

Floats = npt.NDArray[np.float64]

_EVENTS = 12_000_000
_CYCLES = 100  # of a client, where the events of so many fit
_PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What a population did, per second of simulated time.

    Attributes:
        clients: of the population; `sampled` of them were simulated.
        hits_per_s, deliveries_per_s: of the whole population.
        wasted: the share of the polls that brought nothing; None for push.
        mean_latency_s, max_latency_s: of the sampled deliveries; None without any.
        percentiles_s: latency by percentile, in per cent.
        messages_per_useful_poll: None for push, or where no poll was useful.
    """

    clients: int
    sampled: int
    hits_per_s: float
    deliveries_per_s: float
    wasted: float | None
    mean_latency_s: float | None
    max_latency_s: float | None
    percentiles_s: dict[float, float]
    messages_per_useful_poll: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Events:
    polls: float
    useful: int | None
    latency_s: Floats


def simulate(
    transport: str,
    *,
    clients: int,
    rate_per_s: float,
    interval_s: float = 1.0,
    hold_s: float = 30.0,
    one_way_s: float = 0.0,
    jitter_s: float = 0.0,
    qos: int = 1,
    seed: int = 1,
) -> Simulated:
    """Simulate a population in which each client gets its own Poisson messages.

    Args:
        rate_per_s: messages per client and second.
        interval_s: of short polling, at a fixed rate with random phases.
        hold_s: the longest hold of a long poll, by the server's clock.
        one_way_s: the network's delay; each transit takes up to `jitter_s` more.
        qos: of MQTT; from 1 on each delivery is acknowledged.

    Raises:
        UsageError: the transport is not known or a value out of range.
    """
    maker = _SYSTEMS.get(transport)
    if maker is None:
        raise UsageError(f"no simulation is known for {transport!r} (known: {', '.join(_SYSTEMS)})")
    if clients < 1 or rate_per_s < 0 or one_way_s < 0 or jitter_s < 0:
        raise UsageError("a simulation needs clients, and no rate or delay below 0")
    if interval_s <= 0 or hold_s <= 0:
        raise UsageError("the poll interval and the hold must be above 0 s")
    rng = np.random.default_rng(seed)
    cycle_s = interval_s if transport == "short-polling" else hold_s
    busiest = max(rate_per_s, 1 / cycle_s)
    span_s = min(_CYCLES * cycle_s, max(cycle_s, _EVENTS / clients / busiest))
    if transport == "short-polling":
        span_s = interval_s * max(1, round(span_s / interval_s))  # whole turns
    sampled = max(1, min(clients, int(_EVENTS / (span_s * busiest))))
    world = _World(rng, sampled, rate_per_s, span_s, interval_s, hold_s, one_way_s, jitter_s, qos)
    events = maker(world)
    return _figures(clients, world, events, polls=transport in ("short-polling", "long-polling"))


@dataclass(frozen=True, slots=True)
class _World:
    rng: np.random.Generator
    clients: int
    rate_per_s: float
    span_s: float
    interval_s: float
    hold_s: float
    one_way_s: float
    jitter_s: float
    qos: int

    def transit_s(self, count: int) -> Floats:
        """One network transit for each of so many messages."""
        delay = np.full(count, self.one_way_s)
        if self.jitter_s:
            delay += self.rng.uniform(0.0, self.jitter_s, count)
        return delay

    def message_count(self) -> int:
        """How many messages come in the span."""
        return int(self.rng.poisson(self.clients * self.rate_per_s * self.span_s))


def _short_polling(world: _World) -> _Events:
    """Each client's polls reach the server at its phase, and then every T; the span is a circle."""
    count, rng, interval = world.message_count(), world.rng, world.interval_s
    phase = rng.uniform(0.0, interval, world.clients)
    owner = rng.integers(0, world.clients, count)
    at = rng.uniform(0.0, world.span_s, count)
    turn = np.ceil((at - phase[owner]) / interval)
    latency = phase[owner] + turn * interval - at + world.transit_s(count)
    turns = round(world.span_s / interval)
    useful = len(np.unique(owner * turns + turn.astype(np.int64) % turns))
    return _Events(polls=world.clients * turns, useful=useful, latency_s=latency)


def _long_polling(world: _World) -> _Events:
    """Each client in turn: the gap after an answer, then held until a message or the hold's end."""
    rng, rate = world.rng, world.rate_per_s
    # The server's last answer to each client: spread out, and a whole hold before what is counted.
    clock = rng.uniform(-2 * world.hold_s, -world.hold_s, world.clients)
    polls = useful = 0
    waits: list[Floats] = []
    end_s = world.span_s
    while len(clock):
        gap = world.transit_s(len(clock)) + world.transit_s(len(clock))
        arrived = rng.poisson(rate * gap)
        asked = clock + gap
        quiet = arrived == 0
        wait = (
            np.minimum(rng.exponential(1 / rate, len(clock)), world.hold_s)
            if rate
            else np.full(len(clock), world.hold_s)
        )
        answered = np.where(quiet, asked + wait, asked)
        counted = (asked >= 0) & (asked < end_s)
        brings = ~quiet | (wait < world.hold_s)
        polls += int(counted.sum())
        useful += int((counted & brings).sum())
        held = int((counted & quiet & brings).sum())
        late = counted & ~quiet
        owner = np.repeat(np.flatnonzero(late), arrived[late])
        waits.append(world.transit_s(held))
        waits.append(rng.uniform(0.0, gap[owner]) + world.transit_s(len(owner)))
        clock = answered[asked < end_s]
    return _Events(polls=polls, useful=useful, latency_s=np.concatenate(waits))


def _push(world: _World) -> _Events:
    """Sent as soon as it is there."""
    return _Events(polls=0, useful=None, latency_s=world.transit_s(world.message_count()))


def _mqtt(world: _World) -> _Events:
    """Sent as soon as it is there, and acknowledged at QoS 1."""
    latency = world.transit_s(world.message_count())
    return _Events(polls=len(latency) if world.qos else 0, useful=None, latency_s=latency)


_SYSTEMS: dict[str, Callable[[_World], _Events]] = {
    "short-polling": _short_polling,
    "long-polling": _long_polling,
    "sse": _push,
    "websocket": _push,
    "mqtt": _mqtt,
}


def _figures(clients: int, world: _World, events: _Events, *, polls: bool) -> Simulated:
    scale = clients / world.clients / world.span_s
    latency, useful = events.latency_s, events.useful
    found = {}
    if len(latency):
        values = np.percentile(latency, _PERCENTILES)
        found = {percent: float(value) for percent, value in zip(_PERCENTILES, values, strict=True)}
    return Simulated(
        clients=clients,
        sampled=world.clients,
        hits_per_s=events.polls * scale,
        deliveries_per_s=len(latency) * scale,
        wasted=1 - (useful or 0) / events.polls if polls and events.polls else None,
        mean_latency_s=float(latency.mean()) if len(latency) else None,
        max_latency_s=float(latency.max()) if len(latency) else None,
        percentiles_s=found,
        messages_per_useful_poll=len(latency) / useful if useful else None,
    )


def simulate_queue_wait_s(
    *, rate_per_s: float, service_s: float, customers: int = 1_000_000, seed: int = 1
) -> float:
    """The mean wait of one server's customers, who come at Poisson times and take `service_s` each.

    Lindley's recursion in closed vector form: what has been worked less what has passed, above its
    running minimum.
    """
    rng = np.random.default_rng(seed)
    between = rng.exponential(1 / rate_per_s, customers - 1)
    drift = np.concatenate([[0.0], np.cumsum(service_s - between)])
    wait = drift - np.minimum.accumulate(drift)
    return float(wait.mean())
