"""An exercise whose answer is a rule for polling: `next_wait_s`, tried on a few cases."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from pushlab.course.exercises.base import Exercise, Feedback
from pushlab.course.watching import EndlessLoop, own_traceback, watched

__all__ = ["BadRule", "Rule"]

_USUAL_S = 1.0
_QUIET = 40  # questions without an answer, which an evening has
_SHORTEST = 0.01  # of the usual wait: below it there is no pause to speak of


@dataclass(frozen=True, slots=True)
class BadRule:
    """A rule that somebody may write, and what to say to it."""

    name: str
    answer: type
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Exercise):
    """A question whose answer is a polling transport that asks sooner when it found something.

    Attributes:
        answer: one that is right.
        mistakes: rules that are wrong in known ways.
    """

    answer: type
    mistakes: Sequence[BadRule] = ()

    def judge(self, answer: object) -> Feedback:
        """Try the rule on news, on silence, on a long silence, and on news again and again."""
        if not (isinstance(answer, type) and hasattr(answer, "next_wait_s")):
            return Feedback("not an answer", "Give the class, as in `answer3 = MyPolling`.")
        try:
            sooner, later, waits, back, busy = watched(_tried, answer)
        except _NoTime as error:
            return Feedback("wrong", str(error), "no time")
        except EndlessLoop as error:
            told = f"`next_wait_s` was stopped at line {error.line} of your cell: {error}."
            return Feedback("wrong", told, "endless loop")
        except (Exception, SystemExit) as error:  # whatever a student's line may raise
            told = f"`next_wait_s` fails: {type(error).__name__}: {error}."
            return Feedback("wrong", told, "fails", own_traceback(error))
        if {sooner, later, *waits, *busy} == {_USUAL_S}:
            return Feedback(
                "not attempted",
                "Your rule still waits as long as ever. Let it look at `found`, and run the cells"
                " again.",
            )
        wrong = _verdict(sooner, later, waits, back, busy)
        return Feedback("right", self.why) if wrong is None else wrong

    def shown_answer(self) -> str:
        """The one line that matters."""
        return "usual_s / 2 if found else min(2 * usual_s, last_s * 1.5)"


def _tried(rule: Any) -> tuple[float, float, list[float], float, list[float]]:
    sooner, later = _wait(rule, _USUAL_S, 3), _wait(rule, _USUAL_S, 0)
    waits = _waits(rule, _USUAL_S, 0)
    return sooner, later, waits, _wait(rule, waits[-1], 1), _waits(rule, _USUAL_S, 3)


class _NoTime(ValueError):
    """What a rule said is no time to wait."""


def _verdict(
    sooner: float, later: float, waits: Sequence[float], back: float, busy: Sequence[float]
) -> Feedback | None:
    told = (
        (
            min(sooner, later, *waits, back) < _SHORTEST * _USUAL_S,
            "no pause",
            "Your rule waits for nothing in one case, or for next to nothing, so it asks without a"
            " pause. That is not polling, that is a storm.",
        ),
        (
            min(busy) < _SHORTEST * _USUAL_S,
            "no shortest wait",
            f"While everybody talks your rule waits less and less: after {_QUIET} questions that"
            f" all found something only {min(busy):.1g} s. That is a storm. Set a shortest wait,"
            " with `max(...)`.",
        ),
        (
            sooner > later,
            "upside down",
            "It is upside down: your rule waits longer after it found something than after"
            " nothing. Where one message is, the next is likely to be near.",
        ),
        (
            max(waits) > 10 * _USUAL_S,
            "no limit",
            f"After {_QUIET} questions in vain your rule waits {max(waits):,.0f} times as long as"
            " usual. The first message after a quiet evening would be very late. Set a longest"
            " wait, with `min(...)`.",
        ),
        (
            back >= max(waits[1:]) and later > _USUAL_S,
            "stays slow",
            "After a quiet time your rule finds a message, and goes on as slowly as before. Come"
            " back at once: a conversation has begun.",
        ),
        (
            sooner == later,
            "does not look",
            "Your rule does not care what it found: it waits as long after news as after nothing.",
        ),
    )
    return next((Feedback("wrong", reply, name) for wrong, name, reply in told if wrong), None)


def _waits(kind: type, first_s: float, found: int) -> list[float]:
    """What a rule says, question after question, that all find as much."""
    waits = [first_s]
    for _ in range(_QUIET):
        waits.append(_wait(kind, waits[-1], found))
    return waits


def _wait(kind: Any, last_s: float, found: int) -> float:
    """What a rule says, without a server: nothing of the instance but the rule is used."""
    rule: Any = object.__new__(kind)
    said = rule.next_wait_s(last_s, found, _USUAL_S)
    if isinstance(said, bool) or not isinstance(said, Real) or not math.isfinite(said):
        if hasattr(said, "close"):
            said.close()  # a coroutine, of an `async def`
        shown = "nothing" if said is None else f"`{said!r}`"
        news = "something" if found else "nothing"
        raise _NoTime(
            f"`next_wait_s` gives back {shown} after it found {news}. It should give back a number"
            f" of seconds{', with `return`' if said is None else ''}."
        )
    return float(said)
