"""Waiting for log-ins that nobody has asked for, as long as that costs little.

Who asks for one token, or ten, gets them when the broker knows them. Who asks for thousands, one
behind the other, is not made to wait for the broker each time: it is told of them all the same,
some milliseconds later.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Patience"]

_MOST_S = 0.3
_SHARE = 0.05  # of the time, once that has been used up


class Patience:
    """How long may still be waited.

    Args:
        clock: seconds of the monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left_s = _MOST_S
        self._at = clock()

    def left_s(self) -> float:
        """How long may be waited now."""
        now = self._clock()
        self._left_s = min(_MOST_S, self._left_s + _SHARE * (now - self._at))
        self._at = now
        return max(0.0, self._left_s)

    async def wait(self, done: "asyncio.Future[Any]") -> None:
        """Wait for it, or for as long as there is patience."""
        if done.done():
            return
        if left_s := self.left_s():
            began = self._clock()
            await asyncio.wait({done}, timeout=left_s)
            self._left_s -= self._clock() - began
