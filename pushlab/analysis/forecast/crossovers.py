"""When does push lose? The loads from which asking is the cheaper way, each with its formula.

x = lam T is the number of messages in one poll interval; most crossovers are values of x. Bytes are
those of pushlab's own transports, with 40 bytes of TCP/IP for each segment and as many for its
acknowledgement.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.analysis.forecast.calibration import Calibration
from pushlab.analysis.models.formulas import (
    long_poll_requests_per_s,
    storm_rate_per_s,
    updates_seen_fraction,
)
from pushlab.contract.profile import Profile
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
        polled, held, pushed: what is compared: asked at an interval, held, and sent.
        clients: on one channel, where that matters.
        server_bytes: memory of one server, of which `headroom` is kept free, as of its core.
    """

    polled: Profile
    held: Profile
    pushed: Profile
    interval_s: float = 5.0
    payload_bytes: float = 100.0
    one_way_s: float = 0.02
    clients: float = 1_000.0
    server_bytes: float = 4 * 2.0**30
    headroom: float = 0.5

    @classmethod
    def among(cls, profiles: Iterable[Profile], **values: float) -> Self:
        """With the first of each kind that asks, and the lightest that is sent."""
        known = [profile for profile in profiles if profile.wire]
        return cls(
            polled=next(each for each in known if each.delivery == "interval-poll"),
            held=next(each for each in known if each.delivery == "held-poll"),
            pushed=min((each for each in known if each.pushes), key=_message_bytes),
            **values,
        )


def _message_bytes(profile: Profile) -> int:
    return profile.wire.message_bytes if profile.wire else 0


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

    key: str
    name: str
    profile: Profile
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
    polled, pushed = setting.polled, setting.pushed
    found = [
        Curve(
            key="requests",
            name=f"{setting.held.title_within}, requests",
            profile=setting.held,
            ratio=lambda x: _asked(setting, x) * setting.interval_s,
        ),
        Curve(
            key="bytes",
            name=f"{pushed.title}, bytes",
            profile=pushed,
            ratio=lambda x: _bytes(setting, pushed, x) / _bytes(setting, polled, x),
        ),
        Curve(
            key="newest",
            name=f"{pushed.title}, bytes, newest only",
            profile=pushed,
            ratio=lambda x: _bytes(setting, pushed, x) / _newest_bytes(setting, x),
        ),
    ]
    asks, sends = known.get(polled.name), known.get(pushed.name)
    if asks and sends:
        found.append(
            Curve(
                key="cpu",
                name=f"{pushed.title}, CPU",
                profile=pushed,
                ratio=lambda x: (
                    sends.cores(0.0, x, x / setting.clients)
                    / asks.cores(1.0, x, x / setting.clients)
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
    crossing = {curve.key: curve.crossing() for curve in curves(setting, known)}
    polled, held, pushed = setting.polled, setting.held, setting.pushed
    gap_s = 2 * setting.one_way_s
    storm = (
        storm_rate_per_s(interval_s=setting.interval_s, gap_s=gap_s) * setting.interval_s
        if gap_s < setting.interval_s
        else None
    )
    return [
        Crossover(
            key="storm",
            says=f"{held.title} asks more often than {polled.title_within}",
            value=storm,
            unit="messages/interval",
            formula="x from g + exp(-lam g)/lam = T (F16); about 1",
            measure="pushlab reproduce long-polling-storm",
        ),
        Crossover(
            key="bytes",
            says=f"{pushed.title} moves more bytes than {polled.title_within}",
            value=crossing["bytes"],
            unit="messages/interval",
            formula="x = H/(F - f): bytes of a poll over what a message costs more when pushed",
            measure="pushlab compare many-messages",
        ),
        Crossover(
            key="newest",
            says="The same where only the newest value counts, as of a price or a position",
            value=crossing["newest"],
            unit="messages/interval",
            formula="x F = H + (1 - exp(-x)) f: a poll brings one value at most, and a share"
            " (1 - exp(-x))/x of them is ever seen (F11)",
            measure="pushlab compare many-messages (messages per useful poll)",
        ),
        Crossover(
            key="cpu",
            says=f"{pushed.title} takes more of the server's CPU than {polled.title_within}",
            value=crossing.get("cpu"),
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


def _bytes(setting: Setting, profile: Profile, x: float) -> float:
    """Bytes of one client in one interval, both ways, segments' headers included."""
    told = predicted_traffic(
        profile.retimed(interval_s=setting.interval_s),
        clients=1,
        rate_per_client_per_s=x / setting.interval_s,
        payload_bytes=setting.payload_bytes,
        one_way_s=setting.one_way_s,
    )
    plain = ((told.up_bytes_per_s or 0.0) + (told.down_bytes_per_s or 0.0)) * setting.interval_s
    segments = _POLL_SEGMENTS if profile.asks else _PUSH_SEGMENTS * x
    return plain + segments * _SEGMENT_BYTES


def _newest_bytes(setting: Setting, x: float) -> float:
    """The same for polls that bring the newest value alone."""
    seen = updates_seen_fraction(rate_per_s=x / setting.interval_s, interval_s=setting.interval_s)
    every = _bytes(setting, setting.polled, x)
    each = _bytes(setting, setting.polled, x + 1e3) - _bytes(setting, setting.polled, 1e3)
    return every - (1 - seen) * each if x else every


def _idle_interval_s(setting: Setting, known: dict[str, Calibration]) -> float | None:
    """The interval at which polls need as many cores as idle connections need memories."""
    asked, pushed = known.get(setting.polled.name), known.get(setting.pushed.name)
    if not asked or not pushed or not pushed.bytes_per_connection:
        return None
    usable = setting.server_bytes * (1 - setting.headroom) - (pushed.base_bytes or 0.0)
    if usable <= 0:
        raise UsageError("a server has less memory than the hub takes without clients")
    per_poll = asked.cpu_s_per_hit / (1 - setting.headroom)
    return per_poll * usable / pushed.bytes_per_connection
