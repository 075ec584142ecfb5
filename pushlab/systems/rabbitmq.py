"""RabbitMQ, see ``servers/rabbitmq/``: its plug-ins for MQTT and for MQTT over WebSocket."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["RabbitMq"]

_HOME = Path("/usr/lib/rabbitmq")
#: Not the one of the same name in /usr/sbin, which becomes another user and writes to /var.
_PROGRAM = str(_HOME / "bin" / "rabbitmq-server")


class RabbitMq(DeclaredSystem):
    """One node, with an epmd of its own, and nothing outside of its folder."""

    needs: ClassVar[Mapping[str, str]] = {_PROGRAM: "on Debian: apt-get install rabbitmq-server"}
    spec = SystemSpec(
        name="rabbitmq",
        title="RabbitMQ",
        start="sh {scratch}/start.sh",
        ready_within_s=180,
        publish=Publish(protocol="mqtt", port="{port2}"),
        speaks={
            "mqtt": Speech(port="{port2}"),
            "mqtt-websocket": Speech(path="/ws"),
        },
    )

    def version(self) -> str:
        """Of the installation."""
        found = [path.name.partition("-")[2] for path in _HOME.glob("lib/rabbitmq_server-*")]
        return f"RabbitMQ {found[0]}" if len(found) == 1 else ""
