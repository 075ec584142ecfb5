"""Clients that have sent all they will: half closed, and still reading, or gone.

A client that closes and one that only shuts its writing side (``nc -N`` does, and some programs in
Java and Perl) look alike: a FIN comes. The difference shows when something is sent: a system on
which nobody reads any more resets the connection. So the hub sends what its client gets anyway, a
little earlier: the first letter of the answer, or a leading zero of the next chunk's size
(RFC 9112, section 7.1), and asks the kernel a few times what became of the connection.

With TLS neither asyncio nor uvloop can keep a half-closed connection; there a FIN is the end.
"""

import asyncio
import socket
from collections.abc import Iterator

__all__ = ["FIRST_LETTER", "LEADING_ZERO", "can_be_kept", "has_gone", "looks_after_s"]

FIRST_LETTER = b"H"  #: of each answer's ``HTTP/1.1``
LEADING_ZERO = b"0"
_CLOSED = 7  # TCP_CLOSE of the kernel's include/net/tcp_states.h
_LOOKS_AFTER_S = (0.01, 0.05, 0.2, 1.0, 3.0)  # about the round trips that there are


def can_be_kept(transport: asyncio.Transport) -> bool:
    """Whether a half-closed connection can go on at all."""
    return transport.get_extra_info("sslcontext") is None and hasattr(socket, "TCP_INFO")


def looks_after_s() -> Iterator[float]:
    """Seconds to wait before each look."""
    return iter(_LOOKS_AFTER_S)


def has_gone(transport: asyncio.Transport) -> bool:
    """Whether the client's system has reset the connection. False where nobody can tell."""
    try:
        state = transport.get_extra_info("socket").getsockopt(
            socket.IPPROTO_TCP, socket.TCP_INFO, 1
        )
    except (OSError, AttributeError):
        return False
    return bool(state[0] == _CLOSED)
