"""The publisher: an open loop over HTTP, a request for each message.

A message goes out on a connection that is idle, and a few are kept ready. When all wait for
answers, others are opened, up to a limit: a server that has stopped does not stop the clock, since
its kernel takes connections and requests all the same. Beyond the limit messages wait and go out
late, and how long the server held them up is written down. Nothing is sent twice: whether a message
whose connection was lost has been taken is not known.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

from pushlab.errors import ConnectionFailed
from pushlab.lab.load.kernel_stamps import WallClock
from pushlab.lab.load.open_loop import OpenLoop
from pushlab.lab.load.publish_log import PublishLog
from pushlab.lab.load.request_witness import RequestWitness
from pushlab.systems.publishing import HttpPublishing
from pushlab.wire.http_client import HttpConnection, HttpResponse, connect_http
from pushlab.wire.tls import client_context

__all__ = ["Publisher"]

_READY_CONNECTIONS = 4
_MOST_CONNECTIONS = 1024
_MOST_WITNESSES = 16


class Publisher(OpenLoop):
    """Sends one schedule to one server.

    Args:
        publishing: where, and what a request is.
        channels: the channels' names, by number.
        most_connections: open at once.

    Attributes:
        clock: converts the kernel's stamps.
        witnesses: of the first connections, which do the most.
    """

    def __init__(
        self,
        publishing: HttpPublishing,
        publish_log: PublishLog,
        *,
        channels: Sequence[str],
        seed: int,
        key: int = 0,
        most_connections: int = _MOST_CONNECTIONS,
    ) -> None:
        super().__init__(publish_log, seed=seed, key=key)
        self._publishing = publishing
        kinds = set(zip(self._channels, self._sizes, strict=True))
        self._around = {
            (channel, size): publishing.request(channels[channel], size) for channel, size in kinds
        }
        self._idle: list[HttpConnection] = []
        self._connections: list[HttpConnection] = []
        self._dialing: set[asyncio.Task[None]] = set()
        self._under_way = 0
        self._encrypted = publishing.url.startswith("https:")
        self._tls = client_context(publishing.authority) if self._encrypted else None
        self._most_connections = most_connections
        self._gone_bytes_in = 0
        self._gone_bytes_out = 0
        self.clock = WallClock()
        self.witnesses: dict[HttpConnection, RequestWitness] = {}

    async def connect(self) -> None:
        """Open the first connections.

        Raises:
            ConnectionFailed: the server is gone.
        """
        for _ in range(_READY_CONNECTIONS):
            connection = await connect_http(self._publishing.url, tls=self._tls)
            self._take_in(connection)
            self._idle.append(connection)

    def _take_in(self, connection: HttpConnection) -> None:
        """One more connection is open; the first ones are witnesses."""
        self._connections.append(connection)
        if len(self.witnesses) < _MOST_WITNESSES:
            witness = RequestWitness(connection, self.publish_log, self.clock)
            self.witnesses[connection] = witness

    def close(self) -> None:
        """Stop at once; what was not sent is skipped."""
        super().close()
        for task in self._dialing:
            task.cancel()
        for connection in self._connections:
            connection.close()
        for witness in self.witnesses.values():
            witness.close()

    def _unanswered(self) -> int:
        return self._under_way

    def _is_held(self) -> bool:
        return not self._idle and self._room() <= 0

    def traffic(self) -> tuple[int, int]:
        """Bytes in and out so far, of all connections."""
        return (
            self._gone_bytes_in + sum(connection.bytes_in for connection in self._connections),
            self._gone_bytes_out + sum(connection.bytes_out for connection in self._connections),
        )

    def _room(self) -> int:
        """How many connections may be opened yet."""
        return self._most_connections - len(self._connections) - len(self._dialing)

    def _drop(self, connection: HttpConnection) -> None:
        """Forget a connection that is closed, but not its bytes."""
        if connection in self._connections:
            self._connections.remove(connection)
            self._gone_bytes_in += connection.bytes_in
            self._gone_bytes_out += connection.bytes_out
        if connection in self.witnesses:
            self.witnesses[connection].close()

    def _send_waiting(self, free_ns: int = 0) -> None:
        """Send what can be sent; see `_take` for `free_ns`."""
        while self.waiting and self._idle:
            connection = self._idle.pop()
            if connection.open:
                self._send(connection, self._take(free_ns))
            else:
                self._drop(connection)
        wanted = len(self.waiting) + _READY_CONNECTIONS - len(self._idle) - len(self._dialing)
        if wanted <= 0 or self.stopped:
            return
        for _ in range(min(self._room(), wanted)):
            task = asyncio.ensure_future(self._dial())
            self._dialing.add(task)
            task.add_done_callback(self._dialing.discard)

    async def _dial(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            connection = await connect_http(self._publishing.url, tls=self._tls)
        except ConnectionFailed:
            if self.waiting:  # the server takes no connections: this message is skipped
                self._take()
                self._check_done()
            return
        if self.stopped:
            connection.close()
            return
        self._take_in(connection)
        self._idle.append(connection)
        self._dialing.discard(task)  # at once: the next message must not wait for this dial
        # The kernel opens a connection without the server's process, but does not encrypt it.
        self._send_waiting(time.monotonic_ns() if self._encrypted else 0)

    def _send(self, connection: HttpConnection, index: int) -> None:
        before, behind = self._around[self._channels[index], self._sizes[index]]
        request = before + self.payload(index) + behind
        self._under_way += 1
        self.publish_log.sent_ns[index] = connection.send(
            request, lambda answer: self._answered(connection, index, answer)
        )
        if (witness := self.witnesses.get(connection)) is not None:
            witness.sent(index)

    def _answered(self, connection: HttpConnection, index: int, answer: HttpResponse) -> None:
        self._under_way -= 1
        self.publish_log.status[index] = answer.status
        free_ns = time.monotonic_ns()
        if self._publishing.numbers and answer.status == 202:
            told: dict[str, Any] = json.loads(answer.body)
            accepted_ns = int(told["accepted_ns"])
            self._accept(index, int(told["seq"]), accepted_ns)
            # What came later is not the server's delay.
            free_ns = self.server_clock.to_reference(accepted_ns)
        elif not self._publishing.numbers and 200 <= answer.status < 300:
            self._accept(index, self._numbers[index], free_ns)
        if not connection.open:
            self._drop(connection)
        elif not self.stopped:
            self._idle.append(connection)
            self._send_waiting(free_ns)
        self._check_done()
