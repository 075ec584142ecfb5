"""Chapter 3's build: a long-poll server, which keeps a question until there is something to say."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from pushlab.course.builds.base import Build
from pushlab.course.builds.cases import Case, Slip, StudentError, Words
from pushlab.course.builds.world import Bell, World

__all__ = ["BUILDS"]

#: Questions to the server: when, in which room, after how many texts, held for how long.
Asked = Sequence[tuple[float, str, int, float]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a question got.

    Attributes:
        at_s: when it was answered; None if it never was.
    """

    texts: Sequence[str] = ()
    at_s: float | None = None

    def __repr__(self) -> str:
        if self.at_s is None:
            return "no answer"
        return f"{list(self.texts)} at {round(self.at_s, 3):g} s"


def _texts(told: Any) -> list[str]:
    if not isinstance(told, list | tuple):
        wanted = "`answer` should return a list of texts, an empty one for nothing new"
        raise StudentError("no list", f"{wanted}; it returns {type(told).__name__}.")
    return list(told)


def _run(
    kind: Any, asked: Asked, writes: Sequence[tuple[float, str, str]], until_s: float = 100.0
) -> list[Reply]:
    """What each question got.

    Args:
        writes: when, in which room, which text.
    """
    world = World()
    bell = Bell(world)
    desk = kind(bell.wait, bell.ring, lambda: world.now_s)
    replies = [Reply()] * len(asked)

    def ask(number: int, room: str, after: int, hold_s: float) -> None:
        def answered(told: Any) -> None:
            replies[number] = Reply(_texts(told), world.now_s)

        world.start(desk.answer(room, after, hold_s)).then(answered)

    for number, (at_s, room, after, hold_s) in enumerate(asked):
        world.at(at_s, partial(ask, number, room, after, hold_s))
    for at_s, room, text in writes:
        world.at(at_s, partial(desk.publish, room, text))
    world.run(until_s)
    return replies


def _same(came: Sequence[Reply], expected: Sequence[Reply]) -> bool:
    return len(came) == len(expected) and all(
        one.at_s is not None
        and two.at_s is not None
        and abs(one.at_s - two.at_s) < 0.01
        and list(one.texts) == list(two.texts)
        for one, two in zip(came, expected, strict=True)
    )


def _case(
    name: str,
    given: str,
    asked: Asked,
    writes: Sequence[tuple[float, str, str]],
    expected: Sequence[tuple[Sequence[str], float]],
    *slips: Slip,
    otherwise: str = "",
) -> Case:
    return Case(
        name=name,
        given=given,
        tries=lambda kind: _run(kind, asked, writes),
        expected=[Reply(texts, at_s) for texts, at_s in expected],
        same=_same,
        slips=slips,
        otherwise=otherwise,
    )


_NEVER = Slip(
    "never answers",
    lambda came: came[0].at_s is None,
    "This question gets no answer at all. A client that hears nothing takes the line for dead:"
    " answer with an empty list when the time is over.",
)
_AT_ONCE = Slip(
    "does not hold",
    lambda came: came[0].at_s is not None and came[0].at_s < 0.5 and not came[0].texts,
    "You answer at once, with nothing. That is short polling. Keep the question: `await"
    " self.wait(...)`.",
)
_FOR_ANOTHER = Slip(
    "woken by another room",
    lambda came: not came[0].texts and came[0].at_s is not None and came[0].at_s < 9,
    "The bell rings for every room. You were woken by a message of another one, and answered with"
    " nothing. Look again, and if there is nothing for this client, go on waiting.",
)
_LEAKS = Slip(
    "rooms leak",
    lambda came: any("tea" in text for each in came for text in each.texts),
    'A client of the room "chess" gets what was written in another room. Keep each room\'s texts'
    " apart.",
)


def _evening(kind: Any) -> tuple[list[list[str]], int]:
    """Three clients in two rooms for a minute: what each got, and how many questions that took."""
    world, rng = World(), Random(3)
    bell = Bell(world)
    desk = kind(bell.wait, bell.ring, lambda: world.now_s)
    got: list[list[str]] = [[], [], []]
    asked = 0

    async def client(mine: list[str], room: str) -> None:
        nonlocal asked
        while True:
            asked += 1
            mine.extend(_texts(await desk.answer(room, len(mine), 5.0)))
            await world.sleep(0.05)

    for mine, room in zip(got, _ROOMS, strict=True):
        world.start(client(mine, room))
    at_s = 0.0
    for number in range(60):
        at_s += rng.uniform(0.1, 1.5)
        world.at(at_s, partial(desk.publish, rng.choice(("chess", "tea")), f"message {number}"))
    world.run(70.0)
    return got, asked


