"""When the kernel got what a socket reads: its stamp among a read's ancillary data.

Linux stamps by the wall clock what a socket receives (``SO_TIMESTAMPNS``) and what it sends
(``SO_TIMESTAMPING``); see `socket(7)` and the kernel's ``networking/timestamping``.
"""

import socket
import struct
import sys
from collections.abc import Sequence

__all__ = ["SO_TIMESTAMPING", "SPACE", "Ancillary", "set_option", "stamp_of", "stamp_received"]

# Of <asm-generic/socket.h>: `socket` does not have them.
_SO_TIMESTAMPNS = 64
SO_TIMESTAMPING = 65
_STAMPS = frozenset((_SO_TIMESTAMPNS, SO_TIMESTAMPING))
_STAMP = struct.Struct("=qq")
#: Of ancillary data: one stamp, or three of them and what else comes with an error queue.
SPACE = 256

Ancillary = Sequence[tuple[int, int, bytes]]


def stamp_received(sock: socket.socket) -> bool:
    """Let the kernel stamp what a socket receives; False where it cannot."""
    return set_option(sock, _SO_TIMESTAMPNS, 1)


def set_option(sock: socket.socket, option: int, value: int) -> bool:
    """Set an option of a Linux socket; False where there is none such."""
    if sys.platform != "linux":
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, option, value)
    except OSError:
        return False
    return True


def stamp_of(ancillary: Ancillary) -> int | None:
    """The wall clock's nanoseconds in the ancillary data of a read; None: it has no stamp."""
    for _, kind, data in ancillary:
        if kind in _STAMPS:
            seconds, nanoseconds = _STAMP.unpack_from(data)
            stamp_ns: int = seconds * 1_000_000_000 + nanoseconds
            return stamp_ns
    return None
