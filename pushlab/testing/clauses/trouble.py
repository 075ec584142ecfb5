"""Clauses on trouble: a server that is absent, lost or begun anew, and readers that stall."""

import asyncio
import secrets

from pushlab.contract.events import Closed, Connected, Disconnected
from pushlab.errors import ConnectionFailed
from pushlab.testing.clauses.base import Base
from pushlab.testing.harness import ContractHarness
from pushlab.testing.judge import LIMIT_S, check, clause, eventually

__all__ = ["Trouble"]


class Trouble(Base):
    """What happens when something breaks."""

    @clause("A server that is absent is reported and tried again, and found when it comes.")
    async def test_server_absent(self) -> None:
        """Nobody listens at first."""
        harness, channel = await self.on("absent", fragile=True)
        token = harness.signed("ann", channel, life_s=3_600)
        await harness.stop()
        try:
            impatient = harness.subscribe(token, retry_for_s=0.3)
            patient = harness.subscribe(token)
            await impatient.until(
                lambda: impatient.ended, "nobody serves, and no failure was raised", limit_s=30
            )
            check(
                isinstance(impatient.error, ConnectionFailed),
                f"ConnectionFailed was due where nobody serves; {impatient.story()}",
            )
            check(not patient.ended, f"a patient reader gave up; {patient.story()}")
        finally:
            await harness.start()
        await patient.until(
            lambda: patient.of(Connected), "the server came and was not found", limit_s=30
        )
        await harness.publish(channel, "here")
        await patient.has(["here"])

    @clause(
        "A server lost in mid-stream is reported; the reader comes back, and is told of a gap,"
        " since a new server's log is a new one."
    )
    async def test_server_lost(self) -> None:
        """It dies as by ``kill -9``, and another takes its place."""
        harness, channel = await self.on("lost", fragile=True)
        reader = harness.subscribe(await harness.token("ann", channel))
        await reader.connected()
        await harness.publish(channel, "before")
        await reader.has(["before"])
        await harness.kill()
        try:
            await reader.until(lambda: reader.of(Disconnected), "the loss was not reported")
        finally:
            await harness.start()
        await harness.publish(channel, "after")
        await reader.until(
            lambda: len(reader.messages) >= 2, "it did not come back to the new server", limit_s=30
        )
        await reader.has(["before", "after"])
        gaps = reader.gaps
        check(gaps, f"the log began anew, and no gap was told; {reader.story()}")
        check(gaps[0].missed is None, "a gap between two logs cannot say how many were missed")
        check(
            reader.events.index(gaps[0]) < reader.events.index(reader.messages[1]),
            "the gap was told behind a message of the new log",
        )

    @clause("A reader that was away while the server was begun anew is told of a gap.")
    async def test_restart_is_a_gap(self) -> None:
        """Its cursor is of the old log, and smaller and larger than what the new log has."""
        harness, channel = await self.on("restart", fragile=True)
        early = await harness.publish(channel, "old 1")
        await harness.publish_all(channel, [f"old {number}" for number in range(2, 8)])
        reader = await self.reader_on(harness, channel)
        late = reader.cursor
        await reader.leave()
        await harness.stop()
        await harness.start()
        await harness.publish_all(channel, ["new 1", "new 2", "new 3"])
        for cursor in early, late:
            back = await harness.read(await harness.token("ann", channel), cursor=cursor)
            await back.has(["new 1", "new 2", "new 3"], f"a reader from the old log ({cursor})")
            check(
                len(back.gaps) == 1 and back.gaps[0].missed is None,
                f"one gap of unknown size was due; {back.story()}",
            )

    @clause("A server that is stopped tells its readers to come back, and they do.")
    async def test_clean_stop(self) -> None:
        """Nobody is told that it is the end."""
        harness, channel = await self.on("stop", fragile=True)
        token = harness.signed("ann", channel, life_s=3_600)
        reader = await harness.read(token)
        await reader.connected()
        await harness.stop()
        try:
            await reader.until(lambda: reader.of(Disconnected), "the stop was not reported")
        finally:
            await harness.start()
        await harness.publish(channel, "back")
        await reader.until(lambda: reader.messages, "it did not come back", limit_s=30)
        check(not reader.of(Closed), f"a stop is no end for a reader; {reader.story()}")
        await reader.has(["back"])

    @clause(
        "A reader that stalls hurts only itself: the others get everything, and it resumes from"
        " its cursor or is told of a gap."
    )
    async def test_stalled_reader(self) -> None:
        """One among fifty, and more bytes than any buffer between should hold."""
        harness, channel = await self.on("stalled")
        slow, *quick = await self.readers_on(harness, channel, 50)
        slow.stall()
        sent = [secrets.token_urlsafe(22_500) for _ in range(60)]  # compression does not help
        for text in sent:
            await harness.publish(channel, text)
        for number, reader in enumerate(quick):
            await reader.has(sent, f"reader {number + 2} of 50, beside one that stalls", limit_s=30)
            check(not reader.of(Disconnected), f"a quick reader was cut off; {reader.story()}")
        check(len(slow.messages) < len(sent), "the stalled reader did not stall")
        if self.cuts_slow_readers:
            await eventually(
                lambda: self._has_gone(harness, channel, "r0"),
                "a reader that stalled, with more behind it than its buffer may hold, is still"
                " connected",
            )
        slow.go_on()
        await slow.until(
            lambda: slow.messages and slow.messages[-1].data == sent[-1],
            "a stalled reader that reads again did not catch up",
            limit_s=30,
        )
        missed = sum(gap.missed or 0 for gap in slow.gaps)
        check(
            len(slow.messages) + missed == len(sent),
            f"of {len(sent)} messages the stalled reader got {len(slow.messages)}, was told of"
            f" {missed} missed, and of the rest nothing; {slow.story()}",
        )
        check(not slow.of(Closed), f"a stalled reader may come back; {slow.story()}")

    #: Whether a reader that stalls is no longer present once its buffer has overflowed.
    cuts_slow_readers = True

    async def _has_gone(self, harness: ContractHarness, channel: str, client_id: str) -> bool:
        return client_id not in await harness.present(channel)

    @clause("Leaving is prompt, and the server lets go of the connection.")
    async def test_leaving_is_prompt(self) -> None:
        """While quiet, and in the middle of a burst."""
        harness, channel = await self.on("leaving")
        token = await harness.token("ann", channel)
        for burst in 0, 200:
            reader = harness.subscribe(token)
            await reader.connected()
            await harness.publish_all(channel, [str(number) for number in range(burst)])
            await asyncio.sleep(0)
            await reader.leave()
            check(
                reader.leave_s < 2.0,
                f"leaving took {reader.leave_s:.1f} s; the server holds the connection",
            )
            await eventually(
                lambda: self._has_gone(harness, channel, "ann"),
                f"{LIMIT_S:g} s after leaving, the client is still present",
            )
