"""Two servers that shall be one: without a backplane, with one, and when it dies. Real ones.

Where no Redis or Valkey is installed, what was seen elsewhere is told, and that it was.
"""

import asyncio
import contextlib
import secrets
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from pushlab.charts.style import cell_styles
from pushlab.client import Messages, connect
from pushlab.contract.registry import STANDARD, load_transport
from pushlab.contract.tokens import TokenKeys
from pushlab.course.bars import Bar, Bars, bars_chart
from pushlab.course.cards import Card, Shown
from pushlab.course.guesses import Guess
from pushlab.course.mode import fast, reading
from pushlab.course.pictures import Picture
from pushlab.course.trouble import CourseError
from pushlab.errors import PushlabError, Refused, SetupError
from pushlab.hub.backplane.redis_server import RedisServer
from pushlab.hub.backplane.registry import MEMORY
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.systems.hub_api import HubApi

__all__ = ["TwoHubs", "two_hubs"]

_ROOM = "news"
#: What carries it: the first of the course in which the server speaks first.
_CARRIER = next(name for name in STANDARD if not load_transport(name).profile.asks)
_MESSAGES, _FEW = 60, 5
_GAP_S = 0.02
_NOTHING_S = 0.5  # so long one waits for what does not come
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class TwoHubs(Shown):
    """What came of it.

    Attributes:
        alone: how many of the messages that were published at one server came to a reader at the
            other, without a backplane; `shared`: with one; `published`: of so many.
        here_s, across_s: median from publish to delivery at a server alone, and across two.
        dead: what publishing answered while Redis was dead: status and reason.
        stood: whether the reader's connection stood meanwhile.
        resumed: whether the first message after Redis was back came to that reader.
        gap: whether a reader was told of a gap after Redis had lost its data.
        where: on what it was seen, in a sentence.
    """

    published: int
    alone: int
    shared: int
    here_s: float
    across_s: float
    dead: str
    stood: bool
    resumed: bool
    gap: bool
    where: str = field(default="Measured just now, with two servers and a Redis of their own.")

    def _card(self) -> Card:
        text = (
            f"Without a backplane, {self.published} messages were published at the first server:"
            f" {self.alone} came to the reader at the second.\n\n"
            f"With one, {self.published} were published at the first: {self.shared} came to the"
            " reader at the second, in order, each once."
        )
        return Card("One reader, at the other server", text, small=self.where)

    def delay(self, guess: Guess) -> Picture:
        """How long a message takes, at one server and across two, beside the guess (in ms)."""
        profile, more_s = load_transport(_CARRIER).profile, self.across_s - self.here_s
        bars = [
            Bar("measured", 1e3 * self.here_s, "one server"),
            Bar("measured", 1e3 * self.across_s, "across two"),
            Bar("guess", 1e3 * self.here_s + guess.value, guess.name),
        ]
        return bars_chart(
            [Bars(profile.title, cell_styles({_CARRIER: profile})[_CARRIER].colour, bars)],
            unit="ms",
            axis="from publish to delivery, in milliseconds; the median",
            title=f"The way through Redis takes {1e3 * more_s:.1f} ms more",
            subtitle=f"{self.published} messages, all on this machine; to Redis and back",
            footer=self.where,
        )

    def when_it_dies(self) -> Card:
        """What breaks when the backplane does, and what does not."""
        held = "stood all the while" if self.stood else "was lost"
        back = "came to that reader, on the same connection" if self.resumed else "did not come"
        gap = "was told of a gap: some messages are missing" if self.gap else "was told nothing"
        text = (
            f"Redis was killed. Publishing was answered `{self.dead}`. The reader's connection"
            f" {held}.\n\n"
            f"Redis was started again with its data. The next message {back}.\n\n"
            f"Redis was started again **without** its data. The reader {gap}."
        ).replace("**", "")
        return Card("When the backplane dies", text, small=self.where)


_SEEN = TwoHubs(
    published=60,
    alone=0,
    shared=60,
    here_s=0.37e-3,
    across_s=0.98e-3,
    dead="503 backplane-away",
    stood=True,
    resumed=True,
    gap=True,
)


async def two_hubs() -> TwoHubs:
    """Let two servers stand alone, share a Redis, and lose it; see who hears what.

    Raises:
        CourseError: the servers start and do not do it.
    """
    if reading():
        return _told("The course is only read: the numbers are ours")
    try:
        async with RedisServer(keeps=True) as redis:
            return await _tried(redis)
    except TimeoutError as error:
        raise CourseError(f"nothing came for {_PATIENCE_S:g} s; run the cell again") from error
    except (SetupError, OSError) as error:
        return _told(f"The numbers are ours, for it could not be tried here ({error})")


