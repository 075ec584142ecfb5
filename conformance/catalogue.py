"""Every suite, in the order in which they run."""

from conformance.autobahn.suite import AutobahnClient, AutobahnServer
from conformance.clients.suite import OthersClients
from conformance.event_stream.suite import EventStreams
from conformance.generated.suite import GeneratedClients
from conformance.http.suite import RequestShapes
from conformance.model import Suite
from conformance.mqtt.suite import MqttPackets
from conformance.old_applications.suite import OldApplications
from conformance.original_script.suite import OriginalScript
from conformance.websocket.suite import WebSocketClient, WebSocketHub

__all__ = ["SUITES"]

SUITES: tuple[type[Suite], ...] = (
    RequestShapes,
    WebSocketClient,
    WebSocketHub,
    AutobahnServer,
    AutobahnClient,
    EventStreams,
    MqttPackets,
    OthersClients,
    GeneratedClients,
    OriginalScript,
    OldApplications,
)
