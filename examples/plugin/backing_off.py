"""A transport in a package of its own: polling that waits longer while nothing comes.

A poll that brings messages is followed by one after `interval_s`; each that brings nothing doubles
the wait, up to `longest_s`. The server half is short polling's, under another path.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from pushlab.contract.cursor import Cursor
from pushlab.contract.profile import Profile
from pushlab.contract.serving import Hub, Route
from pushlab.contract.subscriber import Endpoint, Subscriber
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


class BackingOff(Transport):
    """Polling that backs off, both ends."""

    name = "backing-off"
    path = "/v1/backing-off"
    profile = Profile(title="Backing off", delivery="other", protocol="http")  # no closed form yet
    Options = Options

    def routes(self, hub: Hub) -> Sequence[Route]:
        return [poll_route(hub, self.name, self.path)]

    def subscriber(
        self, endpoint: Endpoint, token: str, *, cursor: Cursor | None = None, rng: Random
    ) -> Subscriber:
        return _Subscriber(endpoint, token, cursor, rng, self.options)


class _Subscriber(IntervalPollSubscriber):
    def __init__(
        self, endpoint: Endpoint, token: str, cursor: Cursor | None, rng: Random, options: Options
    ) -> None:
        suffix = lease_suffix(options.longest_s)
        super().__init__(endpoint, token, suffix=suffix, cursor=cursor, rng=rng)
        self._options = options
        self._wait_s = options.interval_s
        self._stood_at = cursor

    def _next_ask_ns(self, now_ns: int) -> int:
        nothing_came, self._stood_at = self.cursor == self._stood_at, self.cursor
        longer_s = min(2 * self._wait_s, self._options.longest_s)
        self._wait_s = longer_s if nothing_came else self._options.interval_s
        return now_ns + int(self._wait_s * 1e9)
