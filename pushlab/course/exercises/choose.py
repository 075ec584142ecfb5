"""Chapter 10: a judgement, a number behind one, and a rule of one's own."""

from collections.abc import Callable

from pushlab.analysis.models.formulas import messages_per_useful_poll, wasted_fraction
from pushlab.course.exercises.base import Choice, Exercise, Number
from pushlab.course.exercises.mistakes import instead, per_client
from pushlab.course.exercises.rule import BadRule, Rule

__all__ = ["EXERCISES"]

_RIDERS, _EVERY_S, _RATE = 40_000, 10.0, 0.2
_USEFUL = 1 - wasted_fraction(rate_per_s=_RATE, interval_s=_EVERY_S)
_EACH = messages_per_useful_poll(rate_per_s=_RATE, interval_s=_EVERY_S)
_POLLS_PER_S = _RIDERS / _EVERY_S
_WRITES_PER_S = _POLLS_PER_S * _USEFUL * _EACH


def _ruled(wait: Callable[[float, int, float], float]) -> type:
    """A class with that rule: from `last_s`, `found` and `usual_s` to the next wait."""
    return type("Ruled", (), {"next_wait_s": staticmethod(wait)})


_ADAPTIVE = _ruled(lambda last, found, usual: usual / 2 if found else min(2 * usual, last * 1.5))
_UPSIDE_DOWN = _ruled(lambda last, found, usual: 2 * usual if found else usual / 2)
_NO_LIMIT = _ruled(lambda last, found, usual: usual / 2 if found else last * 2)
_STAYS_SLOW = _ruled(lambda last, found, usual: last if found else min(5 * usual, last * 1.5))
_NO_PAUSE = _ruled(lambda last, found, usual: 0 if found else usual)

EXERCISES: tuple[Exercise, ...] = (
    Number(
        question=(
            "40,000 riders look at the map. Their bus tells its place every 5 seconds. With push"
            " the server writes each of these messages to each rider. With polling each rider asks"
            " every 10 seconds. How many writes with push stand against one question with polling?"
        ),
        answer=_WRITES_PER_S / _POLLS_PER_S,
        unit="writes a question",
        mistakes=(
            instead(
                _POLLS_PER_S / _WRITES_PER_S,
                "upside down",
                "That is questions for each write. We want writes for each question.",
            ),
            instead(
                _WRITES_PER_S,
                "writes",
                "That is how many writes a second. How many times the questions is that?",
            ),
            instead(_POLLS_PER_S, "questions", "That is how many questions a second."),
            per_client(_RIDERS, "The riders cancel out: both numbers grow with them."),
            instead(
                _EVERY_S * 5,
                "multiplied",
                "You multiplied 5 and 10. How many messages fall into 10 seconds?",
            ),
        ),
        clue="How many messages come to one rider in the 10 seconds between two questions?",
        why=(
            "Two messages in 10 seconds, and one question: 2 times as many. And of the two places"
            " only the newest counts, so polling need not even send the other one."
        ),
    ),
    Choice(
        question=(
            "A surgery calls patients from the waiting room: `Mrs Smith, room 2`. Ten screens in"
            " the building, a call every few minutes, and it must appear within a second or two."
            " Nobody types anything at the screens. What do you build?"
        ),
        options={
            "a": "Short polling, once a second: ten screens are nothing",
            "b": "A WebSocket, since it is the most modern",
            "c": "MQTT with a broker of its own and QoS 2, since a call must not be lost",
            "d": "Polling once a minute: it is the cheapest",
        },
        answer="a",
        replies={
            "b": "Who speaks at a screen? Nobody. (SSE would be a good answer, had we offered it.)",
            "c": (
                "One server more to look after, for ten screens in one house. What if a call came"
                " twice?"
            ),
            "d": "Half a minute until Mrs Smith sees it, on average. Read the question again.",
        },
        clue="How many requests a second do ten screens make? Does that hurt anybody?",
        why=(
            "10 requests a second are nothing for any server, the wait is half a second, and the"
            " program has ten lines and never loses a line. SSE is as good. With 100,000 screens"
            " you would choose otherwise: the number of clients decides, not the taste."
        ),
    ),
    Rule(
        question=(
            "Write a rule for polling that asks sooner after it found something and later"
            " after it found nothing, but never waits more than ten times the usual. Change one"
            " line of `MyPolling` above, then answer with the class: `answer3 = MyPolling`."
        ),
        answer=_ADAPTIVE,
        mistakes=(
            BadRule("upside down", _UPSIDE_DOWN, "upside down"),
            BadRule("no limit", _NO_LIMIT, "longest wait"),
            BadRule("stays slow", _STAYS_SLOW, "as slowly as before"),
            BadRule("no pause", _NO_PAUSE, "without a pause"),
        ),
        clue="`found` is the number of messages that came. `A if found else B` gives A or B.",
        why=(
            "When messages come in bunches, as people talk, one message makes the next one likely:"
            " ask soon. When nothing comes, ask less and less, up to a limit that you can bear."
        ),
    ),
)
