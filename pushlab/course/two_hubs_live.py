"""The part of two servers that starts them, and a Redis, and kills it."""

import asyncio
import contextlib
import secrets
import statistics
import time
from collections.abc import AsyncIterator
from typing import Any

from pushlab.client import Messages, connect
from pushlab.contract.tokens import TokenKeys
from pushlab.course.mode import fast
from pushlab.errors import PushlabError, Refused
from pushlab.hub.backplane.redis_server import RedisServer
from pushlab.hub.backplane.registry import MEMORY
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.systems.hub_api import HubApi

__all__ = ["tried"]

_ROOM = "news"
_MESSAGES, _FEW = 60, 5
_GAP_S = 0.02
_NOTHING_S = 0.5  # so long one waits for what does not come
_PATIENCE_S = 30.0


async def tried(carrier: str) -> dict[str, Any]:
    """Let two servers stand alone, share a Redis, and lose it: what `TwoHubs` has of it.

    Raises:
        SetupError: no Redis is there, or no server starts.
        TimeoutError: the servers start and do not do it.
    """
    async with RedisServer(keeps=True) as redis:
        return await _tried(redis, carrier)


async def _tried(redis: RedisServer, carrier: str) -> dict[str, Any]:
    count = _FEW if fast() else _MESSAGES
    async with (
        _hubs(MEMORY, carrier) as (one, other),
        _reader(one, carrier) as near,
        _reader(other, carrier) as far,
    ):
        here_s = await _median_s(one, near, count)
        with contextlib.suppress(TimeoutError):
            await far.next(_NOTHING_S)
        alone = far.came
    where = f"{redis.url}?prefix=course-{secrets.token_hex(4)}"
    async with _hubs(where, carrier) as (one, other), _reader(other, carrier) as far:
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
    return {
        "published": count,
        "alone": alone,
        "shared": shared,
        "here_s": here_s,
        "across_s": across_s,
        "dead": dead,
        "stood": stood,
        "resumed": resumed,
        "gap": gap,
    }


@contextlib.asynccontextmanager
async def _hubs(backplane: str, carrier: str) -> AsyncIterator[tuple[HubProcess, HubProcess]]:
    """Two servers with the same keys."""
    keys = TokenKeys.fresh().export()
    config = {"keys": keys, "transports": {carrier: {}}, "backplane": backplane}
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
async def _reader(hub: HubProcess, carrier: str) -> AsyncIterator[_Reader]:
    keys = TokenKeys.restore(hub.config.keys)
    name = f"reader-{secrets.token_hex(4)}"
    token, _ = keys.issue(client_id=name, channel=_ROOM, duration_minutes=60, now=time.time())
    quiet = {"on_gap": lambda gap: None, "retry_for_s": _PATIENCE_S}
    async with connect(hub.url, token, transport=carrier, **quiet) as messages:  # type: ignore[arg-type]
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
