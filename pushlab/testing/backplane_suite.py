"""The contract of backplanes: what hubs that share one promise together, as tests to inherit."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, ClassVar, TypeVar

from pushlab.contract.cursor import Cursor
from pushlab.contract.serving import Entry, Feed, HubSettings, NotYet, Page
from pushlab.contract.tokens import TokenKeys
from pushlab.errors import Refused
from pushlab.hub.backplane.backplane import Receipt
from pushlab.hub.backplane.registry import backplane_class
from pushlab.hub.core import Hub
from pushlab.testing.judge import check, check_texts, clause, eventually

__all__ = ["BackplaneContract"]

_Answer = TypeVar("_Answer")
_KEPT = 20


class BackplaneContract:
    """What every backplane promises. Subclass it, say where one is, and run pytest::

        class TestPigeonPost(BackplaneContract):
            def fresh_backplane(self):
                return f"pigeons://localhost/{uuid4()}"

    The hubs run on one event loop, without transports. A clause that fails says in words what it
    promises.

    Attributes:
        hubs: how many share it; 1 for a backplane that is not shared.
    """

    hubs: ClassVar[int] = 3

    def fresh_backplane(self) -> str:
        """The URL of one that holds nothing yet."""
        raise NotImplementedError("say where the backplane is")

    # ---- used by clauses --------------------------------------------------------------------

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a clause on an event loop of its own."""
        asyncio.run(coroutine)

    def transport_name(self) -> str:
        """How failures call it."""
        return f"the backplane of {type(self).__name__}"

    @contextlib.asynccontextmanager
    async def service(self) -> AsyncIterator[list[Hub]]:
        """Hubs that share a backplane which holds nothing yet."""
        url, keys = self.fresh_backplane(), TokenKeys.fresh()
        kind = backplane_class(url)
        settings = HubSettings(retain_messages=_KEPT)
        async with contextlib.AsyncExitStack() as stack:
            hubs = list[Hub]()
            for _ in range(self.hubs):
                hub = Hub(keys=keys, settings=settings, backplane=lambda each: kind(each, url))
                await stack.enter_async_context(hub.backplane.running())
                await stack.enter_async_context(hub.running())
                hubs.append(hub)
            yield hubs

    # ---- clauses ----------------------------------------------------------------------------

    @clause("What is published at any hub is read at all, in one order, each message once.")
    async def test_one_order(self) -> None:
        """All publish at once."""
        async with self.service() as hubs:
            readers = [await _Reader(hub).come() for hub in hubs]
            for burst in range(3):
                batches = [[f"{burst}.{at}.{n}" for n in range(5)] for at in range(len(hubs))]
                await asyncio.gather(
                    *(_publish(hub, *texts) for hub, texts in zip(hubs, batches, strict=True))
                )
                due = (burst + 1) * 5 * len(hubs)
                for reader in readers:
                    await reader.has_so_many(due)
            got = readers[0].texts
            check(len(set(got)) == len(got), f"a message came twice: {got}")
            for reader in readers[1:]:
                check_texts(reader.texts, readers[0].texts, "a reader at another hub")
            for at in range(len(hubs)):
                own = [text for text in readers[0].texts if f".{at}." in text]
                check(own == sorted(own), f"what one hub published is out of order: {own}")

    @clause("A receipt names the place at which the message is read, at every hub.")
    async def test_receipts(self) -> None:
        """A batch on two channels."""
        async with self.service() as hubs:
            batch = [("a", "1"), ("b", "x"), ("a", "2")]
            receipts = await hubs[0].backplane.publish(batch)
            check([each.seq for each in receipts] == [1, 1, 2], f"the numbers are {receipts}")
            for (channel, text), receipt in zip(batch, receipts, strict=True):
                for hub in hubs:
                    page = await _read(hub, channel, Cursor(receipt.epoch, receipt.seq - 1))
                    found = page.entries[0]
                    check(found.data == text, f"at {receipt} is {found.data!r}, not {text!r}")
                    late_ns = hub.now_ns() - found.accepted_ns
                    check(0 <= late_ns < 60e9, f"it was accepted {late_ns} ns ago by that clock")

    @clause("A publish with a key counts once, whichever hub it is sent to again.")
    async def test_keys(self) -> None:
        """Again, at the same time, and with other messages."""
        async with self.service() as hubs:
            one, other = hubs[0], hubs[-1]
            asks = [hub.backplane.publish([("a", "1"), ("a", "2")], "key") for hub in (one, other)]
            answers = [await asyncio.gather(*asks)]
            answers += [[await other.backplane.publish([("a", "1"), ("a", "2")], "key")]]
            places = {tuple(each[:2] for each in receipts) for row in answers for receipts in row}
            check(len(places) == 1, f"it was answered in different ways: {places}")
            with contextlib.suppress(Refused):
                await other.backplane.publish([("a", "3")], "key")
                check(False, "other messages were taken with a key that had been used")
            (last,) = await _publish(one, "4")
            check(last.seq == 3, f"the next message has number {last.seq}, not 3")

    @clause("A reader resumes at any hub from the cursor that another one gave it.")
    async def test_resuming(self) -> None:
        """Behind each message, at once."""
        async with self.service() as hubs:
            epoch = (await _publish(hubs[0], "1"))[0].epoch
            for seq in range(2, 2 * _KEPT):
                await _publish(hubs[seq % len(hubs)], f"{seq}")
                for hub in hubs:
                    page = await _read(hub, "a", Cursor(epoch, seq))
                    check(page.gap_after is None, f"a gap behind {seq}, where nothing is missing")
                    check(not page.entries, f"something behind {seq}, which is the newest")
                reader = await _Reader(hubs[-1], cursor=Cursor(epoch, seq - 1)).come()
                await reader.has_so_many(1)
                check_texts(reader.texts, [f"{seq}"], "a reader that resumes")

    @clause("A reader without a cursor starts from now, at every hub.")
    async def test_from_now(self) -> None:
        """While others read already."""
        async with self.service() as hubs:
            for number in range(10):
                await _publish(hubs[0], f"old {number}")
                readers = [await _Reader(hub).come() for hub in hubs]
                await _publish(hubs[0], "new")
                for reader in readers:
                    await reader.has_so_many(1)
                    check_texts(reader.texts, ["new"], "a new reader")

    @clause("A reader behind what is retained, or of another log, is told of the gap at every hub.")
    async def test_gaps(self) -> None:
        """Past retention by count; another epoch."""
        async with self.service() as hubs:
            texts = [f"{number}" for number in range(1, 2 * _KEPT + 1)]
            receipts = await _publish(hubs[0], *texts)
            for hub in hubs:
                for cursor in (Cursor(receipts[0].epoch, 3), Cursor("0ther", 3)):
                    page = await _read(hub, "a", cursor)
                    check(page.gap_after == cursor, f"no gap is told behind {cursor}")
                    got = [entry.data for entry in page.entries]
                    check_texts(got, texts[-_KEPT:], f"a reader behind {cursor}")

    @clause("A cursor that no hub gave out is refused with 400 invalid-cursor, at every hub.")
    async def test_cursor_ahead(self) -> None:
        """One ahead of the newest."""
        async with self.service() as hubs:
            (receipt,) = await _publish(hubs[0], "1")
            for hub in hubs:
                try:
                    await _read(hub, "a", Cursor(receipt.epoch, 2))
                except Refused as refusal:
                    check(refusal.reason == "invalid-cursor", f"it was refused as {refusal.reason}")
                else:
                    check(False, "it was taken")

    @clause("Channels with any names keep their messages apart, and any text arrives unchanged.")
    async def test_names_and_texts(self) -> None:
        """Each name is a text on the channel of that name, too."""
        names = ["a", "A", "a:b", "a b", "{a}", "é", "e\u0301", "*", "a\nb", "\x00", "x" * 256]
        async with self.service() as hubs:
            readers = {name: await _Reader(hubs[-1], name).come() for name in names}
            await hubs[0].backplane.publish([(name, name) for name in names])
            await hubs[0].backplane.publish([(name, "y" * 32_767) for name in names])
            for name, reader in readers.items():
                await reader.has_so_many(2)
                check_texts(reader.texts, [name, "y" * 32_767], f"the reader of {name!a}")

    @clause("Who reads a long log while more is published misses nothing.")
    async def test_handover(self) -> None:
        """Readers come one after another."""
        async with self.service() as hubs:
            (first,) = await _publish(hubs[0], "1")
            readers = list[_Reader]()
            for number in range(2, _KEPT):
                publishing = asyncio.ensure_future(_publish(hubs[number % len(hubs)], f"{number}"))
                cursor = Cursor(first.epoch, 0)
                readers.append(await _Reader(hubs[-number % len(hubs)], cursor=cursor).come())
                await publishing
            wanted = [f"{number}" for number in range(1, _KEPT)]
            for reader in readers:
                await reader.has_so_many(len(wanted))
                check_texts(reader.texts, wanted, "a reader")


