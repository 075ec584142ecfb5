"""Chapter 2: hits, bytes and waste of polling."""

from pushlab.analysis.models.formulas import messages_per_useful_poll, wasted_fraction
from pushlab.course.exercises.base import Exercise, Number
from pushlab.course.exercises.mistakes import complement, forgot, instead, per_client, percent

__all__ = ["EXERCISES"]

_RATE, _EVERY_S = 0.1, 2.0
_WASTED = wasted_fraction(rate_per_s=_RATE, interval_s=_EVERY_S)
_EACH = messages_per_useful_poll(rate_per_s=_RATE, interval_s=_EVERY_S)

EXERCISES: tuple[Exercise, ...] = (
    Number(
        question=(
            "500 people leave your app open all day. It asks every 5 seconds. How many requests"
            " does your server get in one day (86,400 seconds)?"
        ),
        answer=500 / 5 * 86_400,
        unit="requests",
        mistakes=(
            per_client(500),
            forgot(86_400, "per second", "That is what it gets in one second. A day is longer."),
            forgot(24, "per hour", "That is what it gets in one hour. A day has 24 of them."),
            forgot(1 / 5, "every second", "That would be right if it asked every second."),
        ),
        clue="First per second, for all 500 together; then times the seconds of a day.",
        why="500 / 5 = 100 requests a second, times 86,400 seconds: 8,640,000 a day.",
    ),
    Number(
        question=(
            "A chat room gets one message every 10 seconds on average, at random moments. Its"
            " members ask every 2 seconds. What percentage of their requests brings nothing?"
        ),
        answer=100 * _WASTED,
        unit="%",
        tolerance=0.01,
        mistakes=(
            complement(100, "That is the share that does bring something. We want the rest."),
            percent(),
            instead(
                80,
                "no chance",
                "Close. 2 of 10 seconds is 20 %, but messages come at random: sometimes two fall"
                " between the same two questions, and then another question goes home empty.",
            ),
            instead(
                100 * wasted_fraction(rate_per_s=10, interval_s=2),
                "rate",
                "One message every 10 seconds is a rate of 0.1 per second, not of 10.",
            ),
        ),
        clue=(
            "The share in vain is `exp(-rate * interval)`. The rate is in messages per second, and"
            " one message in 10 seconds is 0.1 per second. Then think of percent."
        ),
        why=(
            "`exp(-0.1 * 2)` = 0.819: about 82 % of the questions are answered with nothing. That"
            " is the chance that no message at all comes within 2 seconds."
        ),
    ),
    Number(
        question=(
            "In the same room (a message every 10 seconds, a question every 2 seconds), how many"
            " requests does one member make for each message that he gets?"
        ),
        answer=1 / ((1 - _WASTED) * _EACH),
        unit="requests",
        mistakes=(
            instead(
                0.2,
                "upside down",
                "That is messages for each request. We want it the other way round.",
            ),
            instead(4, "in vain only", "You forgot the request that brings the message itself."),
            instead(20, "multiplied", "You multiplied 2 and 10. How often does one fit the other?"),
            instead(10, "interval", "That would be right if they asked every second."),
        ),
        clue="How many questions does a member ask in the 10 seconds from message to message?",
        why="A question every 2 seconds and a message every 10: 10 / 2 = 5 requests a message.",
    ),
)
