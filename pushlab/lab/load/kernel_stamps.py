"""When the kernel got a piece of data, or gave it away, on the clock of all other stamps.

Linux stamps by the wall clock; see `pushlab.wire.receive_stamps`. TCP keeps one stamp for data that
it has put together, that of the last segment, so a stamp comes with a count of segments
(``TCP_INFO``): where one read took several, only its last byte's time is known.
"""

import os
import socket
import struct
import time
from collections.abc import Callable

from pushlab.wire.receive_stamps import SO_TIMESTAMPING, set_option

__all__ = ["Segments", "WallClock", "send_stamps"]

# Of <linux/net_tstamp.h> and <linux/tcp.h>: `socket` does not have them.
_TX_SOFTWARE, _SOFTWARE, _TIMESTAMP_ONLY = 1 << 1, 1 << 4, 1 << 11
_INFO = struct.Struct("=128xQ16xI")  # tcpi_bytes_received, tcpi_data_segs_in

_NEAR_NS = 20_000  # of a reading that can be used
_TRIES = 5
_FIRST_READINGS = 500
_STEP_NS = 2_000  # a smaller one need not show


class WallClock:
    """From the wall clock to the monotonic clock, by their distance, which is read at every use.

    Both are the kernel's and run at one speed, since NTP slews the two alike; the distance changes
    only where the wall clock is set. A stamp from before that cannot be converted after it.

    Args:
        monotonic_ns, wall_ns: the clocks.

    Attributes:
        distance_ns: wall clock minus monotonic clock, as last read.
        bound_ns: how wrong a conversion may be, at most.
        steps: how often the wall clock was seen to have been set.
    """

    def __init__(
        self,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._wall_ns = wall_ns
        self.steps = 0
        near_ns, self.distance_ns = min(self._read() for _ in range(_FIRST_READINGS))
        self.bound_ns = near_ns + _STEP_NS

    def _read(self) -> tuple[int, int]:
        """One clock between two readings of the other: how near these are, and the distance."""
        before_ns = self._monotonic_ns()
        wall_ns = self._wall_ns()
        after_ns = self._monotonic_ns()
        return (after_ns - before_ns + 1) // 2, wall_ns - (before_ns + after_ns) // 2

    def to_monotonic(self, wall_ns: int) -> int | None:
        """A stamp of the moment just past; None where the wall clock has been set since."""
        near_ns, distance_ns = self._read()
        tries = 1
        while near_ns > _NEAR_NS:  # this process had to wait, and a step could hide in it
            if tries == _TRIES:
                return None
            near_ns, distance_ns = self._read()
            tries += 1
        if abs(distance_ns - self.distance_ns) > near_ns + self.bound_ns:
            self.steps += 1
            self.distance_ns = distance_ns
            return None
        return wall_ns - self.distance_ns


class Segments:
    """How many segments of TCP each read of a socket took; ask after every read.

    Args:
        sock: a socket of TCP that has received nothing yet.

    Attributes:
        empty_ns: when nothing was left to be read, as far as is known; what comes later came later.
    """

    __slots__ = ("_count", "_read_bytes", "_sock", "empty_ns")

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._read_bytes = 0
        self._count: int | None = 0
        self.empty_ns = time.monotonic_ns()

    def took_one(self, size: int) -> bool:
        """Whether a read of `size` bytes is known to have taken a single segment."""
        self._read_bytes += size
        now_ns = time.monotonic_ns()
        raw = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
        if len(raw) < _INFO.size:  # an old kernel's
            return False
        received, count = _INFO.unpack(raw)
        before, self._count = self._count, None
        if received != self._read_bytes:  # more has come meanwhile, in segments not known apart
            return False
        self._count = count
        self.empty_ns = now_ns
        return before is not None and count - before == 1


def send_stamps(descriptor: int) -> socket.socket | None:
    """Let the kernel stamp what a connection sends; None where it cannot.

    The stamps must be taken from the socket's error queue soon after each send: while one is there
    an event loop finds the connection ready all the time.

    Returns:
        another handle of the same connection, from which to take them.
    """
    sock = socket.socket(fileno=os.dup(descriptor))
    if not set_option(sock, SO_TIMESTAMPING, _TX_SOFTWARE | _SOFTWARE | _TIMESTAMP_ONLY):
        sock.close()
        return None
    return sock
