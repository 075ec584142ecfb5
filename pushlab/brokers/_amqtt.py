"""amqtt, with pushlab's log-ins, access rules and counts, and a delivery that scales.

A token's holder may subscribe to its own channel, to its own session's inbox and to the bridge's
word to all, and publish to its own session's outbox, and is cut off when the token expires.
"""

import asyncio
import contextlib
import hmac
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.mqtt import packet as kinds
from amqtt.mqtt.disconnect import DisconnectPacket
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin

from pushlab.contract.hits import Hit
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.errors import Refused
from pushlab.transports import _mqtt_names as names

__all__ = ["Gate", "PushlabBroker"]

_ACCESS = "pushlab.access"  # in a session's attributes: its Grant, or True for the bridge
_LISTENER = "default"
_TELL_COUNTS_S = 0.2
_SWEEP_S = 1.0
_GRACE_S = 0.5  # after expiry, for the bridge's goodbye to arrive first
_LINGER_S = 2.0  # for a closed connection's last bytes to be taken
_MAX_PENDING = 10_000  # deliveries that one session may owe answers to
_MAX_PENDING_BYTES = 16 * 1024 * 1024

_HITS = {
    kinds.PUBACK: Hit.ACK,
    kinds.PUBREC: Hit.ACK,
    kinds.PUBCOMP: Hit.ACK,
    kinds.PINGREQ: Hit.KEEP_ALIVE,
    kinds.DISCONNECT: Hit.LEAVE,
}


def _access(session: Any) -> Grant | bool:
    """What this session may do: its grant; True for the bridge; False for nobody."""
    access: Grant | bool = session.attributes.get(_ACCESS, False)
    return access


