"""``python -m benchmarks.hub.crowd WORK``: subscribers that read whatever server speaks to them.

They know no dialect but what every server shares: a message has come when its mark has. So the same
reader, on plain sockets, stands before each server. The process publishes too: a message goes out
as soon as all subscribers have the one that is a few messages older, so the server is always
busy and never drowns. At the end everybody must have everything.

WORK is a JSON file (`benchmarks.hub.work.Work`); the answer is one line of JSON. CPU seconds and
memory of the server's processes are read here, at the very ends of what they are charged for.
"""

import json
import selectors
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.harness.processes import raise_descriptor_limit
from benchmarks.hub.work import Work, cpu_of_all

__all__ = ["Crowd", "main"]

_PROBES = 20
_PROBE_GAP_S = 0.01
_QUIET_S = 0.2
_STALL_S = 10.0
_SETTLE_S = 1.0
_DIALS = 64
_FIRST = 100
_WARM_S = 0.5
_NAP_S = 0.0005
_CHUNK = 32_768  # larger ones would be mapped and unmapped at every read


class Crowd:
    """Subscribers on plain sockets.

    Attributes:
        counts: messages that each subscriber has.
        total: their sum.
        published: messages that were sent.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self.counts: list[int] = []
        self.total = 0
        self.published = 0
        self._sockets: list[socket.socket] = []
        self._tails: dict[int, bytes] = {}
        self._publishers: list[socket.socket] = []
        self._idle: list[socket.socket] = []
        self._came_s = 0.0
        self._selector = selectors.DefaultSelector()

    def _dial(self, port: int, request: bytes) -> socket.socket:
        sock = socket.create_connection((self.work.host, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(request)
        return sock

    # ---- connecting -------------------------------------------------------------------------

    def connect(self, count: int) -> None:
        """Connect this many subscribers and wait until the server has let all in."""
        requests = self.work.requests[:count]
        welcome, waiting = self.work.welcome, dict[socket.socket, bytes]()
        while requests or waiting:
            while requests and len(waiting) < _DIALS:
                sock = self._dial(self.work.port, requests[0])
                requests = requests[1:]
                self._selector.register(sock, selectors.EVENT_READ)
                waiting[sock] = b""
            ready = self._selector.select(_STALL_S)
            if not ready:
                raise RuntimeError(f"only {len(self._sockets):,} of {count:,} were let in")
            for key, _ in ready:
                sock = key.fileobj  # type: ignore[assignment]
                data = sock.recv(_CHUNK)
                if not data:
                    raise RuntimeError("the server closed a connection that begins")
                if sock not in waiting:
                    continue  # let in already; this is the server's first word
                waiting[sock] += data
                if welcome in waiting[sock]:
                    del waiting[sock]
                    sock.setblocking(False)
                    self._selector.modify(sock, selectors.EVENT_READ, len(self._sockets))
                    self._sockets.append(sock)
                    self.counts.append(0)

    def disconnect(self) -> None:
        """Close all."""
        for sock in self._sockets:
            self._selector.unregister(sock)
            sock.close()
        self._sockets.clear()
        self.counts.clear()

    def open_publishers(self) -> None:
        """Connections to publish on, with one message under way on each."""
        for hello in self.work.publish_hellos:
            sock = self._dial(self.work.publish_port, hello)
            if hello and not sock.recv(_CHUNK):
                raise RuntimeError("the server takes no publisher")
            self._selector.register(sock, selectors.EVENT_READ, sock)
            self._publishers.append(sock)
        self._idle = list(self._publishers)

    # ---- reading and publishing -------------------------------------------------------------

    def turn(self, timeout_s: float) -> bool:
        """Read what comes; whether anything did."""
        ready = self._selector.select(timeout_s)
        for key, _ in ready:
            who = key.data
            if type(who) is int:
                sock = self._sockets[who]
                data = sock.recv(_CHUNK)
                if not data:
                    raise RuntimeError("the server closed a subscriber's connection")
                if tail := self._tails.pop(who, None):
                    data = tail + data
                count, rest, answer = self.work.read(data)
                if rest:
                    self._tails[who] = rest
                if answer:
                    sock.sendall(answer)
                self.counts[who] += count
                self.total += count
            else:
                self._read_answer(who, who.recv(_CHUNK))
        return bool(ready)

    def _read_answer(self, publisher: socket.socket, data: bytes) -> None:
        """A publisher's answer, or a part of one."""
        if self.work.published in data:
            self._idle.append(publisher)
        elif not data or b"HTTP/" in data:
            raise RuntimeError(f"a message was not taken: {data[:60]!r}")

    def publish(self) -> None:
        """Send one message."""
        self._idle.pop().sendall(self.work.publish_request)
        self.published += 1

    def probe(self) -> None:
        """Publish a little, until everything flows and all is read; then count from nothing."""
        for _ in range(_PROBES):
            while not self._idle:
                self.turn(_STALL_S)
            self.publish()
            end_s = time.monotonic() + _PROBE_GAP_S
            while (left_s := end_s - time.monotonic()) > 0:
                self.turn(left_s)
        while self.turn(_QUIET_S):
            pass
        if min(self.counts) == 0:
            raise RuntimeError(f"{self.counts.count(0):,} subscribers have received nothing")
        self.counts = [0] * len(self.counts)
        self.total = self.published = 0

    def keep_busy(self, seconds: float) -> None:
        """Publish for this long, and read until everybody has everything."""
        everybody, window = len(self.counts), len(self._publishers)
        self._came_s = time.monotonic()
        end_s = self._came_s + seconds
        while time.monotonic() < end_s:
            while self._idle and self.published - self.total // everybody < window:
                self.publish()
            self._turn_or_fail()
        while self.total < self.published * everybody or len(self._idle) < len(self._publishers):
            self._turn_or_fail()
        wrong = sum(count != self.published for count in self.counts)
        if wrong:
            raise RuntimeError(f"{wrong:,} subscribers have too much or too little")

    # ---- polling ----------------------------------------------------------------------------

    def open_polls(self) -> None:
        """A connection for each client that polls; nothing is asked yet."""
        for number, _ in enumerate(self.work.requests):
            sock = self._dial(self.work.port, b"")
            self._selector.register(sock, selectors.EVENT_READ, number)
            self._sockets.append(sock)

    def poll(self, seconds: float) -> None:
        """Let each ask again as soon as it has its answer, and read the last answers."""
        now, then = list(self.work.requests), list(self.work.requests_too or self.work.requests)
        begin, end = self.work.answers
        for sock, request in zip(self._sockets, now, strict=True):
            sock.sendall(request)
        waiting = len(now)
        self._came_s = time.monotonic()
        until_s = self._came_s + seconds
        while waiting:
            ready = self._selector.select(0)
            if not ready:
                self._nap()
                continue
            now_s = self._came_s = time.monotonic()
            for key, _ in ready:
                who = key.data
                sock = self._sockets[who]
                data = self._tails.pop(who, b"") + sock.recv(_CHUNK)
                if end not in data:
                    self._tails[who] = data
                    continue
                if begin not in data:
                    raise RuntimeError(f"not the answer that was wanted: {data[:60]!r}")
                self.total += 1
                if now_s < until_s:
                    now[who], then[who] = then[who], now[who]
                    sock.sendall(now[who])
                else:
                    waiting -= 1

    # ---- waiting ----------------------------------------------------------------------------

    def _turn_or_fail(self) -> None:
        """Read what has come, or sleep a little.

        Waiting in the selector would let each single delivery wake this process, which the kernel
        charges to the server that sends it, and a server on a network does not pay.
        """
        if self.turn(0):
            self._came_s = time.monotonic()
            return
        self._nap()

    def _nap(self) -> None:
        time.sleep(_NAP_S)
        if time.monotonic() - self._came_s > _STALL_S:
            raise RuntimeError(f"nothing came for {_STALL_S:g} s, and not all had come")


