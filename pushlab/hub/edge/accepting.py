"""Taking connections: how many, from whom, and for how long one may be silent for ever.

The hub accepts by itself, since whoever accepts can refuse for next to nothing: no transport, no
protocol and no parser is made for a connection that is too many. It is told why before it has asked
(503, or 429 where its own address has too many, with ``Retry-After``), and closed. Over TLS it is
closed without a word, for a word would need a handshake.

On the loopback everybody is this machine's (a proxy, a laboratory), so as long as there is room
nobody is refused. There the event loop's own server accepts, at half the cost, until every place is
taken.

At the descriptor limit `accept` fails and the listener stays readable: a server that leaves it at
that spins, and its clients wait for a time-out. One descriptor is kept in reserve to take such a
connection, answer 503, and let go of it.
"""

import asyncio
import contextlib
import errno
import json
import os
import random
import resource
import socket
import ssl
import sys
from collections import deque
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any, cast

import psutil

from pushlab.contract.authority import is_loopback
from pushlab.contract.serving import HubSettings
from pushlab.hub.edge.limits import CROWDED
from pushlab.hub.edge.lingering_close import LingeringClose
from pushlab.hub.edge.refusals import Refusal, Refusals
from pushlab.hub.edge.vanishing import set_vanishing_limits
from pushlab.hub.reach.addresses import address_key

__all__ = [
    "BACKLOG",
    "Acceptor",
    "is_of_this_machine",
    "most_connections",
]

#: Connections taken in one turn of the event loop: who has one is served in between. A crowd that
#: comes at once so comes in ranks, and its keep-alives do later.
_TURN = 4
_LOOK_S = 0.25  # how often the event loop's server is looked after
_ROOM_AGAIN = 0.9  # of all places: with fewer taken it accepts again,
_SPARE = 8  # descriptors; with fewer left the hub accepts by itself, for it says why it refuses
_CALM_S = 5.0  # once descriptors have not run out for so long
#: Connections that wait to be accepted; the kernel takes no more than net.core.somaxconn of them.
BACKLOG = 4096
_PAUSE_S = 0.1  # before accepting goes on where not even the reserve helped
_ROOM = 64  # descriptors that no connection gets: the broker's, presence posts
_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_LINGER_S = 0.5  # for a refused client to read why before the kernel resets the connection
_MOST_LINGERING = 64
_RETRY_S = range(1, 11)
_SHARE = 4  # of all connections, one address may have the fourth part


