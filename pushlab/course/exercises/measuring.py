"""Chapter 7: what a list of waits says, what a closed loop leaves out, and what intervals allow."""

from pushlab.course.exercises.base import Choice, Exercise, Number
from pushlab.course.exercises.mistakes import instead, milliseconds
from pushlab.course.exercises.varied import Varied, varied

__all__ = ["EXERCISES"]


@varied(short_ms=(10, 20, 30), long_s=(4, 6, 8))
def _mean(short_ms: int, long_s: int) -> Number:
    short_s = short_ms / 1000
    mean_s = (19 * short_s + long_s) / 20
    return Number(
        question=(
            f"20 people open a page. 19 of them wait {short_ms} milliseconds, one waits {long_s}"
            " seconds. What is the mean, in seconds? (Then look at it: how many of the 20 waited"
            " about that long?)"
        ),
        answer=mean_s,
        unit="s",
        mistakes=(
            milliseconds(),
            instead(short_s, "median", "That is the median, what most of them waited. The mean?"),
            instead(
                (short_s + long_s) / 2,
                "middle of the two",
                "You took the middle of the two values. But 19 people stand for one of them, and"
                " one for the other.",
            ),
            instead(
                19 * short_s + long_s,
                "sum",
                "That is all their waiting added up. Share it out among 20 people.",
            ),
        ),
        clue="Add up all 20 waits, and divide by 20.",
        why=(
            f"(19 x {short_s:g} + {long_s}) / 20 = {mean_s:.4g} seconds, and nobody waited that"
            " long: it is many times what 19 people waited, and a small part of what one did."
        ),
    )


@varied(every_ms=(10, 20, 50), stop_s=(3, 5, 6))
def _left_out(every_ms: int, stop_s: int) -> Number:
    per_s = 1000 / every_ms
    hit = stop_s * per_s
    return Number(
        question=(
            f"People ask a server every {every_ms} milliseconds, whatever it does. It stands still"
            f" for {stop_s} seconds. A test with a closed loop asks just as often, but waits"
            " for each answer before it asks again. How many of the questions that people ask while"
            " it stands still does the test not ask?"
        ),
        answer=hit - 1,
        unit="questions",
        tolerance=0.006,
        mistakes=(
            instead(
                1,
                "the one it asks",
                "That is the one question that the test does ask. It waits with it, and asks no"
                " other.",
            ),
            instead(
                per_s,
                "per second",
                f"That is what people ask in one second. It stands still for {stop_s}.",
            ),
            instead(
                stop_s,
                "seconds",
                "That is how many seconds it stands still. How many questions come in them?",
            ),
            instead(
                hit * 1000,
                "milliseconds",
                f"A second has 1,000 milliseconds: how often do {every_ms} fit into it?",
            ),
        ),
        clue=(
            f"How many questions come in {stop_s} seconds, one every {every_ms} milliseconds? The"
            " closed loop asks a single one of them."
        ),
        why=(
            f"{stop_s} s / {every_ms} ms = {hit:g} questions, and the test asks one of them:"
            f" {hit - 1:g} long waits that are on nobody's list. That is coordinated omission: the"
            " one who measures waits politely, exactly when it is slow."
        ),
    )


_INTERVALS = Choice(
    question=(
        "Five trials of each. SSE: 1.1 ms, 95 % interval 0.9 to 1.3 ms. WebSocket: 1.0 ms, interval"
        " 0.8 to 1.2 ms. What may you write as a title?"
    ),
    options={
        "a": "WebSocket is faster than SSE",
        "b": "SSE and WebSocket are equally fast",
        "c": "Both take 0.8 to 1.3 ms; which one is faster, five trials do not tell",
        "d": "WebSocket is 10 % faster than SSE",
    },
    answer="c",
    replies={
        "a": "The intervals overlap. Run it again tomorrow, and it may be the other way round.",
        "b": "That nobody knows either. Not to see a difference is not to have shown that there is"
        " none.",
        "d": "10 % of what? Each of the two is known to 20 % only.",
    },
    clue="Do the two intervals overlap? Then what do you know, and what do you not know?",
    why=(
        "A title must not say more than the intervals do. 'We cannot tell' is a result, and an"
        " honest one; more trials make the intervals narrower, and may tell."
    ),
)

EXERCISES: tuple[Exercise | Varied, ...] = (_mean, _left_out, _INTERVALS)
