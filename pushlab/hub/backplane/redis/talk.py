"""What hubs say to each other through Redis: words to all, and questions that each answers."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

from pushlab.errors import Refused
from pushlab.hub.backplane.redis.link import RedisLink, Script

__all__ = ["Answers", "Talk"]

_WITHIN_S = 2.0
_log = logging.getLogger("pushlab")

_ASK = Script("""
redis.call('PUBLISH', ARGV[1], ARGV[2])
return redis.call('HKEYS', KEYS[1])
""")

#: Hears what was said, and gives the answer if it was a question; None: this hub has none.
Hearer = Callable[[Any], Awaitable[Any]]


class Answers(NamedTuple):
    """The answers by hub, and who has given none in time; whoever asked is not among them."""

    given: dict[str, Any]
    silent: list[str]


class _Question:
    def __init__(self, enough: Callable[[dict[str, Any]], bool] | None) -> None:
        self.given: dict[str, Any] = {}
        self.hubs: set[str] | None = None
        self.enough = enough
        self.done = asyncio.Event()

    def look(self) -> None:
        all_there = self.hubs is not None and self.hubs <= self.given.keys()
        if all_there or (self.enough is not None and self.enough(self.given)):
            self.done.set()


class Talk:
    """One hub's part in it.

    Args:
        link: to their Redis.
        own: this hub's name.
    """

    def __init__(self, link: RedisLink, own: str) -> None:
        self._link = link
        self._own = own
        self._hearers: dict[str, Hearer] = {}
        self._questions: dict[int, _Question] = {}
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def hear(self, what: str, hearer: Hearer) -> None:
        """Await ``hearer(body)`` for all that others say of this."""
        self._hearers[what] = hearer

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hear while the body runs; the link is up."""
        link = self._link
        topics = {link.topic("all"): self._said, link.topic("to", self._own): self._answered}
        for topic, heard in topics.items():
            await link.follow(topic, heard)
        try:
            yield
        finally:
            for topic in topics:
                link.unfollow(topic)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- saying -----------------------------------------------------------------------------

    async def say(self, what: str, body: Any) -> None:
        """Say it to all others that hear now. Raises Refused (503)."""
        await self._link.call("PUBLISH", self._link.topic("all"), self._words(what, body, 0))

    async def ask(
        self,
        what: str,
        body: Any = None,
        *,
        within_s: float = _WITHIN_S,
        enough: Callable[[dict[str, Any]], bool] | None = None,
    ) -> Answers:
        """Ask all others.

        Args:
            enough: whether there is no need to wait for more.

        Raises:
            Refused: 503, nobody can be asked.
        """
        self._number += 1
        number = self._number
        question = self._questions[number] = _Question(enough)
        try:
            words = self._words(what, body, number)
            link = self._link
            hubs = await link.run(_ASK, (link.key("hubs"),), (link.topic("all"), words))
            question.hubs = {hub.decode() for hub in hubs} - {self._own}
            question.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await question.done.wait()
        finally:
            del self._questions[number]
        given = {hub: answer for hub, answer in question.given.items() if answer is not None}
        return Answers(given, sorted(question.hubs - question.given.keys()))

    def _words(self, what: str, body: Any, number: int) -> str:
        return json.dumps({"from": self._own, "what": what, "body": body, "number": number})

    # ---- hearing ----------------------------------------------------------------------------

    def _said(self, message: bytes) -> None:
        said = json.loads(message)
        hearer = self._hearers.get(said["what"])
        if said["from"] != self._own and hearer is not None:
            task = asyncio.ensure_future(self._hear(said, hearer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _hear(self, said: dict[str, Any], hearer: Hearer) -> None:
        try:
            answer = await hearer(said["body"])
            if said["number"]:
                words = {"from": self._own, "number": said["number"], "answer": answer}
                to = self._link.topic("to", said["from"])
                await self._link.call("PUBLISH", to, json.dumps(words))
        except Refused:  # Redis is away; whoever asked hears nothing
            return
        except Exception:
            _log.exception("another hub's words were not understood")

    def _answered(self, message: bytes) -> None:
        said = json.loads(message)
        question = self._questions.get(said["number"])
        if question is not None:
            question.given[said["from"]] = said["answer"]
            question.look()
