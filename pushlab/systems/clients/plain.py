"""The plain client halves, by the name of the transport that they speak."""

from collections.abc import Mapping

from pushlab.systems.clients.foreign import ForeignSubscriber
from pushlab.systems.clients.mqtt import MqttReader
from pushlab.systems.clients.nats import NatsReader

__all__ = ["PLAIN"]

PLAIN: Mapping[str, type[ForeignSubscriber]] = {"mqtt": MqttReader, "nats": NatsReader}
