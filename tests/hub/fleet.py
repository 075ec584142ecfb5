"""A service of several hubs, each a process, behind one port and on one Redis; and work for it.

Each hub reaches Redis by a link of its own that a test can cut, darken or slow. The subscribers are
the laboratory's swarm, in a process too, which writes down every message that each of them gets;
beside it a few readers keep the texts.
"""

import asyncio
import contextlib
import dataclasses
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import psutil

from pushlab.client import connect
from pushlab.contract.events import Gap
from pushlab.contract.serving import HubSettings
from pushlab.errors import ConnectionFailed, Refused
from pushlab.hub.backplane.redis_server import RedisServer
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.lab.trial.merging import rows_of
from pushlab.lab.workers.clients import SwarmProcess, start_swarm
from pushlab.lab.workers.messages import SwarmReport, SwarmSetup
from pushlab.runs.batches import in_batches
from pushlab.systems.hub_api import HubApi
from tests.bad_link import BadLink
from tests.patience import PATIENCE_S, until
from tests.ports import free_port

__all__ = ["Crowd", "Fleet", "Load", "Scribe", "newest_life"]

_AGAIN_S = 0.05
_STAYS = 8


class Fleet:
    """The service.

    Attributes:
        hubs: by number; who was killed stays in its place until it is replaced.
        links: of each, to Redis.
        api: asked at whichever hub the kernel chooses.
    """

    def __init__(
        self, redis: RedisServer, hubs: int = 3, *, presence_url: str | None = None, **dials: Any
    ) -> None:
        self.redis = redis
        self._count = hubs
        self._presence_url = presence_url
        self._dials = HubSettings(**dials)
        self.hubs: list[HubProcess] = []
        self.links: list[BadLink] = []

    async def __aenter__(self) -> Self:
        port = free_port()
        self._config = HubConfig(
            port=port, share_port=True, settings=self._dials, presence_url=self._presence_url
        )
        self.links = [BadLink("127.0.0.1", self.redis.port) for _ in range(self._count)]
        starting = [self._start(link) for link in self.links]
        self.hubs = list(await asyncio.gather(*starting))
        self.url = self.hubs[0].url
        self.api = HubApi(self.hubs[0].url, self.hubs[0].api_key)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.api.close()
        for hub in self.hubs:
            hub.kill()
        await asyncio.gather(*(hub.stop() for hub in self.hubs))
        for link in self.links:
            link.close()

    async def _start(self, link: BadLink) -> HubProcess:
        url = self.redis.url.replace(f":{self.redis.port}/", f":{link.port}/")
        return await start_hub(dataclasses.replace(self._config, backplane=url))

    async def kill(self, number: int) -> None:
        """As ``kill -9`` does."""
        self.hubs[number].kill()
        await self.hubs[number].wait()

    async def replace(self, number: int) -> None:
        """Start another in the place of one that was killed."""
        await self.hubs[number].stop()
        self.hubs[number] = await self._start(self.links[number])

    def held(self, number: int) -> int:
        """How many connections a hub holds."""
        hub = self.hubs[number]
        return sum(
            each.status == psutil.CONN_ESTABLISHED and each.laddr.port == self._config.port
            for each in psutil.Process(hub.pid).net_connections("tcp")
        )

    def busiest(self) -> int:
        """The number of the hub that holds the most."""
        return max(range(len(self.hubs)), key=self.held)


class Load:
    """Publishes on some channels, message after message, each again until it is taken.

    Attributes:
        told: what the service has answered, by reason; ``lost``: nothing; ``taken``.
        taken: of each channel the epoch, the `seq` and the text of what was taken, as answers came.
    """

    def __init__(self, fleet: Fleet, channels: Sequence[str], *, at_once: int = 4) -> None:
        self._fleet = fleet
        self._channels = channels
        self._at_once = at_once
        self._count = 0
        self._over = False
        self._tasks: list[asyncio.Task[None]] = []
        self.told: Counter[str] = Counter()
        self.taken: defaultdict[str, list[tuple[str, int, str]]] = defaultdict(list)

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.ensure_future(self._go_on()) for _ in range(self._at_once)]
        return self

    async def __aexit__(self, *exception: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def end(self) -> None:
        """Publish no more; what has been begun is taken when this returns."""
        self._over = True
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*self._tasks)

    async def more(self, count: int) -> None:
        """Wait until so many more have been taken."""
        goal = self.told["taken"] + count
        await until(lambda: self.told["taken"] >= goal or self._failed(), str(self.told))
        for task in self._failed():
            task.result()

    def _failed(self) -> list[asyncio.Task[None]]:
        return [task for task in self._tasks if task.done()]

    async def _go_on(self) -> None:
        while not self._over:
            self._count += 1
            channel = self._channels[self._count % len(self._channels)]
            if self._count % _STAYS == 0:
                self._fleet.api.close()  # the next connections may lead to other hubs
            await self._publish(channel, f"{channel} {self._count}", f"key-{self._count}")
            await asyncio.sleep(0.002)

    async def _publish(self, channel: str, text: str, key: str) -> None:
        while True:
            try:
                told = await self._fleet.api.ask(
                    "POST",
                    f"/v1/publish?channel={channel}",
                    text.encode(),
                    Idempotency_Key=key,
                )
            except ConnectionFailed:
                self.told["lost"] += 1
            except Refused as refusal:
                if refusal.status != 503:
                    raise
                self._fleet.api.close()  # another hub may take it
                self.told[refusal.reason] += 1
            else:
                self.told["taken"] += 1
                self.taken[channel].append((told["epoch"], int(told["seq"]), text))
                return
            await asyncio.sleep(_AGAIN_S)

    def newest(self, channel: str) -> dict[int, str]:
        """The texts of the channel's newest life, by `seq`; each publish has one of its own."""
        epochs = list(dict.fromkeys(epoch for epoch, _, _ in self.taken[channel]))
        pairs = [(seq, text) for epoch, seq, text in self.taken[channel] if epoch == epochs[-1]]
        found = dict(pairs)
        assert len(found) == len(pairs), "a number was given twice"
        if all(task.done() for task in self._tasks):
            assert sorted(found) == list(range(min(found), max(found) + 1)), "one is nobody's"
            assert min(found) == 1 or len(epochs) == 1
        return found


