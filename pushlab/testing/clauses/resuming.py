"""Clauses on coming back: cursors, replay, the hand-over to live, retention."""

import asyncio

from pushlab.contract.cursor import Cursor
from pushlab.contract.events import Closed, Connected
from pushlab.testing.clauses.base import Base
from pushlab.testing.harness import ContractHarness
from pushlab.testing.judge import check, check_texts, clause
from pushlab.testing.reader import SuiteReader

__all__ = ["Resuming"]

_SILENCE_S = 0.25


class Resuming(Base):
    """What a reader gets that has been there before."""

    async def _come_back(
        self, harness: ContractHarness, channel: str, cursor: Cursor | None
    ) -> SuiteReader:
        check(cursor is not None, "a reader was never told where it stands")
        return await harness.read(await harness.token("reader", channel), cursor=cursor)

    @clause("A reader that comes back with its cursor gets what it missed, once, and no gap.")
    async def test_resume_behind_a_message(self) -> None:
        """Twice in a row, then with nothing missed."""
        harness, channel = await self.on("resume")
        reader = await self.reader_on(harness, channel)
        await harness.publish_all(channel, ["1", "2", "3"])
        await reader.has(["1", "2", "3"])
        for absence in ["4", "5", "6"], ["7"], []:
            await reader.leave()
            for text in absence:
                await harness.publish(channel, text)
            reader = await self._come_back(harness, channel, reader.cursor)
            await reader.has(absence, "a reader that came back")
            await reader.connected()
            await asyncio.sleep(_SILENCE_S)
            check_texts(reader.texts, absence, "a reader that came back")
            check(not reader.gaps, f"nothing is missing, yet a gap was told; {reader.story()}")
        await harness.publish(channel, "8")
        await reader.has(["8"], "a reader that came back to nothing new")

    @clause("A reader that left before any message came resumes from there, too.")
    async def test_resume_before_any_message(self) -> None:
        """Its cursor is what it was told on connecting."""
        harness, channel = await self.on("resume-early")
        for number in range(3):
            reader = await self.reader_on(harness, channel)
            await reader.leave()
            texts = [f"{number}a", f"{number}b"]
            await harness.publish_all(channel, texts)
            back = await self._come_back(harness, channel, reader.cursor)
            await back.has(texts, "a reader that came back")
            check(not back.gaps, f"nothing is missing, yet a gap was told; {back.story()}")
            await back.leave()

    @clause("Two readers with different cursors each get what is new to them.")
    async def test_two_cursors(self) -> None:
        """One replay must not decide another."""
        harness, channel = await self.on("two-cursors")
        cursors = [await harness.publish(channel, str(number)) for number in range(12)]
        early = await self._come_back(harness, channel, cursors[0])
        late = await self._come_back(harness, channel, cursors[9])
        await late.has(["10", "11"], "the reader behind number 9")
        await early.has([str(n) for n in range(1, 12)], "the reader behind number 0")

    @clause(
        "Publishing while a reader connects loses nothing and repeats nothing at the hand-over"
        " from replay to live."
    )
    async def test_handover(self) -> None:
        """Readers come, with a cursor and without, while a publisher publishes without pause."""
        harness, channel = await self.on("handover")
        start = await harness.publish(channel, "0")
        token = await harness.token("reader", channel)
        published = 0
        latest = start
        stop = False

        async def publish() -> None:
            nonlocal published, latest
            while not stop and published < harness.settings.retain_messages // 2:
                published += 1
                latest = await harness.publish(channel, str(published))

        publisher = asyncio.ensure_future(publish())
        readers: list[tuple[SuiteReader, Cursor | None]] = []
        try:
            for number in range(24):
                # A reader without a cursor, behind the newest message, or behind the first one.
                cursor = (None, latest, start)[number % 3]
                reader = await harness.read(token, cursor=cursor)
                readers.append((reader, cursor))
                if number % 4 == 3:
                    await reader.connected()
                elif number % 4 == 1:
                    await asyncio.sleep(0.002 * number)
            for reader, _ in readers:
                await reader.connected()
        finally:
            stop = True
            await publisher
        for reader, cursor in readers:
            at = cursor or reader.of(Connected)[0].cursor
            expected = [str(number) for number in range(at.seq, published + 1)]
            await reader.has(expected, f"a reader that came behind {at}")
            check(not reader.gaps, f"nothing is missing, yet a gap was told; {reader.story()}")

    @clause("A reader whose connection breaks in mid-stream comes back by itself, losing nothing.")
    async def test_broken_connections(self) -> None:
        """Its socket is cut again and again while messages come."""
        harness, channel = await self.on("broken")
        reader = await self.reader_on(harness, channel)
        sent = [str(number) for number in range(120)]
        for number, text in enumerate(sent):
            await harness.publish(channel, text)
            if number % 40 == 20:
                reader.drop()
            await asyncio.sleep(0)
        await reader.has(sent, "a reader whose connection broke")
        check(not reader.gaps, f"nothing is missing, yet a gap was told; {reader.story()}")

    @clause(
        "A cursor of another log is told of a gap, never met with silence, also where this log has"
        " dropped messages; what is retained comes behind the gap."
    )
    async def test_cursor_of_another_log(self) -> None:
        """Of a log that never was here and of another channel's, low and high; then overflowed."""
        harness, channel = await self.on("another-log")
        kept = harness.settings.retain_messages
        foreign = await harness.publish(self.fresh("another-channel"), "elsewhere")
        sent = ["1", "2", "3"]
        await harness.publish_all(channel, sent)
        for cursor in foreign, Cursor("0ld", kept + 50):
            await self._told_of_a_gap(harness, channel, cursor, sent)
        sent += [str(number) for number in range(4, kept + 101)]
        await harness.publish_all(channel, sent[3:])
        for cursor in foreign, Cursor("0ld", kept + 50):
            await self._told_of_a_gap(harness, channel, cursor, sent[-kept:])

    async def _told_of_a_gap(
        self, harness: ContractHarness, channel: str, cursor: Cursor, expected: list[str]
    ) -> None:
        reader = await self._come_back(harness, channel, cursor)
        await reader.has(expected, f"a reader with the cursor {cursor} of another log")
        check(
            len(reader.gaps) == 1 and reader.gaps[0].missed is None,
            f"the cursor {cursor} is of another log, so one gap of unknown size was due;"
            f" {reader.story()}",
        )
        check(
            reader.events.index(reader.gaps[0]) < reader.events.index(reader.messages[0]),
            "the gap was told behind messages that came after it",
        )
        await reader.leave()

    @clause("A cursor ahead of the log is refused with 400 invalid-cursor.")
    async def test_cursor_ahead(self) -> None:
        """By one, and by far; the newest itself is none."""
        harness, channel = await self.on("ahead")
        newest = await harness.publish(channel, "1")
        for ahead in 1, 10**15:
            cursor = Cursor(newest.epoch, newest.seq + ahead)
            reader = await self._come_back(harness, channel, cursor)
            await reader.until(lambda r=reader: r.of(Closed), f"{cursor} was not refused")  # type: ignore[misc]
            check(
                reader.of(Closed) == [Closed("invalid-cursor", 400)],
                f"{cursor} must be refused with 400 invalid-cursor; {reader.story()}",
            )
        reader = await self._come_back(harness, channel, newest)
        await reader.connected("a reader with the newest cursor")
        await harness.publish(channel, "2")
        await reader.has(["2"], "a reader with the newest cursor")

    @clause("What retention no longer holds is a gap that says how many messages were missed.")
    async def test_retention_overflow(self) -> None:
        """More than the log keeps is published while the reader is away."""
        harness, channel = await self.on("retention")
        kept = harness.settings.retain_messages
        first = await harness.publish(channel, "0")
        texts = [str(number) for number in range(1, kept + 201)]
        await harness.publish_all(channel, texts)
        reader = await self._come_back(harness, channel, first)
        await reader.has(texts[-kept:], "a reader that came back too late")
        check(len(reader.gaps) == 1, f"{len(reader.gaps)} gaps were told, not 1; {reader.story()}")
        gap = reader.gaps[0]
        check(gap.after == first, f"the gap begins at {gap.after}, the reader stood at {first}")
        check(gap.missed == 200, f"the gap says that {gap.missed} messages were missed, not 200")
        place = reader.events.index(gap)
        check(
            place < reader.events.index(reader.messages[0]),
            "the gap was told behind messages that came after it",
        )
