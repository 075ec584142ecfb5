"""The story in which a poll loop is tried: a server that gets lost, busy, slow, or begins again."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from random import Random
from typing import Any

from pushlab.course.builds.world import Later, World

__all__ = ["RETRY_S", "WAY_S", "Answer", "Message", "Seen", "Server", "a_while", "run"]

WAY_S = 0.03  # from a client to the server, and back again
_PATIENCE_S = 2.0  # after which a client no longer waits for an answer
RETRY_S = 5.0  # for how long a busy server wants to be left alone

Follow = Callable[..., Coroutine[Any, Any, Any]]
#: What may become of a question: "lost" is the answer, "busy" says 503, a number is a slow answer.
Fate = str | float


@dataclass(frozen=True, slots=True)
class Message:
    """A message: `number` counts from 1 in each life of the server."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says."""

    status: int
    epoch: str
    messages: Sequence[Message] = ()
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a run: what was shown, in order and with its time, and when what was asked."""

    shown: list[str] = field(default_factory=list)
    asked: list[tuple[float, int]] = field(default_factory=list)
    when: list[tuple[float, str]] = field(default_factory=list)


@dataclass(slots=True)
class Server:
    """The server of the story."""

    world: World
    fates: Mapping[int, Fate]
    down: tuple[float, float] = (-1.0, -1.0)
    asked: list[tuple[float, int]] = field(default_factory=list)
    life: int = 1
    log: list[Message] = field(default_factory=list)

    def publish(self, text: str) -> None:
        """Somebody writes."""
        self.log.append(Message(len(self.log) + 1, text))

    def restart(self) -> None:
        """It begins again, and knows nothing."""
        self.life += 1
        self.log.clear()

    def ask(self, after: int) -> Later:
        """What a client calls."""
        if isinstance(after, bool) or not isinstance(after, int):
            told = f"ask needs the number of the last message, not {type(after).__name__}"
            raise TypeError(told)
        return self.world.later("ask", partial(self._take, after))

    def _take(self, after: int, it: Later) -> None:
        fate = self.fates.get(len(self.asked), 0.0)
        now_s = self.world.now_s
        self.asked.append((now_s, after))
        if self.down[0] <= now_s < self.down[1]:
            refused = ConnectionError("nobody is there")
            self.world.at(now_s + 0.01, lambda: it.failed(refused))
        elif fate == "lost":
            lost = ConnectionError("no answer came")
            self.world.at(now_s + _PATIENCE_S, lambda: it.failed(lost))
        else:
            self.world.at(now_s + WAY_S, lambda: self._answer(after, it, fate))

    def _answer(self, after: int, it: Later, fate: Fate) -> None:
        found = self.log[max(after, 0) :]
        answer = Answer(200 if found else 204, f"life-{self.life}", found)
        if fate == "busy":
            answer = Answer(503, f"life-{self.life}", retry_after_s=RETRY_S)
        slow_s = 0.0 if isinstance(fate, str) else fate
        self.world.at(self.world.now_s + WAY_S + slow_s, lambda: it.done(answer))


def run(
    follow: Follow,
    *,
    writes: Sequence[tuple[float, str]] = (),
    until_s: float = 10.0,
    fates: Mapping[int, Fate] | None = None,
    restarts: Sequence[float] = (),
    down: tuple[float, float] = (-1.0, -1.0),
) -> Seen:
    """Let a poll loop run in the story.

    Args:
        writes: when which text is written.
        fates: of the questions, by their number from 0.
        restarts: when the server begins again.
        down: from when to when nobody is there.
    """
    world = World()
    server = Server(world, fates or {}, down)
    seen = Seen([], server.asked)
    for at_s in restarts:
        world.at(at_s, server.restart)
    for at_s, text in writes:
        world.at(at_s, partial(server.publish, text))

    def show(text: str) -> None:
        seen.shown.append(text)
        seen.when.append((world.now_s, text))

    world.start(follow(server.ask, world.sleep, show))
    world.run(until_s)
    return seen


@cache
def a_while() -> tuple[Mapping[str, Any], Sequence[str]]:
    """Minutes with everything in them, for `run`, and what should be shown; always the same."""
    rng = Random(1)
    writes: list[tuple[float, str]] = []
    restarts: list[float] = []
    at_s = 0.0
    while at_s < 1100:
        at_s += rng.expovariate(0.2)
        if rng.random() < 0.03:  # quiet for a while, then it begins again
            at_s += 30
            restarts.append(at_s)
            at_s += 1
        writes.extend((at_s, f"message {len(writes) + more}") for more in range(rng.choice((1, 3))))
    fates = {n: rng.choice(("lost", "busy", 0.4, 3.0)) for n in range(1200) if rng.random() < 0.05}
    story = {"writes": writes, "restarts": restarts, "fates": fates, "until_s": 1200.0}
    return story, [text for _, text in writes]
