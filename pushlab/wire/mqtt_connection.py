"""A publisher's connection to an MQTT broker: many messages are under way, each until its PUBACK.

What it sends is `pushlab.wire.mqtt311`'s. It asks for no keep-alive (section 3.1.2.10 of MQTT
3.1.1): on a connection that carries messages nothing is gained by one.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import cast

from pushlab.contract.subscriber import Endpoint
from pushlab.errors import ConnectionFailed, Refused
from pushlab.wire import mqtt311
from pushlab.wire.tls import client_context

__all__ = ["MqttConnection", "connect_mqtt"]

_WELCOME_S = 10.0
_IDENTIFIERS = 65_535


class MqttConnection(asyncio.Protocol):
    """One connection; make it with `connect_mqtt`.

    Attributes:
        open: whether messages can be sent.
        room: whether the socket takes more at once; a broker that reads nothing leaves none.
        on_room: called when there is room again, and when the connection is lost.
        bytes_in, bytes_out: counted since the connection was made, before encryption.
    """

    __slots__ = (
        "_identifier",
        "_parser",
        "_transport",
        "_under_way",
        "_welcome",
        "bytes_in",
        "bytes_out",
        "on_room",
        "open",
        "room",
    )

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = mqtt311.Parser()
        self._under_way: dict[int, Callable[[bool], None]] = {}
        self._identifier = 0
        self._welcome: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.open = False
        self.room = True
        self.on_room: Callable[[], None] = lambda: None
        self.bytes_in = 0
        self.bytes_out = 0

    async def greet(self, login: tuple[str, str] | None) -> None:
        """Say CONNECT, and wait until the broker lets us in.

        Raises:
            Refused: it does not.
            ConnectionFailed: it says nothing, hangs up, or speaks something else.
        """
        name = f"pushlab-publisher-{secrets.token_hex(6)}"
        user, password = login or (None, "")
        self._write(mqtt311.connect(name, keep_alive_s=0, username=user, password=password))
        try:
            code = await asyncio.wait_for(asyncio.shield(self._welcome), _WELCOME_S)
        except TimeoutError as error:
            raise ConnectionFailed("the broker does not answer CONNECT") from error
        if code:
            why = mqtt311.CONNACK_REFUSALS.get(code, f"CONNACK says {code}")
            status = 401 if code in (4, 5) else 503
            raise Refused(status, f"mqtt-{code}", f"the broker refuses the publisher: {why}")
        self.open = True

    def publish(self, topic: str, payload: bytes, on_answer: Callable[[bool], None]) -> int:
        """Send a message of QoS 1; `on_answer` is called once: whether the broker took it.

        Returns:
            when it was handed to the socket, in nanoseconds of the monotonic clock.
        """
        assert len(self._under_way) < _IDENTIFIERS
        while True:
            self._identifier = self._identifier % _IDENTIFIERS + 1
            if self._identifier not in self._under_way:
                break
        self._under_way[self._identifier] = on_answer
        packet = mqtt311.publish(topic, payload, qos=1, packet_id=self._identifier)
        sent_ns = time.monotonic_ns()
        self._write(packet)
        return sent_ns

    def _write(self, packet: bytes) -> None:
        assert self._transport is not None
        self.bytes_out += len(packet)
        self._transport.write(packet)

    @property
    def under_way(self) -> int:
        """How many messages wait for an answer."""
        return len(self._under_way)

    def close(self) -> None:
        """Close the connection; answers that are due will not come."""
        if self._transport is not None and not self._transport.is_closing():
            if self.open:
                self._write(mqtt311.DISCONNECT)
            self._transport.close()
        self.open = False

    # ---- called by the event loop ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        self._transport.set_write_buffer_limits(0)  # what the kernel does not take is not sent

    def pause_writing(self) -> None:
        """The kernel takes no more."""
        self.room = False

    def resume_writing(self) -> None:
        """It does again."""
        self.room = True
        self.on_room()

    def data_received(self, data: bytes) -> None:
        """Bytes arrived."""
        self.bytes_in += len(data)
        try:
            packets = self._parser.receive(data)
        except mqtt311.MalformedPacket:
            self.close()
            return
        for packet in packets:
            if isinstance(packet, mqtt311.Acked):
                on_answer = self._under_way.pop(packet.packet_id, None)
                if on_answer is not None:
                    on_answer(True)
            elif isinstance(packet, mqtt311.Connack) and not self._welcome.done():
                self._welcome.set_result(packet.code)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self.open = self.room = False
        if not self._welcome.done():
            self._welcome.set_exception(ConnectionFailed("the broker hung up before its CONNACK"))
            self._welcome.exception()  # perhaps nobody waits for it any more
        under_way, self._under_way = self._under_way, {}
        for on_answer in under_way.values():
            on_answer(False)
        self.on_room()


async def connect_mqtt(url: str, login: tuple[str, str] | None = None) -> MqttConnection:
    """Log in at the broker of `url` (``mqtt://host:port``, or ``mqtts:``, as this machine trusts).

    Args:
        login: user name and password; None: as nobody.

    Raises:
        ConnectionFailed: nobody listens there, or no MQTT broker.
        Refused: it lets us not in.
    """
    end = Endpoint.from_url(url)
    try:
        _, connection = await asyncio.get_running_loop().create_connection(
            MqttConnection, end.host, end.port, ssl=client_context() if end.tls else None
        )
    except OSError as error:
        raise ConnectionFailed(f"no connection to the broker: {error.strerror or error}") from error
    try:
        await connection.greet(login)
    except BaseException:
        connection.close()
        raise
    return connection
