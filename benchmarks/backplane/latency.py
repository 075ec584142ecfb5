"""From a publish to its delivery, one message after another, with one publisher and one reader."""

import socket
import time

from benchmarks.hub.servers import Server
from benchmarks.hub.work import MARK

__all__ = ["latencies_s"]

_LIMIT_S = 10.0
_CHUNK = 65_536
_WARM = 50
_GAP_S = 0.004


def latencies_s(server: Server, messages: int) -> list[float]:
    """Of each message: from the last byte of the request to its mark at an SSE reader.

    Raises:
        RuntimeError: something else came.
    """
    with _dial(server.port) as reader, _dial(server.port) as publisher:
        reader.sendall(server.subscribe("sse", 1)[0])
        _until(reader, b"\r\n\r\n")
        request, taken = server.publish(), []
        for number in range(_WARM + messages):
            time.sleep(_GAP_S)
            began_s = time.perf_counter()
            publisher.sendall(request)
            _until(reader, MARK)
            if number >= _WARM:
                taken.append(time.perf_counter() - began_s)
            if b"HTTP/1.1 202" not in _until(publisher, b"}"):
                raise RuntimeError("a message was not taken")
        return taken


def _dial(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), _LIMIT_S)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _until(sock: socket.socket, mark: bytes) -> bytes:
    data = b""
    while mark not in data:
        more = sock.recv(_CHUNK)
        if not more:
            raise RuntimeError("the server closed a connection")
        data += more
    return data
