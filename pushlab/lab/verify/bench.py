"""What clauses work with: a system that runs, fresh channels, readers, and who publishes."""

import asyncio
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pushlab.errors import PushlabError
from pushlab.lab.verify.reader import ClauseReader, StallingReader
from pushlab.systems.publishing import is_json
from pushlab.systems.stamp import make_stamp
from pushlab.systems.system import Started, System

__all__ = ["Bench", "Nothing", "Pace", "numbers_said"]

_Reader = TypeVar("_Reader", bound=ClauseReader)
_TRIES = 3
_FILL = "x"


class Nothing(Exception):
    """A reader gets nothing at all, or a message is not taken; the text says what was seen.

    Attributes:
        lacking: how many readers got nothing; 0: a message was not taken.
    """

    def __init__(self, said: str, *, lacking: int = 0) -> None:
        super().__init__(said)
        self.lacking = lacking


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the clauses are.

    Attributes:
        wait_s: how long is waited for a message, or an answer.
        quiet_s: after how much silence nothing more is expected.
        interval_s: of a client that asks by a clock.
    """

    wait_s: float = 5.0
    quiet_s: float = 0.3
    interval_s: float = 0.05


class Bench:
    """One transport of a system that runs.

    Args:
        channels: names that clauses may use, each once; `places`, the numbers of those.
        key: of the stamps.

    Attributes:
        transport: what is tried; `profile`, what it is.
    """

    def __init__(
        self,
        system: System,
        started: Started,
        transport: str,
        *,
        channels: Sequence[str],
        places: Iterable[int],
        key: int,
        pace: Pace,
        options: Mapping[str, Any],
    ) -> None:
        self.system = system
        self.started = started
        self.pace = pace
        self.transport = system.transport(
            transport, {**_options(system, transport, pace), **options}
        )
        self.profile = self.transport.profile
        self._name = transport
        self._channels = channels
        self._places = iter(places)
        self._key = key
        self._heads = dict.fromkeys(range(len(channels)), 0)
        self._readers: list[ClauseReader] = []
        self._clients = itertools.count(1)

    def fresh(self) -> int:
        """The number of a channel that nobody has used."""
        return next(self._places)

    def name_of(self, place: int) -> str:
        """A channel's."""
        return self._channels[place]

    def stamp(self, place: int, number: int) -> str:
        """That of a message."""
        return make_stamp(place, number, self._key).decode()

    # ---- publishing -------------------------------------------------------------------------

    async def publish(self, place: int, tail: str = _FILL) -> int:
        """Publish a stamp with this behind it; its number on the channel.

        Raises:
            Nothing: it was not taken within `Pace.wait_s`.
        """
        api, channel = self.started.api, self._channels[place]
        self._heads[place] = number = self._heads[place] + 1
        text = self.stamp(place, number) + tail
        if api.stamp_key is not None and is_json(api.publishing.body):
            text = json.dumps(text, ensure_ascii=False)[1:-1]
        try:
            async with asyncio.timeout(self.pace.wait_s):
                await api.publish(channel, text)
        except TimeoutError:
            told = f"publishing was not answered within {self.pace.wait_s:g} s"
            raise Nothing(told) from None
        except (PushlabError, OSError) as error:
            raise Nothing(str(error) or type(error).__name__) from error
        return number

    async def publish_some(self, place: int, count: int, *, pause_s: float = 0.0) -> list[int]:
        """Publish several, one after the other. Raises Nothing."""
        found = []
        for _ in range(count):
            found.append(await self.publish(place))
            if pause_s:
                await asyncio.sleep(pause_s)
        return found

    # ---- reading ----------------------------------------------------------------------------

    async def reader(self, place: int) -> ClauseReader:
        """A reader that begins to connect. Raises PushlabError."""
        return await self._begun(place, ClauseReader)

    async def stalling(self, place: int) -> StallingReader:
        """A reader that can stall, to whom messages come already. Raises Nothing, PushlabError."""
        reader = await self._begun(place, StallingReader)
        await reader.accepted_within(self.pace.wait_s)
        await self.reached(place, [reader])
        return reader

    async def _begun(self, place: int, kind: type[_Reader]) -> _Reader:
        wanted = [(f"reader-{next(self._clients)}", place, self._channels[place])]
        (admission,) = await self.started.api.admit(self._name, wanted)
        reader = kind(
            self.transport,
            admission,
            key=self._key,
            authority=self.started.authority,
            dial_s=self.pace.wait_s,
        )
        reader.token = admission.token
        self._readers.append(reader)
        reader.start()
        return reader

    async def readers(self, place: int, count: int) -> list[ClauseReader]:
        """Readers to whom messages come already. Raises Nothing, PushlabError."""
        found = [await self.reader(place) for _ in range(count)]
        for reader in found:
            await reader.accepted_within(self.pace.wait_s)
        await self.reached(place, found)
        return found

    async def reached(self, place: int, readers: Sequence[ClauseReader]) -> int:
        """Publish until one message has come to all of these; its number.

        Raises:
            Nothing: none does.
        """
        for _ in range(_TRIES):
            number = await self.publish(place)
            waits = [reader.has([number], self.pace.wait_s) for reader in readers]
            came = await asyncio.gather(*waits)
            if all(came):
                return number
            if any(reader.closed for reader in readers):
                break
        reader = readers[came.index(False)]
        if reader.closed is not None:
            raise Nothing(f"a reader is turned away: {reader.trouble}", lacking=came.count(False))
        told = f"no message came within {_TRIES * self.pace.wait_s:g} s"
        told = f"{told}; {reader.trouble}" if reader.trouble else told
        raise Nothing(told, lacking=came.count(False))

    async def quiet(self, *readers: ClauseReader) -> None:
        """Wait until nothing new comes."""
        before = -1
        while before != (now := sum(reader.known for reader in readers)):
            before = now
            await asyncio.sleep(self.pace.quiet_s)

    async def dismiss(self) -> None:
        """Let all readers leave."""
        readers, self._readers = self._readers, []
        await asyncio.gather(*(reader.leave() for reader in readers), return_exceptions=True)


def _options(system: System, transport: str, pace: Pace) -> dict[str, Any]:
    """A short interval, for a client that asks by a clock."""
    asks = system.transport(transport, {})
    return {"interval_s": pace.interval_s} if hasattr(asks.options, "interval_s") else {}


def numbers_said(numbers: Sequence[int], *, most: int = 5) -> str:
    """Some numbers in words: ``7, 8 and 12 more``."""
    shown = ", ".join(map(str, numbers[:most]))
    return f"{shown} and {len(numbers) - most} more" if len(numbers) > most else shown