class Gate(BaseAuthPlugin, BaseTopicPlugin):  # type: ignore[misc]  # amqtt has no types
    """amqtt's plug-in: who may log in, who may read and write what, and what they sent."""

    @dataclass
    class Config:
        """What the parent process said.

        Attributes:
            username, password: the bridge's log-in.
            keys: as `TokenKeys.export` gives them.
        """

        username: str
        password: str
        keys: dict[str, str]

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._keys = TokenKeys.restore(self.config.keys)
        self._counts: dict[str, int] = {}
        self._seen: dict[str, float] = {}
        self._ends: dict[str, asyncio.TimerHandle] = {}
        self._cut: Callable[[str], None] = lambda session: None
        self._tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._sweep())]

    def cut_with(self, cut: Callable[[str], None]) -> None:
        """Close connections by calling `cut` with the session's name."""
        self._cut = cut

    async def close(self) -> None:
        """Stop the two tasks."""
        for task in self._tasks:
            task.cancel()

    # ---- log-ins and access -----------------------------------------------------------------

    async def authenticate(self, *, session: Any) -> bool | None:
        """Whether the user name and the password fit each other."""
        username, password = session.username or "", session.password or ""
        if username == self.config.username:
            good = hmac.compare_digest(password.encode(), self.config.password.encode())
            session.attributes[_ACCESS] = good
            return good
        name = session.client_id or ""
        if not names.is_session(name):
            return False
        try:
            grant = self._keys.verify(password, now=time.time())
        except Refused:
            grant = None
        if grant is None or username != names.username_of(grant.client_id, grant.grant_id):
            self._count(names.arrival(name), -1)  # its CONNECT was counted as that
            self._count(Hit.REFUSED)
            return False
        session.attributes[_ACCESS] = grant
        return True

    async def topic_filtering(
        self, *, session: Any = None, topic: str | None = None, action: Any = None
    ) -> bool | None:
        """Whether the session may do that with the topic."""
        access = _access(session)
        if isinstance(access, bool):
            return access
        if action == Action.PUBLISH:
            return topic == f"{names.OUTBOX}{session.client_id}"
        return topic in (
            names.live_topic(access.channel),
            f"{names.INBOX}{session.client_id}",
            names.BRIDGE_TOPIC,
        )

    # ---- what sessions sent, and when they went ---------------------------------------------

    async def on_mqtt_packet_received(self, *, packet: Any, session: Any = None) -> None:
        """Count a packet, and note that its sender lives."""
        kind = packet.fixed_header.packet_type
        name = (packet.client_id if session is None else session.client_id) or ""
        if not names.is_session(name):
            return
        if name in self._seen:
            self._seen[name] = time.monotonic()
        if kind in (kinds.CONNECT, kinds.SUBSCRIBE):
            self._count(names.arrival(name))
        elif kind in _HITS:
            self._count(_HITS[kind])

    def _count(self, hit: Hit, n: int = 1) -> None:
        self._counts[hit] = self._counts.get(hit, 0) + n

    async def on_broker_client_connected(self, *, client_id: str, client_session: Any) -> None:
        """A session stands: cut it off when its token expires."""
        access = _access(client_session)
        if isinstance(access, Grant):
            self._seen[client_id] = time.monotonic()
            delay_s = max(0.0, access.expires_at - time.time() + _GRACE_S)
            loop = asyncio.get_running_loop()
            self._ends[client_id] = loop.call_later(delay_s, self._cut, client_id)

    async def on_broker_client_disconnected(self, *, client_id: str, client_session: Any) -> None:
        """A session has gone, in whatever way: tell the bridge."""
        if self._seen.pop(client_id, None) is not None:
            self._ends.pop(client_id).cancel()
            await self.context.broadcast_message(names.OUTBOX + client_id, b'{"leave": "gone"}')

    async def _tell(self) -> None:
        """Tell the bridge what has been counted since it was last told."""
        while True:
            await asyncio.sleep(_TELL_COUNTS_S)
            if self._counts:
                counts, self._counts = self._counts, {}
                told = json.dumps(counts).encode()
                await self.context.broadcast_message(names.COUNTS_TOPIC, told)

    async def _sweep(self) -> None:
        """Cut off who was silent for one and a half keep-alive times (section 3.1.2.10)."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = time.monotonic()
            for client_id, seen in list(self._seen.items()):
                session = self.context.get_session(client_id)
                if session is not None and 0 < session.keep_alive * 1.5 < now - seen:
                    self._cut(client_id)


class PushlabBroker(Broker):  # type: ignore[misc]  # amqtt has no types
    """amqtt with another delivery.

    amqtt walks through all subscriptions for each message, with pauses in which they change under
    its feet (the walk then fails, and the message is lost to some), and asks its plug-ins in a
    task each. Here a message goes to those who subscribed to its topic by name and, from outboxes,
    to the bridge. A session that owes too many answers is cut off; it comes back and resumes.

    Args:
        username, password: the bridge's log-in.
        keys: as `TokenKeys.export` gives them.
    """

    def __init__(self, *, username: str, password: str, keys: dict[str, str]) -> None:
        gate = {"username": username, "password": password, "keys": keys}
        super().__init__(
            {
                "listeners": {_LISTENER: {"type": "external"}},
                "plugins": {f"{Gate.__module__}.{Gate.__qualname__}": gate},
            }
        )
        self._pending: dict[str, tuple[int, int]] = {}  # session to deliveries and their bytes
        plugin = self.plugins_manager.get_plugin(Gate.__name__)
        assert isinstance(plugin, Gate)
        plugin.cut_with(self.cut)

    def protocol(self) -> asyncio.StreamReaderProtocol:
        """A protocol for a new connection, which is then served."""
        loop = asyncio.get_running_loop()
        return asyncio.StreamReaderProtocol(_Reader(loop=loop), self._serve, loop=loop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.external_connected(StreamReaderAdapter(reader), _Writer(writer), _LISTENER)
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()

    def cut(self, session: str) -> None:
        """Close a session's connection, without its Will."""
        _, handler = self.sessions.get(session, (None, None))
        if handler is not None:
            task = asyncio.ensure_future(handler.handle_disconnect(DisconnectPacket()))
            self._tasks_queue.append(task)

    async def _topic_filtering(self, session: Any, topic: str, action: Any) -> bool:
        plugin = self.plugins_manager.get_plugin(Gate.__name__)
        return bool(await plugin.topic_filtering(session=session, topic=topic, action=action))

    async def _run_broadcast(self, running_tasks: "deque[asyncio.Task[Any]]") -> None:
        while True:
            message = await self._broadcast_queue.get()
            topic = message["topic"]
            readers = list(self._subscriptions.get(topic, ()))
            if topic.startswith(names.OUTBOX):
                readers += self._subscriptions.get(names.OUTBOX + "+", ())
            now = time.time()
            for session, qos in readers:
                access = _access(session)
                if isinstance(access, Grant) and access.expires_at <= now:
                    if topic.startswith(names.LIVE):
                        continue
                elif access is False:
                    continue
                _, handler = self.sessions.get(session.client_id, (None, None))
                if handler is not None and session.transitions.state == "connected":
                    self._hand_over(session.client_id, handler, topic, message["data"], qos)
            while running_tasks and running_tasks[0].done():
                running_tasks.popleft()

    def _hand_over(self, name: str, handler: Any, topic: str, data: bytes, qos: int) -> None:
        count, size = self._pending.get(name, (0, 0))
        if (count >= _MAX_PENDING or size >= _MAX_PENDING_BYTES) and names.is_session(name):
            self.cut(name)
            return
        self._pending[name] = count + 1, size + len(data)
        task = asyncio.ensure_future(handler.mqtt_publish(topic, data, qos, retain=False))
        task.add_done_callback(lambda done: self._settled(name, len(data), done))
        self._tasks_queue.append(task)

    def _settled(self, name: str, size: int, task: "asyncio.Task[Any]") -> None:
        if not task.cancelled():
            task.exception()  # an answer that never came: the reader asks again by itself
        count, total = self._pending[name]
        if count > 1:
            self._pending[name] = count - 1, total - size
        else:
            del self._pending[name]


class _Reader(asyncio.StreamReader):
    """A reader that gives what had arrived before a connection broke."""

    def set_exception(self, exc: Exception) -> None:
        """The connection broke: let that be an end like any other."""
        self.feed_eof()


class _Writer(StreamWriterAdapter):  # type: ignore[misc]  # amqtt has no types
    """A writer whose closing does not wait for a peer that no longer reads."""

    is_closed: bool

    async def close(self) -> None:
        """Close, and let what is written already go out for a while."""
        if not self.is_closed:
            self.is_closed = True
            transport = self._writer.transport
            with contextlib.suppress(OSError, RuntimeError):
                self._writer.close()
            asyncio.get_running_loop().call_later(_LINGER_S, transport.abort)
