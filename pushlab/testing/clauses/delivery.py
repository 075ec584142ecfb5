"""Clauses on delivery: order, exactly once, the right channel, the same text."""

import asyncio

from pushlab.errors import Refused
from pushlab.testing.clauses.base import Base
from pushlab.testing.judge import check, check_texts, clause, eventually
from pushlab.testing.reader import SuiteReader
from pushlab.testing.texts import ODD_CHANNELS, ODD_CLIENT_IDS, ODD_TEXTS, TOO_LONG

__all__ = ["Delivery"]

_SILENCE_S = 0.25


class Delivery(Base):
    """What arrives, where, and in which order."""

    @clause("Messages arrive in order, each exactly once, and then nothing more comes.")
    async def test_order_and_exactly_once(self) -> None:
        """Three bursts, one by one and together."""
        harness, channel = await self.on("order")
        reader = await self.reader_on(harness, channel)
        sent: list[str] = []
        for burst in range(3):
            texts = [f"{burst}:{number}" for number in range(40)]
            for text in texts[:15]:
                await harness.publish(channel, text)
            await harness.publish_all(channel, texts[15:])
            sent += texts
            await reader.has(sent)
        await asyncio.sleep(_SILENCE_S)
        check_texts(reader.texts, sent, "a reader")
        seqs = [message.seq for message in reader.messages]
        check(
            seqs == list(range(seqs[0], seqs[0] + len(seqs))),
            f"the messages' numbers have a hole or a repeat: {seqs}",
        )

    @clause("A message reaches everyone who reads its channel.")
    async def test_fan_out(self) -> None:
        """Twenty-five readers."""
        harness, channel = await self.on("fan-out")
        readers = await self.readers_on(harness, channel, 25)
        sent = [f"to all {number}" for number in range(20)]
        for text in sent:
            await harness.publish(channel, text)
        for number, reader in enumerate(readers):
            await reader.has(sent, f"reader {number + 1} of {len(readers)}")

    @clause("A channel's messages reach its own readers and nobody else.")
    async def test_channels_do_not_leak(self) -> None:
        """One reader on each of three channels."""
        harness, stem = await self.on("leak")
        channels = [stem, stem + "x", stem.upper()]
        readers = [await self.reader_on(harness, channel) for channel in channels]
        for number in range(10):
            for channel in channels:
                await harness.publish(channel, f"{number} for {channel}")
        for channel, reader in zip(channels, readers, strict=True):
            who = f"the reader of {channel}"
            await reader.has([f"{number} for {channel}" for number in range(10)], who)
        await asyncio.sleep(_SILENCE_S)
        for channel, reader in zip(channels, readers, strict=True):
            own = [f"{number} for {channel}" for number in range(10)]
            check_texts(reader.texts, own, f"the reader of {channel}")

    @clause("A reader without a cursor starts from now: nothing older is sent to it.")
    async def test_a_new_reader_starts_from_now(self) -> None:
        """Published before, and after."""
        harness, channel = await self.on("now")
        await harness.publish_all(channel, ["old 1", "old 2"])
        reader = await self.reader_on(harness, channel)
        await harness.publish(channel, "new")
        await reader.has(["new"])
        check(reader.cursor is not None and reader.cursor.seq == 3, "its cursor is not behind 3")

    @clause("Any text arrives unchanged, whatever it looks like on the wire.")
    async def test_any_text(self) -> None:
        """Texts that look like SSE, JSON, HTTP, frames; control characters; the longest ones."""
        harness, channel = await self.on("text")
        reader = await self.reader_on(harness, channel)
        for text in ODD_TEXTS:
            await harness.publish(channel, text)
        await reader.has(list(ODD_TEXTS))
        check(not reader.gaps, f"a gap was reported where nothing is missing; {reader.story()}")

    @clause("Any text that is replayed arrives unchanged, too.")
    async def test_any_text_replayed(self) -> None:
        """The same, published together while the reader was away."""
        harness, channel = await self.on("replayed-text")
        first = await harness.publish(channel, "first")
        await harness.publish_all(channel, ODD_TEXTS)
        reader = await harness.read(await harness.token("reader", channel), cursor=first)
        await reader.has(list(ODD_TEXTS))

    @clause("A message of 32,768 bytes and an empty one are refused, and disturb nobody.")
    async def test_too_long_and_empty(self) -> None:
        """413 (or 400) for too long, 400 for empty."""
        harness, channel = await self.on("too-long")
        reader = await self.reader_on(harness, channel)
        for text, statuses in (TOO_LONG, (400, 413)), ("漢" * 10_923, (400, 413)), ("", (400,)):
            try:
                await harness.publish(channel, text)
            except Refused as refusal:
                check(
                    refusal.status in statuses,
                    f"{len(text.encode()):,} bytes were refused with {refusal.status}",
                )
            except ValueError:
                pass  # within one process, the contract's own error
            else:
                check(False, f"a message of {len(text.encode()):,} bytes was taken")
        await harness.publish(channel, "after")
        await reader.has(["after"])
        check(reader.messages[0].seq == 1, "a refused message has taken a number")

    @clause("Channels may have any names, and no two names are mixed up.")
    async def test_odd_channel_names(self) -> None:
        """One reader on each, all at once."""
        harness, _ = await self.on()
        readers: dict[str, SuiteReader] = {}
        for name in ODD_CHANNELS:
            readers[name] = await harness.read(await harness.token("reader", name))
        for name, reader in readers.items():
            await reader.connected(f"the reader of channel {name!a}")
        for number, name in enumerate(readers):
            await harness.publish(name, f"for channel {number}")
        for number, (name, reader) in enumerate(readers.items()):
            await reader.has([f"for channel {number}"], f"the reader of channel {name!a}")

    @clause("Client IDs may be any text, and presence names each as it is.")
    async def test_odd_client_ids(self) -> None:
        """All on one channel."""
        harness, channel = await self.on("client-ids")
        readers = [
            await harness.read(await harness.token(name, channel)) for name in ODD_CLIENT_IDS
        ]
        for name, reader in zip(ODD_CLIENT_IDS, readers, strict=True):
            await reader.connected(f"the client ID {name!a}")
        present: list[str] = []

        async def all_there() -> bool:
            present[:] = await harness.present(channel)
            return present == sorted(ODD_CLIENT_IDS)

        await eventually(
            all_there,
            lambda: (
                f"present are {sorted(set(present) - set(ODD_CLIENT_IDS))!a} that are not, and"
                f" absent are {sorted(set(ODD_CLIENT_IDS) - set(present))!a} that are there"
            ),
        )
        await harness.publish(channel, "to all")
        for name, reader in zip(ODD_CLIENT_IDS, readers, strict=True):
            await reader.has(["to all"], f"the client ID {name!a}")
