"""What closed forms say, before anything is measured: hits and mean latency of each transport.

Symbols: lam = messages per second on a channel, T = poll interval, P = pause after a response,
d = one-way delay from server to client, u = the other way, s = service time, g = gap between a
response and the next request (u + d), W = the longest hold of a long poll, x = how long the link
needs to carry one delivery. All times in seconds.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from pushlab.runs import TrialRecord

__all__ = [
    "Prediction",
    "answered_interval_s",
    "long_poll_latency_s",
    "long_poll_requests_per_s",
    "messages_per_useful_poll",
    "paced_long_poll_requests_per_s",
    "pause_poll_latency_s",
    "poll_latency_s",
    "predict",
    "queue_wait_s",
    "wasted_fraction",
]


def poll_latency_s(*, interval_s: float, delay_s: float) -> float:
    """F1: mean latency of polling at a fixed rate, T/2 + d."""
    return interval_s / 2 + delay_s


def pause_poll_latency_s(*, pause_s: float, delay_s: float, service_s: float = 0.0) -> float:
    """F2: mean latency of polling with a pause after each response, (P+2d+s)/2 + s + d."""
    return (pause_s + 2 * delay_s + service_s) / 2 + service_s + delay_s


def answered_interval_s(*, interval_s: float, round_trip_s: float) -> float:
    """T': the interval of polls at a fixed rate where answers take longer, T ceil((u+d)/T).

    One request is under way at a time: those that fall due meanwhile are left out.
    """
    return interval_s * max(1, math.ceil(round_trip_s / interval_s))


def queue_wait_s(*, rate_per_s: float, transfer_s: float) -> float:
    """F7: mean wait for a link that carries one message after another, lam x^2 / (2 (1 - lam x)).

    Poisson arrivals, each needing the same time x: Pollaczek and Khinchine's mean for M/D/1.
    """
    return rate_per_s * transfer_s**2 / (2 * (1 - rate_per_s * transfer_s))


def wasted_fraction(*, rate_per_s: float, interval_s: float) -> float:
    """F3: the fraction of polls that find nothing under Poisson arrivals, exp(-lam T)."""
    return math.exp(-rate_per_s * interval_s)


def messages_per_useful_poll(*, rate_per_s: float, interval_s: float) -> float:
    """F4: messages per non-empty response under Poisson arrivals, lam T / (1 - exp(-lam T))."""
    load = rate_per_s * interval_s
    return 1.0 if load == 0 else load / -math.expm1(-load)


def _long_poll_cycle_s(rate_per_s: float, gap_s: float, hold_s: float) -> float:
    """C: mean time from one request to the next, g + exp(-lam g)(1 - exp(-lam W))/lam."""
    if rate_per_s == 0:
        return gap_s + hold_s
    held = math.exp(-rate_per_s * gap_s) * -math.expm1(-rate_per_s * hold_s) / rate_per_s
    return gap_s + held


def long_poll_requests_per_s(*, rate_per_s: float, gap_s: float, hold_s: float) -> float:
    """F5: requests per second and client under Poisson arrivals, 1/C."""
    return 1 / _long_poll_cycle_s(rate_per_s, gap_s, hold_s)


def long_poll_latency_s(
    *, rate_per_s: float, delay_s: float, gap_s: float | None = None, hold_s: float = 30.0
) -> float:
    """F6: mean latency under Poisson arrivals, d + g^2/(2C), with g = 2d unless given."""
    gap = 2 * delay_s if gap_s is None else gap_s
    return delay_s + gap**2 / (2 * _long_poll_cycle_s(rate_per_s, gap, hold_s))


def paced_long_poll_requests_per_s(*, rate_per_s: float, gap_s: float, hold_s: float) -> float:
    """Requests per second and client when messages come every p = 1/lam seconds.

    One response per message, and one more for each hold that expires between two messages; at
    most one request per gap. (The deterministic counterpart of F5.)
    """
    if rate_per_s == 0:
        return 1 / (gap_s + hold_s)
    period = 1 / rate_per_s
    if period <= gap_s:
        return 1 / gap_s
    expiries = math.ceil(period / (gap_s + hold_s)) - 1
    return rate_per_s * (1 + expiries)


@dataclass(frozen=True, slots=True)
class Prediction:
    """Hits in the measured window, mean latency, and how long connecting takes over a link.

    None where no closed form exists.
    """

    hits: float | None
    mean_latency_s: float | None
    formula_hits: str
    formula_latency: str
    hits_setup: float | None = None
    connect_s: float | None = None
    formula_connect: str = "none: without a way to go it depends on the machine"

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        return {name: getattr(self, name) for name in self.__slots__}


def predict(
    trial: TrialRecord,
    *,
    delay_s: float = 0.0,
    rate_per_channel: float | None = None,
    delivered: int = 0,
) -> Prediction:
    """The prediction for one trial.

    Args:
        delay_s: what a delivery takes on loopback, the mean latency of the null transport; the
            trial's link comes on top of it.
        rate_per_channel: lam as the schedule has it in the measured window, which random arrivals
            scatter around the rate that was asked for; None takes the latter.
        delivered: how many deliveries the trial's bytes were for; with it and a link of limited
            bandwidth, the time that the link needs to carry them is taken into account.
    """
    maker = _PREDICTIONS.get(trial.transport)
    if maker is None:
        return Prediction(None, None, "no closed form is known", "no closed form is known")
    lam = trial.rate_per_channel if rate_per_channel is None else rate_per_channel
    prediction = maker(trial, lam, _ways(trial, delay_s, delivered))
    return dataclasses.replace(prediction, **_connecting(trial))


@dataclass(frozen=True, slots=True)
class _Ways:
    """How long bytes take: `down_s` is d, `up_s` is u, `transfer_s` is x, a part of d."""

    down_s: float
    up_s: float
    transfer_s: float

    @property
    def round_trip_s(self) -> float:
        return self.down_s + self.up_s


def _ways(trial: TrialRecord, delay_s: float, delivered: int) -> _Ways:
    """The ways of one trial, with the mean size of what was asked and brought."""
    swarm, link = trial.swarm, trial.link
    way_s = delay_s + link.one_way_s
    if swarm is None or not link.kbit_per_s:
        return _Ways(way_s, way_s, 0.0)
    if trial.transport in _ASKING:
        asked = max(1, sum(swarm.hits.values()))
        request_s = link.transfer_s(swarm.bytes_out / asked)
        answer_s = link.transfer_s(swarm.bytes_in / asked)
        return _Ways(way_s + answer_s, way_s + request_s, answer_s)
    each_s = link.transfer_s(swarm.bytes_in / delivered) if delivered else 0.0
    return _Ways(way_s + each_s, way_s, each_s)


def _connecting(trial: TrialRecord) -> dict[str, Any]:
    """Round trips from the wish for a connection to the server's word that it stands."""
    link = trial.link
    if not link.one_way_ms or link.kbit_per_s:
        return {}
    steps = ["TCP", *(["TLS"] if trial.tls else []), *_GREETINGS.get(trial.transport, ["request"])]
    return {
        "connect_s": 2 * link.one_way_s * len(steps),
        "formula_connect": f"{len(steps)} round trips: {', '.join(steps)}",
    }


