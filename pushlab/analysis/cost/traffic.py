"""Traffic: what a transport makes its server do, per second, from a run or from closed forms.

A meter needs no more of a month than this, so that measured and predicted months are priced alike.
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from pushlab.analysis.models.formulas import (
    long_poll_requests_per_s,
    poll_cycle_s,
    stream_hits_per_s,
)
from pushlab.contract.profile import Profile
from pushlab.errors import UsageError

__all__ = ["Traffic", "by_transport", "predicted_traffic"]

_OF_EACH = ("profile", "payload_bytes", "interval_s", "open_s")  # however many they are


def by_transport(told: Any) -> dict[str, Any]:
    """The fields of something that has a profile, with the transport's name in its place."""
    values = {field.name: getattr(told, field.name) for field in fields(told)}
    return {"transport": values.pop("profile").name, **values}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The events of one transport per second, and for whom.

    Attributes:
        profile: what the transport is.
        clients: connected (for polling: present) all the time.
        channels: that they read.
        hits_per_s: requests for the sake of delivery: polls, acknowledgements, pings.
        deliveries_per_s: messages that arrive at subscribers.
        acks_per_s: of `hits_per_s`, the acknowledgements of MQTT's subscribers.
        publishes_per_s: messages handed to the server.
        payload_bytes: of a typical message.
        up_bytes_per_s, down_bytes_per_s: on the subscribers' connections, from and to them; None
            where nobody knows.
        interval_s: between two polls of a client; None for what does not poll at an interval.
        open_s: how long the server keeps a request open, on average.
        cores: CPU seconds of the servers per second; None unless measured.
        memory_bytes: of the servers; None unless measured.
    """

    profile: Profile
    clients: float
    channels: float = 1.0
    hits_per_s: float = 0.0
    deliveries_per_s: float = 0.0
    acks_per_s: float = 0.0
    publishes_per_s: float = 0.0
    payload_bytes: float = 0.0
    up_bytes_per_s: float | None = None
    down_bytes_per_s: float | None = None
    interval_s: float | None = None
    open_s: float = 0.0
    cores: float | None = None
    memory_bytes: float | None = None

    @property
    def transport(self) -> str:
        """Its name."""
        return self.profile.name

    @property
    def bytes_per_s(self) -> float | None:
        """On the subscribers' connections, both ways; None where nobody knows."""
        up, down = self.up_bytes_per_s, self.down_bytes_per_s
        return None if up is None or down is None else up + down

    def scaled(self, clients: float) -> "Traffic":
        """The same behaviour of each client, for another number of clients.

        Everything grows in proportion, the number of channels too, so the fan-out stays.

        Raises:
            UsageError: the number is below 1, or nothing can be scaled from 0 clients.
        """
        _check_clients(clients)
        if not self.clients:
            raise UsageError("a run without clients cannot be scaled")
        factor = clients / self.clients
        names = (field.name for field in fields(self) if field.name not in _OF_EACH)
        grown: dict[str, Any] = {name: _times(getattr(self, name), factor) for name in names}
        return replace(self, **grown)

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the transport's name for its profile."""
        return by_transport(self)

    def polled_every(self, interval_s: float) -> "Traffic":
        """Short polling by the same clients for the same messages, at another interval.

        Polls, their bytes and their CPU grow in proportion; the messages and their bytes stay.
        """
        hits_per_s = self.clients / interval_s
        factor = hits_per_s / self.hits_per_s if self.hits_per_s else 1.0
        down = self.down_bytes_per_s
        if down is not None:
            wire = self.profile.wire
            beside = wire.message_bytes if wire else 0
            carried = self.deliveries_per_s * (self.payload_bytes + beside)
            down = carried + max(0.0, down - carried) * factor
        return replace(
            self,
            interval_s=interval_s,
            hits_per_s=hits_per_s,
            up_bytes_per_s=_times(self.up_bytes_per_s, factor),
            down_bytes_per_s=down,
            cores=_times(self.cores, factor),
        )


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _check_clients(clients: float) -> None:
    if not 1 <= clients < math.inf:
        raise UsageError(f"the number of clients must be at least 1, not {clients:g}")


