"""NATS server, see ``servers/nats/``: MQTT, and its own protocol over TCP and over WebSocket."""

from collections.abc import Mapping
from typing import ClassVar

from pushlab.systems.clients.foreign import ForeignSubscriber
from pushlab.systems.clients.nats_websocket import NatsWebSocketReader
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.launch import find_program, told_by
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["Nats"]

_PROGRAM = "nats-server"
_PINGS_S = 120.0  # its ping_interval


class Nats(DeclaredSystem):
    """One server, with the JetStream that its MQTT keeps sessions in; published to by MQTT."""

    needs: ClassVar[Mapping[str, str]] = {_PROGRAM: "on Debian: apt-get install nats-server"}
    clients: ClassVar[Mapping[str, type[ForeignSubscriber]]] = {"websocket": NatsWebSocketReader}
    spec = SystemSpec(
        name="nats",
        title="NATS",
        start="{program} -c {scratch}/nats.conf",
        publish=Publish(protocol="mqtt", port="{port2}"),
        speaks={
            "mqtt": Speech(port="{port2}"),
            "mqtt-websocket": Speech(path="/mqtt", port="{port3}"),
            "nats": Speech(keep_alive_s=_PINGS_S),
            "websocket": Speech(path="/", port="{port3}", keep_alive_s=_PINGS_S),
        },
    )

    def version(self) -> str:
        """Of the program."""
        program = find_program(_PROGRAM)
        return f"nats-server {told_by(r'v([0-9.]+)', program, '--version')}" if program else ""

    def words(self) -> Mapping[str, str]:
        """The program."""
        return {"program": find_program(_PROGRAM) or _PROGRAM}
