"""From a trial's record to what closed forms say of it: hits and mean latency, before measuring.

The forms and their symbols are those of `pushlab.analysis.models.formulas`; here d is the delay
from server to client, u the other way, g = u + d, and x how long the link needs to carry one
delivery.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pushlab.analysis.models.formulas import (
    fan_out_latency_s,
    long_poll_latency_s,
    long_poll_requests_per_s,
    one_by_one_poll_latency_s,
    paced_long_poll_requests_per_s,
    poll_cycle_s,
    poll_latency_s,
    queue_wait_s,
    stream_hits_per_s,
)
from pushlab.runs import TrialRecord

__all__ = ["Prediction", "Service", "Ways", "predict", "ways_of"]


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

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Prediction":
        """What `asdict` gave."""
        return cls(**{name: told[name] for name in cls.__slots__ if name in told})


@dataclass(frozen=True, slots=True)
class Service:
    """How long the server works: for a publish, and then for each reader of its channel in turn."""

    publish_s: float
    send_s: float


def predict(
    trial: TrialRecord,
    *,
    delay_s: float = 0.0,
    rate_per_channel: float | None = None,
    delivered: int = 0,
    service: Service | None = None,
) -> Prediction:
    """The prediction for one trial.

    Args:
        delay_s: what a delivery takes on loopback, the mean latency of the null transport; the
            trial's link comes on top of it.
        rate_per_channel: lam as the schedule has it in the measured window, which random arrivals
            scatter around the rate that was asked for; None takes the latter.
        delivered: how many deliveries the trial's bytes were for; with it and a link of limited
            bandwidth, the time that the link needs to carry them is taken into account.
        service: what the server takes, where windows beside the measured one have told it.
    """
    profile = trial.profile
    if not profile.has_closed_form:
        return Prediction(None, None, "no closed form is known", "no closed form is known")
    lam = trial.rate_per_channel if rate_per_channel is None else rate_per_channel
    form = _FORMS[profile.delivery]
    prediction = form(trial, lam, ways_of(trial, delay_s, delivered))
    if service is not None and profile.delivery != "interval-poll":
        prediction = _with_server(prediction, trial, lam, service)
    return _with_connecting(prediction, trial)


@dataclass(frozen=True, slots=True)
class Ways:
    """How long bytes take: `down_s` is d, `up_s` is u, `transfer_s` is x, a part of d."""

    down_s: float
    up_s: float
    transfer_s: float

    @property
    def round_trip_s(self) -> float:
        """There and back."""
        return self.down_s + self.up_s


def ways_of(trial: TrialRecord, delay_s: float, delivered: int) -> Ways:
    """The ways of one trial, with the mean size of what was asked and brought."""
    swarm, link = trial.swarm, trial.link
    way_s = delay_s + link.one_way_s
    if swarm is None or not link.kbit_per_s:
        return Ways(way_s, way_s, 0.0)
    if trial.profile.asks:
        asked = max(1, sum(swarm.hits.values()))
        request_s = link.transfer_s(swarm.bytes_out / asked)
        answer_s = link.transfer_s(swarm.bytes_in / asked)
        return Ways(way_s + answer_s, way_s + request_s, answer_s)
    each_s = link.transfer_s(swarm.bytes_in / delivered) if delivered else 0.0
    return Ways(way_s + each_s, way_s, each_s)


def _with_server(
    prediction: Prediction, trial: TrialRecord, lam: float, service: Service
) -> Prediction:
    """The same with the server's own time: a queue, the publish, and the turn of each reader."""
    readers, rate = min(trial.per_channel, trial.clients), lam * trial.channels
    busy_s = service.publish_s + readers * service.send_s
    wait_s = queue_wait_s(rate_per_s=rate, service_s=busy_s) if trial.arrivals == "poisson" else 0.0
    if prediction.mean_latency_s is None or not math.isfinite(wait_s):
        return prediction
    turn_s = service.publish_s + fan_out_latency_s(clients=readers, send_s=service.send_s)[0]
    return dataclasses.replace(
        prediction,
        mean_latency_s=prediction.mean_latency_s + wait_s + turn_s,
        formula_latency=f"{prediction.formula_latency}, + queue (F13) + p + (N + 1) c/2 (F12)",
    )


