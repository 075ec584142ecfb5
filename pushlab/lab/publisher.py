"""The publisher: sends by the clock, whatever the server does.

Every message is due at a time that was fixed before the trial. It goes out on a connection that is
idle; when all wait for answers, another is opened, up to a limit, and beyond it the message waits
and goes out late. What could not be sent before the end is skipped. Late and skipped are counted.
"""

import asyncio
import contextlib
import json
import time
from collections import deque
from dataclasses import dataclass
from random import Random
from string import ascii_letters
from typing import Any

import numpy as np

from pushlab.errors import ConnectionFailed
from pushlab.lab.http import Answer, HttpConnection, connect_http
from pushlab.lab.hub_api import HubApi, publish_path
from pushlab.lab.schedule import Schedule
from pushlab.runs import PublisherFigures

__all__ = ["LATE_NS", "Publisher", "make_payloads"]

#: A send that is this much behind its time counts as late.
LATE_NS = 10_000_000
#: The event loop's timers are good to a millisecond; the rest is waited for awake, when sends are
#: rare enough that this costs little.
_AWAKE_NS = 2_000_000
_AWAKE_SHARE = 0.05
_MIN_CONNECTIONS = 4
_MAX_CONNECTIONS = 64
_VARIANTS = 64


def make_payloads(size: int, seed: int) -> list[bytes]:
    """A few different messages of `size` bytes: letters at random, so that none compresses well."""
    rng = Random(seed)
    text = "".join(rng.choices(ascii_letters, k=size))
    return [(text[i:] + text[:i]).encode() for i in range(min(_VARIANTS, size))]


@dataclass(slots=True)
class _Window:
    """Bytes on the publisher's connections, at a moment."""

    bytes_in: int = 0
    bytes_out: int = 0


