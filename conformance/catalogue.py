"""Every suite, in the order in which they run."""

from conformance.autobahn.suite import AutobahnClient, AutobahnServer
from conformance.http.suite import RequestShapes
from conformance.model import Suite
from conformance.websocket.suite import WebSocketClient, WebSocketHub

__all__ = ["SUITES"]

SUITES: tuple[type[Suite], ...] = (
    RequestShapes,
    WebSocketClient,
    WebSocketHub,
    AutobahnServer,
    AutobahnClient,
)
