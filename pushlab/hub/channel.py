"""A channel: one ordered log, and the feeds that read it.

A feed is a place in the log and a way to write to one connection. Publishing hands the new entry
to every feed that has caught up; a feed that cannot take more stays where it is and reads on from
the log later. So replay and live are one reading, with no seam to lose or repeat a message at, and
a slow connection holds a number, not a buffer.
"""

import secrets
from collections.abc import Callable, Sequence

from pushlab.contract.cursor import Cursor
from pushlab.contract.reasons import INVALID_CURSOR, SLOW_READER
from pushlab.contract.serving import Entry, HubSettings, Page

__all__ = ["Channel", "ChannelFeed"]

_BATCH_MESSAGES = 64
_BATCH_BYTES = 64 * 1024


class Channel:
    """One life of a channel's log.

    Args:
        epoch: a fresh one unless given.
        head: what was published in this life before, and is held no more.

    Attributes:
        epoch: the name of this life.
        head: the `seq` of the newest message; 0 before the first.
        feeds: those who read now, in order of arrival.
        published_bytes: bytes of UTF-8 ever published.
    """

    __slots__ = (
        "_bytes",
        "_log",
        "_start",
        "epoch",
        "feeds",
        "head",
        "name",
        "published_bytes",
        "settings",
        "touched_ns",
    )

    def __init__(
        self,
        name: str,
        settings: HubSettings,
        now_ns: int,
        *,
        epoch: str | None = None,
        head: int = 0,
    ) -> None:
        self.name = name
        self.settings = settings
        self.epoch = epoch or secrets.token_hex(4)
        self.head = head
        self.feeds: dict[ChannelFeed, None] = {}
        self.published_bytes = 0
        self.touched_ns = now_ns
        self._log: list[Entry] = []
        self._start = 0  # the log's entries before this index are gone; compacted now and then
        self._bytes = 0

    @property
    def first(self) -> int:
        """The `seq` of the oldest message retained; `head` + 1 when there is none."""
        return self.head - (len(self._log) - self._start) + 1

    def publish(self, data: str, size: int, now_ns: int) -> Entry:
        """Append a message and hand it to every feed."""
        self.head += 1
        self.touched_ns = now_ns
        self.published_bytes += size
        entry = Entry(self.epoch, self.head, data, size, now_ns)
        self._log.append(entry)
        self._bytes += size
        self.trim(now_ns)
        one = (entry,)
        seq = entry.seq
        for feed in tuple(self.feeds):
            if feed.ready and feed.seq == seq - 1:
                feed.seq = seq
                feed.ready = feed.write(one)
                if not feed.ready:
                    feed.note_blocked()
            else:
                feed.behind()
        return entry

    def trim(self, now_ns: int) -> None:
        """Let go of what retention no longer covers."""
        log, settings = self._log, self.settings
        oldest_ns = now_ns - int(settings.retain_s * 1e9)
        start, end = self._start, len(log)
        while start < end and (
            end - start > settings.retain_messages
            or self._bytes > settings.retain_bytes
            or log[start].accepted_ns < oldest_ns
        ):
            self._bytes -= log[start].size
            start += 1
        self._start = start
        if start > 256 and start * 2 > end:
            del log[:start]
            self._start = 0

    def locate(self, after: Cursor | None) -> tuple[Cursor, Cursor | None]:
        """Where reading from `after` begins, and `after` again if messages behind it are gone.

        Raises:
            Refused: 400 `invalid-cursor`, for a cursor ahead of the log.
        """
        if after is None:
            return Cursor(self.epoch, self.head), None
        oldest = self.first - 1
        if after.epoch != self.epoch:
            return Cursor(self.epoch, oldest), after
        if after.seq > self.head:
            raise INVALID_CURSOR(
                f"the cursor {after} is ahead of the channel, which stands at {self.head}"
            )
        if after.seq < oldest:
            return Cursor(self.epoch, oldest), after
        return after, None

    def slice(self, after_seq: int, *, messages: int, size: int) -> Sequence[Entry] | None:
        """The entries behind `after_seq`, at most so many and (beyond the first) so large.

        None when some of them are gone.
        """
        index = self._start + after_seq + 1 - self.first
        if index < self._start:
            return None
        log = self._log
        end = index
        stop = min(len(log), index + messages)
        total = 0
        while end < stop:
            total += log[end].size
            if total > size and end > index:
                break
            end += 1
        return log[index:end]

    def page(self, after: Cursor | None, now_ns: int, *, most: int | None = None) -> Page:
        """What a poll gets, at most so many messages. Raises Refused for a cursor ahead of it."""
        self.trim(now_ns)
        self.touched_ns = now_ns
        position, gap_after = self.locate(after)
        if position.seq == self.head:
            return Page(position, gap_after, (), False)
        settings = self.settings
        entries = self.slice(
            position.seq, messages=most or settings.page_messages, size=settings.page_bytes
        )
        assert entries is not None, "locate() stays within what is retained"
        return Page(position, gap_after, entries, entries[-1].seq < self.head)


