"""One connection to the embedded broker: MQTT 3.1, 3.1.1 and 5, as far as pushlab has use for it.

What it leaves out, it says: no retained messages, no wildcards, no shared subscriptions, no Will of
a subscriber (the bridge is told when one has gone, in whatever way).

A client that floods the broker is read at a client's pace, a few packets a turn, and one that asks
the hub something only while that answers. What a subscriber owes, an answer for each message, is
free.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import cast

from pushlab.brokers._router import Router
from pushlab.brokers._session import Message, Session
from pushlab.contract.hits import Hit
from pushlab.contract.tokens import Grant
from pushlab.transports import _mqtt_names as names
from pushlab.transports import _mqtt_server as packets
from pushlab.wire import mqtt311
from pushlab.wire.pace import paid_until

__all__ = ["CONNECT_S", "ClientConnection", "Connections"]

CONNECT_S = 10.0  #: for a new connection to say who it is
_LINGER_S = 2.0  # for a closed connection's last bytes to be taken
_MAX_WAITING = 1_000  # connections that have not logged in
_HIGH_BYTES = 256 * 1024
_TURN_PACKETS = 64  # read of one client in a turn of the event loop: others are served in between
_NEXT_TURN_S = 1e-6
_LEAST_WAIT_S = 0.02  # for a client that is ahead of its pace
_ASKING = 10  # packets' pace that a client's own message takes: the hub looks at each
_HUB_WAIT_S = 0.1  # for the hub to catch up
_MOST_BYTES = 64 * 1024  #: of a client's one packet; the bridge's are no larger
_HITS = {mqtt311.PUBACK: Hit.ACK, mqtt311.PUBREC: Hit.ACK, mqtt311.PUBCOMP: Hit.ACK}


class Connections:
    """All connections, for what is done to them from time to time."""

    def __init__(self, router: Router, now: Callable[[], float]) -> None:
        self.router = router
        self.now = now
        self.waiting: dict[ClientConnection, None] = {}  # to be logged in, the oldest first
        self.logged_in: set[ClientConnection] = set()

    def __call__(self) -> "ClientConnection":
        """A new connection."""
        return ClientConnection(self)

    def sweep(self) -> None:
        """Cut off who does not log in, and who was silent for one and a half keep-alive times."""
        now = self.now()
        for connection in list(self.waiting):
            if now - connection.heard > CONNECT_S:
                connection.end(packets.PROTOCOL_ERROR)
        for connection in list(self.logged_in):
            session, silent_s = connection.session, now - connection.heard
            if 0 < connection.keep_alive_s * 1.5 < silent_s and session is not None:
                self.router.lost(session, keep=True)
                connection.end(packets.KEEP_ALIVE_TIMEOUT)
        self.router.sweep()


class ClientConnection(asyncio.Protocol):
    """One connection.

    Attributes:
        session: whose it is, once it has logged in and until it is closed.
        full: whether the client does not take what it is sent.
        heard: when it last said something; until it has logged in, when it came.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._router = connections.router
        self._reader = packets.PacketReader(packets.MOST_CONNECT_BYTES)
        self._transport: asyncio.Transport | None = None
        self._level = 4
        self._closed = False
        self._asked: packets.Connect | None = None  # the log-in that is not answered yet
        self._taking = False
        self._paid_until = connections.now() - 1.0  # see `pushlab.wire.pace`
        self._turn = 0  # packets read in this one, but for what it owes
        self._wait_s = 0.0  # before it is read on
        self._held = False  # until then
        self._asks_hub = False  # that was behind at its last message
        self.session: Session | None = None
        self.full = False
        self.keep_alive_s = 0
        self.heard = connections.now()

    # ---- the socket -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client came."""
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's are not
        transport.set_write_buffer_limits(high=_HIGH_BYTES)
        with contextlib.suppress(OSError, AttributeError):
            handle = transport.get_extra_info("socket")
            handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting = self._connections.waiting
        waiting[self] = None
        if len(waiting) > _MAX_WAITING:  # whoever means it has logged in long before that
            next(iter(waiting)).end(packets.QUOTA_EXCEEDED)

    def connection_lost(self, error: Exception | None) -> None:
        """The client has gone."""
        self._connections.logged_in.discard(self)
        self._connections.waiting.pop(self, None)
        self._closed = True
        if self.session is not None:
            session, self.session = self.session, None
            if session.connection is self:
                self._router.lost(session, keep=True)

    def pause_writing(self) -> None:
        """The client does not take what it is sent; it is read no more either."""
        self.full = True
        if self._transport is not None and self.session is not None and self.session.grant:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """There is room again."""
        self.full = False
        if self.session is not None:
            self.session.go_on()
        self._read_on()

    def send(self, data: bytes) -> None:
        """Send these bytes."""
        if not self._closed and self._transport is not None:
            self._transport.write(data)

    def end(self, reason: int) -> None:
        """Close the connection for this reason, as version 5 numbers them."""
        if self._closed or self._transport is None:
            return
        if self.session is not None:
            self.send(packets.disconnect(self._level, reason))
        self._close()

    def _close(self) -> None:
        self._closed = True
        self._connections.waiting.pop(self, None)
        self.session = None
        transport = self._transport
        assert transport is not None
        transport.close()
        asyncio.get_running_loop().call_later(_LINGER_S, transport.abort)

    # ---- packets ----------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """The client said something."""
        if self._closed:
            return
        if self.session is not None:
            self.heard = self._connections.now()
        if self._held or self._asked is not None:
            self._reader.rest += data
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        """Read packets: all that are there, or up to one behind which the rest has to wait."""
        incoming = self._reader.receive(data)
        self._turn = 0
        self._taking = True
        try:
            for packet in incoming:
                self._on_packet(packet)
                if self._closed or self._asked is not None:
                    return
                if self._wait_s:
                    self._hold()
                    return
        except packets.UnsupportedVersion:
            self._router.count(Hit.REFUSED)
            self.send(packets.refusal(4, packets.UNSUPPORTED))
            self._close()
        except (mqtt311.MalformedPacket, UnicodeDecodeError):
            self._router.count(Hit.REFUSED)
            if self.session is not None:
                self._router.lost(self.session, keep=True)
            self.end(packets.MALFORMED)
        finally:
            self._taking = False
            incoming.close()

    def _hold(self) -> None:
        """Read no more for a while, or until the next turn."""
        if self._closed or self._transport is None:
            return
        wait_s, self._wait_s, self._held = self._wait_s, 0.0, True
        self._transport.pause_reading()
        asyncio.get_running_loop().call_later(wait_s, self._go_on)

    def _go_on(self) -> None:
        self._held = False
        if self._asks_hub and self._router.hub_is_behind():
            self.heard = self._connections.now()  # it is not the client who is silent
            self._wait_s = _HUB_WAIT_S
            self._hold()
        else:
            self._read_on()

    def _read_on(self) -> None:
        """Take what has come, and then what comes, unless something must be waited for."""
        if self._reader.rest and not self._waits():
            self._take(b"")
        if not self._waits():
            assert self._transport is not None
            self._transport.resume_reading()

    def _waits(self) -> bool:
        client = self.session is not None and self.session.grant is not None
        stopped = self._closed or self._transport is None
        return stopped or self._held or self._asked is not None or (self.full and client)

    def _charge(self, packets: int) -> None:
        """A client's packets, or what is worth as many, were read."""
        if self.session is not None and self.session.grant is not None:
            now = self._connections.now()
            self._paid_until = paid_until(self._paid_until, packets, now)
            self._turn += 1
            if self._paid_until > now:
                self._wait_s = max(self._wait_s, self._paid_until - now, _LEAST_WAIT_S)
            elif self._turn == _TURN_PACKETS:
                self._wait_s = max(self._wait_s, _NEXT_TURN_S)

    def _on_packet(self, packet: packets.Incoming) -> None:
        kind, session = packet.kind, self.session
        if session is None:
            if kind != packets.CONNECT:
                raise mqtt311.MalformedPacket("a packet before CONNECT")
            self._ask(packets.read_connect(packet.body))
        elif kind in _HITS:
            self._count(Hit.ACK)
            if not session.answered(kind, packets.identifier(packet)):
                self._charge(1)
        elif kind == packets.PUBLISH:
            self._publish(session, packet)
        elif kind == packets.PINGREQ:
            self._count(Hit.KEEP_ALIVE)
            self._charge(1)
            self.send(packets.PINGRESP)
        elif kind in (packets.SUBSCRIBE, packets.UNSUBSCRIBE):
            self._subscribe(session, packet)
        elif kind == mqtt311.PUBREL:
            self._count(Hit.ACK)
            self._charge(1)
            packet_id = packets.identifier(packet)
            session.held.discard(packet_id)
            self.send(mqtt311.acknowledge(mqtt311.PUBCOMP, packet_id))
        elif kind == packets.DISCONNECT:
            self._count(Hit.LEAVE)
            if self._level < 5:
                session.will = None
            self._router.lost(session, keep=bool(session.keep_s))
            self._close()
        else:
            raise mqtt311.MalformedPacket(f"a packet of kind {kind}")

    def _count(self, hit: Hit) -> None:
        if self.session is None or self.session.grant is not None:
            self._router.count(hit)

    def _ask(self, asked: packets.Connect) -> None:
        self._level = asked.level
        if not asked.client_id and not asked.clean and asked.level < 5:
            self.refuse(packets.BAD_CLIENT_ID)
            return
        assert self._transport is not None
        self._asked = asked
        self._transport.pause_reading()  # what it says before it is let in waits
        self._router.ask(asked, self)

    def refuse(self, reason: int) -> None:
        """It may not log in, for this reason."""
        if not self._closed:
            self._router.count(Hit.REFUSED)
            self.send(packets.refusal(self._level, reason))
            self._close()

    def let_in(self, grant: Grant | None) -> None:
        """It may log in: as the bridge, or as the holder of this grant."""
        asked, self._asked = self._asked, None
        if self._closed or asked is None:
            return
        session, kept, assigned = self._router.log_in(asked, grant, self)
        self.session = session
        self.heard = self._connections.now()
        self._reader.limit = _MOST_BYTES
        del self._connections.waiting[self]
        self._connections.logged_in.add(self)
        self.keep_alive_s = asked.keep_alive_s
        self._count(_arrival(session))
        properties = packets.connack_properties(most_bytes=_MOST_BYTES, assigned=assigned)
        present = kept and asked.level > 3
        self.send(packets.connack(asked.level, present=present, properties=properties))
        session.take_up(
            self,
            level=asked.level,
            receive_maximum=asked.receive_maximum,
            most_bytes=asked.maximum_packet,
        )
        session.resume()
        if not self._taking:  # else whoever does goes on
            self._read_on()
        elif self._transport is not None:
            self._transport.resume_reading()

    def _subscribe(self, session: Session, packet: packets.Incoming) -> None:
        packet_id, filters = packets.read_filters(packet, self._level)
        self._charge(1 + len(filters))
        if packet.kind == packets.UNSUBSCRIBE:
            self._count(Hit.LEAVE)
            for topic, _ in filters:
                self._router.unsubscribe(session, topic.encode())
            self.send(packets.answer(11, packet_id, bytes(len(filters)), self._level))
            return
        self._count(_arrival(session))
        refused = packets.NOT_AUTHORISED if self._level == 5 else 0x80
        codes = bytearray()
        for topic, qos in filters:
            allowed = self._router.may_read(session, topic)
            if allowed:
                self._router.subscribe(session, topic.encode(), qos)
            codes.append(qos if allowed else refused)
        self.send(packets.answer(9, packet_id, bytes(codes), self._level))

    def _publish(self, session: Session, packet: packets.Incoming) -> None:
        topic, payload, qos, packet_id = packets.read_publish(packet, self._level)
        client = session.grant is not None
        if client:
            self._charge(_ASKING)
        if not client and topic == names.GRANTS_TOPIC.encode():
            self._router.told(payload)
        elif not self._router.may_write(session, topic):
            self._count(Hit.REFUSED)
            self._forbid(session, qos, packet_id)
            return
        elif qos < 2 or packet_id not in session.held:
            self._router.publish(Message(topic, payload, qos))
            if client:
                self._asks_hub = self._router.hub_is_behind()
                if self._asks_hub:
                    self._wait_s = _HUB_WAIT_S
        if qos == 1:
            self.send(mqtt311.acknowledge(mqtt311.PUBACK, packet_id))
        elif qos == 2:
            session.held.add(packet_id)
            self.send(mqtt311.acknowledge(mqtt311.PUBREC, packet_id))

    def _forbid(self, session: Session, qos: int, packet_id: int) -> None:
        """Version 5 can say no to a message; before it, closing is the only word for that."""
        if self._level == 5 and qos:
            kind = mqtt311.PUBACK if qos == 1 else mqtt311.PUBREC
            no = bytes((packets.NOT_AUTHORISED, 0))
            self.send(bytes((kind << 4, 4)) + packet_id.to_bytes(2, "big") + no)
            return
        self._router.lost(session, keep=True)
        self.end(packets.NOT_AUTHORISED)


def _arrival(session: Session) -> Hit:
    """What a CONNECT or SUBSCRIBE counts as; others' client identifiers do not tell."""
    return names.arrival(session.name) if names.is_session(session.name) else Hit.CONNECT