async def _asked(question: Callable[[], _Answer]) -> _Answer:
    while True:
        try:
            return question()
        except NotYet as wait:
            await wait.ready()


async def _publish(hub: Hub, *texts: str) -> list[Receipt]:
    return await hub.backplane.publish([("a", text) for text in texts])


async def _read(hub: Hub, channel: str, after: Cursor | None) -> Page:
    _, grant = hub.make_token(f"poller-{secrets.token_hex(4)}", channel)
    return await _asked(lambda: hub.read(grant, after))


class _Reader:
    """A stream at a hub."""

    def __init__(self, hub: Hub, channel: str = "a", *, cursor: Cursor | None = None) -> None:
        self.texts: list[str] = []
        self._hub = hub
        self._cursor = cursor
        _, self._grant = hub.make_token(f"reader-{secrets.token_hex(4)}", channel)

    async def come(self) -> "_Reader":
        """Read from now on, or from the cursor."""
        feed: Feed = await _asked(
            lambda: self._hub.subscribe(
                self._grant,
                self._cursor,
                transport="contract",
                write=self._write,
                end=lambda reason, status: None,
            )
        )
        feed.start()
        return self

    def _write(self, entries: Sequence[Entry]) -> bool:
        self.texts += [entry.data for entry in entries]
        return True

    async def has_so_many(self, count: int) -> None:
        """Wait until it has so many messages."""
        await eventually(
            lambda: len(self.texts) >= count,
            lambda: f"a reader has {len(self.texts)} of {count} messages",
        )
