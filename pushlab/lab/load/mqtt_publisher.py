"""The publisher of MQTT: an open loop of PUBLISH with QoS 1, in which the PUBACK is the acceptance.

Channels share a few connections, each channel always the same one, so that a broker which handles a
connection's packets in order keeps the order of a channel. Many messages are under way at once, and
the clock goes on whatever the broker does: only behind a limit, or where the kernel takes no more
bytes, do messages wait and go out late, and how long the broker held them up is written down. What
was under way on a connection that is lost stays without an answer; nothing is sent twice.
"""

import asyncio
import time
from collections.abc import Sequence

from pushlab.errors import ConnectionFailed, Refused
from pushlab.lab.load.open_loop import OpenLoop
from pushlab.lab.load.publish_log import PublishLog
from pushlab.systems.publishing import MqttPublishing
from pushlab.wire.mqtt_connection import MqttConnection, connect_mqtt

__all__ = ["MqttPublisher"]

_CONNECTIONS = 4
_MOST_UNDER_WAY = 1024
_TAKEN = 202  #: what stands for a PUBACK among the statuses of HTTP: accepted


class MqttPublisher(OpenLoop):
    """Sends one schedule to one broker.

    Args:
        publishing: where, and as what.
        channels: the channels' names, by number.
        key: of the trial's stamps.
        most_under_way: messages that wait for a PUBACK at once.
    """

    def __init__(
        self,
        publishing: MqttPublishing,
        publish_log: PublishLog,
        *,
        channels: Sequence[str],
        seed: int,
        key: int = 0,
        most_under_way: int = _MOST_UNDER_WAY,
    ) -> None:
        super().__init__(publish_log, seed=seed, key=key)
        self._publishing = publishing
        self._topics = [publishing.topic_of(channel) for channel in channels]
        self._around = [publishing.around(channel) for channel in channels]
        self._most_under_way = most_under_way
        self._under_way = 0
        self._lines: list[MqttConnection] = []
        self._dialing: dict[int, asyncio.Task[None]] = {}
        self._gone_bytes = [0, 0]

    async def connect(self) -> None:
        """Log in.

        Raises:
            ConnectionFailed, Refused: the broker is gone, or lets nobody in.
        """
        for _ in range(min(_CONNECTIONS, len(self._topics))):
            self._lines.append(await self._connected())

    async def _connected(self) -> MqttConnection:
        made = await connect_mqtt(self._publishing.url, self._publishing.login)
        made.on_room = self._on_room
        return made

    def close(self) -> None:
        """Stop at once; what was not sent is skipped."""
        super().close()
        for task in self._dialing.values():
            task.cancel()
        for line in self._lines:
            line.close()

    def traffic(self) -> tuple[int, int]:
        """Bytes in and out so far, of all connections."""
        bytes_in, bytes_out = self._gone_bytes
        return (
            bytes_in + sum(line.bytes_in for line in self._lines),
            bytes_out + sum(line.bytes_out for line in self._lines),
        )

    def _unanswered(self) -> int:
        return self._under_way

    def _is_held(self) -> bool:
        return True  # nothing but the broker makes a message wait here

    # ---- sending ----------------------------------------------------------------------------

    def _on_room(self) -> None:
        if not self.stopped:
            self._send_waiting(time.monotonic_ns())

    def _send_waiting(self, free_ns: int = 0) -> None:
        """Send what can be sent; see `_take` for `free_ns`."""
        while self.waiting and self._under_way < self._most_under_way:
            channel = self._channels[self.waiting[0]]
            place = channel % len(self._lines)
            line = self._lines[place]
            if not line.open:
                self._dial_again(place)
                return
            if not line.room:
                return
            self._send(line, channel, self._take(free_ns))

    def _send(self, line: MqttConnection, channel: int, index: int) -> None:
        head, tail = self._around[channel]
        self._under_way += 1
        self.publish_log.sent_ns[index] = line.publish(
            self._topics[channel],
            head + self.payload(index) + tail,
            lambda took: self._answered(index, took),
        )

    def _answered(self, index: int, took: bool) -> None:
        now_ns = time.monotonic_ns()
        was_full = self._under_way >= self._most_under_way
        self._under_way -= 1
        if took:
            self.publish_log.status[index] = _TAKEN
            self._accept(index, self._numbers[index], now_ns)
        if was_full and not self.stopped:
            self._send_waiting(now_ns)
        self._check_done()

    # ---- a connection that was lost ---------------------------------------------------------

    def _dial_again(self, place: int) -> None:
        if place not in self._dialing and not self.stopped:
            self._dialing[place] = asyncio.ensure_future(self._dial(place))

    async def _dial(self, place: int) -> None:
        try:
            made = await self._connected()
        except (ConnectionFailed, Refused):
            del self._dialing[place]
            if self.waiting and self._channels[self.waiting[0]] % len(self._lines) == place:
                self._take()  # the broker takes no connections: this message is skipped
            self._send_waiting()
            self._check_done()
            return
        gone, self._lines[place] = self._lines[place], made
        self._gone_bytes[0] += gone.bytes_in
        self._gone_bytes[1] += gone.bytes_out
        del self._dialing[place]
        self._on_room()