def _short_polling(trial: TrialRecord, lam: float, ways: _Ways) -> Prediction:
    options = trial.options
    interval = float(options.get("interval_s", 1.0))
    if options.get("clock", "fixed") == "pause":
        cycle = interval + ways.round_trip_s
        texts = ("clients x duration / (P + u + d)", "(P + u + d)/2 + d (F2)")
    else:
        cycle = answered_interval_s(interval_s=interval, round_trip_s=ways.round_trip_s)
        texts = ("clients x duration / T", "T/2 + d (F1)")
        if cycle > interval:
            texts = ("clients x duration / T', T' = T ceil((u + d)/T)", "T'/2 + d (F1)")
    hits = trial.clients * trial.duration_s / cycle
    latency: float | None = poll_latency_s(interval_s=cycle, delay_s=ways.down_s)
    if not options.get("random_phase", True):
        latency, texts = None, (texts[0], "none: without random phases it depends on the schedule")
    return Prediction(hits, latency, *texts)


def _long_polling(trial: TrialRecord, lam: float, ways: _Ways) -> Prediction:
    hold, gap, d = float(trial.options.get("hold_s", 30.0)), ways.round_trip_s, ways.down_s
    if trial.arrivals == "poisson":
        hits = long_poll_requests_per_s(rate_per_s=lam, gap_s=gap, hold_s=hold)
        return Prediction(
            trial.clients * trial.duration_s * hits,
            long_poll_latency_s(rate_per_s=lam, delay_s=d, gap_s=gap, hold_s=hold),
            "clients x duration / C, C = g + exp(-lam g)(1 - exp(-lam W))/lam, g = u + d (F5)",
            "d + g^2/(2C), g = u + d (F6)",
        )
    if trial.arrivals == "constant":
        hits = paced_long_poll_requests_per_s(rate_per_s=lam, gap_s=gap, hold_s=hold)
        met = lam == 0 or 1 / lam > gap
        return Prediction(
            trial.clients * trial.duration_s * hits,
            d if met else None,
            "clients x duration x lam x (1 + holds that expire between two messages)",
            "d: a poll is waiting whenever a message comes"
            if met
            else "none: messages come faster than a client can ask again",
        )
    none = f"no closed form is known for {trial.arrivals} arrivals"
    return Prediction(None, None, none, none)


