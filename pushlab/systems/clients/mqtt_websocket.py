"""Readers of MQTT over WebSocket: the packets of `mqtt` in messages of bytes (section 6).

The handshake is one hit more: `connect`, or `reconnect`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pushlab.contract.profile import Profile
from pushlab.systems.clients.mqtt import MqttPackets, MqttReaderOptions
from pushlab.systems.clients.websocket import WebSocketReader

__all__ = ["MqttWebSocketReader"]


@dataclass(frozen=True, slots=True)
class MqttWebSocketOptions(MqttReaderOptions):
    """Those of MQTT; messages are not compressed."""

    deflate: ClassVar[bool] = False


class MqttWebSocketReader(MqttPackets, WebSocketReader):
    """Packets in messages of bytes, which may hold any part of any number of packets."""

    profile = Profile(
        name="mqtt-websocket",
        title="MQTT over WebSocket",
        delivery="stream",
        protocol="mqtt",
        client_keeps_alive=True,
        colour="#44AA99",
        dashes=(6, 1, 1, 1),
    )
    Options = MqttWebSocketOptions
    greeting = ("handshake", "CONNECT", "SUBSCRIBE")
    places = ()

    if not TYPE_CHECKING:
        __slots__ = MqttPackets.STATE

    _say = WebSocketReader._say

    def _subprotocols(self) -> Sequence[str]:
        return [self._speech.subprotocol or "mqtt"]

    def _shake_hands(self, data: bytes, now_ns: int) -> bytes:
        rest = super()._shake_hands(data, now_ns)
        if self._upgraded:
            self._set_timer()  # MQTT has its own, from now on
        return rest

    def _on_open(self, now_ns: int) -> None:
        self._greet(now_ns)

    def _on_text(self, data: bytes, now_ns: int) -> None:
        self._read(data, now_ns)

    def _on_timer(self, now_ns: int) -> None:
        if self._upgraded:
            super()._on_timer(now_ns)
        else:
            WebSocketReader._on_timer(self, now_ns)