def _told(why: str) -> TwoHubs:
    values = {name: getattr(_SEEN, name) for name in TwoHubs.__slots__ if name != "where"}
    return TwoHubs(**values, where=f"{why}.")


async def _tried(redis: RedisServer) -> TwoHubs:
    count = _FEW if fast() else _MESSAGES
    async with _hubs(MEMORY) as (one, other), _reader(one) as near, _reader(other) as far:
        here_s = await _median_s(one, near, count)
        with contextlib.suppress(TimeoutError):
            await far.next(_NOTHING_S)
        alone = far.came
    where = f"{redis.url}?prefix=course-{secrets.token_hex(4)}"
    async with _hubs(where) as (one, other), _reader(other) as far:
        across_s = await _median_s(one, far, count)
        shared = far.came
        await asyncio.to_thread(redis.kill)
        dead = await _refused(one)
        stood = not far.ended
        await asyncio.to_thread(redis.start)
        await _publish_again(one, "back")
        resumed = await far.next(_PATIENCE_S) == "back"
        await asyncio.to_thread(redis.restart, loses=True)
        await _publish_again(one, "after all was lost")
        gap = await far.sees_gap(_PATIENCE_S)
    return TwoHubs(count, alone, shared, here_s, across_s, dead, stood, resumed, gap)


@contextlib.asynccontextmanager
async def _hubs(backplane: str) -> AsyncIterator[tuple[HubProcess, HubProcess]]:
    """Two servers with the same keys."""
    keys = TokenKeys.fresh().export()
    config = {"keys": keys, "transports": {_CARRIER: {}}, "backplane": backplane}
    async with (
        await start_hub(HubConfig(**config)) as one,  # type: ignore[arg-type]
        await start_hub(HubConfig(**config)) as other,  # type: ignore[arg-type]
    ):
        yield one, other


class _Reader:
    """A reader of the room, and what came to it."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._reading = asyncio.ensure_future(self._read())
        self.came = 0

    async def _read(self) -> None:
        async for message in self._messages:
            self.came += 1
            self._queue.put_nowait(message.data)

    @property
    def ended(self) -> bool:
        """Whether it reads no more."""
        return self._reading.done()

    async def next(self, within_s: float) -> str:
        """The next message. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            return await self._queue.get()

    async def sees_gap(self, within_s: float) -> bool:
        """Whether it is told of a gap before long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not self._messages.gaps:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        return bool(self._messages.gaps)

    async def stop(self) -> None:
        """Read no more."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)


@contextlib.asynccontextmanager
async def _reader(hub: HubProcess) -> AsyncIterator[_Reader]:
    keys = TokenKeys.restore(hub.config.keys)
    name = f"reader-{secrets.token_hex(4)}"
    token, _ = keys.issue(client_id=name, channel=_ROOM, duration_minutes=60, now=time.time())
    quiet = {"on_gap": lambda gap: None, "retry_for_s": _PATIENCE_S}
    async with connect(hub.url, token, transport=_CARRIER, **quiet) as messages:  # type: ignore[arg-type]
        reader = _Reader(messages)
        try:
            yield reader
        finally:
            await reader.stop()


async def _median_s(at: HubProcess, reader: _Reader, count: int) -> float:
    """Publish one after another at one server; how long each took to the reader."""
    api, taken = HubApi(at.url, at.api_key), []
    try:
        for number in range(count):
            began_s = time.perf_counter()
            await api.publish(_ROOM, str(number))
            await reader.next(_PATIENCE_S)
            taken.append(time.perf_counter() - began_s)
            await asyncio.sleep(_GAP_S)
    finally:
        api.close()
    return statistics.median(taken)


async def _refused(at: HubProcess) -> str:
    """What publishing is answered now that the backplane is dead."""
    api = HubApi(at.url, at.api_key)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await api.publish(_ROOM, "nobody hears this")
    except Refused as refusal:
        return f"{refusal.status} {refusal.reason}"
    finally:
        api.close()
    return "202, as if nothing were"


async def _publish_again(at: HubProcess, text: str) -> None:
    """Publish, once that is possible again. Raises TimeoutError."""
    api = HubApi(at.url, at.api_key)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                try:
                    await api.publish(_ROOM, text)
                except PushlabError:
                    await asyncio.sleep(0.2)
                else:
                    return
    finally:
        api.close()
