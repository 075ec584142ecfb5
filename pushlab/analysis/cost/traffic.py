"""Traffic: what a transport makes its server do, per second, from a run or from closed forms.

A meter needs no more of a month than this, so that measured and predicted months are priced alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pushlab.analysis.prediction import long_poll_requests_per_s
from pushlab.errors import UsageError

__all__ = ["POLLING", "TRANSPORTS", "Traffic", "predicted_traffic"]

POLLING = frozenset({"short-polling", "long-polling"})
TRANSPORTS = ("short-polling", "long-polling", "sse", "websocket", "mqtt")
_MQTT_KEEP_ALIVE_S = 60.0


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
        bytes_per_s: on the subscribers' connections, both ways; None where nobody knows.
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
    bytes_per_s: float | None = None
    interval_s: float | None = None
    open_s: float = 0.0
    cores: float | None = None
    memory_bytes: float | None = None

    def scaled(self, clients: float) -> "Traffic":
        """The same behaviour of each client, for another number of clients.

        Everything grows in proportion, the number of channels too, so the fan-out stays.

        Raises:
            UsageError: the number is not above 0, or nothing can be scaled from 0 clients.
        """
        if not clients > 0:
            raise UsageError(f"the number of clients must be above 0, not {clients:g}")
        if not self.clients:
            raise UsageError("a run without clients cannot be scaled")
        factor = clients / self.clients

        def grown(value: float | None) -> float | None:
            return None if value is None else value * factor

        return replace(
            self,
            clients=clients,
            channels=self.channels * factor,
            hits_per_s=self.hits_per_s * factor,
            deliveries_per_s=self.deliveries_per_s * factor,
            acks_per_s=self.acks_per_s * factor,
            publishes_per_s=self.publishes_per_s * factor,
            bytes_per_s=grown(self.bytes_per_s),
            cores=grown(self.cores),
            memory_bytes=grown(self.memory_bytes),
        )


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
    for name, value, least in (
        ("the number of clients", clients, 0.0),
        ("the poll interval", poll_interval_s, 0.0),
        ("the hold of a long poll", hold_s, 0.0),
        ("the clients per channel", per_channel, 0.0),
    ):
        if not least < value < float("inf"):
            raise UsageError(f"{name} must be above {least:g}, not {value:g}")
    for name, value in (
        ("the message rate", rate_per_client_per_s),
        ("the payload", payload_bytes),
        ("the one-way delay", one_way_s),
    ):
        if not 0 <= value < float("inf"):
            raise UsageError(f"{name} must be at least 0, not {value:g}")
    rate = rate_per_client_per_s
    hits = acks = open_s = 0.0
    interval: float | None = None
    if transport == "short-polling":
        hits, interval = clients / poll_interval_s, poll_interval_s
    elif transport == "long-polling":
        each = long_poll_requests_per_s(rate_per_s=rate, gap_s=2 * one_way_s, hold_s=hold_s)
        hits, open_s = clients * each, max(0.0, 1 / each - 2 * one_way_s)
    elif transport == "mqtt":
        keep_alive_s = float(options.get("keep_alive_s", _MQTT_KEEP_ALIVE_S))
        acks = clients * rate if int(options.get("qos", 1)) else 0.0
        silent = not acks or rate * keep_alive_s < 1
        hits = acks + (clients / keep_alive_s if silent and keep_alive_s else 0.0)
    elif transport not in TRANSPORTS:
        raise UsageError(
            f"no closed form is known for {transport!r} (known: {', '.join(TRANSPORTS)});"
            " give a run that measured it"
        )
    return Traffic(
        transport=transport,
        clients=clients,
        channels=clients / per_channel,
        hits_per_s=hits,
        deliveries_per_s=clients * rate,
        acks_per_s=acks,
        publishes_per_s=clients * rate / per_channel,
        payload_bytes=payload_bytes,
        interval_s=interval,
        open_s=open_s,
    )
