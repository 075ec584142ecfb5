"""An exercise whose answer is a rule for polling: `next_wait_s`, tried on a few cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pushlab.course.exercises.base import Exercise, Feedback

__all__ = ["BadRule", "Rule"]

_USUAL_S = 1.0
_QUIET = 40  # questions without an answer, which an evening has


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
        """Try the rule on news, on silence, and on a long silence."""
        if not (isinstance(answer, type) and hasattr(answer, "next_wait_s")):
            return Feedback("not an answer", "Give the class, as in `answer3 = MyPolling`.")
        try:
            sooner, later = _wait(answer, _USUAL_S, 3), _wait(answer, _USUAL_S, 0)
            waits = [_USUAL_S]
            for _ in range(_QUIET):
                waits.append(_wait(answer, waits[-1], 0))
            back = _wait(answer, waits[-1], 1)
        except Exception as error:  # whatever a student's line may raise
            told = f"`next_wait_s` fails: {type(error).__name__}: {error}."
            return Feedback("wrong", told, "fails")
        if sooner == later == _USUAL_S and set(waits) == {_USUAL_S}:
            return Feedback(
                "not attempted",
                "Your rule still waits as long as ever. Let it look at `found`, and run the cells"
                " again.",
            )
        wrong = _verdict(sooner, later, waits, back)
        return Feedback("right", self.why) if wrong is None else wrong

    def shown_answer(self) -> str:
        """The one line that matters."""
        return "usual_s / 2 if found else min(2 * usual_s, last_s * 1.5)"


def _verdict(sooner: float, later: float, waits: Sequence[float], back: float) -> Feedback | None:
    told = (
        (
            min(sooner, later, *waits, back) <= 0,
            "no pause",
            "Your rule waits for nothing at all in one case, so it asks without a pause. That is"
            " not polling, that is a storm.",
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


def _wait(kind: Any, last_s: float, found: int) -> float:
    """What a rule says, without a server: nothing of the instance but the rule is used."""
    rule: Any = object.__new__(kind)
    return float(rule.next_wait_s(last_s, found, _USUAL_S))
