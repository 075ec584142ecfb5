"""All that hubs share through Redis beside their channels' logs: who lives, who is there, what is
revoked, who does what alone, and their figures."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from pushlab.contract.tokens import Grant
from pushlab.errors import Refused
from pushlab.hub.backplane.backplane import HubsFigures, LocalHub
from pushlab.hub.backplane.redis.elections import one_at_a_time
from pushlab.hub.backplane.redis.introductions import Introductions
from pushlab.hub.backplane.redis.link import RedisLink
from pushlab.hub.backplane.redis.members import Members
from pushlab.hub.backplane.redis.presence import SharedPresence
from pushlab.hub.backplane.redis.revocations import SharedRevocations
from pushlab.hub.backplane.redis.talk import Talk
from pushlab.hub.backplane.redis.teller import TELLING, Teller

__all__ = ["Service"]

_LAST_POSTS_S = 1.0


class Service:
    """One hub of a service.

    Args:
        hub: this one.
        link: to the Redis that all share; whoever has it keeps it running around this.

    Attributes:
        members, presence, revocations: its parts.
    """

    def __init__(self, hub: LocalHub, link: RedisLink) -> None:
        self._hub = hub
        self._link = link
        self.members = members = Members(link, hub.settings)
        self._talk = Talk(link, members.id)
        self.presence = SharedPresence(hub, link, members)
        self.revocations = SharedRevocations(hub, link, self._talk)
        self._introductions = Introductions(hub, link, members, self._talk)
        poster = hub.poster
        self._teller = None if poster is None else Teller(poster, link, members, self.presence)
        self._talk.hear("figures", self._own_figures)
        self._talk.hear("released", self._released)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Be one of the hubs while the body runs; the link is up."""
        async with self._talk.running(), self.members.running():
            await self.revocations.learn()
            self._link.on_up(self.revocations.learn)
            self.members.on_beat(self.revocations.look)
            try:
                yield
            finally:
                self._introductions.stop()
                with contextlib.suppress(Refused):
                    await self.members.leave()

    def one_at_a_time(
        self, what: str, run: Callable[[], AbstractAsyncContextManager[None]]
    ) -> AbstractAsyncContextManager[None]:
        """See `Backplane.one_at_a_time`."""
        return one_at_a_time(self.members, what, run)

    # ---- presence ---------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Tell the other hubs who is here while the body runs, and the application if elected.

        A hub that ends leaves its readers to the others: they resume there. The last one tells the
        application that they have gone, within a second or at the next start.
        """
        teller = self._teller
        async with self.presence.running():
            alone = contextlib.nullcontext() if teller is None else self._elected(teller)
            async with alone:
                yield
            with contextlib.suppress(Refused):
                if await self.presence.farewell():
                    if teller is not None:
                        await self._last_words(teller)
                    await self.presence.forget()

    def _elected(self, teller: Teller) -> AbstractAsyncContextManager[None]:
        return self.one_at_a_time(TELLING, teller.running)

    async def _last_words(self, teller: Teller) -> None:
        """No hub is left but this one, which need not be elected."""
        await self.members.take(TELLING)
        async with teller.running():
            await teller.drain(_LAST_POSTS_S)

    async def released(self, channel: str, client_id: str, page: str) -> None:
        """A client that polls said goodbye here; it may have polled elsewhere."""
        with contextlib.suppress(Refused):  # its lease ends by itself
            await self._talk.say("released", [channel, client_id, page])

    async def _released(self, said: Any) -> None:
        self._hub.presence.release(*said)

    # ---- tokens -----------------------------------------------------------------------------

    async def introduce(self, token: str, grant: Grant, *, wanted: bool) -> None:
        """Let whoever is elected for it tell a broker of a token; see `Introductions`."""
        broker = self._hub.broker
        if broker is not None and broker.kind != "embedded":  # that one asks by itself
            await self._introductions.introduce(token, grant, wanted=wanted)

    # ---- figures ----------------------------------------------------------------------------

    async def figures(self) -> HubsFigures:
        """Of every hub; see `Backplane.figures`. Raises Refused (503)."""
        answers = await self._talk.ask("figures")
        hubs: dict[str, Mapping[str, Any]] = {self.members.id: self._hub.figures()}
        hubs |= answers.given
        present = await self.presence.total()
        return HubsFigures(dict(sorted(hubs.items())), answers.silent, present)

    async def _own_figures(self, said: Any) -> Any:
        return json.loads(json.dumps(self._hub.figures()))
