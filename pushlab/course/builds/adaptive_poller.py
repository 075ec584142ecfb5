"""Chapter 10's first build: a whole adaptive poller, which loses nothing and asks with care."""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from random import Random
from statistics import fmean
from typing import Any

from pushlab.course.builds.base import Build
from pushlab.course.builds.cases import Case, Slip, Words
from pushlab.course.builds.poll_loop import BUILDS as CHAPTER_1
from pushlab.course.builds.poll_story import Seen, run

__all__ = ["BUILDS"]

_LONG_S = 600.0


@cache
def _talk() -> Mapping[str, float]:
    """Ten minutes in which people talk in bunches of thirty: each text with when it is written."""
    rng, at_s = Random(4), 5.0
    written: dict[str, float] = {}
    while at_s < _LONG_S - 30:
        for _ in range(30):
            written[f"message {len(written)}"] = at_s
            at_s += rng.uniform(0.2, 0.6)
        at_s += rng.uniform(15, 30)
    return written


def _evening(adapt: Any) -> tuple[Seen, list[float]]:
    """Ten minutes of talk, and how long each message waited."""
    writes = [(at_s, text) for text, at_s in _talk().items()]
    seen = run(adapt, writes=writes, until_s=_LONG_S)
    talk = _talk()
    return seen, [at_s - talk[text] for at_s, text in seen.when if text in talk]


def _told(came: tuple[Seen, Sequence[float]]) -> Words:
    seen, waits = came
    mean_s = fmean(waits) if waits else float("nan")
    missing = len(_talk()) - len(waits)
    lost = f", {missing} messages missing" if missing else ""
    return Words(f"{len(seen.asked)} questions, a mean wait of {mean_s:.2f} s{lost}")


def _ahead(came: tuple[Seen, Sequence[float]], _: object) -> bool:
    seen, waits = came
    return len(waits) == len(_talk()) and len(seen.asked) <= 570 and fmean(waits) <= 0.45


_ONCE_A_SECOND = "once a second"

_CASES = (
    *(
        case
        for case in CHAPTER_1[0].cases  # type: ignore[union-attr]
        if case.name != _ONCE_A_SECOND
    ),
    Case(
        name="a silence",
        given="nobody writes for two minutes",
        tries=partial(run, until_s=120.0),
        expected=Words("at most 75 questions (the clock asks 113 times), and at least 10"),
        same=lambda came, _: 10 <= len(came.asked) <= 75,
        shows=lambda came: Words(f"{len(came.asked)} questions"),
        slips=(
            Slip(
                "upside down",
                lambda came: len(came.asked) > 150,
                "Where nothing comes you ask more and more often. It is upside down: wait longer"
                " after an empty answer.",
            ),
            Slip(
                "by the clock",
                lambda came: len(came.asked) > 75,
                "You ask as often as the clock does, though nobody writes. Let the wait grow after"
                " each empty answer.",
            ),
            Slip(
                "no limit",
                lambda came: len(came.asked) < 10,
                "Your wait grows without a limit. Who writes after a quiet hour would be heard much"
                " later: set a longest wait, with `min(...)`.",
            ),
        ),
    ),
    Case(
        name="people talk in bunches",
        given="ten minutes; thirty messages in a row, then 15 to 30 s of silence, again and again",
        tries=_evening,
        expected=Words(
            "all messages, at most 570 questions, a mean wait of at most 0.45 s (the clock: 567"
            " and 0.56)"
        ),
        same=_ahead,
        shows=_told,
        slips=(
            Slip(
                "stays slow",
                lambda came: len(came[0].asked) <= 570 and fmean(came[1]) > 0.45,
                "You ask seldom enough, but messages wait too long. Where one message is the next"
                " is near: after an answer with messages ask again soon, in a part of a second; and"
                " let the wait grow more slowly, or not so far.",
            ),
            Slip(
                "too eager",
                lambda came: len(came[0].asked) > 570,
                "The waits are short, for more questions than the clock needs. Let the wait grow"
                " faster in the silence, or ask a little later after a message.",
            ),
        ),
    ),
)

_SKELETON = """
async def adapt(ask, sleep, show):
    after, epoch, wait_s = 0, None, 1.0
    while True:
        answer = await ask(after)
        ...  # your lines, of chapter 1 and new ones
        await sleep(wait_s)
"""

_GAPS = """
async def adapt(ask, sleep, show):
    after, epoch, wait_s = 0, None, 1.0
    while True:
        try:
            answer = await ask(after)
        except ConnectionError:
            await sleep(1)
            continue
        if answer.status == 503:
            await sleep(answer.retry_after_s)
            continue
        if answer.epoch != epoch:
            epoch, after = answer.epoch, 0
            continue
        for message in answer.messages:
            show(message.text)
            after = message.number
        if answer.messages:
            wait_s = ...  # soon
        else:
            wait_s = min(..., wait_s * ...)  # later and later, up to a limit
        await sleep(wait_s)
"""

_CODE = _GAPS.replace("...  # soon", "0.5").replace(
    "min(..., wait_s * ...)  # later and later, up to a limit", "min(2, wait_s * 1.5)"
)

BUILDS: tuple[Build, ...] = (
    Build(
        name="adapt",
        question=(
            "Build it: a whole poller that adapts. `adapt(ask, sleep, show)` is given what `follow`"
            " of chapter 1 was given, and must lose as little: nothing. (Copy your lines from"
            " there.)\n\n"
            "What is new: it decides itself how long to wait. The clock asks 567 times in ten"
            " minutes of talk, and a message waits 0.56 s. Where people talk in bunches you can be"
            " better in both: no more questions, and a shorter wait.\n\n"
            "In two minutes of silence ask at most 75 times, and at least 10 times."
        ),
        skeleton=_SKELETON,
        hints=(
            "Begin with your `follow` of chapter 1, whole: lost answers, 503, another epoch. In"
            " place of `sleep(1)` at the end stands `sleep(wait_s)`.",
            "After an answer with messages make `wait_s` short, half a second. After an empty one"
            " let it grow:"
            " `wait_s * 1.5`.",
            "`min(2, ...)` holds a wait below 2 seconds. Too many questions in a silence? Let it"
            " grow faster, or to a higher limit.",
        ),
        gaps=_GAPS,
        code=_CODE,
        cases=_CASES,
        why=(
            "It knows something that the clock does not: people talk in bunches, so one message"
            " makes the next one likely. Where they do not, it wins nothing; then it moves along"
            " the same trade as any interval."
        ),
    ),
)
