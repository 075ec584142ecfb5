"""Bytes of other processes' TCP connections, as the Linux kernel counts them.

A page cannot know what its browser sends and receives: headers of the browser's own, handshakes,
what a connection that is kept alive saves. The kernel knows, to the byte, and tells without taking
part (sock_diag(7)). A connection that closed is counted as it was last seen.
"""

import os
import socket
import struct
import sys
from collections.abc import Iterable

__all__ = ["SocketBytes"]

_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_DONE, _ERROR = 3, 2
_ALL_STATES = 0xFFF
_WANT_INFO = 1 << 1  # INET_DIAG_INFO
_INFO = 2
_HEADER = struct.Struct("=IHHII")
_ACKED, _RECEIVED = 120, 128  # in struct tcp_info


class SocketBytes:
    """Follows the connections of some processes to one port.

    Attributes:
        bytes_in, bytes_out: payload of TCP so far; out: what the other side has acknowledged.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._seen: dict[int, tuple[int, int]] = {}
        self.bytes_in = 0
        self.bytes_out = 0

    def look(self, pids: Iterable[int]) -> None:
        """Count again, for the connections that these processes hold now."""
        if sys.platform != "linux":
            return
        inodes = _sockets_of(pids)
        for inode, counted in _tcp_towards(self._port):
            if inode in inodes:
                self._seen[inode] = counted
        self.bytes_in = sum(received for received, _ in self._seen.values())
        self.bytes_out = sum(acked for _, acked in self._seen.values())


def _sockets_of(pids: Iterable[int]) -> set[int]:
    """The inodes of the sockets that these processes hold."""
    found: set[int] = set()
    for pid in pids:
        try:
            names = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        for name in names:
            try:
                target = os.readlink(f"/proc/{pid}/fd/{name}")
            except OSError:
                continue
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
    return found


def _tcp_towards(port: int) -> list[tuple[int, tuple[int, int]]]:
    """For each TCP connection to `port`: its inode, and the bytes received and acknowledged."""
    found: list[tuple[int, tuple[int, int]]] = []
    for family in (socket.AF_INET, socket.AF_INET6):
        body = struct.pack(
            "=BBBxI48s", family, socket.IPPROTO_TCP, _WANT_INFO, _ALL_STATES, bytes(48)
        )
        head = _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as kernel:  # NETLINK_SOCK_DIAG
            kernel.send(head + body)
            while _read(kernel.recv(1 << 18), port, found):
                pass
    return found


def _read(data: bytes, port: int, found: list[tuple[int, tuple[int, int]]]) -> bool:
    """Read one datagram of answers; whether more will come."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, *_ = _HEADER.unpack_from(data, at)
        if kind in (_DONE, _ERROR) or length < _HEADER.size:
            return False
        # struct inet_diag_msg: 4 bytes, struct inet_diag_sockid (48), 5 numbers of 32 bits
        body = at + _HEADER.size
        (towards,) = struct.unpack_from(">H", data, body + 6)
        (inode,) = struct.unpack_from("=I", data, body + 4 + 48 + 16)
        if towards == port and inode:
            attribute, end = body + 72, at + length
            while attribute + 4 <= end:
                size, name = struct.unpack_from("=HH", data, attribute)
                if name == _INFO and size >= 4 + _RECEIVED + 8:
                    acked, received = struct.unpack_from("=QQ", data, attribute + 4 + _ACKED)
                    found.append((inode, (received, max(0, acked - 1))))  # the SYN counts as one
                attribute += max(4, (size + 3) & ~3)
        at += (length + 3) & ~3
    return True
