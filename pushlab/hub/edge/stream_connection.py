"""What a stream's connection to the hub is, whatever frames its pieces."""

import asyncio
from collections.abc import Callable

from pushlab.contract.serving import StreamingResponse
from pushlab.hub.edge.lingering_close import close_in_time

__all__ = ["Framed", "StreamConnection"]

_LINGER_S = 5.0


class Framed:
    """Frames pieces, one that goes to many connections once.

    Attributes:
        data, framed: the last piece, without its frame and in it.
    """

    __slots__ = ("_frame", "data", "framed")

    def __init__(self, frame: Callable[[bytes], bytes]) -> None:
        self._frame = frame
        self.data = self.framed = b""

    def make(self, data: bytes) -> bytes:
        """The piece in its frame."""
        self.data = data
        self.framed = self._frame(data)
        return self.framed


class StreamConnection(asyncio.Protocol):
    """A connection that may carry a stream, and the one timer that it has."""

    __slots__ = ("_paused", "_stream", "_timer", "_transport")

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._stream: StreamingResponse | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False

    def _write(self, data: bytes) -> bool:
        try:
            self._transport.write(data)
        except RuntimeError:  # the connection broke in this turn; `connection_lost` follows
            return False
        return not self._paused

    def _close(self) -> None:
        """The end of the connection; a client that does not take the last bytes is cut off."""
        closing = self._transport.is_closing()
        if self._stream is not None or not closing:
            self._leave()
        if not closing:
            self._timer = close_in_time(self._transport, _LINGER_S)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _leave(self) -> None:
        """The stream is over, if there was one, and nothing is waited for."""
        self._stop_timer()
        if self._stream is not None:
            stream, self._stream = self._stream, None
            stream.close()
