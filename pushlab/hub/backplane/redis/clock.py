"""The clock of a Redis beside this process's own, by asking Redis for its time now and then."""

from collections import deque

__all__ = ["RedisClock"]

_KEPT = 30


class RedisClock:
    """Maps times of Redis to the monotonic clock here.

    The exchange with the shortest way there and back of the last ones counts: its answer was given
    within half of that way of the middle.
    """

    def __init__(self) -> None:
        self._exchanges: deque[tuple[int, int]] = deque(maxlen=_KEPT)
        self._offset_ns = 0

    def note(self, sent_ns: int, got_ns: int, redis_us: int) -> None:
        """Redis said this time in answer to what was sent and got at these of the clock here."""
        offset_ns = (sent_ns + got_ns) // 2 - redis_us * 1_000
        self._exchanges.append((got_ns - sent_ns, offset_ns))
        self._offset_ns = min(self._exchanges)[1]

    def here_ns(self, redis_us: int) -> int:
        """That time of Redis, in nanoseconds of the clock here."""
        return redis_us * 1_000 + self._offset_ns
