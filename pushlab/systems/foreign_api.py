"""What the laboratory asks of a server that is not its own: nothing but to take messages.

Admission is made here: there is no token, and where to go follows from the speech. Messages get
their numbers here, and carry them as stamps.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from pushlab.contract.cursor import Cursor
from pushlab.errors import Refused
from pushlab.systems.publishing import HttpPublishing, fill
from pushlab.systems.spec import Speech
from pushlab.systems.stamp import make_stamp
from pushlab.systems.system import Admission, ServerApi, ServerCounts
from pushlab.wire.http_client import HttpConnection, connect_http
from pushlab.wire.tls import client_context

__all__ = ["ForeignApi"]

_AT_ONCE = 32


class ForeignApi(ServerApi):
    """Publishes by HTTP, and counts nothing.

    Args:
        url: the server's.
        speaks: by transport, its speech; its port may be another than the URL's.
        words: what its templates may name, such as ``port2``.
        channels: the channels' names, by number.
        key: of the trial's stamps.
    """

    def __init__(
        self,
        url: str,
        publishing: HttpPublishing,
        *,
        speaks: Mapping[str, Speech],
        words: Mapping[str, str],
        channels: Sequence[str],
        key: int,
    ) -> None:
        self.url = url
        self.publishing: HttpPublishing = publishing
        self.stamp_key = key
        self._speaks = speaks
        self._words = words
        self._numbers = {name: number for number, name in enumerate(channels)}
        self._heads: defaultdict[str, int] = defaultdict(int)
        self._idle: list[HttpConnection] = []
        self._tls = client_context(publishing.authority) if url.startswith("https:") else None

    async def admit(
        self,
        transport: str,
        subscribers: Sequence[tuple[str, int, str]],
        *,
        duration_minutes: int | None = None,
    ) -> list[Admission]:
        """Where each subscriber's transport listens."""
        speech = self._speaks[transport]
        base = self._base(speech)
        found = []
        for client, number, channel in subscribers:
            names = {"channel": quote(channel, safe=""), "client": quote(client, safe="")}
            path = fill(speech.path, **names)
            told = {"url": base + path, "channel": channel, "client": client}
            found.append(Admission("", number, told))
        return found

    def _base(self, speech: Speech) -> str:
        scheme, _, rest = self.url.partition("://")
        host, _, port = rest.partition("/")[0].rpartition(":")
        port = fill(speech.port, **{"port": port, **self._words})
        return f"{scheme}://{host}:{port}"

    # ---- publishing -------------------------------------------------------------------------

    async def publish(self, channel: str, text: str) -> Cursor:
        """Publish a message with a stamp at its head. Raises Refused, ConnectionFailed."""
        number = self._heads[channel] = self._heads[channel] + 1
        place = self._numbers.setdefault(channel, len(self._numbers))
        assert self.stamp_key is not None
        stamp = make_stamp(place, number, self.stamp_key)
        await self._send(channel, stamp + text.encode()[len(stamp) :])
        return Cursor("", number)

    async def publish_batch(self, batch: Sequence[tuple[str, str]]) -> list[int]:
        """Publish to each channel its text; the number of each on its channel."""
        numbers = [0] * len(batch)
        todo = iter(enumerate(batch))

        async def work() -> None:
            for place, (channel, text) in todo:
                numbers[place] = (await self.publish(channel, text)).seq

        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(batch))):
                group.create_task(work())
        return numbers

    async def _send(self, channel: str, message: bytes) -> None:
        head, tail = self.publishing.request(channel, len(message))
        while self._idle and not self._idle[-1].open:
            self._idle.pop()
        connection = self._idle.pop() if self._idle else await connect_http(self.url, tls=self._tls)
        try:
            answer = await connection.exchange(head + message + tail)
        except BaseException:
            connection.close()
            raise
        if connection.open:
            self._idle.append(connection)
        if not 200 <= answer.status < 300:
            said = " ".join(answer.body[:200].decode(errors="replace").split())
            where = f"{self.publishing.method} {self.publishing.path}"
            told = f"publishing by {where} was answered {answer.status}"
            raise Refused(
                answer.status, f"http-{answer.status}", f"{told}: {said}" if said else told
            )

    async def counts(self, transport: str, at_ns: int = 0) -> ServerCounts:
        """The moment alone: it counts nothing that anybody here can read."""
        await asyncio.sleep(max(0, at_ns - time.monotonic_ns()) / 1e9)
        return ServerCounts(time.monotonic_ns())

    def close(self) -> None:
        """Close the connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()
