"""The built-in transports against every clause, on three hubs that meet at a Redis.

Each time it is one that is served by hubs, and the one that is not; by `make soak`, all five.
"""

from secrets import token_hex
from typing import ClassVar

import pytest

from pushlab.testing import TransportContract


class OnRedis(TransportContract):
    """Whoever reads is at another hub than what is published, and comes back to yet another."""

    place = "hubs"
    url: ClassVar[str]

    @classmethod
    def fresh_backplane(cls) -> str:
        return f"{cls.url}?prefix=contract-{token_hex(6)}"

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def redis(cls, redis_server):
        cls.url = redis_server.url


@pytest.mark.soak
class TestShortPolling(OnRedis):
    transport = "short-polling"
    options = {"interval_s": 0.05}  # noqa: RUF012


@pytest.mark.soak
class TestLongPolling(OnRedis):
    transport = "long-polling"


class TestSse(OnRedis):
    transport = "sse"


@pytest.mark.soak
class TestWebSocket(OnRedis):
    transport = "websocket"


class TestMqttOverTheEmbeddedBroker(OnRedis):
    transport = "mqtt"
    broker = "embedded"
    cuts_slow_readers = False
