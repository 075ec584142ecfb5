"""Readers of any MQTT 3.1.1 broker: the broker is the server, and nothing of the hub's is there.

::

    CONNECT client ID          ---->
                               <----  CONNACK
    SUBSCRIBE topic filter     ---->
                               <----  SUBACK: the reader is in
                               <----  PUBLISH: a message
    PUBACK (QoS 1)             ---->
    PINGREQ, after a silence   ---->
    DISCONNECT                 ---->

**Hits.** As with the hub's MQTT every control packet from a reader is one: CONNECT and SUBSCRIBE
are `connect` (`reconnect` after a loss), PUBACK is `ack`, PINGREQ is `keep-alive`, DISCONNECT is
`leave`. Section numbers are those of the OASIS standard "MQTT Version 3.1.1".
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pushlab.contract.hits import Hit
from pushlab.contract.profile import Profile
from pushlab.contract.setting import Declared, Setting
from pushlab.contract.subscriber import Phase
from pushlab.systems.clients.foreign import ForeignSubscriber
from pushlab.systems.spec import Speech
from pushlab.wire import mqtt311

__all__ = ["MqttPackets", "MqttReader", "MqttReaderOptions"]

_NS = 1_000_000_000
_ANSWER_NS = 20 * _NS  # for CONNACK, and for SUBACK
_PING_NS = 10 * _NS
_MAX_PACKET_BYTES = 16 * 1024 * 1024
_BAD_LOGIN = (4, 5)
_ACK = Hit.ACK


@dataclass(frozen=True, slots=True)
class MqttReaderOptions(Declared):
    """What can be set of a reader. The laboratory publishes with QoS 1, so readers need no more."""

    qos: Annotated[
        int, Setting("at most or at least once, from the broker to a reader", least=0, most=1)
    ] = 1
    keep_alive_s: Annotated[
        int,
        Setting("silence after which a client says it lives", unit="s", least=1, most=65_535),
    ] = 30
    persistent: Annotated[
        bool, Setting("whether the broker keeps for a reader what comes while it is away")
    ] = False


class MqttPackets(ForeignSubscriber):
    """The conversation in packets, whatever carries them.

    A subclass calls `_greet` when packets can be sent, and `_read` with what comes; `_say` sends.
    """

    addresses = ("topic",)
    if not TYPE_CHECKING:
        __slots__ = ()
    #: What a subclass puts into its own ``__slots__``, since only one of its parents may have any.
    STATE: ClassVar[tuple[str, ...]] = (
        *ForeignSubscriber.STATE,
        "_due_ns",
        "_keep_alive_ns",
        "_packet_id",
        "_parser",
        "_pinged",
        "_sent_ns",
        "_topic",
        "_welcomed",
    )

    Options = MqttReaderOptions

    #: The round trips of being let in.
    greeting: ClassVar[tuple[str, ...]] = ("CONNECT", "SUBSCRIBE")

    _due_ns: int
    _keep_alive_ns: int
    _packet_id: int
    _parser: mqtt311.Parser
    _pinged: bool
    _sent_ns: int
    _welcomed: bool
    _topic: bytes

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self._keep_alive_ns = self._options.keep_alive_s * _NS
        self._topic = mqtt311.text(self._filled(self._speech.topic))
        self._welcomed = False

    @classmethod
    def in_force(cls, profile: Profile, speech: Speech, options: Any) -> Profile:
        """With the QoS and the client's keep-alive."""
        told = replace(profile, acks=options.qos, greeting=cls.greeting)
        return told.timed(keep_alive_s=float(options.keep_alive_s))

    def _say(self, data: bytes) -> None:
        """Send a packet."""
        self._send(data)

    # ---- the beginning and the end ----------------------------------------------------------

    def _greet(self, now_ns: int) -> None:
        self._parser = mqtt311.Parser(max_packet_bytes=_MAX_PACKET_BYTES)
        self._packet_id = 0
        self._pinged = False
        self._due_ns = now_ns + _ANSWER_NS  # when to stop waiting; 0: nothing to wait for
        self._sent_ns = now_ns
        speech = self._speech
        self._say(
            mqtt311.connect(
                str(self.endpoint.details["client"]),
                keep_alive_s=self._options.keep_alive_s,
                username=self._filled(speech.user) if speech.user else None,
                password=self._filled(speech.password),
                clean=not self._options.persistent,
            )
        )
        self._hit(self._arrival)
        self._set_timer()

    def _on_connack(self, packet: mqtt311.Connack, now_ns: int) -> None:
        if self._welcomed:
            raise mqtt311.MalformedPacket("a second CONNACK")
        if packet.code:
            self._turned_away(self._arrival)
            why = mqtt311.CONNACK_REFUSALS.get(packet.code, f"CONNACK says {packet.code}")
            if packet.code in _BAD_LOGIN:
                self._end(why, 401)
            else:
                self._lose(why, now_ns)
            return
        self._welcomed = True
        self._packet_id = 1
        self._say(mqtt311.subscribe(1, [(self._topic[2:].decode(), self._options.qos)]))
        self._hit(self._arrival)
        self._due_ns = now_ns + _ANSWER_NS
        self._sent_ns = now_ns
        self._set_timer()

    def _on_suback(self, packet: mqtt311.Suback) -> None:
        if 0x80 in packet.codes:
            self._turned_away(self._arrival)
            self._end("the broker refuses the subscription", 403)
        elif self._due_ns:
            self._due_ns = 0
            self._set_timer()
            self._accepted()

    def _on_close(self, now_ns: int) -> None:
        if self._welcomed:
            self._say(mqtt311.DISCONNECT)
            self._hit(Hit.LEAVE)
        super()._on_close(now_ns)

    def _lose(self, reason: str, now_ns: int, least_s: float = 0.0) -> None:
        self._welcomed = False
        super()._lose(reason, now_ns, least_s)

    # ---- what arrives -----------------------------------------------------------------------

    def _read(self, data: bytes, now_ns: int) -> None:
        if self._pinged:
            self._pinged = False
            self._set_timer()
        at = 0 if self._parser.rest else mqtt311.whole_publish(data, self._topic, self._options.qos)
        if at:  # one message and nothing else, as it mostly is
            if self._options.qos:
                self._acknowledge(data[at - 2 : at], now_ns)
            self._take(data[at:])
            return
        try:
            for packet in self._parser.receive(data):
                if isinstance(packet, mqtt311.Publish):
                    if packet.qos > self._options.qos:
                        raise mqtt311.MalformedPacket(f"QoS {packet.qos}, which was not asked for")
                    if packet.qos:
                        self._acknowledge(packet.packet_id.to_bytes(2, "big"), now_ns)
                    self._take(packet.payload)
                elif isinstance(packet, mqtt311.Connack):
                    self._on_connack(packet, now_ns)
                elif isinstance(packet, mqtt311.Suback):
                    self._on_suback(packet)
                if self._phase is not Phase.OPEN:
                    return
        except mqtt311.MalformedPacket as error:
            self._lose(f"not MQTT 3.1.1: {error}", now_ns)

    def _acknowledge(self, packet_id: bytes, now_ns: int) -> None:
        self._say(b"\x40\x02" + packet_id)
        self.hits[_ACK] = self.hits.get(_ACK, 0) + 1
        self._sent_ns = now_ns

    # ---- time -------------------------------------------------------------------------------

    def _set_timer(self) -> None:
        """The next thing to wait for; a keep-alive that has moved on is noticed when it is due."""
        span_ns = _PING_NS if self._pinged else self._keep_alive_ns
        self._timer_ns = self._due_ns or self._sent_ns + span_ns

    def _on_timer(self, now_ns: int) -> None:
        if self._due_ns and now_ns >= self._due_ns:
            self._lose("the broker does not answer", now_ns)
            return
        if self._pinged and now_ns >= self._sent_ns + _PING_NS:
            self._lose("the broker fell silent", now_ns)
            return
        if not self._pinged and now_ns >= self._sent_ns + self._keep_alive_ns:
            self._say(mqtt311.PINGREQ)
            self._hit(Hit.KEEP_ALIVE)
            self._pinged = True
            self._sent_ns = now_ns
        self._set_timer()


class MqttReader(MqttPackets):
    """Packets over TCP."""

    if not TYPE_CHECKING:
        __slots__ = MqttPackets.STATE

    def _on_connected(self, now_ns: int) -> None:
        self._greet(now_ns)

    def _on_data(self, data: bytes, now_ns: int) -> None:
        self._read(data, now_ns)
