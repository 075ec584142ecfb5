"""Harnesses: where a transport's two ends meet while the suite looks on.

`ProcessHarness` is the real thing: a hub in a process of its own, sockets on the loopback, and a
broker for transports that need one. `InProcessHarness` is for the null transport.
"""

import abc
import asyncio
import contextlib
import itertools
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from random import Random
from urllib.parse import urlsplit

from pushlab.brokers.start import Broker, start_broker
from pushlab.client import TokenSource, connect
from pushlab.contract.cursor import Cursor
from pushlab.contract.serving import HubSettings
from pushlab.contract.subscriber import Endpoint
from pushlab.contract.tokens import Grant, TokenKeys
from pushlab.contract.transport import Transport
from pushlab.errors import ConnectionFailed, PortInUse
from pushlab.hub.process import HubConfig, HubProcess, start_hub
from pushlab.lab.direct_hub import DirectHub
from pushlab.systems.hub_api import HubApi
from pushlab.testing.entry_point import registered
from pushlab.testing.judge import LIMIT_S
from pushlab.testing.reader import FriendlyReader, StreamReader, SuiteReader, WireReader
from pushlab.wire.discovery import locate

__all__ = ["ContractHarness", "InProcessHarness", "ProcessHarness"]


class ContractHarness(abc.ABC):
    """One hub, one transport, and any number of readers.

    Args:
        transport: both ends of what is tested.
        settings: the hub's dials.

    Attributes:
        url: where the hub listens; it stays the same over restarts.
        keys: those with which the hub checks tokens.
    """

    def __init__(self, transport: Transport, settings: HubSettings) -> None:
        self.transport = transport
        self.settings = settings
        self.keys = TokenKeys.fresh()
        self.url = ""
        self._readers: list[SuiteReader] = []
        self._api: HubApi | None = None

    # ---- the hub's life ---------------------------------------------------------------------

    @abc.abstractmethod
    async def start(self) -> None:
        """Start the hub: for the first time, or anew with nothing in its log."""

    @abc.abstractmethod
    async def stop(self) -> None:
        """Stop the hub, as its operator would."""

    async def kill(self) -> None:
        """End the hub as a crash would; within one process there is no other way than to stop."""
        await self.stop()

    async def close(self) -> None:
        """Stop everything."""
        await self.dismiss()
        await self.stop()

    # ---- the application's side -------------------------------------------------------------

    @property
    def api(self) -> HubApi:
        """How to speak to the hub that runs now. Raises ConnectionFailed."""
        if self._api is None:
            raise ConnectionFailed("no hub runs")
        return self._api

    async def token(self, client_id: str, channel: str) -> str:
        """A token from the hub."""
        return (await self.api.admit(self.transport.name, [(client_id, 0, channel)]))[0].token

    async def revoke(self, token: str) -> None:
        """Let a token count no more."""
        await self.api.revoke(token)

    async def publish(self, channel: str, text: str) -> Cursor:
        """Publish a message. Raises Refused."""
        return await self.api.publish(channel, text)

    async def publish_all(self, channel: str, texts: Sequence[str]) -> None:
        """Publish many messages at once."""
        await self.api.publish_batch([(channel, text) for text in texts])

    async def present(self, channel: str) -> list[str]:
        """The client IDs that are present on a channel."""
        return await self.api.present(channel)

    async def hits(self) -> dict[str, int]:
        """The hits that the hub has counted for the transport, by kind."""
        counted = await self.api.hits(self.transport.name)
        return {kind: n for kind, n in counted.items() if kind != "publish"}

    def signed(
        self,
        client_id: str,
        channel: str,
        *,
        life_s: float,
        keys: TokenKeys | None = None,
        grant_id: str | None = None,
    ) -> str:
        """A token that ends in `life_s` seconds, signed with the hub's keys or with others.

        Args:
            grant_id: that of another token; one of its own unless given.
        """
        now = time.time()
        named = grant_id or self.keys.new_grant_id(now)
        return (keys or self.keys).sign(Grant(client_id, channel, now + life_s, named))[0]

    # ---- readers ----------------------------------------------------------------------------

    async def read(self, token: str, *, cursor: Cursor | None = None) -> SuiteReader:
        """A reader at the wire itself."""
        endpoint = await locate(self.transport, Endpoint.from_url(self.url), token)
        reader: SuiteReader
        if self.transport.is_sans_io():
            reader = WireReader(
                self.transport.subscriber(endpoint, token, cursor=cursor, rng=Random())
            )
        else:
            reader = StreamReader(self.transport.messages(endpoint, token, cursor=cursor))
        self._readers.append(reader)
        return reader

    def subscribe(
        self, token: TokenSource, *, cursor: Cursor | None = None, retry_for_s: float = 60.0
    ) -> FriendlyReader:
        """A reader that uses `pushlab.connect`."""
        messages = connect(
            self.url,
            token,
            transport=self.transport,
            cursor=cursor,
            on_gap=lambda gap: None,
            retry_for_s=retry_for_s,
        )
        reader = FriendlyReader(messages)
        self._readers.append(reader)
        return reader

    async def dismiss(self) -> None:
        """Make every reader leave, whatever state it is in."""
        readers, self._readers = self._readers, []
        await asyncio.gather(*(reader.leave() for reader in readers), return_exceptions=True)


