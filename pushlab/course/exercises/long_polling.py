"""Chapter 3: what holding the question changes, and when it turns into a storm."""

from pushlab.analysis.models.formulas import long_poll_requests_per_s, storm_rate_per_s
from pushlab.course.exercises.base import Exercise, Number
from pushlab.course.exercises.mistakes import (
    half,
    instead,
    minutes_as_seconds,
    per_client,
    seconds_as_minutes,
    twice,
)

__all__ = ["EXERCISES"]

EXERCISES: tuple[Exercise, ...] = (
    Number(
        question=(
            "Nobody writes anything. The server holds each question for 30 seconds and then"
            " answers `nothing new`; the client asks again at once. How many requests does one"
            " client make per minute?"
        ),
        answer=60 * long_poll_requests_per_s(rate_per_s=0, gap_s=0, hold_s=30),
        unit="requests",
        mistakes=(
            seconds_as_minutes(),
            instead(0, "none", "Not quite none: the server does not hold a question for ever."),
            instead(30, "the hold", "That is how long one lasts. How many fit into a minute?"),
            half("That is half of it: a hold of 30 seconds fits into a minute more than once."),
        ),
        clue="How many times do 30 seconds fit into a minute?",
        why="60 / 30 = 2 requests a minute. A quiet client costs next to nothing.",
    ),
    Number(
        question=(
            "Now the room wakes up: 3 messages a second, 100 members, all of them on long polling."
            " Every message answers every question that is held, and everybody asks again. How"
            " many requests per second must the server handle?"
        ),
        answer=100 * long_poll_requests_per_s(rate_per_s=3, gap_s=0, hold_s=30),
        unit="requests",
        mistakes=(
            per_client(100),
            instead(100, "rate", "That is for one message a second. There are three."),
            minutes_as_seconds(),
            twice("That is twice too much: question and answer are one request."),
        ),
        clue="Each message costs one request for each member who reads it.",
        why="3 messages a second for 100 members: 3 x 100 = 300 requests a second.",
    ),
    Number(
        question=(
            "A short poll every 5 seconds makes 0.2 requests per second, whatever happens. From how"
            " many messages per second on does long polling make more requests than that?"
        ),
        answer=storm_rate_per_s(interval_s=5, gap_s=0),
        unit="messages a second",
        mistakes=(
            instead(5, "interval", "That is seconds for a message. We ask for messages a second."),
            instead(12, "per minute", "That looks like a figure per minute. Ask for one second."),
            half("That is half of it. One message makes one request, not two."),
            twice("That is twice too much. One message makes one request, not half of one."),
        ),
        clue="Long polling makes one request for each message. When are those 0.2 per second?",
        why=(
            "One request for each message: above 1 / 5 = 0.2 messages a second long polling asks"
            " more often than a poll every 5 seconds. That is the storm."
        ),
    ),
)
