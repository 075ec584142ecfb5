"""Telling the application who comes and goes at all hubs: the elected hub does, in order.

What happens stands in a stream in Redis until the application has heard it, and beside it whom it
knows to be there. So the hub that takes over begins where the last one ended; what that one had
posted and not noted down is told twice, as after an answer that was lost.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator

from pushlab.contract.turns import Deposed
from pushlab.errors import Refused
from pushlab.hub.backplane.redis.link import RedisLink, Script
from pushlab.hub.backplane.redis.members import Members
from pushlab.hub.backplane.redis.presence import SharedPresence, pack, unpack
from pushlab.hub.presence.ledger import Key
from pushlab.hub.presence.posts import PresencePoster
from pushlab.hub.presence.presence import PresenceEvent

__all__ = ["TELLING", "Teller"]

TELLING = "presence"
_BATCH = 500
_LAST_S = 1.0
_log = logging.getLogger("pushlab")

# KEYS: elected, told, events, owed, reset, life. ARGV: what for, hub, life, and what to do, each
# with its object. + and -: the application knows that this pair is there, or not. x: an event is
# done. o: whether more is owed to the application than what events say. z: it has forgotten all.
_NOTE = Script("""
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if redis.call('GET', KEYS[6]) ~= ARGV[3] then return 0 end
for i = 4, #ARGV, 2 do
  local what, it = ARGV[i], ARGV[i + 1]
  if what == '+' then redis.call('SADD', KEYS[2], it)
  elseif what == '-' then redis.call('SREM', KEYS[2], it)
  elseif what == 'x' then redis.call('XDEL', KEYS[3], it)
  elseif what == 'o' then
    if it == '1' then redis.call('SET', KEYS[4], '1') else redis.call('DEL', KEYS[4]) end
  elseif what == 'z' then
    redis.call('DEL', KEYS[2])
    if it ~= '' then redis.call('SET', KEYS[5], it) end
  end
end
return 1
""")
# KEYS: life, told, owed. ARGV: the life, and the next one.
_END_LIFE = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[3], '1')
return 1
""")


