"""An emulated link: bytes are held on their way between a driver and its socket.

What a client sends is held before it reaches the socket, what the server sends before the client
sees it, each for one way of the link. One heap and one timer hold everything that is under way in a
swarm, so that thousands of clients cost no more timers than one.

What is modelled: delay, jitter without overtaking, and a bandwidth that each connection has to
itself in each direction, with a queue of 64 KiB at the server's end of it; beyond that TCP's flow
control reaches the server. A TCP handshake takes a round trip. Not modelled: loss, slow start, a
bottleneck shared by several clients, and the headers of TCP and IP.
"""

import asyncio
import math
import time
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any, cast

from pushlab.runs import Link

__all__ = ["DelayedProtocol", "Holding", "Layer"]

_MS = 1_000_000
_NEVER_NS = 1 << 62
_PACKET_BYTES = 1_448  # what one TCP segment carries on an Ethernet
_QUEUE_BYTES = 64 * 1024
_AT_ONCE = 200  # before sockets get their turn


class Layer(asyncio.Protocol):
    """Between a socket (or another layer) and what is above it, to which it is a transport.

    It passes everything on; a layer that does more overrides where it does.

    Args:
        above: the driver's connection, or another layer.
    """

    __slots__ = ("_above", "_below")

    def __init__(self, above: asyncio.Protocol) -> None:
        self._above = above
        self._below: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._below = transport
        self._open()

    def _open(self, _: None = None) -> None:
        self._above.connection_made(cast(asyncio.Transport, self))

    def eof_received(self, _: None = None) -> None:
        """The other side sends no more."""
        self._above.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._above.connection_lost(error)

    def close(self, _: None = None) -> None:
        """Close when what was written has been sent."""
        self._below.close()


class Holding:
    """All that is under way in a swarm; each thing is released when its time has come, in order.

    Args:
        loop: on which it is released.
        link: what it is under way on.
        seed: of the jitter.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, link: Link, *, seed: int) -> None:
        self.link = link
        self._loop = loop
        self._rng = Random(seed)
        self._one_way_ns = round(link.one_way_ms * _MS)
        self._jitter_ns = round(link.jitter_ms * _MS)
        self._heap: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._count = 0
        self._timer: asyncio.Handle | None = None
        self._timer_ns = _NEVER_NS

    def __len__(self) -> int:
        return len(self._heap)

    def way_ns(self) -> int:
        """How long the next piece is under way, bandwidth apart."""
        if not self._jitter_ns:
            return self._one_way_ns
        return self._one_way_ns + self._rng.randint(-self._jitter_ns, self._jitter_ns)

    def put(self, when_ns: int, release: Callable[[Any], None], what: Any) -> None:
        """Call ``release(what)`` at `when_ns`, not earlier; equal times keep their order."""
        self._count += 1
        heappush(self._heap, (when_ns, self._count, release, what))
        if when_ns < self._timer_ns:
            self._arm(when_ns)

    def _arm(self, when_ns: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_ns = when_ns
        # Event loops round to a millisecond; rounding up saves waking too early.
        delay_ms = math.ceil((when_ns - time.monotonic_ns()) / _MS)
        if delay_ms > 0:
            self._timer = self._loop.call_later(delay_ms / 1e3, self._release)
        else:
            self._timer = self._loop.call_soon(self._release)

    def _release(self) -> None:
        self._timer_ns = 0  # what is put meanwhile sets no timer: the next one is set below
        self._timer = None
        heap = self._heap
        for _ in range(_AT_ONCE):
            if not heap or heap[0][0] > time.monotonic_ns():
                break
            _, _, release, what = heappop(heap)
            try:
                release(what)
            except Exception as error:  # one connection's trouble must not hold up the others
                context = {"message": "what a link released failed", "exception": error}
                self._loop.call_exception_handler(context)
        self._timer_ns = _NEVER_NS
        if heap:
            self._arm(heap[0][0])


class _Way:
    """One direction of one connection."""

    __slots__ = ("_holding", "_ns_per_byte", "free_ns", "last_ns")

    def __init__(self, holding: Holding) -> None:
        self._holding = holding
        self._ns_per_byte = holding.link.transfer_s(1) * 1e9
        self.free_ns = 0  # when the last byte put on this way has left
        self.last_ns = 0  # when the last piece arrives: the next one must not come before it

    def arrival_ns(self, now_ns: int, size: int) -> int:
        """When a piece of `size` bytes arrives that is put on its way now."""
        self.free_ns = max(now_ns, self.free_ns) + int(size * self._ns_per_byte)
        self.last_ns = max(self.last_ns, self.free_ns + self._holding.way_ns())
        return self.last_ns


class DelayedProtocol(Layer):
    """Holds what goes through it.

    Args:
        holding: holds what is under way.
    """

    __slots__ = ("_holding", "_in", "_out")

    def __init__(self, holding: Holding, above: asyncio.Protocol) -> None:
        super().__init__(above)
        self._holding = holding
        self._in = _Way(holding)
        self._out = _Way(holding)

    # ---- from the socket --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open; the client learns of it a round trip later."""
        self._below = transport
        there_ns = self._out.arrival_ns(time.monotonic_ns(), 0)
        self._holding.put(self._in.arrival_ns(there_ns, 0), self._open, None)

    def data_received(self, data: bytes) -> None:
        """Bytes from the server begin their way."""
        now_ns = time.monotonic_ns()
        way = self._in
        if not self._holding.link.kbit_per_s:
            self._hold(data, now_ns, way.arrival_ns(now_ns, 0))
            return
        for start in range(0, len(data), _PACKET_BYTES):
            piece = data[start : start + _PACKET_BYTES]
            self._hold(piece, now_ns, way.arrival_ns(now_ns, len(piece)))
        queue_ns = int(self._holding.link.transfer_s(_QUEUE_BYTES) * 1e9)
        below = self._below
        if way.free_ns - now_ns > queue_ns and below.is_reading():
            below.pause_reading()
            self._holding.put(way.free_ns - queue_ns // 2, self._resume, below)

    def _hold(self, data: bytes, now_ns: int, until_ns: int) -> None:
        """Give what has come now to the layer above at its time."""
        self._holding.put(until_ns, self._above.data_received, data)

    def _resume(self, below: asyncio.Transport) -> None:
        if not below.is_closing():
            below.resume_reading()

    def eof_received(self, _: None = None) -> None:
        """The server's last byte begins its way."""
        self._holding.put(self._arrival_of_nothing(), super().eof_received, None)

    def connection_lost(self, error: Exception | None) -> None:
        """The end of the connection begins its way."""
        self._holding.put(self._arrival_of_nothing(), self._above.connection_lost, error)

    def _arrival_of_nothing(self) -> int:
        return self._in.arrival_ns(time.monotonic_ns(), 0)

    # ---- from the client --------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Bytes from the client begin their way."""
        when_ns = self._out.arrival_ns(time.monotonic_ns(), len(data))
        self._holding.put(when_ns, self._below.write, data)

    def close(self, _: None = None) -> None:
        """Close the socket when what was written has got there."""
        when_ns = self._out.arrival_ns(time.monotonic_ns(), 0)
        self._holding.put(when_ns, super().close, None)
