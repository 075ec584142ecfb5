"""Short polling: ask, ask, ask.

The client asks every `interval_s`; the server answers at once, mostly with nothing::

    GET /v1/poll?after=4f1c9a02-17 HTTP/1.1          204 No Content
    Authorization: Bearer <token>                    Pushlab-Cursor: 4f1c9a02-17

    GET /v1/poll?after=4f1c9a02-17 HTTP/1.1          200 OK
                                                     {"cursor": "4f1c9a02-18",
                                                      "messages": [{"seq": 18, "data": "..."}]}

A message waits half an interval on average, a whole one at worst, and `exp(-rate * interval)` of
the polls bring nothing. A client that polls is present while its lease lasts: ``lease_s`` seconds
after each poll. ``DELETE /v1/poll`` ends the lease.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pushlab.contract.profile import InBrowser, Profile, Wire
from pushlab.contract.serving import Hub, HubSettings, Route
from pushlab.contract.setting import Declared, Setting
from pushlab.contract.ticks import LATE_NS, Ticks
from pushlab.contract.transport import Transport
from pushlab.wire.polling import IntervalPollSubscriber, lease_of, poll_route

__all__ = ["ShortPolling", "ShortPollingOptions"]

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ShortPollingOptions(Declared):
    """Settings of short polling."""

    interval_s: Annotated[
        float, Setting("between two polls", unit="s", least=0.001, most=86_400)
    ] = 1.0
    clock: Annotated[
        Literal["fixed", "pause"], Setting("poll at a fixed rate, or pause after each answer")
    ] = "fixed"
    random_phase: Annotated[
        bool, Setting("start each client at a random point of its first interval")
    ] = True


class ShortPollingSubscriber(IntervalPollSubscriber):
    """Asks by the clock.

    A tick of the fixed clock that nobody could ask at is skipped, and counted: the answer to the
    one before took longer than an interval, or there was no connection.
    """

    __slots__ = ("_asked_ns", "_due_ns", "_interval_ns", "_ticks")

    def start(self, now_ns: int) -> None:
        """Begin."""
        self._interval_ns = int(self._options.interval_s * _NS)
        self._due_ns = 0  # the newest tick of the fixed clock that is, or was, to be asked at
        self._asked_ns = 0  # the newest at which it was
        self._ticks = Ticks()
        super().start(now_ns)

    def _poll(self, now_ns: int) -> None:
        if self._due_ns == 0:
            self._due_ns = now_ns  # the fixed clock starts with the first poll
        passed = max(0, now_ns - self._due_ns) // self._interval_ns
        new = passed + (self._due_ns != self._asked_ns)  # the last of them is asked at now
        self._due_ns += passed * self._interval_ns
        if new:
            self._asked_ns = self._due_ns
            due, late, skipped = self._ticks
            late += now_ns - self._due_ns > LATE_NS
            self._ticks = Ticks(due + new, late, skipped + new - 1)
        super()._poll(now_ns)

    def _next_ask_ns(self, now_ns: int) -> int:
        if self._options.clock == "pause":
            return now_ns + self._interval_ns
        passed = (now_ns - self._due_ns) // self._interval_ns
        if passed >= 0:
            self._due_ns += (passed + 1) * self._interval_ns
            due, late, skipped = self._ticks
            self._ticks = Ticks(due + passed, late, skipped + passed)
        return self._due_ns

    def ticks(self, now_ns: int) -> Ticks | None:
        """Those of the fixed clock, with those that have passed while an answer is waited for."""
        if self._options.clock == "pause":
            return None
        due, late, skipped = self._ticks
        passed = max(0, now_ns - self._due_ns) // self._interval_ns if self._due_ns else 0
        return Ticks(due + passed, late, skipped + passed)


class ShortPolling(Transport):
    """Short polling, both ends."""

    name = "short-polling"
    path = "/v1/poll"
    profile = Profile(
        title="Short polling",
        delivery="interval-poll",
        protocol="http",
        wire=Wire(request_bytes=215, empty_answer_bytes=80, answer_bytes=135, message_bytes=26),
        colour="#D55E00",
    )
    in_browser = InBrowser(options={"interval_s": (0.02, math.inf), "random_phase": None})
    Options = ShortPollingOptions
    Client = ShortPollingSubscriber

    def in_force(self, settings: HubSettings) -> Profile:
        """With the interval, and the lease that goes with it."""
        o: ShortPollingOptions = self.options
        told = replace(self.profile, pause=o.clock == "pause", random_phase=o.random_phase)
        return told.timed(interval_s=o.interval_s, lease_s=lease_of(o.interval_s, settings.lease_s))

    # ---- the server half --------------------------------------------------------------------

    def routes(self, hub: Hub) -> Sequence[Route]:
        """``GET`` and ``DELETE /v1/poll``."""
        return [poll_route(hub, self.name, self.path)]