class Publisher:
    """Sends one schedule to one hub.

    Args:
        api: the hub.
        channels: the channels' names, by number.
        payload_bytes: the size of each message.
        seed: of the messages' letters.

    Attributes:
        sent_ns, accepted_ns, seq, status: by message, as `pushlab.runs.rows.PUBLISHES` has them.
        heads: the highest `seq` accepted, by channel number.
    """

    def __init__(
        self,
        api: HubApi,
        schedule: Schedule,
        *,
        channels: list[str],
        payload_bytes: int,
        seed: int,
    ) -> None:
        count = len(schedule)
        self._api = api
        self.schedule = schedule
        self._payload_bytes = payload_bytes
        payloads = make_payloads(payload_bytes, seed)
        empty = api.request("POST", "\0", b"0" * payload_bytes)[:-payload_bytes]
        before, _, after = empty.partition(b"\0")
        self._heads = [before + publish_path(channel).encode() + after for channel in channels]
        self._payloads = payloads
        self.start_ns = 0
        self.sent_ns = np.zeros(count, np.int64)
        self.accepted_ns = np.zeros(count, np.int64)
        self.seq = np.zeros(count, np.int64)
        self.status = np.zeros(count, np.int16)
        self.heads: dict[int, int] = {}
        self._next = 0
        self._given_up = False
        self._waiting: deque[int] = deque()
        self._idle: list[HttpConnection] = []
        self._connections: list[HttpConnection] = []
        self._dialing: set[asyncio.Task[None]] = set()
        self._unanswered = 0
        self._done = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        span_s = max(schedule.end_ns, 1) / 1e9
        self._awake_ns = _AWAKE_NS if count / span_s * _AWAKE_NS / 1e9 < _AWAKE_SHARE else 0
        self._bytes_at: dict[str, _Window] = {}

    # ---- life -------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Open the first connections.

        Raises:
            ConnectionFailed: the hub is gone.
        """
        for _ in range(_MIN_CONNECTIONS):
            connection = await connect_http(self._api.url)
            self._connections.append(connection)
            self._idle.append(connection)

    def start(self, start_ns: int) -> None:
        """Send by the clock from now on; the schedule's zero is `start_ns`."""
        self.start_ns = start_ns
        self._arm()

    async def finish(self, limit_s: float) -> None:
        """Wait until every message is sent and answered, at most `limit_s` after the schedule's end.

        What waits for a connection then is skipped; what waits for an answer stays without one.
        """
        end_ns = self.start_ns + self.schedule.end_ns
        left_s = (end_ns - time.monotonic_ns()) / 1e9 + limit_s
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._done.wait(), max(0.0, left_s))
        self.close()

    def close(self) -> None:
        """Stop at once; what was not sent is skipped."""
        self._given_up = True
        if self._timer is not None:
            self._timer.cancel()
        self._waiting.clear()
        for task in self._dialing:
            task.cancel()
        for connection in self._connections:
            connection.close()

    def note_bytes(self, moment: str) -> None:
        """Remember the bytes so far as those at `moment` (``start`` or ``end`` of the window)."""
        self._bytes_at[moment] = _Window(
            sum(connection.bytes_in for connection in self._connections),
            sum(connection.bytes_out for connection in self._connections),
        )

    # ---- the clock --------------------------------------------------------------------------

    def _arm(self) -> None:
        """Wake for the next message."""
        if self._next >= len(self.schedule):
            self._check_done()
            return
        due_ns = self.start_ns + int(self.schedule.offset_ns[self._next])
        delay_s = (due_ns - self._awake_ns - time.monotonic_ns()) / 1e9
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, delay_s), self._tick)

    def _tick(self) -> None:
        """Send what is due."""
        offsets = self.schedule.offset_ns
        count = len(offsets)
        due_ns = self.start_ns + int(offsets[self._next])
        if due_ns - time.monotonic_ns() <= self._awake_ns:
            while time.monotonic_ns() < due_ns:
                pass
        now_ns = time.monotonic_ns()
        while self._next < count and self.start_ns + int(offsets[self._next]) <= now_ns:
            self._waiting.append(self._next)
            self._next += 1
        self._send_waiting()
        if not self._given_up:
            self._arm()

    def _send_waiting(self) -> None:
        while self._waiting and self._idle:
            connection = self._idle.pop()
            if connection.open:
                self._send(connection, self._waiting.popleft())
        live = sum(connection.open for connection in self._connections) if self._waiting else 0
        room = _MAX_CONNECTIONS - live - len(self._dialing)
        for _ in range(min(room, len(self._waiting) - len(self._dialing))):
            task = asyncio.ensure_future(self._dial())
            self._dialing.add(task)
            task.add_done_callback(self._dialing.discard)

    async def _dial(self) -> None:
        try:
            connection = await connect_http(self._api.url)
        except ConnectionFailed:
            if self._waiting:  # the hub takes no connections: this message is skipped
                self._waiting.popleft()
                self._check_done()
            return
        self._connections.append(connection)
        if self._given_up:
            connection.close()
            return
        self._idle.append(connection)
        self._send_waiting()

    # ---- one message ------------------------------------------------------------------------

    def _send(self, connection: HttpConnection, index: int) -> None:
        channel = int(self.schedule.channel[index])
        request = self._heads[channel] + self._payloads[index % len(self._payloads)]
        self._unanswered += 1
        self.sent_ns[index] = connection.send(
            request, lambda answer: self._answered(connection, index, channel, answer)
        )

    def _answered(
        self, connection: HttpConnection, index: int, channel: int, answer: Answer
    ) -> None:
        self._unanswered -= 1
        self.status[index] = answer.status
        if answer.status == 202:
            told: dict[str, Any] = json.loads(answer.body)
            seq = int(told["seq"])
            self.seq[index] = seq
            self.accepted_ns[index] = int(told["accepted_ns"])
            if seq > self.heads.get(channel, 0):
                self.heads[channel] = seq
        if connection.open and not self._given_up:
            self._idle.append(connection)
            self._send_waiting()
        self._check_done()

    def _check_done(self) -> None:
        if self._next >= len(self.schedule) and not self._waiting and not self._unanswered:
            self._done.set()

    # ---- what it leaves ---------------------------------------------------------------------

    def rows(self) -> dict[str, Any]:
        """The columns of `pushlab.runs.rows.PUBLISHES`; one row for each scheduled message."""
        count = len(self.schedule)
        return {
            "channel": self.schedule.channel,
            "seq": self.seq,
            "intended_ns": self.start_ns + self.schedule.offset_ns,
            "sent_ns": self.sent_ns,
            "accepted_ns": self.accepted_ns,
            "status": self.status,
            "warmup": self.schedule.warmup,
            "payload_bytes": np.full(count, self._payload_bytes, np.int32),
        }

    def figures(self) -> PublisherFigures:
        """The counts within the measured window."""
        measured = ~self.schedule.warmup
        sent = measured & (self.sent_ns > 0)
        delay_ns = self.sent_ns - (self.start_ns + self.schedule.offset_ns)
        start, end = (self._bytes_at.get(moment, _Window()) for moment in ("start", "end"))
        return PublisherFigures(
            scheduled=int(measured.sum()),
            sent=int(sent.sum()),
            accepted=int((measured & (self.status == 202)).sum()),
            late=int((sent & (delay_ns > LATE_NS)).sum()),
            skipped=int((measured & (self.sent_ns == 0)).sum()),
            bytes_in=max(0, end.bytes_in - start.bytes_in),
            bytes_out=max(0, end.bytes_out - start.bytes_out),
        )
