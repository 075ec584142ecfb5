"""Traffic: what a transport makes its server do, per second, from a run or from closed forms.

A meter needs no more of a month than this, so that measured and predicted months are priced alike.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pushlab.analysis.models.formulas import long_poll_requests_per_s
from pushlab.errors import UsageError

__all__ = ["CLOCKED", "POLLING", "TRANSPORTS", "Traffic", "predicted_traffic"]

#: Answered at once, whether there is something or not.
CLOCKED = frozenset({"short-polling", "channel-api-dev"})
POLLING = CLOCKED | {"long-polling"}
TRANSPORTS = ("short-polling", "long-polling", "sse", "websocket", "mqtt")
_MQTT_KEEP_ALIVE_S = 60.0

# Bytes of TCP around a payload as pushlab's own transports send them over loopback, without TLS. A
# browser's headers and cookies are several times as long.
_REQUEST_BYTES = {"short-polling": 215, "long-polling": 226, "channel-api-dev": 221}
_IN_ANSWER_BYTES = 26
#: Of an answer without messages, of one with some, and beside each message in it.
_ANSWER_BYTES = {
    "short-polling": (80, 135, _IN_ANSWER_BYTES),
    "long-polling": (80, 135, _IN_ANSWER_BYTES),
    "channel-api-dev": (165, 168, 0),
}
_PUSHED_BYTES = {"sse": 29, "websocket": 13, "mqtt": 34}
_ACK_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The events of one transport per second, and for whom.

    Attributes:
        transport: its name.
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

    transport: str
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
    def sized(self) -> bool:
        """Whether its servers were measured."""
        return self.cores is not None and self.memory_bytes is not None

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
        return replace(
            self,
            clients=clients,
            channels=self.channels * factor,
            hits_per_s=self.hits_per_s * factor,
            deliveries_per_s=self.deliveries_per_s * factor,
            acks_per_s=self.acks_per_s * factor,
            publishes_per_s=self.publishes_per_s * factor,
            up_bytes_per_s=_times(self.up_bytes_per_s, factor),
            down_bytes_per_s=_times(self.down_bytes_per_s, factor),
            cores=_times(self.cores, factor),
            memory_bytes=_times(self.memory_bytes, factor),
        )

    def polled_every(self, interval_s: float) -> "Traffic":
        """Short polling by the same clients for the same messages, at another interval.

        Polls, their bytes and their CPU grow in proportion; the messages and their bytes stay.
        """
        hits_per_s = self.clients / interval_s
        factor = hits_per_s / self.hits_per_s if self.hits_per_s else 1.0
        down = self.down_bytes_per_s
        if down is not None:
            carried = self.deliveries_per_s * (self.payload_bytes + _IN_ANSWER_BYTES)
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
    transport: str,
    *,
    clients: float,
    rate_per_client_per_s: float,
    payload_bytes: float,
    poll_interval_s: float = 1.0,
    hold_s: float = 30.0,
    one_way_s: float = 0.0,
    per_channel: float = 1.0,
    options: Mapping[str, Any] | None = None,
) -> Traffic:
    """The traffic of a transport by closed form, without a run.

    Args:
        rate_per_client_per_s: messages that each client gets, per second (Poisson).
        poll_interval_s: of short polling, at a fixed rate.
        hold_s: the longest hold of a long poll.
        one_way_s: the network's delay, which makes the gap between two long polls.
        per_channel: clients that read the same channel.
        options: of MQTT: ``qos`` (1), ``keep_alive_s`` (60).

    Raises:
        UsageError: a value is out of range, or no closed form is known for the transport.
    """
    options = options or {}
    _check_clients(clients)
    for name, value, unit in (
        ("the poll interval", poll_interval_s, " s"),
        ("the hold of a long poll", hold_s, " s"),
        ("the clients per channel", per_channel, ""),
    ):
        if not 0 < value < math.inf:
            raise UsageError(f"{name} must be above 0{unit}, not {value:g}{unit}")
    for name, value, unit in (
        ("the message rate", rate_per_client_per_s, " a second"),
        ("the payload", payload_bytes, " bytes"),
        ("the one-way delay", one_way_s, " s"),
    ):
        if not 0 <= value < math.inf:
            raise UsageError(f"{name} must be at least 0{unit}, not {value:g}{unit}")
    if per_channel > clients:
        raise UsageError(f"{clients:g} clients cannot be {per_channel:g} to a channel")
    rate = rate_per_client_per_s
    deliveries = clients * rate
    known = Traffic(
        transport=transport,
        clients=clients,
        channels=clients / per_channel,
        deliveries_per_s=deliveries,
        publishes_per_s=deliveries / per_channel,
        payload_bytes=payload_bytes,
    )
    if transport == "short-polling":
        useful = -math.expm1(-rate * poll_interval_s)  # F3: the share of polls that bring something
        return _polled(known, clients / poll_interval_s, useful, interval_s=poll_interval_s)
    if transport == "long-polling":
        gap_s = 2 * one_way_s
        each = long_poll_requests_per_s(rate_per_s=rate, gap_s=gap_s, hold_s=hold_s)
        useful = -math.expm1(-rate * (gap_s + hold_s))
        return _polled(known, clients * each, useful, open_s=max(0.0, 1 / each - gap_s))
    if transport == "channel-api-dev":
        cycle_s = poll_interval_s + 2 * one_way_s
        useful = min(1.0, rate * cycle_s)  # a poll brings one message; what is more is queueing
        known = replace(known, deliveries_per_s=clients * useful / cycle_s)
        return _polled(known, clients / cycle_s, useful, interval_s=poll_interval_s)
    if transport not in TRANSPORTS:
        raise UsageError(
            f"no closed form is known for {transport!r} (known: {', '.join(TRANSPORTS)});"
            " give a run that measured it"
        )
    pushed = replace(
        known,
        up_bytes_per_s=0.0,
        down_bytes_per_s=deliveries * (payload_bytes + _PUSHED_BYTES[transport]),
    )
    if transport != "mqtt":
        return pushed
    keep_alive_s = float(options.get("keep_alive_s", _MQTT_KEEP_ALIVE_S))
    acks = deliveries if int(options.get("qos", 1)) else 0.0
    silent = not acks or rate * keep_alive_s < 1
    return replace(
        pushed,
        hits_per_s=acks + (clients / keep_alive_s if silent and keep_alive_s else 0.0),
        acks_per_s=acks,
        up_bytes_per_s=acks * _ACK_BYTES,
    )


def _polled(
    known: Traffic,
    polls_per_s: float,
    useful: float,
    *,
    interval_s: float | None = None,
    open_s: float = 0.0,
) -> Traffic:
    """The traffic with so many polls, of which the share `useful` bring something."""
    empty_bytes, full_bytes, beside_bytes = _ANSWER_BYTES[known.transport]
    answer = useful * full_bytes + (1 - useful) * empty_bytes
    carried = known.deliveries_per_s * (known.payload_bytes + beside_bytes)
    return replace(
        known,
        hits_per_s=polls_per_s,
        up_bytes_per_s=polls_per_s * _REQUEST_BYTES[known.transport],
        down_bytes_per_s=polls_per_s * answer + carried,
        interval_s=interval_s,
        open_s=open_s,
    )
