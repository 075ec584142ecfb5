"""A line that notes when a client sends and receives: what its radio would have to do.

It lies where the client's network begins, below encryption and above an emulated link. Only a few
clients have one, so the others do not pay for it.
"""

import asyncio
import time
from typing import Any, cast

from pushlab.lab.load.emulated_link import SubscriberIO
from pushlab.lab.load.recorder import Recorder

__all__ = ["TappedProtocol", "observed_among"]

_MOST = 20
_SHARE = 5


def observed_among(clients: int) -> range:
    """The numbers of the clients to observe: spread over all, a fifth of them, at most twenty."""
    count = max(1, min(_MOST, clients // _SHARE))
    step = max(1, clients // count)
    return range(0, min(clients, step * count), step)


class TappedProtocol(asyncio.Protocol):
    """Between a socket (or a link) and what is above it, to which it is a transport.

    Args:
        subscriber: whose line it is.
        above: the driver's connection, or TLS.
        recorder: where each moment is written down.
    """

    __slots__ = ("_above", "_below", "_recorder", "_subscriber")

    def __init__(self, subscriber: int, above: SubscriberIO, recorder: Recorder) -> None:
        self._subscriber = subscriber
        self._above = above
        self._recorder = recorder
        self._below: Any = None

    # ---- from below -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._below = transport
        self._above.connection_made(cast(asyncio.Transport, self))

    def data_received(self, data: bytes) -> None:
        """Bytes arrived."""
        self._recorder.moved(self._subscriber, time.monotonic_ns(), len(data))
        self._above.data_received(data)

    def eof_received(self) -> None:
        """The other side sends no more."""
        self._above.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._above.connection_lost(error)

    # ---- from above -------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Bytes leave."""
        self._recorder.moved(self._subscriber, time.monotonic_ns(), -len(data))
        self._below.write(data)

    def close(self) -> None:
        """Close when what was written has been sent."""
        self._below.close()
