"""The publisher: an open loop over HTTP.

A message goes out on a connection that is idle. When all wait for answers, another is opened, up to
a limit; beyond it messages wait and go out late. Nothing is sent twice: whether a message whose
connection was lost has been taken is not known.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from pushlab.errors import ConnectionFailed
from pushlab.lab.http import Answer, HttpConnection
from pushlab.lab.hub_api import HubApi, publish_path
from pushlab.lab.open_loop import OpenLoop
from pushlab.lab.schedule import Schedule

__all__ = ["Publisher"]

_MIN_CONNECTIONS = 4
_MAX_CONNECTIONS = 256


class Publisher(OpenLoop):
    """Sends one schedule to one hub.

    Args:
        api: the hub.
        channels: the channels' names, by number.
    """

    def __init__(
        self,
        api: HubApi,
        schedule: Schedule,
        *,
        channels: Sequence[str],
        payload_bytes: int,
        seed: int,
    ) -> None:
        super().__init__(schedule, payload_bytes=payload_bytes, seed=seed)
        self._api = api
        body = b"0" * payload_bytes
        self._heads = [
            api.request("POST", publish_path(channel), body)[:-payload_bytes]
            for channel in channels
        ]
        self._idle: list[HttpConnection] = []
        self._connections: list[HttpConnection] = []
        self._dialing: set[asyncio.Task[None]] = set()
        self._under_way = 0

    async def connect(self) -> None:
        """Open the first connections.

        Raises:
            ConnectionFailed: the hub is gone.
        """
        for _ in range(_MIN_CONNECTIONS):
            connection = await self._api.connect()
            self._connections.append(connection)
            self._idle.append(connection)

    def close(self) -> None:
        """Stop at once; what was not sent is skipped."""
        super().close()
        for task in self._dialing:
            task.cancel()
        for connection in self._connections:
            connection.close()

    def _unanswered(self) -> int:
        return self._under_way

    def _bytes(self) -> tuple[int, int]:
        return (
            sum(connection.bytes_in for connection in self._connections),
            sum(connection.bytes_out for connection in self._connections),
        )

    def _send_waiting(self) -> None:
        while self.waiting and self._idle:
            connection = self._idle.pop()
            if connection.open:
                self._send(connection, self.waiting.popleft())
        missing = len(self.waiting) - len(self._dialing)
        if missing <= 0:
            return
        live = sum(connection.open for connection in self._connections)
        room = _MAX_CONNECTIONS - live - len(self._dialing)
        for _ in range(min(room, missing)):
            task = asyncio.ensure_future(self._dial())
            self._dialing.add(task)
            task.add_done_callback(self._dialing.discard)

    async def _dial(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            connection = await self._api.connect()
        except ConnectionFailed:
            if self.waiting:  # the hub takes no connections: this message is skipped
                self.waiting.popleft()
                self._check_done()
            return
        self._connections.append(connection)
        if self.stopped:
            connection.close()
            return
        self._idle.append(connection)
        self._dialing.discard(task)  # at once: the next message must not wait for this dial
        self._send_waiting()

    def _send(self, connection: HttpConnection, index: int) -> None:
        channel = int(self.schedule.channel[index])
        request = self._heads[channel] + self.payloads[index % len(self.payloads)]
        self._under_way += 1
        self.sent_ns[index] = connection.send(
            request, lambda answer: self._answered(connection, index, answer)
        )

    def _answered(self, connection: HttpConnection, index: int, answer: Answer) -> None:
        self._under_way -= 1
        self.status[index] = answer.status
        if answer.status == 202:
            told: dict[str, Any] = json.loads(answer.body)
            self._accept(index, int(told["seq"]), int(told["accepted_ns"]))
        if connection.open and not self.stopped:
            self._idle.append(connection)
            self._send_waiting()
        self._check_done()