def _with_connecting(prediction: Prediction, trial: TrialRecord) -> Prediction:
    """The same, with the round trips from wanting a connection to the word that it stands."""
    link = trial.link
    if not link.one_way_ms or link.kbit_per_s:
        return prediction
    steps = ["TCP", *(["TLS"] if trial.tls else []), *trial.profile.greeting]
    return dataclasses.replace(
        prediction,
        connect_s=2 * link.one_way_s * len(steps),
        formula_connect=f"{len(steps)} round trips: {', '.join(steps)}",
    )


def _interval_poll(trial: TrialRecord, lam: float, ways: Ways) -> Prediction:
    profile, d = trial.profile, ways.down_s
    interval, pause = profile.timers.interval_s, profile.pause
    cycle = poll_cycle_s(interval_s=interval, round_trip_s=ways.round_trip_s, pause=pause)
    texts = ("clients x duration / T", "T/2 + d (F1)")
    if pause:
        texts = ("clients x duration / C, C = P + u + d", "C/2 + d (F2)")
    elif cycle > interval:
        texts = ("clients x duration / T', T' = T ceil((u + d)/T)", "T'/2 + d (F1)")
    hits = trial.clients * trial.duration_s / cycle
    if not profile.random_phase:
        return Prediction(hits, None, texts[0], "none: without random phases, on the schedule")
    if not profile.messages_per_answer or (trial.arrivals == "constant" and lam * cycle < 1):
        return Prediction(hits, poll_latency_s(interval_s=cycle, delay_s=d), *texts)
    if lam * cycle >= 1:
        why = "none: more messages come than polls, and each fetches one"
        return Prediction(hits, None, texts[0], why)
    if trial.arrivals != "poisson":
        why = f"none is known for {trial.arrivals} arrivals at one message a poll"
        return Prediction(hits, None, texts[0], why)
    latency = one_by_one_poll_latency_s(rate_per_s=lam, cycle_s=cycle, delay_s=d)
    return Prediction(hits, latency, texts[0], "C/(2 (1 - lam C)) + d: one message a poll")


def _held_poll(trial: TrialRecord, lam: float, ways: Ways) -> Prediction:
    hold, gap, d = trial.profile.timers.hold_s, ways.round_trip_s, ways.down_s
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


def _pushed(trial: TrialRecord, lam: float, ways: Ways, when: str) -> tuple[float | None, str]:
    """Mean latency of what is sent as soon as it can be, and its formula."""
    d, x = ways.down_s, ways.transfer_s
    if not x or (trial.arrivals == "constant" and lam * x < 1):
        return d, f"d: {when}"
    if lam * x >= 1:
        return None, "none: more is sent than the link carries"
    if trial.arrivals != "poisson":
        return None, f"none is known for {trial.arrivals} arrivals on a link of limited bandwidth"
    wait = queue_wait_s(rate_per_s=lam, service_s=x)
    return d + wait, f"d + lam x^2/(2 (1 - lam x)): {when}, after what is before it (F13)"


def _stream(trial: TrialRecord, lam: float, ways: Ways) -> Prediction:
    profile = trial.profile
    acks, keep_alive_s = profile.acks, profile.client_keep_alive_s
    who = "the broker has it" if profile.needs_broker else "it is accepted"
    latency, formula = _pushed(trial, lam, ways, f"sent as soon as {who}")
    each = stream_hits_per_s(
        rate_per_s=lam, acks=acks, keep_alive_s=keep_alive_s, paced=trial.arrivals != "poisson"
    )
    told = "0 once connected; before, one handshake per client"
    if acks or keep_alive_s:
        told = f"{acks} acknowledgements per delivery, and a ping per silent keep-alive"
    return Prediction(
        trial.clients * trial.duration_s * each,
        latency,
        told,
        formula,
        hits_setup=float(trial.clients) if len(profile.greeting) == 1 else None,
    )


_FORMS = {"interval-poll": _interval_poll, "held-poll": _held_poll, "stream": _stream}
