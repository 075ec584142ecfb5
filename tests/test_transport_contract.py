"""The built-in transports that need no broker, each against every clause."""

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


class TestShortPollingWithPauses(Delivery, Resuming):
    transport = "short-polling"
    options = {"interval_s": 0.05, "clock": "pause"}  # noqa: RUF012


class TestWebSocketWithCompression(Delivery, Resuming):
    transport = "websocket"
    options = {"deflate": True}  # noqa: RUF012
