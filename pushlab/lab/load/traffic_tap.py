"""A line that notes when a client sends and receives: what its radio would have to do.

It lies where the client's network begins, below encryption and above an emulated link. Only a few
clients have one, so the others do not pay for it.
"""

import asyncio
import time

from pushlab.lab.load.emulated_link import Layer
from pushlab.lab.load.recorder import Recorder

__all__ = ["TappedProtocol", "observed_among"]

_MOST = 20
_SHARE = 5


def observed_among(clients: int) -> range:
    """The numbers of the clients to observe: spread over all, a fifth of them, at most twenty."""
    count = max(1, min(_MOST, clients // _SHARE))
    step = max(1, clients // count)
    return range(0, min(clients, step * count), step)


class TappedProtocol(Layer):
    """Writes down what goes through it.

    Args:
        subscriber: whose line it is.
        recorder: where each moment is written down.
    """

    __slots__ = ("_recorder", "_subscriber")

    def __init__(self, subscriber: int, above: asyncio.Protocol, recorder: Recorder) -> None:
        super().__init__(above)
        self._subscriber = subscriber
        self._recorder = recorder

    def data_received(self, data: bytes) -> None:
        """Bytes arrived."""
        self._recorder.moved(self._subscriber, time.monotonic_ns(), len(data))
        self._above.data_received(data)

    def write(self, data: bytes) -> None:
        """Bytes leave."""
        self._recorder.moved(self._subscriber, time.monotonic_ns(), -len(data))
        self._below.write(data)