_ROOMS = ("chess", "chess", "tea")


def _written() -> dict[str, list[str]]:
    rng, found = Random(3), {"chess": [], "tea": []}  # type: ignore[var-annotated]
    for number in range(60):
        rng.uniform(0.1, 1.5)
        found[rng.choice(("chess", "tea"))].append(f"message {number}")
    return found


def _summary(came: tuple[list[list[str]], int]) -> Words:
    got, asked = came
    whole = _written()
    wrong = sum(mine != whole[room] for mine, room in zip(got, _ROOMS, strict=True))
    return Words(f"{3 - wrong} of 3 clients have everything, in {asked} questions")


_CASES = (
    _case(
        "there is something already",
        'in the room "chess" stand "e4" and "e5"; at 1 s somebody asks who has one of them',
        [(1.0, "chess", 1, 10.0)],
        [(0.2, "chess", "e4"), (0.3, "chess", "e5")],
        [(["e5"], 1.0)],
        Slip(
            "forgets what he has",
            lambda came: list(came[0].texts) == ["e4", "e5"],
            "The client has `after` texts already, one of them here. Give him those behind it.",
        ),
        Slip(
            "waits first",
            lambda came: "e5" in came[0].texts and (came[0].at_s or 0) > 1.5,
            "The answer is right, and late. Who has something to say does not hold the question:"
            " look first, then wait.",
        ),
        Slip(
            "keeps nothing",
            lambda came: not came[0].texts,
            "There is something for this client, and he does not get it. `publish` has to keep the"
            " text, and `answer` has to look for it before it waits.",
        ),
        _NEVER,
    ),
    _case(
        "the answer comes late",
        'somebody asks at 0 s and may be held for 10 s; "e4" is written at 3 s',
        [(0.0, "chess", 0, 10.0)],
        [(3.0, "chess", "e4")],
        [(["e4"], 3.0)],
        _AT_ONCE,
        _NEVER,
        Slip(
            "nobody rings",
            lambda came: (came[0].at_s or 0) > 9,
            "The question is held to its end although there is something at 3 s. Who publishes has"
            " to wake those who wait: `self.ring()`.",
        ),
        Slip(
            "looks too early",
            lambda came: not came[0].texts,
            "You wake at the right time, and answer with what you knew before. Look once more after"
            " the waiting.",
        ),
    ),
    _case(
        "nobody writes",
        "somebody asks at 0 s and may be held for 30 s; nobody writes",
        [(0.0, "chess", 0, 30.0)],
        [],
        [([], 30.0)],
        _AT_ONCE,
        _NEVER,
        otherwise="After 30 s the answer is an empty list, no sooner and no later.",
    ),
    _case(
        "ten who wait",
        'ten clients ask at 0 s; "e4" is written at 2 s',
        [(0.0, "chess", 0, 10.0)] * 10,
        [(2.0, "chess", "e4")],
        [(["e4"], 2.0)] * 10,
        Slip(
            "only one gets it",
            lambda came: 0 < sum("e4" in each.texts for each in came) < 10,
            "Not all ten get it. A message is for everybody in the room: do not take it out of the"
            " list when you give it to one.",
        ),
    ),
    _case(
        "woken in vain",
        'somebody in "chess" asks at 0 s, may be held for 10 s; in another room "tea?" is written'
        ' at 2 s, and in "chess" "e4" at 7 s',
        [(0.0, "chess", 0, 10.0)],
        [(2.0, "tea", "tea?"), (7.0, "chess", "e4")],
        [(["e4"], 7.0)],
        _LEAKS,
        _FOR_ANOTHER,
        _NEVER,
    ),
    _case(
        "woken in vain, and nothing more",
        'somebody in "chess" asks at 0 s, may be held for 10 s; in another room something is'
        " written at 2, 4, 6 and 8 s",
        [(0.0, "chess", 0, 10.0)],
        [(at_s, "tea", "tea?") for at_s in (2.0, 4.0, 6.0, 8.0)],
        [([], 10.0)],
        _FOR_ANOTHER,
        Slip(
            "begins to count anew",
            lambda came: came[0].at_s is None or came[0].at_s > 10.1,
            "After each ring you wait the whole time once more, so the question is held too long."
            " Note at the beginning when it must end (`self.now()`), and wait for what is left.",
        ),
    ),
    _case(
        "no time at all",
        "somebody asks with `hold_s` 0, and there is nothing",
        [(1.0, "chess", 0, 0.0)],
        [],
        [([], 1.0)],
        _NEVER,
    ),
    Case(
        name="an evening in two rooms",
        given="three clients in two rooms ask again after each answer; 60 messages in a minute",
        tries=_evening,
        expected=Words("3 of 3 clients have everything, in at most 150 questions"),
        same=lambda came, _: came[0] == [_written()[room] for room in _ROOMS] and came[1] <= 150,
        shows=_summary,
        otherwise="A client counts the texts it has, and asks for those behind them.",
    ),
)