def most_connections(settings: HubSettings, *, own: int) -> int:
    """How many connections this process holds at once: as set, or as its descriptors allow.

    Args:
        own: the descriptors that it holds for itself.
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        limit = 1 << 20
    allowed = max(1, limit - own - min(_ROOM, limit // 8))
    return min(settings.max_connections or allowed, allowed)


def is_of_this_machine(sock: socket.socket, address: str) -> bool:
    """Whether a connection comes from this machine, by loopback or another of its addresses."""
    if is_loopback(address):
        return True
    try:
        return address == _plain_address(sock.getsockname()[0])
    except OSError:
        return False


@cache
def _answer(kind: Refusal, retry_s: int) -> bytes:
    why = next(reason for reason in CROWDED if reason.word == kind)()
    body = json.dumps(why.to_json())
    head = (
        f"HTTP/1.1 {why.status} {HTTPStatus(why.status).phrase}\r\n"
        f"retry-after: {retry_s}\r\ncontent-type: application/json"
        f"\r\ncontent-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
    )
    return (head + body).encode()


class Acceptor:
    """Accepts the connections of one listener, or refuses them.

    An address has no cap of its own where it is this machine's (laboratories) or a trusted proxy's:
    such a one speaks for many clients.

    Args:
        listener: a listening socket that does not block.
        make: makes the protocol of a connection.
        connections: those that are open now.
        trusts: whether an address is a trusted proxy's.
        tls: with which to encrypt.

    Attributes:
        most: how many connections it lets in at once.
    """

    def __init__(
        self,
        listener: socket.socket,
        make: Callable[[], asyncio.BaseProtocol],
        *,
        connections: set[Any],
        settings: HubSettings,
        refusals: Refusals,
        trusts: Callable[[str], bool] = lambda address: False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._listener = listener
        self._connections = connections
        self._refusals = refusals
        self._trusts = trusts
        self.most = most_connections(settings, own=psutil.Process().num_fds())
        self._most_each = settings.max_connections_per_address or max(1, self.most // _SHARE)
        self._settings = settings
        self._plain = tls is None
        self._loop = asyncio.get_running_loop()
        more: dict[str, Any] = (
            {} if tls is None else {"ssl": tls, "ssl_handshake_timeout": settings.head_s}
        )
        self._make = make
        self._tls = more
        self._opening: dict[asyncio.Task[None], asyncio.BaseProtocol] = {}
        self._of_address: dict[str, list[socket.socket]] = {}
        self._held = 0  # sockets in there, open or not
        self._most_lingering = min(_MOST_LINGERING, max(1, self.most // 64))
        self._lingering: deque[tuple[float, socket.socket]] = deque()
        self._reserve = _open_reserve()
        self._closed = False
        self._all_are_ours = self._plain and is_loopback(listener.getsockname()[0])
        self._watch: asyncio.Future[None] | None = None
        self._ran_out_at = -_CALM_S
        self._loops: asyncio.Server | None = None  # the event loop's own server, while it accepts

    async def start(self) -> None:
        """Accept from now on."""
        if not self._all_are_ours:
            self._listen()
            return
        await self._let_loop_listen()
        self._watch = asyncio.ensure_future(self._look_after())

    def _listen(self) -> None:
        self._loop.add_reader(self._listener.fileno(), self._accept)

    # ---- while there is nothing to refuse -----------------------------------------------------

    async def _let_loop_listen(self) -> None:
        listener = self._listener.dup()  # which that server closes in the end
        self._loops = await self._loop.create_server(
            self._make_one_more, sock=listener, backlog=BACKLOG
        )

    def _make_one_more(self) -> asyncio.BaseProtocol:
        if len(self._connections) >= self.most:
            self._loop.call_soon(self._take_over)  # the rest of a crowd that is being accepted now
            self._refusals.note(Refusal.TOO_MANY_CONNECTIONS)
            return _OneTooMany()
        protocol = self._make()
        self._connections.add(protocol)  # now, for a crowd is accepted in one turn
        return protocol

    def _take_over(self) -> None:
        """Accept by ourselves, and refuse."""
        if self._loops is not None:
            self._loops.close()
            self._loops = None
            self._listen()

    async def _look_after(self) -> None:
        """Take over at the descriptor limit; give back where there is room."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if not _has_descriptors():
                self._ran_out_at = self._loop.time()
                self._take_over()
                continue
            is_calm = self._loop.time() - self._ran_out_at >= _CALM_S
            has_room = len(self._connections) < _ROOM_AGAIN * self.most
            if self._loops is None and is_calm and has_room:
                await self._let_loop_listen()
                self._loop.remove_reader(self._listener.fileno())

    def close(self) -> None:
        """Accept no more, and close the listener."""
        if self._closed:
            return
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        if self._loops is not None:
            self._loops.close()
        self._loop.remove_reader(self._listener.fileno())
        self._listener.close()
        for task in self._opening:
            task.cancel()
        while self._lingering:
            self._lingering.popleft()[1].close()
        if self._reserve is not None:
            os.close(self._reserve)

    # ---- one turn -----------------------------------------------------------------------------

    def _accept(self) -> None:
        for _ in range(_TURN):
            try:
                sock, address = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno not in _FULL:
                    continue  # that client has left again
                if not self._accept_with_reserve():
                    return
                continue
            self._welcome(sock, _plain_address(address[0]))

    def _welcome(self, sock: socket.socket, address: str) -> None:
        if self._is_full():
            self._refuse(sock, address, Refusal.TOO_MANY_CONNECTIONS)
            return
        if not self._has_room(sock, address):
            self._refuse(sock, address, Refusal.TOO_MANY_OF_ADDRESS)
            return
        if sys.platform != "linux":
            set_vanishing_limits(sock, self._settings)
        protocol = self._make()
        task = self._loop.create_task(self._open(sock, address, protocol))
        self._opening[task] = protocol
        task.add_done_callback(self._opening.__delitem__)

    def _is_full(self) -> bool:
        connections, opening = self._connections, self._opening
        if len(connections) + len(opening) < self.most:
            return False
        # Exactly: one that has just been opened may be in both.
        more = sum(protocol not in connections for protocol in opening.values())
        return len(connections) + more >= self.most

    async def _open(
        self, sock: socket.socket, address: str, protocol: asyncio.BaseProtocol
    ) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: protocol, sock, **self._tls)
        except (TimeoutError, ConnectionError) as error:
            sock.close()
            if not self._plain and "handshake" in str(error):
                self._refusals.note(Refusal.HEAD_TIMED_OUT, who=address, detail="TLS handshake")
        except OSError:  # it speaks no TLS, or has left again
            sock.close()

    # ---- of one address -----------------------------------------------------------------------

    def _has_room(self, sock: socket.socket, address: str) -> bool:
        """Whether one more of this address is let in; then it counts."""
        if self._trusts(address) or is_of_this_machine(sock, address):
            return True
        key = address_key(address)
        held = self._of_address.setdefault(key, [])
        if len(held) >= self._most_each:
            self._held -= len(held)
            held[:] = [one for one in held if one.fileno() != -1]
            self._held += len(held)
            if len(held) >= self._most_each:
                return False
        held.append(sock)
        self._held += 1
        if self._held > 2 * len(self._connections) + 1_000:
            self._forget_closed()
        return True

    def _forget_closed(self) -> None:
        for key, held in list(self._of_address.items()):
            held[:] = [one for one in held if one.fileno() != -1]
            if not held:
                del self._of_address[key]
        self._held = sum(map(len, self._of_address.values()))

    # ---- refusing -----------------------------------------------------------------------------

    def _refuse(self, sock: socket.socket, address: str, kind: Refusal) -> None:
        self._refusals.note(kind, who=address)
        if not self._plain:
            sock.close()
            return
        _tell(sock, kind)
        if len(self._lingering) >= self._most_lingering:
            self._lingering.popleft()[1].close()
        elif not self._lingering:
            self._loop.call_later(_LINGER_S, self._let_go)
        self._lingering.append((self._loop.time() + _LINGER_S, sock))

    def _let_go(self) -> None:
        now = self._loop.time()
        while self._lingering and self._lingering[0][0] <= now:
            self._lingering.popleft()[1].close()
        if self._lingering and not self._closed:
            self._loop.call_at(self._lingering[0][0], self._let_go)

    def _accept_with_reserve(self) -> bool:
        """Take one connection with the descriptor in reserve, answer, and let go of it."""
        self._ran_out_at = self._loop.time()
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None
            with contextlib.suppress(OSError):
                sock, address = self._listener.accept()
                self._refusals.note(Refusal.OUT_OF_DESCRIPTORS, who=address[0])
                if self._plain:
                    _tell(sock, Refusal.OUT_OF_DESCRIPTORS)
                sock.close()
        self._reserve = _open_reserve()
        if self._reserve is not None:
            return True
        self._refusals.note(Refusal.OUT_OF_DESCRIPTORS)
        self._loop.remove_reader(self._listener.fileno())
        self._loop.call_later(_PAUSE_S, self._go_on)
        return False

    def _go_on(self) -> None:
        if not self._closed and self._loops is None:
            self._listen()


class _OneTooMany(asyncio.Protocol):
    """Tells its client that there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It has come."""
        there = cast(asyncio.Transport, transport)
        there.write(_answer(Refusal.TOO_MANY_CONNECTIONS, random.choice(_RETRY_S)))
        LingeringClose(there, set())


def _plain_address(address: str) -> str:
    """Without what a listener for both kinds of IP puts before an address of IPv4."""
    return address.removeprefix("::ffff:")


def _has_descriptors() -> bool:
    """Whether there are some to spare."""
    spare = [_open_reserve() for _ in range(_SPARE)]
    for one in spare:
        if one is not None:
            os.close(one)
    return None not in spare


def _open_reserve() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _tell(sock: socket.socket, kind: Refusal) -> None:
    """Write why, if the kernel takes it at once, and say that this is all."""
    with contextlib.suppress(OSError):
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.recv(16 * 1024)  # what is read already cannot make the kernel reset it
        sock.send(_answer(kind, random.choice(_RETRY_S)))
        sock.shutdown(socket.SHUT_WR)
