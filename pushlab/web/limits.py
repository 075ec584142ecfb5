"""How often one address may post: a bucket of tokens for each, and a bounded table of buckets."""

import time
from collections.abc import Callable

from pushlab.errors import Refused
from pushlab.hub.reach.addresses import address_key

__all__ = ["Limiter"]

_MOST_ADDRESSES = 10_000


class Limiter:
    """Lets an address do `burst` things at once and `rate_per_s` things a second in the long run.

    Args:
        clock: seconds that never go back.
        most: how many addresses are remembered; beyond it, the one that asked longest ago is not.
    """

    def __init__(
        self,
        *,
        rate_per_s: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
        most: int = _MOST_ADDRESSES,
    ) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._clock = clock
        self._most = most
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens left, and when

    def wait_s(self, address: str) -> float:
        """Take a token for this address: 0, or how long to wait until there is one."""
        address, now = address_key(address), self._clock()
        left, then = self._buckets.pop(address, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._rate_per_s)
        wait_s = 0.0 if left >= 1 else (1 - left) / self._rate_per_s
        self._buckets[address] = (left - 1 if wait_s == 0 else left, now)
        if len(self._buckets) > self._most:
            del self._buckets[next(iter(self._buckets))]
        return wait_s

    def check(self, address: str) -> None:
        """Raise Refused (429 `too-many-requests`) when the address asks too often."""
        if self.wait_s(address):
            raise Refused(429, "too-many-requests", "too many requests at once; wait a little")
