"""The built-in transports that need no broker, each against every clause."""

import pytest

from pushlab.testing import TransportContract
from pushlab.testing.clauses.delivery import Delivery
from pushlab.testing.clauses.resuming import Resuming


class TestShortPolling(TransportContract):
    transport = "short-polling"
    options = {"interval_s": 0.05}  # noqa: RUF012


class TestLongPolling(TransportContract):
    transport = "long-polling"


class TestSse(TransportContract):
    transport = "sse"


class TestWebSocket(TransportContract):
    transport = "websocket"


@pytest.mark.soak
class TestShortPollingWithPauses(Delivery, Resuming):
    transport = "short-polling"
    options = {"interval_s": 0.05, "clock": "pause"}  # noqa: RUF012


@pytest.mark.soak
class TestWebSocketWithCompression(Delivery, Resuming):
    transport = "websocket"
    options = {"deflate": True}  # noqa: RUF012
