"""What the hubs of one race tell each other: what is set, what each has counted, whom each holds.

They do so over the backplane that they share, on a channel of the race's own: each says how it
stands once a second while somebody looks on, and each hears all. So whichever hub a page asks can
answer for the whole race. A hub alone says nothing, and costs nothing.
"""

import asyncio
import contextlib
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.contract.cursor import Cursor
from pushlab.contract.serving import Entry, NotYet
from pushlab.errors import Refused
from pushlab.hub.channel import Channel
from pushlab.hub.core import Hub

__all__ = ["RaceHubs", "Report", "happens", "opened"]

TALK = "demo-race-hubs"
_EVERY_S = 1.0
_GONE_S = 3.5  # a hub that has said nothing for so long
_ANSWER_S = 5.0
_AGAIN_S = 0.5
_MOST_REPORTS = 64


async def happens(event: asyncio.Event, *, within_s: float) -> None:
    """Wait until it happens, but no longer.

    Not by `asyncio.wait_for`: Python 3.11's forgets that it was cancelled if that comes just as the
    event happens, and then the race would not end with its hub.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()


async def opened(hub: Hub, name: str) -> Channel:
    """A channel, once it is there. Raises Refused as `Hub.channel`, and where it cannot be had."""
    while True:
        try:
            return hub.channel(name)
        except NotYet as wait:
            await wait.ready()


@dataclass(slots=True)
class Report:
    """What another hub said last.

    Attributes:
        told: its own words.
        heard_s: when, by this process's monotonic clock.
    """

    told: dict[str, Any]
    heard_s: float

    @property
    def lives(self) -> bool:
        """Whether that was a moment ago."""
        return time.monotonic() - self.heard_s < _GONE_S


class RaceHubs:
    """The other hubs of a race.

    Args:
        channel: the race's own, which tells everybody what was published.
        report: how this hub stands; it may be said in JSON.
        on_report: is told what another one said.
        on_message: is told each text that was published to the race.
        on_wish: publishes a message now, if this is the hub that does; else None.

    Attributes:
        own: this hub's name, which no other has.
        reports: by the name of the other hub; those that have gone are still among them.
        cut_off: whether what this hub said last has not been taken by the backplane.
    """

    def __init__(
        self,
        hub: Hub,
        channel: str,
        *,
        report: Callable[[], dict[str, Any]],
        on_report: Callable[[dict[str, Any]], None],
        on_message: Callable[[str], None],
        on_wish: "Callable[[], asyncio.Future[dict[str, Any]] | None]",
    ) -> None:
        self._hub = hub
        self._channel = channel
        self._report = report
        self._on_report = on_report
        self._on_message = on_message
        self._on_wish = on_wish
        self._now = asyncio.Event()
        self._wishes: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._answering: set[asyncio.Future[Any]] = set()
        self.shared = hub.backplane.shared
        self.own = secrets.token_hex(4)
        self.reports: dict[str, Report] = {}
        self.cut_off = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Say and hear while the body runs."""
        if not self.shared:
            yield
            return
        tasks = [
            asyncio.create_task(self._say_on()),
            asyncio.create_task(self._hear_on(TALK, self._heard)),
            asyncio.create_task(self._hear_on(self._channel, self._on_message)),
        ]
        try:
            yield
        finally:
            for task in (*tasks, *self._answering):
                task.cancel()
            await asyncio.gather(*tasks, *self._answering, return_exceptions=True)

    # ---- saying -----------------------------------------------------------------------------

    def tell(self) -> None:
        """Say at once how this hub stands."""
        self._now.set()

    async def _say_on(self) -> None:
        while True:
            self._now.clear()
            report = self._report()
            if report["looked_on"] or self.looked_on():
                try:
                    told = {"hub": self.own, "process": os.getpid(), **report}
                    await self._say({"report": told})
                except Refused:
                    self.cut_off = True
                else:
                    self.cut_off = False
            await happens(self._now, within_s=_EVERY_S)

    async def _say(self, what: dict[str, Any]) -> None:
        text = json.dumps(what, separators=(",", ":"))
        await self._hub.backplane.publish([(TALK, text)])

    async def wish(self) -> dict[str, Any]:
        """Let the hub that publishes do so now. Raises Refused (503): there is none, or no way."""
        key = secrets.token_hex(8)
        self._wishes[key] = asyncio.get_running_loop().create_future()
        try:
            await self._say({"wish": key})
            async with asyncio.timeout(_ANSWER_S):
                return await self._wishes[key]
        except TimeoutError as error:
            detail = "no hub publishes the race just now; try again in a moment"
            raise Refused(503, "no-publisher", detail) from error
        finally:
            del self._wishes[key]

    async def _fulfil(self, key: str, doing: "asyncio.Future[dict[str, Any]]") -> None:
        with contextlib.suppress(Refused):
            await self._say({"granted": key, "what": await doing})

    # ---- hearing ----------------------------------------------------------------------------

    def looked_on(self) -> bool:
        """Whether somebody looks on at another hub."""
        return any(one.lives and one.told["looked_on"] for one in self.reports.values())

    def living(self) -> list[dict[str, Any]]:
        """What the other hubs said that are there now."""
        return [one.told for one in self.reports.values() if one.lives]

    async def _hear_on(self, name: str, take: Callable[[str], None]) -> None:
        """Hear what is said on a channel, its newest message first; again where that was cut."""

        def write(entries: Sequence[Entry]) -> bool:
            for entry in entries:
                take(entry.data)
            return True

        while True:
            try:
                channel = await opened(self._hub, name)
            except Refused:
                await asyncio.sleep(_AGAIN_S)
                continue
            newest = Cursor(channel.epoch, max(channel.first - 1, channel.head - 1))
            feed = self._hub.tail(name, newest, write)
            feed.start()
            try:
                while feed in channel.feeds and self._hub.held(name) is channel:  # noqa: ASYNC110
                    await asyncio.sleep(_AGAIN_S)
            finally:
                feed.close()

    def _heard(self, text: str) -> None:
        said = json.loads(text)
        if (told := said.get("report")) is not None and told["hub"] != self.own:
            known = told["hub"] in self.reports
            self.reports[told["hub"]] = Report(told, time.monotonic())
            while len(self.reports) > _MOST_REPORTS:
                del self.reports[min(self.reports, key=lambda each: self.reports[each].heard_s)]
            self._on_report(told)
            if not known:
                self.tell()
        elif (key := said.get("wish")) is not None:
            doing = self._on_wish()
            if doing is not None:
                answering = asyncio.ensure_future(self._fulfil(key, doing))
                self._answering.add(answering)
                answering.add_done_callback(self._answering.discard)
        elif (granted := self._wishes.get(said.get("granted", ""))) is not None:
            with contextlib.suppress(asyncio.InvalidStateError):  # that came too late
                granted.set_result(said["what"])
