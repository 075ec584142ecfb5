"""Eclipse Mosquitto alone, see ``servers/mosquitto/``: what the hub's bridge costs is the rest."""

from collections.abc import Mapping

from pushlab.brokers.mosquitto import find_mosquitto
from pushlab.errors import BrokerUnavailable
from pushlab.systems.declared import DeclaredSystem
from pushlab.systems.spec import Publish, Speech, SystemSpec

__all__ = ["Mosquitto"]


class Mosquitto(DeclaredSystem):
    """A broker with two listeners; it has no bridge, and no log-ins or rules."""

    spec = SystemSpec(
        name="mosquitto",
        title="Mosquitto",
        start="{mosquitto} -c {scratch}/alone.conf",
        publish=Publish(protocol="mqtt", port="{port2}"),
        speaks={
            "mqtt": Speech(port="{port2}"),
            "mqtt-websocket": Speech(path="/mqtt"),
        },
    )

    def missing(self) -> str:
        """That it is not there, or too old."""
        try:
            find_mosquitto()
        except BrokerUnavailable as error:
            return str(error)
        return ""

    def version(self) -> str:
        """Of the program."""
        return "" if self.missing() else f"Mosquitto {find_mosquitto().version}"

    def words(self) -> Mapping[str, str]:
        """The program."""
        return {"mosquitto": find_mosquitto().program}
