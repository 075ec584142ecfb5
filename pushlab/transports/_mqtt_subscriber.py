"""The client half of MQTT 3.1.1: one session after the other; `pushlab.transports.mqtt` tells how.

Most packets bring the message that comes next, and are taken without being parsed.
"""

import json
from typing import Any

from pushlab.contract.cursor import Cursor
from pushlab.contract.frames import Bye, Position, decode_frame
from pushlab.contract.hits import Hit
from pushlab.contract.reasons import TOKEN_INVALID, is_final
from pushlab.contract.subscriber import Endpoint, Phase, Subscriber
from pushlab.errors import InvalidCursor, UsageError
from pushlab.transports import _mqtt_names as names
from pushlab.wire import mqtt311

__all__ = ["MqttSubscriber"]

_NS = 1_000_000_000
_MAX_PACKET_BYTES = 64 * 1024
_MAX_HELD = 2_000
_ANSWER_NS = 20 * _NS  # for each step until the bridge has answered for the first time
_AGAIN_NS = 200_000_000  # before asking a second time for what did not come; doubles
_AGAIN_LIMIT_NS = 10 * _NS
_PING_LIMIT_NS = 10 * _NS
_ACK = Hit.ACK
_LEAVE_LOST = b'{"leave": "lost"}'


class MqttSubscriber(Subscriber):
    """The client half: one session after the other.

    Raises:
        UsageError: the endpoint's details lack ``username`` or ``topic``, which the hub tells.
    """

    __slots__ = (
        "_again_ns",
        "_ask",
        "_ask_due_ns",
        "_asked_at",
        "_epoch",
        "_held",
        "_keep_alive_ns",
        "_news",
        "_packet_id",
        "_parser",
        "_ping_due_ns",
        "_pings",
        "_placed",
        "_qos",
        "_sent_ns",
        "_seq",
        "_session",
        "_stood",
        "_topic",
    )

    def __init__(self, endpoint: Endpoint, token: str, **rest: Any) -> None:
        for key in ("username", "topic"):
            if not isinstance(endpoint.details.get(key), str):
                raise UsageError(f"the endpoint of mqtt needs {key!r}; ask the hub for it")
        super().__init__(endpoint, token, **rest)
        self._qos = self._options.qos
        self._keep_alive_ns = self._options.keep_alive_s * _NS
        self._topic = mqtt311.text(endpoint.details["topic"])
        self._session = ""
        self._reset(0)

    def _reset(self, now_ns: int) -> None:
        """A new connection: nothing is known but the cursor."""
        self._parser = mqtt311.Parser(max_packet_bytes=_MAX_PACKET_BYTES)
        self._packet_id = 0
        self._stood = False  # whether the broker has let us in
        self._placed = False  # whether the bridge has said where we are
        self._ask = ""  # the question that waits for its answer's end
        self._asked_at = -1  # the seq at which it was asked
        self._ask_due_ns = now_ns + _ANSWER_NS  # when to stop waiting; 0: nothing to wait for
        self._again_ns = _AGAIN_NS
        self._held: dict[tuple[str, int], str] = {}  # live messages ahead of a hole
        self._news = False  # whether messages came since the last question
        self._ping_due_ns = 0
        self._pings = 0
        self._sent_ns = now_ns
        self._note_place()

    def _note_place(self) -> None:
        cursor = self._inbox.cursor
        self._epoch, self._seq = (cursor.epoch, cursor.seq) if cursor else ("", -1)

    # ---- the beginning and the end ----------------------------------------------------------

    @property
    def _arrival(self) -> Hit:
        return names.arrival(self._session)

    def _on_connected(self, now_ns: int) -> None:
        self._reset(now_ns)
        self._session = names.new_session(resumes=self._inbox.cursor is not None)
        self._send(
            mqtt311.connect(
                self._session,
                keep_alive_s=self._keep_alive_ns // _NS,
                username=self.endpoint.details["username"],
                password=self._token,
                will=(names.OUTBOX + self._session, _LEAVE_LOST, 1),
            )
        )
        self._hit(self._arrival)
        self._set_timer()

    def _on_connack(self, packet: mqtt311.Connack, now_ns: int) -> None:
        if packet.code in (4, 5):
            self._turned_away(self._arrival)
            self._end(*TOKEN_INVALID.ending)
        elif packet.code:
            self._turned_away(self._arrival)
            why = mqtt311.CONNACK_REFUSALS.get(packet.code, f"CONNACK code {packet.code}")
            self._lose(why, now_ns)
        else:
            self._stood = True
            topics = [
                (self.endpoint.details["topic"], self._qos),
                (names.INBOX + self._session, 1),
                (names.BRIDGE_TOPIC, 1),
            ]
            self._send(mqtt311.subscribe(self._next_id(), topics))
            self._hit(self._arrival)
            self._ask_due_ns = now_ns + _ANSWER_NS
            self._sent_ns = now_ns
            self._set_timer()

    def _on_close(self, now_ns: int) -> None:
        if not self._stood:
            return
        if self._ask or self._placed:
            words = {"leave": "bye", "pings": self._pings} if self._pings else {"leave": "bye"}
            self._publish(words, qos=0)
            self._hit(Hit.LEAVE)
        self._send(mqtt311.DISCONNECT)
        self._hit(Hit.LEAVE)

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % 65_535 + 1
        return self._packet_id

    def _publish(self, words: dict[str, Any], *, qos: int) -> None:
        payload = json.dumps(words).encode()
        packet_id = self._next_id() if qos else 0
        topic = names.OUTBOX + self._session
        self._send(mqtt311.publish(topic, payload, qos=qos, packet_id=packet_id))

    # ---- asking -----------------------------------------------------------------------------

    def _question(self, ask: str, now_ns: int) -> None:
        """Ask the bridge for everything behind the cursor."""
        cursor = self._inbox.cursor
        after = None if cursor is None else str(cursor)
        words = {"ask": ask, "token": self._token, "after": after, "qos": self._qos}
        self._publish(words, qos=1)
        self._hit(names.ASK_HITS.get(ask, self._arrival))
        self._ask = ask
        self._asked_at = self._seq
        self._news = False
        self._ask_due_ns = now_ns + (_ANSWER_NS if ask == "first" else _AGAIN_LIMIT_NS)
        self._sent_ns = now_ns
        self._set_timer()

    def _missing(self, now_ns: int) -> None:
        """Something is missing: ask for it, unless an answer is on its way."""
        if self._ask or self._ask_due_ns:
            return
        if self._seq != self._asked_at:
            self._again_ns = _AGAIN_NS
            self._question("again", now_ns)
        else:  # the last answer did not help: wait before the next one
            self._ask_due_ns = now_ns + self._again_ns
            self._again_ns = min(2 * self._again_ns, _AGAIN_LIMIT_NS)
            self._set_timer()

    # ---- what arrives -----------------------------------------------------------------------

    def _takes_next(self, data: bytes, now_ns: int) -> bool:
        """Take `data` if it is one packet with the message that comes next, as it mostly is."""
        qos = self._qos
        if not self._placed or self._held or self._parser.rest or qos == 2:
            return False
        at = mqtt311.whole_publish(data, self._topic, qos)
        cursor = self._inbox.next_cursor
        space = at + len(cursor)
        if not at or data[at:space] != cursor or data[space : space + 1] != b" ":
            return False
        text = data[space + 1 :].decode()
        if not text:
            return False
        self._deliver_next(text)
        self._seq += 1
        self._news = True
        if qos:
            self._out.append(b"\x40\x02" + data[at - 2 : at])
            self.hits[_ACK] = self.hits.get(_ACK, 0) + 1
            self._sent_ns = now_ns
        return True

    def _on_data(self, data: bytes, now_ns: int) -> None:
        self._ping_due_ns = 0
        acks = 0
        try:
            if self._takes_next(data, now_ns):
                return
            for packet in self._parser.receive(data):
                if type(packet) is mqtt311.Publish:
                    qos = packet.qos
                    if qos:
                        # PUBACK or PUBREC. A repeated QoS 2 message is known by its seq.
                        kind = mqtt311.PUBACK if qos == 1 else mqtt311.PUBREC
                        self._out.append(mqtt311.acknowledge(kind, packet.packet_id))
                        acks += 1
                    frame = decode_frame(packet.payload.decode())
                    if type(frame) is tuple:
                        epoch, seq, text = frame
                        live = packet.topic == self._topic[2:]
                        if seq == self._seq + 1 and epoch == self._epoch and self._placed:
                            self._deliver(epoch, seq, text)
                            self._seq = seq
                            self._news = True
                            if self._held:
                                self._inbox.reordered += live  # a later one came before it
                                self._release()
                        elif live or not self._repeats(epoch, seq):
                            self._out_of_order(epoch, seq, text, now_ns)
                    else:
                        assert not isinstance(frame, tuple)
                        self._on_word(frame, now_ns)
                else:
                    acks += self._on_packet(packet, now_ns)
                if self._phase is not Phase.OPEN:
                    break
        except mqtt311.MalformedPacket as error:
            self._lose(f"not MQTT 3.1.1: {error}", now_ns)
        except (InvalidCursor, UnicodeDecodeError) as error:
            self._lose(f"not a pushlab frame: {error}", now_ns)
        if acks and self._phase is not Phase.WAITING:  # a lost connection takes them with it
            self.hits[Hit.ACK] = self.hits.get(Hit.ACK, 0) + acks
            self._sent_ns = now_ns

    def _on_packet(self, packet: mqtt311.Packet, now_ns: int) -> int:
        """Anything but PUBLISH; how many acknowledgements that took."""
        if isinstance(packet, mqtt311.Acked):
            if packet.kind == mqtt311.PUBREL:
                self._send(mqtt311.acknowledge(mqtt311.PUBCOMP, packet.packet_id))
                return 1
        elif isinstance(packet, mqtt311.Connack):
            if self._stood:
                raise mqtt311.MalformedPacket("a second CONNACK")
            self._on_connack(packet, now_ns)
        elif isinstance(packet, mqtt311.Suback):
            if 0x80 in packet.codes:
                self._end("forbidden", 403)
            elif not self._ask and not self._placed:
                self._question("first", now_ns)
        return 0

    def _repeats(self, epoch: str, seq: int) -> bool:
        """Whether this one is there: an answer brings all that is behind the question's cursor."""
        return self._placed and epoch == self._epoch and seq <= self._seq

    def _out_of_order(self, epoch: str, seq: int, data: str, now_ns: int) -> None:
        """A message that is not the next one."""
        if self._placed and epoch == self._epoch and seq <= self._seq:
            self._deliver(epoch, seq, data)  # once more; the inbox drops it
            return
        if len(self._held) < _MAX_HELD:
            self._held[epoch, seq] = data
        if self._placed:
            self._missing(now_ns)

    def _release(self) -> None:
        """Deliver what was held back, as far as it goes on without a hole."""
        held = self._held
        while held and (data := held.pop((self._epoch, self._seq + 1), None)) is not None:
            self._seq += 1
            self._deliver(self._epoch, self._seq, data)

    def _on_word(self, frame: Position | Bye, now_ns: int) -> None:
        """A frame that is no message."""
        if isinstance(frame, Bye):
            if self._ask and is_final(frame.status):
                self._turned_away(names.ASK_HITS.get(self._ask, self._arrival))
            self._refused(frame.status, frame.reason, now_ns)
            return
        if frame.after is not None:
            self._on_gap(frame.at)
        elif self._placed:
            self._on_answered(frame.at, now_ns)
        else:
            self._on_placed(frame.at, now_ns)
        self._release()

    def _on_placed(self, at: Cursor, now_ns: int) -> None:
        """The first word on this connection: where the bridge goes on."""
        cursor = self._inbox.cursor
        ahead = cursor is not None and (at.epoch != cursor.epoch or at.seq > cursor.seq)
        self._located(cursor if ahead and cursor is not None else at)
        self._note_place()
        self._placed = True
        if ahead:  # the real first word was lost, and this is the last one
            self._on_answered(at, now_ns)

    def _on_gap(self, at: Cursor) -> None:
        """The bridge says that messages are gone, and where it goes on."""
        if not self._placed:
            self._located(at)
            self._placed = True
        elif (gap := self._inbox.position(at)) is not None:
            self._events.append(gap)
        self._note_place()

    def _on_answered(self, at: Cursor, now_ns: int) -> None:
        """The end of an answer: everything up to `at` was sent; what comes after comes live."""
        self._release()
        self._ask, self._ask_due_ns = "", 0
        for key in [k for k in self._held if k[0] == self._epoch and k[1] <= self._seq]:
            del self._held[key]
        if self._held or at.epoch != self._epoch or at.seq > self._seq:
            self._missing(now_ns)

    # ---- time -------------------------------------------------------------------------------

    def _set_timer(self) -> None:
        """The next thing to wait for; a keep-alive that has moved on is noticed when it is due."""
        due_ns = self._sent_ns + self._keep_alive_ns
        if self._ask_due_ns:
            due_ns = min(due_ns, self._ask_due_ns)
        if self._ping_due_ns:
            due_ns = min(due_ns, self._ping_due_ns)
        self._timer_ns = due_ns

    def _on_timer(self, now_ns: int) -> None:
        if self._ping_due_ns and now_ns >= self._ping_due_ns:
            self._lose("the broker fell silent", now_ns)
            return
        if self._ask_due_ns and now_ns >= self._ask_due_ns:
            if not self._placed:
                self._lose("no answer from the bridge" if self._ask else "no answer", now_ns)
                return
            self._question("again", now_ns)
        elif self._stood and now_ns >= self._sent_ns + self._keep_alive_ns:
            if self._news and not self._ask:
                self._question("check", now_ns)
            else:
                self._send(mqtt311.PINGREQ)
                self._hit(Hit.KEEP_ALIVE)
                self._pings += 1
            self._sent_ns = now_ns
            self._ping_due_ns = now_ns + _PING_LIMIT_NS
        self._set_timer()
