"""The hubs of one service: each beats at Redis, and those that do not any more are buried.

A beat also tells a hub what stands: the *life* of the service, which ends when Redis loses what it
had, and who is elected for what. Whoever is elected stops by itself when it could not beat for a
part of its lease, so it has stopped when another takes over.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable

from pushlab.contract.limits import BACK_WITHIN_S
from pushlab.contract.serving import HubSettings
from pushlab.errors import Refused
from pushlab.hub.backplane.redis.link import RedisLink, Script
from pushlab.hub.backplane.redis.silence import Silence

__all__ = ["Members"]

_LEASE_S = (1.0, 10.0)
_LEASE_SHARE = 1 / 3  # of a poll's
_BEATS = 8  # in a lease
_OWN_SHARE = 0.85  # of the lease, after which a hub that cannot beat is elected for nothing
_GRACE_SHARE = 0.5  # of it, in which the readers of a hub that has gone resume elsewhere
_log = logging.getLogger("pushlab")

# A hub that is not known has been buried, or Redis has lost it: it tells all of itself anew.
_BEAT = Script("""
local known = redis.call('HEXISTS', KEYS[1], ARGV[1])
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('SET', KEYS[3], ARGV[2], 'NX')
for i = 3, #ARGV do
  local holder = redis.call('HGET', KEYS[2], ARGV[i])
  if not holder or redis.call('HEXISTS', KEYS[1], holder) == 0 then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[1])
  end
end
return {known, string.match(redis.call('INFO', 'server'), 'run_id:(%x+)'),
  redis.call('GET', KEYS[3]), redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]),
  redis.call('SMEMBERS', KEYS[4])}
