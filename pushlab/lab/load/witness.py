"""Witnesses: a few subscribers whose data the kernel stamps when it arrives.

What the swarm writes down is when it has read a delivery. How late that is shows only beside a
stamp that does not depend on the swarm's process: the kernel's. Witnesses have sockets that are
read with it; their client halves, and all that lies between, are those of every other subscriber.
"""

import asyncio
import contextlib
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence
from random import Random

from pushlab.lab.load.emulated_link import DelayedProtocol, Holding
from pushlab.lab.load.stamped_socket import Arrival, Stamps, open_stamped

__all__ = ["WitnessDelay", "reading_path_s", "witnesses_among"]

_MOST = 16
_LEAST = 4
_SHARE = 12
_PIECES = 50
_PIECE_EVERY_S = 0.001


def witnesses_among(channels: Sequence[int], *, seed: int) -> frozenset[int]:
    """The numbers of the subscribers that are witnesses: a twelfth of them, from 4 to 16.

    Args:
        channels: of each subscriber, the number of its channel; different ones are drawn as long
            as there are any.
        seed: of the draw.
    """
    clients = len(channels)
    count = min(clients, max(_LEAST, min(_MOST, clients // _SHARE)))
    readers: dict[int, list[int]] = {}
    for number in Random(f"witnesses {seed}").sample(range(clients), clients):
        readers.setdefault(channels[number], []).append(number)
    turns = deque(readers.values())
    found: set[int] = set()
    while len(found) < count:
        found.add(turns[0].pop())
        if not turns[0]:
            turns.popleft()
        turns.rotate(-1)
    return frozenset(found)


class WitnessDelay(DelayedProtocol):
    """A witness's emulated link: what comes out of it arrived when it should have come out.

    Args:
        stamps: where the stamp of each piece is while the piece is handed on.
    """

    __slots__ = ("_stamps",)

    def __init__(self, holding: Holding, above: asyncio.Protocol, stamps: Stamps) -> None:
        super().__init__(holding, above)
        self._stamps = stamps

    def _hold(self, data: bytes, now_ns: int, until_ns: int) -> None:
        held = (data, self._stamps.current, until_ns - now_ns)
        self._holding.put(until_ns, self._hand_on, held)

    def _hand_on(self, held: tuple[bytes, Arrival | None, int]) -> None:
        data, arrival, under_way_ns = held
        self._stamps.current = None if arrival is None else arrival.later(under_way_ns)
        try:
            self._above.data_received(data)
        finally:
            self._stamps.current = None


class _Path(asyncio.Protocol):
    """Notes how long after the kernel each piece is read."""

    def __init__(self, stamps: Stamps) -> None:
        self._stamps = stamps
        self.found: list[tuple[Arrival, int]] = []
        self.over = stamps.loop.create_future()

    def data_received(self, data: bytes) -> None:
        """A piece arrived."""
        now_ns = time.monotonic_ns()
        if self._stamps.current is not None:
            self.found.append((self._stamps.current, now_ns))

    def eof_received(self) -> None:
        """All have."""
        self.over.set_result(None)


async def reading_path_s(stamps: Stamps) -> float | None:
    """How long after the kernel an event loop that does nothing else stamps what it reads.

    Every delivery's stamp is late by that, on the quietest machine too. It is the tenth percentile
    of a few dozen small pieces, so that what else the machine does is not in it; they are sent from
    another core, as a server's are, where this process has been given some and left others.

    Returns:
        seconds; None where the kernel stamps nothing.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        host, port = listener.getsockname()
        path = _Path(stamps)
        if await open_stamped(lambda: path, host, port, stamps) is None:
            return None
        peer, _ = listener.accept()
        with peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sender = threading.Thread(target=_send_slowly, args=(peer,), name="pushlab-path")
            sender.start()
            await path.over
            sender.join()
    late_ns = sorted(now_ns - arrival.last_ns for arrival, now_ns in path.found if arrival.last_ns)
    return late_ns[len(late_ns) // 10] / 1e9 if late_ns else None


def _send_slowly(peer: socket.socket) -> None:
    if hasattr(os, "sched_setaffinity"):
        others = set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0)
        with contextlib.suppress(OSError):  # of this thread alone; there may be no others
            os.sched_setaffinity(0, others)
    for _ in range(_PIECES):
        time.sleep(_PIECE_EVERY_S)
        peer.send(b"x")
    peer.shutdown(socket.SHUT_WR)
