"""Keeping channels over a restart: what is published is committed first and handed on then.

Nobody is told of a message, neither its publisher nor a reader, before it is in the file. So a hub
that is killed and started again goes on where everybody saw it stop: same epochs, no `seq` given
twice, no acknowledged message lost.

The event loop never waits for the disk. Publishes that arrive while a batch is being written make
up the next one (group commit), so the disk's pace bounds how often, not how much. Their `seq` is
given when their batch begins, and a batch that fails is refused whole, so there are no holes.
"""

import asyncio
import concurrent.futures
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Protocol

from pushlab.contract.serving import Entry, HubSettings
from pushlab.errors import Refused
from pushlab.hub.channel import Channel
from pushlab.hub.keep.file import Batch, KeepFile, Row
from pushlab.hub.keep.lives import Lives
from pushlab.hub.reasons import KEEP_FAILED

__all__ = ["Keep"]

_MOST_ROWS = 10_000  # in a batch; a request is never split
_TELL_EVERY_NS = 60_000_000_000
_log = logging.getLogger("pushlab")

#: What one request publishes: channel and text of each message.
Items = Sequence[tuple[str, str]]


class _Log(Protocol):
    """The hub, as its file sees it."""

    wall: Callable[[], float]
    now_ns: Callable[[], int]

    def channel(self, name: str) -> Channel:
        """The channel of that name; made if there is room."""

    def adopt(self, channel: Channel) -> None:
        """Hold a channel that was made elsewhere."""

    def deliver(self, channel: str, text: str) -> Entry:
        """Append a message and hand it to everyone who reads."""