class Crowd:
    """Subscribers of one transport in a process of their own, so many on each channel."""

    def __init__(
        self,
        fleet: Fleet,
        channels: Sequence[str],
        transport: str,
        each: int,
        *,
        name: str = "",
        **options: Any,
    ) -> None:
        self._fleet = fleet
        self._channels = channels
        self._transport = transport
        self.each = each
        self._options = options
        self._name = name or transport
        self._process: SwarmProcess | None = None

    @property
    def process(self) -> SwarmProcess:
        assert self._process is not None
        return self._process

    async def __aenter__(self) -> Self:
        self._process = await start_swarm()
        readers = [
            (f"{self._name}-{channel}-{number}", at, channel)
            for at, channel in enumerate(self._channels)
            for number in range(self.each)
        ]
        self.clients = [name for name, _, _ in readers]
        self.count = len(readers)
        setup = SwarmSetup(
            transport=self._transport,
            options=self._options,
            subscribers=await self._fleet.api.admit(self._transport, readers),
            seed=1,
        )
        commands = self.process.commands
        await commands.configure(setup=setup)
        async with asyncio.timeout(PATIENCE_S):
            await commands.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.process.kill()
        await self.process.stop()

    async def begin(self, heads: Sequence[int]) -> None:
        """Once everybody has what stands there, by channel, messages count."""
        await self.has(heads)
        await self.process.commands.begin(start_ns=0, end_ns=0)
        self.before = list(heads)

    async def lost_connections(self) -> int:
        """How often a connection was lost so far."""
        return (await self.process.commands.count()).disconnects

    async def gaps(self) -> int:
        """How often somebody was told of one so far."""
        return (await self.process.commands.count()).gaps

    async def has(self, heads: Sequence[int]) -> None:
        """Wait until everybody has what stands there, by channel."""
        reaching = asyncio.ensure_future(self.process.commands.reach(heads=list(heads)))
        done, _ = await asyncio.wait({reaching}, timeout=PATIENCE_S)
        if not done:
            reaching.cancel()
        assert done, await self.process.commands.status()
        await reaching

    async def got(self) -> tuple[SwarmReport, dict[int, list[int]]]:
        """Its report, and the numbers of what each subscriber got, in order; ends the crowd."""
        with tempfile.TemporaryDirectory() as folder:
            report = await self.process.commands.finish(path=folder)
            rows = rows_of(report, Path(folder), per_channel=self.each)
        found: dict[int, list[int]] = {number: [] for number in range(self.count)}
        for batch in in_batches(rows["deliveries"]):
            for number in np.unique(batch["subscriber"]).tolist():
                mine = batch["subscriber"] == number
                found[number] += batch["seq"][mine].tolist()
        return report, found

    async def is_at_the_end_of(self, load: Load) -> None:
        """Wait until everybody has the last message of its channel."""
        await self.has([max(load.newest(channel)) for channel in self._channels])

    async def check_whole(self, load: Load) -> None:
        """Everybody has each message of its channel once, in order, and was told of no gap."""
        await self.is_at_the_end_of(load)
        report, got = await self.got()
        for number, seqs in got.items():
            wanted = sorted(load.newest(self._channels[number // self.each]))
            assert seqs == wanted, f"{self._transport} {number}: {_wrong(seqs)}"
        assert report.now.gaps == 0
        assert report.closed == 0, report.reasons


def newest_life(seqs: Sequence[int]) -> list[int]:
    """What came last of numbers that begin anew."""
    begins = [at for at, (a, b) in enumerate(pairwise(seqs), 1) if b < a]
    return list(seqs[begins[-1] if begins else 0 :])


def _wrong(seqs: Sequence[int]) -> str:
    places = [(a, b) for a, b in pairwise(seqs) if b != a + 1]
    return f"{seqs[:1]} to {seqs[-1:]}, not in order at {places[:5]}"


class Scribe:
    """Reads one channel and keeps the texts; a `Gap` is kept as it is."""

    def __init__(self, fleet: Fleet, channel: str, transport: str) -> None:
        self._fleet = fleet
        self._channel = channel
        self._transport = transport
        self.kept: list[Any] = []

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[Self]:
        """From now on, while the body runs."""
        api = self._fleet.api
        (seat,) = await api.admit(self._transport, [("scribe", 0, self._channel)])
        messages = connect(
            api.url,
            seat.token,
            transport=self._transport,
            on_gap=self.kept.append,
            retry_for_s=PATIENCE_S,
        )
        async with messages:
            keeping = asyncio.ensure_future(self._keep(messages))
            try:
                yield self
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)

    async def _keep(self, messages: Any) -> None:
        async for message in messages:
            self.kept.append(message.data)

    @property
    def gaps(self) -> list[Gap]:
        return [one for one in self.kept if isinstance(one, Gap)]

    @property
    def texts(self) -> list[str]:
        return [one for one in self.kept if isinstance(one, str) and one != "hello"]
