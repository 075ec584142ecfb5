"""When does push lose? The loads from which asking is the cheaper way, each with its formula.

x = lam T is the number of messages in one poll interval; most crossovers are values of x. Bytes are
those of pushlab's own transports, with 40 bytes of TCP/IP for each segment and as many for its
acknowledgement.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from pushlab.analysis.cost.traffic import predicted_traffic
from pushlab.analysis.forecast.calibration import Calibration
from pushlab.analysis.models.bisection import crossing
from pushlab.analysis.models.formulas import (
    long_poll_requests_per_s,
    storm_rate_per_s,
    updates_seen_fraction,
)
from pushlab.analysis.trials.costs import Load
from pushlab.contract.profile import Profile
from pushlab.errors import UsageError
from pushlab.quantities import exact, exact_duration

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

    @property
    def words(self) -> str:
        """What is asked, in a sentence without its end."""
        return (
            f"Polls every {exact_duration(self.interval_s)}, messages of"
            f" {exact(self.payload_bytes)} bytes, {exact_duration(self.one_way_s)} one way"
        )

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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
        return crossing(lambda x: 1 - self.ratio(x), low, high)


def curves(setting: Setting, known: Mapping[str, Calibration]) -> list[Curve]:
    """Push over polling along x: in requests, in bytes, in CPU where a run has told it.

    Raises:
        UsageError: a value is out of range.
    """
    polled, held, pushed = setting.polled, setting.held, setting.pushed

    def more_bytes(x: float) -> float:
        return _bytes(setting, pushed, x) / _bytes(setting, polled, x)

    def more_than_newest(x: float) -> float:
        return _bytes(setting, pushed, x) / _newest_bytes(setting, x)

    def more_requests(x: float) -> float:
        return _asked(setting, x) * setting.interval_s

    found = [
        Curve("requests", f"{held.title_within}, requests", held, more_requests),
        Curve("bytes", f"{pushed.title}, bytes", pushed, more_bytes),
        Curve("newest", f"{pushed.title}, bytes, newest only", pushed, more_than_newest),
    ]
    asks, sends = known.get(polled.name), known.get(pushed.name)
    if asks and sends:

        def more_cpu(x: float) -> float:
            publishes = x / setting.clients
            each = Load(
                servers=0.0, connections=setting.interval_s, deliveries=x, publishes=publishes
            )
            polled = asks.costs.cores(replace(each, hits=1.0)).value
            return sends.costs.cores(each).value / polled if polled else math.inf

        found.append(Curve("cpu", f"{pushed.title}, CPU", pushed, more_cpu))
    return found


def crossovers(setting: Setting, known: Mapping[str, Calibration]) -> list[Crossover]:
    """Every crossover, as a number where it is known.

    Args:
        known: calibrations by transport; those of CPU and memory need one.

    Raises:
        UsageError: a value is out of range.
    """
    crosses = {curve.key: curve.crossing() for curve in curves(setting, known)}
    polled, held, pushed = setting.polled.title_within, setting.held.title, setting.pushed.title
    gap_s, interval_s = 2 * setting.one_way_s, setting.interval_s
    storm = None
    if gap_s < interval_s:
        storm = storm_rate_per_s(interval_s=interval_s, gap_s=gap_s) * interval_s
    unit, many = "messages/interval", "pushlab compare many-messages"
    return [
        Crossover(
            "storm", f"{held} asks more often than {polled}", storm, unit,
            "x from g + exp(-lam g)/lam = T (F16); about 1",
            "pushlab reproduce long-polling-storm",
        ),
        Crossover(
            "bytes", f"{pushed} moves more bytes than {polled}", crosses["bytes"], unit,
            "x = H/(F - f): bytes of a poll over what a message costs more when pushed", many,
        ),
        Crossover(
            "newest", "The same where only the newest value counts, as of a price or a position",
            crosses["newest"], unit,
            "x F = H + (1 - exp(-x)) f: a poll brings one value at most, and a share"
            " (1 - exp(-x))/x of them is ever seen (F11)",
            f"{many} (messages per useful poll)",
        ),
        Crossover(
            "cpu", f"{pushed} takes more of the server's CPU than {polled}", crosses.get("cpu"),
            unit, "x = c_poll/(c_push - c_in_poll)", many,
        ),
        Crossover(
            "cache", "On one channel, polls behind a cache reach the server less often than pushes",
            1.0 / setting.clients, f"{unit}, for so many clients",
            "x = 1/N: the server sees one poll an interval, and pushes N times a message",
            f"{many} (hits and deliveries; there is no cache in it)",
        ),
        Crossover(
            "idle", "Idle connections need more servers than polls at intervals longer than",
            _idle_interval_s(setting, known), "s",
            "T = c_poll M/m: CPU of a poll, memory of a server, memory of a connection",
            "pushlab compare own-channels",
        ),
    ]  # fmt: skip


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
    plain = (told.bytes_per_s or 0.0) * setting.interval_s
    segments = _POLL_SEGMENTS if profile.asks else _PUSH_SEGMENTS * x
    return plain + segments * _SEGMENT_BYTES


def _newest_bytes(setting: Setting, x: float) -> float:
    """The same for polls that bring the newest value alone."""
    seen = updates_seen_fraction(rate_per_s=x / setting.interval_s, interval_s=setting.interval_s)
    every = _bytes(setting, setting.polled, x)
    each = _bytes(setting, setting.polled, x + 1e3) - _bytes(setting, setting.polled, 1e3)
    return every - (1 - seen) * each if x else every


def _idle_interval_s(setting: Setting, known: Mapping[str, Calibration]) -> float | None:
    """The interval at which polls need as many cores as idle connections need memories."""
    asked, pushed = known.get(setting.polled.name), known.get(setting.pushed.name)
    if not asked or not pushed or not pushed.bytes_per_connection:
        return None
    usable = setting.server_bytes * (1 - setting.headroom) - (pushed.base_bytes or 0.0)
    if usable <= 0:
        raise UsageError("a server has less memory than the hub takes without clients")
    per_poll = asked.costs.each("hits").value / (1 - setting.headroom)
    return per_poll * usable / pushed.bytes_per_connection
