"""Chapter 1: how long a message waits, and how often the server is asked."""

from pushlab.analysis.models.formulas import poll_latency_s
from pushlab.course.exercises.base import Exercise, Number
from pushlab.course.exercises.mistakes import (
    half,
    instead,
    milliseconds,
    minutes_as_seconds,
    per_client,
    twice,
)

__all__ = ["EXERCISES"]

EXERCISES: tuple[Exercise, ...] = (
    Number(
        question=(
            "A weather app asks for news every 4 seconds. How long does a message wait, on"
            " average, in seconds? (On a network so fast that the way itself takes no time.)"
        ),
        answer=poll_latency_s(interval_s=4, delay_s=0),
        unit="s",
        mistakes=(
            twice(
                "That is the longest wait: it happens to a message that comes just after a"
                " question. What about one that comes just before the next question?"
            ),
            half("That is half of it. The average lies midway between no wait and the longest."),
            milliseconds(),
        ),
        clue=(
            "A message may come at any moment between two questions. The luckiest waits 0 s, the"
            " unluckiest 4 s, and all moments are equally likely."
        ),
        why="Waits lie evenly between 0 and 4 s, so their average is 4 / 2 = 2 s.",
    ),
    Number(
        question=(
            "Your boss wants messages to wait 0.75 seconds on average, no longer. How many seconds"
            " may pass between two questions?"
        ),
        answer=1.5,
        unit="s",
        mistakes=(
            half(
                "With that, messages wait only half as long as your boss allows, and your server"
                " works twice as hard. The average wait is half the time between two questions."
            ),
            instead(0.375, "halved", "You went the wrong way: do not halve, double."),
            milliseconds(),
        ),
        clue="average wait = interval / 2. You know the wait; which interval belongs to it?",
        why="The average wait is half the interval, so the interval is 2 x 0.75 = 1.5 s.",
    ),
    Number(
        question=(
            "200 clients ask every 4 seconds each. How many requests must the server handle per"
            " second?"
        ),
        answer=200 / 4,
        unit="requests",
        mistakes=(
            per_client(200),
            minutes_as_seconds(),
            instead(800, "multiplied", "You multiplied. Does asking less often mean more work?"),
            instead(200, "one second", "That is what it would be if they asked every second."),
        ),
        clue="How many requests does one client make in a second? It is less than one.",
        why="One client makes 1/4 of a request per second; 200 of them make 200 / 4 = 50.",
    ),
)
