"""Clauses on presence and on hits: what the server knows of its readers."""

import asyncio

from pushlab.contract.events import Closed
from pushlab.contract.hits import Hit
from pushlab.errors import Refused
from pushlab.testing.clauses.base import Base
from pushlab.testing.harness import ContractHarness
from pushlab.testing.judge import check, clause, eventually

__all__ = ["Presence"]


class Presence(Base):
    """What the server tells the application of its readers."""

    async def _present(
        self, harness: ContractHarness, channel: str, expected: list[str], when: str
    ) -> None:
        told: list[str] = []

        async def right() -> bool:
            told[:] = await harness.present(channel)
            return told == expected

        await eventually(
            right, lambda: f"{when}, {expected or 'nobody'} should be present, not {told}"
        )

    @clause("Presence comes when a client connects and goes when its last connection leaves.")
    async def test_presence(self) -> None:
        """Two clients, one of them twice."""
        harness, channel = await self.on("presence")
        await self._present(harness, channel, [], "before anybody came")
        ann = await self.reader_on(harness, channel, "ann")
        await self._present(harness, channel, ["ann"], "when ann came")
        bob = await self.reader_on(harness, channel, "bob")
        await self._present(harness, channel, ["ann", "bob"], "when bob came")
        await self._present(harness, self.fresh("elsewhere"), [], "on another channel")
        await ann.leave()
        await self._present(harness, channel, ["bob"], "when ann left")
        again = await self.reader_on(harness, channel, "ann")
        await self._present(harness, channel, ["ann", "bob"], "when ann came again")
        await again.leave()
        await bob.leave()
        await self._present(harness, channel, [], "when everybody had left")

    @clause("A client stays present while it reads, longer than any lease.")
    async def test_presence_lasts(self) -> None:
        """Looked at over more than a lease."""
        harness, channel = await self.on("lasting")
        await self.reader_on(harness, channel, "ann")
        await asyncio.sleep(harness.settings.lease_s + 0.5)
        await self._present(harness, channel, ["ann"], "while ann reads")

    @clause("Presence goes without a goodbye, too: when a connection is cut.")
    async def test_presence_after_a_cut(self) -> None:
        """The socket breaks; polling is told by its lease."""
        harness, channel = await self.on("cut")
        reader = await self.reader_on(harness, channel, "ann")
        await self._present(harness, channel, ["ann"], "when ann came")
        reader.cut()
        await self._present(harness, channel, [], "when ann's connection had been cut")

    @clause("The hits that the server counts, by kind, are those that its clients sent.")
    async def test_hits(self) -> None:
        """Connecting, reading, resuming, being refused, leaving: on a hub of its own."""
        async with self.own_arena() as harness:
            channel = self.fresh("hits")
            token = await harness.token("ann", channel)
            reader = await harness.read(token)
            if reader.hits is None:
                self.skip("this client half does not tell what it sends")
            await reader.connected()
            for number in range(5):
                await harness.publish(channel, str(number))
                await reader.has([str(n) for n in range(number + 1)])
            await reader.leave()
            await self._present(harness, channel, [], "when ann left")  # so it is not answered to
            await harness.publish(channel, "5")
            again = await harness.read(token, cursor=reader.cursor)
            await again.has(["5"])
            await again.leave()
            readers = [reader, again]
            expired = harness.signed("ann", channel, life_s=-1)
            try:
                refused = await harness.read(expired)
            except Refused:
                pass  # told before it got as far as the transport
            else:
                await refused.until(lambda: refused.of(Closed), "an expired token was let in")
                readers.append(refused)
            sent: dict[str, int] = {}
            for one in readers:
                for kind, count in (one.hits or {}).items():
                    sent[str(kind)] = sent.get(str(kind), 0) + count
            sent = {kind: count for kind, count in sent.items() if count}
            counted: dict[str, int] = {}

            async def agree() -> bool:
                counted.clear()
                counted.update(
                    {kind: count for kind, count in (await harness.hits()).items() if count}
                )
                return counted == sent

            await eventually(
                agree, lambda: f"the clients sent {sent}, and the server counted {counted}"
            )
            check(
                sent.get(Hit.CONNECT, 0) >= 1,
                f"a first connection is a hit of the kind 'connect'; the client told {sent}",
            )
