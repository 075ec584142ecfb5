"""Chapter 1's build: a poll loop that loses nothing, whatever the server and the way do."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pushlab.course.builds.base import Build
from pushlab.course.builds.cases import Case, Slip, Words
from pushlab.course.builds.poll_story import RETRY_S, WAY_S, Seen, a_while, run

__all__ = ["BUILDS"]


def _told(expected: Sequence[str]) -> Mapping[str, Any]:
    """For a case that asks what was shown."""
    return {
        "expected": list(expected),
        "same": lambda came, wanted: came.shown == wanted,
        "shows": lambda came: came.shown,
    }


def _summary(came: Seen) -> Words:
    whole, shown = a_while()[1], [str(each) for each in came.shown]
    there = set(shown)
    missing, twice = len(set(whole) - there), len(shown) - len(there)
    order = twice or [text for text in whole if text in there] == shown
    return Words(f"{missing} missing, {twice} too many{'' if order else ', out of order'}")


_AGAIN = Slip(
    "shows it again",
    lambda came: len(came.shown) > len(set(map(str, came.shown))),
    "It is shown more than once. Whoever asks again with the same `after` gets the same messages"
    " again: raise `after` to the number of what you have shown.",
)
_NO_TEXT = Slip(
    "shows the message",
    lambda came: any(not isinstance(each, str) for each in came.shown),
    "You show something that is no text. A message has a number and a text: `message.text`.",
)

_CASES = (
    Case(
        name="one message",
        given='"lunch?" is written at 2.5 s; the app is open for 10 s',
        tries=partial(run, writes=[(2.5, "lunch?")]),
        **_told(["lunch?"]),
        slips=(
            Slip(
                "asks once",
                lambda came: len(came.asked) < 3,
                "Your code asks once or twice, and is done. A poll loop goes on for as long as the"
                " app is open: `while True:`.",
            ),
            _NO_TEXT,
            _AGAIN,
            Slip(
                "shows nothing",
                lambda came: not came.shown,
                "Your code asks, and shows nothing of the answers. What is in `answer.messages`?",
            ),
        ),
    ),
    Case(
        name="three messages in one answer",
        given='"one", "two" and "three" are written in one moment, at 3.1 s',
        tries=partial(run, writes=[(3.1, "one"), (3.1, "two"), (3.1, "three")]),
        **_told(["one", "two", "three"]),
        slips=(
            Slip(
                "only the first",
                lambda came: came.shown == ["one"],
                "Of each answer you show the first message only, and jump over the others. An"
                " answer brings all that has come: go through the list.",
            ),
            Slip(
                "only the last",
                lambda came: came.shown == ["three"],
                "Of each answer you show the last message only. An answer brings all that has come:"
                " go through the list.",
            ),
            Slip(
                "upside down",
                lambda came: came.shown == ["three", "two", "one"],
                "All are there, but in the wrong order. The list has the oldest first.",
            ),
            _AGAIN,
        ),
    ),
    Case(
        name="the same text twice",
        given='"ok" is written at 2.2 s, and "ok" once more at 4.4 s',
        tries=partial(run, writes=[(2.2, "ok"), (4.4, "ok")]),
        **_told(["ok", "ok"]),
        slips=(
            Slip(
                "goes by the text",
                lambda came: came.shown == ["ok"],
                "Two people may write the same. Tell messages apart by their numbers, not by their"
                " texts.",
            ),
        ),
        otherwise="Tell messages apart by their numbers: each number is shown once.",
    ),
    Case(
        name="once a second",
        given="nobody writes for 10 s",
        tries=run,
        expected=Words("8 to 13 questions"),
        same=lambda came, _: 8 <= len(came.asked) <= 13,
        shows=lambda came: Words(f"{len(came.asked)} questions"),
        slips=(
            Slip(
                "a storm",
                lambda came: len(came.asked) > 13,
                "You ask far more often than once a second. Where nothing came you have to sleep"
                " as well.",
            ),
            Slip(
                "asks too seldom",
                lambda came: len(came.asked) < 8,
                "You ask too seldom: messages would wait longer than they have to. `await sleep(1)`"
                " after each answer is enough.",
            ),
        ),
    ),
    Case(
        name="an answer is lost",
        given='"one" is written at 0.5 s, "two" at 1.5 s, "three" at 2.3 s; the answers to'
        " questions 4, 5 and 6 are lost on the way",
        tries=partial(
            run,
            writes=[(0.5, "one"), (1.5, "two"), (2.3, "three")],
            # "one" is there before, whether or not a first answer is asked for twice
            fates=dict.fromkeys((3, 4, 5), "lost"),
            until_s=20.0,
        ),
        **_told(["one", "two", "three"]),
        raises={
            ConnectionError: "That is how `ask` says that no answer came. It will happen, so catch"
            " it (`try` and `except ConnectionError:`) and ask once more, with the same `after`."
        },
        slips=(
            Slip(
                "gives up",
                lambda came: came.asked[-1][0] < 10,
                "After the lost answer your loop ended. Nobody asks any more.",
            ),
            Slip(
                "goes on without it",
                lambda came: len(set(came.shown)) < 3 and came.asked[-1][1] > 0,
                "The message of the lost answer is never shown. Raise `after` only when you have"
                " shown a message, so that a lost answer is asked for once more.",
            ),
            Slip(
                "shows the old answer",
                lambda came: len(came.shown) > len(set(came.shown)),
                "It is shown more than once. Where no answer came, `answer` is still the one"
                " before: after the pause `continue`, and leave `after` as it is.",
            ),
        ),
    ),
    Case(
        name="the server is down for 20 seconds",
        given='from 3 s to 23 s each question fails at once; "one" is written at 24 s',
        tries=partial(run, writes=[(24.0, "one")], down=(3.0, 23.0), until_s=30.0),
        expected=Words("['one'], and at most 40 questions"),
        same=lambda came, _: came.shown == ["one"] and len(came.asked) <= 40,
        shows=lambda came: Words(f"{came.shown}, and {len(came.asked)} questions"),
        slips=(
            Slip(
                "hammers",
                lambda came: len(came.asked) > 40,
                "While it is down you ask without a pause. A thousand clients that do so keep a"
                " server down. Sleep after an error, too.",
            ),
        ),
        otherwise="Your loop does not come back when the server does.",
    ),
    Case(
        name="the server is busy",
        given='the answer at about 2 s says 503, with `retry_after_s` 5; "one" is written at 3 s',
        tries=partial(run, writes=[(3.0, "one")], fates={2: "busy", 3: 0.0}, until_s=20.0),
        expected=Words("['one'], and no question for 5 s after the 503"),
        same=lambda came, _: came.shown == ["one"] and _stays_away(came) >= RETRY_S,
        shows=lambda came: Words(
            f"{came.shown}, and the next question after {_stays_away(came):.1f} s"
        ),
        slips=(
            Slip(
                "does not stay away",
                lambda came: _stays_away(came) < RETRY_S,
                "The server says that it is too busy (`answer.status` is 503), and asks you to stay"
                " away for `answer.retry_after_s` seconds. You ask sooner.",
            ),
            _AGAIN,
        ),
        otherwise="After the pause go on as before, with the same `after`.",
    ),
    Case(
        name="a restart",
        given='three messages are shown; the server begins again at 4 s; "four" is written at 5 s,'
        " with the number 1",
        tries=partial(
            run,
            writes=[(1.0, "one"), (1.1, "two"), (1.2, "three"), (5.0, "four"), (8.0, "five")],
            restarts=[4.0],
            until_s=20.0,
        ),
        **_told(["one", "two", "three", "four", "five"]),
        slips=(
            Slip(
                "does not see the restart",
                lambda came: came.shown == ["one", "two", "three"],
                "After the restart numbers begin at 1 again, and you go on asking for what comes"
                " after 3. Look at `answer.epoch`: when it is another one, begin again at 0.",
            ),
            _AGAIN,
        ),
        otherwise="Look at `answer.epoch`: when it is another one, numbers begin at 1 again.",
    ),
    Case(
        name="a restart, and then many",
        given="one message is shown; the server begins again at 4 s; four are written at 4.2 s,"
        " before the next question",
        tries=partial(
            run,
            writes=[(1.0, "one"), *((4.2, text) for text in ("two", "three", "four", "five"))],
            restarts=[4.0],
            until_s=20.0,
        ),
        **_told(["one", "two", "three", "four", "five"]),
        slips=(
            Slip(
                "keeps half an answer",
                lambda came: "two" not in came.shown and "five" in came.shown,
                "The first answer of the new life was to a question about the old one: it leaves"
                " out what has numbers up to your old `after`. Ask again from 0 before you show"
                " anything of it.",
            ),
            _AGAIN,
        ),
        otherwise="The first answer of the new life was to a question about the old one.",
    ),
    Case(
        name="twenty minutes in which everything happens",
        given="some 300 messages; one answer in twenty is lost, busy or slow; 9 restarts",
        tries=lambda follow: run(follow, **a_while()[0]),
        expected=Words("0 missing, 0 too many"),
        same=lambda came, _: came.shown == a_while()[1],
        shows=_summary,
        otherwise="Each of these has been tried alone before; here two of them come together.",
    ),
)


def _stays_away(came: Seen) -> float:
    """From the 503 to the next question."""
    times = [at_s for at_s, _ in came.asked]
    return times[3] - times[2] - 2 * WAY_S + 1e-6 if len(times) > 3 else 1e9


_SKELETON = """
async def follow(ask, sleep, show):
    after = 0  # the number of the last message that was shown
    while True:
        answer = await ask(after)
        ...  # your lines
        await sleep(1)
