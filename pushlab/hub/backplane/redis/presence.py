"""Presence across hubs: Redis has which hubs hold each client, so the first to come and the last to
go are known in one atomic step.

A hub tells what changes at itself, in order. What it could not tell while Redis was away is told as
it stands afterwards. What a hub held that has gone is swept by any other, some seconds later: a
client that is back by then, at another hub, was never gone.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from functools import partial

from pushlab.errors import Refused
from pushlab.hub.backplane.backplane import LocalHub
from pushlab.hub.backplane.redis.link import RedisLink, Script
from pushlab.hub.backplane.redis.members import Members
from pushlab.hub.presence.ledger import Key
from pushlab.hub.presence.presence import PresenceEvent
from pushlab.hub.reasons import HUBS_AWAY

__all__ = ["SharedPresence", "pack", "unpack"]

_BATCH = 500
_log = logging.getLogger("pushlab")

_LIB = """
local function gone(pair, there, tells, events, count)
  local n, rest = string.match(pair, '^(%d+):(.*)$')
  local key, client = there .. string.sub(rest, 1, tonumber(n)), string.sub(rest, tonumber(n) + 1)
  if redis.call('HINCRBY', key, client, -1) > 0 then return 0 end
  redis.call('HDEL', key, client)
  redis.call('DECR', count)
  if tells == '1' then redis.call('XADD', events, '*', '0', pair) end
  return 1
end
"""
# KEYS: hubs, here:<hub>, events, present. ARGV: hub, there:, tells, topic, and for each change 1 or
# 0, channel and client.
_CHANGE = Script(
    f"""{_LIB}
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
local there, tells, told = ARGV[2], ARGV[3], 0
for i = 5, #ARGV, 3 do
  local channel, client = ARGV[i + 1], ARGV[i + 2]
  local pair = #channel .. ':' .. channel .. client
  if ARGV[i] == '1' then
    if redis.call('SADD', KEYS[2], pair) == 1
        and redis.call('HINCRBY', there .. channel, client, 1) == 1 then
      redis.call('INCR', KEYS[4])
      told = told + 1
      if tells == '1' then redis.call('XADD', KEYS[3], '*', '1', pair) end
    end
  elseif redis.call('SREM', KEYS[2], pair) == 1 then
    told = told + gone(pair, there, tells, KEYS[3], KEYS[4])
  end
end
if tells == '1' and told > 0 then redis.call('PUBLISH', ARGV[4], '') end
return 1
"""
)
# Behind the last hub, if there is nothing to be told any more: keys of the service.
_FORGET = Script("""
if redis.call('HLEN', KEYS[1]) > 0 or redis.call('SCARD', KEYS[2]) > 0
    or redis.call('XLEN', KEYS[3]) > 0 then return 0 end
return redis.call('DEL', unpack(KEYS))
""")
# KEYS: gone, gone:<name>, events, present. ARGV: name, there:, tells, topic, how many.
_SWEEP = Script(
    f"""{_LIB}
local pairs, told = redis.call('SPOP', KEYS[2], ARGV[5]), 0
for _, pair in ipairs(pairs) do
  told = told + gone(pair, ARGV[2], ARGV[3], KEYS[3], KEYS[4])
