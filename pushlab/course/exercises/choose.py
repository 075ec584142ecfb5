"""Chapter 10: a judgement, a number behind one, and a rule of one's own."""

from collections.abc import Callable

from pushlab.analysis.models.formulas import messages_per_useful_poll, wasted_fraction
from pushlab.course.exercises.base import Choice, Exercise, Number
from pushlab.course.exercises.mistakes import instead, per_client
from pushlab.course.exercises.rule import BadRule, Rule
from pushlab.course.exercises.varied import Varied, varied

__all__ = ["EXERCISES"]


@varied(riders=(40_000, 30_000, 60_000), message_s=(5, 4), every_s=(10, 12, 16, 20))
def _riders(riders: int, message_s: int, every_s: int) -> Number:
    rate = 1 / message_s
    useful = 1 - wasted_fraction(rate_per_s=rate, interval_s=every_s)
    each = messages_per_useful_poll(rate_per_s=rate, interval_s=every_s)
    polls = riders / every_s
    writes = polls * useful * each
    return Number(
        question=(
            f"{riders:,} riders look at the map. Their bus tells its place every {message_s}"
            " seconds. With push the server writes each of these messages to each rider. With"
            f" polling each rider asks every {every_s} seconds. How many writes with push stand"
            " against one question with polling?"
        ),
        answer=writes / polls,
        unit="writes a question",
        mistakes=(
            instead(
                polls / writes,
                "upside down",
                "That is questions for each write. We want writes for each question.",
            ),
            instead(
                writes,
                "writes",
                "That is how many writes a second. How many times the questions is that?",
            ),
            instead(polls, "questions", "That is how many questions a second."),
            per_client(riders, "The riders cancel out: both numbers grow with them."),
            instead(
                every_s * message_s,
                "multiplied",
                f"You multiplied {message_s} and {every_s}. How many messages fall into"
                f" {every_s} seconds?",
            ),
        ),
        clue=f"How many messages come to one rider in the {every_s} seconds between two questions?",
        why=(
            f"{every_s} / {message_s} = {every_s / message_s:g} messages in {every_s} seconds, and"
            f" one question: {every_s / message_s:g} times as many. And only the newest of these"
            " places counts, so polling need not even send the others."
        ),
    )


def _ruled(wait: Callable[[float, int, float], float]) -> type:
    """A class with that rule: from `last_s`, `found` and `usual_s` to the next wait."""
    return type("Ruled", (), {"next_wait_s": staticmethod(wait)})


_ADAPTIVE = _ruled(lambda last, found, usual: usual / 2 if found else min(2 * usual, last * 1.5))
_UPSIDE_DOWN = _ruled(lambda last, found, usual: 2 * usual if found else usual / 2)
_NO_LIMIT = _ruled(lambda last, found, usual: usual / 2 if found else last * 2)
_STAYS_SLOW = _ruled(lambda last, found, usual: last if found else min(5 * usual, last * 1.5))
_NO_FLOOR = _ruled(lambda last, found, usual: last / 2 if found else min(5, last * 1.5))
_NO_PAUSE = _ruled(lambda last, found, usual: 0 if found else usual)

EXERCISES: tuple[Exercise | Varied, ...] = (
    _riders,
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
            " after it found nothing, but never waits more than ten times the usual, nor next to"
            " nothing. Change `MyPolling` above, then answer with the class: `answer3 = MyPolling`."
        ),
        answer=_ADAPTIVE,
        mistakes=(
            BadRule("upside down", _UPSIDE_DOWN, "upside down"),
            BadRule("no limit", _NO_LIMIT, "longest wait"),
            BadRule("stays slow", _STAYS_SLOW, "as slowly as before"),
            BadRule("no pause", _NO_PAUSE, "without a pause"),
            BadRule("no shortest wait", _NO_FLOOR, "shortest wait"),
        ),
        clue="`found` is the number of messages that came. `A if found else B` gives A or B.",
        why=(
            "When messages come in bunches, as people talk, one message makes the next one likely:"
            " ask soon. When nothing comes, ask less and less, up to a limit that you can bear."
        ),
    ),
)
