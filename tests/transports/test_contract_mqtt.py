"""MQTT against every clause, over each of the two brokers."""

import pytest

from pushlab.brokers.mosquitto import find_mosquitto
from pushlab.errors import BrokerUnavailable
from pushlab.testing import TransportContract


def mosquitto_is_missing() -> bool:
    try:
        find_mosquitto()
    except BrokerUnavailable:
        return True
    return False


class TestMqttOverTheEmbeddedBroker(TransportContract):
    transport = "mqtt"
    cuts_slow_readers = False  # the broker drops what a reader does not take; it asks again later
    broker = "embedded"


@pytest.mark.skipif(mosquitto_is_missing(), reason="Mosquitto is not installed")
class TestMqttOverMosquitto(TransportContract):
    transport = "mqtt"
    cuts_slow_readers = False
    broker = "mosquitto"
