"""A process on a worker, with what of `asyncio.subprocess.Process` is used of one here."""

import asyncio
import contextlib
import signal
from collections.abc import Callable

from pushlab.lab.cluster.host import CLOSE, ENDED, ERROR, OUTPUT

__all__ = ["AwayProcess"]

_LIMIT = 1 << 30  # of a line
_MOST_BYTES = 4 << 20  # that wait to be sent before `drain` waits


class AwayProcess:
    """One process of a `DaskPlace`.

    Args:
        write: carries bytes to its standard input, or `CLOSE`, in order.
        signal: sends it a signal.

    Attributes:
        pid: on its own machine; 0 until it has been started.
    """

    def __init__(self, write: Callable[[bytes], None], send: Callable[[int], None]) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self.stdin = AwayInput(self, write)
        self.stdout = asyncio.StreamReader(limit=_LIMIT)
        self.stderr = asyncio.StreamReader(limit=_LIMIT)
        self._send = send
        self._ended = asyncio.Event()

    def happened(self, kind: int, what: bytes | int) -> None:
        """It has said something, or ended; once it has ended, nothing happens any more."""
        if self.returncode is not None:
            return
        if kind == ENDED:
            self.returncode = int(what)
            self.stdout.feed_eof()
            self.stderr.feed_eof()
            self.stdin.sent()
            self._ended.set()
        elif isinstance(what, bytes):
            streams = {OUTPUT: self.stdout, ERROR: self.stderr}
            streams[kind].feed_data(what)

    async def wait(self) -> int:
        """Wait for its end; the exit status, negative for the signal that killed it."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int, /) -> None:
        """Send it a signal."""
        if self.returncode is None:
            self._send(int(number))


class AwayInput:
    """The standard input of a process on a worker."""

    def __init__(self, process: AwayProcess, write: Callable[[bytes], None]) -> None:
        self._process = process
        self._write = write
        self._waiting_bytes = 0
        self._room = asyncio.Event()
        self._closed = False

    def write(self, data: bytes, /) -> None:
        """Send it with the next batch."""
        if not data or self._closed or self._process.returncode is not None:
            return
        self._waiting_bytes += len(data)
        self._room.clear()
        self._write(data)

    def sent(self) -> None:
        """All that was to be sent has been."""
        self._waiting_bytes = 0
        self._room.set()

    async def drain(self) -> None:
        """Wait while too much waits to be sent. Raises ConnectionResetError: it has ended."""
        if self._waiting_bytes > _MOST_BYTES:
            await self._room.wait()
        if self._process.returncode is not None:
            raise ConnectionResetError("the process has ended")

    def close(self) -> None:
        """End it for the process, behind what was written."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(ConnectionError):
                self._write(CLOSE)
