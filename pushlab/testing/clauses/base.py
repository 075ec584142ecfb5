"""What every group of clauses stands on: one event loop and one hub for the whole class."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any, ClassVar, Literal, NoReturn
from unittest import SkipTest

from pushlab.contract.registry import make_transport
from pushlab.contract.serving import HubSettings
from pushlab.contract.transport import Transport
from pushlab.testing.harness import ContractHarness, InProcessHarness, ProcessHarness
from pushlab.testing.hubs_harness import HubsHarness
from pushlab.testing.reader import SuiteReader

__all__ = ["Base"]


class Base:
    """One suite; see `pushlab.testing.TransportContract` for its settings."""

    transport: ClassVar[str | Transport | type[Transport]]
    options: ClassVar[Mapping[str, Any]] = {}
    broker: ClassVar[str] = "auto"
    place: ClassVar[Literal["process", "in-process", "hubs"]] = "process"

    #: Small enough to be overrun in a test, large enough for everything else.
    settings: ClassVar[HubSettings] = HubSettings(
        lease_s=1.0, lag_bytes=512 * 1024, lag_messages=1_000, retain_messages=1_000
    )

    _runner: ClassVar[asyncio.Runner | None] = None
    _harnesses: ClassVar[dict[bool, ContractHarness]] = {}  # by whether clauses may stop it

    # ---- called by pytest -------------------------------------------------------------------

    @classmethod
    def setup_class(cls) -> None:
        """Begin the event loop on which every clause of this class runs."""
        cls._runner = asyncio.Runner()
        cls._harnesses = {}

    @classmethod
    def teardown_class(cls) -> None:
        """Stop every hub and broker."""
        runner, cls._runner = cls._runner, None
        if runner is not None:
            with runner:
                runner.run(cls._close())

    @classmethod
    async def _close(cls) -> None:
        while cls._harnesses:
            await cls._harnesses.popitem()[1].close()

    # ---- used by clauses --------------------------------------------------------------------

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a clause on the class's event loop, and see its readers off."""
        runner = type(self)._runner
        assert runner is not None, "setup_class() has not been called"

        async def judged() -> None:
            try:
                await coroutine
            finally:
                for harness in self._harnesses.values():
                    await harness.dismiss()

        runner.run(judged())

    @classmethod
    def make_transport(cls) -> Transport:
        """Both ends of what is tested."""
        if isinstance(cls.transport, Transport):
            return cls.transport
        if isinstance(cls.transport, str):
            return make_transport(cls.transport, cls.options)
        return cls.transport.with_options(cls.options)

    @classmethod
    def transport_name(cls) -> str:
        """How failures call it."""
        return cls.transport if isinstance(cls.transport, str) else cls.transport.name

    @classmethod
    def make_arena(cls) -> ContractHarness:
        """A hub that has not been started."""
        transport, settings = cls.make_transport(), cls.settings
        if cls.place == "in-process":
            return InProcessHarness(transport, settings)
        if cls.place == "hubs":
            return HubsHarness(
                transport, settings, broker=cls.broker, backplane=cls.fresh_backplane
            )
        return ProcessHarness(transport, settings, broker=cls.broker)

    @classmethod
    def fresh_backplane(cls) -> str:
        """For ``hubs``: the URL of a backplane that holds nothing yet, such as a new prefix's."""
        raise NotImplementedError("a suite on several hubs says where their backplane is")

    @classmethod
    async def on(
        cls, name: str = "channel", *, fragile: bool = False
    ) -> tuple[ContractHarness, str]:
        """The hub that clauses share, and a channel that no other clause uses.

        Args:
            fragile: take the hub that clauses may stop and start; each leaves it running.
        """
        if fragile not in cls._harnesses:
            harness = cls.make_arena()
            await harness.start()
            cls._harnesses[fragile] = harness
        return cls._harnesses[fragile], cls.fresh(name)

    @classmethod
    @contextlib.asynccontextmanager
    async def own_arena(cls) -> AsyncIterator[ContractHarness]:
        """A hub that no other clause has used."""
        harness = cls.make_arena()
        try:
            await harness.start()
            yield harness
        finally:
            await harness.close()

    @staticmethod
    def skip(why: str) -> NoReturn:
        """Leave a clause out that this transport's client half cannot be asked."""
        raise SkipTest(why)

    @staticmethod
    def fresh(name: str) -> str:
        """A name that no other clause uses."""
        return f"{name}-{secrets.token_hex(4)}"

    @classmethod
    async def readers_on(
        cls, harness: ContractHarness, channel: str, count: int
    ) -> list[SuiteReader]:
        """So many readers that stand on a channel: r0, r1 and so on."""
        tokens = [await harness.token(f"r{number}", channel) for number in range(count)]
        readers = [await harness.read(token) for token in tokens]
        for reader in readers:
            await reader.connected()
        return readers

    @classmethod
    async def reader_on(
        cls, harness: ContractHarness, channel: str, client_id: str = "reader"
    ) -> SuiteReader:
        """A reader that stands on a channel."""
        reader = await harness.read(await harness.token(client_id, channel))
        await reader.connected()
        return reader