"""

_GAPS = """
async def follow(ask, sleep, show):
    after, epoch = 0, None
    while True:
        try:
            answer = await ask(after)
        except ConnectionError:
            ...  # a pause
            continue
        if answer.status == 503:
            ...  # a longer pause
            continue
        if answer.epoch != epoch:
            epoch, after = ..., ...
            continue  # ask again: this answer was to a question about another life
        for message in answer.messages:
            ...
            after = ...
        await sleep(1)
"""

_CODE = """
async def follow(ask, sleep, show):
    after, epoch = 0, None
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
            continue  # ask again: this answer was to a question about another life
        for message in answer.messages:
            show(message.text)
            after = message.number
        await sleep(1)
"""

BUILDS: tuple[Build, ...] = (
    Build(
        name="follow",
        question=(
            "Build it: a poll loop that shows every message once, in order, and loses nothing. It"
            " runs for as long as the app is open, and asks about once a second.\n\n"
            "`answer = await ask(after)` asks for all messages with a number above `after`."
            " `answer.messages` is a list, the oldest first; each has a `.number` and a `.text`."
            " `show(text)` puts a text on the screen, and `await sleep(seconds)` waits.\n\n"
            "Three things can happen. No answer comes: then `ask` raises `ConnectionError`. The"
            " server is too busy: then `answer.status` is 503, and you should stay away for"
            " `answer.retry_after_s` seconds. The server begins again: then `answer.epoch`, a name"
            " of its life, is another one, and numbers begin at 1 again.\n\n"
            "Time is virtual here: minutes pass in a moment. Write your lines into `follow`,"
            " and run both cells."
        ),
        skeleton=_SKELETON,
        hints=(
            "Begin with the good days: `for message in answer.messages:`, show its text, and keep"
            " its number in `after`. Run the check: it tells you what is still missing.",
            "Put `try:` around `await ask(after)` alone. In `except ConnectionError:` sleep, and"
            " `continue` with the same `after`: what was lost is asked for once more.",
            "Keep `answer.epoch` in a variable. When the next answer has another one, set `after`"
            " back to 0 and ask again before you show anything.",
        ),
        gaps=_GAPS,
        code=_CODE,
        cases=_CASES,
        why=(
            "A message counts as read only when it has been shown; until then the same question is"
            " asked again. So lost answers cost time and no messages. And a number means something"
            " only within one life of the server: pushlab's own cursors carry the epoch for this."
        ),
    ),
)
