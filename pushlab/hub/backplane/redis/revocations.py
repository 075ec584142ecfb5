"""What is revoked at one hub is revoked at all of them, and at those that start later.

Redis keeps each revocation until its last token has expired. A hub learns of new ones as they are
made, and of all when it starts or was cut off. What Redis has lost, the hubs give back.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from pushlab.errors import Refused
from pushlab.hub.backplane.backplane import LocalHub
from pushlab.hub.backplane.redis.link import RedisLink, Script
from pushlab.hub.backplane.redis.talk import Talk
from pushlab.hub.keys.revoked import Revocation
from pushlab.hub.reasons import NOT_TOLD

__all__ = ["SharedRevocations"]

_SLACK_S = 86_400
_BATCH = 500

# Those that are new, of so many pairs of an end and a revocation. No token lives longer than a day,
# so all are over when nothing has been revoked for two.
_KEEP = Script("""
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[1]))
local fresh = {}
for i = 2, #ARGV, 2 do
  if redis.call('ZADD', KEYS[1], 'NX', ARGV[i], ARGV[i + 1]) == 1 then
    fresh[#fresh + 1] = ARGV[i + 1]
  end
end
redis.call('EXPIRE', KEYS[1], 2 * tonumber(ARGV[1]))
return fresh
""")


class SharedRevocations:
    """One hub's part in it.

    Args:
        hub: whose grants are revoked.
        link, talk: to the others.
    """

    def __init__(self, hub: LocalHub, link: RedisLink, talk: Talk) -> None:
        self._grants = hub.grants
        self._link = link
        self._talk = talk
        self._known = 0  # how many there were when Redis had all
        self._learning: asyncio.Task[None] | None = None
        talk.hear("revoked", self._hear)
        talk.hear("order", self._last_order)

    async def learn(self) -> None:
        """Take over what Redis has, and give it what it has not. Raises Refused (503)."""
        key = self._link.key("revoked")
        known = await self._link.call("ZRANGE", key, 0, -1)
        self._grants.learn([_read(each) for each in known])
        mine = {_words(each): each for each in self._grants.revoked.all()}
        for words in known:
            mine.pop(words.decode(), None)
        await self._tell(mine.values())
        self._known = len(self._grants.revoked)

    async def revoke(self, act: Callable[[], int]) -> int:
        """Let `act` revoke here, and all hubs do the same; how much that has ended.

        Raises:
            Refused: 503 `backplane-away`: here alone, until Redis is back. What `act` raises.
        """
        grants = self._grants
        try:
            for order in (await self._talk.ask("order")).given.values():
                grants.keys.number_behind(int(order))  # of all that was given out up to now
        except Refused:
            pass  # told of below, when it is revoked here
        made = list[Revocation]()
        grants.on_revoked = made.append
        try:
            ended = act()
        finally:
            grants.on_revoked = None
        try:
            return ended + await self._tell(made)
        except Refused as refusal:
            raise NOT_TOLD() from refusal

    async def _tell(self, revocations: Iterable[Revocation]) -> int:
        """Keep them and tell all hubs; how much that has ended there."""
        ended, told = 0, list(revocations)
        while told:
            batch, told = told[:_BATCH], told[_BATCH:]
            args = [part for each in batch for part in (int(each.until) + 1, _words(each))]
            fresh = await self._link.run(_KEEP, (self._link.key("revoked"),), (_SLACK_S, *args))
            if fresh:
                said = [words.decode() for words in fresh]
                answers = await self._talk.ask("revoked", said)
                ended += sum(map(int, answers.given.values()))
        return ended

    async def _hear(self, said: Any) -> int:
        return self._grants.learn([_read(each) for each in said])

    def look(self) -> None:
        """Tell of what a journal had that is new, or a `revoke` could not tell."""
        learning = self._learning is not None and not self._learning.done()
        if len(self._grants.revoked) != self._known and not learning:
            self._learning = asyncio.ensure_future(self._learn_soon())

    async def _learn_soon(self) -> None:
        with contextlib.suppress(Refused):
            await self.learn()

    async def _last_order(self, said: Any) -> int:
        return self._grants.keys.last_order


def _words(revocation: Revocation) -> str:
    return json.dumps(asdict(revocation), sort_keys=True)


def _read(words: str | bytes) -> Revocation:
    return Revocation(**json.loads(words))
