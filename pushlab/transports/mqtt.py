"""MQTT 3.1.1: a broker between hub and subscribers; the bridge is its client like any other.

A *session* is one connection of one subscriber, with a random name that is also its MQTT client
identifier. The conversation, in packets::

    subscriber                        broker                          bridge (on the hub)
    CONNECT user name, token,  ---->
            Will on its outbox
                               <----  CONNACK
    SUBSCRIBE pushlab/<channel>,
      pushlab-inbox/<session>,
      pushlab-bridge           ---->
                               <----  SUBACK
    PUBLISH pushlab-outbox/<session>
      {"ask": "first",
       "token", "after", "qos"} --->                 --------------> knows the client now
                               <----                 <-------------- PUBLISH to the inbox: a
                                                                     position or a gap, all that is
                                                                     retained behind the cursor, and
                                                                     the position where live goes on
                               <----                 <-------------- PUBLISH pushlab/<channel>:
    PUBACK                     ---->                                 a message, to everyone
    PINGREQ, when nothing else ---->
    PUBLISH {"leave": "bye"},
    DISCONNECT                 ---->                 --------------> knows that it has gone

Payloads to subscribers are text frames (`pushlab.contract.frames`). The user name is
``<percent-encoded client ID>/<grant id>``, the password is the token.

Replay meets live without a hole or a repeat: the subscriber listens to the live topic before it
asks, keeps what is ahead of it, and drops by `seq` what it has. When live messages skip some (QoS 0
may; a broker's queue may overflow), it asks again from its cursor (``"ask": "again"``) instead of
calling that a gap; only the bridge, who knows the log, says ``gap``. After a silence in which the
last message may have been lost, the keep-alive is such a question too (``"ask": "check"``).

At expiry the bridge sends ``bye token-expired 401`` and removes the log-in. When the bridge goes,
comes, or is lost (its Will), ``bye server-restart 503`` on ``pushlab-bridge`` makes everyone
connect again and resume.

**Hits.** Every control packet from a subscriber is one. CONNECT, SUBSCRIBE and the first question
are `connect`, or `reconnect` when the subscriber has a cursor; asking again is `reconnect`; PINGREQ
and check are `keep-alive`; PUBACK, PUBREC and PUBCOMP are `ack`; the goodbye and DISCONNECT are
`leave`; what was answered with a no is `refused`. `_mqtt_counts` tells how the server's side is
counted. The halves are in `_mqtt_subscriber` and `_mqtt_bridge`.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict
from urllib.parse import urlsplit

from pushlab.contract.authority import authority_of, is_loopback
from pushlab.contract.broker_access import BrokerAccess
from pushlab.contract.profile import InBrowser, Profile, Wire
from pushlab.contract.serving import Hub, HubSettings, Route
from pushlab.contract.setting import Declared, Setting
from pushlab.contract.tokens import Grant
from pushlab.contract.transport import Transport
from pushlab.errors import Refused
from pushlab.transports import _mqtt_names as names
from pushlab.transports._mqtt_logins import NO_LOGIN
from pushlab.transports._mqtt_subscriber import MqttSubscriber
from pushlab.transports._mqtt_websocket import PATH as WEBSOCKET_PATH
from pushlab.transports._mqtt_websocket import websocket_route

if TYPE_CHECKING:
    from pushlab.contract.description import Description

__all__ = ["Mqtt", "MqttAddress", "MqttOptions", "MqttSubscriber"]


_ONLY_LOCAL = (
    "this broker is reached from the hub's own machine alone; from elsewhere take websocket_url, or"
    " start the hub with --broker-listen or --public-broker-url"
)


class MqttAddress(TypedDict):
    """Where the broker is, and what to say to it; the token is the password."""

    url: str
    only_local: NotRequired[Annotated[str, {"description": "Why others cannot reach that URL."}]]
    websocket_url: str
    username: str
    topic: str
    qos: int
    keep_alive_s: int


@dataclass(frozen=True, slots=True)
class MqttOptions(Declared):
    """What can be set; end to end messages come exactly once with each `qos`."""

    qos: Annotated[
        int, Setting("at most, at least or exactly once on each hop", least=0, most=2)
    ] = 1
    keep_alive_s: Annotated[
        int,
        Setting("silence after which a client says it lives", unit="s", least=1, most=65_535),
    ] = 30  # brokers wait half as long again, which makes `HubSettings.vanished_s`


class Mqtt(Transport):
    """MQTT over TCP, through a broker."""

    name = "mqtt"
    EndpointBody = MqttAddress
    endpoint_reasons = (NO_LOGIN,)
    profile = Profile(
        title="MQTT",
        delivery="stream",
        protocol="mqtt",
        needs_broker=True,
        own_address=True,
        client_keeps_alive=True,
        greeting=("CONNECT", "SUBSCRIBE", "question"),
        wire=Wire(message_bytes=34, ack_bytes=4, keep_alive_bytes=2, keep_alive_answer_bytes=2),
        colour="#009E73",
        dashes=(4, 1, 1, 1, 1, 1),
    )
    in_browser = InBrowser(
        options={"qos": None}, modules=("/web/channel_mqtt.js", "/web/vendor/mqtt.esm.js")
    )
    Options = MqttOptions
    Client = MqttSubscriber

    def in_force(self, settings: HubSettings) -> Profile:
        """With the QoS and the client's keep-alive."""
        o: MqttOptions = self.options
        told = replace(self.profile, acks=o.qos)
        return told.timed(keep_alive_s=float(o.keep_alive_s))

    def background(self, hub: Hub) -> AbstractAsyncContextManager[None] | None:
        """The bridge to the hub's broker; None when it has none."""
        if hub.broker is None:
            return None
        # Here and not above: clients need neither aiomqtt nor the rest of the bridge.
        from pushlab.transports._mqtt_bridge import Bridge

        return Bridge(hub, hub.broker).running()

    def routes(self, hub: Hub) -> Sequence[Route]:
        """``WS /v1/mqtt``, by which a page reaches the broker; none without one."""
        return [] if hub.broker is None else [websocket_route(hub, hub.broker)]

    def described(self, hub: Hub) -> "Description | None":
        """The broker's topics; None without one."""
        if hub.broker is None:
            return None
        from pushlab.transports._mqtt_description import described

        o: MqttOptions = self.options
        place = self._place(hub, hub.broker)
        return described(place, _websocket_url(hub), qos=o.qos, keep_alive_s=o.keep_alive_s)

    def _place(self, hub: Hub, broker: BrokerAccess) -> dict[str, str]:
        """The broker's URL for a client that reaches the hub at ``hub.url()``, and its limits."""
        url, there = hub.broker_url(), urlsplit(hub.url()).hostname or ""
        if url != broker.url or is_loopback(there) or not is_loopback(broker.host):
            return {"url": url}
        if broker.everywhere:
            return {"url": f"{urlsplit(url).scheme}://{authority_of(there, broker.port)}"}
        return {"url": url, "only_local": _ONLY_LOCAL}

    def endpoint(self, hub: Hub, grant: Grant) -> dict[str, Any]:
        """Where the broker is, and what to say to it. Raises Refused (404) without a broker."""
        if hub.broker is None:
            raise Refused(404, "no-broker", "this hub has no MQTT broker; start it with --broker")
        return {
            **self._place(hub, hub.broker),
            "websocket_url": _websocket_url(hub),
            "username": names.username_of(grant.client_id, grant.grant_id),
            "topic": names.live_topic(grant.channel),
            "qos": self.options.qos,
            "keep_alive_s": self.options.keep_alive_s,
        }


def _websocket_url(hub: Hub) -> str:
    return f"ws{hub.url().removeprefix('http')}{WEBSOCKET_PATH}"
