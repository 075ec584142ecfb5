"""A transport in a package of its own: polling that waits longer while nothing comes.

A poll that brings messages is followed by one after `interval_s`; each that brings nothing doubles
the wait, up to `longest_s`. The server half is short polling's, under another path.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.contract.profile import Profile
from pushlab.contract.serving import Hub, Route
from pushlab.contract.transport import Transport
from pushlab.errors import UsageError
from pushlab.wire.polling import IntervalPollSubscriber, lease_suffix, poll_route


@dataclass(frozen=True, slots=True)
class Options:
    """How long to wait, in seconds, after a poll that found something, and at most."""

    interval_s: float = 1.0
    longest_s: float = 8.0

    def __post_init__(self) -> None:
        if not 0.001 <= self.interval_s <= self.longest_s:
            raise UsageError("backing-off: it must be 0.001 <= interval_s <= longest_s")


class _Subscriber(IntervalPollSubscriber):
    def __init__(self, *where: Any, **rest: Any) -> None:
        super().__init__(*where, **rest)
        self._wait_s = self._options.interval_s
        self._stood_at = self.cursor

    def _suffix(self) -> str:
        return lease_suffix(self._options.longest_s)

    def _next_ask_ns(self, now_ns: int) -> int:
        nothing_came, self._stood_at = self.cursor == self._stood_at, self.cursor
        longer_s = min(2 * self._wait_s, self._options.longest_s)
        self._wait_s = longer_s if nothing_came else self._options.interval_s
        return now_ns + int(self._wait_s * 1e9)


class BackingOff(Transport):
    """Polling that backs off, both ends."""

    name = "backing-off"
    path = "/v1/backing-off"
    profile = Profile(title="Backing off", delivery="other", protocol="http")  # no closed form yet
    Options = Options
    Client = _Subscriber

    def routes(self, hub: Hub) -> Sequence[Route]:
        return [poll_route(hub, self.name, self.path)]
