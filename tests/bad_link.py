"""A TCP link between clients and a server that a test can spoil: cut, darken, bar requests."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

__all__ = ["BadLink"]

_CHUNK = 65_536
_LINGER_NONE = struct.pack("ii", 1, 0)
_FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class _Pair:
    """One connection through the link: its near end is the client's."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.near, self.far = near, far
        self.dark = False

    def close(self, *, reset: bool) -> None:
        for one in (self.near, self.far):
            with contextlib.suppress(OSError):
                if reset:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class BadLink:
    """Passes TCP connections on to `host` and `port`; each way of each has a thread.

    Attributes:
        port: where it listens, on 127.0.0.1.
        url: the same, for a server that speaks HTTP.
        accepted: how many connections it has taken.
        swallowed: what the server has sent in vain since `swallow`.
        forbidden: whoever sends a request with one of these in it is answered 403, as by a proxy.
        vanishing: requests with one of these in it vanish, and their connection with them.
        up: whether new connections are let through; if not, they are closed at once.
        slow_s: for how long it holds back each piece of data.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._lock = threading.Lock()
        self._pairs: set[_Pair] = set()
        self._swallowing = False
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.accepted = 0
        self.swallowed = b""
        self.forbidden: list[bytes] = []
        self.vanishing: list[bytes] = []
        self.up = True
        self.slow_s = 0.0
        _start(self._accept)

    @classmethod
    def before(cls, url: str) -> "BadLink":
        """One before the server at `url`."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        return cls(parts.hostname, parts.port)

    def in_place_of(self, url: str) -> str:
        """`url` by way of this link."""
        return urlunsplit(urlsplit(url)._replace(netloc=f"127.0.0.1:{self.port}"))

    # ---- spoiling it ------------------------------------------------------------------------

    def swallow(self) -> None:
        """From now on, keep from the clients what the server sends them; until the next cut."""
        with self._lock:
            self._swallowing = True

    def cut(self, *, reset: bool = False) -> None:
        """Break every connection; both ends learn of it, and those that come later pass again."""
        with self._lock:
            self._swallowing = False
            doomed, self._pairs = self._pairs, set()
        for pair in doomed:
            pair.close(reset=reset)

    def black_out(self) -> None:
        """What is on its way on a connection of now vanishes, and neither end learns of it."""
        with self._lock:
            for pair in self._pairs:
                pair.dark = True

    def close(self) -> None:
        """The end."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def __enter__(self) -> "BadLink":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # ---- its threads ------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            if not self.up:
                near.close()
                continue
            try:
                far = socket.create_connection(self._target)
            except OSError:
                near.close()
                continue
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = _Pair(near, far)
            with self._lock:
                self._pairs.add(pair)
            _start(self._carry, pair, near, far)
            _start(self._carry, pair, far, near)

    def _carry(self, pair: _Pair, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                time.sleep(self.slow_s)
                if source is pair.near:
                    if any(word in data for word in self.forbidden):
                        source.sendall(_FORBIDDEN)
                        break
                    pair.dark = pair.dark or any(word in data for word in self.vanishing)
                elif self._keeps(data):
                    continue
                if not pair.dark:
                    sink.sendall(data)
        if not pair.dark:
            with self._lock:
                self._pairs.discard(pair)
            pair.close(reset=False)

    def _keeps(self, data: bytes) -> bool:
        """Whether what the server sent is kept from the client."""
        with self._lock:
            if self._swallowing:
                self.swallowed += data
            return self._swallowing


def _start(work: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()
