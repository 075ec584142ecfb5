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
from dataclasses import replace

from pushlab.contract.profile import InBrowser, Profile, Wire
from pushlab.contract.serving import Hub, HubSettings, Route
from pushlab.contract.transport import Transport
from pushlab.wire.asking import ByClock, ClockOptions
from pushlab.wire.polling import IntervalPollSubscriber, lease_of, poll_route

__all__ = ["ShortPolling"]


class ShortPollingSubscriber(ByClock, IntervalPollSubscriber):
    """Asks by the clock, whatever the last answer brought."""

    __slots__ = ("_clock",)


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
    Options = ClockOptions
    Client = ShortPollingSubscriber

    def in_force(self, settings: HubSettings) -> Profile:
        """With the interval, and the lease that goes with it."""
        o: ClockOptions = self.options
        told = replace(self.profile, pause=o.clock == "pause", random_phase=o.random_phase)
        return told.timed(interval_s=o.interval_s, lease_s=lease_of(o.interval_s, settings.lease_s))

    # ---- the server half --------------------------------------------------------------------

    def routes(self, hub: Hub) -> Sequence[Route]:
        """``GET`` and ``DELETE /v1/poll``."""
        return [poll_route(hub, self.name, self.path)]
