"""A hub's link to its Redis: one line for commands, one on which topics are heard.

Both stand or the link is down: what Redis says on a topic may have been missed otherwise. A link
that is down comes up again by itself; whoever depends on what was said meanwhile asks then.
"""

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from redis.exceptions import NoScriptError, RedisError, ResponseError

from pushlab.errors import BackplaneUnavailable, Refused
from pushlab.hub.backplane.redis.address import CONNECT_S, RedisAddress
from pushlab.hub.backplane.redis.clock import RedisClock
from pushlab.hub.backplane.redis.line import Answer, Line, Topics
from pushlab.hub.reasons import BACKPLANE_AWAY

__all__ = ["ANSWER_S", "RedisLink", "Script"]

#: Who has waited for so long for Redis waits no longer.
ANSWER_S = 3.0
_TICK_S = 0.25
_BEAT_S = 1.0
_AGAIN_S = (0.05, 1.0)
_log = logging.getLogger("pushlab")

#: Something that is told a topic's messages, in order.
Handler = Callable[[bytes], None]


class Script:
    """A Lua script, which Redis knows by its hash."""

    __slots__ = ("sha", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class RedisLink:
    """Runs scripts at a Redis, and hears topics.

    Args:
        url: see `RedisAddress`.
        now_ns: the monotonic clock here.

    Attributes:
        address: where Redis is.
        clock: the clock of Redis, by the monotonic clock here.
        up: whether Redis can be asked, and all topics are heard.
        settle: called first whenever Redis can be asked again, with what asks it; nobody else can
            before it has returned.
    """

    def __init__(self, url: str, *, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._now_ns = now_ns
        self.address = RedisAddress(url)
        self.clock = RedisClock()
        self.up = False
        self.settle: Callable[[Line], Awaitable[None]] | None = None
        self._line: Line | None = None
        self._topics: Topics | None = None
        self._handlers: dict[bytes, Handler] = {}
        self._on_up: list[Callable[[], Awaitable[None]]] = []
        self._on_down: list[Callable[[], None]] = []

    # ---- names ------------------------------------------------------------------------------

    def key(self, *parts: str) -> str:
        """The key of that name in this service."""
        return ":".join((self.address.prefix, *parts))

    def topic(self, *parts: str) -> str:
        """The topic of that name; topics do not belong to a database, so its number is in it."""
        return ":".join((self.address.prefix, str(self.address.database), *parts))

    # ---- asking -----------------------------------------------------------------------------

    async def run(
        self, script: Script, keys: Sequence[str], args: Sequence[bytes | str | int]
    ) -> Answer:
        """Run a script.

        Raises:
            Refused: 503 `backplane-away`: it was not run; `publish-unknown`: it may have been.
        """
        numbers = (len(keys), *keys, *args)
        try:
            return await self._ask("EVALSHA", script.sha, *numbers)
        except NoScriptError:  # a Redis that has been started anew
            return await self.call("EVAL", script.text, *numbers)
        except ResponseError as error:
            raise self._refused(error) from error

    async def call(self, *command: bytes | str | int) -> Answer:
        """Run one command. Raises as `run`."""
        try:
            return await self._ask(*command)
        except ResponseError as error:
            raise self._refused(error) from error

    def _ask(self, *command: bytes | str | int) -> "Awaitable[Answer]":
        if not self.up or self._line is None:
            raise BACKPLANE_AWAY()
        return self._line.ask(*command)

    def _refused(self, error: ResponseError) -> Refused:
        said = str(error)
        _log.warning("Redis at %s refuses a command: %s", self.address.shown, said)
        return BACKPLANE_AWAY(f"the backplane refuses, and nothing was published: {said[:200]}")

    # ---- topics -----------------------------------------------------------------------------

    async def follow(self, topic: str, handler: Handler) -> None:
        """Call ``handler(message)`` for all that is said on a topic from now on, in order.

        What is said while the link is down is not heard; the topic is, once it is up.

        Raises:
            Refused: 503 `backplane-away`: the topic is not followed.
        """
        if not self.up or self._topics is None:
            raise BACKPLANE_AWAY()
        name = topic.encode()
        self._handlers[name] = handler
        try:
            await self._topics.ask("SUBSCRIBE", name)
        except (Refused, ResponseError) as error:
            if self._handlers.get(name) is handler:
                del self._handlers[name]
            raise BACKPLANE_AWAY() from error

    def unfollow(self, topic: str) -> None:
        """Hear that topic no longer."""
        name = topic.encode()
        if self._handlers.pop(name, None) is not None and self._topics is not None:
            self._topics.ask("UNSUBSCRIBE", name).add_done_callback(_nobody_waits)

    def _heard(self, topic: bytes, message: bytes) -> None:
        handler = self._handlers.get(topic)
        if handler is None:
            return
        try:
            handler(message)
        except Exception:  # one message shall not silence all topics
            _log.exception("a message of the backplane was not understood")

    # ---- up and down ------------------------------------------------------------------------

    def on_up(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Await ``callback()`` whenever the link has come up, one after another as registered.

        Topics that were followed are heard by then. What was said meanwhile was not.
        """
        self._on_up.append(callback)

    def on_down(self, callback: Callable[[], None]) -> None:
        """Call ``callback()`` whenever the link has gone down."""
        self._on_down.append(callback)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the link up while the body runs.

        Raises:
            BackplaneUnavailable: Redis does not answer now, or does not let the hub in.
        """
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        keeping = asyncio.ensure_future(self._keep(first))
        try:
            await asyncio.wait({first, keeping}, return_when=asyncio.FIRST_COMPLETED)
            first.result()
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _keep(self, first: "asyncio.Future[None]") -> None:
        again_s, most_s = _AGAIN_S
        while True:
            try:
                await self._session(first)
            except Exception as error:
                expected = isinstance(error, RedisError | OSError | Refused)
                if not first.done():
                    first.set_exception(self._unavailable(error) if expected else error)
                    return
                if not expected:  # a fault shall not leave the hub without its backplane for ever
                    _log.exception("the link to the backplane failed")
                if self.up:
                    again_s = _AGAIN_S[0]
                    _log.warning("the backplane at %s is away: %s", self.address.shown, error)
            finally:
                await self._cut()
            await asyncio.sleep(again_s)
            again_s = min(2 * again_s, most_s)

    def _unavailable(self, error: Exception) -> BackplaneUnavailable:
        return BackplaneUnavailable(
            f"the Redis at {self.address.shown} cannot be used: {error or 'it does not answer'}"
        )

    async def _session(self, first: "asyncio.Future[None]") -> None:
        """Connect, tell, and stay until a line fails. Raises RedisError or OSError then."""
        self._line = Line(self.address.connection())
        self._topics = Topics(self.address.connection(), self._heard)
        tasks = list[asyncio.Future[None]]()
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.gather(self._line.open(), self._topics.open())
            tasks += [asyncio.ensure_future(each.run()) for each in (self._line, self._topics)]
            tasks.append(asyncio.ensure_future(self._watch()))
            tasks.append(asyncio.ensure_future(self._begin(first)))
            while tasks:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    tasks.remove(task)
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _begin(self, first: "asyncio.Future[None]") -> None:
        assert self._line is not None
        assert self._topics is not None
        await self._measure()
        if self.settle is not None:
            await self.settle(self._line)
        if self._handlers:
            await asyncio.gather(*(self._topics.ask("SUBSCRIBE", each) for each in self._handlers))
        self.up = True
        for callback in self._on_up:
            await callback()
        if not first.done():
            first.set_result(None)
        else:
            _log.warning("the backplane at %s is back", self.address.shown)
        while True:
            await asyncio.sleep(_BEAT_S)
            await asyncio.gather(self._measure(), self._topics.ask("PING"))

    async def _measure(self) -> None:
        assert self._line is not None
        sent_ns = self._now_ns()
        seconds, us = await self._line.ask("TIME")
        self.clock.note(sent_ns, self._now_ns(), int(seconds) * 1_000_000 + int(us))

    async def _watch(self) -> None:
        """Raise once Redis has been silent for too long; it is not if this process was."""
        late = 0
        while True:
            await asyncio.sleep(_TICK_S)
            lines = (self._line, self._topics)
            silent = any(each is not None and each.unanswered_s() > ANSWER_S for each in lines)
            late = late + 1 if silent else 0
            if late > 1:
                raise TimeoutError(f"it has not answered for {ANSWER_S:g} s")

    async def _cut(self) -> None:
        was_up, self.up = self.up, False
        lines, self._line, self._topics = (self._line, self._topics), None, None
        for line in lines:
            if line is not None:
                with contextlib.suppress(RedisError, OSError):
                    await line.close()
        if was_up:
            for callback in self._on_down:
                callback()


def _nobody_waits(future: "asyncio.Future[Answer]") -> None:
    if not future.cancelled():
        future.exception()