def predicted_traffic(
    profile: Profile,
    *,
    clients: float,
    rate_per_client_per_s: float,
    payload_bytes: float,
    one_way_s: float = 0.0,
    per_channel: float = 1.0,
) -> Traffic:
    """The traffic of a transport by closed form, without a run.

    Args:
        profile: with the timers in force.
        rate_per_client_per_s: messages that each client gets, per second (Poisson).
        one_way_s: the network's delay, which makes the gap between two long polls.
        per_channel: clients that read the same channel.

    Raises:
        UsageError: a value is out of range, or no closed form is known for the transport.
    """
    _check_clients(clients)
    if not 0 < per_channel < math.inf:
        raise UsageError(f"the clients per channel must be above 0, not {per_channel:g}")
    for name, value, unit in (
        ("the message rate", rate_per_client_per_s, " a second"),
        ("the payload", payload_bytes, " bytes"),
        ("the one-way delay", one_way_s, " s"),
    ):
        if not 0 <= value < math.inf:
            raise UsageError(f"{name} must be at least 0{unit}, not {value:g}{unit}")
    if per_channel > clients:
        raise UsageError(f"{clients:g} clients cannot be {per_channel:g} to a channel")
    each = _rates(profile, rate_per_client_per_s, 2 * one_way_s)
    hits, deliveries = clients * each.hits_per_s, clients * each.deliveries_per_s
    acks, wire = deliveries * profile.acks, profile.wire
    up = down = None
    if wire is not None:
        answer = each.useful * wire.answer_bytes + (1 - each.useful) * wire.empty_answer_bytes
        up = hits * wire.request_bytes + acks * wire.ack_bytes
        down = hits * answer + deliveries * (payload_bytes + wire.message_bytes)
    return Traffic(
        profile=profile,
        clients=clients,
        channels=clients / per_channel,
        hits_per_s=hits,
        deliveries_per_s=deliveries,
        acks_per_s=acks,
        publishes_per_s=clients * rate_per_client_per_s / per_channel,
        payload_bytes=payload_bytes,
        up_bytes_per_s=up,
        down_bytes_per_s=down,
        interval_s=profile.timers.interval_s if profile.delivery == "interval-poll" else None,
        open_s=each.open_s,
    )


class _Rates(NamedTuple):
    """What one client does per second; `useful`: the share of its polls that bring something."""

    hits_per_s: float
    deliveries_per_s: float
    useful: float = 0.0
    open_s: float = 0.0


def _rates(profile: Profile, rate_per_s: float, gap_s: float) -> _Rates:
    """By closed form. Raises UsageError unless there is one, with timers that make sense."""
    timers, held = profile.timers, profile.delivery == "held-poll"
    if profile.asks and not (timers.hold_s if held else timers.interval_s):
        name = "hold of a long poll" if held else "poll interval"
        raise UsageError(f"the {name} must be above 0 s, not 0 s")
    if not profile.has_closed_form:
        raise UsageError(
            f"no closed form is known for {profile.title}; give a run that measured it"
        )
    if not profile.asks:
        keep_alive_s = profile.client_keep_alive_s
        hits = stream_hits_per_s(
            rate_per_s=rate_per_s, acks=profile.acks, keep_alive_s=keep_alive_s
        )
        return _Rates(hits, rate_per_s)
    if held:
        hold_s = timers.hold_s
        polls = long_poll_requests_per_s(rate_per_s=rate_per_s, gap_s=gap_s, hold_s=hold_s)
        useful = -math.expm1(-rate_per_s * (gap_s + hold_s))
        return _Rates(polls, rate_per_s, useful, max(0.0, 1 / polls - gap_s))
    interval_s, pause = timers.interval_s, profile.pause
    cycle_s = poll_cycle_s(interval_s=interval_s, round_trip_s=gap_s, pause=pause)
    if profile.messages_per_answer:  # what is more than one a poll is queueing
        useful = min(1.0, rate_per_s * cycle_s)
        return _Rates(1 / cycle_s, useful / cycle_s, useful)
    return _Rates(1 / cycle_s, rate_per_s, -math.expm1(-rate_per_s * cycle_s))  # F3
