"""The same systems simulated, event by event: the second way to every prediction.

It knows nothing of the closed forms. Arrays hold a whole population, so ten million clients take
seconds. Clients do not know of each other, so a sample of them stands for all where so many events
are enough; the figures say how many were simulated. The same seed gives the same figures.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pushlab.analysis.models.expected import PERCENTILES, Expected
from pushlab.contract.profile import Profile
from pushlab.errors import UsageError

__all__ = ["EVENTS", "Simulated", "simulate"]

Floats = npt.NDArray[np.float64]

#: How many events are simulated unless asked otherwise.
EVENTS = 2_000_000
_CYCLES = 100  # of a client, where the events of so many fit
_LEAST_CYCLES = 2
_QUEUE_CYCLES = 2_000  # where messages queue, which takes long to even out: fewer clients instead
_SETTLING = 4  # cycles before the counted time, in which long polls forget how they began
_QUIET_S = 30.0  # a cycle of clients that never speak
_SAME_MOMENT = 1e-9  # of a period: what rounding may take from a moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated(Expected):
    """What a population did, per second of simulated time; latencies are None without a delivery.

    Attributes:
        clients: of the population; `sampled` of them were simulated.
    """

    clients: int
    sampled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Events:
    polls: float
    useful: int | None
    latency_s: Floats


def simulate(
    profile: Profile,
    *,
    clients: int,
    rate_per_s: float,
    one_way_s: float = 0.0,
    up_s: float | None = None,
    jitter_s: float = 0.0,
    paced: bool = False,
    seed: int = 1,
    events: int | None = EVENTS,
) -> Simulated:
    """Simulate a population in which each client gets its own messages, at Poisson times.

    Args:
        profile: with the timers in force: interval, hold (by the server's clock), keep-alive. The
            phases of polls are random.
        rate_per_s: messages per client and second.
        one_way_s: the network's delay; each transit takes up to `jitter_s` more.
        up_s: the delay from client to server, if it is another.
        paced: messages come at a steady pace, each client's from a moment of its own.
        events: about how many to simulate: so many clients are sampled. None: every client.

    Raises:
        UsageError: no closed form is known for the transport, or a value is out of range.
    """
    if not profile.has_closed_form:
        raise UsageError(f"no simulation is known for {profile.title}")
    up_s = one_way_s if up_s is None else up_s
    if clients < 1 or rate_per_s < 0 or min(one_way_s, up_s, jitter_s) < 0:
        raise UsageError("a simulation needs clients, and no rate or delay below 0")
    cycle_s = _cycle_s(profile, rate_per_s, one_way_s + up_s, jitter_s)
    busiest = max(rate_per_s, 1 / cycle_s)
    most = EVENTS if events is None else events
    least = _QUEUE_CYCLES if profile.messages_per_answer else _LEAST_CYCLES
    span_s = max(least * cycle_s, min(_CYCLES * cycle_s, most / clients / busiest))
    if profile.delivery == "interval-poll":
        span_s = cycle_s * max(1, round(span_s / cycle_s))  # whole turns
    world = _World(
        profile=profile,
        rng=np.random.default_rng(seed),
        clients=clients if events is None else max(1, min(clients, int(most / (span_s * busiest)))),
        rate_per_s=rate_per_s,
        paced=paced,
        span_s=span_s,
        cycle_s=cycle_s,
        ways_s=(one_way_s, up_s),
        jitter_s=jitter_s,
    )
    maker = _one_by_one if profile.messages_per_answer else _SYSTEMS[profile.delivery]
    return _figures(clients, world, maker(world))


def _cycle_s(profile: Profile, rate_per_s: float, round_s: float, jitter_s: float) -> float:
    """From one thing that a client does to the next."""
    timers = profile.timers
    if profile.delivery == "interval-poll":
        return _beat_s(timers.interval_s, round_s, pause=profile.pause)
    silence_s = timers.hold_s or profile.client_keep_alive_s or _QUIET_S
    return min(silence_s, 1 / rate_per_s if rate_per_s else silence_s) + round_s + jitter_s


def _beat_s(interval_s: float, round_s: float, *, pause: bool) -> float:
    """The time between two polls of one client that has one under way at a time, by trying."""
    now = due = 0.0
    asked = []
    for _ in range(8):
        asked.append(now)
        answered = now + round_s
        if pause:
            now = answered + interval_s
            continue
        due += interval_s * max(1, np.ceil((answered - due) / interval_s - _SAME_MOMENT))
        now = due
    return float(asked[-1] - asked[-2])


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    profile: Profile
    rng: np.random.Generator
    clients: int
    rate_per_s: float
    paced: bool
    span_s: float
    cycle_s: float
    ways_s: tuple[float, float]
    jitter_s: float

    def transit_s(self, count: int, *, up: bool = False) -> Floats:
        """One network transit for each of so many messages."""
        delay = np.full(count, self.ways_s[up])
        if self.jitter_s:
            delay += self.rng.uniform(0.0, self.jitter_s, count)
        return delay

    def messages(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """Whose each message of the span is, and when it comes."""
        if self.paced and self.rate_per_s:
            each = int(np.ceil(self.span_s * self.rate_per_s))
            first = self.rng.uniform(0.0, 1 / self.rate_per_s, self.clients)
            at = (first[:, None] + np.arange(each) / self.rate_per_s).ravel()
            owner = np.repeat(np.arange(self.clients), each)
            return owner[at < self.span_s], at[at < self.span_s]
        count = int(self.rng.poisson(self.clients * self.rate_per_s * self.span_s))
        return (
            self.rng.integers(0, self.clients, count),
            self.rng.uniform(0.0, self.span_s, count),
        )


def _interval_polls(world: _World) -> _Events:
    """Each client's polls reach the server at its phase, and then every T; the span is a circle."""
    interval = world.cycle_s
    owner, at = world.messages()
    phase = world.rng.uniform(0.0, interval, world.clients)
    turn = np.ceil((at - phase[owner]) / interval)
    latency = phase[owner] + turn * interval - at + world.transit_s(len(at))
    turns = round(world.span_s / interval)
    fetched = np.zeros(world.clients * turns, bool)
    fetched[owner * turns + turn.astype(np.int64) % turns] = True
    return _Events(
        polls=world.clients * turns, useful=int(np.count_nonzero(fetched)), latency_s=latency
    )


def _one_by_one(world: _World) -> _Events:
    """As short polling, but a poll fetches one message, and what is behind it waits its turn.

    Where more come than are fetched the queues have no end, and the latencies mean nothing.
    """
    interval = world.cycle_s
    owner, at = world.messages()
    order = np.lexsort((at, owner))
    owner, at = owner[order], at[order]
    phase = world.rng.uniform(0.0, interval, world.clients)
    turns = round(world.span_s / interval)
    turn = np.ceil((at - phase[owner]) / interval).astype(np.int64)
    # Twice around the circle: the second time begins with the queues that the first has left.
    laps = np.argsort(np.concatenate((owner, owner)), kind="stable")
    whose = np.concatenate((owner, owner))[laps]
    due = np.concatenate((turn - turns, turn))[laps]
    place = np.arange(len(whose)) - np.searchsorted(whose, whose)
    apart = whose * (4 * turns + 2 * len(whose) + 4)  # so that no client's queue meets another's
    fetched = np.maximum.accumulate(due - place + apart) - apart + place
    counted = laps >= len(owner)
    latency = phase[owner] + fetched[counted] * interval - at + world.transit_s(len(at))
    polls = world.clients * turns
    return _Events(polls=polls, useful=min(len(at), polls), latency_s=latency)


def _held_polls(world: _World) -> _Events:
    """Each client in turn: the gap after an answer, then held until a message or the hold's end."""
    rng, end_s, hold_s = world.rng, world.span_s, world.profile.timers.hold_s
    # The server's last answer to each client: spread out, and some cycles before what is counted.
    clock = rng.uniform(-_SETTLING - 1, -_SETTLING, world.clients) * world.cycle_s
    beat = _Beat(world) if world.paced and world.rate_per_s else None
    polls = useful = 0
    waits: list[Floats] = []
    while len(clock):
        gap = world.transit_s(len(clock)) + world.transit_s(len(clock), up=True)
        asked = clock + gap
        if beat is not None:
            arrived, wait = beat.since(clock, asked)
        elif world.rate_per_s:
            arrived = rng.poisson(world.rate_per_s * gap)
            wait = rng.exponential(1 / world.rate_per_s, len(clock))
        else:
            arrived, wait = np.zeros(len(clock), np.int64), np.full(len(clock), np.inf)
        quiet, met = arrived == 0, wait < hold_s
        counted = (asked >= 0) & (asked < end_s)
        polls += int(counted.sum())
        useful += int((counted & (met | ~quiet)).sum())
        waits.append(world.transit_s(int((counted & quiet & met).sum())))
        late = np.flatnonzero(counted & ~quiet)
        if beat is None:
            waited = rng.uniform(0.0, np.repeat(gap[late], arrived[late]))
        else:
            waited = beat.waited_s(asked, late, arrived[late])
        waits.append(waited + world.transit_s(len(waited)))
        ongoing = asked < end_s
        clock = np.where(quiet, asked + np.minimum(wait, hold_s), asked)[ongoing]
        if beat is not None:
            beat.keep(ongoing)
    return _Events(polls=polls, useful=useful, latency_s=np.concatenate(waits))


class _Beat:
    """Messages that come to each client at a steady pace."""

    def __init__(self, world: _World) -> None:
        self._period_s = 1 / world.rate_per_s
        self._first_s = world.rng.uniform(0.0, self._period_s, world.clients)

    def _number(self, at: Floats) -> Floats:
        """How many have come to each client until `at`, counted from its first."""
        return np.floor((at - self._first_s) / self._period_s + _SAME_MOMENT)

    def since(self, begin: Floats, end: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
        """How many came to each client between, and how long from `end` to its next one."""
        there = self._number(end)
        wait = self._first_s + (there + 1) * self._period_s - end
        return (there - self._number(begin)).astype(np.int64), wait

    def waited_s(
        self, asked: Floats, late: npt.NDArray[np.int64], arrived: npt.NDArray[np.int64]
    ) -> Floats:
        """How long each message that came in a gap has waited for the request."""
        last = (self._first_s + self._number(asked) * self._period_s)[late]
        place = np.arange(arrived.sum()) - np.repeat(np.cumsum(arrived) - arrived, arrived)
        return np.repeat(asked[late] - last, arrived) + place * self._period_s

    def keep(self, ongoing: npt.NDArray[np.bool_]) -> None:
        """Forget the clients whose time is over."""
        self._first_s = self._first_s[ongoing]


def _stream(world: _World) -> _Events:
    """Sent as soon as it is there, and acknowledged; a client that was silent for long pings."""
    keep_alive_s, each = world.profile.client_keep_alive_s, world.profile.acks
    if not keep_alive_s or not each:
        _, at = world.messages()
        pings = world.clients * world.span_s / keep_alive_s if keep_alive_s else 0.0
        polls = len(at) * each + pings
        return _Events(polls=polls, useful=None, latency_s=world.transit_s(len(at)))
    rng, end_s = world.rng, world.span_s
    clock = rng.uniform(-_SETTLING - 1, -_SETTLING, world.clients) * world.cycle_s
    beat = _Beat(world) if world.paced and world.rate_per_s else None
    acks = pings = 0
    while len(clock):
        if beat is not None:
            _, wait = beat.since(clock, clock)
        elif world.rate_per_s:
            wait = rng.exponential(1 / world.rate_per_s, len(clock))
        else:
            wait = np.full(len(clock), np.inf)
        met = wait < keep_alive_s
        clock = clock + np.minimum(wait, keep_alive_s)
        counted = (clock >= 0) & (clock < end_s)
        acks += int((counted & met).sum())
        pings += int((counted & ~met).sum())
        ongoing = clock < end_s
        clock = clock[ongoing]
        if beat is not None:
            beat.keep(ongoing)
    return _Events(polls=acks * each + pings, useful=None, latency_s=world.transit_s(acks))


_SYSTEMS: dict[str, Callable[[_World], _Events]] = {
    "interval-poll": _interval_polls,
    "held-poll": _held_polls,
    "stream": _stream,
}


def _figures(clients: int, world: _World, events: _Events) -> Simulated:
    scale = clients / world.clients / world.span_s
    latency, useful = events.latency_s, events.useful
    found = {}
    if len(latency):
        values = np.percentile(latency, PERCENTILES)
        found = dict(zip(PERCENTILES, values.tolist(), strict=True))
    return Simulated(
        clients=clients,
        sampled=world.clients,
        hits_per_s=events.polls * scale,
        deliveries_per_s=len(latency) * scale,
        wasted=None if useful is None or not events.polls else 1 - useful / events.polls,
        mean_latency_s=float(latency.mean()) if len(latency) else None,
        worst_latency_s=float(latency.max()) if len(latency) else None,
        percentiles_s=found,
        messages_per_useful_poll=len(latency) / useful if useful else None,
    )
