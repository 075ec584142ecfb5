"""The plain client halves, by the name of the transport that they speak."""

from collections.abc import Mapping

from pushlab.systems.clients.foreign import ForeignSubscriber
from pushlab.systems.clients.mqtt import MqttReader
from pushlab.systems.clients.mqtt_websocket import MqttWebSocketReader
from pushlab.systems.clients.nats import NatsReader
from pushlab.systems.clients.polling import LongPollReader, ShortPollReader
from pushlab.systems.clients.sse import SseReader
from pushlab.systems.clients.websocket import WebSocketReader

__all__ = ["PLAIN"]

PLAIN: Mapping[str, type[ForeignSubscriber]] = {
    "short-polling": ShortPollReader,
    "long-polling": LongPollReader,
    "sse": SseReader,
    "websocket": WebSocketReader,
    "mqtt": MqttReader,
    "mqtt-websocket": MqttWebSocketReader,
    "nats": NatsReader,
}
