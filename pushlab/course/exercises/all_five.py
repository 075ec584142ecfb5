"""Chapter 8: two transports against each other, and what a count does not say."""

from pushlab.analysis.models.formulas import (
    long_poll_percentile_s,
    long_poll_requests_per_s,
    poll_percentile_s,
)
from pushlab.course.exercises.base import Choice, Exercise, Number
from pushlab.course.exercises.mistakes import instead, milliseconds, per_client

__all__ = ["EXERCISES"]

_CLIENTS, _EVERY_S, _RATE = 1_000, 4.0, 0.05
_SHORT = _CLIENTS / _EVERY_S
_LONG = _CLIENTS * long_poll_requests_per_s(rate_per_s=_RATE, gap_s=0, hold_s=600)
_WAY_S, _INTERVAL_S = 0.1, 2.0
_POLL_S = poll_percentile_s(100, interval_s=_INTERVAL_S, delay_s=_WAY_S)
_HELD_S = long_poll_percentile_s(100, rate_per_s=0.5, delay_s=_WAY_S, hold_s=30.0)

EXERCISES: tuple[Exercise, ...] = (
    Number(
        question=(
            "1,000 clients each get a message every 20 seconds on average. Today they ask every 4"
            " seconds. With long polling, where a question is held for ten minutes if need be, how"
            " many requests a second would the server get less?"
        ),
        answer=_SHORT - _LONG,
        unit="requests a second",
        mistakes=(
            per_client(_CLIENTS),
            instead(
                _SHORT,
                "before",
                "That is what it gets today. Long polling makes some requests too: one a message.",
            ),
            instead(_LONG, "after", "That is what is left with long polling. How much less is it?"),
            instead(_SHORT + _LONG, "added", "You added the two. We look for the difference."),
        ),
        clue=(
            "Today: clients / interval. With long polling: clients x messages a second, and a"
            " message every 20 seconds is 0.05 a second."
        ),
        why="1,000 / 4 = 250 today; 1,000 x 0.05 = 50 with long polling; 250 - 50 = 200 less.",
    ),
    Number(
        question=(
            "The server is 100 milliseconds away, one way. Short polling asks every 2 seconds. By"
            " how many seconds is its unluckiest message later than the unluckiest of long polling?"
        ),
        answer=_POLL_S - _HELD_S,
        unit="s",
        tolerance=0.01,
        mistakes=(
            milliseconds(),
            instead(
                _INTERVAL_S,
                "no way",
                "You left the ways out. Short polling goes one after the wait, long polling three.",
            ),
            instead(_POLL_S, "not compared", "That is short polling's worst. And long polling's?"),
            instead(
                _INTERVAL_S / 2 + _WAY_S - _HELD_S,
                "average",
                "You took half an interval. That is the average, we ask for the unluckiest.",
            ),
        ),
        clue="Short polling at worst: a whole interval and one way. Long polling: three ways.",
        why="2 + 0.1 = 2.1 seconds against 3 x 0.1 = 0.3 seconds: 1.8 seconds later.",
    ),
    Choice(
        question="With SSE the chart says: 0 hits for each message. What does a message cost then?",
        options={
            "a": "Nothing",
            "b": "As much as a poll, only that it is counted elsewhere",
            "c": "One write to each client; and each open line takes memory, message or not",
            "d": "Only the first message costs something",
        },
        answer="c",
        replies={
            "a": "Look at the chart of the processor: it is not nought there. What is being done?",
            "b": "Look at the chart of the processor: a push takes less. What falls away?",
            "d": "The first request opens the line. But each message must still be sent.",
        },
        clue="Which work remains when nobody asks any more?",
        why=(
            "Nobody asks, but the server still writes each message to each client, and it must keep"
            " a line open for everybody, all day long. A count of nought is not a bill of nought."
        ),
    ),
)
