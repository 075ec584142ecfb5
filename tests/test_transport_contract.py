"""The built-in transports that need no broker, each against every clause."""

from pushlab.testing import TransportContract


class TestShortPolling(TransportContract):
    transport = "short-polling"
    options = {"interval_s": 0.05}  # noqa: RUF012


class TestShortPollingWithPauses(TransportContract):
    transport = "short-polling"
    options = {"interval_s": 0.05, "clock": "pause"}  # noqa: RUF012


class TestLongPolling(TransportContract):
    transport = "long-polling"


class TestSse(TransportContract):
    transport = "sse"


class TestWebSocket(TransportContract):
    transport = "websocket"


class TestWebSocketWithCompression(TransportContract):
    transport = "websocket"
    options = {"deflate": True}  # noqa: RUF012
