"""The bridge's connection to its broker: it comes back by itself, and keeps what it sends in order.

`BridgeConnection.send` never waits. It queues, and a window of publishes is under way at once; each
is started in order on one connection, and a broker handles one connection's packets in order.
"""

import asyncio
import contextlib
import logging
import math
import secrets
import socket
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from random import Random

import aiomqtt

from pushlab.contract.backoff import Backoff
from pushlab.contract.broker_access import BrokerAccess
from pushlab.errors import BrokerUnavailable
from pushlab.transports._mqtt_inbound import InboundQueue
from pushlab.wire.tls import client_context

__all__ = ["BridgeConnection"]

_WINDOW = 100
_HIGH_MESSAGES = 2_000
_HIGH_BYTES = 4 * 1024 * 1024
_LOOK_S = 1.0
_log = logging.getLogger("pushlab.mqtt")
_quiet = logging.getLogger("pushlab.mqtt.client")

_Then = Callable[[], None]


class BridgeConnection:
    """One log-in of the bridge, over any number of connections in a row.

    Args:
        access: the broker and the log-in.
        topics: what to subscribe to, each with its QoS.
        will: topic and payload that the broker sends if the bridge is lost.
        on_message: called with topic, payload and whether it was kept from before.
        on_up: awaited when a connection stands, before anything queued is sent.
        on_down: called when it is lost; what was queued is forgotten.
        on_room: called when a full link has room again.

    Attributes:
        packets_sent: MQTT packets that brokers have had from this link.
        sent_before: those before the present connection.
    """

    def __init__(
        self,
        access: BrokerAccess,
        *,
        topics: Sequence[tuple[str, int]],
        will: tuple[str, bytes],
        on_message: Callable[[str, bytes, bool], None],
        on_up: Callable[[], Awaitable[None]],
        on_down: Callable[[], None],
        on_room: Callable[[], None],
    ) -> None:
        self.packets_sent = 0
        self.sent_before = 0
        self._access = access
        self._tls = client_context(access.authority) if access.tls else None
        self._topics = topics
        self._will = will
        self._on_message = on_message
        self._on_up = on_up
        self._on_down = on_down
        self._on_room = on_room
        self._client: aiomqtt.Client | None = None
        self._queue: deque[tuple[str, bytes, int, _Then | None]] = deque()
        self._queued_bytes = 0
        self._under_way: set[asyncio.Task[None]] = set()
        self._deliveries: set[asyncio.Event] = set()
        self._was_full = False

    # ---- life -------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep a connection while the body runs; the first one stands when it begins.

        Raises:
            BrokerUnavailable: the first connection fails.
        """
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        keeper = asyncio.create_task(self._keep(first))
        try:
            await first
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _keep(self, first: "asyncio.Future[None]") -> None:
        backoff = Backoff(Random())
        while True:
            try:
                await self._converse(first, backoff)
            except (aiomqtt.MqttError, OSError) as error:
                if not first.done():
                    unavailable = BrokerUnavailable(f"no bridge to {self._where()}: {error}")
                    unavailable.__cause__ = error
                    first.set_exception(unavailable)
                    return
                _log.warning("the bridge lost %s: %s", self._where(), error)
            except BrokerUnavailable as error:
                if not first.done():
                    first.set_exception(error)
                    return
                _log.warning("the bridge cannot use %s: %s", self._where(), error)
            except Exception as error:  # a fault here: nobody waits for ever
                if not first.done():
                    first.set_exception(error)
                    return
                _log.exception("the bridge failed")
            await asyncio.sleep(backoff.next_delay_s())

    async def _converse(self, first: "asyncio.Future[None]", backoff: Backoff) -> None:
        """One connection, from log-in to loss."""
        client = aiomqtt.Client(
            self._access.host,
            self._access.port,
            username=self._access.username,
            password=self._access.password,
            identifier=f"pushlab-bridge-{secrets.token_hex(8)}",
            will=aiomqtt.Will(*self._will, qos=1),
            keepalive=0,  # TCP's own keep-alive instead, so that every packet sent is known
            max_inflight_messages=2 * _WINDOW,
            socket_options=_socket_options(),
            tls_context=self._tls,
            queue_type=InboundQueue,
            logger=_quiet,
        )
        client.pending_calls_threshold = 4 * _WINDOW
        self.sent_before = self.packets_sent
        async with client:
            self.packets_sent += 2
            await client.subscribe(list(self._topics))
            listener = asyncio.create_task(self._listen(client))
            self._client = client
            looker = asyncio.create_task(_look(client))
            try:
                up = asyncio.create_task(self._up(first, backoff))
                done, _ = await asyncio.wait({listener, up}, return_when=asyncio.FIRST_COMPLETED)
                if up in done:
                    up.result()
                    await listener
                listener.result()
            finally:
                self._down()
                for task in (listener, up, looker):
                    task.cancel()
                await asyncio.gather(listener, up, looker, return_exceptions=True)

    async def _up(self, first: "asyncio.Future[None]", backoff: Backoff) -> None:
        await self._on_up()
        backoff.reset()
        if not first.done():
            first.set_result(None)

    def _down(self) -> None:
        self._client = None
        self._queue.clear()
        self._queued_bytes = 0
        self._was_full = False
        for task in self._under_way:
            task.cancel()
        for settled in self._deliveries:
            settled.set()
        self._on_down()

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            if message.qos:
                self.packets_sent += message.qos
            payload = message.payload
            if isinstance(payload, bytes):
                try:
                    self._on_message(str(message.topic), payload, message.retain)
                except Exception:  # one bad message must not end the bridge
                    _log.exception("the bridge failed over a message")

    def _where(self) -> str:
        return f"the MQTT broker on {self._access.host}:{self._access.port}"

    # ---- sending ----------------------------------------------------------------------------

    @property
    def up(self) -> bool:
        """Whether a connection stands."""
        return self._client is not None

    @property
    def full(self) -> bool:
        """Whether more should wait until `on_room`."""
        full = len(self._queue) >= _HIGH_MESSAGES or self._queued_bytes >= _HIGH_BYTES
        self._was_full |= full
        return full

    def send(self, topic: str, payload: bytes, *, qos: int, then: _Then | None = None) -> None:
        """Queue a publish; `then` is called when the broker has it. Dropped while down."""
        if self._client is None:
            return
        self._queue.append((topic, payload, qos, then))
        self._queued_bytes += len(payload)
        if len(self._under_way) < _WINDOW:
            self._start_next()

    async def deliver(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 and wait until the broker has it, or the connection is lost."""
        settled = asyncio.Event()
        self._deliveries.add(settled)
        try:
            self.send(topic, payload, qos=1, then=settled.set)
            if self.up:
                await settled.wait()
        finally:
            self._deliveries.discard(settled)

    def _start_next(self) -> None:
        client = self._client
        assert client is not None
        topic, payload, qos, then = self._queue.popleft()
        self._queued_bytes -= len(payload)
        task = asyncio.ensure_future(self._publish(client, topic, payload, qos, then))
        self._under_way.add(task)
        task.add_done_callback(self._finished)

    async def _publish(
        self, client: aiomqtt.Client, topic: str, payload: bytes, qos: int, then: _Then | None
    ) -> None:
        self.packets_sent += 1
        try:
            await client.publish(topic, payload, qos, timeout=math.inf)
        except (aiomqtt.MqttError, ValueError) as error:
            _log.debug("a publish failed: %s", error)  # the listener notices the loss
            return
        if qos == 2:
            self.packets_sent += 1  # PUBREL
        if then is not None:
            then()

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()
        while self._client is not None and self._queue and len(self._under_way) < _WINDOW:
            self._start_next()
        if self._was_full and len(self._queue) < _HIGH_MESSAGES // 2:
            self._was_full = False
            self._on_room()


async def _look(client: aiomqtt.Client) -> None:
    """Notice a connection that was reset while bytes of the broker's lay unread.

    uvloop polls such a socket no more and calls nobody; so this does to the client what its own
    reader would have done.
    """
    while True:
        await asyncio.sleep(_LOOK_S)
        sock, disconnected = client._client.socket(), client._disconnected
        try:
            if isinstance(sock, socket.socket):
                sock.getpeername()
        except OSError as error:
            if not disconnected.done():
                disconnected.set_exception(aiomqtt.MqttError(f"it was reset: {error.strerror}"))
            return


def _socket_options() -> list[tuple[int, int, int]]:
    """No delay for small packets; notice a dead peer within about a minute."""
    options = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    ]
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if (option := getattr(socket, name, None)) is not None:
            options.append((socket.IPPROTO_TCP, option, value))
    return options