def _pss_bytes(pids: Sequence[int]) -> int:
    """The processes' proportional share of memory (proc(5), smaps_rollup)."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def _charged(crowd: Crowd, do: Callable[[], None]) -> dict[str, float]:
    """What doing this cost the server, and this process."""
    (cpu_s, kernel_s), own_s = cpu_of_all(crowd.work.pids), time.process_time()
    began_s = time.monotonic()
    do()
    wall_s = time.monotonic() - began_s
    cpu_now_s, kernel_now_s = cpu_of_all(crowd.work.pids)
    return {
        "cpu_s": cpu_now_s - cpu_s,
        "kernel_s": kernel_now_s - kernel_s,
        "generator_cpu_s": time.process_time() - own_s,
        "wall_s": wall_s,
    }


def _fan_out(crowd: Crowd) -> dict[str, float]:
    work = crowd.work
    crowd.connect(len(work.requests))
    crowd.open_publishers()
    crowd.probe()
    charged = _charged(crowd, lambda: crowd.keep_busy(work.seconds))
    return {"work": crowd.total, "published": crowd.published, **charged}


def _polls(crowd: Crowd) -> dict[str, float]:
    crowd.open_polls()
    crowd.poll(_WARM_S)
    crowd.total = 0
    charged = _charged(crowd, lambda: crowd.poll(crowd.work.seconds))
    return {"work": crowd.total, **charged}


def _idle(crowd: Crowd) -> dict[str, float]:
    """Connect a few, let them go, and then connect all: the server has warmed up by then."""
    work = crowd.work
    crowd.connect(min(_FIRST, len(work.requests)))
    crowd.disconnect()
    time.sleep(_SETTLE_S)
    pss_bytes = _pss_bytes(work.pids)
    charged = _charged(crowd, lambda: crowd.connect(len(work.requests)))
    time.sleep(_SETTLE_S)
    grown = _pss_bytes(work.pids) - pss_bytes
    return {"work": len(work.requests), "bytes": grown, **charged}


def main() -> None:
    """Do the work and tell the figures."""
    raise_descriptor_limit()
    work = Work.from_json(Path(sys.argv[1]).read_text())
    crowd = Crowd(work)
    do = _polls if work.answers else _fan_out if work.seconds else _idle
    figures = do(crowd)
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