def _pushed(trial: TrialRecord, lam: float, ways: _Ways, when: str) -> tuple[float | None, str]:
    """Mean latency of what is sent as soon as it can be, and its formula."""
    d, x = ways.down_s, ways.transfer_s
    if not x or (trial.arrivals == "constant" and lam * x < 1):
        return d, f"d: {when}"
    if lam * x >= 1:
        return None, "none: more is sent than the link carries"
    if trial.arrivals != "poisson":
        return None, f"none is known for {trial.arrivals} arrivals on a link of limited bandwidth"
    wait = queue_wait_s(rate_per_s=lam, transfer_s=x)
    return d + wait, f"d + lam x^2/(2 (1 - lam x)): {when}, after what is before it (F7)"


def _stream(trial: TrialRecord, lam: float, ways: _Ways) -> Prediction:
    latency, formula = _pushed(trial, lam, ways, "sent as soon as it is accepted")
    return Prediction(
        0.0,
        latency,
        "0 once connected; before, one handshake per client",
        formula,
        hits_setup=float(trial.clients),
    )


def _mqtt(trial: TrialRecord, lam: float, ways: _Ways) -> Prediction:
    latency, formula = _pushed(trial, lam, ways, "sent as soon as the broker has it")
    options = trial.options
    qos = int(options.get("qos", 1))
    keep_alive = float(options.get("keep_alive_s", 60.0))
    acks = trial.clients * trial.duration_s * lam * qos
    # A client that acknowledges more often than its keep-alive has no need to ping.
    silent = qos == 0 or lam * keep_alive < 1
    pings = trial.clients * trial.duration_s / keep_alive if silent and keep_alive else 0.0
    return Prediction(
        acks + pings,
        latency,
        f"{qos} acknowledgements per delivery at QoS {qos}, and a ping per silent keep-alive",
        formula,
    )


_ASKING = ("short-polling", "long-polling")
_GREETINGS = {"mqtt": ["CONNECT", "SUBSCRIBE", "question"]}
_PREDICTIONS = {
    "short-polling": _short_polling,
    "long-polling": _long_polling,
    "sse": _stream,
    "websocket": _stream,
    "mqtt": _mqtt,
}
