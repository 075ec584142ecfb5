"""A TCP link between browser and server that a test can cut, black out, or bar to some requests."""

import contextlib
import socket
import struct
import threading
from urllib.parse import urlsplit

__all__ = ["BadLink"]

_LINGER_NONE = struct.pack("ii", 1, 0)
_FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class _Pair:
    """One connection through the link."""

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
    """Forwards to the server at `target`.

    Attributes:
        url: to be used in the server's place.
        forbidden: whoever sends a request with one of these in it is answered 403, as by a proxy.
        swallowed: requests with one of these in it vanish, and their connection with them.
        up: whether new connections are let through; if not, they are closed at once.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.forbidden: list[bytes] = []
        self.swallowed: list[bytes] = []
        self.up = True
        self._pairs: list[_Pair] = []
        self._start(self._accept)

    def _start(self, work, *arguments) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
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
            self._pairs.append(pair)
            self._start(self._carry, pair, near, far)
            self._start(self._carry, pair, far, near)

    def _carry(self, pair: _Pair, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if source is pair.near:
                    if any(word in data for word in self.forbidden):
                        source.sendall(_FORBIDDEN)
                        break
                    pair.dark = pair.dark or any(word in data for word in self.swallowed)
                if not pair.dark:
                    sink.sendall(data)
        if not pair.dark:
            pair.close(reset=False)

    def cut(self) -> None:
        """Break every connection; both ends learn of it."""
        for pair in self._pairs:
            pair.close(reset=True)
        self._pairs.clear()

    def black_out(self) -> None:
        """What is on its way on a connection of now vanishes, and neither end learns of it."""
        for pair in self._pairs:
            pair.dark = True

    def close(self) -> None:
        """The end."""
        self._listener.close()
        self.cut()
