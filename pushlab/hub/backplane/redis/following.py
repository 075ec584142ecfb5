"""A channel that is read here: a copy of its log, which follows what Redis says.

First the topic is heard, then the log is fetched, so there is no seam between. Whenever a message
comes that is not the next one, and whenever the link was down, what is missing is fetched before
anything later is delivered. A copy that cannot go on without a hole, or whose log has begun anew,
ends: its readers come back, and learn from the next one what they missed.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from pushlab.contract.cursor import Cursor
from pushlab.contract.serving import NotYet
from pushlab.errors import Refused
from pushlab.hub.backplane.backplane import LocalHub
from pushlab.hub.backplane.redis.link import RedisLink
from pushlab.hub.backplane.redis.log import RedisLog, Said
from pushlab.hub.channel import Channel
from pushlab.hub.reasons import BACKPLANE_AWAY

__all__ = ["Copy", "Following"]

_MOST_EARLY = 1_000
_log = logging.getLogger("pushlab")
_AWAY = BACKPLANE_AWAY.such("the backplane does not answer; come back and resume")


class Copy(Channel):
    """A channel whose log is elsewhere.

    What the copy cannot tell for certain is asked there first: what stands behind the newest
    message now, and a cursor that is not of this log as far as it is known here.

    Attributes:
        read_ns: when somebody read it last, as far as was looked.
    """

    __slots__ = ("_check", "_now_ns", "_sure", "read_ns")

    def __init__(self, following: "Following", epoch: str, head: int) -> None:
        hub = following.hub
        super().__init__(following.name, hub.settings, hub.now_ns(), epoch=epoch, head=head)
        self.read_ns = self.touched_ns
        self._now_ns = hub.now_ns
        self._check = following.refresh
        self._sure = False

    def locate(self, after: Cursor | None) -> tuple[Cursor, Cursor | None]:
        """See `Channel.locate`. Raises NotYet where it has to be asked for."""
        here = after is not None and after.epoch == self.epoch and after.seq <= self.head
        if not here and not self._sure:
            raise NotYet(self._make_sure)
        self.read_ns = self._now_ns()
        return super().locate(after)

    async def _make_sure(self) -> None:
        await self._check()
        self.be_sure()

    def be_sure(self) -> None:
        """In this turn of the event loop, this is the log as it is."""
        self._sure = True
        asyncio.get_running_loop().call_soon(self._be_unsure)

    def _be_unsure(self) -> None:
        self._sure = False


class Following:
    """Makes the copy of one channel, and keeps it as its log is.

    Args:
        ended: called when the copy has ended, or there will be none.

    Attributes:
        copy: None until it has been fetched.
        fetched_ns: when it was fetched last.
    """

    def __init__(
        self,
        name: str,
        *,
        hub: LocalHub,
        link: RedisLink,
        log: RedisLog,
        ended: Callable[["Following"], None],
    ) -> None:
        self.name = name
        self.hub = hub
        self.copy: Copy | None = None
        self._link = link
        self._log = log
        self._ended = ended
        self._topic = log.topic(name)
        self._over = False
        self._early: dict[int, Said] = {}  # heard before what comes before it
        self._latest: Said | None = None  # of these, and of those for which there was no room
        self.fetched_ns = hub.now_ns()
        self._now: asyncio.Future[None] | None = None
        self._next: asyncio.Future[None] | None = None
        self._begun = asyncio.ensure_future(self._begin())
        self._begun.add_done_callback(_nobody_waits)

    # ---- asked by readers -------------------------------------------------------------------

    def not_yet(self, *, first: bool) -> NotYet:
        """What to tell who wants the copy, before it is there."""
        return NotYet(partial(self._ready, first=first))

    async def _ready(self, *, first: bool) -> None:
        await _answered(self._begun)
        if first and self.copy is not None:
            self.copy.be_sure()  # it has been fetched since this was asked

    async def refresh(self) -> None:
        """Fetch what there is; it is there for certain that was there before. Raises Refused."""
        await _answered(self._fetching())

    def _fetching(self) -> "asyncio.Future[None]":
        """What has fetched when it is done, and has not begun yet: one does for all who wait."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._fetch_behind(self._now))
            self._next.add_done_callback(_nobody_waits)
        return self._next

    async def _fetch_behind(self, before: "asyncio.Future[None] | None") -> None:
        if before is not None:
            await asyncio.wait({before})
        self._now, self._next = self._next, None
        await self._fetch()

    # ---- life -------------------------------------------------------------------------------

    async def _begin(self) -> None:
        try:
            await self._link.follow(self._topic, self._hear)
            await self._fetch()
        except BaseException:
            self.end()
            raise

    def catch_up(self) -> None:
        """Something was missed, perhaps: fetch it. If it cannot be now, the next time will do."""
        if self.copy is not None:
            self._fetching()

    def end(self) -> None:
        """Follow no longer; who reads the copy is ended, and resumes."""
        if self._over:
            return
        self._over = True
        self._link.unfollow(self._topic)
        self._ended(self)
        for task in (self._begun, self._now, self._next):
            if task is not None and task is not asyncio.current_task():
                task.cancel()

    # ---- following --------------------------------------------------------------------------

    def _hear(self, message: bytes) -> None:
        said, copy = self._log.read(message), self.copy
        if copy is None:
            self._keep_early(said)
        elif said.epoch != copy.epoch:
            self.end()
        elif said.seq == copy.head + 1:
            copy.publish(said.text.decode(), len(said.text), said.accepted_ns)
        elif said.seq > copy.head:
            self._keep_early(said)
            self.catch_up()

    def _keep_early(self, said: Said) -> None:
        self._latest = said
        if len(self._early) < _MOST_EARLY:
            self._early[said.seq] = said

    async def _fetch(self) -> None:
        """Bring the copy to where the log is; make it, if there is none yet. Raises Refused."""
        got = list[Said]()
        copy = self.copy
        self.fetched_ns = self.hub.now_ns()
        while not self._over:
            after = copy.head if copy is not None else got[-1].seq if got else 0
            fetched = await self._log.fetch(self.name, after)
            messages = fetched.messages
            if copy is None:
                if got and (got[-1].epoch != fetched.epoch or not messages):
                    got = []  # it has begun anew, or been lost, meanwhile
                if got and messages and messages[0].seq != after + 1:
                    got = []
                got += messages
                if not messages or messages[-1].seq >= fetched.head:
                    self._make(fetched.epoch, fetched.head, got)
                    return
            elif not self._take(copy, fetched.epoch, fetched.head, messages):
                self.end()
                return
            elif copy.head >= fetched.head:
                self._take_early(copy)
                return

    def _make(self, epoch: str, head: int, messages: list[Said]) -> None:
        """The log as it was fetched, whole."""
        before = messages[0].seq - 1 if messages else head
        self.copy = copy = Copy(self, epoch, before)
        self._take(copy, epoch, head, messages)
        self._take_early(copy)
        self.hub.adopt(copy)

    def _take(self, copy: Copy, epoch: str, head: int, messages: list[Said]) -> bool:
        """Go on with these; False: they do not go on where the copy ends."""
        if epoch != copy.epoch or (not messages and head > copy.head):
            return False
        for said in messages:
            if said.seq > copy.head + 1:
                return False
            if said.seq == copy.head + 1:
                copy.publish(said.text.decode(), len(said.text), said.accepted_ns)
        return True

    def _take_early(self, copy: Copy) -> None:
        early, self._early = self._early, {}
        for seq in sorted(early):
            said = early[seq]
            if said.epoch == copy.epoch and seq == copy.head + 1:
                copy.publish(said.text.decode(), len(said.text), said.accepted_ns)
        latest, self._latest = self._latest, None
        if latest is not None and latest.epoch == copy.epoch and latest.seq > copy.head:
            self.catch_up()


async def _answered(task: "asyncio.Future[None]") -> None:
    """Wait for what others may wait for, too. Raises Refused in words for a reader.

    What has ended meanwhile is asked for anew by who waits for it.
    """
    try:
        await asyncio.shield(task)
    except Refused as refusal:
        raise _AWAY() from refusal
    except asyncio.CancelledError:
        if not task.cancelled():
            raise


def _nobody_waits(task: "asyncio.Future[None]") -> None:
    if not task.cancelled() and (error := task.exception()) and not isinstance(error, Refused):
        _log.error("a channel could not be followed", exc_info=error)
