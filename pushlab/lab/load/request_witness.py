"""When a request really left: the kernel's stamp of what a publisher's connection sends.

A publisher notes when it hands a request to its event loop. What passes until the kernel has it
cannot be told by the publisher: another process may have had its core meanwhile.
"""

import asyncio
import contextlib
import socket

from pushlab.lab.load.kernel_stamps import WallClock, send_stamps
from pushlab.lab.load.publish_log import PublishLog
from pushlab.wire.http_client import HttpConnection
from pushlab.wire.receive_stamps import SPACE, stamp_of

__all__ = ["RequestWitness"]

_AGAIN_S = 0.001


class RequestWitness:
    """Takes the stamps of one connection, one exchange after the other.

    Args:
        connection: open, on the loop that runs.
        publish_log: where the stamps are written down.
        clock: converts them.

    Attributes:
        discarded: stamps that could not be converted.
    """

    def __init__(
        self, connection: HttpConnection, publish_log: PublishLog, clock: WallClock
    ) -> None:
        self._connection = connection
        self._publish_log = publish_log
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._sock = send_stamps(connection.descriptor)
        self.discarded = 0

    def sent(self, index: int) -> None:
        """Message `index` was handed over just now."""
        if self._sock is not None:
            self._loop.call_soon(self._take, index)

    def close(self) -> None:
        """Take no more."""
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()

    def _take(self, index: int) -> None:
        if self._sock is None:
            return
        wall_ns = self._newest(self._sock)
        if wall_ns is None:
            if self._connection.open:  # the kernel has not sent it yet: the server takes no more
                self._loop.call_later(_AGAIN_S, self._take, index)
            return
        left_ns = self._clock.to_monotonic(wall_ns)
        if left_ns is None or left_ns + self._clock.bound_ns < self._publish_log.sent_ns[index]:
            self.discarded += 1
        else:
            self._publish_log.left_ns[index] = left_ns

    def _newest(self, sock: socket.socket) -> int | None:
        """The last stamp that is there; all are taken, so that the loop has rest."""
        found: int | None = None
        with contextlib.suppress(BlockingIOError):
            while True:
                _, ancillary, _, _ = sock.recvmsg(0, SPACE, socket.MSG_ERRQUEUE)
                found = stamp_of(ancillary) or found
        return found