class Keep:
    """Writes what a hub publishes to a file, in a thread of its own."""

    def __init__(self, file: KeepFile, hub: _Log, lives: Lives) -> None:
        self._file = file
        self._hub = hub
        self._lives = lives
        self._writer = concurrent.futures.ThreadPoolExecutor(1, "pushlab-keep")
        self._waiting: list[tuple[Items, asyncio.Future[list[Entry]]]] = []
        self._batch: list[tuple[Items, asyncio.Future[list[Entry]]]] = []
        self._writing: concurrent.futures.Future[None] | None = None
        self._written = Batch()  # the one that is being written
        self._trims: dict[str, int] = {}
        self._dropped: list[str] = []
        self._generation = file.generation
        self._firsts: dict[str, int] = {}  # the first `seq` of each channel that the file has
        self._quiet_until_ns = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def restore(self, settings: HubSettings) -> None:
        """Let the hub go on where the file stands.

        Raises:
            UsageError: the file is damaged.
        """
        hub, now, now_ns = self._hub, self._hub.wall(), self._hub.now_ns()
        for kept in self._file.load():
            self._firsts[kept.name] = kept.head - len(kept.rows) + 1
            if not kept.rows:
                dropped = self._lives.forget(kept.name, kept.epoch, kept.head)
                self.trim((), dropped, self._lives.generation)
                continue
            channel = Channel(
                kept.name, settings, now_ns, epoch=kept.epoch, head=kept.head - len(kept.rows)
            )
            for _, _, accepted, text in kept.rows:
                age_ns = int(max(0.0, now - accepted) * 1e9)
                channel.publish(text, len(text.encode()), now_ns - age_ns)
            channel.touched_ns = now_ns
            hub.adopt(channel)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write while the body runs; what was published then is in the file after it."""
        self._loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            self._settle_all()
            self._writer.shutdown()
            self._file.close()

    # ---- publishing -------------------------------------------------------------------------

    async def publish(self, items: Items) -> list[Entry]:
        """Publish these, all or none, once they are committed; they have been checked.

        Raises:
            Refused: 507 `keep-full` and 503 `keep-failed`: none was taken. 429: as `Hub.channel`.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[list[Entry]] = loop.create_future()
        self._waiting.append((items, done))
        if len(self._waiting) == 1 and self._writing is None:
            loop.call_soon(self._flush)
        return await done

    def publish_now(self, channel: str, text: str) -> Entry:
        """The same for a caller that cannot wait: the event loop does, for one commit or two.

        Raises Refused as `publish`.
        """
        self._settle_all()
        rows, epochs = self._rows([(channel, text)], {})
        self._file.write(Batch(rows, epochs))
        entry = self._hub.deliver(channel, text)
        self._note_firsts([channel])
        return entry

    def trim(self, channels: Iterable[Channel], dropped: Sequence[str], generation: int) -> None:
        """Let the file go of what these let go of, and of channels that are dropped altogether."""
        for channel in channels:
            self._note_first(channel)
        for name in dropped:
            self._firsts.pop(name, None)
        self._dropped += dropped
        self._generation = generation
        if self._loop is not None:
            self._flush()

    def _note_first(self, channel: Channel) -> None:
        first = channel.first
        if channel.head and first > self._firsts.get(channel.name, 1):
            self._firsts[channel.name] = self._trims[channel.name] = first

    def _note_firsts(self, names: Iterable[str]) -> None:
        for name in names:
            self._note_first(self._hub.channel(name))

    # ---- batches ----------------------------------------------------------------------------

    def _rows(self, items: Items, heads: dict[str, int]) -> tuple[list[Row], dict[str, str]]:
        """The rows of one request, behind those in `heads`, which then has them too."""
        now = self._hub.wall()
        channels = {name: self._hub.channel(name) for name, _ in items}  # may be refused
        for channel in channels.values():
            channel.touched_ns = self._hub.now_ns()  # it is not forgotten meanwhile
        rows: list[Row] = []
        for name, text in items:
            heads[name] = heads.get(name, channels[name].head) + 1
            rows.append((name, heads[name], now, text))
        return rows, {name: channel.epoch for name, channel in channels.items()}

    def _flush(self) -> None:
        """Begin the next batch, if there is anything to write and none is being written."""
        if self._writing is not None or not (self._waiting or self._trims or self._dropped):
            return
        rows: list[Row] = []
        heads: dict[str, int] = {}
        epochs: dict[str, str] = {}
        taken = 0
        for items, done in self._waiting:
            taken += 1
            try:
                more, named = self._rows(items, heads)
            except Refused as refusal:
                if not done.done():
                    done.set_exception(refusal)
                continue
            rows += more
            epochs |= named
            self._batch.append((items, done))
            if len(rows) >= _MOST_ROWS:
                break
        del self._waiting[:taken]
        trims, self._trims = self._trims, {}
        dropped, self._dropped = self._dropped, []
        self._written = Batch(rows, epochs, trims, dropped, self._generation)
        self._writing = self._writer.submit(self._file.write, self._written)
        self._writing.add_done_callback(self._on_written)

    def _on_written(self, writing: "concurrent.futures.Future[None]") -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, writing)

    def _settle(self, writing: "concurrent.futures.Future[None]") -> None:
        """A batch is written, or it failed: hand it on and acknowledge it, or refuse it."""
        if writing is not self._writing:
            return  # somebody could not wait for the loop's turn
        batch, self._batch = self._batch, []
        refusal: Refused | None = None
        try:
            writing.result()
        except Refused as error:
            refusal = error
        except Exception:
            _log.exception("a batch could not be kept")
            refusal = KEEP_FAILED("it cannot be kept")
        if refusal is not None:
            self._trims = {**self._written.trims, **self._trims}
            self._dropped = [*self._written.dropped, *self._dropped]
        self._writing = None
        self._tell(refusal)
        touched: set[str] = set()
        for items, done in batch:
            if refusal is None:
                entries = [self._hub.deliver(name, text) for name, text in items]
                touched.update(name for name, _ in items)
                if not done.done():  # its publisher may have gone
                    done.set_result(entries)
            elif not done.done():
                done.set_exception(Refused(refusal.status, refusal.reason, refusal.detail))
        self._note_firsts(touched)
        if self._waiting or (refusal is None and (self._trims or self._dropped)):
            self._flush()

    def _settle_all(self) -> None:
        """Wait for what is being written and what waits behind it."""
        while self._writing is not None or self._waiting:
            if self._writing is None:
                self._flush()
            if self._writing is not None:
                concurrent.futures.wait([self._writing])
                self._settle(self._writing)

    def _tell(self, refusal: Refused | None) -> None:
        now_ns = time.monotonic_ns()
        if refusal is not None and now_ns >= self._quiet_until_ns:
            self._quiet_until_ns = now_ns + _TELL_EVERY_NS
            _log.error("%s: publishes are refused: %s", self._file.path, refusal.detail)
