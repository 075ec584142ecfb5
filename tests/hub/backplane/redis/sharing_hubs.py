"""Hubs of one service in the test's own process, whose logs are apart: for what else they share."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pushlab.contract.serving import HubSettings
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.hub.backplane.backplane import Items, Receipt
from pushlab.hub.backplane.redis.service import Service
from pushlab.hub.backplane.redis.sharing import SharingBackplane
from pushlab.hub.channel import Channel
from pushlab.hub.core import Hub
from tests.bad_link import BadLink
from tests.patience import PATIENCE_S

__all__ = ["KEYS", "Cable", "grant_of", "running", "service_of", "until_present"]

KEYS = TokenKeys({"k1": b"0123456789abcdef"})
#: The lease of a hub is a third of this.
SETTINGS = HubSettings(lease_s=6.0)


class _Sharing(SharingBackplane):
    name = "sharing"

    def open(self, name: str) -> Channel:
        channel = Channel(name, self.hub.settings, self.hub.now_ns())
        self.hub.adopt(channel)
        return channel

    async def publish(self, items: Items, key: str | None = None) -> list[Receipt]:
        entries = [self.hub.deliver(*item) for item in items]
        return [Receipt(each.epoch, each.seq, each.accepted_ns) for each in entries]


@contextlib.asynccontextmanager
async def running(url: str, **more: Any) -> AsyncIterator[Hub]:
    """A hub at the Redis at `url`."""
    more.setdefault("settings", SETTINGS)
    more.setdefault("keys", TokenKeys.restore(KEYS.export()))
    hub = Hub(backplane=lambda made: _Sharing(made, url), **more)
    async with hub.backplane.running(), hub.running():
        yield hub


def service_of(hub: Hub) -> Service:
    assert isinstance(hub.backplane, SharingBackplane)
    return hub.backplane.service


def grant_of(client_id: str, channel: str = "room", *, minutes: int = 5) -> Grant:
    _, grant = KEYS.issue(
        client_id=client_id, channel=channel, duration_minutes=minutes, now=time.time()
    )
    return grant


async def until_present(hub: Hub, wanted: list[str], channel: str = "room") -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await hub.backplane.present(channel) != wanted:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


class Cable(BadLink):
    """A hub's way to its Redis: `pull` it, and the hub is not told; `mend` it."""

    def in_place_of(self, url: str) -> str:
        """`url` by way of this cable, with its log-in."""
        login, at, _ = urlsplit(url).netloc.rpartition("@")
        netloc = f"{login}{at}127.0.0.1:{self.port}"
        return urlunsplit(urlsplit(url)._replace(netloc=netloc))

    def pull(self) -> None:
        self.up = False
        self.black_out()

    def mend(self) -> None:
        self.up = True
        self.cut()
