"""Tokens that a broker has to know before their holders come, and whose hub is not the one that is
elected to speak to the broker.

That hub is told of each, and again when another is elected, until it says that the broker knows.
"""

import asyncio
import contextlib
from collections import OrderedDict
from typing import Any

from pushlab.contract.tokens import Grant
from pushlab.errors import Refused
from pushlab.hub.backplane.backplane import LocalHub
from pushlab.hub.backplane.redis.link import RedisLink
from pushlab.hub.backplane.redis.members import Members
from pushlab.hub.backplane.redis.talk import Talk
from pushlab.hub.reach.broker_place import broker_place

__all__ = ["Introductions"]

_WITHIN_S = 5.0
_MOST = 100_000
_AT_ONCE = 50


class Introductions:
    """One hub's part in it.

    Args:
        hub: makes tokens, or has what speaks to the broker.
    """

    def __init__(self, hub: LocalHub, link: RedisLink, members: Members, talk: Talk) -> None:
        self._hub = hub
        self._link = link
        self._untold: OrderedDict[str, None] = OrderedDict()
        self._telling: asyncio.Task[None] | None = None
        talk.hear("introduce", self._hear)
        self._talk = talk
        members.on_beat(self._look)

    def stop(self) -> None:
        """Tell of no more."""
        if self._telling is not None:
            self._telling.cancel()

    async def introduce(self, token: str, grant: Grant, *, wanted: bool) -> None:
        """Let the broker know a token.

        Args:
            wanted: whether somebody waits for that.

        Raises:
            Refused: 503, where somebody does: Redis is away, or the broker takes no log-in.
        """
        if len(self._untold) >= _MOST:
            self._untold.popitem(last=False)
        self._untold[token] = None
        if wanted:
            await self._tell(token, wanted=True)
        else:
            self._look()

    async def _tell(self, token: str, *, wanted: bool) -> bool:
        """Whether the hub that is elected knows it. Raises Refused as `introduce`."""
        assert self._hub.broker is not None
        body = {"token": token, "wanted": wanted, "broker": broker_place(self._hub.broker)}
        enough = lambda given: any(given.values())  # noqa: E731
        answers = await self._talk.ask("introduce", body, within_s=_WITHIN_S, enough=enough)
        for answer in answers.given.values():
            self._untold.pop(token, None)
            if "refused" in answer:
                raise Refused(*answer["refused"])
            return True
        return False

    def _look(self) -> None:
        if self._untold and self._link.up and (self._telling is None or self._telling.done()):
            self._telling = asyncio.ensure_future(self._tell_all())

    async def _tell_all(self) -> None:
        with contextlib.suppress(Refused):
            while batch := list(self._untold)[:_AT_ONCE]:
                told = await asyncio.gather(*(self._tell(each, wanted=False) for each in batch))
                if not any(told):
                    return  # nobody is elected now; the next beat tries again

    async def _hear(self, said: Any) -> Any:
        """Another hub's token: an answer only from who can introduce it."""
        hub, token = self._hub, said["token"]
        if not hub.introducing.here or hub.broker is None:
            return None
        if broker_place(hub.broker) != said["broker"]:
            return None  # another's
        try:
            grant = hub.grants.verify(token)
            await hub.introducing.introduce(token, grant, wanted=said["wanted"])
        except Refused as refusal:
            return {"refused": [refusal.status, refusal.reason, refusal.detail]}
        return {"known": True}