class Teller:
    """Tells the application while this hub is elected for it.

    Args:
        poster: to the application.
        presence: of all hubs.
    """

    def __init__(
        self, poster: PresencePoster, link: RedisLink, members: Members, presence: SharedPresence
    ) -> None:
        self._poster = poster
        self._link = link
        self._members = members
        self._presence = presence
        self._there: set[Key] = set()
        self._events: dict[Key, deque[bytes]] = {}  # those that are not told yet
        self._notes: list[tuple[str, bytes]] = []
        self._last = b""
        self._life = ""
        self._owed = False
        self._doubt = False  # whether Redis has forgotten some of this term
        self._nudged = asyncio.Event()
        self._noted = asyncio.Event()
        self._ready = asyncio.Event()
        poster.tell_of(self._everybody, heard=self._heard, forgot=self._forgot)
        members.on_doubt(self._restarted)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell while the body runs."""
        link, topic = self._link, self._link.topic("events")
        telling = asyncio.ensure_future(self._tell())
        try:
            await link.follow(topic, lambda _: self._nudged.set())
            yield
        except Deposed:
            telling.cancel()
            if self._doubt:  # what Redis has of it is wrong, and the next one cannot know
                await self._end_life()
            raise
        finally:
            link.unfollow(topic)
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def drain(self, limit_s: float) -> None:
        """Wait until all is told that has happened, but no longer than so many seconds."""
        with contextlib.suppress(TimeoutError, Refused):
            async with asyncio.timeout(limit_s):
                await self._ready.wait()
                await self._read()
                await self._poster.drain(limit_s)
                await self._note_down()

    def _everybody(self) -> set[Key]:
        return self._there

    # ---- one term ---------------------------------------------------------------------------

    async def _tell(self) -> None:
        while True:
            try:
                await self._term()
            except Refused:
                await asyncio.sleep(self._members.beat_s)
            except Exception:
                _log.exception("presence could not be told to the application")
                await asyncio.sleep(self._members.beat_s)

    async def _term(self) -> None:
        """Tell until the life of the service is another one."""
        self._life = life = self._members.life
        poster = self._poster
        get, key = self._link.call, self._link.key
        told = await self._presence.held(key("told"))
        owed, reset = await get("GET", key("owed")), await get("GET", key("reset"))
        poster.begin(life, told, reset=reset != life.encode())
        self._there, self._events, self._notes, self._last = set(told), {}, [], b""
        self._owed = self._doubt = False
        await self._read()
        if owed:
            self._owed = True
            self._there = await self._presence.everybody()
            poster.make_up()
        posting = asyncio.ensure_future(poster.run())
        noting = asyncio.ensure_future(self._keep_noting())
        self._ready.set()
        try:
            while self._members.life == life:
                with contextlib.suppress(Refused):  # it goes on when Redis is back
                    if self._doubt:
                        await self._write_anew()
                    await self._read()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._members.beat_s):
                        await self._nudged.wait()
                self._nudged.clear()
        finally:
            self._ready.clear()
            if self._members.holds(TELLING):
                await poster.rest(_LAST_S)
            for task in (posting, noting):
                task.cancel()
            await asyncio.gather(posting, noting, return_exceptions=True)
            with contextlib.suppress(Refused):
                await self._note_down()

    async def _read(self) -> None:
        """Take all events that have not been taken."""
        while True:
            after = b"(" + self._last if self._last else b"-"
            events = self._link.key("events")
            entries = await self._link.call("XRANGE", events, after, "+", "COUNT", _BATCH)
            for entry, (connected, pair) in entries:
                self._last = entry
                self._take(entry, unpack(pair), connected == b"1")
            if len(entries) < _BATCH:
                return

    def _take(self, entry: bytes, key: Key, connected: bool) -> None:
        self._events.setdefault(key, deque()).append(entry)
        if (key in self._there) != connected:
            (self._there.add if connected else self._there.discard)(key)
            self._poster(PresenceEvent(key[1], key[0], connected))
            if self._poster.overflown:
                self._owe(True)
        self._trim(key)

    def _trim(self, key: Key) -> None:
        """Events of this client that need not be told any more are done."""
        events = self._events.get(key)
        if events is None:
            return
        left = self._poster.left(key)
        while len(events) > left:
            self._note("x", events.popleft())
        if not events:
            del self._events[key]

    # ---- what the application knows ---------------------------------------------------------

    def _heard(self, key: Key, connected: bool | None) -> None:
        """It was told of a client, or there is nothing to tell of it (None)."""
        if connected is not None:
            self._note("+" if connected else "-", pack(key))
        self._trim(key)
        if self._owed and self._poster.idle:
            self._owe(False)

    def _forgot(self) -> None:
        """It has heard the reset."""
        self._note("z", self._life.encode())
        self._owe(True)
        for key in list(self._events):
            self._trim(key)

    def _owe(self, owed: bool) -> None:
        if owed != self._owed:
            self._owed = owed
            self._note("o", b"1" if owed else b"0")

    def _note(self, what: str, it: bytes) -> None:
        self._notes.append((what, it))
        self._noted.set()

    async def _keep_noting(self) -> None:
        while True:
            await self._noted.wait()
            self._noted.clear()
            try:
                await self._note_down()
            except Refused:
                await asyncio.sleep(self._members.beat_s)
                self._noted.set()

    async def _note_down(self) -> None:
        key = self._link.key
        keys = [key(each) for each in ("elected", "told", "events", "owed", "reset", "service")]
        while self._notes:
            batch = self._notes[:_BATCH]
            args = [part for note in batch for part in note]
            await self._link.run(_NOTE, keys, (TELLING, self._members.id, self._life, *args))
            del self._notes[: len(batch)]

    # ---- Redis has been started anew --------------------------------------------------------

    def _restarted(self) -> None:
        self._doubt = True
        self._nudged.set()

    async def _write_anew(self) -> None:
        """What this hub knows is newer than what Redis does."""
        if not self._members.holds(TELLING):
            return
        self._note("z", b"")
        for key in self._poster.told:
            self._note("+", pack(key))
        if self._last:
            open_ = {entry for entries in self._events.values() for entry in entries}
            events = self._link.key("events")
            for entry, _ in await self._link.call("XRANGE", events, "-", self._last):
                if entry not in open_:
                    self._note("x", entry)
        await self._note_down()
        self._doubt = False

    async def _end_life(self) -> None:
        keys = [self._link.key(each) for each in ("service", "told", "owed")]
        with contextlib.suppress(Refused):
            await self._link.run(_END_LIFE, keys, (self._life, self._members.next_life()))
