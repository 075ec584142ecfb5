"""Counting hits of a broker's clients: what the bridge sees itself, and what the broker tells.

The bridge sees every PUBLISH of a session, by kind. The rest depends on the broker:

- The embedded one tells how many packets of which kind it had: exact, 0.2 seconds late at most.
- Mosquitto tells how many packets it had in all (``$SYS/broker/messages/received``, once a second).
  Minus the bridge's own and those that are known by kind, they are acknowledgements: exact, once
  nothing has happened for a second. What looks like one may be a PINGREQ; a session says how many
  of them there were when it leaves, which moves them to their kind and leaves the total alone.
  A refused CONNECT stays among the acknowledgements.
- A remote broker serves others too: its totals are not ours, and acknowledgements not counted.
"""

import json

from pushlab.contract.hits import Hit
from pushlab.contract.serving import Hub
from pushlab.transports._mqtt_connection import BridgeConnection

__all__ = ["SYS_TOPIC", "Counts"]

SYS_TOPIC = "$SYS/broker/messages/received"
_TRANSPORT = "mqtt"
_PROBE_PACKETS = 2  # a new Mosquitto has had the CONNECT and DISCONNECT of whoever waited for it


class Counts:
    """Counts what sessions sent.

    Args:
        hub: where counts go.
        link: whose own packets are no hits.
        kind: of the broker.
    """

    def __init__(self, hub: Hub, link: BridgeConnection, kind: str) -> None:
        self._hub = hub
        self._link = link
        self._kind = kind
        self._known = 0
        self._differences = 0
        self._before: int | None = None  # packets that a Mosquitto had before the bridge came

    def new_broker(self, *, fresh: bool) -> None:
        """The bridge has logged in; `fresh`: no bridge has been there before it."""
        self._before = None
        if fresh:
            probes = 0 if self._link.sent_before else _PROBE_PACKETS
            self._before = probes - self._link.sent_before - self._known - self._differences

    def see(self, kind: Hit, n: int = 1) -> None:
        """The bridge knows of `n` packets of a session."""
        self._known += n
        self._hub.count(_TRANSPORT, kind, n)

    def connected(self, kind: Hit) -> None:
        """A session stands: there was a CONNECT and a SUBSCRIBE."""
        if self._kind != "embedded":
            self.see(kind, 2)

    def left(self, pings: int) -> None:
        """A session said goodbye: a DISCONNECT follows, and there were so many PINGREQs."""
        if self._kind == "embedded":
            return
        self.see(Hit.LEAVE)
        if pings:
            self.see(Hit.KEEP_ALIVE, pings)
            if self._kind == "mosquitto":
                self._differ(-pings)

    def told(self, payload: bytes) -> None:
        """The embedded broker's counts since it last told."""
        for kind, n in json.loads(payload).items():
            self._hub.count(_TRANSPORT, Hit(kind), n)

    def total(self, payload: bytes, *, retained: bool) -> None:
        """Mosquitto's count of all packets that it ever had."""
        if self._kind != "mosquitto" or retained:
            return
        others = int(payload) - self._link.packets_sent - self._known
        if self._before is None:
            self._before = others - self._differences
        self._differ(others - self._before - self._differences)

    def _differ(self, n: int) -> None:
        if n:
            self._differences += n
            self._hub.count(_TRANSPORT, Hit.ACK, n)
