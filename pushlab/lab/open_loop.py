"""Sending by the clock, whatever the server does: the part of a publisher that knows no wire.

Every message is due at a time that was fixed before the trial. What is due is handed to the wire at
once; what the wire cannot take waits and goes out late; what could not go out before the end is
skipped. Late and skipped are counted.
"""

import abc
import asyncio
import contextlib
import threading
import time
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from random import Random
from string import ascii_letters
from typing import Any

import numpy as np

from pushlab.lab.schedule import Schedule
from pushlab.runs import PublisherFigures

__all__ = ["LATE_NS", "OpenLoop", "make_payloads"]

#: A send that is this much behind its time counts as late.
LATE_NS = 10_000_000
#: Where sends are rare enough, the event loop is woken this much early and waits the rest awake.
_AWAKE_NS = 400_000
_AWAKE_SHARE = 0.1
_VARIANTS = 64


def make_payloads(size: int, seed: int) -> list[bytes]:
    """A few different messages of `size` bytes: letters at random, so that none compresses well."""
    rng = Random(seed)
    text = "".join(rng.choices(ascii_letters, k=size))
    return [(text[i:] + text[:i]).encode() for i in range(min(_VARIANTS, size))]


@dataclass(frozen=True, slots=True)
class _Bytes:
    """Bytes on the publisher's connections, at a moment."""

    bytes_in: int = 0
    bytes_out: int = 0


class OpenLoop(abc.ABC):
    """Sends one schedule.

    Args:
        payload_bytes: the size of each message.
        seed: of the messages' letters.

    Attributes:
        start_ns: the schedule's zero on the monotonic clock.
        sent_ns, accepted_ns, seq, status: by message, as `pushlab.runs.rows.PUBLISHES` has them.
        heads: the highest `seq` accepted, by channel number.
        waiting: the messages that are due and have not gone out.
    """

    def __init__(self, schedule: Schedule, *, payload_bytes: int, seed: int) -> None:
        count = len(schedule)
        self.schedule = schedule
        self.payloads = make_payloads(payload_bytes, seed)
        self.start_ns = 0
        self.sent_ns = np.zeros(count, np.int64)
        self.accepted_ns = np.zeros(count, np.int64)
        self.seq = np.zeros(count, np.int64)
        self.status = np.zeros(count, np.int16)
        self.heads: dict[int, int] = {}
        self.waiting: deque[int] = deque()
        self.stopped = False
        self._payload_bytes = payload_bytes
        self._next = 0
        self._done = asyncio.Event()
        self._halt = threading.Event()
        span_s = max(schedule.end_ns, 1) / 1e9
        self._awake_ns = _AWAKE_NS if count / span_s * _AWAKE_NS / 1e9 < _AWAKE_SHARE else 0
        self._bytes_at: dict[str, _Bytes] = {}

    # ---- what a wire implements -------------------------------------------------------------

    @abc.abstractmethod
    def _send_waiting(self) -> None:
        """Send what of `waiting` can go out now; call `_check_done` when answers have come."""

    def _unanswered(self) -> int:
        """How many messages have gone out and wait for an answer."""
        return 0

    def _bytes(self) -> tuple[int, int]:
        """Bytes in and out so far."""
        return 0, 0

    # ---- life -------------------------------------------------------------------------------

    def start(self, start_ns: int) -> None:
        """Send by the clock from now on; the schedule's zero is `start_ns`."""
        self.start_ns = start_ns
        due_ns: list[int] = (start_ns + self.schedule.offset_ns).tolist()
        if not due_ns:
            self._done.set()
            return
        loop = asyncio.get_running_loop()
        threading.Thread(
            target=self._beat, args=(loop, due_ns), name="pushlab-clock", daemon=True
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
        offsets, count = self.schedule.offset_ns, len(self.schedule)
        awake_ns = time.monotonic_ns() + self._awake_ns
        while self._next < count:
            due_ns = self.start_ns + int(offsets[self._next])
            if due_ns > awake_ns:
                break
            while time.monotonic_ns() < due_ns:
                pass
            self.waiting.append(self._next)
            self._next += 1
            self._send_waiting()
        self._check_done()

    def _accept(self, index: int, seq: int, accepted_ns: int) -> None:
        """The server took message `index`."""
        channel = int(self.schedule.channel[index])
        self.seq[index] = seq
        self.accepted_ns[index] = accepted_ns
        if seq > self.heads.get(channel, 0):
            self.heads[channel] = seq

    def _check_done(self) -> None:
        if self._next >= len(self.schedule) and not self.waiting and not self._unanswered():
            self._done.set()

    # ---- what it leaves ---------------------------------------------------------------------

    def note_bytes(self, moment: str) -> None:
        """Remember the bytes so far as those at `moment` (``start`` or ``end`` of the window)."""
        self._bytes_at[moment] = _Bytes(*self._bytes())

    def rows(self) -> dict[str, Any]:
        """The columns of `pushlab.runs.rows.PUBLISHES`; one row for each scheduled message."""
        return {
            "channel": self.schedule.channel,
            "seq": self.seq,
            "intended_ns": self.start_ns + self.schedule.offset_ns,
            "sent_ns": self.sent_ns,
            "accepted_ns": self.accepted_ns,
            "status": self.status,
            "warmup": self.schedule.warmup,
            "payload_bytes": np.full(len(self.schedule), self._payload_bytes, np.int32),
        }

    def figures(self) -> PublisherFigures:
        """The counts within the measured window."""
        measured = ~self.schedule.warmup
        sent = measured & (self.sent_ns > 0)
        delay_ns = self.sent_ns - (self.start_ns + self.schedule.offset_ns)
        start, end = (self._bytes_at.get(moment, _Bytes()) for moment in ("start", "end"))
        return PublisherFigures(
            scheduled=int(measured.sum()),
            sent=int(sent.sum()),
            accepted=int((measured & (self.seq > 0)).sum()),
            late=int((sent & (delay_ns > LATE_NS)).sum()),
            skipped=int((measured & (self.sent_ns == 0)).sum()),
            bytes_in=max(0, end.bytes_in - start.bytes_in),
            bytes_out=max(0, end.bytes_out - start.bytes_out),
        )