class ProcessHarness(ContractHarness):
    """A hub in a process of its own, and a broker where the transport needs one.

    Args:
        broker: which one, for transports that need one: ``auto``, ``embedded``, ``mosquitto``.
    """

    def __init__(self, transport: Transport, settings: HubSettings, *, broker: str) -> None:
        super().__init__(transport, settings)
        self._wanted_broker = broker
        self._broker: Broker | None = None
        self._hub: HubProcess | None = None
        self._api_key = secrets.token_urlsafe(24)

    async def start(self) -> None:
        """Start the hub's process, at the same place as the last one."""
        config = replace(await self._config(), port=urlsplit(self.url).port or 0)
        with registered(type(self.transport)):
            for attempt in itertools.count():
                try:
                    self._hub = await start_hub(config)
                    break
                except PortInUse:  # a client's attempt to connect may hold the port for a moment
                    if not self.url or attempt >= 50:
                        raise
                    await asyncio.sleep(LIMIT_S / 100)
        assert self._hub is not None
        self.url = self._hub.url
        self._api = HubApi(self.url, self._api_key)

    async def _config(self) -> HubConfig:
        """How to run a hub; the broker runs by then."""
        if self.transport.profile.needs_broker and self._broker is None:
            self._broker = await start_broker(self._wanted_broker)
        return HubConfig(
            api_key=self._api_key,
            keys=self.keys.export(),
            settings=self.settings,
            transports={self.transport.name: asdict(self.transport.options)},
            broker=self._broker.access if self._broker else None,
        )

    async def stop(self) -> None:
        """Stop the process."""
        if self._api is not None:
            self._api.close()
            self._api = None
        if self._hub is not None:
            await self._hub.stop()
            self._hub = None

    async def kill(self) -> None:
        """``kill -9``."""
        if self._hub is not None:
            self._hub.kill()
            await self._hub.wait()
        await super().kill()

    async def close(self) -> None:
        """Stop the hub and the broker."""
        await super().close()
        if self._broker is not None:
            await self._broker.stop()
            self._broker = None


class InProcessHarness(ContractHarness):
    """A hub in this process, for a transport that needs no network."""

    _numbers = itertools.count(1)

    def __init__(self, transport: Transport, settings: HubSettings) -> None:
        super().__init__(transport, settings)
        self.url = f"http://in-process:{next(self._numbers)}"
        self._life = contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Begin a new hub."""
        self._api = await self._life.enter_async_context(
            DirectHub.running(self.transport, self.url, keys=self.keys, settings=self.settings)
        )

    async def stop(self) -> None:
        """End it."""
        self._api = None
        await self._life.aclose()

    async def publish(self, channel: str, text: str) -> Cursor:
        """Publish."""
        cursor = await super().publish(channel, text)
        await asyncio.sleep(0.0005)  # a request takes a while elsewhere, too
        return cursor
