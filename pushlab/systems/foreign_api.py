"""What the laboratory asks of a server that is not its own: nothing but to take messages.

Admission is made here: there is no token, and where to go follows from the speech. Messages get
their numbers here, and carry them as stamps.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit

from pushlab.contract.authority import authority_of
from pushlab.contract.cursor import Cursor
from pushlab.contract.subscriber import Endpoint
from pushlab.systems.publishing import Publishing, fill
from pushlab.systems.sending import sender_of
from pushlab.systems.spec import Speech
from pushlab.systems.stamp import make_stamp
from pushlab.systems.system import Admission, ServerApi, ServerCounts

__all__ = ["ForeignApi", "at_port"]

_AT_ONCE = 32


def at_port(url: str, port: str, words: Mapping[str, str]) -> str:
    """A URL's origin at this port, which may name ``{port}``, the URL's own, or one of `words`."""
    end = Endpoint.from_url(url)
    number = int(fill(port, **{"port": str(end.port), **words}))
    return f"{urlsplit(url).scheme}://{authority_of(end.host, number)}"


class ForeignApi(ServerApi):
    """Publishes as the system wants it, and counts nothing.

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
        publishing: Publishing,
        *,
        speaks: Mapping[str, Speech],
        words: Mapping[str, str],
        channels: Sequence[str],
        key: int,
    ) -> None:
        self.url = url
        self.publishing = publishing
        self.stamp_key = key
        self._speaks = speaks
        self._words = words
        self._numbers = {name: number for number, name in enumerate(channels)}
        self._heads: defaultdict[str, int] = defaultdict(int)
        self._sender = sender_of(publishing)

    async def admit(
        self,
        transport: str,
        subscribers: Sequence[tuple[str, int, str]],
        *,
        duration_minutes: int | None = None,
    ) -> list[Admission]:
        """Where each subscriber's transport listens."""
        speech = self._speaks[transport]
        base = at_port(self.url, speech.port, self._words)
        found = []
        for client, number, channel in subscribers:
            names = {"channel": quote(channel, safe=""), "client": quote(client, safe="")}
            path = fill(speech.path, **names)
            told = {"url": base + path, "channel": channel, "client": client}
            found.append(Admission("", number, told))
        return found

    # ---- publishing -------------------------------------------------------------------------

    async def publish(self, channel: str, text: str) -> Cursor:
        """Publish a message with a stamp at its head. Raises Refused, ConnectionFailed."""
        number = self._heads[channel] = self._heads[channel] + 1
        place = self._numbers.setdefault(channel, len(self._numbers))
        assert self.stamp_key is not None
        stamp = make_stamp(place, number, self.stamp_key)
        await self._sender.send(channel, stamp + text.encode()[len(stamp) :])
        return Cursor("", number)

    async def publish_batch(self, batch: Sequence[tuple[str, str]]) -> list[int]:
        """Publish to each channel its text; the number of each on its channel."""
        numbers = [0] * len(batch)
        todo = iter(enumerate(batch))

        async def work() -> None:
            for place, (channel, text) in todo:
                numbers[place] = (await self.publish(channel, text)).seq

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(_AT_ONCE, len(batch))):
                    group.create_task(work())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return numbers

    def number_from(self, heads: Sequence[int]) -> None:
        """By channel: numbers are higher from now on."""
        for name, place in self._numbers.items():
            if place < len(heads):
                self._heads[name] = max(self._heads[name], heads[place])

    async def counts(self, transport: str, at_ns: int = 0) -> ServerCounts:
        """The moment alone: it counts nothing that anybody here can read."""
        await asyncio.sleep(max(0, at_ns - time.monotonic_ns()) / 1e9)
        return ServerCounts(time.monotonic_ns())

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()