""")
# What it held stays under a name of its own, for its readers to come back elsewhere.
_BURY = Script("""
local beat = redis.call('HGET', KEYS[1], ARGV[1])
if not beat or (ARGV[2] ~= '' and beat ~= ARGV[2]) then return -1 end
redis.call('HDEL', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 1 then
  local name = ARGV[1] .. ':' .. beat
  redis.call('RENAME', KEYS[3], ARGV[3] .. name)
  redis.call('SADD', KEYS[2], name)
end
return redis.call('HLEN', KEYS[1])
""")
_RESIGN = Script("""
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('PUBLISH', ARGV[3], '')
return 1
""")


def _name() -> str:
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(3)}"


class Members:
    """One hub among the others.

    Args:
        link: to their Redis.
        settings: of the hub; a hub's lease is a part of a poll's.

    Attributes:
        id: names this hub.
        life: names the life of the service.
        hubs: those that are not buried, this one among them.
        gone: what hubs that are buried held, and nobody has swept yet, by name.
        grace_s: how long to wait before that.
        candidate: for what this hub can be elected.
    """

    def __init__(self, link: RedisLink, settings: HubSettings) -> None:
        self.id = _name()
        self.life = ""
        self.hubs: list[str] = []
        self.gone: list[str] = []
        self.candidate: set[str] = set()
        self.lease_s = min(max(_LEASE_S[0], settings.lease_s * _LEASE_SHARE), _LEASE_S[1])
        self.beat_s = self.lease_s / _BEATS
        self.grace_s = max(self.lease_s * _GRACE_SHARE, BACK_WITHIN_S)
        self._link = link
        self._silence = Silence(self.lease_s, self.beat_s)
        self._elected: dict[str, str] = {}
        self._good_until_s = 0.0
        self._run_id = b""
        self._left = False
        self._beating = asyncio.Lock()
        self._soon = asyncio.Event()
        self._changed = asyncio.Event()
        self._on_beat: list[Callable[[], None]] = []
        self._on_doubt: list[Callable[[], None]] = []

    # ---- life -------------------------------------------------------------------------------

    def on_beat(self, callback: Callable[[], None]) -> None:
        """Call this behind each beat."""
        self._on_beat.append(callback)

    def on_doubt(self, callback: Callable[[], None]) -> None:
        """Call this when Redis may not know any more, or not rightly, what this hub told it."""
        self._on_doubt.append(callback)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Beat while the body runs; the link is up."""
        link = self._link
        link.on_down(self._silence.forget)
        link.on_up(self._beat_if_up)
        await link.follow(link.topic("elect"), lambda _: self._soon.set())
        await self.beat()
        beating = asyncio.ensure_future(self._keep_beating())
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            link.unfollow(link.topic("elect"))

    async def _keep_beating(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.beat_s):
                    await self._soon.wait()
            self._soon.clear()
            await self._beat_if_up()

    async def _beat_if_up(self) -> None:
        try:
            await self.beat()
        except Refused:  # its time is over then, and the link says why
            return
        except Exception:
            _log.exception("a heartbeat failed")

    async def beat(self) -> None:
        """Say that this hub lives, and hear what stands. Raises Refused (503)."""
        async with self._beating:
            if self._left:
                return
            sent_s = asyncio.get_running_loop().time()
            keys = [self._link.key(each) for each in ("hubs", "elected", "service", "gone")]
            args = (self.id, self.next_life(), *sorted(self.candidate))
            known, run_id, life, hubs, elected, gone = await self._link.run(_BEAT, keys, args)
            self._good_until_s = sent_s + _OWN_SHARE * self.lease_s
            beats = {hub.decode(): int(beat) for hub, beat in _pairs(hubs)}
            self.hubs, self.gone = sorted(beats), [each.decode() for each in gone]
            self._elected = {what.decode(): hub.decode() for what, hub in _pairs(elected)}
            doubt = bool(self._run_id) and (not known or run_id != self._run_id)
            self.life, self._run_id = life.decode(), run_id
            if doubt:
                self._silence.forget()
                for callback in self._on_doubt:
                    callback()
            del beats[self.id]
            for hub, beat in self._silence.look(beats, sent_s):
                await self._bury(hub, beat)
        for callback in self._on_beat:
            callback()
        self._tell_changed()

    async def _bury(self, hub: str, beat: int) -> None:
        if await self._take_away(hub, str(beat)) >= 0:
            _log.warning("the hub %s has not been heard of for %g s", hub, self.lease_s)
            self._soon.set()  # what it was elected for is free

    async def _take_away(self, hub: str, beat: str) -> int:
        key = self._link.key
        keys = (key("hubs"), key("gone"), key("here", hub))
        return int(await self._link.run(_BURY, keys, (hub, beat, key("gone", ""))))

    def next_life(self) -> str:
        """A name for another life."""
        return secrets.token_hex(16)

    async def leave(self) -> int:
        """Be no member any more; how many others there are. Raises Refused (503)."""
        async with self._beating:
            self._left = True
            left = await self._take_away(self.id, "")
        return max(0, left)

    # ---- elections --------------------------------------------------------------------------

    def holds(self, what: str) -> bool:
        """Whether this hub is elected for it now, for certain."""
        return self._elected.get(what) == self.id and self.left_s() > 0

    def left_s(self) -> float:
        """How long what this hub is elected for is certain, without another beat."""
        return self._good_until_s - asyncio.get_running_loop().time()

    async def take(self, what: str) -> None:
        """Be elected for it, as the last hub of all. Raises Refused (503)."""
        await self._link.call("HSET", self._link.key("elected"), what, self.id)
        self._elected[what] = self.id
        self._good_until_s = asyncio.get_running_loop().time() + _OWN_SHARE * self.lease_s

    async def resign(self, what: str) -> None:
        """Let another be elected for it, if this hub is."""
        self.candidate.discard(what)
        if self._elected.pop(what, None) == self.id:
            link = self._link
            with contextlib.suppress(Refused):  # it ends by itself
                await link.run(
                    _RESIGN, (link.key("elected"),), (what, self.id, link.topic("elect"))
                )

    async def changed(self, within_s: float) -> None:
        """Wait for the next beat, but no longer than that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, within_s)):
                await self._changed.wait()

    def _tell_changed(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _pairs(flat: list[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(flat[::2], flat[1::2], strict=True))
