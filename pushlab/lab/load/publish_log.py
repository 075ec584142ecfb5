"""A schedule and what became of each message, in memory that runner and publisher share.

The memory is a file without a name: it goes with the last process that has it, and what a
publisher has written outlives the publisher, even one that was killed.
"""

import mmap
import os
import tempfile
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from pushlab.contract.ticks import LATE_NS
from pushlab.errors import SetupError
from pushlab.lab.scenario.schedule import Schedule
from pushlab.runs import PublisherFigures
from pushlab.runs.batches import Rows, in_batches
from pushlab.runs.rows import Columns
from pushlab.systems.stamp import modulus

__all__ = ["LATE_NS", "PublishLog", "unnamed_file"]

_HEAD = 3  # start_ns, warmup_ns, end_ns
_WIDE = ("offset_ns", "sent_ns", "accepted_ns", "seq", "number", "held_ns", "left_ns")
_ROW_BYTES = 8 * len(_WIDE) + 4 + 4 + 2


def unnamed_file() -> IO[bytes]:
    """A file for a publish log, in memory where that can be, to be handed to a child."""
    return tempfile.TemporaryFile(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)


def _make_room(file: IO[bytes], size: int) -> None:
    """Give the file its size, and the room for it: who writes to a mapped page of a full disk dies.

    Raises SetupError.
    """
    try:
        file.truncate(size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        raise SetupError(
            f"no room for the log of what is published, {size:,} bytes ({error.strerror})"
        ) from error


class PublishLog:
    """One row for each scheduled message; numpy arrays over the shared memory.

    Attributes:
        schedule: when each message is due, on which channel, and how large it is.
        sent_ns, accepted_ns, seq, status: as `pushlab.runs.rows.PublishRows` has them.
        number: which message of its channel it is, as its stamp says; `seq` is the server's word,
            and the same where the server numbers none.
        left_ns: when the kernel gave the request to the network; 0: not known.
        held_ns: how long the message was due, and no connection was free since the server had not
            answered on any.
        memory: all of it, as it is to be copied elsewhere.
    """

    def __init__(self, memory: "mmap.mmap | bytearray", rows: int) -> None:
        self.memory = memory
        self._head = np.frombuffer(memory, np.int64, _HEAD)
        place = 8 * _HEAD
        wide: dict[str, npt.NDArray[np.int64]] = {}
        for name in _WIDE:
            wide[name] = np.frombuffer(memory, np.int64, rows, offset=place)
            place += 8 * rows
        self._offset_ns = wide["offset_ns"]
        self.sent_ns = wide["sent_ns"]
        self.accepted_ns = wide["accepted_ns"]
        self.seq = wide["seq"]
        self.number = wide["number"]
        self.held_ns = wide["held_ns"]
        self.left_ns = wide["left_ns"]
        self._channel = np.frombuffer(memory, np.int32, rows, offset=place)
        self._payload_bytes = np.frombuffer(memory, np.int32, rows, offset=place + 4 * rows)
        self.status = np.frombuffer(memory, np.int16, rows, offset=place + 8 * rows)

    @classmethod
    def create(cls, schedule: Schedule, file: IO[bytes] | None = None) -> "PublishLog":
        """An empty log for `schedule`: in `file`, or in the memory of this process alone."""
        rows = len(schedule)
        size = 8 * _HEAD + rows * _ROW_BYTES
        memory: mmap.mmap | bytearray = bytearray(size)
        if file is not None:
            _make_room(file, size)
            memory = mmap.mmap(file.fileno(), size)
        made = cls(memory, rows)
        made._offset_ns[:] = schedule.offset_ns
        made._channel[:] = schedule.channel
        made._payload_bytes[:] = schedule.payload_bytes
        made._head[:] = (0, schedule.warmup_ns, schedule.end_ns)
        return made

    @classmethod
    def attach(cls, where: str) -> "PublishLog":
        """The publish log that another process has created: a descriptor's number, or a path."""
        if where.isdigit():
            memory = mmap.mmap(int(where), 0)
        else:
            with open(where, "r+b") as file:
                memory = mmap.mmap(file.fileno(), 0)
        return cls(memory, (len(memory) - 8 * _HEAD) // _ROW_BYTES)

    def __len__(self) -> int:
        return len(self.seq)

    @property
    def schedule(self) -> Schedule:
        """What is to be sent."""
        _, warmup_ns, end_ns = self._head.tolist()
        return Schedule(self._offset_ns, self._channel, warmup_ns, end_ns, self._payload_bytes)

    @property
    def start_ns(self) -> int:
        """The schedule's zero on the monotonic clock; 0 before it is known."""
        return int(self._head[0])

    @start_ns.setter
    def start_ns(self, start_ns: int) -> None:
        self._head[0] = start_ns

    def heads(self, before: list[int]) -> list[int]:
        """The highest `seq` accepted in each channel; `before`: what it was at first."""
        heads = np.array(before, np.int64)
        np.maximum.at(heads, self._channel, self.seq)
        return [int(head) for head in heads]

    def unanswered(self) -> npt.NDArray[np.int64]:
        """The rows of what was sent and not answered: taken by the server or not, who knows."""
        return np.flatnonzero((self.sent_ns > 0) & (self.seq == 0) & (self.status == 0))

    def unanswered_channels(self) -> list[int]:
        """The channels of these."""
        return sorted(set(self._channel[self.unanswered()].tolist()))

    # ---- numbers ------------------------------------------------------------------------------

    def number_from(self, heads: Sequence[int]) -> npt.NDArray[np.int64]:
        """Number the messages of each channel in the order in which they are due.

        Args:
            heads: the numbers that the channels' newest messages have now; empty: none.
        """
        order = np.argsort(self._channel, kind="stable")
        channel = self._channel[order]
        first = np.searchsorted(channel, channel)  # where its channel begins
        self.number[order] = np.arange(1, len(order) + 1) - first
        if len(heads):
            self.number[:] += np.asarray(heads, np.int64)[self._channel]
        return self.number

    def last_numbers(self, heads: Sequence[int]) -> list[int]:
        """By channel, the highest number that a message of the schedule has, taken or not."""
        last = np.array(heads, np.int64)
        np.maximum.at(last, self._channel, self.number)
        return [int(number) for number in last]

    def never_taken(self, channels: int) -> list[list[int]]:
        """By channel, the numbers that the server is not known to have taken."""
        taken: list[list[int]] = [[] for _ in range(channels)]
        for row in np.flatnonzero(self.seq == 0).tolist():
            taken[self._channel[row]].append(int(self.number[row]))
        return taken

    def recognise(self, numbers: Rows) -> int:
        """Give what was not answered, and has arrived all the same, its `seq`; how many there are.

        Args:
            numbers: of what arrived: ``channel``, ``seq``, and the ``number`` that it began with.
        """
        waiting = defaultdict[tuple[int, int], deque[int]](deque)
        for row in self.unanswered().tolist():
            number = int(self.number[row]) % modulus(int(self._payload_bytes[row]))
            waiting[int(self._channel[row]), number].append(row)
        if not waiting:
            return 0
        known = set(zip(self._channel.tolist(), self.seq.tolist(), strict=True))
        found, came = 0, np.zeros((0, 3), np.int64)
        wanted = np.array([number for _, number in waiting], np.int64)
        for batch in in_batches(numbers):
            may = np.isin(batch["number"], wanted)
            some = np.stack([batch[name][may] for name in ("channel", "seq", "number")], axis=1)
            came = np.unique(np.concatenate([came, some]), axis=0)
        for channel, seq, number in came.tolist():
            rows = waiting.get((channel, number))
            if rows and (channel, seq) not in known:
                self.seq[rows.popleft()] = seq
                found += 1
        return found

    def misnumbered(self, numbers: Columns) -> int:
        """How many messages came with a `seq` that the server gave another publish.

        Args:
            numbers: as `recognise` has them, by which the server's word is held against the stamps.
        """
        answered = np.flatnonzero((self.seq > 0) & (self.status > 0)).tolist()
        told = {(int(self._channel[row]), int(self.seq[row])): row for row in answered}
        wrong = 0
        columns = (np.asarray(numbers[name]).tolist() for name in ("channel", "seq", "number"))
        for channel, seq, number in zip(*columns, strict=True):
            row = told.get((channel, seq))
            if row is not None:
                size = int(self._payload_bytes[row])
                wrong += number != int(self.number[row]) % modulus(size)
        return wrong

    def rows(self) -> dict[str, Any]:
        """The columns of `pushlab.runs.rows.PublishRows`; one row for each scheduled message."""
        return {
            "channel": self._channel.copy(),
            "seq": self.seq.copy(),
            "intended_ns": self.start_ns + self._offset_ns,
            "sent_ns": self.sent_ns.copy(),
            "accepted_ns": self.accepted_ns.copy(),
            "held_ns": self.held_ns.copy(),
            "status": self.status.copy(),
            "warmup": self.schedule.warmup,
            "payload_bytes": self._payload_bytes.copy(),
        }

    def stamps(self) -> dict[str, Any]:
        """The columns of `pushlab.runs.rows.StampRows`; a row for each request with a stamp."""
        known = self.left_ns > 0
        return {
            "channel": self._channel[known],
            "seq": self.seq[known],
            "subscriber": np.full(int(known.sum()), -1, np.int32),
            "stamped_ns": self.sent_ns[known],
            "kernel_ns": self.left_ns[known],
        }

    def figures(self, **more: Any) -> PublisherFigures:
        """The counts within the measured window, and what else is known of the publisher."""
        measured = ~self.schedule.warmup
        sent = measured & (self.sent_ns > 0)
        delay_ns = self.sent_ns - (self.start_ns + self._offset_ns)
        return PublisherFigures(
            scheduled=int(measured.sum()),
            sent=int(sent.sum()),
            accepted=int((measured & (self.seq > 0)).sum()),
            late=int((sent & (delay_ns > LATE_NS)).sum()),
            skipped=int((measured & (self.sent_ns == 0)).sum()),
            held=int((measured & (self.held_ns > LATE_NS)).sum()),
            **more,
        )
