"""A hub that swaps messages: they are reordered, and neither lost nor delivered twice."""

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pushlab.analysis import analyse
from pushlab.contract.serving import Entry, Page
from pushlab.hub.channel import Channel
from pushlab.lab.runner import run_scenario
from pushlab.lab.trial.in_process import in_process_backend
from pushlab.runs import Run
from tests.lab.lab_tools import tiny

ALL = ["short-polling", "long-polling", "sse", "websocket", "mqtt"]


def swap(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The first two the other way round."""
    return (*entries[1::-1], *entries[2:]) if len(entries) > 1 else entries


def make_it_swap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold each fourth message back until the next one has gone out, and turn pages over."""
    publish, page = Channel.publish, Channel.page
    held: dict[Channel, Entry] = {}

    def late(channel: Channel) -> None:
        if entry := held.pop(channel, None):
            write(channel, (entry,))

    def write(channel: Channel, entries: Sequence[Entry]) -> None:
        for feed in tuple(channel.feeds):
            if feed.ready:
                feed.seq = channel.head
                feed.ready = feed.write(entries)

    def publish_swapped(self: Channel, data: str, size: int, now_ns: int) -> Entry:
        first = held.pop(self, None)
        if data == "probe" or (first is None and self.head % 4):
            return publish(self, data, size, now_ns)
        feeds, self.feeds = self.feeds, {}
        entry = publish(self, data, size, now_ns)
        self.feeds = feeds
        if first is None:
            held[self] = entry
            asyncio.get_running_loop().call_later(0.4, late, self)
        else:
            write(self, (entry, first))
        return entry

    def page_swapped(self: Channel, *args: Any, **more: Any) -> Page:
        found = page(self, *args, **more)
        return dataclasses.replace(found, entries=swap(found.entries))

    monkeypatch.setattr(Channel, "publish", publish_swapped)
    monkeypatch.setattr(Channel, "page", page_swapped)


async def test_swapped_messages_are_neither_lost_nor_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_it_swap(monkeypatch)
    scenario = tiny(ALL, poll_interval_s=0.4)
    path = await run_scenario(scenario, out=tmp_path, backend=in_process_backend(), pinning=False)
    for cell, trials in analyse(Run.load(path)).cells.items():
        (trial,) = trials.all
        assert trial.record.status == "ok", (cell, trial.record.reason)
        counts = trial.counts
        assert counts.expected == counts.delivered == 40, (cell, counts)
        assert (counts.lost, counts.duplicated, counts.unmatched) == (0, 0, 0), (cell, counts)
        assert counts.reordered >= trial.record.clients, (cell, counts)
