"""A hub that keeps its channels loses nothing that it acknowledged, however often it is killed."""

import asyncio
import contextlib

import pytest

import pushlab
from pushlab.contract.tokens import TokenKeys
from pushlab.hub.process import start_hub
from tests.live_hub import LiveHub, config
from tests.patience import PATIENCE_S, until


class Killed:
    """A hub that is killed again and again, what it has acknowledged, and who reads meanwhile."""

    BROKEN = (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError)
    NAMES = ("one", "two")

    def __init__(self, path):
        self.path = path
        self.keys = TokenKeys.fresh()
        self.port = 0
        self.epochs = {}
        self.acknowledged = {name: {} for name in self.NAMES}
        self.read = {name: [] for name in self.NAMES}
        self.gaps = []

    async def start(self):
        process = await start_hub(
            config(
                keys=self.keys.export(),
                keep=str(self.path),
                port=self.port,
                settings={"retain_messages": 100_000},
                transports={"short-polling": {}, "sse": {}, "websocket": {}},
            )
        )
        self.port = int(process.url.rpartition(":")[2])
        return LiveHub(process.url, process.api_key, process)

    async def follow(self, hub, name, transport):
        """A reader that was there before the first message, and stays."""
        token = await hub.token("ann", name)
        reader = pushlab.connect(
            hub.url, token, transport=transport, on_gap=self.gaps.append, retry_for_s=PATIENCE_S
        )
        async with reader as messages:
            self.epochs[name] = messages.cursor.epoch
            async for message in messages:
                self.read[name].append((message.epoch, message.seq, message.data))

    async def look(self, hub, name):
        """All that the log holds, by `seq`, without a hole; and all that was acknowledged."""
        token = await hub.token("bob", name)
        found, after = {}, f"{self.epochs[name]}-0"
        while True:
            answer = await hub.ask("GET", f"/v1/poll?after={after}", secret=token)
            if answer.status == 204:
                break
            assert not answer.json.get("gap"), answer.json["gap"]
            found |= {message["seq"]: message["data"] for message in answer.json["messages"]}
            after = answer.json["cursor"]
        assert sorted(found) == list(range(1, len(found) + 1)), "no holes"
        known = self.acknowledged[name]
        lost = {seq: data for seq, data in known.items() if found.get(seq) != data}
        assert not lost, f"acknowledged and lost: {lost}"
        return found

    def take(self, name, data, told):
        assert told["epoch"] == self.epochs[name]
        assert told["seq"] not in self.acknowledged[name], "given twice"
        self.acknowledged[name][told["seq"]] = data

    async def publish(self, hub, name, who):
        with contextlib.suppress(*self.BROKEN):
            for number in range(100_000):
                data = f"{who}/{number}"
                self.take(name, data, await hub.publish(name, data))

    async def publish_batches(self, hub, who):
        with contextlib.suppress(*self.BROKEN):
            for number in range(100_000):
                batch = [{"channel": name, "data": f"{who}/{number}"} for name in self.NAMES * 3]
                answer = await hub.api("POST", "/v1/messages", batch)
                for item, told in zip(batch, answer.json, strict=True):
                    self.take(item["channel"], item["data"], told)

    def count(self):
        return sum(map(len, self.acknowledged.values()))


async def killed_again_and_again(path, times):
    """Publishers never stop: nothing acknowledged is lost, and readers see no gap and no hole."""
    story, readers = Killed(path), []
    for life in range(times):
        hub = await story.start()
        if not readers:
            for name, transport in zip(story.NAMES, ("sse", "websocket"), strict=True):
                readers.append(asyncio.ensure_future(story.follow(hub, name, transport)))
            await until(lambda: len(story.epochs) == len(readers))
        for name in story.NAMES:
            await story.look(hub, name)
        publishers = [
            asyncio.ensure_future(story.publish(hub, name, f"{life}/{who}"))
            for name in story.NAMES
            for who in range(2)
        ]
        publishers.append(asyncio.ensure_future(story.publish_batches(hub, f"{life}/batch")))
        enough = story.count() + 60
        await until(lambda enough=enough: story.count() >= enough)
        hub.process.kill()
        await hub.process.wait()
        await asyncio.wait_for(asyncio.gather(*publishers), PATIENCE_S)
    hub = await story.start()
    for name in story.NAMES:
        found = await story.look(hub, name)
        await until(lambda name=name, found=found: len(story.read[name]) >= len(found))
        epoch = story.epochs[name]
        assert story.read[name] == [(epoch, seq, found[seq]) for seq in sorted(found)]
    assert story.gaps == []
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    await hub.process.stop()


async def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path):
    await killed_again_and_again(tmp_path / "kept", 2)


@pytest.mark.soak
async def test_many_kills_lose_nothing_that_was_acknowledged(tmp_path):
    await killed_again_and_again(tmp_path / "kept", 40)
