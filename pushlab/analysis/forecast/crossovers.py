"""When does push lose? The loads from which asking is the cheaper way, each with its formula.

x = lam T is the number of messages in one poll interval; most crossovers are values of x. Bytes are
those of pushlab's own transports, with 40 bytes of TCP/IP for each segment and as many for its
acknowledgement.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.analysis.forecast.calibration import Calibration
from pushlab.analysis.models.formulas import (
    long_poll_requests_per_s,
    storm_rate_per_s,
    updates_seen_fraction,
)
from pushlab.errors import UsageError

__all__ = ["Crossover", "Curve", "Setting", "crossovers", "curves"]

Floats = npt.NDArray[np.float64]

_SEGMENT_BYTES = 40
_POLL_SEGMENTS, _PUSH_SEGMENTS = 3, 2  # question, answer, acknowledgement; message, acknowledgement
_MOST = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is asked.

    Attributes:
        clients: on one channel, where that matters.
        server_bytes: memory of one server, of which `headroom` is kept free, as of its core.
    """

    interval_s: float = 5.0
    payload_bytes: float = 100.0
    one_way_s: float = 0.02
    clients: float = 1_000.0
    server_bytes: float = 4 * 2.0**30
    headroom: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossover:
    """One way in which push loses.

    Attributes:
        key: short; `says` in words, with a place for the value.
        value: from here on polling is cheaper; None: it depends on a run, or never comes.
        formula: in symbols.
        measure: the command that measures it.
    """

    key: str
    says: str
    value: float | None
    unit: str
    formula: str
    measure: str

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What push costs over what polling costs, at each x; above 1 push loses."""

    name: str
    transport: str
    ratio: Callable[[float], float]

    def crossing(self) -> float | None:
        """The x at which both cost the same, by bisection; None without one up to a million."""
        low, high = 1e-6, _MOST
        if self.ratio(low) > 1 or self.ratio(high) < 1:
            return None
        for _ in range(200):
            middle = math.sqrt(low * high)
            if self.ratio(middle) < 1:
                low = middle
            else:
                high = middle
        return high


def curves(setting: Setting, known: dict[str, Calibration]) -> list[Curve]:
    """Push over polling along x: in requests, in bytes, in CPU where a run has told it.

    Raises:
        UsageError: a value is out of range.
    """
    found = [
        Curve(
            name="long polling, requests",
            transport="long-polling",
            ratio=lambda x: _asked(setting, x) * setting.interval_s,
        ),
        Curve(
            name="WebSocket, bytes",
            transport="websocket",
            ratio=lambda x: _bytes(setting, "websocket", x) / _bytes(setting, "short-polling", x),
        ),
        Curve(
            name="WebSocket, bytes, newest only",
            transport="websocket",
            ratio=lambda x: _bytes(setting, "websocket", x) / _newest_bytes(setting, x),
        ),
    ]
    asked, pushed = known.get("short-polling"), known.get("websocket")
    if asked and pushed:
        found.append(
            Curve(
                name="WebSocket, CPU",
                transport="websocket",
                ratio=lambda x: (
                    pushed.cores(0.0, x, x / setting.clients)
                    / asked.cores(1.0, x, x / setting.clients)
                ),
            )
        )
    return found


def crossovers(setting: Setting, known: dict[str, Calibration]) -> list[Crossover]:
    """Every crossover, as a number where it is known.

    Args:
        known: calibrations by transport; those of CPU and memory need one.

    Raises:
        UsageError: a value is out of range.
    """
    crossing = {curve.name: curve.crossing() for curve in curves(setting, known)}
    gap_s = 2 * setting.one_way_s
    storm = (
        storm_rate_per_s(interval_s=setting.interval_s, gap_s=gap_s) * setting.interval_s
        if gap_s < setting.interval_s
        else None
    )
    return [
        Crossover(
            key="storm",
            says="Long polling asks more often than short polling",
            value=storm,
            unit="messages/interval",
            formula="x from g + exp(-lam g)/lam = T (F16); about 1",
            measure="pushlab reproduce long-polling-storm",
        ),
        Crossover(
            key="bytes",
            says="A WebSocket moves more bytes than polling",
            value=crossing["WebSocket, bytes"],
            unit="messages/interval",
            formula="x = H/(F - f): bytes of a poll over what a message costs more when pushed",
            measure="pushlab compare many-messages",
        ),
        Crossover(
            key="newest",
            says="The same where only the newest value counts, as of a price or a position",
            value=crossing["WebSocket, bytes, newest only"],
            unit="messages/interval",
            formula="x F = H + (1 - exp(-x)) f: a poll brings one value at most, and a share"
            " (1 - exp(-x))/x of them is ever seen (F11)",
            measure="pushlab compare many-messages (messages per useful poll)",
        ),
        Crossover(
            key="cpu",
            says="A WebSocket takes more of the server's CPU than polling",
            value=crossing.get("WebSocket, CPU"),
            unit="messages/interval",
            formula="x = c_poll/(c_push - c_in_poll)",
            measure="pushlab compare many-messages",
        ),
        Crossover(
            key="cache",
            says="On one channel, polls behind a cache reach the server less often than pushes",
            value=1.0 / setting.clients,
            unit="messages/interval, for so many clients",
            formula="x = 1/N: the server sees one poll an interval, and pushes N times a message",
            measure="pushlab compare many-messages (hits and deliveries; there is no cache in it)",
        ),
        Crossover(
            key="idle",
            says="Idle connections need more servers than polls at intervals longer than",
            value=_idle_interval_s(setting, known),
            unit="s",
            formula="T = c_poll M/m: CPU of a poll, memory of a server, memory of a connection",
            measure="pushlab compare own-channels",
        ),
    ]


def _asked(setting: Setting, x: float) -> float:
    """Long polls a second and client."""
    return long_poll_requests_per_s(
        rate_per_s=x / setting.interval_s, gap_s=2 * setting.one_way_s, hold_s=1e9
    )


def _bytes(setting: Setting, transport: str, x: float) -> float:
    """Bytes of one client in one interval, both ways, segments' headers included."""
    told = predicted_traffic(
        transport,
        clients=1,
        rate_per_client_per_s=x / setting.interval_s,
        payload_bytes=setting.payload_bytes,
        poll_interval_s=setting.interval_s,
        one_way_s=setting.one_way_s,
    )
    plain = ((told.up_bytes_per_s or 0.0) + (told.down_bytes_per_s or 0.0)) * setting.interval_s
    segments = _POLL_SEGMENTS if transport == "short-polling" else _PUSH_SEGMENTS * x
    return plain + segments * _SEGMENT_BYTES


def _newest_bytes(setting: Setting, x: float) -> float:
    """The same for polls that bring the newest value alone."""
    seen = updates_seen_fraction(rate_per_s=x / setting.interval_s, interval_s=setting.interval_s)
    every = _bytes(setting, "short-polling", x)
    each = _bytes(setting, "short-polling", x + 1e3) - _bytes(setting, "short-polling", 1e3)
    return every - (1 - seen) * each if x else every


def _idle_interval_s(setting: Setting, known: dict[str, Calibration]) -> float | None:
    """The interval at which polls need as many cores as idle WebSockets need memories."""
    asked, pushed = known.get("short-polling"), known.get("websocket")
    if not asked or not pushed or not pushed.bytes_per_connection:
        return None
    usable = setting.server_bytes * (1 - setting.headroom) - (pushed.base_bytes or 0.0)
    if usable <= 0:
        raise UsageError("a server has less memory than the hub takes without clients")
    per_poll = asked.cpu_s_per_hit / (1 - setting.headroom)
    return per_poll * usable / pushed.bytes_per_connection