end
if ARGV[3] == '1' and told > 0 then redis.call('PUBLISH', ARGV[4], '') end
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('SREM', KEYS[1], ARGV[1]) return 0 end
return 1
"""
)


def pack(key: Key) -> bytes:
    """Channel and client ID as one member of a set."""
    channel = key[0].encode()
    return b"%d:%b%b" % (len(channel), channel, key[1].encode())


def unpack(pair: bytes) -> Key:
    """The inverse of `pack`."""
    size, _, rest = pair.partition(b":")
    return rest[: int(size)].decode(), rest[int(size) :].decode()


class SharedPresence:
    """One hub's part in it.

    Args:
        hub: whose presence is told.
        link, members: its Redis, and its place among the hubs.
    """

    def __init__(self, hub: LocalHub, link: RedisLink, members: Members) -> None:
        self._hub = hub
        self._link = link
        self._members = members
        self._tells = "0" if hub.poster is None else "1"
        self._changes: list[tuple[Key, bool]] = []
        self._stale: dict[Key, None] = {}  # to be told as they stand
        self._doubtful = False  # perhaps all of them
        self._sending = False
        self._wanted = asyncio.Event()
        self._said = asyncio.Event()
        self._sweeps: dict[str, asyncio.Task[None]] = {}
        hub.presence.listen(self)
        members.on_doubt(self._doubt)
        members.on_beat(self._look_at_gone)
        link.on_down(self._down)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell while the body runs; the link is up, and the hub a member."""
        self._link.on_up(self._up)
        telling = asyncio.ensure_future(self._tell())
        try:
            yield
        finally:
            tasks = [telling, *self._sweeps.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # ---- what changes here ------------------------------------------------------------------

    def __call__(self, event: PresenceEvent) -> None:
        """Take a change for telling."""
        key = event.channel, event.client_id
        if self._hub.closing and not event.connected:
            return  # it resumes elsewhere; `farewell` tells of it if there is nowhere else
        if self._link.up:
            self._changes.append((key, event.connected))
            self._wanted.set()
        else:
            self._stale[key] = None

    def _doubt(self) -> None:
        self._doubtful = True
        self._wanted.set()

    def _down(self) -> None:
        self._stale |= dict.fromkeys(key for key, _ in self._changes)
        self._changes.clear()
        self._said.set()

    async def _up(self) -> None:
        self._wanted.set()

    async def said(self) -> None:
        """Wait until all that has happened here is told, or Redis is away."""
        while self._link.up and (self._changes or self._stale or self._sending or self._doubtful):
            self._said.clear()
            await self._said.wait()

    async def _tell(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._link.up and (self._changes or self._stale or self._doubtful):
                self._sending = True
                try:
                    await self._tell_some()
                except Refused:
                    await asyncio.sleep(self._members.beat_s / 4)
                except Exception:
                    _log.exception("presence could not be told to the other hubs")
                    await asyncio.sleep(self._members.beat_s)
                finally:
                    self._sending = False
            self._said.set()

    async def _tell_some(self) -> None:
        if self._doubtful:
            self._doubtful = False
            try:
                held = await self.held(self._link.key("here", self._members.id))
            except Refused:
                self._doubtful = True
                raise
            self._stale |= dict.fromkeys(held ^ set(self._hub.presence.pairs()))
        presence = self._hub.presence
        batch = [(key, presence.here(*key)) for key in self._stale][:_BATCH]
        for key, _ in batch:
            del self._stale[key]
        room = _BATCH - len(batch)
        batch += self._changes[:room]
        del self._changes[:room]
        try:
            known = await self._change(batch)
        except Refused:
            known = True
            self._stale |= dict.fromkeys(key for key, _ in batch)
            raise
        if not known:  # buried, while nobody heard of this hub: it is one again, and tells all
            await self._members.beat()
            self._doubtful = True

    async def _change(self, batch: Sequence[tuple[Key, bool]]) -> bool:
        key, members = self._link.key, self._members
        keys = [key("hubs"), key("here", members.id), key("events"), key("present")]
        args = [members.id, key("there", ""), self._tells, self._link.topic("events")]
        for (channel, client_id), here in batch:
            args += ["1" if here else "0", channel, client_id]
        return bool(await self._link.run(_CHANGE, keys, args))

    async def held(self, name: str) -> set[Key]:
        """The pairs in a set. Raises Refused."""
        held, cursor = set[Key](), b"0"
        while True:
            cursor, pairs = await self._link.call("SSCAN", name, cursor, "COUNT", _BATCH)
            held |= {unpack(pair) for pair in pairs}
            if cursor == b"0":
                return held

    # ---- who is there -----------------------------------------------------------------------

    async def present(self, channel: str) -> list[str]:
        """The client IDs that are present at any hub, sorted. Raises Refused (503)."""
        await self.said()
        try:
            found = await self._link.call("HKEYS", self._link.key("there", channel))
        except Refused as refusal:
            raise HUBS_AWAY() from refusal
        return sorted(client_id.decode() for client_id in found)

    async def total(self) -> int:
        """How many (channel, client ID) pairs are present at any hub. Raises Refused (503)."""
        await self.said()
        return int(await self._link.call("GET", self._link.key("present")) or 0)

    async def everybody(self) -> set[Key]:
        """All pairs that are present at any hub, of hubs too that are not swept yet."""
        key = self._link.key
        sets = [key("here", hub) for hub in self._members.hubs]
        sets += [key("gone", name) for name in self._members.gone]
        return set[Key]().union(*[await self.held(each) for each in sets])

    # ---- hubs that have gone ----------------------------------------------------------------

    def _look_at_gone(self) -> None:
        for name in self._members.gone:
            if name not in self._sweeps:
                task = asyncio.ensure_future(self._sweep_later(name))
                self._sweeps[name] = task
                task.add_done_callback(partial(self._swept, name))

    def _swept(self, name: str, task: "asyncio.Task[None]") -> None:
        del self._sweeps[name]

    async def _sweep_later(self, name: str) -> None:
        await asyncio.sleep(self._members.grace_s)
        with contextlib.suppress(Refused):  # Redis is away; the next beat finds it again
            await self._sweep(name)

    async def _sweep(self, name: str) -> None:
        key = self._link.key
        keys = (key("gone"), key("gone", name), key("events"), key("present"))
        args = (name, key("there", ""), self._tells, self._link.topic("events"), _BATCH)
        while await self._link.run(_SWEEP, keys, args):
            pass

    async def farewell(self) -> bool:
        """The hub ends: it is a member no more. Whether it was the last; then nobody is there.

        Raises:
            Refused: 503, Redis is away.
        """
        await self.said()
        if await self._members.leave():
            return False
        for name in await self._link.call("SMEMBERS", self._link.key("gone")):
            await self._sweep(name.decode())
        return True

    async def forget(self) -> None:
        """Behind the last hub: leave nothing in Redis that nobody needs. Raises Refused (503)."""
        names = ("hubs", "told", "events", "service", "elected", "reset", "owed", "present", "gone")
        await self._link.run(_FORGET, [self._link.key(each) for each in names], ())
