"""Readers of a NATS server over WebSocket: the lines of `nats` in messages of bytes.

The handshake is one hit more: `connect`, or `reconnect`.
"""

from typing import TYPE_CHECKING

from pushlab.systems.clients.nats import NatsLines
from pushlab.systems.clients.websocket import WebSocketReader

__all__ = ["NatsWebSocketReader"]


class NatsWebSocketReader(NatsLines, WebSocketReader):
    """Lines in messages of bytes, which may hold any part of any number of lines."""

    Options = WebSocketReader.Options
    greeting = ("handshake", "INFO", "SUB and PING")
    places = ()

    if not TYPE_CHECKING:
        __slots__ = NatsLines.STATE

    _say = WebSocketReader._say

    def _shake_hands(self, data: bytes, now_ns: int) -> bytes:
        rest = super()._shake_hands(data, now_ns)
        if self._upgraded:
            self._timer_ns = self._due_ns  # NATS has its own, from now on
        return rest

    def _on_open(self, now_ns: int) -> None:
        self._meet(now_ns)

    def _on_text(self, data: bytes, now_ns: int) -> None:
        self._read(data, now_ns)

    def _on_timer(self, now_ns: int) -> None:
        if self._upgraded:
            super()._on_timer(now_ns)
        else:
            WebSocketReader._on_timer(self, now_ns)
