"""Where a hub's MQTT broker is, and how the hub logs in there."""

from dataclasses import dataclass, field

from pushlab.contract.authority import authority_of

__all__ = ["BrokerAccess"]


@dataclass(frozen=True, slots=True)
class BrokerAccess:
    """How the hub reaches its MQTT broker.

    Attributes:
        kind: ``mosquitto`` or ``embedded`` (both children of whoever started the hub), or
            ``remote`` (a URL that the user gave).
        host, port: where it listens.
        username, password: the bridge's own log-in; the password is a secret.
        tls: whether it is encrypted.
        authority: the certificate to trust, as PEM text; None: whom this machine trusts.
        folder: of a Mosquitto that was started for the hub: its files.
        everywhere: whether a broker that was started for the hub is reached from other machines.
    """

    kind: str
    host: str
    port: int
    username: str
    password: str = field(repr=False)
    tls: bool = False
    authority: str | None = field(default=None, repr=False)
    folder: str | None = None
    everywhere: bool = False

    @property
    def url(self) -> str:
        """Where it listens, as ``mqtt://host:port`` (or mqtts)."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{authority_of(self.host, self.port)}"
