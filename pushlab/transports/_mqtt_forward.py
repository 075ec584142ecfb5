"""Forwarding: each channel that somebody may read goes to its live topic, in order.

A channel's messages are published with the highest QoS that a session asked for, since a broker
delivers with the lower one of the publisher's and the subscriber's.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from pushlab.contract.cursor import Cursor
from pushlab.contract.frames import encode_frame
from pushlab.contract.serving import Entry, Feed, Hub, NotYet
from pushlab.errors import Refused
from pushlab.transports._mqtt_connection import BridgeConnection
from pushlab.transports._mqtt_names import live_topic

__all__ = ["Forwards", "frame_of"]

_AGAIN_S = 0.2  # before a log is asked for once more
_log = logging.getLogger("pushlab.mqtt")


def frame_of(entry: Entry) -> bytes:
    """A message as it stands in a PUBLISH; give it to `Entry.form`."""
    return encode_frame(entry.epoch, entry.seq, entry.data).encode()


@dataclass(slots=True)
class _Forward:
    """One channel on its way to its topic over the link.

    Attributes:
        users: grants that may read the channel.
        asked: how many sessions asked for QoS 0, 1 and 2.
        sent: the last message given to the link.
        done: the last message that the broker has.
    """

    channel: str
    topic: str
    link: BridgeConnection
    users: int = 0
    asked: list[int] = field(default_factory=lambda: [0, 0, 0])
    sent: Cursor | None = None
    done: Cursor | None = None
    feed: Feed | None = None
    paused: bool = False
    waiting: "asyncio.Task[None] | None" = None

    def stop(self) -> None:
        """Forward no more for now."""
        if self.feed is not None:
            self.feed.close()
            self.feed = None
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None

    def write(self, entries: Sequence[Entry]) -> bool:
        """Take what the hub's log has; False when the link is full."""
        if self.paused:
            return False
        link, topic = self.link, self.topic
        qos = 2 if self.asked[2] else 1 if self.asked[1] or not self.asked[0] else 0
        for entry in entries:
            link.send(topic, entry.form(frame_of), qos=qos, then=partial(self._has, entry))
        self.sent = entries[-1].cursor
        self.paused = link.full
        return not self.paused

    def _has(self, entry: Entry) -> None:
        done = self.done
        if done is None or done.epoch != entry.epoch or done.seq < entry.seq:
            self.done = entry.cursor


class Forwards:
    """The channels that are forwarded.

    Args:
        hub: whose channels they are.
        link: the way to the broker.
    """

    def __init__(self, hub: Hub, link: BridgeConnection) -> None:
        self._hub = hub
        self._link = link
        self._forwards: dict[str, _Forward] = {}
        self._closed = False

    def use(self, channel: str) -> None:
        """Somebody may read this channel: forward it from now on."""
        forward = self._forwards.get(channel)
        if forward is None:
            forward = _Forward(channel, live_topic(channel), self._link)
            self._forwards[channel] = forward
            if self._link.up:
                self._open(forward, None)
        forward.users += 1

    def disuse(self, channel: str) -> None:
        """One grant less; behind the last one, forwarding ends."""
        forward = self._forwards[channel]
        forward.users -= 1
        if not forward.users:
            del self._forwards[channel]
            forward.stop()

    def joined(self, channel: str, qos: int, by: int) -> None:
        """`by` sessions (-1: one has gone) read this channel with that QoS."""
        if (forward := self._forwards.get(channel)) is not None:
            forward.asked[qos] += by

    def up(self) -> None:
        """The link stands (again): go on behind what the broker has for certain."""
        for forward in self._forwards.values():
            self._open(forward, forward.done)

    def down(self) -> None:
        """The link is lost."""
        for forward in self._forwards.values():
            forward.stop()

    def close(self) -> None:
        """Forward nothing any more."""
        self.down()
        self._closed = True

    def open(self, channel: str, after: Cursor) -> None:
        """Its log is there now: forward what comes behind this, if it had to be fetched first."""
        forward = self._forwards[channel]
        if forward.feed is None and self._link.up:
            self._open(forward, forward.done or after)

    def room(self) -> None:
        """The link has room again for those that had to wait."""
        for forward in self._forwards.values():
            if forward.paused:
                if self._link.full:
                    return
                self._open(forward, forward.sent)

    def _open(self, forward: _Forward, after: Cursor | None) -> None:
        # A new feed, not the old one's resume: one that fell out of retention has ended silently.
        forward.stop()
        forward.paused = False
        end = partial(self._dropped, forward)
        try:
            forward.feed = self._hub.tail(forward.channel, after, forward.write, end)
        except NotYet as wait:
            forward.waiting = asyncio.ensure_future(self._open_later(forward, after, wait))
            return
        except Refused as refusal:  # a cursor of a log that was set back
            _log.warning("a channel is forwarded from its end: %s", refusal)
            forward.done = None
            forward.waiting = asyncio.ensure_future(self._open_again(forward, None))
            return
        if forward.done is None:
            forward.done = forward.feed.position
        forward.feed.start()

    async def _open_later(self, forward: _Forward, after: Cursor | None, wait: NotYet) -> None:
        try:
            await wait.ready()
        except Refused:
            await self._open_again(forward, after)
        else:
            self._resume(forward, after)

    async def _open_again(self, forward: _Forward, after: Cursor | None) -> None:
        await asyncio.sleep(_AGAIN_S)
        self._resume(forward, after)

    def _resume(self, forward: _Forward, after: Cursor | None) -> None:
        forward.waiting = None
        if self._link.up and forward.feed is None:
            self._open(forward, after)

    def _dropped(self, forward: _Forward, reason: str, status: int) -> None:
        """The hub holds this life of the log no longer; its readers are told of a gap."""
        forward.feed = None
        if not self._closed and self._forwards.get(forward.channel) is forward:
            after = forward.sent or forward.done
            forward.waiting = asyncio.ensure_future(self._open_again(forward, after))
