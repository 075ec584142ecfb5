"""The logs of a service's channels, in Redis."""

import secrets
from collections.abc import Callable
from typing import NamedTuple

from pushlab.contract.serving import HubSettings
from pushlab.hub.backplane.backplane import Items, Receipt
from pushlab.hub.backplane.once import KEY_COUNTS_S, KEY_REUSED, fingerprint
from pushlab.hub.backplane.redis.line import Line
from pushlab.hub.backplane.redis.link import RedisLink
from pushlab.hub.backplane.redis.scripts import FETCH, PUBLISH, REUSED, SETTLE

__all__ = ["Fetched", "RedisLog", "Said"]

_ONCE_MS = int(KEY_COUNTS_S * 1_000)
#: How much longer than its messages a channel is known: a token's longest life.
_KNOWN_S = 86_400.0
#: Messages that are fetched at a time: Redis does nothing else meanwhile.
_AT_A_TIME = 128


class Said(NamedTuple):
    """A message as a topic has it."""

    epoch: str
    seq: int
    accepted_ns: int
    text: bytes


class Fetched(NamedTuple):
    """What a channel's log had behind a message.

    Attributes:
        messages: the oldest first; not all, where the last is not the head.
    """

    epoch: str
    head: int
    messages: list[Said]


class RedisLog:
    """Publishes to and reads from the logs.

    Attributes:
        writes: how many messages have been published in this service, as far as is seen here.
    """

    def __init__(self, link: RedisLink, settings: HubSettings, now_ns: Callable[[], int]) -> None:
        self._link = link
        self._now_ns = now_ns
        self._state = link.key("logs")
        retain_ms = max(1, int(settings.retain_s * 1_000))
        self._known_ms = retain_ms + int(_KNOWN_S * 1_000)
        self._most = settings.retain_messages
        retained = (settings.retain_messages, settings.retain_bytes, retain_ms)
        self._dials = (_ONCE_MS, *retained, self._known_ms)
        self._run = ""
        self.writes = 0
        link.settle = self._settle

    def topic(self, channel: str) -> str:
        """Where a channel's messages are told."""
        return self._link.topic("log", channel)

    def _keys(self, channel: str) -> tuple[str, str]:
        return self._link.key("meta", channel), self._link.key("log", channel)

    async def publish(self, items: Items, key: str | None) -> list[Receipt]:
        """Publish these, all or none. Raises Refused as `Backplane.publish`."""
        link = self._link
        numbers: dict[str, int] = {}
        keys = [self._state, link.key("once", key or "")]
        told = list[bytes | str | int]()
        for channel, text in items:
            number = numbers.get(channel)
            if number is None:
                number = numbers[channel] = len(numbers) + 1
                keys += self._keys(channel)
            told += (number, text)
        of = "" if key is None else fingerprint(items).hex()
        args = (secrets.token_hex(8), of, *self._dials, *map(self.topic, numbers), *told)
        answer: bytes = await link.run(PUBLISH, keys, args)
        if answer == REUSED:
            raise KEY_REUSED()
        us, writes, *places = answer.decode().split(" ")
        accepted_ns = self._here_ns(us)
        self.writes = max(self.writes, int(writes))
        return [
            Receipt(epoch, int(seq), accepted_ns)
            for epoch, seq in zip(places[::2], places[1::2], strict=True)
        ]

    def _here_ns(self, us: bytes | str) -> int:
        return min(self._link.clock.here_ns(int(us)), self._now_ns())

    def read(self, message: bytes) -> Said:
        """A message of a topic, read."""
        epoch, seq, us, writes, text = message.split(b" ", 4)
        if (seen := int(writes)) > self.writes:
            self.writes = seen
        return Said(epoch.decode(), int(seq), self._here_ns(us), text)

    async def fetch(self, channel: str, after: int) -> Fetched:
        """What there is behind a message, at most so many. Raises Refused (503)."""
        keys = (self._state, *self._keys(channel))
        args = (secrets.token_hex(8), after, _AT_A_TIME, self._known_ms, self._most)
        told, head, writes, entries = await self._link.run(FETCH, keys, args)
        self.writes = max(self.writes, int(writes))
        epoch = told.decode()
        messages = [
            Said(epoch, int(place.partition(b"-")[0]), self._here_ns(fields[1]), fields[3])
            for place, fields in entries
        ]
        return Fetched(epoch, int(head), messages)

    async def _settle(self, line: Line) -> None:
        """Find out whether Redis has come back with less than was told; see `SETTLE`."""
        info: bytes = await line.ask("INFO")
        told = dict(each.split(":", 1) for each in info.decode().splitlines() if ":" in each)
        run = told.get("run_id") or secrets.token_hex(8)
        journal = told.get("aof_enabled", "0")
        before = self._run or run
        await line.ask("EVAL", SETTLE.text, 1, self._state, run, before, self.writes, journal)
        self._run = run