_SKELETON = """
class Desk:
    def __init__(self, wait, ring, now):
        self.wait, self.ring, self.now = wait, ring, now
        self.rooms = {}  # the texts of each room, oldest first

    def publish(self, room, text):
        pass  # somebody writes

    async def answer(self, room, after, hold_s):
        return []  # the texts behind the first `after` ones
"""

_GAPS = """
class Desk:
    def __init__(self, wait, ring, now):
        self.wait, self.ring, self.now = wait, ring, now
        self.rooms = {}

    def publish(self, room, text):
        self.rooms.setdefault(room, []).append(text)
        ...  # wake those who wait

    async def answer(self, room, after, hold_s):
        ends_s = self.now() + hold_s
        while True:
            new = self.rooms.get(room, [])[after:]
            left_s = ...
            if new or ...:
                return new
            await self.wait(left_s)
"""

_CODE = """
class Desk:
    def __init__(self, wait, ring, now):
        self.wait, self.ring, self.now = wait, ring, now
        self.rooms = {}

    def publish(self, room, text):
        self.rooms.setdefault(room, []).append(text)
        self.ring()

    async def answer(self, room, after, hold_s):
        ends_s = self.now() + hold_s
        while True:
            new = self.rooms.get(room, [])[after:]
            left_s = ends_s - self.now()
            if new or left_s <= 0:
                return new
            await self.wait(left_s)
"""

BUILDS: tuple[Build, ...] = (
    Build(
        name="Desk",
        question=(
            "Build it: a server that answers late. Two things happen to it. Somebody writes:"
            " `publish(room, text)`. And somebody asks: `answer(room, after, hold_s)` returns a"
            " list of the room's texts behind the first `after` ones, which the client has"
            " already.\n\n"
            "Is there something, it answers at once. Is there nothing, it keeps the question until"
            " somebody writes in this room, but no longer than `hold_s` seconds; then it answers"
            " with an empty list.\n\n"
            "Your server is given three things. `await self.wait(seconds)` sleeps until"
            " somebody rings, and no longer than so many seconds. `self.ring()` wakes all who"
            " wait, in every room. `self.now()` is the time in seconds. Time is virtual."
        ),
        skeleton=_SKELETON,
        hints=(
            "Forget the waiting at first. `publish` keeps the text in the room's list, and `answer`"
            " returns the part of that list behind `after`: `texts[after:]`. A room in which nobody"
            " has written has no list yet: `self.rooms.setdefault(room, [])` makes one.",
            "If there is nothing, `await self.wait(hold_s)`, and look once more. `publish` must"
            " `self.ring()`, or everybody sleeps to the end.",
            "The bell rings for every room, so you may be woken in vain. Look and wait in a loop:"
            " `while True:`. Note first when the question must end, and wait only for what is left"
            " until then.",
        ),
        gaps=_GAPS,
        code=_CODE,
        cases=_CASES,
        why=(
            "Look, wait, look again: who is woken does not know why. That is how every server that"
            " keeps questions is built, and how pushlab's hub does it. What is held costs memory"
            " and a line for each client; what wakes all of them at once is the storm."
        ),
    ),
)