def _nothing(*_: object) -> None:
    """Of a feed that is closed."""


def _takes_none(_: Sequence[Entry]) -> bool:
    """Of a feed that is closed."""
    return False


class ChannelFeed:
    """One connection's reading of a channel; see `pushlab.contract.serving.Feed`.

    Attributes:
        seq: the last message handed to `write`.
        ready: whether `write` may be called.
        limited: whether the feed is ended when it falls too far behind. The hub's own readers are
            not: they go on with the oldest message that is retained.
    """

    __slots__ = (
        "_blocked_bytes",
        "_blocked_head",
        "_closed",
        "_end",
        "_on_close",
        "_on_slow",
        "_started",
        "channel",
        "gap_after",
        "limited",
        "position",
        "ready",
        "seq",
        "write",
    )

    def __init__(
        self,
        channel: Channel,
        after: Cursor | None,
        *,
        write: Callable[[Sequence[Entry]], bool],
        end: Callable[[str, int], None],
        on_close: Callable[["ChannelFeed"], None],
        on_slow: Callable[[], None] | None = None,
        limited: bool = True,
    ) -> None:
        self.position, self.gap_after = channel.locate(after)
        self.channel = channel
        self.seq = self.position.seq
        self.write = write
        self.ready = False
        self.limited = limited
        self._end = end
        self._on_close = on_close
        self._on_slow = on_slow
        self._closed = False
        self._started = False
        self._blocked_head = channel.head
        self._blocked_bytes = channel.published_bytes
        channel.feeds[self] = None

    def start(self) -> None:
        """Begin to write; anything retained behind the cursor comes first."""
        if not self._started:
            self._started = True
            self.resume()

    def resume(self) -> None:
        """The connection can take more: give it what the log holds."""
        if self._closed or not self._started:
            return
        self.ready = True
        channel = self.channel
        while self.ready and not self._closed and self.seq < channel.head:
            batch = channel.slice(self.seq, messages=_BATCH_MESSAGES, size=_BATCH_BYTES)
            if batch is None:
                if self.limited:
                    self._cut()
                    return
                self.seq = channel.first - 1  # the hub's own reader goes on: the hole in `seq`
                continue  # tells whoever reads behind it
            self.seq = batch[-1].seq
            self.ready = self.write(batch)
        if not self.ready:
            self.note_blocked()

    def note_blocked(self) -> None:
        """Remember what had been published when the connection stopped taking."""
        self._blocked_head = self.channel.head
        self._blocked_bytes = self.channel.published_bytes

    def behind(self) -> None:
        """A message was published that this feed could not take: has it fallen too far behind?"""
        if not self.limited:
            return
        channel, settings = self.channel, self.channel.settings
        if (
            channel.head - self._blocked_head > settings.lag_messages
            or channel.published_bytes - self._blocked_bytes > settings.lag_bytes
        ):
            self._cut()

    def _cut(self) -> None:
        if self._on_slow is not None:
            self._on_slow()
        self.finish(*SLOW_READER.ending)

    def finish(self, reason: str, status: int) -> None:
        """The hub ends this feed, and tells the connection why."""
        if not self._closed:
            end = self._end
            self.close()
            end(reason, status)

    def close(self) -> None:
        """The connection is gone."""
        if not self._closed:
            self._closed = True
            self.ready = False
            del self.channel.feeds[self]
            on_close, self._on_close = self._on_close, _nothing
            # What these belong to holds this feed. Without the circle a collector, which stops the
            # world, has nothing to collect however many come and go.
            self.write, self._end, self._on_slow = _takes_none, _nothing, None
            on_close(self)
