"""The lingering close: how a connection ends so that its client can read why.

To close a socket while bytes of the client's lie unread resets the connection, and a reset can
destroy the answer before it is read. So the hub says that it sends no more, reads past what still
comes, for a while and so many bytes, and then closes (RFC 9112, section 9.6).
"""

import asyncio
from typing import Any

__all__ = ["LINGER_S", "LingeringClose", "close_in_time"]

LINGER_S = 2.0
_MOST_BYTES = 1024 * 1024


class LingeringClose(asyncio.Protocol):
    """Takes over a connection on which everything is said.

    Args:
        connections: those of the server, this one among them while it stands.
    """

    __slots__ = ("_connections", "_left", "_timer", "_transport")

    def __init__(self, transport: asyncio.Transport, connections: set[Any]) -> None:
        self._transport = transport
        self._connections = connections
        self._left = _MOST_BYTES
        connections.add(self)
        transport.set_protocol(self)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(LINGER_S, self._end)
        if not transport.is_closing():
            if transport.can_write_eof():  # not with TLS
                transport.write_eof()
            transport.resume_reading()

    def _end(self) -> None:
        """Its time is over; over TLS it is told so, if it takes that."""
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Read past it; a flood is read no further."""
        self._left -= len(data)
        if self._left < 0:
            self._transport.pause_reading()

    def shutdown(self) -> None:
        """The server stops."""
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone, or its time is over."""
        self._timer.cancel()
        self._connections.discard(self)


def close_in_time(transport: asyncio.Transport, wait_s: float) -> asyncio.TimerHandle | None:
    """Close; a client that does not take what is written is cut off.

    Returns:
        The timer of that, to be cancelled when the connection is lost; None where all is taken.
    """
    transport.close()
    if transport.get_write_buffer_size():
        return asyncio.get_running_loop().call_later(wait_s, transport.abort)
    return None
