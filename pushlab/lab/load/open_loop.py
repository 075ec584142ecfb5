"""Sending by the clock, whatever the server does: the part of a publisher that knows no wire.

Every message is due at a time that was fixed before the trial. What is due is handed to the wire at
once; what the wire cannot take waits and goes out late; what could not go out before the end is
skipped. Late and skipped are counted, and for how long it was the server that held a message up.
"""

import abc
import asyncio
import contextlib
import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from random import Random

from pushlab.lab.clocks.clock_map import SAME, Clock
from pushlab.lab.load.publish_log import PublishLog
from pushlab.systems.stamp import FILLING, beginning

__all__ = ["OpenLoop", "make_payloads"]

#: Where sends are rare enough, the event loop is woken this much early and waits the rest awake.
_AWAKE_NS = 400_000
_AWAKE_SHARE = 0.1
_VARIANTS = 64


def make_payloads(size: int, seed: int) -> list[bytes]:
    """A few different messages of `size` bytes: letters at random, so that none compresses well."""
    rng = Random(seed)
    text = "".join(rng.choices(FILLING, k=size))
    return [(text[i:] + text[:i]).encode() for i in range(min(_VARIANTS, size))]


class OpenLoop(abc.ABC):
    """Sends one schedule.

    Args:
        publish_log: the schedule, and where to write what becomes of each message.
        seed: of the messages' letters.
        key: of the trial's stamps.

    Attributes:
        publish_log, schedule: as given.
        start_ns: the schedule's zero on the monotonic clock.
        due_ns: when a message that waits was taken up, by its number.
        waiting: the messages that are due and have not gone out.
        server_clock: by which the server says when it took one, if it says so.
    """

    def __init__(self, publish_log: PublishLog, *, seed: int, key: int = 0) -> None:
        self.publish_log = publish_log
        self.schedule = schedule = publish_log.schedule
        self._sizes: list[int] = schedule.payload_bytes.tolist()
        self.payloads = make_payloads(max(self._sizes, default=1), seed)
        self._key = key
        self._numbers: list[int] = []
        self.start_ns = 0
        self.server_clock: Clock = SAME
        self.due_ns: dict[int, int] = {}
        self.waiting: deque[int] = deque()
        self.stopped = False
        self._count = count = len(publish_log)
        self._channels: list[int] = schedule.channel.tolist()
        self._due_ns: list[int] = []
        self._next = 0
        self._done = asyncio.Event()
        self._halt = threading.Event()
        span_s = max(schedule.end_ns, 1) / 1e9
        self._awake_ns = _AWAKE_NS if count / span_s * _AWAKE_NS / 1e9 < _AWAKE_SHARE else 0

    def payload(self, index: int) -> bytes:
        """The message of row `index`, which begins with its stamp, or its number."""
        size = self._sizes[index]
        begins = beginning(self._channels[index], self._numbers[index], self._key, size)
        return begins + self.payloads[index % len(self.payloads)][len(begins) : size]

    # ---- what a wire implements -------------------------------------------------------------

    @abc.abstractmethod
    def _send_waiting(self) -> None:
        """Send what of `waiting` can go out now; call `_check_done` when answers have come."""

    async def connect(self) -> None:  # noqa: B027 - a wire may need none
        """Open what it needs. Raises ConnectionFailed."""

    def traffic(self) -> tuple[int, int]:
        """Bytes in and out so far."""
        return 0, 0

    def _unanswered(self) -> int:
        """How many messages have gone out and wait for an answer."""
        return 0

    def _is_held(self) -> bool:
        """Whether it is the server's doing that messages wait."""
        return False

    # ---- life -------------------------------------------------------------------------------

    def start(self, start_ns: int, heads: Sequence[int] = ()) -> None:
        """Send by the clock from now on.

        Args:
            start_ns: the schedule's zero.
            heads: by channel, the number of its newest message; empty: there are none yet.
        """
        self.start_ns = self.publish_log.start_ns = start_ns
        self._numbers = self.publish_log.number_from(heads).tolist()
        self._due_ns = (start_ns + self.schedule.offset_ns).tolist()
        if not self._due_ns:
            self._done.set()
            return
        loop = asyncio.get_running_loop()
        threading.Thread(
            target=self._beat, args=(loop, self._due_ns), name="pushlab-clock", daemon=True
        ).start()

    async def finish(self, limit_s: float) -> None:
        """Wait until all is sent and answered, at most `limit_s` after the schedule's end.

        What waits then is skipped; what waits for an answer stays without one.
        """
        end_ns = self.start_ns + self.schedule.end_ns
        left_s = (end_ns - time.monotonic_ns()) / 1e9 + limit_s
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._done.wait(), max(0.0, left_s))
        self.close()

    def close(self) -> None:
        """Stop at once; what was not sent is skipped."""
        self.stopped = True
        self._halt.set()
        if self.waiting and self._is_held():
            now_ns = time.monotonic_ns()
            for index in self.waiting:
                self.publish_log.held_ns[index] = now_ns - self.due_ns[index]
        self.waiting.clear()

    # ---- the clock --------------------------------------------------------------------------

    def _beat(self, loop: asyncio.AbstractEventLoop, due_ns: list[int]) -> None:
        """Wake the event loop whenever something is due; runs in a thread of its own.

        Event loops round their timers to milliseconds, which is more than a message may take.
        """
        place, count = 0, len(due_ns)
        while place < count:
            while (left_ns := due_ns[place] - self._awake_ns - time.monotonic_ns()) > 0:
                if self._halt.wait(left_ns / 1e9):
                    return
            place = bisect_right(due_ns, time.monotonic_ns() + self._awake_ns, place)
            try:
                loop.call_soon_threadsafe(self._tick)
            except RuntimeError:  # the event loop is closed
                return

    def _tick(self) -> None:
        """Send what is due."""
        if self.stopped:
            return
        awake_ns = time.monotonic_ns() + self._awake_ns
        while self._next < self._count:
            due_ns = self._due_ns[self._next]
            if due_ns > awake_ns:
                break
            while (now_ns := time.monotonic_ns()) < due_ns:
                pass
            self.due_ns[self._next] = now_ns
            self.waiting.append(self._next)
            self._next += 1
            self._send_waiting()
        self._check_done()

    def _take(self, free_ns: int = 0) -> int:
        """The message that has waited longest.

        Args:
            free_ns: when the server made way for it; 0 if nothing was in its way.
        """
        index = self.waiting.popleft()
        due_ns = self.due_ns.pop(index)
        if free_ns > due_ns:
            self.publish_log.held_ns[index] = free_ns - due_ns
        return index

    def _accept(self, index: int, seq: int, accepted_ns: int) -> None:
        """The server took message `index`."""
        self.publish_log.seq[index] = seq
        self.publish_log.accepted_ns[index] = accepted_ns

    def _check_done(self) -> None:
        if self._next >= self._count and not self.waiting and not self._unanswered():
            self._done.set()
