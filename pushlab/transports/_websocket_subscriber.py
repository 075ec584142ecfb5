"""The client half of WebSocket: pushlab's frames over `pushlab.wire.websocket_client`."""

from collections.abc import Mapping

from pushlab.contract.frames import Bye, Position, decode_frame
from pushlab.contract.profile import silence_of
from pushlab.contract.reasons import status_of_close_code
from pushlab.errors import InvalidCursor
from pushlab.wire.http1 import ResponseParser, refusal_reason
from pushlab.wire.websocket_client import FrameSubscriber

__all__ = ["MAX_FRAME_BYTES", "PING_INTERVAL_S", "SILENCE_S", "WebSocketSubscriber"]

PING_INTERVAL_S = 20.0
SILENCE_S = silence_of(PING_INTERVAL_S)
MAX_FRAME_BYTES = FrameSubscriber._max_bytes


class WebSocketSubscriber(FrameSubscriber):
    """Reads pushlab's frames."""

    __slots__ = ()

    def _on_connected(self, now_ns: int) -> None:
        super()._on_connected(now_ns)
        self._listen(now_ns, SILENCE_S)

    def _path(self) -> str:
        return self.endpoint.asking(after=self._inbox.cursor)

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _takes_next(self, data: bytes, start: int, now_ns: int) -> bool:
        """Take the message that comes next, as it mostly is."""
        cursor = self._inbox.next_cursor
        space = start + len(cursor)
        if data[start:space] != cursor or data[space : space + 1] != b" " or space + 1 == len(data):
            return False
        self._events.append(self._inbox.accept_next(data[space + 1 :].decode()))
        return True

    def _on_text(self, data: bytes, now_ns: int) -> None:
        frame = decode_frame(data.decode())
        if isinstance(frame, tuple):
            self._deliver(*frame)
        elif isinstance(frame, Position):
            self._stood = True
            self._located(frame.at)
        elif isinstance(frame, Bye):
            raise InvalidCursor("a bye frame has no place on a WebSocket")

    def _closed(self, code: int, reason: str, now_ns: int) -> None:
        self._refused(status_of_close_code(code), reason or f"close-{code}", now_ns)

    def _refusal_reason(self, answer: ResponseParser) -> str:
        return refusal_reason(answer.status, answer.take())
