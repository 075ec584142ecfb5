"""What a message costs each of those that it passes: the figures of `pushlab predict --backplane`.

Hubs without readers, with one reader, and Redis itself, while messages are published with many
under way. What a hub with `memory` takes for the same is subtracted from the hubs' figures.
"""

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Iterator

from benchmarks.backplane.hubs import fresh_place, own_redis, running_hub
from benchmarks.backplane.turns import Row
from benchmarks.hub.servers import HubServer
from benchmarks.hub.work import cpu_of_all

__all__ = ["costs"]

_UNDER_WAY = 20
_WARM = 300
_LIMIT_S = 30.0


async def costs(repetitions: int, messages: int) -> list[Row]:
    """CPU microseconds per message, by who spends them."""
    found: list[dict[str, float]] = []
    with own_redis() as redis:
        for _ in range(repetitions):
            async with running_hub() as alone:
                memory = _each_us(alone, [alone.pids], messages)[0]
            async with running_hub() as alone:
                with _reading(alone):
                    read = _each_us(alone, [alone.pids], messages)[0]
            where = fresh_place(redis)
            async with running_hub(backplane=where) as one, running_hub(backplane=where) as other:
                taken, carried = _each_us(one, [one.pids, [redis.pid]], messages)
                with _reading(other):
                    followed = _each_us(one, [other.pids, [redis.pid]], messages)
                    with _reading(one):
                        handed = _each_us(one, [[redis.pid]], messages)[0]
            found.append(
                {
                    "a hub that takes it (µs)": taken - memory,
                    "a hub that has readers for it (µs)": followed[0] - (read - memory),
                    "Redis, for each publish (µs)": carried,
                    "Redis, for each hub that reads it (µs)": (handed - carried) / 2,
                }
            )
    return [
        Row(f"CPU per message: {name}", "", unit="µs", values=[each[name] for each in found])
        for name in found[0]
    ]


def _each_us(server: HubServer, groups: list[list[int]], messages: int) -> list[float]:
    """CPU of each group of processes per message that is published to `server`."""
    with _publishers(server) as publish:
        publish(_WARM)
        before = [cpu_of_all(pids)[0] for pids in groups]
        publish(messages)
        after = [cpu_of_all(pids)[0] for pids in groups]
    return [1e6 * (now - then) / messages for now, then in zip(after, before, strict=True)]


@contextlib.contextmanager
def _publishers(server: HubServer) -> Iterator[Callable[[int], None]]:
    """Publishes so many messages, with some under way at any time, and waits for all answers."""
    request = server.publish()
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for _ in range(_UNDER_WAY):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 10))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(sock, selectors.EVENT_READ)
        socks = [key.fileobj for key in selector.get_map().values()]

        def publish(messages: int) -> None:
            left, waiting = messages, 0
            for sock in socks[:left]:
                sock.sendall(request)
                left, waiting = left - 1, waiting + 1
            while waiting:
                ready = selector.select(_LIMIT_S)
                if not ready:
                    raise RuntimeError("publishes are not answered")
                for key, _ in ready:
                    answer = key.fileobj.recv(65_536)
                    if not answer.startswith(b"HTTP/1.1 202"):
                        raise RuntimeError(f"a message was not taken: {answer[:80]!r}")
                    if left:
                        key.fileobj.sendall(request)
                        left -= 1
                    else:
                        waiting -= 1

        yield publish


@contextlib.contextmanager
def _reading(server: HubServer) -> Iterator[None]:
    """One SSE reader, in a thread of this process, while the body runs."""
    sock = socket.create_connection(("127.0.0.1", server.port), 10)
    sock.sendall(server.subscribe("sse", 1)[0])
    if not sock.recv(4096).startswith(b"HTTP/1.1 200"):
        raise RuntimeError("a reader was not let in")
    sock.settimeout(None)

    def read() -> None:
        with contextlib.suppress(OSError):
            while sock.recv(1 << 20):
                pass

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        thread.join()
        sock.close()
